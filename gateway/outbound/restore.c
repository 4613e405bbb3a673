/*
 * What a start makes of what the last run left.
 *
 * A marketing message that was claimed and has no outcome may have been sent: it becomes uncertain and waits for its
 * receipt. A service message is sent again; if the last run did not end in good order, those at the head of each queue,
 * as many as the account's window holds, may have been on the wire: they are counted as possible duplicates, and an
 * attempt is counted for each, so that one which crashes us does not do so for ever.
 *
 * Whether the last run ended well is a row of its own ("outbound.running" in the table cursor), written before the first
 * offer and taken back after the last outcome. Where gateways share the store each account has a lease that says so.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "outbound/private.h"

enum { CHUNK = 500 };

struct start {
	struct write_job job;
	struct outbound *o;
	bool clean; /* mark() */
	bool was_running;
	int found;
	int64_t doubted, uncertain;
	struct lane *lane; /* of which account; NULL (read_claims): of all */
	int priority;
};

static int run_mark(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct start *s = (struct start *)(void *)job;
	struct stmt *q = db_query(db, "SELECT seq FROM cursor WHERE name = 'outbound.running'");
	int r = db_step(q, err);

	(void)now;
	s->was_running = r == DB_ROW && db_col_i64(q, 0) != 0;
	db_done(q);
	if (r == DB_ERROR)
		return -1;
	q = db_query(db, "INSERT INTO cursor (name, seq) VALUES ('outbound.running', $1)"
			 " ON CONFLICT (name) DO UPDATE SET seq = excluded.seq");
	db_bind_i64(q, 1, !s->clean);
	return db_run(q, err);
}

/* Claims without outcome, so many at a time. */
static int read_claims(struct db *db, const struct lane *l, struct facts v[CHUNK], char names[CHUNK][64],
		       bool once[CHUNK], struct err *err)
{
	struct stmt *q = db_query(
		db, "SELECT d.message_id, d.n, d.customer_id, d.channel, d.account, d.purpose, i.conversation_id"
		    " FROM delivery d LEFT JOIN interaction i ON i.bucket = d.bucket AND"
		    " i.customer_id = d.customer_id AND i.id = d.message_id"
		    " WHERE d.outbox = 1 AND d.status = 3 AND ($1 = '' OR d.account = $1) LIMIT $2");
	int n = 0, r;

	db_bind_text(q, 1, l ? l->name : "");
	db_bind_i64(q, 2, CHUNK);
	while ((r = db_step(q, err)) == DB_ROW && n < CHUNK) {
		struct str name = db_col_str(q, 4);
		v[n] = (struct facts){.channel = (enum channel)db_col_i64(q, 3), .id.n = (uint16_t)db_col_i64(q, 1)};
		db_col_uuid(q, 0, &v[n].id.message);
		db_col_uuid(q, 2, &v[n].customer);
		db_col_uuid(q, 6, &v[n].conversation);
		snprintf(names[n], 64, "%.*s", (int)name.n, name.p);
		v[n].account = str_of(names[n]);
		once[n] = policy_at_most_once((enum purpose)db_col_i64(q, 5));
		n++;
	}
	db_done(q);
	return r == DB_ERROR ? -1 : n;
}
_Static_assert(STATUS_SENDING == 3, "named in the SQL of read_claims");

static int settle_claim(struct outbound *o, struct db *db, const struct facts *f, bool once, int64_t now,
			struct err *err)
{
	enum status s = once ? STATUS_UNCERTAIN : STATUS_QUEUED;
	struct stmt *q = db_query(
		db, "UPDATE delivery SET status = $1, outbox = $2, token = 0, trail = trail || $3, updated_at = $4"
		    " WHERE message_id = $5 AND n = $6 AND bucket = $7");
	buf_reset(&o->trail);
	trail_line(&o->trail, now, s, "the gateway was restarted before the answer came", STR(""));
	db_bind_i64(q, 1, s);
	db_bind_i64(q, 2, once ? 2 : 1);
	db_bind_str(q, 3, buf_str(&o->trail));
	db_bind_i64(q, 4, now);
	db_bind_uuid(q, 5, &f->id.message);
	db_bind_i64(q, 6, f->id.n);
	db_bind_i64(q, 7, bucket_of(&f->id.message));
	if (db_run(q, err))
		return -1;
	return status_event(o, db, f, s, STR("restarted"), STR(""), now, NULL, err);
}

