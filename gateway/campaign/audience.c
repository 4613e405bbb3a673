/*
 * Who a campaign is for, in the order of ids: a walk that can be left and taken up again at any customer. Who was merged
 * since the list was made is written to as the one who stands for him.
 */
#include "campaign/eligible.h"
#include "campaign/send.h"
#include "customer/identity.h"

#define NOT_YET                                                                                            \
	" AND NOT EXISTS (SELECT 1 FROM campaign_customer x WHERE x.campaign_id = $1 AND x.customer_id = " \
	"c.id AND x.bucket = c.bucket)"

static const char listed[] = "SELECT c.id, c.merged_into, c.time_zone FROM campaign_member m JOIN customer c"
			     " ON c.bucket = m.bucket AND c.id = m.customer_id WHERE m.campaign_id = $1"
			     " AND m.customer_id > $2 ORDER BY m.customer_id LIMIT $3";
static const char everybody[] = "SELECT c.id, c.merged_into, c.time_zone FROM customer c WHERE c.merged_into IS NULL"
				" AND c.id > $2" NOT_YET " ORDER BY c.id LIMIT $3";

static int rows(struct db *db, const char *sql, const struct uuid *campaign, const struct uuid *after, int most,
		struct arena *a, struct audience_row *out, bool merged[], struct err *err)
{
	struct stmt *q = db_query(db, sql);
	int n = 0, r;

	db_bind_uuid(q, 1, campaign);
	db_bind_blob(q, 2, after->b, sizeof after->b);
	db_bind_i64(q, 3, most);
	while ((r = db_step(q, err)) == DB_ROW) {
		struct audience_row *x = &out[n];
		*x = (struct audience_row){.time_zone = arena_str(a, db_col_str(q, 2)), .variant = -2};
		db_col_uuid(q, 0, &x->customer);
		merged[n++] = !db_col_null(q, 1);
		if (!x->time_zone.p) {
			r = err_nomem(err);
			break;
		}
	}
	db_done(q);
	return r == DB_END ? n : -1;
}

/* 1: has a row already. */
static int has_row(struct db *db, const struct uuid *campaign, const struct uuid *customer, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT 1 FROM campaign_customer WHERE campaign_id = $1 AND customer_id = $2"
				      " AND bucket = $3");
	int r;

	db_bind_uuid(q, 1, campaign);
	db_bind_uuid(q, 2, customer);
	db_bind_i64(q, 3, bucket_of(customer));
	r = db_step(q, err);
	db_done(q);
	return r == DB_ERROR ? -1 : r == DB_ROW;
}

static bool among(const struct audience_row *v, int n, const struct uuid *id)
{
	for (int k = 0; k < n; k++)
		if (uuid_eq(&v[k].customer, id))
			return true;
	return false;
}

/* Those of a list who stand for themselves and have no row yet; of the others, who stands for them. */
static int sift(struct db *db, const struct uuid *campaign, struct audience_row *v, const bool *merged, int n,
		struct err *err)
{
	int kept = 0;

	for (int k = 0; k < n; k++) {
		struct audience_row x = v[k];
		int has;
		if (merged[k] && identity_survivor(db, &v[k].customer, &x.customer, err))
			return -1;
		has = has_row(db, campaign, &x.customer, err);
		if (has < 0)
			return -1;
		if (!has && !among(v, kept, &x.customer))
			v[kept++] = x;
	}
	return kept;
}

int audience_next(struct db *db, const struct campaign *c, const struct plan *p, const struct uuid *after, int most,
		  int64_t now, struct arena *a, struct audience_row *out, struct uuid *last, bool *end, struct err *err)
{
	bool *merged = arena_array(a, bool, (size_t)most + 1);
	int n;

	(void)now;
	if (!merged)
		return err_nomem(err);
	n = rows(db, p->listed ? listed : everybody, &c->id, after, most, a, out, merged, err);
	if (n < 0)
		return -1;
	*end = n < most;
	*last = n ? out[n - 1].customer : *after;
	return p->listed ? sift(db, &c->id, out, merged, n, err) : n;
}

int64_t audience_size(struct db *db, const struct campaign *c, const struct plan *p, int64_t now, struct err *err)
{
	struct stmt *q = db_query(db, p->listed ? "SELECT COUNT(*) FROM campaign_member WHERE campaign_id = $1"
						: "SELECT COUNT(*) FROM customer WHERE merged_into IS NULL");
	int64_t n = -1;

	(void)now;
	if (p->listed)
		db_bind_uuid(q, 1, &c->id);
	if (db_step(q, err) == DB_ROW)
		n = db_col_i64(q, 0);
	db_done(q);
	return n;
}
