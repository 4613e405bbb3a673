/*
 * What db.c asks of a driver, one table of functions for each. Private to store/.
 *
 * Each driver defines struct db and struct stmt for itself; the first member of both is `const struct driver *driver`, by
 * which db.c finds the way. All that db.h says holds for these functions.
 */
#pragma once
#include "store/db.h"

/* What a parameter is, also when it is NULL. */
enum db_type { DB_ANY, DB_INT, DB_TEXT, DB_BYTES };

struct driver {
	enum db_dialect dialect;
	int (*check)(const char *dsn, struct err *err); /* may be NULL: every text will do */
	int (*open)(const char *dsn, enum db_mode mode, struct db **out, struct err *err);
	void (*close)(struct db **db);
	struct stmt *(*query)(struct db *db, const char *sql);
	struct stmt *(*query_once)(struct db *db, const char *sql);
	void (*bind_i64)(struct stmt *s, int i, int64_t v);
	void (*bind_str)(struct stmt *s, int i, struct str v);
	void (*bind_blob)(struct stmt *s, int i, const void *p, size_t n);
	void (*bind_null)(struct stmt *s, int i, enum db_type type);
	int (*step)(struct stmt *s, struct err *err);
	void (*done)(struct stmt *s);
	int (*run)(struct stmt *s, struct err *err);
	int (*run_hit)(struct stmt *s, struct err *err);
	void (*careful)(struct db *db, bool on);
	int64_t (*changes)(struct db *db);
	int64_t (*col_i64)(struct stmt *s, int i);
	struct str (*col_str)(struct stmt *s, int i);
	bool (*col_null)(struct stmt *s, int i);
	int (*exec)(struct db *db, const char *sql, struct err *err);
	int (*begin)(struct db *db, struct err *err);
	int (*commit)(struct db *db, struct err *err);
	void (*rollback)(struct db *db);
	enum db_fault (*fault)(const struct db *db);
	bool (*checkpoint)(struct db *db);
	int64_t (*log_pages)(const struct db *db);
};

extern const struct driver driver_sqlite, driver_postgres;

/* Fills err with what a fault means to callers. Returns DB_ERROR. */
int db_fail(enum db_fault fault, const char *msg, struct err *err);
