#include "liquid/array.h"
#include "liquid/filters.h"
#include "liquid/text.h"

FILTER(filter_join)
{
	const struct liquid_value *items;
	struct str glue = STR(" "), s;
	struct buf b;
	size_t count;
	int r = 0;

	if ((n && value_text(c, &args[0], &glue)) || array_of(c, &in, &items, &count))
		return -1;
	buf_init(&b, c->scratch.max);
	for (size_t i = 0; i < count && r == 0; i++) {
		if (i)
			buf_addstr(&b, glue);
		r = value_text(c, &items[i], &s);
		if (r == 0)
			buf_addstr(&b, s);
	}
	if (r == 0) {
		struct str text = b.failed ? (struct str){NULL, 0} : arena_str(c->arena, buf_str(&b));
		*out = liquid_str(text);
		r = text.p ? spend(c, text.n / 32) : fail_memory(c);
	}
	buf_free(&b);
	return r;
}

FILTER(filter_first)
{
	size_t count = value_count(&in);

	(void)args;
	(void)n;
	*out = liquid_nil();
	if (in.type == LIQUID_STR) {
		*out = liquid_str(utf8_first(text_of(&in)));
	} else if (in.type == LIQUID_OBJECT) {
		const struct liquid_value *items;
		if (value_items(c, &in, &items, &count))
			return -1;
		if (count)
			*out = items[0];
	} else if (count) {
		value_at(&in, 0, out);
	}
	return 0;
}

FILTER(filter_last)
{
	size_t count = value_count(&in);

	(void)c;
	(void)args;
	(void)n;
	*out = liquid_nil();
	if (in.type == LIQUID_STR)
		*out = liquid_str(utf8_last(text_of(&in)));
	else if (in.type != LIQUID_OBJECT && count)
		value_at(&in, count - 1, out);
	return 0;
}

FILTER(filter_concat)
{
	const struct liquid_value *items;
	struct liquid_value *to;
	size_t count, more = value_count(&args[0]);

	(void)n;
	if (!is_array(&args[0]))
		return liquid_fail(c, "concat filter requires an array argument");
	if (array_of(c, &in, &items, &count) || spend(c, more))
		return -1;
	to = arena_array(c->arena, struct liquid_value, count + more + 1);
	if (!to)
		return fail_memory(c);
	if (count)
		memcpy(to, items, count * sizeof *to);
	for (size_t i = 0; i < more; i++)
		value_at(&args[0], i, &to[count + i]);
	*out = value_list(to, count + more);
	return 0;
}

FILTER(filter_reverse)
{
	const struct liquid_value *items;
	struct liquid_value *to;
	size_t count;

	(void)args;
	(void)n;
	if (array_of(c, &in, &items, &count))
		return -1;
	to = arena_array(c->arena, struct liquid_value, count + 1);
	if (!to)
		return fail_memory(c);
	for (size_t i = 0; i < count; i++)
		to[i] = items[count - 1 - i];
	*out = value_list(to, count);
	return 0;
}

FILTER(filter_map)
{
	const struct liquid_value *items;
	struct liquid_value *to;
	size_t count;

	(void)n;
	if (array_of(c, &in, &items, &count))
		return -1;
	to = arena_array(c->arena, struct liquid_value, count + 1);
	if (!to)
		return fail_memory(c);
	for (size_t i = 0; i < count; i++)
		if (array_property(&items[i], &args[0], &to[i]) == PROPERTY_WRONG)
			return fail_property(c, &args[0]);
	*out = value_list(to, count);
	return 0;
}

FILTER(filter_sum)
{
	const struct liquid_value *items;
	struct liquid_value *values, list;
	const struct num *total = num_int(c->arena, 0), *x;
	size_t count;

	if (array_of(c, &in, &items, &count))
		return -1;
	values = arena_array(c->arena, struct liquid_value, count + 1);
	if (!values || !total)
		return fail_memory(c);
	for (size_t i = 0; i < count; i++) {
		enum property p = PROPERTY_OK;
		values[i] = items[i];
		if (n && args[0].type != LIQUID_NIL)
			p = array_property(&items[i], &args[0], &values[i]);
		if (p == PROPERTY_WRONG)
			return fail_property(c, &args[0]);
	}
	list = value_list(values, count);
	if (array_of(c, &list, &items, &count))
		return -1;
	for (size_t i = 0; i < count; i++) {
		x = value_number(c, &items[i]);
		total = x ? num_add(c->arena, total, x, false) : NULL;
		if (!total)
			return liquid_fail(c, "number too large");
	}
	return value_of_num(c, total, out);
}

