#include "timeline/external.h"

#include "store/bucket.h"

int external_add(struct db *db, struct str account, struct str ref, const struct delivery_id *id, int part, int64_t now,
		 struct err *err)
{
	/* Carriers use ids again after a while: the latest delivery owns the id. */
	struct stmt *q = db_query(
		db, "INSERT INTO external_ref (account, ref, message_id, n, part, at)"
		    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, ref) DO UPDATE SET"
		    " message_id = excluded.message_id, n = excluded.n, part = excluded.part, at = excluded.at");
	db_bind_str(q, 1, account);
	db_bind_str(q, 2, ref);
	db_bind_uuid(q, 3, &id->message);
	db_bind_i64(q, 4, id->n);
	db_bind_i64(q, 5, part);
	db_bind_i64(q, 6, now);
	return db_run(q, err);
}

int external_find(struct db *db, struct str account, struct str ref, struct external_hit *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT message_id, n, part FROM external_ref WHERE account = $1 AND ref = $2");
	int r;

	db_bind_str(q, 1, account);
	db_bind_str(q, 2, ref);
	r = db_step(q, err);
	if (r == DB_ROW) {
		*out = (struct external_hit){.id.n = (uint16_t)db_col_i64(q, 1), .part = (int)db_col_i64(q, 2)};
		db_col_uuid(q, 0, &out->id.message);
	}
	db_done(q);
	return r == DB_ROW ? 0 : r == DB_END ? 1 : -1;
}
