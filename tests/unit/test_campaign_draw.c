/* Lots: the same each time, evenly spread, and without relation between things. */
#include <criterion/criterion.h>

#include "campaign/draw.h"

enum { MANY = 20000 };

Test(campaign_draw, is_the_same_each_time)
{
	struct uuid a = uuid7(1), b = uuid7(2);

	cr_assert_eq(draw(&a, &b, 1), draw(&a, &b, 1));
	cr_assert_neq(draw(&a, &b, 1), draw(&a, &b, 2));
	cr_assert_neq(draw(&a, &b, 1), draw(&b, &a, 1));
}

/* Customers of an import have ids that follow each other: their lots must not. */
Test(campaign_draw, spreads_evenly)
{
	struct uuid thing = uuid7(1), other = uuid7(5);
	int tenth[10] = {0}, both = 0;

	for (int k = 0; k < MANY; k++) {
		struct uuid customer = uuid7_floor(1000000 + k);
		int lot = draw(&thing, &customer, 1);
		cr_assert(lot >= 0 && lot < DRAW_RANGE);
		tenth[lot / (DRAW_RANGE / 10)]++;
		both += lot < DRAW_RANGE / 2 && draw(&other, &customer, 1) < DRAW_RANGE / 2;
	}
	/* A tenth is 2000 with a standard deviation of 42: five of them. */
	for (int k = 0; k < 10; k++)
		cr_expect(tenth[k] > 1790 && tenth[k] < 2210, "%d in the tenth no. %d", tenth[k], k);
	cr_expect(both > MANY / 4 - 310 && both < MANY / 4 + 310, "%d in both halves", both);
}

Test(campaign_draw, keeps_the_weights)
{
	static const int weights[] = {0, 1, 0, 3, 0};
	struct uuid thing = uuid7(1);
	int n[5] = {0};

	for (int k = 0; k < MANY; k++) {
		struct uuid customer = uuid7_floor(1000000 + k);
		n[draw_weighted(draw(&thing, &customer, 1), weights, 5)]++;
	}
	cr_expect_eq(n[0] + n[2] + n[4], 0);
	cr_expect(n[1] > 4690 && n[1] < 5310, "%d", n[1]);
	cr_expect_eq(draw_weighted(0, weights, 5), 1);
	cr_expect_eq(draw_weighted(DRAW_RANGE - 1, weights, 5), 3);
}
