/*
 * ECMAScript of one session, behind bounds: memory, and loops and calls of each expression; nothing reaches outside.
 * The one place that knows MuJS. Scopes (VoiceXML 2.1 section 5.1.2) are objects without prototypes, named by a ref;
 * an expression sees those of its chain, the last first. Functions return 0, or -1 with err->msg for error.semantic.
 * One owner at a time; what comes out in an arena stays when the session goes on.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "ivr/vxml/grammar.h"

enum { SCOPE_SESSION, SCOPE_APPLICATION, SCOPE_DOCUMENT, SCOPE_DIALOG, SCOPE_ANONYMOUS, SCOPES };

struct chain {
	const char *scope[SCOPES]; /* NULL: there is none, nor any after it */
};

struct script;

struct script *script_new(size_t memory, int64_t ticks, struct err *err);
void script_free(struct script **s);

int script_scope_new(struct script *s, const char **ref, struct err *err);
void script_drop(struct script *s, const char **ref); /* a scope or a held value; accepts NULL in it */

int script_run(struct script *s, const struct chain *c, const char *code, struct err *err); /* <script> */
int script_text(struct script *s, const struct chain *c, const char *expr, struct arena *a, char **out,
		struct err *err); /* NULL in *out: undefined */
int script_truth(struct script *s, const struct chain *c, const char *expr, bool *out, struct err *err);
int script_json(struct script *s, const struct chain *c, const char *expr, struct arena *a, char **out,
		struct err *err);
/* A value kept for later: script_put_held, script_item, script_slot. */
int script_hold(struct script *s, const struct chain *c, const char *expr, const char **ref, struct err *err);

/* Declares name in the last scope of the chain, or sets it there; expr NULL: undefined. */
int script_var(struct script *s, const struct chain *c, const char *name, const char *expr, struct err *err);
/* <assign>: name is a variable that exists, or a property of something that does. */
int script_assign(struct script *s, const struct chain *c, const char *name, const char *expr, struct err *err);

/* Properties of one scope. json NULL: undefined. */
int script_put(struct script *s, const char *scope, const char *name, const char *json, struct err *err);
int script_put_held(struct script *s, const char *scope, const char *name, const char *ref, struct err *err);
bool script_declared(struct script *s, const char *scope, const char *name);
bool script_defined(struct script *s, const char *scope, const char *name); /* and not undefined */

/* The i-th element of a held array becomes scope.name; *more false: there is none. */
int script_item(struct script *s, const char *array, int i, const char *scope, const char *name, bool *more,
		struct err *err);
/* An object of values: {name: value of the expression name} for <return namelist>. */
int script_object(struct script *s, const struct chain *c, const char *const *names, size_t n, const char **ref,
		  struct err *err);

/* The meaning of what went through a grammar (SISR 1.0), held. json, if not NULL, is the meaning already. */
int script_meaning(struct script *s, const struct gram_step *steps, size_t n, bool literal, const char *json,
		   const char **ref, struct err *err);
/* scope.name = held.slot if held is an object that has it. *has: it was so. */
int script_slot(struct script *s, const char *held, const char *slot, const char *scope, const char *name, bool *has,
		struct err *err);
int script_held_json(struct script *s, const char *held, struct arena *a, char **out, struct err *err);
bool script_held_object(struct script *s, const char *held); /* an object, not a plain value */

/* A variable's name that may be declared: an identifier, no reserved word. */
bool script_name_ok(const char *name);
