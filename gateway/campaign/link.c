/* A link or pixel of a message that presents an offer: whoever follows it has opened or clicked the offer. */
#include "campaign/private.h"

/* 1: out is the offer that the message has presented to the customer. */
static int presented(struct db *db, const struct uuid *customer, const struct uuid *message, struct uuid *out,
		     struct err *err)
{
	struct uuid members[MEMBERS_MAX];
	int n = identity_members(db, customer, members, err), r = DB_END;

	for (int k = 0; k < n && r == DB_END; k++) {
		struct stmt *q =
			db_query(db, "SELECT offer_id FROM offer_customer WHERE customer_id = $1 AND bucket = $2"
				     " AND message_id = $3");
		db_bind_uuid(q, 1, &members[k]);
		db_bind_i64(q, 2, bucket_of(&members[k]));
		db_bind_uuid(q, 3, message);
		r = db_step(q, err);
		if (r == DB_ROW)
			db_col_uuid(q, 0, out);
		db_done(q);
	}
	return n < 0 || r == DB_ERROR ? -1 : r == DB_ROW;
}

int uptake_followed(struct db *db, struct events *ev, struct arena *a, const struct uuid *customer,
		    const struct uuid *message, enum channel channel, bool clicked, int64_t now, struct err *err)
{
	struct uptake u = {.customer = *customer,
			   .to = clicked ? UPTAKE_CLICKED : UPTAKE_OPENED,
			   .channel = channel,
			   .source = "link",
			   .author = "customer",
			   .at = now + 1};
	struct uptake_result out;
	int r = presented(db, customer, message, &u.offer, err);

	return r != 1 ? r : uptake_write(db, ev, NULL, a, &u, now, &out, err);
}
