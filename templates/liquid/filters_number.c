/* Arithmetic: whole numbers stay whole, anything with a point is computed exactly in decimals and shown as a float. */
#include <math.h>

#include "liquid/filters.h"
#include "liquid/value.h"

enum arithmetic { ADD, SUBTRACT, MULTIPLY, DIVIDE, MODULO };

/* Whole numbers that stay within 64 bits. */
static bool quick(int64_t a, int64_t b, enum arithmetic how, int64_t *out)
{
	switch (how) {
	case ADD: return !__builtin_add_overflow(a, b, out);
	case SUBTRACT: return !__builtin_sub_overflow(a, b, out);
	case MULTIPLY: return !__builtin_mul_overflow(a, b, out);
	default: break;
	}
	if (b == 0 || b == -1)
		return false;
	*out = how == DIVIDE ? a / b : a % b;
	if (a % b && (a < 0) != (b < 0)) /* downwards */
		*out += how == DIVIDE ? -1 : b;
	return true;
}

static int compute(struct liquid_call *c, const struct liquid_value *left, const struct liquid_value *right,
		   enum arithmetic how, struct liquid_value *out)
{
	const struct num *x, *y, *z = NULL;
	int64_t i;

	if (left->type == LIQUID_INT && right->type == LIQUID_INT && quick(left->i, right->i, how, &i)) {
		*out = liquid_int(i);
		return 0;
	}
	x = value_number(c, left);
	y = x ? value_number(c, right) : NULL;
	if (!y || spend(c, (x->n + y->n) / 4))
		return -1;
	if (how == DIVIDE && num_zero(y) && (x->decimal || y->decimal)) {
		*out = liquid_float(num_zero(x) ? NAN : x->neg != y->neg ? -INFINITY : INFINITY);
		return 0;
	}
	if (how >= DIVIDE && num_zero(y))
		return liquid_fail(c, "divided by 0");
	switch (how) {
	case ADD: z = num_add(c->arena, x, y, false); break;
	case SUBTRACT: z = num_add(c->arena, x, y, true); break;
	case MULTIPLY: z = num_mul(c->arena, x, y); break;
	case DIVIDE: z = num_div(c->arena, x, y); break;
	case MODULO: z = num_mod(c->arena, x, y); break;
	}
	return value_of_num(c, z, out);
}

FILTER(filter_plus)
{
	(void)n;
	return compute(c, &in, &args[0], ADD, out);
}

FILTER(filter_minus)
{
	(void)n;
	return compute(c, &in, &args[0], SUBTRACT, out);
}

FILTER(filter_times)
{
	(void)n;
	return compute(c, &in, &args[0], MULTIPLY, out);
}

FILTER(filter_divided_by)
{
	(void)n;
	return compute(c, &in, &args[0], DIVIDE, out);
}

FILTER(filter_modulo)
{
	(void)n;
	return compute(c, &in, &args[0], MODULO, out);
}

FILTER(filter_abs)
{
	const struct num *x = value_number(c, &in);

	(void)args;
	(void)n;
	if (!x)
		return -1;
	return value_of_num(c, x->neg ? num_neg(c->arena, x) : x, out);
}

static int limited(struct liquid_call *c, const struct liquid_value *in, const struct liquid_value *limit, int sign,
		   struct liquid_value *out)
{
	const struct num *x = value_number(c, in), *y = x ? value_number(c, limit) : NULL;
	bool failed = false;

	if (!y)
		return -1;
	return value_of_num(c, num_cmp(c->arena, y, x, &failed) * sign > 0 ? y : x, out);
}

FILTER(filter_at_least)
{
	(void)n;
	return limited(c, &in, &args[0], 1, out);
}

FILTER(filter_at_most)
{
	(void)n;
	return limited(c, &in, &args[0], -1, out);
}

static int whole(struct liquid_call *c, const struct liquid_value *in, enum num_rounding how, struct liquid_value *out)
{
	const struct num *x = value_number(c, in);

	return x ? value_of_num(c, num_round(c->arena, x, 0, how), out) : -1;
}

FILTER(filter_ceil)
{
	(void)args;
	(void)n;
	return whole(c, &in, NUM_CEIL, out);
}

FILTER(filter_floor)
{
	(void)args;
	(void)n;
	return whole(c, &in, NUM_FLOOR, out);
}

FILTER(filter_round)
{
	const struct num *x = value_number(c, &in), *d;
	int64_t digits = 0;

	if (!x)
		return -1;
	if (n) {
		d = value_number(c, &args[0]);
		if (!d)
			return -1;
		if (!num_to_i64(d->neg ? num_round(c->arena, d, 0, NUM_CEIL) : num_round(c->arena, d, 0, NUM_FLOOR),
				&digits) ||
		    digits > 100000 || digits < -100000)
			return liquid_fail(c, "number too large");
	}
	if (!x->decimal && digits >= 0)
		return value_of_num(c, x, out);
	return value_of_num(c, num_round(c->arena, x, (int)digits, NUM_HALF_UP), out);
}
