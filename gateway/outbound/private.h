/*
 * What the files of outbound/ share.
 *
 *   submit.c resolve.c policy.c repeat.c batch.c    the writer's thread, inside callers' jobs: a request becomes a row
 *   dispatch.c lane.c outbox.c load.c claim.c       the dispatcher's thread: rows in memory become offers
 *   outcome.c receipt.c parts.c read_marks.c        the writer's thread, in jobs of our own: what became of them
 *   item.c                                          one delivery in memory, and the index of all of them
 *   restore.c sweep.c cancel.c metrics.c            start, time passing, cancelling, figures
 *
 * Who owns an item: the batch that made it, until it is committed; then the dispatcher, always. Other threads touch an
 * item only under o->lock, or between ITEM_ANSWERED and the end of the job that writes the answer, when the dispatcher
 * leaves it alone.
 */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "outbound/links.h"
#include "outbound/may.h"
#include "outbound/outbound.h"
#include "outbound/receipt_match.h"

/* Written into a waiting row's reason: policy knows again after a restart that this is a keyword's confirmation. */
#define EXEMPT_REASON "keyword_confirmation"

enum { PRIORITIES = PRIORITY_COUNT, LANES_MAX = 64, OFFER_MAX = 256, CLAIM_MAX = 256 };

/* ---- one delivery in memory (item.c) ---- */

enum item_state {
	ITEM_WAITING,  /* in a lane's outbox */
	ITEM_CLAIMING, /* a claim job has it */
	ITEM_CLAIMED,  /* its claim is on disk: may go on the wire */
	ITEM_FLYING,   /* offered; may be on the wire */
	ITEM_ANSWERED, /* an outcome job has it */
	ITEM_CANCELLED /* a cancel job has said so, or no more than a mark that the store must be asked again */
};

struct item {
	struct item *next;
	struct lane *lane;
	enum item_state state;
	struct delivery d;    /* strings live in `bytes` */
	int64_t due;	      /* with d.id the order in the outbox */
	int64_t stored_token; /* what the row says: 0 until a claim is written */
	int64_t checked;      /* number of the event at which policy had said yes; 0: not since the start */
	int64_t marked_at;    /* ITEM_CANCELLED: when; 0 once the store has confirmed it */
	bool boxed;	      /* a heap points at it; the dispatcher's */
	int attempts;	      /* as in the row */
	int segments;
	enum status status; /* as in the row */
	bool exempt;
	char bytes[];
};

/* Copies all of d. NULL: out of memory. */
struct item *item_new(struct lane *lane, const struct delivery *d);
void items_free(struct item **chain);
int item_compare(const struct item *a, const struct item *b); /* order of the outbox */

struct items; /* all items that the dispatcher owns, by id */
struct items *items_new(void);
void items_delete(struct items **t);
bool items_put(struct items *t, struct item *i); /* false: out of memory */
struct item *items_find(const struct items *t, const struct delivery_id *id);
void items_remove(struct items *t, const struct item *i);
struct item *items_any(const struct items *t, size_t *at); /* walks: *at from 0; NULL at the end */
size_t items_count(const struct items *t);

/* ---- the near future of one account and priority, in order (outbox.c) ---- */

/* A heap of what waits and has a key up to `horizon`; what lies beyond is in the store only. */
struct outbox {
	struct item **heap;
	size_t n, cap;
	int64_t horizon_due;
	struct delivery_id horizon_id;
};

void outbox_init(struct outbox *x);
void outbox_release(struct outbox *x); /* not the items */
bool outbox_covers(const struct outbox *x, int64_t due, const struct delivery_id *id);
bool outbox_push(struct outbox *x, struct item *i); /* false: out of memory */
struct item *outbox_first(const struct outbox *x);
struct item *outbox_pop(struct outbox *x);
void outbox_horizon(struct outbox *x, int64_t due, const struct delivery_id *id);
/* Keeps the first `keep`, moves the horizon before the others and gives them as a chain. */
struct item *outbox_shrink(struct outbox *x, size_t keep);
size_t outbox_expired(struct outbox *x, int64_t now, struct item **out, size_t most); /* takes them out */

/* ---- one account (lane.c) ---- */

struct lane_counts {
	_Atomic int64_t sent, failed, retried, throttled, uncertain, repeated, expired, suppressed, stale, lost_race;
	_Atomic int64_t receipts, receipts_unknown, receipts_repeated, receipts_ignored, matched[6];
	_Atomic int64_t waiting, flying, early;
};

