/*
 * Cancelling, which runs in a caller's write job while the dispatcher may be about to send. The item's state decides, under
 * o->lock: what waits is marked and will not be sent; what is claimed or on its way cannot be cancelled any more. A
 * delivery that is only in the store gets a mark in the index, so that it is not loaded meanwhile.
 *
 * The job may still be rolled back, and nobody says so. Hence a mark is a question: after a while the dispatcher asks the
 * store, and what waits there after all goes on.
 */
#include "base/clock.h"
#include "outbound/private.h"

#define SETTLE (5 * US_SEC)

bool cancel_mark(struct outbound *o, const struct delivery_id *id, int64_t now)
{
	struct item *i;
	bool ok = true;

	pthread_mutex_lock(&o->lock);
	i = items_find(o->items, id);
	if (!i && atomic_load(&o->lanes_n)) {
		struct delivery d = {.id = *id};
		i = item_new(o->lane[0], &d);
		if (i && !items_put(o->items, i))
			items_free(&i);
		ok = i != NULL;
	}
	if (i && i->state != ITEM_WAITING && i->state != ITEM_CANCELLED)
		ok = false;
	if (i && ok) {
		i->state = ITEM_CANCELLED;
		i->marked_at = now;
		atomic_fetch_add(&o->cancelled, 1);
	}
	pthread_mutex_unlock(&o->lock);
	return ok;
}

void cancel_note(struct outbound *o, const struct delivery_id *id, int64_t now)
{
	bool known;

	pthread_mutex_lock(&o->lock);
	known = items_find(o->items, id) != NULL;
	pthread_mutex_unlock(&o->lock);
	if (known)
		cancel_mark(o, id, now);
}

struct row {
	int64_t due;
	struct facts f;
	enum status status;
	enum purpose purpose;
	int outbox;
};

/* The latest delivery of the message. */
static int read_row(struct db *db, const struct uuid *message, struct row *out, char account[64], struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT d.n, d.status, d.outbox, d.customer_id, d.channel, d.account, i.conversation_id,"
			     " d.purpose, d.due_at FROM delivery d LEFT JOIN interaction i ON i.bucket = d.bucket AND"
			     " i.customer_id = d.customer_id AND i.id = d.message_id"
			     " WHERE d.message_id = $1 ORDER BY d.n DESC LIMIT 1");
	int r;

	db_bind_uuid(q, 1, message);
	r = db_step(q, err);
	if (r == DB_ROW) {
		struct str name = db_col_str(q, 5);
		size_t n = name.n < 63 ? name.n : 63;
		memcpy(account, name.p, n);
		account[n] = 0;
		*out = (struct row){.status = (enum status)db_col_i64(q, 1),
				    .purpose = (enum purpose)db_col_i64(q, 7),
				    .outbox = (int)db_col_i64(q, 2),
				    .due = db_col_i64(q, 8),
				    .f = {.channel = (enum channel)db_col_i64(q, 4),
					  .account = str_n(account, n),
					  .id = {*message, (uint16_t)db_col_i64(q, 0)}}};
		db_col_uuid(q, 3, &out->f.customer);
		db_col_uuid(q, 6, &out->f.conversation);
	}
	db_done(q);
	if (r == DB_END)
		return err_set(err, ERR_NOT_FOUND, "message_not_found", NULL, "there is no such outbound message");
	return r == DB_ROW ? 0 : -1;
}

