/*
 * Producers push onto a mutex-guarded list and signal only if the writer sleeps; the writer takes the whole list
 * (up to BATCH), and while it commits, the next group gathers. A lone job is committed at once. Only when the batch before
 * had company, the next one begins no sooner than GATHER after it: the callers just answered are about to ask again, and
 * a commit for the first of them alone would cost as much as one for all.
 *
 * Checkpoints run on a thread of their own with a connection of their own, or copying pages would be every hundredth
 * caller's latency. A log that is written all the time is never copied to its very end by somebody else, and so would
 * never start again from its beginning; so when the other thread has copied nearly all, the writer copies the short rest
 * between two batches. Pages written often are copied once for each round, so rounds are long (LOG_PAGES).
 */
#include "store/writer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

#define GATHER (800 * US_MS / 1000)
#define QUIET (30 * US_MS)
enum { BATCH = 1000, COMPANY = 6, CHECKPOINT_S = 5, PROBE_S = 1, LOG_PAGES = 32768, CAREFUL = 100 };

struct fifo {
	struct write_job *head, **tail;
};

struct writer {
	pthread_t thread, checkpointer;
	pthread_mutex_t lock;
	pthread_cond_t work, tick;
	struct fifo jobs, idle;
	size_t queued, idle_queued, max;
	int64_t idle_due;
	int64_t not_before; /* the next batch gathers until then */
	int64_t quiet_at;   /* when nothing has come by then, nobody is in a hurry: idle jobs may run */
	bool sleeping, stopping, checkpointer_up;
	_Atomic int64_t log_pages, undone;
	_Atomic bool copied; /* nearly all of the log: the writer finishes it */
	struct db *db;
	int careful; /* batches to go without guesses */
	char *dsn;
	struct writer_hooks hooks;
	struct writer_stats stats;
};

static void push(struct fifo *f, struct write_job *j)
{
	j->next = NULL;
	*f->tail = j;
	f->tail = &j->next;
}

static struct write_job *take(struct fifo *f, size_t most, size_t *taken)
{
	struct write_job *first = f->head, *last = NULL;
	size_t n = 0;

	for (struct write_job *j = first; j && n < most; j = j->next, n++)
		last = j;
	if (last) {
		f->head = last->next;
		last->next = NULL;
		if (!f->head)
			f->tail = &f->head;
	}
	*taken = n;
	return last ? first : NULL;
}

static void hook(struct writer *w, void (*fn)(void *))
{
	if (fn)
		fn(w->hooks.arg);
}

static void healthy(struct writer *w, const struct err *e)
{
	pthread_mutex_lock(&w->lock);
	if (!e && !w->stats.healthy)
		log_info("store.recovered", LOG_END);
	if (e && w->stats.healthy)
		log_error("store.unavailable", "reason", e->msg, LOG_END);
	w->stats.healthy = !e;
	snprintf(w->stats.reason, sizeof w->stats.reason, "%.119s", e ? e->msg : "");
	pthread_mutex_unlock(&w->lock);
}

/* One transaction over a chain. 0: committed (jobs that failed cleanly carry failed). -1: nothing was kept. */
static int transact(struct writer *w, struct write_job *first, struct err *err)
{
	int64_t now = clock_now();

	if (db_begin(w->db, err))
		return -1;
	if (w->hooks.began && w->hooks.began(w->hooks.arg, w->db, err))
		goto undo;
	for (struct write_job *j = first; j; j = j->next) {
		j->clean = false;
		j->err = (struct err){0};
		j->failed = j->run(j, w->db, now, &j->err) != 0;
		if (j->failed && !j->clean) {
			*err = j->err;
			goto undo;
		}
	}
	if (w->hooks.committing && w->hooks.committing(w->hooks.arg, w->db, err))
		goto undo;
	if (db_commit(w->db, err) == 0) {
		hook(w, w->hooks.committed);
		return 0;
	}
undo:
	atomic_fetch_add(&w->undone, 1);
	db_rollback(w->db);
	hook(w, w->hooks.rolled_back);
	return -1;
}

