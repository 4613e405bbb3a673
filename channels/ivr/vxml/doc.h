/* A loaded document. It does not change any more but for the count of those who hold it. Thread-safe. */
#pragma once
#include "ivr/vxml/grammar.h"
#include "ivr/vxml/vxml.h"

struct vxml_doc {
	struct arena *a;
	_Atomic int holds;
	const char *url;  /* without a fragment */
	const char *base; /* of its relative references */
	const char *lang; /* "" if it does not say */
	const char *app;  /* of its application's root, absolute; NULL: it is one itself */
	const struct node *top;
};

struct vxml_doc *doc_hold(struct vxml_doc *d);
/* NULL id: the first one. NULL: there is none. */
const struct node *doc_dialog(const struct vxml_doc *d, const char *id);
const struct node *doc_item(const struct node *form, const char *name); /* a form item by its name */

/* "5s", "250ms", "1.5s" in ms; -1 if it is none. */
int vxml_ms(const char *s);
/* The next word of a list separated by white space; false: no more. */
bool vxml_word(const char **list, struct str *word);
