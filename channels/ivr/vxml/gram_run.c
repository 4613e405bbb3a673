/* Following all ways through a grammar's program at once, best first (R. Pike's way with regular expressions). */
#include "ivr/vxml/gram_private.h"

#include <stdint.h>

struct trail { /* what a way went through, last first; ways share their beginnings */
	enum gram_step_type type;
	struct str text;
	const struct trail *before;
};

struct way {
	int pc;
	const struct trail *trail;
};

struct gram_run {
	struct arena *a;
	const struct gram *g;
	struct way *ways, *next;
	int n;
	uint32_t *seen, turn;
	bool failed;
};

static const struct trail *trail_add(struct gram_run *r, const struct trail *before, enum gram_step_type type,
				     struct str text)
{
	struct trail *t = arena_alloc(r->a, sizeof *t);

	if (!t) {
		r->failed = true;
		return before;
	}
	*t = (struct trail){type, text, before};
	return t;
}

/* Follows everything that takes no token, from pc. Depth: the program's length at most, which is bounded. */
static int follow(struct gram_run *r, struct way *to, int n, int pc, const struct trail *t)
{
	for (;;) {
		const struct gram_code *c = &r->g->code[pc];

		if (r->seen[pc] == r->turn)
			return n;
		r->seen[pc] = r->turn;
		switch (c->op) {
		case OP_JUMP: pc = c->x; continue;
		case OP_SPLIT:
			n = follow(r, to, n, c->x, t);
			pc = c->y;
			continue;
		case OP_ENTER: t = trail_add(r, t, GRAM_STEP_ENTER, c->text); break;
		case OP_LEAVE: t = trail_add(r, t, GRAM_STEP_LEAVE, c->text); break;
		case OP_TAG: t = trail_add(r, t, GRAM_STEP_TAG, c->text); break;
		case OP_FAIL: return n;
		default: to[n] = (struct way){pc, t}; return n + 1;
		}
		pc++;
	}
}

struct gram_run *gram_start(struct arena *a, const struct gram *g)
{
	struct gram_run *r = arena_alloc(a, sizeof *r);

	if (!r)
		return NULL;
	r->a = a;
	r->g = g;
	r->ways = arena_array(a, struct way, (size_t)g->n);
	r->next = arena_array(a, struct way, (size_t)g->n);
	r->seen = arena_array(a, uint32_t, (size_t)g->n);
	if (!r->ways || !r->next || !r->seen)
		return NULL;
	r->turn = 1;
	r->n = follow(r, r->ways, 0, 0, NULL);
	return r->failed ? NULL : r;
}

static bool takes(const struct gram_code *c, struct str token)
{
	if (c->op == OP_WORD)
		return str_ieq(c->text, token);
	return c->op == OP_SET && token.n == 1 && memchr(c->text.p, token.p[0], c->text.n);
}

bool gram_accepts(const struct gram_run *r, struct str token)
{
	for (int i = 0; i < r->n; i++)
		if (takes(&r->g->code[r->ways[i].pc], token))
			return true;
	return false;
}

bool gram_feed(struct gram_run *r, struct str token)
{
	struct way *spare = r->ways;
	int n = 0;

	if (!gram_accepts(r, token))
		return false;
	token = arena_str(r->a, token);
	if (!token.p)
		return false;
	r->turn++;
	for (int i = 0; i < r->n; i++)
		if (takes(&r->g->code[r->ways[i].pc], token))
			n = follow(r, r->next, n, r->ways[i].pc + 1,
				   trail_add(r, r->ways[i].trail, GRAM_STEP_WORD, token));
	r->ways = r->next;
	r->next = spare;
	r->n = n;
	return !r->failed;
}

bool gram_done(const struct gram_run *r)
{
	for (int i = 0; i < r->n; i++)
		if (r->g->code[r->ways[i].pc].op == OP_MATCH)
			return true;
	return false;
}

bool gram_open(const struct gram_run *r)
{
	for (int i = 0; i < r->n; i++)
		if (r->g->code[r->ways[i].pc].op != OP_MATCH)
			return true;
	return false;
}

const struct gram_step *gram_steps(const struct gram_run *r, size_t *n)
{
	const struct trail *best = NULL;
	struct gram_step *steps;
	size_t count = 0;

	for (int i = 0; i < r->n && !best; i++)
		if (r->g->code[r->ways[i].pc].op == OP_MATCH)
			best = r->ways[i].trail;
	for (const struct trail *t = best; t; t = t->before)
		count++;
	*n = count;
	if (!(steps = arena_array(r->a, struct gram_step, count + 1)))
		return NULL;
	for (const struct trail *t = best; t; t = t->before)
		steps[--count] = (struct gram_step){t->type, t->text};
	return steps;
}

enum gram_mode gram_mode(const struct gram *g) { return g->mode; }

bool gram_literal(const struct gram *g) { return g->literal; }

/* ---- writing programs */

struct gram *gram_new(struct arena *a, enum gram_mode mode, enum gram_kind kind)
{
	struct gram *g = arena_alloc(a, sizeof *g);

	if (g) {
		g->a = a;
		g->mode = mode;
		g->kind = kind;
	}
	return g;
}

int gram_emit(struct gram *g, enum gram_op op, int x, int y, struct str text)
{
	if (g->failed)
		return 0;
	if (g->n == g->cap) {
		int cap = g->cap ? 2 * g->cap : 16;
		struct gram_code *more = cap <= GRAM_MAX ? arena_array(g->a, struct gram_code, (size_t)cap) : NULL;

		if (!more) {
			g->failed = true;
			return 0;
		}
		if (g->n)
			memcpy(more, g->code, (size_t)g->n * sizeof *more);
		g->code = more;
		g->cap = cap;
	}
	g->code[g->n] = (struct gram_code){op, x, y, text};
	return g->n++;
}

struct gram *gram_finish(struct gram *g, struct err *err)
{
	if (!g) {
		err_nomem(err);
		return NULL;
	}
	gram_emit(g, OP_MATCH, 0, 0, STR(""));
	if (g->failed) {
		err_set(err, ERR_SEMANTIC, "grammar_too_large", NULL, "the grammar is too large");
		return NULL;
	}
	return g;
}
