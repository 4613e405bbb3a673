/* What a template is parsed into: everything in one arena, never changed afterwards. Positions are offsets of the source. */
#pragma once
#include "base/arena.h"
#include "liquid/liquid.h"

enum expr_kind { EXPR_LITERAL, EXPR_PATH, EXPR_RANGE };

struct step {
	struct str key;
	const struct expr *index; /* [index] with something to look up; NULL: key */
	bool command;		  /* size, first or last, as a word */
};

struct expr {
	enum expr_kind kind;
	struct liquid_value literal;
	struct str name;	 /* path: of the variable, unless named by an expression */
	uint32_t hash;		 /* of name */
	const struct expr *head; /* path: [head]; range: first */
	const struct expr *tail; /* range: last */
	uint32_t n;
	const struct step *steps;
};

struct keyword {
	struct str name;
	const struct expr *value;
};

struct std_filter;
struct call {			      /* one filter of a chain */
	const struct std_filter *std; /* one of these two, or none for a filter that is not known: the value passes */
	const struct liquid_filter *host;
	uint32_t n_args, n_keywords;
	const struct expr *const *args;
	const struct keyword *keywords;
};

struct chain {			  /* value | filter | filter */
	const struct expr *value; /* NULL: nothing there */
	uint32_t n;
	const struct call *calls;
};

enum operator{ OP_NONE, OP_EQ, OP_NE, OP_LT, OP_GT, OP_LE, OP_GE, OP_CONTAINS, OP_UNKNOWN };

struct condition { /* a chain that is read from the left and decided from the right */
	const struct expr *left, *right;
	enum operator op;
	struct str op_text;
	enum { LINK_NONE, LINK_AND, LINK_OR } link;
	const struct condition *next;
};

enum node_kind {
	NODE_TEXT,
	NODE_OUTPUT,
	NODE_ASSIGN,
	NODE_CAPTURE,
	NODE_IF,
	NODE_CASE,
	NODE_FOR,
	NODE_TABLEROW,
	NODE_CYCLE,
	NODE_COUNTER,
	NODE_BREAK,
	NODE_CONTINUE,
	NODE_IFCHANGED,
	NODE_INCLUDE,
	NODE_RENDER,
	NODE_NOTHING /* comments and the like: kept out of the tree once it is known whether a body is blank */
};

struct body {
	uint32_t n;
	bool blank; /* puts out nothing but white space */
	const struct node *nodes;
};

struct assign {
	struct str name;
	uint32_t hash;
	struct chain from;
};

struct branch {			      /* of if, unless, case */
	const struct condition *when; /* NULL: else */
	bool unless;
	const struct body *body;
	const struct branch *next;
};

struct loop { /* for, tablerow */
	struct str variable;
	uint32_t hash;
	struct str name; /* variable-collection, which offset:continue and forloop.name use */
	const struct expr *over, *limit, *offset, *cols;
	bool reversed, resume; /* offset:continue */
	const struct body *body, *otherwise;
};

struct cycle {
	const struct expr *name; /* NULL: key */
	struct str key;
	uint32_t n;
	const struct expr *const *values;
};

struct counter {
	struct str name;
	uint32_t hash;
	int by;
};

struct partial { /* include, render */
	const struct expr *name, *value;
	struct str alias;
	bool each; /* render ... for */
	uint32_t n;
	const struct keyword *args;
};

struct node {
	uint8_t kind;
	bool blank;
	uint32_t at;
	union {
		struct str text;
		const struct chain *chain;
		const struct assign *assign;
		const struct branch *branches;
		const struct loop *loop;
		const struct cycle *cycle;
		const struct counter *counter;
		const struct partial *partial;
		struct {
			const struct assign *name; /* capture */
			const struct body *body;   /* capture, ifchanged */
		};
	};
};

struct liquid_template {
	struct arena *arena;
	struct str source;
	struct body body;
};

uint32_t name_hash(struct str name);
/* Line and column of an offset. */
void tree_place(const struct liquid_template *t, uint32_t at, struct liquid_error *err);
