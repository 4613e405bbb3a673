#include "learn/chance.h"

#include <float.h>
#include <math.h>

uint64_t chance_bits(struct chance *c)
{
	uint64_t x = c->state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

double chance_unit(struct chance *c) { return ((double)(chance_bits(c) >> 11) + 0.5) * 0x1p-53; }

int chance_below(struct chance *c, int n) { return (int)(chance_unit(c) * n); }

/* The polar method (Marsaglia, Bray 1964); its second number is thrown away, which keeps the state to one word. */
double chance_normal(struct chance *c)
{
	for (;;) {
		double u = 2 * chance_unit(c) - 1, v = 2 * chance_unit(c) - 1, s = u * u + v * v;
		if (s > 0 && s < 1)
			return u * sqrt(-2 * log(s) / s);
	}
}

static double gamma_from_one(struct chance *c, double shape)
{
	double d = shape - 1.0 / 3, k = 1 / sqrt(9 * d);

	for (;;) {
		double x = chance_normal(c), v = 1 + k * x, u;
		if (v <= 0)
			continue;
		v = v * v * v;
		u = chance_unit(c);
		if (log(u) < 0.5 * x * x + d - d * v + d * log(v))
			return d * v;
	}
}

/* Below 1 the method does not hold: a gamma of one more, made smaller. */
double chance_gamma(struct chance *c, double shape)
{
	return shape >= 1 ? gamma_from_one(c, shape) : gamma_from_one(c, shape + 1) * pow(chance_unit(c), 1 / shape);
}

double chance_beta(struct chance *c, double a, double b)
{
	double x = chance_gamma(c, a), y = chance_gamma(c, b);

	return x + y > 0 ? x / (x + y) : a / (a + b);
}

/* ---- the distribution ---- */

/* Lentz's way through the continued fraction of DLMF 8.17.22; it is quick where x is below the mean. */
static double fraction(double a, double b, double x)
{
	enum { MOST = 1000 };
	double c = 1, d = 1 - (a + b) * x / (a + 1), f;

	d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
	f = d;
	for (int m = 1; m <= MOST; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), step;
		d = 1 + even * d;
		c = 1 + even / c;
		d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
		f *= d * c;
		d = 1 + odd * d;
		c = 1 + odd / c;
		d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
		step = d * c;
		f *= step;
		if (fabs(step - 1) < 1e-13)
			break;
	}
	return f;
}

static double log_gamma(double x)
{
	int sign;
	return lgamma_r(x, &sign);
}

double beta_below(double a, double b, double x)
{
	double front;

	if (x <= 0 || x >= 1)
		return x >= 1;
	front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x));
	return x < (a + 1) / (a + b + 2) ? front * fraction(a, b, x) / a : 1 - front * fraction(b, a, 1 - x) / b;
}

double beta_quantile(double a, double b, double p)
{
	double low = 0, high = 1;

	for (int k = 0; k < 60; k++) {
		double middle = (low + high) / 2;
		if (beta_below(a, b, middle) < p)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}
