/* What is drawn by chance: moments with a fixed seed, and the distribution against values worked out by hand. */
#include <criterion/criterion.h>
#include <math.h>

#include "learn/chance.h"

enum { MANY = 200000 };

struct moments {
	double mean, variance;
};

static struct moments of_beta(double a, double b)
{
	struct chance c = chance_seeded(7);
	double sum = 0, squares = 0;

	for (int k = 0; k < MANY; k++) {
		double x = chance_beta(&c, a, b);
		cr_assert(x >= 0 && x <= 1);
		sum += x;
		squares += x * x;
	}
	return (struct moments){sum / MANY, squares / MANY - sum / MANY * (sum / MANY)};
}

/* The mean of so many has a standard deviation of sd / 447; five of them, and 3 % of the variance. */
Test(learn_chance, draws_beta_with_its_moments)
{
	static const double v[][2] = {{1, 1}, {0.3, 0.7}, {2, 8}, {50, 950}, {300, 20}};

	for (size_t k = 0; k < sizeof v / sizeof *v; k++) {
		double a = v[k][0], b = v[k][1], mean = a / (a + b), variance = mean * (1 - mean) / (a + b + 1);
		struct moments m = of_beta(a, b);
		cr_expect(fabs(m.mean - mean) < 5 * sqrt(variance) / 447, "beta(%g, %g): mean %g, not %g", a, b, m.mean,
			  mean);
		cr_expect(fabs(m.variance / variance - 1) < 0.03, "beta(%g, %g): variance %g, not %g", a, b, m.variance,
			  variance);
	}
}

Test(learn_chance, draws_gamma_with_its_moments)
{
	static const double shapes[] = {0.2, 1, 3.5, 40};

	for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
		struct chance c = chance_seeded(3);
		double sum = 0, squares = 0, shape = shapes[k];
		for (int i = 0; i < MANY; i++) {
			double x = chance_gamma(&c, shape);
			sum += x;
			squares += x * x;
		}
		sum /= MANY;
		cr_expect(fabs(sum - shape) < 5 * sqrt(shape) / 447, "gamma(%g): mean %g", shape, sum);
		cr_expect(fabs((squares / MANY - sum * sum) / shape - 1) < 0.05, "gamma(%g): variance", shape);
	}
}

Test(learn_chance, is_the_same_for_the_same_seed_and_even)
{
	struct chance a = chance_seeded(1), b = chance_seeded(1), other = chance_seeded(2);
	int n[5] = {0}, same = 0;

	for (int k = 0; k < 1000; k++) {
		uint64_t x = chance_bits(&a);
		cr_assert_eq(x, chance_bits(&b));
		same += x == chance_bits(&other);
	}
	cr_expect_eq(same, 0);
	for (int k = 0; k < MANY; k++)
		n[chance_below(&a, 5)]++;
	for (int k = 0; k < 5; k++) /* a standard deviation of 179 */
		cr_expect(abs(n[k] - MANY / 5) < 900, "%d of no. %d", n[k], k);
}

/* beta(2, 3): 6x² - 8x³ + 3x⁴; beta(1, n): 1 - (1 - x)ⁿ; beta(½, ½): (2 / π) asin √x. */
Test(learn_chance, knows_the_distribution)
{
	for (double x = 0.05; x < 1; x += 0.05) {
		cr_expect_float_eq(beta_below(2, 3, x), 6 * x * x - 8 * x * x * x + 3 * x * x * x * x, 1e-11);
		cr_expect_float_eq(beta_below(1, 7, x), 1 - pow(1 - x, 7), 1e-11);
		cr_expect_float_eq(beta_below(0.5, 0.5, x), 2 / 3.14159265358979323846 * asin(sqrt(x)), 1e-11);
		cr_expect_float_eq(beta_below(40, 900, x) + beta_below(900, 40, 1 - x), 1, 1e-10);
		cr_expect_float_eq(beta_below(12, 340, beta_quantile(12, 340, x)), x, 1e-9);
	}
	cr_expect_float_eq(beta_below(2, 3, -1), 0, 0);
	cr_expect_float_eq(beta_below(2, 3, 2), 1, 0);
	cr_expect_float_eq(beta_quantile(1, 1, 0.025), 0.025, 1e-12);
}
