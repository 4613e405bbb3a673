/*
 * Grammars of keys and of words: SRGS 1.0 in its XML form, VoiceXML's built-in types (2.0 appendix P), and the keys or
 * words of a choice. Each becomes a small program; a run follows all of its ways at once, key by key, so that time grows
 * with the input only, and it is known at each key whether the caller may stop here and whether he may go on.
 * A grammar does not change once made. Not supported and refused: recursion, GARBAGE, rules of other files.
 */
#pragma once
#include "ivr/vxml/schema.h"

struct gram;
struct gram_run;

enum gram_mode { GRAM_VOICE, GRAM_DTMF };

/* rule: the one to begin with, NULL for the grammar's root. */
struct gram *gram_srgs(struct arena *a, const struct node *grammar, const char *rule, const char *url, struct err *err);
/* "digits?minlength=3;maxlength=5": code "builtin_unsupported" if there is no such type. */
struct gram *gram_builtin(struct arena *a, const char *type, struct err *err);
struct gram *gram_keys(struct arena *a, const char *keys, struct err *err);
/* approximate: any of the words in their order will do. */
struct gram *gram_words(struct arena *a, const char *words, bool approximate, struct err *err);

enum gram_mode gram_mode(const struct gram *g);
bool gram_literal(const struct gram *g); /* tags are strings (semantics/1.0-literals) */

/* ---- a run; everything in it is of the arena. NULL and false also mean out of memory. */

struct gram_run *gram_start(struct arena *a, const struct gram *g);
/* One key ("5") or word. False: no way leads on with it, the run is as it was before. */
bool gram_feed(struct gram_run *r, struct str token);
bool gram_accepts(const struct gram_run *r, struct str token); /* would it? */
bool gram_done(const struct gram_run *r);		       /* what was given matches */
bool gram_open(const struct gram_run *r);		       /* more may be given */

enum gram_step_type { GRAM_STEP_ENTER, GRAM_STEP_LEAVE, GRAM_STEP_TAG, GRAM_STEP_WORD };
struct gram_step {
	enum gram_step_type type;
	struct str text; /* rule, tag or token */
};
/* What the best match went through, in order; *n is 0 if it has nothing to tell. NULL: out of memory. */
const struct gram_step *gram_steps(const struct gram_run *r, size_t *n);

/* The value of a built-in type as JSON (§ appendix P), from the keys or words as given. NULL: g is no built-in type.
 * false in *ok: the form is right but there is no such date, time … */
char *gram_builtin_value(struct arena *a, const struct gram *g, struct str input, bool *ok);
