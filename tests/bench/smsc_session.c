/*
 * One connection. Answers of one read go out in one write. A session that ends gives its unanswered deliver_sm back to
 * the queue, as a real SMSC does.
 */
#include "smsc.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { BUFFER_MAX = 64 << 20 };

void session_open(struct smsc *s, int fd)
{
	struct session *k = kit_alloc(sizeof *k);

	k->fd = fd;
	k->number = ++s->next_session;
	buf_init(&k->in, BUFFER_MAX);
	buf_init(&k->out, BUFFER_MAX);
	TAILQ_INSERT_TAIL(&s->sessions, k, link);
	kit_watch(s->epoll, EPOLL_CTL_ADD, fd, EPOLLIN, k);
}

void session_write(struct smsc *s, struct session *k)
{
	int r = kit_write(k->fd, &k->out);

	if (r < 0)
		k->dead = true;
	else if ((r == 0) != k->blocked) {
		/* An ESME that does not read is not read either. */
		k->blocked = r == 0;
		kit_watch(s->epoll, EPOLL_CTL_MOD, k->fd, k->blocked ? EPOLLOUT : EPOLLIN, k);
	}
}

void session_answer(struct smsc *s, struct session *k, uint32_t sequence, uint32_t status, uint64_t id)
{
	static const char *const forms[] = {"%010llu", "%08llX", "%08llx"};
	size_t at = wire_begin(&k->out, WIRE_SUBMIT | WIRE_ANSWER, status, sequence);
	char text[24];

	if (status == WIRE_OK) {
		snprintf(text, sizeof text, forms[s->o.id_submit], (unsigned long long)id);
		wire_add_text(&k->out, str_of(text));
	}
	wire_end(&k->out, at);
}

/* A token bucket one second deep. */
static bool too_fast(const struct smsc *s, struct session *k, uint64_t now)
{
	if (!s->o.tps)
		return false;
	k->tokens += (double)(now - k->tokens_at) * 1e-9 * (double)s->o.tps;
	k->tokens_at = now;
	if (k->tokens > (double)s->o.tps)
		k->tokens = (double)s->o.tps;
	if (k->tokens < 1)
		return true;
	k->tokens -= 1;
	return false;
}

static uint32_t judge(struct smsc *s, struct session *k, uint64_t now)
{
	if (!k->transmits)
		return WIRE_BAD_STATE;
	if (too_fast(s, k, now) || kit_chance(&s->seed, s->o.throttle))
		return WIRE_THROTTLED;
	return kit_chance(&s->seed, s->o.reject) ? WIRE_SUBMIT_FAILED : WIRE_OK;
}

static void on_submit(struct smsc *s, struct session *k, struct str body, uint32_t sequence, uint64_t now)
{
	struct wire_sm m;
	uint32_t status = wire_sm(body, &m) ? judge(s, k, now) : WIRE_BAD_LENGTH;
	uint64_t id = 0;

	s->c.submits++;
	s->c.last_submit = now;
	s->c.first_submit = s->c.first_submit ? s->c.first_submit : now;
	s->c.throttled += status == WIRE_THROTTLED;
	s->c.rejected += status != WIRE_OK && status != WIRE_THROTTLED;
	if (status == WIRE_OK) {
		id = ++s->next_id;
		report_submit(s, &m, now);
		if (s->o.receipts && (m.registered & 3))
			receipt_later(s, id, &m, now);
	}
	if (s->o.drop_every && s->c.submits % (uint64_t)s->o.drop_every == 0) {
		s->c.cut++;
		k->dead = true; /* taken, never answered */
	} else if (s->o.answer_us || s->o.rate || s->o.early) {
		answer_later(s, k, sequence, status, id, now);
	} else {
		session_answer(s, k, sequence, status, id);
	}
}

