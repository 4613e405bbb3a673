/*
 * Chance for learning: a seeded generator and what is drawn from it. The same seed gives the same draws on every machine, so
 * that a simulation can be repeated; there is no state but the caller's.
 *
 * The generator is SplitMix64 (Steele, Lea, Flood 2014): good enough for sampling, not for secrets. Gamma is drawn by the
 * method of Marsaglia and Tsang (2000), beta as a share of two gammas.
 */
#pragma once
#include <stdint.h>

struct chance {
	uint64_t state;
};

static inline struct chance chance_seeded(uint64_t seed) { return (struct chance){seed}; }
uint64_t chance_bits(struct chance *c);
double chance_unit(struct chance *c);		     /* above 0, below 1 */
int chance_below(struct chance *c, int n);	     /* 0 to n - 1; n > 0 */
double chance_normal(struct chance *c);		     /* mean 0, variance 1 */
double chance_gamma(struct chance *c, double shape); /* scale 1; shape > 0 */
double chance_beta(struct chance *c, double a, double b);

/* The share of beta(a, b) that lies below x: the regularised incomplete beta function, DLMF 8.17. */
double beta_below(double a, double b, double x);
/* The x below which the share p of beta(a, b) lies. */
double beta_quantile(double a, double b, double p);
