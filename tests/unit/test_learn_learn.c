/* Learning: what is believed follows from the counts, small contexts from the whole, and what is best is found. */
#include <criterion/criterion.h>
#include <math.h>

#include "learn/learn.h"

static struct learner *l;

static void make(void)
{
	l = learner_new();
	cr_assert(l);
}
static void drop(void) { learner_free(&l); }

TestSuite(learn_learn, .init = make, .fini = drop);

static struct learn_arm arm(int variant, int channel, int hour) { return (struct learn_arm){{variant, channel, hour}}; }

static void add(int context, struct learn_arm a, int64_t tried, int64_t succeeded)
{
	cr_assert(learner_add(l, context, &a, (struct learn_count){tried, succeeded}));
}

static double mean(int context, struct learn_arm a)
{
	struct learn_belief b = learner_belief(l, context, &a);
	return b.a / (b.a + b.b);
}

Test(learn_learn, believes_prior_and_counts)
{
	struct learn_arm a = arm(0, 0, 0);
	struct learn_belief b;

	cr_assert(learner_shape(l, &(struct learn_shape){1, {1, 1, 1}}));
	b = learner_belief(l, 0, &a);
	cr_expect_float_eq(b.a / (b.a + b.b), 0.05, 1e-9, "nothing seen: one in twenty");
	cr_expect_float_eq(b.a + b.b, b.weight, 1e-9);
	/* One arm alone: the base is (30 + 0.5) / (200 + 10), and the counts come on top. */
	add(0, a, 200, 30);
	learner_fit(l);
	b = learner_belief(l, 0, &a);
	cr_expect_float_eq(b.prior, 30.5 / 210, 1e-9);
	/* m (1 - m) / K is m² times the uncertainty: 0.04 for straying, 1 / 31 for the base. */
	cr_expect_float_eq(b.weight, (1 - b.prior) / (b.prior * (0.04 + 1.0 / 31)), 1e-6);
	cr_expect_float_eq(b.a, b.prior * b.weight + 30, 1e-9);
	cr_expect_float_eq(b.b, (1 - b.prior) * b.weight + 170, 1e-9);
}

Test(learn_learn, takes_no_counts_that_cannot_be)
{
	struct learn_arm a = arm(1, 0, 0), out = arm(2, 0, 0);

	cr_expect_not(learner_shape(l, &(struct learn_shape){0, {1, 1, 1}}));
	cr_expect_not(learner_shape(l, &(struct learn_shape){1, {1, 9, 1}}));
	cr_assert(learner_shape(l, &(struct learn_shape){2, {2, 1, 1}}));
	cr_expect_not(learner_add(l, 0, &a, (struct learn_count){3, 4}));
	cr_expect_not(learner_add(l, 0, &a, (struct learn_count){-1, 0}));
	cr_expect_not(learner_add(l, 2, &a, (struct learn_count){3, 1}));
	cr_expect_not(learner_add(l, 0, &out, (struct learn_count){3, 1}));
	cr_expect(learner_add(l, 0, &a, (struct learn_count){3, 1}));
	cr_expect(learner_add(l, 0, &a, (struct learn_count){0, 2}));
	cr_expect_not(learner_add(l, 0, &a, (struct learn_count){0, 1}));
}

/* The large context has seen much, the small one nothing of it: it believes what the large one does, less surely. */
Test(learn_learn, teaches_small_contexts_what_the_whole_has_seen)
{
	struct learn_arm a = arm(0, 0, 0), b = arm(1, 0, 0);

	cr_assert(learner_shape(l, &(struct learn_shape){2, {2, 1, 1}}));
	add(0, a, 5000, 500);
	add(0, b, 5000, 100);
	learner_fit(l);
	cr_expect(mean(1, a) > 2 * mean(1, b), "%g and %g", mean(1, a), mean(1, b));
	cr_expect(learner_belief(l, 1, &a).weight < learner_belief(l, 0, &a).weight);
	/* What it sees itself is believed more, once it is enough. */
	add(1, a, 1000, 20);
	add(1, b, 1000, 100);
	learner_fit(l);
	cr_expect(mean(1, b) > 3 * mean(1, a), "%g and %g", mean(1, b), mean(1, a));
	cr_expect(mean(0, a) > 3 * mean(0, b));
	cr_expect(learner_factor(l, 1, LEARN_VARIANT, 1) > learner_factor(l, 1, LEARN_VARIANT, 0));
}

