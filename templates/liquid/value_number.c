#include <math.h>
#include <stdlib.h>

#include "liquid/value.h"

static bool digit(char c) { return c >= '0' && c <= '9'; }

/* String#to_i: white space, a sign, digits with single underscores between them. In `to`, without underscores. */
static size_t leading_digits(struct str s, char *to, size_t max)
{
	size_t i = 0, n = 0, digits = 0;

	while (i < s.n && strchr(" \t\n\v\f\r", s.p[i]) && s.p[i])
		i++;
	if (i < s.n && (s.p[i] == '-' || s.p[i] == '+')) {
		if (s.p[i] == '-')
			to[n++] = '-';
		i++;
	}
	for (; i < s.n && n < max; i++) {
		if (digit(s.p[i])) {
			to[n++] = s.p[i];
			digits++;
		} else if (!(s.p[i] == '_' && digits && i + 1 < s.n && digit(s.p[i + 1]) && s.p[i - 1] != '_')) {
			break;
		}
	}
	return digits ? n : 0;
}

/* -?digits.digits and nothing else but white space around. */
static bool is_decimal(struct str s)
{
	size_t i = 0, from;

	s = str_trim(s);
	if (i < s.n && s.p[i] == '-')
		i++;
	for (from = i; i < s.n && digit(s.p[i]);)
		i++;
	if (i == from || i >= s.n || s.p[i++] != '.')
		return false;
	for (from = i; i < s.n && digit(s.p[i]);)
		i++;
	return i > from && i == s.n;
}

const struct num *value_number(struct liquid_call *c, const struct liquid_value *v)
{
	const struct num *x = NULL;

	switch (v->type) {
	case LIQUID_INT: x = num_int(c->arena, v->i); break;
	case LIQUID_BIG: return v->big;
	case LIQUID_FLOAT: x = isfinite(v->f) ? num_double(c->arena, v->f) : NULL; break;
	case LIQUID_STR:
		if (is_decimal(text_of(v))) {
			x = num_parse(c->arena, str_trim(text_of(v)));
		} else {
			char digits[NUM_DIGITS + 2];
			size_t n = leading_digits(text_of(v), digits, sizeof digits);
			x = n ? num_parse(c->arena, str_n(digits, n)) : num_int(c->arena, 0);
		}
		break;
	default: x = num_int(c->arena, 0); break;
	}
	if (!x)
		liquid_fail(c, "number too large");
	return x;
}

int value_of_num(struct liquid_call *c, const struct num *x, struct liquid_value *out)
{
	int64_t i;

	if (!x)
		return liquid_fail(c, "number too large");
	if (x->decimal)
		*out = liquid_float(num_to_double(x));
	else if (num_to_i64(x, &i))
		*out = liquid_int(i);
	else
		*out = (struct liquid_value){.type = LIQUID_BIG, .big = x};
	return 0;
}

static int digit_of(char ch)
{
	if (digit(ch))
		return ch - '0';
	ch = (char)(ch | 0x20);
	return ch >= 'a' && ch <= 'z' ? ch - 'a' + 10 : 99;
}

static int base_of(struct str s, size_t *i)
{
	int base = 10;

	if (*i + 1 >= s.n || s.p[*i] != '0')
		return base;
	switch (s.p[*i + 1] | 0x20) {
	case 'x': base = 16; break;
	case 'b': base = 2; break;
	case 'o': base = 8; break;
	case 'd': base = 10; break;
	default: return 8; /* 0 alone: octal */
	}
	*i += 2;
	return base;
}

/* Kernel#Integer of a text. */
static bool strict_integer(struct str s, int64_t *out)
{
	bool neg = false, was_digit = false;
	__int128 v = 0;
	size_t i = 0;
	int base;

	s = str_trim(s);
	if (i < s.n && (s.p[i] == '-' || s.p[i] == '+'))
		neg = s.p[i++] == '-';
	base = base_of(s, &i);
	for (; i < s.n; i++) {
		int d = digit_of(s.p[i]);
		if (s.p[i] == '_' && was_digit) {
			was_digit = false;
			continue;
		}
		if (d >= base)
			return false;
		was_digit = true;
		if (v <= INT64_MAX)
			v = v * base + d;
	}
	v = neg ? -v : v;
	*out = v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
	return was_digit;
}

int value_integer(struct liquid_call *c, const struct liquid_value *v, int64_t *out)
{
	if (v->type == LIQUID_INT) {
		*out = v->i;
		return 0;
	}
	if (v->type == LIQUID_BIG) {
		*out = v->big->neg ? INT64_MIN : INT64_MAX;
		return 0;
	}
	if (v->type == LIQUID_STR && strict_integer(text_of(v), out))
		return 0;
	return liquid_fail(c, "invalid integer");
}

bool value_has_to_i(const struct liquid_value *v)
{
	return v->type == LIQUID_NIL || v->type == LIQUID_STR || v->type >= LIQUID_EMPTY || is_number(v);
}

int64_t value_to_i(const struct liquid_value *v)
{
	char digits[40];
	size_t n;

	switch (v->type) {
	case LIQUID_INT: return v->i;
	case LIQUID_BIG: return v->big->neg ? INT64_MIN : INT64_MAX;
	case LIQUID_FLOAT:
		if (!(fabs(v->f) < 9e18))
			return v->f > 0 ? INT64_MAX : INT64_MIN;
		return (int64_t)v->f;
	case LIQUID_STR:
		n = leading_digits(text_of(v), digits, sizeof digits - 1);
		digits[n] = 0;
		return strtoll(digits, NULL, 10);
	default: return 0;
	}
}
