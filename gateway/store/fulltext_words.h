/*
 * The words of a text as a search for them sees them: runs of letters and digits, without case and without accents
 * ("Köln" is "koln"; the sharp s is a letter of its own). FTS5 has a tokenizer that does the same; PostgreSQL's depend on
 * the server's locale and dictionaries, so there the words are made here.
 */
#pragma once
#include "base/str.h"

enum { FULLTEXT_WORD = 128 }; /* bytes of a word; what is longer is cut */

/* The next word at or after *i of what is left of text, folded, in out. false: there is none. */
bool fulltext_word(struct str text, size_t *i, char out[FULLTEXT_WORD], size_t *n);
/* A tsvector in its text form, with places. Words beyond the first 15,000 are left out. */
void fulltext_vector(struct str text, struct buf *out);
/* A tsquery in its text form: all of these words, the last may be a beginning; what is not between spaces or signs is a
 * phrase ("T-Shirt"). Empty: there is no word. */
void fulltext_tsquery(struct str words, struct buf *out);
/* The next run of characters that may belong to a word, between *i and the end. false: there is none. */
bool fulltext_run(struct str words, size_t *i, struct str *run);