struct lane {
	struct outbound *o;
	char name[64];
	enum channel channel;
	bool receipts;
	size_t window;
	/* the dispatcher's */
	struct outbox box[PRIORITIES];
	bool up, blocked, offering;
	_Atomic bool mine; /* no other gateway sends what waits here */
	int turn;
	int64_t throttled_at; /* the writer's: when it was last told */
	size_t held;	      /* offered or claimed, outcome not committed */
	struct item *claimed, **claimed_tail;
	size_t claimed_n, claiming_n;
	struct delivery offer[OFFER_MAX];
	/* from the adapter's thread */
	struct task taken_task, ready_task, state_task, look_task, mine_task;
	_Atomic unsigned look; /* bit set of priorities */
	_Atomic size_t taken, offered;
	_Atomic bool ready;
	_Atomic int state;
	struct lane_counts counts;
};

struct lane *lane_find(struct outbound *o, struct str account); /* NULL: no such account is open */
int lanes_add(struct outbound *o, const struct account_info *i, struct err *err);
void lanes_free(struct outbound *o);

/* ---- the whole ---- */

struct renderer;
struct rendered_room { /* for one rendered message (rendered.c) */
	struct renderer *renderer;
	struct arena *arena;
	struct buf options, metadata;
	struct buf said; /* the data of the last message, */
	json_t *data;	 /* and as a tree: those of a campaign are mostly the same */
};

struct recent;	  /* facts about what was sent lately (recent.c): the writer's thread */
struct knowledge; /* and about whom it went to (known.c): likewise */
struct repeat;	  /* how often the same text went to the same address (repeat.c): locked inside */

struct outbound {
	struct outbound_config c;
	struct writer *w;
	struct readers *r;
	struct events *ev;
	struct accounts *accounts;
	struct outbound_carrier carrier;
	struct lane *lane[LANES_MAX];
	_Atomic size_t lanes_n;
	pthread_mutex_t lane_lock; /* adding only */

	pthread_mutex_t lock; /* items, states of items, fresh, again */
	struct items *items;
	struct item *fresh, **fresh_tail;
	struct again *again, **again_tail; /* jobs that the store refused: tried again */

	/* the dispatcher */
	struct loop *loop;
	pthread_t thread;
	bool running;
	_Atomic bool stopping;
	struct task fresh_task;
	struct timer wake, chores;
	int64_t loading_at;    /* not before: after an error of the store */
	_Atomic int cancelled; /* items marked so, about */
	struct task news_task;
	_Atomic int64_t until; /* clock_mono: what is ours is so no longer */
	int64_t news_cursor;
	int64_t next_token;
	int64_t consent_cursor, consent_changed; /* events read so far; the last one that changed a consent */
	struct {
		char account[64];
		int priority;
		int64_t due;
		struct delivery_id id;
	} scan; /* sweep.c: how far the walk over the outbox has come */

	/* the writer's thread */
	int64_t tick;	      /* the latest time given out: each message gets one of its own */
	int64_t early;	      /* receipts that came before their id, about; -1: not counted yet */
	int64_t early_undone; /* writer_undone when that was counted */
	int64_t early_tick;
	struct {
		char account[64], ref[160];
		int64_t at;
	} early_at; /* how far the sweep over them has come */
	_Atomic bool early_sweeping;
	struct recent *recent;
	struct knowledge *knowledge;
	struct repeat *repeat;
	struct rendered_room rendered;
	struct calendars *calendars;
	struct arena *may;		/* what may.c looks up */
	unsigned look_after[LANES_MAX]; /* bit set of priorities: see fallback_look */
	bool look_any;
	struct arena *arena; /* of one message */
	struct buf scratch, parts, trail;
	_Atomic int64_t submitted, refused, possible_duplicates;
	_Atomic int jobs; /* our own write jobs under way */
};

/* ---- policy.c: one answer, asked at submit and at claim ---- */

struct known;

struct policy_question {
	const struct address *to;
	enum purpose purpose;
	int64_t expires_at;
	bool exempt;
	struct known *known; /* NULL: the store is asked */
	/* For what is no service: whom it would disturb, and when; members_n 0: only consent is asked. */
	const struct uuid *members;
	size_t members_n;
	int64_t at;
	bool counted; /* under the frequency caps, when it was accepted */
};
/* 0: send. 1: do not; *status and *reason (static) say what it becomes. 2: not before *later, for that reason. -1: err.
 * With members only on the writer's thread. */
int policy_ask(const struct outbound *o, struct db *db, const struct policy_question *q, int64_t now,
	       enum status *status, const char **reason, int64_t *later, struct err *err);
