/*
 * Campaigns that learn (learn/learn.h): which variant, channel and hour to try next, by what came of those tried before. In a
 * definition:
 *
 *     learning   "off" | "all" | "variant" | "channel" | "hour", or
 *                {"of": one of these words or a list of them,
 *                 "segments"?  names: a customer learns with the first of them he is in; all others are one group
 *                 "outcome"?   "accepted" (of the offer) or "clicked"
 *                 "within"?    seconds an outcome may take (259200); one that comes later, or never, is a failure
 *                 "holdout"?   percent of customers who get any arm, each as likely, to compare with (5)
 *                 "hours"?     ["08:00-11:00",…] by the customer's clock}
 *
 * What is tried is counted when the message is queued, as what it really went by; what is answered when the answer comes: both
 * in the transaction that writes the one or the other (table learning_arm; the arm of a customer is in campaign_customer). So
 * the counts hold over restarts, and there is nothing else to remember. A message that is not answered yet counts as tried.
 *
 * What is learned changes what a customer is sent, never whether: hours of the campaign, quiet hours, caps and consent stay.
 */
#pragma once
#include "base/arena.h"
#include "base/json.h"
#include "campaign/hours.h"
#include "learn/learn.h"
#include "model/message.h"
#include "store/db.h"

struct plan;
struct campaign;

struct campaign_learning {
	bool of[LEARN_DIMS];
	bool clicked;	/* a click is a success already */
	int holdout;	/* hundredths of a percent */
	int64_t within; /* microseconds */
	struct str segments[LEARN_CONTEXTS - 1];
	int segments_n;
	struct hours hours[LEARN_LEVELS];
	int hours_n;
};

static inline bool learning_on(const struct campaign_learning *l)
{
	return l->of[LEARN_VARIANT] || l->of[LEARN_CHANNEL] || l->of[LEARN_HOUR];
}

/* Once the rest of the plan is read. value NULL: off. ERR_SEMANTIC with /learning as field. Strings in the arena. */
int learning_read(const json_t *value, struct arena *a, struct plan *p, struct err *err);
struct learn_shape learning_shape(const struct plan *p);

/* What a customer was chosen for, as it is stored: 0 means nothing, below 0 that it succeeded. */
struct learning_choice {
	bool held; /* in the hold-out group */
	int context;
	struct learn_arm arm;
};
int64_t learning_code(const struct learning_choice *c);
bool learning_decode(int64_t code, struct learning_choice *out);

/* All that a campaign has counted, of both groups, into a learner of its shape. */
int learning_load(struct db *db, const struct uuid *campaign, struct learner *l, struct err *err);
int learning_count(struct db *db, const struct uuid *campaign, int64_t code, struct learn_count n, struct err *err);

/* An offer that a message presented was clicked or accepted: a success of the arm that was sent, once. */
int learning_outcome(struct db *db, const struct uuid *message, bool accepted, struct arena *a, int64_t now,
		     struct err *err);

/* Inside a write job: ERR_CONFLICT "no_learning" if the campaign's definition does not learn. */
int learning_switch(struct db *db, const struct uuid *campaign, bool on, struct arena *a, int64_t now, struct err *err);

/* For people: each arm with what is believed of it, how often it is chosen and why; the hold-out group beside it. allowed:
 * whether the gateway's configuration lets campaigns learn. */
int learning_json(struct db *db, const struct campaign *c, bool allowed, struct arena *a, struct json_out *j,
		  const char *key, struct err *err);
