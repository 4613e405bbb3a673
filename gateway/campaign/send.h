/*
 * One step of a campaign: the next so many customers, each judged, written to or left out, in one transaction with the place
 * where the next step begins. Private to campaign/.
 */
#pragma once
#include "campaign/campaign.h"

struct sender; /* what is kept between steps: the calendars, room; the writer's thread */
/* learning: whether campaigns may learn. NULL: out of memory. */
struct sender *sender_new(struct outbound *o, struct events *ev, bool learning);
void sender_free(struct sender **s);

struct sending_step {
	struct uuid campaign, runner; /* runner: this gateway, which holds the lease */
	int most;		      /* customers to look at */
	bool tell;		      /* append campaign.progress */
	struct outbound_batch *batch;
	/* what came of it; set afresh each time */
	int looked_at, queued;
	bool mine; /* the lease was ours to take */
	bool over; /* the campaign has ended */
};
/* Body of a write job. */
int sender_step(struct sender *s, struct db *db, struct sending_step *x, int64_t now, struct err *err);

/* What goes to those on a seed list: one message for each variant, which counts for nothing. */
struct trial {
	bool has_address;
	struct address address;
	struct uuid customer;
	struct str variant;
	struct send_result result;
	struct err err; /* kind set: this one could not be sent */
};
/* Body of a write job. out has room for n times the variants, or n. */
int sender_try(struct sender *s, struct db *db, struct outbound_batch *b, const struct uuid *campaign,
	       const struct trial *who, int n, struct trial *out, int *out_n, struct arena *a, int64_t now,
	       struct err *err);

/* Who would get it and who not, and why, without writing anything: looks at as many as it can until `until` (monotonic). */
int campaign_dry_run_json(struct db *db, struct outbound *o, const struct campaign *c, struct arena *a, int64_t now,
			  int64_t until, struct json_out *j, struct err *err);

/* ---- judging one customer, without writing anything ---- */

struct judged {
	enum share share; /* QUEUED: write to him; UNREACHABLE is found out later */
	const char *reason;
	int64_t due;	/* DEFERRED */
	int64_t closes; /* end of the hours it is in; 0: none */
	int variant;	/* index, or -1 */
	int channel;	/* learned: index of the one to begin with, or -1 */
	int64_t arm;	/* learned: what is tried with him; 0: nothing */
};
struct audience_row {
	struct uuid customer;
	struct str time_zone;
	int variant; /* of a deferred one: drawn before; -2: not yet */
	int64_t arm; /* of one who waits for a better hour */
};
int campaign_judge(struct calendars *z, const struct campaign *c, const struct plan *p, const struct offer *o,
		   struct db *db, const struct audience_row *r, int64_t now, struct judged *out, struct err *err);

/* ---- the audience ---- */

/* The next customers after `after` by id, without those who have a row in the campaign. Returns how many; *last: how far the
 * walk has come, which may be further than the last one given; *end: nobody comes after it. Strings in the arena. */
int audience_next(struct db *db, const struct campaign *c, const struct plan *p, const struct uuid *after, int most,
		  int64_t now, struct arena *a, struct audience_row *out, struct uuid *last, bool *end,
		  struct err *err);
int64_t audience_size(struct db *db, const struct campaign *c, const struct plan *p, int64_t now, struct err *err);

/* ---- act.c ---- */
int campaign_move(struct db *db, const struct campaign *c, enum campaign_state to, struct str reason, int64_t now,
		  struct err *err);
int campaign_tell(struct db *db, struct events *ev, const struct campaign *c, const char *type, enum campaign_state s,
		  const int64_t counts[SHARE_COUNT], int64_t now, struct err *err);
#define CAMPAIGN_CANCELLED_REASON "campaign_cancelled"
/* Cancels what waits, so many at a time, and remembers whether there is more. Returns how many it has taken back. */
int campaign_take_back(struct db *db, struct outbound *o, const struct campaign *c, bool cancelled, struct str reason,
		       int64_t now, struct err *err);
/* ---- shares.c ---- */
int share_count(struct db *db, const struct uuid *campaign, struct str variant, enum share s, struct str reason,
		int64_t n, struct err *err);
/* 1: the customer has a row in the campaign already. */
int share_exists(struct db *db, const struct uuid *campaign, const struct uuid *customer, struct err *err);
int shares_total(struct db *db, const struct uuid *campaign, int64_t out[SHARE_COUNT], struct err *err);
/* Who was deferred and gets nothing any more. */
int shares_withdraw(struct db *db, const struct uuid *campaign, struct str reason, int64_t now, struct err *err);
int shares_deferred(struct db *db, const struct uuid *campaign, struct err *err); /* 1: somebody still waits */
