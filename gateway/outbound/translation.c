#include "outbound/translation.h"

#include <stdio.h>
#include <string.h>

#include "outbound/template.h"

static int refuse(const char *key, const char *what, struct err *err)
{
	char field[TRANSLATION_KEY_MAX + 8];

	snprintf(field, sizeof field, "/texts/%.*s", TRANSLATION_KEY_MAX, key);
	return err_set(err, ERR_SEMANTIC, "translation_invalid", field, "%s", what);
}

static bool key_good(const char *key)
{
	size_t n = strlen(key);

	if (n == 0 || n >= TRANSLATION_KEY_MAX)
		return false;
	for (size_t k = 0; k < n; k++)
		if ((unsigned char)key[k] <= ' ' || key[k] == '|')
			return false;
	return true;
}

int translations_check(const json_t *texts, struct err *err)
{
	const char *key;
	json_t *v;

	if (!json_is_object(texts) || json_object_size(texts) > TRANSLATIONS_MAX)
		return err_set(err, ERR_SEMANTIC, "translation_invalid", "/texts", "an object of at most %d texts",
			       TRANSLATIONS_MAX);
	json_object_foreach ((json_t *)texts, key, v) {
		if (!key_good(key))
			return refuse(key, "a key has no spaces and less than 200 bytes", err);
		if (!json_is_string(v) || json_string_length(v) > TRANSLATION_TEXT_MAX)
			return refuse(key, "a text of at most 4000 bytes", err);
	}
	return 0;
}

int translations_write(struct db *db, struct str locale, const json_t *texts, struct err *err)
{
	struct stmt *q = db_query(db, "DELETE FROM translation WHERE locale = $1");
	const char *key;
	json_t *v;

	db_bind_str(q, 1, locale);
	if (db_run(q, err))
		return -1;
	json_object_foreach ((json_t *)texts, key, v) {
		q = db_query(db, "INSERT INTO translation (locale, key, body) VALUES ($1, $2, $3)");
		db_bind_str(q, 1, locale);
		db_bind_text(q, 2, key);
		db_bind_str(q, 3, str_n(json_string_value(v), json_string_length(v)));
		if (db_run(q, err))
			return -1;
	}
	return 0;
}

static int find_one(struct db *db, struct str locale, struct str key, struct arena *a, struct str *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT body FROM translation WHERE locale = $1 AND key = $2");
	int r;

	db_bind_str(q, 1, locale);
	db_bind_str(q, 2, key);
	r = db_step(q, err);
	if (r == DB_ROW) {
		*out = arena_str(a, db_col_str(q, 0));
		if (!out->p)
			r = err_nomem(err);
	}
	db_done(q);
	return r == DB_ROW ? 1 : r == DB_END ? 0 : -1;
}

int translation_find(struct db *db, struct str locale, struct str key, struct arena *a, struct str *out,
		     struct err *err)
{
	const struct str tries[] = {locale, locale_language(locale), STR("")};
	int r = 0;

	for (size_t k = 0; r == 0 && k < 3; k++)
		if (k == 0 || tries[k].n != tries[k - 1].n)
			r = find_one(db, tries[k], key, a, out, err);
	return r;
}

int translations_json(struct db *db, struct json_out *j, const char *key, struct str locale, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT key, body FROM translation WHERE locale = $1 ORDER BY key");
	char name[TRANSLATION_KEY_MAX + 1];
	int r;

	db_bind_str(q, 1, locale);
	json_obj(j, key);
	json_str(j, "locale", locale);
	json_obj(j, "texts");
	while ((r = db_step(q, err)) == DB_ROW) {
		struct str k = db_col_str(q, 0);
		snprintf(name, sizeof name, "%.*s", (int)k.n, k.p);
		json_str(j, name, db_col_str(q, 1));
	}
	db_done(q);
	json_end(j);
	json_end(j);
	return r == DB_END ? 0 : -1;
}

int translation_locales_json(struct db *db, struct json_out *j, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT locale, COUNT(*) FROM translation GROUP BY locale ORDER BY locale");
	int r;

	while ((r = db_step(q, err)) == DB_ROW) {
		json_obj(j, NULL);
		json_str(j, "locale", db_col_str(q, 0));
		json_int(j, "texts", db_col_i64(q, 1));
		json_end(j);
	}
	db_done(q);
	return r == DB_END ? 0 : -1;
}
