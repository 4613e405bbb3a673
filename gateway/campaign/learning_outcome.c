/* What was answered, told to the arm that was sent. */
#include "base/clock.h"
#include "campaign/campaign.h"

struct sent {
	struct uuid campaign, customer;
	int64_t arm, at;
	struct str definition;
};

/* 1: a customer of a campaign that learns got it. */
static int find(struct db *db, const struct uuid *message, struct arena *a, struct sent *out, struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT x.campaign_id, x.customer_id, x.arm, x.at, c.definition FROM campaign_customer x"
			     " JOIN campaign c ON c.id = x.campaign_id WHERE x.message_id = $1 AND x.arm <> 0");
	int r;

	db_bind_uuid(q, 1, message);
	r = db_step(q, err);
	if (r == DB_ROW) {
		db_col_uuid(q, 0, &out->campaign);
		db_col_uuid(q, 1, &out->customer);
		out->arm = db_col_i64(q, 2);
		out->at = db_col_i64(q, 3);
		out->definition = arena_str(a, db_col_str(q, 4));
		if (!out->definition.p)
			r = err_nomem(err);
	}
	db_done(q);
	return r == DB_ROW ? 1 : r == DB_END ? 0 : -1;
}

/* Two gateways may hear of it at once: one of them finds the row as it was. */
static int succeed(struct db *db, const struct sent *x, struct err *err)
{
	struct stmt *q = db_query(db, "UPDATE campaign_customer SET arm = -arm WHERE campaign_id = $1"
				      " AND customer_id = $2 AND bucket = $3 AND arm = $4");

	db_bind_uuid(q, 1, &x->campaign);
	db_bind_uuid(q, 2, &x->customer);
	db_bind_i64(q, 3, bucket_of(&x->customer));
	db_bind_i64(q, 4, x->arm);
	if (db_run(q, err))
		return -1;
	return db_changes(db) ? learning_count(db, &x->campaign, x->arm, (struct learn_count){.succeeded = 1}, err) : 0;
}

int learning_outcome(struct db *db, const struct uuid *message, bool accepted, struct arena *a, int64_t now,
		     struct err *err)
{
	struct campaign c = {.version = 0};
	struct sent x;
	struct plan p;
	int r = uuid_is_nil(message) ? 0 : find(db, message, a, &x, err);

	if (r <= 0 || x.arm <= 0)
		return r < 0 ? -1 : 0;
	c.definition = x.definition;
	if (plan_of(&c, a, &p, err))
		return -1;
	if (now - x.at > p.learning.within || (!accepted && !p.learning.clicked))
		return 0;
	return succeed(db, &x, err);
}
