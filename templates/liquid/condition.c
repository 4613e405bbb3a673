/* What if, unless, elsif and when decide on. */
#include "liquid/text.h"
#include "liquid/value.h"

static bool method_literal(const struct liquid_value *literal, const struct liquid_value *v)
{
	if (v->type >= LIQUID_EMPTY)
		return false;
	return literal->type == LIQUID_EMPTY ? value_empty(v) : value_blank(v);
}

static bool equal(const struct liquid_value *left, const struct liquid_value *right)
{
	if (left->type >= LIQUID_EMPTY)
		return method_literal(left, right);
	if (right->type >= LIQUID_EMPTY)
		return method_literal(right, left);
	return value_equal(left, right);
}

static int contains(struct liquid_call *c, const struct liquid_value *left, const struct liquid_value *right, bool *out)
{
	struct liquid_value item;
	struct str s;

	*out = false;
	if (!truthy(left) || !truthy(right))
		return 0;
	if (left->type == LIQUID_STR) {
		if (value_text(c, right, &s))
			return -1;
		*out = str_find(text_of(left), s, 0) != SIZE_MAX;
		return 0;
	}
	if (left->type == LIQUID_RANGE) {
		*out = (right->type == LIQUID_INT && right->i >= left->i && right->i <= left->last) ||
		       (right->type == LIQUID_FLOAT && right->f >= (double)left->i && right->f <= (double)left->last);
		return 0;
	}
	if (left->type == LIQUID_OBJECT) {
		*out = right->type == LIQUID_STR && !left->ops->name && value_member(left, text_of(right), &item);
		return 0;
	}
	if (!is_array(left))
		return 0;
	for (size_t i = 0, n = value_count(left); i < n && !*out; i++) {
		value_at(left, i, &item);
		*out = value_equal(&item, right);
	}
	return spend(c, value_count(left) / 4);
}

static const char *class_of(const struct liquid_value *v)
{
	return v->type == LIQUID_FLOAT ? "Float" : v->type == LIQUID_STR ? "String" : "Integer";
}

/* 1 > '1' is a fault; nil > 1 is merely false. */
static int ordered(struct liquid_call *c, const struct liquid_value *left, const struct liquid_value *right,
		   enum operator op, bool *out)
{
	bool l = is_number(left) || left->type == LIQUID_STR, r = is_number(right) || right->type == LIQUID_STR;
	int order;

	*out = false;
	if (!l || !r)
		return 0;
	if (!value_order(c, left, right, &order)) {
		struct buf b;
		buf_init(&b, 80);
		if (is_number(right))
			value_inspect(&b, right, 0);
		liquid_fail(c, "comparison of %s with %s failed", class_of(left),
			    is_number(right) ? buf_cstr(&b) : class_of(right));
		buf_free(&b);
		return -1;
	}
	*out = op == OP_LT ? order < 0 : op == OP_GT ? order > 0 : op == OP_LE ? order <= 0 : order >= 0;
	return 0;
}

static int one(struct liquid_call *c, const struct condition *when, bool *out)
{
	struct liquid_value left, right = liquid_nil();

	if (when->left ? eval(c, when->left, &left) : (left = liquid_nil(), 0))
		return -1;
	if (when->op == OP_NONE) {
		*out = truthy(&left);
		return 0;
	}
	if (when->right && eval(c, when->right, &right))
		return -1;
	switch (when->op) {
	case OP_EQ: *out = equal(&left, &right); return 0;
	case OP_NE: *out = !equal(&left, &right); return 0;
	case OP_CONTAINS: return contains(c, &left, &right, out);
	case OP_UNKNOWN: return liquid_fail(c, "Unknown operator %.*s", (int)when->op_text.n, when->op_text.p);
	default: return ordered(c, &left, &right, when->op, out);
	}
}

int eval_condition(struct liquid_call *c, const struct condition *when, bool *out)
{
	for (;; when = when->next) {
		if (one(c, when, out) || spend(c, 1))
			return -1;
		if (when->link == LINK_NONE || *out == (when->link == LINK_OR))
			return 0;
	}
}
