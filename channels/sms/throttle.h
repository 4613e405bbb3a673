/*
 * How fast an account may submit: the configured throughput, and below it what the SMSC bears.
 *
 * The bucket is a virtual schedule (ITU-T I.371, "generic cell rate"): one number instead of tokens and remainders.
 * When the SMSC says ESME_RTHROTTLED or ESME_RMSGQFUL the rate is cut to what it accepts: by a twentieth at least, to a
 * quarter at most, once for what was in flight together and five times a second at most. An SMSC that refuses now and
 * then, whatever the rate, so does not bring it to nothing. Each second without a cut gives back a twentieth of the
 * former rate (or of eight times the new one, if that is less), until the configured rate is reached or, without one,
 * twice that former rate. Times are loop microseconds. Pure; one owner.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct throttle {
	int64_t limit;		   /* configured, submits a second; 0: none */
	int64_t rate;		   /* now; 0: none */
	int64_t base;		   /* what recovery goes by: see above; 0: the SMSC does not complain */
	int64_t next;		   /* virtual time of the next submit, nanoseconds */
	int64_t cut_at;		   /* last cut */
	int64_t given_at;	   /* last step back up */
	int64_t since, seen, last; /* measuring: start and count of this second, rate of the one before */
	int64_t ok_since, ok;	   /* accepted ones since then: about a second, or the last cut */
};

void throttle_init(struct throttle *t, int64_t limit, int64_t now);
void throttle_limit(struct throttle *t, int64_t limit); /* a changed setting */
/* How many submits may go now; at most INT32_MAX. */
int32_t throttle_room(struct throttle *t, int64_t now);
void throttle_take(struct throttle *t, int64_t now, int32_t n);
/* When to look again after throttle_room gave 0: not for one submit, but for a few milliseconds' worth. */
int64_t throttle_next(const struct throttle *t, int64_t now);
/* The SMSC accepted one. */
void throttle_ok(struct throttle *t, int64_t now);
/* The SMSC refused a submit that was sent at sent_at. True if that changed the rate. */
bool throttle_cut(struct throttle *t, int64_t now, int64_t sent_at);
static inline bool throttle_is_cut(const struct throttle *t) { return t->base != 0; }
