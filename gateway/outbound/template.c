#include "outbound/template.h"

#include <stdio.h>

#include "liquid/liquid.h"
#include "outbound/content.h"

static const char *state_word(int64_t s)
{
	static const char *const words[] = {"draft", "published", "retired"};
	return s >= 0 && s <= TEMPLATE_RETIRED ? words[s] : "unknown";
}

int template_name_check(struct str name, struct err *err)
{
	bool ok = name.n > 0 && name.n <= TEMPLATE_NAME_MAX;

	for (size_t k = 0; ok && k < name.n; k++)
		ok = (name.p[k] >= 'a' && name.p[k] <= 'z') || (name.p[k] >= '0' && name.p[k] <= '9') ||
		     (k && strchr("-_.", name.p[k]));
	return ok ? 0
		  : err_set(err, ERR_SEMANTIC, "name_invalid", "name",
			    "1 to %d of a-z, 0-9, \"-\", \"_\" and \".\", beginning with a letter or digit",
			    TEMPLATE_NAME_MAX);
}

static int source_check(struct str source, const char *field, struct err *err)
{
	const struct liquid_syntax syntax = content_syntax();
	struct liquid_template *t = NULL;
	struct liquid_error e = {0};

	if (source.n > TEMPLATE_SOURCE_MAX || !str_utf8_ok(source))
		return err_set(err, ERR_SEMANTIC, "template_invalid", field, "not UTF-8, or longer than %d bytes",
			       TEMPLATE_SOURCE_MAX);
	if (liquid_parse(&syntax, source, &t, &e))
		return err_set(err, ERR_SEMANTIC, "template_invalid", field, "line %d, column %d: %.150s", e.line,
			       e.column, e.msg);
	liquid_template_free(&t);
	return 0;
}

int template_text_check(const struct template_text *t, struct err *err)
{
	if (t->text.n == 0 && t->html.n == 0)
		return err_set(err, ERR_SEMANTIC, "template_invalid", "text", "there is no text");
	if (t->html.n && t->channel != CHANNEL_EMAIL)
		return err_set(err, ERR_SEMANTIC, "template_invalid", "html", "only mails have HTML");
	return source_check(t->subject, "subject", err) || source_check(t->text, "text", err) ||
			       source_check(t->html, "html", err)
		       ? -1
		       : 0;
}

/* ---- writing ---- */

/* The newest version and its state; 0 if there is none. */
static int newest(struct db *db, struct str name, int *version, enum template_state *state, struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT version, state FROM template WHERE name = $1 ORDER BY version DESC LIMIT 1");
	int r;

	*version = 0;
	db_bind_str(q, 1, name);
	r = db_step(q, err);
	if (r == DB_ROW) {
		*version = (int)db_col_i64(q, 0);
		*state = (enum template_state)db_col_i64(q, 1);
	}
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

static int clear(struct db *db, struct str name, int version, struct err *err)
{
	struct stmt *q = db_query(db, "DELETE FROM template_text WHERE name = $1 AND version = $2");

	db_bind_str(q, 1, name);
	db_bind_i64(q, 2, version);
	return db_run(q, err);
}

static int insert_text(struct db *db, struct str name, int version, const struct template_text *t, struct err *err)
{
	struct stmt *q = db_query(db, "INSERT INTO template_text (name, version, channel, locale, subject, body, html)"
				      " VALUES ($1, $2, $3, $4, $5, $6, $7)");

	db_bind_str(q, 1, name);
	db_bind_i64(q, 2, version);
	db_bind_i64(q, 3, t->channel);
	db_bind_str(q, 4, t->locale);
	db_bind_str(q, 5, t->subject);
	db_bind_str(q, 6, t->text);
	db_bind_str(q, 7, t->html);
	return db_run(q, err);
}

int template_write(struct db *db, struct str name, const struct template_about *about, const struct template_text *v,
		   size_t n, const char *author, int64_t now, int *version, struct err *err)
{
	enum template_state state = TEMPLATE_DRAFT;
	struct stmt *q;

	if (newest(db, name, version, &state, err))
		return -1;
	if (*version == 0 || state != TEMPLATE_DRAFT)
		++*version;
	q = db_query(db, "INSERT INTO template (name, version, state, description, purpose, sample, author,"
			 " created_at, updated_at) VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8)"
			 " ON CONFLICT (name, version) DO UPDATE SET description = excluded.description,"
			 " purpose = excluded.purpose, sample = excluded.sample, author = excluded.author,"
			 " updated_at = excluded.updated_at");
	db_bind_str(q, 1, name);
	db_bind_i64(q, 2, *version);
	db_bind_str(q, 3, about->description);
	db_bind_i64(q, 4, about->purpose);
	db_bind_str(q, 5, about->sample.n ? about->sample : STR("{}"));
	db_bind_text(q, 6, author);
	db_bind_i64(q, 7, now);
	db_bind_i64(q, 8, now);
	if (db_run(q, err) || clear(db, name, *version, err))
		return -1;
	for (size_t k = 0; k < n; k++)
		if (insert_text(db, name, *version, &v[k], err))
			return -1;
	return 0;
}

static int set_state(struct db *db, struct str name, int version, enum template_state s, const char *author,
		     int64_t now, struct err *err)
{
	struct stmt *q = db_query(db, "UPDATE template SET state = $1, author = $2, updated_at = $3"
				      " WHERE name = $4 AND version = $5");
	db_bind_i64(q, 1, s);
	db_bind_text(q, 2, author);
	db_bind_i64(q, 3, now);
	db_bind_str(q, 4, name);
	db_bind_i64(q, 5, version);
	return db_run(q, err);
}

static int unknown(struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "template_unknown", NULL, "there is no template of that name");
}

