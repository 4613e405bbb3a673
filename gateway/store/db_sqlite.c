/*
 * The SQLite driver. Statements are cached by the address of their SQL text, in a small open hash table: the house has
 * some hundred statements, and preparing one costs more than running it.
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/driver.h"
#include "store/sqlite_cache.h"
#include "store/sqlite_log.h"

enum { SLOTS = 512, BUSY_MS = 5000, ROOM = 2048 };

struct stmt {
	const struct driver *driver;
	struct db *db;
	const char *sql; /* its address is the key */
	sqlite3_stmt *q; /* NULL: prepare failed */
	bool stepped;
	bool ordered; /* $1..$n appear in order, so the number is the index */
	bool once;    /* not in the table: goes with its use */
	/* What is bound is copied here, one after the other, since SQLite would allocate and free a copy of each. */
	char *room;
	size_t used;
};

struct db {
	const struct driver *driver;
	sqlite3 *h;
	struct stmt slot[SLOTS];
	int used;
	enum db_fault fault;
	int64_t log_pages;
};

static enum db_fault classify(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CONSTRAINT: return DB_FAULT_CONFLICT;
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_NOMEM:
	case SQLITE_PERM: return DB_FAULT_UNAVAILABLE;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return DB_FAULT_CORRUPT;
	default: return DB_FAULT_BUG;
	}
}

static int fail(struct db *db, int rc, struct err *err)
{
	db->fault = classify(rc);
	return db_fail(db->fault, db->h ? sqlite3_errmsg(db->h) : sqlite3_errstr(rc), err);
}

static int on_commit(void *arg, sqlite3 *h, const char *name, int pages)
{
	struct db *db = arg;
	(void)h;
	(void)name;
	db->log_pages = pages;
	return SQLITE_OK;
}

