/* Scopes, variables, values that are kept, and what grammars mean. */
#include "ivr/vxml/script_private.h"

#include <ctype.h>
#include <stdio.h>

#include "ivr/vxml/guard.h"

/* ---- scopes and held values */

static void new_scope(js_State *J, struct call *c)
{
	js_getregistry(J, "bare");
	js_pushundefined(J);
	js_call(J, 0);
	c->ref = js_ref(J);
}

int script_scope_new(struct script *s, const char **ref, struct err *err)
{
	struct call c = {.s = s};

	if (script_guard(&c, new_scope, err))
		return -1;
	*ref = c.ref;
	return 0;
}

static void unref(js_State *J, struct call *c) { js_unref(J, c->ref); }

void script_drop(struct script *s, const char **ref)
{
	struct call c = {.s = s, .ref = *ref};

	if (*ref)
		script_guard(&c, unref, NULL);
	*ref = NULL;
}

static void hold_it(js_State *J, struct call *c)
{
	script_evaluate(J, c);
	c->ref = js_ref(J);
}

int script_hold(struct script *s, const struct chain *chain, const char *expr, const char **ref, struct err *err)
{
	struct call c = {.s = s, .chain = chain};

	*ref = NULL;
	if (script_expression(s, expr, err) || script_guard(&c, hold_it, err))
		return -1;
	*ref = c.ref;
	return 0;
}

/* The value on top becomes scope.name. */
static void store(js_State *J, const char *scope, const char *name)
{
	js_getregistry(J, scope);
	js_rot2(J);
	js_setproperty(J, -2, name);
	js_pop(J, 1);
}

static void declare(js_State *J, struct call *c)
{
	if (c->flag)
		script_evaluate(J, c);
	else
		js_pushundefined(J);
	store(J, c->scope, c->name);
}

static const char *innermost(const struct chain *chain)
{
	int level = SCOPES - 1;

	while (level > 0 && !chain->scope[level])
		level--;
	return chain->scope[level];
}

int script_var(struct script *s, const struct chain *chain, const char *name, const char *expr, struct err *err)
{
	struct call c = {.s = s, .chain = chain, .name = name, .scope = innermost(chain), .flag = expr != NULL};

	if (expr && script_expression(s, expr, err))
		return -1;
	return script_guard(&c, declare, err);
}

static void put(js_State *J, struct call *c)
{
	if (c->held) {
		js_getregistry(J, c->held);
	} else if (c->json) {
		js_pushstring(J, c->json);
		script_call_on_top(J, "parse");
	} else {
		js_pushundefined(J);
	}
	store(J, c->scope, c->name);
}

int script_put(struct script *s, const char *scope, const char *name, const char *json, struct err *err)
{
	struct call c = {.s = s, .scope = scope, .name = name, .json = json};

	return script_guard(&c, put, err);
}

int script_put_held(struct script *s, const char *scope, const char *name, const char *ref, struct err *err)
{
	struct call c = {.s = s, .scope = scope, .name = name, .held = ref};

	return script_guard(&c, put, err);
}

static void look_up(js_State *J, struct call *c)
{
	js_getregistry(J, c->scope);
	c->yes = js_hasproperty(J, -1, c->name);
	if (c->yes) {
		c->flag = !js_isundefined(J, -1);
		js_pop(J, 1);
	}
	js_pop(J, 1);
}

bool script_declared(struct script *s, const char *scope, const char *name)
{
	struct call c = {.s = s, .scope = scope, .name = name};

	return script_guard(&c, look_up, NULL) == 0 && c.yes;
}

bool script_defined(struct script *s, const char *scope, const char *name)
{
	struct call c = {.s = s, .scope = scope, .name = name};

	return script_guard(&c, look_up, NULL) == 0 && c.flag;
}

/* ---- assignment */

