/*
 * ivrload: telephones. Calls the gateway on 127.0.0.1 by SIP (RFC 3261, UDP), as many at once as asked for, sends silence and
 * keys (RFC 4733), measures when the sound of the prompts arrives, hangs up. Every call has a number of its own:
 * PREFIX and eight digits. Says "up" when all are (with how fast that went), "held" after the time of the hold, "done".
 */
#include "ivrload.h"

#include <getopt.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const char usage[] = "usage: ivrload --port N [options]    telephones that call 127.0.0.1:N; lines of JSON\n"
			    "  --calls N      at once (1000)\n"
			    "  --window N     being set up at once (20)\n"
			    "  --hold S       seconds that all of them are held (30)\n"
			    "  --keys N       keys that each call presses meanwhile (4)\n"
			    "  --every MS     between two keys of a call (5000)\n"
			    "  --prefix P     of the numbers that call (+49151)\n"
			    "  --journal F    writes a line for each call: number, keys it pressed\n"
			    "  --seconds N    give up after so long (300)\n";

enum { RESEND = 500, TRIES = 7, SIP_MAX = 4096, MS = 1000000 };

static void send_sip(struct load *l, struct buf *b)
{
	if (sendto(l->sip, b->p, b->n, 0, (struct sockaddr *)&l->gateway, sizeof l->gateway) < 0)
		kit_die("sendto");
	buf_free(b);
}

/* The lines that every request has. */
static void begin(struct load *l, struct buf *b, const struct call *c, const char *method, int cseq)
{
	long i = c - l->call;

	buf_init(b, SIP_MAX);
	buf_addf(b, "%s %s SIP/2.0\r\n", method, c->contact);
	buf_addf(b, "Via: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK-%s-%ld-%d%s;rport\r\n", l->sip_port, l->id, i, cseq,
		 method[0] == 'A' ? "a" : "");
	buf_addf(b, "From: <sip:%s%08ld@127.0.0.1:%d>;tag=%ld\r\n", l->prefix, i, l->sip_port, i);
	buf_addf(b, "To: <sip:gateway@127.0.0.1:%d>%s%s\r\n", l->port, c->to_tag[0] ? ";tag=" : "", c->to_tag);
	buf_addf(b, "Call-ID: %ld.%s\r\nCSeq: %d %s\r\nMax-Forwards: 70\r\n", i, l->id, cseq, method);
	buf_addf(b, "Contact: <sip:%s%08ld@127.0.0.1:%d>\r\n", l->prefix, i, l->sip_port);
}

static void no_body(struct load *l, struct buf *b)
{
	buf_adds(b, "Content-Length: 0\r\n\r\n");
	send_sip(l, b);
}

static void invite(struct load *l, struct call *c)
{
	struct buf b;
	char sdp[400];
	int n = snprintf(sdp, sizeof sdp,
			 "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
			 "m=audio %d RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
			 "a=fmtp:101 0-15\r\na=ptime:20\r\n",
			 l->rtp_port);

	c->sent = kit_now();
	begin(l, &b, c, "INVITE", 1);
	buf_addf(&b, "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", n, sdp);
	send_sip(l, &b);
}

static void simple(struct load *l, struct call *c, const char *method, int cseq)
{
	struct buf b;

	if (cseq == 2)
		c->sent = kit_now();
	begin(l, &b, c, method, cseq);
	no_body(l, &b);
}

static void bad(struct load *l, struct str m)
{
	const char *nl = memchr(m.p, '\r', m.n);

	if (!l->first_bad[0])
		snprintf(l->first_bad, sizeof l->first_bad, "%.*s", (int)(nl ? nl - m.p : 0), m.p);
}

static void over(struct load *l, struct call *c)
{
	if (c->stage == CALL_INVITED || c->stage == CALL_LEAVING)
		l->in_flight--;
	if (c->port)
		l->by_port[c->port] = NULL;
	c->stage = CALL_OVER;
	l->over++;
}

/* ---- what comes */

