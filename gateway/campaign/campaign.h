/*
 * Campaigns: a template (and, if it likes, an offer) to everybody in an audience, once.
 *
 *     draft ──start──▶ scheduled ──start_at──▶ running ──audience at its end──▶ done
 *                           └──pause──▶ paused ◀──┘ (resume)        cancel from any of them ──▶ cancelled (what waits is taken back)
 *
 * What a campaign is, its definition, is a JSON object, checked when it is written and kept as it is:
 *
 *     template   {"name","version"?,"data"?}    version: the one published at the start
 *     segment | customers | everybody           the audience: a name, a list of ids, or true
 *     offer_id?                                 presented by the message; ends the campaign when it ends
 *     channels?, account?, from?                as for a message, channels in order
 *     start_at?, pace? (messages a second), holdout? (percent), expires_in? (seconds)
 *     window?    {"from":"09:00","until":"20:00","days"?:["mon",…],"time_zone"?}   by the customer's clock
 *     variants?  [{"name","weight","template"?,"data"?}…]
 *     learning?  which variant, channel and hour, by what came of others (learning.h)
 *
 * Each customer of the audience gets exactly one row (campaign_customer) that says what became of him: written in the same
 * transaction as the message, its delivery and the place where the campaign goes on. So whatever happens to the process,
 * nobody is written to twice and nobody is missed. Policy is asked for each message, as for every other.
 */
#pragma once
#include "campaign/hours.h"
#include "campaign/learning.h"
#include "campaign/offer.h"
#include "events/events.h"
#include "outbound/outbound.h"

enum { CAMPAIGN_NAME_MAX = 120, CAMPAIGN_VARIANTS = 8, CAMPAIGN_MEMBERS = 10000 };

/* Numbers are stored: never renumber. */
enum campaign_state {
	CAMPAIGN_DRAFT,
	CAMPAIGN_SCHEDULED,
	CAMPAIGN_RUNNING,
	CAMPAIGN_PAUSED,
	CAMPAIGN_DONE,
	CAMPAIGN_CANCELLED,
	CAMPAIGN_STATES
};
const char *campaign_state_word(enum campaign_state s);

/* What became of a customer. Numbers are stored. */
enum share {
	SHARE_QUEUED,	   /* there is a message */
	SHARE_DEFERRED,	   /* outside the hours: when they begin */
	SHARE_HELD_OUT,	   /* in the hold-out group, to compare with */
	SHARE_REFUSED,	   /* policy or the offer said no; policy's no is a message with its reason, too */
	SHARE_UNREACHABLE, /* no address on the channels, no text for them */
	SHARE_WITHDRAWN,   /* the offer ended first */
	SHARE_CANCELLED,   /* the campaign was cancelled before the message went out */
	SHARE_COUNT
};
const char *share_word(enum share s);

struct campaign_variant {
	struct str name, template, data; /* template empty: the campaign's; data: JSON object or empty */
	int version, weight;		 /* version: set while a step runs */
};

struct plan { /* a definition, read */
	struct str template, data, segment, account, from, time_zone;
	int version;
	bool everybody, listed;
	struct uuid offer;
	enum channel channels[CHANNELS_MAX];
	size_t channels_n;
	int64_t start_at, expires_in; /* microseconds */
	int pace, holdout;	      /* a second; in hundredths of a percent */
	bool has_hours;
	struct hours hours;
	struct campaign_variant v[CAMPAIGN_VARIANTS];
	int n; /* 0: none */
	struct campaign_learning learning;
};
/* ERR_SEMANTIC with the member as field. Strings in the arena. */
int plan_read(const json_t *definition, struct arena *a, struct plan *out, struct err *err);

struct campaign {
	struct uuid id;
	struct str name, definition, reason, author;
	enum campaign_state state;
	int64_t start_at, started_at, finished_at, version, created_at, updated_at;
	bool learning_off;    /* switched off, whatever the definition says */
	bool exhausted;	      /* the audience has been walked through */
	bool taking_back;     /* it has ended, and some of its messages still wait to be taken back */
	struct uuid position; /* the last customer that was looked at */
};

/* definition: without "customers", which are given apart; the list may hold ids of merged customers. ERR_CONFLICT
 * "name_taken"; ERR_NOT_FOUND for customers; ERR_SEMANTIC "template_unknown", "offer_unknown", "segment_unknown". */
int campaign_create(struct db *db, struct str name, struct str definition, const struct plan *p,
		    const struct uuid *customers, size_t n, const char *author, int64_t now, struct uuid *id,
		    struct err *err);
/* Only drafts: ERR_CONFLICT "campaign_begun". customers NULL: the list stays. */
int campaign_update(struct db *db, const struct uuid *id, struct str definition, const struct plan *p,
		    const struct uuid *customers, size_t n, int64_t if_version, int64_t now, struct err *err);
int campaign_get(struct db *db, const struct uuid *id, struct arena *a, struct campaign *out, struct err *err);
void campaign_json(struct json_out *j, const char *key, const struct campaign *c);
int campaign_list_json(struct db *db, struct json_out *j, const struct uuid *before, int limit, struct arena *a,
		       struct uuid *last, struct err *err);
/* A draft that never began leaves nothing behind. ERR_CONFLICT "campaign_begun". */
int campaign_delete(struct db *db, const struct uuid *id, struct err *err);

int plan_of(const struct campaign *c, struct arena *a, struct plan *out, struct err *err);

enum campaign_action { CAMPAIGN_START, CAMPAIGN_PAUSE, CAMPAIGN_RESUME, CAMPAIGN_CANCEL };
/* Inside a write job. ERR_CONFLICT "state_conflict". Cancelling takes back what waits in the outbox. */
int campaign_act(struct db *db, struct events *ev, struct outbound *o, const struct uuid *id, enum campaign_action what,
		 struct arena *a, int64_t now, struct err *err);

/* Counts by what became of customers, by reason and variant, deliveries by status, and what came of the offer. */
int campaign_figures_json(struct db *db, const struct campaign *c, struct arena *a, struct json_out *j, const char *key,
			  struct err *err);
struct share_query {
	int state;	   /* -1: all */
	struct uuid after; /* customer id */
	int limit;
};
int campaign_customers_json(struct db *db, const struct uuid *id, const struct share_query *q, struct json_out *j,
			    struct uuid *last, struct err *err); /* how many */
