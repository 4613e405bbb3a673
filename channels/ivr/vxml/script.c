/* MuJS, once. Each use of it is a function that runs under script_guard(), where its errors jump to. */
#include "ivr/vxml/script_private.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "ivr/vxml/guard.h"
#include "ivr/vxml/prelude.h"

enum { CODE_MAX = 1 << 20 };

/* ---- memory: counted, and known block by block, since MuJS forgets some when it runs out in the middle of something */

struct block {
	struct block *next, **link; /* link: what points here */
	size_t size;
	max_align_t align[];
};

static void leave(struct block *b)
{
	*b->link = b->next;
	if (b->next)
		b->next->link = b->link;
}

static void enter(struct script *s, struct block *b)
{
	b->next = s->blocks;
	b->link = &s->blocks;
	if (b->next)
		b->next->link = &b->next;
	s->blocks = b;
}

static void *allocate(void *ctx, void *p, int size)
{
	struct script *s = ctx;
	struct block *old = p ? (struct block *)((char *)p - sizeof *old) : NULL, *b;
	size_t had = old ? old->size : 0;

	if (size > 0 && s->used - had + (size_t)size > s->max)
		return NULL;
	if (old)
		leave(old);
	if (size <= 0) {
		s->used -= had;
		free(old);
		return NULL;
	}
	if (!(b = realloc(old, sizeof *b + (size_t)size))) {
		if (old)
			enter(s, old);
		return NULL;
	}
	s->used += (size_t)size - had;
	b->size = (size_t)size;
	enter(s, b);
	return b->align;
}

/* ---- natives of the prelude */

static void take_ticks(js_State *J, double n)
{
	struct script *s = js_getcontext(J);

	if (!(n <= (double)s->ticks)) {
		s->ticks = 0;
		js_rangeerror(J, "the script takes too long");
	}
	s->ticks -= (int64_t)n;
}

static void native_tick(js_State *J)
{
	take_ticks(J, 1);
	js_pushboolean(J, 1);
}

static void native_ticks(js_State *J)
{
	take_ticks(J, js_tonumber(J, 1));
	js_pushundefined(J);
}

static void native_pattern(js_State *J) { js_pushboolean(J, guard_pattern(str_of(js_tostring(J, 1)))); }

static void native_function(js_State *J)
{
	const char *code = js_tostring(J, 1);
	char why[100];
	struct err e = {0};
	struct buf b;

	buf_init(&b, CODE_MAX);
	if (guard_script(str_of(code), &b, &e) || b.failed) {
		buf_free(&b);
		snprintf(why, sizeof why, "%.90s", e.msg);
		js_syntaxerror(J, "%s", why);
	}
	if (js_try(J)) {
		buf_free(&b);
		js_throw(J);
	}
	js_loadstring(J, "Function", buf_cstr(&b));
	js_endtry(J);
	buf_free(&b);
	js_pushundefined(J);
	js_call(J, 0);
}

static void quiet(js_State *J, const char *message)
{
	(void)J;
	(void)message;
}

/* ---- the way in */

int script_guard(struct call *c, script_fn *fn, struct err *err)
{
	struct script *s = c->s;
	js_State *J = s->js;

	s->ticks = s->most;
	if (js_try(J)) {
		err_set(err, ERR_SEMANTIC, "script", NULL, "%.200s", js_trystring(J, -1, "error"));
		js_pop(J, 1);
		return -1;
	}
	fn(J, c);
	js_endtry(J);
	return 0;
}

int script_code(struct script *s, const char *before, const char *code, const char *after, struct err *err)
{
	struct buf *b = &s->code;

	buf_reset(b);
	buf_adds(b, before);
	if (guard_script(str_of(code), b, err))
		return -1;
	buf_adds(b, after);
	return b->failed ? err_nomem(err) : 0;
}

static void compile(js_State *J, const char *code)
{
	js_loadstring(J, "prelude", code);
	js_pushundefined(J);
	js_call(J, 0);
}

static void set_up(js_State *J, struct call *c)
{
	static const char *const levels[] = {
		VXML_LEVEL("with(session)"), VXML_LEVEL("with(session)with(application)"),
		VXML_LEVEL("with(session)with(application)with(document)"),
		VXML_LEVEL("with(session)with(application)with(document)with(dialog)"),
		VXML_LEVEL("with(session)with(application)with(document)with(dialog)with(__l)")};
	enum { FIXED = JS_READONLY | JS_DONTENUM | JS_DONTCONF };

	(void)c;
	js_newcfunction(J, native_tick, "__t", 0);
	js_defglobal(J, "__t", FIXED);
	compile(J, VXML_PRELUDE);
	js_pushglobal(J);
	js_newcfunction(J, native_ticks, "t", 1);
	js_newcfunction(J, native_pattern, "p", 1);
	js_newcfunction(J, native_function, "f", 1);
	js_call(J, 3);
	js_pop(J, 1);
	for (int i = 0; i < SCOPES; i++) {
		char key[8];

		snprintf(key, sizeof key, "level%d", i);
		compile(J, levels[i]);
		js_setregistry(J, key);
	}
	compile(J, "(function(v,c){with(v)return eval(c)})");
	js_setregistry(J, "tag");
	compile(J, VXML_MEANING);
	js_setregistry(J, "meaning");
	compile(J, "JSON.stringify");
	js_setregistry(J, "stringify");
	compile(J, "JSON.parse");
	js_setregistry(J, "parse");
	compile(J, "(function(){return Object.create(null)})");
	js_setregistry(J, "bare");
}

