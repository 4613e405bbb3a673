#include "kit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_SIZE = 65536 };

uint64_t kit_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

double kit_cpu(void)
{
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

void kit_die(const char *what)
{
	perror(what);
	exit(1);
}

void kit_usage(const char *text)
{
	fputs(text, stderr);
	exit(2);
}

void *kit_alloc(size_t n)
{
	void *p = calloc(1, n);
	if (!p)
		kit_die("calloc");
	return p;
}

long kit_long(const char *option, const char *text, long min, long max)
{
	int64_t v;

	if (!str_i64(str_of(text), &v) || v < min || v > max) {
		fprintf(stderr, "--%s: a number from %ld to %ld, not \"%s\"\n", option, min, max, text);
		exit(2);
	}
	return v;
}

double kit_real(const char *option, const char *text)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end || v < 0) {
		fprintf(stderr, "--%s: a number, not \"%s\"\n", option, text);
		exit(2);
	}
	return v;
}

void kit_raise_files(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

int kit_stop_fd(void)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		kit_die("signalfd");
	return fd;
}

static struct sockaddr_in loopback(int port, int last)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(0x7f000000u | (uint32_t)last)};
}

int kit_listen(int port, int *bound)
{
	struct sockaddr_in a = loopback(port, 1);
	socklen_t n = sizeof a;
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		kit_die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 1024) || getsockname(fd, (struct sockaddr *)&a, &n))
		kit_die("listen");
	*bound = ntohs(a.sin_port);
	return fd;
}

static void no_delay(int fd)
{
	int one = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

int kit_accept(int fd)
{
	int s = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (s >= 0)
		no_delay(s);
	return s;
}

int kit_connect(int port, int source)
{
	struct sockaddr_in from = loopback(0, source), to = loopback(port, 1);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || (source > 1 && bind(fd, (struct sockaddr *)&from, sizeof from)) ||
	    connect(fd, (struct sockaddr *)&to, sizeof to))
		kit_die("connect");
	no_delay(fd);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

void kit_watch(int ep, int op, int fd, uint32_t events, void *who)
{
	struct epoll_event ev = {.events = events, .data.ptr = who};

	if (epoll_ctl(ep, op, fd, &ev))
		kit_die("epoll_ctl");
}

int kit_read(int fd, struct buf *b)
{
	char *room = buf_room(b, READ_SIZE);
	ssize_t n = room ? read(fd, room, READ_SIZE) : -1;

	if (!room)
		return -1;
	if (n > 0)
		b->n += (size_t)n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n > 0 ? 1 : -1;
}

int kit_write(int fd, struct buf *b)
{
	size_t done = 0;

	while (done < b->n) {
		ssize_t n = write(fd, b->p + done, b->n - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return -1;
		if (n < 0)
			break;
		done += (size_t)n;
	}
	buf_consume(b, done);
	return b->n == 0;
}

uint64_t kit_stamp(struct str text)
{
	for (size_t i = 0; i + 10 < text.n; i++) {
		uint64_t v = 0;
		size_t k = i + 1;
		if (text.p[i] != 'T')
			continue;
		while (k < text.n && text.p[k] >= '0' && text.p[k] <= '9')
			v = v * 10 + (uint64_t)(text.p[k++] - '0');
		if (k - i > 9)
			return v;
	}
	return 0;
}

void hist_add(struct hist *h, uint64_t v)
{
	unsigned power = v < HIST_STEPS ? 0 : 63u - (unsigned)__builtin_clzll(v); /* 5 and more */
	uint64_t i = power ? (power - 4) * HIST_STEPS + ((v >> (power - 5)) & (HIST_STEPS - 1)) : v;

	h->bin[i]++;
	h->n++;
	if (v > h->max)
		h->max = v;
}

double hist_ms(const struct hist *h, double percent)
{
	double want = (double)h->n * percent / 100, seen = 0;

	for (uint64_t i = 0; i < 64 * HIST_STEPS; i++) {
		seen += (double)h->bin[i];
		if (!h->bin[i] || seen < want)
			continue;
		if (i < HIST_STEPS)
			return (double)i / 1e6;
		return (double)((HIST_STEPS + i % HIST_STEPS) << (i / HIST_STEPS - 1)) / 1e6;
	}
	return (double)h->max / 1e6;
}

static bool set_put(struct set *s, uint64_t key)
{
	size_t i = key & (s->cap - 1);

	while (s->slot[i] && s->slot[i] != key)
		i = (i + 1) & (s->cap - 1);
	if (s->slot[i])
		return false;
	s->slot[i] = key;
	s->n++;
	return true;
}

bool set_add(struct set *s, uint64_t key)
{
	if (s->n * 10 >= s->cap * 6) {
		struct set old = *s;
		s->cap = old.cap ? old.cap * 2 : 65536;
		s->slot = kit_alloc(s->cap * sizeof *s->slot);
		s->n = 0;
		for (size_t i = 0; i < old.cap; i++)
			if (old.slot[i])
				set_put(s, old.slot[i]);
		free(old.slot);
	}
	return set_put(s, key ? key : 1);
}

/* FNV-1a over eight bytes at a time, with a last stirring. */
uint64_t hash_of(uint64_t seed, const void *p, size_t n)
{
	const char *c = p;
	uint64_t h = seed ^ UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i += 8) {
		uint64_t w = 0;
		memcpy(&w, c + i, n - i < 8 ? n - i : 8);
		h = (h ^ w) * UINT64_C(0x100000001b3);
		h ^= h >> 29;
	}
	h = (h ^ n) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ (h >> 32);
}

uint64_t kit_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 20;
}

bool kit_chance(uint64_t *state, double p)
{
	return p > 0 && (double)(kit_random(state) & 0xffffffff) < p * 4294967296.0;
}

void kit_line(struct buf *b, const char *event)
{
	buf_init(b, 1 << 20);
	buf_addf(b, "{\"event\":\"%s\"", event);
}

void kit_count(struct buf *b, const char *key, uint64_t v) { buf_addf(b, ",\"%s\":%llu", key, (unsigned long long)v); }
void kit_number(struct buf *b, const char *key, double v) { buf_addf(b, ",\"%s\":%.6g", key, v); }

void kit_latency(struct buf *b, const char *prefix, const struct hist *h)
{
	buf_addf(b, ",\"%s_n\":%llu,\"%s_p50_ms\":%.3f,\"%s_p90_ms\":%.3f,\"%s_p99_ms\":%.3f,\"%s_max_ms\":%.3f",
		 prefix, (unsigned long long)h->n, prefix, hist_ms(h, 50), prefix, hist_ms(h, 90), prefix,
		 hist_ms(h, 99), prefix, (double)h->max / 1e6);
}

void kit_say(struct buf *b)
{
	buf_adds(b, "}\n");
	fputs(buf_cstr(b), stdout);
	fflush(stdout);
	buf_free(b);
}
