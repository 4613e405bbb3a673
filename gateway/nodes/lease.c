#include "nodes/lease.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

enum { OLD = 100, PATIENCE = 2, BURIED = 0 }; /* OLD: leases after which a silent node is forgotten */

struct when {
	int64_t now, started; /* the server's clock, and since when it runs */
	int64_t lease;
};

static int server_time(struct db *db, struct when *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT),"
				      " CAST(EXTRACT(EPOCH FROM pg_postmaster_start_time()) * 1000000 AS BIGINT)");
	int r = db_step(q, err);

	out->now = r == DB_ROW ? db_col_i64(q, 0) : 0;
	out->started = r == DB_ROW ? db_col_i64(q, 1) : 0;
	db_done(q);
	return r == DB_ROW ? 0 : -1;
}

static int be_seen(struct db *db, const struct node *me, int64_t now, struct err *err)
{
	struct stmt *q = db_query(db, "INSERT INTO node (id, name, host, pid, started_at, seen_at)"
				      " VALUES ($1, $2, $3, $4, $5, $5)"
				      " ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at");

	db_bind_uuid(q, 1, &me->id);
	db_bind_text(q, 2, me->name);
	db_bind_text(q, 3, me->host);
	db_bind_i64(q, 4, me->pid);
	db_bind_i64(q, 5, now);
	return db_run(q, err);
}

static int count_living(struct db *db, int64_t since, int *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT COUNT(*) FROM node WHERE seen_at > $1");
	int r;

	db_bind_i64(q, 1, since);
	r = db_step(q, err);
	*out = r == DB_ROW ? (int)db_col_i64(q, 0) : 1;
	db_done(q);
	return r == DB_ROW ? 0 : -1;
}

static int forget(struct db *db, int64_t before, struct err *err)
{
	struct stmt *q = db_query(db, "DELETE FROM node WHERE seen_at < $1");

	db_bind_i64(q, 1, before);
	return db_run(q, err);
}

static int renew(struct db *db, const struct uuid *me, int64_t until, struct err *err)
{
	struct stmt *q = db_query(db, "UPDATE lease SET until = $1 WHERE node = $2");

	db_bind_i64(q, 1, until);
	db_bind_uuid(q, 2, me);
	return db_run(q, err);
}

/* What ended while the server was away could not be renewed: its holder gets the time of a lease to come back. */
static bool has_ended(const struct when *w, int64_t until)
{
	return until < w->now && (until == BURIED || until >= w->started || w->now > w->started + w->lease);
}

/* 1 free, 0 somebody else's, -1 err. */
static int is_free(struct db *db, const char *name, const struct when *w, bool *clean, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT node, until, clean FROM lease WHERE name = $1");
	int r, is = 1;

	*clean = true; /* nobody ever had it */
	db_bind_text(q, 1, name);
	r = db_step(q, err);
	if (r == DB_ROW) {
		is = db_col_null(q, 0) || has_ended(w, db_col_i64(q, 1));
		*clean = db_col_i64(q, 2) != 0;
	}
	db_done(q);
	return r == DB_ERROR ? -1 : is;
}

static int take(struct db *db, const char *name, const struct uuid *me, int64_t until, struct err *err)
{
	struct stmt *q = db_query(db, "INSERT INTO lease (name, node, epoch, until, clean) VALUES ($1, $2, 1, $3, 0)"
				      " ON CONFLICT (name) DO UPDATE SET node = excluded.node, epoch = lease.epoch + 1,"
				      " until = excluded.until, clean = 0");

	db_bind_text(q, 1, name);
	db_bind_uuid(q, 2, me);
	db_bind_i64(q, 3, until);
	return db_run(q, err);
}

/* Each living node may have its share; what nobody took for some rounds is nobody else's wish. */
static int want(struct db *db, const struct node *me, const struct when *w, struct lease *v, size_t n, int share,
		struct err *err)
{
	int held = 0;

	for (size_t k = 0; k < n; k++)
		held += v[k].held;
	for (size_t k = 0; k < n; k++) {
		bool clean;
		int r;
		v[k].gained = false;
		if (v[k].held)
			continue;
		r = is_free(db, v[k].name, w, &clean, err);
		if (r < 0)
			return -1;
		v[k].wished = r ? v[k].wished + 1 : 0;
		if (!r || (held >= share && v[k].wished <= PATIENCE))
			continue;
		if (take(db, v[k].name, &me->id, w->now + w->lease, err))
			return -1;
		v[k].held = v[k].gained = true;
		v[k].clean = clean;
		v[k].wished = 0;
		held++;
	}
	return 0;
}

int lease_round(struct db *db, const struct node *me, int64_t lease_us, struct lease *v, size_t n, int *alive,
		struct err *err)
{
	struct when w = {.lease = lease_us};
	int64_t now;

	if (server_time(db, &w, err))
		return -1;
	now = w.now;
	if (be_seen(db, me, now, err) || forget(db, now - OLD * lease_us, err) ||
	    count_living(db, now - lease_us, alive, err) || renew(db, &me->id, now + lease_us, err))
		return -1;
	if (*alive < 1)
		*alive = 1;
	return want(db, me, &w, v, n, ((int)n + *alive - 1) / *alive, err);
}

int lease_count(struct db *db, const struct uuid *me, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT COUNT(*) FROM lease WHERE node = $1");
	int r, n = 0;

	db_bind_uuid(q, 1, me);
	r = db_step(q, err);
	if (r == DB_ROW)
		n = (int)db_col_i64(q, 0);
	db_done(q);
	return r == DB_ROW ? n : -1;
}

int lease_give_back(struct db *db, const struct node *me, bool clean, struct err *err)
{
	struct stmt *q = db_query(db, "UPDATE lease SET node = NULL, clean = $1 WHERE node = $2");

	db_bind_i64(q, 1, clean);
	db_bind_uuid(q, 2, &me->id);
	if (db_run(q, err))
		return -1;
	q = db_query(db, "DELETE FROM node WHERE id = $1");
	db_bind_uuid(q, 1, &me->id);
	return db_run(q, err);
}

/* Our own number: a container that begins anew counts from one again. */
static bool runs(int64_t pid) { return pid != getpid() && (kill((pid_t)pid, 0) == 0 || errno != ESRCH); }

int lease_bury(struct db *db, const struct node *me, struct err *err)
{
	struct uuid dead[LEASES_MAX];
	struct stmt *q = db_query(db, "SELECT id, pid FROM node WHERE host = $1");
	int n = 0, r;

	db_bind_text(q, 1, me->host);
	while ((r = db_step(q, err)) == DB_ROW && n < LEASES_MAX) {
		db_col_uuid(q, 0, &dead[n]);
		n += !runs(db_col_i64(q, 1)) && !uuid_eq(&dead[n], &me->id);
	}
	db_done(q);
	for (int k = 0; k < n && r != DB_ERROR; k++) {
		q = db_query(db, "UPDATE lease SET until = 0 WHERE node = $1" /* BURIED */);
		db_bind_uuid(q, 1, &dead[k]);
		r = db_run(q, err) ? DB_ERROR : DB_END;
		if (r == DB_ERROR)
			break;
		q = db_query(db, "DELETE FROM node WHERE id = $1");
		db_bind_uuid(q, 1, &dead[k]);
		r = db_run(q, err) ? DB_ERROR : DB_END;
	}
	return r == DB_ERROR ? -1 : 0;
}
