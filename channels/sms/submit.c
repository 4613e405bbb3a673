/*
 * Outbound: the queue of prepared deliveries, the windows that it fills, and the answers that come back.
 *
 * Every part is one submit_sm with a place in the window of the link it went over; parts of one message may go over
 * different links (their concatenation reference joins them). A delivery ends when none of its parts is on the wire and
 * none will be sent any more; the worst part decides. Parts that the SMSC has accepted are not sent again while we
 * hold the message: a throttled or temporarily refused part waits aside and is tried alone, and a part whose answer was
 * lost is sent again alone where the account says `resend`.
 *
 * Where `wait` leaves a message uncertain, query.c asks about the parts that have an id, and about one whose answer comes
 * late after all. An answer that never comes leaves no id to ask for: then only the receipt can tell.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "sms/account.h"
#include "sms/pdu.h"
#include "sms/status.h"

#define THROTTLED_AFTER US_SEC	     /* tell the host to come again after */
#define RESEND_AFTER US_SEC	     /* a lost answer: the link is new or slow */
#define STRANDED_AFTER (30 * US_SEC) /* half-sent ones wait so long for a link to come back */

enum { TRIES_MAX = 5, QUEUE_LEAST = 64, UNANSWERED_MAX = 10 };

static int64_t now_of(const struct account *a) { return loop_now(a->host->loop); }

/* ---- queue ---- */

size_t submit_queue_size(const struct account *a)
{
	size_t n = (size_t)a->set->queue;

	if (!n) {
		n = (size_t)(a->window * a->links_n);
		n = n < QUEUE_LEAST ? QUEUE_LEAST : n;
	}
	/* A slow line needs no long queue, and replies should not stand behind a second's worth of bulk. */
	if (a->throttle.rate && (int64_t)n > a->throttle.rate)
		n = (size_t)a->throttle.rate;
	return n;
}

size_t submit_room(struct account *a)
{
	size_t room = 0, most = (size_t)throttle_room(&a->throttle, now_of(a));

	if (a->stopping || !a->bound_tx)
		return 0;
	for (int i = 0; i < a->links_n; i++)
		if (a->links[i].state == LINK_BOUND && link_sends(&a->links[i]))
			room += window_room(&a->links[i].window);
	room = (room < most ? room : most) + submit_queue_size(a);
	return room > a->queued ? room - a->queued : 0;
}

bool submit_half_free(const struct account *a)
{
	return !a->stopping && a->bound_tx && a->queued <= submit_queue_size(a) / 2;
}

static void enqueue(struct account *a, struct held *h, bool front)
{
	if (front)
		TAILQ_INSERT_HEAD(&a->queue, h, list);
	else
		TAILQ_INSERT_TAIL(&a->queue, h, list);
	h->where = HELD_QUEUED;
	a->queued++;
	account_flush_soon(a);
}

void submit_queue(struct account *a, struct held *h) { enqueue(a, h, false); }

static void take_out(struct account *a, struct held *h)
{
	if (h->where == HELD_QUEUED) {
		TAILQ_REMOVE(&a->queue, h, list);
		a->queued--;
	} else if (h->where == HELD_ASIDE)
		TAILQ_REMOVE(&a->aside, h, list);
	h->where = HELD_OUT;
}

/* ---- aside: parts to be tried again alone ---- */

static void on_aside(struct timer *t)
{
	struct account *a = OWNER(t, struct account, aside_timer);
	struct held *h, *next;
	int64_t soonest = 0;

	for (h = TAILQ_FIRST(&a->aside); h; h = next) {
		next = TAILQ_NEXT(h, list);
		if (h->due <= now_of(a)) {
			take_out(a, h);
			enqueue(a, h, true);
		} else if (!soonest || h->due < soonest)
			soonest = h->due;
	}
	if (soonest)
		loop_timer(a->host->loop, &a->aside_timer, soonest, on_aside);
}

static void put_aside(struct account *a, struct held *h, int64_t pause)
{
	take_out(a, h);
	h->due = now_of(a) + pause;
	h->where = HELD_ASIDE;
	TAILQ_INSERT_TAIL(&a->aside, h, list);
	if (!a->aside_timer.slot || h->due < a->aside_timer.at)
		loop_timer(a->host->loop, &a->aside_timer, h->due, on_aside);
}

/* ---- the end of a delivery ---- */

