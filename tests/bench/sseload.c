/*
 * sseload: many followers of an event stream (server-sent events, HTML section 9.2).
 *
 * "ready" once every connection has its response head, "complete" after --expect events in all, "report" at the end.
 * Latency of an event: from the "at" in its data (RFC 3339, wall clock of the same machine, milliseconds), or from a time
 * stamp (kit.h) if it has one.
 */
#include <getopt.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "kit.h"

static const char usage[] = "usage: sseload --port N [options]    followers of an event stream on 127.0.0.1\n"
			    "  --path P          {n} in it is the number of the connection (/)\n"
			    "  --header 'K: V'   may be given several times\n"
			    "  --conns N         connections (1)\n"
			    "  --expect N        print \"complete\" after so many events in all\n"
			    "  --data TEXT       count only events whose data contains this\n";

enum { AT_ONCE = 64, KEEP_MAX = 1 << 20 };

/* Buffers are given back when they are empty, so an idle follower costs little here too. */
struct sub {
	int fd;
	bool open, chunked;
	size_t left;	 /* bytes of the present chunk to come (RFC 9112 section 7.1) */
	struct buf in;	 /* as read */
	struct buf text; /* the body */
};

struct load {
	int port, epoll;
	long conns, made, opened, closed;
	uint64_t expect, events, all, first, last;
	const char *path, *data;
	struct buf headers;
	struct hist latency;
	bool ready, told;
};

static void report(const struct load *l, const char *event)
{
	struct buf b;

	kit_line(&b, event);
	kit_count(&b, "conns", (uint64_t)l->conns);
	kit_count(&b, "opened", (uint64_t)l->opened);
	kit_count(&b, "closed", (uint64_t)l->closed);
	kit_count(&b, "events", l->events);
	kit_count(&b, "all_events", l->all);
	kit_count(&b, "first_ns", l->first);
	kit_count(&b, "last_ns", l->last);
	kit_latency(&b, "event", &l->latency);
	kit_number(&b, "cpu_s", kit_cpu());
	kit_say(&b);
}

static void subscribe(struct load *l, struct sub *s)
{
	const char *mark = strstr(l->path, "{n}");
	struct buf b;

	s->fd = kit_connect(l->port, 1);
	buf_init(&s->in, KEEP_MAX);
	buf_init(&s->text, KEEP_MAX);
	buf_init(&b, 65536);
	buf_addf(&b, "GET %.*s", (int)(mark ? mark - l->path : (long)strlen(l->path)), l->path);
	if (mark)
		buf_addf(&b, "%ld%s", l->made, mark + 3);
	buf_adds(&b, " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n");
	buf_addstr(&b, buf_str(&l->headers));
	buf_adds(&b, "\r\n");
	if (kit_write(s->fd, &b) != 1)
		kit_die("write");
	buf_free(&b);
	kit_watch(l->epoll, EPOLL_CTL_ADD, s->fd, EPOLLIN, s);
	l->made++;
}

static void measure(struct load *l, struct str line, uint64_t now, int64_t wall)
{
	const char *at = memmem(line.p, line.n, "\"at\":\"", 6);
	uint64_t stamp = at ? 0 : kit_stamp(line);
	int64_t t;

	if (stamp && stamp < now)
		hist_add(&l->latency, now - stamp);
	if (!at)
		return;
	const char *end = memchr(at + 6, '"', line.n - (size_t)(at + 6 - line.p));
	if (end && time_parse(str_n(at + 6, (size_t)(end - at - 6)), &t))
		hist_add(&l->latency, wall > t ? (uint64_t)(wall - t) * 1000 : 0);
}

static void settle(struct buf *b, size_t used)
{
	if (used == b->n)
		buf_free(b);
	else
		buf_consume(b, used);
}

static void lines(struct load *l, struct sub *s, uint64_t now)
{
	int64_t wall = clock_now();
	size_t at = 0;
	const char *end;

	while (at < s->text.n && (end = memchr(s->text.p + at, '\n', s->text.n - at))) {
		struct str line = str_n(s->text.p + at, (size_t)(end - s->text.p) - at);
		at += line.n + 1;
		if (line.n < 5 || memcmp(line.p, "data:", 5) != 0)
			continue;
		l->all++;
		if (l->data && !memmem(line.p, line.n, l->data, strlen(l->data)))
			continue;
		l->events++;
		l->first = l->first ? l->first : now;
		l->last = now;
		measure(l, line, now, wall);
	}
	settle(&s->text, at);
}

