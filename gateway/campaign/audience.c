/*
 * Who a campaign is for, in the order of ids: a walk that can be left and taken up again at any customer. Who was merged
 * since the list was made is written to as the one who stands for him.
 */
#include "campaign/eligible.h"
#include "campaign/send.h"
#include "customer/identity.h"
#include "segment/segment.h"

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
		has = share_exists(db, campaign, &x.customer, err);
		if (has < 0)
			return -1;
		if (!has && !among(v, kept, &x.customer))
			v[kept++] = x;
	}
	return kept;
}

static int zone_of(struct db *db, struct audience_row *x, struct arena *a, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT time_zone FROM customer WHERE bucket = $1 AND id = $2");
	int r;

	db_bind_i64(q, 1, bucket_of(&x->customer));
	db_bind_uuid(q, 2, &x->customer);
	r = db_step(q, err);
	if (r == DB_ROW && !(x->time_zone = arena_str(a, db_col_str(q, 0))).p)
		r = err_nomem(err);
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

static int of_segment(struct db *db, const struct plan *p, const struct uuid *after, int most, int64_t now,
		      struct arena *a, struct audience_row *out, struct err *err)
{
	struct uuid *ids = arena_array(a, struct uuid, (size_t)most + 1);
	struct segment *s = NULL;
	size_t n = 0;
	int r = ids ? segment_load(db, p->segment, &s, err) : err_nomem(err);

	if (r == 0)
		r = segment_page(db, s, now, uuid_is_nil(after) ? NULL : after, ids, (size_t)most, &n, err);
	segment_free(&s);
	for (size_t k = 0; r == 0 && k < n; k++) {
		out[k] = (struct audience_row){.customer = ids[k], .time_zone = STR(""), .variant = -2};
		if (p->has_hours || p->learning.of[LEARN_HOUR])
			r = zone_of(db, &out[k], a, err);
	}
	return r ? -1 : (int)n;
}

int audience_next(struct db *db, const struct campaign *c, const struct plan *p, const struct uuid *after, int most,
		  int64_t now, struct arena *a, struct audience_row *out, struct uuid *last, bool *end, struct err *err)
{
	bool *merged = arena_array(a, bool, (size_t)most + 1);
	int n;

	if (!merged)
		return err_nomem(err);
	n = p->segment.n ? of_segment(db, p, after, most, now, a, out, err)
			 : rows(db, p->listed ? listed : everybody, &c->id, after, most, a, out, merged, err);
	if (n < 0)
		return -1;
	*end = n < most;
	*last = n ? out[n - 1].customer : *after;
	return p->listed || p->segment.n ? sift(db, &c->id, out, merged, n, err) : n;
}

static int64_t segment_size(struct db *db, struct str name, int64_t now, struct err *err)
{
	struct segment *s = NULL;
	uint64_t n = 0;
	int r = segment_load(db, name, &s, err);

	if (r == 0)
		r = segment_count(db, s, now, &n, err);
	segment_free(&s);
	return r ? -1 : (int64_t)n;
}

static int64_t table_size(struct db *db, const struct campaign *c, const struct plan *p, struct err *err)
{
	struct stmt *q = db_query(db, p->listed ? "SELECT COUNT(*) FROM campaign_member WHERE campaign_id = $1"
						: "SELECT COUNT(*) FROM customer WHERE merged_into IS NULL");
	int64_t n = -1;

	if (p->listed)
		db_bind_uuid(q, 1, &c->id);
	if (db_step(q, err) == DB_ROW)
		n = db_col_i64(q, 0);
	db_done(q);
	return n;
}

int64_t audience_size(struct db *db, const struct campaign *c, const struct plan *p, int64_t now, struct err *err)
{
	return p->segment.n ? segment_size(db, p->segment, now, err) : table_size(db, c, p, err);
}
