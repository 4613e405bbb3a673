/*
 * Sound and keys of ivrload. Out: PCMU silence every 20 ms, and keys as telephone-events (RFC 4733), 100 ms long, the end
 * said three times. In: the time between two packets of a call by the kernel's clock of arrival, so that it does not matter
 * how late this program comes to read them.
 */
#include <errno.h>
#include <sys/socket.h>
#include <time.h>

#include "ivrload.h"

enum { HEAD = 12, EVENT_TYPE = 101, EVENT_PACKETS = 5, EVENT_ENDS = 3, PACKET = HEAD + SAMPLES };

struct batch {
	struct mmsghdr m[RTP_BATCH];
	struct iovec v[RTP_BATCH];
	struct sockaddr_in to[RTP_BATCH];
	uint8_t bytes[RTP_BATCH][PACKET];
	unsigned n;
};

char load_key(long call, int n)
{
	static const char keys[] = "0123456789*";

	return keys[(call * 7 + n * (call % 3)) % 11]; /* of every third call all are the same */
}

static void flush(struct load *l, struct batch *b)
{
	unsigned at = 0;

	while (at < b->n) {
		int n = sendmmsg(l->rtp, b->m + at, b->n - at, 0);

		if (n < 0 && errno != EINTR && errno != ECONNREFUSED && errno != EAGAIN)
			kit_die("sendmmsg");
		at += n > 0 ? (unsigned)n : 1;
	}
	b->n = 0;
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint8_t *add(struct load *l, struct batch *b, const struct call *c, size_t n)
{
	if (b->n == RTP_BATCH)
		flush(l, b);
	unsigned i = b->n++;

	b->v[i] = (struct iovec){b->bytes[i], n};
	b->to[i] = l->gateway;
	b->to[i].sin_port = htons(c->port);
	b->m[i] = (struct mmsghdr){
		.msg_hdr = {
			.msg_name = &b->to[i], .msg_namelen = sizeof b->to[i], .msg_iov = &b->v[i], .msg_iovlen = 1}};
	return b->bytes[i];
}

static void head(uint8_t *p, struct call *c, const struct load *l, bool marker, int type, uint32_t ts)
{
	p[0] = 0x80;
	p[1] = (uint8_t)(type | (marker ? 0x80 : 0));
	p[2] = (uint8_t)(c->seq >> 8);
	p[3] = (uint8_t)c->seq;
	put32(p + 4, ts);
	put32(p + 8, (uint32_t)(c - l->call) + 1);
	c->seq++;
}

/* True while a key is pressed: then its packet has gone out. */
static bool press(struct load *l, struct batch *b, struct call *c)
{
	long n = c - l->call;
	char key;

	if (c->event_at < 0) {
		if (!l->holding || c->keys_sent >= l->keys || c->next_key-- > 0)
			return false;
		c->event_at = 0;
		c->event_ts = c->ts;
	}
	key = load_key(n, c->keys_sent);
	uint8_t *p = add(l, b, c, HEAD + 4);
	bool end = c->event_at >= EVENT_PACKETS;
	unsigned duration = (unsigned)((end ? EVENT_PACKETS : c->event_at + 1) * SAMPLES);

	head(p, c, l, c->event_at == 0, EVENT_TYPE, c->event_ts);
	p[HEAD] = (uint8_t)(key == '*' ? 10 : key - '0');
	p[HEAD + 1] = (uint8_t)(end ? 0x8a : 0x0a);
	p[HEAD + 2] = (uint8_t)(duration >> 8);
	p[HEAD + 3] = (uint8_t)duration;
	if (++c->event_at == EVENT_PACKETS + EVENT_ENDS) {
		c->event_at = -1;
		c->keys_sent++;
		l->keys_sent++;
		c->next_key = l->every / FRAME_MS;
	}
	return true;
}

void rtp_tick(struct load *l)
{
	static struct batch b;

	for (long i = l->tick % FRAME_MS; i < l->begun; i += FRAME_MS) {
		struct call *c = &l->call[i];

		if (c->stage != CALL_UP)
			continue;
		if (!press(l, &b, c)) {
			uint8_t *p = add(l, &b, c, PACKET);

			head(p, c, l, c->ts == 0, 0, c->ts);
			memset(p + HEAD, 0xff, SAMPLES);
		}
		c->ts += SAMPLES;
	}
	flush(l, &b);
}

static uint64_t arrival(const struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
			struct timespec t;

			memcpy(&t, CMSG_DATA(c), sizeof t);
			return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
		}
	return 0;
}

static bool sounds(const uint8_t *p, size_t n)
{
	for (size_t i = HEAD; i < n; i += 8)
		if ((p[i] | 0x80) != 0xff)
			return true;
	return false;
}

static void hear(struct load *l, const uint8_t *p, size_t n, uint16_t port, uint64_t at)
{
	struct call *c = l->by_port[port];
	uint16_t seq;

	if (!c || c->stage != CALL_UP || n < HEAD || p[0] >> 6 != 2)
		return;
	seq = (uint16_t)(p[2] << 8 | p[3]);
	if (c->heard && l->holding) {
		uint64_t gap = at - c->in_at, want = (uint64_t)FRAME_MS * 1000000u;
		uint16_t step = (uint16_t)(seq - c->in_seq);

		if (step == 1) {
			uint64_t off = gap > want ? gap - want : want - gap;

			hist_add(&l->jitter, off);
			l->late += off > 5000000;
		} else {
			c->lost += step ? (uint64_t)step - 1 : 1;
		}
		c->packets++;
		c->sounding += sounds(p, n);
	}
	c->heard = true;
	c->in_seq = seq;
	c->in_at = at;
}

void rtp_hear(struct load *l)
{
	enum { PART = 256 };
	static uint8_t bytes[RTP_BATCH][PART];
	static char control[RTP_BATCH][64];
	static struct sockaddr_in from[RTP_BATCH];
	static struct mmsghdr m[RTP_BATCH];
	static struct iovec v[RTP_BATCH];
	int n;

	do {
		for (int i = 0; i < RTP_BATCH; i++) {
			v[i] = (struct iovec){bytes[i], PART};
			m[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
						       .msg_namelen = sizeof from[i],
						       .msg_iov = &v[i],
						       .msg_iovlen = 1,
						       .msg_control = control[i],
						       .msg_controllen = sizeof control[i]};
		}
		n = recvmmsg(l->rtp, m, RTP_BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++)
			hear(l, bytes[i], m[i].msg_len, ntohs(from[i].sin_port), arrival(&m[i].msg_hdr));
	} while (n == RTP_BATCH);
}

void rtp_reset(struct load *l)
{
	memset(&l->jitter, 0, sizeof l->jitter);
	l->late = 0;
	for (long i = 0; i < l->calls; i++) {
		struct call *c = &l->call[i];

		c->packets = c->sounding = c->lost = 0;
		c->heard = false;
		c->next_key = i * 37 % (l->every / FRAME_MS);
	}
}
