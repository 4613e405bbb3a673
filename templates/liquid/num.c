#include "liquid/num.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BASE = 1000000000, ENOUGH = 40 /* digits of a quotient, well beyond a double's 17 */ };

static struct num *make(struct arena *a, size_t limbs)
{
	return limbs > NUM_LIMBS ? NULL : arena_alloc(a, sizeof(struct num) + (limbs ? limbs : 1) * sizeof(uint32_t));
}

static struct num *trimmed(struct num *x)
{
	while (x->n && x->limb[x->n - 1] == 0)
		x->n--;
	if (x->n == 0 && !x->decimal)
		x->neg = false;
	return x;
}

const struct num *num_int(struct arena *a, int64_t v)
{
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	struct num *x = make(a, 3);

	if (!x)
		return NULL;
	x->neg = v < 0;
	for (; u; u /= BASE)
		x->limb[x->n++] = (uint32_t)(u % BASE);
	return x;
}

/* Digits, without sign; a point is left out and counted. */
static struct num *from_digits(struct arena *a, struct str t)
{
	struct num *x = make(a, t.n / 9 + 1);
	uint32_t place = 1, limb = 0;
	size_t after = 0;

	if (!x)
		return NULL;
	for (size_t i = t.n; i-- > 0;) {
		if (t.p[i] == '.') {
			x->decimal = true;
			x->scale = (uint32_t)after;
			continue;
		}
		after++;
		limb += (uint32_t)(t.p[i] - '0') * place;
		place *= 10;
		if (place == BASE) {
			x->limb[x->n++] = limb;
			limb = 0;
			place = 1;
		}
	}
	if (limb)
		x->limb[x->n++] = limb;
	return trimmed(x);
}

const struct num *num_parse(struct arena *a, struct str t)
{
	bool neg = t.n && t.p[0] == '-';
	struct num *x = from_digits(a, str_n(t.p + neg, t.n - neg));

	if (x && (x->n || x->decimal))
		x->neg = neg;
	return x;
}

/* x * 10^k, k ≥ 0, as a number of the same value when `scale` says so. */
static struct num *shifted(struct arena *a, const struct num *x, size_t k)
{
	size_t whole = k / 9;
	uint32_t by = 1;
	uint64_t carry = 0;
	struct num *y = make(a, x->n + whole + 1);

	if (!y)
		return NULL;
	for (size_t i = k % 9; i; i--)
		by *= 10;
	*y = (struct num){.neg = x->neg, .decimal = x->decimal, .scale = x->scale};
	y->n = x->n ? x->n + (uint32_t)whole + 1 : 0;
	for (uint32_t i = 0; i < x->n; i++) {
		carry += (uint64_t)x->limb[i] * by;
		y->limb[i + whole] = (uint32_t)(carry % BASE);
		carry /= BASE;
	}
	if (y->n)
		y->limb[y->n - 1] = (uint32_t)carry;
	return trimmed(y);
}

const struct num *num_double(struct arena *a, double f)
{
	char text[32], digits[32];
	size_t n = 0, after = 0;
	const char *e;
	bool point = false;
	struct num *x;
	long exp;

	for (int p = 15; p <= 17; p++) {
		snprintf(text, sizeof text, "%.*e", p - 1, f < 0 ? -f : f);
		if (strtod(text, NULL) == (f < 0 ? -f : f))
			break;
	}
	e = strchr(text, 'e');
	if (!e)
		return NULL; /* not finite */
	exp = strtol(e + 1, NULL, 10);
	for (const char *c = text; c < e; c++) {
		if (*c == '.') {
			point = true;
			continue;
		}
		after += point;
		digits[n++] = *c;
	}
	while (after && digits[n - 1] == '0') {
		n--;
		after--;
	}
	exp -= (long)after;
	x = from_digits(a, str_n(digits, n));
	if (x && exp > 0)
		x = shifted(a, x, (size_t)exp);
	if (!x)
		return NULL;
	x->scale = exp < 0 ? (uint32_t)-exp : 0;
	x->decimal = true;
	x->neg = signbit(f);
	return x;
}

