/*
 * Inside the PostgreSQL driver: a connection and its statements. Private to db_postgres.c and postgres_*.c.
 *
 * A connection works in libpq's pipeline mode: what is sent is noted in `pending`, and its answers are collected in order
 * when somebody needs one of them. In a transaction a statement without rows is only sent; should it fail, that is seen
 * by the next one that waits, at the latest by the commit, and from then on the transaction is `broken`: each further
 * step and the commit report the same error.
 */
#pragma once
#include <libpq-fe.h>

#include "store/driver.h"

enum { PG_SLOTS = 512, PG_PARAMS = 128, PG_ERROR = 200, PG_GATHERERS = 32, PG_ROWS_PARAMS = 512 };

struct stmt {
	const struct driver *driver;
	struct db *db;
	const char *sql; /* its address is the key */
	bool quiet;	 /* changes rows and returns none */
	int params;
	struct pg_params *p; /* NULL: no memory */
	unsigned name;	     /* under which the connection has prepared it; 0: it has not */
	int renamed;	     /* prepared anew because a parameter had another type */
	bool once;	     /* goes with its use */
	bool asked_gather;   /* whether its rows may be gathered */
	struct pg_gather *gather;
	PGresult *rows;
	int row;
};

/* What is bound. Values lie in room, one after the other. */
struct pg_params {
	Oid type[PG_PARAMS], prepared[PG_PARAMS]; /* 0: any */
	size_t at[PG_PARAMS];
	int length[PG_PARAMS]; /* -1: NULL */
	struct buf room;
};

/* Named statements: by default as long as the server itself is at the other end. */
enum pg_prepare { PG_PREPARE_AUTO, PG_PREPARE_ON, PG_PREPARE_OFF };

enum pg_what { PG_PREPARE, PG_RUN, PG_HIT, PG_ROWS, PG_NUMBER, PG_CONTROL, PG_SYNC };

struct pg_pending {
	enum pg_what what;
	struct stmt *s;
	const char *control;
};

struct db {
	const struct driver *driver;
	PGconn *c;
	char *dsn;
	enum db_mode mode;
	enum pg_prepare wish;
	bool prepare;	  /* named statements; not through a pooler that gives each transaction another connection */
	bool in_pipeline; /* the mode of the connection */
	bool in_tx, broken;
	bool careful;
	bool lost;	/* the connection; opened anew by the next one that may */
	bool unflushed; /* something was sent without asking for the answer */
	struct pg_pending *pending;
	size_t pending_n, pending_cap;
	uint64_t number; /* of the transaction, once it is known; 0: not yet */
	int64_t changes;
	int64_t retry_at; /* no attempt to connect before */
	unsigned names;
	enum db_fault fault;
	char error[PG_ERROR]; /* of the broken transaction, or of the last attempt to connect */
	struct stmt slot[PG_SLOTS];
	int used;
	struct pg_gather *gather[PG_GATHERERS]; /* postgres_gather.c */
	int gather_n, gathered;			/* rows that wait */
};

/* ---- postgres_link.c */
int pg_connect(struct db *db, struct err *err);
/* Connects anew if the connection is lost and it is time to try. */
int pg_ready(struct db *db, struct err *err);
enum db_fault pg_classify(const char *sqlstate);
/* Notes a failure: of a result, or of the connection when r is NULL. Returns DB_ERROR. */
int pg_fail(struct db *db, const PGresult *r, struct err *err);
/* Notes that a statement changed no row though it was taken for granted. Returns DB_ERROR. */
int pg_fail_guess(struct db *db, struct err *err);
/* Says the noted failure again. */
int pg_again(const struct db *db, struct err *err);

/* ---- postgres_value.c */
int pg_params_of(const char *sql);
bool pg_is_quiet(const char *sql);
void pg_bind_i64(struct stmt *s, int i, int64_t v);
void pg_bind_str(struct stmt *s, int i, struct str v);
void pg_bind_blob(struct stmt *s, int i, const void *p, size_t n);
void pg_bind_null(struct stmt *s, int i, enum db_type type);
void pg_unbind(struct stmt *s);
int64_t pg_col_i64(struct stmt *s, int i);
struct str pg_col_str(struct stmt *s, int i);
bool pg_col_null(struct stmt *s, int i);
int64_t pg_int(const PGresult *r, int row, int i);

/* ---- postgres_pipe.c */
/* Sends a statement with what is bound; its answer is collected later. */
int pg_send(struct stmt *s, enum pg_what what, struct err *err);
int pg_send_control(struct db *db, const char *sql, enum pg_what what, struct err *err);
/* The same for a statement of many parameters, under a name that was not given yet; and with values for it. */
int pg_send_prepare(struct db *db, unsigned name, const char *sql, int params, const Oid *types, struct err *err);
int pg_send_rows(struct db *db, unsigned name, int params, const char *const *value, const int *length,
		 struct err *err);
/* Ends what was sent for the server; an error in it does not reach beyond. */
int pg_sync(struct db *db, struct err *err);
/* Waits for all answers. -1 if any was an error. */
int pg_collect(struct db *db, struct err *err);
/* Leaves pipeline mode, all answers read. */
int pg_leave(struct db *db, struct err *err);

/* ---- postgres_gather.c: rows of INSERTs in a transaction, sent together */
/* 0: kept or sent with others; 1: it is none of these, run it; -1 err. */
int pg_gather(struct stmt *s, struct err *err);
/* Sends the rows for tables that sql speaks of, or all (NULL). */
int pg_gather_flush(struct db *db, const char *sql, struct err *err);
/* Forgets rows, and what was prepared: after a rollback, or with a new connection. */
void pg_gather_drop(struct db *db);
void pg_gather_free(struct db *db);
