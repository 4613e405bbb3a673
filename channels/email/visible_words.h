/*
 * The words of mail programs, in the folded form of visible_fold.h: what an attribution says, what a forwarded mail is
 * called, the names of header fields. For mail_visible alone.
 */
#pragma once
#include "email/visible_fold.h"

enum verb_form {
	VERB_NONE,
	VERB_LAST, /* nothing but a date comes after it: "On Monday Jo wrote:" */
	VERB_NAME, /* the name may come after it: "Am Montag schrieb Jo:" */
	VERB_SAID  /* as VERB_LAST, too common a word to be enough by itself */
};

/* The last word for "wrote" in s; `after` is what follows it. */
enum verb_form word_verb(struct str s, struct str *after);
bool word_forwarded(struct str s); /* begins with a name for a copied mail: "original message" */
bool word_begins(struct str s);	   /* the same, said in a way that needs no line drawn around it */

enum head_kind { HEAD_NONE, HEAD_FROM = 1, HEAD_DATE = 2, HEAD_TO = 4, HEAD_CC = 8, HEAD_SUBJECT = 16 };
enum head_kind word_head(struct str name);
