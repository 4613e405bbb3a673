/*
 * Templates: what marketing and care write once and send often. A template has a name and versions; a version has a text for
 * each channel and locale, in Liquid (templates/liquid). At most one version is a draft: it may be changed until it is
 * published; from then on it is what is sent by that name, and never changes, so that a message can say by which text it
 * was made. The version before stays for those messages.
 *
 * Functions with a db run on whatever connection the caller owns: writes only inside a write job.
 */
#pragma once
#include "base/arena.h"
#include "base/json.h"
#include "model/words.h"
#include "store/db.h"

enum { TEMPLATE_NAME_MAX = 64, TEMPLATE_LOCALE_MAX = 35, TEMPLATE_TEXTS_MAX = 64, TEMPLATE_SOURCE_MAX = 256 << 10 };

/* Numbers are stored: never renumber. */
enum template_state { TEMPLATE_DRAFT, TEMPLATE_PUBLISHED, TEMPLATE_RETIRED };

struct template_text {
	enum channel channel;
	struct str locale;		/* "de", "pt-BR"; empty: for everybody else */
	struct str subject, text, html; /* html: mail only; text may then be empty */
};

/* Of a version, beside its texts. */
struct template_about {
	struct str description;
	enum purpose purpose; /* what it is for: checked with other eyes where it is marketing */
	struct str sample;    /* JSON object: what the data of a message may look like */
};

/* Lower case letters, digits, "-", "_" and ".": ERR_SEMANTIC "name_invalid". */
int template_name_check(struct str name, struct err *err);
/* What parses is good: ERR_SEMANTIC "template_invalid" with the member's name as field, line and column in the sentence. */
int template_text_check(const struct template_text *t, struct err *err);

/* Makes or replaces the draft; *version is its number. The texts have been checked. */
int template_write(struct db *db, struct str name, const struct template_about *about, const struct template_text *v,
		   size_t n, const char *author, int64_t now, int *version, struct err *err);
/* The draft becomes what is sent. ERR_CONFLICT "nothing_to_publish"; ERR_NOT_FOUND "template_unknown". */
int template_publish(struct db *db, struct str name, const char *author, int64_t now, int *version, struct err *err);
/* It is not sent any more; its versions stay readable. */
int template_retire(struct db *db, struct str name, const char *author, int64_t now, struct err *err);

/* "pt" of "pt-BR". */
struct str locale_language(struct str locale);
/* Strings in the arena. ERR_NOT_FOUND "template_unknown". */
int template_about(struct db *db, struct str name, int version, struct arena *a, struct template_about *out,
		   struct err *err);
/* All the texts of a version, in the arena; returns how many, -1 with err. */
int template_texts(struct db *db, struct str name, int version, struct arena *a,
		   struct template_text out[TEMPLATE_TEXTS_MAX], struct err *err);
/* The newest version, draft or not. ERR_NOT_FOUND "template_unknown". */
int template_newest(struct db *db, struct str name, int *version, struct err *err);
/* Which version is sent by that name today. ERR_SEMANTIC "template_unknown". */
int template_published(struct db *db, struct str name, int *version, struct err *err);
/* The text for a channel and a locale: the locale itself, its language, the one for everybody. Strings in the
 * arena. ERR_SEMANTIC "template_has_no_text". */
int template_pick(struct db *db, struct str name, int version, enum channel channel, struct str locale, struct arena *a,
		  struct template_text *out, struct err *err);
/* version 0: the newest. */
int template_json(struct db *db, struct json_out *j, const char *key, struct str name, int version, struct err *err);
/* The newest version of each, by name after `after`; returns how many, the last name in `last`. */
int template_list_json(struct db *db, struct json_out *j, struct str after, int limit, char last[TEMPLATE_NAME_MAX + 1],
		       struct err *err);
