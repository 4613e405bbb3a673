/*
 * Design: one epoll descriptor, one eventfd for posts, a binary heap of timers.
 * Posted tasks form a lock-free stack that the loop takes whole and reverses: one atomic exchange per burst, and
 * one wake-up per burst, because waking another core costs more than most tasks do.
 * An unwatched descriptor is freed only at the end of the round, since a later event of the same round may name it.
 */
#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { EVENTS = 64, TIMERS = 64 };

struct watch {
	int fd;
	watch_fn *fn; /* NULL once unwatched */
	void *arg;
	struct watch *dead;
};

struct loop {
	const char *name;
	int64_t (*clock)(void);
	int64_t now, told_slow, pace, began;
	bool busy; /* the last round had work */
	int ep, wake;
	_Atomic(struct task *) posted;
	_Atomic bool stop;
	struct timer **heap;
	uint32_t heap_n, heap_cap;
	struct watch *dead;
};

struct loop *loop_new(const char *name, int64_t (*clock)(void))
{
	struct loop *l = calloc(1, sizeof *l);
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};

	if (!l)
		return NULL;
	l->name = name;
	l->clock = clock ? clock : clock_mono;
	l->now = l->clock();
	l->ep = epoll_create1(EPOLL_CLOEXEC);
	l->heap = calloc(TIMERS, sizeof *l->heap);
	l->heap_cap = TIMERS;
	l->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!l->heap || l->ep < 0 || l->wake < 0 || epoll_ctl(l->ep, EPOLL_CTL_ADD, l->wake, &ev))
		loop_free(&l);
	return l;
}

static void bury(struct loop *l)
{
	for (struct watch *w = l->dead, *next; w; w = next) {
		next = w->dead;
		free(w);
	}
	l->dead = NULL;
}

void loop_free(struct loop **lp)
{
	struct loop *l = lp ? *lp : NULL;

	if (!l)
		return;
	bury(l);
	if (l->ep >= 0)
		close(l->ep);
	if (l->wake >= 0)
		close(l->wake);
	free(l->heap);
	free(l);
	*lp = NULL;
}

const char *loop_name(const struct loop *l) { return l->name; }
int64_t loop_now(const struct loop *l) { return l->now; }

static void wake(struct loop *l)
{
	uint64_t one = 1;
	ssize_t n = write(l->wake, &one, sizeof one);
	(void)n; /* EAGAIN means that it is awake already */
}

void loop_stop(struct loop *l)
{
	atomic_store(&l->stop, true);
	wake(l);
}

bool loop_post_once(struct loop *l, struct task *t)
{
	struct task *head;

	if (atomic_exchange(&t->pending, true))
		return false;
	head = atomic_load_explicit(&l->posted, memory_order_relaxed);
	do
		t->next = head;
	while (!atomic_compare_exchange_weak(&l->posted, &head, t));
	if (!head)
		wake(l);
	return true;
}

void loop_post(struct loop *l, struct task *t)
{
	bool posted = loop_post_once(l, t);
	assert(posted);
	(void)posted;
}

static int run_posted(struct loop *l)
{
	struct task *t = atomic_exchange(&l->posted, NULL), *fifo = NULL;
	int n = 0;

	while (t) {
		struct task *next = t->next;
		t->next = fifo;
		fifo = t;
		t = next;
	}
	while (fifo) {
		struct task *next = fifo->next;
		/* Cleared first: the handler may free the task or post it again. */
		atomic_store(&fifo->pending, false);
		fifo->run(fifo);
		fifo = next;
		n++;
	}
	return n;
}

struct watch *loop_watch(struct loop *l, int fd, uint32_t events, watch_fn *fn, void *arg)
{
	struct watch *w = calloc(1, sizeof *w);
	struct epoll_event ev = {.events = events, .data.ptr = w};

	if (!w)
		return NULL;
	*w = (struct watch){.fd = fd, .fn = fn, .arg = arg};
	if (epoll_ctl(l->ep, EPOLL_CTL_ADD, fd, &ev)) {
		int saved = errno;
		free(w);
		errno = saved;
		return NULL;
	}
	return w;
}

int loop_rewatch(struct loop *l, struct watch *w, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = w};
	return epoll_ctl(l->ep, EPOLL_CTL_MOD, w->fd, &ev);
}