static int cmp_limbs(const struct num *x, const struct num *y)
{
	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	for (uint32_t i = x->n; i-- > 0;)
		if (x->limb[i] != y->limb[i])
			return x->limb[i] < y->limb[i] ? -1 : 1;
	return 0;
}

/* Both with the same scale. */
static int align(struct arena *a, const struct num **x, const struct num **y)
{
	const struct num **less = (*x)->scale < (*y)->scale ? x : y;
	uint32_t scale = (*x)->scale < (*y)->scale ? (*y)->scale : (*x)->scale;
	struct num *s;

	if ((*x)->scale == (*y)->scale)
		return 0;
	s = shifted(a, *less, scale - (*less)->scale);
	if (!s)
		return -1;
	s->scale = scale;
	*less = s;
	return 0;
}

const struct num *num_add(struct arena *a, const struct num *x, const struct num *y, bool minus)
{
	bool y_neg = y->neg != minus, same;
	int64_t carry = 0;
	struct num *z;

	if (align(a, &x, &y) || !(z = make(a, (x->n > y->n ? x->n : y->n) + 1)))
		return NULL;
	same = x->neg == y_neg;
	z->neg = x->neg;
	if (!same && cmp_limbs(x, y) < 0) {
		const struct num *t = x;
		z->neg = y_neg;
		x = y;
		y = t;
	}
	z->decimal = x->decimal || y->decimal;
	z->scale = x->scale;
	z->n = (x->n > y->n ? x->n : y->n) + 1;
	for (uint32_t i = 0; i < z->n; i++) {
		int64_t u = i < x->n ? x->limb[i] : 0, v = i < y->n ? y->limb[i] : 0;
		carry += same ? u + v : u - v;
		z->limb[i] = (uint32_t)((carry + BASE) % BASE);
		carry = carry < 0 ? -1 : carry / BASE;
	}
	trimmed(z)->neg &= z->n > 0;
	return z;
}

const struct num *num_mul(struct arena *a, const struct num *x, const struct num *y)
{
	struct num *z = make(a, (size_t)x->n + y->n);

	if (!z)
		return NULL;
	z->neg = x->neg != y->neg;
	z->decimal = x->decimal || y->decimal;
	z->scale = x->scale + y->scale;
	if (z->scale > NUM_DIGITS)
		return NULL;
	z->n = x->n + y->n;
	for (uint32_t i = 0; i < x->n; i++) {
		uint64_t carry = 0;
		for (uint32_t k = 0; k < y->n; k++) {
			carry += (uint64_t)x->limb[i] * y->limb[k] + z->limb[i + k];
			z->limb[i + k] = (uint32_t)(carry % BASE);
			carry /= BASE;
		}
		z->limb[i + y->n] = (uint32_t)carry;
	}
	return trimmed(z);
}

/* How often y (with one limb) goes into the remainder's top: Knuth's algorithm D, base 10^9 (TAOCP 4.3.1). */
static void divide_short(const struct num *x, uint32_t y, struct num *q, struct num *r)
{
	uint64_t rest = 0;

	for (uint32_t i = x->n; i-- > 0;) {
		rest = rest * BASE + x->limb[i];
		q->limb[i] = (uint32_t)(rest / y);
		rest %= y;
	}
	q->n = x->n;
	r->limb[0] = (uint32_t)rest;
	r->n = 1;
}

static void scale_limbs(const struct num *x, uint32_t by, struct num *to, uint32_t n)
{
	uint64_t carry = 0;

	for (uint32_t i = 0; i < n; i++) {
		carry += (uint64_t)(i < x->n ? x->limb[i] : 0) * by;
		to->limb[i] = (uint32_t)(carry % BASE);
		carry /= BASE;
	}
	to->n = n;
}

