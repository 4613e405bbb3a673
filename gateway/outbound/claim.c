/*
 * Claims: what must be on disk before the wire. A marketing message becomes `sending` with its fencing token, and its
 * attempt is counted before it is made; so after a crash it is known that it may have been sent, and one that crashes us
 * runs out of attempts. Whatever policy refuses now, what has expired, and what has had all its attempts, ends here too.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "outbound/private.h"

enum verdict { GONE, GO, ENDED, LATER };

struct claim {
	struct again again;
	struct task task;
	struct lane *lane;
	size_t n;
	struct entry {
		struct item *item;
		int64_t token;
		enum verdict verdict;
		enum status ended;
		int64_t later;
	} v[];
};

static int write_claim(struct claim *c, struct entry *e, struct db *db, int64_t now, struct err *err)
{
	struct item *i = e->item;
	struct buf *trail = &c->again.o->trail;
	struct stmt *q = db_query(
		db, "UPDATE delivery SET status = $1, token = $2, attempts = attempts + 1, trail = trail || $3,"
		    " reason = NULL, updated_at = $4 WHERE message_id = $5 AND n = $6 AND bucket = $7"
		    " AND outbox + 0 = 1 AND token = $8");
	int hit;

	buf_reset(trail);
	trail_line(trail, now, STATUS_SENDING, "claimed", STR(""));
	db_bind_i64(q, 1, STATUS_SENDING);
	db_bind_i64(q, 2, e->token);
	db_bind_str(q, 3, buf_str(trail));
	db_bind_i64(q, 4, now);
	db_bind_uuid(q, 5, &i->d.id.message);
	db_bind_i64(q, 6, i->d.id.n);
	db_bind_i64(q, 7, bucket_of(&i->d.id.message));
	db_bind_i64(q, 8, i->stored_token);
	hit = db_run_hit(q, err);
	e->verdict = hit ? GO : GONE;
	return hit < 0 ? -1 : 0;
}

static int write_end(struct claim *c, struct entry *e, struct db *db, enum status s, const char *reason, int64_t now,
		     struct err *err)
{
	struct item *i = e->item;
	struct buf *trail = &c->again.o->trail;
	struct facts f = {i->d.customer, i->d.conversation, c->lane->channel, str_of(c->lane->name), i->d.id, false};
	struct stmt *q = db_query(
		db, "UPDATE delivery SET status = $1, outbox = 0, reason = $2, trail = trail || $3, updated_at = $4"
		    " WHERE message_id = $5 AND n = $6 AND bucket = $7 AND outbox + 0 = 1");
	buf_reset(trail);
	trail_line(trail, now, s, reason, STR(""));
	db_bind_i64(q, 1, s);
	db_bind_text(q, 2, reason);
	db_bind_str(q, 3, buf_str(trail));
	db_bind_i64(q, 4, now);
	db_bind_uuid(q, 5, &i->d.id.message);
	db_bind_i64(q, 6, i->d.id.n);
	db_bind_i64(q, 7, bucket_of(&i->d.id.message));
	if (db_run(q, err))
		return -1;
	e->verdict = db_changes(db) ? ENDED : GONE;
	e->ended = s;
	return e->verdict == GONE ? 0 : status_event(c->again.o, db, &f, s, str_of(reason), STR(""), now, NULL, err);
}

/* Not at this hour: it waits, and is asked again. */
static int write_later(struct claim *c, struct entry *e, struct db *db, const char *reason, int64_t now,
		       struct err *err)
{
	struct item *i = e->item;
	struct buf *trail = &c->again.o->trail;
	struct stmt *q =
		db_query(db, "UPDATE delivery SET status = $1, due_at = $2, reason = $3, trail = trail || $4,"
			     " updated_at = $5 WHERE message_id = $6 AND n = $7 AND bucket = $8 AND outbox + 0 = 1");

	buf_reset(trail);
	trail_line(trail, now, STATUS_SCHEDULED, "waits:", str_of(reason));
	db_bind_i64(q, 1, STATUS_SCHEDULED);
	db_bind_i64(q, 2, e->later);
	db_bind_text(q, 3, reason);
	db_bind_str(q, 4, buf_str(trail));
	db_bind_i64(q, 5, now);
	db_bind_uuid(q, 6, &i->d.id.message);
	db_bind_i64(q, 7, i->d.id.n);
	db_bind_i64(q, 8, bucket_of(&i->d.id.message));
	if (db_run(q, err))
		return -1;
	e->verdict = db_changes(db) ? LATER : GONE;
	return 0;
}

static int ask(struct claim *c, struct entry *e, struct db *db, enum status *s, const char **reason, int64_t now,
	       struct err *err)
{
	struct outbound *o = c->again.o;
	struct item *i = e->item;
	struct uuid members[MEMBERS_MAX];
	struct policy_question q = {.to = &i->d.to,
				    .purpose = i->d.purpose,
				    .expires_at = i->d.expires_at,
				    .exempt = i->exempt,
				    .members = members,
				    .at = now,
				    .counted = true};
	int n = 0;

