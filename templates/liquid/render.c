/* The walk over the tree. */
#include <stdio.h>
#include <stdlib.h>

#include "liquid/escape.h"
#include "liquid/value.h"

enum { OUTPUT_MAX = 1 << 20, MEMORY_MAX = 8 << 20, STEPS_MAX = 1000000 };

static int write_value(struct liquid_call *c, const struct liquid_value *v)
{
	struct str s;
	int r;

	if (v->type == LIQUID_STR) {
		if (c->in->escape == LIQUID_PLAIN || v->safe)
			buf_add(c->out, v->s, v->n);
		else
			escape_for(c->in->escape, c->out, text_of(v));
		return 0;
	}
	if (v->type == LIQUID_INT || c->in->escape == LIQUID_PLAIN)
		return value_write(c, c->out, v, 0);
	buf_reset(&c->scratch);
	r = value_write(c, &c->scratch, v, 0);
	s = buf_str(&c->scratch);
	if (r == 0)
		escape_for(c->in->escape, c->out, s);
	return r;
}

static int render_output(struct liquid_call *c, const struct chain *chain)
{
	struct liquid_value v;

	return eval_chain(c, chain, &v) || write_value(c, &v) ? -1 : 0;
}

static int render_assign(struct liquid_call *c, const struct assign *a)
{
	struct liquid_value v;

	return eval_chain(c, &a->from, &v) || assign_variable(c, &c->scope->assigned, a->name, a->hash, &v) ? -1 : 0;
}

/* What a body writes, as text of its own. */
static int apart(struct liquid_call *c, const struct body *body, struct str *text)
{
	size_t from = c->out->n;
	int r = render_body(c, body);

	if (c->out->failed)
		return r ? r : 0;
	*text = arena_str(c->arena, str_n(c->out->p ? c->out->p + from : "", c->out->n - from));
	c->out->n = from;
	return r ? -1 : text->p ? 0 : fail_memory(c);
}

static int render_capture(struct liquid_call *c, const struct assign *a, const struct body *body)
{
	struct str text = STR("");
	struct liquid_value v;

	if (apart(c, body, &text))
		return -1;
	v = liquid_str(text);
	v.safe = true;
	return assign_variable(c, &c->scope->assigned, a->name, a->hash, &v);
}

static int render_ifchanged(struct liquid_call *c, const struct body *body)
{
	struct str text = STR("");
	struct scope *s = c->scope;

	if (apart(c, body, &text))
		return -1;
	if (s->has_changed && str_eq(s->changed, text))
		return 0;
	s->has_changed = true;
	s->changed = text;
	buf_addstr(c->out, text);
	return 0;
}

int render_if(struct liquid_call *c, const struct branch *b)
{
	bool yes;

	for (; b; b = b->next) {
		if (b->when && eval_condition(c, b->when, &yes))
			return -1;
		if (!b->when || yes != b->unless)
			return render_body(c, b->body);
	}
	return 0;
}

/* Every when that fits, and else wherever it stands unless one before it did. */
int render_case(struct liquid_call *c, const struct branch *b)
{
	bool fits, any = false;

	for (; b; b = b->next) {
		fits = !any;
		if (b->when && eval_condition(c, b->when, &fits))
			return -1;
		any = any || (b->when && fits);
		if (fits && render_body(c, b->body))
			return -1;
	}
	return 0;
}

static int render_counter(struct liquid_call *c, const struct counter *x)
{
	const struct liquid_value *there = bound_variable(&c->scope->counters, x->name, x->hash);
	struct liquid_value v = liquid_nil();
	char text[24];

	if (there)
		v = *there;
	else if (c->scope->data.type == LIQUID_OBJECT && !value_member(&c->scope->data, x->name, &v))
		v = liquid_nil();
	if (!truthy(&v))
		v = liquid_int(0);
	if (v.type != LIQUID_INT)
		return liquid_fail(c, "invalid integer");
	v.i = (int64_t)((uint64_t)v.i + (uint64_t)(int64_t)x->by);
	buf_add(c->out, text, int_text(x->by > 0 ? v.i - 1 : v.i, text));
	return assign_variable(c, &c->scope->counters, x->name, x->hash, &v);
}

