/* Segments: looked at before they are used, kept under a name, and what a customer is in. */
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "base/clock.h"
#include "segment/segment.h"
#include "timeline/cursor.h"

enum { SAMPLE = 10 };

struct change {
	struct str name, description, conditions;
	struct uuid id;
	int64_t if_version;
};

static void free_segment(void *p)
{
	struct segment *s = p;
	segment_free(&s);
}

static void free_text(void *p) { free(p); }

/* "conditions", parsed here so that the refusal points into it; as text too, for the store. Returns 1 if there are any. */
static int read_conditions(struct request *r, const json_t *o, struct segment **seg, struct str *text, struct err *err)
{
	json_t *tree = json_object_get(o, "conditions");
	struct err e = {0};
	char *dump;

	if (!tree)
		return 0;
	if (segment_parse_tree(tree, seg, &e)) {
		err_set(err, e.kind, e.code, NULL, "%s", e.msg);
		snprintf(err->field, sizeof err->field, "/conditions%.60s", e.field);
		return -1;
	}
	request_defer(r, free_segment, *seg);
	dump = json_dumps(tree, JSON_COMPACT);
	if (!dump)
		return err_nomem(err);
	request_defer(r, free_text, dump);
	*text = str_of(dump);
	if (text->n > SEGMENT_TEXT_MAX)
		return err_set(err, ERR_SEMANTIC, "segment_too_large", "/conditions",
			       "conditions have at most %d bytes", SEGMENT_TEXT_MAX);
	return 1;
}

static int answer(struct request *r, struct db *db, struct str which, int status, struct err *err)
{
	struct segment_row row;

	if (segment_get(db, which, r->arena, &row, err))
		return -1;
	request_json(r, status);
	request_etag(r, row.version);
	segment_json(&r->json, NULL, &row);
	return 0;
}

/* ---- looking */

struct listing {
	struct request *r;
	char last[SEGMENT_NAME_MAX + 1];
};

static void list_one(void *arg, const struct segment_row *row)
{
	struct listing *l = arg;

	segment_json(&l->r->json, NULL, row);
	snprintf(l->last, sizeof l->last, "%.*s", (int)row->name.n, row->name.p);
}

int segment_list_(struct request *r, struct err *err)
{
	struct str after = request_query(r, "cursor");
	struct db *db = request_db(r, err);
	struct listing l = {.r = r};
	int limit, n;

	if (!db || query_limit(r, &limit, err))
		return -1;
	list_begin(r);
	n = segment_each(db, after.p ? after : STR(""), limit, list_one, &l, err);
	if (n < 0)
		return -1;
	list_end(r, n == limit ? l.last : NULL);
	return 0;
}

int segment_one(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);

	return db ? answer(r, db, r->param[0], 200, err) : -1;
}

static int write_customers(struct request *r, struct db *db, const struct uuid *ids, size_t n, struct err *err)
{
	struct customer c;

	for (size_t k = 0; k < n; k++)
		if (customer_get(db, &ids[k], r->arena, &c, err) || customer_json(db, &r->json, NULL, &c, err))
			return -1;
	return 0;
}

int segment_preview(struct request *r, struct err *err)
{
	static const char *const names[] = {"conditions", NULL};
	struct db *db = request_db(r, err);
	struct uuid ids[SAMPLE];
	int64_t now = now_of(r);
	struct segment *seg;
	struct str text;
	uint64_t count;
	size_t n;
	json_t *o;
	int k;

	if (!db || input_object(r, names, &o, err) || (k = read_conditions(r, o, &seg, &text, err)) < 0)
		return -1;
	if (k == 0)
		return input_missing("", "conditions", err);
	if (segment_count(db, seg, now, &count, err) || segment_sample(db, seg, now, ids, SAMPLE, &n, err))
		return -1;
	request_json(r, 200);
	json_obj(&r->json, NULL);
	json_int(&r->json, "count", (int64_t)count);
	json_arr(&r->json, "sample");
	if (write_customers(r, db, ids, n, err))
		return -1;
	json_end(&r->json);
	json_end(&r->json);
	return 0;
}

int segment_count_(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	struct segment *seg = NULL;
	int64_t now = now_of(r);
	uint64_t count;
	int k;

	if (!db || segment_load(db, r->param[0], &seg, err))
		return -1;
	k = segment_count(db, seg, now, &count, err);
	segment_free(&seg);
	if (k)
		return -1;
	request_json(r, 200);
	json_obj(&r->json, NULL);
	json_int(&r->json, "count", (int64_t)count);
	json_time(&r->json, "at", now);
	json_end(&r->json);
	return 0;
}

