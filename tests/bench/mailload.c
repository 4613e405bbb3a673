/*
 * mailload: numbered mails by SMTP or LMTP to 127.0.0.1, one at a time over each of the connections, which are kept.
 * MAIL, RCPT and DATA go out as one (RFC 2920), so a mail costs two round trips, whoever is measured.
 *
 * The mail is a file with lines ending in CRLF and dots doubled already; in it and in the addresses:
 *     {n} number of the mail   {m} the same in 8 digits   {c} number modulo --senders, 8 digits
 *     {p} number of the mail before with the same {c}, 8 digits; with none before it one that never was sent
 */
#include <getopt.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "kit.h"

static const char usage[] =
	"usage: mailload --port N --mail FILE [options]    numbered mails; one line of JSON at the end\n"
	"  --lmtp            LHLO instead of EHLO\n"
	"  --from A          envelope sender (c{c}@people.example)\n"
	"  --to A            recipient (care@shop.example)\n"
	"  --conns N         connections (20)\n"
	"  --count N         mails (1000)\n"
	"  --first N         number of the first one (0)\n"
	"  --senders N       {c} counts so far (10000)\n"
	"  --seconds N       give up after so long (120)\n";

enum { MAIL_MAX = 1 << 20, REPLY_MAX = 1 << 16 };

enum step { GREETING, HELLO, ENVELOPE, CONTENT, IDLE };

struct load {
	int port, epoll;
	bool lmtp;
	long conns, count, first, seconds;
	uint64_t senders, start, end, sent, ok, refused;
	const char *from, *to;
	struct buf mail;
	struct hist latency;
	char first_bad[200];
};

struct conn {
	int fd, due; /* due: replies that this step still waits for */
	enum step step;
	bool blocked, bad;
	uint64_t number, began;
	struct buf in, out;
};

static void expand(const struct load *l, struct buf *b, const char *t, size_t n, uint64_t number)
{
	const char *end = t + n, *open;

	for (; (open = memchr(t, '{', (size_t)(end - t))); t = open + 3) {
		buf_add(b, t, (size_t)(open - t));
		if (end - open < 3 || open[2] != '}') {
			buf_addc(b, '{');
			open -= 2;
			continue;
		}
		switch (open[1]) {
		case 'n': buf_addf(b, "%llu", (unsigned long long)number); break;
		case 'm': buf_addf(b, "%08llu", (unsigned long long)(number % 100000000)); break;
		case 'c': buf_addf(b, "%08llu", (unsigned long long)(number % l->senders)); break;
		case 'p':
			buf_addf(b, "%08llu",
				 (unsigned long long)(number >= l->senders ? number - l->senders : 99999999 - number));
			break;
		default: buf_add(b, open, 3);
		}
	}
	buf_add(b, t, (size_t)(end - t));
}

static void flush(struct load *l, struct conn *c)
{
	bool blocked = kit_write(c->fd, &c->out) == 0; /* a lost connection shows when it is read */

	if (blocked != c->blocked)
		kit_watch(l->epoll, EPOLL_CTL_MOD, c->fd, blocked ? EPOLLIN | EPOLLOUT : EPOLLIN, c);
	c->blocked = blocked;
}

static void next_mail(struct load *l, struct conn *c)
{
	c->step = IDLE;
	if (l->sent >= (uint64_t)l->count)
		return;
	c->number = (uint64_t)l->first + l->sent++;
	c->began = kit_now();
	c->bad = false;
	buf_adds(&c->out, "MAIL FROM:<");
	expand(l, &c->out, l->from, strlen(l->from), c->number);
	buf_adds(&c->out, ">\r\nRCPT TO:<");
	expand(l, &c->out, l->to, strlen(l->to), c->number);
	buf_adds(&c->out, ">\r\nDATA\r\n");
	c->step = ENVELOPE;
	c->due = 3;
	flush(l, c);
}

static void finish(struct load *l, struct conn *c)
{
	l->end = kit_now();
	hist_add(&l->latency, l->end - c->began);
	if (c->bad)
		l->refused++;
	else
		l->ok++;
	next_mail(l, c);
}

/* All replies of the step are here. */
static void advance(struct load *l, struct conn *c)
{
	switch (c->step) {
	case GREETING:
		buf_addf(&c->out, "%s bench.example\r\n", l->lmtp ? "LHLO" : "EHLO");
		c->step = HELLO;
		c->due = 1;
		flush(l, c);
		break;
	case HELLO: next_mail(l, c); break;
	case ENVELOPE:
		if (c->bad) { /* whether DATA was taken decides nothing: this load is not meant to be refused */
			finish(l, c);
			break;
		}
		expand(l, &c->out, l->mail.p, l->mail.n, c->number);
		buf_adds(&c->out, ".\r\n");
		c->step = CONTENT;
		c->due = 1;
		flush(l, c);
		break;
	case CONTENT: finish(l, c); break;
	case IDLE: break;
	}
}

