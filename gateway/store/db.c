/* Which driver a DSN means, and the way to it. */
#include "store/db.h"

#include "store/driver.h"

/* The first members of what each driver has behind these names. */
struct db {
	const struct driver *driver;
};

struct stmt {
	const struct driver *driver;
};

static bool begins(const char *s, const char *with) { return strncmp(s, with, strlen(with)) == 0; }

static const struct driver *driver_of(const char *dsn)
{
	return begins(dsn, "postgresql://") || begins(dsn, "postgres://") ? &driver_postgres : &driver_sqlite;
}

const char *db_dsn_file(const char *dsn)
{
	if (driver_of(dsn) != &driver_sqlite)
		return NULL;
	return begins(dsn, "sqlite:") ? dsn + strlen("sqlite:") : dsn;
}

int db_dsn_check(const char *dsn, struct err *err)
{
	const struct driver *d = driver_of(dsn);

	return d->check ? d->check(dsn, err) : 0;
}

/* scheme://user:password@host/database?password=... */
void db_dsn_show(const char *dsn, struct buf *out)
{
	const char *user = db_dsn_file(dsn) ? NULL : strstr(dsn, "://"), *end, *colon, *at;

	if (!user) {
		buf_adds(out, dsn);
		return;
	}
	user += 3;
	end = user + strcspn(user, "/?");
	at = memrchr(user, '@', (size_t)(end - user));
	colon = at ? memchr(user, ':', (size_t)(at - user)) : NULL;
	if (colon) {
		buf_add(out, dsn, (size_t)(colon + 1 - dsn));
		buf_adds(out, "***");
		dsn = at;
	}
	while ((at = strstr(dsn, "password="))) {
		at += strlen("password=");
		buf_add(out, dsn, (size_t)(at - dsn));
		buf_adds(out, "***");
		dsn = at + strcspn(at, "&");
	}
	buf_adds(out, dsn);
}

int db_fail(enum db_fault fault, const char *msg, struct err *err)
{
	static const enum err_kind kinds[] = {[DB_FAULT_NONE] = ERR_INTERNAL,
					      [DB_FAULT_CONFLICT] = ERR_CONFLICT,
					      [DB_FAULT_UNAVAILABLE] = ERR_UNAVAILABLE,
					      [DB_FAULT_UNKNOWN] = ERR_UNAVAILABLE,
					      [DB_FAULT_GUESS] = ERR_INTERNAL,
					      [DB_FAULT_CORRUPT] = ERR_UNAVAILABLE,
					      [DB_FAULT_BUG] = ERR_INTERNAL};

	err_set(err, kinds[fault], fault == DB_FAULT_CONFLICT ? "conflict" : "store_unavailable", NULL, "store: %s",
		msg);
	if (err && kinds[fault] == ERR_UNAVAILABLE)
		err->retry_after_s = 5;
	return DB_ERROR;
}

int db_open(const char *dsn, enum db_mode mode, struct db **out, struct err *err)
{
	return driver_of(dsn)->open(dsn, mode, out, err);
}

void db_close(struct db **db)
{
	if (*db)
		(*db)->driver->close(db);
}

enum db_dialect db_dialect(const struct db *db) { return db->driver->dialect; }

struct stmt *db_query(struct db *db, const char *sql) { return db->driver->query(db, sql); }
struct stmt *db_query_once(struct db *db, const char *sql) { return db->driver->query_once(db, sql); }

void db_bind_i64(struct stmt *s, int i, int64_t v) { s->driver->bind_i64(s, i, v); }
void db_bind_str(struct stmt *s, int i, struct str v) { s->driver->bind_str(s, i, v); }
void db_bind_blob(struct stmt *s, int i, const void *p, size_t n) { s->driver->bind_blob(s, i, p, n); }
void db_bind_null(struct stmt *s, int i) { s->driver->bind_null(s, i, DB_ANY); }

void db_bind_text(struct stmt *s, int i, const char *v)
{
	if (v)
		s->driver->bind_str(s, i, str_of(v));
	else
		s->driver->bind_null(s, i, DB_TEXT);
}

void db_bind_uuid(struct stmt *s, int i, const struct uuid *u)
{
	if (!u || uuid_is_nil(u))
		s->driver->bind_null(s, i, DB_BYTES);
	else
		s->driver->bind_blob(s, i, u->b, sizeof u->b);
}

int db_step(struct stmt *s, struct err *err) { return s->driver->step(s, err); }
void db_done(struct stmt *s) { s->driver->done(s); }
int db_run(struct stmt *s, struct err *err) { return s->driver->run(s, err); }
int db_run_hit(struct stmt *s, struct err *err) { return s->driver->run_hit(s, err); }
void db_careful(struct db *db, bool on) { db->driver->careful(db, on); }
int64_t db_changes(struct db *db) { return db->driver->changes(db); }

int64_t db_col_i64(struct stmt *s, int i) { return s->driver->col_i64(s, i); }
struct str db_col_str(struct stmt *s, int i) { return s->driver->col_str(s, i); }
bool db_col_null(struct stmt *s, int i) { return s->driver->col_null(s, i); }

bool db_col_uuid(struct stmt *s, int i, struct uuid *out)
{
	struct str v = s->driver->col_str(s, i);

	*out = (struct uuid){{0}};
	if (v.n != sizeof out->b)
		return false;
	memcpy(out->b, v.p, sizeof out->b);
	return true;
}

int db_exec(struct db *db, const char *sql, struct err *err) { return db->driver->exec(db, sql, err); }
int db_begin(struct db *db, struct err *err) { return db->driver->begin(db, err); }
int db_commit(struct db *db, struct err *err) { return db->driver->commit(db, err); }
void db_rollback(struct db *db) { db->driver->rollback(db); }
enum db_fault db_fault(const struct db *db) { return db->driver->fault(db); }
int64_t db_log_pages(const struct db *db) { return db->driver->log_pages(db); }
bool db_checkpoint(struct db *db) { return db->driver->checkpoint(db); }
