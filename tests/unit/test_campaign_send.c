/* Steps of a campaign inside the writer: what becomes of each customer, where the walk goes on, and who may walk. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "campaign/send.h"
#include "campaign/uptake.h"
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
	sender = sender_new(rig.o, rig.store.events, true);
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

/* ---- campaigns that learn ---- */

static int make_offer(struct call *c, struct db *db, int64_t now, struct err *err)
{
	struct offer o = {.name = STR("o"), .per_customer = 1};
	return offer_create(db, &o, "test", now, &c->id, err);
}

/* "%s" is the offer. */
static struct uuid start_learning(struct uuid *offer, const char *learning)
{
	struct call c = {.fn = make_offer};
	char text[1024], id[40];

	if (uuid_is_nil(offer)) {
		in_writer(&c);
		*offer = c.id;
	}
	uuid_format(offer, id);
	snprintf(text, sizeof text,
		 "{\"template\":{\"name\":\"t\"},\"everybody\":true,\"offer_id\":\"%s\",\"channels\":[\"email\","
		 "\"sms\"],"
		 "\"variants\":[{\"name\":\"a\",\"weight\":1},{\"name\":\"b\",\"weight\":0}],\"learning\":%s}",
		 id, learning);
	return start(text);
}

struct answering {
	struct call call;
	struct uuid offer, customer;
	enum uptake_state to;
	bool repeated;
};

static int answer(struct call *c, struct db *db, int64_t now, struct err *err)
{
	struct answering *x = (struct answering *)c;
	struct uptake u = {.customer = x->customer, .offer = x->offer, .to = x->to, .source = "api", .author = "test"};
	struct arena *a = arena_new(1 << 20);
	struct uptake_result out;
	int r = a ? uptake_write(db, rig.store.events, NULL, a, &u, now, &out, err) : err_nomem(err);

	x->repeated = out.repeated;
	arena_free(&a);
	return r;
}

static void answers(const struct uuid *offer, const struct uuid *customer, enum uptake_state to, int64_t ahead)
{
	struct answering x = {.call = {.fn = answer, .ahead = ahead}, .offer = *offer, .customer = *customer, .to = to};
	in_writer(&x.call);
}

#define TRIED "SELECT CAST(SUM(tried) AS BIGINT) FROM learning_arm"
#define SUCCEEDED "SELECT CAST(SUM(succeeded) AS BIGINT) FROM learning_arm"

Test(campaign_send, counts_what_was_sent_and_what_came_of_it_once)
{
	struct uuid offer = {{0}}, me = uuid7(1),
		    id = start_learning(&offer, "{\"of\":[\"variant\",\"channel\"],\"within\":3600,\"holdout\":0}");
	struct learning_choice c;

	step(&id, &me, 10, 0);
	cr_expect_eq(number(TRIED), PEOPLE - 1, "one has no number, and nothing is tried with him");
	cr_expect_eq(number("SELECT COUNT(*) FROM campaign_customer WHERE arm > 0"), PEOPLE - 1);
	cr_assert(learning_decode(number("SELECT MAX(arm) FROM campaign_customer"), &c));
	cr_expect_eq(c.arm.level[LEARN_CHANNEL], 1, "nobody has a mailbox: all went by SMS");
	cr_expect_not(c.held);
	cr_expect_eq(number(SUCCEEDED), 0);
	answers(&offer, &people[0], UPTAKE_CLICKED, 0);
	cr_expect_eq(number(SUCCEEDED), 0, "a click is not asked for");
	answers(&offer, &people[0], UPTAKE_ACCEPTED, 0);
	answers(&offer, &people[1], UPTAKE_DECLINED, 0);
	answers(&offer, &people[1], UPTAKE_ACCEPTED, US_MIN);
	cr_expect_eq(number(SUCCEEDED), 2);
	cr_expect_eq(number("SELECT COUNT(*) FROM campaign_customer WHERE arm < 0"), 2);
	answers(&offer, &people[2], UPTAKE_ACCEPTED, 2 * US_HOUR);
	cr_expect_eq(number(SUCCEEDED), 2, "too late is a failure");
	cr_expect_eq(number(TRIED), PEOPLE - 1);
}

Test(campaign_send, a_click_is_a_success_where_that_is_asked_for)
{
	struct uuid offer = {{0}}, me = uuid7(1),
		    id = start_learning(&offer, "{\"of\":\"variant\",\"outcome\":\"clicked\"}");

	step(&id, &me, 10, 0);
	answers(&offer, &people[0], UPTAKE_CLICKED, 0);
	answers(&offer, &people[0], UPTAKE_CLICKED, 0);
	answers(&offer, &people[0], UPTAKE_ACCEPTED, 0);
	cr_expect_eq(number(SUCCEEDED), 1, "clicked and accepted is one success");
	answers(&offer, &people[1], UPTAKE_ACCEPTED, 0);
	cr_expect_eq(number(SUCCEEDED), 2);
}

