/*
 * Opening a connection, noticing that it is gone, opening it anew. Several hosts, target_session_attrs, TLS, passwords and
 * their files are libpq's business: the DSN is handed to it as it is, but for `prepare=off`, which is ours.
 *
 * A pooler may give each transaction another connection, on which no statement is prepared and whose session is not ours.
 * It is recognised by the number of the process, which a pooler makes up.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/postgres.h"

enum { OLDEST = 130000 }; /* pg_current_xact_id */
#define RETRY US_SEC

static const struct {
	const char *begin;
	enum db_fault fault;
} classes[] = {
	{"23", DB_FAULT_CONFLICT},    /* unique, check, not null */
	{"08", DB_FAULT_UNAVAILABLE}, /* connection */
	{"25006", DB_FAULT_UNAVAILABLE} /* read-only: a standby, or on its way to be one */,
	{"26", DB_FAULT_UNAVAILABLE},	 /* the statement is not known here: a pooler changed the connection */
	{"42P05", DB_FAULT_UNAVAILABLE}, /* or it is known already */
	{"28", DB_FAULT_UNAVAILABLE},	 /* who are you */
	{"3D", DB_FAULT_UNAVAILABLE},	 /* no such database */
	{"40", DB_FAULT_UNAVAILABLE},	 /* deadlock, serialization */
	{"53", DB_FAULT_UNAVAILABLE},	 /* disk full, memory, too many connections */
	{"55P03", DB_FAULT_UNAVAILABLE}, /* locked */
	{"57", DB_FAULT_UNAVAILABLE},	 /* shutdown, cancelled */
	{"58", DB_FAULT_UNAVAILABLE},	 /* i/o */
	{"XX001", DB_FAULT_CORRUPT},
	{"XX002", DB_FAULT_CORRUPT},
};

enum db_fault pg_classify(const char *sqlstate)
{
	for (size_t i = 0; sqlstate && i < sizeof classes / sizeof *classes; i++)
		if (strncmp(sqlstate, classes[i].begin, strlen(classes[i].begin)) == 0)
			return classes[i].fault;
	return sqlstate ? DB_FAULT_BUG : DB_FAULT_UNAVAILABLE;
}

/* libpq's messages end their lines, and may have several. */
static void note(struct db *db, const char *msg)
{
	size_t n = 0;

	for (; *msg && n + 1 < sizeof db->error; msg++)
		db->error[n++] = *msg == '\n' || *msg == '\t' ? ' ' : *msg;
	while (n && db->error[n - 1] == ' ')
		n--;
	db->error[n] = 0;
}

int pg_again(const struct db *db, struct err *err) { return db_fail(db->fault, db->error, err); }

int pg_fail(struct db *db, const PGresult *r, struct err *err)
{
	const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
	const char *said = r ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;

	if (PQstatus(db->c) != CONNECTION_OK || (state && strncmp(state, "57P", 3) == 0) ||
	    (db->mode == DB_WRITE && state && strcmp(state, "25006") == 0))
		db->lost = true;
	if (db->in_tx && db->broken) /* what came first counts */
		return pg_again(db, err);
	note(db, said ? said : r && *PQresultErrorMessage(r) ? PQresultErrorMessage(r) : PQerrorMessage(db->c));
	db->fault = pg_classify(state);
	if (state && db->prepare && (strncmp(state, "26", 2) == 0 || strcmp(state, "42P05") == 0)) {
		log_warn("store.pooled", "why", "prepared statements do not stay: going on without them", LOG_END);
		db->prepare = false;
	}
	db->broken = db->in_tx;
	return pg_again(db, err);
}

int pg_fail_guess(struct db *db, struct err *err)
{
	if (!db->broken) {
		note(db, "no row was changed");
		db->fault = DB_FAULT_GUESS;
		db->broken = true;
	}
	return pg_again(db, err);
}

static void silent(void *arg, const PGresult *r)
{
	(void)arg;
	(void)r;
}

static int check(struct db *db, struct err *err)
{
	const char *encoding = PQparameterStatus(db->c, "server_encoding");

	db->fault = DB_FAULT_UNAVAILABLE;
	if (PQserverVersion(db->c) < OLDEST)
		note(db, "this PostgreSQL is older than 13");
	else if (!encoding || strcmp(encoding, "UTF8") != 0)
		note(db, "the encoding of this database is not UTF8");
	else
		return 0;
	return pg_again(db, err);
}

static bool is_direct(struct db *db)
{
	PGresult *r = PQexec(db->c, "SELECT pg_backend_pid()");
	int64_t pid = 0;
	bool direct = PQresultStatus(r) == PGRES_TUPLES_OK && str_i64(str_of(PQgetvalue(r, 0, 0)), &pid) &&
		      pid == PQbackendPID(db->c);

	PQclear(r);
	return direct;
}

/* What a session of ours wants; through a pooler sessions are not ours. */
static int settle(struct db *db, struct err *err)
{
	PGresult *r;
	bool ok;

	db->prepare = db->wish == PG_PREPARE_ON || (db->wish == PG_PREPARE_AUTO && is_direct(db));
	if (!db->prepare)
		return 0;
	/* A writer that has stopped amid its turn must not keep the others waiting. */
	r = PQexec(db->c, db->mode == DB_READ ? "SET jit = off; SET default_transaction_read_only = on"
					      : "SET jit = off; SET default_transaction_read_only = off; "
						"SET idle_in_transaction_session_timeout = '10s'");
	ok = PQresultStatus(r) == PGRES_COMMAND_OK;
	if (!ok)
		pg_fail(db, r, err);
	PQclear(r);
	return ok ? 0 : -1;
}

int pg_connect(struct db *db, struct err *err)
{
	static const char *const keys[] = {"fallback_application_name",
					   "connect_timeout",
					   "keepalives_idle",
					   "keepalives_interval",
					   "keepalives_count",
					   "tcp_user_timeout",
					   "dbname", /* may set the others */
					   "client_encoding",
					   NULL};
	const char *const values[] = {"threadline", "5", "10", "5", "3", "20000", db->dsn, "UTF8", NULL};

	PQfinish(db->c);
	db->in_pipeline = db->in_tx = db->broken = db->unflushed = false;
	db->pending_n = 0;
	for (int i = 0; i < PG_SLOTS; i++)
		db->slot[i].name = 0;
	pg_gather_drop(db);
	db->c = PQconnectdbParams(keys, values, 1);
	if (!db->c)
		return err_nomem(err);
	db->lost = PQstatus(db->c) != CONNECTION_OK;
	if (db->lost)
		pg_fail(db, NULL, err);
	else
		PQsetNoticeReceiver(db->c, silent, NULL);
	if (db->lost || check(db, err) || settle(db, err)) {
		db->lost = true;
		db->retry_at = clock_mono() + RETRY;
		return -1;
	}
	return 0;
}

int pg_ready(struct db *db, struct err *err)
{
	if (!db->lost)
		return 0;
	if (db->in_tx || clock_mono() < db->retry_at)
		return pg_again(db, err);
	return pg_connect(db, err);
}
