#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/loop.h"

static int64_t hand; /* a clock that moves when told */
static int64_t hand_clock(void) { return hand; }

struct tick {
	struct timer t;
	struct loop *l;
	int n, order;
};
static int order;

static void fired(struct timer *t)
{
	struct tick *k = (struct tick *)t;
	k->n++;
	k->order = ++order;
}

Test(loop, timers_fire_in_order_of_time_and_once)
{
	struct loop *l = loop_new("test", hand_clock);
	struct tick k[50] = {0};

	order = 0;
	for (int i = 0; i < 50; i++)
		loop_timer(l, &k[i].t, 1000 + (i * 37) % 50, fired);
	loop_timer_stop(l, &k[7].t);
	hand = 999;
	loop_step(l, 0);
	cr_expect_eq(order, 0);
	hand = 2000;
	loop_step(l, 0);
	cr_expect_eq(order, 49);
	for (int i = 0; i < 50; i++) {
		cr_expect_eq(k[i].n, i != 7);
		for (int m = 0; m < 50; m++)
			if (i != 7 && m != 7 && k[i].t.at < k[m].t.at)
				cr_expect_lt(k[i].order, k[m].order);
	}
	loop_step(l, 0);
	cr_expect_eq(order, 49);
	loop_free(&l);
}

static void self_unwatch(void *arg, uint32_t events)
{
	void **a = arg;
	(void)events;
	++*(int *)a[2];
	loop_unwatch(a[0], (struct watch **)a[1]);
}

Test(loop, a_watch_may_end_itself_and_others_in_a_handler)
{
	struct loop *l = loop_new("test", NULL);
	int p[2], q[2], n = 0;
	struct watch *w = NULL, *v = NULL;

	cr_assert_eq(pipe(p) | pipe(q), 0);
	/* Both are ready in one round; whichever comes first ends the other, which must then stay silent. */
	void *a[3] = {l, &v, &n}, *b[3] = {l, &w, &n};
	w = loop_watch(l, p[0], EPOLLIN, self_unwatch, a);
	v = loop_watch(l, q[0], EPOLLIN, self_unwatch, b);
	cr_assert_eq(write(p[1], "x", 1) + write(q[1], "x", 1), 2);
	loop_step(l, 0);
	cr_expect_eq(n, 1);
	loop_unwatch(l, &w);
	loop_unwatch(l, &v);
	loop_free(&l);
}

enum { POSTERS = 4, EACH = 10000 };
struct post {
	struct task t;
	int poster, seq;
};
static struct post posts[POSTERS][EACH];
static int last[POSTERS], seen;
static struct loop *shared;

static void arrived(struct task *t)
{
	struct post *p = (struct post *)t;
	cr_assert_eq(p->seq, last[p->poster] + 1, "posts of one thread arrive in order");
	last[p->poster] = p->seq;
	if (++seen == POSTERS * EACH)
		loop_stop(shared);
}

static void *poster(void *arg)
{
	struct post *v = arg;
	for (int i = 0; i < EACH; i++)
		loop_post(shared, &v[i].t);
	return NULL;
}

Test(loop, posts_from_many_threads_arrive_once_and_in_order)
{
	pthread_t th[POSTERS];

	shared = loop_new("test", NULL);
	for (int i = 0; i < POSTERS; i++)
		for (int k = 0; k < EACH; k++)
			posts[i][k] = (struct post){.t = {.run = arrived}, .poster = i, .seq = k + 1};
	for (int i = 0; i < POSTERS; i++)
		cr_assert_eq(pthread_create(&th[i], NULL, poster, posts[i]), 0);
	loop_run(shared);
	for (int i = 0; i < POSTERS; i++)
		pthread_join(th[i], NULL);
	cr_expect_eq(seen, POSTERS * EACH);
	loop_free(&shared);
}
