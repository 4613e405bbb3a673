#include "sms/query.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "sms/account.h"
#include "sms/number.h"
#include "sms/pdu.h"
#include "sms/receipt.h"
#include "sms/receipt_date.h"
#include "sms/status.h"

#define LATE_AT_MOST (10 * US_MIN) /* an answer that comes later than this is another's */
#define NO_LINK US_SEC

enum { QUERIES_MAX = 20000, TRIES_MAX = 3, HEADS = 4096, SOURCE_MAX = 21, ESME_RINVMSGID = 0x0C };

struct query {
	TAILQ_ENTRY(query) list;
	struct query *chain; /* of its hash */
	int64_t due;
	uint8_t tries, id_n, source_ton, source_npi, source_n;
	char id[SMS_ID_MAX], source[SOURCE_MAX];
	struct address handset;
	struct link *link; /* late ones: whose answer it would be */
	uint32_t seq, generation;
};

static int64_t now_of(const struct account *a) { return loop_now(a->host->loop); }
static struct str id_of(const struct query *q) { return str_n(q->id, q->id_n); }

void queries_init(struct queries *q)
{
	TAILQ_INIT(&q->waiting);
	TAILQ_INIT(&q->late);
}

/* ---- by id ---- */

static struct query **head(struct queries *q, struct str id)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < id.n; i++)
		hash = (hash ^ (uint8_t)id.p[i]) * 16777619u;
	return &q->known[hash % HEADS];
}

static bool make_known(struct queries *all, struct query *q)
{
	if (!all->known && !(all->known = calloc(HEADS, sizeof(struct query *))))
		return false;
	q->chain = *head(all, id_of(q));
	*head(all, id_of(q)) = q;
	return true;
}

static void make_unknown(struct queries *all, struct query *q)
{
	struct query **at = all->known ? head(all, id_of(q)) : NULL;

	while (at && *at && *at != q)
		at = &(*at)->chain;
	if (at && *at)
		*at = q->chain;
}

/* ---- life of one ---- */

static struct query *query_new(struct account *a, const struct held *h, const struct part *p)
{
	struct pdu_fault fault = {0};
	struct pdu_message m;
	struct query *q;

	if (a->queries.refused || a->stopping || a->queries.n >= QUERIES_MAX ||
	    pdu_read_message(str_n(h->pdus.p + p->at, p->len), &m, &fault) || m.source.n > SOURCE_MAX ||
	    !(m.registered & 3) || !(q = calloc(1, sizeof *q)))
		return NULL;
	q->source_ton = m.source_ton;
	q->source_npi = m.source_npi;
	q->source_n = (uint8_t)m.source.n;
	memcpy(q->source, m.source.p, m.source.n);
	numbers_read(a->numbers, m.dest, m.dest_ton, &q->handset);
	a->queries.n++;
	return q;
}

/* It is in no list any more. */
static void query_free(struct account *a, struct query *q)
{
	make_unknown(&a->queries, q);
	a->queries.n--;
	free(q);
}

static void on_timer(struct timer *t);

static void arm(struct account *a)
{
	struct queries *all = &a->queries;
	const struct query *next = TAILQ_FIRST(&all->waiting), *late = TAILQ_FIRST(&all->late);
	int64_t at = all->asked ? all->asked_at + a->set->response_timeout : next ? next->due : 0;

	if (late && (!at || late->due < at))
		at = late->due;
	if (at && !a->stopping)
		loop_timer(a->host->loop, &all->timer, at, on_timer);
	else
		loop_timer_stop(a->host->loop, &all->timer);
}

/* Its id is known; it is asked about when its time comes. All wait equally long, so the list stays in order. */
static void wait_for_it(struct account *a, struct query *q)
{
	q->due = now_of(a) + a->set->query_after;
	TAILQ_INSERT_TAIL(&a->queries.waiting, q, list);
	arm(a);
}

static void identify(struct account *a, struct query *q, struct str id)
{
	q->id_n = (uint8_t)(id.n < sizeof q->id ? id.n : sizeof q->id - 1);
	memcpy(q->id, id.p, q->id_n);
	if (make_known(&a->queries, q))
		wait_for_it(a, q);
	else
		query_free(a, q);
}

