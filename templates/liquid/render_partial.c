/* include, which shares the variables, and render, which does not. */
#include <stdio.h>

#include "liquid/value.h"

struct saved { /* of the render, around a partial */
	const struct liquid_template *template;
	struct str name;
	struct scope *scope;
	enum interrupt interrupt;
};

static const struct liquid_template *load(struct liquid_call *c, struct str name)
{
	const struct liquid_template *t;

	*c->err = (struct liquid_error){0};
	if (c->in->partial && (t = c->in->partial(c->in->host, name, c->err)))
		return t;
	if (!c->err->msg[0])
		liquid_fail(c, "Could not find asset %.*s", (int)(name.n > 80 ? 80 : name.n), name.p);
	if (c->err->line && !c->err->partial[0])
		snprintf(c->err->partial, sizeof c->err->partial, "%.*s", (int)(name.n > 60 ? 60 : name.n), name.p);
	return NULL;
}

static int enter(struct liquid_call *c, struct saved *s, const struct liquid_template *t, struct str name)
{
	*s = (struct saved){c->template, c->partial, c->scope, c->interrupt};
	if (++c->depth >= DEPTH_MAX) {
		c->fatal = true;
		return liquid_fail(c, "Nesting too deep");
	}
	c->template = t;
	c->partial = name;
	return 0;
}

static void leave(struct liquid_call *c, const struct saved *s)
{
	c->depth--;
	c->template = s->template;
	c->partial = s->name;
	c->scope = s->scope;
}

/* What follows the last slash names the variable. */
static struct str variable_of(const struct partial *p, struct str name)
{
	size_t end = name.n, from;

	if (p->alias.n)
		return p->alias;
	while (end && name.p[end - 1] == '/')
		end--;
	for (from = end; from && name.p[from - 1] != '/';)
		from--;
	return str_n(name.p + from, end - from);
}

static int bind_args(struct liquid_call *c, const struct partial *p, struct bindings *to)
{
	struct liquid_value v;

	for (uint32_t i = 0; i < p->n; i++)
		if (eval(c, p->args[i].value, &v) ||
		    bind_variable(c, to, p->args[i].name, name_hash(p->args[i].name), &v))
			return -1;
	return 0;
}

static int include_each(struct liquid_call *c, const struct liquid_template *t, const struct liquid_value *over,
			struct str variable)
{
	struct bindings *locals = &c->scope->locals;
	size_t n = is_array(over) ? value_count(over) : 1;
	uint32_t slot = locals->n;

	if (bind_variable(c, locals, variable, name_hash(variable), over))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (is_array(over))
			value_at(over, i, &locals->v[slot].value);
		if (render_body(c, &t->body))
			return -1;
	}
	return 0;
}

int render_include(struct liquid_call *c, const struct partial *p)
{
	const struct liquid_template *t;
	struct liquid_value name, over;
	uint32_t locals = c->scope->locals.n;
	struct saved saved;
	int r;

	if (c->scope->isolated)
		return liquid_fail(c, "include usage is not allowed in this context");
	if (eval(c, p->name, &name))
		return -1;
	if (name.type != LIQUID_STR)
		return liquid_fail(c, "Argument error in tag 'include' - Illegal template name");
	t = load(c, text_of(&name));
	if (!t ||
	    (p->value ? eval(c, p->value, &over) : find_variable(c, text_of(&name), name_hash(text_of(&name)), &over)))
		return -1;
	r = enter(c, &saved, t, text_of(&name));
	if (r == 0)
		r = bind_args(c, p, &c->scope->locals) || include_each(c, t, &over, variable_of(p, text_of(&name))) ? -1
														    : 0;
	leave(c, &saved);
	c->scope->locals.n = locals;
	return r;
}

/* One rendering in a scope of its own; f: of a loop over values. */
static int isolated(struct liquid_call *c, const struct partial *p, const struct liquid_template *t, struct str name,
		    const struct liquid_value *v, const struct forloop *f)
{
	struct scope scope = {.isolated = true};
	struct str variable = variable_of(p, name);
	struct liquid_value loop;
	struct saved saved;
	int r = 0;

	if (f) {
		loop = forloop_value(f);
		r = bind_variable(c, &scope.assigned, STR("forloop"), name_hash(STR("forloop")), &loop);
	}
	if (r == 0)
		r = bind_args(c, p, &scope.assigned); /* evaluated outside */
	if (r == 0 && v->type != LIQUID_NIL)
		r = bind_variable(c, &scope.assigned, variable, name_hash(variable), v);
	if (r)
		return r;
	r = enter(c, &saved, t, name);
	if (r == 0) {
		c->scope = &scope;
		r = render_body(c, &t->body);
		c->interrupt = saved.interrupt;
	}
	leave(c, &saved);
	return r;
}

int render_isolated(struct liquid_call *c, const struct partial *p)
{
	struct liquid_value over = liquid_nil(), item;
	const struct liquid_value *items;
	const struct liquid_template *t;
	struct forloop *f;
	struct str name;
	size_t n;

	if (p->name->kind != EXPR_LITERAL || p->name->literal.type != LIQUID_STR)
		return liquid_fail(c, "Argument error in tag 'render' - Illegal template name");
	name = text_of(&p->name->literal);
	if (!(t = load(c, name)) || (p->value && eval(c, p->value, &over)))
		return -1;
	if (!p->each || !(is_array(&over) || over.type == LIQUID_RANGE || over.type == LIQUID_OBJECT))
		return isolated(c, p, t, name, &over, NULL);
	if (over.type == LIQUID_OBJECT) {
		if (value_items(c, &over, &items, &n))
			return -1;
		over = value_list(items, n);
	}
	f = arena_alloc(c->arena, sizeof *f);
	if (!f)
		return fail_memory(c);
	*f = (struct forloop){.name = name, .length = (int64_t)value_count(&over)};
	for (; f->index < f->length; f->index++) {
		value_at(&over, (size_t)f->index, &item);
		if (isolated(c, p, t, name, &item, f))
			return -1;
	}
	return 0;
}