static void finish(struct write_job *first)
{
	for (struct write_job *j = first, *next; j; j = next) {
		next = j->next; /* done may free it */
		j->done(j, j->failed ? &j->err : NULL);
	}
}

/* A guess about the batch was wrong: from now on a while without guesses. */
static int once_more(struct writer *w, struct write_job *first, struct err *err)
{
	w->careful = CAREFUL;
	db_careful(w->db, true);
	*err = (struct err){0};
	return transact(w, first, err);
}

static int attempt(struct writer *w, struct write_job *first, struct err *err)
{
	if (w->careful && --w->careful == 0)
		db_careful(w->db, false);
	if (transact(w, first, err) == 0)
		return 0;
	return db_fault(w->db) == DB_FAULT_GUESS ? once_more(w, first, err) : -1;
}

/* The batch failed as a whole: each job gets a transaction of its own, so that the culprit alone carries the blame. */
static int64_t one_by_one(struct writer *w, struct write_job *first)
{
	int64_t failures = 0;

	for (struct write_job *j = first, *next; j; j = next) {
		struct err e = {0};
		next = j->next;
		j->next = NULL;
		if (attempt(w, j, &e)) {
			j->err = e;
			j->failed = true;
			failures++;
			healthy(w, e.kind == ERR_UNAVAILABLE ? &e : NULL);
		} else {
			healthy(w, NULL);
		}
		finish(j);
	}
	return failures;
}

/* The store did not say whether it has committed. To run the jobs again might do all twice, so their callers are told. */
static int64_t none_known(struct writer *w, struct write_job *first, const struct err *e)
{
	int64_t failures = 0;

	for (struct write_job *j = first; j; j = j->next, failures++) {
		j->err = *e;
		j->failed = true;
	}
	healthy(w, e);
	finish(first);
	return failures;
}

static void run_batch(struct writer *w, struct write_job *first, size_t n, bool first_idle)
{
	struct err e = {0};
	int64_t began = clock_mono(), failures = 0;

	if (attempt(w, first, &e) == 0) {
		if (!w->stats.healthy)
			healthy(w, NULL);
		finish(first);
	} else if (db_fault(w->db) == DB_FAULT_UNKNOWN) {
		failures = none_known(w, first, &e);
	} else {
		failures = one_by_one(w, first);
	}
	atomic_store(&w->log_pages, db_log_pages(w->db));
	if (atomic_exchange(&w->copied, false))
		db_checkpoint(w->db);
	pthread_mutex_lock(&w->lock);
	w->not_before = n >= COMPANY ? clock_mono() + GATHER : 0;
	w->quiet_at = first_idle ? 0 : clock_mono() + QUIET;
	if (atomic_load(&w->log_pages) >= LOG_PAGES)
		pthread_cond_signal(&w->tick);
	w->stats.batches++;
	w->stats.jobs += (int64_t)n;
	w->stats.failures += failures;
	w->stats.busy_us += clock_mono() - began;
	pthread_mutex_unlock(&w->lock);
}

static void wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t mono_us)
{
	struct timespec ts = {.tv_sec = mono_us / US_SEC, .tv_nsec = mono_us % US_SEC * 1000};
	pthread_cond_timedwait(cond, lock, &ts);
}

/* An empty transaction that takes the write lock and writes: tells whether the store has come back. */
static void probe(struct writer *w)
{
	struct err e = {0};

	pthread_mutex_unlock(&w->lock);
	if (db_begin(w->db, &e) == 0 &&
	    db_exec(w->db,
		    "INSERT INTO cursor (name, seq) VALUES ('probe', 1) ON CONFLICT (name) DO UPDATE SET seq = "
		    "cursor.seq + 1",
		    &e) == 0 &&
	    db_commit(w->db, &e) == 0)
		healthy(w, NULL);
	else
		db_rollback(w->db);
	pthread_mutex_lock(&w->lock);
}

