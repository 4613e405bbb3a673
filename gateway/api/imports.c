/* Imports: made, fed with pieces of a file, looked at. */
#include "api/api.h"
#include "import/import.h"
#include "timeline/cursor.h"

struct change {
	struct import_request q;
	struct uuid id;
	int64_t offset;
	bool last;
};

static int answer(struct request *r, struct db *db, const struct uuid *id, int status, struct err *err)
{
	request_json(r, status);
	return import_json(db, id, &r->json, NULL, err);
}

static int change_finish(struct request *r, struct db *db, struct err *err)
{
	struct change *c = r->state;
	return answer(r, db, &c->id, r->run && strcmp(r->route->path, "/v1/imports") == 0 ? 201 : 200, err);
}

/* ---- made */

static int create_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;
	return import_create(db, &c->q, now, &c->id, err);
}

static int read_columns(const json_t *o, struct import_request *q, struct err *err)
{
	const char *key;
	json_t *v;

	q->columns = json_object_get(o, "columns");
	if (!q->columns)
		return 0;
	if (!json_is_object(q->columns) || json_object_size(q->columns) > 256)
		return err_set(err, ERR_SEMANTIC, "object_expected", "/columns", "an object of header and column");
	json_object_foreach ((json_t *)q->columns, key, v)
		if (!json_is_string(v))
			return err_set(err, ERR_SEMANTIC, "text_expected", "/columns",
				       "a header is mapped to the name of a column, or to \"-\"");
	return 0;
}

static int read_details(struct request *r, const json_t *o, struct import_request *q, struct err *err)
{
	const json_t *size = json_object_get(o, "size");
	struct str delimiter = {0}, region = {0};
	int k;

	if ((k = input_str(o, "", "delimiter", 1, &delimiter, err)) < 0)
		return -1;
	if (k && (delimiter.n != 1 || !strchr(",;\t|", delimiter.p[0])))
		return err_set(err, ERR_SEMANTIC, "delimiter_invalid", "/delimiter", "one of , ; | and tab");
	q->delimiter = k ? delimiter.p[0] : 0;
	if ((k = input_str(o, "", "region", 2, &region, err)) < 0)
		return -1;
	q->region = k ? region.p : app_of(r)->region ? app_of(r)->region : "";
	if (size && (!json_is_integer(size) || json_integer_value(size) < 0))
		return err_set(err, ERR_SEMANTIC, "number_invalid", "/size", "bytes of the file");
	q->size = json_integer_value(size);
	return input_bool(o, "", "verified", &q->verified, err) < 0 ? -1 : 0;
}

int import_post(struct request *r, struct err *err)
{
	static const char *const names[] = {"name", "format",	"columns", "delimiter", "region",
					    "size", "verified", "kind",	   NULL};
	struct change *c = state_new(r, sizeof *c, err);
	struct str format, kind = {0};
	json_t *o;

	if (!c || input_object(r, names, &o, err) || input_str(o, "", "name", 200, &c->q.name, err) < 0)
		return -1;
	if (input_str(o, "", "format", 16, &format, err) != 1)
		return err->kind ? -1 : input_missing("", "format", err);
	if (!import_format_parse(format, &c->q.format))
		return input_word("", "format", format, err);
	if (input_str(o, "", "kind", 16, &kind, err) < 0)
		return -1;
	if (kind.n && !import_kind_parse(kind, &c->q.kind))
		return input_word("", "kind", kind, err);
	if (read_columns(o, &c->q, err) || read_details(r, o, &c->q, err))
		return -1;
	c->q.author = str_of(r->who.author);
	r->run = create_run;
	r->finish = change_finish;
	return request_write(r, err);
}

/* ---- fed */

static int data_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;
	return import_feed(db, app_of(r)->events, &c->id, c->offset, r->body, c->last, now, err);
}

int import_data(struct request *r, struct err *err)
{
	struct change *c = state_new(r, sizeof *c, err);
	struct str offset = request_query(r, "offset"), last = request_query(r, "last");

	if (!c || path_uuid(r, 0, &c->id, err))
		return -1;
	if (!offset.p || !str_i64(offset, &c->offset) || c->offset < 0)
		return err_set(err, ERR_INVALID, "offset_invalid", "offset",
			       "offset says where in the file this piece begins");
	c->last = str_is(last, "true");
	r->run = data_run;
	r->finish = change_finish;
	return request_write(r, err);
}

static int cancel_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;
	return import_cancel(db, &c->id, now, err);
}

int import_cancel_(struct request *r, struct err *err)
{
	struct change *c = state_new(r, sizeof *c, err);

	if (!c || path_uuid(r, 0, &c->id, err))
		return -1;
	r->run = cancel_run;
	r->finish = change_finish;
	return request_write(r, err);
}

/* ---- looked at */

int import_list_(struct request *r, struct err *err)
{
	struct str at = request_query(r, "cursor");
	struct db *db = request_db(r, err);
	struct uuid last = {{0}};
	struct cursor c = {0};
	char next[CURSOR_TEXT];
	int limit, n;

	if (!db || query_limit(r, &limit, err))
		return -1;
	if (at.p && !cursor_parse(at, &c))
		return err_set(err, ERR_INVALID, "cursor_invalid", "cursor", "this is not a cursor of this list");
	list_begin(r);
	n = imports_json(db, &c.id, limit, &r->json, &last, err);
	if (n < 0)
		return -1;
	cursor_text(&(struct cursor){.id = last}, next);
	list_end(r, n == limit ? next : NULL);
	return 0;
}

int import_one(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	struct uuid id;

	return !db || path_uuid(r, 0, &id, err) ? -1 : answer(r, db, &id, 200, err);
}

int import_rejects_(struct request *r, struct err *err)
{
	struct str after = request_query(r, "after_line");
	struct db *db = request_db(r, err);
	int64_t line = 0;
	struct uuid id;

	if (!db || path_uuid(r, 0, &id, err) || answer(r, db, &id, 200, err))
		return -1;
	if (after.p && (!str_i64(after, &line) || line < 0))
		return err_set(err, ERR_INVALID, "line_invalid", "after_line", "the number of a line");
	buf_reset(&r->out); /* the import is there: that was all */
	r->content_type = "application/x-ndjson";
	return import_rejects(db, &id, line, IMPORT_REJECTS, &r->out, err);
}