int template_publish(struct db *db, struct str name, const char *author, int64_t now, int *version, struct err *err)
{
	enum template_state state = TEMPLATE_DRAFT;

	if (newest(db, name, version, &state, err))
		return -1;
	if (*version == 0)
		return unknown(err);
	if (state != TEMPLATE_DRAFT)
		return err_set(err, ERR_CONFLICT, "nothing_to_publish", NULL, "version %d is no draft any more",
			       *version);
	return set_state(db, name, *version, TEMPLATE_PUBLISHED, author, now, err);
}

int template_retire(struct db *db, struct str name, const char *author, int64_t now, struct err *err)
{
	enum template_state state = TEMPLATE_DRAFT;
	int version;

	if (newest(db, name, &version, &state, err))
		return -1;
	return version == 0 ? unknown(err) : set_state(db, name, version, TEMPLATE_RETIRED, author, now, err);
}

/* ---- picking ---- */

/* The newest that is not a draft counts: a retired one ends the template. */
int template_published(struct db *db, struct str name, int *version, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT version, state FROM template WHERE name = $1 AND state <> 0"
				      " ORDER BY version DESC LIMIT 1");
	int r;

	*version = 0;
	db_bind_str(q, 1, name);
	r = db_step(q, err);
	if (r == DB_ROW)
		*version = db_col_i64(q, 1) == TEMPLATE_PUBLISHED ? (int)db_col_i64(q, 0) : 0;
	db_done(q);
	if (r == DB_ERROR)
		return -1;
	return *version ? 0
			: err_set(err, ERR_SEMANTIC, "template_unknown", "/template",
				  "no template of that name is published");
}

static bool text_row(struct stmt *q, struct arena *a, struct template_text *out)
{
	*out = (struct template_text){.channel = (enum channel)db_col_i64(q, 0),
				      .locale = arena_str(a, db_col_str(q, 1)),
				      .subject = arena_str(a, db_col_str(q, 2)),
				      .text = arena_str(a, db_col_str(q, 3)),
				      .html = arena_str(a, db_col_str(q, 4))};
	return out->locale.p && out->subject.p && out->text.p && out->html.p;
}

/* 0 found, 1 not, -1 err. */
static int text_of(struct db *db, struct str name, int version, enum channel channel, struct str locale,
		   struct arena *a, struct template_text *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT channel, locale, subject, body, html FROM template_text WHERE name = $1"
				      " AND version = $2 AND channel = $3 AND locale = $4");
	int r;

	db_bind_str(q, 1, name);
	db_bind_i64(q, 2, version);
	db_bind_i64(q, 3, channel);
	db_bind_str(q, 4, locale);
	r = db_step(q, err);
	if (r == DB_ROW && !text_row(q, a, out))
		r = err_nomem(err);
	db_done(q);
	return r == DB_ROW ? 0 : r == DB_END ? 1 : -1;
}

struct str locale_language(struct str locale)
{
	size_t n = 0;

	while (n < locale.n && locale.p[n] != '-' && locale.p[n] != '_')
		n++;
	return str_n(locale.p, n);
}

int template_pick(struct db *db, struct str name, int version, enum channel channel, struct str locale, struct arena *a,
		  struct template_text *out, struct err *err)
{
	struct str const tries[] = {locale, locale_language(locale), STR("")};
	int r = 1;

	for (size_t k = 0; r == 1 && k < 3; k++)
		if (k == 0 || tries[k].n != tries[k - 1].n)
			r = text_of(db, name, version, channel, tries[k], a, out, err);
	if (r == 1)
		return err_set(err, ERR_SEMANTIC, "template_has_no_text", "/template",
			       "version %d has no text for %s in that locale", version, channel_word(channel));
	return r;
}

/* ---- reading ---- */

int template_newest(struct db *db, struct str name, int *version, struct err *err)
{
	enum template_state state;

	if (newest(db, name, version, &state, err))
		return -1;
	return *version ? 0 : unknown(err);
}

