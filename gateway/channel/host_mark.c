/* Numbers that accounts keep over restarts, in the table `cursor`. Seldom used, so that reading is a write job too. */
#include <stdio.h>
#include <stdlib.h>

#include "channel/host_private.h"

#define OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

struct mark {
	struct write_job job;
	struct task task; /* back on the adapter's loop */
	struct host_account *a;
	bool puts;
	int64_t value;
	char name[192];
	char error[sizeof((struct err *)0)->code];
	mark_done *done;
	void *arg;
};

static int get(struct mark *m, struct db *db, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT seq FROM cursor WHERE name = $1");
	int r;

	m->value = 0;
	db_bind_str(q, 1, str_of(m->name));
	r = db_step(q, err);
	if (r == DB_ROW)
		m->value = db_col_i64(q, 0);
	db_done(q);
	return r < 0 ? -1 : 0;
}

static int put(struct mark *m, struct db *db, struct err *err)
{
	struct stmt *q = db_query(db, "INSERT INTO cursor (name, seq) VALUES ($1, $2)"
				      " ON CONFLICT (name) DO UPDATE SET seq = excluded.seq");
	int r;

	db_bind_str(q, 1, str_of(m->name));
	db_bind_i64(q, 2, m->value);
	r = db_step(q, err);
	db_done(q);
	return r < 0 ? -1 : 0;
}

static int run(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct mark *m = OF(job, struct mark, job);

	(void)now;
	return m->puts ? put(m, db, err) : get(m, db, err);
}

static void on_told(struct task *t)
{
	struct mark *m = OF(t, struct mark, task);
	struct host *h = m->a->h;

	m->done(m->arg, m->value, m->error[0] ? m->error : NULL);
	free(m);
	host_pending(h, -1);
}

static void done(struct write_job *job, const struct err *err)
{
	struct mark *m = OF(job, struct mark, job);

	if (err)
		snprintf(m->error, sizeof m->error, "%s", err->code[0] ? err->code : "error");
	loop_post(m->a->thread->loop, &m->task);
}

static void submit(struct host_account *a, bool puts, const char *name, int64_t value, mark_done *fn, void *arg)
{
	struct mark *m = calloc(1, sizeof *m);
	struct err err = {0};

	if (!m) {
		fn(arg, 0, "out_of_memory");
		return;
	}
	*m = (struct mark){.job = {.run = run, .done = done},
			   .task = {.run = on_told},
			   .a = a,
			   .puts = puts,
			   .value = value,
			   .done = fn,
			   .arg = arg};
	snprintf(m->name, sizeof m->name, "%s/%s/%s", a->ops->name, a->name, name);
	host_pending(a->h, 1);
	if (writer_submit(a->h->c.writer, &m->job, &err))
		done(&m->job, &err);
}

void host_mark_get(struct host_account *a, const char *name, mark_done *fn, void *arg)
{
	submit(a, false, name, 0, fn, arg);
}

void host_mark_put(struct host_account *a, const char *name, int64_t value, mark_done *fn, void *arg)
{
	submit(a, true, name, value, fn, arg);
}
