/*
 * What came of an attempt. Adapters report outcomes in batches; each batch is one write job; what is on disk goes back to
 * the dispatcher, which forgets the delivery or puts it into its outbox again.
 *
 * decide() is the one place that says what follows from an outcome:
 *
 *   sent        sent, done; the carrier's ids are kept for the receipts
 *   retry       queued again after the back-off (or the carrier's own wish); failed when the attempts are used up
 *   throttled   queued again soon; the attempt does not count
 *   failed      failed
 *   uncertain   at least once (service): queued again. At most once (marketing), or if the adapter says so with
 *               OUTCOME_WAITS: uncertain, waits for its receipt
 *   expired     expired          cancelled  cancelled
 *   released    queued again at its old place; it never reached the wire
 *
 * An outcome is believed once, and only with the token of the present attempt.
 */
#include "model/outcome.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "outbound/outcome.h"
#include "outbound/private.h"
#include "outbound/receipt_match.h"

struct next outcome_decide(const struct outbound_config *c, const struct attempt *a, int64_t now)
{
	int counted = a->claimed ? a->attempts : a->attempts + 1, not_counted = counted - 1;
	struct next again = {STATUS_QUEUED, 1,
			     now + (a->retry_after > 0 ? a->retry_after : retry_wait(c, counted, a->id)), counted};
	bool last = counted >= c->max_attempts;

	/* No attempt fits into the rest of its life: it is kept until then and expires. */
	if (a->expires_at && again.due > a->expires_at)
		again.due = a->expires_at;
	switch (a->kind) {
	case OUTCOME_SENT: return (struct next){STATUS_SENT, 0, a->due, counted};
	case OUTCOME_RETRY: return last ? (struct next){STATUS_FAILED, 0, a->due, counted} : again;
	case OUTCOME_THROTTLED:
		again.attempts = not_counted;
		if (a->retry_after <= 0)
			again.due = now + US_SEC;
		return again;
	case OUTCOME_FAILED: return (struct next){STATUS_FAILED, 0, a->due, counted};
	case OUTCOME_UNCERTAIN:
		if (policy_at_most_once(a->purpose) || a->retry_after == OUTCOME_WAITS || last)
			return (struct next){STATUS_UNCERTAIN, 2, a->due, counted};
		return again;
	case OUTCOME_EXPIRED: return (struct next){STATUS_EXPIRED, 0, a->due, counted};
	case OUTCOME_CANCELLED: return (struct next){STATUS_CANCELLED, 0, a->due, not_counted};
	case OUTCOME_RELEASED: break;
	}
	return (struct next){STATUS_QUEUED, 1, a->due, not_counted};
}

struct entry {
	struct item *item;
	enum outcome_kind kind;
	struct str code, reason, *ids;
	size_t ids_n;
	int64_t retry_after;
	struct next next;
	bool raced;
};

struct answers {
	struct again again;
	struct task task;
	struct lane *lane;
	size_t n;
	struct entry v[];
};

/* ---- the adapter's thread ---- */

static size_t room_for(const struct outcome *v, size_t n)
{
	size_t room = 0;

	for (size_t k = 0; k < n; k++) {
		room += v[k].code.n + v[k].reason.n + v[k].external_ids_n * sizeof(struct str);
		for (size_t i = 0; i < v[k].external_ids_n; i++)
			room += v[k].external_ids[i].n;
	}
	return room;
}

static struct str keep(char **at, struct str s)
{
	struct str copy = {*at, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}

/* ids first: they need alignment. */
static void copy_ids(struct entry *e, const struct outcome *o, struct str **ids)
{
	e->ids = *ids;
	e->ids_n = o->external_ids_n < PARTS_MAX ? o->external_ids_n : PARTS_MAX;
	*ids += o->external_ids_n;
}

static void copy_strings(struct entry *e, const struct outcome *o, char **at)
{
	e->kind = o->kind;
	e->retry_after = o->retry_after;
	e->code = keep(at, o->code);
	e->reason = keep(at, o->reason);
	for (size_t k = 0; k < e->ids_n; k++)
		e->ids[k] = keep(at, o->external_ids[k]);
}

/* The item this outcome is for, if it is one that waits for it. Under o->lock. */
static struct item *accept(struct lane *l, const struct outcome *v)
{
	struct item *i = items_find(l->o->items, &v->id);