static void on_bind(struct smsc *s, struct session *k, struct str body, const struct wire_head *h, uint64_t now)
{
	struct str system_id, password;
	size_t at;

	if (k->flight || !wire_text(&body, &system_id) || !wire_text(&body, &password) ||
	    (s->o.password && !str_is(password, s->o.password))) {
		wire_empty(&k->out, h->command | WIRE_ANSWER, k->flight ? WIRE_BAD_STATE : WIRE_BAD_PASSWORD,
			   h->sequence);
		return;
	}
	k->transmits = h->command != WIRE_BIND_RX;
	k->receives = h->command != WIRE_BIND_TX;
	k->flight = kit_alloc((size_t)s->o.window * sizeof *k->flight);
	k->in_flight = kit_alloc((size_t)s->o.window * sizeof *k->in_flight);
	k->tokens = (double)s->o.tps;
	k->tokens_at = now;
	at = wire_begin(&k->out, h->command | WIRE_ANSWER, WIRE_OK, h->sequence);
	wire_add_text(&k->out, STR("smscsim"));
	wire_end(&k->out, at);
	s->c.binds++;
	report(s, "bound");
}

static void on_deliver_answer(struct smsc *s, struct session *k, const struct wire_head *h, uint64_t now)
{
	size_t slot = h->sequence % (uint32_t)s->o.window;
	struct due d;

	if (!k->flight || !k->in_flight[slot])
		return;
	d = k->flight[slot];
	k->in_flight[slot] = false;
	k->flying--;
	if (h->status == WIRE_TRY_LATER || h->status == WIRE_THROTTLED) {
		d.at = now + 1000000000u;
		s->c.again++;
		heap_push(s, &s->deliveries, d);
	} else if (h->status != WIRE_OK) {
		s->c.refused++;
	} else if (d.kind == DUE_TEXT) {
		report_text_done(s, &d, now);
	} else {
		s->c.receipts_done++;
		s->c.last_receipt = now;
	}
}

static void on_pdu(struct smsc *s, struct session *k, const struct wire_head *h, struct str body, uint64_t now)
{
	switch (h->command) {
	case WIRE_SUBMIT: on_submit(s, k, body, h->sequence, now); break;
	case WIRE_DELIVER | WIRE_ANSWER: on_deliver_answer(s, k, h, now); break;
	case WIRE_BIND_RX:
	case WIRE_BIND_TX:
	case WIRE_BIND_TRX: on_bind(s, k, body, h, now); break;
	case WIRE_ENQUIRE: wire_empty(&k->out, WIRE_ENQUIRE | WIRE_ANSWER, WIRE_OK, h->sequence); break;
	case WIRE_QUERY: wire_empty(&k->out, WIRE_QUERY | WIRE_ANSWER, WIRE_QUERY_FAILED, h->sequence); break;
	case WIRE_UNBIND:
		wire_empty(&k->out, WIRE_UNBIND | WIRE_ANSWER, WIRE_OK, h->sequence);
		kit_write(k->fd, &k->out);
		k->dead = true;
		break;
	default:
		if (h->command & WIRE_ANSWER)
			break;
		s->c.bad++;
		wire_empty(&k->out, WIRE_NACK, WIRE_BAD_COMMAND, h->sequence);
	}
}

void session_read(struct smsc *s, struct session *k, uint64_t now)
{
	size_t at = 0;

	if (kit_read(k->fd, &k->in) < 0)
		k->dead = true;
	while (!k->dead && k->in.n - at >= WIRE_HEADER) {
		struct wire_head h = wire_head(k->in.p + at);
		if (h.length < WIRE_HEADER || h.length > WIRE_PDU_MAX) {
			s->c.bad++;
			k->dead = true;
		}
		if (k->dead || k->in.n - at < h.length)
			break;
		on_pdu(s, k, &h, str_n(k->in.p + at + WIRE_HEADER, h.length - WIRE_HEADER), now);
		at += h.length;
	}
	buf_consume(&k->in, at);
}

void sessions_cut(struct smsc *s)
{
	struct session *k;

	TAILQ_FOREACH (k, &s->sessions, link)
		k->dead = true;
}

static void session_free(struct smsc *s, struct session *k)
{
	for (long i = 0; k->flight && i < s->o.window; i++) {
		if (!k->in_flight[i])
			continue;
		k->flight[i].at = 0;
		heap_push(s, &s->deliveries, k->flight[i]);
		s->c.again++;
	}
	TAILQ_REMOVE(&s->sessions, k, link);
	close(k->fd);
	free(k->flight);
	free(k->in_flight);
	buf_free(&k->in);
	buf_free(&k->out);
	free(k);
}

void sessions_sweep(struct smsc *s)
{
	for (struct session *k = TAILQ_FIRST(&s->sessions), *next; k; k = next) {
		next = TAILQ_NEXT(k, link);
		if (k->dead)
			session_free(s, k);
	}
}