/* Response head, once. Returns its length, 0 while it is not complete. */
static size_t head(struct load *l, struct sub *s)
{
	const char *end = s->in.n ? memmem(s->in.p, s->in.n, "\r\n\r\n", 4) : NULL;
	size_t n = end ? (size_t)(end - s->in.p) + 4 : 0;

	if (!end)
		return 0;
	if (memcmp(s->in.p + 9, "200", 3) != 0) {
		fprintf(stderr, "sseload: %.*s\n", (int)n, s->in.p);
		exit(1);
	}
	for (size_t i = 0; i + 8 < n; i++)
		s->chunked = s->chunked || strncasecmp(s->in.p + i, ": chunked", 9) == 0;
	s->open = true;
	l->opened++;
	return n;
}

/* Moves what has come of the body to text. */
static void body(struct sub *s, size_t at)
{
	while (at < s->in.n) {
		size_t n = s->in.n - at;
		if (!s->chunked || s->left) {
			n = s->chunked && s->left < n ? s->left : n;
			buf_add(&s->text, s->in.p + at, n);
			s->left -= s->chunked ? n : 0;
			at += n;
			continue;
		}
		/* a line with the size of the next chunk, or the empty one behind the last */
		const char *end = memchr(s->in.p + at, '\n', n);
		if (!end)
			break;
		if (s->in.p[at] != '\r')
			s->left = strtoul(s->in.p + at, NULL, 16);
		at = (size_t)(end - s->in.p) + 1;
	}
	settle(&s->in, at);
}

static void on_readable(struct load *l, struct sub *s)
{
	uint64_t now = kit_now();
	size_t at = 0;

	if (kit_read(s->fd, &s->in) < 0) {
		l->closed++;
		close(s->fd);
		buf_free(&s->in);
		buf_free(&s->text);
		return;
	}
	if (!s->open && !(at = head(l, s)))
		return;
	body(s, at);
	lines(l, s, now);
}

static void round_once(struct load *l, struct sub *subs, bool *quit)
{
	struct epoll_event ev[512];
	int n;

	/* gently: no more at once than a listen queue holds */
	while (l->made < l->conns && l->made - l->opened < AT_ONCE)
		subscribe(l, &subs[l->made]);
	n = epoll_wait(l->epoll, ev, 512, -1);
	for (int i = 0; i < n; i++) {
		if (ev[i].data.ptr == quit)
			*quit = true;
		else
			on_readable(l, ev[i].data.ptr);
	}
	if (!l->ready && l->opened == l->conns) {
		l->ready = true;
		report(l, "ready");
	}
	if (l->expect && !l->told && l->events >= l->expect) {
		l->told = true;
		report(l, "complete");
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"port", 1, 0, 'p'},
						{"path", 1, 0, 'u'},
						{"header", 1, 0, 'H'},
						{"conns", 1, 0, 'c'},
						{"expect", 1, 0, 'e'},
						{"data", 1, 0, 'd'},
						{0}};
	struct load l = {.conns = 1, .path = "/", .epoll = epoll_create1(EPOLL_CLOEXEC)};
	bool quit = false;
	struct sub *subs;
	int o, stop = kit_stop_fd();

	buf_init(&l.headers, 65536);
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (o) {
		case 'p': l.port = (int)kit_long("port", optarg, 1, 65535); break;
		case 'u': l.path = optarg; break;
		case 'H': buf_addf(&l.headers, "%s\r\n", optarg); break;
		case 'c': l.conns = kit_long("conns", optarg, 1, 1000000); break;
		case 'e': l.expect = (uint64_t)kit_long("expect", optarg, 0, 1000000000); break;
		case 'd': l.data = optarg; break;
		default: kit_usage(usage);
		}
	if (optind < argc || !l.port)
		kit_usage(usage);
	kit_raise_files();
	kit_watch(l.epoll, EPOLL_CTL_ADD, stop, EPOLLIN, &quit);
	subs = kit_alloc((size_t)l.conns * sizeof *subs);
	while (!quit)
		round_once(&l, subs, &quit);
	report(&l, "report");
	return 0;
}
