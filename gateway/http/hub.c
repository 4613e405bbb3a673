/*
 * The event stream's thread. One reader for all followers: what a commit brought is read once, written as text once, and
 * appended to the streams whose filter it passes. A follower that comes with a Last-Event-ID first reads what it missed,
 * by itself, until it has caught up with the hub.
 *
 * Fan-outs are at least GAP apart: under load one wake-up of a connection then carries several events.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "http/private.h"

#define AGAIN (200 * US_MS) /* after an error of the store */
#define GAP (4 * US_MS)
#define BEAT (15 * US_SEC)
enum { ROUND = 2000, CATCH_UP = 500, TYPES_MAX = 16 };

struct client {
	struct client *next, **at; /* at: what points here; NULL before it has arrived */
	struct hub *hub;
	struct stream *stream;
	struct event_filter filter;
	const char *types[TYPES_MAX + 1];
	char *types_text;
	int64_t after; /* >= 0: still catching up from here */
	int64_t has;   /* what it had when it came: from another gateway it may know more than we do */
	struct task arrive, leave;
	_Atomic bool gone;
};

struct flash {
	struct task t;
	struct hub *hub;
	struct event ev;
	char type[40];
};

struct hub {
	struct http *h;
	struct loop *loop;
	pthread_t thread;
	struct events_follower follower;
	struct task wake;
	struct timer gap, beat;
	struct client *clients;
	int64_t cursor, fanned;
	struct buf text;
	_Atomic int64_t clients_n, pending; /* pending: tasks that will still come */
	struct task first;
};

#define OWNER(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

static void frame(struct buf *b, const struct event *ev)
{
	struct json_out j;

	buf_reset(b);
	if (ev->seq)
		buf_addf(b, "id: %lld\n", (long long)ev->seq);
	buf_addf(b, "event: %s\ndata: ", ev->type);
	json_begin(&j, b);
	event_json(&j, ev);
	buf_adds(b, "\n\n");
}

/* ---- live ---- */

static void fan_one(void *arg, const struct event *ev)
{
	struct hub *hub = arg;
	bool framed = false;

	for (struct client *c = hub->clients; c; c = c->next) {
		if (c->after >= 0 || (ev->seq && ev->seq <= c->has) ||
		    atomic_load_explicit(&c->gone, memory_order_relaxed) || !event_matches(&c->filter, ev))
			continue;
		if (!framed)
			frame(&hub->text, ev);
		framed = true;
		stream_send(c->stream, buf_str(&hub->text));
	}
}

static void catch_one(void *arg, const struct event *ev)
{
	struct client *c = arg;

	if (ev->seq > c->hub->cursor)
		return; /* committed meanwhile: comes with the next round, to all */
	frame(&c->hub->text, ev);
	stream_send(c->stream, buf_str(&c->hub->text));
}

/* The past was forgotten: said in the stream, so that the client can load what it shows anew. */
static void say_reset(struct client *c)
{
	stream_send(c->stream, STR("event: stream.reset\ndata: {\"type\":\"stream.reset\"}\n\n"));
}

enum step { ARRIVED, BEHIND, FAILED };

/* A store that cannot be read now is asked again: nothing is passed over for it. */
static bool may_pass(const struct err *e)
{
	if (e->kind != ERR_NOT_FOUND)
		log_warn("stream.read_failed", "reason", e->msg, LOG_END);
	return e->kind == ERR_NOT_FOUND;
}

/* One step of a follower's way through the past. */
static enum step catch_up(struct hub *hub, struct client *c)
{
	struct err e = {0};
	int64_t to = events_read(hub->h->events, c->after, &c->filter, CATCH_UP, catch_one, c, &e);

	if (to < 0) {
		if (!may_pass(&e))
			return FAILED;
		say_reset(c);
		to = hub->cursor;
	}
	if (to >= hub->cursor) {
		c->after = -1;
		return ARRIVED;
	}
	c->after = to;
	return BEHIND;
}