struct switching {
	struct call call;
	bool on;
};
static int flip(struct call *c, struct db *db, int64_t now, struct err *err)
{
	struct arena *a = arena_new(1 << 20);
	int r = a ? learning_switch(db, &c->id, ((struct switching *)c)->on, a, now, err) : err_nomem(err);

	arena_free(&a);
	return r;
}

/* Off: by weights, of which b has none; nothing is counted. */
static void by_weights(const struct uuid *id)
{
	struct uuid me = uuid7(1);

	step(id, &me, 10, 0);
	cr_expect_eq(number("SELECT COUNT(*) FROM campaign_customer WHERE state = 0 AND variant = 'a'"), PEOPLE - 1);
	cr_expect_eq(number("SELECT COUNT(*) FROM campaign_customer WHERE arm <> 0"), 0);
	cr_expect_eq(number("SELECT COUNT(*) FROM learning_arm"), 0);
}

Test(campaign_send, switched_off_it_goes_by_weights)
{
	struct uuid offer = {{0}}, id = start_learning(&offer, "\"all\"");
	struct switching x = {.call = {.fn = flip, .id = id}};

	in_writer(&x.call);
	by_weights(&id);
}

Test(campaign_send, off_in_its_definition_it_goes_by_weights)
{
	struct uuid offer = {{0}}, id = start_learning(&offer, "\"off\"");

	by_weights(&id);
}

Test(campaign_send, off_by_configuration_it_goes_by_weights)
{
	struct uuid offer = {{0}}, id = start_learning(&offer, "\"all\"");

	sender_free(&sender);
	sender = sender_new(rig.o, rig.store.events, false);
	cr_assert(sender);
	by_weights(&id);
}

/* All of them are in it. */
Test(campaign_send, the_hold_out_group_gets_anything)
{
	struct uuid offer = {{0}}, me = uuid7(1), id = start_learning(&offer, "{\"of\":\"variant\",\"holdout\":100}");
	struct learning_choice c;

	step(&id, &me, 10, 0);
	cr_assert(learning_decode(number("SELECT MIN(arm) FROM campaign_customer WHERE arm > 0"), &c));
	cr_expect(c.held);
	cr_expect_eq(number("SELECT COUNT(*) FROM campaign_customer WHERE arm > 0 AND arm % 2 = 0"), PEOPLE - 1);
}

static bool held(int k)
{
	struct learning_choice c;
	char sql[120];

	snprintf(sql, sizeof sql, "SELECT arm FROM campaign_customer ORDER BY customer_id LIMIT 1 OFFSET %d", k);
	cr_assert(learning_decode(number(sql), &c), "no. %d", k);
	return c.held;
}

/* Who is in it stays in it when he is looked at again, which is when his hour has come. */
Test(campaign_send, the_hold_out_group_stays_the_same)
{
	struct uuid offer = {{0}}, me = uuid7(1), id;
	char learning[120], from[6];
	int64_t now = clock_now(), at = (now + 3 * US_HOUR) / US_HOUR % 24;
	bool before[PEOPLE];

	/* Both hours lie ahead, and neither goes over midnight. */
	at = at > 20 ? 1 : at;
	snprintf(from, sizeof from, "%02d", (int)at);
	snprintf(learning, sizeof learning,
		 "{\"of\":\"hour\",\"holdout\":50,\"hours\":[\"%s:00-%s:30\",\"%s:30-%s:59\"]}", from, from, from,
		 from);
	id = start_learning(&offer, learning);
	step(&id, &me, 10, 0);
	cr_assert_eq(number("SELECT COUNT(*) FROM campaign_customer WHERE state = 1"), PEOPLE);
	for (int k = 0; k < PEOPLE; k++)
		before[k] = held(k);
	for (int h = 1; h <= 30; h++)
		step(&id, &me, 10, h * US_HOUR - (now % US_HOUR) + US_SEC + (h % 2) * 30 * US_MIN);
	for (int k = 0; k < PEOPLE; k++)
		if (k != 3) {
			cr_expect_eq(held(k), before[k]);
		}
	cr_expect_eq(number("SELECT COUNT(*) FROM campaign_customer WHERE state = 0"), PEOPLE - 1);
}

