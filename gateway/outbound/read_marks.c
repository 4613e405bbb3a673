/* Read marks: whoever has read a message has read those before it. One write job; walks the customer's newest outbound
 * messages by that address and stops at the first that is marked already. */
#include <stdlib.h>

#include "outbound/private.h"

enum { BACK = 200 };

struct reading {
	struct write_job job;
	struct outbound *o;
	struct address who;
	struct uuid upto;
};

struct unread {
	struct facts f;
	char account[64];
	enum status status;
};

static int read_unread(struct db *db, const struct reading *x, const struct contact *c, struct unread v[BACK],
		       struct err *err)
{
	struct stmt *q = db_query(
		db, "SELECT d.message_id, d.n, d.status, d.channel, d.account, i.conversation_id FROM interaction i"
		    " JOIN delivery d ON d.message_id = i.id AND d.bucket = i.bucket"
		    " WHERE i.bucket = $1 AND i.customer_id = $2 AND i.id <= $3 AND i.direction = $4"
		    " AND d.scheme = $5 AND d.address = $6 ORDER BY i.id DESC LIMIT $7");
	struct uuid upto = x->upto;
	int n = 0, r;

	if (uuid_is_nil(&upto))
		memset(upto.b, 0xff, sizeof upto.b);
	db_bind_i64(q, 1, bucket_of(&c->customer));
	db_bind_uuid(q, 2, &c->customer);
	db_bind_uuid(q, 3, &upto);
	db_bind_i64(q, 4, DIRECTION_OUTBOUND);
	db_bind_i64(q, 5, x->who.scheme);
	db_bind_text(q, 6, x->who.value);
	db_bind_i64(q, 7, BACK);
	while ((r = db_step(q, err)) == DB_ROW && n < BACK) {
		struct unread *u = &v[n];
		struct str name = db_col_str(q, 4);
		u->status = (enum status)db_col_i64(q, 2);
		if (u->status == STATUS_READ)
			break;
		if (u->status != STATUS_SENT && u->status != STATUS_DELIVERED && u->status != STATUS_UNCERTAIN)
			continue;
		name.n = name.n < 63 ? name.n : 63;
		memcpy(u->account, name.p, name.n);
		u->f = (struct facts){.customer = c->customer,
				      .channel = (enum channel)db_col_i64(q, 3),
				      .account = str_n(u->account, name.n),
				      .id.n = (uint16_t)db_col_i64(q, 1)};
		db_col_uuid(q, 0, &u->f.id.message);
		db_col_uuid(q, 5, &u->f.conversation);
		n++;
	}
	db_done(q);
	return r == DB_ERROR ? -1 : n;
}

static int mark(struct outbound *o, struct db *db, const struct unread *u, int64_t now, struct err *err)
{
	struct stmt *q =
		db_query(db, "UPDATE delivery SET status = $1, outbox = 0, trail = trail || $2, updated_at = $3"
			     " WHERE message_id = $4 AND n = $5 AND bucket = $6");
	buf_reset(&o->trail);
	trail_line(&o->trail, now, STATUS_READ, "read by the customer", STR(""));
	db_bind_i64(q, 1, STATUS_READ);
	db_bind_str(q, 2, buf_str(&o->trail));
	db_bind_i64(q, 3, now);
	db_bind_uuid(q, 4, &u->f.id.message);
	db_bind_i64(q, 5, u->f.id.n);
	db_bind_i64(q, 6, bucket_of(&u->f.id.message));
	if (db_run(q, err))
		return -1;
	return status_event(o, db, &u->f, STATUS_READ, STR(""), STR(""), now, NULL, err);
}

static int run(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct reading *x = (struct reading *)(void *)job;
	struct unread *v;
	struct contact c;
	int n, r = contact_find(db, &x->who, 0, &c, err);

	if (r)
		return r < 0 ? -1 : 0;
	v = calloc(BACK, sizeof *v);
	if (!v)
		return err_nomem(err);
	n = read_unread(db, x, &c, v, err);
	for (int k = 0; n > 0 && k < n && r == 0; k++)
		r = mark(x->o, db, &v[k], now, err);
	free(v);
	return n < 0 ? -1 : r;
}

static void done(struct write_job *job, const struct err *err)
{
	struct reading *x = (struct reading *)(void *)job;

	(void)err; /* the next mark covers this one */
	atomic_fetch_sub(&x->o->jobs, 1);
	free(x);
}

void outbound_read_upto(struct outbound *o, const struct address *who, const struct uuid *upto)
{
	struct reading *x = calloc(1, sizeof *x);

	if (!x)
		return;
	x->job = (struct write_job){.run = run, .done = done};
	x->o = o;
	x->who = *who;
	if (upto)
		x->upto = *upto;
	atomic_fetch_add(&o->jobs, 1);
	if (writer_submit(o->w, &x->job, NULL))
		done(&x->job, NULL);
}
