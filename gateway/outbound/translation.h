/*
 * Translations: texts that templates share, by locale and key ({{ "greeting" | t }}). A key is found in the locale itself, in
 * its language, then in the locale "" that is for everybody.
 *
 * Functions with a db run on whatever connection the caller owns: writes only inside a write job.
 */
#pragma once
#include "base/arena.h"
#include "base/json.h"
#include "store/db.h"

enum { TRANSLATION_KEY_MAX = 200, TRANSLATION_TEXT_MAX = 4000, TRANSLATIONS_MAX = 2000 };

/* All the texts of a locale, instead of those there were. `texts`: an object of texts, checked: ERR_SEMANTIC
 * "translation_invalid" with the member. */
int translations_check(const json_t *texts, struct err *err);
int translations_write(struct db *db, struct str locale, const json_t *texts, struct err *err);
/* 1 found, 0 not, -1 err. */
int translation_find(struct db *db, struct str locale, struct str key, struct arena *a, struct str *out,
		     struct err *err);
/* {"locale":…,"texts":{…}} */
int translations_json(struct db *db, struct json_out *j, const char *key, struct str locale, struct err *err);
/* The locales that there are, as members of the list that is open. */
int translation_locales_json(struct db *db, struct json_out *j, struct err *err);
