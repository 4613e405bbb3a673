#include "customer/hold.h"

#include <stdio.h>

#include "store/bucket.h"

static int tell(struct db *db, struct events *ev, const struct uuid *customer, const char *word, int64_t now,
		struct err *err)
{
	char data[64];
	struct event e = {.at = now, .type = "customer.updated", .customer = *customer};

	snprintf(data, sizeof data, "{\"hold\":\"%s\"}", word);
	e.data = str_of(data);
	return event_append(ev, db, &e, err);
}

int hold_begin(struct db *db, struct events *ev, const struct hold *h, struct uuid *out, struct err *err)
{
	struct stmt *q = db_query(db, "INSERT INTO customer_hold (bucket, customer_id, id, reason, note, author,"
				      " created_at, until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");

	*out = uuid7_in(h->created_at, (uint8_t)bucket_of(&h->customer));
	db_bind_i64(q, 1, bucket_of(&h->customer));
	db_bind_uuid(q, 2, &h->customer);
	db_bind_uuid(q, 3, out);
	db_bind_str(q, 4, h->reason);
	db_bind_str(q, 5, h->note);
	db_bind_str(q, 6, h->author);
	db_bind_i64(q, 7, h->created_at);
	if (h->until)
		db_bind_i64(q, 8, h->until);
	return db_run(q, err) || tell(db, ev, &h->customer, "begun", h->created_at, err) ? -1 : 0;
}

int hold_end(struct db *db, struct events *ev, const struct uuid *customer, const struct uuid *id, const char *author,
	     int64_t now, struct err *err)
{
	struct stmt *q = db_query(
		db, "UPDATE customer_hold SET ended_at = COALESCE(ended_at, $1), ended_by = COALESCE(ended_by, $2)"
		    " WHERE bucket = $3 AND customer_id = $4 AND id = $5");

	db_bind_i64(q, 1, now);
	db_bind_text(q, 2, author);
	db_bind_i64(q, 3, bucket_of(customer));
	db_bind_uuid(q, 4, customer);
	db_bind_uuid(q, 5, id);
	if (db_run(q, err))
		return -1;
	if (db_changes(db) == 0)
		return err_set(err, ERR_NOT_FOUND, "hold_unknown", NULL, "the customer has no such hold");
	return tell(db, ev, customer, "ended", now, err);
}

int hold_of(struct db *db, const struct uuid *members, size_t n, int64_t at, char reason[HOLD_REASON_MAX + 1],
	    struct err *err)
{
	int found = 0;

	for (size_t k = 0; k < n && found == 0; k++) {
		struct stmt *q = db_query(db, "SELECT reason FROM customer_hold WHERE bucket = $1 AND customer_id = $2"
					      " AND ended_at IS NULL AND (until IS NULL OR until > $3) LIMIT 1");
		db_bind_i64(q, 1, bucket_of(&members[k]));
		db_bind_uuid(q, 2, &members[k]);
		db_bind_i64(q, 3, at);
		found = db_step(q, err);
		if (found == DB_ROW) {
			struct str s = db_col_str(q, 0);
			snprintf(reason, HOLD_REASON_MAX + 1, "%.*s", (int)s.n, s.p);
		}
		db_done(q);
	}
	return found;
}

static void row_json(struct stmt *q, struct json_out *j, int64_t now)
{
	int64_t until = db_col_i64(q, 5), ended = db_col_i64(q, 6);
	struct uuid id;

	db_col_uuid(q, 0, &id);
	json_obj(j, NULL);
	json_uuid(j, "id", &id);
	json_str(j, "reason", db_col_str(q, 1));
	json_str(j, "note", db_col_str(q, 2));
	json_str(j, "author", db_col_str(q, 3));
	json_time(j, "created_at", db_col_i64(q, 4));
	json_time(j, "until", until);
	json_time(j, "ended_at", ended);
	json_bool(j, "in_force", !ended && (!until || until > now));
	json_end(j);
}

int hold_list_json(struct db *db, struct json_out *j, const struct uuid *members, size_t n, int64_t now,
		   struct err *err)
{
	for (size_t k = 0; k < n; k++) {
		struct stmt *q = db_query(db, "SELECT id, reason, note, author, created_at, until, ended_at FROM"
					      " customer_hold WHERE bucket = $1 AND customer_id = $2 ORDER BY id");
		int r;
		db_bind_i64(q, 1, bucket_of(&members[k]));
		db_bind_uuid(q, 2, &members[k]);
		while ((r = db_step(q, err)) == DB_ROW)
			row_json(q, j, now);
		db_done(q);
		if (r < 0)
			return -1;
	}
	return 0;
}
