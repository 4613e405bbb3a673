/* What the files of script.h share: MuJS itself, and the way into it. */
#pragma once
#include <mujs.h>

#include "ivr/vxml/script.h"

struct script {
	js_State *js;
	struct block *blocks; /* all that MuJS has */
	size_t used, max;
	int64_t ticks, most;
	struct buf code; /* the guarded form of what runs now */
};

/* What one use needs; each fills the members that it knows. */
struct call {
	struct script *s;
	const struct chain *chain;
	const char *code, *name, *scope, *held, *json;
	struct arena *a;
	char *text;
	const char *ref;
	const struct gram_step *steps;
	size_t n;
	int i;
	bool flag, yes;
};

typedef void script_fn(js_State *J, struct call *c);

/* Runs fn where errors of scripts jump back to: -1 with the message. */
int script_guard(struct call *c, script_fn *fn, struct err *err);
/* s->code becomes before + the guarded code + after; script_expression: of one expression. */
int script_code(struct script *s, const char *before, const char *code, const char *after, struct err *err);
int script_expression(struct script *s, const char *expr, struct err *err);
/* For use within a script_fn. script_evaluate pushes the value of s->code in the chain; script_run_code does not. */
void script_evaluate(js_State *J, struct call *c);
void script_run_code(js_State *J, struct call *c);
void script_call_on_top(js_State *J, const char *key); /* the function `key` of the registry, with the value on top */
void script_keep_json(js_State *J, struct call *c);    /* the value on top as JSON in c->text */
