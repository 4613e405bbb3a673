/*
 * Customers: persons or firms, known or not yet. A customer is found by id (its bucket is in the id), by external id, by
 * a contact point, or by search. A merged customer keeps its row and points to the survivor; see identity.h.
 *
 * Functions with a db run on whatever connection the caller owns: writes only inside a write job.
 * Strings of struct customer live in the arena given.
 */
#pragma once
#include "base/arena.h"
#include "base/json.h"
#include "events/events.h"
#include "model/address.h"
#include "store/bucket.h"

struct customer {
	struct uuid id, merged_into; /* merged_into nil: stands for itself */
	struct str external_id, name, locale, time_zone, tier;
	enum stage stage;
	struct str attributes; /* JSON object */
	int64_t version, created_at, updated_at;
};

/* What an update sets; unset members stay. */
struct customer_patch {
	bool set_external_id, set_name, set_locale, set_time_zone, set_tier, set_stage, set_attributes;
	struct customer v;  /* attributes: JSON merge patch (RFC 7396) onto the present ones */
	int64_t if_version; /* 0: whatever it is; else ERR_PRECONDITION if different */
};

/* ERR_CONFLICT "external_id_taken"; ERR_SEMANTIC for attributes that are no object or larger than 64 KiB. */
int customer_create(struct db *db, struct events *ev, const struct customer *c, int64_t now, struct uuid *out_id,
		    struct err *err);
int customer_update(struct db *db, struct events *ev, const struct uuid *id, const struct customer_patch *p,
		    int64_t now, struct err *err);
/* ERR_NOT_FOUND if there is none. */
int customer_get(struct db *db, const struct uuid *id, struct arena *a, struct customer *out, struct err *err);
/* Who was given it; identity_survivor tells who stands for that one today. ERR_NOT_FOUND. */
int customer_by_external_id(struct db *db, struct str external_id, struct uuid *out, struct err *err);
/* The resource as the API shows it, with contact points. */
int customer_json(struct db *db, struct json_out *j, const char *key, const struct customer *c, struct err *err);

struct customer_query {
	struct str q;	    /* words in name, external id, attributes, numbers, and texts of messages */
	struct str number;  /* prefix of a normalised address */
	const char *region; /* home region for numbers in q and number; may be NULL */
	struct str attribute_key, attribute_value;
	enum stage stage;
	bool by_stage;
	struct uuid after; /* keyset: ids below this, newest first; nil: from the start */
	int limit;
};
int customer_search(struct db *db, const struct customer_query *q, void (*fn)(void *arg, const struct customer *c),
		    void *arg, struct err *err);
