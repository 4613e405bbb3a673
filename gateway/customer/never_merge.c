/* Values that never merge people. The list is short and read often; the key is the address itself. */
#include "customer/identity.h"

int never_merge_add(struct db *db, const struct address *a, const char *note, int64_t now, struct err *err)
{
	struct stmt *q =
		db_query(db, "INSERT INTO never_merge (address, scheme, note, created_at) VALUES ($1, $2, $3, $4)"
			     " ON CONFLICT (address, scheme) DO UPDATE SET note = excluded.note");
	db_bind_text(q, 1, a->value);
	db_bind_i64(q, 2, a->scheme);
	db_bind_text(q, 3, note ? note : "");
	db_bind_i64(q, 4, now);
	return db_run(q, err);
}

int never_merge_remove(struct db *db, const struct address *a, struct err *err)
{
	struct stmt *q = db_query(db, "DELETE FROM never_merge WHERE address = $1 AND scheme = $2");
	db_bind_text(q, 1, a->value);
	db_bind_i64(q, 2, a->scheme);
	if (db_run(q, err))
		return -1;
	return db_changes(db) ? 0 : err_set(err, ERR_NOT_FOUND, "not_listed", NULL, "this address is not on the list");
}

int never_merge_has(struct db *db, const struct address *a, bool *out, struct err *err)
{
	struct stmt *q;
	int r;

	*out = !address_identifies(a); /* listed or not */
	if (*out)
		return 0;
	q = db_query(db, "SELECT 1 FROM never_merge WHERE address = $1 AND scheme = $2");
	db_bind_text(q, 1, a->value);
	db_bind_i64(q, 2, a->scheme);
	r = db_step(q, err);
	*out = r == DB_ROW;
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

int never_merge_json(struct db *db, struct json_out *j, const char *key, struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT address, scheme, note, created_at FROM never_merge ORDER BY address LIMIT 1000");
	int r;

	json_arr(j, key);
	while ((r = db_step(q, err)) == DB_ROW) {
		enum scheme s = (enum scheme)db_col_i64(q, 1);
		json_obj(j, NULL);
		json_str(j, "address", db_col_str(q, 0));
		json_cstr(j, "scheme", scheme_word(s));
		json_cstr(j, "channel", channel_word(channel_of_scheme(s)));
		json_str(j, "note", db_col_str(q, 2));
		json_time(j, "created_at", db_col_i64(q, 3));
		json_end(j);
	}
	db_done(q);
	json_end(j);
	return r == DB_ERROR ? -1 : 0;
}
