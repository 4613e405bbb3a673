#include "campaign/engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "campaign/send.h"

#define TICK (200 * US_MS)
#define TELL US_SEC
#define LOOK_AGAIN (5 * US_SEC) /* into a campaign in which everybody waits for his hours */
enum { STEP = 400, RUNS_MAX = 64, PACED_QUEUE_MIN = 20 };

struct run {
	struct uuid id;
	double tokens;
	int64_t filled_at, told_at, looked_at;
	bool seen;
};

struct engine {
	struct engine_config c;
	struct loop *loop;
	pthread_t thread;
	struct sender *sender;
	struct uuid me;
	struct run v[RUNS_MAX];
	size_t n, next;
	struct timer timer;
	struct task back, nudge, stop;
	struct write_job job;
	struct sending_step step;
	bool busy, stopping, progressed, failed;
};

#define OWNER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* ---- what there is to do ---- */

struct found {
	struct uuid id;
	int pace;
	bool exhausted, taking_back;
	int64_t due; /* of the first who waits; 0: nobody */
};

static int pace_of(struct str definition)
{
	json_t *d = NULL;
	int pace;

	if (json_read(definition, 14, &d, NULL))
		return 0;
	pace = (int)json_integer_value(json_object_get(d, "pace"));
	json_decref(d);
	return pace;
}

static int find(struct db *db, int64_t now, struct found out[RUNS_MAX], struct err *err)
{
	struct stmt *q = db_query(db, "SELECT c.id, c.definition, c.exhausted, COALESCE((SELECT MIN(x.due_at) FROM"
				      " campaign_customer x WHERE x.campaign_id = c.id AND x.state = 1), 0)"
				      ", c.taking_back FROM campaign c WHERE (c.state IN (1, 2) AND c.start_at <= $1)"
				      " OR c.taking_back = 1 ORDER BY c.id LIMIT $2");
	int n = 0, r;

	db_bind_i64(q, 1, now);
	db_bind_i64(q, 2, RUNS_MAX);
	while ((r = db_step(q, err)) == DB_ROW) {
		db_col_uuid(q, 0, &out[n].id);
		out[n].pace = pace_of(db_col_str(q, 1));
		out[n].exhausted = db_col_i64(q, 2) != 0;
		out[n].taking_back = db_col_i64(q, 4) != 0;
		out[n++].due = db_col_i64(q, 3);
	}
	db_done(q);
	return r == DB_ERROR ? -1 : n;
}

/* Bulk messages that wait to be sent, up to `most`; what is due later is not in the way. */
static int backlog(struct db *db, int most, int64_t now, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT COUNT(*) FROM (SELECT 1 FROM delivery WHERE outbox = 1 AND priority = 2"
				      " AND due_at <= $1 LIMIT $2) waiting");
	int n = -1;

	db_bind_i64(q, 1, now);
	db_bind_i64(q, 2, most);
	if (db_step(q, err) == DB_ROW)
		n = (int)db_col_i64(q, 0);
	db_done(q);
	return n;
}

static struct run *run_of(struct engine *e, const struct uuid *id)
{
	for (size_t k = 0; k < e->n; k++)
		if (uuid_eq(&e->v[k].id, id))
			return &e->v[k];
	if (e->n == RUNS_MAX)
		return NULL;
	e->v[e->n] = (struct run){.id = *id};
	return &e->v[e->n++];
}

static void forget_ended(struct engine *e)
{
	size_t kept = 0;

	for (size_t k = 0; k < e->n; k++)
		if (e->v[k].seen)
			e->v[kept++] = e->v[k];
	e->n = kept;
}

/* A bucket that holds what one second brings. */
static int tokens(struct run *r, int pace, int64_t now)
{
	if (!r->filled_at) {
		r->tokens = 1;
	} else {
		r->tokens += (double)(now - r->filled_at) * pace / (double)US_SEC;
		if (r->tokens > (pace > 1 ? pace : 1))
			r->tokens = pace > 1 ? pace : 1;
	}
	r->filled_at = now;
	return (int)r->tokens;
}

static int allowance(struct engine *e, struct db *db, struct run *r, const struct found *f, int64_t now,
		     struct err *err)
{
	int room = e->c.queue, most = STEP, waiting;

	if (f->taking_back)
		return most;
	if (f->exhausted && (f->due == 0 || f->due > now) && now - r->looked_at < LOOK_AGAIN && r->looked_at)
		return 0;
	if (f->pace) {
		int n = tokens(r, f->pace, now);
		most = n < most ? n : most;
		if (2 * f->pace < room)
			room = 2 * f->pace > PACED_QUEUE_MIN ? 2 * f->pace : PACED_QUEUE_MIN;
	}
	if (room == 0)
		return most;
	waiting = most > 0 ? backlog(db, room, now, err) : 0;
	if (waiting < 0)
		return -1;
	return room - waiting < most ? room - waiting : most;
}

/* ---- one step after the other ---- */

static void look(struct engine *e);

static int step_run(struct write_job *j, struct db *db, int64_t now, struct err *err)
{
	struct engine *e = OWNER(j, struct engine, job);
	return sender_step(e->sender, db, &e->step, now, err);
}

