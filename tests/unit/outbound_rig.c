#include "unit/outbound_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "outbound/private.h"

/* Where memory runs out on purpose, an answer of the carrier may be lost until the next start: nobody waits long for it.
 * It may run out in another thread while a test waits, so this is asked again and again. */
bool oom_failed(void) __attribute__((weak));

static bool given_up(int64_t since)
{
	return clock_mono() - since > (oom_failed && oom_failed() ? 200 * US_MS : 90 * US_SEC);
}

static struct channel_caps caps(const struct account *a)
{
	(void)a;
	return (struct channel_caps){.receipts = true, .two_way = true, .max_text = 1000, .window = 50};
}

static struct channel_estimate estimate(const struct account *a, struct str text, struct str options)
{
	(void)a;
	(void)options;
	return (struct channel_estimate){"gsm7", text.n > 160 ? (int)((text.n + 152) / 153) : 1, 1};
}

static const struct channel_ops ops = {.name = "sms", .channel = CHANNEL_SMS, .caps = caps, .estimate = estimate};

static void keep(char *to, size_t cap, struct str s)
{
	size_t n = s.n < cap ? s.n : cap - 1;

	memcpy(to, s.p, n);
	to[n] = 0;
}

static void add(struct outbound_rig *r, const struct delivery *d)
{
	struct offered *f;

	f = &r->offered[r->offered_n++];
	*f = (struct offered){.id = d->id,
			      .token = d->token,
			      .attempt = d->attempt,
			      .purpose = d->purpose,
			      .priority = d->priority,
			      .files = d->attachments_n};
	keep(f->text, sizeof f->text, d->text);
	keep(f->to, sizeof f->to, str_of(d->to.value));
	keep(f->correlation, sizeof f->correlation, d->correlation);
}

static void offer(void *arg, struct str account, const struct delivery *v, size_t n)
{
	struct outbound_rig *r = arg;
	size_t taken;
	bool answer;

	pthread_mutex_lock(&r->lock);
	taken = n < r->room ? n : r->room;
	if (taken > sizeof r->offered / sizeof *r->offered - r->offered_n)
		taken = sizeof r->offered / sizeof *r->offered - r->offered_n;
	if (r->room != SIZE_MAX)
		r->room -= taken;
	for (size_t k = 0; k < taken; k++)
		add(r, &v[k]);
	r->offers++;
	answer = r->answer;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	for (size_t k = 0; answer && k < taken; k++) {
		char id[24];
		struct str ref = str_n(id, (size_t)snprintf(id, sizeof id, "%lld", (long long)r->next_ref++));
		struct outcome out = {.id = v[k].id,
				      .token = v[k].token,
				      .kind = OUTCOME_SENT,
				      .external_ids = &ref,
				      .external_ids_n = 1};
		outbound_outcomes(r->o, account, &out, 1);
	}
	outbound_taken(r->o, account, taken, n);
}

static void add_account(struct outbound_rig *r, const char *name, enum account_state s)
{
	struct account_info i = {.channel = CHANNEL_SMS, .ops = &ops, .caps = caps(NULL), .state = s};

	i.caps.media = s == ACCOUNT_UP;
	snprintf(i.name, sizeof i.name, "%s", name);
	cr_assert_eq(accounts_add(r->accounts, &i, NULL), 0);
}

void outbound_rig_start(struct outbound_rig *r)
{
	struct writer_hooks hooks;
	struct outbound_carrier c = {.offer = offer, .arg = r};
	struct err e = {0};

	cr_assert_eq(events_new(r->store.readers, 1024, &r->store.events, &e), 0, "%s", e.msg);
	hooks = events_hooks(r->store.events);
	cr_assert_eq(writer_start(r->store.dsn, 10000, &hooks, &r->writer, &e), 0, "%s", e.msg);
	cr_assert_eq(accounts_new(&r->accounts, &e), 0);
	add_account(r, "main", ACCOUNT_UP);
	add_account(r, "other", ACCOUNT_DOWN);
	cr_assert_eq(outbound_new(&r->config, r->writer, r->store.readers, r->store.events, r->accounts, &r->o, &e), 0);
	outbound_set_carrier(r->o, &c);
	cr_assert_eq(outbound_start(r->o, &e), 0, "%s", e.msg);
}