/* What is new goes to all who have arrived. */
static enum step go_on(struct hub *hub)
{
	struct err e = {0};
	int64_t to = events_read(hub->h->events, hub->cursor, NULL, ROUND, fan_one, hub, &e);

	if (to < 0) {
		if (!may_pass(&e))
			return FAILED;
		to = events_last(hub->h->events);
		for (struct client *c = hub->clients; c; c = c->next)
			if (c->after < 0)
				say_reset(c);
	}
	hub->cursor = to;
	return to < events_last(hub->h->events) ? BEHIND : ARRIVED;
}

static void on_gap(struct timer *t);

static void fan_out(struct hub *hub)
{
	enum step s = go_on(hub);
	bool behind = s == BEHIND, failed = s == FAILED;

	hub->fanned = loop_now(hub->loop);
	for (struct client *c = hub->clients; c && !failed; c = c->next) {
		if (c->after < 0 || atomic_load(&c->gone))
			continue;
		s = catch_up(hub, c);
		behind |= s == BEHIND;
		failed |= s == FAILED;
	}
	if (failed)
		loop_timer(hub->loop, &hub->gap, loop_now(hub->loop) + AGAIN, on_gap);
	else if (behind)
		loop_post_once(hub->loop, &hub->wake);
}

static void on_gap(struct timer *t) { fan_out(OWNER(t, struct hub, gap)); }

static void on_wake(struct task *t)
{
	struct hub *hub = OWNER(t, struct hub, wake);

	if (hub->gap.slot)
		return;
	if (loop_now(hub->loop) - hub->fanned >= GAP)
		fan_out(hub);
	else
		loop_timer(hub->loop, &hub->gap, hub->fanned + GAP, on_gap);
}

static void on_commit(void *arg)
{
	struct hub *hub = arg;
	loop_post_once(hub->loop, &hub->wake);
}

static void on_flash_task(struct task *t)
{
	struct flash *f = OWNER(t, struct flash, t);
	struct hub *hub = f->hub;

	fan_one(hub, &f->ev);
	free(f);
	atomic_fetch_sub(&hub->pending, 1);
}

static void on_flash(void *arg, const struct event *ev)
{
	struct hub *hub = arg;
	struct flash *f = calloc(1, sizeof *f + ev->data.n);

	if (!f)
		return; /* a typing mark less */
	f->t.run = on_flash_task;
	f->hub = hub;
	f->ev = *ev;
	snprintf(f->type, sizeof f->type, "%s", ev->type);
	f->ev.type = f->type;
	memcpy(f + 1, ev->data.p, ev->data.n);
	f->ev.data.p = (const char *)(f + 1);
	atomic_fetch_add(&hub->pending, 1);
	loop_post(hub->loop, &f->t);
}

static void on_beat(struct timer *t)
{
	struct hub *hub = OWNER(t, struct hub, beat);

	for (struct client *c = hub->clients; c; c = c->next)
		stream_send(c->stream, STR(": \n\n"));
	loop_timer(hub->loop, t, loop_now(hub->loop) + BEAT, on_beat);
}

/* ---- coming and going ---- */

static void client_free(struct client *c)
{
	stream_unref(c->stream);
	free(c->types_text);
	free(c);
}

static void on_leave(struct task *t)
{
	struct client *c = OWNER(t, struct client, leave);
	struct hub *hub = c->hub;

	if (c->at) {
		*c->at = c->next;
		if (c->next)
			c->next->at = c->at;
	}
	atomic_fetch_sub(&hub->clients_n, 1);
	client_free(c);
	atomic_fetch_sub(&hub->pending, 1);
}

/* The connection has ended: on one of the server's threads. */
static void client_gone(void *arg)
{
	struct client *c = arg;

	atomic_store(&c->gone, true);
	atomic_fetch_add(&c->hub->pending, 1);
	loop_post(c->hub->loop, &c->leave);
}

