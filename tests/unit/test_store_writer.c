/*
 * Group commit. A gate (a job that waits inside the writer) lets the others gather, so that what lies in one batch is
 * decided by the test and not by chance.
 */
#include <criterion/criterion.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "store/migrate.h"
#include "store/writer.h"
#include "unit/store_rig.h"

enum { QUEUE = 64 };

static struct store_rig rig;
static struct writer *writer;
static atomic_int began, committed, rolled_back, committing_fails;

static int on_began(void *arg, struct db *db, struct err *err)
{
	(void)db;
	(void)err;
	atomic_fetch_add((atomic_int *)arg, 1);
	return 0;
}

/* What comes with the batch: fails as often as told. */
static int on_committing(void *arg, struct db *db, struct err *err)
{
	(void)arg;
	(void)db;
	if (committing_fails == 0)
		return 0;
	committing_fails--;
	return err_set(err, ERR_UNAVAILABLE, "no_room", NULL, "what comes with the batch cannot be written");
}

static void on_committed(void *arg)
{
	(void)arg;
	atomic_fetch_add(&committed, 1);
}
static void on_rolled_back(void *arg)
{
	(void)arg;
	atomic_fetch_add(&rolled_back, 1);
}

static void setup(void)
{
	struct writer_hooks hooks = {on_began, on_committing, on_committed, on_rolled_back, &began};
	struct err e = {0};

	store_rig_open(&rig);
	db_close(&rig.db); /* the writer has the write connection */
	cr_assert_eq(writer_start(rig.dsn, QUEUE, &hooks, &writer, &e), 0, "%s", e.msg);
}

static void teardown(void)
{
	writer_stop(&writer);
	store_rig_close(&rig);
}

TestSuite(store_writer, .init = setup, .fini = teardown);

static int64_t rows(void)
{
	struct db *db = readers_get(rig.readers, NULL);
	struct stmt *q;
	int64_t n = -1;

	if (!db)
		return -1;
	q = db_query(db, "SELECT COUNT(*) FROM cursor WHERE name LIKE 'job%'");
	if (db_step(q, NULL) == DB_ROW)
		n = db_col_i64(q, 0);
	db_done(q);
	return n;
}

enum how { FINE, FAILS_DIRTY, FAILS_CLEAN, CONFLICTS, MISSES, TWICE, GATE };

struct job {
	struct write_job job;
	enum how how;
	int id, runs, place; /* place: in the order of completions, from 1 */
	int64_t seen;	     /* rows that others could read when it was done */
	struct err err;
	sem_t entered, open, over;
};

static atomic_int places;

static int insert(struct db *db, int id, struct err *err)
{
	struct stmt *q = db_query(db, "INSERT INTO cursor (name, seq) VALUES ('job' || $1, 1)");

	db_bind_i64(q, 1, id);
	return db_run(q, err);
}

/* The same key twice: the later one counts. */
static int put_twice(struct db *db, int id, struct err *err)
{
	for (int64_t seq = 1; seq <= 2; seq++) {
		struct stmt *q = db_query(db, "INSERT INTO cursor (name, seq) VALUES ('job' || $1, $2)"
					      " ON CONFLICT (name) DO UPDATE SET seq = excluded.seq");
		db_bind_i64(q, 1, id);
		db_bind_i64(q, 2, seq);
		if (db_run(q, err))
			return -1;
	}
	return 0;
}

static int run(struct write_job *w, struct db *db, int64_t now, struct err *err)
{
	struct job *j = (struct job *)w;
	int hit;

	(void)now;
	j->runs++;
	switch (j->how) {
	case GATE:
		sem_post(&j->entered);
		sem_wait(&j->open);
		return 0;
	case FAILS_CLEAN:
		w->clean = true;
		return err_set(err, ERR_NOT_FOUND, "no_such_thing", NULL, "nothing was written");
	case FAILS_DIRTY:
		return insert(db, j->id, err) ? -1
					      : err_set(err, ERR_SEMANTIC, "changed_my_mind", NULL, "after writing");
	case MISSES:
		hit = db_run_hit(db_query(db, "UPDATE cursor SET seq = 2 WHERE name = 'nobody'"), err);
		return hit < 0 ? -1 : insert(db, j->id, err);
	case TWICE: return put_twice(db, j->id, err);
	case CONFLICTS: return insert(db, j->id, err) || insert(db, j->id, err) ? -1 : 0;
	default: return insert(db, j->id, err);
	}
}

