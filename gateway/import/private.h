/* Inside import/: an import while a piece of it is done. */
#pragma once
#include "import/import.h"

struct import_row {
	int format;
	enum import_state state;
	json_t *settings;
	char *header; /* of CSV: the first record, as it stood; "" not seen yet */
	int64_t position, line;
	bool skipping; /* inside a line that is too long */
	int64_t created, updated, unchanged, events, rejected, noted;
};

/* ERR_NOT_FOUND "import_not_found". import_row_free afterwards. */
int import_read(struct db *db, const struct uuid *id, struct import_row *out, struct err *err);
int import_write(struct db *db, const struct uuid *id, const struct import_row *row, int64_t now, struct err *err);
void import_row_free(struct import_row *row);
