/* One render under way: what the engine's own files share. The host sees it as liquid_render and liquid_call. */
#pragma once
#include "base/arena.h"
#include "liquid/tree.h"

enum { DEPTH_MAX = 100, RECURSION_MAX = 400, VALUE_DEPTH = 100 };

struct binding {
	struct str name;
	uint32_t hash;
	struct liquid_value value;
};

struct bindings {
	struct binding *v;
	uint32_t n, cap;
};

struct forloop {
	struct str name;
	int64_t length, index; /* from 0 */
	const struct forloop *parent;
};

struct tablerowloop {
	int64_t length, cols, index, row, col;
};

struct memory { /* what tags remember between their renders: cycle, offset:continue */
	struct memory *next;
	const void *kind;
	struct liquid_value key;
	int64_t value;
};

struct scope {			/* variables: one for the template, one for each {% render %} */
	struct bindings locals; /* of loops and includes, innermost last */
	struct bindings assigned;
	struct bindings counters; /* in front of the data */
	struct liquid_value data;
	struct memory *memory;
	struct str changed; /* what ifchanged wrote last */
	bool has_changed;
	const struct forloop *loop;
	bool isolated; /* include is not allowed */
};

enum interrupt { GO_ON, BREAK, CONTINUE };

struct liquid_call {
	struct arena *arena;
	const struct liquid_input *in;
	struct liquid_error *err;
	struct buf *out;
	struct scope *scope;
	const struct liquid_template *template; /* that is being rendered, for positions */
	struct str partial;			/* its name */
	enum interrupt interrupt;
	uint64_t steps;
	uint32_t depth, recursion;
	size_t output_max;
	bool fatal;	    /* a limit: the render ends even with inline errors */
	bool quiet;	    /* a property that is nil: an assign passes over it */
	struct buf scratch; /* for text that is being made */
};

struct liquid_render {
	struct liquid_call call;
	size_t memory; /* the maximum of its arena */
};

/* -1 always; the message goes to err. */
int fail_memory(struct liquid_call *c);
int fail_steps(struct liquid_call *c);
static inline int spend(struct liquid_call *c, uint64_t n)
{
	if (c->steps < n)
		return fail_steps(c);
	c->steps -= n;
	return 0;
}

/* ---- evaluate.c */
int eval(struct liquid_call *c, const struct expr *e, struct liquid_value *out);
int eval_chain(struct liquid_call *c, const struct chain *chain, struct liquid_value *out);
int eval_condition(struct liquid_call *c, const struct condition *when, bool *out);
int bind_variable(struct liquid_call *c, struct bindings *b, struct str name, uint32_t hash,
		  const struct liquid_value *v);
/* Changes the one there is; the value must not outlive the render. */
int assign_variable(struct liquid_call *c, struct bindings *b, struct str name, uint32_t hash,
		    const struct liquid_value *v);
const struct liquid_value *bound_variable(const struct bindings *b, struct str name, uint32_t hash);
int find_variable(struct liquid_call *c, struct str name, uint32_t hash, struct liquid_value *out);

/* ---- render.c */
int render_body(struct liquid_call *c, const struct body *b);
int render_if(struct liquid_call *c, const struct branch *b);
int render_case(struct liquid_call *c, const struct branch *b);
/* ---- render_loop.c */
int render_for(struct liquid_call *c, const struct loop *l);
int render_tablerow(struct liquid_call *c, const struct loop *l);
int render_cycle(struct liquid_call *c, const struct cycle *y);
struct liquid_value forloop_value(const struct forloop *f);
/* ---- render_partial.c */
int render_include(struct liquid_call *c, const struct partial *p);
int render_isolated(struct liquid_call *c, const struct partial *p);