struct script *script_new(size_t memory, int64_t ticks, struct err *err)
{
	struct script *s = calloc(1, sizeof *s);
	struct call c = {.s = s};

	if (!s) {
		err_nomem(err);
		return NULL;
	}
	s->max = memory;
	s->most = ticks;
	buf_init(&s->code, CODE_MAX);
	if (!(s->js = js_newstate(allocate, s, 0))) {
		script_free(&s);
		err_nomem(err);
		return NULL;
	}
	js_setcontext(s->js, s);
	js_setreport(s->js, quiet);
	if (script_guard(&c, set_up, err))
		script_free(&s);
	return s;
}

void script_free(struct script **s)
{
	if (!*s)
		return;
	if ((*s)->js)
		js_freestate((*s)->js);
	for (struct block *b = (*s)->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	buf_free(&(*s)->code);
	free(*s);
	*s = NULL;
}

/* ---- evaluating */

/* Pushes the value of s->code in the chain. */
void script_evaluate(js_State *J, struct call *c)
{
	char key[8];
	int level = 0;

	while (level < SCOPES && c->chain->scope[level])
		level++;
	snprintf(key, sizeof key, "level%d", level - 1);
	js_getregistry(J, key);
	js_pushundefined(J);
	for (int i = 0; i < SCOPES; i++) {
		if (i < level)
			js_getregistry(J, c->chain->scope[i]);
		else
			js_pushundefined(J);
	}
	js_pushstring(J, buf_cstr(&c->s->code));
	js_call(J, SCOPES + 1);
}

void script_run_code(js_State *J, struct call *c)
{
	script_evaluate(J, c);
	js_pop(J, 1);
}

int script_run(struct script *s, const struct chain *chain, const char *code, struct err *err)
{
	struct call c = {.s = s, .chain = chain};

	return script_code(s, "", code, "", err) ? -1 : script_guard(&c, script_run_code, err);
}

int script_expression(struct script *s, const char *expr, struct err *err)
{
	if (str_trim(str_of(expr)).n == 0)
		return err_set(err, ERR_SEMANTIC, "script", NULL, "the expression is empty");
	return script_code(s, "(", expr, "\n)", err);
}

/* The value on top as text in c->text, or NULL. The stack is left as it was before it. */
static void keep_text(js_State *J, struct call *c)
{
	if (js_isundefined(J, -1)) {
		js_pop(J, 1);
		return;
	}
	c->text = arena_strdup(c->a, js_tostring(J, -1));
	js_pop(J, 1);
	if (!c->text)
		js_error(J, "out of memory");
}

static void text_of(js_State *J, struct call *c)
{
	script_evaluate(J, c);
	keep_text(J, c);
}

int script_text(struct script *s, const struct chain *chain, const char *expr, struct arena *a, char **out,
		struct err *err)
{
	struct call c = {.s = s, .chain = chain, .a = a};

	*out = NULL;
	if (script_expression(s, expr, err) || script_guard(&c, text_of, err))
		return -1;
	*out = c.text;
	return 0;
}

static void truth_of(js_State *J, struct call *c)
{
	script_evaluate(J, c);
	c->yes = js_toboolean(J, -1);
	js_pop(J, 1);
}

int script_truth(struct script *s, const struct chain *chain, const char *expr, bool *out, struct err *err)
{
	struct call c = {.s = s, .chain = chain};

	*out = false;
	if (script_expression(s, expr, err) || script_guard(&c, truth_of, err))
		return -1;
	*out = c.yes;
	return 0;
}

/* Under the value on top go the function of the registry and its `this`. */
void script_call_on_top(js_State *J, const char *key)
{
	js_getregistry(J, key);
	js_rot2(J);
	js_pushundefined(J);
	js_rot2(J);
	js_call(J, 1);
}

/* The value on top as JSON in c->text; what JSON has no word for is null. */
void script_keep_json(js_State *J, struct call *c)
{
	script_call_on_top(J, "stringify");
	keep_text(J, c);
	if (!c->text && !(c->text = arena_strdup(c->a, "null")))
		js_error(J, "out of memory");
}

static void json_of(js_State *J, struct call *c)
{
	script_evaluate(J, c);
	script_keep_json(J, c);
}

int script_json(struct script *s, const struct chain *chain, const char *expr, struct arena *a, char **out,
		struct err *err)
{
	struct call c = {.s = s, .chain = chain, .a = a};

	*out = NULL;
	if (script_expression(s, expr, err) || script_guard(&c, json_of, err))
		return -1;
	*out = c.text;
	return 0;
}
