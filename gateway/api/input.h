/*
 * Reading what a request says. Every refusal names the member by its JSON pointer (RFC 6901), or the query parameter.
 * Strings point into the JSON tree, which lives as long as the request.
 */
#pragma once
#include "http/http.h"
#include "model/words.h"

/* The body as an object with no members but these (NULL-terminated). */
int input_object(struct request *r, const char *const *names, json_t **out, struct err *err);
int input_known(const json_t *o, const char *const *names, const char *prefix, struct err *err);

/* Each returns 1 if the member is there, 0 if not (or null), -1 with err. prefix: pointer of the object, "" for the body. */
int input_str(const json_t *o, const char *prefix, const char *name, size_t max, struct str *out, struct err *err);
int input_uuid(const json_t *o, const char *prefix, const char *name, struct uuid *out, struct err *err);
int input_time(const json_t *o, const char *prefix, const char *name, int64_t *out, struct err *err);
int input_bool(const json_t *o, const char *prefix, const char *name, bool *out, struct err *err);
/* An object, as text in the arena. */
int input_json(struct request *r, const json_t *o, const char *prefix, const char *name, struct str *out,
	       struct err *err);
int input_missing(const char *prefix, const char *name, struct err *err);		 /* -1 */
int input_word(const char *prefix, const char *name, struct str value, struct err *err); /* -1: not one of the words */

int query_limit(struct request *r, int *out, struct err *err);
int query_time(struct request *r, const char *name, int64_t *out, struct err *err);
int query_uuid(struct request *r, const char *name, struct uuid *out, struct err *err);
/* Comma-separated words as a bit set; parse as in model/words.h. */
int query_words(struct request *r, const char *name, bool (*parse)(struct str s, unsigned *out), unsigned *out,
		struct err *err);