	if (!i || i->lane != l || i->state != ITEM_FLYING || i->d.token != v->token) {
		atomic_fetch_add(&l->counts.stale, 1);
		return NULL;
	}
	i->state = ITEM_ANSWERED;
	return i;
}

static void run_answers(struct lane *l, struct answers *a);

void outbound_outcomes(struct outbound *o, struct str account, const struct outcome *v, size_t n)
{
	struct lane *l = lane_find(o, account);
	struct answers *a = l ? malloc(sizeof *a + n * sizeof *a->v + room_for(v, n)) : NULL;
	struct str *ids;
	char *at;

	if (!a)
		return; /* without memory the deliveries stay in flight, and are sent again after a restart */
	*a = (struct answers){.lane = l};
	ids = (struct str *)(void *)&a->v[n];
	at = (char *)ids;
	for (size_t k = 0; k < n; k++)
		at += v[k].external_ids_n * sizeof *ids;
	pthread_mutex_lock(&o->lock);
	for (size_t k = 0; k < n; k++) {
		struct entry *e = &a->v[a->n];
		struct item *i = accept(l, &v[k]);
		if (!i)
			continue;
		*e = (struct entry){.item = i};
		copy_ids(e, &v[k], &ids);
		copy_strings(e, &v[k], &at);
		a->n++;
	}
	pthread_mutex_unlock(&o->lock);
	if (a->n)
		run_answers(l, a);
	else
		free(a);
}

void outcome_release(struct lane *l, struct item *chain, size_t n)
{
	struct answers *a = n ? calloc(1, sizeof *a + n * sizeof *a->v) : NULL;

	if (!a)
		return;
	a->lane = l;
	pthread_mutex_lock(&l->o->lock);
	for (struct item *i = chain; i && a->n < n; i = i->next) {
		i->state = ITEM_ANSWERED;
		a->v[a->n++] = (struct entry){.item = i, .kind = OUTCOME_RELEASED, .reason = STR("stopping")};
	}
	pthread_mutex_unlock(&l->o->lock);
	atomic_fetch_add(&l->counts.flying, (int64_t)a->n);
	run_answers(l, a);
}

/* ---- the writer's thread ---- */

/* 0: the row is not as it was any more. */
static int update_row(struct outbound *o, const struct entry *e, struct db *db, struct str trail, struct str parts,
		      int64_t now, struct err *err)
{
	const struct item *i = e->item;
	struct stmt *q =
		db_query(db, "UPDATE delivery SET status = $1, outbox = $2, due_at = $3, attempts = $4, code = $5,"
			     " reason = $6, parts = $7, trail = trail || $8, token = $9, updated_at = $10"
			     " WHERE message_id = $11 AND n = $12 AND bucket = $13 AND outbox + 0 = 1 AND token = $14");
	(void)o;
	db_bind_i64(q, 1, e->next.status);
	db_bind_i64(q, 2, e->next.outbox);
	db_bind_i64(q, 3, e->next.due);
	db_bind_i64(q, 4, e->next.attempts);
	if (e->code.n)
		db_bind_str(q, 5, e->code);
	if (i->exempt && e->next.outbox == 1)
		db_bind_text(q, 6, EXEMPT_REASON);
	else if (e->reason.n && e->next.status != STATUS_SENT)
		db_bind_str(q, 6, e->reason);
	if (parts.n)
		db_bind_str(q, 7, parts);
	db_bind_str(q, 8, trail);
	db_bind_i64(q, 9, e->next.outbox == 1 ? 0 : i->stored_token);
	db_bind_i64(q, 10, now);
	db_bind_uuid(q, 11, &i->d.id.message);
	db_bind_i64(q, 12, i->d.id.n);
	db_bind_i64(q, 13, bucket_of(&i->d.id.message));
	db_bind_i64(q, 14, i->stored_token);
	return db_run_hit(q, err);
}

/* The row was ended (cancelled, expired) while it was on the wire: what has happened is kept, the status stays. */
static int update_raced(const struct entry *e, struct db *db, struct str trail, struct str parts, int64_t now,
			struct err *err)
{
	const struct delivery_id *id = &e->item->d.id;
	struct stmt *q =
		db_query(db, "UPDATE delivery SET trail = trail || $1, parts = COALESCE($2, parts), updated_at = $3"
			     " WHERE message_id = $4 AND n = $5 AND bucket = $6");
	db_bind_str(q, 1, trail);
	if (parts.n)
		db_bind_str(q, 2, parts);
	db_bind_i64(q, 3, now);
	db_bind_uuid(q, 4, &id->message);
	db_bind_i64(q, 5, id->n);
	db_bind_i64(q, 6, bucket_of(&id->message));
	return db_run(q, err);
}

static int write_ids(struct outbound *o, struct lane *l, const struct entry *e, struct db *db, int64_t now,
		     struct err *err)
{
	char room[RECEIPT_ID_MAX + 2];
	struct str alias;