static int write_row(struct outbound *o, struct db *db, const struct row *row, const char *author, int64_t now,
		     struct err *err)
{
	struct stmt *q =
		db_query(db, "UPDATE delivery SET status = $1, outbox = 0, trail = trail || $2, updated_at = $3"
			     " WHERE message_id = $4 AND n = $5 AND bucket = $6 AND outbox + 0 = 1");
	buf_reset(&o->trail);
	trail_line(&o->trail, now, STATUS_CANCELLED, "cancelled by", str_of(author));
	db_bind_i64(q, 1, STATUS_CANCELLED);
	db_bind_str(q, 2, buf_str(&o->trail));
	db_bind_i64(q, 3, now);
	db_bind_uuid(q, 4, &row->f.id.message);
	db_bind_i64(q, 5, row->f.id.n);
	db_bind_i64(q, 6, bucket_of(&row->f.id.message));
	if (db_run(q, err) || policy_give_back(o, db, row->purpose, &row->f.customer, &row->f.id.message, err))
		return -1;
	return status_event(o, db, &row->f, STATUS_CANCELLED, STR(""), STR(""), now, NULL, err);
}

/* Another gateway sends it: what is due may be on its way there. */
static bool others(struct outbound *o, const struct row *row)
{
	const struct lane *l = lane_find(o, row->f.account);
	return l && !l->mine;
}

int outbound_cancel(struct outbound *o, struct db *db, const struct uuid *message, const char *author, int64_t now,
		    struct err *err)
{
	char account[64];
	struct row row;

	if (read_row(db, message, &row, account, err))
		return -1;
	if (row.outbox != 1 || (others(o, &row) && row.due <= now) || !cancel_mark(o, &row.f.id, now))
		return err_set(
			err, ERR_CONFLICT, "not_cancellable", NULL,
			"the message is \"%s\" and cannot be cancelled any more",
			status_word(row.status == STATUS_QUEUED && row.outbox == 1 ? STATUS_SENDING : row.status));
	return write_row(o, db, &row, author, now, err);
}

/* ---- the dispatcher's side ---- */

/* 1 waits after all, 0 done with, -1 not known. */
static int waits_in_store(struct outbound *o, const struct item *i)
{
	struct db *db = readers_get(o->r, NULL);
	struct stmt *q;
	int r;

	if (!db)
		return -1;
	q = db_query(db, "SELECT outbox FROM delivery WHERE message_id = $1 AND n = $2 AND bucket = $3");
	db_bind_uuid(q, 1, &i->d.id.message);
	db_bind_i64(q, 2, i->d.id.n);
	db_bind_i64(q, 3, bucket_of(&i->d.id.message));
	r = db_step(q, NULL);
	r = r == DB_ROW ? db_col_i64(q, 0) == 1 : r == DB_END ? 0 : -1;
	db_done(q);
	return r;
}

static struct item *next_marked(struct outbound *o, size_t *at, int64_t now)
{
	struct item *i;

	pthread_mutex_lock(&o->lock);
	while ((i = items_any(o->items, at)))
		if (i->state == ITEM_CANCELLED && i->marked_at && i->marked_at <= now - SETTLE)
			break;
	pthread_mutex_unlock(&o->lock);
	return i;
}

static void settle(struct outbound *o, struct item *i, int waits)
{
	bool mark_only = i->due == 0; /* it was never loaded: the store will give it again */

	pthread_mutex_lock(&o->lock);
	if (waits)
		i->state = ITEM_WAITING;
	i->marked_at = 0;
	pthread_mutex_unlock(&o->lock);
	if (i->boxed)
		return; /* found when it is its turn */
	if (waits && !mark_only) {
		dispatch_put(i);
		return;
	}
	dispatch_forget(i);
	if (waits)
		for (size_t k = 0; k < atomic_load(&o->lanes_n); k++)
			for (int p = 0; p < PRIORITIES; p++)
				outbound_look(o, str_of(o->lane[k]->name), (enum priority)p);
}

void cancel_settle(struct outbound *o, int64_t now)
{
	struct item *i;
	size_t at = 0;

	if (atomic_load(&o->cancelled) <= 0)
		return;
	while ((i = next_marked(o, &at, now))) {
		int waits = waits_in_store(o, i);
		if (waits < 0)
			return;
		settle(o, i, waits);
		atomic_fetch_sub(&o->cancelled, 1);
		at = 0; /* removing moves others */
	}
}