static void again(struct account *a, struct query *q)
{
	if (++q->tries < TRIES_MAX && !a->queries.refused)
		wait_for_it(a, q);
	else
		query_free(a, q);
	arm(a);
}

void queries_release(struct account *a)
{
	struct query_list *lists[] = {&a->queries.waiting, &a->queries.late};
	struct query *q;

	if (a->queries.asked)
		TAILQ_INSERT_HEAD(&a->queries.waiting, a->queries.asked, list);
	a->queries.asked = NULL;
	for (int i = 0; i < 2; i++)
		while ((q = TAILQ_FIRST(lists[i]))) {
			TAILQ_REMOVE(lists[i], q, list);
			query_free(a, q);
		}
	loop_timer_stop(a->host->loop, &a->queries.timer);
	free(a->queries.known);
	a->queries.known = NULL;
}

/* ---- what will be asked about ---- */

void query_later(struct account *a, const struct held *h)
{
	for (uint16_t i = 0; i < h->parts; i++) {
		const struct part *p = &h->part[i];
		struct query *q = p->state == PART_ACCEPTED && p->id_n ? query_new(a, h, p) : NULL;
		if (q)
			identify(a, q, str_n(p->id, p->id_n));
	}
}

void query_overdue(struct link *l, uint32_t seq, const struct held *h, const struct part *p)
{
	struct account *a = l->a;
	struct query *q = a->set->query == SMS_QUERY_NONE ? NULL : query_new(a, h, p);

	if (!q)
		return;
	q->link = l;
	q->seq = seq;
	q->generation = l->generation;
	q->due = now_of(a) + LATE_AT_MOST;
	TAILQ_INSERT_TAIL(&a->queries.late, q, list);
	arm(a);
}

void query_late_answer(struct link *l, uint32_t seq, uint32_t status, struct str id)
{
	struct account *a = l->a;
	struct query *q = TAILQ_FIRST(&a->queries.late);

	while (q && !(q->link == l && q->generation == l->generation && q->seq == seq))
		q = TAILQ_NEXT(q, list);
	if (!q)
		return;
	TAILQ_REMOVE(&a->queries.late, q, list);
	if (status == 0 && id.n)
		identify(a, q, id);
	else
		query_free(a, q);
}

void query_settled(struct account *a, struct str id)
{
	struct queries *all = &a->queries;
	struct query *q = all->known ? *head(all, id) : NULL;

	while (q && !str_eq(id_of(q), id))
		q = q->chain;
	if (!q || q == all->asked)
		return;
	TAILQ_REMOVE(&all->waiting, q, list);
	query_free(a, q);
	arm(a);
}

/* ---- asking ---- */

static void add_text(struct buf *b, const char *p, size_t n)
{
	buf_add(b, p, n);
	buf_addc(b, 0);
}

static struct link *any_link(const struct account *a)
{
	for (int i = 0; i < a->links_n; i++) {
		struct link *l = &a->links[i];
		if (l->state == LINK_BOUND && link_sends(l) && !transport_clogged(&l->t))
			return l;
	}
	return NULL;
}

static void ask(struct account *a, struct query *q, struct link *l)
{
	struct queries *all = &a->queries;
	struct buf body;

	buf_init(&body, 256);
	add_text(&body, q->id, q->id_n);
	buf_addc(&body, (char)q->source_ton);
	buf_addc(&body, (char)q->source_npi);
	add_text(&body, q->source, q->source_n);
	TAILQ_REMOVE(&all->waiting, q, list);
	all->asked = q;
	all->asked_at = now_of(a);
	all->link = l;
	all->generation = l->generation;
	all->seq = window_number(&l->window);
	if (!body.failed)
		session_put(l, PDU_QUERY_SM, all->seq, 0, buf_str(&body));
	buf_free(&body);
	a->host->count(a->host->self, "smpp_queries_total", NULL, 1);
}

static void on_timer(struct timer *t)
{
	struct account *a = OWNER(t, struct account, queries.timer);
	struct queries *all = &a->queries;
	int64_t now = now_of(a);
	struct query *q;

	if (a->stopping)
		return;
	while ((q = TAILQ_FIRST(&all->late)) && q->due <= now) {
		TAILQ_REMOVE(&all->late, q, list);
		query_free(a, q);
	}
	if (all->asked && now - all->asked_at >= a->set->response_timeout) {
		q = all->asked;
		all->asked = NULL;
		again(a, q);
	}
	q = TAILQ_FIRST(&all->waiting);
	if (q && !all->asked && q->due <= now) {
		struct link *l = any_link(a);
		if (!l) {
			loop_timer(a->host->loop, t, now + NO_LINK, on_timer);
			return;
		}
		ask(a, q, l);
	}
	arm(a);
}

