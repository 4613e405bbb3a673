#include <criterion/criterion.h>

#include "base/clock.h"
#include "store/fulltext.h"
#include "timeline/search_index.h"
#include "unit/timeline_rig.h"

static struct timeline_rig rig;

static void open_rig(void) { timeline_rig_open(&rig); }
static void close_rig(void) { timeline_rig_close(&rig); }

TestSuite(search_index, .init = open_rig, .fini = close_rig);

static void tell(const char *type, const struct uuid *customer, const struct uuid *interaction)
{
	struct event ev = {.at = LINE_NOW, .type = type, .customer = *customer};

	if (interaction)
		ev.interaction = *interaction;
	cr_assert_eq(event_append(rig.s.events, rig.s.db, &ev, NULL), 0);
}

static struct uuid say(const struct identity *who, const char *text)
{
	struct uuid id =
		line_interaction(&rig, &who->contact.customer, DIRECTION_INBOUND, CHANNEL_SMS, LINE_NOW, NULL, text);

	tell("message.received", &who->survivor, &id);
	return id;
}

static int step(void)
{
	struct err e = {0};
	bool more;
	int n;

	store_rig_events(&rig.s);
	n = search_index_step(rig.s.db, &more, &e);

	cr_assert_geq(n, 0, "%s", e.msg);
	return n;
}

static void hit(void *arg, const struct fulltext_hit *h)
{
	(void)h;
	++*(int *)arg;
}

static int hits(enum fulltext_kind kind, const char *words)
{
	int n = 0;

	cr_assert_eq(fulltext_query(rig.s.db, 1u << kind, str_of(words), 0, 100, hit, &n, NULL), 0);
	return n;
}

Test(search_index, each_interaction_once)
{
	struct identity who = line_who(&rig, SCHEME_TEL, "+49151");
	struct uuid id = say(&who, "Die Rechnung für März fehlt");

	step();
	cr_expect_eq(hits(FULLTEXT_INTERACTION, "rechnung marz"), 1);
	cr_expect_eq(hits(FULLTEXT_INTERACTION, "rech"), 1, "the last word may be a beginning");
	cr_expect_eq(hits(FULLTEXT_INTERACTION, "rechnung april"), 0);
	tell("message.queued", &who.survivor, &id);
	tell("message.delivered", &who.survivor, &id);
	cr_expect_eq(step(), 1, "an event that may be the first one");
	cr_expect_eq(hits(FULLTEXT_INTERACTION, "rechnung"), 1, "is not another text");
	cr_expect_eq(step(), 0);
	cr_expect_eq(store_rig_number(&rig.s, "SELECT COUNT(*) FROM search_doc WHERE kind = 2"), 1);
}

Test(search_index, input_is_no_language)
{
	static const char *const inputs[] = {"\"", "a\" OR \"b", "NEAR(a b)",	"body:x",  "*", "-x",
					     "^a", "(",		 "a AND NOT b", "{a b}:c", "'"};
	struct identity who = line_who(&rig, SCHEME_TEL, "+49151");

	say(&who, "one two");
	step();
	for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
		cr_expect_eq(hits(FULLTEXT_INTERACTION, inputs[i]), 0, "%s", inputs[i]);
}

Test(search_index, a_customer_is_found_by_what_it_is_called_now)
{
	struct customer c = {
		.name = STR("Mara Beispiel"), .external_id = STR("K-17"), .attributes = STR("{\"plan\":\"gold\"}")};
	struct customer_patch p = {.set_name = true, .v.name = STR("Mara Muster")};
	struct err e = {0};
	struct uuid id;

	cr_assert_eq(customer_create(rig.s.db, rig.s.events, &c, LINE_NOW, &id, &e), 0, "%s", e.msg);
	step();
	cr_expect_eq(hits(FULLTEXT_CUSTOMER, "beispiel"), 1);
	cr_expect_eq(hits(FULLTEXT_CUSTOMER, "gold"), 1);
	cr_assert_eq(customer_update(rig.s.db, rig.s.events, &id, &p, LINE_NOW, &e), 0, "%s", e.msg);
	step();
	cr_expect_eq(hits(FULLTEXT_CUSTOMER, "beispiel"), 0, "not by what it was called before");
	cr_expect_eq(hits(FULLTEXT_CUSTOMER, "muster"), 1);
	cr_expect_eq(hits(FULLTEXT_CUSTOMER, "mara"), 1, "and once");
}

Test(search_index, a_nameless_prospect_needs_no_words)
{
	line_who(&rig, SCHEME_TEL, "+49151");
	cr_expect_eq(step(), 0);
	cr_expect_eq(store_rig_number(&rig.s, "SELECT COUNT(*) FROM search_doc"), 0);
}

Test(search_index, goes_on_where_it_stopped)
{
	struct identity who = line_who(&rig, SCHEME_TEL, "+49151");
	bool more = true;
	int total = 0, steps = 0;

	for (int k = 0; k < 1200; k++)
		say(&who, "again");
	store_rig_events(&rig.s);
	while (more) {
		int n = search_index_step(rig.s.db, &more, NULL);
		cr_assert_geq(n, 0);
		total += n;
		cr_assert_lt(++steps, 10);
	}
	cr_expect_eq(total, 1200);
	cr_expect_gt(steps, 2);
	cr_expect_eq(hits(FULLTEXT_INTERACTION, "again"), 100, "as many as asked for");
}

struct one {
	struct write_job job;
	struct events *events;
	struct uuid customer;
};
static int one(struct write_job *j, struct db *db, int64_t now, struct err *err)
{
	struct one *o = (struct one *)j;
	struct interaction i = {.customer = o->customer, .at = now, .kind = KIND_NOTE, .content = STR("threaded")};
	struct event ev = {.at = now, .type = "interaction.added", .customer = o->customer};

	if (interaction_append(db, &i, err))
		return -1;
	ev.interaction = i.id;
	return event_append(o->events, db, &ev, err);
}

Test(search_index, the_thread_finds_what_was_left_and_stops)
{
	struct writer_hooks hooks = events_hooks(rig.s.events);
	struct search_index *s = NULL;
	struct writer *w = NULL;
	struct one o = {
		.job.run = one, .events = rig.s.events, .customer = line_who(&rig, SCHEME_TEL, "+49151").survivor};

	store_rig_commit(&rig.s);
	cr_assert_eq(writer_start(rig.s.dsn, 100, &hooks, &w, NULL), 0);
	cr_assert_eq(writer_call(w, &o.job, NULL), 0);
	cr_assert_eq(search_index_start(w, rig.s.events, &s, NULL), 0);
	while (hits(FULLTEXT_INTERACTION, "threaded") == 0) /* until the deadline of the test */
		;
	search_index_stop(&s);
	writer_stop(&w);
	store_rig_begin(&rig.s);
	cr_expect_null(s);
}
