#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "liquid/value.h"

size_t int_text(int64_t v, char to[24])
{
	char tmp[24];
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	size_t n = 0, k = 0;

	do {
		tmp[n++] = (char)('0' + u % 10);
		u /= 10;
	} while (u);
	if (v < 0)
		to[k++] = '-';
	while (n)
		to[k++] = tmp[--n];
	return k;
}

/* Ruby's Float#to_s: the shortest digits that read back; an exponent below 1e-4 and, for whole numbers, from
 * 1e15. */
size_t float_text(double f, char to[40])
{
	char digits[32];
	size_t n = 0, k = 0;
	const char *c;
	int exp;

	if (!isfinite(f))
		return (size_t)snprintf(to, 40, "%s", isnan(f) ? "NaN" : f < 0 ? "-Infinity" : "Infinity");
	for (int p = 14; p <= 16; p++) {
		snprintf(digits, sizeof digits, "%.*e", p, fabs(f));
		if (strtod(digits, NULL) == fabs(f))
			break;
	}
	c = strchr(digits, 'e');
	exp = (int)strtol(c + 1, NULL, 10);
	for (const char *d = digits; d < c; d++)
		if (*d != '.')
			digits[n++] = *d;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	if (signbit(f))
		to[k++] = '-';
	if (exp < -4 || (exp >= 15 && (int)n <= exp + 1)) {
		k += (size_t)snprintf(to + k, 40 - k, "%c.%.*se%c%02d", digits[0], n > 1 ? (int)n - 1 : 1,
				      n > 1 ? digits + 1 : "0", exp < 0 ? '-' : '+', abs(exp));
		return k;
	}
	if (exp < 0) {
		k += (size_t)snprintf(to + k, 40 - k, "0.%.*s%.*s", -exp - 1, "0000", (int)n, digits);
		return k;
	}
	for (int i = 0; i <= exp; i++)
		to[k++] = i < (int)n ? digits[i] : '0';
	to[k++] = '.';
	if ((int)n <= exp + 1)
		to[k++] = '0';
	for (int i = exp + 1; i < (int)n; i++)
		to[k++] = digits[i];
	return k;
}

static void big_text(struct buf *out, const struct num *x)
{
	char *p = buf_room(out, (size_t)x->n * 9 + x->scale + 16);

	if (p)
		out->n += num_text(x, p);
}

static void inspect_text(struct buf *out, struct str s)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < s.n;) {
		size_t from = i;
		uint32_t cp = str_next(s, &i);
		const char *known = cp && cp < 0x20 ? strchr("\n\t\r\v\f\b\a\033", (int)cp) : NULL;
		bool hash = cp == '#' && i < s.n && strchr("{$@", s.p[i]);

		if (known)
			buf_addf(out, "\\%c", "ntrvfbae"[known - strchr("\n\t\r\v\f\b\a\033", '\n')]);
		else if (cp == '"' || cp == '\\' || hash)
			buf_addf(out, "\\%c", (char)cp);
		else if (cp < 0x20 || cp == 0x7f || (cp >= 0x80 && cp < 0xa0))
			buf_addf(out, "\\u%04X", (unsigned)cp);
		else
			buf_add(out, s.p + from, i - from);
	}
	buf_addc(out, '"');
}

static void inspect_members(struct buf *out, const struct liquid_value *v, int depth)
{
	void *at = NULL;
	struct str key;
	struct liquid_value member;

	buf_addc(out, '{');
	for (bool more = false; v->ops->next && v->ops->next(v->self, &at, &key, &member); more = true) {
		if (more)
			buf_adds(out, ", ");
		inspect_text(out, key);
		buf_adds(out, "=>");
		value_inspect(out, &member, depth + 1);
	}
	buf_addc(out, '}');
}

/* Numbers, words, ranges, objects: what to_s and inspect have in common. */
static void plain(struct buf *out, const struct liquid_value *v, int depth)
{
	char tmp[40];

	switch (v->type) {
	case LIQUID_FALSE: buf_adds(out, "false"); break;
	case LIQUID_TRUE: buf_adds(out, "true"); break;
	case LIQUID_INT: buf_add(out, tmp, int_text(v->i, tmp)); break;
	case LIQUID_FLOAT: buf_add(out, tmp, float_text(v->f, tmp)); break;
	case LIQUID_BIG: big_text(out, v->big); break;
	case LIQUID_STR: buf_add(out, v->s, v->n); break;
	case LIQUID_RANGE:
		buf_add(out, tmp, int_text(v->i, tmp));
		buf_adds(out, "..");
		buf_add(out, tmp, int_text(v->last, tmp));
		break;
	case LIQUID_OBJECT:
		if (v->ops->name)
			buf_adds(out, v->ops->name);
		else
			inspect_members(out, v, depth);
		break;
	default: break;
	}
}

void value_inspect(struct buf *out, const struct liquid_value *v, int depth)
{
	if (depth > VALUE_DEPTH) {
		buf_adds(out, "...");
	} else if (v->type == LIQUID_NIL) {
		buf_adds(out, "nil");
	} else if (v->type == LIQUID_STR) {
		inspect_text(out, text_of(v));
	} else if (is_array(v)) {
		buf_addc(out, '[');
		for (size_t i = 0, n = value_count(v); i < n && !out->failed; i++) {
			struct liquid_value item;
			value_at(v, i, &item);
			if (i)
				buf_adds(out, ", ");
			value_inspect(out, &item, depth + 1);
		}
		buf_addc(out, ']');
	} else {
		plain(out, v, depth);
	}
}

int value_write(struct liquid_call *c, struct buf *out, const struct liquid_value *v, int depth)
{
	size_t n;

	if (!is_array(v)) {
		plain(out, v, 0);
		return 0;
	}
	n = value_count(v);
	if (spend(c, n) || depth > VALUE_DEPTH)
		return fail_steps(c);
	for (size_t i = 0; i < n; i++) {
		struct liquid_value item;
		value_at(v, i, &item);
		if (value_write(c, out, &item, depth + 1))
			return -1;
	}
	return 0;
}

int value_text(struct liquid_call *c, const struct liquid_value *v, struct str *out)
{
	if (v->type == LIQUID_STR) {
		*out = text_of(v);
		return 0;
	}
	if (v->type == LIQUID_NIL || v->type >= LIQUID_EMPTY) {
		*out = STR("");
		return 0;
	}
	buf_reset(&c->scratch);
	if (is_array(v))
		value_inspect(&c->scratch, v, 0);
	else
		plain(&c->scratch, v, 0);
	*out = arena_str(c->arena, buf_str(&c->scratch));
	return c->scratch.failed || !out->p || spend(c, out->n / 32) ? fail_memory(c) : 0;
}