	for (size_t k = 0; k < e->ids_n; k++) {
		if (!e->ids[k].n)
			continue;
		if (external_add(db, str_of(l->name), e->ids[k], &e->item->d.id, (int)k + 1, now, err))
			return -1;
		if (receipt_alias(e->ids[k], room, &alias) &&
		    external_add(db, str_of(l->name), alias, &e->item->d.id, (int)k + 1, now, err))
			return -1;
		if (early_any(o) &&
		    early_apply(o, db, l, e->ids[k], &(struct external_hit){e->item->d.id, (int)k + 1}, now, err))
			return -1;
	}
	return 0;
}

/* An id that the carrier would use of it as well, had it taken it (a mail's Message-ID), is kept: it may still tell. */
static bool keeps_ids(const struct entry *e)
{
	return e->kind == OUTCOME_SENT || (e->next.status == STATUS_UNCERTAIN && e->ids_n == 1);
}

static void describe(struct outbound *o, struct entry *e, int64_t now)
{
	static const char *const causes[] = {
		"accepted by the carrier", "", "", "", "answer lost", "", "cancelled", "not sent"};

	buf_reset(&o->trail);
	buf_reset(&o->parts);
	if (e->kind != OUTCOME_THROTTLED && !(e->kind == OUTCOME_RELEASED && !e->item->stored_token))
		trail_line(&o->trail, now, e->next.status,
			   e->reason.n && e->kind != OUTCOME_SENT ? "" : causes[e->kind],
			   e->kind == OUTCOME_SENT ? STR("") : e->reason);
	if (keeps_ids(e) && e->ids_n)
		parts_write(&o->parts, e->ids, e->ids_n, STATUS_SENT);
}

static int throttled_event(struct lane *l, struct db *db, const struct entry *e, int64_t now, struct err *err)
{
	struct event ev = {.at = now, .type = "channel.throttled", .channel = l->channel};
	struct buf *b = &l->o->scratch;

	if (now - l->throttled_at < US_MIN)
		return 0;
	l->throttled_at = now;
	buf_reset(b);
	buf_adds(b, "{\"account\":\"");
	buf_adds(b, l->name);
	buf_adds(b, "\",\"reason\":");
	json_quote(b, e->reason);
	buf_addc(b, '}');
	ev.data = buf_str(b);
	return event_append(l->o->ev, db, &ev, err);
}

static int write_entry(struct answers *a, struct entry *e, struct db *db, int64_t now, struct err *err)
{
	struct outbound *o = a->lane->o;
	const struct item *i = e->item;
	struct facts f = {i->d.customer, i->d.conversation, a->lane->channel, str_of(a->lane->name), i->d.id, false};
	struct attempt at = {&i->d.id.message, i->d.purpose, e->kind,	      i->stored_token != 0,
			     i->attempts,      i->due,	     i->d.expires_at, e->retry_after};
	int hit;

	e->next = outcome_decide(&o->c, &at, now);
	e->raced = false;
	if (e->kind == OUTCOME_RELEASED && !i->stored_token)
		return 0; /* the row never said otherwise */
	describe(o, e, now);
	hit = update_row(o, e, db, buf_str(&o->trail), buf_str(&o->parts), now, err);
	if (hit < 0)
		return -1;
	e->raced = !hit;
	if (e->raced && update_raced(e, db, buf_str(&o->trail), buf_str(&o->parts), now, err))
		return -1;
	recent_put(o->recent, a->lane, &f, e->ids, e->ids_n);
	if (e->kind == OUTCOME_THROTTLED)
		return throttled_event(a->lane, db, e, now, err);
	if (!e->raced && status_event(o, db, &f, e->next.status, e->next.status == STATUS_SENT ? STR("") : e->reason,
				      e->code, now, NULL, err))
		return -1;
	if (!keeps_ids(e))
		return 0;
	if (a->lane->channel == CHANNEL_WEB && str_is(e->reason, "away") && fallback_away(o, db, i, now, err))
		return -1;
	/* Without receipts nobody will ask by an id; the row has them all the same. */
	return a->lane->receipts ? write_ids(o, a->lane, e, db, now, err) : 0;
}

static int run(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct answers *a = (struct answers *)(void *)job;

	for (size_t k = 0; k < a->n; k++)
		if (write_entry(a, &a->v[k], db, now, err))
			return -1;
	return 0;
}

static void done(struct write_job *job, const struct err *err)
{
	struct answers *a = (struct answers *)(void *)job;
	struct outbound *o = a->lane->o;

	atomic_fetch_add(&o->jobs, 1); /* until the dispatcher has heard it */
	if (again_failed(&a->again, err)) {
		atomic_fetch_sub(&o->jobs, 1);
		return;
	}
	if (err) /* given up: the store has them in flight, and a restart will look at them */
		for (size_t k = 0; k < a->n; k++)
			a->v[k].next = (struct next){.status = STATUS_NONE};
	fallback_look(o);
	loop_post(o->loop, &a->task);
}

/* ---- the dispatcher's thread ---- */

static void count(struct lane_counts *n, const struct entry *e)
{
	_Atomic int64_t *c;

	switch (e->next.status) {
	case STATUS_SENT: c = &n->sent; break;
	case STATUS_FAILED: c = &n->failed; break;
	case STATUS_EXPIRED: c = &n->expired; break;
	case STATUS_UNCERTAIN: c = &n->uncertain; break;
	default: c = e->kind == OUTCOME_THROTTLED ? &n->throttled : &n->retried; break;
	}
	atomic_fetch_add(c, 1);
	if (e->kind == OUTCOME_UNCERTAIN && e->next.outbox == 1)
		atomic_fetch_add(&n->repeated, 1);
	if (e->raced)
		atomic_fetch_add(&n->lost_race, 1);
}

static void settle(struct lane *l, struct entry *e)
{
	struct item *i = e->item;

	l->held--;
	count(&l->counts, e);
	if (e->next.outbox != 1 || e->raced) {
		dispatch_forget(i);
		return;
	}
	i->due = e->next.due;
	i->attempts = e->next.attempts;
	i->stored_token = 0;
	i->status = STATUS_QUEUED;
	pthread_mutex_lock(&l->o->lock);
	i->state = ITEM_WAITING;
	pthread_mutex_unlock(&l->o->lock);
	dispatch_put(i);
}

static void on_answered(struct task *t)
{
	struct answers *a = (struct answers *)(void *)((char *)t - offsetof(struct answers, task));
	struct lane *l = a->lane;

	for (size_t k = 0; k < a->n; k++)
		settle(l, &a->v[k]);
	atomic_fetch_sub(&l->counts.flying, (int64_t)a->n);
	free(a);
	atomic_fetch_sub(&l->o->jobs, 1);
	dispatch_run(l);
}

static void drop(struct again *a) { free(a); }

static void run_answers(struct lane *l, struct answers *a)
{
	a->again.job = (struct write_job){.run = run, .done = done};
	a->again.drop = drop;
	a->task.run = on_answered;
	again_submit(l->o, &a->again);
}
