/*
 * The writer: one thread that owns the write connection and commits in groups.
 *
 * Whoever wants to write embeds a struct write_job and submits it; the writer takes all that waits (up to BATCH), runs
 * each job inside one transaction, commits, and only then fires the completions, in order. So a completion that says 0
 * means: on disk. Nothing else in the process writes. Several processes on one PostgreSQL take turns: a transaction of a
 * write connection holds a lock of the database until it ends, so to each the store is as if it were alone (db.h).
 *
 * The contract of run:
 *   - it may be called more than once: if any job of a batch fails after it wrote, or the commit fails, the batch is
 *     rolled back and its jobs are run again one by one, so that one bad job never takes others down. So run must set
 *     its results afresh each time, and change nothing but the database and its own job.
 *   - it returns 0, or -1 with err. Errors found before the first write leave the others untouched; set job->clean
 *     then, and the batch goes on without a rollback.
 *   - it does no I/O but the database, and takes no locks that a completion could hold.
 * done runs on the writer's thread, once, after the commit (err NULL) or the failure (err set). It must be quick: hand
 * over to your own loop or resume your connection there. After done the writer does not touch the job.
 *
 * When the store cannot be written (disk full, read-only, corrupt) jobs fail with ERR_UNAVAILABLE and a retry time; the
 * writer probes by itself and recovers when the cause goes. A full queue refuses at once (writer_submit returns -1).
 */
#pragma once
#include "base/err.h"
#include "store/db.h"

struct writer;

struct write_job {
	struct write_job *next;
	int (*run)(struct write_job *job, struct db *db, int64_t now, struct err *err);
	void (*done)(struct write_job *job, const struct err *err);
	bool clean;  /* set by run on an error that wrote nothing */
	bool failed; /* the writer's own */
	struct err err;
};

struct writer_hooks {
	/* Called on the writer's thread around each batch: after BEGIN and before COMMIT (an error of either undoes the
	 * batch), after COMMIT (before completions), after ROLLBACK. events/ uses them to write and publish what the batch
	 * appended. Any may be NULL. */
	int (*began)(void *arg, struct db *db, struct err *err);
	int (*committing)(void *arg, struct db *db, struct err *err);
	void (*committed)(void *arg);
	void (*rolled_back)(void *arg);
	void *arg;
};

struct writer_stats {
	int64_t batches, jobs, failures, refused, busy_us;
	int64_t queued; /* waiting now */
	bool healthy;
	char reason[120]; /* why not */
};

/* Opens the write connection and starts the thread. queue_max bounds what may wait. */
int writer_start(const char *dsn, size_t queue_max, const struct writer_hooks *hooks, struct writer **out,
		 struct err *err);
/* 0: taken, done will run exactly once. -1: full or stopping, err says ERR_UNAVAILABLE; done will not run. */
int writer_submit(struct writer *w, struct write_job *job, struct err *err);
/* Background jobs (search index, retention) run only when nothing else waits, or after `patience` at the latest. */
int writer_submit_idle(struct writer *w, struct write_job *job, int64_t patience_us, struct err *err);
/* Submits and waits. Not from the writer's or an HTTP thread: for start-up, the command line and tests. */
int writer_call(struct writer *w, struct write_job *job, struct err *err);
/* How many transactions were rolled back so far: a guess in memory about what is in the store may be off after one. */
int64_t writer_undone(const struct writer *w);
void writer_stats(struct writer *w, struct writer_stats *out);
void writer_stop(struct writer **w); /* finishes what was taken, then closes */