/* The scope of the chain that the first word of name means, and the variable that has to exist in it. */
static const char *owner(struct script *s, const struct chain *chain, const char *name, char *word, size_t size)
{
	static const char *const names[] = {"session", "application", "document", "dialog"};
	size_t n = strcspn(name, ".[");

	if (n >= size)
		return NULL;
	memcpy(word, name, n);
	word[n] = '\0';
	for (int i = SCOPES - 1; i >= 0; i--)
		if (chain->scope[i] && script_declared(s, chain->scope[i], word))
			return chain->scope[i];
	for (int i = 0; i < SCOPE_ANONYMOUS; i++) {
		if (strcmp(word, names[i]) != 0 || name[n] != '.' || !chain->scope[i])
			continue;
		name += n + 1;
		if ((n = strcspn(name, ".[")) >= size)
			return NULL;
		memcpy(word, name, n);
		word[n] = '\0';
		return script_declared(s, chain->scope[i], word) ? chain->scope[i] : NULL;
	}
	return NULL;
}

int script_assign(struct script *s, const struct chain *chain, const char *name, const char *expr, struct err *err)
{
	struct call c = {.s = s, .chain = chain};
	const char *scope;
	char word[128];

	name += strspn(name, " \t\r\n");
	scope = owner(s, chain, name, word, sizeof word);
	if (!scope)
		return err_set(err, ERR_SEMANTIC, "script", NULL, "\"%.100s\" is not declared", name);
	if (scope == chain->scope[SCOPE_SESSION])
		return err_set(err, ERR_SEMANTIC, "script", NULL, "\"%.100s\" cannot be changed", name);
	if (script_expression(s, expr, err))
		return -1;
	buf_reset(&s->code);
	if (guard_script(str_of(name), &s->code, err))
		return -1;
	buf_adds(&s->code, "=(");
	if (guard_script(str_of(expr), &s->code, err))
		return -1;
	buf_adds(&s->code, "\n)");
	return s->code.failed ? err_nomem(err) : script_guard(&c, script_run_code, err);
}

/* ---- lists and objects */

static void take_item(js_State *J, struct call *c)
{
	js_getregistry(J, c->held);
	c->yes = js_isarray(J, -1) && c->i < js_getlength(J, -1);
	if (c->yes) {
		js_getindex(J, -1, c->i);
		store(J, c->scope, c->name);
	}
	js_pop(J, 1);
}

int script_item(struct script *s, const char *array, int i, const char *scope, const char *name, bool *more,
		struct err *err)
{
	struct call c = {.s = s, .held = array, .i = i, .scope = scope, .name = name};

	*more = false;
	if (script_guard(&c, take_item, err))
		return -1;
	*more = c.yes;
	return 0;
}

static void new_object(js_State *J, struct call *c)
{
	js_newobject(J);
	c->ref = js_ref(J);
}

int script_object(struct script *s, const struct chain *chain, const char *const *names, size_t n, const char **ref,
		  struct err *err)
{
	struct call c = {.s = s, .chain = chain};

