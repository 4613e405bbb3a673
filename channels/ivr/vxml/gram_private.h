/* The program of a grammar, for the files that write it and the one that runs it. */
#pragma once
#include "ivr/vxml/grammar.h"

enum { GRAM_MAX = 20000 }; /* instructions of one grammar */

enum gram_op {
	OP_WORD,  /* text: this token, letters of any case */
	OP_SET,	  /* text: one of these characters */
	OP_SPLIT, /* x, then y */
	OP_JUMP,  /* x */
	OP_ENTER,
	OP_LEAVE,
	OP_TAG,
	OP_MATCH,
	OP_FAIL
};

struct gram_code {
	enum gram_op op;
	int x, y;
	struct str text;
};

enum gram_kind {
	KIND_SRGS,
	KIND_KEYS,
	KIND_BOOLEAN,
	KIND_DATE,
	KIND_DIGITS,
	KIND_CURRENCY,
	KIND_NUMBER,
	KIND_PHONE,
	KIND_TIME
};

struct gram {
	enum gram_mode mode;
	enum gram_kind kind;
	bool literal;
	struct gram_code *code;
	int n, cap;
	struct str yes, no; /* keys of a boolean */
	bool failed;	    /* while it is written: out of memory, or too large */
	struct arena *a;
};

struct gram *gram_new(struct arena *a, enum gram_mode mode, enum gram_kind kind);
int gram_emit(struct gram *g, enum gram_op op, int x, int y, struct str text); /* its place */
struct gram *gram_finish(struct gram *g, struct err *err);