/* A message ends without having been sent: it does not count under the frequency caps any more. */
int policy_give_back(const struct outbound *o, struct db *db, enum purpose purpose, const struct uuid *customer,
		     const struct uuid *message, struct err *err);
static inline bool policy_at_most_once(enum purpose p) { return p == PURPOSE_MARKETING; }

struct repeat *repeat_new(void);
void repeat_free(struct repeat **r);
/* Counts one text to one address; true if it is over the limit. `key` undoes it. */
bool repeat_count(struct repeat *r, const struct address *to, struct str text, int limit, int64_t now, uint64_t *key);
void repeat_undo(struct repeat *r, uint64_t key);

/* ---- resolve.c: whom, by what, through which account ---- */

struct route {
	struct address to;
	struct uuid owner; /* the customer that the message is stored under */
	struct uuid members[MEMBERS_MAX];
	size_t members_n;
	struct account_info account;
	enum channel channel;
	struct contact contact;
	struct known *known; /* NULL: ask the store */
};
int route_find(struct outbound *o, struct db *db, const struct send_request *r, int64_t now, struct route *out,
	       struct err *err);

/* ---- retry.c ---- */
/* Wait before attempt number `attempts` + 1, with a spread of a quarter taken from the id. */
int64_t retry_wait(const struct outbound_config *c, int attempts, const struct uuid *id);

/* ---- parts.c ---- */
enum { PARTS_MAX = 255 };
void parts_write(struct buf *b, const struct str *ids, size_t n, enum status s);
/* Sets the state of part k (from 1), writes the list again, and says what the whole is now. false: no such part. */
bool parts_change(struct str parts, int k, enum status s, struct buf *out, enum status *whole);
struct str parts_id(struct str parts, int k); /* as written, escapes and all; empty: none */

/* ---- write.c: what every change of a row has in common ---- */
struct facts { /* of a delivery, for its events */
	struct uuid customer, conversation;
	enum channel channel;
	struct str account;
	struct delivery_id id;
	bool fresh; /* just submitted: what would be "queued" is "accepted" */
};
void trail_line(struct buf *b, int64_t at, enum status s, const char *cause, struct str detail);
int status_event(struct outbound *o, struct db *db, const struct facts *f, enum status s, struct str reason,
		 struct str code, int64_t now, int64_t *out_seq, struct err *err);

struct recent *recent_new(void);
void recent_free(struct recent **r);
/* ids: those of all parts; only what has one part is remembered. */
void recent_put(struct recent *r, struct lane *l, const struct facts *f, const struct str *ids, size_t n);
bool recent_find(const struct recent *r, const struct lane *l, struct str ref, struct facts *out);

/* ---- known.c: what is known of an address, while nothing happens to its owner; the writer's thread ---- */
struct known {
	char address[40];
	enum scheme scheme;
	uint64_t touched; /* events_touched of the owner when this was read */
	struct uuid owner, contact;
	int64_t valid_from, last_in_at, last_out_at;
	uint8_t consents; /* bit for each purpose whose state is in `consent` */
	uint8_t consent[4];
	uint8_t listed; /* of those purposes: bit for each that a suppression list forbids */
	bool quiet;	/* the customer has no conversation that is not closed */
};
struct knowledge;
struct knowledge *knowledge_new(void);
void knowledge_free(struct knowledge **k);
struct known *known_find(struct knowledge *k, const struct events *ev,
			 const struct address *a); /* NULL: nothing is known */
/* The owner stands for himself and nobody else. NULL: too long to be kept. */
struct known *known_put(struct knowledge *k, const struct events *ev, const struct contact *c);

/* ---- rendered.c: the texts of messages that name a template; the writer's thread ---- */
int rendered_room_open(struct rendered_room *room);
void rendered_room_close(struct rendered_room *room);
/* Fills r's subject, text, options (html) and metadata (template and version), which live until the next call. `r` is the
 * caller's copy of a request that names a template. ERR_SEMANTIC as template.h and content.h have it. */
int render_request(struct outbound *o, struct db *db, const struct uuid *customer, enum channel channel, int64_t now,
		   struct send_request *r, struct err *err);

/* ---- track.c ---- */
/* Inside the job that writes the message: its links over us, if that is wanted and consented to. q: the caller's copy;
 * texts live until the next message. */
int track_links(struct outbound *o, struct db *db, const struct address *to, struct send_request *q,
		struct str *options, struct links *l, struct err *err);

/* ---- early.c: receipts that came before the answer which tells us their id; the writer's thread ---- */
/* Whether there may be any. */
bool early_any(struct outbound *o);
int early_keep(struct outbound *o, struct db *db, struct lane *l, const struct receipt *r, int64_t now,
	       struct err *err);
