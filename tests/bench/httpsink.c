/*
 * httpsink: answers every request with 200 and counts distinct ones; stands for the application that a gateway calls
 * (Kannel's dlr-url and get-url). "ready" with its port, "complete" after --expect distinct requests, "report" at the
 * end; a time stamp (kit.h) in the request line gives the latency.
 */
#include <getopt.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "kit.h"

static const char usage[] = "usage: httpsink [--port N] [--expect N]    answers every request with 200\n";

struct conn {
	int fd;
	struct buf in, out;
};

struct sink {
	uint64_t requests, first, last, expect;
	struct set seen;
	struct hist way;
	bool told;
};

static void report(const struct sink *s, const char *event)
{
	struct buf b;

	kit_line(&b, event);
	kit_count(&b, "requests", s->requests);
	kit_count(&b, "distinct", s->seen.n);
	kit_count(&b, "first_ns", s->first);
	kit_count(&b, "last_ns", s->last);
	kit_latency(&b, "way", &s->way);
	kit_number(&b, "cpu_s", kit_cpu());
	kit_say(&b);
}

/* One request off the front of the buffer, only GET and other requests without a body. */
static bool take(struct sink *s, struct conn *c, uint64_t now)
{
	const char *end = c->in.n ? memmem(c->in.p, c->in.n, "\r\n\r\n", 4) : NULL;
	struct str line;
	uint64_t stamp;

	if (!end)
		return false;
	line = str_n(c->in.p, (size_t)((const char *)memchr(c->in.p, '\r', c->in.n) - c->in.p));
	stamp = kit_stamp(line);
	if (stamp && stamp < now)
		hist_add(&s->way, now - stamp);
	set_add(&s->seen, hash_of(1, line.p, line.n));
	s->requests++;
	s->first = s->first ? s->first : now;
	s->last = now;
	buf_consume(&c->in, (size_t)(end + 4 - c->in.p));
	buf_adds(&c->out, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n");
	return true;
}

static void serve(struct sink *s, struct conn *c, uint64_t now)
{
	if (kit_read(c->fd, &c->in) >= 0) {
		while (take(s, c, now))
			;
		if (kit_write(c->fd, &c->out) >= 0)
			return;
	}
	close(c->fd);
	buf_free(&c->in);
	buf_free(&c->out);
	free(c);
}

static void open_all(int ep, int listener)
{
	int fd;

	while ((fd = kit_accept(listener)) >= 0) {
		struct conn *c = kit_alloc(sizeof *c);
		c->fd = fd;
		buf_init(&c->in, 1 << 20);
		buf_init(&c->out, 1 << 20);
		kit_watch(ep, EPOLL_CTL_ADD, fd, EPOLLIN, c);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"port", 1, 0, 'p'}, {"expect", 1, 0, 'e'}, {0}};
	int o, port = 0, ep = epoll_create1(EPOLL_CLOEXEC), stop = kit_stop_fd(), listener;
	struct sink s = {0};
	bool quit = false;
	struct buf b;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o == 'p')
			port = (int)kit_long("port", optarg, 0, 65535);
		else if (o == 'e')
			s.expect = (uint64_t)kit_long("expect", optarg, 0, 1000000000);
		else
			kit_usage(usage);
	}
	kit_raise_files();
	listener = kit_listen(port, &port);
	kit_watch(ep, EPOLL_CTL_ADD, listener, EPOLLIN, &listener);
	kit_watch(ep, EPOLL_CTL_ADD, stop, EPOLLIN, &stop);
	kit_line(&b, "ready");
	kit_count(&b, "port", (uint64_t)port);
	kit_say(&b);
	while (!quit) {
		struct epoll_event ev[256];
		int n = epoll_wait(ep, ev, 256, -1);
		uint64_t now = kit_now();
		for (int i = 0; i < n; i++) {
			if (ev[i].data.ptr == &listener)
				open_all(ep, listener);
			else if (ev[i].data.ptr == &stop)
				quit = true;
			else
				serve(&s, ev[i].data.ptr, now);
		}
		if (s.expect && !s.told && s.seen.n >= s.expect) {
			s.told = true;
			report(&s, "complete");
		}
	}
	report(&s, "report");
	return 0;
}
