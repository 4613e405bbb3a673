/* The templates that come with the program (templates/messages): written once, into a store that has none. */
#pragma once
#include "store/db.h"

/* Inside a write job. */
int shipped_templates(struct db *db, int64_t now, struct err *err);