/* Applies what is kept for an id that has just become known. */
int early_apply(struct outbound *o, struct db *db, struct lane *l, struct str ref, const struct external_hit *hit,
		int64_t now, struct err *err);
void early_sweep(struct outbound *o); /* those nobody asked for: a job that looks at some of them again */

/* ---- receipt.c ---- */
/* What to count of a receipt once its job is done: run may be called more than once. */
struct tally {
	enum receipt_rule rule; /* that found its delivery; RULES: none */
	bool unknown, repeated, ignored;
};
void tally_count(struct lane *l, const struct tally *h);
/* Finds what r is for and applies it. 0 done, 1 its id is unknown, -1 err. late: the answer to the submit would have come
 * by now, so an uncertain delivery to the same address may be meant. */
int receipt_match(struct outbound *o, struct db *db, struct lane *l, const struct receipt *r, bool late, int64_t now,
		  struct tally *tally, struct err *err);
int receipt_apply(struct outbound *o, struct db *db, struct lane *l, const struct external_hit *hit,
		  const struct receipt *r, int64_t now, struct tally *tally, struct err *err);

/* ---- cancel.c ---- */
/* In a write job that ends a waiting delivery: the dispatcher must not send it. false: it is on its way already. */
bool cancel_mark(struct outbound *o, const struct delivery_id *id, int64_t now);
/* Another gateway has ended it. The dispatcher's thread. */
void cancel_note(struct outbound *o, const struct delivery_id *id, int64_t now);
void cancel_settle(struct outbound *o, int64_t now); /* the dispatcher asks the store about what was marked */

/* ---- fallback.c: a message goes on over another channel, as its next delivery; the writer's thread ---- */
/* A chat message for a visitor who is away: also to the number or mailbox it left. */
int fallback_away(struct outbound *o, struct db *db, const struct item *i, int64_t now, struct err *err);
/* f has ended as s: on to the next of the channels that the request named. */
int fallback_further(struct outbound *o, struct db *db, const struct facts *f, enum status s, int64_t now,
		     struct err *err);
/* In `done`, after the commit: the dispatcher looks for what was added. */
void fallback_look(struct outbound *o);

/* ---- outcome.c ---- */
/* Claimed, and will not be offered any more: back into the outbox. */
void outcome_release(struct lane *l, struct item *chain, size_t n);

/* ---- claim.c, load.c, dispatch.c, sweep.c, restore.c ---- */
/* Claims a chain of n items (state ITEM_CLAIMING); policy and expiry are asked there. They come back to the dispatcher. */
void claim_submit(struct lane *l, struct item *chain, size_t n);
/* Fills a box from the store while it runs low. */
void load_box(struct lane *l, int priority, int64_t now);
void dispatch_tasks(struct lane *l);   /* names the handlers of a new lane's tasks */
void dispatch_run(struct lane *l);     /* offers and claims what can go */
void dispatch_put(struct item *i);     /* into the outbox, or left to the store */
void dispatch_forget(struct item *i);  /* out of the index, freed */
void dispatch_claimed(struct item *i); /* may go on the wire, in the order of calls */
int dispatch_start(struct outbound *o, struct err *err);
void sweep_expired(struct outbound *o, int64_t now);
void sweep_store(struct outbound *o, int64_t now);
int restore(struct outbound *o, struct err *err);
int restore_mark(struct outbound *o, bool clean, struct err *err);
int restore_lane(struct outbound *o, struct lane *l, struct err *err); /* what another gateway has left of it */

/* ---- again.c: a job of our own that must not be lost: what the store refuses for the time being is tried again ---- */
struct again {
	struct write_job job; /* first: job.run and job.done are the owner's */
	struct again *next;
	struct outbound *o;
	void (*drop)(struct again *a); /* frees it, undone: at the end, when the store never came back */
	int tries;
};
void again_submit(struct outbound *o, struct again *a);
/* In done: true if it will be tried again, so nothing is to be cleaned up. With false the job is over. */
bool again_failed(struct again *a, const struct err *err);
void again_retry(struct outbound *o); /* the dispatcher, from time to time */
void again_drop(struct outbound *o);

/* ---- mail.c ---- */

/* A mail in a conversation answers the customer's latest mail in it: subject "Re: …" if it has none, and the option
 * in_reply_to, so that the customer's mail program shows them together. Text in the arena. */
int mail_answers(struct db *db, const struct interaction *i, struct arena *mem, struct str *subject,
		 struct str *options, struct err *err);