static void done(struct write_job *w, const struct err *err)
{
	struct job *j = (struct job *)w;

	j->err = err ? *err : (struct err){0};
	j->place = atomic_fetch_add(&places, 1) + 1;
	j->seen = rows();
	sem_post(&j->over);
}

static void make(struct job *j, int id, enum how how)
{
	*j = (struct job){.job = {.run = run, .done = done}, .how = how, .id = id};
	sem_init(&j->entered, 0, 0);
	sem_init(&j->open, 0, 0);
	sem_init(&j->over, 0, 0);
}

static void submit(struct job *j, int id, enum how how)
{
	make(j, id, how);
	cr_assert_eq(writer_submit(writer, &j->job, NULL), 0);
}

static struct job gate;

static void close_gate(void)
{
	submit(&gate, 999, GATE);
	sem_wait(&gate.entered);
}

static void open_gate(void)
{
	sem_post(&gate.open);
	sem_wait(&gate.over);
}

Test(store_writer, what_waits_is_committed_together)
{
	struct job j[10];
	struct writer_stats s;

	close_gate();
	for (int i = 0; i < 10; i++)
		submit(&j[i], i, FINE);
	writer_stats(writer, &s);
	cr_expect_eq(s.queued, 10);
	open_gate();
	for (int i = 0; i < 10; i++)
		sem_wait(&j[i].over);
	for (int i = 0; i < 10; i++) {
		cr_expect_eq(j[i].seen, 10, "the commit comes before the first completion");
		cr_expect_eq(j[i].place, i + 2, "in order, after the gate");
		cr_expect(j[i].runs == 1 && j[i].err.kind == ERR_NONE);
	}
	cr_expect(committed == 2 && began == 2 && rolled_back == 0);
}

Test(store_writer, what_comes_with_a_batch_is_kept_with_it_or_nothing_is)
{
	struct job j;

	committing_fails = 2; /* the batch, and the job alone */
	submit(&j, 1, FINE);
	sem_wait(&j.over);
	cr_expect_str_eq(j.err.code, "no_room");
	cr_expect(rows() == 0 && committed == 0 && rolled_back == 2);
	committing_fails = 1; /* the batch only */
	submit(&j, 2, FINE);
	sem_wait(&j.over);
	cr_expect_eq(j.err.kind, ERR_NONE);
	cr_expect(rows() == 1 && committed == 1 && rolled_back == 3);
}

Test(store_writer, one_bad_job_takes_no_other_down)
{
	static const enum how bad[] = {FAILS_DIRTY, CONFLICTS};

	for (int k = 0; k < 2; k++) {
		struct job j[5];
		int64_t before = rows();
		close_gate();
		for (int i = 0; i < 5; i++)
			submit(&j[i], k * 10 + i, i == 2 ? bad[k] : FINE);
		open_gate();
		for (int i = 0; i < 5; i++)
			sem_wait(&j[i].over);
		for (int i = 0; i < 5; i++)
			cr_expect_eq(j[i].err.kind,
				     i != 2 ? ERR_NONE
				     : k    ? ERR_CONFLICT
					    : ERR_SEMANTIC,
				     "job %d: %s", i, j[i].err.msg);
		cr_expect_eq(rows(), before + 4, "what the bad one wrote is gone");
		cr_expect_eq(j[0].runs, 2, "the good ones were run again");
	}
	cr_expect_eq(rolled_back, 4, "the batches, and the culprits alone");
}