/* One digit of the quotient: subtracts it times v from u at place j. */
static uint32_t one_digit(struct num *u, const struct num *v, uint32_t j)
{
	uint32_t n = v->n;
	uint64_t top = (uint64_t)u->limb[j + n] * BASE + u->limb[j + n - 1];
	uint64_t q = top / v->limb[n - 1], rest = top % v->limb[n - 1];
	int64_t borrow = 0;

	while (q >= BASE || q * v->limb[n - 2] > rest * BASE + u->limb[j + n - 2]) {
		q--;
		rest += v->limb[n - 1];
		if (rest >= BASE)
			break;
	}
	for (uint32_t i = 0; i <= n; i++) {
		int64_t t = (int64_t)u->limb[i + j] - borrow - (int64_t)(i < n ? q * v->limb[i] % BASE : 0);
		borrow = (int64_t)(i < n ? q * v->limb[i] / BASE : 0);
		while (t < 0) {
			t += BASE;
			borrow++;
		}
		u->limb[i + j] = (uint32_t)t;
	}
	if (borrow) { /* one too many: add back */
		uint32_t carry = 0;
		q--;
		for (uint32_t i = 0; i <= n; i++) {
			uint32_t t = u->limb[i + j] + (i < n ? v->limb[i] : 0) + carry;
			carry = t >= BASE;
			u->limb[i + j] = carry ? t - BASE : t;
		}
	}
	return (uint32_t)q;
}

/* Magnitudes: x = q*y + r, 0 ≤ r < y. Signs and scales are the caller's. */
static int divide(struct arena *a, const struct num *x, const struct num *y, struct num **q, struct num **r)
{
	struct num *v = make(a, y->n), *u = make(a, x->n + 1);
	uint32_t by;

	*q = make(a, x->n + 1);
	*r = u;
	if (!v || !u || !*q)
		return -1;
	if (cmp_limbs(x, y) < 0) {
		memcpy(u->limb, x->limb, x->n * sizeof *x->limb);
		u->n = x->n;
		return 0;
	}
	if (y->n == 1) {
		divide_short(x, y->limb[0], *q, *r);
		trimmed(*q);
		trimmed(*r);
		return 0;
	}
	by = BASE / (y->limb[y->n - 1] + 1);
	scale_limbs(y, by, v, y->n);
	scale_limbs(x, by, u, x->n + 1);
	(*q)->n = x->n - y->n + 1;
	for (uint32_t j = (*q)->n; j-- > 0;)
		(*q)->limb[j] = one_digit(u, v, j);
	trimmed(*q);
	u->n = y->n;
	trimmed(u);
	if (by > 1) {
		struct num *rest = make(a, u->n), *none = make(a, 1);
		if (!rest || !none)
			return -1;
		divide_short(u, by, rest, none);
		*r = trimmed(rest);
	}
	return 0;
}

static const struct num one_below = {.neg = true, .n = 1, .limb = {1}};

/* Integers (of one scale): the quotient rounded down. */
static struct num *quotient(struct arena *a, const struct num *x, const struct num *y, struct num **rest)
{
	struct num *q;

	if (divide(a, x, y, &q, rest))
		return NULL;
	q->neg = q->n && x->neg != y->neg;
	if (x->neg == y->neg || num_zero(*rest))
		return q;
	return (struct num *)num_add(a, q, &one_below, false);
}

const struct num *num_div(struct arena *a, const struct num *x, const struct num *y)
{
	struct num *q, *r, *up;
	size_t more;

	if (!x->decimal && !y->decimal)
		return quotient(a, x, y, &r);
	more = (size_t)y->n * 9 + ENOUGH + y->scale;
	up = shifted(a, x, more);
	if (!up || divide(a, up, y, &q, &r))
		return NULL;
	if (x->scale + more < y->scale)
		return NULL;
	q->neg = x->neg != y->neg;
	q->decimal = true;
	q->scale = (uint32_t)(x->scale + more - y->scale);
	return q;
}

const struct num *num_mod(struct arena *a, const struct num *x, const struct num *y)
{
	bool decimal = x->decimal || y->decimal;
	struct num *q, *r;

	if (align(a, &x, &y) || divide(a, x, y, &q, &r))
		return NULL;
	r->neg = r->n && x->neg;
	r->scale = x->scale;
	if (r->n && x->neg != y->neg)
		r = (struct num *)num_add(a, r, y, false);
	if (r)
		r->decimal = decimal;
	return r;
}

