/*
 * httpload: numbered HTTP/1.1 requests over keep-alive connections, one at a time on each.
 *
 * Without --rate a connection sends as soon as it has its answer (closed loop). With it, request i is due at start + i /
 * rate and its latency counts from there, so a slow server cannot hide by slowing the generator. 429 and 503 are not
 * lost: the same request is sent again a little later, and its latency goes on counting.
 *
 * In path and body:  {n} number of the request   {m} the same in 8 digits   {c} number modulo --subscribers, 8 digits
 *                    {t} time stamp (kit.h)      {f} a random line of --lines FILE
 */
#include <getopt.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "kit.h"

static const char usage[] =
	"usage: httpload --port N [options]    numbered requests to 127.0.0.1; one line of JSON at the end\n"
	"  --path P          with {n} {m} {c} {t} {f}, see httpload.c (/)\n"
	"  --body B          POST this; without, GET\n"
	"  --header 'K: V'   may be given several times\n"
	"  --conns N         connections (32)\n"
	"  --count N         requests (1000)\n"
	"  --first N         number of the first one (0)\n"
	"  --rate N          a second (0: closed loop)\n"
	"  --subscribers N   {c} counts so far (10000)\n"
	"  --lines FILE      what {f} is taken from\n"
	"  --seconds N       give up after so long (120)\n";

enum { AGAIN_MS = 20, REQUEST_MAX = 1 << 20, ANSWER_MAX = 16 << 20 };

struct load {
	int port, epoll;
	long conns, count, first, seconds;
	uint64_t subscribers;
	double rate;
	const char *path, *body;
	struct buf headers, scratch;
	struct str *lines;
	size_t lines_n;
	uint64_t seed, start, end, sent, done, again, closed, bytes;
	uint64_t status[6]; /* by hundreds; [0]: the connection closed */
	struct hist latency;
	char first_bad[200];
};

struct conn {
	int fd;
	bool busy, blocked;
	uint64_t due; /* time its request counts from */
	uint64_t number, again_at;
	struct buf in, out;
};

static void read_lines(struct load *l, const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t size = 0, cap = 0;
	ssize_t n;

	if (!f)
		kit_die(path);
	while ((n = getline(&line, &size, f)) > 0) {
		if (l->lines_n == cap) {
			cap = cap ? cap * 2 : 1024;
			l->lines = reallocarray(l->lines, cap, sizeof *l->lines);
			if (!l->lines)
				kit_die("reallocarray");
		}
		struct str s = str_trim(str_n(line, (size_t)n));
		l->lines[l->lines_n++] = str_n(strndup(s.p, s.n), s.n);
	}
	free(line);
	fclose(f);
}

static void expand(struct load *l, struct buf *b, const char *t, const struct conn *c)
{
	for (const char *open; (open = strchr(t, '{')); t = open + 3) {
		buf_add(b, t, (size_t)(open - t));
		if (!open[1] || open[2] != '}') { /* a brace of JSON */
			buf_addc(b, '{');
			open -= 2;
			continue;
		}
		switch (open[1]) {
		case 'n': buf_addf(b, "%llu", (unsigned long long)c->number); break;
		case 'm': buf_addf(b, "%08llu", (unsigned long long)(c->number % 100000000)); break;
		case 'c': buf_addf(b, "%08llu", (unsigned long long)(c->number % l->subscribers)); break;
		case 't': buf_addf(b, "T%llu.", (unsigned long long)c->due); break;
		case 'f':
			if (l->lines_n)
				buf_addstr(b, l->lines[kit_random(&l->seed) % l->lines_n]);
			break;
		default: buf_add(b, open, 3);
		}
	}
	buf_adds(b, t);
}

static void flush(struct load *l, struct conn *c)
{
	bool blocked = kit_write(c->fd, &c->out) == 0; /* a lost connection shows when it is read */

	if (blocked != c->blocked)
		kit_watch(l->epoll, EPOLL_CTL_MOD, c->fd, blocked ? EPOLLIN | EPOLLOUT : EPOLLIN, c);
	c->blocked = blocked;
}

