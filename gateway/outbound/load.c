/*
 * What memory has no room for is read from the store again, in the order of the index delivery_outbox, a few hundred rows
 * at a time while a box runs low. A box whose horizon lies well ahead of the present has everything that is due and needs
 * no reading; it is looked at again when the present has come near its horizon, for what is scheduled.
 */
#include <limits.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "outbound/batch.h"

enum { CHUNK = 256, LOW = 512, FILES_MAX = 64 };

#define AHEAD (60 * US_SEC)

static struct str json_text(json_t *v, const char *key)
{
	json_t *s = json_object_get(v, key);
	return str_n(json_is_string(s) ? json_string_value(s) : "", json_is_string(s) ? json_string_length(s) : 0);
}

/* The strings live as long as the tree. */
static size_t read_files(json_t *tree, struct attachment out[FILES_MAX])
{
	size_t n = 0, k;
	json_t *v;

	json_array_foreach (tree, k, v) {
		struct str sha = json_text(v, "sha256");
		if (n == FILES_MAX || sha.n != 64)
			continue;
		out[n] = (struct attachment){.name = json_text(v, "name"),
					     .type = json_text(v, "type"),
					     .size = json_integer_value(json_object_get(v, "size"))};
		memcpy(out[n].sha256, sha.p, 64);
		n++;
	}
	return n;
}

static void read_address(struct stmt *q, int at, struct address *out)
{
	struct str v = db_col_str(q, at + 1);
	size_t n = v.n <= ADDRESS_MAX ? v.n : ADDRESS_MAX;

	out->scheme = (enum scheme)db_col_i64(q, at);
	memcpy(out->value, v.p, n);
	out->value[n] = 0;
}

static struct item *read_row(struct stmt *q, struct lane *l)
{
	struct attachment files[FILES_MAX];
	struct str attachments = db_col_str(q, 18), options = db_col_str(q, 12);
	struct delivery d = {.id.n = (uint16_t)db_col_i64(q, 1),
			     .from = db_col_str(q, 5),
			     .purpose = (enum purpose)db_col_i64(q, 6),
			     .priority = (enum priority)db_col_i64(q, 7),
			     .expires_at = db_col_i64(q, 10),
			     .receipt = l->receipts,
			     .options = options.n ? options : STR("{}"),
			     .correlation = db_col_str(q, 13),
			     .subject = db_col_str(q, 16),
			     .text = db_col_str(q, 17),
			     .attachments = files};
	json_t *tree = NULL;
	struct item *i;

	db_col_uuid(q, 0, &d.id.message);
	db_col_uuid(q, 2, &d.customer);
	db_col_uuid(q, 15, &d.conversation);
	read_address(q, 3, &d.to);
	if (attachments.n && json_read(attachments, 4, &tree, NULL) == 0)
		d.attachments_n = read_files(tree, files);
	if (d.priority >= PRIORITY_COUNT)
		d.priority = PRIORITY_BULK;
	i = item_new(l, &d);
	json_decref(tree);
	if (!i)
		return NULL;
	i->status = (enum status)db_col_i64(q, 8);
	i->due = db_col_i64(q, 9);
	i->attempts = (int)db_col_i64(q, 11);
	i->segments = (int)db_col_i64(q, 14);
	i->exempt = str_is(db_col_str(q, 19), EXEMPT_REASON);
	return i;
}

static struct stmt *query(struct db *db, const struct lane *l, int priority, int64_t until)
{
	struct stmt *q = db_query(
		db,
		"SELECT d.message_id, d.n, d.customer_id, d.scheme, d.address, d.sender, d.purpose, d.priority, "
		"d.status,"
		" d.due_at, d.expires_at, d.attempts, d.options, d.correlation, d.segments, i.conversation_id, "
		"i.subject,"
		" i.content, i.attachments, d.reason FROM delivery d"
		" JOIN interaction i ON i.bucket = d.bucket AND i.customer_id = d.customer_id AND i.id = d.message_id"
		" WHERE d.outbox = 1 AND d.account = $1 AND d.priority = $2 AND (d.due_at, d.message_id, d.n) > ($3, "
		"$4, $5)"
		" AND d.due_at <= $6 ORDER BY d.due_at, d.message_id, d.n LIMIT $7");
	const struct outbox *x = &l->box[priority];

	db_bind_text(q, 1, l->name);
	db_bind_i64(q, 2, priority);
	db_bind_i64(q, 3, x->horizon_due);
	db_bind_blob(q, 4, x->horizon_id.message.b, sizeof x->horizon_id.message.b);
	db_bind_i64(q, 5, x->horizon_id.n);
	db_bind_i64(q, 6, until);
	db_bind_i64(q, 7, CHUNK);
	return q;
}

/* Into the index and the box, unless it is known (in flight, or handed over by its batch). false: out of memory. */
static bool take(struct outbox *x, struct item *i)
{
	struct outbound *o = i->lane->o;
	bool known, put;

	pthread_mutex_lock(&o->lock);
	known = items_find(o->items, &i->d.id) != NULL;
	put = !known && items_put(o->items, i);
	pthread_mutex_unlock(&o->lock);
	if (!put) {
		items_free(&i);
		return known;
	}
	i->boxed = outbox_push(x, i);
	put = i->boxed;
	if (!put)
		dispatch_forget(i);
	return put;
}

static void load_chunk(struct lane *l, int priority, int64_t now)
{
	struct outbox *x = &l->box[priority];
	struct delivery_id last = {.message = {{0}}, .n = UINT16_MAX};
	struct err e = {0};
	struct db *db = readers_get(l->o->r, &e);
	struct stmt *q;
	int64_t due = 0;
	int r = DB_ERROR, n = 0;

	if (db) {
		q = query(db, l, priority, now + AHEAD);
		while ((r = db_step(q, &e)) == DB_ROW) {
			struct item *i = read_row(q, l);
			struct delivery_id id;
			int64_t at;
			if (!i)
				break;
			at = i->due;
			id = i->d.id;
			if (!take(x, i))
				break; /* out of memory: the horizon stays before it */
			due = at;
			last = id;
			n++;
		}
		db_done(q);
	}
	if (r == DB_ERROR) {
		log_warn("outbound.load_failed", "account", l->name, "reason", e.msg, LOG_END);
		l->o->loading_at = now + US_SEC;
	}
	if (r == DB_END && n < CHUNK) {
		memset(last.message.b, 0xff, sizeof last.message.b);
		last.n = UINT16_MAX;
		outbox_horizon(x, now + AHEAD, &last);
	} else if (n) {
		outbox_horizon(x, due, &last);
	}
}

void load_box(struct lane *l, int priority, int64_t now)
{
	struct outbox *x = &l->box[priority];
	const struct item *first = outbox_first(x);
	bool gap = first && !outbox_covers(x, first->due, &first->d.id);

	if ((gap || (x->n < LOW && x->horizon_due < now + AHEAD / 2)) && l->o->loading_at <= now)
		load_chunk(l, priority, now);
}
