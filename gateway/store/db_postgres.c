/*
 * The PostgreSQL driver: statements and transactions. postgres.h says how a connection works.
 *
 * A commit whose answer is lost with the connection is not guessed: each transaction learns its number before it commits,
 * and the server is asked over a new connection what became of that number (pg_xact_status). Only when it cannot be asked
 * within ASK is the fault DB_FAULT_UNKNOWN: the work may be done, and must not be done again by itself.
 */
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/postgres.h"

#define ASK (10 * US_SEC)
enum { ASK_MS = 100 };

/* ---- opening */

/* A copy of the DSN without `prepare=on` or `prepare=off`, which are for us. */
static char *our_options(const char *dsn, enum pg_prepare *prepare)
{
	static const char key[] = "prepare=";
	char *copy = strdup(dsn), *at = copy ? strstr(copy, key) : NULL, *end;

	*prepare = PG_PREPARE_AUTO;
	if (!at || at == copy || (at[-1] != '?' && at[-1] != '&'))
		return copy;
	end = at + strcspn(at, "&");
	*prepare = strncmp(at + sizeof key - 1, "on", 2) == 0 ? PG_PREPARE_ON : PG_PREPARE_OFF;
	if (*end)
		memmove(at, end + 1, strlen(end + 1) + 1);
	else
		at[-1] = 0;
	return copy;
}

static int check(const char *dsn, struct err *err)
{
	enum pg_prepare prepare;
	char *said = NULL, *ours = our_options(dsn, &prepare);
	PQconninfoOption *o = ours ? PQconninfoParse(ours, &said) : NULL;
	int r = 0;

	if (!ours || (!o && !said))
		r = err_nomem(err);
	else if (!o)
		r = err_set(err, ERR_INVALID, "dsn_invalid", "dsn", "%.*s", (int)strcspn(said, "\n"), said);
	PQconninfoFree(o);
	PQfreemem(said);
	free(ours);
	return r;
}

static void close_store(struct db **dbp)
{
	struct db *db = *dbp;

	if (!db)
		return;
	for (int i = 0; i < PG_SLOTS; i++) {
		PQclear(db->slot[i].rows);
		if (db->slot[i].p)
			buf_free(&db->slot[i].p->room);
		free(db->slot[i].p);
	}
	pg_gather_free(db);
	PQfinish(db->c);
	free(db->pending);
	free(db->dsn);
	free(db);
	*dbp = NULL;
}

static int open_store(const char *dsn, enum db_mode mode, struct db **out, struct err *err)
{
	struct db *db = calloc(1, sizeof *db);

	if (!db)
		return err_nomem(err);
	db->driver = &driver_postgres;
	db->mode = mode;
	db->dsn = our_options(dsn, &db->wish);
	if (!db->dsn ? err_nomem(err) : pg_connect(db, err)) {
		close_store(&db);
		return -1;
	}
	*out = db;
	return 0;
}

/* ---- statements */

static struct stmt *query(struct db *db, const char *sql)
{
	unsigned i = (unsigned)(((uintptr_t)sql * UINT64_C(0x9e3779b97f4a7c15)) >> 55) % PG_SLOTS;
	struct stmt *s;

	while (db->slot[i].sql && db->slot[i].sql != sql)
		i = (i + 1) % PG_SLOTS;
	s = &db->slot[i];
	if (!s->sql) {
		if (++db->used > PG_SLOTS - 8)
			abort(); /* text made at run time is passed as a statement: our own mistake, found by any test */
		*s = (struct stmt){.driver = &driver_postgres,
				   .db = db,
				   .sql = sql,
				   .params = pg_params_of(sql),
				   .quiet = pg_is_quiet(sql)};
	}
	if (!s->p) {
		s->p = calloc(1, sizeof *s->p);
		if (s->p)
			buf_init(&s->p->room, SIZE_MAX / 2);
		pg_unbind(s);
	}
	return s;
}

/* Without a name on the server: it would stay there. */
static struct stmt *query_once(struct db *db, const char *sql)
{
	struct stmt *s = calloc(1, sizeof *s);