void loop_unwatch(struct loop *l, struct watch **wp)
{
	struct watch *w = *wp;

	if (!w)
		return;
	epoll_ctl(l->ep, EPOLL_CTL_DEL, w->fd, NULL);
	w->fn = NULL;
	w->dead = l->dead;
	l->dead = w;
	*wp = NULL;
}

static void heap_set(struct loop *l, uint32_t i, struct timer *t)
{
	l->heap[i] = t;
	t->slot = i + 1;
}

static void sift(struct loop *l, uint32_t i, struct timer *t)
{
	while (i && l->heap[(i - 1) / 2]->at > t->at) {
		heap_set(l, i, l->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	for (uint32_t c; (c = 2 * i + 1) < l->heap_n; i = c) {
		if (c + 1 < l->heap_n && l->heap[c + 1]->at < l->heap[c]->at)
			c++;
		if (l->heap[c]->at >= t->at)
			break;
		heap_set(l, i, l->heap[c]);
	}
	heap_set(l, i, t);
}

void loop_timer(struct loop *l, struct timer *t, int64_t at, void (*fire)(struct timer *))
{
	t->at = at;
	t->fire = fire;
	if (!t->slot) {
		if (l->heap_n == l->heap_cap) {
			uint32_t cap = 2 * l->heap_cap;
			struct timer **heap = realloc(l->heap, cap * sizeof *heap);
			if (!heap)
				abort(); /* a timer that silently never fires would be worse */
			l->heap = heap;
			l->heap_cap = cap;
		}
		l->heap[l->heap_n] = t;
		t->slot = ++l->heap_n;
	}
	sift(l, t->slot - 1, t);
}

void loop_timer_stop(struct loop *l, struct timer *t)
{
	uint32_t i = t->slot;

	if (!i--)
		return;
	t->slot = 0;
	if (i != --l->heap_n)
		sift(l, i, l->heap[l->heap_n]);
}

static int run_timers(struct loop *l)
{
	int n = 0;

	while (l->heap_n && l->heap[0]->at <= l->now) {
		struct timer *t = l->heap[0];
		loop_timer_stop(l, t);
		t->fire(t);
		n++;
	}
	return n;
}

static int wait_ms(const struct loop *l, int timeout_ms)
{
	int64_t us;

	if (!l->heap_n)
		return timeout_ms;
	us = l->heap[0]->at - l->clock();
	if (us <= 0)
		return 0;
	us = (us + 999) / 1000;
	return timeout_ms < 0 || us < timeout_ms ? (int)(us > 60000 ? 60000 : us) : timeout_ms;
}

static void check_slow(struct loop *l, int64_t since)
{
	int64_t now = clock_mono();

	if (now - since < LOOP_SLOW_US || now - l->told_slow < US_SEC)
		return;
	l->told_slow = now;
	log_warn("loop.slow", "loop", l->name, "ms", LOG_INT((now - since) / 1000), LOG_END);
}

void loop_pace(struct loop *l, int64_t us) { l->pace = us; }

static void keep_pace(struct loop *l)
{
	int64_t left = l->began + l->pace - clock_mono();
	struct timespec ts = {.tv_nsec = left * 1000};

	if (l->pace && l->busy && left > 0 && left <= l->pace)
		nanosleep(&ts, NULL);
}

int loop_step(struct loop *l, int timeout_ms)
{
	struct epoll_event ev[EVENTS];
	int n, ran = 0;

	keep_pace(l);
	n = epoll_wait(l->ep, ev, EVENTS, wait_ms(l, timeout_ms));
	l->began = clock_mono();
	l->now = l->clock();
	for (int i = 0; i < n; i++) {
		struct watch *w = ev[i].data.ptr;
		if (!w) {
			uint64_t count;
			ssize_t got = read(l->wake, &count, sizeof count);
			(void)got;
		} else if (w->fn) {
			w->fn(w->arg, ev[i].events);
			ran++;
		}
	}
	ran += run_posted(l);
	ran += run_timers(l);
	bury(l);
	check_slow(l, l->began);
	l->busy = ran > 0;
	return ran;
}

void loop_run(struct loop *l)
{
	while (!atomic_load(&l->stop))
		loop_step(l, -1);
	atomic_store(&l->stop, false);
}