/* The value of the first line that begins with the name. */
static struct str line_of(struct str m, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i + n + 2 < m.n; i++) {
		const char *nl;

		if (m.p[i] != '\n' || strncasecmp(m.p + i + 1, name, n) != 0)
			continue;
		nl = memchr(m.p + i + 1 + n, '\r', m.n - i - 1 - n);
		if (nl)
			return str_trim(str_n(m.p + i + 1 + n, (size_t)(nl - m.p) - i - 1 - n));
	}
	return STR("");
}

static const char *find(struct str m, const char *what) { return memmem(m.p, m.n, what, strlen(what)); }

/* Up to one of the letters, after what. */
static void part_of(struct str s, const char *after, const char *end, char *out, size_t size)
{
	const char *p = find(s, after);
	size_t n = 0;

	if (p)
		for (p += strlen(after); p + n < s.p + s.n && !strchr(end, p[n]) && n + 1 < size; n++)
			out[n] = p[n];
	out[n] = 0;
}

static void answered(struct load *l, struct call *c, struct str m)
{
	char port[8] = "";

	part_of(line_of(m, "To:"), ";tag=", ";> ", c->to_tag, sizeof c->to_tag);
	part_of(line_of(m, "Contact:"), "<", ">", c->contact, sizeof c->contact);
	part_of(m, "\nm=audio ", " ", port, sizeof port);
	simple(l, c, "ACK", 1);
	if (c->stage != CALL_INVITED)
		return; /* said again: the first ACK was lost */
	c->port = (uint16_t)strtol(port, NULL, 10);
	l->by_port[c->port] = c;
	c->stage = CALL_UP;
	c->event_at = -1;
	hist_add(&l->setup, kit_now() - c->began);
	l->in_flight--;
	l->up++;
}

static void on_answer(struct load *l, struct call *c, struct str m, int code)
{
	bool of_invite = find(line_of(m, "CSeq:"), "INVITE") != NULL;

	if (code < 200) {
		c->tries = TRIES - 1; /* it is known there */
		c->sent = kit_now() + 30 * (uint64_t)1000 * MS;
	} else if (of_invite && code < 300) {
		answered(l, c, m);
	} else if (of_invite) {
		bad(l, m);
		part_of(line_of(m, "To:"), ";tag=", ";> ", c->to_tag, sizeof c->to_tag);
		simple(l, c, "ACK", 1);
		if (c->stage == CALL_INVITED) {
			l->failed++;
			over(l, c);
		}
	} else if (c->stage == CALL_LEAVING) {
		over(l, c);
	}
}

static void on_request(struct load *l, struct call *c, struct str m)
{
	static const char *const copied[] = {"Via:", "From:", "To:", "Call-ID:", "CSeq:"};
	struct buf b;

	if (!find(str_n(m.p, m.n < 4 ? m.n : 4), "BYE"))
		return;
	buf_init(&b, SIP_MAX);
	buf_adds(&b, "SIP/2.0 200 OK\r\n");
	for (size_t i = 0; i < sizeof copied / sizeof *copied; i++) {
		buf_addf(&b, "%s ", copied[i]);
		buf_addstr(&b, line_of(m, copied[i]));
		buf_adds(&b, "\r\n");
	}
	no_body(l, &b);
	if (c->stage == CALL_OVER)
		return;
	l->dropped += c->stage == CALL_UP;
	c->dropped = true;
	over(l, c);
}

static void hear_sip(struct load *l)
{
	char m[SIP_MAX + 1];
	ssize_t n;

	while ((n = recv(l->sip, m, SIP_MAX, MSG_DONTWAIT)) > 0) {
		struct str s = str_n(m, (size_t)n);
		m[n] = 0;
		long i = strtol(line_of(s, "Call-ID:").p, NULL, 10);

		if (i < 0 || i >= l->begun)
			continue;
		if (strncmp(m, "SIP/2.0 ", 8) == 0)
			on_answer(l, &l->call[i], s, (int)strtol(m + 8, NULL, 10));
		else
			on_request(l, &l->call[i], s);
	}
}

