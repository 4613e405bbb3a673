/*
 * Offers: what a customer may have, for how long, who, and how many in all. What a customer made of one is uptake.h.
 *
 * An offer has a value (an exact decimal and a currency), a time in which it holds, words by which a reply accepts or
 * declines it, variants (who gets which is drawn from both ids, so the same customer always sees the same), limits in all
 * and for each customer, and templates of the answers that the customer gets. It is withdrawn, never deleted: what has
 * happened to it stays.
 *
 * Functions with a db run on whatever connection the caller owns: writes only inside a write job.
 */
#pragma once
#include "base/arena.h"
#include "base/json.h"
#include "model/words.h"
#include "store/db.h"

enum {
	OFFER_NAME_MAX = 120,
	OFFER_AMOUNT_MAX = 24,
	OFFER_WORDS_MAX = 16,
	OFFER_VARIANTS_MAX = 16,
	OFFER_VARIANT_MAX = 40
};

struct offer {
	struct uuid id;
	struct str name, description, amount, currency; /* amount "5.00", empty: none */
	int64_t valid_from, valid_until;		/* until 0: no end; the moment itself is outside */
	struct str segment;				/* who may have it; empty: everybody */
	struct str variants;				/* [{"name","weight","amount"?,"data"?}…] or empty */
	struct str yes, no;				/* words as keyword_fold makes them, one a line */
	int64_t quantity;				/* 0: without limit */
	int per_customer;				/* how often one customer may accept it */
	struct str accepted_template, declined_template, closed_template; /* names, or empty: no answer */
	/* not set by callers */
	int64_t taken, withdrawn_at, version, created_at, updated_at;
	struct str author;
};

struct offer_patch {
	bool set_description, set_value, set_valid_from, set_valid_until, set_segment, set_variants, set_words,
		set_quantity, set_per_customer, set_templates;
	struct offer v;
	int64_t if_version; /* 0: whatever it is */
};

/* What needs no store: ERR_SEMANTIC with the member of the API as field. */
int offer_check(const struct offer *o, struct err *err);
/* ERR_CONFLICT "name_taken"; ERR_SEMANTIC "template_unknown". */
int offer_create(struct db *db, const struct offer *o, const char *author, int64_t now, struct uuid *id,
		 struct err *err);
/* ERR_NOT_FOUND, ERR_PRECONDITION; ERR_SEMANTIC as above; ERR_CONFLICT "offer_withdrawn". */
int offer_update(struct db *db, const struct uuid *id, const struct offer_patch *p, int64_t now, struct arena *a,
		 struct err *err);
/* Nobody can accept it from now on. Twice is the same. */
int offer_withdraw(struct db *db, const struct uuid *id, int64_t now, struct err *err);
/* ERR_NOT_FOUND "offer_not_found". Strings in the arena. */
int offer_get(struct db *db, const struct uuid *id, struct arena *a, struct offer *out, struct err *err);

/* One condition for "can be had at this moment". NULL if so, else why not: "offer_not_begun", "offer_over",
 * "offer_withdrawn", "offer_sold_out". */
const char *offer_shut(const struct offer *o, int64_t now);

/* The variant for a customer, by name; "" if there are none. */
struct str offer_variant(const struct offer *o, const struct uuid *customer, struct arena *a);
/* What a template sees as `offer`: name, description, amount, currency, until, variant, and the variant's data. */
void offer_view(struct json_out *j, const char *key, const struct offer *o, struct str variant);

void offer_json(struct json_out *j, const char *key, const struct offer *o, int64_t now);
/* Newest first, older than `before` (nil: from the newest); returns how many, the last one's id in `last`. */
int offer_list_json(struct db *db, struct json_out *j, const struct uuid *before, int limit, int64_t now,
		    struct arena *a, struct uuid *last, struct err *err);
