/*
 * Outbound: the one door for all that goes out: submit → policy → content → outbox → dispatch → outcome, receipts.
 *
 *   request ──write──▶ plan (policy said yes) ──▶ delivery (outbox row) ──claim──▶ attempt ──adapter──▶ outcome ──▶ event
 *
 * Accepted means committed. The dispatcher keeps the near future of each account's outbox in memory, in order of
 * priority and then first in, first out; the rest stays in the store. A service message is sent at least once: after a
 * crash whatever has no outcome on disk is sent again. A marketing message is sent at most once: its claim is committed
 * before it reaches the wire, and a claim without an outcome is `uncertain` and waits for its receipt.
 *
 * Bound on duplicates. A delivery counts against its account's window (channel_caps.window: what the adapter will hold)
 * from the moment it is offered until its outcome is *committed*, not merely answered. So a crash can repeat no more than
 * one window for each account, and the wire is kept full all the same, since an adapter's window has room for what waits
 * beside what is on the wire, and an answer is committed within a millisecond or two.
 *
 * Order. Within an account, a priority and a purpose first in, first out, by due time, which the writer makes strictly
 * increasing; what is tried again comes when it is due again. High goes before normal before bulk, but one in sixteen is
 * taken from the back so that bulk never starves.
 *
 * What a row of `delivery` says: outbox 1 waits or is in flight, 2 waits for its receipt, 0 is done with. trail: lines
 * "<at_us> <status> <cause>\n", the last one is the present. parts: [{"id":"…","status":"…"}…], one for each part that the
 * carrier named, in order.
 */
#pragma once
#include "channel/accounts.h"
#include "timeline/conversation.h"
#include "timeline/external.h"
#include "timeline/fresh.h"

struct outbound;

enum { CHANNELS_MAX = 4 };

/* Who it is for: exactly one of address, customer, external_customer is set. Strings live until the job is done. */
struct send_request {
	bool has_address;
	struct address address;
	struct uuid customer;
	struct str external_customer;	     /* the customer's external id */
	enum channel channels[CHANNELS_MAX]; /* in order of preference; n 0: auto (preferred, then last used) */
	size_t channels_n;
	struct str account, from, subject, text;
	/* Instead of subject and text: a template (template.h) and what it sees beside the customer. */
	struct {
		struct str name, locale; /* locale empty: the customer's */
		struct str data;	 /* JSON object or empty */
		int version;		 /* 0: the published one */
	} template;
	const struct attachment *attachments;
	size_t attachments_n;
	enum purpose purpose;
	bool has_priority;
	enum priority
		priority; /* default: high for a reply in a conversation, normal for service, bulk for marketing */
	struct uuid conversation;
	int64_t send_at, expires_at;
	struct str external_id; /* the caller's own id of it: unique per author, a second one is the same message */
	struct str options, metadata; /* JSON objects or empty */
	const char *author;	      /* "key:shop", "agent:..." */
	struct str correlation;
	bool exempt; /* a keyword's confirmation: not subject to the opt-out it confirms */
};

struct send_result {
	struct uuid message, customer, conversation;
	enum status status;
	const char *reason; /* why suppressed; static */
	bool links;	    /* its text has links of ours instead of its own */
	bool repeated;	    /* external_id was seen before: this is the first one's id, and nothing below is set */
	struct fresh_delivery delivery;
	char thread_reason[200];
};

/* Checks what needs no store (channel known, text not empty, not too long, times sane). Field names as in the API. */
int outbound_check(struct outbound *o, const struct send_request *r, int64_t now, struct err *err);

/* What one write job sends: collected while it runs, dispatched after the commit. */
struct outbound_batch;
struct outbound_batch *outbound_batch_new(struct outbound *o); /* NULL: out of memory */
void outbound_batch_reset(struct outbound_batch *b);	       /* at the start of run: it may run again */
/* Inside the job: plans and writes one message. -1 wrote nothing (the caller may go on with the next one), unless
 * err.kind is ERR_UNAVAILABLE or ERR_INTERNAL. */
int outbound_batch_write(struct outbound_batch *b, struct db *db, const struct send_request *r, int64_t now,
			 struct send_result *out, struct err *err);
void outbound_batch_committed(struct outbound_batch *b); /* in done, on success: hands over to the dispatcher */
void outbound_batch_free(struct outbound_batch **b);	 /* any thread */