void outbound_rig_open(struct outbound_rig *r, const struct outbound_config *config)
{
	*r = (struct outbound_rig){.room = SIZE_MAX, .next_ref = 1000};
	r->config = config ? *config
			   : (struct outbound_config){.default_expiry = US_HOUR,
						      .retry_first = US_MS,
						      .retry_max = 4 * US_MS,
						      .max_attempts = 4,
						      .marketing_needs_opt_in = false,
						      .memory = 1000};
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	store_rig_open(&r->store);
	events_free(&r->store.events);
	outbound_rig_start(r);
}

void outbound_rig_stop(struct outbound_rig *r, bool crash)
{
	outbound_free(&r->o);
	if (crash)
		outbound_rig_sql(r, "UPDATE cursor SET seq = 1 WHERE name = 'outbound.running'");
	writer_stop(&r->writer);
	accounts_free(&r->accounts);
	events_free(&r->store.events);
}

void outbound_rig_restart(struct outbound_rig *r, bool crash)
{
	outbound_rig_stop(r, crash);
	r->offered_n = 0;
	outbound_rig_start(r);
}

void outbound_rig_close(struct outbound_rig *r)
{
	outbound_rig_stop(r, false);
	store_rig_close(&r->store);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->changed);
}

struct send_request outbound_rig_request(const char *to, const char *text)
{
	struct send_request q = {.has_address = true,
				 .address = {.scheme = SCHEME_TEL},
				 .text = str_of(text),
				 .author = "key:test",
				 .purpose = PURPOSE_SERVICE};

	keep(q.address.value, sizeof q.address.value, str_of(to));
	return q;
}

struct sending {
	struct write_job job;
	struct outbound_batch *b;
	const struct send_request *q;
	struct send_result *out;
};

static int run_send(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct sending *s = (struct sending *)(void *)job;

	outbound_batch_reset(s->b);
	return outbound_batch_write(s->b, db, s->q, now, s->out, err);
}

static void ignore(struct write_job *job, const struct err *err)
{
	(void)job;
	(void)err;
}

int outbound_rig_try(struct outbound_rig *r, const struct send_request *q, struct send_result *out, struct err *err)
{
	struct sending s = {
		.job = {.run = run_send, .done = ignore}, .b = outbound_batch_new(r->o), .q = q, .out = out};
	int rc;

	cr_assert(s.b);
	rc = outbound_check(r->o, q, clock_now(), err) || writer_call(r->writer, &s.job, err) ? -1 : 0;
	if (rc == 0)
		outbound_batch_committed(s.b); /* writer_call has no done */
	outbound_batch_free(&s.b);
	return rc;
}

struct send_result outbound_rig_send(struct outbound_rig *r, const struct send_request *q)
{
	struct send_result out;
	struct err e = {0};

	cr_assert_eq(outbound_rig_try(r, q, &out, &e), 0, "%s: %s", e.code, e.msg);
	return out;
}

struct send_result outbound_rig_text(struct outbound_rig *r, const char *to, const char *text)
{
	struct send_request q = outbound_rig_request(to, text);
	return outbound_rig_send(r, &q);
}

struct cancelling {
	struct write_job job;
	struct outbound_rig *r;
	const struct uuid *message;
	const char *sql;
};

static int run_cancel(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct cancelling *c = (struct cancelling *)(void *)job;

	if (c->sql)
		return db_exec(db, c->sql, err);
	return outbound_cancel(c->r->o, db, c->message, "key:test", now, err);
}

int outbound_rig_cancel(struct outbound_rig *r, const struct uuid *message, struct err *err)
{
	struct cancelling c = {.job = {.run = run_cancel, .done = ignore}, .r = r, .message = message};
	return writer_call(r->writer, &c.job, err);
}

int outbound_rig_sql(struct outbound_rig *r, const char *sql)
{
	struct cancelling c = {.job = {.run = run_cancel, .done = ignore}, .r = r, .sql = sql};
	return writer_call(r->writer, &c.job, NULL);
}

/* Under r->lock. */
static void wait_changed(struct outbound_rig *r)
{
	int64_t until = clock_now() + 50 * US_MS;
	struct timespec ts = {.tv_sec = until / US_SEC, .tv_nsec = until % US_SEC * 1000};

	pthread_cond_timedwait(&r->changed, &r->lock, &ts);
}

struct offered outbound_rig_offered(struct outbound_rig *r, size_t n)
{
	struct offered d;
	int64_t since = clock_mono();

	pthread_mutex_lock(&r->lock);
	while (r->offered_n < n) {
		cr_assert_not(given_up(since), "only %zu of %zu were offered", r->offered_n, n);
		wait_changed(r);
	}
	d = r->offered[n - 1];
	pthread_mutex_unlock(&r->lock);
	return d;
}

struct passing {
	struct task task;
	struct outbound_rig *r;
	bool passed;
};