/* The hour that is chosen is waited for; who comes then goes out and is counted as of that hour. */
Test(campaign_send, waits_for_the_hour_it_has_chosen)
{
	struct uuid offer = {{0}}, me = uuid7(1),
		    id = start_learning(&offer, "{\"of\":\"hour\",\"hours\":[\"00:00-12:00\",\"12:00-24:00\"]}");
	int64_t now = clock_now(), noon = now - now % (US_DAY / 2) + US_DAY / 2;
	int waiting;

	step(&id, &me, 10, 0);
	waiting = (int)number("SELECT COUNT(*) FROM campaign_customer WHERE state = 1 AND reason = 'better_hour'");
	cr_expect_eq(number("SELECT COUNT(*) FROM campaign_customer WHERE state IN (0, 4)"), PEOPLE - waiting);
	cr_expect_eq(number("SELECT CAST(COALESCE(SUM(tried), 0) AS BIGINT) FROM learning_arm"),
		     number("SELECT COUNT(*) FROM campaign_customer WHERE state = 0"));
	cr_expect_eq(number("SELECT COUNT(*) FROM campaign_customer WHERE state = 1 AND due_at % 43200000000 <> 0"), 0);
	step(&id, &me, 10, noon - now + US_MIN);
	cr_expect_eq(number("SELECT COUNT(*) FROM campaign_customer WHERE state = 1"), 0);
	cr_expect_eq(number("SELECT COUNT(*) FROM campaign_customer WHERE state = 0"), PEOPLE - 1);
	cr_expect_eq(number(TRIED), PEOPLE - 1);
	cr_expect_eq(number("SELECT CAST(SUM(n) AS BIGINT) FROM campaign_figure"), PEOPLE);
	cr_expect_eq(number("SELECT CAST(SUM(n) AS BIGINT) FROM campaign_figure WHERE state = 1"), 0);
}

static void refused(const char *learning, const char *code)
{
	struct arena *a = arena_new(1 << 20);
	struct err e = {0};
	json_t *d = NULL;
	struct plan p;
	char text[512];

	cr_assert(a);
	snprintf(text, sizeof text,
		 "{\"template\":{\"name\":\"t\"},\"everybody\":true,\"variants\":[{\"name\":\"a\"},{\"name\":\"b\"}],"
		 "\"offer_id\":\"00000000-0000-7000-8000-000000000000\",\"learning\":%s}",
		 learning);
	cr_assert_eq(json_read(str_of(text), 12, &d, &e), 0);
	cr_expect_eq(plan_read(d, a, &p, &e) ? strcmp(e.code, code) : code[0], 0, "%s: \"%s\"", learning, e.code);
	json_decref(d);
	arena_free(&a);
}

Test(campaign_send, reads_what_is_to_be_learned)
{
	refused("\"all\"", "");
	refused("\"off\"", "");
	refused("{\"of\":[\"variant\",\"hour\"],\"hours\":[\"08:00-12:00\",\"12:00-20:00\"],\"segments\":[\"s\"]}", "");
	refused("\"everything\"", "word_unknown");
	refused("7", "word_unknown");
	refused("{}", "word_unknown");
	refused("\"channel\"", "learning_no_choice");
	refused("{\"of\":\"hour\",\"hours\":[\"08:00-12:00\"]}", "hours_invalid");
	refused("{\"of\":\"hour\",\"hours\":[\"08:00-12:00\",\"12:00-11:00\"]}", "hours_invalid");
	refused("{\"of\":\"all\",\"holdout\":101}", "number_invalid");
	refused("{\"of\":\"all\",\"within\":0}", "number_invalid");
	refused("{\"of\":\"all\",\"outcome\":\"opened\"}", "word_unknown");
	refused("{\"of\":\"all\",\"segments\":[\"\"]}", "segments_invalid");
	refused("{\"of\":\"all\",\"more\":1}", "unknown_field");
}

Test(campaign_send, an_arm_is_read_as_it_was_written)
{
	struct learning_choice out;

	for (int k = 0; k < 1 << 13; k++) {
		struct learning_choice c = {k & 1, k >> 10, {{k >> 7 & 7, k >> 4 & 7, k >> 1 & 7}}};
		cr_assert(learning_decode(learning_code(&c), &out) && learning_decode(-learning_code(&c), &out));
		cr_assert(out.held == c.held && out.context == c.context &&
			  memcmp(&out.arm, &c.arm, sizeof c.arm) == 0);
		cr_assert_gt(learning_code(&c), 0);
	}
	cr_expect_not(learning_decode(0, &out));
	cr_expect_not(learning_decode((1 << 13) + 1, &out));
}