/* Blocks until there is something to do; returns a chain, or NULL to stop. Called and returns with the lock held. */
static struct write_job *next_batch(struct writer *w, size_t *n, bool *idle)
{
	for (;;) {
		int64_t now = clock_mono();

		if (w->jobs.head && now < w->not_before && w->queued < BATCH / 2 && !w->stopping) {
			wait_until(&w->work, &w->lock, w->not_before);
			continue;
		}
		if (w->jobs.head && !(w->idle.head && now >= w->idle_due)) {
			struct write_job *first = take(&w->jobs, BATCH, n);
			w->queued -= *n;
			*idle = false;
			return first;
		}
		if (w->idle.head && (now >= w->idle_due || now >= w->quiet_at || w->stopping)) {
			struct write_job *first = take(&w->idle, 1, n);
			w->idle_queued -= *n;
			if (!w->idle.head)
				w->idle_due = INT64_MAX;
			*idle = true;
			return first;
		}
		if (w->stopping)
			return NULL;
		w->sleeping = true;
		if (!w->stats.healthy)
			wait_until(&w->work, &w->lock, now + PROBE_S * US_SEC);
		else if (w->idle.head)
			wait_until(&w->work, &w->lock, w->idle_due < w->quiet_at ? w->idle_due : w->quiet_at);
		else
			pthread_cond_wait(&w->work, &w->lock);
		w->sleeping = false;
		if (!w->stats.healthy && !w->jobs.head)
			probe(w);
	}
}

static void *writer_main(void *arg)
{
	struct writer *w = arg;
	struct write_job *first;
	bool idle;
	size_t n;

	pthread_setname_np(pthread_self(), "writer");
	pthread_mutex_lock(&w->lock);
	while ((first = next_batch(w, &n, &idle))) {
		pthread_mutex_unlock(&w->lock);
		run_batch(w, first, n, idle);
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void *checkpoint_main(void *arg)
{
	struct writer *w = arg;
	struct db *db = NULL;

	pthread_setname_np(pthread_self(), "checkpoint");
	if (db_open(w->dsn, DB_WRITE, &db, NULL))
		return NULL;
	pthread_mutex_lock(&w->lock);
	while (!w->stopping) {
		if (atomic_load(&w->log_pages) < LOG_PAGES || atomic_load(&w->copied))
			wait_until(&w->tick, &w->lock, clock_mono() + CHECKPOINT_S * US_SEC);
		if (w->stopping || atomic_load(&w->copied) || atomic_load(&w->log_pages) == 0)
			continue;
		pthread_mutex_unlock(&w->lock);
		if (db_checkpoint(db))
			atomic_store(&w->log_pages, 0); /* the next commit begins the log anew */
		else
			atomic_store(&w->copied, true);
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	db_close(&db);
	return NULL;
}

static int init(struct writer *w, const char *dsn, struct err *err)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->work, &attr);
	pthread_cond_init(&w->tick, &attr);
	pthread_condattr_destroy(&attr);
	w->jobs.tail = &w->jobs.head;
	w->idle.tail = &w->idle.head;
	w->idle_due = INT64_MAX;
	w->stats.healthy = true;
	w->dsn = strdup(dsn);
	if (!w->dsn)
		return err_nomem(err);
	if (db_open(dsn, DB_WRITE, &w->db, err))
		return -1;
	if (pthread_create(&w->thread, NULL, writer_main, w))
		return err_set(err, ERR_INTERNAL, "thread", NULL, "cannot start the writer's thread");
	if (db_dsn_file(dsn) && !strstr(dsn, ":memory:"))
		w->checkpointer_up = pthread_create(&w->checkpointer, NULL, checkpoint_main, w) == 0;
	return 0;
}

static void release(struct writer *w)
{
	db_close(&w->db);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->work);
	pthread_cond_destroy(&w->tick);
	free(w->dsn);
	free(w);
}

