/* Templates: written as drafts, looked at with a customer's eyes, published. */
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "outbound/renderer.h"

enum { SUBJECT_ROOM = 4096 };

static int path_name(struct request *r, struct str *out, struct err *err)
{
	*out = r->param[0];
	return template_name_check(*out, err);
}

int template_list_(struct request *r, struct err *err)
{
	struct str after = request_query(r, "cursor");
	char last[TEMPLATE_NAME_MAX + 1] = "";
	struct db *db = request_db(r, err);
	int limit, n;

	if (!db || query_limit(r, &limit, err))
		return -1;
	list_begin(r);
	n = template_list_json(db, &r->json, after.p ? after : STR(""), limit, last, err);
	if (n < 0)
		return -1;
	list_end(r, n == limit ? last : NULL);
	return 0;
}

int template_one(struct request *r, struct err *err)
{
	struct str name, version = request_query(r, "version");
	struct db *db = request_db(r, err);
	int64_t number = 0;

	if (!db || path_name(r, &name, err))
		return -1;
	if (version.p && (!str_i64(version, &number) || number < 1 || number > INT32_MAX))
		return err_set(err, ERR_SEMANTIC, "version_invalid", "version", "a number from 1 on");
	request_json(r, 200);
	return template_json(db, &r->json, NULL, name, (int)number, err);
}

/* ---- changing ---- */

struct change {
	struct str name;
	struct template_about about;
	struct template_text *v;
	size_t n;
	int version;
};

static int change_finish(struct request *r, struct db *db, struct err *err)
{
	struct change *c = r->state;

	request_json(r, 200);
	return template_json(db, &r->json, NULL, c->name, c->version, err);
}

static int put_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;

	return template_write(db, c->name, &c->about, c->v, c->n, r->who.author, now, &c->version, err);
}

static int read_text(const json_t *o, size_t k, struct template_text *t, struct err *err)
{
	static const char *const names[] = {"channel", "locale", "subject", "text", "html", NULL};
	struct str word;
	char at[40], field[40];

	snprintf(at, sizeof at, "/texts/%zu", k);
	if (!json_is_object(o))
		return err_set(err, ERR_SEMANTIC, "object_expected", at, "a text is an object");
	if (input_known(o, names, at, err))
		return -1;
	if (input_str(o, at, "channel", 16, &word, err) != 1)
		return err->kind ? -1 : input_missing(at, "channel", err);
	if (!channel_parse(word, &t->channel) || t->channel == CHANNEL_NONE)
		return input_word(at, "channel", word, err);
	if (input_str(o, at, "locale", TEMPLATE_LOCALE_MAX, &t->locale, err) < 0 ||
	    input_str(o, at, "subject", SUBJECT_ROOM, &t->subject, err) < 0 ||
	    input_str(o, at, "text", TEMPLATE_SOURCE_MAX, &t->text, err) < 0 ||
	    input_str(o, at, "html", TEMPLATE_SOURCE_MAX, &t->html, err) < 0)
		return -1;
	if (template_text_check(t, err)) {
		snprintf(field, sizeof field, "%.20s", err->field);
		snprintf(err->field, sizeof err->field, "%s/%s", at, field);
		return -1;
	}
	return 0;
}

static int no_twins(const struct change *c, struct err *err)
{
	for (size_t k = 0; k < c->n; k++)
		for (size_t i = 0; i < k; i++)
			if (c->v[k].channel == c->v[i].channel && str_eq(c->v[k].locale, c->v[i].locale))
				return err_set(err, ERR_SEMANTIC, "text_twice", "/texts",
					       "two texts for one channel and locale");
	return 0;
}