/* ---- the answer ---- */

bool query_is(const struct link *l, uint32_t seq)
{
	const struct queries *all = &l->a->queries;

	return all->asked && all->link == l && all->generation == l->generation && all->seq == seq;
}

static void nobody_waits(void *arg, const struct intake_result *r)
{
	(void)arg;
	(void)r; /* what the store cannot take now may still come as a receipt */
}

bool query_read(struct str body, struct query_state *out)
{
	const char *end = body.n ? memchr(body.p, 0, body.n) : NULL, *then;

	*out = (struct query_state){0};
	if (!end)
		return false;
	out->id = str_n(body.p, (size_t)(end - body.p));
	body = str_n(end + 1, body.n - out->id.n - 1);
	then = body.n ? memchr(body.p, 0, body.n) : NULL;
	if (!then)
		return false;
	out->date = str_n(body.p, (size_t)(then - body.p));
	body = str_n(then + 1, body.n - out->date.n - 1);
	if (!body.n)
		return false;
	out->state = (uint8_t)body.p[0];
	out->error = body.n > 1 ? (uint8_t)body.p[1] : 0;
	return true;
}

static void report(struct account *a, const struct query *q, const struct query_state *s)
{
	char code[8];
	bool zoned;
	struct receipt r = {.account = str_of(a->host->name),
			    .external_id = id_of(q),
			    .status = receipt_status(s->state),
			    .raw_state = str_of(receipt_state_short(s->state)),
			    .from = q->handset,
			    .at = receipt_date(s->date, &zoned)};

	if (r.at && !zoned)
		r.at -= a->receipt_offset;
	if (s->error)
		r.error_code = str_n(code, (size_t)snprintf(code, sizeof code, "%03d", s->error));
	a->host->receipt(a->host->self, &r, nobody_waits, NULL);
}

/* ESME_RINVCMDID: it will not know the next one either. */
static void give_up(struct account *a)
{
	a->queries.refused = true;
	log_info("smpp.query_unknown", "account", a->host->name, LOG_END);
	queries_release(a);
}

void query_answered(struct link *l, uint32_t seq, uint32_t status, struct str body)
{
	struct account *a = l->a;
	struct query *q = a->queries.asked;
	struct query_state s;
	enum status what;

	if (!query_is(l, seq)) {
		a->figures.late++;
		return;
	}
	if (status == ESME_RINVCMDID) {
		give_up(a);
		return;
	}
	a->queries.asked = NULL;
	if (status == ESME_RINVMSGID) {
		query_free(a, q);
	} else if (status || !query_read(body, &s)) {
		again(a, q);
	} else {
		what = receipt_status(s.state);
		if (what != STATUS_SENT && what != STATUS_NONE) {
			report(a, q, &s);
			query_free(a, q);
		} else
			again(a, q);
	}
	arm(a);
}

/* ---- cancel_sm ---- */

void query_cancel(struct account *a, const struct held *h, const struct part *p)
{
	struct link *l = any_link(a);
	struct pdu_fault fault = {0};
	struct pdu_message m;
	struct buf body;

	if (!l || !p->id_n || pdu_read_message(str_n(h->pdus.p + p->at, p->len), &m, &fault))
		return;
	buf_init(&body, 512);
	add_text(&body, m.service_type.p, m.service_type.n);
	add_text(&body, p->id, p->id_n);
	buf_addc(&body, (char)m.source_ton);
	buf_addc(&body, (char)m.source_npi);
	add_text(&body, m.source.p, m.source.n);
	buf_addc(&body, (char)m.dest_ton);
	buf_addc(&body, (char)m.dest_npi);
	add_text(&body, m.dest.p, m.dest.n);
	if (!body.failed)
		session_put(l, PDU_CANCEL_SM, window_number(&l->window), 0, buf_str(&body));
	buf_free(&body);
	a->host->count(a->host->self, "smpp_cancels_total", NULL, 1);
}
