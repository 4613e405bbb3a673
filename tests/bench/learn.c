/*
 * Learning, simulated: customers of five segments, each of whom accepts an offer with a chance that depends on the segment and
 * on the variant, channel and hour of the message; the learner of the gateway chooses for each, in steps as the sender takes
 * them, and hears of an acceptance only some thousands of customers later. Beside it: who knows all the chances (the oracle),
 * whoever sends the one arm to all that is best for all, and chance.
 *
 * usage: learn SEED [CUSTOMERS]     one line of JSON
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "learn/learn.h"

enum { SEGMENTS = 5, VARIANTS = 3, CHANNELS = 3, HOURS = 4, ARMS = VARIANTS * CHANNELS * HOURS };
enum { STEP = 400, LATEST = 4000, HOLDOUT_PERCENT = 5 };

static const struct learn_shape shape = {SEGMENTS, {VARIANTS, CHANNELS, HOURS}};
static const double shares[SEGMENTS] = {0.50, 0.25, 0.15, 0.07, 0.03};

struct world {
	double rate[SEGMENTS][ARMS];
	int best[SEGMENTS], fixed; /* arms */
	double fixed_rate;
};

struct answer {
	int due, segment; /* due: the customer by whose turn it is known */
	struct learn_arm arm;
};

static struct learn_arm arm_of(int k)
{
	return (struct learn_arm){{k % VARIANTS, k / VARIANTS % CHANNELS, k / VARIANTS / CHANNELS}};
}
static int number_of(const struct learn_arm *a)
{
	return a->level[0] + VARIANTS * (a->level[1] + CHANNELS * a->level[2]);
}

/* Each segment likes another level of each best (by 1.6), one less (by 0.6); arms stray from that by some 15 %. */
static void make_world(struct world *w, struct chance *c)
{
	for (int s = 0; s < SEGMENTS; s++) {
		double base = 0.02 + 0.02 * chance_unit(c), likes[LEARN_DIMS][LEARN_LEVELS];
		for (int d = 0; d < LEARN_DIMS; d++) {
			int n = shape.levels[d], good = (s + d + chance_below(c, n)) % n;
			for (int k = 0; k < n; k++)
				likes[d][k] = k == good ? 1.6 : k == (good + 1) % n ? 0.6 : 1;
		}
		w->best[s] = 0;
		for (int k = 0; k < ARMS; k++) {
			struct learn_arm a = arm_of(k);
			double r = base * exp(0.15 * chance_normal(c));
			for (int d = 0; d < LEARN_DIMS; d++)
				r *= likes[d][a.level[d]];
			w->rate[s][k] = r < 0.9 ? r : 0.9;
			if (w->rate[s][k] > w->rate[s][w->best[s]])
				w->best[s] = k;
		}
	}
	w->fixed_rate = 0;
	for (int k = 0; k < ARMS; k++) {
		double sum = 0;
		for (int s = 0; s < SEGMENTS; s++)
			sum += shares[s] * w->rate[s][k];
		if (sum > w->fixed_rate) {
			w->fixed_rate = sum;
			w->fixed = k;
		}
	}
}

static int segment_of(double u)
{
	int s = 0;

	while (s < SEGMENTS - 1 && u >= shares[s])
		u -= shares[s++];
	return s;
}

struct score {
	int64_t accepted; /* by the same customer's luck for all */
	double expected;
};
struct scores {
	struct score learner, oracle, fixed, any;
};

static bool score(struct score *x, double rate, double luck)
{
	x->accepted += luck < rate;
	x->expected += rate;
	return luck < rate;
}

/* What was answered by now goes into the counts. */
static void hear(struct learner *l, struct answer *v, int *n, int now)
{
	int kept = 0;

	for (int k = 0; k < *n; k++) {
		if (v[k].due > now)
			v[kept++] = v[k];
		else
			learner_add(l, v[k].segment, &v[k].arm, (struct learn_count){.succeeded = 1});
	}
	*n = kept;
	learner_fit(l);
}

/* One customer: what each of the four makes of him. after: in the part that counts. */
static void one(const struct world *w, struct learner *l, struct chance *c, int segment, struct scores *now,
		struct learn_arm *sent, bool *accepted)
{
	static const struct learn_allowed all = {{(1 << VARIANTS) - 1, (1 << CHANNELS) - 1, (1 << HOURS) - 1}};
	double luck = chance_unit(c);
	bool held = chance_below(c, 100) < HOLDOUT_PERCENT;
	const double *rate = w->rate[segment];

	if (held)
		learn_any(&shape, &all, c, sent);
	else
		learner_choose(l, segment, &all, c, sent);
	learner_add(l, segment, sent, (struct learn_count){.tried = 1});
	*accepted = score(&now->learner, rate[number_of(sent)], luck);
	score(&now->oracle, rate[w->best[segment]], luck);
	score(&now->fixed, rate[w->fixed], luck);
	score(&now->any, rate[chance_below(c, ARMS)], luck);
}

/* early: the first fifth; late: what comes after. */
static int simulate(uint64_t seed, int customers, struct scores *early, struct scores *late)
{
	struct answer *waiting = calloc((size_t)LATEST + STEP, sizeof *waiting);
	struct learner *l = learner_new();
	struct chance c = chance_seeded(seed);
	struct world w;
	int n = 0;

	if (!waiting || !l || !learner_shape(l, &shape))
		return -1;
	make_world(&w, &c);
	for (int k = 0; k < customers; k++) {
		int segment = segment_of(chance_unit(&c));
		struct learn_arm sent;
		bool accepted;
		if (k % STEP == 0)
			hear(l, waiting, &n, k);
		one(&w, l, &c, segment, k < customers / 5 ? early : late, &sent, &accepted);
		if (accepted)
			waiting[n++] = (struct answer){k + 1 + chance_below(&c, LATEST), segment, sent};
	}
	learner_free(&l);
	free(waiting);
	return 0;
}

static void print(const char *name, const struct scores *s, const char *end)
{
	printf("\"%s\":{\"learner\":%lld,\"oracle\":%lld,\"fixed\":%lld,\"any\":%lld,"
	       "\"regret\":%.1f,\"regret_fixed\":%.1f,\"regret_any\":%.1f}%s",
	       name, (long long)s->learner.accepted, (long long)s->oracle.accepted, (long long)s->fixed.accepted,
	       (long long)s->any.accepted, s->oracle.expected - s->learner.expected,
	       s->oracle.expected - s->fixed.expected, s->oracle.expected - s->any.expected, end);
}

int main(int argc, char **argv)
{
	long seed = argc > 1 ? strtol(argv[1], NULL, 10) : 1, customers = argc > 2 ? strtol(argv[2], NULL, 10) : 100000;
	struct scores early = {0}, late = {0};

	if (customers < 5 || customers > 100000000 || simulate((uint64_t)seed, (int)customers, &early, &late)) {
		fprintf(stderr, "usage: learn SEED [CUSTOMERS]\n");
		return 1;
	}
	printf("{\"seed\":%ld,\"customers\":%ld,", seed, customers);
	print("early", &early, ",");
	print("late", &late, "}\n");
	return 0;
}
