/*
 * Exact numbers of any size: integers and decimals, as Ruby's Integer and BigDecimal compute where Liquid's arithmetic
 * filters use them. Numbers live in an arena and never change. Functions return NULL when the arena is full or a number
 * would exceed NUM_DIGITS.
 */
#pragma once
#include "base/arena.h"

enum { NUM_LIMBS = 300, NUM_DIGITS = NUM_LIMBS * 9 };

struct num {
	bool neg;
	bool decimal;	 /* a decimal, even when nothing stands after the point */
	uint32_t scale;	 /* digits after the point */
	uint32_t n;	 /* limbs in use; zero has none */
	uint32_t limb[]; /* base 10^9, least significant first */
};

const struct num *num_int(struct arena *a, int64_t v);
/* [-]digits[.digits]; decimal if there is a point. The text is known to be well-formed. */
const struct num *num_parse(struct arena *a, struct str text);
const struct num *num_double(struct arena *a, double f); /* the shortest decimal that reads back as f; finite */

const struct num *num_add(struct arena *a, const struct num *x, const struct num *y, bool minus);
const struct num *num_mul(struct arena *a, const struct num *x, const struct num *y);
/* y is not zero. Integers: the quotient rounded down; decimals: enough digits for a double. */
const struct num *num_div(struct arena *a, const struct num *x, const struct num *y);
const struct num *num_mod(struct arena *a, const struct num *x, const struct num *y); /* has the sign of y */
enum num_rounding { NUM_HALF_UP, NUM_FLOOR, NUM_CEIL };
/* To `digits` after the point (negative: before it). The result is an integer when digits < 1. */
const struct num *num_round(struct arena *a, const struct num *x, int digits, enum num_rounding how);
const struct num *num_neg(struct arena *a, const struct num *x);
int num_cmp(struct arena *a, const struct num *x, const struct num *y, bool *failed);

static inline bool num_zero(const struct num *x) { return x->n == 0; }
bool num_to_i64(const struct num *x, int64_t *out); /* integers (scale 0) that fit */
double num_to_double(const struct num *x);
/* Needs n*9+3+scale bytes at most; the length written. */
size_t num_text(const struct num *x, char *to);
