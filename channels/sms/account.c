/* Account: memory of held deliveries, batches to the host, state, end. See account.h for the design of a round. */
#include "sms/account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "sms/status.h"

#define FIGURES_EVERY (100 * US_MS)

enum { CHUNK = 32, PDUS_MAX = 1 << 20 };

struct held_chunk {
	struct held_chunk *next;
	struct held v[CHUNK];
};

/* ---- held deliveries ---- */

static int grow(struct account *a)
{
	struct held_chunk *c = calloc(1, sizeof *c);

	if (!c)
		return -1;
	c->next = a->chunks;
	a->chunks = c;
	for (int i = 0; i < CHUNK; i++) {
		buf_init(&c->v[i].pdus, PDUS_MAX);
		TAILQ_INSERT_HEAD(&a->spare, &c->v[i], list);
	}
	return 0;
}

struct held *held_get(struct account *a)
{
	struct held *h;

	if (TAILQ_EMPTY(&a->spare) && grow(a))
		return NULL;
	h = TAILQ_FIRST(&a->spare);
	TAILQ_REMOVE(&a->spare, h, list);
	h->where = HELD_OUT;
	h->code[0] = h->reason[0] = h->correlation[0] = 0;
	h->cancelled = false;
	buf_reset(&h->pdus);
	a->held++;
	return h;
}

void held_put(struct account *a, struct held *h)
{
	h->where = HELD_FREE;
	TAILQ_INSERT_HEAD(&a->spare, h, list); /* the warmest is taken next */
	a->held--;
}

int held_parts(struct held *h, uint16_t n)
{
	if (n > 1 && n > h->many_cap) {
		struct part *part = calloc(n, sizeof *part);
		struct str *ids = calloc(n, sizeof *ids);
		if (!part || !ids) {
			free(part);
			free(ids);
			return -1;
		}
		free(h->many);
		free(h->many_ids);
		h->many = part;
		h->many_ids = ids;
		h->many_cap = n;
	}
	h->part = n > 1 ? h->many : &h->one;
	h->ids = n > 1 ? h->many_ids : &h->one_id;
	h->parts = n;
	h->on_wire = h->accepted = h->next = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct part *p = &h->part[i];
		p->at = p->len = p->status = 0;
		p->state = PART_WAITING;
		p->tries = p->id_n = 0;
	}
	return 0;
}

/* ---- outcomes ---- */

static void give_outcomes(struct account *a)
{
	size_t n = a->out_n;
	int64_t now;

	if (!n)
		return;
	now = clock_now();
	for (size_t i = 0; i < n; i++)
		a->out[i].at = now;
	a->out_n = 0;
	a->host->outcomes(a->host->self, a->out, n);
	for (size_t i = 0; i < n; i++)
		held_put(a, a->out_held[i]);
}

static void copy(char *to, size_t cap, const char *from)
{
	size_t n = strnlen(from, cap - 1);

	memcpy(to, from, n);
	to[n] = 0;
}

void held_finish(struct account *a, struct held *h, enum outcome_kind kind, const char *code, const char *reason,
		 int64_t retry_after)
{
	struct outcome *o;

	if (kind == OUTCOME_SENT && a->set->query == SMS_QUERY_ALL)
		query_later(a, h);
	copy(h->code, sizeof h->code, code);
	copy(h->reason, sizeof h->reason, reason);
	if (a->out_n == OUTCOMES_MAX)
		give_outcomes(a);
	for (uint16_t i = 0; i < h->parts; i++)
		h->ids[i] = str_n(h->part[i].id, h->part[i].id_n);
	o = &a->out[a->out_n];
	*o = (struct outcome){
		.id = h->id,
		.token = h->token,
		.kind = kind,
		.code = str_of(h->code),
		.reason = str_of(h->reason),
		.retry_after = retry_after,
		.external_ids = h->ids,
		.external_ids_n = h->accepted ? h->parts : 0,
	};
	a->out_held[a->out_n++] = h;
	account_flush_soon(a);
}

/* ---- figures ---- */

void account_answer_count(struct account *a, uint32_t status)
{
	struct status_count *v = a->figures.answers;

	for (int i = 0; i < STATUS_KINDS; i++) {
		if (v[i].n && v[i].status != status && i < STATUS_KINDS - 1)
			continue;
		v[i].status = status;
		v[i].n++;
		return;
	}
}

static void count(struct account *a, const char *name, const char *label, int64_t *n)
{
	if (*n)
		a->host->count(a->host->self, name, label, *n);
	*n = 0;
}

static void give_figures(struct account *a)
{
	const struct channel_host *h = a->host;
	struct figures *f = &a->figures;
	int64_t used = 0;

	count(a, "smpp_submit_total", NULL, &f->submits);
	count(a, "smpp_late_answers_total", NULL, &f->late);
	count(a, "smpp_deliver_total", "deliver_sm", &f->deliver);
	count(a, "smpp_deliver_total", "data_sm", &f->data);
	count(a, "smpp_receipts_total", NULL, &f->receipts);
	count(a, "smpp_bad_pdus_total", NULL, &f->bad);
	count(a, "smpp_links_lost_total", NULL, &f->lost);
	for (int i = 0; i < STATUS_KINDS; i++)
		if (f->answers[i].n)
			count(a, "smpp_submit_resp_total", sms_status_name(f->answers[i].status), &f->answers[i].n);
	for (int i = 0; i < a->links_n; i++)
		used += a->links[i].window.used;
	h->gauge(h->self, "smpp_links_bound", NULL, a->bound_n);
	h->gauge(h->self, "smpp_window_used", NULL, used);
	h->gauge(h->self, "smpp_queue", NULL, (int64_t)a->queued);
	h->gauge(h->self, "smpp_rate_limit", NULL, a->throttle.rate);
}

