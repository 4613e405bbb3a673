#include "timeline/delivery_json.h"

/* Up to the byte c, which is taken away; the rest if there is none. */
static void history(struct json_out *j, struct str trail)
{
	json_arr(j, "history");
	while (trail.n) {
		struct str line = str_cut(&trail, '\n'), at = str_cut(&line, ' '), status = str_cut(&line, ' ');
		int64_t us;
		if (!str_i64(at, &us))
			continue;
		json_obj(j, NULL);
		json_time(j, "at", us);
		json_str(j, "status", status);
		json_str(j, "cause", line);
		json_end(j);
	}
	json_end(j);
}

/* The next "id" of our own compact JSON, still escaped, with its quotes. */
static bool next_id(struct str *parts, struct str *out)
{
	static const char key[] = "\"id\":\"";
	const char *p = parts->n ? memmem(parts->p, parts->n, key, sizeof key - 1) : NULL;
	size_t i;

	if (!p)
		return false;
	p += sizeof key - 2;
	*parts = str_n(p, (size_t)(parts->p + parts->n - p));
	for (i = 1; i < parts->n && parts->p[i] != '"'; i++)
		i += parts->p[i] == '\\';
	if (i >= parts->n)
		return false;
	*out = str_n(p, i + 1);
	parts->p += i + 1;
	parts->n -= i + 1;
	return true;
}

static void external_ids(struct json_out *j, struct str parts)
{
	struct str rest = parts, id;
	int n = 0;

	json_arr(j, "external_ids");
	for (; next_id(&rest, &id); n++)
		json_raw(j, NULL, id);
	json_end(j);
	if (n > 1)
		json_raw(j, "parts", parts);
}

static void optional(struct json_out *j, const char *key, struct str v)
{
	if (v.n)
		json_str(j, key, v);
}

enum status delivery_json(struct json_out *j, const char *key, struct stmt *q, int at)
{
	enum status status = (enum status)db_col_i64(q, at + 5);
	struct uuid message;
	char id[UUID_TEXT + 8];
	struct buf digits = {.p = id + 37, .cap = 8, .max = 7};

	db_col_uuid(q, at, &message);
	uuid_format(&message, id);
	id[36] = '.';
	buf_add_i64(&digits, db_col_i64(q, at + 1));
	json_obj(j, key);
	json_str(j, "id", str_n(id, 37 + digits.n));
	json_cstr(j, "channel", channel_word((enum channel)db_col_i64(q, at + 2)));
	json_str(j, "account", db_col_str(q, at + 3));
	json_str(j, "address", db_col_str(q, at + 4));
	json_cstr(j, "status", status_word(status));
	optional(j, "reason", db_col_str(q, at + 6));
	optional(j, "code", db_col_str(q, at + 7));
	json_str(j, "encoding", db_col_str(q, at + 8));
	json_int(j, "segments", db_col_i64(q, at + 9));
	json_int(j, "units", db_col_i64(q, at + 10));
	json_int(j, "attempts", db_col_i64(q, at + 11));
	json_time(j, "due_at", db_col_i64(q, at + 12));
	json_time(j, "expires_at", db_col_i64(q, at + 13));
	external_ids(j, db_col_str(q, at + 14));
	history(j, db_col_str(q, at + 15));
	json_end(j);
	return status;
}

int deliveries_json(struct db *db, struct json_out *j, const char *key, const struct uuid *message, enum status *last,
		    struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT " DELIVERY_COLUMNS " FROM delivery d WHERE d.message_id = $1 ORDER BY d.n");
	int r;

	*last = STATUS_NONE;
	db_bind_uuid(q, 1, message);
	json_arr(j, key);
	while ((r = db_step(q, err)) == DB_ROW)
		*last = delivery_json(j, NULL, q, 0);
	json_end(j);
	db_done(q);
	return r;
}