static void finish(struct account *a, struct held *h, enum outcome_kind kind, const char *reason, int64_t retry_after)
{
	take_out(a, h);
	held_finish(a, h, kind, "", reason, retry_after);
}

static void finish_refused(struct account *a, struct held *h, const struct part *p)
{
	enum sms_class class = sms_status_class(p->status);
	char code[12];

	take_out(a, h);
	(void)snprintf(code, sizeof code, "0x%08x", p->status);
	if (class == SMS_CLASS_PERMANENT)
		held_finish(a, h, OUTCOME_FAILED, code, sms_status_name(p->status), 0);
	else if (class == SMS_CLASS_THROTTLED)
		held_finish(a, h, OUTCOME_THROTTLED, code, sms_status_name(p->status), THROTTLED_AFTER);
	else
		held_finish(a, h, OUTCOME_RETRY, code, sms_status_name(p->status), 0);
}

static bool waits_when_lost(const struct account *a, const struct held *h)
{
	int rule = h->purpose == PURPOSE_SERVICE ? a->set->lost_service : a->set->lost_marketing;

	return rule == SMS_LOST_WAIT;
}

static void finish_lost(struct account *a, struct held *h)
{
	if (waits_when_lost(a, h)) {
		if (a->set->query != SMS_QUERY_NONE)
			query_later(a, h);
		finish(a, h, OUTCOME_UNCERTAIN, "answer lost", OUTCOME_WAITS);
	} else
		finish(a, h, OUTCOME_RETRY, "answer lost, sent again", RESEND_AFTER);
}

struct tally {
	int waiting, accepted, lost, tries;
	const struct part *worst; /* refused; a permanent refusal goes first */
};

static struct tally tally_of(const struct held *h)
{
	struct tally t = {0};

	for (uint16_t i = 0; i < h->parts; i++) {
		const struct part *p = &h->part[i];
		t.waiting += p->state == PART_WAITING;
		t.accepted += p->state == PART_ACCEPTED;
		t.lost += p->state == PART_LOST;
		if (p->tries > t.tries)
			t.tries = p->tries;
		if (p->state == PART_REFUSED && (!t.worst || sms_status_class(p->status) == SMS_CLASS_PERMANENT))
			t.worst = p;
	}
	return t;
}

/* Parts in `state` will be sent again. */
static void again(struct held *h, enum part_state state)
{
	for (uint16_t i = h->parts; i-- > 0;)
		if (h->part[i].state == state) {
			h->part[i].state = PART_WAITING;
			h->next = i < h->next ? i : h->next;
		}
}

/* The parts that have gone are asked back; they may have reached the handset, but the text is not completed. */
static void finish_cancelled(struct account *a, struct held *h)
{
	bool some = false;

	for (uint16_t i = 0; i < h->parts; i++) {
		some |= h->part[i].state != PART_WAITING;
		if (h->part[i].state == PART_ACCEPTED)
			query_cancel(a, h, &h->part[i]);
	}
	finish(a, h, OUTCOME_CANCELLED, some ? "cancelled, sent in part" : "cancelled", 0);
}

/* After each change of a part: is the delivery at its end, and with what? */
static void settle(struct account *a, struct held *h)
{
	struct tally t = tally_of(h);
	bool alone = t.accepted && t.tries < TRIES_MAX && !a->stopping;

	if (h->cancelled) {
		if (!h->on_wire)
			finish_cancelled(a, h);
		return;
	}
	if (t.worst && sms_status_class(t.worst->status) == SMS_CLASS_PERMANENT)
		take_out(a, h); /* the rest need not go */
	else if (h->on_wire == 0 && t.accepted == 0 && t.lost && !waits_when_lost(a, h))
		take_out(a, h); /* the whole will go again */
	else if (h->on_wire == 0 && t.waiting && t.lost && !a->bound_tx)
		take_out(a, h);
	else if (t.waiting)
		return;
	if (h->on_wire)
		return;
	if (t.accepted == h->parts)
		finish(a, h, OUTCOME_SENT, "", 0);
	else if (t.worst && sms_status_class(t.worst->status) == SMS_CLASS_PERMANENT)
		finish_refused(a, h, t.worst);
	else if (t.lost && (!alone || waits_when_lost(a, h)))
		finish_lost(a, h);
	else if (t.lost || !t.worst) {
		again(h, PART_LOST);
		again(h, PART_REFUSED);
		enqueue(a, h, true);
	} else if (alone) {
		again(h, PART_REFUSED);
		put_aside(a, h, THROTTLED_AFTER << t.tries);
	} else
		finish_refused(a, h, t.worst);
}