	if (o->c.rules && i->d.purpose != PURPOSE_SERVICE &&
	    (n = identity_members(db, &i->d.customer, members, err)) < 0)
		return -1;
	q.members_n = (size_t)n;
	return policy_ask(o, db, &q, now, s, reason, &e->later, err);
}

static int decide(struct claim *c, struct entry *e, struct db *db, int64_t now, struct err *err)
{
	struct outbound *o = c->again.o;
	struct item *i = e->item;
	enum status s = STATUS_FAILED;
	const char *reason = "too_many_attempts";
	int no = i->attempts < o->c.max_attempts ? ask(c, e, db, &s, &reason, now, err) : 1;

	if (no < 0)
		return -1;
	if (no == 2)
		return write_later(c, e, db, reason, now, err);
	if (no) {
		if (policy_give_back(o, db, i->d.purpose, &i->d.customer, &i->d.id.message, err))
			return -1;
		return write_end(c, e, db, s, reason, now, err);
	}
	e->verdict = GO;
	return policy_at_most_once(i->d.purpose) ? write_claim(c, e, db, now, err) : 0;
}

static int run(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct claim *c = (struct claim *)(void *)job;

	for (size_t k = 0; k < c->n; k++)
		if (decide(c, &c->v[k], db, now, err))
			return -1;
	return 0;
}

static void count_end(struct lane_counts *n, enum status s)
{
	atomic_fetch_add(s == STATUS_EXPIRED ? &n->expired : s == STATUS_SUPPRESSED ? &n->suppressed : &n->failed, 1);
}

static void wait_again(struct entry *e)
{
	struct item *i = e->item;
	struct lane *l = i->lane;

	l->held--;
	i->due = e->later;
	i->status = STATUS_SCHEDULED;
	pthread_mutex_lock(&l->o->lock);
	i->state = ITEM_WAITING;
	pthread_mutex_unlock(&l->o->lock);
	dispatch_put(i);
}

/* On the dispatcher. */
static void on_claimed(struct task *t)
{
	struct claim *c = (struct claim *)(void *)((char *)t - offsetof(struct claim, task));
	struct lane *l = c->lane;
	struct outbound *o = l->o;

	l->claiming_n -= c->n;
	pthread_mutex_lock(&o->lock);
	for (size_t k = 0; k < c->n; k++)
		if (c->v[k].verdict == GO)
			c->v[k].item->state = ITEM_CLAIMED;
	pthread_mutex_unlock(&o->lock);
	for (size_t k = 0; k < c->n; k++) {
		struct entry *e = &c->v[k];
		if (e->verdict == GO) {
			if (policy_at_most_once(e->item->d.purpose)) {
				e->item->stored_token = e->item->d.token = e->token;
				e->item->status = STATUS_SENDING;
				e->item->attempts++;
			}
			dispatch_claimed(e->item);
			continue;
		}
		if (e->verdict == LATER) {
			wait_again(e);
			continue;
		}
		if (e->verdict == ENDED)
			count_end(&l->counts, e->ended);
		else
			atomic_fetch_add(&l->counts.lost_race, 1);
		l->held--;
		dispatch_forget(e->item);
	}
	free(c);
	atomic_fetch_sub(&o->jobs, 1);
	dispatch_run(l);
}

static void done(struct write_job *job, const struct err *err)
{
	struct claim *c = (struct claim *)(void *)job;

	if (err)
		for (size_t k = 0; k < c->n; k++)
			c->v[k].verdict = GONE; /* given up: the store keeps it for the next start */
	fallback_look(c->again.o);
	atomic_fetch_add(&c->again.o->jobs, 1); /* until the dispatcher has heard it */
	if (again_failed(&c->again, err))
		atomic_fetch_sub(&c->again.o->jobs, 1);
	else
		loop_post(c->lane->o->loop, &c->task);
}

static void drop(struct again *a) { free(a); }

void claim_submit(struct lane *l, struct item *chain, size_t n)
{
	struct outbound *o = l->o;
	struct claim *c = calloc(1, sizeof *c + n * sizeof *c->v);

	if (!c) { /* back to their places: next time */
		for (struct item *i = chain, *next; i; i = next) {
			next = i->next;
			pthread_mutex_lock(&o->lock);
			i->state = ITEM_WAITING;
			pthread_mutex_unlock(&o->lock);
			l->held--;
			dispatch_put(i);
		}
		return;
	}
	for (struct item *i = chain; i && c->n < n; i = i->next)
		c->v[c->n++] = (struct entry){.item = i, .token = o->next_token++};
	c->lane = l;
	c->again.job = (struct write_job){.run = run, .done = done};
	c->again.drop = drop;
	c->task.run = on_claimed;
	l->claiming_n += c->n;
	again_submit(o, &c->again);
}
