/* A row into the store. Private to import/. */
#pragma once
#include "base/arena.h"
#include "customer/consent.h"
#include "customer/identity.h"
#include "import/row.h"

enum row_outcome { ROW_CREATED, ROW_UPDATED, ROW_UNCHANGED, ROW_EVENT };

struct apply {
	struct db *db;
	struct events *ev;
	struct arena *arena; /* reset by the caller between rows */
	const struct uuid *import;
	bool verified;
	enum row_kind kind;
	int64_t now, line;
	/* Something that the row wanted and did not get, although it is taken. */
	int (*note)(void *arg, const struct err *why, struct err *err);
	void *arg;
};

/* err->kind ERR_SEMANTIC, ERR_CONFLICT or ERR_NOT_FOUND: the row is refused. Everything else: the store. */
int row_apply(struct apply *x, const struct row *r, enum row_outcome *out, struct err *err);
/* The same for ROW_SUPPRESSIONS: CREATED or UNCHANGED. */
int row_suppress(struct apply *x, const struct row *r, enum row_outcome *out, struct err *err);
