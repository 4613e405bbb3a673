#include "liquid/value.h"

#include <stdlib.h>

struct liquid_value value_list(const struct liquid_value *items, size_t n)
{
	return (struct liquid_value){.type = LIQUID_LIST, .list = items, .n = n};
}

size_t value_count(const struct liquid_value *v)
{
	switch (v->type) {
	case LIQUID_LIST: return v->n;
	case LIQUID_ARRAY:
	case LIQUID_OBJECT: return v->ops->count ? v->ops->count(v->self) : 0;
	case LIQUID_RANGE: return v->last < v->i ? 0 : (size_t)((uint64_t)v->last - (uint64_t)v->i) + 1;
	default: return 0;
	}
}

void value_at(const struct liquid_value *v, size_t i, struct liquid_value *out)
{
	if (v->type == LIQUID_LIST)
		*out = v->list[i];
	else if (v->type == LIQUID_RANGE)
		*out = liquid_int((int64_t)((uint64_t)v->i + i));
	else
		v->ops->element(v->self, i, out);
}

bool value_member(const struct liquid_value *object, struct str key, struct liquid_value *out)
{
	return object->ops->get && object->ops->get(object->self, key, out);
}

static bool equal_objects(const struct liquid_value *a, const struct liquid_value *b, int depth);

static bool equal(const struct liquid_value *a, const struct liquid_value *b, bool same, int depth)
{
	if (depth > VALUE_DEPTH)
		return false;
	if (is_array(a) && is_array(b)) {
		size_t n = value_count(a);
		if (n != value_count(b))
			return false;
		for (size_t i = 0; i < n; i++) {
			struct liquid_value x, y;
			value_at(a, i, &x);
			value_at(b, i, &y);
			if (!equal(&x, &y, same, depth + 1))
				return false;
		}
		return true;
	}
	if (a->type != b->type) {
		if (same || !is_number(a) || !is_number(b) || a->type == LIQUID_BIG || b->type == LIQUID_BIG)
			return false;
		return a->type == LIQUID_INT ? (double)a->i == b->f : a->f == (double)b->i;
	}
	switch (a->type) {
	case LIQUID_INT: return a->i == b->i;
	case LIQUID_FLOAT: return a->f == b->f;
	case LIQUID_STR: return str_eq(text_of(a), text_of(b));
	case LIQUID_RANGE: return a->i == b->i && a->last == b->last;
	case LIQUID_BIG:
		return a->big->n == b->big->n && a->big->neg == b->big->neg &&
		       memcmp(a->big->limb, b->big->limb, a->big->n * sizeof *a->big->limb) == 0;
	case LIQUID_OBJECT: return equal_objects(a, b, depth);
	default: return true;
	}
}

static bool equal_objects(const struct liquid_value *a, const struct liquid_value *b, int depth)
{
	void *at = NULL;
	struct str key;
	struct liquid_value x, y;

	if (a->ops == b->ops && a->self == b->self)
		return true;
	if (a->ops->name || b->ops->name || !a->ops->next || value_count(a) != value_count(b))
		return false;
	while (a->ops->next(a->self, &at, &key, &x))
		if (!value_member(b, key, &y) || !equal(&x, &y, false, depth + 1))
			return false;
	return true;
}

bool value_equal(const struct liquid_value *a, const struct liquid_value *b) { return equal(a, b, false, 0); }
bool value_same(const struct liquid_value *a, const struct liquid_value *b) { return equal(a, b, true, 0); }

bool value_order(struct liquid_call *c, const struct liquid_value *a, const struct liquid_value *b, int *order)
{
	if (a->type == LIQUID_INT && b->type == LIQUID_INT) {
		*order = (a->i > b->i) - (a->i < b->i);
		return true;
	}
	if (is_number(a) && is_number(b)) {
		const struct num *x = value_number(c, a), *y = value_number(c, b);
		bool failed = !x || !y;
		*order = failed ? 0 : num_cmp(c->arena, x, y, &failed);
		return !failed;
	}
	if (a->type == LIQUID_STR && b->type == LIQUID_STR) {
		size_t n = a->n < b->n ? a->n : b->n;
		int d = n ? memcmp(a->s, b->s, n) : 0;
		*order = d ? (d > 0) - (d < 0) : (a->n > b->n) - (a->n < b->n);
		return true;
	}
	*order = 0;
	if (is_array(a) && is_array(b)) {
		size_t n = value_count(a), m = value_count(b);
		for (size_t i = 0; i < n && i < m; i++) {
			struct liquid_value x, y;
			value_at(a, i, &x);
			value_at(b, i, &y);
			if (is_array(&x) || !value_order(c, &x, &y, order))
				return false;
			if (*order)
				return true;
		}
		*order = (n > m) - (n < m);
		return true;
	}
	return value_equal(a, b);
}

bool value_empty(const struct liquid_value *v)
{
	switch (v->type) {
	case LIQUID_STR: return v->n == 0;
	case LIQUID_LIST:
	case LIQUID_ARRAY: return value_count(v) == 0;
	case LIQUID_OBJECT: return !v->ops->name && value_count(v) == 0;
	default: return false;
	}
}

bool value_blank(const struct liquid_value *v)
{
	if (v->type <= LIQUID_FALSE)
		return true;
	return v->type == LIQUID_STR ? str_trim(text_of(v)).n == 0 : value_empty(v);
}

static int pairs(struct liquid_call *c, const struct liquid_value *v, struct liquid_value *to)
{
	void *at = NULL;
	struct str key;
	struct liquid_value member;

	for (size_t i = 0; v->ops->next(v->self, &at, &key, &member); i++) {
		struct liquid_value *pair = arena_array(c->arena, struct liquid_value, 2);
		if (!pair)
			return fail_memory(c);
		pair[0] = liquid_str(key);
		pair[1] = member;
		to[i] = value_list(pair, 2);
	}
	return 0;
}

int value_items(struct liquid_call *c, const struct liquid_value *v, const struct liquid_value **items, size_t *n)
{
	struct liquid_value *to;

	*n = value_count(v);
	if (v->type == LIQUID_LIST) {
		*items = v->list;
		return 0;
	}
	if (v->type == LIQUID_OBJECT && (v->ops->name || !v->ops->next))
		*n = 0;
	if (*n > SIZE_MAX / sizeof *to || spend(c, *n))
		return fail_steps(c);
	to = arena_array(c->arena, struct liquid_value, *n ? *n : 1);
	if (!to)
		return fail_memory(c);
	*items = to;
	if (v->type == LIQUID_OBJECT)
		return *n ? pairs(c, v, to) : 0;
	for (size_t i = 0; i < *n; i++)
		value_at(v, i, &to[i]);
	return 0;
}
