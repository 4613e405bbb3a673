/* Filters that pick elements by a property, or tell whether and where there is one. */
#include "liquid/array.h"
#include "liquid/filters.h"

struct selection {
	struct liquid_call *c;
	const struct liquid_value *items, *key, *target; /* target NULL: any true value */
	size_t n;
	bool none; /* an element has no properties: the result is nil */
};

static int select_begin(struct selection *s, struct liquid_call *c, const struct liquid_value *in,
			const struct liquid_value *args, size_t n)
{
	*s = (struct selection){.c = c, .key = &args[0]};
	if (n > 1 && args[1].type != LIQUID_NIL)
		s->target = &args[1];
	return array_of(c, in, &s->items, &s->n);
}

/* 1: picked. -1: failed or none. */
static int picked(struct selection *s, size_t i)
{
	struct liquid_value v;

	switch (array_property(&s->items[i], s->key, &v)) {
	case PROPERTY_NONE: s->none = true; return -1;
	case PROPERTY_WRONG: return fail_property(s->c, s->key);
	default: return s->target ? value_equal(&v, s->target) : truthy(&v);
	}
}

static int filtered(struct liquid_call *c, const struct liquid_value *in, const struct liquid_value *args, size_t n,
		    bool keep, struct liquid_value *out)
{
	struct selection s;
	struct liquid_value *to;
	size_t kept = 0;

	if (select_begin(&s, c, in, args, n))
		return -1;
	to = arena_array(c->arena, struct liquid_value, s.n + 1);
	if (!to)
		return fail_memory(c);
	for (size_t i = 0; i < s.n; i++) {
		int r = picked(&s, i);
		if (r < 0) {
			*out = liquid_nil();
			return s.none ? 0 : -1;
		}
		if (r == keep)
			to[kept++] = s.items[i];
	}
	*out = value_list(to, kept);
	return 0;
}

FILTER(filter_where) { return filtered(c, &in, args, n, true, out); }
FILTER(filter_reject) { return filtered(c, &in, args, n, false, out); }

/* The first picked: its index, s.n for none. */
static int search(struct selection *s, size_t *at)
{
	for (*at = 0; *at < s->n; ++*at) {
		int r = picked(s, *at);
		if (r)
			return r < 0 ? -1 : 0;
	}
	return 0;
}

FILTER(filter_has)
{
	struct selection s;
	size_t at;

	*out = liquid_nil();
	if (select_begin(&s, c, &in, args, n))
		return -1;
	if (search(&s, &at))
		return s.none ? 0 : -1;
	*out = liquid_bool(at < s.n);
	return 0;
}

FILTER(filter_find_first)
{
	struct selection s;
	size_t at;

	*out = liquid_nil();
	if (select_begin(&s, c, &in, args, n))
		return -1;
	if (search(&s, &at))
		return s.none ? 0 : -1;
	if (at < s.n)
		*out = s.items[at];
	return 0;
}

FILTER(filter_find_index)
{
	struct selection s;
	size_t at;

	*out = liquid_nil();
	if (select_begin(&s, c, &in, args, n))
		return -1;
	if (search(&s, &at))
		return s.none ? 0 : -1;
	if (at < s.n)
		*out = liquid_int((int64_t)at);
	return 0;
}

/* The elements with what each is judged by: itself or, when there are at least so many, a property. 1: the result is
 * nil. */
static int judged(struct liquid_call *c, const struct liquid_value *in, const struct liquid_value *args, size_t n,
		  size_t least, struct selection *s, struct liquid_value **keys)
{
	const struct liquid_value *key = n && args[0].type != LIQUID_NIL ? &args[0] : NULL;

	*s = (struct selection){.c = c};
	if (array_of(c, in, &s->items, &s->n))
		return -1;
	*keys = arena_array(c->arena, struct liquid_value, s->n + 1);
	if (!*keys)
		return fail_memory(c);
	for (size_t i = 0; i < s->n; i++) {
		(*keys)[i] = s->items[i];
		switch (key && s->n >= least ? array_property(&s->items[i], key, &(*keys)[i]) : PROPERTY_OK) {
		case PROPERTY_NONE: return 1;
		case PROPERTY_WRONG: return fail_property(c, key);
		default: break;
		}
	}
	return 0;
}

FILTER(filter_compact)
{
	struct selection s;
	struct liquid_value *keys;
	size_t kept = 0;
	int r = judged(c, &in, args, n, 1, &s, &keys);

	*out = liquid_nil();
	if (r)
		return r < 0 ? -1 : 0;
	for (size_t i = 0; i < s.n; i++)
		if (keys[i].type != LIQUID_NIL)
			keys[kept++] = s.items[i];
	*out = value_list(keys, kept);
	return 0;
}

FILTER(filter_uniq)
{
	struct selection s;
	struct liquid_value *keys, *to;
	size_t kept = 0;
	int r = judged(c, &in, args, n, 2, &s, &keys);

	*out = liquid_nil();
	if (r)
		return r < 0 ? -1 : 0;
	to = arena_array(c->arena, struct liquid_value, s.n + 1);
	if (!to)
		return fail_memory(c);
	for (size_t i = 0; i < s.n; i++) {
		size_t k = 0;
		while (k < kept && !value_same(&keys[k], &keys[i]))
			k++;
		if (spend(c, k / 8))
			return -1;
		if (k < kept)
			continue;
		keys[kept] = keys[i];
		to[kept++] = s.items[i];
	}
	*out = value_list(to, kept);
	return 0;
}
