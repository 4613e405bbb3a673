#include "liquid/filters.h"
#include "liquid/text.h"
#include "liquid/value.h"

uint32_t name_hash(struct str name)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ (uint8_t)name.p[i]) * 16777619u;
	return h;
}

static struct liquid_value *bound_place(const struct bindings *b, struct str name, uint32_t hash)
{
	for (uint32_t i = b->n; i-- > 0;)
		if (b->v[i].hash == hash && str_eq(b->v[i].name, name))
			return &b->v[i].value;
	return NULL;
}

const struct liquid_value *bound_variable(const struct bindings *b, struct str name, uint32_t hash)
{
	return bound_place(b, name, hash);
}

int bind_variable(struct liquid_call *c, struct bindings *b, struct str name, uint32_t hash,
		  const struct liquid_value *v)
{
	if (b->n == b->cap) {
		uint32_t cap = b->cap ? b->cap * 2 : 16;
		struct binding *more = arena_array(c->arena, struct binding, cap);
		if (!more)
			return fail_memory(c);
		if (b->n)
			memcpy(more, b->v, b->n * sizeof *more);
		b->v = more;
		b->cap = cap;
	}
	b->v[b->n++] = (struct binding){name, hash, *v};
	return 0;
}

int assign_variable(struct liquid_call *c, struct bindings *b, struct str name, uint32_t hash,
		    const struct liquid_value *v)
{
	struct liquid_value *there = bound_place(b, name, hash);

	if (!there)
		return spend(c, b->n / 16) || bind_variable(c, b, name, hash, v);
	*there = *v;
	return 0;
}

int find_variable(struct liquid_call *c, struct str name, uint32_t hash, struct liquid_value *out)
{
	const struct scope *s = c->scope;
	const struct liquid_value *v = bound_variable(&s->locals, name, hash);

	if (!v)
		v = bound_variable(&s->assigned, name, hash);
	if (!v)
		v = bound_variable(&s->counters, name, hash);
	if (v)
		*out = *v;
	else if (s->data.type != LIQUID_OBJECT || !value_member(&s->data, name, out))
		*out = liquid_nil();
	return s->assigned.n > 64 ? spend(c, s->assigned.n / 64) : 0;
}

/* size, first and last, where no member has that name. */
static bool command(struct liquid_call *c, const struct liquid_value *v, struct str key, struct liquid_value *out)
{
	size_t n = value_count(v);

	if (str_is(key, "size"))
		return filter_size(v, out);
	if (v->type == LIQUID_STR) {
		*out = liquid_str(str_is(key, "first") ? utf8_first(text_of(v)) : utf8_last(text_of(v)));
		return true;
	}
	if (v->type == LIQUID_OBJECT) {
		const struct liquid_value *items;
		if (!str_is(key, "first") || n == 0 || value_items(c, v, &items, &n) || n == 0)
			return false;
		*out = items[0];
		return true;
	}
	if (n == 0)
		return false;
	value_at(v, str_is(key, "first") ? 0 : n - 1, out);
	return true;
}

static bool element(const struct liquid_value *v, int64_t i, struct liquid_value *out)
{
	size_t n = value_count(v);

	if (i < 0)
		i += (int64_t)n;
	if (i < 0 || (uint64_t)i >= n)
		return false;
	value_at(v, (size_t)i, out);
	return true;
}

static int take_step(struct liquid_call *c, const struct step *s, struct liquid_value *v)
{
	struct liquid_value key, next;
	struct str name = s->key;
	bool found;

	if (s->index) {
		if (eval(c, s->index, &key))
			return -1;
		if (is_array(v)) {
			found = key.type == LIQUID_INT && element(v, key.i, &next);
			*v = found ? next : liquid_nil();
			return 0;
		}
		if (key.type != LIQUID_STR) {
			*v = liquid_nil();
			return 0;
		}
		name = text_of(&key);
	}
	found = (v->type == LIQUID_OBJECT && value_member(v, name, &next)) ||
		(s->command && command(c, v, name, &next));
	*v = found ? next : liquid_nil();
	return 0;
}