/* An arm that was never tried is the product of its parts, although they were tried with different others. */
Test(learn_learn, knows_an_arm_by_its_parts)
{
	cr_assert(learner_shape(l, &(struct learn_shape){1, {2, 2, 1}}));
	add(0, arm(0, 0, 0), 20000, 400);
	add(0, arm(1, 0, 0), 20000, 800);
	add(0, arm(0, 1, 0), 20000, 1200);
	learner_fit(l);
	cr_expect_float_eq(mean(0, arm(1, 1, 0)), 0.12, 0.012);
	cr_expect_float_eq(mean(0, arm(0, 0, 0)), 0.02, 0.002);
}

static int chosen(struct learn_arm a, const struct learn_allowed *allowed, uint64_t seed)
{
	struct chance c = chance_seeded(seed);
	int n = 0;

	for (int k = 0; k < 1000; k++) {
		struct learn_arm out;
		cr_assert(learner_choose(l, 0, allowed, &c, &out));
		n += out.level[0] == a.level[0] && out.level[1] == a.level[1] && out.level[2] == a.level[2];
	}
	return n;
}

Test(learn_learn, chooses_what_is_best_and_only_what_is_allowed)
{
	static const struct learn_allowed all = {{3, 3, 1}}, second = {{2, 3, 1}}, none = {{0, 3, 1}};
	struct chance c = chance_seeded(1);
	struct learn_arm out;
	int first;

	cr_assert(learner_shape(l, &(struct learn_shape){1, {2, 2, 1}}));
	first = chosen(arm(0, 0, 0), &all, 5);
	cr_expect(first > 180 && first < 320, "%d of 1000 while nothing is known of four", first);
	add(0, arm(0, 0, 0), 500, 100);
	add(0, arm(1, 0, 0), 500, 20);
	add(0, arm(0, 1, 0), 500, 20);
	add(0, arm(1, 1, 0), 500, 20);
	learner_fit(l);
	cr_expect_gt(chosen(arm(0, 0, 0), &all, 5), 990);
	cr_expect_eq(chosen(arm(0, 0, 0), &second, 5), 0);
	cr_expect_not(learner_choose(l, 0, &none, &c, &out));
	cr_expect_not(learner_choose(l, 1, &all, &c, &out));
}

Test(learn_learn, gives_any_arm_alike)
{
	static const struct learn_allowed some = {{5, 2, 15}}, none = {{1, 0, 1}};
	const struct learn_shape s = {1, {3, 2, 4}};
	struct chance c = chance_seeded(9);
	int n[3][4] = {{0}};
	struct learn_arm out;

	for (int k = 0; k < 8000; k++) {
		cr_assert(learn_any(&s, &some, &c, &out));
		cr_assert_eq(out.level[1], 1);
		n[out.level[0]][out.level[2]]++;
	}
	for (int k = 0; k < 4; k++) { /* a standard deviation of 30 */
		cr_expect(abs(n[0][k] - 1000) < 150 && abs(n[2][k] - 1000) < 150, "%d and %d", n[0][k], n[2][k]);
		cr_expect_eq(n[1][k], 0);
	}
	cr_expect_not(learn_any(&s, &none, &c, &out));
}

/* Two arms at 3 % and 9 %: after 4000 customers nearly all get the better one, and those before cost little. */
Test(learn_learn, finds_the_better_one)
{
	static const struct learn_allowed all = {{3, 1, 1}};
	struct chance c = chance_seeded(11);
	int better = 0;

	cr_assert(learner_shape(l, &(struct learn_shape){1, {2, 1, 1}}));
	for (int k = 0; k < 5000; k++) {
		struct learn_arm out;
		if (k % 50 == 0)
			learner_fit(l);
		cr_assert(learner_choose(l, 0, &all, &c, &out));
		add(0, out, 1, chance_unit(&c) < (out.level[0] ? 0.09 : 0.03));
		better += k >= 4000 && out.level[0] == 1;
	}
	cr_expect_gt(better, 970, "%d of the last thousand", better);
}