static void step_done(struct write_job *j, const struct err *err)
{
	struct engine *e = OWNER(j, struct engine, job);

	e->failed = err != NULL;
	if (err)
		log_warn("campaign.step_failed", "reason", err->msg, LOG_END);
	else
		outbound_batch_committed(e->step.batch);
	loop_post(e->loop, &e->back);
}

static void submit(struct engine *e, struct run *r, int most, int64_t now)
{
	e->step.campaign = r->id;
	e->step.runner = e->me;
	e->step.most = most;
	e->step.tell = now - r->told_at >= TELL;
	e->job = (struct write_job){.run = step_run, .done = step_done};
	r->looked_at = now;
	if (writer_submit(e->c.writer, &e->job, NULL) == 0)
		e->busy = true;
}

static void came_back(struct task *t)
{
	struct engine *e = OWNER(t, struct engine, back);
	struct run *r = run_of(e, &e->step.campaign);

	e->busy = false;
	if (e->stopping) {
		loop_stop(e->loop);
		return;
	}
	if (e->failed || !r) {
		loop_timer(e->loop, &e->timer, loop_now(e->loop) + TICK, e->timer.fire);
		return;
	}
	r->tokens -= e->step.queued;
	if (e->step.tell && e->step.mine)
		r->told_at = r->looked_at;
	e->progressed = e->progressed || (e->step.mine && e->step.looked_at > 0);
	look(e);
}

/* Each campaign in turn; when a round has brought nothing, a pause. */
static void look(struct engine *e)
{
	struct found v[RUNS_MAX];
	struct err err = {0};
	struct db *db = readers_get(e->c.readers, &err);
	int64_t now = clock_now();
	int n = db ? find(db, now, v, &err) : -1;

	for (size_t k = 0; k < e->n; k++)
		e->v[k].seen = false;
	for (int k = 0; k < n; k++) {
		struct run *r = run_of(e, &v[k].id);
		if (r)
			r->seen = true;
	}
	if (n >= 0)
		forget_ended(e);
	while (n > 0 && e->next < (size_t)n) {
		const struct found *f = &v[e->next++];
		struct run *r = run_of(e, &f->id);
		int most = r ? allowance(e, db, r, f, now, &err) : 0;
		if (most > 0)
			submit(e, r, most, now);
		if (e->busy)
			return;
	}
	if (err.kind)
		log_warn("campaign.look_failed", "reason", err.msg, LOG_END);
	e->next = 0;
	loop_timer(e->loop, &e->timer, loop_now(e->loop) + (e->progressed ? US_MS : TICK), e->timer.fire);
	e->progressed = false;
}

static void on_timer(struct timer *t)
{
	struct engine *e = OWNER(t, struct engine, timer);

	if (!e->busy && !e->stopping)
		look(e);
}

static void on_nudge(struct task *t)
{
	struct engine *e = OWNER(t, struct engine, nudge);

	if (!e->busy && !e->stopping) {
		loop_timer_stop(e->loop, &e->timer);
		look(e);
	}
}

static void on_stop(struct task *t)
{
	struct engine *e = OWNER(t, struct engine, stop);

	e->stopping = true;
	if (!e->busy)
		loop_stop(e->loop);
}

static void *thread_main(void *arg)
{
	struct engine *e = arg;

	pthread_setname_np(pthread_self(), "campaigns");
	loop_run(e->loop);
	return NULL;
}

static void release(struct engine *e)
{
	sender_free(&e->sender);
	outbound_batch_free(&e->step.batch);
	loop_free(&e->loop);
	free(e);
}

int engine_start(const struct engine_config *c, struct engine **out, struct err *err)
{
	struct engine *e = calloc(1, sizeof *e);

	if (!e)
		return err_nomem(err);
	e->c = *c;
	e->me = uuid7(clock_now());
	e->loop = loop_new("campaigns", NULL);
	e->sender = sender_new(c->outbound, c->events, c->learning);
	e->step.batch = outbound_batch_new(c->outbound);
	e->back.run = came_back;
	e->nudge.run = on_nudge;
	e->stop.run = on_stop;
	if (!e->loop || !e->sender || !e->step.batch) {
		release(e);
		return err_nomem(err);
	}
	loop_timer(e->loop, &e->timer, loop_now(e->loop) + TICK, on_timer);
	if (pthread_create(&e->thread, NULL, thread_main, e)) {
		release(e);
		return err_set(err, ERR_INTERNAL, "thread", NULL, "cannot start the campaigns' thread");
	}
	*out = e;
	return 0;
}

void engine_nudge(struct engine *e) { loop_post_once(e->loop, &e->nudge); }

struct sender *engine_sender(struct engine *e) { return e->sender; }

bool engine_learns(const struct engine *e) { return e->c.learning; }

void engine_stop(struct engine **ep)
{
	struct engine *e = *ep;

	if (!e)
		return;
	loop_post(e->loop, &e->stop);
	pthread_join(e->thread, NULL);
	release(e);
	*ep = NULL;
}
