#include "outbound/template_lint.h"

#include <stdio.h>
#include <string.h>

#include "liquid/uses.h"
#include "outbound/renderer.h"
#include "outbound/translation.h"

enum { SAMPLE_DEPTH = 32, DETAIL = 300 };

struct look {
	const struct template_lint *l;
	struct json_out *j;
	struct arena *arena;
	struct template_about about;
	json_t *sample;
	const struct template_text *text; /* at hand */
	const char *part;		  /* of it */
	bool way_out;			  /* a link to leave was seen in this text */
	bool failed;			  /* the store */
	struct err *err;
};

static void find(struct look *k, const char *severity, const char *code, int line, int column, const char *detail)
{
	json_obj(k->j, NULL);
	json_cstr(k->j, "severity", severity);
	json_cstr(k->j, "code", code);
	json_cstr(k->j, "channel", channel_word(k->text->channel));
	json_str(k->j, "locale", k->text->locale);
	json_cstr(k->j, "part", k->part);
	if (line) {
		json_int(k->j, "line", line);
		json_int(k->j, "column", column);
	}
	json_cstr(k->j, "detail", detail);
	json_end(k->j);
}

/* ---- what it refers to ---- */

static struct str first_of(struct str path)
{
	const char *dot = path.n ? memchr(path.p, '.', path.n) : NULL;
	return dot ? str_n(path.p, (size_t)(dot - path.p)) : path;
}

static void variable(struct look *k, struct str path, int line, int column)
{
	static const char *const own[] = {"name",      "first_name", "external_id", "locale",
					  "time_zone", "tier",	     "stage",	    "attributes"};
	struct str head = first_of(path), member = {0};
	char detail[DETAIL];

	if (str_is(head, "unsubscribe_url") || str_is(head, "preference_url")) {
		k->way_out = true;
		return;
	}
	if (!str_is(head, "customer")) {
		if (json_object_getn(k->sample, head.p, head.n))
			return;
		snprintf(detail, sizeof detail, "\"%.*s\" is not in the sample: each message has to bring it",
			 (int)head.n, head.p);
		find(k, "warning", "variable_unknown", line, column, detail);
		return;
	}
	if (path.n > head.n)
		member = first_of(str_n(path.p + head.n + 1, path.n - head.n - 1));
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (str_is(member, own[i]))
			return;
	if (!member.n)
		return;
	snprintf(detail, sizeof detail, "customer.%.*s comes from the customer's attributes, where there is one",
		 (int)member.n, member.p);
	find(k, "notice", "attribute", line, column, detail);
}

static void partial(struct look *k, struct str name, int line, int column)
{
	struct template_text t;
	struct err e = {0};
	char detail[DETAIL];
	int version;

	if (template_name_check(name, &e) == 0 && template_published(k->l->db, name, &version, &e) == 0 &&
	    template_pick(k->l->db, name, version, k->text->channel, k->text->locale, k->arena, &t, &e) == 0) {
		/* A shared footer brings the way out with it. */
		k->way_out = k->way_out || strstr(t.text.p, "unsubscribe_url") || strstr(t.text.p, "preference_url") ||
			     strstr(t.html.p, "unsubscribe_url") || strstr(t.html.p, "preference_url");
		return;
	}
	snprintf(detail, sizeof detail, "\"%.*s\": %.200s", (int)(name.n < 64 ? name.n : 64), name.p, e.msg);
	find(k, "error", "partial_unknown", line, column, detail);
}

static void translation(struct look *k, struct str key, int line, int column)
{
	static const char *const endings[] = {"", ".other"};
	char full[TRANSLATION_KEY_MAX + 8], detail[DETAIL];
	struct str text;
	int found = 0;

	for (size_t i = 0; found == 0 && i < 2; i++) {
		int n = snprintf(full, sizeof full, "%.*s%s", (int)(key.n < 190 ? key.n : 190), key.p, endings[i]);
		found = translation_find(k->l->db, k->text->locale, str_n(full, (size_t)n), k->arena, &text, k->err);
	}
	k->failed = k->failed || found < 0;
	if (found)
		return;
	snprintf(detail, sizeof detail, "there is no translation of \"%.*s\" for this locale", (int)key.n, key.p);
	find(k, "error", "translation_missing", line, column, detail);
}

static void use(void *arg, enum liquid_use kind, struct str name, int line, int column)
{
	switch (kind) {
	case LIQUID_USE_VARIABLE: variable(arg, name, line, column); break;
	case LIQUID_USE_PARTIAL: partial(arg, name, line, column); break;
	case LIQUID_USE_TRANSLATION: translation(arg, name, line, column); break;
	}
}

static void uses(struct look *k, struct str source, const char *part)
{
	const struct liquid_syntax syntax = content_syntax();
	struct liquid_template *t = NULL;
	struct liquid_error e;

	k->part = part;
	if (source.n && liquid_parse(&syntax, source, &t, &e) == 0) {
		liquid_uses(t, use, k);
		liquid_template_free(&t);
	}
}

/* ---- what it makes ---- */

