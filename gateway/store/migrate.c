#include "store/migrate.h"

#include "base/clock.h"
#include "store/migrations.h"

int migrate_latest(void) { return migrations[migrations_n - 1].number; }

int migrate_version(struct db *db, int *out, struct err *err)
{
	struct stmt *q;
	int r;

	if (db_exec(db,
		    "CREATE TABLE IF NOT EXISTS migration (number INTEGER NOT NULL PRIMARY KEY, at BIGINT NOT NULL)",
		    err))
		return -1;
	q = db_query(db, "SELECT COALESCE(MAX(number), 0) FROM migration");
	r = db_step(q, err);
	if (r == DB_ROW)
		*out = (int)db_col_i64(q, 0);
	db_done(q);
	return r == DB_ROW ? 0 : -1;
}

static int step(struct db *db, const struct migration *m, struct err *err)
{
	struct stmt *q;

	if (db_begin(db, err))
		return -1;
	if (db_exec(db, m->sql, err))
		goto undo;
	q = db_query(db, "INSERT INTO migration (number, at) VALUES ($1, $2)");
	db_bind_i64(q, 1, m->number);
	db_bind_i64(q, 2, clock_now());
	if (db_run(q, err) || db_commit(db, err))
		goto undo;
	return 0;
undo:
	db_rollback(db);
	return err_context(err, "migration %d", m->number);
}

int migrate_run(struct db *db, int *from, int *to, struct err *err)
{
	int version;

	if (migrate_version(db, &version, err))
		return -1;
	if (version > migrate_latest())
		return err_set(err, ERR_UNAVAILABLE, "store_too_new", NULL,
			       "the store has schema %d, this program knows %d: it was written by a newer release",
			       version, migrate_latest());
	*from = version;
	for (int i = 0; i < migrations_n; i++) {
		if (migrations[i].number > version && step(db, &migrations[i], err))
			return -1;
	}
	*to = migrate_latest();
	return 0;
}