	if (!s)
		return query(db, "no memory for a statement"); /* which is no SQL, so its step fails */
	*s = (struct stmt){.driver = &driver_postgres, .db = db, .sql = sql, .params = pg_params_of(sql), .once = true};
	s->p = calloc(1, sizeof *s->p);
	if (s->p)
		buf_init(&s->p->room, SIZE_MAX / 2);
	pg_unbind(s);
	return s;
}

static void done(struct stmt *s)
{
	PQclear(s->rows);
	s->rows = NULL;
	pg_unbind(s);
	if (!s->once)
		return;
	if (s->p)
		buf_free(&s->p->room);
	free(s->p);
	free(s);
}

/* Sends it and waits for its rows. */
static int fetch(struct stmt *s, struct err *err)
{
	struct db *db = s->db;
	int r = pg_send(s, PG_ROWS, err);

	if (r == 0 && !db->in_tx)
		r = pg_sync(db, err);
	if (pg_collect(db, r ? NULL : err))
		r = -1;
	return r;
}

static int may_run(struct stmt *s, struct err *err)
{
	struct db *db = s->db;

	if (!s->p || s->p->room.failed)
		return err_nomem(err);
	if (db->broken)
		return pg_again(db, err);
	return pg_ready(db, err);
}

/* A reader whose connection has gone asks again over a new one: nobody need know. */
static bool worth_another(const struct db *db) { return db->mode == DB_READ && !db->in_tx && db->lost; }

static int step(struct stmt *s, struct err *err)
{
	if (!s->rows) {
		if (may_run(s, err) ||
		    (fetch(s, err) && !(worth_another(s->db) && !pg_ready(s->db, err) && !fetch(s, err))))
			return DB_ERROR;
		if (!s->rows)
			return DB_ERROR;
		s->row = -1;
	}
	return ++s->row < PQntuples(s->rows) ? DB_ROW : DB_END;
}

static int run(struct stmt *s, struct err *err)
{
	int r;

	if (s->quiet && s->db->in_tx) {
		r = may_run(s, err) ? -1 : pg_gather(s, err);
		if (r == 1)
			r = pg_send(s, PG_RUN, err);
		r = r ? DB_ERROR : DB_END;
	} else {
		while ((r = step(s, err)) == DB_ROW)
			;
	}
	done(s);
	return r == DB_END ? 0 : -1;
}

static int64_t changes(struct db *db)
{
	return pg_gather_flush(db, NULL, NULL) || pg_collect(db, NULL) ? 0 : db->changes;
}

static int run_hit(struct stmt *s, struct err *err)
{
	struct db *db = s->db;
	int r;

	if (!db->in_tx || db->careful)
		return run(s, err) || pg_collect(db, err) ? -1 : db->changes > 0;
	r = may_run(s, err) || pg_send(s, PG_HIT, err) ? -1 : 1;
	done(s);
	return r;
}

static void careful(struct db *db, bool on) { db->careful = on; }

static int exec(struct db *db, const char *sql, struct err *err)
{
	PGresult *r;
	int rc = 0;

	if (db->broken)
		return pg_again(db, err);
	if (pg_ready(db, err) || pg_gather_flush(db, NULL, err) || pg_leave(db, err))
		return -1;
	r = PQexec(db->c, sql);
	if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
		rc = pg_fail(db, r, err);
	PQclear(r);
	return rc;
}

/* ---- transactions */

/* Writers of several gateways take turns, from BEGIN to COMMIT: each sees all that was written before its turn. The key is
 * "threadline" in ASCII, cut to 63 bits. */
#define OUR_TURN "SELECT pg_advisory_xact_lock(8387223250000048489)"

static int begin_write(struct db *db, struct err *err)
{
	return pg_send_control(db, "BEGIN ISOLATION LEVEL READ COMMITTED", PG_CONTROL, err) ||
			       pg_send_control(db, OUR_TURN, PG_CONTROL, err) ||
			       pg_send_control(db, "SELECT pg_current_xact_id()", PG_NUMBER, err)
		       ? -1
		       : 0;
}

