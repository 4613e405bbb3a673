/*
 * Numbered migrations, run at start and by `threadline migrate`. The list only grows; each step runs in one transaction
 * and records its number. A store of a newer program is refused.
 */
#pragma once
#include "store/db.h"

int migrate_version(struct db *db, int *out, struct err *err); /* 0: empty store */
int migrate_latest(void);
int migrate_run(struct db *db, int *from, int *to, struct err *err);