/* ---- sort: stable, merging */

struct sorting {
	struct liquid_call *c;
	int (*compare)(struct sorting *s, const struct liquid_value *a, const struct liquid_value *b);
	bool failed;
};

struct keyed {
	struct liquid_value key, item;
};

static int by_value(struct sorting *s, const struct liquid_value *a, const struct liquid_value *b)
{
	int order;

	if (value_order(s->c, a, b, &order))
		return order;
	if (a->type == LIQUID_NIL || b->type == LIQUID_NIL)
		return a->type == LIQUID_NIL ? 1 : -1;
	s->failed = true;
	liquid_fail(s->c, "cannot sort values of incompatible types");
	return 0;
}

static int without_case(struct sorting *s, const struct liquid_value *a, const struct liquid_value *b)
{
	struct str x, y;

	if (a->type == LIQUID_NIL || b->type == LIQUID_NIL)
		return (a->type == LIQUID_NIL) - (b->type == LIQUID_NIL);
	if (value_text(s->c, a, &x) || value_text(s->c, b, &y)) {
		s->failed = true;
		return 0;
	}
	for (size_t i = 0; i < x.n && i < y.n; i++) {
		uint8_t p = (uint8_t)x.p[i], q = (uint8_t)y.p[i];
		p = p >= 'A' && p <= 'Z' ? p | 0x20 : p;
		q = q >= 'A' && q <= 'Z' ? q | 0x20 : q;
		if (p != q)
			return p < q ? -1 : 1;
	}
	return (x.n > y.n) - (x.n < y.n);
}

static void merge_sort(struct sorting *s, struct keyed *v, struct keyed *tmp, size_t n)
{
	size_t half = n / 2, i = 0, k = half, to = 0;

	if (n < 2 || s->failed)
		return;
	merge_sort(s, v, tmp, half);
	merge_sort(s, v + half, tmp, n - half);
	while (i < half && k < n && !s->failed)
		tmp[to++] = s->compare(s, &v[i].key, &v[k].key) <= 0 ? v[i++] : v[k++];
	memcpy(tmp + to, v + i, (half - i) * sizeof *v);
	to += half - i;
	memcpy(v, tmp, to * sizeof *v);
	if (spend(s->c, n / 4))
		s->failed = true;
}

static int sorted(struct sorting *s, const struct liquid_value *in, const struct liquid_value *property,
		  struct liquid_value *out)
{
	const struct liquid_value *items;
	struct liquid_value *to;
	struct keyed *v, *tmp;
	size_t n;

	if (array_of(s->c, in, &items, &n))
		return -1;
	v = arena_array(s->c->arena, struct keyed, n + 1);
	tmp = arena_array(s->c->arena, struct keyed, n + 1);
	to = arena_array(s->c->arena, struct liquid_value, n + 1);
	if (!v || !tmp || !to)
		return fail_memory(s->c);
	for (size_t i = 0; i < n; i++) {
		v[i] = (struct keyed){items[i], items[i]};
		if (property && array_property(&items[i], property, &v[i].key) == PROPERTY_NONE) {
			*out = liquid_nil();
			return 0;
		}
	}
	for (size_t i = 0; property && n > 1 && i < n; i++)
		if (array_property(&items[i], property, &v[i].key) == PROPERTY_WRONG)
			return fail_property(s->c, property);
	merge_sort(s, v, tmp, n);
	if (s->failed)
		return -1;
	for (size_t i = 0; i < n; i++)
		to[i] = v[i].item;
	*out = value_list(to, n);
	return 0;
}

FILTER(filter_sort)
{
	struct sorting s = {.c = c, .compare = by_value};
	return sorted(&s, &in, n && args[0].type != LIQUID_NIL ? &args[0] : NULL, out);
}

FILTER(filter_sort_natural)
{
	struct sorting s = {.c = c, .compare = without_case};
	return sorted(&s, &in, n && args[0].type != LIQUID_NIL ? &args[0] : NULL, out);
}
