#include "store/copy_table.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"

enum { ROW_MAX = 64 << 20 };

static enum copy_type type_of(struct str declared)
{
	if (declared.n >= 4 && strncmp(declared.p, "TEXT", 4) == 0)
		return COPY_TEXT;
	if (declared.n >= 4 && strncmp(declared.p, "BLOB", 4) == 0)
		return COPY_BYTES;
	return declared.n >= 6 && strncmp(declared.p, "DOUBLE", 6) == 0 ? COPY_REAL : COPY_INT;
}

static void keys(const struct copy_table *t, struct buf *b, const char *after)
{
	for (int i = 0; i < t->keys; i++)
		buf_addf(b, "%s\"%s\"%s", i ? ", " : "", t->column[t->key[i]].name, after);
}

/* SELECT in the order of the key; numbers with a fraction as text, which both write so that none of it is lost. */
static void select_sql(const struct copy_table *t, enum db_dialect d, bool next, struct buf *b)
{
	buf_adds(b, "SELECT ");
	for (int i = 0; i < t->columns; i++) {
		const char *name = t->column[i].name;
		buf_adds(b, i ? ", " : "");
		if (t->column[i].type != COPY_REAL)
			buf_addf(b, "\"%s\"", name);
		else if (d == DB_POSTGRES)
			buf_addf(b, "CAST(\"%s\" AS TEXT)", name);
		else
			buf_addf(b, "CASE WHEN \"%s\" IS NOT NULL THEN printf('%%!.17g', \"%s\") END", name, name);
	}
	buf_addf(b, " FROM \"%s\"", t->name);
	if (next) {
		buf_adds(b, " WHERE (");
		keys(t, b, "");
		buf_adds(b, ") > (");
		for (int i = 0; i < t->keys; i++)
			buf_addf(b, "%s$%d", i ? ", " : "", i + 1);
		buf_adds(b, ")");
	}
	buf_adds(b, " ORDER BY ");
	keys(t, b, "");
	buf_addf(b, " LIMIT %d", COPY_BATCH);
}

static void insert_sql(const struct copy_table *t, struct buf *b)
{
	buf_addf(b, "INSERT INTO \"%s\" (", t->name);
	for (int i = 0; i < t->columns; i++)
		buf_addf(b, "%s\"%s\"", i ? ", " : "", t->column[i].name);
	buf_adds(b, ") VALUES (");
	for (int i = 0; i < t->columns; i++)
		buf_addf(b, t->column[i].type == COPY_REAL ? "%sCAST($%d AS DOUBLE PRECISION)" : "%s$%d", i ? ", " : "",
			 i + 1);
	buf_adds(b, ")");
}

static int take(struct buf *b, char out[COPY_SQL], struct err *err)
{
	if (b->failed || b->n >= COPY_SQL)
		return err_set(err, ERR_INTERNAL, "internal", NULL, "a table has too many columns");
	memcpy(out, buf_cstr(b), b->n + 1);
	buf_reset(b);
	return 0;
}

static int texts(struct copy_table *t, struct err *err)
{
	struct buf b;
	int r;

	buf_init(&b, COPY_SQL);
	insert_sql(t, &b);
	r = take(&b, t->insert, err);
	for (int d = DB_SQLITE; r == 0 && d <= DB_POSTGRES; d++) {
		select_sql(t, (enum db_dialect)d, false, &b);
		r = take(&b, t->first[d], err);
		select_sql(t, (enum db_dialect)d, true, &b);
		r = r || take(&b, t->next[d], err) ? -1 : 0;
	}
	buf_adds(&b, "SELECT ");
	keys(t, &b, "");
	buf_addf(&b, " FROM \"%s\" ORDER BY ", t->name);
	keys(t, &b, " DESC");
	buf_adds(&b, " LIMIT 1");
	r = r || take(&b, t->last, err) ? -1 : 0;
	buf_free(&b);
	return r;
}

int copy_table_look(struct db *from, struct copy_table *t, struct err *err)
{
	struct stmt *q = db_query(from, "SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid");
	bool fits = true;
	int r;

	db_bind_text(q, 1, t->name);
	while ((r = db_step(q, err)) == DB_ROW && (fits = t->columns < COPY_COLUMNS)) {
		struct str name = db_col_str(q, 0);
		int64_t pk = db_col_i64(q, 2);
		fits = name.n < COPY_NAME && pk <= COPY_KEYS;
		if (!fits)
			break;
		snprintf(t->column[t->columns].name, COPY_NAME, "%.*s", (int)name.n, name.p);
		t->column[t->columns].type = type_of(db_col_str(q, 1));
		if (pk) {
			t->key[pk - 1] = t->columns;
			t->keys++;
		}
		t->columns++;
	}
	db_done(q);
	if (r == DB_ERROR)
		return -1;
	if (!fits || !t->keys)
		return err_set(err, ERR_INTERNAL, "internal", NULL, "table %s cannot be copied", t->name);
	return texts(t, err);
}

/* ---- places */

static void keep(const struct copy_table *t, struct copy_place *p, struct stmt *q, bool keys_only)
{
	p->begun = true;
	for (int i = 0; i < t->keys; i++) {
		int at = keys_only ? i : t->key[i];
		if (t->column[t->key[i]].type == COPY_INT) {
			p->number[i] = db_col_i64(q, at);
		} else {
			buf_reset(&p->text[i]);
			buf_addstr(&p->text[i], db_col_str(q, at));
		}
	}
}

