/*
 * Time passing. What is in memory and has expired goes to a claim job, which ends it. What is only in the store (beyond
 * memory, or of an account that is not configured any more) is found by a slow walk over the index of the outbox: so many
 * rows a second, round and round; so the walk costs the same however long the backlog is.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "outbound/private.h"

enum { AT_ONCE = 256, WALK_ROWS = 2000 };

void sweep_expired(struct outbound *o, int64_t now)
{
	size_t lanes = atomic_load(&o->lanes_n);

	for (size_t k = 0; k < lanes; k++) {
		struct lane *l = o->lane[k];
		struct item *found[AT_ONCE], *chain = NULL, **tail = &chain;
		size_t n = 0, waiting = 0;
		for (int p = 0; p < PRIORITIES && n < AT_ONCE; p++)
			n += outbox_expired(&l->box[p], now, found + n, AT_ONCE - n);
		pthread_mutex_lock(&o->lock);
		for (size_t i = 0; i < n; i++) {
			found[i]->boxed = false;
			if (found[i]->state != ITEM_WAITING)
				continue; /* marked cancelled: cancel.c settles it */
			found[i]->state = ITEM_CLAIMING;
			*tail = found[i];
			tail = &found[i]->next;
			waiting++;
		}
		pthread_mutex_unlock(&o->lock);
		*tail = NULL;
		l->held += waiting;
		if (waiting)
			claim_submit(l, chain, waiting);
		for (int p = 0; p < PRIORITIES; p++)
			n += l->box[p].n;
		atomic_store(&l->counts.waiting, (int64_t)n);
	}
}

struct expiry {
	struct write_job job;
	struct outbound *o;
	size_t n;
	struct delivery_id v[AT_ONCE];
};

static int expire_one(struct outbound *o, struct db *db, const struct delivery_id *id, int64_t now, struct err *err)
{
	struct stmt *q =
		db_query(db, "UPDATE delivery SET status = $1, outbox = 0, reason = 'expired', trail = trail || $2,"
			     " updated_at = $3 WHERE message_id = $4 AND n = $5 AND bucket = $6 AND outbox + 0 = 1"
			     " AND expires_at <= $7 RETURNING customer_id, channel, account, purpose");
	struct facts f = {.id = *id};
	enum purpose purpose = PURPOSE_SERVICE;
	int r;

	if (!cancel_mark(o, id, now))
		return 0; /* on its way: its outcome will say */
	buf_reset(&o->trail);
	trail_line(&o->trail, now, STATUS_EXPIRED, "expired", STR(""));
	db_bind_i64(q, 1, STATUS_EXPIRED);
	db_bind_str(q, 2, buf_str(&o->trail));
	db_bind_i64(q, 3, now);
	db_bind_uuid(q, 4, &id->message);
	db_bind_i64(q, 5, id->n);
	db_bind_i64(q, 6, bucket_of(&id->message));
	db_bind_i64(q, 7, now);
	buf_reset(&o->scratch);
	r = db_step(q, err);
	if (r == DB_ROW) {
		db_col_uuid(q, 0, &f.customer);
		f.channel = (enum channel)db_col_i64(q, 1);
		buf_addstr(&o->scratch, db_col_str(q, 2));
		f.account = buf_str(&o->scratch);
		purpose = (enum purpose)db_col_i64(q, 3);
		db_step(q, err);
	}
	db_done(q);
	if (r != DB_ROW)
		return r == DB_ERROR ? -1 : 0;
	if (policy_give_back(o, db, purpose, &f.customer, &id->message, err))
		return -1;
	return status_event(o, db, &f, STATUS_EXPIRED, STR("expired"), STR(""), now, NULL, err);
}

static int run(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct expiry *x = (struct expiry *)(void *)job;

	for (size_t k = 0; k < x->n; k++)
		if (expire_one(x->o, db, &x->v[k], now, err))
			return -1;
	return 0;
}

static void done(struct write_job *job, const struct err *err)
{
	struct expiry *x = (struct expiry *)(void *)job;

	(void)err; /* the walk comes round again */
	fallback_look(x->o);
	atomic_fetch_sub(&x->o->jobs, 1);
	free(x);
}

/* What another gateway sends it sees to itself. */
static bool ours(struct outbound *o)
{
	const struct lane *l = lane_find(o, str_of(o->scan.account));
	return !l || l->mine;
}

static bool in_memory(struct outbound *o, const struct delivery_id *id)
{
	bool is;

	pthread_mutex_lock(&o->lock);
	is = items_find(o->items, id) != NULL;
	pthread_mutex_unlock(&o->lock);
	return is;
}

/* Walks on from where it was; fills x with what has expired and is not in memory. */
static int walk(struct outbound *o, struct db *db, struct expiry *x, int64_t now)
{
	struct stmt *q = db_query(
		db, "SELECT account, priority, due_at, message_id, n, expires_at FROM delivery WHERE outbox = 1"
		    " AND (account, priority, due_at, message_id, n) > ($1, $2, $3, $4, $5)"
		    " ORDER BY account, priority, due_at, message_id, n LIMIT $6");
	int r = DB_END, rows = 0;

	db_bind_text(q, 1, o->scan.account);
	db_bind_i64(q, 2, o->scan.priority);
	db_bind_i64(q, 3, o->scan.due);
	db_bind_blob(q, 4, o->scan.id.message.b, sizeof o->scan.id.message.b);
	db_bind_i64(q, 5, o->scan.id.n);
	db_bind_i64(q, 6, WALK_ROWS);
	while (x->n < AT_ONCE && (r = db_step(q, NULL)) == DB_ROW) {
		struct str account = db_col_str(q, 0);
		int64_t expires = db_col_i64(q, 5);
		size_t n = account.n < 63 ? account.n : 63;
		memcpy(o->scan.account, account.p, n);
		o->scan.account[n] = 0;
		o->scan.priority = (int)db_col_i64(q, 1);
		o->scan.due = db_col_i64(q, 2);
		db_col_uuid(q, 3, &o->scan.id.message);
		o->scan.id.n = (uint16_t)db_col_i64(q, 4);
		rows++;
		if (expires && expires <= now && ours(o) && !in_memory(o, &o->scan.id))
			x->v[x->n++] = o->scan.id;
	}
	db_done(q);
	return r == DB_ERROR ? -1 : rows;
}

void sweep_store(struct outbound *o, int64_t now)
{
	struct db *db = readers_get(o->r, NULL);
	struct expiry *x = db ? calloc(1, sizeof *x) : NULL;

	if (!x)
		return;
	if (walk(o, db, x, now) < WALK_ROWS && x->n < AT_ONCE)
		memset(&o->scan, 0, sizeof o->scan);
	if (x->n == 0) {
		free(x);
		return;
	}
	x->job = (struct write_job){.run = run, .done = done};
	x->o = o;
	atomic_fetch_add(&o->jobs, 1);
	if (writer_submit(o->w, &x->job, NULL)) {
		atomic_fetch_sub(&o->jobs, 1);
		free(x);
	}
}
