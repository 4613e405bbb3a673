/*
 * The database as the rest of the house sees it: prepare, bind, step. Two drivers behind it, chosen by the DSN: SQLite
 * (db_sqlite.c) and PostgreSQL (db_postgres.c). sqlite3.h and libpq-fe.h are included there only.
 *
 * SQL is written once for both: placeholders $1..$n, ids as BYTEA/BLOB of 16 bytes, times as BIGINT microseconds,
 * booleans as 0/1, JSON as TEXT, upserts as INSERT ... ON CONFLICT, no driver functions. Every customer-owned table has
 * `bucket` first in its key, and every statement about one names it.
 *
 * A connection belongs to one thread at a time. Statements are cached by the address of their SQL: pass string literals
 * (or other text that lives as long as the connection). A statement is reset by db_done, always in the function that
 * stepped it:
 *
 *     struct stmt *q = db_query(db, "SELECT name FROM customer WHERE bucket = $1 AND id = $2");
 *     db_bind_i64(q, 1, bucket); db_bind_uuid(q, 2, &id);
 *     while ((r = db_step(q, err)) == DB_ROW) ... db_col_str(q, 0) ...
 *     db_done(q);
 *
 * A failed prepare yields a statement whose db_step reports it, so only db_step needs checking. Columns count from 0,
 * parameters from 1. Column bytes live until the next step or db_done.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"

struct db;
struct stmt;

enum { DB_ERROR = -1, DB_END = 0, DB_ROW = 1 };

enum db_fault {
	DB_FAULT_NONE,
	DB_FAULT_CONFLICT,    /* a unique key or check said no */
	DB_FAULT_UNAVAILABLE, /* disk full, read-only, i/o, locked, connection lost: may pass */
	DB_FAULT_UNKNOWN,     /* the connection was lost while committing: it may be done, or not */
	DB_FAULT_GUESS,	      /* of db_run_hit: to be run again after db_careful */
	DB_FAULT_CORRUPT,
	DB_FAULT_BUG /* bad SQL, misuse */
};

enum db_mode { DB_WRITE, DB_READ };
/* dsn: a path or "sqlite:path" (":memory:" is for tests with one connection), or "postgresql://..." as libpq has it. */
int db_open(const char *dsn, enum db_mode mode, struct db **out, struct err *err);
void db_close(struct db **db);
/* The file of the store; NULL when it is none. */
const char *db_dsn_file(const char *dsn);
/* Whether it can be understood, without opening anything. */
int db_dsn_check(const char *dsn, struct err *err);
/* For people to read: without passwords. */
void db_dsn_show(const char *dsn, struct buf *out);

enum db_dialect { DB_SQLITE, DB_POSTGRES };
/* For the few places in store/ where one text cannot serve both. */
enum db_dialect db_dialect(const struct db *db);

struct stmt *db_query(struct db *db, const char *sql);
/* For text made at run time (never with values in it), which lives until db_done: prepared for this one use. */
struct stmt *db_query_once(struct db *db, const char *sql);
void db_bind_i64(struct stmt *s, int i, int64_t v);
void db_bind_str(struct stmt *s, int i, struct str v);	 /* copied; empty stays empty */
void db_bind_text(struct stmt *s, int i, const char *v); /* copied; NULL is SQL NULL */
void db_bind_blob(struct stmt *s, int i, const void *p, size_t n);
void db_bind_uuid(struct stmt *s, int i, const struct uuid *u); /* NULL or nil is SQL NULL */
void db_bind_null(struct stmt *s, int i);
int db_step(struct stmt *s, struct err *err); /* DB_ROW, DB_END or DB_ERROR */
void db_done(struct stmt *s);
/* Steps to the end and resets: for statements without rows. 0 or -1. */
int db_run(struct stmt *s, struct err *err);
/* For a statement that nearly always changes a row: 1 it did, 0 it did not, -1 err. PostgreSQL answers 1 without waiting;
 * when that turns out wrong, the transaction fails with DB_FAULT_GUESS, and the writer runs it again, carefully. */
int db_run_hit(struct stmt *s, struct err *err);
void db_careful(struct db *db, bool on); /* no guesses */
/* The single row of a statement is read by the caller after DB_ROW; rows changed by the last run: */
int64_t db_changes(struct db *db);

int64_t db_col_i64(struct stmt *s, int i);		   /* NULL reads 0 */
struct str db_col_str(struct stmt *s, int i);		   /* NULL reads empty */
bool db_col_uuid(struct stmt *s, int i, struct uuid *out); /* false and nil when NULL */
bool db_col_null(struct stmt *s, int i);

int db_exec(struct db *db, const char *sql, struct err *err); /* several statements, uncached */
int db_begin(struct db *db, struct err *err);
int db_commit(struct db *db, struct err *err);
void db_rollback(struct db *db);
enum db_fault db_fault(const struct db *db); /* of the last error on this connection */
/* Copies what the log (WAL) holds into the file, as far as nobody is in the way. true: all of it. */
bool db_checkpoint(struct db *db);
int64_t db_log_pages(const struct db *db); /* length of the log after this connection's last commit */