static int render_node(struct liquid_call *c, const struct node *n)
{
	switch ((enum node_kind)n->kind) {
	case NODE_OUTPUT: return render_output(c, n->chain);
	case NODE_ASSIGN: return render_assign(c, n->assign);
	case NODE_CAPTURE: return render_capture(c, n->name, n->body);
	case NODE_IF: return render_if(c, n->branches);
	case NODE_CASE: return render_case(c, n->branches);
	case NODE_FOR: return render_for(c, n->loop);
	case NODE_TABLEROW: return render_tablerow(c, n->loop);
	case NODE_CYCLE: return render_cycle(c, n->cycle);
	case NODE_COUNTER: return render_counter(c, n->counter);
	case NODE_BREAK: c->interrupt = BREAK; return 0;
	case NODE_CONTINUE: c->interrupt = CONTINUE; return 0;
	case NODE_IFCHANGED: return render_ifchanged(c, n->body);
	case NODE_INCLUDE: return render_include(c, n->partial);
	case NODE_RENDER: return render_isolated(c, n->partial);
	case NODE_TEXT:
	case NODE_NOTHING: break;
	}
	return 0;
}

static void place(struct liquid_call *c, const struct node *n)
{
	if (c->err->line)
		return;
	tree_place(c->template, n->at, c->err);
	snprintf(c->err->partial, sizeof c->err->partial, "%.*s", (int)(c->partial.n > 60 ? 60 : c->partial.n),
		 c->partial.p);
}

/* A fault of a node: into the text if asked for, unless the render cannot go on. */
static int node_failed(struct liquid_call *c, const struct node *n)
{
	bool quiet = c->quiet && n->kind == NODE_ASSIGN && !c->fatal;

	c->quiet = false;
	if (quiet) {
		*c->err = (struct liquid_error){0};
		return 0;
	}
	place(c, n);
	if (!c->in->inline_errors || c->fatal)
		return -1;
	if (!n->blank)
		buf_addf(c->out, "Liquid error (%s%sline %d): %s", c->err->partial, *c->err->partial ? " " : "",
			 c->err->line, c->err->msg);
	*c->err = (struct liquid_error){0};
	return 0;
}

int render_body(struct liquid_call *c, const struct body *b)
{
	int r = 0;

	if (spend(c, b->n + 1))
		return -1;
	if (c->recursion >= RECURSION_MAX) {
		c->fatal = true;
		return liquid_fail(c, "Nesting too deep");
	}
	c->recursion++;
	for (uint32_t i = 0; i < b->n && r == 0 && c->interrupt == GO_ON; i++) {
		const struct node *n = &b->nodes[i];
		if (n->kind == NODE_TEXT)
			buf_add(c->out, n->text.p, n->text.n);
		else if (render_node(c, n))
			r = node_failed(c, n);
		if (r == 0 && (c->out->failed || c->out->n > c->output_max)) {
			c->fatal = true;
			r = liquid_fail(c, "Output limits exceeded");
			place(c, n);
		}
	}
	c->recursion--;
	return r;
}

struct liquid_render *liquid_render_new(void)
{
	struct liquid_render *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	buf_init(&r->call.scratch, MEMORY_MAX);
	return r;
}

void liquid_render_free(struct liquid_render **r)
{
	if (!r || !*r)
		return;
	arena_free(&(*r)->call.arena);
	buf_free(&(*r)->call.scratch);
	free(*r);
	*r = NULL;
}

/* The arena is kept from render to render; another limit asks for another arena. */
static int ready_arena(struct liquid_render *r, size_t max)
{
	struct liquid_call *c = &r->call;

	if (c->arena && r->memory == max) {
		arena_reset(c->arena);
		return 0;
	}
	arena_free(&c->arena);
	c->arena = arena_new(max);
	r->memory = max;
	c->scratch.max = max;
	return c->arena ? 0 : -1;
}

int liquid_render(struct liquid_render *r, const struct liquid_template *t, const struct liquid_input *in,
		  struct buf *out, struct liquid_error *err)
{
	struct liquid_call *c = &r->call;
	const struct liquid_limits *l = &in->limits;
	struct scope scope = {.data = in->data};

	*err = (struct liquid_error){0};
	c->in = in;
	c->err = err;
	c->out = out;
	c->scope = &scope;
	c->template = t;
	c->partial = STR("");
	c->interrupt = GO_ON;
	c->steps = l->steps ? l->steps : STEPS_MAX;
	c->depth = c->recursion = 0;
	c->output_max = out->n + (l->output ? l->output : OUTPUT_MAX);
	c->fatal = c->quiet = false;
	if (ready_arena(r, l->memory ? l->memory : MEMORY_MAX))
		return fail_memory(c);
	return render_body(c, &t->body);
}