static void put_request(struct load *l, struct conn *c)
{
	buf_adds(&c->out, l->body ? "POST " : "GET ");
	expand(l, &c->out, l->path, c);
	buf_adds(&c->out, " HTTP/1.1\r\nHost: 127.0.0.1\r\n");
	buf_addstr(&c->out, buf_str(&l->headers));
	if (l->body) {
		buf_reset(&l->scratch);
		expand(l, &l->scratch, l->body, c);
		buf_addf(&c->out, "Content-Length: %zu\r\n\r\n", l->scratch.n);
		buf_addstr(&c->out, buf_str(&l->scratch));
	} else {
		buf_adds(&c->out, "\r\n");
	}
	flush(l, c);
}

static void next(struct load *l, struct conn *c, uint64_t now)
{
	if (c->busy) {
		if (!c->again_at || now < c->again_at)
			return;
		c->again_at = 0;
		put_request(l, c);
		return;
	}
	if (l->sent >= (uint64_t)l->count)
		return;
	c->due = l->rate > 0 ? l->start + (uint64_t)((double)l->sent / l->rate * 1e9) : now;
	if (c->due > now)
		return;
	c->number = (uint64_t)l->first + l->sent++;
	c->busy = true;
	put_request(l, c);
}

static void open_conn(struct load *l, struct conn *c)
{
	c->fd = kit_connect(l->port, 1);
	c->blocked = false;
	kit_watch(l->epoll, EPOLL_CTL_ADD, c->fd, EPOLLIN, c);
}

static void answered(struct load *l, struct conn *c, int status, struct str head, uint64_t now)
{
	if (status == 429 || status == 503) {
		l->again++;
		c->again_at = now + AGAIN_MS * 1000000u;
		return;
	}
	hist_add(&l->latency, now - c->due);
	c->busy = false;
	l->done++;
	l->end = now;
	l->status[status / 100 > 5 ? 0 : status / 100]++;
	if (status / 100 != 2 && !l->first_bad[0])
		snprintf(l->first_bad, sizeof l->first_bad, "%.*s", (int)(head.n < 190 ? head.n : 190), head.p);
}

static void reopen(struct load *l, struct conn *c, uint64_t now)
{
	if (c->busy && !c->again_at)
		answered(l, c, 0, STR("the connection was closed"), now);
	l->closed++;
	close(c->fd);
	buf_reset(&c->in);
	buf_reset(&c->out);
	open_conn(l, c);
}

/* Value of a header in lower case with its colon; empty if absent. */
static struct str header(struct str head, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = head.p, *end = head.p + head.n; p < end; p++) {
		if (strncasecmp(p, name, n) == 0 && p + n < end) {
			const char *stop = memchr(p, '\r', (size_t)(end - p));
			return str_trim(str_n(p + n, (size_t)((stop ? stop : end) - p) - n));
		}
		p = memchr(p, '\n', (size_t)(end - p));
		if (!p)
			break;
	}
	return STR("");
}

static void on_answer(struct load *l, struct conn *c, uint64_t now)
{
	int64_t status = 0, length = 0;
	struct str head;
	const char *end;

	if (kit_read(c->fd, &c->in) < 0) {
		reopen(l, c, now);
		return;
	}
	end = c->in.n > 12 ? memmem(c->in.p, c->in.n, "\r\n\r\n", 4) : NULL;
	if (!end)
		return;
	head = str_n(c->in.p, (size_t)(end - c->in.p) + 2);
	str_i64(str_n(c->in.p + 9, 3), &status);
	str_i64(header(head, "content-length:"), &length);
	if (c->in.n < head.n + 2 + (size_t)length)
		return;
	l->bytes += head.n + 2 + (size_t)length;
	answered(l, c, (int)status, head, now);
	if (str_ieq(header(head, "connection:"), STR("close")))
		reopen(l, c, now);
	else
		buf_consume(&c->in, head.n + 2 + (size_t)length);
}

