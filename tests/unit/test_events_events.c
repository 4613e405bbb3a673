#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "events/ring.h"
#include "unit/store_rig.h"

static struct store_rig rig;

static void open_rig(void) { store_rig_open(&rig); }
static void close_rig(void) { store_rig_close(&rig); }

TestSuite(events, .init = open_rig, .fini = close_rig);

static void add(const char *type, enum channel c, const struct uuid *customer, const char *data)
{
	struct event ev = {.at = US_SEC, .type = type, .channel = c, .customer = *customer, .data = str_of(data)};
	cr_assert_eq(event_append(rig.events, rig.db, &ev, NULL), 0);
}

static void add_many(int n)
{
	struct uuid u = uuid7(US_SEC);

	store_rig_begin(&rig);
	for (int i = 0; i < n; i++)
		add("message.sent", CHANNEL_SMS, &u, "{\"a\":1}");
	store_rig_commit(&rig);
}

struct seen {
	int n;
	int64_t first, last;
	char text[512];
};

static void see(void *arg, const struct event *ev)
{
	struct seen *s = arg;
	struct buf b;
	struct json_out j;

	if (s->n++ == 0)
		s->first = ev->seq;
	else
		cr_expect_gt(ev->seq, s->last, "in order");
	s->last = ev->seq;
	buf_init(&b, sizeof s->text - 1);
	json_begin(&j, &b);
	event_json(&j, ev);
	snprintf(s->text, sizeof s->text, "%s", buf_cstr(&b));
	buf_free(&b);
}

Test(events, what_is_rolled_back_was_never_there)
{
	struct seen s = {0};
	struct uuid u = uuid7(US_SEC);

	store_rig_begin(&rig);
	add("message.sent", CHANNEL_SMS, &u, "");
	store_rig_rollback(&rig);
	cr_expect_eq(events_last(rig.events), 0);
	cr_expect_eq(events_read(rig.events, 0, NULL, 10, see, &s, NULL), 0);
	store_rig_begin(&rig);
	add("message.read", CHANNEL_WEB, &u, "");
	cr_expect_eq(events_last(rig.events), 0, "not before the commit");
	store_rig_commit(&rig);
	cr_expect_eq(events_read(rig.events, 0, NULL, 10, see, &s, NULL), 1);
	cr_expect_eq(s.n, 1);
	cr_expect(strstr(s.text, "\"seq\":1,\"at\":\"1970-01-01T00:00:01.000Z\",\"type\":\"message.read\""), "%s",
		  s.text);
	cr_expect(strstr(s.text, "\"conversation_id\":null,\"interaction_id\":null,\"channel\":\"web\",\"data\":{}}"),
		  "%s", s.text);
}

Test(events, read_goes_from_table_to_ring_without_a_seam)
{
	struct seen s = {0};

	for (int i = 0; i < 5; i++)
		add_many(700);
	cr_expect_eq(events_last(rig.events), 3500);
	cr_expect_eq(events_read(rig.events, 0, NULL, 10000, see, &s, NULL), 3500);
	cr_expect_eq(s.n, 3500);
	s = (struct seen){0};
	cr_expect_eq(events_read(rig.events, 100, NULL, 50, see, &s, NULL), 150);
	cr_expect_eq(s.n, 50);
	cr_expect_eq(s.first, 101);
	s = (struct seen){0};
	cr_expect_eq(events_read(rig.events, 3490, NULL, 50, see, &s, NULL), 3500);
	cr_expect_eq(s.n, 10);
}

Test(events, a_new_feed_goes_on_where_the_store_ends)
{
	struct err e = {0};
	struct seen s = {0};

	add_many(3);
	events_free(&rig.events);
	cr_assert_eq(events_new(rig.readers, 16, &rig.events, &e), 0);
	cr_expect_eq(events_last(rig.events), 3);
	add_many(2);
	cr_expect_eq(events_read(rig.events, 2, NULL, 10, see, &s, NULL), 5);
	cr_expect_eq(s.n, 3);
}

Test(events, a_cursor_that_is_not_kept_is_named)
{
	struct err e = {0};
	struct seen s = {0};

	add_many(10);
	cr_expect_eq(events_read(rig.events, 11, NULL, 10, see, &s, &e), -1, "of another store");
	cr_expect_str_eq(e.code, "cursor_expired");
	store_rig_begin(&rig);
	cr_expect_eq(events_trim(rig.db, US_SEC + 1, NULL), 9, "the newest stays, so that numbers go on");
	store_rig_commit(&rig);
	events_free(&rig.events);
	cr_assert_eq(events_new(rig.readers, 16, &rig.events, &e), 0);
	cr_expect_eq(events_read(rig.events, 3, NULL, 10, see, &s, &e), -1);
	cr_expect_eq(e.kind, ERR_NOT_FOUND);
	cr_expect_eq(events_read(rig.events, 9, NULL, 10, see, &s, &e), 10);
	cr_expect_eq(s.n, 1);
}

