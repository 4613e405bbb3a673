/* Segments kept under a name. */
#include "base/clock.h"
#include "segment/private.h"

#define COLUMNS "id, name, description, conditions, author, version, created_at, updated_at"

int segment_name_check(struct str name, struct err *err)
{
	bool ok = name.n > 0 && name.n <= SEGMENT_NAME_MAX && name.p[0] >= 'a' && name.p[0] <= 'z';

	for (size_t i = 0; ok && i < name.n; i++)
		ok = (name.p[i] >= 'a' && name.p[i] <= 'z') || (name.p[i] >= '0' && name.p[i] <= '9') ||
		     name.p[i] == '_' || name.p[i] == '-' || name.p[i] == '.';
	return ok ? 0
		  : err_set(err, ERR_SEMANTIC, "name_invalid", "/name",
			    "a name is 1 to %d of a-z, 0-9, _, - and ., and begins with a letter", SEGMENT_NAME_MAX);
}

/* Strings live until the next step. */
static void read_row(struct stmt *q, struct segment_row *out)
{
	*out = (struct segment_row){.name = db_col_str(q, 1),
				    .description = db_col_str(q, 2),
				    .conditions = db_col_str(q, 3),
				    .author = db_col_str(q, 4),
				    .version = db_col_i64(q, 5),
				    .created_at = db_col_i64(q, 6),
				    .updated_at = db_col_i64(q, 7)};
	db_col_uuid(q, 0, &out->id);
}

int segment_get(struct db *db, struct str name_or_id, struct arena *a, struct segment_row *out, struct err *err)
{
	struct uuid id;
	bool by_id = uuid_parse(name_or_id, &id);
	struct stmt *q = by_id ? db_query(db, "SELECT " COLUMNS " FROM segment WHERE id = $1")
			       : db_query(db, "SELECT " COLUMNS " FROM segment WHERE name = $1");
	int r;

	if (by_id)
		db_bind_uuid(q, 1, &id);
	else
		db_bind_str(q, 1, name_or_id);
	r = db_step(q, err);
	if (r == DB_ROW) {
		read_row(q, out);
		out->name = arena_str(a, out->name);
		out->description = arena_str(a, out->description);
		out->conditions = arena_str(a, out->conditions);
		out->author = arena_str(a, out->author);
	}
	db_done(q);
	if (r == DB_END)
		return err_set(err, ERR_NOT_FOUND, "segment_not_found", NULL, "there is no such segment");
	if (r == DB_ROW && !(out->name.p && out->description.p && out->conditions.p && out->author.p))
		return err_nomem(err);
	return r == DB_ROW ? 0 : -1;
}

int segment_load(struct db *db, struct str name_or_id, struct segment **out, struct err *err)
{
	struct arena *a = arena_new(1 << 17);
	struct segment_row row;
	int r = a ? segment_get(db, name_or_id, a, &row, err) : err_nomem(err);

	if (r == 0)
		r = segment_parse(row.conditions, out, err);
	arena_free(&a);
	return r;
}

/* Does it come to a statement, with the segments that it names? name: its own, which it may not be made of. */
static int check(struct db *db, struct str name, struct str conditions, int64_t now, struct err *err)
{
	struct segment *s = NULL;
	int r = segment_parse(conditions, &s, err);

	if (r == 0)
		r = sql_check(db, s, name, now, err);
	segment_free(&s);
	return r;
}

static int exists(struct db *db, struct str name, bool *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT 1 FROM segment WHERE name = $1");
	int r;

	db_bind_str(q, 1, name);
	r = db_step(q, err);
	db_done(q);
	*out = r == DB_ROW;
	return r == DB_ERROR ? -1 : 0;
}

int segment_create(struct db *db, const struct segment_row *row, int64_t now, struct uuid *out_id, struct err *err)
{
	struct uuid id = uuid7(now);
	struct stmt *q;
	bool there;

	if (segment_name_check(row->name, err) || exists(db, row->name, &there, err))
		return -1;
	if (there)
		return err_set(err, ERR_CONFLICT, "segment_exists", "/name", "there is a segment of this name");
	if (check(db, row->name, row->conditions, now, err))
		return -1;
	q = db_query(db, "INSERT INTO segment (name, id, description, conditions, author, created_at, updated_at)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $6)");
	db_bind_str(q, 1, row->name);
	db_bind_uuid(q, 2, &id);
	db_bind_str(q, 3, row->description);
	db_bind_str(q, 4, row->conditions);
	db_bind_str(q, 5, row->author);
	db_bind_i64(q, 6, now);
	if (db_run(q, err))
		return -1;
	*out_id = id;
	return 0;
}

static int update(struct db *db, struct arena *a, struct str name_or_id, struct str description, struct str conditions,
		  const char *author, int64_t if_version, int64_t now, struct err *err)
{
	struct segment_row row;
	struct stmt *q;

	if (segment_get(db, name_or_id, a, &row, err))
		return -1;
	if (if_version && if_version != row.version)
		return err_set(err, ERR_PRECONDITION, "version_changed", NULL,
			       "the segment has changed since: version %lld", (long long)row.version);
	if (conditions.p && check(db, row.name, conditions, now, err))
		return -1;
	q = db_query(db, "UPDATE segment SET description = $1, conditions = $2, author = $3, updated_at = $4,"
			 " version = version + 1 WHERE name = $5");
	db_bind_str(q, 1, description.p ? description : row.description);
	db_bind_str(q, 2, conditions.p ? conditions : row.conditions);
	db_bind_text(q, 3, author);
	db_bind_i64(q, 4, now);
	db_bind_str(q, 5, row.name);
	return db_run(q, err);
}

