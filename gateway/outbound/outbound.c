/* The whole: making, starting, stopping. */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "outbound/private.h"

enum { SCRATCH_MAX = 1 << 20, ARENA_MAX = 1 << 20, WAIT_MS = 5, GIVE_UP_S = 5 };

static void release(struct outbound *o)
{
	items_free(&o->fresh);
	if (o->items)
		items_delete(&o->items);
	lanes_free(o);
	loop_free(&o->loop);
	recent_free(&o->recent);
	knowledge_free(&o->knowledge);
	repeat_free(&o->repeat);
	rendered_room_close(&o->rendered);
	arena_free(&o->arena);
	arena_free(&o->may);
	calendars_free(&o->calendars);
	buf_free(&o->scratch);
	buf_free(&o->parts);
	buf_free(&o->trail);
	pthread_mutex_destroy(&o->lock);
	pthread_mutex_destroy(&o->lane_lock);
	free(o);
}

int outbound_new(const struct outbound_config *c, struct writer *w, struct readers *r, struct events *ev,
		 struct accounts *a, struct outbound **out, struct err *err)
{
	struct outbound *o = calloc(1, sizeof *o);

	if (!o)
		return err_nomem(err);
	o->c = *c;
	if (o->c.memory < 2)
		o->c.memory = 2;
	o->w = w;
	o->r = r;
	o->ev = ev;
	o->accounts = a;
	o->early = -1;
	atomic_store(&o->until, c->shared ? 0 : INT64_MAX);
	o->fresh_tail = &o->fresh;
	o->again_tail = &o->again;
	pthread_mutex_init(&o->lock, NULL);
	pthread_mutex_init(&o->lane_lock, NULL);
	buf_init(&o->scratch, SCRATCH_MAX);
	buf_init(&o->parts, SCRATCH_MAX);
	buf_init(&o->trail, SCRATCH_MAX);
	o->items = items_new();
	o->recent = recent_new();
	o->knowledge = knowledge_new();
	o->repeat = repeat_new();
	o->arena = arena_new(ARENA_MAX);
	o->may = arena_new(ARENA_MAX);
	o->calendars = calendars_new();
	o->loop = loop_new("dispatcher", NULL);
	if (o->loop)
		loop_pace(o->loop, ROUND_US);
	if (!o->items || !o->recent || !o->knowledge || !o->repeat || rendered_room_open(&o->rendered) || !o->arena ||
	    !o->may || !o->calendars || !o->loop) {
		release(o);
		return err_nomem(err);
	}
	*out = o;
	return 0;
}

const struct policy_rules *outbound_rules(const struct outbound *o) { return o->c.rules; }

void outbound_set_carrier(struct outbound *o, const struct outbound_carrier *c) { o->carrier = *c; }

int outbound_start(struct outbound *o, struct err *err)
{
	struct account_info *list = calloc(LANES_MAX, sizeof *list);
	size_t n;
	int r = 0;

	if (!list)
		return err_nomem(err);
	n = accounts_list(o->accounts, list, LANES_MAX);
	for (size_t k = 0; k < n && r == 0; k++)
		r = lanes_add(o, &list[k], err);
	/* An account may have come up while its lane was being made: nobody tells again. */
	for (size_t k = 0; k < n && r == 0; k++)
		if (accounts_get(o->accounts, str_of(o->lane[k]->name), &list[0]))
			outbound_account_state(o, str_of(o->lane[k]->name), list[0].state);
	free(list);
	if (r || (!o->c.shared && restore(o, err)))
		return -1;
	return dispatch_start(o, err);
}

/* The loop goes on: outcomes still come in. What was being offered has been offered when this returns. */
struct pause {
	struct task task;
	struct outbound *o;
	pthread_mutex_t lock;
	pthread_cond_t passed;
	bool done;
};

static void on_pause(struct task *t)
{
	struct pause *p = (struct pause *)(void *)t;

	for (size_t k = 0; k < atomic_load(&p->o->lanes_n); k++)
		dispatch_run(p->o->lane[k]);
	pthread_mutex_lock(&p->lock);
	p->done = true;
	pthread_cond_signal(&p->passed);
	pthread_mutex_unlock(&p->lock);
}

void outbound_stop(struct outbound *o)
{
	struct pause p = {
		.task.run = on_pause, .o = o, .lock = PTHREAD_MUTEX_INITIALIZER, .passed = PTHREAD_COND_INITIALIZER};

	atomic_store(&o->stopping, true);
	if (!o->running)
		return;
	loop_post(o->loop, &p.task);
	pthread_mutex_lock(&p.lock);
	while (!p.done)
		pthread_cond_wait(&p.passed, &p.lock);
	pthread_mutex_unlock(&p.lock);
}

static void rest(void)
{
	struct timespec ts = {.tv_nsec = WAIT_MS * US_MS * 1000};
	nanosleep(&ts, NULL);
}

static bool all_answered(struct outbound *o)
{
	for (size_t k = 0; k < atomic_load(&o->lanes_n); k++)
		if (o->lane[k]->held > 0)
			return false;
	return true;
}

bool outbound_free(struct outbound **op)
{
	struct outbound *o = op ? *op : NULL;
	int64_t until = clock_mono() + GIVE_UP_S * US_SEC;
	bool clean = true;

	if (!o)
		return true;
	outbound_stop(o);
	while (atomic_load(&o->jobs) > 0 && clock_mono() < until)
		rest();
	if (o->running) {
		loop_stop(o->loop);
		pthread_join(o->thread, NULL);
		again_drop(o);
		while (atomic_load(&o->jobs) > 0) { /* the writer runs and will finish what it took */
			loop_step(o->loop, WAIT_MS);
			again_drop(o);
		}
		clean = all_answered(o);
		if (clean && !o->c.shared && restore_mark(o, true, NULL))
			log_warn("outbound.mark_failed", LOG_END);
	}
	release(o);
	*op = NULL;
	return clean;
}
