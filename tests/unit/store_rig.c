#include "unit/store_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/migrate.h"

static const char *server(void)
{
	const char *dsn = getenv("THREADLINE_TEST_STORE");

	return dsn && strncmp(dsn, "postgresql:", 11) == 0 ? dsn : NULL;
}

bool store_rig_postgres(void) { return server() != NULL; }

/* In the schema "public" of the server, to make and drop the test's own. */
static void outside(const char *what, const char *schema)
{
	char sql[128];
	struct db *db = NULL;
	struct err e = {0};

	snprintf(sql, sizeof sql, what, schema);
	cr_assert_eq(db_open(server(), DB_WRITE, &db, &e), 0, "%s", e.msg);
	cr_assert_eq(db_exec(db, sql, &e), 0, "%s", e.msg);
	db_close(&db);
}

void store_rig_open(struct store_rig *r)
{
	struct err e = {0};
	int from, to;

	*r = (struct store_rig){0};
	/* In memory where there is such a place: each commit is synced. */
	snprintf(r->dir, sizeof r->dir, "%s/threadline-unit-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	cr_assert(mkdtemp(r->dir));
	snprintf(r->dsn, sizeof r->dsn, "%s/t.db", r->dir);
	if (server()) { /* the folder's name is nobody else's */
		outside("CREATE SCHEMA \"%s\"", strrchr(r->dir, '-') + 1);
		snprintf(r->dsn, sizeof r->dsn, "%s%soptions=-csearch_path%%3D%%22%s%%22", server(),
			 strchr(server(), '?') ? "&" : "?", strrchr(r->dir, '-') + 1);
	}
	cr_assert_eq(db_open(r->dsn, DB_WRITE, &r->db, &e), 0, "%s", e.msg);
	cr_assert_eq(migrate_run(r->db, &from, &to, &e), 0, "%s", e.msg);
	cr_assert_eq(readers_open(r->dsn, &r->readers, &e), 0);
	cr_assert_eq(events_new(r->readers, 1024, &r->events, &e), 0, "%s", e.msg);
}

void store_rig_close(struct store_rig *r)
{
	static const char *const files[] = {"t.db", "t.db-wal", "t.db-shm"};
	char path[128];

	events_free(&r->events);
	readers_close(&r->readers);
	db_close(&r->db);
	if (server())
		outside("DROP SCHEMA \"%s\" CASCADE", strrchr(r->dir, '-') + 1);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", r->dir, files[i]);
		unlink(path);
	}
	cr_expect_eq(rmdir(r->dir), 0);
}

void store_rig_begin(struct store_rig *r)
{
	struct writer_hooks h = events_hooks(r->events);

	cr_assert_eq(db_begin(r->db, NULL), 0);
	cr_assert_eq(h.began(h.arg, r->db, NULL), 0);
	r->open = true;
}

void store_rig_events(struct store_rig *r)
{
	struct writer_hooks h = events_hooks(r->events);

	if (r->open)
		cr_assert_eq(h.committing(h.arg, r->db, NULL), 0);
}

void store_rig_commit(struct store_rig *r)
{
	struct writer_hooks h = events_hooks(r->events);

	store_rig_events(r);
	cr_assert_eq(db_commit(r->db, NULL), 0);
	r->open = false;
	h.committed(h.arg);
}

void store_rig_rollback(struct store_rig *r)
{
	struct writer_hooks h = events_hooks(r->events);

	db_rollback(r->db);
	r->open = false;
	h.rolled_back(h.arg);
}

int64_t store_rig_number(struct store_rig *r, const char *sql)
{
	struct stmt *q = db_query(r->db, sql);
	int64_t v = INT64_MIN;

	store_rig_events(r);
	if (db_step(q, NULL) == DB_ROW)
		v = db_col_i64(q, 0);
	db_done(q);
	return v;
}
