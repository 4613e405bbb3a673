/* for, tablerow and cycle. */
#include "liquid/text.h"
#include "liquid/value.h"

/* ---- what a memory is for */

static const char kind_offset, kind_cycle;

static struct memory *remember(struct liquid_call *c, const void *kind, const struct liquid_value *key)
{
	struct memory *m;

	for (m = c->scope->memory; m; m = m->next)
		if (m->kind == kind && value_same(&m->key, key))
			return m;
	if (!(m = arena_alloc(c->arena, sizeof *m)))
		return NULL;
	*m = (struct memory){.next = c->scope->memory, .kind = kind, .key = *key};
	c->scope->memory = m;
	return m;
}

/* ---- forloop, tablerowloop */

static bool forloop_get(const void *self, struct str key, struct liquid_value *out);
static const struct liquid_ops forloop_ops = {.name = "Liquid::ForloopDrop", .get = forloop_get};

static bool forloop_get(const void *self, struct str key, struct liquid_value *out)
{
	const struct forloop *f = self;

	if (str_is(key, "index"))
		*out = liquid_int(f->index + 1);
	else if (str_is(key, "index0"))
		*out = liquid_int(f->index);
	else if (str_is(key, "first"))
		*out = liquid_bool(f->index == 0);
	else if (str_is(key, "last"))
		*out = liquid_bool(f->index == f->length - 1);
	else if (str_is(key, "length"))
		*out = liquid_int(f->length);
	else if (str_is(key, "rindex"))
		*out = liquid_int(f->length - f->index);
	else if (str_is(key, "rindex0"))
		*out = liquid_int(f->length - f->index - 1);
	else if (str_is(key, "name"))
		*out = liquid_str(f->name);
	else if (str_is(key, "parentloop") && f->parent)
		*out = liquid_object(&forloop_ops, f->parent);
	else
		return false;
	return true;
}

struct liquid_value forloop_value(const struct forloop *f) { return liquid_object(&forloop_ops, f); }

static bool tablerowloop_get(const void *self, struct str key, struct liquid_value *out)
{
	const struct tablerowloop *t = self;
	const struct {
		const char *name;
		struct liquid_value value;
	} members[] = {
		{"length", liquid_int(t->length)},
		{"index", liquid_int(t->index + 1)},
		{"index0", liquid_int(t->index)},
		{"rindex", liquid_int(t->length - t->index)},
		{"rindex0", liquid_int(t->length - t->index - 1)},
		{"first", liquid_bool(t->index == 0)},
		{"last", liquid_bool(t->index == t->length - 1)},
		{"col", liquid_int(t->col)},
		{"col0", liquid_int(t->col - 1)},
		{"col_first", liquid_bool(t->col == 1)},
		{"col_last", liquid_bool(t->col == t->cols)},
		{"row", liquid_int(t->row)},
	};

	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if (str_is(key, members[i].name)) {
			*out = members[i].value;
			return true;
		}
	return false;
}

static const struct liquid_ops tablerowloop_ops = {.name = "Liquid::TablerowloopDrop", .get = tablerowloop_get};

/* ---- the part of a collection that is walked */

struct segment {
	struct liquid_value over; /* LIST, ARRAY or RANGE */
	int64_t from, n;
	bool reversed;
};

static void segment_at(const struct segment *s, int64_t i, struct liquid_value *out)
{
	value_at(&s->over, (size_t)(s->from + (s->reversed ? s->n - 1 - i : i)), out);
}

/* Text is one item, nil and whatever cannot be walked none; objects are pairs of name and value. */
static int walkable(struct liquid_call *c, struct liquid_value *v, bool *is_text)
{
	const struct liquid_value *items;
	struct liquid_value *one;
	size_t n;

	*is_text = v->type == LIQUID_STR;
	if (is_array(v) || v->type == LIQUID_RANGE)
		return 0;
	if (v->type == LIQUID_OBJECT) {
		if (value_items(c, v, &items, &n))
			return -1;
		*v = value_list(items, n);
		return 0;
	}
	one = arena_alloc(c->arena, sizeof *one);
	if (!one)
		return fail_memory(c);
	*one = *v;
	*v = value_list(one, v->type == LIQUID_STR && v->n > 0);
	return 0;
}

/* From `from` to before `to` (none: INT64_MAX); limits do not cut text. */
static int cut(struct liquid_call *c, struct segment *s, int64_t from, int64_t to)
{
	bool text;
	int64_t n;

	if (walkable(c, &s->over, &text))
		return -1;
	n = value_count(&s->over) > INT64_MAX ? INT64_MAX : (int64_t)value_count(&s->over);
	if (text) {
		s->from = 0;
		s->n = n;
		return 0;
	}
	s->from = from < 0 ? 0 : from;
	if (to < n)
		n = to;
	s->n = n > s->from ? n - s->from : 0;
	return 0;
}

static int64_t plus(int64_t a, int64_t b)
{
	int64_t sum;
	return __builtin_add_overflow(a, b, &sum) ? (a < 0 ? INT64_MIN : INT64_MAX) : sum;
}