static int exec(struct db *db, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(db->h, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : fail(db, rc, err);
}

static int pragmas(struct db *db, enum db_mode mode, struct err *err)
{
	static const char write_sql[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
					"PRAGMA foreign_keys=ON; PRAGMA cache_size=-131072; PRAGMA temp_store=MEMORY;"
					"PRAGMA journal_size_limit=134217728;";
	static const char read_sql[] = "PRAGMA query_only=ON; PRAGMA cache_size=-32768; PRAGMA mmap_size=17179869184;"
				       "PRAGMA temp_store=MEMORY;";

	sqlite3_busy_timeout(db->h, BUSY_MS);
	if (mode ==
	    DB_WRITE) /* small allocations of hundreds of statements at once; must come before the first of them */
		sqlite3_db_config(db->h, SQLITE_DBCONFIG_LOOKASIDE, NULL, 1200, 2000);
	if (mode == DB_WRITE)
		sqlite3_wal_hook(db->h, on_commit, db);
	return exec(db, mode == DB_WRITE ? write_sql : read_sql, err);
}

/* SQLite's memory statistics take a process-wide lock at each allocation; nobody reads them. */
static void configure(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite_cache_install();
	sqlite_log_install();
}

static void close_store(struct db **dbp)
{
	struct db *db = *dbp;

	if (!db)
		return;
	for (int i = 0; i < SLOTS; i++) {
		sqlite3_finalize(db->slot[i].q);
		free(db->slot[i].room);
	}
	sqlite3_close_v2(db->h);
	free(db);
	*dbp = NULL;
}

static int open_store(const char *dsn, enum db_mode mode, struct db **out, struct err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (mode == DB_WRITE ? SQLITE_OPEN_CREATE : 0), rc;
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct db *db = calloc(1, sizeof *db);

	if (!db)
		return err_nomem(err);
	db->driver = &driver_sqlite;
	pthread_once(&once, configure);
	if (strncmp(dsn, "sqlite:", 7) == 0)
		dsn += 7;
	rc = sqlite3_open_v2(dsn, &db->h, flags, sqlite3_vfs_find(SQLITE_LOG_LAYER) ? SQLITE_LOG_LAYER : NULL);
	if (rc != SQLITE_OK) {
		fail(db, rc, err);
		close_store(&db);
		return err_context(err, "%s", dsn);
	}
	sqlite3_extended_result_codes(db->h, 1);
	if (pragmas(db, mode, err)) {
		close_store(&db);
		return -1;
	}
	*out = db;
	return 0;
}

/* "$3" is a named parameter for SQLite, whose index is its order of appearance: the same as its number in nearly all of
 * our statements, which is found out once. */
static bool in_order(sqlite3_stmt *q)
{
	for (int i = 1; i <= sqlite3_bind_parameter_count(q); i++) {
		const char *name = sqlite3_bind_parameter_name(q, i);
		int64_t number;
		if (!name || !str_i64(str_of(name + 1), &number) || number != i)
			return false;
	}
	return true;
}

static struct stmt *query(struct db *db, const char *sql)
{
	unsigned i = (unsigned)(((uintptr_t)sql * UINT64_C(0x9e3779b97f4a7c15)) >> 55) % SLOTS;
	struct stmt *s;

	while (db->slot[i].sql && db->slot[i].sql != sql)
		i = (i + 1) % SLOTS;
	s = &db->slot[i];
	if (s->q)
		return s;
	if (!s->sql && ++db->used > SLOTS - 8)
		abort(); /* text made at run time is passed as a statement: our own mistake, found by any test */
	*s = (struct stmt){.driver = &driver_sqlite, .db = db, .sql = sql};
	if (sqlite3_prepare_v3(db->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->q, NULL) != SQLITE_OK)
		s->q = NULL;
	s->ordered = s->q && in_order(s->q);
	return s;
}

static struct stmt *query_once(struct db *db, const char *sql)
{
	struct stmt *s = calloc(1, sizeof *s);

	if (!s)
		return query(db, "no memory for a statement"); /* which is no SQL, so its step fails */
	*s = (struct stmt){.driver = &driver_sqlite, .db = db, .sql = sql, .once = true};
	if (sqlite3_prepare_v3(db->h, sql, -1, 0, &s->q, NULL) != SQLITE_OK)
		s->q = NULL;
	s->ordered = s->q && in_order(s->q);
	return s;
}

static int param(struct stmt *s, int i)
{
	char name[16];

	if (!s->q)
		return 0;
	if (s->ordered)
		return i;
	snprintf(name, sizeof name, "$%d", i);
	return sqlite3_bind_parameter_index(s->q, name);
}

/* NULL: there is no room, SQLite makes its own copy. */
static const void *keep(struct stmt *s, const void *p, size_t n)
{
	char *copy;

	if (!s->room && !(s->room = malloc(ROOM)))
		return NULL;
	if (n > ROOM - s->used)
		return NULL;
	copy = s->room + s->used;
	if (n)
		memcpy(copy, p, n);
	s->used += n;
	return copy;
}

static void bind_i64(struct stmt *s, int i, int64_t v)
{
	int at = param(s, i);
	if (at)
		sqlite3_bind_int64(s->q, at, v);
}

static void bind_str(struct stmt *s, int i, struct str v)
{
	int at = param(s, i);
	const void *copy = at ? keep(s, v.p, v.n) : NULL;

	if (copy)
		sqlite3_bind_text64(s->q, at, copy, v.n, SQLITE_STATIC, SQLITE_UTF8);
	else if (at)
		sqlite3_bind_text64(s->q, at, v.p ? v.p : "", v.n, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void bind_blob(struct stmt *s, int i, const void *p, size_t n)
{
	int at = param(s, i);
	const void *copy = at ? keep(s, p, n) : NULL;

	if (copy)
		sqlite3_bind_blob64(s->q, at, copy, n, SQLITE_STATIC);
	else if (at)
		sqlite3_bind_blob64(s->q, at, p, n, SQLITE_TRANSIENT);
}

static void bind_null(struct stmt *s, int i, enum db_type type)
{
	int at = param(s, i);

	(void)type;
	if (at)
		sqlite3_bind_null(s->q, at);
}

static int step(struct stmt *s, struct err *err)
{
	int rc;

	if (!s->q) { /* the cause of the failed prepare may have passed (schema, disk) */
		rc = sqlite3_prepare_v3(s->db->h, s->sql, -1, SQLITE_PREPARE_PERSISTENT, &s->q, NULL);
		if (rc != SQLITE_OK || sqlite3_bind_parameter_count(s->q) > 0) {
			fail(s->db, rc == SQLITE_OK ? SQLITE_IOERR : rc, err);
			return DB_ERROR;
		}
	}
	s->stepped = true;
	rc = sqlite3_step(s->q);
	if (rc == SQLITE_ROW)
		return DB_ROW;
	if (rc == SQLITE_DONE)
		return DB_END;
	return fail(s->db, rc, err);
}

static void done(struct stmt *s)
{
	if (s->once) {
		sqlite3_finalize(s->q);
		free(s->room);
		free(s);
		return;
	}
	if (!s->q)
		return;
	if (s->stepped)
		sqlite3_reset(s->q);
	s->stepped = false;
	sqlite3_clear_bindings(s->q);
	s->used = 0;
}

static int run(struct stmt *s, struct err *err)
{
	int r;

	while ((r = step(s, err)) == DB_ROW)
		;
	done(s);
	return r == DB_END ? 0 : -1;
}

static int64_t changes(struct db *db) { return sqlite3_changes64(db->h); }

static int run_hit(struct stmt *s, struct err *err)
{
	struct db *db = s->db;
	return run(s, err) ? -1 : changes(db) > 0;
}

/* It guesses nothing. */
static void careful(struct db *db, bool on)
{
	(void)db;
	(void)on;
}

static int64_t col_i64(struct stmt *s, int i) { return sqlite3_column_int64(s->q, i); }
static bool col_null(struct stmt *s, int i) { return sqlite3_column_type(s->q, i) == SQLITE_NULL; }

static struct str col_str(struct stmt *s, int i)
{
	const void *p = sqlite3_column_blob(s->q, i);
	return (struct str){p ? p : "", (size_t)sqlite3_column_bytes(s->q, i)};
}

static int simple(struct db *db, const char *sql, struct err *err) { return run(query(db, sql), err); }

static int begin(struct db *db, struct err *err) { return simple(db, "BEGIN IMMEDIATE", err); }
static int commit(struct db *db, struct err *err) { return simple(db, "COMMIT", err); }

static void rollback(struct db *db)
{
	if (!sqlite3_get_autocommit(db->h))
		simple(db, "ROLLBACK", NULL);
}

static enum db_fault fault_of(const struct db *db) { return db->fault; }

static int64_t log_pages(const struct db *db) { return db->log_pages; }

static bool checkpoint(struct db *db)
{
	int log = 0, done = 0;
	int rc = sqlite3_wal_checkpoint_v2(db->h, NULL, SQLITE_CHECKPOINT_PASSIVE, &log, &done);
	return rc == SQLITE_OK && log == done;
}

const struct driver driver_sqlite = {
	.dialect = DB_SQLITE,
	.open = open_store,
	.close = close_store,
	.query = query,
	.query_once = query_once,
	.bind_i64 = bind_i64,
	.bind_str = bind_str,
	.bind_blob = bind_blob,
	.bind_null = bind_null,
	.step = step,
	.done = done,
	.run = run,
	.run_hit = run_hit,
	.careful = careful,
	.changes = changes,
	.col_i64 = col_i64,
	.col_str = col_str,
	.col_null = col_null,
	.exec = exec,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.fault = fault_of,
	.checkpoint = checkpoint,
	.log_pages = log_pages,
};