static void on_pass(struct task *t)
{
	struct passing *p = (struct passing *)(void *)t;

	pthread_mutex_lock(&p->r->lock);
	p->passed = true;
	pthread_cond_broadcast(&p->r->changed);
	pthread_mutex_unlock(&p->r->lock);
}

void outbound_rig_account(struct outbound_rig *r, const char *account, enum account_state s)
{
	struct passing p = {.task.run = on_pass, .r = r};

	outbound_account_state(r->o, str_of(account), s);
	loop_post(r->o->loop, &p.task);
	pthread_mutex_lock(&r->lock);
	while (!p.passed)
		wait_changed(r);
	pthread_mutex_unlock(&r->lock);
}

size_t outbound_rig_count(struct outbound_rig *r)
{
	size_t n;

	pthread_mutex_lock(&r->lock);
	n = r->offered_n;
	pthread_mutex_unlock(&r->lock);
	return n;
}

void outbound_rig_outcome(struct outbound_rig *r, const struct offered *d, enum outcome_kind kind, const char *id)
{
	struct str ref = str_of(id);
	struct outcome out = {
		.id = d->id, .token = d->token, .kind = kind, .external_ids = &ref, .external_ids_n = id != NULL};

	if (kind == OUTCOME_RETRY || kind == OUTCOME_FAILED || kind == OUTCOME_THROTTLED) {
		out.code = STR("0x00000058");
		out.reason = STR("ESME_TEST");
	}
	outbound_outcomes(r->o, STR("main"), &out, 1);
}

struct heard {
	struct outbound_rig *r;
	bool done, ok;
};

static void on_receipt(void *arg, const struct err *err)
{
	struct heard *h = arg;

	pthread_mutex_lock(&h->r->lock);
	h->done = true;
	h->ok = !err;
	pthread_cond_broadcast(&h->r->changed);
	pthread_mutex_unlock(&h->r->lock);
}

void outbound_rig_receipt(struct outbound_rig *r, const char *id, enum status s, const char *from)
{
	struct receipt rc = {.account = STR("main"),
			     .external_id = str_of(id),
			     .status = s,
			     .raw_state = STR("RAW"),
			     .error_code = STR("007")};
	struct heard h = {.r = r};
	int64_t since = clock_mono();

	keep(rc.from.value, sizeof rc.from.value, str_of(from));
	outbound_receipt(r->o, &rc, on_receipt, &h);
	pthread_mutex_lock(&r->lock);
	while (!h.done) {
		cr_assert_not(given_up(since), "the receipt was not answered");
		wait_changed(r);
	}
	pthread_mutex_unlock(&r->lock);
	cr_assert(h.ok);
}

void outbound_rig_until(struct outbound_rig *r, const char *sql, int64_t v)
{
	int64_t since = clock_mono(), got;
	struct timespec ts = {.tv_nsec = 1000000};

	while ((got = store_rig_number(&r->store, sql)) != v) {
		cr_assert_not(given_up(since), "%s: %lld instead of %lld", sql, (long long)got, (long long)v);
		nanosleep(&ts, NULL);
	}
}

void outbound_rig_status(struct outbound_rig *r, const struct uuid *message, enum status s)
{
	int64_t since = clock_mono();
	struct timespec ts = {.tv_nsec = 1000000};
	enum status got = STATUS_NONE;

	while (got != s) {
		struct stmt *q = db_query(r->store.db,
					  "SELECT status FROM delivery WHERE message_id = $1 ORDER BY n DESC LIMIT 1");
		db_bind_uuid(q, 1, message);
		cr_assert_eq(db_step(q, NULL), DB_ROW);
		got = (enum status)db_col_i64(q, 0);
		db_done(q);
		cr_assert_not(given_up(since), "%s instead of %s", status_word(got), status_word(s));
		if (got != s)
			nanosleep(&ts, NULL);
	}
}

static bool has_metric(struct outbound_rig *r, const char *line)
{
	struct buf b;
	bool has;

	buf_init(&b, 1 << 20);
	buf_addc(&b, '\n');
	outbound_metrics(r->o, &b);
	has = strstr(buf_cstr(&b), line) != NULL;
	buf_free(&b);
	return has;
}

bool outbound_rig_metric(struct outbound_rig *r, const char *line)
{
	int64_t since = clock_mono();
	struct timespec ts = {.tv_nsec = 1000000};

	while (!has_metric(r, line)) {
		if (given_up(since))
			return false;
		nanosleep(&ts, NULL);
	}
	return true;
}