/* On PostgreSQL the batch is run twice then: the first time as if there had been a row. */
Test(store_writer, row_that_is_not_there_though_it_nearly_always_is)
{
	struct job j[5];

	for (int k = 0; k < 2; k++) {
		close_gate();
		for (int i = 0; i < 5; i++)
			submit(&j[i], k * 10 + i, i == 2 ? MISSES : FINE);
		open_gate();
		for (int i = 0; i < 5; i++) {
			sem_wait(&j[i].over);
			cr_expect_eq(j[i].err.kind, ERR_NONE, "job %d: %s", i, j[i].err.msg);
			cr_expect_eq(j[i].runs, store_rig_postgres() && k == 0 ? 2 : 1);
		}
		cr_expect_eq(rows(), k * 5 + 5);
	}
}

Test(store_writer, same_key_twice_in_a_batch_is_no_mistake)
{
	struct job j[5];

	close_gate();
	for (int i = 0; i < 5; i++)
		submit(&j[i], i, i == 2 ? TWICE : FINE);
	open_gate();
	for (int i = 0; i < 5; i++) {
		sem_wait(&j[i].over);
		cr_expect_eq(j[i].err.kind, ERR_NONE, "job %d: %s", i, j[i].err.msg);
	}
	cr_expect_eq(rows(), 5);
}

Test(store_writer, error_before_the_first_write_costs_nothing)
{
	struct job j[3];

	close_gate();
	for (int i = 0; i < 3; i++)
		submit(&j[i], i, i == 1 ? FAILS_CLEAN : FINE);
	open_gate();
	for (int i = 0; i < 3; i++)
		sem_wait(&j[i].over);
	cr_expect(j[0].runs == 1 && j[1].runs == 1 && j[2].runs == 1 && rolled_back == 0);
	cr_expect(j[1].err.kind == ERR_NOT_FOUND && j[0].err.kind == ERR_NONE && j[2].err.kind == ERR_NONE);
	cr_expect_eq(rows(), 2);
}

Test(store_writer, full_queue_refuses)
{
	static struct job j[QUEUE + 1];
	struct writer_stats s;
	struct err e = {0};

	close_gate();
	for (int i = 0; i < QUEUE; i++)
		submit(&j[i], i, FINE);
	make(&j[QUEUE], QUEUE, FINE);
	cr_expect_eq(writer_submit(writer, &j[QUEUE].job, &e), -1);
	cr_expect(e.kind == ERR_UNAVAILABLE && e.retry_after_s > 0);
	writer_stats(writer, &s);
	cr_expect_eq(s.refused, 1);
	open_gate();
	for (int i = 0; i < QUEUE; i++)
		sem_wait(&j[i].over);
	cr_expect_eq(writer_submit(writer, &j[QUEUE].job, &e), 0, "there is room again");
	sem_wait(&j[QUEUE].over);
	cr_expect_eq(rows(), QUEUE + 1);
}

Test(store_writer, stop_finishes_what_was_taken)
{
	struct job j[5];

	close_gate();
	for (int i = 0; i < 5; i++)
		submit(&j[i], i, FINE);
	sem_post(&gate.open);
	writer_stop(&writer);
	cr_expect_eq(rows(), 5);
	for (int i = 0; i < 5; i++)
		cr_expect_gt(j[i].place, 0);
}

Test(store_writer, call_waits_and_returns_the_error)
{
	struct job j;
	struct err e = {0};

	make(&j, 1, FINE);
	cr_expect_eq(writer_call(writer, &j.job, &e), 0);
	cr_expect_eq(rows(), 1);
	make(&j, 2, FAILS_DIRTY);
	cr_expect_eq(writer_call(writer, &j.job, &e), -1);
	cr_expect_str_eq(e.code, "changed_my_mind");
}

Test(store_writer, idle_jobs_give_way)
{
	struct job lazy, j[3];

	close_gate();
	make(&lazy, 50, FINE);
	cr_assert_eq(writer_submit_idle(writer, &lazy.job, 3600 * US_SEC, NULL), 0);
	for (int i = 0; i < 3; i++)
		submit(&j[i], i, FINE);
	open_gate();
	sem_wait(&lazy.over);
	cr_expect_eq(lazy.place, 5, "the last of all");
	close_gate();
	make(&lazy, 51, FINE);
	cr_assert_eq(writer_submit_idle(writer, &lazy.job, 0, NULL), 0);
	submit(&j[0], 60, FINE);
	open_gate();
	sem_wait(&j[0].over);
	sem_wait(&lazy.over);
	cr_expect_lt(lazy.place, j[0].place, "unless its patience is at an end");
}