static void reply(struct load *l, struct conn *c, struct str line)
{
	if (line.n > 3 && line.p[3] == '-')
		return;
	if (line.n < 3 || line.p[0] > '3') {
		c->bad = true;
		if (!l->first_bad[0])
			snprintf(l->first_bad, sizeof l->first_bad, "%.*s", (int)(line.n < 190 ? line.n : 190), line.p);
	}
	if (--c->due == 0)
		advance(l, c);
}

static bool on_data(struct load *l, struct conn *c)
{
	const char *stop;

	if (kit_read(c->fd, &c->in) < 0)
		return false;
	while (c->in.n && (stop = memchr(c->in.p, '\n', c->in.n))) {
		size_t n = (size_t)(stop - c->in.p) + 1;
		reply(l, c, str_trim(str_n(c->in.p, n)));
		buf_consume(&c->in, n);
	}
	return true;
}

static void run(struct load *l)
{
	uint64_t limit = l->start + (uint64_t)l->seconds * 1000000000u;

	while (l->ok + l->refused < (uint64_t)l->count && kit_now() < limit) {
		struct epoll_event ev[256];
		int n = epoll_wait(l->epoll, ev, 256, 100);
		for (int i = 0; i < n; i++) {
			struct conn *c = ev[i].data.ptr;
			if (ev[i].events & EPOLLOUT)
				flush(l, c);
			if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !on_data(l, c)) {
				fprintf(stderr, "mailload: the server closed a connection: %s\n", l->first_bad);
				exit(1);
			}
		}
	}
}

static void read_mail(struct load *l, const char *path)
{
	FILE *f = fopen(path, "r");
	char part[4096];
	size_t n;

	if (!f)
		kit_die(path);
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_add(&l->mail, part, n);
	fclose(f);
}

static void tell(const struct load *l)
{
	double seconds = (double)(l->end - l->start) * 1e-9;
	struct buf b;

	kit_line(&b, "done");
	kit_count(&b, "ok", l->ok);
	kit_count(&b, "refused", l->refused);
	kit_count(&b, "start_ns", l->start);
	kit_count(&b, "end_ns", l->end);
	kit_number(&b, "rate", seconds > 0 ? (double)l->ok / seconds : 0);
	kit_latency(&b, "answer", &l->latency);
	kit_number(&b, "cpu_s", kit_cpu());
	kit_say(&b);
	if (l->first_bad[0])
		fprintf(stderr, "mailload: %s\n", l->first_bad);
}

static void option(struct load *l, int which, const char *v)
{
	switch (which) {
	case 'p': l->port = (int)kit_long("port", v, 1, 65535); break;
	case 'M': read_mail(l, v); break;
	case 'l': l->lmtp = true; break;
	case 'F': l->from = v; break;
	case 't': l->to = v; break;
	case 'c': l->conns = kit_long("conns", v, 1, 1000); break;
	case 'n': l->count = kit_long("count", v, 1, 1000000000); break;
	case 'f': l->first = kit_long("first", v, 0, 1000000000); break;
	case 's': l->senders = (uint64_t)kit_long("senders", v, 1, 100000000); break;
	case 'm': l->seconds = kit_long("seconds", v, 1, 86400); break;
	default: kit_usage(usage);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"port", 1, 0, 'p'},
						{"mail", 1, 0, 'M'},
						{"lmtp", 0, 0, 'l'},
						{"from", 1, 0, 'F'},
						{"to", 1, 0, 't'},
						{"conns", 1, 0, 'c'},
						{"count", 1, 0, 'n'},
						{"first", 1, 0, 'f'},
						{"senders", 1, 0, 's'},
						{"seconds", 1, 0, 'm'},
						{0}};
	struct load l = {.conns = 20, .count = 1000, .seconds = 120, .senders = 10000};
	struct conn *cs;
	int o;

	kit_stop_fd();
	l.from = "c{c}@people.example";
	l.to = "care@shop.example";
	buf_init(&l.mail, MAIL_MAX);
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		option(&l, o, optarg);
	if (optind < argc || !l.port || !l.mail.n)
		kit_usage(usage);
	kit_raise_files();
	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	cs = kit_alloc((size_t)l.conns * sizeof *cs);
	l.start = l.end = kit_now();
	for (long i = 0; i < l.conns; i++) {
		buf_init(&cs[i].in, REPLY_MAX);
		buf_init(&cs[i].out, 2 * MAIL_MAX);
		cs[i].due = 1;
		cs[i].fd = kit_connect(l.port, 1);
		kit_watch(l.epoll, EPOLL_CTL_ADD, cs[i].fd, EPOLLIN, &cs[i]);
	}
	run(&l);
	tell(&l);
	return l.ok == (uint64_t)l.count ? 0 : 1;
}
