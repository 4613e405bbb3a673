/*
 * JSON. Reading is jansson's, behind limits; writing is a push writer straight into a buffer, because a timeline page
 * is mostly JSON and building a tree for it costs more than the query that filled it (make bench, timeline.page).
 *
 * Writer: json_obj/json_arr open, json_end closes; inside an object every value is written with a key, inside an array
 * with key NULL. A key is written as it is: a literal of plain ASCII. Invalid UTF-8 in a string is written as U+FFFD, so
 * what goes out is always valid JSON (RFC 8259).
 */
#pragma once
#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"

struct json_out {
	struct buf *b;
	uint8_t depth;
	uint64_t more;	/* bit per depth: a member was written, so a comma is due */
	uint64_t array; /* bit per depth: closes with ] */
	int64_t day;	/* json_time: the last day written, */
	char date[12];	/* and its text, since most times of an answer are of one day */
};

void json_begin(struct json_out *j, struct buf *b);
/* The comma that is due and the key: inlined with each call, so that a literal's length is known when it is compiled. */
void json_lead(struct json_out *j, const char *key, size_t n);
static inline void json_key(struct json_out *j, const char *key) { json_lead(j, key, key ? strlen(key) : 0); }

void json_quote(struct buf *b, struct str v); /* just a quoted string */
void json_open_(struct json_out *j, bool array);
void json_time_(struct json_out *j, int64_t at);
void json_uuid_(struct json_out *j, const struct uuid *u);
void json_value_(struct json_out *j, const json_t *v);
void json_end(struct json_out *j);

static inline void json_obj(struct json_out *j, const char *key)
{
	json_key(j, key);
	json_open_(j, false);
}

static inline void json_arr(struct json_out *j, const char *key)
{
	json_key(j, key);
	json_open_(j, true);
}

static inline void json_str(struct json_out *j, const char *key, struct str v)
{
	json_key(j, key);
	json_quote(j->b, v);
}

static inline void json_null_(struct json_out *j, const char *key)
{
	json_key(j, key);
	buf_add(j->b, "null", 4);
}

static inline void json_cstr(struct json_out *j, const char *key, const char *v) /* NULL writes null */
{
	if (v)
		json_str(j, key, str_of(v));
	else
		json_null_(j, key);
}

static inline void json_int(struct json_out *j, const char *key, int64_t v)
{
	json_key(j, key);
	buf_add_i64(j->b, v);
}

static inline void json_bool(struct json_out *j, const char *key, bool v)
{
	json_key(j, key);
	buf_add(j->b, v ? "true" : "false", v ? 4 : 5);
}

static inline void json_raw(struct json_out *j, const char *key, struct str json) /* already JSON; empty writes null */
{
	json_key(j, key);
	buf_addstr(j->b, json.n ? json : STR("null"));
}

static inline void json_time(struct json_out *j, const char *key, int64_t at) /* RFC 3339; 0 writes null */
{
	json_key(j, key);
	json_time_(j, at);
}

static inline void json_uuid(struct json_out *j, const char *key, const struct uuid *u) /* nil or NULL writes null */
{
	json_key(j, key);
	json_uuid_(j, u);
}

static inline void json_value(struct json_out *j, const char *key, const json_t *v) /* a jansson tree */
{
	json_key(j, key);
	json_value_(j, v);
}

/* Parses one JSON text (object or array) with at most `depth` levels; rejects duplicate keys and NUL in strings.
 * On error fills err (ERR_INVALID, code "json_invalid", line and column in the message). Release with json_decref. */
int json_read(struct str text, int depth, json_t **out, struct err *err);