static int read_about(struct request *r, const json_t *o, struct template_about *a, struct err *err)
{
	const json_t *sample = json_object_get(o, "sample");
	struct str purpose;
	char *text;
	int k;

	if (input_str(o, "", "description", 1000, &a->description, err) < 0 ||
	    (k = input_str(o, "", "purpose", 16, &purpose, err)) < 0)
		return -1;
	if (k && !purpose_parse(purpose, &a->purpose))
		return input_word("", "purpose", purpose, err);
	if (!sample)
		return 0;
	if (!json_is_object(sample))
		return err_set(err, ERR_SEMANTIC, "object_expected", "/sample", "an object expected");
	text = json_dumps(sample, JSON_COMPACT);
	a->sample = text ? arena_str(r->arena, str_of(text)) : STR("");
	free(text);
	return a->sample.n ? 0 : err_nomem(err);
}

int template_put(struct request *r, struct err *err)
{
	static const char *const names[] = {"description", "purpose", "sample", "texts", NULL};
	struct change *c = state_new(r, sizeof *c, err);
	json_t *o, *list;

	if (!c || path_name(r, &c->name, err) || input_object(r, names, &o, err) || read_about(r, o, &c->about, err))
		return -1;
	list = json_object_get(o, "texts");
	if (!json_is_array(list) || json_array_size(list) < 1 || json_array_size(list) > TEMPLATE_TEXTS_MAX)
		return err_set(err, ERR_SEMANTIC, "texts_invalid", "/texts", "a list of 1 to %d texts",
			       TEMPLATE_TEXTS_MAX);
	c->n = json_array_size(list);
	c->v = arena_array(r->arena, struct template_text, c->n);
	if (!c->v)
		return err_nomem(err);
	for (size_t k = 0; k < c->n; k++)
		if (read_text(json_array_get(list, k), k, &c->v[k], err))
			return -1;
	if (no_twins(c, err))
		return -1;
	r->run = put_run;
	r->finish = change_finish;
	return request_write(r, err);
}

static int publish_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;
	return template_publish(db, c->name, r->who.author, now, &c->version, err);
}

int template_publish_(struct request *r, struct err *err)
{
	struct change *c = state_new(r, sizeof *c, err);

	if (!c || path_name(r, &c->name, err))
		return -1;
	r->run = publish_run;
	r->finish = change_finish;
	return request_write(r, err);
}

static int delete_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;
	return template_retire(db, c->name, r->who.author, now, err);
}

int template_delete(struct request *r, struct err *err)
{
	struct change *c = state_new(r, sizeof *c, err);

	if (!c || path_name(r, &c->name, err))
		return -1;
	r->run = delete_run;
	r->finish = change_finish;
	return request_write(r, err);
}

/* ---- looking ---- */

struct looking {
	enum channel channel;
	struct str locale;
	int version;
	struct customer customer;
	const json_t *data;
};

/* A customer that does not exist. */
static int read_invented(struct request *r, const json_t *o, struct customer *c, struct err *err)
{
	static const char *const names[] = {"external_id", "name",  "locale",	  "time_zone",
					    "tier",	   "stage", "attributes", NULL};
	const json_t *attributes = json_object_get(o, "attributes");
	struct str stage = {0};

	if (!o)
		return 0;
	if (!json_is_object(o) || (attributes && !json_is_object(attributes)))
		return err_set(err, ERR_SEMANTIC, "object_expected", attributes ? "/customer/attributes" : "/customer",
			       "an object expected");
	if (input_known(o, names, "/customer", err) ||
	    input_str(o, "/customer", "external_id", 200, &c->external_id, err) < 0 ||
	    input_str(o, "/customer", "name", 200, &c->name, err) < 0 ||
	    input_str(o, "/customer", "locale", TEMPLATE_LOCALE_MAX, &c->locale, err) < 0 ||
	    input_str(o, "/customer", "time_zone", 64, &c->time_zone, err) < 0 ||
	    input_str(o, "/customer", "tier", 64, &c->tier, err) < 0 ||
	    input_str(o, "/customer", "stage", 32, &stage, err) < 0)
		return -1;
	if (stage.n && !stage_parse(stage, &c->stage))
		return input_word("/customer", "stage", stage, err);
	if (attributes) {
		char *text = json_dumps(attributes, JSON_COMPACT);
		c->attributes = text ? arena_str(r->arena, str_of(text)) : STR("");
		free(text);
		if (!c->attributes.n)
			return err_nomem(err);
	}
	return 0;
}