static int begin(struct db *db, struct err *err)
{
	if (pg_ready(db, err))
		return -1;
	db->in_tx = true;
	db->broken = false;
	db->fault = DB_FAULT_NONE;
	db->number = 0;
	if ((db->mode == DB_READ ? pg_send_control(db, "BEGIN", PG_CONTROL, err) : begin_write(db, err)) == 0)
		return 0;
	db->in_tx = db->broken = false;
	db->lost = true; /* whatever state it is in */
	return -1;
}

/* committed, aborted, in progress; NULL if there is no telling. */
static int what_became(struct db *db, uint64_t number, char out[16], struct err *err)
{
	struct stmt *q = query(db, "SELECT pg_xact_status($1::text::xid8)");
	struct buf text;
	int r;

	buf_init(&text, 32);
	buf_addf(&text, "%llu", (unsigned long long)number);
	pg_bind_str(q, 1, buf_str(&text));
	buf_free(&text);
	*out = 0;
	r = step(q, err);
	if (r == DB_ROW) {
		struct str word = pg_col_str(q, 0);
		size_t n = word.n < 15 ? word.n : 15;
		memcpy(out, word.p, n);
		out[n] = 0;
	}
	done(q);
	return r == DB_ROW ? 0 : -1;
}

/* The connection went with the answer to COMMIT. 0: it was committed after all. */
static int resolve(struct db *db, struct err *err)
{
	int64_t until = clock_mono() + ASK;
	uint64_t number = db->number;
	char word[16] = "";

	db->in_tx = db->broken = false;
	while (clock_mono() < until) {
		if (pg_ready(db, err) == 0 && what_became(db, number, word, err) == 0 &&
		    strcmp(word, "in progress") != 0)
			break;
		poll(NULL, 0, ASK_MS);
	}
	log_warn("store.commit_unanswered", "found", *word ? word : "unknown", LOG_END);
	if (strcmp(word, "committed") == 0)
		return 0;
	db->fault = strcmp(word, "aborted") == 0 ? DB_FAULT_UNAVAILABLE : DB_FAULT_UNKNOWN;
	return db_fail(db->fault, "the connection was lost while committing", err);
}

static int commit(struct db *db, struct err *err)
{
	if (db->broken)
		return pg_again(db, err);
	/* All before it is known to be well, and the number known, before COMMIT leaves. */
	if (pg_gather_flush(db, NULL, err) || pg_collect(db, err))
		return -1;
	if (pg_send_control(db, "COMMIT", PG_CONTROL, err) == 0 && pg_sync(db, err) == 0 && pg_collect(db, err) == 0) {
		db->in_tx = false;
		return 0;
	}
	return db->lost && db->number ? resolve(db, err) : -1;
}

static void rollback(struct db *db)
{
	bool open = db->in_tx && !db->lost;

	db->in_tx = false;
	pg_gather_drop(db);
	if (open) {
		if (pg_sync(db, NULL) == 0)
			pg_collect(db, NULL); /* past the error, if there is one */
		if (!db->lost && pg_send_control(db, "ROLLBACK", PG_CONTROL, NULL) == 0 && pg_sync(db, NULL) == 0)
			pg_collect(db, NULL);
	}
	db->broken = false;
}

static enum db_fault fault_of(const struct db *db) { return db->fault; }

/* The server looks after its log by itself. */
static bool checkpoint(struct db *db) { return db != NULL; }

static int64_t log_pages(const struct db *db)
{
	(void)db;
	return 0;
}

const struct driver driver_postgres = {
	.dialect = DB_POSTGRES,
	.check = check,
	.open = open_store,
	.close = close_store,
	.query = query,
	.query_once = query_once,
	.bind_i64 = pg_bind_i64,
	.bind_str = pg_bind_str,
	.bind_blob = pg_bind_blob,
	.bind_null = pg_bind_null,
	.step = step,
	.done = done,
	.run = run,
	.run_hit = run_hit,
	.careful = careful,
	.changes = changes,
	.col_i64 = pg_col_i64,
	.col_str = pg_col_str,
	.col_null = pg_col_null,
	.exec = exec,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.fault = fault_of,
	.checkpoint = checkpoint,
	.log_pages = log_pages,
};
