/* A template being parsed. Markup is always a part of the source, so that a position can be told from it. */
#pragma once
#include "base/arena.h"
#include "liquid/text.h"
#include "liquid/tree.h"

enum token_kind {
	T_END,
	T_ID,
	T_STRING,
	T_NUMBER,
	T_COMPARISON,
	T_DOTDOT,
	T_PIPE = '|',
	T_DOT = '.',
	T_COLON = ':',
	T_COMMA = ',',
	T_OPEN_SQUARE = '[',
	T_CLOSE_SQUARE = ']',
	T_OPEN_ROUND = '(',
	T_CLOSE_ROUND = ')',
	T_QUESTION = '?',
	T_DASH = '-'
};

struct token {
	enum token_kind kind;
	struct str text;
};

struct parser {
	struct arena *arena;
	struct liquid_template *t;
	const struct liquid_syntax *syntax;
	struct liquid_error *err;
	const char *at, *end; /* of the source, or of the markup of a liquid tag */
	bool lines;	      /* within a liquid tag: each line is a tag */
	bool trim;	      /* the next text loses its white space in front */
	uint32_t depth;	      /* of blocks */
	uint32_t nesting;     /* of brackets */
	const char *here;     /* the tag or output that is being read */
	struct token *tokens; /* of the markup that is being read strictly; the last is T_END */
	size_t n_tokens, cap_tokens, next;
};

struct nodes { /* a body that is being collected */
	struct node *v;
	uint32_t n, cap;
	bool blank;
};

struct ending { /* the tag that ended a body: one that is no tag by itself */
	struct str name, markup;
	bool source_end;
};

static inline bool is_strict(const struct parser *p) { return p->syntax->mode == LIQUID_STRICT; }
/* -1 always. */
int syntax_error(struct parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int parse_nomem(struct parser *p);
void *parse_alloc(struct parser *p, size_t n); /* NULL after parse_nomem */

/* ---- parse.c */
int parse_body(struct parser *p, struct nodes *out, struct ending *end);
/* The whole block up to end<name>. */
int parse_block(struct parser *p, const char *name, struct nodes *out);
int parse_unexpected(struct parser *p, const struct ending *end, const char *block); /* -1 */
struct node *add_node(struct parser *p, struct nodes *out, enum node_kind kind, bool blank);
const struct body *finish_body(struct parser *p, struct nodes *body, bool without_text);
bool next_token(struct parser *p, struct str *token);
/* {%- name markup -%} taken apart; false: not of that form. */
bool split_tag(struct str token, struct str *name, struct str *markup);
bool split_line(struct str line, struct str *name, struct str *markup);

/* ---- parse_tags.c and parse_blocks.c */
typedef int tag_fn(struct parser *p, struct str markup, struct nodes *out);
tag_fn *tag_find(struct str name);
tag_fn parse_if, parse_unless, parse_case, parse_for, parse_tablerow, parse_capture, parse_ifchanged, parse_comment,
	parse_doc, parse_raw;
int parse_liquid(struct parser *p, struct str markup, struct nodes *out);

/* ---- markup */
int parse_chain(struct parser *p, struct str markup, struct chain *out);
int parse_condition(struct parser *p, struct str markup, const struct condition **out);
const struct expr *parse_expr(struct parser *p, struct str markup);    /* NULL: failed */
const struct expr *parse_operand(struct parser *p, struct str markup); /* blank and empty as conditions know them */

/* ---- strict.c: markup as the grammar has it; -1 with the error told */
int lex(struct parser *p, struct str markup);
bool take(struct parser *p, enum token_kind kind, struct str *text); /* text may be NULL */
bool take_word(struct parser *p, const char *word);
int want(struct parser *p, enum token_kind kind, struct str *text);
bool looks(const struct parser *p, enum token_kind kind, size_t ahead);
/* text, if asked for: the expression without white space. */
const struct expr *strict_expr(struct parser *p, bool operand, struct str *text);
int strict_chain(struct parser *p, struct str markup, struct chain *out);
int strict_condition(struct parser *p, struct str markup, const struct condition **out);

/* ---- lax.c: markup as the regular expressions of the reference find it */
size_t fragment(struct str s, size_t i);     /* where the quoted fragment at i ends; SIZE_MAX: there is none */
size_t fragment_run(struct str s, size_t i); /* the same, text in quotes and outside of them together */
bool find_fragment(struct str s, size_t from, size_t *start, size_t *end);
size_t fragments(struct str s, size_t i); /* one or more */
int lax_chain(struct parser *p, struct str markup, struct chain *out);
int lax_condition(struct parser *p, struct str markup, const struct condition **out);
/* name: value anywhere in markup. *i is where to look on. */
bool next_attribute(struct str s, size_t *i, struct str *name, struct str *value);

/* Growing lists of a chain. */
struct chain_builder {
	struct call *calls;
	uint32_t n, cap;
	const struct expr **args;
	uint32_t n_args, cap_args;
	struct keyword *keywords;
	uint32_t n_keywords, cap_keywords;
};
int begin_call(struct parser *p, struct chain_builder *b, struct str filter);
int add_arg(struct parser *p, struct chain_builder *b, const struct expr *e);
int add_keyword(struct parser *p, struct chain_builder *b, struct str name, const struct expr *e);
int end_call(struct parser *p, struct chain_builder *b);
enum operator operator_of(struct str text);
struct expr *literal_expr(struct parser *p, struct liquid_value v);
struct expr *range_expr(struct parser *p, const struct expr *first, const struct expr *last);
