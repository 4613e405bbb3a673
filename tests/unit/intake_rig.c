#include "unit/intake_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"

static int confirm(void *arg, struct db *db, const struct identity *to, enum channel channel, struct str account,
		   struct str text, int64_t now, struct err *err)
{
	struct intake_rig *r = arg;

	(void)db, (void)to, (void)channel, (void)account, (void)now, (void)err;
	cr_assert_lt(r->collected_n, CONFIRMS_MAX);
	snprintf(r->collected[r->collected_n++], 256, "%.*s", (int)text.n, text.p);
	return 0;
}

static void confirm_reset(void *arg) { ((struct intake_rig *)arg)->collected_n = 0; }

static void confirm_committed(void *arg)
{
	struct intake_rig *r = arg;

	for (int k = 0; k < r->collected_n; k++)
		memcpy(r->sent[r->sent_n++], r->collected[k], 256);
	r->collected_n = 0;
}

static void start(struct intake_rig *r, int64_t dedupe_window)
{
	struct intake_config c = {.rules = {72 * US_HOUR, 72 * US_HOUR},
				  .region = "DE",
				  .languages = "en, de",
				  .part_timeout = 10 * US_MIN,
				  .dedupe_window = dedupe_window,
				  .confirm = confirm,
				  .confirm_reset = confirm_reset,
				  .confirm_committed = confirm_committed,
				  .confirm_arg = r};
	struct writer_hooks hooks = events_hooks(r->s.events);
	struct err e = {0};

	cr_assert_eq(writer_start(r->s.dsn, 1000, &hooks, &r->writer, &e), 0, "%s", e.msg);
	cr_assert_eq(intake_new(&c, r->writer, r->s.events, &r->intake, &e), 0, "%s", e.msg);
}

void intake_rig_open(struct intake_rig *r, int64_t dedupe_window)
{
	*r = (struct intake_rig){0};
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->cond, NULL);
	store_rig_open(&r->s);
	start(r, dedupe_window);
}

void intake_rig_close(struct intake_rig *r)
{
	writer_stop(&r->writer);
	intake_free(&r->intake);
	store_rig_close(&r->s);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->cond);
}

void intake_rig_restart(struct intake_rig *r, int64_t dedupe_window)
{
	struct err e = {0};

	writer_stop(&r->writer);
	intake_free(&r->intake);
	events_free(&r->s.events);
	cr_assert_eq(events_new(r->s.readers, 64, &r->s.events, &e), 0);
	start(r, dedupe_window);
}

struct inbound intake_rig_sms(const char *from, const char *text)
{
	struct inbound in = {.channel = CHANNEL_SMS,
			     .account = STR("main"),
			     .text = str_of(text),
			     .from.scheme = SCHEME_TEL,
			     .to.scheme = SCHEME_SHORT,
			     .to.value = "40404"};
	snprintf(in.from.value, sizeof in.from.value, "%s", from);
	return in;
}

static void answered(void *arg, const struct intake_outcome *o)
{
	struct intake_rig *r = arg;

	pthread_mutex_lock(&r->lock);
	r->last = *o;
	r->answered++;
	pthread_cond_signal(&r->cond);
	pthread_mutex_unlock(&r->lock);
}

static void wait_for(struct intake_rig *r, int n)
{
	pthread_mutex_lock(&r->lock);
	while (r->answered < n)
		pthread_cond_wait(&r->cond, &r->lock);
	r->answered = 0;
	pthread_mutex_unlock(&r->lock);
}

struct intake_outcome intake_rig_give(struct intake_rig *r, const struct inbound *in)
{
	intake_received(r->intake, in, answered, r);
	wait_for(r, 1);
	return r->last;
}

void intake_rig_give_batch(struct intake_rig *r, const struct inbound *in, size_t n)
{
	void *args[64];

	cr_assert_leq(n, 64);
	for (size_t i = 0; i < n; i++)
		args[i] = r;
	intake_received_batch(r->intake, in, n, answered, args);
	wait_for(r, (int)n);
}

struct sweep {
	struct write_job job;
	struct intake *k;
	int64_t now;
	int n;
};

static int run_sweep(struct write_job *j, struct db *db, int64_t now, struct err *err)
{
	struct sweep *s = (struct sweep *)j;

	(void)now;
	s->n = intake_sweep(s->k, db, s->now, err);
	return s->n < 0 ? -1 : 0;
}

int intake_rig_sweep(struct intake_rig *r, int64_t now)
{
	struct sweep s = {.job.run = run_sweep, .k = r->intake, .now = now};
	struct err e = {0};

	cr_assert_eq(writer_call(r->writer, &s.job, &e), 0, "%s", e.msg);
	return s.n;
}

void intake_rig_text(struct intake_rig *r, const char *sql, char out[256])
{
	struct stmt *q = db_query(r->s.db, sql);
	struct str v = STR("(no row)");

	if (db_step(q, NULL) == DB_ROW)
		v = db_col_str(q, 0);
	snprintf(out, 256, "%.*s", (int)v.n, v.p);
	db_done(q);
}