/* ---- a disk that is full ---- */

struct filler {
	struct write_job job;
	int id;
};

/* Grows the store by a megabyte. */
static int fill(struct write_job *w, struct db *db, int64_t now, struct err *err)
{
	struct filler *f = (struct filler *)w;
	char *big = calloc(1, 1 << 20);
	struct stmt *q = db_query(db, "INSERT INTO secret (name, value) VALUES ('fill' || $1, $2)");
	int r;

	(void)now;
	if (!big)
		return err_nomem(err);
	db_bind_i64(q, 1, f->id);
	db_bind_blob(q, 2, big, 1 << 20);
	r = db_run(q, err);
	free(big);
	return r;
}

static int limit_pages(struct write_job *w, struct db *db, int64_t now, struct err *err)
{
	(void)w;
	(void)now;
	return db_exec(db, "PRAGMA max_page_count=1", err); /* to as many as there are */
}

static int free_pages(struct write_job *w, struct db *db, int64_t now, struct err *err)
{
	(void)w;
	(void)now;
	return db_exec(db, "PRAGMA max_page_count=1000000", err);
}

static void nothing(struct write_job *w, const struct err *err)
{
	(void)w;
	(void)err;
}

static bool healthy(void)
{
	struct writer_stats s;

	writer_stats(writer, &s);
	return s.healthy;
}

Test(store_writer, full_store_says_so_and_goes_on)
{
	struct write_job limit = {.run = limit_pages, .done = nothing}, lift = {.run = free_pages, .done = nothing};
	struct filler f = {.job = {.run = fill, .done = nothing}, .id = 1};
	struct writer_stats s;
	struct err e = {0};
	struct job j;

	if (store_rig_postgres())
		return; /* its disk is not ours to fill: tests/e2e/postgres.test.mjs takes the server away */
	cr_assert_eq(writer_call(writer, &limit, &e), 0, "%s", e.msg);
	cr_expect_eq(writer_call(writer, &f.job, &e), -1);
	cr_expect(e.kind == ERR_UNAVAILABLE && e.retry_after_s > 0, "%s", e.msg);
	writer_stats(writer, &s);
	cr_expect(!s.healthy && s.reason[0]);
	cr_assert_eq(writer_call(writer, &lift, &e), 0);
	cr_expect(healthy());
	cr_expect_eq(writer_call(writer, &f.job, &e), 0);
	make(&j, 1, FINE);
	cr_expect_eq(writer_call(writer, &j.job, &e), 0);
}

/* Here it is the commit that fails, and nobody asks while the disk is full: the writer finds out by itself. */
Test(store_writer, comes_back_by_itself)
{
	struct rlimit before, full = {.rlim_cur = 4096};
	struct filler f = {.job = {.run = fill, .done = nothing}, .id = 2};
	int64_t deadline = clock_mono() + 60 * US_SEC;
	struct err e = {0};

	if (store_rig_postgres())
		return;
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	full.rlim_max = before.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &full), 0);
	cr_expect_eq(writer_call(writer, &f.job, &e), -1);
	cr_expect_eq(e.kind, ERR_UNAVAILABLE, "%s", e.msg);
	cr_expect(!healthy());
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	while (!healthy() && clock_mono() < deadline)
		poll(NULL, 0, 10);
	cr_expect(healthy());
	cr_expect_eq(writer_call(writer, &f.job, &e), 0, "%s", e.msg);
}

Test(store_writer, store_that_cannot_be_opened)
{
	struct writer *none = NULL;
	struct err e = {0};

	cr_expect_eq(writer_start("/nowhere/at/all.db", 1, NULL, &none, &e), -1);
	cr_expect(!none && e.kind == ERR_UNAVAILABLE);
}