static int for_segment(struct liquid_call *c, const struct loop *l, struct segment *s)
{
	struct liquid_value name = liquid_str(l->name), v;
	struct memory *m = remember(c, &kind_offset, &name);
	int64_t from = 0, to = INT64_MAX;

	if (!m)
		return fail_memory(c);
	if (l->resume)
		from = m->value;
	else if (l->offset && (eval(c, l->offset, &v) || (v.type != LIQUID_NIL && value_integer(c, &v, &from))))
		return -1;
	if (eval(c, l->over, &s->over))
		return -1;
	if (l->limit) {
		if (eval(c, l->limit, &v) || (v.type != LIQUID_NIL && value_integer(c, &v, &to)))
			return -1;
		if (v.type != LIQUID_NIL)
			to = plus(to, from);
	}
	s->reversed = l->reversed;
	if (cut(c, s, from, to))
		return -1;
	m->value = plus(from, s->n);
	return 0;
}

static int for_items(struct liquid_call *c, const struct loop *l, const struct segment *s)
{
	struct scope *scope = c->scope;
	struct forloop *f = arena_alloc(c->arena, sizeof *f);
	struct liquid_value item;
	uint32_t slot = scope->locals.n + 1;
	int r = 0;

	if (!f)
		return fail_memory(c);
	*f = (struct forloop){.name = l->name, .length = s->n, .parent = scope->loop};
	item = liquid_object(&forloop_ops, f);
	if (bind_variable(c, &scope->locals, STR("forloop"), name_hash(STR("forloop")), &item) ||
	    bind_variable(c, &scope->locals, l->variable, l->hash, &item))
		return -1;
	scope->loop = f;
	for (; f->index < s->n && r == 0; f->index++) {
		segment_at(s, f->index, &scope->locals.v[slot].value);
		r = render_body(c, l->body);
		if (c->interrupt == BREAK) {
			c->interrupt = GO_ON;
			break;
		}
		c->interrupt = GO_ON;
	}
	scope->loop = f->parent;
	return r;
}

/* A scope on top of the others, as the reference counts them. */
static int push_scope(struct liquid_call *c)
{
	if (++c->depth < DEPTH_MAX)
		return 0;
	c->fatal = true;
	return liquid_fail(c, "Nesting too deep");
}

int render_for(struct liquid_call *c, const struct loop *l)
{
	uint32_t locals = c->scope->locals.n;
	struct segment s = {0};
	int r;

	if (for_segment(c, l, &s))
		return -1;
	if (s.n == 0)
		return render_body(c, l->otherwise);
	r = push_scope(c) ? -1 : for_items(c, l, &s);
	c->depth--;
	c->scope->locals.n = locals;
	return r;
}

/* ---- tablerow */

static int attribute(struct liquid_call *c, const struct expr *e, int64_t *out)
{
	struct liquid_value v;

	if (eval(c, e, &v))
		return -1;
	if (!value_has_to_i(&v))
		return liquid_fail(c, "invalid integer");
	*out = value_to_i(&v);
	return 0;
}

static int row_items(struct liquid_call *c, const struct loop *l, const struct segment *s, struct tablerowloop *t)
{
	struct bindings *locals = &c->scope->locals;
	struct liquid_value item = liquid_object(&tablerowloop_ops, t);
	uint32_t slot = locals->n + 1;

	if (bind_variable(c, locals, STR("tablerowloop"), name_hash(STR("tablerowloop")), &item) ||
	    bind_variable(c, locals, l->variable, l->hash, &item))
		return -1;
	for (; t->index < s->n; t->index++) {
		enum interrupt interrupt;
		segment_at(s, t->index, &locals->v[slot].value);
		buf_addf(c->out, "<td class=\"col%lld\">", (long long)t->col);
		if (render_body(c, l->body))
			return -1;
		buf_adds(c->out, "</td>");
		interrupt = c->interrupt;
		c->interrupt = GO_ON;
		if (interrupt == BREAK)
			break;
		if (t->col != t->cols) {
			t->col++;
			continue;
		}
		if (t->index != s->n - 1)
			buf_addf(c->out, "</tr>\n<tr class=\"row%lld\">", (long long)t->row + 1);
		t->col = 1;
		t->row++;
	}
	return 0;
}

int render_tablerow(struct liquid_call *c, const struct loop *l)
{
	uint32_t locals = c->scope->locals.n;
	struct tablerowloop *t = arena_alloc(c->arena, sizeof *t);
	int64_t from = 0, to = INT64_MAX;
	struct segment s = {0};
	int r;

	if (!t)
		return fail_memory(c);
	if (eval(c, l->over, &s.over))
		return -1;
	if (!truthy(&s.over))
		return 0;
	if ((l->offset && attribute(c, l->offset, &from)) || (l->limit && attribute(c, l->limit, &to)))
		return -1;
	if (l->limit)
		to = plus(from, to);
	if (cut(c, &s, from, to))
		return -1;
	*t = (struct tablerowloop){.length = s.n, .cols = s.n, .row = 1, .col = 1};
	if (l->cols && attribute(c, l->cols, &t->cols))
		return -1;
	buf_adds(c->out, "<tr class=\"row1\">\n");
	r = push_scope(c) ? -1 : row_items(c, l, &s, t);
	c->depth--;
	c->scope->locals.n = locals;
	buf_adds(c->out, "</tr>\n");
	return r;
}

int render_cycle(struct liquid_call *c, const struct cycle *y)
{
	struct liquid_value key = liquid_str(y->key), v = liquid_nil();
	struct memory *m;

	if (y->name && eval(c, y->name, &key))
		return -1;
	m = remember(c, &kind_cycle, &key);
	if (!m)
		return fail_memory(c);
	if (m->value < y->n && eval(c, y->values[m->value], &v))
		return -1;
	m->value = m->value + 1 >= y->n ? 0 : m->value + 1;
	return value_write(c, c->out, &v, 0);
}
