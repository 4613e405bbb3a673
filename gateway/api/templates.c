/* Templates: written as drafts, looked at with a customer's eyes, published. */
#include <stdio.h>

#include "api/api.h"
#include "liquid/liquid.h"
#include "outbound/content.h"

enum { SUBJECT_ROOM = 4096, TEXT_ROOM = 64 << 10, HTML_ROOM = 512 << 10 };

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
	struct str name, description;
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

	return template_write(db, c->name, c->description, c->v, c->n, r->who.author, now, &c->version, err);
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

int template_put(struct request *r, struct err *err)
{
	static const char *const names[] = {"description", "texts", NULL};
	struct change *c = state_new(r, sizeof *c, err);
	json_t *o, *list;

	if (!c || path_name(r, &c->name, err) || input_object(r, names, &o, err) ||
	    input_str(o, "", "description", 1000, &c->description, err) < 0)
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
	l->data = json_object_get(o, "data");
	if (l->data && !json_is_object(l->data))
		return err_set(err, ERR_SEMANTIC, "object_expected", "/data", "an object expected");
	if (k && customer_get(db, &id, r->arena, &l->customer, err))
		return -1;
	if (!l->locale.n)
		l->locale = l->customer.locale;
	return 0;
}

/* The newest, draft or not. */
static int newest_version(struct db *db, struct str name, int *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT MAX(version) FROM template WHERE name = $1");
	int r;

	db_bind_str(q, 1, name);
	r = db_step(q, err);
	if (r == DB_ROW)
		*out = (int)db_col_i64(q, 0);
	db_done(q);
	if (r == DB_ROW && *out == 0)
		return err_set(err, ERR_NOT_FOUND, "template_unknown", NULL, "there is no template of that name");
	return r == DB_ROW ? 0 : -1;
}

static void answer_preview(struct request *r, const struct looking *l, const struct template_text *t,
			   const struct content_out *out)
{
	struct account_info a;
	struct json_out *j = &r->json;

	request_json(r, 200);
	json_obj(j, NULL);
	json_int(j, "version", l->version);
	json_cstr(j, "channel", channel_word(l->channel));
	json_str(j, "locale", t->locale);
	json_str(j, "subject", str_trim(buf_str(&out->subject)));
	json_str(j, "text", str_trim(buf_str(&out->text)));
	json_str(j, "html", buf_str(&out->html));
	if (accounts_pick(app_of(r)->accounts, l->channel, STR(""), &a)) {
		struct channel_estimate e = a.ops->estimate(a.account, str_trim(buf_str(&out->text)), STR("{}"));
		json_cstr(j, "encoding", e.encoding);
		json_int(j, "segments", e.segments);
	}
	json_end(j);
}

static int look(struct request *r, struct db *db, struct str name, struct looking *l, struct err *err)
{
	struct liquid_render *liquid = liquid_render_new();
	struct content *content = NULL;
	struct template_text t;
	struct content_out out;
	struct content_data d = {&l->customer, l->data, now_of(r)};
	int rc = -1;

	buf_init(&out.subject, SUBJECT_ROOM);
	buf_init(&out.text, TEXT_ROOM);
	buf_init(&out.html, HTML_ROOM);
	if (!liquid)
		err_nomem(err);
	else if (template_pick(db, name, l->version, l->channel, l->locale, r->arena, &t, err) == 0 &&
		 content_new(&t, &content, err) == 0 && content_render(content, liquid, &d, &out, err) == 0) {
		answer_preview(r, l, &t, &out);
		rc = 0;
	}
	content_free(&content);
	liquid_render_free(&liquid);
	buf_free(&out.subject);
	buf_free(&out.text);
	buf_free(&out.html);
	return rc;
}

int template_preview(struct request *r, struct err *err)
{
	static const char *const names[] = {"channel", "locale", "version", "customer_id", "data", NULL};
	struct db *db = request_db(r, err);
	struct looking l = {0};
	struct str name;
	json_t *o;

	if (!db || path_name(r, &name, err) || input_object(r, names, &o, err) || read_looking(r, db, o, &l, err) ||
	    (l.version == 0 && newest_version(db, name, &l.version, err)))
		return -1;
	return look(r, db, name, &l, err);
}
