#include <criterion/criterion.h>

#include "liquid/num.h"

static const char *text(struct arena *a, const struct num *x)
{
	char *to = x ? arena_alloc(a, (size_t)x->n * 9 + x->scale + 20) : NULL;

	if (!to)
		return "none";
	to[num_text(x, to)] = 0;
	return to;
}

Test(liquid_num, text_and_back)
{
	struct arena *a = arena_new(1 << 20);
	static const char *const all[] = {"0",	 "-1",	     "1000000000", "-999999999999999999999",
					  "0.5", "-12.0340", "0.000001"};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		cr_expect_str_eq(text(a, num_parse(a, str_of(all[i]))), all[i]);
	cr_expect_str_eq(text(a, num_double(a, 0.1)), "0.1");
	cr_expect_str_eq(text(a, num_double(a, -1e21)), "-1000000000000000000000");
	cr_expect_str_eq(text(a, num_double(a, 1.5e-7)), "0.00000015");
	arena_free(&a);
}

/* (q * y + r) == x for numbers of all lengths: quotients against products. */
Test(liquid_num, division_is_exact)
{
	struct arena *a = arena_new(64 << 20);
	uint64_t seed = 88172645463325252u;
	bool failed = false;

	for (int i = 0; i < 3000; i++) {
		char digits[2][80];
		const struct num *v[2], *q, *r;
		for (int k = 0; k < 2; k++) {
			size_t n = 0, len;
			seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
			len = 1 + seed % 60;
			if (seed & 1 << 20)
				digits[k][n++] = '-';
			for (size_t d = 0; d < len; d++) {
				seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
				digits[k][n++] = (char)('0' + (seed % 4 == 0 ? 9 : seed % 7 == 0 ? 0 : seed % 10));
			}
			v[k] = num_parse(a, str_n(digits[k], n));
		}
		if (num_zero(v[1]))
			continue;
		q = num_div(a, v[0], v[1]);
		r = num_mod(a, v[0], v[1]);
		cr_assert(q && r && (num_zero(r) || r->neg == v[1]->neg));
		cr_assert(num_cmp(a, num_add(a, num_mul(a, q, v[1]), r, false), v[0], &failed) == 0 && !failed);
		if (i % 100 == 0)
			arena_reset(a);
	}
	arena_free(&a);
}

Test(liquid_num, rounding)
{
	struct arena *a = arena_new(1 << 20);
	const struct num *x = num_parse(a, STR("-2.345"));

	cr_expect_str_eq(text(a, num_round(a, x, 2, NUM_HALF_UP)), "-2.35");
	cr_expect_str_eq(text(a, num_round(a, x, 0, NUM_FLOOR)), "-3");
	cr_expect_str_eq(text(a, num_round(a, x, 0, NUM_CEIL)), "-2");
	cr_expect_str_eq(text(a, num_round(a, num_int(a, 1250), -2, NUM_HALF_UP)), "1300");
	cr_expect_str_eq(text(a, num_round(a, num_int(a, 4), -1, NUM_HALF_UP)), "0");
	arena_free(&a);
}

Test(liquid_num, too_large_is_refused)
{
	struct arena *a = arena_new(64 << 20);
	const struct num *x = num_parse(a, STR("123456789123456789"));

	for (int i = 0; x && i < 20; i++)
		x = num_mul(a, x, x);
	cr_expect(!x);
	arena_free(&a);
}
