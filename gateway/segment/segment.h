/*
 * Segments: which customers a condition holds for. Conditions are a JSON tree; they become one SQL statement with
 * parameters, never with values in its text, so nothing that marketing writes is read as SQL.
 *
 *     {"all": [C, ...]}  {"any": [C, ...]}  {"not": C}
 *     {"tier": "gold"}  {"stage": ["active", "lead"]}  {"locale": "de"}  {"time_zone": "Europe/Berlin"}
 *                                       one word or a list; "de" is any German, "de-AT" only Austria's
 *     {"created": TIMES}                when we first knew the customer
 *     {"attribute": "plan", TESTS}
 *     {"channel": "sms", "verified": true}          has an address there today
 *     {"consent": "marketing", "channel": "sms", "state": "opt_in"}   of an address the customer has today
 *     {"message": "inbound", "channel": "sms", TIMES, "at_least": 2}
 *     {"event": "bill", "where": [{"data": "amount", TESTS}], TIMES, "at_least": 2}
 *     {"in_segment": "name"}
 *
 * TESTS, of which all must hold: "is" (text, number, true, false), "in" (a list), "above", "at_least", "below", "at_most"
 * (numbers), "begins", "contains" (text), "exists" (true, false), and TIMES for what is a time:
 * "within": "30d" (since then), "older_than": "30d", "after", "before" (RFC 3339, or a date). A test of one type never
 * matches a value of another: the text "5" is not the number 5.
 *
 * "No reply in 30 days" is {"not": {"message": "inbound", "within": "30d"}}.
 *
 * Merged customers are one: they count once, as the survivor. What the customer is (attributes, tier, ...) is what the
 * survivor says; what it has and did (channels, consents, messages, events) is that of all who are one.
 *
 * Bounded: SEGMENT_DEPTH levels, SEGMENT_NODES conditions, SEGMENT_VALUES values in a list, and as many values altogether
 * as a statement has parameters; segments in segments are put in whole and count. Errors are ERR_SEMANTIC with the JSON
 * pointer of the node in `field`.
 *
 * A parsed segment never changes: any thread may use it, each with a connection of its own.
 */
#pragma once
#include "base/arena.h"
#include "base/json.h"
#include "store/db.h"

enum { SEGMENT_DEPTH = 8, SEGMENT_NODES = 64, SEGMENT_VALUES = 50, SEGMENT_NAME_MAX = 64, SEGMENT_TEXT_MAX = 32768 };

struct segment;

int segment_parse(struct str json, struct segment **out, struct err *err);
/* From a tree that was read already, of which it keeps a reference. */
int segment_parse_tree(json_t *tree, struct segment **out, struct err *err);
void segment_free(struct segment **s);

/* `now` decides what "30d" ago is. Errors: the store's; ERR_SEMANTIC "segment_unknown", "segment_cycle" and
 * "segment_too_large" when segments that it names are gone, go round or are too much. */
int segment_count(struct db *db, const struct segment *s, int64_t now, uint64_t *n, struct err *err);
/* The customers in order of id, after `after` (NULL: from the first): *n of at most limit; fewer: that was the end. */
int segment_page(struct db *db, const struct segment *s, int64_t now, const struct uuid *after, struct uuid *ids,
		 size_t limit, size_t *n, struct err *err);
/* Newest first. */
int segment_sample(struct db *db, const struct segment *s, int64_t now, struct uuid *ids, size_t limit, size_t *n,
		   struct err *err);
/* Any id of a merge set. An unknown customer is in none. */
int segment_has(struct db *db, const struct segment *s, int64_t now, const struct uuid *customer, bool *out,
		struct err *err);

/* ---- kept under a name ---- */

struct segment_row {
	struct uuid id;
	struct str name, description, conditions, author; /* in the arena */
	int64_t version, created_at, updated_at;
};

/* 1 to SEGMENT_NAME_MAX of a-z 0-9 _ - . beginning with a letter. ERR_SEMANTIC "name_invalid". */
int segment_name_check(struct str name, struct err *err);
/* By name or id. ERR_NOT_FOUND "segment_not_found". */
int segment_get(struct db *db, struct str name_or_id, struct arena *a, struct segment_row *out, struct err *err);
/* Read and parsed in one. */
int segment_load(struct db *db, struct str name_or_id, struct segment **out, struct err *err);
/* Inside a write job. The conditions are compiled once, so that what cannot work is not kept. ERR_CONFLICT
 * "segment_exists". */
int segment_create(struct db *db, const struct segment_row *row, int64_t now, struct uuid *out_id, struct err *err);
/* description, conditions: .p NULL stays. if_version 0: any, else ERR_PRECONDITION. */
int segment_update(struct db *db, struct str name_or_id, struct str description, struct str conditions,
		   const char *author, int64_t if_version, int64_t now, struct err *err);
/* ERR_CONFLICT "segment_in_use" when another segment names it. */
int segment_delete(struct db *db, struct str name_or_id, struct err *err);
/* In order of name, after `after`. Returns how many fn was given, or -1. */
int segment_each(struct db *db, struct str after, int limit, void (*fn)(void *arg, const struct segment_row *row),
		 void *arg, struct err *err);
void segment_json(struct json_out *j, const char *key, const struct segment_row *row);
/* [{"id","name"}] of those that the customer is in; one that cannot be told has an "error" instead of being left out. */
int segment_of_customer_json(struct db *db, const struct uuid *customer, int64_t now, struct json_out *j,
			     const char *key, struct err *err);
