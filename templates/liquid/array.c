#include "liquid/array.h"

#include <math.h>

#include "liquid/text.h"

static size_t flat_count(const struct liquid_value *v, int depth)
{
	size_t n = 0;

	if (!is_array(v) || depth > VALUE_DEPTH)
		return 1;
	for (size_t i = 0, count = value_count(v); i < count; i++) {
		struct liquid_value item;
		value_at(v, i, &item);
		n += flat_count(&item, depth + 1);
	}
	return n;
}

static void flatten(const struct liquid_value *v, struct liquid_value *to, size_t *n, int depth)
{
	if (!is_array(v) || depth > VALUE_DEPTH) {
		to[(*n)++] = *v;
		return;
	}
	for (size_t i = 0, count = value_count(v); i < count; i++) {
		struct liquid_value item;
		value_at(v, i, &item);
		flatten(&item, to, n, depth + 1);
	}
}

int array_of(struct liquid_call *c, const struct liquid_value *in, const struct liquid_value **items, size_t *n)
{
	struct liquid_value *to;
	size_t count;

	*n = 0;
	*items = NULL;
	if (in->type == LIQUID_NIL)
		return 0;
	if (in->type == LIQUID_RANGE)
		return value_items(c, in, items, n);
	count = flat_count(in, 0);
	to = arena_array(c->arena, struct liquid_value, count ? count : 1);
	if (!to)
		return fail_memory(c);
	flatten(in, to, n, 0);
	*items = to;
	return spend(c, *n);
}

static enum property of_text(const struct liquid_value *item, const struct liquid_value *key, struct liquid_value *out)
{
	struct str s = text_of(item);
	int64_t i;
	size_t at;

	*out = liquid_nil();
	if (key->type == LIQUID_STR) {
		if (str_find(s, text_of(key), 0) != SIZE_MAX)
			*out = *key;
		return PROPERTY_OK;
	}
	if (!is_number(key))
		return PROPERTY_WRONG;
	i = value_to_i(key);
	if (i < 0)
		i += (int64_t)utf8_count(s);
	if (i < 0)
		return PROPERTY_OK;
	at = utf8_offset(s, (size_t)i);
	if (at < s.n)
		*out = liquid_str(utf8_first(str_n(s.p + at, s.n - at)));
	return PROPERTY_OK;
}

enum property array_property(const struct liquid_value *item, const struct liquid_value *key, struct liquid_value *out)
{
	int64_t bit;

	*out = liquid_nil();
	switch (item->type) {
	case LIQUID_OBJECT:
		if (key->type != LIQUID_STR || !value_member(item, text_of(key), out))
			*out = liquid_nil();
		return PROPERTY_OK;
	case LIQUID_STR: return of_text(item, key, out);
	case LIQUID_INT:
		if (!is_number(key))
			return PROPERTY_WRONG;
		bit = value_to_i(key);
		*out = liquid_int(bit < 0 ? 0 : bit > 62 ? item->i < 0 : item->i >> bit & 1);
		return PROPERTY_OK;
	case LIQUID_BIG: return is_number(key) ? PROPERTY_OK : PROPERTY_WRONG;
	default: return PROPERTY_NONE;
	}
}

int fail_property(struct liquid_call *c, const struct liquid_value *key)
{
	struct str s;

	if (value_text(c, key, &s))
		return -1;
	c->quiet = key->type == LIQUID_NIL;
	return liquid_fail(c, "cannot select the property '%.*s'", (int)(s.n > 80 ? 80 : s.n), s.p);
}