int writer_start(const char *dsn, size_t queue_max, const struct writer_hooks *hooks, struct writer **out,
		 struct err *err)
{
	struct writer *w = calloc(1, sizeof *w);

	if (!w)
		return err_nomem(err);
	w->max = queue_max;
	if (hooks)
		w->hooks = *hooks;
	if (init(w, dsn, err)) {
		release(w);
		return -1;
	}
	*out = w;
	return 0;
}

static int refuse(struct writer *w, struct err *err)
{
	w->stats.refused++;
	err_set(err, ERR_UNAVAILABLE, "store_busy", NULL,
		w->stopping ? "the gateway is stopping" : "too many writes wait");
	if (err)
		err->retry_after_s = 1;
	return -1;
}

int writer_submit(struct writer *w, struct write_job *job, struct err *err)
{
	int r = 0;

	pthread_mutex_lock(&w->lock);
	if (w->stopping || w->queued >= w->max) {
		r = refuse(w, err);
	} else {
		push(&w->jobs, job);
		w->queued++;
		if (w->sleeping)
			pthread_cond_signal(&w->work);
	}
	pthread_mutex_unlock(&w->lock);
	return r;
}

int writer_submit_idle(struct writer *w, struct write_job *job, int64_t patience_us, struct err *err)
{
	int64_t due = clock_mono() + patience_us;
	int r = 0;

	pthread_mutex_lock(&w->lock);
	if (w->stopping || w->idle_queued >= w->max) {
		r = refuse(w, err);
	} else {
		push(&w->idle, job);
		w->idle_queued++;
		if (due < w->idle_due)
			w->idle_due = due;
		if (w->sleeping)
			pthread_cond_signal(&w->work);
	}
	pthread_mutex_unlock(&w->lock);
	return r;
}

struct call {
	struct write_job job;
	struct write_job *inner;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool done;
	struct err err;
};

static int call_run(struct write_job *j, struct db *db, int64_t now, struct err *err)
{
	struct call *c = (struct call *)j;
	int r = c->inner->run(c->inner, db, now, err);
	j->clean = c->inner->clean;
	return r;
}

static void call_done(struct write_job *j, const struct err *err)
{
	struct call *c = (struct call *)j;

	pthread_mutex_lock(&c->lock);
	if (err)
		c->err = *err;
	c->done = true;
	pthread_cond_signal(&c->cond);
	pthread_mutex_unlock(&c->lock);
}

int writer_call(struct writer *w, struct write_job *job, struct err *err)
{
	struct call c = {.job = {.run = call_run, .done = call_done}, .inner = job};
	int r;

	pthread_mutex_init(&c.lock, NULL);
	pthread_cond_init(&c.cond, NULL);
	r = writer_submit(w, &c.job, err);
	if (r == 0) {
		pthread_mutex_lock(&c.lock);
		while (!c.done)
			pthread_cond_wait(&c.cond, &c.lock);
		pthread_mutex_unlock(&c.lock);
		if (c.err.kind != ERR_NONE) {
			if (err)
				*err = c.err;
			r = -1;
		}
	}
	pthread_mutex_destroy(&c.lock);
	pthread_cond_destroy(&c.cond);
	return r;
}

int64_t writer_undone(const struct writer *w) { return atomic_load(&w->undone); }

void writer_stats(struct writer *w, struct writer_stats *out)
{
	pthread_mutex_lock(&w->lock);
	*out = w->stats;
	out->queued = (int64_t)w->queued;
	pthread_mutex_unlock(&w->lock);
}

void writer_stop(struct writer **wp)
{
	struct writer *w = *wp;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_signal(&w->work);
	pthread_cond_signal(&w->tick);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	if (w->checkpointer_up)
		pthread_join(w->checkpointer, NULL);
	release(w);
	*wp = NULL;
}