static int read_looking(struct request *r, struct db *db, const json_t *o, struct looking *l, struct err *err)
{
	const json_t *version = json_object_get(o, "version");
	struct uuid id;
	struct str word;
	int k;

	if (input_str(o, "", "channel", 16, &word, err) != 1)
		return err->kind ? -1 : input_missing("", "channel", err);
	if (!channel_parse(word, &l->channel) || l->channel == CHANNEL_NONE)
		return input_word("", "channel", word, err);
	if (input_str(o, "", "locale", TEMPLATE_LOCALE_MAX, &l->locale, err) < 0 ||
	    (k = input_uuid(o, "", "customer_id", &id, err)) < 0)
		return -1;
	if (version &&
	    (!json_is_integer(version) || json_integer_value(version) < 1 || json_integer_value(version) > INT32_MAX))
		return err_set(err, ERR_SEMANTIC, "version_invalid", "/version", "a number from 1 on");
	l->version = (int)json_integer_value(version);
	if (read_invented(r, json_object_get(o, "customer"), &l->customer, err))
		return -1;
	l->data = json_object_get(o, "data");
	if (l->data && !json_is_object(l->data))
		return err_set(err, ERR_SEMANTIC, "object_expected", "/data", "an object expected");
	if (k && customer_get(db, &id, r->arena, &l->customer, err))
		return -1;
	if (!l->locale.n)
		l->locale = l->customer.locale;
	return 0;
}

static void answer_preview(struct request *r, const struct looking *l, const struct rendered *x)
{
	struct account_info a;
	struct json_out *j = &r->json;

	request_json(r, 200);
	json_obj(j, NULL);
	json_int(j, "version", x->version);
	json_cstr(j, "channel", channel_word(l->channel));
	json_str(j, "locale", x->locale);
	json_str(j, "subject", x->subject);
	json_str(j, "text", x->text);
	json_str(j, "html", x->html);
	if (accounts_pick(app_of(r)->accounts, l->channel, STR(""), &a)) {
		struct channel_estimate e = a.ops->estimate(a.account, x->text, STR("{}"));
		json_cstr(j, "encoding", e.encoding);
		json_int(j, "segments", e.segments);
	}
	json_end(j);
}

static int look(struct request *r, struct db *db, struct str name, struct looking *l, struct err *err)
{
	struct renderer *renderer = renderer_new();
	struct rendering what = {.db = db,
				 .accounts = app_of(r)->accounts,
				 .region = app_of(r)->region,
				 .public_url = app_of(r)->public_url,
				 .secret = app_of(r)->secret,
				 .customer = &l->customer,
				 .name = name,
				 .version = l->version,
				 .channel = l->channel,
				 .locale = l->locale,
				 .data = l->data,
				 .now = now_of(r)};
	struct rendered text;
	int rc = -1;

	if (!renderer)
		err_nomem(err);
	else if (renderer_run(renderer, &what, &text, err) == 0) {
		answer_preview(r, l, &text);
		rc = 0;
	}
	renderer_free(&renderer);
	return rc;
}

int template_preview(struct request *r, struct err *err)
{
	static const char *const names[] = {"channel", "locale", "version", "customer_id", "customer", "data", NULL};
	struct db *db = request_db(r, err);
	struct looking l = {0};
	struct str name;
	json_t *o;

	if (!db || path_name(r, &name, err) || input_object(r, names, &o, err) || read_looking(r, db, o, &l, err) ||
	    (l.version == 0 && template_newest(db, name, &l.version, err)))
		return -1;
	return look(r, db, name, &l, err);
}
