/*
 * Two heaps by time: held answers, and deliver_sm (receipts and inbound texts). A deliver_sm that is due waits for a
 * session with room in its window; it goes round the receiving sessions.
 */
#include "smsc.h"

#include <stdlib.h>
#include <time.h>

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
enum { OUT_HIGH = 1 << 20, TLV_RECEIPTED_ID = 0x001e, TLV_MESSAGE_STATE = 0x0427, BURST = 2048 };

static bool before(const struct due *a, const struct due *b)
{
	return a->at < b->at || (a->at == b->at && a->n < b->n);
}

static void sift_up(struct heap *h, size_t i, const struct due *d)
{
	while (i > 0 && before(d, &h->v[(i - 1) / 2])) {
		h->v[i] = h->v[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	h->v[i] = *d;
}

void heap_push(struct smsc *s, struct heap *h, struct due d)
{
	if (h->n == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 1024;
		h->v = reallocarray(h->v, h->cap, sizeof *h->v);
		if (!h->v)
			kit_die("reallocarray");
	}
	if (!d.n)
		d.n = ++s->next_due;
	sift_up(h, h->n++, &d);
}

static struct due heap_pop(struct heap *h)
{
	struct due top = h->v[0], last = h->v[--h->n];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < h->n) {
		if (child + 1 < h->n && before(&h->v[child + 1], &h->v[child]))
			child++;
		h->v[i] = h->v[child];
		i = child;
	}
	if (h->n)
		sift_up(h, i, &last);
	return top;
}

static void keep_address(char out[SMSC_ADDRESS], struct str a)
{
	snprintf(out, SMSC_ADDRESS, "%.*s", (int)(a.n < SMSC_ADDRESS ? a.n : SMSC_ADDRESS - 1), a.p);
}

void receipt_later(struct smsc *s, uint64_t id, const struct wire_sm *m, uint64_t now)
{
	struct due d = {.kind = DUE_RECEIPT, .id = id, .undelivered = kit_chance(&s->seed, s->o.undelivered)};

	d.at = s->o.early ? now : now + (uint64_t)s->o.receipt_us * 1000;
	if (s->o.spread_us)
		d.at += kit_random(&s->seed) % ((uint64_t)s->o.spread_us * 1000);
	keep_address(d.from, m->to);
	keep_address(d.to, m->from);
	heap_push(s, &s->deliveries, d);
	s->c.receipts_due++;
}

void answer_later(struct smsc *s, struct session *k, uint32_t sequence, uint32_t status, uint64_t id, uint64_t now)
{
	struct due d = {.kind = DUE_ANSWER, .id = id, .sequence = sequence, .status = status, .session = k->number};

	d.at = now + (uint64_t)s->o.answer_us * 1000;
	if (s->o.early)
		d.at += 2 * MS;
	if (s->o.rate) {
		s->answer_free = (s->answer_free > now ? s->answer_free : now) + SECOND / (uint64_t)s->o.rate;
		d.at = s->answer_free + (uint64_t)s->o.answer_us * 1000;
	}
	heap_push(s, &s->answers, d);
}

/* A client that is slower than the wanted rate slows the generator: only a burst waits here. */
void texts_make(struct smsc *s, uint64_t now)
{
	uint64_t want = s->texts_wanted;

	if (s->texts_made == want)
		return;
	if (s->texts_rate > 0) {
		double so_far = (double)(now - s->texts_from) * 1e-9 * s->texts_rate;
		want = so_far < (double)want ? (uint64_t)so_far : want;
	}
	while (s->texts_made < want && s->deliveries.n < BURST) {
		struct due d = {.kind = DUE_TEXT, .id = ++s->texts_made, .made = now, .at = now};
		snprintf(d.from, sizeof d.from, "49172%08llu", (unsigned long long)(d.id % (uint64_t)s->o.senders));
		keep_address(d.to, str_of(s->o.short_code));
		heap_push(s, &s->deliveries, d);
	}
}

size_t text_write(const struct smsc *s, const struct due *d, char out[256])
{
	size_t n = (size_t)snprintf(out, 256, "T%llu. MO%llu ", (unsigned long long)d->made, (unsigned long long)d->id);

	while (n < (size_t)s->o.text_length)
		out[n++] = 'x';
	return n;
}

static size_t receipt_write(const struct smsc *s, const struct due *d, char out[256], struct buf *tlv)
{
	static const char *const forms[] = {"%010llu", "%08llX", "%08llx"};
	char id[24], when[16];
	struct tm tm;
	time_t t = time(NULL);
	size_t n;

	strftime(when, sizeof when, "%y%m%d%H%M", gmtime_r(&t, &tm));
	n = (size_t)snprintf(id, sizeof id, forms[s->o.id_receipt], (unsigned long long)d->id);
	if (s->o.tlv) {
		wire_add_tlv(tlv, TLV_RECEIPTED_ID, id, n + 1);
		wire_add_tlv(tlv, TLV_MESSAGE_STATE, d->undelivered ? "\5" : "\2", 1);
	}
	return (size_t)snprintf(out, 256, "id:%s sub:001 dlvrd:%s submit date:%s done date:%s stat:%s err:%s text:", id,
				d->undelivered ? "000" : "001", when, when, d->undelivered ? "UNDELIV" : "DELIVRD",
				d->undelivered ? "001" : "000");
}

static void deliver(struct smsc *s, struct session *k, const struct due *d, uint64_t now)
{
	char text[256], room[64];
	struct buf tlv = {.p = room, .cap = sizeof room, .max = sizeof room};
	struct wire_sm m = {.from = str_of(d->from), .to = str_of(d->to)};
	size_t slot, at;

	do {
		slot = ++k->sequence % (uint32_t)s->o.window;
	} while (k->in_flight[slot] || !k->sequence);
	if (d->kind == DUE_TEXT) {
		m.text = str_n(text, text_write(s, d, text));
		s->c.texts_sent++;
		s->c.first_text = s->c.first_text ? s->c.first_text : now;
	} else {
		m.esm_class = 4; /* 5.2.12: short message contains an SMSC delivery receipt */
		m.text = str_n(text, receipt_write(s, d, text, &tlv));
		s->c.receipts_sent++;
	}
	at = wire_begin(&k->out, WIRE_DELIVER, 0, k->sequence);
	wire_add_sm(&k->out, &m);
	buf_add(&k->out, tlv.p, tlv.n);
	wire_end(&k->out, at);
	k->flight[slot] = *d;
	k->in_flight[slot] = true;
	k->flying++;
}

static bool has_room(const struct smsc *s, const struct session *k)
{
	return k->receives && !k->dead && k->flying < s->o.window && k->out.n < OUT_HIGH;
}

/* The session that served is put last, so that several share the work. */
static struct session *receiver(struct smsc *s)
{
	struct session *k;

	TAILQ_FOREACH (k, &s->sessions, link) {
		if (!has_room(s, k))
			continue;
		TAILQ_REMOVE(&s->sessions, k, link);
		TAILQ_INSERT_TAIL(&s->sessions, k, link);
		return k;
	}
	return NULL;
}

static void answer(struct smsc *s, const struct due *d)
{
	struct session *k;

	TAILQ_FOREACH (k, &s->sessions, link)
		if (k->number == d->session && !k->dead)
			session_answer(s, k, d->sequence, d->status, d->id);
}

void queue_send(struct smsc *s, uint64_t now)
{
	struct session *k;

	while (s->deliveries.n && s->deliveries.v[0].at <= now && (k = receiver(s))) {
		struct due d = heap_pop(&s->deliveries);
		deliver(s, k, &d, now);
	}
	while (s->answers.n && s->answers.v[0].at <= now) {
		struct due d = heap_pop(&s->answers);
		answer(s, &d);
	}
	TAILQ_FOREACH (k, &s->sessions, link)
		if (k->out.n && !k->blocked)
			session_write(s, k);
}

uint64_t queue_next(const struct smsc *s)
{
	uint64_t at = s->answers.n ? s->answers.v[0].at : UINT64_MAX;
	const struct session *k;

	if (s->texts_made < s->texts_wanted && s->texts_rate > 0) {
		uint64_t next = s->texts_from + (uint64_t)((double)(s->texts_made + 1) / s->texts_rate * 1e9);
		at = next < at ? next : at;
	}
	if (!s->deliveries.n || s->deliveries.v[0].at >= at)
		return at;
	TAILQ_FOREACH (k, &s->sessions, link)
		if (has_room(s, k))
			return s->deliveries.v[0].at;
	return at;
}