Test(events, trim_takes_what_is_older_only)
{
	struct uuid u = uuid7(US_SEC);

	store_rig_begin(&rig);
	cr_expect_eq(events_trim(rig.db, US_SEC, NULL), 0, "of nothing");
	for (int i = 1; i <= 100; i++) {
		struct event ev = {.at = i * US_SEC, .type = "x", .customer = u};
		cr_assert_eq(event_append(rig.events, rig.db, &ev, NULL), 0);
	}
	store_rig_events(&rig);
	cr_expect_eq(events_trim(rig.db, 41 * US_SEC, NULL), 40);
	cr_expect_eq(events_trim(rig.db, 41 * US_SEC, NULL), 0);
	store_rig_commit(&rig);
	cr_expect_eq(store_rig_number(&rig, "SELECT MIN(seq) FROM event"), 41);
}

Test(events, filters)
{
	struct uuid a = uuid7(1), b = uuid7(2), conversation = uuid7(3);
	static const char *const prefixes[] = {"message.", "conversation.opened", NULL};
	const struct {
		const char *label;
		struct event_filter f;
		struct event ev;
		bool match;
	} cases[] = {
		{"all", {0}, {.type = "x"}, true},
		{"prefix", {.types = prefixes}, {.type = "message.sent"}, true},
		{"whole word", {.types = prefixes}, {.type = "conversation.opened"}, true},
		{"other", {.types = prefixes}, {.type = "conversation.closed"}, false},
		{"customer", {.customers = {a, b}, .customers_n = 2}, {.type = "x", .customer = b}, true},
		{"other customer", {.customers = {a}, .customers_n = 1}, {.type = "x", .customer = b}, false},
		{"conversation", {.conversation = conversation}, {.type = "x", .conversation = conversation}, true},
		{"no conversation", {.conversation = conversation}, {.type = "x"}, false},
		{"channel", {.channel = CHANNEL_SMS}, {.type = "x", .channel = CHANNEL_SMS}, true},
		{"other channel", {.channel = CHANNEL_SMS}, {.type = "x", .channel = CHANNEL_WEB}, false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_eq(event_matches(&cases[i].f, &cases[i].ev), cases[i].match, "%s", cases[i].label);
}

Test(events, read_passes_over_what_does_not_match)
{
	static const char *const types[] = {"message.read", NULL};
	struct event_filter f = {.types = types};
	struct seen s = {0};
	struct uuid u = uuid7(1);

	add_many(2000);
	store_rig_begin(&rig);
	add("message.read", CHANNEL_SMS, &u, "");
	store_rig_commit(&rig);
	cr_expect_eq(events_read(rig.events, 0, &f, 1, see, &s, NULL), 2001);
	cr_expect_eq(s.n, 1);
}

Test(events, long_data_shortens_the_ring_but_loses_nothing)
{
	static char big[EVENT_DATA_MAX + 2];
	struct seen s = {0};
	struct uuid u = uuid7(1);
	struct err e = {0};

	memset(big, ' ', EVENT_DATA_MAX);
	big[0] = '{';
	big[EVENT_DATA_MAX - 1] = '}';
	for (int i = 0; i < 40; i++) {
		store_rig_begin(&rig);
		add("x", CHANNEL_SMS, &u, big);
		store_rig_commit(&rig);
	}
	cr_expect_eq(events_read(rig.events, 0, NULL, 100, see, &s, NULL), 40);
	cr_expect_eq(s.n, 40);
	big[EVENT_DATA_MAX] = ' ';
	struct event ev = {.type = "x", .data = str_of(big)};
	cr_expect_eq(event_append(rig.events, rig.db, &ev, &e), -1);
}

struct listener {
	struct events_follower f;
	atomic_int wakes, flashes;
};
static void woken(void *arg) { ((struct listener *)arg)->wakes++; }
static void flashed(void *arg, const struct event *ev)
{
	cr_expect_eq(ev->seq, 0);
	((struct listener *)arg)->flashes++;
}

Test(events, followers_are_woken_once_a_commit)
{
	struct listener a = {.f = {.wake = woken, .flash = flashed, .arg = &a}}, b = {.f = {.wake = woken, .arg = &b}};
	struct event typing = {.seq = 7, .type = "chat.typing"};

	events_follow(rig.events, &a.f);
	events_follow(rig.events, &b.f);
	add_many(3);
	store_rig_begin(&rig);
	store_rig_commit(&rig);
	event_flash(rig.events, &typing);
	cr_expect_eq(a.wakes, 1);
	cr_expect_eq(b.wakes, 1);
	cr_expect_eq(a.flashes, 1);
	events_unfollow(rig.events, &a.f);
	add_many(1);
	cr_expect_eq(a.wakes, 1);
	cr_expect_eq(b.wakes, 2);
	events_unfollow(rig.events, &b.f);
}

struct reading {
	int64_t sum;
	int n;
};
static void sum(void *arg, const struct event *ev)
{
	((struct reading *)arg)->sum += ev->seq;
	((struct reading *)arg)->n++;
}
static void *read_all(void *arg)
{
	struct reading *r = arg;
	int64_t at = 0;

	while (at < 20000) {
		at = events_read(rig.events, at, NULL, 500, sum, r, NULL);
		cr_assert_geq(at, 0);
	}
	return NULL;
}

Test(events, readers_on_other_threads_see_each_event_once)
{
	pthread_t t[3];
	struct reading r[3] = {{0}};

	for (int i = 0; i < 3; i++)
		cr_assert_eq(pthread_create(&t[i], NULL, read_all, &r[i]), 0);
	for (int i = 0; i < 200; i++)
		add_many(100);
	for (int i = 0; i < 3; i++) {
		pthread_join(t[i], NULL);
		cr_expect_eq(r[i].n, 20000);
		cr_expect_eq(r[i].sum, INT64_C(20000) * 20001 / 2);
	}
}

/* Another gateway on the same store, as far as events go. */
static void others_event(struct events *other)
{
	struct writer_hooks h = events_hooks(other);
	struct event ev = {.at = US_SEC, .type = "message.received", .channel = CHANNEL_SMS};
	struct err e = {0};

	cr_assert_eq(db_begin(rig.db, &e), 0);
	cr_assert_eq(h.began(h.arg, rig.db, &e), 0);
	cr_assert_eq(event_append(other, rig.db, &ev, &e), 0);
	cr_assert_eq(h.committing(h.arg, rig.db, &e), 0, "%s", e.msg);
	cr_assert_eq(db_commit(rig.db, &e), 0);
	h.committed(h.arg);
}

Test(events, of_gateways_that_share_a_store_have_one_order)
{
	struct events *other = NULL;
	struct seen here = {0}, there = {0};
	struct uuid u = uuid7(US_SEC);
	uint64_t touched;

	if (!store_rig_postgres())
		return; /* nobody shares a file */
	cr_assert_eq(events_new(rig.readers, 100, &other, NULL), 0);
	add_many(2);
	others_event(other);
	touched = events_touched(rig.events, &u);
	add_many(1);
	cr_expect_neq(events_touched(rig.events, &u), touched, "what is remembered of anybody may be wrong");
	others_event(other);
	cr_expect_eq(events_poll(rig.events, NULL), 1);
	cr_expect_eq(events_poll(rig.events, NULL), 0);
	cr_expect_eq(events_poll(other, NULL), 1, "the third was ours to it");
	cr_expect_eq(events_last(rig.events), 5);
	cr_expect_eq(events_read(rig.events, 0, NULL, 10, see, &here, NULL), 5);
	cr_expect_eq(events_read(other, 0, NULL, 10, see, &there, NULL), 5);
	cr_expect_eq(here.n, 5);
	cr_expect_eq(there.n, 5);
	events_free(&other);
}

Test(events, a_follower_may_know_more_than_the_gateway_it_comes_to)
{
	struct events *other = NULL;
	struct seen s = {0};
	struct err e = {0};

	if (!store_rig_postgres())
		return;
	cr_assert_eq(events_new(rig.readers, 100, &other, NULL), 0);
	others_event(other);
	cr_expect_eq(events_read(rig.events, 1, NULL, 10, see, &s, &e), 1);
	cr_expect_eq(events_read(rig.events, 2, NULL, 10, see, &s, &e), -1);
	cr_expect_str_eq(e.code, "cursor_expired");
	cr_expect_eq(s.n, 0);
	events_free(&other);
}