static void on_figures(struct timer *t) { give_figures(OWNER(t, struct account, figures_timer)); }

/* ---- the round ---- */

static bool all_closed(const struct account *a)
{
	for (int i = 0; i < a->links_n; i++)
		if (a->links[i].state != LINK_CLOSED)
			return false;
	return true;
}

/* Last: the host may free the account from within this call. */
static void say_closed(struct timer *t)
{
	struct account *a = OWNER(t, struct account, stop_timer);

	a->host->state(a->host->self, ACCOUNT_CLOSED, "stopped");
}

static void wind_down(struct account *a)
{
	if (!a->stopping || a->closed || a->held || (a->pending->live && !a->overdue))
		return;
	for (int i = 0; i < a->links_n; i++)
		if (a->overdue)
			link_close(&a->links[i]);
		else
			link_unbind(&a->links[i]);
	if (!all_closed(a) || a->out_n)
		return;
	a->closed = true;
	loop_timer_stop(a->host->loop, &a->figures_timer);
	give_figures(a);
	loop_timer(a->host->loop, &a->stop_timer, loop_now(a->host->loop), say_closed);
}

static void on_flush(struct timer *t)
{
	struct account *a = OWNER(t, struct account, flush);
	struct loop *loop = a->host->loop;

	give_outcomes(a);
	submit_pump(a);
	for (int i = 0; i < a->links_n; i++) {
		struct link *l = &a->links[i];
		if (transport_unsent(&l->t))
			transport_flush(&l->t);
		if (l->state == LINK_BOUND)
			link_hold_back(l);
	}
	give_outcomes(a);
	wind_down(a);
	if (a->closed)
		return;
	if (!a->figures_timer.slot)
		loop_timer(loop, &a->figures_timer, loop_now(loop) + FIGURES_EVERY, on_figures);
	if (a->hungry && submit_half_free(a)) {
		a->hungry = false;
		a->host->ready(a->host->self);
	}
}

/* A timer that is due runs at the end of this round, after all sockets and posts; arming one costs no system call. */
void account_flush_soon(struct account *a)
{
	if (!a->flush.slot && !a->closed)
		loop_timer(a->host->loop, &a->flush, loop_now(a->host->loop), on_flush);
}

/* ---- state ---- */

static void summary(const struct account *a, enum account_state *out_state, char *reason, size_t n)
{
	const struct link *bad = NULL;
	bool refused = false, trying = true;
	int senders = 0;

	for (int i = 0; i < a->links_n; i++) {
		const struct link *l = &a->links[i];
		senders += link_sends(l);
		if (!l->reason[0])
			continue;
		trying = false;
		if (!bad || (l->refused && !refused))
			bad = l;
		refused |= l->refused;
	}
	reason[0] = 0;
	if (senders ? a->bound_tx : a->bound_n) {
		*out_state = ACCOUNT_UP;
		if (a->bound_n < a->links_n)
			(void)snprintf(reason, n, "%d of %d binds%s%s", a->bound_n, a->links_n, bad ? "; " : "",
				       bad ? bad->reason : "");
		return;
	}
	*out_state = refused ? ACCOUNT_REFUSED : trying ? ACCOUNT_CONNECTING : ACCOUNT_DOWN;
	if (bad)
		(void)snprintf(reason, n, "%s", bad->reason);
}

void account_state(struct account *a)
{
	enum account_state s;
	char reason[sizeof a->told_reason];

	if (a->stopping || a->closed)
		return;
	summary(a, &s, reason, sizeof reason);
	if (s == a->told && strcmp(reason, a->told_reason) == 0)
		return;
	a->told = s;
	memcpy(a->told_reason, reason, sizeof reason);
	a->host->state(a->host->self, s, reason);
}

/* ---- beginning and end ---- */

void account_init(struct account *a, const struct sms_settings *set, const struct channel_host *host)
{
	a->set = set;
	a->host = host;
	a->window = set->window;
	a->enquire_link = set->enquire_link;
	(void)sms_settings_offset(set->receipt_time_zone, &a->receipt_offset); /* checked before */
	throttle_init(&a->throttle, set->throughput, loop_now(host->loop));
	TAILQ_INIT(&a->queue);
	TAILQ_INIT(&a->aside);
	TAILQ_INIT(&a->spare);
	queries_init(&a->queries);
	buf_init(&a->text, 1 << 20);
}

void account_release(struct account *a)
{
	struct timer *timers[] = {&a->flush,	&a->wake,	   &a->aside_timer,
				  &a->stranded, &a->figures_timer, &a->stop_timer};
	const size_t n = sizeof timers / sizeof timers[0]; /* NOLINT(bugprone-sizeof-expression): pointers are meant */

	for (size_t i = 0; i < n; i++)
		loop_timer_stop(a->host->loop, timers[i]);
	queries_release(a);
	for (struct held_chunk *c = a->chunks, *next; c; c = next) {
		next = c->next;
		for (int i = 0; i < CHUNK; i++) {
			buf_free(&c->v[i].pdus);
			free(c->v[i].many);
			free(c->v[i].many_ids);
		}
		free(c);
	}
	buf_free(&a->text);
}

static void on_deadline(struct timer *t)
{
	struct account *a = OWNER(t, struct account, stop_timer);

	a->overdue = true;
	for (int i = 0; i < a->links_n; i++)
		link_close(&a->links[i]);
	submit_abandon(a);
	account_flush_soon(a);
}

void account_stop(struct account *a, int64_t deadline)
{
	if (a->stopping)
		return;
	a->stopping = true;
	loop_timer(a->host->loop, &a->stop_timer, deadline, on_deadline);
	submit_release(a);
	if (!a->bound_tx)
		submit_abandon(a);
	account_flush_soon(a);
}
