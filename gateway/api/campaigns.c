/* Campaigns: the definition, written while it is a draft; what became of its customers. */
#include <stdlib.h>

#include "api/api.h"
#include "campaign/campaign.h"
#include "timeline/cursor.h"

struct writing {
	struct str name, definition;
	struct plan plan;
	struct uuid id, *customers;
	size_t n;
	int64_t version;
};

static int read_customers(struct request *r, json_t *o, struct writing *w, struct err *err)
{
	json_t *list = json_object_get(o, "customers");

	if (!list)
		return 0;
	if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > CAMPAIGN_MEMBERS)
		return err_set(err, ERR_SEMANTIC, "customers_invalid", "/customers", "a list of 1 to %d ids",
			       CAMPAIGN_MEMBERS);
	w->n = json_array_size(list);
	w->customers = arena_array(r->arena, struct uuid, w->n);
	if (!w->customers)
		return err_nomem(err);
	for (size_t k = 0; k < w->n; k++) {
		const json_t *v = json_array_get(list, k);
		if (!json_is_string(v) ||
		    !uuid_parse(str_n(json_string_value(v), json_string_length(v)), &w->customers[k]))
			return err_set(err, ERR_SEMANTIC, "id_invalid", "/customers", "an id is a UUID");
	}
	return json_object_set_new(o, "listed", json_true()) ? err_nomem(err) : 0;
}

/* What is not the definition is taken out of the body; what is left is checked and kept. */
static int read_definition(struct request *r, json_t *o, struct writing *w, struct err *err)
{
	char *text;

	if (json_object_get(o, "listed"))
		return err_set(err, ERR_SEMANTIC, "unknown_field", "/listed", "this member is not known here");
	if (read_customers(r, o, w, err))
		return -1;
	json_object_del(o, "customers");
	json_object_del(o, "name");
	if (plan_read(o, r->arena, &w->plan, err))
		return -1;
	text = json_dumps(o, JSON_COMPACT);
	w->definition = text ? arena_str(r->arena, str_of(text)) : (struct str){0};
	free(text);
	return w->definition.p ? 0 : err_nomem(err);
}

static void free_tree(void *p) { json_decref(p); }

static int read_body(struct request *r, json_t **out, struct err *err)
{
	json_t *o = NULL;

	if (json_read(r->body.n ? r->body : STR("{}"), 14, &o, err))
		return -1;
	request_defer(r, free_tree, o);
	*out = o;
	return json_is_object(o) ? 0 : err_set(err, ERR_INVALID, "object_expected", "", "the body is a JSON object");
}

int answer_campaign(struct request *r, struct db *db, const struct uuid *id, int status, struct err *err)
{
	struct campaign c;

	if (campaign_get(db, id, r->arena, &c, err))
		return -1;
	request_json(r, status);
	request_etag(r, c.version);
	campaign_json(&r->json, NULL, &c);
	return 0;
}

static int create_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct writing *w = r->state;
	return campaign_create(db, w->name, w->definition, &w->plan, w->customers, w->n, r->who.author, now, &w->id,
			       err);
}

static int create_finish(struct request *r, struct db *db, struct err *err)
{
	return answer_campaign(r, db, &((struct writing *)r->state)->id, 201, err);
}

int campaign_post(struct request *r, struct err *err)
{
	struct writing *w = state_new(r, sizeof *w, err);
	json_t *o;

	if (!w || read_body(r, &o, err))
		return -1;
	if (input_str(o, "", "name", CAMPAIGN_NAME_MAX, &w->name, err) != 1)
		return err->kind ? -1 : input_missing("", "name", err);
	w->name = arena_str(r->arena, w->name);
	if (!w->name.p)
		return err_nomem(err);
	if (read_definition(r, o, w, err))
		return -1;
	r->run = create_run;
	r->finish = create_finish;
	return request_write(r, err);
}

static int patch_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct writing *w = r->state;
	return campaign_update(db, &w->id, w->definition, &w->plan, w->customers, w->n, w->version, now, err);
}

static int patch_finish(struct request *r, struct db *db, struct err *err)
{
	return answer_campaign(r, db, &((struct writing *)r->state)->id, 200, err);
}

/* Members of the body over those of the definition; null takes one away. Another audience takes the place of the old. */
static int merge(json_t *old, json_t *body, struct err *err)
{
	const char *key;
	json_t *v;

	if (json_object_get(body, "customers") || json_object_get(body, "segment") ||
	    json_object_get(body, "everybody")) {
		json_object_del(old, "listed");
		json_object_del(old, "segment");
		json_object_del(old, "everybody");
	}
	json_object_foreach (body, key, v) {
		if (json_is_null(v))
			json_object_del(old, key);
		else if (json_object_set(old, key, v))
			return err_nomem(err);
	}
	return 0;
}