static int run_claims(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct start *s = (struct start *)(void *)job;
	struct facts v[CHUNK];
	char names[CHUNK][64];
	bool once[CHUNK];

	s->o->early = -1; /* others may have kept some */
	s->found = read_claims(db, s->lane, v, names, once, err);
	for (int k = 0; k < s->found; k++) {
		if (settle_claim(s->o, db, &v[k], once[k], now, err))
			return -1;
		s->uncertain += once[k];
		s->doubted += !once[k];
	}
	return s->found < 0 ? -1 : 0;
}

/* The head of one account's queue of one priority. */
static int run_doubts(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct start *s = (struct start *)(void *)job;
	const struct lane *l = s->lane;
	struct stmt *q = db_query(
		db, "UPDATE delivery SET attempts = attempts + 1, trail = trail || $1 WHERE (message_id, n, bucket)"
		    " IN (SELECT message_id, n, bucket FROM delivery WHERE outbox = 1 AND account = $2"
		    " AND priority = $3 AND due_at <= $4 AND purpose <> $5"
		    " ORDER BY due_at, message_id, n LIMIT $6)");
	buf_reset(&s->o->trail);
	trail_line(&s->o->trail, now, STATUS_QUEUED, "the gateway was restarted; it may have been sent", STR(""));
	db_bind_str(q, 1, buf_str(&s->o->trail));
	db_bind_text(q, 2, l->name);
	db_bind_i64(q, 3, s->priority);
	db_bind_i64(q, 4, now);
	db_bind_i64(q, 5, PURPOSE_MARKETING);
	db_bind_i64(q, 6, (int64_t)l->window);
	if (db_run(q, err))
		return -1;
	s->found = (int)db_changes(db);
	return 0;
}

static void done(struct write_job *job, const struct err *err)
{
	(void)job;
	(void)err;
}

static int call(struct start *s, int (*run)(struct write_job *, struct db *, int64_t, struct err *), struct err *err)
{
	s->job = (struct write_job){.run = run, .done = done};
	return writer_call(s->o->w, &s->job, err);
}

int restore_mark(struct outbound *o, bool clean, struct err *err)
{
	struct start s = {.o = o, .clean = clean};
	return call(&s, run_mark, err);
}

static int settle_claims(struct start *s, struct err *err)
{
	do {
		if (call(s, run_claims, err))
			return -1;
	} while (s->found == CHUNK);
	return 0;
}

static int doubt(struct start *s, struct lane *l, struct err *err)
{
	s->lane = l;
	for (s->priority = 0; s->priority < PRIORITIES; s->priority++) {
		if (call(s, run_doubts, err))
			return -1;
		s->doubted += s->found;
	}
	return 0;
}

static void tell(struct start *s)
{
	atomic_fetch_add(&s->o->possible_duplicates, s->doubted);
	log_warn("outbound.restored", "account", s->lane ? s->lane->name : "", "possible_duplicates",
		 LOG_INT(s->doubted), "uncertain", LOG_INT(s->uncertain), LOG_END);
}

int restore_lane(struct outbound *o, struct lane *l, struct err *err)
{
	struct start s = {.o = o, .lane = l};

	if (settle_claims(&s, err) || doubt(&s, l, err))
		return -1;
	tell(&s);
	return 0;
}

int restore(struct outbound *o, struct err *err)
{
	struct start s = {.o = o};

	if (call(&s, run_mark, err))
		return -1;
	if (!s.was_running)
		return 0;
	if (settle_claims(&s, err))
		return -1;
	for (size_t k = 0; k < atomic_load(&o->lanes_n); k++)
		if (doubt(&s, o->lane[k], err))
			return -1;
	s.lane = NULL;
	tell(&s);
	return 0;
}