static int eval_path(struct liquid_call *c, const struct expr *e, struct liquid_value *out)
{
	if (e->head) {
		struct liquid_value key;
		if (eval(c, e->head, &key))
			return -1;
		if (key.type != LIQUID_STR)
			*out = liquid_nil();
		else if (find_variable(c, text_of(&key), name_hash(text_of(&key)), out))
			return -1;
	} else if (find_variable(c, e->name, e->hash, out)) {
		return -1;
	}
	for (uint32_t i = 0; i < e->n; i++)
		if (take_step(c, &e->steps[i], out))
			return -1;
	return 0;
}

static int range_end(struct liquid_call *c, const struct expr *e, int64_t *out)
{
	struct liquid_value v;

	if (eval(c, e, &v))
		return -1;
	if (v.type == LIQUID_NIL || v.type == LIQUID_STR) {
		*out = value_to_i(&v);
		return 0;
	}
	return value_integer(c, &v, out);
}

int eval(struct liquid_call *c, const struct expr *e, struct liquid_value *out)
{
	int64_t first, last;

	if (e->kind == EXPR_LITERAL) {
		*out = e->literal;
		return 0;
	}
	if (e->kind == EXPR_PATH)
		return eval_path(c, e, out);
	if (range_end(c, e->head, &first) || range_end(c, e->tail, &last))
		return -1;
	*out = (struct liquid_value){.type = LIQUID_RANGE, .i = first, .last = last};
	return 0;
}

static bool keyword_member(const void *self, struct str key, struct liquid_value *out)
{
	const struct bindings *b = self;
	const struct liquid_value *v = bound_variable(b, key, name_hash(key));

	if (v)
		*out = *v;
	return v;
}

static bool keyword_next(const void *self, void **at, struct str *key, struct liquid_value *out)
{
	const struct bindings *b = self;
	struct binding *x = *at ? (struct binding *)*at + 1 : b->v;

	if (x == b->v + b->n)
		return false;
	*at = x;
	*key = x->name;
	*out = x->value;
	return true;
}

static size_t keyword_count(const void *self) { return ((const struct bindings *)self)->n; }

static const struct liquid_ops keyword_ops = {.count = keyword_count, .get = keyword_member, .next = keyword_next};

static int eval_keywords(struct liquid_call *c, const struct call *call, struct liquid_value *out)
{
	struct bindings *b = arena_alloc(c->arena, sizeof *b);
	struct liquid_value v;

	if (!b)
		return fail_memory(c);
	for (uint32_t i = 0; i < call->n_keywords; i++) {
		const struct keyword *k = &call->keywords[i];
		if (eval(c, k->value, &v) || assign_variable(c, b, k->name, name_hash(k->name), &v))
			return -1;
	}
	*out = liquid_object(&keyword_ops, b);
	return 0;
}

static int apply(struct liquid_call *c, const struct call *call, struct liquid_value *v)
{
	struct liquid_value few[4], *args = few, in = *v;
	size_t n = call->n_args + (call->n_keywords > 0);

	if (spend(c, 1))
		return -1;
	if (n > 4 && !(args = arena_array(c->arena, struct liquid_value, n)))
		return fail_memory(c);
	for (uint32_t i = 0; i < call->n_args; i++)
		if (eval(c, call->args[i], &args[i]))
			return -1;
	if (call->n_keywords && eval_keywords(c, call, &args[n - 1]))
		return -1;
	return filter_call(c, call, &in, args, n, v);
}

int eval_chain(struct liquid_call *c, const struct chain *chain, struct liquid_value *out)
{
	if (!chain->value)
		*out = liquid_nil();
	else if (eval(c, chain->value, out))
		return -1;
	for (uint32_t i = 0; i < chain->n; i++)
		if (apply(c, &chain->calls[i], out))
			return -1;
	return 0;
}