/* ---- what goes */

static void resend(struct load *l)
{
	uint64_t now = kit_now();

	for (long i = 0; i < l->begun; i++) {
		struct call *c = &l->call[i];

		if ((c->stage != CALL_INVITED && c->stage != CALL_LEAVING) || now < c->sent + (uint64_t)RESEND * MS)
			continue;
		if (++c->tries > TRIES) {
			bad(l, STR("no answer\r"));
			l->failed++;
			over(l, c);
			continue;
		}
		l->resent++;
		if (c->stage == CALL_INVITED)
			invite(l, c);
		else
			simple(l, c, "BYE", 2);
	}
}

static void begin_calls(struct load *l)
{
	while (l->begun < l->calls && l->in_flight < l->window) {
		struct call *c = &l->call[l->begun++];

		snprintf(c->contact, sizeof c->contact, "sip:gateway@127.0.0.1:%d", l->port);
		c->stage = CALL_INVITED;
		c->began = kit_now();
		l->in_flight++;
		invite(l, c);
	}
}

static void end_calls(struct load *l)
{
	for (long i = 0; i < l->begun && l->in_flight < l->window; i++) {
		struct call *c = &l->call[i];

		if (c->stage != CALL_UP)
			continue;
		c->stage = CALL_LEAVING;
		c->tries = 0;
		l->in_flight++;
		simple(l, c, "BYE", 2);
	}
}

static void say(struct load *l, const char *event)
{
	struct buf b;
	uint64_t still = 0;

	for (long i = 0; i < l->calls; i++)
		still += l->call[i].stage == CALL_UP;
	l->packets = l->sounding = l->lost = 0;
	for (long i = 0; i < l->calls; i++) {
		l->packets += l->call[i].packets;
		l->sounding += l->call[i].sounding;
		l->lost += l->call[i].lost;
	}
	kit_line(&b, event);
	kit_count(&b, "up", still);
	kit_count(&b, "failed", l->failed);
	kit_count(&b, "dropped", l->dropped);
	kit_count(&b, "resent", l->resent);
	kit_number(&b, "setup_rate", l->up_at ? (double)l->up / ((double)(l->up_at - l->start) / 1e9) : 0);
	kit_latency(&b, "setup", &l->setup);
	kit_count(&b, "packets", l->packets);
	kit_count(&b, "sounding", l->sounding);
	kit_count(&b, "lost", l->lost);
	kit_count(&b, "late", l->late);
	kit_latency(&b, "jitter", &l->jitter);
	kit_count(&b, "keys_sent", l->keys_sent);
	kit_number(&b, "cpu", kit_cpu());
	if (l->first_bad[0])
		buf_addf(&b, ",\"first_bad\":\"%s\"", l->first_bad);
	kit_say(&b);
}

/* Up, then the hold, then all hang up. */
static void advance(struct load *l)
{
	uint64_t now = kit_now();

	if (!l->holding && !l->leaving) {
		begin_calls(l);
		if (l->up + (long)l->failed < l->calls)
			return;
		l->up_at = now;
		say(l, "up");
		rtp_reset(l);
		l->holding = true;
		l->hold_from = now;
	}
	if (l->holding && now > l->hold_from + (uint64_t)l->hold * 1000 * MS) {
		say(l, "held");
		l->holding = false;
		l->leaving = true;
	}
	if (l->leaving)
		end_calls(l);
}

static void on_tick(struct load *l)
{
	uint64_t n;

	if (read(l->tick_fd, &n, sizeof n) != sizeof n)
		return;
	for (; n; n--) {
		l->tick++;
		rtp_tick(l);
	}
	if (l->tick % 10 == 0 || l->in_flight < l->window)
		advance(l);
	if (l->tick % 100 == 0)
		resend(l);
}

