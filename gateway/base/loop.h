/*
 * An epoll loop owned by one thread: sockets, timers, and tasks posted from other threads.
 *
 * Everything runs on the thread in loop_run (or in loop_step, for tests). Only loop_post, loop_stop and loop_name may
 * be called from elsewhere; the others belong to the loop's thread.
 * A handler that takes over LOOP_SLOW_US is logged once a second with its name ("loop.slow").
 * Tasks and timers are embedded in their owner: posting and arming never allocate and so cannot fail.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#define LOOP_SLOW_US INT64_C(100000)
#define ROUND_US INT64_C(300) /* the pace of loops that messages go through */

struct loop;

/* A unit of work for another thread. Embed it; it must stay alive until run. Posting one that is pending is an error
 * (assert) except through loop_post_once, which then does nothing and returns false. */
struct task {
	struct task *next;
	void (*run)(struct task *t);
	_Atomic bool pending;
};

struct timer {
	int64_t at;
	void (*fire)(struct timer *t);
	uint32_t slot; /* 1 + index in the heap; 0 when not armed. Zero-initialise. */
};

struct watch; /* one registered descriptor */
typedef void watch_fn(void *arg, uint32_t events);

/* clock gives monotonic microseconds; NULL is clock_mono. Tests pass a hand-cranked one and use loop_step. */
struct loop *loop_new(const char *name, int64_t (*clock)(void));
void loop_free(struct loop **l);
const char *loop_name(const struct loop *l);
void loop_run(struct loop *l);			/* until loop_stop */
int loop_step(struct loop *l, int timeout_ms);	/* one round; returns how many handlers ran */
void loop_stop(struct loop *l);			/* thread-safe */
void loop_post(struct loop *l, struct task *t); /* thread-safe, first in first out; wakes the loop once per burst */
bool loop_post_once(struct loop *l, struct task *t); /* thread-safe */
/* A busy loop begins its rounds at least us apart, so that one round serves what several wake-ups would have brought one by
 * one; the first event after a pause is served at once. Before loop_run. 0: off, as it is made. */
void loop_pace(struct loop *l, int64_t us);
int64_t loop_now(const struct loop *l); /* monotonic, read once a round */

/* events: EPOLLIN, EPOLLOUT, ... level-triggered. NULL with errno on failure. The descriptor stays the caller's. */
struct watch *loop_watch(struct loop *l, int fd, uint32_t events, watch_fn *fn, void *arg);
int loop_rewatch(struct loop *l, struct watch *w, uint32_t events);
void loop_unwatch(struct loop *l, struct watch **w); /* safe inside any handler; accepts pointer to NULL */

void loop_timer(struct loop *l, struct timer *t, int64_t at, void (*fire)(struct timer *)); /* arm or move */
void loop_timer_stop(struct loop *l, struct timer *t);
