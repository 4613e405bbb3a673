/*
 * XML as a tree in an arena: elements, attributes, text with white space as written. Comments and processing
 * instructions are gone, entities other than XML's own are refused, nothing is fetched (Namespaces in XML 1.0).
 * The one place that knows libxml2. Thread-safe; a tree does not change once read (`tag`, `number` and `grammar` are
 * schema.c's and load.c's, set before anybody else sees it).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum { TAG_TEXT = 0, TAG_OTHER = -1 };

struct attr {
	const char *name; /* with the prefix xml: if it has that one; of other namespaces none is kept */
	const char *value;
	struct attr *next;
};

struct node {
	int tag;	  /* enum tag of schema.h, TAG_TEXT or TAG_OTHER */
	int line;	  /* 1 … */
	const char *name; /* local name; "" for text */
	const char *ns;	  /* namespace; "" if none */
	struct str text;  /* of text */
	struct attr *attrs;
	struct node *parent, *kids, *next;
	int number;	 /* of a form item within its form, of a choice within its menu */
	void *grammar;	 /* compiled, if it stands for one */
	void *words;	 /* of a choice or option: the compiled grammar of its words */
	const char *var; /* of a form item: its variable, or a name no script can say; of a choice: its keys or NULL */
};

struct tree_limits {
	size_t bytes;
	int depth;
};

/* NULL: err's message begins "URL:LINE: " and its field is the line; code "xml_invalid". */
struct node *tree_read(struct arena *a, struct str text, const char *url, struct tree_limits limits, struct err *err);

const char *node_attr(const struct node *n, const char *name); /* NULL if it has none */
/* The text of the element and of all within it, without white space at the ends; NULL when out of memory. */
char *node_text(struct arena *a, const struct node *n);
bool node_blank(const struct node *n); /* text of white space only */
/* In document order, the next element or text within top after n; n NULL begins. */
const struct node *node_walk(const struct node *top, const struct node *n);

/* ref relative to base (RFC 3986 section 5), both as written; NULL: malformed, or out of memory. */
char *vxml_url(struct arena *a, const char *base, const char *ref);

/* Fills err with URL:LINE, returns -1. */
int tree_fail(struct err *err, const char *code, const char *url, int line, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