int template_about(struct db *db, struct str name, int version, struct arena *a, struct template_about *out,
		   struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT description, purpose, sample FROM template WHERE name = $1 AND version = $2");
	int r;

	db_bind_str(q, 1, name);
	db_bind_i64(q, 2, version);
	r = db_step(q, err);
	if (r == DB_ROW) {
		*out = (struct template_about){.description = arena_str(a, db_col_str(q, 0)),
					       .purpose = (enum purpose)db_col_i64(q, 1),
					       .sample = arena_str(a, db_col_str(q, 2))};
		if (!out->description.p || !out->sample.p)
			r = err_nomem(err);
	}
	db_done(q);
	return r == DB_ROW ? 0 : r == DB_END ? unknown(err) : -1;
}

int template_texts(struct db *db, struct str name, int version, struct arena *a,
		   struct template_text out[TEMPLATE_TEXTS_MAX], struct err *err)
{
	struct stmt *q = db_query(db, "SELECT channel, locale, subject, body, html FROM template_text WHERE name = $1"
				      " AND version = $2 ORDER BY channel, locale");
	int r, n = 0;

	db_bind_str(q, 1, name);
	db_bind_i64(q, 2, version);
	while ((r = db_step(q, err)) == DB_ROW && n < TEMPLATE_TEXTS_MAX)
		if (!text_row(q, a, &out[n++])) {
			r = err_nomem(err);
			break;
		}
	db_done(q);
	return r < 0 || r == DB_ERROR ? -1 : n;
}

/* ---- showing ---- */

static int texts_json(struct db *db, struct json_out *j, struct str name, int64_t version, bool whole, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT channel, locale, subject, body, html FROM template_text WHERE name = $1"
				      " AND version = $2 ORDER BY channel, locale");
	int r;

	db_bind_str(q, 1, name);
	db_bind_i64(q, 2, version);
	json_arr(j, "texts");
	while ((r = db_step(q, err)) == DB_ROW) {
		json_obj(j, NULL);
		json_cstr(j, "channel", channel_word((enum channel)db_col_i64(q, 0)));
		json_str(j, "locale", db_col_str(q, 1));
		if (whole) {
			json_str(j, "subject", db_col_str(q, 2));
			json_str(j, "text", db_col_str(q, 3));
			json_str(j, "html", db_col_str(q, 4));
		}
		json_end(j);
	}
	db_done(q);
	json_end(j);
	return r == DB_END ? 0 : -1;
}

#define COLUMNS "name, version, state, description, author, created_at, updated_at, purpose, sample"

static int row_json(struct db *db, struct json_out *j, const char *key, struct stmt *q, bool whole, struct err *err)
{
	char name[TEMPLATE_NAME_MAX + 1];
	struct str text = db_col_str(q, 0);
	size_t n = text.n < sizeof name ? text.n : sizeof name - 1;

	memcpy(name, text.p, n);
	json_obj(j, key);
	json_str(j, "name", text);
	json_int(j, "version", db_col_i64(q, 1));
	json_cstr(j, "state", state_word(db_col_i64(q, 2)));
	json_str(j, "description", db_col_str(q, 3));
	json_cstr(j, "purpose", purpose_word((enum purpose)db_col_i64(q, 7)));
	json_raw(j, "sample", db_col_str(q, 8));
	json_str(j, "author", db_col_str(q, 4));
	json_time(j, "created_at", db_col_i64(q, 5));
	json_time(j, "updated_at", db_col_i64(q, 6));
	if (texts_json(db, j, str_n(name, n), db_col_i64(q, 1), whole, err))
		return -1;
	json_end(j);
	return 0;
}

int template_json(struct db *db, struct json_out *j, const char *key, struct str name, int version, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT " COLUMNS " FROM template WHERE name = $1 AND ($2 = 0 OR version = $3)"
				      " ORDER BY version DESC LIMIT 1");
	int r, shown = 0;

	db_bind_str(q, 1, name);
	db_bind_i64(q, 2, version);
	db_bind_i64(q, 3, version);
	r = db_step(q, err);
	if (r == DB_ROW)
		shown = row_json(db, j, key, q, true, err);
	db_done(q);
	return r == DB_ROW ? shown : r == DB_END ? unknown(err) : -1;
}

int template_list_json(struct db *db, struct json_out *j, struct str after, int limit, char last[TEMPLATE_NAME_MAX + 1],
		       struct err *err)
{
	struct stmt *q = db_query(db, "SELECT " COLUMNS " FROM template t WHERE name > $1 AND version ="
				      " (SELECT MAX(version) FROM template m WHERE m.name = t.name)"
				      " ORDER BY name LIMIT $2");
	int r, n = 0;

	db_bind_str(q, 1, after);
	db_bind_i64(q, 2, limit);
	while ((r = db_step(q, err)) == DB_ROW) {
		struct str name = db_col_str(q, 0);
		snprintf(last, TEMPLATE_NAME_MAX + 1, "%.*s", (int)name.n, name.p);
		if (row_json(db, j, NULL, q, false, err)) {
			r = DB_ERROR;
			break;
		}
		n++;
	}
	db_done(q);
	return r == DB_END ? n : -1;
}