int segment_update(struct db *db, struct str name_or_id, struct str description, struct str conditions,
		   const char *author, int64_t if_version, int64_t now, struct err *err)
{
	struct arena *a = arena_new(1 << 18);
	int r = a ? update(db, a, name_or_id, description, conditions, author, if_version, now, err) : err_nomem(err);

	arena_free(&a);
	return r;
}

static bool names(const json_t *v, struct str name)
{
	const char *key;
	json_t *inner;
	size_t k;

	if (json_is_array(v)) {
		json_array_foreach (v, k, inner)
			if (names(inner, name))
				return true;
	}
	json_object_foreach ((json_t *)v, key, inner) {
		if (strcmp(key, "in_segment") == 0 && json_is_string(inner) &&
		    str_eq(str_n(json_string_value(inner), json_string_length(inner)), name))
			return true;
		if (names(inner, name))
			return true;
	}
	return false;
}

struct users {
	const struct segment_row *wanted;
	struct buf by; /* who names it */
};

static void note_user(void *arg, const struct segment_row *row)
{
	struct users *u = arg;
	char id[UUID_TEXT];
	json_t *tree = NULL;

	if (u->by.n || json_read(row->conditions, 2 * SEGMENT_DEPTH + 8, &tree, NULL))
		return;
	if (names(tree, u->wanted->name) || names(tree, str_of(uuid_format(&u->wanted->id, id))))
		buf_addstr(&u->by, row->name);
	json_decref(tree);
}

static int delete_one(struct db *db, struct arena *a, struct str name_or_id, struct err *err)
{
	struct segment_row row;
	struct users u = {.wanted = &row};
	struct stmt *q;
	int r = -1;

	if (segment_get(db, name_or_id, a, &row, err))
		return -1;
	buf_init(&u.by, 256);
	if (segment_each(db, STR(""), INT32_MAX, note_user, &u, err) >= 0)
		r = u.by.n ? err_set(err, ERR_CONFLICT, "segment_in_use", NULL, "segment %s is made of it",
				     buf_cstr(&u.by))
			   : 0;
	buf_free(&u.by);
	if (r)
		return -1;
	q = db_query(db, "DELETE FROM segment WHERE name = $1");
	db_bind_str(q, 1, row.name);
	return db_run(q, err);
}

int segment_delete(struct db *db, struct str name_or_id, struct err *err)
{
	struct arena *a = arena_new(1 << 17);
	int r = a ? delete_one(db, a, name_or_id, err) : err_nomem(err);

	arena_free(&a);
	return r;
}

int segment_each(struct db *db, struct str after, int limit, void (*fn)(void *arg, const struct segment_row *row),
		 void *arg, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT " COLUMNS " FROM segment WHERE name > $1 ORDER BY name LIMIT $2");
	int r, n = 0;

	db_bind_str(q, 1, after);
	db_bind_i64(q, 2, limit);
	while ((r = db_step(q, err)) == DB_ROW) {
		struct segment_row row;
		read_row(q, &row);
		fn(arg, &row);
		n++;
	}
	db_done(q);
	return r == DB_ERROR ? -1 : n;
}

void segment_json(struct json_out *j, const char *key, const struct segment_row *row)
{
	json_obj(j, key);
	json_uuid(j, "id", &row->id);
	json_str(j, "name", row->name);
	json_str(j, "description", row->description);
	json_raw(j, "conditions", row->conditions);
	json_str(j, "author", row->author);
	json_int(j, "version", row->version);
	json_time(j, "created_at", row->created_at);
	json_time(j, "updated_at", row->updated_at);
	json_end(j);
}

struct membership {
	struct db *db;
	const struct uuid *customer;
	int64_t now;
	struct json_out *j;
};

static void member(void *arg, const struct segment_row *row)
{
	struct membership *m = arg;
	struct segment *s = NULL;
	struct err e = {0};
	bool in = false;
	int r = segment_parse(row->conditions, &s, &e);

	if (r == 0)
		r = segment_has(m->db, s, m->now, m->customer, &in, &e);
	segment_free(&s);
	if (r == 0 && !in)
		return;
	json_obj(m->j, NULL);
	json_uuid(m->j, "id", &row->id);
	json_str(m->j, "name", row->name);
	json_str(m->j, "description", row->description);
	if (r)
		json_cstr(m->j, "error", e.code);
	json_end(m->j);
}

int segment_of_customer_json(struct db *db, const struct uuid *customer, int64_t now, struct json_out *j,
			     const char *key, struct err *err)
{
	struct membership m = {db, customer, now, j};
	int n;

	json_arr(j, key);
	n = segment_each(db, STR(""), INT32_MAX, member, &m, err);
	json_end(j);
	return n < 0 ? -1 : 0;
}
