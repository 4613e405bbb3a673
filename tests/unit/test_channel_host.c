/* The host with everything real behind it and the loopback adapter before it. */
#include "channel/host.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "loopback/loopback.h"
#include "unit/store_rig.h"

/* See outbound_rig.c. */
bool oom_failed(void) __attribute__((weak));

struct whole {
	struct store_rig store;
	struct writer *writer;
	struct accounts *accounts;
	struct outbound *outbound;
	struct confirmer *confirmer;
	struct intake *intake;
	struct host *host;
	void *set;
	struct settings *file;
};

static void whole_open(struct whole *t, const char *lines)
{
	struct outbound_config oc = {
		.default_expiry = US_HOUR, .retry_first = US_MS, .retry_max = US_MS, .max_attempts = 3, .memory = 1000};
	struct intake_config ic = {
		.rules = {72 * US_HOUR, 72 * US_HOUR}, .region = "DE", .languages = "en", .part_timeout = US_MIN};
	const struct section *section = NULL;
	struct writer_hooks hooks;
	struct host_config hc;
	char text[256];
	struct err e = {0};

	*t = (struct whole){0};
	store_rig_open(&t->store);
	hooks = events_hooks(t->store.events);
	cr_assert_eq(writer_start(t->store.dsn, 10000, &hooks, &t->writer, &e), 0, "%s", e.msg);
	cr_assert_eq(accounts_new(&t->accounts, &e), 0);
	cr_assert_eq(outbound_new(&oc, t->writer, t->store.readers, t->store.events, t->accounts, &t->outbound, &e), 0);
	cr_assert_eq(confirmer_new(t->outbound, &t->confirmer, &e), 0);
	confirmer_bind(t->confirmer, &ic);
	cr_assert_eq(intake_new(&ic, t->writer, t->store.events, &t->intake, &e), 0, "%s", e.msg);
	hc = (struct host_config){.accounts = t->accounts,
				  .outbound = t->outbound,
				  .intake = t->intake,
				  .events = t->store.events,
				  .readers = t->store.readers,
				  .writer = t->writer,
				  .region = "DE",
				  .secret = STR("0123456789abcdef0123456789abcdef")};
	cr_assert_eq(host_new(&hc, &t->host, &e), 0);
	snprintf(text, sizeof text, "[loopback lo]\n%s", lines);
	cr_assert_eq(settings_parse("test", str_of(text), &t->file, &e), 0, "%s", e.msg);
	cr_assert(settings_next(t->file, &section));
	t->set = calloc(1, loopback_channel.settings_size);
	cr_assert(t->set);
	cr_assert_eq(settings_fill(t->file, section, loopback_channel.settings, t->set, &e), 0, "%s", e.msg);
	cr_assert_eq(host_add(t->host, "lo", &loopback_channel, t->set, &e), 0, "%s", e.msg);
	cr_assert_eq(host_start(t->host, &e), 0, "%s", e.msg);
	cr_assert_eq(outbound_start(t->outbound, &e), 0, "%s", e.msg);
}

static void whole_close(struct whole *t)
{
	outbound_stop(t->outbound);
	host_stop(t->host, US_SEC);
	host_free(&t->host);
	intake_free(&t->intake);
	confirmer_free(&t->confirmer);
	outbound_free(&t->outbound);
	accounts_free(&t->accounts);
	writer_stop(&t->writer);
	settings_release(loopback_channel.settings, t->set);
	free(t->set);
	settings_free(&t->file);
	store_rig_close(&t->store);
}

struct sending {
	struct write_job job;
	struct outbound_batch *b;
	struct send_request q;
	int n;
};

static int run(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct sending *s = (struct sending *)(void *)job;
	struct send_result out;

	outbound_batch_reset(s->b);
	for (int k = 0; k < s->n; k++)
		if (outbound_batch_write(s->b, db, &s->q, now, &out, err))
			return -1;
	return 0;
}

static void done(struct write_job *job, const struct err *err)
{
	(void)job;
	(void)err;
}