static void measure(struct look *k, struct str text)
{
	struct account_info a;
	char detail[DETAIL];
	int segments;

	if (k->text->channel != CHANNEL_SMS || !accounts_pick(k->l->accounts, CHANNEL_SMS, STR(""), &a))
		return;
	segments = a.ops->estimate(a.account, text, STR("{}")).segments;
	if (segments <= k->l->max_segments)
		return;
	snprintf(detail, sizeof detail, "%d segments with the sample, more than %d", segments, k->l->max_segments);
	find(k, "warning", "sms_long", 0, 0, detail);
}

static void render(struct look *k, struct renderer *r)
{
	static const struct customer invented = {.name = {"Alexandra Hofmann", 17},
						 .external_id = {"C-1000001", 9},
						 .time_zone = {"Europe/Berlin", 13},
						 .attributes = {"{}", 2}};
	struct customer customer = invented;
	struct rendering what = {.db = k->l->db,
				 .accounts = k->l->accounts,
				 .region = k->l->region,
				 .customer = &customer,
				 .name = k->l->name,
				 .version = k->l->version,
				 .channel = k->text->channel,
				 .locale = k->text->locale,
				 .data = k->sample,
				 .now = k->l->now};
	struct rendered x;
	struct err e = {0};

	customer.locale = k->text->locale;
	customer.stage = STAGE_ACTIVE;
	k->part = "text";
	if (renderer_run(r, &what, &x, &e))
		find(k, "error", "render_failed", 0, 0, e.msg);
	else
		measure(k, x.text);
}

/* ---- all of it ---- */

static void one(struct look *k, struct renderer *r, const struct template_text *t)
{
	k->text = t;
	k->way_out = false;
	uses(k, t->subject, "subject");
	uses(k, t->text, "text");
	uses(k, t->html, "html");
	render(k, r);
	k->part = t->html.n ? "html" : "text";
	if (t->channel == CHANNEL_EMAIL && k->about.purpose == PURPOSE_MARKETING && !k->way_out)
		find(k, "warning", "unsubscribe_missing", 0, 0,
		     "a marketing mail shows how to leave: {{ unsubscribe_url }} or {{ preference_url }}");
}

static void defaults(struct look *k, const struct template_text *v, int n)
{
	for (int i = 0; i < n; i++) {
		bool first = i == 0 || v[i - 1].channel != v[i].channel;
		/* Sorted by channel, then locale: the one for everybody, "", would be the first. */
		if (!first || v[i].locale.n == 0)
			continue;
		k->text = &v[i];
		k->part = "text";
		find(k, "warning", "default_missing", 0, 0, "there is no text of this channel for other locales");
	}
}

int template_lint_json(const struct template_lint *l, struct json_out *j, struct arena *a, struct err *err)
{
	struct look k = {.l = l, .j = j, .arena = a, .err = err};
	struct template_text *v = arena_array(a, struct template_text, TEMPLATE_TEXTS_MAX);
	struct renderer *r = renderer_new();
	int n = -1;

	if (!v || !r)
		err_nomem(err);
	else if (template_about(l->db, l->name, l->version, a, &k.about, err) == 0 &&
		 json_read(k.about.sample, SAMPLE_DEPTH, &k.sample, err) == 0)
		n = template_texts(l->db, l->name, l->version, a, v, err);
	if (n >= 0) {
		json_arr(j, "findings");
		for (int i = 0; i < n; i++)
			one(&k, r, &v[i]);
		defaults(&k, v, n);
		json_end(j);
	}
	json_decref(k.sample);
	renderer_free(&r);
	return n < 0 || k.failed ? -1 : 0;
}

/* ---- who uses it ---- */

struct wanted {
	struct str name;
	bool found;
};

static void compare(void *arg, enum liquid_use kind, struct str name, int line, int column)
{
	struct wanted *w = arg;

	(void)line, (void)column;
	w->found = w->found || (kind == LIQUID_USE_PARTIAL && str_eq(name, w->name));
}

static bool names(struct str source, struct str name)
{
	const struct liquid_syntax syntax = content_syntax();
	struct wanted w = {.name = name};
	struct liquid_template *t = NULL;
	struct liquid_error e;

	if (source.n && liquid_parse(&syntax, source, &t, &e) == 0) {
		liquid_uses(t, compare, &w);
		liquid_template_free(&t);
	}
	return w.found;
}

int template_used_by_json(struct db *db, struct json_out *j, struct str name, struct arena *a, struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT x.name, x.version, x.subject, x.body, x.html FROM template_text x JOIN template t"
			     " ON t.name = x.name AND t.version = x.version WHERE t.state = 1 AND t.version ="
			     " (SELECT MAX(m.version) FROM template m WHERE m.name = t.name AND m.state <> 0)"
			     " ORDER BY x.name, x.version");
	struct str last = STR("");
	int r;

	json_arr(j, "templates");
	while ((r = db_step(q, err)) == DB_ROW) {
		if (str_eq(db_col_str(q, 0), last) ||
		    !(names(db_col_str(q, 2), name) || names(db_col_str(q, 3), name) || names(db_col_str(q, 4), name)))
			continue;
		last = arena_str(a, db_col_str(q, 0));
		if (!last.p) {
			r = err_nomem(err);
			break;
		}
		json_obj(j, NULL);
		json_str(j, "name", last);
		json_int(j, "version", db_col_i64(q, 1));
		json_end(j);
	}
	db_done(q);
	json_end(j);
	return r == DB_END ? 0 : -1;
}
