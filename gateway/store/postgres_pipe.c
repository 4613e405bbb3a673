/* What is under way to the server, and the answers to it, in the order it was sent. */
#include <stdio.h>
#include <stdlib.h>

#include "store/postgres.h"

/* So many statements are sent together; the server works on them while more are made. */
enum { TOGETHER = 16, RENAMES = 8 };

static int broken_link(struct db *db, struct err *err)
{
	pg_fail(db, NULL, err);
	if (PQstatus(db->c) != CONNECTION_OK)
		db->pending_n = 0;
	return -1;
}

static int expect(struct db *db, enum pg_what what, struct stmt *s, const char *control, struct err *err)
{
	if (db->pending_n == db->pending_cap) {
		size_t cap = db->pending_cap ? 2 * db->pending_cap : 64;
		struct pg_pending *more = realloc(db->pending, cap * sizeof *more);
		if (!more)
			return err_nomem(err);
		db->pending = more;
		db->pending_cap = cap;
	}
	db->pending[db->pending_n++] = (struct pg_pending){what, s, control};
	return 0;
}

static int enter(struct db *db, struct err *err)
{
	if (!db->in_pipeline && !PQenterPipelineMode(db->c))
		return broken_link(db, err);
	db->in_pipeline = true;
	return 0;
}

/* After a statement was handed to libpq. */
static int sent(struct db *db, bool ok, struct err *err)
{
	if (!ok) {
		db->pending_n--;
		return broken_link(db, err);
	}
	db->unflushed = true;
	if (db->pending_n % TOGETHER == 0 && PQflush(db->c) < 0)
		return broken_link(db, err);
	return 0;
}

/* NULL of any type fits what was prepared. */
static bool types_fit(const struct stmt *s)
{
	for (int i = 0; i < s->params; i++)
		if (s->p->type[i] != s->p->prepared[i] && (s->p->type[i] != 0 || s->p->length[i] >= 0))
			return false;
	return true;
}

static int prepare(struct stmt *s, struct err *err)
{
	struct db *db = s->db;
	char name[16];

	s->renamed += s->name != 0;
	s->name = ++db->names;
	for (int i = 0; i < s->params; i++)
		if (s->p->type[i] || s->renamed == 0)
			s->p->prepared[i] = s->p->type[i];
	snprintf(name, sizeof name, "s%u", s->name);
	if (expect(db, PG_PREPARE, s, NULL, err))
		return -1;
	return sent(db, PQsendPrepare(db->c, name, s->sql, s->params, s->p->prepared), err);
}

int pg_send_prepare(struct db *db, unsigned name, const char *sql, int params, const Oid *types, struct err *err)
{
	char text[16];

	snprintf(text, sizeof text, "s%u", name);
	if (enter(db, err) || expect(db, PG_CONTROL, NULL, NULL, err))
		return -1;
	return sent(db, PQsendPrepare(db->c, text, sql, params, types), err);
}

int pg_send_rows(struct db *db, unsigned name, int params, const char *const *value, const int *length, struct err *err)
{
	static const int binary[PG_ROWS_PARAMS] = {[0 ... PG_ROWS_PARAMS - 1] = 1};
	char text[16];

	snprintf(text, sizeof text, "s%u", name);
	if (enter(db, err) || expect(db, PG_RUN, NULL, NULL, err))
		return -1;
	return sent(db, PQsendQueryPrepared(db->c, text, params, value, length, binary, 1), err);
}

int pg_send(struct stmt *s, enum pg_what what, struct err *err)
{
	static const int binary[PG_PARAMS] = {[0 ... PG_PARAMS - 1] = 1};
	const char *value[PG_PARAMS];
	struct db *db = s->db;
	bool named = db->prepare && !s->once && s->renamed < RENAMES, ok;
	char name[16];

	if (pg_gather_flush(db, s->sql, err))
		return -1;
	for (int i = 0; i < s->params; i++)
		value[i] = s->p->length[i] < 0 ? NULL : s->p->room.p + s->p->at[i];
	if (enter(db, err) || (named && !(s->name && types_fit(s)) && prepare(s, err)) ||
	    expect(db, what, s, NULL, err))
		return -1;
	if (named) {
		snprintf(name, sizeof name, "s%u", s->name);
		ok = PQsendQueryPrepared(db->c, name, s->params, value, s->p->length, binary, 1);
	} else {
		ok = PQsendQueryParams(db->c, s->sql, s->params, s->p->type, value, s->p->length, binary, 1);
	}
	return sent(db, ok, err);
}

