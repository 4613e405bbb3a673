/*
 * The parts of a mail: the tree of multiparts (RFC 2046 section 5.1), each part with its own header, as slices of the
 * mail. Outer boundaries go before inner ones, so what has no end ends where its parent does. A multipart whose boundary
 * never comes is a text. Messages in messages are leaves: part_tree can be called on their content.
 */
#pragma once
#include "email/header.h"

enum part_kind { PART_LEAF, PART_MULTI };

struct part {
	enum part_kind kind;
	struct mail_fields fields;
	struct str whole; /* header and all */
	struct str body;  /* encoded, as it came */
	struct str type;  /* "text/plain"; what RFC 2045 section 5.2 says when the mail says nothing */
	struct str charset, name, disposition, content_id;
	struct header_value content_type; /* with its parameters */
	bool flowed, delsp;		  /* RFC 3676 */
	bool typed;			  /* the mail said so */
	char encoding;			  /* 0 none, 'q', 'b', 'u' */
	struct part *child, *next;
};

struct part_context {
	const struct mail_limits *limits; /* no zeros in it */
	struct arena *a;
	int parts; /* counts */
	unsigned defects;
};

int part_tree(struct part_context *x, struct str raw, struct part *root);
/* The body, decoded: bytes. .p NULL: out of memory. */
struct str part_content(struct part_context *x, const struct part *p);
/* The content as UTF-8 text, lines ending in \n, format=flowed undone; at most limits->text bytes. */
struct str part_text(struct part_context *x, const struct part *p, struct str content);
/* A file name: no folder, no control characters, nothing that means a place; empty if it is not UTF-8. */
struct str part_file_name(struct str s, struct arena *a);
bool part_is(const struct part *p, const char *type);
bool part_is_under(const struct part *p, const char *type); /* "text/" */
/* The next of the tree, depth first; NULL at its end. The walk begins with the root. */
struct part_walk {
	struct part *stack[64];
	int n;
};
void part_walk_begin(struct part_walk *w, struct part *root);
struct part *part_walk_next(struct part_walk *w);