int campaign_patch(struct request *r, struct err *err)
{
	struct writing *w = state_new(r, sizeof *w, err);
	struct db *db = request_db(r, err);
	json_t *o, *old = NULL;
	struct campaign c;
	bool listed;

	if (!w || !db || path_uuid(r, 0, &w->id, err) || request_if_match(r, &w->version, err) ||
	    read_body(r, &o, err) || campaign_get(db, &w->id, r->arena, &c, err) ||
	    json_read(c.definition, 14, &old, err))
		return -1;
	request_defer(r, free_tree, old);
	if (c.state != CAMPAIGN_DRAFT)
		return err_set(err, ERR_CONFLICT, "campaign_begun", NULL, "the campaign is no draft any more");
	if (w->version && w->version != c.version)
		return err_set(err, ERR_PRECONDITION, "version_mismatch", NULL, "the campaign has changed meanwhile");
	w->version = c.version;
	if (json_object_get(o, "name"))
		return err_set(err, ERR_SEMANTIC, "unknown_field", "/name", "a campaign keeps its name");
	if (json_object_get(o, "listed") || merge(old, o, err))
		return err->kind ? -1 : err_set(err, ERR_SEMANTIC, "unknown_field", "/listed", "not known here");
	listed = json_is_true(json_object_get(old, "listed"));
	json_object_del(old, "listed");
	if (listed && !json_object_get(old, "customers") && json_object_set_new(old, "listed", json_true()))
		return err_nomem(err);
	if (listed) { /* the list stays: read as it is */
		char *text;
		if (plan_read(old, r->arena, &w->plan, err))
			return -1;
		text = json_dumps(old, JSON_COMPACT);
		w->definition = text ? arena_str(r->arena, str_of(text)) : (struct str){0};
		free(text);
		if (!w->definition.p)
			return err_nomem(err);
	} else if (read_definition(r, old, w, err)) {
		return -1;
	}
	r->run = patch_run;
	r->finish = patch_finish;
	return request_write(r, err);
}

static int delete_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct writing *w = r->state;
	struct campaign c;

	(void)now;
	return campaign_get(db, &w->id, r->arena, &c, err) || campaign_delete(db, &w->id, err) ? -1 : 0;
}

static int delete_finish(struct request *r, struct db *db, struct err *err)
{
	(void)db, (void)err;
	request_json(r, 200);
	json_obj(&r->json, NULL);
	json_end(&r->json);
	return 0;
}

int campaign_delete_(struct request *r, struct err *err)
{
	struct writing *w = state_new(r, sizeof *w, err);

	if (!w || path_uuid(r, 0, &w->id, err))
		return -1;
	r->run = delete_run;
	r->finish = delete_finish;
	return request_write(r, err);
}

/* ---- looking ---- */

int campaign_one(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	struct uuid id;

	return !db || path_uuid(r, 0, &id, err) ? -1 : answer_campaign(r, db, &id, 200, err);
}

static int read_cursor(struct request *r, struct uuid *out, struct err *err)
{
	struct str at = request_query(r, "cursor");
	struct cursor c = {0};

	if (at.p && !cursor_parse(at, &c))
		return err_set(err, ERR_INVALID, "cursor_invalid", "cursor", "this is not a cursor of this list");
	*out = c.id;
	return 0;
}

static int end_list(struct request *r, int n, int limit, const struct uuid *last)
{
	char next[CURSOR_TEXT];

	if (n < 0)
		return -1;
	if (n == limit)
		cursor_text(&(struct cursor){.id = *last}, next);
	list_end(r, n == limit ? next : NULL);
	return 0;
}

int campaign_list_(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	struct uuid before, last;
	int limit;

	if (!db || query_limit(r, &limit, err) || read_cursor(r, &before, err))
		return -1;
	list_begin(r);
	return end_list(r, campaign_list_json(db, &r->json, &before, limit, r->arena, &last, err), limit, &last);
}

int campaign_figures(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	struct campaign c;
	struct uuid id;

	if (!db || path_uuid(r, 0, &id, err) || campaign_get(db, &id, r->arena, &c, err))
		return -1;
	request_json(r, 200);
	return campaign_figures_json(db, &c, r->arena, &r->json, NULL, err);
}

int campaign_customers(struct request *r, struct err *err)
{
	struct str word = request_query(r, "became");
	struct db *db = request_db(r, err);
	struct share_query q = {.state = -1};
	struct uuid id, last;

	if (!db || path_uuid(r, 0, &id, err) || query_limit(r, &q.limit, err) || read_cursor(r, &q.after, err))
		return -1;
	for (int k = 0; word.p && k < SHARE_COUNT; k++)
		if (str_is(word, share_word((enum share)k)))
			q.state = k;
	if (word.p && q.state < 0)
		return err_set(err, ERR_INVALID, "word_unknown", "became", "not one of the words known here");
	list_begin(r);
	return end_list(r, campaign_customers_json(db, &id, &q, &r->json, &last, err), q.limit, &last);
}
