/* Steps of a campaign inside the writer: what becomes of each customer, where the walk goes on, and who may walk. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "campaign/send.h"
#include "customer/identity.h"
#include "outbound/template.h"
#include "unit/outbound_rig.h"

enum { PEOPLE = 7 };

static struct outbound_rig rig;
static struct sender *sender;
static struct uuid people[PEOPLE];

/* A function that the writer runs. */
struct call {
	struct write_job job;
	int (*fn)(struct call *c, struct db *db, int64_t now, struct err *err);
	const char *definition;
	struct uuid id;
	enum campaign_action what;
	struct sending_step step;
	int64_t ahead; /* of the clock */
};

static int call_run(struct write_job *j, struct db *db, int64_t now, struct err *err)
{
	struct call *c = (struct call *)j;
	return c->fn(c, db, now + c->ahead, err);
}

static void in_writer(struct call *c)
{
	struct err e = {0};

	c->job = (struct write_job){.run = call_run};
	cr_assert_eq(writer_call(rig.writer, &c->job, &e), 0, "%s", e.msg);
}

static int make_people(struct call *c, struct db *db, int64_t now, struct err *err)
{
	struct template_text t = {.channel = CHANNEL_SMS, .text = STR("Hi {{ customer.name }}")};
	struct template_about about = {.purpose = PURPOSE_MARKETING};
	int version;

	(void)c;
	for (int k = 0; k < PEOPLE; k++) {
		struct address a = {.scheme = SCHEME_TEL};
		struct customer who = {.name = STR("Ada")};
		struct contact contact;
		snprintf(a.value, sizeof a.value, "+4915100000%02d", k);
		if (customer_create(db, rig.store.events, &who, now + k * US_MS, &people[k], err))
			return -1;
		/* The fourth has no number. */
		if (k != 3 &&
		    contact_add(db, rig.store.events, &people[k], &a, "test", "", 0, false, now, &contact, err))
			return -1;
	}
	return template_write(db, STR("t"), &about, &t, 1, "test", now, &version, err) ||
			       template_publish(db, STR("t"), "test", now, &version, err)
		       ? -1
		       : 0;
}

static int make_campaign(struct call *c, struct db *db, int64_t now, struct err *err)
{
	struct arena *a = arena_new(1 << 20);
	json_t *d = NULL;
	struct plan p;
	int r;

	if (!a)
		return err_nomem(err);
	r = json_read(str_of(c->definition), 12, &d, err) || plan_read(d, a, &p, err) ||
	    campaign_create(db, STR("c"), str_of(c->definition), &p, NULL, 0, "test", now, &c->id, err) ||
	    campaign_act(db, rig.store.events, rig.o, &c->id, CAMPAIGN_START, a, now, err);
	json_decref(d);
	arena_free(&a);
	return r ? -1 : 0;
}

static int act(struct call *c, struct db *db, int64_t now, struct err *err)
{
	struct arena *a = arena_new(1 << 20);
	int r = a ? campaign_act(db, rig.store.events, rig.o, &c->id, c->what, a, now, err) : err_nomem(err);

	arena_free(&a);
	return r;
}

static int take_step(struct call *c, struct db *db, int64_t now, struct err *err)
{
	return sender_step(sender, db, &c->step, now, err);
}

static struct sending_step step(const struct uuid *id, const struct uuid *runner, int most, int64_t ahead)
{
	struct call c = {.fn = take_step, .ahead = ahead, .step = {.campaign = *id, .runner = *runner, .most = most}};

	c.step.batch = outbound_batch_new(rig.o);
	cr_assert(c.step.batch);
	in_writer(&c);
	outbound_batch_committed(c.step.batch);
	outbound_batch_free(&c.step.batch);
	return c.step;
}

static void open_rig(void)
{
	struct call c = {.fn = make_people};

	outbound_rig_open(&rig, NULL);
	sender = sender_new(rig.o, rig.store.events);
	cr_assert(sender);
	in_writer(&c);
}

static void close_rig(void)
{
	sender_free(&sender);
	outbound_rig_close(&rig);
}

TestSuite(campaign_send, .init = open_rig, .fini = close_rig);

static struct uuid start(const char *definition)
{
	struct call c = {.fn = make_campaign, .definition = definition};

	in_writer(&c);
	return c.id;
}