/* What policy would say of a request that names a customer, without writing anything: by any connection, on any thread. */
struct send_forecast {
	enum status status; /* QUEUED: it would go */
	const char *reason; /* static */
	enum channel channel;
};
int outbound_would(struct outbound *o, struct db *db, const struct send_request *r, int64_t now,
		   struct send_forecast *out, struct err *err);

/* Write-job body: ERR_CONFLICT "not_cancellable" when it is on its way. */
/* What was cancelled needs no more; if the transaction fails after all, the dispatcher finds out by itself. */
int outbound_cancel(struct outbound *o, struct db *db, const struct uuid *message, const char *author, int64_t now,
		    struct err *err);

struct policy_rules;
struct outbound_config {
	int64_t default_expiry, retry_first, retry_max; /* microseconds */
	int max_attempts;
	bool marketing_needs_opt_in; /* CONSENT_UNKNOWN refuses marketing */
	int repeat_limit;	/* same text to the same address more often than this an hour is "looping"; 0: off */
	bool track_links;	/* of marketing, where the customer has consented to it */
	const char *public_url; /* for links in templates; NULL: there are none */
	struct str secret;	/* signs them */
	const char *region;	/* where numbers are at home, for templates */
	const struct policy_rules
		*rules; /* rules.h, the caller's; NULL: nothing stands against marketing but consent */
	size_t memory;	/* deliveries kept in memory for each account */
	bool shared;	/* other gateways write to the store as well: an account is ours from outbound_adopt on */
};

int outbound_new(const struct outbound_config *c, struct writer *w, struct readers *r, struct events *ev,
		 struct accounts *a, struct outbound **out, struct err *err);
/* What stands against marketing, for whoever explains it: as outbound_new got them. */
const struct policy_rules *outbound_rules(const struct outbound *o);
/* Whether that is permitted; CONSENT_UNKNOWN: while nobody has said anything. */
bool outbound_consents(const struct outbound *o, enum purpose purpose, enum consent_state said);
int outbound_start(struct outbound *o, struct err *err); /* loads what waits, begins to dispatch */
void outbound_stop(struct outbound *o);			 /* nothing more to adapters; outcomes still come in */
bool outbound_free(struct outbound **o);		 /* whether all that was sent has its outcome on disk */

/* ---- where gateways share the store (nodes/nodes.h). Any thread but the writer's and the dispatcher's. ---- */
/* What waits for the account is ours to send. clean: its last holder had nothing under way; else that is settled first, as
 * after a crash of our own. */
int outbound_adopt(struct outbound *o, const char *account, bool clean, struct err *err);
void outbound_until(struct outbound *o, int64_t mono); /* nothing goes out after this moment (clock_mono) */
void outbound_news(struct outbound *o);		       /* others have written: there may be more to send, or less */

/* Called by channel/host.c. Any thread; copied. */
void outbound_outcomes(struct outbound *o, struct str account, const struct outcome *v, size_t n);
typedef void receipt_fn(void *arg, const struct err *err); /* after the commit, on the writer's thread */
void outbound_receipt(struct outbound *o, const struct receipt *r, receipt_fn *done, void *arg);
/* Many in one write job; done runs for each with its args[k]. */
void outbound_receipts(struct outbound *o, const struct receipt *v, size_t n, receipt_fn *done, void *const *args);
void outbound_ready(struct outbound *o, struct str account);
void outbound_account_state(struct outbound *o, struct str account, enum account_state s);
void outbound_read_upto(struct outbound *o, const struct address *who, const struct uuid *upto);

/* How deliveries reach an adapter: runs on the dispatcher's thread; posts a batch to the account's loop. Given by host. */
struct outbound_carrier {
	/* Offers n deliveries. They stay where they are, with all their strings, until outbound_taken, which must follow
	 * exactly once. One offer at a time for each account. */
	void (*offer)(void *arg, struct str account, const struct delivery *v, size_t n);
	void *arg;
};
void outbound_set_carrier(struct outbound *o, const struct outbound_carrier *c);
/* The adapter took the first `taken` of the last offer. */
void outbound_taken(struct outbound *o, struct str account, size_t taken, size_t offered);

/* Something of this priority was written to the outbox and no batch hands it over: look into the store. Any thread. */
void outbound_look(struct outbound *o, struct str account, enum priority p);

void outbound_metrics(struct outbound *o, struct buf *prometheus);
