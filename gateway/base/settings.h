/*
 * Settings as tables. Whoever needs configuration declares a table of what it understands; the file is read once, each
 * section is parsed against the table that owns it, and the sample file, --help and the error texts come from the same
 * table. Unknown keys and sections are errors that name file and line.
 *
 * Secrets may be written as  key = file:/path  (first line of that file)  or  key = env:NAME. They are never printed.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum setting_type {
	SET_STRING,   /* char * owned by the settings object, NULL if unset and no default */
	SET_INT,      /* int64_t, within min..max */
	SET_BOOL,     /* bool: yes/no, true/false, on/off, 1/0 */
	SET_DURATION, /* int64_t microseconds: 250ms, 90s, 15m, 72h, 7d */
	SET_SIZE,     /* int64_t bytes: 512, 64k, 16m, 2g */
	SET_ENUM,     /* int: index into `words` */
	SET_LIST      /* char * as written; comma separated, split with settings_list_next */
};

struct setting {
	const char *name;
	enum setting_type type;
	size_t offset;		       /* of the field in the owner's struct */
	const char *def;	       /* default as text; NULL: required if `required`, else zero */
	int64_t min, max;	       /* SET_INT, SET_SIZE, SET_DURATION; both 0: unbounded */
	const char *const *words;      /* SET_ENUM, NULL-terminated */
	bool required, secret, reload; /* reload: SIGHUP applies a change without a restart */
	const char *help;	       /* one sentence; becomes the comment in the sample file */
};
/* clang-format off */
#define SETTING_END {0}
/* clang-format on */

struct settings; /* one parsed file: sections in order, keys in order, each with its line */

/* path NULL: empty file (all defaults). Checks syntax only. */
int settings_load(const char *path, struct settings **out, struct err *err);
int settings_parse(const char *name, struct str text, struct settings **out,
		   struct err *err); /* the same from memory */
void settings_free(struct settings **s);

/* Sections are "[http]" or "[kind name]", e.g. "[sms main]". Iterates in file order; returns false at the end. */
struct section;
bool settings_next(const struct settings *s, const struct section **it);
const char *section_kind(const struct section *s); /* "sms" */
const char *section_name(const struct section *s); /* "main", "" if none */
int section_line(const struct section *s);
int settings_line(const struct section *s, const char *key); /* of the key; of the section if it is not set there */
const char *settings_file(const struct settings *s);	     /* as messages name it */
const struct section *settings_find(const struct settings *s, const char *kind, const char *name); /* NULL if absent */

/* Fills *dst (a struct described by table) from the section, or from defaults if section is NULL. Strings belong to
 * dst: release with settings_release. On error err.field is "section.key" and msg begins with "file:line: ". */
int settings_fill(const struct settings *s, const struct section *section, const struct setting *table, void *dst,
		  struct err *err);
void settings_release(const struct setting *table, void *dst);
/* Writes a commented sample of the table. */
void settings_sample(struct buf *out, const struct setting *table);
/* Walks a SET_LIST value: false at the end. Items are trimmed, empty ones skipped. */
bool settings_list_next(const char *list, size_t *pos, struct str *item);
