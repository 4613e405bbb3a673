/* Shared by the two readers of rows. field: the column, for errors. */
#pragma once
#include "import/row.h"

int row_bad(struct err *err, const char *field, const char *code, const char *what);
int row_text(struct str v, size_t max, const char *field, struct str *out, struct err *err);
int row_stage(struct str v, struct row *r, struct err *err);
int row_time(struct str v, const char *field, int64_t *out, struct err *err);
int row_contact(struct str v, enum channel channel, const char *region, struct row *r, struct err *err);
int row_consent(struct str v, enum channel channel, enum purpose purpose, struct row *r, struct err *err);
