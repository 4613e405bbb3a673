#include "http/front.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"

#define PATIENCE (10 * US_SEC) /* for the first byte */
enum { PEEK = 256, ENOUGH = 16, AT_ONCE = 64 };

struct guest {
	TAILQ_ENTRY(guest) list; /* in order of arrival, so of patience */
	struct front *f;
	struct watch *watch;
	int64_t until;
	struct sockaddr_storage peer;
	socklen_t len;
	int fd;
};

struct front {
	struct loop *loop;
	pthread_t thread;
	struct watch *listening;
	struct timer sweep;
	TAILQ_HEAD(, guest) guests;
	int fd, port, n, most;
	front_is_stream *is_stream;
	front_give *give;
	void *arg;
};

static void guest_free(struct guest *g)
{
	TAILQ_REMOVE(&g->f->guests, g, list);
	g->f->n--;
	loop_unwatch(g->f->loop, &g->watch);
	free(g);
}

static void guest_close(struct guest *g)
{
	int fd = g->fd;

	guest_free(g);
	close(fd);
}

/* A prefix of a few bytes decides nothing yet, unless it cannot grow into a stream's. */
static void on_bytes(void *arg, uint32_t events)
{
	struct guest *g = arg;
	struct front *f = g->f;
	char first[PEEK];
	ssize_t n = recv(g->fd, first, sizeof first, MSG_PEEK | MSG_DONTWAIT);
	bool streams;

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		guest_close(g);
		return;
	}
	streams = n >= ENOUGH && f->is_stream(str_n(first, (size_t)n));
	{
		struct sockaddr_storage peer = g->peer;
		socklen_t len = g->len;
		int fd = g->fd;

		guest_free(g);
		f->give(f->arg, fd, (struct sockaddr *)&peer, len, streams);
	}
}

static void on_sweep(struct timer *t)
{
	struct front *f = (struct front *)(void *)((char *)t - offsetof(struct front, sweep));
	struct guest *g;

	while ((g = TAILQ_FIRST(&f->guests)) && g->until <= loop_now(f->loop))
		guest_close(g);
	loop_timer(f->loop, t, loop_now(f->loop) + US_SEC, on_sweep);
}

static bool welcome(struct front *f, int fd, const struct sockaddr_storage *peer, socklen_t len)
{
	struct guest *g = f->n < f->most ? calloc(1, sizeof *g) : NULL;
	int one = 1;

	if (!g)
		return false;
	*g = (struct guest){.f = f, .fd = fd, .peer = *peer, .len = len, .until = loop_now(f->loop) + PATIENCE};
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	g->watch = loop_watch(f->loop, fd, EPOLLIN, on_bytes, g);
	if (!g->watch) {
		free(g);
		return false;
	}
	TAILQ_INSERT_TAIL(&f->guests, g, list);
	f->n++;
	return true;
}

static void on_knock(void *arg, uint32_t events)
{
	struct front *f = arg;

	(void)events;
	for (int i = 0; i < AT_ONCE; i++) {
		struct sockaddr_storage peer = {0};
		socklen_t len = sizeof peer;
		int fd = accept4(f->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return; /* EAGAIN, or out of descriptors: the next round tries again */
		if (!welcome(f, fd, &peer, len))
			close(fd);
	}
}

static int listen_at(struct front *f, const struct sockaddr *at, socklen_t len, struct err *err)
{
	struct sockaddr_storage bound = {0};
	socklen_t n = sizeof bound;
	int one = 1, zero = 0;

	f->fd = socket(at->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (f->fd < 0)
		return err_set(err, ERR_INVALID, "listen_failed", "http.listen", "no socket: %s", strerror(errno));
	setsockopt(f->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (at->sa_family == AF_INET6)
		setsockopt(f->fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
	if (bind(f->fd, at, len) || listen(f->fd, 4096) || getsockname(f->fd, (struct sockaddr *)&bound, &n))
		return err_set(err, ERR_INVALID, "listen_failed", "http.listen", "cannot listen: %s", strerror(errno));
	f->port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)(void *)&bound)->sin6_port
						    : ((struct sockaddr_in *)(void *)&bound)->sin_port);
	return 0;
}

static void release(struct front *f)
{
	struct guest *g;

	while ((g = TAILQ_FIRST(&f->guests)))
		guest_close(g);
	if (f->loop)
		loop_unwatch(f->loop, &f->listening);
	loop_free(&f->loop);
	if (f->fd >= 0)
		close(f->fd);
	free(f);
}

static void *front_main(void *arg)
{
	struct front *f = arg;

	pthread_setname_np(pthread_self(), "accept");
	loop_run(f->loop);
	return NULL;
}

int front_start(const struct sockaddr *at, socklen_t len, int most, front_is_stream *is_stream, front_give *give,
		void *arg, struct front **out, struct err *err)
{
	struct front *f = calloc(1, sizeof *f);

	if (!f)
		return err_nomem(err);
	*f = (struct front){.fd = -1, .most = most, .is_stream = is_stream, .give = give, .arg = arg};
	TAILQ_INIT(&f->guests);
	f->loop = loop_new("accept", NULL);
	if (!f->loop || listen_at(f, at, len, err)) {
		if (!f->loop)
			err_nomem(err);
		release(f);
		return -1;
	}
	f->listening = loop_watch(f->loop, f->fd, EPOLLIN, on_knock, f);
	loop_timer(f->loop, &f->sweep, loop_now(f->loop) + US_SEC, on_sweep);
	if (!f->listening || pthread_create(&f->thread, NULL, front_main, f)) {
		release(f);
		return err_set(err, ERR_INTERNAL, "thread", NULL, "cannot start the thread that accepts connections");
	}
	*out = f;
	return 0;
}

int front_port(const struct front *f) { return f->port; }

void front_stop(struct front **fp)
{
	struct front *f = *fp;

	if (!f)
		return;
	loop_stop(f->loop);
	pthread_join(f->thread, NULL);
	release(f);
	*fp = NULL;
}
