/*
 * Carries a store from SQLite to PostgreSQL: every table in the order of its key, in batches that are one transaction each.
 * So what is there is always a beginning of the table, and a copy that was broken off goes on after the last key it finds.
 *
 * All is read from one snapshot of the source, which may be at work. At the end each table is counted and summed on both
 * sides; one that differs (rows of it changed between two passes) is emptied and carried again. Texts that PostgreSQL does
 * not take (NUL, broken UTF-8) are mended as its driver mends them.
 *
 * The target is marked (table store_copy) until it is whole, and only an empty or a marked one is taken. Blocking.
 */
#pragma once
#include "store/db.h"

struct copy_hooks {
	void (*progress)(void *arg, const char *table, int64_t rows, const char *what);
	/* The texts of the full-text index cannot be carried over: called for each thing that has one. */
	int (*searchable)(struct db *to, bool interaction, const struct uuid *ref, struct err *err);
	void *arg;
};

/* more: another pass will follow, the mark stays. *rows: in the target at the end. ERR_CONFLICT "store_exists",
 * ERR_SEMANTIC "copy_differs". */
int copy_store(const char *from, const char *to, bool more, const struct copy_hooks *hooks, int64_t *rows,
	       struct err *err);
/* ERR_UNAVAILABLE "copy_unfinished" for a store that is marked: no gateway may start on it. */
int copy_finished(struct db *db, struct err *err);