	*ref = NULL;
	if (script_guard(&c, new_object, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct call one = {.s = s, .chain = chain, .scope = c.ref, .name = names[i], .flag = true};

		if (script_expression(s, names[i], err) || script_guard(&one, declare, err)) {
			script_drop(s, &c.ref);
			return -1;
		}
	}
	*ref = c.ref;
	return 0;
}

/* ---- meanings */

static void native_run_tag(js_State *J)
{
	struct script *s = js_getcontext(J);
	struct err e = {0};
	char why[100];

	if (script_code(s, "", js_tostring(J, 2), "", &e)) {
		snprintf(why, sizeof why, "%.90s", e.msg);
		js_syntaxerror(J, "%s", why);
	}
	js_getregistry(J, "tag");
	js_pushundefined(J);
	js_copy(J, 1);
	js_pushstring(J, buf_cstr(&s->code));
	js_call(J, 2);
}

static void push_steps(js_State *J, struct call *c)
{
	static const char *const words[] = {
		[GRAM_STEP_ENTER] = "e", [GRAM_STEP_LEAVE] = "l", [GRAM_STEP_TAG] = "t", [GRAM_STEP_WORD] = "w"};

	js_newarray(J);
	for (size_t i = 0; i < c->n; i++) {
		js_newarray(J);
		js_pushliteral(J, words[c->steps[i].type]);
		js_setindex(J, -2, 0);
		js_pushlstring(J, c->steps[i].text.p, (int)c->steps[i].text.n);
		js_setindex(J, -2, 1);
		js_setindex(J, -2, (int)i);
	}
}

static void mean(js_State *J, struct call *c)
{
	if (c->json) {
		js_pushstring(J, c->json);
		script_call_on_top(J, "parse");
	} else {
		js_getregistry(J, "meaning");
		js_pushundefined(J);
		push_steps(J, c);
		js_pushboolean(J, c->flag);
		js_newcfunction(J, native_run_tag, "run", 2);
		js_call(J, 3);
	}
	c->ref = js_ref(J);
}

int script_meaning(struct script *s, const struct gram_step *steps, size_t n, bool literal, const char *json,
		   const char **ref, struct err *err)
{
	struct call c = {.s = s, .steps = steps, .n = n, .flag = literal, .json = json};

	*ref = NULL;
	if (script_guard(&c, mean, err))
		return -1;
	*ref = c.ref;
	return 0;
}

/* slot may be a path: "a.b" (2.0, appendix C). */
static void take_slot(js_State *J, struct call *c)
{
	const char *path = c->code;

	js_getregistry(J, c->held);
	for (;;) {
		size_t n = strcspn(path, ".");
		char word[128];

		snprintf(word, sizeof word, "%.*s", (int)n, path);
		if (!js_isobject(J, -1) || !js_hasproperty(J, -1, word)) {
			js_pop(J, 1);
			return;
		}
		js_rot2pop1(J);
		if (!path[n])
			break;
		path += n + 1;
	}
	c->yes = true;
	store(J, c->scope, c->name);
}

int script_slot(struct script *s, const char *held, const char *slot, const char *scope, const char *name, bool *has,
		struct err *err)
{
	struct call c = {.s = s, .held = held, .scope = scope, .name = name, .code = slot};

	*has = false;
	if (script_guard(&c, take_slot, err))
		return -1;
	*has = c.yes;
	return 0;
}

static void held_json(js_State *J, struct call *c)
{
	js_getregistry(J, c->held);
	script_keep_json(J, c);
}

int script_held_json(struct script *s, const char *held, struct arena *a, char **out, struct err *err)
{
	struct call c = {.s = s, .held = held, .a = a};

	*out = NULL;
	if (script_guard(&c, held_json, err))
		return -1;
	*out = c.text;
	return 0;
}

static void is_object(js_State *J, struct call *c)
{
	js_getregistry(J, c->held);
	c->yes = js_isobject(J, -1);
	js_pop(J, 1);
}

bool script_held_object(struct script *s, const char *held)
{
	struct call c = {.s = s, .held = held};

	return script_guard(&c, is_object, NULL) == 0 && c.yes;
}

bool script_name_ok(const char *name)
{
	static const char *const reserved[] = {
		"break",  "case",     "catch",	"class",  "const",   "continue",    "debugger", "default",
		"delete", "do",	      "else",	"enum",	  "export",  "extends",	    "false",	"finally",
		"for",	  "function", "if",	"import", "in",	     "instanceof",  "new",	"null",
		"return", "super",    "switch", "this",	  "throw",   "true",	    "try",	"typeof",
		"var",	  "void",     "while",	"with",	  "session", "application", "document", "dialog"};
	const char *p = name;

	if (strncmp(name, "__", 2) == 0 ||
	    !(isalpha((unsigned char)*p) || strchr("_$", *p) || (unsigned char)*p >= 0x80) || !*p)
		return false;
	while (isalnum((unsigned char)*p) || (*p && strchr("_$", *p)) || (unsigned char)*p >= 0x80)
		p++;
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (strcmp(name, reserved[i]) == 0)
			return false;
	return *p == '\0';
}
