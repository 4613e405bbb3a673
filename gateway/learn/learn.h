/*
 * Learning what works: which variant, channel and hour to try next for customers of a context (a segment), by Thompson
 * sampling. An arm is one combination of the three; of each arm of each context it is counted how often it was tried and how
 * often it succeeded. To choose, a success rate is drawn for each arm from what is believed of it, and the highest wins: arms
 * that may be good are tried as often as they may be the best.
 *
 * What is believed of an arm in a context is Beta(K·m + successes, K·(1 - m) + failures). Its prior mean m comes from all
 * that was seen elsewhere, so that small segments learn from the whole and rare arms from their parts:
 *
 *     m = base · variant · channel · hour · context · variant in context · channel in context · hour in context
 *
 * where each factor is (successes + S) / (successes expected without it + S), fitted in turns: one that has seen little stays
 * near 1. K, how many tries that prior is worth, follows from how much the factors have seen and grows with it.
 *
 * Pure: no store, no clock. A learner belongs to one thread at a time.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "learn/chance.h"

enum learn_dim { LEARN_VARIANT, LEARN_CHANNEL, LEARN_HOUR, LEARN_DIMS };
enum { LEARN_LEVELS = 8, LEARN_CONTEXTS = 8 };

struct learn_shape {
	int contexts;		/* 1 to LEARN_CONTEXTS */
	int levels[LEARN_DIMS]; /* 1 to LEARN_LEVELS; 1: nothing to choose */
};
struct learn_arm {
	int level[LEARN_DIMS];
};
struct learn_count {
	int64_t tried, succeeded;
};
struct learn_allowed { /* bits of the levels that may be chosen for a customer */
	uint32_t levels[LEARN_DIMS];
};
struct learn_belief {
	struct learn_count count;
	double prior, weight; /* m, and K */
	double a, b;	      /* of the Beta */
};

struct learner;
struct learner *learner_new(void); /* NULL: out of memory */
void learner_free(struct learner **l);
/* Empties it. False: the shape is out of bounds. */
bool learner_shape(struct learner *l, const struct learn_shape *s);
/* Adds to an arm's counts; false if it is outside the shape, or would have more successes than tries. */
bool learner_add(struct learner *l, int context, const struct learn_arm *arm, struct learn_count n);
/* After counts were added: what is believed now. */
void learner_fit(struct learner *l);

/* False: nothing is allowed. */
bool learner_choose(const struct learner *l, int context, const struct learn_allowed *allowed, struct chance *c,
		    struct learn_arm *out);
/* One of the allowed arms, each as likely. */
bool learn_any(const struct learn_shape *s, const struct learn_allowed *allowed, struct chance *c,
	       struct learn_arm *out);
struct learn_belief learner_belief(const struct learner *l, int context, const struct learn_arm *arm);
/* What a factor has come to: how much better than the mean a level does in a context, all else equal. */
double learner_factor(const struct learner *l, int context, enum learn_dim dim, int level);