const struct num *num_neg(struct arena *a, const struct num *x)
{
	struct num *y = make(a, x->n);

	if (!y)
		return NULL;
	memcpy(y, x, sizeof *x + x->n * sizeof *x->limb);
	y->neg = x->n && !x->neg;
	return y;
}

const struct num *num_round(struct arena *a, const struct num *x, int digits, enum num_rounding how)
{
	static const struct num unit = {.n = 1, .limb = {1}};
	struct num *by, *q, *r, *z;
	int64_t drop = (int64_t)x->scale - digits;
	bool up;

	if (drop <= 0 || (digits < 0 && !x->decimal && -digits > NUM_DIGITS)) {
		z = make(a, x->n);
		if (z && drop <= 0)
			memcpy(z, x, sizeof *x + x->n * sizeof *x->limb);
		if (z)
			z->decimal = digits > 0;
		return z;
	}
	by = drop > NUM_DIGITS ? NULL : shifted(a, &unit, (size_t)drop);
	if (!by || divide(a, x, by, &q, &r))
		return drop > NUM_DIGITS ? num_int(a, 0) : NULL;
	if (how == NUM_HALF_UP) {
		const struct num *twice = num_add(a, r, r, false);
		if (!twice)
			return NULL;
		up = cmp_limbs(twice, by) >= 0;
	} else {
		up = !num_zero(r) && x->neg == (how == NUM_FLOOR);
	}
	if (up && !(q = (struct num *)num_add(a, q, &unit, false)))
		return NULL;
	q->neg = x->neg && (q->n || digits > 0);
	if (digits < 0 && !(q = shifted(a, q, (size_t)-digits)))
		return NULL;
	q->scale = digits > 0 ? (uint32_t)digits : 0;
	q->decimal = digits > 0;
	return q;
}

int num_cmp(struct arena *a, const struct num *x, const struct num *y, bool *failed)
{
	int c;

	if (align(a, &x, &y)) {
		*failed = true;
		return 0;
	}
	if (x->n == 0 && y->n == 0) /* zero has a sign, but no order by it */
		return 0;
	if (x->neg != y->neg)
		return x->neg ? -1 : 1;
	c = cmp_limbs(x, y);
	return x->neg ? -c : c;
}

bool num_to_i64(const struct num *x, int64_t *out)
{
	__int128 v = 0;

	if (x->scale || x->n > 3)
		return false;
	for (uint32_t i = x->n; i-- > 0;)
		v = v * BASE + x->limb[i];
	if (x->neg)
		v = -v;
	if (v < INT64_MIN || v > INT64_MAX)
		return false;
	*out = (int64_t)v;
	return true;
}

size_t num_text(const struct num *x, char *to)
{
	char *p = to;
	size_t digits;

	if (x->neg)
		*p++ = '-';
	for (uint32_t i = x->n; i-- > 0;)
		p += snprintf(p, 11, i + 1 == x->n ? "%u" : "%09u", (unsigned)x->limb[i]);
	if (x->scale == 0) {
		if (x->n == 0)
			*p++ = '0';
		return (size_t)(p - to);
	}
	digits = (size_t)(p - to) - x->neg;
	if (digits <= x->scale) { /* 0.00123 */
		size_t zeros = x->scale + 1 - digits;
		memmove(to + x->neg + zeros, to + x->neg, digits);
		memset(to + x->neg, '0', zeros);
		p += zeros;
	}
	memmove(p - x->scale + 1, p - x->scale, x->scale);
	p[-(ptrdiff_t)x->scale] = '.';
	return (size_t)(p - to) + 1;
}

double num_to_double(const struct num *x)
{
	char text[NUM_LIMBS * 9 + 2 * NUM_DIGITS + 80];
	size_t n;

	if (x->n * 9 + x->scale + 4 > sizeof text)
		return 0;
	n = num_text(x, text);
	text[n] = 0;
	return strtod(text, NULL);
}
