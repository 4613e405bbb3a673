/* Imports as the store has them: made, shown, ended. */
#include "import/import.h"

#include <stdlib.h>

#include "import/private.h"
#include "import/row.h"

static const char *const formats[] = {"csv", "ndjson"};
static const char *const states[] = {"open", "done", "cancelled"};

const char *import_format_word(int format) { return formats[format != IMPORT_CSV]; }

bool import_format_parse(struct str s, int *out)
{
	for (int k = 0; k < 2; k++)
		if (str_is(s, formats[k])) {
			*out = k;
			return true;
		}
	return false;
}

static const char *const kinds[] = {[ROW_CUSTOMERS] = "customers", [ROW_SUPPRESSIONS] = "suppressions"};

bool import_kind_parse(struct str s, int *out)
{
	for (int k = ROW_CUSTOMERS; k <= ROW_SUPPRESSIONS; k++)
		if (str_is(s, kinds[k])) {
			*out = k;
			return true;
		}
	return false;
}

static void settings_json(const struct import_request *q, struct buf *out)
{
	struct json_out j;
	char delimiter[2] = {q->delimiter, 0};

	json_begin(&j, out);
	json_obj(&j, NULL);
	if (q->columns)
		json_value(&j, "columns", q->columns);
	if (q->delimiter)
		json_cstr(&j, "delimiter", delimiter);
	json_cstr(&j, "region", q->region);
	json_bool(&j, "verified", q->verified);
	json_int(&j, "kind", q->kind);
	json_end(&j);
}

int import_create(struct db *db, const struct import_request *q, int64_t now, struct uuid *out, struct err *err)
{
	struct stmt *s =
		db_query(db, "INSERT INTO import (id, name, format, settings, size, author, created_at, updated_at)"
			     " VALUES ($1, $2, $3, $4, $5, $6, $7, $7)");
	struct uuid id = uuid7(now);
	struct buf settings;
	int r;

	buf_init(&settings, 1 << 20);
	settings_json(q, &settings);
	if (settings.failed) {
		buf_free(&settings);
		db_done(s);
		return err_nomem(err);
	}
	db_bind_uuid(s, 1, &id);
	db_bind_str(s, 2, q->name);
	db_bind_i64(s, 3, q->format);
	db_bind_str(s, 4, buf_str(&settings));
	if (q->size)
		db_bind_i64(s, 5, q->size);
	else
		db_bind_null(s, 5);
	db_bind_str(s, 6, q->author);
	db_bind_i64(s, 7, now);
	r = db_run(s, err);
	buf_free(&settings);
	*out = id;
	return r;
}

int import_cancel(struct db *db, const struct uuid *id, int64_t now, struct err *err)
{
	struct import_row row;
	struct stmt *q;
	int r = import_read(db, id, &row, err);

	if (r)
		return -1;
	r = row.state == IMPORT_OPEN ? 0 : err_set(err, ERR_CONFLICT, "import_closed", NULL, "the import has ended");
	import_row_free(&row);
	if (r)
		return -1;
	q = db_query(db, "UPDATE import SET state = $1, updated_at = $2, finished_at = $2 WHERE id = $3");
	db_bind_i64(q, 1, IMPORT_CANCELLED);
	db_bind_i64(q, 2, now);
	db_bind_uuid(q, 3, id);
	return db_run(q, err);
}

#define COLUMNS                                                                                                        \
	"id, name, format, state, position, line, size, created, updated, unchanged, events, rejected, noted, author," \
	" created_at, updated_at, finished_at"

static void show(struct stmt *q, struct json_out *j, const char *key)
{
	static const char *const counts[] = {"created", "updated", "unchanged", "events", "rejected", "noted"};
	struct uuid id;

	db_col_uuid(q, 0, &id);
	json_obj(j, key);
	json_uuid(j, "id", &id);
	json_str(j, "name", db_col_str(q, 1));
	json_cstr(j, "format", import_format_word((int)db_col_i64(q, 2)));
	json_cstr(j, "state",
		  states[db_col_i64(q, 3) == IMPORT_DONE	? 1
			 : db_col_i64(q, 3) == IMPORT_CANCELLED ? 2
								: 0]);
	json_int(j, "position", db_col_i64(q, 4));
	json_int(j, "line", db_col_i64(q, 5));
	if (db_col_null(q, 6))
		json_null_(j, "size");
	else
		json_int(j, "size", db_col_i64(q, 6));
	for (int k = 0; k < 6; k++)
		json_int(j, counts[k], db_col_i64(q, 7 + k));
	json_str(j, "author", db_col_str(q, 13));
	json_time(j, "created_at", db_col_i64(q, 14));
	json_time(j, "updated_at", db_col_i64(q, 15));
	json_time(j, "finished_at", db_col_i64(q, 16));
	json_end(j);
}

int import_json(struct db *db, const struct uuid *id, struct json_out *j, const char *key, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT " COLUMNS " FROM import WHERE id = $1");
	int r;

	db_bind_uuid(q, 1, id);
	r = db_step(q, err);
	if (r == DB_ROW)
		show(q, j, key);
	db_done(q);
	if (r == DB_END)
		return err_set(err, ERR_NOT_FOUND, "import_not_found", NULL, "there is no such import");
	return r == DB_ROW ? 0 : -1;
}

int imports_json(struct db *db, const struct uuid *before, int limit, struct json_out *j, struct uuid *last,
		 struct err *err)
{
	struct stmt *q = db_query(db, "SELECT " COLUMNS " FROM import WHERE id < $1 ORDER BY id DESC LIMIT $2");
	struct uuid from = *before;
	int r, n = 0;

	if (uuid_is_nil(&from))
		memset(&from, 0xff, sizeof from);
	db_bind_uuid(q, 1, &from);
	db_bind_i64(q, 2, limit);
	for (; (r = db_step(q, err)) == DB_ROW; n++) {
		db_col_uuid(q, 0, last);
		show(q, j, NULL);
	}
	db_done(q);
	return r == DB_ERROR ? -1 : n;
}

int import_rejects(struct db *db, const struct uuid *id, int64_t after, int limit, struct buf *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT body FROM import_reject WHERE import_id = $1 AND line > $2"
				      " ORDER BY line, n LIMIT $3");
	int r;

	db_bind_uuid(q, 1, id);
	db_bind_i64(q, 2, after);
	db_bind_i64(q, 3, limit);
	while ((r = db_step(q, err)) == DB_ROW) {
		buf_addstr(out, db_col_str(q, 0));
		buf_addc(out, '\n');
	}
	db_done(q);
	if (r == DB_ERROR)
		return -1;
	return out->failed ? err_nomem(err) : 0;
}