static void run(struct load *l)
{
	while (l->over < l->calls && l->tick < l->seconds * 1000) {
		struct epoll_event e[4];
		int n = epoll_wait(l->epoll, e, 4, 1000);

		for (int i = 0; i < n; i++) {
			if (e[i].data.ptr == &l->sip)
				hear_sip(l);
			else if (e[i].data.ptr == &l->rtp)
				rtp_hear(l);
			else if (e[i].data.ptr == &l->tick_fd)
				on_tick(l);
			else
				return;
		}
		if (!l->holding)
			advance(l);
	}
}

static void journal(const struct load *l)
{
	FILE *f = fopen(l->journal, "we");

	if (!f)
		kit_die("journal");
	for (long i = 0; i < l->calls; i++) {
		fprintf(f, "%s%08ld ", l->prefix, i);
		for (int k = 0; k < l->call[i].keys_sent; k++)
			fputc(load_key(i, k), f);
		fputc('\n', f);
	}
	if (fclose(f))
		kit_die("journal");
}

static int open_udp(int *port, int room)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t n = sizeof at;
	int on = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) || getsockname(fd, (struct sockaddr *)&at, &n))
		kit_die("socket");
	/* As much as the system lets us: what is dropped here would be counted as lost. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on))
		kit_die("SO_TIMESTAMPNS");
	*port = ntohs(at.sin_port);
	return fd;
}

static void prepare(struct load *l)
{
	struct itimerspec every = {{0, MS}, {0, MS}};

	l->gateway = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons((uint16_t)l->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	snprintf(l->id, sizeof l->id, "%d.%llx", (int)getpid(), (unsigned long long)kit_now());
	l->call = kit_alloc((size_t)l->calls * sizeof *l->call);
	l->sip = open_udp(&l->sip_port, 8 << 20);
	l->rtp = open_udp(&l->rtp_port, 32 << 20);
	l->tick_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (l->tick_fd < 0 || timerfd_settime(l->tick_fd, 0, &every, NULL))
		kit_die("timerfd");
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	kit_watch(l->epoll, EPOLL_CTL_ADD, l->sip, EPOLLIN, &l->sip);
	kit_watch(l->epoll, EPOLL_CTL_ADD, l->rtp, EPOLLIN, &l->rtp);
	kit_watch(l->epoll, EPOLL_CTL_ADD, l->tick_fd, EPOLLIN, &l->tick_fd);
	kit_watch(l->epoll, EPOLL_CTL_ADD, l->stop_fd, EPOLLIN, NULL);
}

static void option(struct load *l, int o, const char *v)
{
	switch (o) {
	case 'p': l->port = (int)kit_long("port", v, 1, 65535); break;
	case 'c': l->calls = kit_long("calls", v, 1, 30000); break;
	case 'w': l->window = kit_long("window", v, 1, 1000); break;
	case 'h': l->hold = kit_long("hold", v, 1, 86400); break;
	case 'k': l->keys = kit_long("keys", v, 0, KEYS_MAX); break;
	case 'e': l->every = kit_long("every", v, 500, 3600000); break;
	case 'P': l->prefix = v; break;
	case 'j': l->journal = v; break;
	case 's': l->seconds = kit_long("seconds", v, 1, 86400); break;
	default: kit_usage(usage);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"port", 1, 0, 'p'},	{"calls", 1, 0, 'c'},
						{"window", 1, 0, 'w'},	{"hold", 1, 0, 'h'},
						{"keys", 1, 0, 'k'},	{"every", 1, 0, 'e'},
						{"prefix", 1, 0, 'P'},	{"journal", 1, 0, 'j'},
						{"seconds", 1, 0, 's'}, {0}};
	struct load *l = kit_alloc(sizeof *l);
	int o;

	*l = (struct load){
		.calls = 1000, .window = 20, .hold = 30, .keys = 4, .every = 5000, .seconds = 300, .prefix = "+49151"};
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		option(l, o, optarg);
	if (optind < argc || !l->port)
		kit_usage(usage);
	l->stop_fd = kit_stop_fd();
	prepare(l);
	l->start = kit_now();
	run(l);
	if (l->journal)
		journal(l);
	say(l, "done");
	return l->failed || l->dropped || l->over < l->calls;
}
