/*
 * Text made comparable: small letters without accents, one kind of digit, dash, quotation mark and space, none of the
 * characters that are not seen. So the tables of words are short, and "A ÉCRIT :" is "a ecrit :".
 * Latin letters become ASCII; Greek, Cyrillic, Hebrew, Arabic and the East Asian scripts stay themselves.
 */
#pragma once
#include "base/str.h"

enum { FOLD_MAX = 600 }; /* bytes: longer is prose */

struct folded {
	size_t n;
	bool over;	      /* there was more */
	char p[FOLD_MAX + 1]; /* ends in NUL */
};

/* Adds to what is there, a space between. The caller sets n and over to zero first. */
void fold_add(struct folded *f, struct str s);
void fold_line(struct folded *f, struct str s);

static inline struct str fold_str(const struct folded *f) { return (struct str){f->p, f->n}; }

bool fold_has(struct str s, const char *what);
bool fold_starts(struct str s, const char *what);
bool fold_ends(struct str s, const char *what);
size_t fold_words(struct str s);
/* Cut at both ends: spaces, quotation marks and what mail programs draw lines with. Returns how many bytes of lines. */
size_t fold_trim(struct str *s);
