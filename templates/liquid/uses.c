#include "liquid/uses.h"

#include <string.h>

#include "liquid/tree.h"

enum { NAMES_MAX = 256, PATH_MAX_BYTES = 200, NESTED_MAX = 60 };

struct walk {
	const struct liquid_template *t;
	liquid_uses_fn *fn;
	void *arg;
	uint32_t at; /* of the node at hand */
	int depth;
	struct str made[NAMES_MAX]; /* by the template itself, so far */
	size_t n;
};

static void body(struct walk *w, const struct body *b);

static void made(struct walk *w, struct str name)
{
	if (name.n && w->n < NAMES_MAX)
		w->made[w->n++] = name;
}

static bool own(const struct walk *w, struct str name)
{
	if (str_is(name, "forloop") || str_is(name, "tablerowloop"))
		return true;
	for (size_t k = 0; k < w->n; k++)
		if (str_eq(w->made[k], name))
			return true;
	return false;
}

static void say(struct walk *w, enum liquid_use kind, struct str name)
{
	struct liquid_error place = {0};

	tree_place(w->t, w->at, &place);
	w->fn(w->arg, kind, name, place.line, place.column);
}

static size_t add(char *path, size_t n, struct str s, bool dot)
{
	if (n + dot + s.n >= PATH_MAX_BYTES)
		return n;
	if (dot)
		path[n++] = '.';
	memcpy(path + n, s.p, s.n);
	return n + s.n;
}

static void expression(struct walk *w, const struct expr *e)
{
	char path[PATH_MAX_BYTES];
	size_t n = 0;
	uint32_t k = 0;

	if (!e || e->kind == EXPR_LITERAL || w->depth > NESTED_MAX)
		return;
	w->depth++;
	expression(w, e->head);
	expression(w, e->tail);
	if (e->kind == EXPR_PATH) {
		for (uint32_t i = 0; i < e->n; i++)
			expression(w, e->steps[i].index);
		if (e->name.n && !own(w, e->name)) {
			n = add(path, n, e->name, false);
			while (k < e->n && !e->steps[k].index && e->steps[k].key.n && !e->steps[k].command)
				n = add(path, n, e->steps[k++].key, true);
			say(w, LIQUID_USE_VARIABLE, str_n(path, n));
		}
	}
	w->depth--;
}

static void chain(struct walk *w, const struct chain *c)
{
	const struct expr *v = c->value;

	expression(w, v);
	for (uint32_t i = 0; i < c->n; i++) {
		const struct call *f = &c->calls[i];
		if (i == 0 && f->host && strcmp(f->host->name, "t") == 0 && v && v->kind == EXPR_LITERAL &&
		    v->literal.type == LIQUID_STR)
			say(w, LIQUID_USE_TRANSLATION, str_n(v->literal.s, v->literal.n));
		for (uint32_t k = 0; k < f->n_args; k++)
			expression(w, f->args[k]);
		for (uint32_t k = 0; k < f->n_keywords; k++)
			expression(w, f->keywords[k].value);
	}
}

static void branches(struct walk *w, const struct branch *b)
{
	for (; b; b = b->next) {
		for (const struct condition *c = b->when; c; c = c->next) {
			expression(w, c->left);
			expression(w, c->right);
		}
		if (b->body)
			body(w, b->body);
	}
}

static void loop(struct walk *w, const struct loop *l)
{
	expression(w, l->over);
	expression(w, l->limit);
	expression(w, l->offset);
	expression(w, l->cols);
	made(w, l->variable);
	if (l->body)
		body(w, l->body);
	if (l->otherwise)
		body(w, l->otherwise);
}

static void partial(struct walk *w, const struct partial *p)
{
	if (p->name && p->name->kind == EXPR_LITERAL && p->name->literal.type == LIQUID_STR)
		say(w, LIQUID_USE_PARTIAL, str_n(p->name->literal.s, p->name->literal.n));
	else
		expression(w, p->name);
	expression(w, p->value);
	for (uint32_t k = 0; k < p->n; k++)
		expression(w, p->args[k].value);
}

static void node(struct walk *w, const struct node *x)
{
	w->at = x->at;
	switch ((enum node_kind)x->kind) {
	case NODE_OUTPUT: chain(w, x->chain); break;
	case NODE_ASSIGN:
		chain(w, &x->assign->from);
		made(w, x->assign->name);
		break;
	case NODE_CAPTURE:
		body(w, x->body);
		made(w, x->name->name);
		break;
	case NODE_IFCHANGED: body(w, x->body); break;
	case NODE_IF:
	case NODE_CASE: branches(w, x->branches); break;
	case NODE_FOR:
	case NODE_TABLEROW: loop(w, x->loop); break;
	case NODE_CYCLE:
		expression(w, x->cycle->name);
		for (uint32_t k = 0; k < x->cycle->n; k++)
			expression(w, x->cycle->values[k]);
		break;
	case NODE_COUNTER: made(w, x->counter->name); break;
	case NODE_INCLUDE:
	case NODE_RENDER: partial(w, x->partial); break;
	case NODE_TEXT:
	case NODE_BREAK:
	case NODE_CONTINUE:
	case NODE_NOTHING: break;
	}
}

static void body(struct walk *w, const struct body *b)
{
	if (w->depth > NESTED_MAX)
		return;
	w->depth++;
	for (uint32_t k = 0; k < b->n; k++)
		node(w, &b->nodes[k]);
	w->depth--;
}

void liquid_uses(const struct liquid_template *t, liquid_uses_fn *fn, void *arg)
{
	struct walk w = {.t = t, .fn = fn, .arg = arg};

	body(&w, &t->body);
}