static void send_texts(struct whole *t, const char *text, int n)
{
	struct sending s = {.job = {.run = run, .done = done},
			    .b = outbound_batch_new(t->outbound),
			    .n = n,
			    .q = {.has_address = true,
				  .address = {.scheme = SCHEME_TEL, .value = "+4915112345678"},
				  .text = str_of(text),
				  .author = "key:test",
				  .account = STR("lo")}};
	struct err e = {0};

	cr_assert(s.b);
	cr_assert_eq(writer_call(t->writer, &s.job, &e), 0, "%s", e.msg);
	outbound_batch_committed(s.b);
	outbound_batch_free(&s.b);
}

/* Asked again and again: memory may run out in another thread while a test waits. */
static bool given_up(int64_t since)
{
	return clock_mono() - since > (oom_failed && oom_failed() ? 200 * US_MS : 90 * US_SEC);
}

static void until(struct whole *t, const char *sql, int64_t v)
{
	int64_t since = clock_mono(), got;
	struct timespec ts = {.tv_nsec = 1000000};

	while ((got = store_rig_number(&t->store, sql)) != v) {
		cr_assert_not(given_up(since), "%s: %lld instead of %lld", sql, (long long)got, (long long)v);
		nanosleep(&ts, NULL);
	}
}

/* The adapter counts when it hears of the commit, a moment after the store shows it. */
static void counted(struct whole *t, struct buf *b, const char *line)
{
	int64_t since = clock_mono();
	struct timespec ts = {.tv_nsec = 1000000};

	for (;;) {
		buf_reset(b);
		host_metrics(t->host, b);
		if (strstr(buf_cstr(b), line))
			return;
		cr_assert_not(given_up(since), "%s is not in %s", line, buf_cstr(b));
		nanosleep(&ts, NULL);
	}
}

Test(channel_host, what_goes_out_is_delivered_and_comes_back)
{
	struct whole t;
	struct buf b;
	struct json_out j;

	whole_open(&t, "window = 10\n");
	send_texts(&t, "hello", 100);
	until(&t, "SELECT COUNT(*) FROM delivery WHERE status = 13 AND outbox = 0", 100);
	until(&t, "SELECT COUNT(*) FROM interaction WHERE direction = 1 AND content = 'hello'", 100);
	until(&t, "SELECT COUNT(*) FROM event WHERE type = 'channel.up'", 1);
	buf_init(&b, 1 << 20);
	counted(&t, &b, "threadline_loopback_accepted_total{channel=\"loopback\",account=\"lo\"} 200\n");
	buf_reset(&b);
	json_begin(&j, &b);
	json_obj(&j, NULL);
	host_health(t.host, &j, "accounts");
	json_end(&j);
	cr_expect(strstr(buf_cstr(&b), "\"state\":\"up\",\"reason\":\"loopback\""), "%s", buf_cstr(&b));
	buf_free(&b);
	whole_close(&t);
}

/* The echo of STOP is a STOP of the customer: it is confirmed once, and nothing more goes there. */
Test(channel_host, a_keyword_is_confirmed_though_opted_out)
{
	struct whole t;

	whole_open(&t, "");
	send_texts(&t, "STOP", 1);
	until(&t, "SELECT COUNT(*) FROM delivery WHERE status = 13", 2);
	until(&t,
	      "SELECT COUNT(*) FROM delivery d JOIN interaction i ON i.id = d.message_id WHERE i.author = "
	      "'system:keyword'"
	      " AND d.status = 13 AND d.priority = 0",
	      1);
	send_texts(&t, "after", 1);
	until(&t, "SELECT COUNT(*) FROM delivery WHERE status = 7 AND reason = 'opted_out'", 1);
	whole_close(&t);
}

Test(channel_host, what_is_held_at_the_stop_is_sent_after_it)
{
	struct whole t;

	whole_open(&t, "delay = 1h\n");
	send_texts(&t, "later", 100);
	until(&t, "SELECT COUNT(*) FROM delivery WHERE status = 2 AND outbox = 1", 100);
	whole_close(&t);
}
