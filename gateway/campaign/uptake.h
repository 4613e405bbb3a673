/*
 * Uptake: what customers make of offers. One row for each customer and offer says where it stands; each step is on the
 * customer's timeline (an interaction of kind "offer"), among the events ("offer.accepted") and in the offer's figures.
 *
 *     presented → opened → clicked → accepted
 *                                  → declined     (a mind may change: declined → accepted while the offer holds)
 *                                  → expired      (the offer's end came first)
 *
 * Who comes first is decided in the writer's transaction, and between several gateways over one database by the rows
 * themselves: an acceptance takes one of the offer's quantity by an UPDATE that asks whether one is left, and counts the
 * customer's by one that asks how many it has. All customers that are one (merged) share what they have taken.
 */
#pragma once
#include "campaign/offer.h"
#include "events/events.h"
#include "outbound/outbound.h"

/* Numbers are stored: never renumber. */
enum uptake_state {
	UPTAKE_PRESENTED,
	UPTAKE_OPENED,
	UPTAKE_CLICKED,
	UPTAKE_ACCEPTED,
	UPTAKE_DECLINED,
	UPTAKE_EXPIRED,
	UPTAKE_COUNT
};
const char *uptake_word(enum uptake_state s);
bool uptake_parse(struct str s, enum uptake_state *out);

struct uptake {
	struct uuid customer, offer; /* customer: any of those who are one */
	enum uptake_state to;
	enum channel channel; /* by which it came; CHANNEL_NONE: none of ours */
	const char *source;   /* static: "api", "agent", "keyword", "campaign", "link" */
	const char *author;   /* who signs the interaction */
	struct uuid message;  /* presented: the message that carries it, which is its own entry on the timeline */
	struct str variant;   /* presented: .p NULL: drawn */
	struct uuid conversation;
	int64_t at; /* of the interaction; 0: now */
	bool quiet; /* the customer gets no answer */
	/* Where the answer goes; has_reply false: to the customer by `auto`. */
	bool has_reply;
	struct address reply_to;
	struct str reply_account;
};

struct uptake_result {
	struct uuid interaction, customer; /* interaction nil if there is none; customer: the survivor */
	enum uptake_state state;
	bool repeated;		   /* nothing changed: it was so already */
	bool lost;		   /* refused at the last moment, with something written: the job must fail */
	struct send_result answer; /* message nil: none was sent */
};

/*
 * Inside a write job. Refusals are ERR_CONFLICT with the code: "offer_not_begun", "offer_over", "offer_withdrawn",
 * "offer_sold_out", "already_accepted", "not_eligible"; ERR_NOT_FOUND for unknown ones. They have written nothing, unless
 * out->lost: another gateway was faster at the last moment, and the job must fail. b: for the answer; may be NULL.
 */
int uptake_write(struct db *db, struct events *ev, struct outbound_batch *b, struct arena *a, const struct uptake *u,
		 int64_t now, struct uptake_result *out, struct err *err);

/* The customer has opened the message or followed one of its links; if it presents an offer, that is opened or clicked. */
int uptake_followed(struct db *db, struct events *ev, struct arena *a, const struct uuid *customer,
		    const struct uuid *message, enum channel channel, bool clicked, int64_t now, struct err *err);

/* Body of a write job: what is still open when its offer ended becomes expired, so many at a time. Returns how many. */
int uptake_expire(struct db *db, struct events *ev, int64_t now, struct err *err);

/* The offers of a customer, the latest first. */
int uptake_customer_json(struct db *db, const struct uuid *customer, struct json_out *j, const char *key,
			 struct err *err);
/* {"offer_id","presented","opened",…,"by_variant":[…],"by_channel":[…]} */
int uptake_figures_json(struct db *db, const struct offer *o, struct json_out *j, const char *key, struct err *err);
/* Adds to the figures; for a campaign that presents many at once. */
int uptake_count(struct db *db, const struct uuid *offer, struct str variant, enum channel channel, enum uptake_state s,
		 int64_t n, struct err *err);