int pg_send_control(struct db *db, const char *sql, enum pg_what what, struct err *err)
{
	if (enter(db, err) || expect(db, what, NULL, sql, err))
		return -1;
	return sent(db, PQsendQueryParams(db->c, sql, 0, NULL, NULL, NULL, NULL, 1), err);
}

int pg_sync(struct db *db, struct err *err)
{
	if (enter(db, err) || expect(db, PG_SYNC, NULL, NULL, err))
		return -1;
	if (!PQpipelineSync(db->c)) {
		db->pending_n--;
		return broken_link(db, err);
	}
	db->unflushed = false;
	return 0;
}

/* An answer that is none of an error. */
static void take(struct db *db, const struct pg_pending *p, PGresult **r)
{
	switch (p->what) {
	case PG_RUN:
	case PG_HIT:
	case PG_ROWS:
		db->changes = strtoll(PQcmdTuples(*r), NULL, 10);
		if (p->what == PG_ROWS) {
			PQclear(p->s->rows);
			p->s->rows = *r;
			*r = NULL;
		}
		break;
	case PG_NUMBER:
		if (PQntuples(*r) == 1)
			db->number = (uint64_t)pg_int(*r, 0, 0);
		break;
	case PG_PREPARE:
	case PG_CONTROL:
	case PG_SYNC: break;
	}
}

static bool is_error(const PGresult *r)
{
	switch (PQresultStatus(r)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_PIPELINE_SYNC: return false;
	default: return true;
	}
}

/* COMMIT of a transaction that has failed is answered with ROLLBACK, and no error. */
static bool is_other(const struct pg_pending *p, const PGresult *r)
{
	return p->control && strcmp(p->control, "COMMIT") == 0 && strcmp(PQcmdStatus((PGresult *)r), "COMMIT") != 0;
}

/* The answer to one. What comes after an error is not done, and says so without a cause. */
static int collect_one(struct db *db, const struct pg_pending *p, struct err *err)
{
	PGresult *r = PQgetResult(db->c), *end;
	int rc = 0;

	if (!r || PQstatus(db->c) != CONNECTION_OK) {
		rc = pg_fail(db, r, err);
		PQclear(r);
		db->lost = true;
		return rc;
	}
	if (is_error(r) || is_other(p, r)) {
		if (p->what == PG_PREPARE)
			p->s->name = 0;
		rc = PQresultStatus(r) == PGRES_PIPELINE_ABORTED ? -1 : pg_fail(db, r, err);
	} else {
		take(db, p, &r);
		if (p->what == PG_HIT && db->changes == 0)
			rc = pg_fail_guess(db, err);
	}
	PQclear(r);
	if (p->what == PG_SYNC)
		return rc;
	while ((end = PQgetResult(db->c))) /* the NULL after it */
		PQclear(end);
	return rc;
}

int pg_collect(struct db *db, struct err *err)
{
	int rc = 0;

	if (db->pending_n && db->unflushed && !PQsendFlushRequest(db->c))
		return broken_link(db, err);
	db->unflushed = false;
	for (size_t i = 0; i < db->pending_n && !(rc && db->lost); i++)
		rc |= collect_one(db, &db->pending[i], rc ? NULL : err);
	db->pending_n = 0;
	return rc ? -1 : 0;
}

int pg_leave(struct db *db, struct err *err)
{
	if (!db->in_pipeline)
		return 0;
	if (pg_sync(db, err) || pg_collect(db, err))
		return -1;
	if (!PQexitPipelineMode(db->c))
		return broken_link(db, err);
	db->in_pipeline = false;
	return 0;
}
