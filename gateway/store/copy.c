#include "store/copy.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/copy_table.h"
#include "store/migrate.h"

enum { TABLES = 96, SQL_MAX = 1 << 14 };

struct copy {
	struct db *from, *to;
	const struct copy_hooks *hooks;
	struct copy_table *tables;
	int n;
	int64_t rows;
	struct err *err;
};

static int list_tables(struct copy *c)
{
	struct stmt *q =
		db_query(c->from, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE "
				  "'sqlite_%' AND name NOT LIKE 'search_%' AND name <> 'migration' ORDER BY name");
	int r;

	while ((r = db_step(q, c->err)) == DB_ROW && c->n < TABLES) {
		struct str name = db_col_str(q, 0);
		snprintf(c->tables[c->n++].name, COPY_NAME, "%.*s", (int)name.n, name.p);
	}
	db_done(q);
	if (r == DB_ROW)
		return err_set(c->err, ERR_INTERNAL, "internal", NULL, "the store has too many tables");
	for (int i = 0; r == DB_END && i < c->n; i++)
		if (copy_table_look(c->from, &c->tables[i], c->err))
			return -1;
	return r == DB_END ? 0 : -1;
}

/* One number of a statement without parameters. */
static int number(struct db *db, const char *sql, int64_t *out, struct err *err)
{
	struct stmt *q = db_query(db, sql);
	int r;

	*out = 0;
	while ((r = db_step(q, err)) == DB_ROW)
		*out = db_col_i64(q, 0);
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

static int marks(struct db *db, int64_t *out, struct err *err)
{
	return number(db,
		      "SELECT COUNT(*) FROM pg_tables WHERE tablename = 'store_copy'"
		      " AND schemaname = current_schema()",
		      out, err);
}

int copy_finished(struct db *db, struct err *err)
{
	int64_t marked = 0;

	if (db_dialect(db) == DB_SQLITE)
		return 0;
	if (marks(db, &marked, err))
		return -1;
	return marked ? err_set(err, ERR_UNAVAILABLE, "copy_unfinished", NULL,
				"\"threadline copy\" has not finished this store: run it again, without --more")
		      : 0;
}

static int mark(struct copy *c)
{
	int64_t marked, used;

	if (marks(c->to, &marked, c->err))
		return -1;
	if (marked)
		return 0;
	if (number(c->to,
		   "SELECT (SELECT COUNT(*) FROM customer) + (SELECT COUNT(*) FROM api_key) + (SELECT COUNT(*) FROM "
		   "secret)",
		   &used, c->err))
		return -1;
	if (used)
		return err_set(c->err, ERR_CONFLICT, "store_exists", NULL, "the target holds a store already");
	return db_exec(c->to, "CREATE TABLE store_copy (begun BIGINT NOT NULL)", c->err);
}

static int carry(struct copy *c, struct copy_table *t)
{
	struct copy_place place;
	int64_t rows = 0;
	int r = copy_place_find(c->to, t, &place, c->err), n = 0;

	while (r == 0) {
		n = copy_table_batch(c->from, c->to, t, &place, c->err);
		if (n <= 0)
			break;
		rows += n;
		c->hooks->progress(c->hooks->arg, t->name, rows, "copied");
	}
	copy_place_free(&place);
	return r || n < 0 ? -1 : 0;
}

/* 1 the same, 0 not, -1 error. */
static int compare(struct copy *c, struct copy_table *t)
{
	struct copy_sum a = {0}, b = {0};

	if (copy_table_sum(c->from, t, &a, c->err) || copy_table_sum(c->to, t, &b, c->err))
		return -1;
	if (a.rows != b.rows || a.sum != b.sum)
		return 0;
	c->rows += a.rows;
	c->hooks->progress(c->hooks->arg, t->name, a.rows, "verified");
	return 1;
}

static int whole(struct copy *c, struct copy_table *t)
{
	char sql[COPY_NAME + 32];
	int same;

	if (carry(c, t) || (same = compare(c, t)) < 0)
		return -1;
	if (same)
		return 0;
	c->hooks->progress(c->hooks->arg, t->name, 0, "has changed, again from the beginning");
	snprintf(sql, sizeof sql, "DELETE FROM \"%s\"", t->name);
	if (db_exec(c->to, sql, c->err) || carry(c, t) || (same = compare(c, t)) < 0)
		return -1;
	return same ? 0
		    : err_set(c->err, ERR_SEMANTIC, "copy_differs", NULL, "table %s is not the same on both sides",
			      t->name);
}

/* Numbers that the target gives out go on after those it has. */
static int sequence(struct copy *c, const struct copy_table *t)
{
	char sql[4 * COPY_NAME + 200];
	const char *key = t->column[t->key[0]].name;

	if (t->keys != 1 || t->column[t->key[0]].type != COPY_INT)
		return 0;
	snprintf(sql, sizeof sql,
		 "SELECT setval(pg_get_serial_sequence('\"%s\"', '%s'), (SELECT GREATEST(COALESCE(MAX(\"%s\"), 1), 1) "
		 "FROM "
		 "\"%s\"))",
		 t->name, key, key, t->name);
	return db_exec(c->to, sql, c->err);
}

/* A few hundred at once: found in the source, made in the target. */
static int search_batch(struct copy *c, int64_t *after)
{
	struct stmt *q =
		db_query(c->from, "SELECT d.id, d.kind, d.ref FROM search_doc d WHERE d.id > $1 AND (d.kind <> 1"
				  " OR NOT EXISTS (SELECT 1 FROM search_doc n WHERE n.kind = 1 AND n.ref = d.ref"
				  " AND n.id > d.id)) ORDER BY d.id LIMIT 500");
	int r, n = 0;

	if (db_begin(c->to, c->err))
		return -1;
	db_bind_i64(q, 1, *after);
	while ((r = db_step(q, c->err)) == DB_ROW) {
		struct uuid ref;
		*after = db_col_i64(q, 0);
		n++;
		if (db_col_uuid(q, 2, &ref) && c->hooks->searchable(c->to, db_col_i64(q, 1) == 2, &ref, c->err)) {
			r = DB_ERROR;
			break;
		}
	}
	db_done(q);
	if (r == DB_END && db_commit(c->to, c->err) == 0)
		return n;
	db_rollback(c->to);
	return -1;
}

static int search(struct copy *c)
{
	int64_t after = 0, rows = 0;
	int n;

	if (db_exec(c->to, "TRUNCATE search_doc", c->err))
		return -1;
	while ((n = search_batch(c, &after)) > 0) {
		rows += n;
		c->hooks->progress(c->hooks->arg, "search_doc", rows, "made anew");
	}
	return n;
}

static int all(struct copy *c, bool more)
{
	int from, to;

	if (db_exec(c->from, "BEGIN", c->err) || migrate_version(c->from, &from, c->err))
		return -1;
	if (from != migrate_latest())
		return err_set(c->err, ERR_CONFLICT, "schema_old", NULL,
			       "the source has schema %d, this program %d: run \"threadline migrate\" on it first",
			       from, migrate_latest());
	if (migrate_run(c->to, &from, &to, c->err) || list_tables(c) || mark(c))
		return -1;
	for (int i = 0; i < c->n; i++)
		if (whole(c, &c->tables[i]) || sequence(c, &c->tables[i]))
			return -1;
	if (search(c))
		return -1;
	return more ? 0 : db_exec(c->to, "DROP TABLE store_copy", c->err);
}

int copy_store(const char *from, const char *to, bool more, const struct copy_hooks *hooks, int64_t *rows,
	       struct err *err)
{
	struct copy c = {.hooks = hooks, .err = err, .tables = calloc(TABLES, sizeof *c.tables)};
	int r = -1;

	if (!c.tables)
		return err_nomem(err);
	if (db_open(from, DB_READ, &c.from, err) == 0 && db_open(to, DB_WRITE, &c.to, err) == 0)
		r = all(&c, more);
	*rows = c.rows;
	/* The connections know the statements by the addresses of their texts: they go first. */
	db_close(&c.from);
	db_close(&c.to);
	free(c.tables);
	return r;
}
