/* What is doubtful in a template, who uses it, and the translations that templates share. */
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "outbound/template_lint.h"
#include "outbound/translation.h"

enum { SEGMENTS = 2 };

static int whole_number(struct request *r, const char *name, int64_t least, int64_t most, int64_t *out, struct err *err)
{
	struct str text = request_query(r, name);

	if (text.p && (!str_i64(text, out) || *out < least || *out > most))
		return err_set(err, ERR_SEMANTIC, "number_invalid", name, "a number from %lld to %lld",
			       (long long)least, (long long)most);
	return 0;
}

int template_lint_(struct request *r, struct err *err)
{
	struct template_lint l = {
		.accounts = app_of(r)->accounts, .region = app_of(r)->region, .name = r->param[0], .now = now_of(r)};
	int64_t version = 0, segments = SEGMENTS;

	l.db = request_db(r, err);
	if (!l.db || template_name_check(l.name, err) || whole_number(r, "version", 1, INT32_MAX, &version, err) ||
	    whole_number(r, "max_segments", 1, 255, &segments, err))
		return -1;
	l.version = (int)version;
	l.max_segments = (int)segments;
	if (!l.version && template_newest(l.db, l.name, &l.version, err))
		return -1;
	request_json(r, 200);
	json_obj(&r->json, NULL);
	json_str(&r->json, "name", l.name);
	json_int(&r->json, "version", l.version);
	if (template_lint_json(&l, &r->json, r->arena, err))
		return -1;
	json_end(&r->json);
	return 0;
}

int template_usage(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	int version;

	if (!db || template_name_check(r->param[0], err) || template_newest(db, r->param[0], &version, err))
		return -1;
	request_json(r, 200);
	json_obj(&r->json, NULL);
	json_str(&r->json, "name", r->param[0]);
	if (template_used_by_json(db, &r->json, r->param[0], r->arena, err))
		return -1;
	json_end(&r->json);
	return 0;
}

/* ---- translations ---- */

struct change {
	struct str locale;
	json_t *texts;
};

/* "-" stands for the texts of everybody. */
static int path_locale(struct request *r, struct str *out, struct err *err)
{
	*out = str_is(r->param[0], "-") ? STR("") : r->param[0];
	for (size_t k = 0; k < out->n; k++)
		if (!((out->p[k] | 0x20) >= 'a' && (out->p[k] | 0x20) <= 'z') && out->p[k] != '-' &&
		    !(out->p[k] >= '0' && out->p[k] <= '9'))
			return err_set(err, ERR_SEMANTIC, "locale_invalid", "locale", "like de or pt-BR");
	if (out->n > TEMPLATE_LOCALE_MAX)
		return err_set(err, ERR_SEMANTIC, "locale_invalid", "locale", "like de or pt-BR");
	return 0;
}

int translation_list(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);

	if (!db)
		return -1;
	list_begin(r);
	if (translation_locales_json(db, &r->json, err))
		return -1;
	list_end(r, NULL);
	return 0;
}

int translation_one(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	struct str locale;

	if (!db || path_locale(r, &locale, err))
		return -1;
	request_json(r, 200);
	return translations_json(db, &r->json, NULL, locale, err);
}

static int put_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;

	(void)now;
	return translations_write(db, c->locale, c->texts, err);
}

static int put_finish(struct request *r, struct db *db, struct err *err)
{
	struct change *c = r->state;

	request_json(r, 200);
	return translations_json(db, &r->json, NULL, c->locale, err);
}

int translation_put(struct request *r, struct err *err)
{
	static const char *const names[] = {"texts", NULL};
	struct change *c = state_new(r, sizeof *c, err);
	json_t *o;

	if (!c || path_locale(r, &c->locale, err) || input_object(r, names, &o, err))
		return -1;
	c->texts = json_object_get(o, "texts");
	if (translations_check(c->texts, err))
		return -1;
	r->run = put_run;
	r->finish = put_finish;
	return request_write(r, err);
}
