/*
 * Where to begin. PostgreSQL knows from its statistics how many have plan p3; SQLite does not, and would ask every customer.
 * So before a count the indexes are asked how many rows stand below each value or event that must be there: if it is few,
 * the statement begins with those customers. The conditions themselves stay as they are, so this changes nothing but
 * the time.
 */
#include "segment/private.h"

enum { FEW = 100000, LOOKED_AT = 8 };

struct driver {
	const struct node *best;
	int64_t rows;
	int looked_at;
};

static int rows_of_value(struct sql *s, struct str key, struct str value, int64_t *out)
{
	struct stmt *q =
		db_query(s->db, "SELECT COUNT(*) FROM (SELECT 1 FROM customer_attribute WHERE key = $1 AND value"
				" = $2 LIMIT $3) x");
	int r;

	db_bind_str(q, 1, key);
	db_bind_str(q, 2, value);
	db_bind_i64(q, 3, FEW + 1);
	r = db_step(q, s->err);
	*out = r == DB_ROW ? db_col_i64(q, 0) : 0;
	db_done(q);
	return r == DB_ROW ? 0 : -1;
}

static int rows_of_event(struct sql *s, struct str name, int64_t *out)
{
	struct stmt *q = db_query(s->db, "SELECT COUNT(*) FROM (SELECT 1 FROM event_value WHERE name = $1 AND key = ''"
					 " LIMIT $2) x");
	int r;

	db_bind_str(q, 1, name);
	db_bind_i64(q, 2, FEW + 1);
	r = db_step(q, s->err);
	*out = r == DB_ROW ? db_col_i64(q, 0) : 0;
	db_done(q);
	return r == DB_ROW ? 0 : -1;
}

/* The test for one of some texts; NULL: there is none. Numbers may be written in several ways. */
static const struct test *texts(const struct node *n)
{
	for (size_t k = 0; k < n->tests.n; k++)
		if (n->tests.v[k].op <= OP_IN && n->tests.v[k].values[0].type != VALUE_NUMBER)
			return &n->tests.v[k];
	return NULL;
}

static int rows_of(struct sql *s, const struct node *n, int64_t *out)
{
	const struct test *t;
	int64_t one;

	*out = 0;
	if (n->kind == NODE_EVENT)
		return rows_of_event(s, n->name, out);
	t = texts(n);
	for (size_t k = 0; k < t->n && *out <= FEW; k++) {
		if (rows_of_value(s, n->name, t->values[k].text, &one))
			return -1;
		*out += one;
	}
	return 0;
}

/* Looks at what must hold: the root, and what is below "all". */
static int look(struct sql *s, const struct node *n, struct driver *d)
{
	int64_t rows;

	if (n->kind == NODE_ALL) {
		for (size_t k = 0; k < n->children_n; k++)
			if (look(s, n->children[k], d))
				return -1;
		return 0;
	}
	if (n->kind != NODE_EVENT && (n->kind != NODE_ATTRIBUTE || !texts(n)))
		return 0;
	if (d->looked_at++ >= LOOKED_AT)
		return 0;
	if (rows_of(s, n, &rows))
		return -1;
	if (rows <= FEW && (!d->best || rows < d->rows)) {
		d->best = n;
		d->rows = rows;
	}
	return 0;
}

static int begin_with_event(struct sql *s, const struct node *n)
{
	buf_adds(&s->text, "c.id IN (SELECT e.customer_id FROM event_value e WHERE e.key = '' AND e.name = ");
	if (sql_text(s, n->name))
		return -1;
	/* Those who are one with others may have it from them. */
	buf_adds(&s->text, " UNION ALL SELECT k.root FROM kin k) AND ");
	return 0;
}

static int begin_with_value(struct sql *s, const struct node *n)
{
	const struct test *t = texts(n);

	buf_adds(&s->text, "c.id IN (SELECT a.customer_id FROM customer_attribute a WHERE a.key = ");
	if (sql_text(s, n->name))
		return -1;
	buf_adds(&s->text, " AND a.value IN (");
	for (size_t k = 0; k < t->n; k++) {
		if (k)
			buf_adds(&s->text, ", ");
		if (sql_text(s, t->values[k].text))
			return -1;
	}
	buf_adds(&s->text, ")) AND ");
	return 0;
}

int sql_driver(struct sql *s, const struct node *root)
{
	struct driver d = {0};

	if (s->dialect != DB_SQLITE)
		return 0;
	if (look(s, root, &d))
		return -1;
	if (!d.best)
		return 0;
	return d.best->kind == NODE_EVENT ? begin_with_event(s, d.best) : begin_with_value(s, d.best);
}
