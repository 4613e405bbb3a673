/* The row of an import, read before a piece and written after it. */
#include <stdlib.h>

#include "import/private.h"

void import_row_free(struct import_row *row)
{
	json_decref(row->settings);
	free(row->header);
	row->settings = NULL;
	row->header = NULL;
}

static int read_row(struct stmt *q, struct import_row *out, struct err *err)
{
	struct str header = db_col_str(q, 3);

	*out = (struct import_row){.format = (int)db_col_i64(q, 0),
				   .state = (enum import_state)db_col_i64(q, 1),
				   .position = db_col_i64(q, 4),
				   .line = db_col_i64(q, 5),
				   .skipping = db_col_i64(q, 6) != 0,
				   .created = db_col_i64(q, 7),
				   .updated = db_col_i64(q, 8),
				   .unchanged = db_col_i64(q, 9),
				   .events = db_col_i64(q, 10),
				   .rejected = db_col_i64(q, 11),
				   .noted = db_col_i64(q, 12)};
	if (json_read(db_col_str(q, 2), 8, &out->settings, err))
		return -1;
	out->header = strndup(header.p, header.n);
	if (out->header)
		return 0;
	import_row_free(out);
	return err_nomem(err);
}

int import_read(struct db *db, const struct uuid *id, struct import_row *out, struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT format, state, settings, header, position, line, skipping, created, updated,"
			     " unchanged, events, rejected, noted FROM import WHERE id = $1");
	int r, k = -1;

	db_bind_uuid(q, 1, id);
	r = db_step(q, err);
	if (r == DB_ROW)
		k = read_row(q, out, err);
	db_done(q);
	if (r == DB_END)
		return err_set(err, ERR_NOT_FOUND, "import_not_found", NULL, "there is no such import");
	return k;
}

int import_write(struct db *db, const struct uuid *id, const struct import_row *row, int64_t now, struct err *err)
{
	struct stmt *q = db_query(
		db, "UPDATE import SET state = $1, header = $2, position = $3, line = $4, skipping = $5, created = $6,"
		    " updated = $7, unchanged = $8, events = $9, rejected = $10, noted = $11, updated_at = $12,"
		    " finished_at = $13 WHERE id = $14");

	db_bind_i64(q, 1, row->state);
	db_bind_text(q, 2, row->header);
	db_bind_i64(q, 3, row->position);
	db_bind_i64(q, 4, row->line);
	db_bind_i64(q, 5, row->skipping);
	db_bind_i64(q, 6, row->created);
	db_bind_i64(q, 7, row->updated);
	db_bind_i64(q, 8, row->unchanged);
	db_bind_i64(q, 9, row->events);
	db_bind_i64(q, 10, row->rejected);
	db_bind_i64(q, 11, row->noted);
	db_bind_i64(q, 12, now);
	if (row->state == IMPORT_OPEN)
		db_bind_null(q, 13);
	else
		db_bind_i64(q, 13, now);
	db_bind_uuid(q, 14, id);
	return db_run(q, err);
}