static int64_t number(const char *sql) { return store_rig_number(&rig.store, sql); }

Test(campaign_send, everybody_has_one_row_whatever_the_steps)
{
	struct uuid id = start("{\"template\":{\"name\":\"t\"},\"everybody\":true}"), me = uuid7(1);
	struct sending_step x = step(&id, &me, 3, 0);

	cr_expect(x.mine && !x.over);
	cr_expect_eq(x.looked_at, 3);
	cr_expect_eq(x.queued, 3);
	cr_expect_eq(number("SELECT COUNT(*) FROM campaign_customer"), 3);
	/* As after a crash: another process, which has to wait for the lease. */
	struct uuid other = uuid7(2);
	cr_expect_not(step(&id, &other, 3, 0).mine);
	x = step(&id, &other, 3, US_MIN);
	cr_expect(x.mine);
	cr_expect_eq(x.queued, 2, "one of the three has no number");
	x = step(&id, &other, 3, US_MIN);
	cr_expect(x.over);
	cr_expect_eq(number("SELECT COUNT(*) FROM campaign_customer"), PEOPLE);
	cr_expect_eq(number("SELECT COUNT(DISTINCT message_id) FROM campaign_customer WHERE state = 0"), PEOPLE - 1);
	cr_expect_eq(number("SELECT COUNT(*) FROM campaign_customer WHERE state = 4 AND reason = 'no_contact_point'"),
		     1);
	cr_expect_eq(number("SELECT COUNT(*) FROM delivery"), PEOPLE - 1);
	cr_expect_eq(number("SELECT CAST(SUM(n) AS BIGINT) FROM campaign_figure"), PEOPLE);
	cr_expect_eq(number("SELECT state FROM campaign"), CAMPAIGN_DONE);
	cr_expect_not(step(&id, &other, 3, US_MIN).mine, "what is done is not walked again");
}

Test(campaign_send, who_waits_for_his_hours_comes_later)
{
	/* One minute a day, which is long past or far off. */
	struct uuid
		id = start("{\"template\":{\"name\":\"t\"},\"everybody\":true,\"window\":{\"from\":\"03:00\",\"until\":"
			   "\"03:01\",\"time_zone\":\"UTC\"}}"),
		me = uuid7(1);
	int64_t now = clock_now(), due;
	struct sending_step x;

	if (now % US_DAY / US_MIN == 180) /* in this very minute */
		return;
	x = step(&id, &me, 10, 0);
	cr_expect_eq(x.looked_at, PEOPLE);
	cr_expect_eq(x.queued, 0);
	cr_expect_not(x.over);
	cr_expect_eq(number("SELECT COUNT(*) FROM campaign_customer WHERE state = 1"), PEOPLE);
	due = number("SELECT MIN(due_at) FROM campaign_customer");
	cr_expect(due > now && due <= now + US_DAY && due % US_DAY == 3 * US_HOUR);
	x = step(&id, &me, 10, due - now + US_SEC);
	cr_expect_eq(x.queued, PEOPLE - 1);
	cr_expect(x.over);
	cr_expect_eq(number("SELECT CAST(SUM(n) AS BIGINT) FROM campaign_figure"), PEOPLE);
	cr_expect_eq(number("SELECT CAST(SUM(n) AS BIGINT) FROM campaign_figure WHERE state = 1"), 0);
	/* None may go out after the hour. */
	cr_expect_eq(number("SELECT COUNT(*) FROM delivery WHERE expires_at % 60000000 <> 0"), 0);
}

Test(campaign_send, cancelling_takes_back_what_waits)
{
	struct call c = {.fn = act, .what = CAMPAIGN_CANCEL};
	struct uuid me = uuid7(1);

	outbound_rig_account(&rig, "main", ACCOUNT_DOWN);
	c.id = start("{\"template\":{\"name\":\"t\"},\"everybody\":true}");
	step(&c.id, &me, 3, 0);
	in_writer(&c);
	cr_expect_eq(number("SELECT COUNT(*) FROM campaign_customer WHERE state = 6"), 3);
	cr_expect_eq(number("SELECT COUNT(*) FROM delivery WHERE outbox = 1"), 0);
	cr_expect_not(step(&c.id, &me, 3, US_MIN).mine);
	cr_expect_eq(number("SELECT COUNT(*) FROM campaign_customer"), 3);
}