/* ---- out ---- */

static struct link *roomiest(const struct account *a)
{
	struct link *best = NULL;

	for (int i = 0; i < a->links_n; i++) {
		struct link *l = &a->links[i];
		if (l->state != LINK_BOUND || !link_sends(l) || !window_room(&l->window) || transport_clogged(&l->t))
			continue;
		if (!best || window_room(&l->window) > window_room(&best->window))
			best = l;
	}
	return best;
}

static void put_u32(char *p, uint32_t v)
{
	p[0] = (char)(v >> 24);
	p[1] = (char)(v >> 16);
	p[2] = (char)(v >> 8);
	p[3] = (char)v;
}

static void arm_answers(struct link *l)
{
	const struct window_entry *e = window_oldest(&l->window);

	if (e)
		loop_timer(l->a->host->loop, &l->answers, e->sent_at + l->a->set->response_timeout, l->answers.fire);
}

/* The next waiting part of h goes into l's output. */
static void write_part(struct link *l, struct held *h)
{
	struct account *a = l->a;
	struct buf *out = transport_output(&l->t);
	struct part *p;
	size_t at = out->n;
	uint32_t seq;

	while (h->part[h->next].state != PART_WAITING)
		h->next++;
	p = &h->part[h->next];
	buf_add(out, h->pdus.p + p->at, p->len);
	if (out->failed)
		return; /* the flush that follows closes the link; the part is still waiting */
	seq = window_put(&l->window, h, h->next, now_of(a));
	put_u32(out->p + at + 12, seq);
	p->state = PART_ON_WIRE;
	p->tries++;
	h->on_wire++;
	a->figures.submits++;
	log_debug("smpp.out", "account", a->host->name, "link", l->name, "command", "submit_sm", "sequence",
		  LOG_INT(seq), "correlation", h->correlation, LOG_END);
	if (!l->answers.slot)
		arm_answers(l);
	while (h->next < h->parts && h->part[h->next].state != PART_WAITING)
		h->next++;
	if (h->next == h->parts)
		take_out(a, h);
}

static void on_wake(struct timer *t) { account_flush_soon(OWNER(t, struct account, wake)); }

void submit_pump(struct account *a)
{
	struct held *h = TAILQ_FIRST(&a->queue);
	struct link *l = NULL;
	int32_t room, sent = 0;
	int64_t wall;

	if (!h || !a->bound_tx)
		return;
	wall = clock_now();
	room = throttle_room(&a->throttle, now_of(a));
	while ((h = TAILQ_FIRST(&a->queue))) {
		if (h->expires_at && h->expires_at <= wall && !h->on_wire && !h->accepted) {
			finish(a, h, OUTCOME_EXPIRED, "expired before it was sent", 0);
			continue;
		}
		if (sent == room) {
			loop_timer(a->host->loop, &a->wake, throttle_next(&a->throttle, now_of(a)), on_wake);
			break;
		}
		if (!l || a->links_n > 1 || !window_room(&l->window) || transport_clogged(&l->t))
			l = roomiest(a);
		if (!l)
			break;
		write_part(l, h);
		if (transport_output(&l->t)->failed)
			break;
		sent++;
	}
	if (sent)
		throttle_take(&a->throttle, now_of(a), sent);
}

/* ---- answers ---- */

void submit_answered(struct link *l, uint32_t seq, uint32_t status, struct str id)
{
	struct account *a = l->a;
	struct window_entry e;
	struct part *p;

	if (window_take(&l->window, seq, &e)) {
		a->figures.late++;
		query_late_answer(l, seq, status, id);
		return;
	}
	l->unanswered = 0;
	if (status == 0)
		throttle_ok(&a->throttle, now_of(a));
	account_answer_count(a, status);
	log_debug("smpp.in", "account", a->host->name, "link", l->name, "command", "submit_sm_resp", "sequence",
		  LOG_INT(seq), "status", sms_status_name(status), "correlation", e.held->correlation, LOG_END);
	p = &e.held->part[e.part];
	p->status = status;
	e.held->on_wire--;
	if (status == 0) {
		p->state = PART_ACCEPTED;
		p->id_n = (uint8_t)(id.n < sizeof p->id ? id.n : sizeof p->id - 1);
		memcpy(p->id, id.p, p->id_n);
		e.held->accepted++;
	} else {
		p->state = PART_REFUSED;
		if (sms_status_class(status) == SMS_CLASS_THROTTLED && throttle_cut(&a->throttle, now_of(a), e.sent_at))
			log_info("smpp.throttled", "account", a->host->name, "status", sms_status_name(status), "rate",
				 LOG_INT(a->throttle.rate), LOG_END);
	}
	if (e.held->parts == 1 && status == 0)
		held_finish(a, e.held, OUTCOME_SENT, "", "", 0);
	else
		settle(a, e.held);
}

