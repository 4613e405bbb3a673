/* The end of an offer, told to those who had it open. An offer is settled when nobody has. */
#include "base/clock.h"
#include "campaign/private.h"

enum { OFFERS = 16, CUSTOMERS = 500 };

static int ended(struct db *db, int64_t now, struct uuid out[OFFERS], struct err *err)
{
	struct stmt *q = db_query(db, "SELECT id FROM offer WHERE settled = 0 AND (withdrawn_at > 0 OR"
				      " (valid_until > 0 AND valid_until <= $1)) ORDER BY id LIMIT $2");
	int n = 0, r;

	db_bind_i64(q, 1, now);
	db_bind_i64(q, 2, OFFERS);
	while ((r = db_step(q, err)) == DB_ROW)
		db_col_uuid(q, 0, &out[n++]);
	db_done(q);
	return r == DB_ERROR ? -1 : n;
}

static int open_rows(struct db *db, const struct uuid *offer, struct uuid out[CUSTOMERS], struct err *err)
{
	struct stmt *q = db_query(db, "SELECT customer_id FROM offer_customer WHERE offer_id = $1 AND open = 1"
				      " ORDER BY customer_id LIMIT $2");
	int n = 0, r;

	db_bind_uuid(q, 1, offer);
	db_bind_i64(q, 2, CUSTOMERS);
	while ((r = db_step(q, err)) == DB_ROW)
		db_col_uuid(q, 0, &out[n++]);
	db_done(q);
	return r == DB_ERROR ? -1 : n;
}

static int settle(struct db *db, const struct uuid *offer, int64_t now, struct err *err)
{
	struct stmt *q = db_query(db, "UPDATE offer SET settled = 1 WHERE id = $1 AND (withdrawn_at > 0 OR"
				      " (valid_until > 0 AND valid_until <= $2))");

	db_bind_uuid(q, 1, offer);
	db_bind_i64(q, 2, now);
	return db_run(q, err);
}

/* Under the customer's survivor, as all that we write of ourselves; the row is the owner's. */
static int expire_one(struct step *s, const struct uuid *owner, struct err *err)
{
	struct stmt *q = db_query(s->db, "UPDATE offer_customer SET state = 5, open = 0, updated_at = $1"
					 " WHERE customer_id = $2 AND offer_id = $3 AND bucket = $4 AND open = 1");

	db_bind_i64(q, 1, s->now);
	db_bind_uuid(q, 2, owner);
	db_bind_uuid(q, 3, &s->offer.id);
	db_bind_i64(q, 4, bucket_of(owner));
	if (db_run(q, err))
		return -1;
	return db_changes(s->db) ? step_tell(s, err) : 0;
}

static int expire_offer(struct db *db, struct events *ev, struct arena *a, const struct uuid *offer, int64_t now,
			struct err *err)
{
	struct uuid customers[CUSTOMERS];
	int n = open_rows(db, offer, customers, err);

	for (int k = 0; k < n; k++) {
		struct uptake_result out;
		struct uptake u = {.customer = customers[k],
				   .offer = *offer,
				   .to = UPTAKE_EXPIRED,
				   .source = "end",
				   .author = "system:offer"};
		struct step s = {.db = db, .ev = ev, .arena = a, .u = &u, .now = now, .out = &out};

		arena_reset(a);
		if (step_begin(&s, err) || expire_one(&s, &customers[k], err))
			return -1;
	}
	if (n >= 0 && n < CUSTOMERS && settle(db, offer, now, err))
		return -1;
	return n;
}

int uptake_expire(struct db *db, struct events *ev, int64_t now, struct err *err)
{
	struct uuid offers[OFFERS];
	int n = ended(db, now, offers, err), total = 0;
	struct arena *a = n > 0 ? arena_new(1 << 20) : NULL;

	if (n > 0 && !a)
		return err_nomem(err);
	for (int k = 0; k < n && total < CUSTOMERS; k++) {
		int some = expire_offer(db, ev, a, &offers[k], now, err);
		if (some < 0) {
			n = -1;
			break;
		}
		total += some;
	}
	arena_free(&a);
	return n < 0 ? -1 : total;
}
