/* What the files that write a campaign's messages share: the step under way. */
#pragma once
#include "campaign/private.h"
#include "campaign/send.h"

enum { TALLIES = 64, MADE = 32 };

/* What one step adds to the figures, written once at its end. */
struct tally {
	int variant;
	enum share share;
	char reason[40];
	int64_t n;
};

struct made { /* what those of one variant share */
	int variant;
	struct str word, data, metadata;
};

struct sender {
	struct outbound *o;
	struct events *ev;
	struct calendars *calendars;
	struct arena *arena;	   /* of a step */
	struct buf data, metadata; /* of a message, while they are made */
	/* of the step under way */
	struct db *db;
	struct campaign c;
	struct plan p;
	struct offer offer;
	bool has_offer, test;
	int64_t now;
	struct made made[MADE];
	int made_n;
	struct tally tally[TALLIES];
	int tallies;
	struct {
		struct str variant;
		enum channel channel;
		int64_t n;
	} presented[TALLIES];
	int presented_n;
	/* learning_step.c */
	bool may_learn, learns;	 /* by the configuration; this campaign, now */
	struct learner *learner; /* NULL until one is needed */
	struct {
		int64_t arm, n;
	} tries[TALLIES];
	int tries_n;
};

/* make.c. What the messages of one variant have in common; it lives until the next call or the end of the step. */
int make(struct sender *s, int variant, struct str word, struct made *out, struct err *err);
void make_request(struct sender *s, const struct judged *j, const struct uuid *customer, const struct made *m,
		  struct send_request *q);

/* learning_step.c. begin: after the plan is there. judge: what a customer whom it leaves queued or deferred gets, and when;
 * sent: what he got. */
int learning_begin(struct sender *s, struct err *err);
int learning_judge(struct sender *s, const struct audience_row *r, struct judged *j, struct err *err);
int learning_sent(struct sender *s, const struct audience_row *r, const struct send_result *res, struct judged *j,
		  struct err *err);
int learning_flush(struct sender *s, struct err *err);