static void on_arrive(struct task *t)
{
	struct client *c = OWNER(t, struct client, arrive);
	struct hub *hub = c->hub;

	c->next = hub->clients;
	c->at = &hub->clients;
	if (c->next)
		c->next->at = &c->next;
	hub->clients = c;
	if (c->after >= 0)
		fan_out(hub);
	atomic_fetch_sub(&hub->pending, 1);
}

static int copy_types(struct client *c, const struct event_filter *f, struct err *err)
{
	struct buf b;
	size_t n = 0;
	char *p;

	c->filter = *f;
	c->filter.types = NULL;
	if (!f->types)
		return 0;
	buf_init(&b, 4096);
	for (; f->types[n] && n < TYPES_MAX; n++)
		buf_add(&b, f->types[n], strlen(f->types[n]) + 1);
	c->types_text = p = buf_take(&b);
	if (!p)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++, p += strlen(p) + 1)
		c->types[i] = p;
	c->filter.types = c->types;
	return 0;
}

int hub_join(struct hub *hub, struct stream **out, const struct event_filter *f, int64_t after, struct err *err)
{
	struct client *c = calloc(1, sizeof *c);

	if (!c)
		return err_nomem(err);
	c->hub = hub;
	c->after = c->has = after;
	c->arrive.run = on_arrive;
	c->leave.run = on_leave;
	if (copy_types(c, f, err) || !(c->stream = stream_new(hub->h, client_gone, c))) {
		free(c->types_text);
		free(c);
		return err_nomem(err);
	}
	stream_send(c->stream, STR(": welcome\nretry: 1000\n\n"));
	/* One reference is the caller's, the other ours until the client leaves. */
	*out = c->stream;
	stream_ref(c->stream);
	atomic_fetch_add(&hub->clients_n, 1);
	atomic_fetch_add(&hub->pending, 1);
	loop_post(hub->loop, &c->arrive);
	return 0;
}

int64_t hub_clients(struct hub *hub) { return atomic_load(&hub->clients_n); }

static void *hub_main(void *arg)
{
	struct hub *hub = arg;

	pthread_setname_np(pthread_self(), "stream");
	loop_run(hub->loop);
	while (atomic_load(&hub->pending) > 0)
		loop_step(hub->loop, 1);
	return NULL;
}

static void release(struct hub *hub)
{
	loop_free(&hub->loop);
	buf_free(&hub->text);
	free(hub);
}

static void on_first(struct task *t)
{
	struct hub *hub = OWNER(t, struct hub, first);
	loop_timer(hub->loop, &hub->beat, loop_now(hub->loop) + BEAT, on_beat);
}

int hub_start(struct http *h, struct hub **out, struct err *err)
{
	struct hub *hub = calloc(1, sizeof *hub);

	if (!hub)
		return err_nomem(err);
	hub->h = h;
	hub->loop = loop_new("stream", NULL);
	buf_init(&hub->text, 1 << 20);
	hub->wake.run = on_wake;
	hub->first.run = on_first;
	hub->cursor = h->events ? events_last(h->events) : 0;
	hub->follower = (struct events_follower){.wake = on_commit, .flash = on_flash, .arg = hub};
	if (!hub->loop || pthread_create(&hub->thread, NULL, hub_main, hub)) {
		release(hub);
		return err_set(err, ERR_INTERNAL, "thread", NULL, "cannot start the thread of the event stream");
	}
	loop_post(hub->loop, &hub->first);
	if (h->events)
		events_follow(h->events, &hub->follower);
	*out = hub;
	return 0;
}

void hub_stop(struct hub **hp)
{
	struct hub *hub = *hp;

	if (!hub)
		return;
	if (hub->h->events)
		events_unfollow(hub->h->events, &hub->follower);
	loop_stop(hub->loop);
	pthread_join(hub->thread, NULL);
	release(hub);
	*hp = NULL;
}