/* overdue: the link lives, so the answer may come yet. */
static void lose_oldest(struct link *l, bool overdue)
{
	struct window_entry e;

	if (window_take(&l->window, window_oldest(&l->window)->seq, &e))
		return;
	if (overdue && waits_when_lost(l->a, e.held))
		query_overdue(l, e.seq, e.held, &e.held->part[e.part]);
	e.held->part[e.part].state = PART_LOST;
	e.held->on_wire--;
	settle(l->a, e.held);
}

/* A link on which a whole window (or ten) went without an answer is bound in name only: it is given up. */
void submit_timed_out(struct link *l)
{
	int64_t now = now_of(l->a), timeout = l->a->set->response_timeout;
	uint32_t most = l->window.limit < UNANSWERED_MAX ? l->window.limit : UNANSWERED_MAX;
	const struct window_entry *e;

	if (l->held_back && !transport_clogged(&l->t)) { /* the answers may be there: it is we who do not read */
		loop_timer(l->a->host->loop, &l->answers, now + timeout, l->answers.fire);
		return;
	}
	while ((e = window_oldest(&l->window)) && now - e->sent_at >= timeout) {
		lose_oldest(l, true);
		l->unanswered++;
	}
	arm_answers(l);
	if (l->unanswered >= most)
		link_lost(l, "no answers to submit_sm");
}

/* ---- loss, cancel, end ---- */

static void on_stranded(struct timer *t)
{
	struct account *a = OWNER(t, struct account, stranded);

	if (!a->bound_tx)
		submit_abandon(a);
}

void submit_link_lost(struct link *l)
{
	struct account *a = l->a;

	while (window_oldest(&l->window))
		lose_oldest(l, false);
	if (a->bound_tx)
		return;
	submit_release(a);
	if (a->stopping)
		submit_abandon(a);
	else if (!TAILQ_EMPTY(&a->queue))
		loop_timer(a->host->loop, &a->stranded, now_of(a) + STRANDED_AFTER, on_stranded);
}

static void release_list(struct account *a, struct held_list *list)
{
	struct held *h, *next;

	for (h = TAILQ_FIRST(list); h; h = next) {
		next = TAILQ_NEXT(h, list);
		if (!h->on_wire && !h->accepted)
			finish(a, h, OUTCOME_RELEASED, a->stopping ? "stopping" : "link down", 0);
	}
}

/* What has been accepted or written in part stays in the queue: it is better finished than sent again. */
void submit_release(struct account *a)
{
	struct held *h;

	while ((h = TAILQ_FIRST(&a->aside))) {
		take_out(a, h);
		enqueue(a, h, true);
	}
	release_list(a, &a->queue);
}

void submit_abandon(struct account *a)
{
	struct held *h, *next;

	for (h = TAILQ_FIRST(&a->queue); h; h = next) {
		next = TAILQ_NEXT(h, list);
		if (!h->on_wire)
			finish(a, h, OUTCOME_RETRY, "link down, sent in part", 0);
	}
}

static bool cancel_in(struct account *a, struct held_list *list, const struct delivery_id *id)
{
	struct held *h;

	TAILQ_FOREACH (h, list, list)
		if (h->id.n == id->n && uuid_eq(&h->id.message, &id->message)) {
			h->cancelled = true;
			take_out(a, h);
			if (!h->on_wire)
				finish_cancelled(a, h);
			return true;
		}
	return false;
}

/* What is on the wire with all its parts cannot be held back any more. */
void submit_cancel(struct account *a, const struct delivery_id *id)
{
	if (!cancel_in(a, &a->queue, id))
		(void)cancel_in(a, &a->aside, id);
}