static void place_init(struct copy_place *p)
{
	*p = (struct copy_place){0};
	for (int i = 0; i < COPY_KEYS; i++)
		buf_init(&p->text[i], ROW_MAX);
}

void copy_place_free(struct copy_place *p)
{
	for (int i = 0; i < COPY_KEYS; i++)
		buf_free(&p->text[i]);
}

int copy_place_find(struct db *to, struct copy_table *t, struct copy_place *p, struct err *err)
{
	struct stmt *q = db_query(to, t->last);
	int r;

	place_init(p);
	while ((r = db_step(q, err)) == DB_ROW)
		keep(t, p, q, true);
	db_done(q);
	return r == DB_END ? 0 : -1;
}

static void bind_value(struct stmt *q, int i, enum copy_type type, struct str text, int64_t number)
{
	if (type == COPY_INT)
		db_bind_i64(q, i, number);
	else if (type == COPY_BYTES)
		db_bind_blob(q, i, text.p, text.n);
	else
		db_bind_str(q, i, text);
}

static struct stmt *page(struct db *db, struct copy_table *t, const struct copy_place *p)
{
	enum db_dialect d = db_dialect(db);
	struct stmt *q = db_query(db, p->begun ? t->next[d] : t->first[d]);

	for (int i = 0; p->begun && i < t->keys; i++)
		bind_value(q, i + 1, t->column[t->key[i]].type, str_n(p->text[i].p, p->text[i].n), p->number[i]);
	return q;
}

/* ---- rows */

static int put(struct db *to, struct copy_table *t, struct stmt *row, struct err *err)
{
	struct stmt *q = db_query(to, t->insert);

	for (int i = 0; i < t->columns; i++) {
		if (db_col_null(row, i))
			db_bind_null(q, i + 1);
		else
			bind_value(q, i + 1, t->column[i].type,
				   t->column[i].type == COPY_INT ? str_n("", 0) : db_col_str(row, i),
				   t->column[i].type == COPY_INT ? db_col_i64(row, i) : 0);
	}
	return db_run(q, err);
}

int copy_table_batch(struct db *from, struct db *to, struct copy_table *t, struct copy_place *p, struct err *err)
{
	struct stmt *q = page(from, t, p);
	int r, n = 0;

	if (db_begin(to, err)) {
		db_done(q);
		return -1;
	}
	while ((r = db_step(q, err)) == DB_ROW) {
		n++;
		keep(t, p, q, false);
		if (put(to, t, q, err)) {
			r = DB_ERROR;
			break;
		}
	}
	db_done(q);
	if (r == DB_END && db_commit(to, err) == 0)
		return n;
	db_rollback(to);
	return err_context(err, "table %s", t->name);
}

/* As the driver of PostgreSQL mends it. */
static void add_mended(struct buf *b, struct str v)
{
	size_t at = 0;

	if (!memchr(v.p, 0, v.n) && str_utf8_ok(v)) {
		buf_addstr(b, v);
		return;
	}
	while (at < v.n) {
		uint32_t c = str_next(v, &at);
		buf_add_utf8(b, c ? c : 0xfffd);
	}
}

static void add_column(struct buf *b, enum copy_type type, struct stmt *q, int i)
{
	struct str v;
	size_t before;

	if (db_col_null(q, i)) {
		buf_addc(b, 'n');
		return;
	}
	buf_addc(b, 'v');
	if (type == COPY_INT) {
		buf_add_i64(b, db_col_i64(q, i));
		return;
	}
	v = db_col_str(q, i);
	before = b->n;
	if (type == COPY_REAL) {
		char text[64];
		double d;
		snprintf(text, sizeof text, "%.*s", (int)v.n, v.p);
		d = strtod(text, NULL);
		buf_add(b, &d, sizeof d);
	} else if (type == COPY_TEXT) {
		add_mended(b, v);
	} else {
		buf_addstr(b, v);
	}
	buf_addf(b, "#%zu;", b->n - before);
}

static int sum_page(struct db *db, struct copy_table *t, struct copy_place *p, struct buf *row, struct copy_sum *out,
		    struct err *err)
{
	struct stmt *q = page(db, t, p);
	uint8_t hash[SHA256_LEN];
	uint64_t part;
	int r, n = 0;

	while ((r = db_step(q, err)) == DB_ROW) {
		buf_reset(row);
		for (int i = 0; i < t->columns; i++)
			add_column(row, t->column[i].type, q, i);
		crypto_sha256(str_n(row->p, row->n), hash);
		memcpy(&part, hash, sizeof part);
		out->sum += part;
		out->rows++;
		n++;
		keep(t, p, q, false);
		if (row->failed)
			break;
	}
	db_done(q);
	if (row->failed)
		return err_nomem(err);
	return r == DB_ERROR ? -1 : n;
}

int copy_table_sum(struct db *db, struct copy_table *t, struct copy_sum *out, struct err *err)
{
	struct copy_place p;
	struct buf row;
	int n;

	place_init(&p);
	buf_init(&row, ROW_MAX);
	while ((n = sum_page(db, t, &p, &row, out, err)) > 0)
		;
	buf_free(&row);
	copy_place_free(&p);
	return n;
}