int segment_customers(struct request *r, struct err *err)
{
	struct str at = request_query(r, "cursor");
	struct db *db = request_db(r, err);
	struct segment *seg = NULL;
	struct cursor c = {0};
	char next[CURSOR_TEXT];
	struct uuid *ids;
	int limit, k;
	size_t n;

	if (!db || query_limit(r, &limit, err))
		return -1;
	if (at.p && !cursor_parse(at, &c))
		return err_set(err, ERR_INVALID, "cursor_invalid", "cursor", "this is not a cursor of this list");
	ids = arena_array(r->arena, struct uuid, (size_t)limit);
	if (!ids)
		return err_nomem(err);
	if (segment_load(db, r->param[0], &seg, err))
		return -1;
	k = segment_page(db, seg, now_of(r), at.p ? &c.id : NULL, ids, (size_t)limit, &n, err);
	segment_free(&seg);
	if (k)
		return -1;
	list_begin(r);
	if (write_customers(r, db, ids, n, err))
		return -1;
	if (n == (size_t)limit)
		cursor_text(&(struct cursor){.id = ids[n - 1]}, next);
	list_end(r, n == (size_t)limit ? next : NULL);
	return 0;
}

int customer_segments(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	struct customer c;
	struct uuid id;

	if (!db || path_uuid(r, 0, &id, err) || customer_get(db, &id, r->arena, &c, err))
		return -1;
	request_json(r, 200);
	json_obj(&r->json, NULL);
	if (segment_of_customer_json(db, &id, now_of(r), &r->json, "data", err))
		return -1;
	json_end(&r->json);
	return 0;
}

/* ---- changing */

static int change_finish(struct request *r, struct db *db, struct err *err)
{
	struct change *c = r->state;
	return answer(r, db, c->name, strcmp(r->method, "POST") == 0 ? 201 : 200, err);
}

static int post_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;
	struct segment_row row = {.name = c->name,
				  .description = c->description.p ? c->description : STR(""),
				  .conditions = c->conditions,
				  .author = str_of(r->who.author)};

	return segment_create(db, &row, now, &c->id, err);
}

int segment_post(struct request *r, struct err *err)
{
	static const char *const names[] = {"name", "description", "conditions", NULL};
	struct change *c = state_new(r, sizeof *c, err);
	struct segment *seg;
	json_t *o;
	int k;

	if (!c || input_object(r, names, &o, err) || input_str(o, "", "description", 1000, &c->description, err) < 0 ||
	    (k = read_conditions(r, o, &seg, &c->conditions, err)) < 0)
		return -1;
	if (k == 0)
		return input_missing("", "conditions", err);
	if (input_str(o, "", "name", SEGMENT_NAME_MAX, &c->name, err) != 1)
		return err->kind ? -1 : input_missing("", "name", err);
	if (segment_name_check(c->name, err))
		return -1;
	r->run = post_run;
	r->finish = change_finish;
	return request_write(r, err);
}

static int patch_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;
	return segment_update(db, c->name, c->description, c->conditions, r->who.author, c->if_version, now, err);
}

int segment_patch(struct request *r, struct err *err)
{
	static const char *const names[] = {"description", "conditions", NULL};
	struct change *c = state_new(r, sizeof *c, err);
	struct segment *seg;
	json_t *o;
	int k;

	if (!c || request_if_match(r, &c->if_version, err) || input_object(r, names, &o, err) ||
	    (k = input_str(o, "", "description", 1000, &c->description, err)) < 0 ||
	    read_conditions(r, o, &seg, &c->conditions, err) < 0)
		return -1;
	if (k == 0)
		c->description = (struct str){0};
	c->name = r->param[0];
	r->run = patch_run;
	r->finish = change_finish;
	return request_write(r, err);
}

/* Whose id it was is asked before it is gone. */
static int delete_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;
	struct segment_row row;

	(void)now;
	if (segment_get(db, c->name, r->arena, &row, err))
		return -1;
	c->id = row.id;
	return segment_delete(db, c->name, err);
}

static int delete_finish(struct request *r, struct db *db, struct err *err)
{
	struct change *c = r->state;

	(void)db;
	(void)err;
	request_json(r, 200);
	json_obj(&r->json, NULL);
	json_uuid(&r->json, "id", &c->id);
	json_bool(&r->json, "deleted", true);
	json_end(&r->json);
	return 0;
}

int segment_delete_(struct request *r, struct err *err)
{
	struct change *c = state_new(r, sizeof *c, err);

	if (!c)
		return -1;
	c->name = r->param[0];
	r->run = delete_run;
	r->finish = delete_finish;
	return request_write(r, err);
}
