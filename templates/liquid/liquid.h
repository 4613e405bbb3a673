/*
 * Liquid (shopify.github.io/liquid) as its Ruby reference renders it. A template is parsed once into an immutable tree
 * and rendered by any number of threads, each with its own struct liquid_render, which is kept and used again: a render
 * then allocates nothing. Templates and data may be hostile: output, memory, depth and steps are bounded.
 *
 * Modes. LIQUID_LAX reads markup as forgivingly as the reference does; LIQUID_STRICT refuses what the grammar does not
 * know. In both a fault while rendering (a filter called wrongly, say) ends the render with an error, unless
 * `inline_errors` asks for the reference's "Liquid error: ..." in the text instead.
 *
 * Errors carry line and column (from 1; columns count bytes) of the tag or output they arose in.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum liquid_mode { LIQUID_LAX, LIQUID_STRICT };
/* What {{ }} does to text that no filter marked as safe: nothing (SMS), HTML text, XML text (SSML). */
enum liquid_escape { LIQUID_PLAIN, LIQUID_HTML, LIQUID_XML };

enum liquid_type {
	LIQUID_NIL,
	LIQUID_FALSE,
	LIQUID_TRUE,
	LIQUID_INT,
	LIQUID_BIG, /* an integer beyond 64 bits; the engine's own */
	LIQUID_FLOAT,
	LIQUID_STR,
	LIQUID_RANGE, /* of integers, both ends within */
	LIQUID_LIST,  /* values side by side */
	LIQUID_ARRAY, /* elements fetched when asked for */
	LIQUID_OBJECT,
	LIQUID_EMPTY, /* the words empty and blank, where a condition compares with them */
	LIQUID_BLANK
};

struct liquid_value {
	uint8_t type;
	bool safe; /* LIQUID_STR: already in the form that the channel wants */
	union {
		int64_t i; /* INT; RANGE: first */
		double f;
		const char *s;
		const struct liquid_value *list;
		const struct liquid_ops *ops;
		const struct num *big;
	};
	union {
		size_t n;     /* STR: bytes (UTF-8); LIST: elements */
		int64_t last; /* RANGE */
		const void *self;
	};
};

/* How the host shows an object or an array without copying it. What is handed out lives as long as the render. */
struct liquid_ops {
	const char *name; /* what {{ object }} prints; NULL: its members, as the reference inspects a hash */
	size_t (*count)(const void *self);
	/* Object: the member of that name. */
	bool (*get)(const void *self, struct str key, struct liquid_value *out);
	/* Object: *at is NULL before the first; false after the last. */
	bool (*next)(const void *self, void **at, struct str *key, struct liquid_value *out);
	/* Array: element i < count. */
	void (*element)(const void *self, size_t i, struct liquid_value *out);
};

static inline struct liquid_value liquid_nil(void) { return (struct liquid_value){.type = LIQUID_NIL}; }
static inline struct liquid_value liquid_bool(bool b)
{
	return (struct liquid_value){.type = b ? LIQUID_TRUE : LIQUID_FALSE};
}
static inline struct liquid_value liquid_int(int64_t i) { return (struct liquid_value){.type = LIQUID_INT, .i = i}; }
static inline struct liquid_value liquid_float(double f) { return (struct liquid_value){.type = LIQUID_FLOAT, .f = f}; }
static inline struct liquid_value liquid_str(struct str s)
{
	return (struct liquid_value){.type = LIQUID_STR, .s = s.p, .n = s.n};
}
static inline struct liquid_value liquid_object(const struct liquid_ops *ops, const void *self)
{
	return (struct liquid_value){.type = LIQUID_OBJECT, .ops = ops, .self = self};
}

struct liquid_error {
	int line, column;
	char partial[64]; /* the partial it is in, empty for the template itself */
	char msg[200];	  /* as the reference words it, without "Liquid error" before it */
};

struct liquid_template;
struct liquid_render;

/* A filter of the host: args as written, keywords as one object at the end. 0, or -1 after liquid_fail. Text that it
 * makes comes from liquid_alloc. It may be called by several threads at once. */
struct liquid_call;
typedef int liquid_filter_fn(struct liquid_call *c, struct liquid_value in, const struct liquid_value *args, size_t n,
			     struct liquid_value *out);
struct liquid_filter {
	const char *name;
	liquid_filter_fn *fn;
	uint8_t least, most; /* arguments */
};

struct liquid_syntax {
	enum liquid_mode mode;
	const struct liquid_filter *filters; /* of the host, looked for before the standard ones; kept, not copied */
	size_t n_filters;
};

/* The source is copied. syntax may be NULL (lax, no filters of the host). -1 with err filled (never NULL). */
int liquid_parse(const struct liquid_syntax *syntax, struct str source, struct liquid_template **out,
		 struct liquid_error *err);
void liquid_template_free(struct liquid_template **t);

struct liquid_limits {	/* 0: the default in brackets */
	size_t output;	/* bytes (1 MiB) */
	size_t memory;	/* bytes of everything made while rendering (8 MiB) */
	uint64_t steps; /* nodes rendered and items visited (1,000,000) */
};

struct liquid_input {
	struct liquid_value data; /* an object; nil for none */
	int64_t now;		  /* "now" of the date filter: seconds since 1970 */
	enum liquid_escape escape;
	bool inline_errors;
	struct liquid_limits limits;
	/* The partial of that name, parsed, alive until the render ends; NULL with err->msg filled. NULL: there are none. */
	const struct liquid_template *(*partial)(void *host, struct str name, struct liquid_error *err);
	void *host; /* for partial and for filters */
};

struct liquid_render *liquid_render_new(void); /* NULL when out of memory */
void liquid_render_free(struct liquid_render **r);
/* Adds the text to out (which the caller may have given a lower maximum). -1 with err filled; out then holds what was
 * written before. */
int liquid_render(struct liquid_render *r, const struct liquid_template *t, const struct liquid_input *in,
		  struct buf *out, struct liquid_error *err);

/* For filters of the host. */
void *liquid_alloc(struct liquid_call *c, size_t n); /* lives as long as the render; NULL when over its limit */
int liquid_fail(struct liquid_call *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void *liquid_host(struct liquid_call *c);
/* The value as text, as a filter sees it. */
struct str liquid_text(struct liquid_call *c, const struct liquid_value *v);
/* The value as a moment, read as the filter date does, in seconds since 1970. 1; 0: no date; -1: failed. */
int liquid_seconds(struct liquid_call *c, const struct liquid_value *v, int64_t *out);
