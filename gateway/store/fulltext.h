/*
 * Full text: which customers and interactions contain these words. The one place that knows SQLite's FTS5 and
 * PostgreSQL's tsvector, and makes them find the same. The index is contentless: it holds no second copy of what people wrote, and nothing in
 * it can be corrected. An interaction never changes and is added once. A customer that changes is added again; only the
 * latest text of each counts. Whoever shows a hit reads the row itself.
 */
#pragma once
#include "store/db.h"

enum fulltext_kind { FULLTEXT_CUSTOMER = 1, FULLTEXT_INTERACTION = 2 };

struct fulltext_hit {
	int64_t doc; /* grows with time: the keyset of a page */
	enum fulltext_kind kind;
	struct uuid customer, ref; /* ref: the interaction, or the customer again */
	int64_t at;
};

/* Inside a write job. An interaction that is there already is left alone. */
int fulltext_add(struct db *db, enum fulltext_kind kind, const struct uuid *customer, const struct uuid *ref,
		 int64_t at, struct str text, struct err *err);
/* Newest first, docs below `before` (0: from the newest). All words must occur; the last may be a beginning. kinds: bit
 * set of 1 << kind. Text without a word finds nothing. */
int fulltext_query(struct db *db, unsigned kinds, struct str words, int64_t before, int limit,
		   void (*fn)(void *arg, const struct fulltext_hit *h), void *arg, struct err *err);
