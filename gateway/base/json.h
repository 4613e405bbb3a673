/*
 * JSON. Reading is jansson's, behind limits; writing is a push writer straight into a buffer, because a timeline page
 * is mostly JSON and building a tree for it costs more than the query that filled it (make bench, timeline.page).
 *
 * Writer: json_obj/json_arr open, json_end closes; inside an object every value is written with a key, inside an array
 * with key NULL. Invalid UTF-8 in a string is written as U+FFFD, so what goes out is always valid JSON (RFC 8259).
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
	uint64_t more;  /* bit per depth: a member was written, so a comma is due */
	uint64_t array; /* bit per depth: closes with ] */
};

void json_begin(struct json_out *j, struct buf *b);
void json_obj(struct json_out *j, const char *key);
void json_arr(struct json_out *j, const char *key);
void json_end(struct json_out *j);
void json_str(struct json_out *j, const char *key, struct str v);
void json_cstr(struct json_out *j, const char *key, const char *v); /* NULL writes null */
void json_int(struct json_out *j, const char *key, int64_t v);
void json_bool(struct json_out *j, const char *key, bool v);
void json_null_(struct json_out *j, const char *key);
void json_raw(struct json_out *j, const char *key, struct str json);  /* already JSON; empty writes null */
void json_time(struct json_out *j, const char *key, int64_t at);      /* RFC 3339; 0 writes null */
void json_uuid(struct json_out *j, const char *key, const struct uuid *u); /* nil or NULL writes null */
void json_quote(struct buf *b, struct str v);                         /* just a quoted string */
void json_value(struct json_out *j, const char *key, const json_t *v); /* a jansson tree */

/* Parses one JSON text (object or array) with at most `depth` levels; rejects duplicate keys and NUL in strings.
 * On error fills err (ERR_INVALID, code "json_invalid", line and column in the message). Release with json_decref. */
int json_read(struct str text, int depth, json_t **out, struct err *err);