static void run(struct load *l, struct conn *cs)
{
	uint64_t limit = l->start + (uint64_t)l->seconds * 1000000000u, now = l->start;

	for (long i = 0; i < l->conns; i++)
		next(l, &cs[i], now);
	while (l->done < (uint64_t)l->count && now < limit) {
		struct epoll_event ev[256];
		int n = epoll_wait(l->epoll, ev, 256, l->rate > 0 || l->again ? 1 : 100);
		now = kit_now();
		for (int i = 0; i < n; i++) {
			struct conn *c = ev[i].data.ptr;
			if (ev[i].events & EPOLLOUT)
				flush(l, c);
			if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
				on_answer(l, c, now);
				next(l, c, now);
			}
		}
		for (long i = 0; (l->rate > 0 || l->again) && i < l->conns; i++)
			next(l, &cs[i], now);
	}
}

static void tell(const struct load *l)
{
	double seconds = (double)(l->end - l->start) * 1e-9;
	struct buf b;

	kit_line(&b, "done");
	kit_count(&b, "sent", l->sent);
	kit_count(&b, "answered", l->done);
	kit_count(&b, "ok", l->status[2]);
	kit_count(&b, "client_errors", l->status[4]);
	kit_count(&b, "server_errors", l->status[5]);
	kit_count(&b, "lost", l->status[0]);
	kit_count(&b, "again", l->again);
	kit_count(&b, "closed", l->closed);
	kit_count(&b, "bytes", l->bytes);
	kit_count(&b, "start_ns", l->start);
	kit_count(&b, "end_ns", l->end);
	kit_number(&b, "rate", seconds > 0 ? (double)l->done / seconds : 0);
	kit_latency(&b, "answer", &l->latency);
	kit_number(&b, "cpu_s", kit_cpu());
	kit_say(&b);
	if (l->first_bad[0])
		fprintf(stderr, "httpload: %s\n", l->first_bad);
}

static void option(struct load *l, int which, const char *v)
{
	switch (which) {
	case 'p': l->port = (int)kit_long("port", v, 1, 65535); break;
	case 'u': l->path = v; break;
	case 'b': l->body = v; break;
	case 'H': buf_addf(&l->headers, "%s\r\n", v); break;
	case 'c': l->conns = kit_long("conns", v, 1, 20000); break;
	case 'n': l->count = kit_long("count", v, 1, 1000000000); break;
	case 'f': l->first = kit_long("first", v, 0, 1000000000); break;
	case 'r': l->rate = kit_real("rate", v); break;
	case 's': l->subscribers = (uint64_t)kit_long("subscribers", v, 1, 100000000); break;
	case 'l': read_lines(l, v); break;
	case 'm': l->seconds = kit_long("seconds", v, 1, 86400); break;
	default: kit_usage(usage);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"port", 1, 0, 'p'},  {"path", 1, 0, 'u'},	  {"body", 1, 0, 'b'},	  {"header", 1, 0, 'H'},
		{"conns", 1, 0, 'c'}, {"count", 1, 0, 'n'},	  {"first", 1, 0, 'f'},	  {"rate", 1, 0, 'r'},
		{"lines", 1, 0, 'l'}, {"subscribers", 1, 0, 's'}, {"seconds", 1, 0, 'm'}, {0}};
	struct load l = {.conns = 32, .count = 1000, .seconds = 120, .subscribers = 10000, .path = "/"};
	struct conn *cs;
	int o;

	kit_stop_fd();
	buf_init(&l.headers, REQUEST_MAX);
	buf_init(&l.scratch, REQUEST_MAX);
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		option(&l, o, optarg);
	if (optind < argc || !l.port)
		kit_usage(usage);
	kit_raise_files();
	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	cs = kit_alloc((size_t)l.conns * sizeof *cs);
	for (long i = 0; i < l.conns; i++) {
		buf_init(&cs[i].in, ANSWER_MAX);
		buf_init(&cs[i].out, REQUEST_MAX);
		open_conn(&l, &cs[i]);
	}
	l.start = l.end = kit_now();
	l.seed = l.start;
	run(&l, cs);
	tell(&l);
	return l.status[2] == (uint64_t)l.count ? 0 : 1;
}
