/*
 * Rows that wait to be inserted together. Half of what a small INSERT costs the server is the statement, not the row; so
 * within a transaction the rows of one INSERT ... VALUES (...) are kept until there are GATHER of them, something else
 * speaks of their table, or the transaction ends. Then they are sent as statements of 16, 8, 4, 2 or 1 rows.
 *
 * A statement with ON CONFLICT (key) DO UPDATE must not meet one key twice: a row whose key waits already comes after it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/postgres.h"

enum { GATHER = 16, SIZES = 5, COLUMNS = 32, TABLE = 48, KEYS = 4 };

_Static_assert(GATHER *COLUMNS <= PG_ROWS_PARAMS && 1 << (SIZES - 1) == GATHER, "what is sent at once");

struct pg_gather {
	struct stmt *s;
	char table[TABLE];
	const char *tuple, *rest; /* in the SQL: "($1, ...)", and what follows it */
	int columns, keys;
	int key[KEYS];	   /* parameters, from 0, that make the key of ON CONFLICT */
	Oid type[COLUMNS]; /* as far as they are known */
	char *sql[SIZES];
	unsigned name[SIZES]; /* 0: not prepared */
	/* the rows */
	int n;
	size_t at[GATHER * COLUMNS];
	int length[GATHER * COLUMNS];
	struct buf room;
};

/* ---- which statements */

static bool read_table(struct pg_gather *g, const char *sql)
{
	static const char into[] = "INSERT INTO ";
	size_t n;

	if (strncmp(sql, into, sizeof into - 1) != 0)
		return false;
	n = strcspn(sql + sizeof into - 1, " (");
	if (n == 0 || n >= TABLE)
		return false;
	memcpy(g->table, sql + sizeof into - 1, n);
	return true;
}

/* One tuple without parentheses inside, and no parameter outside of it. */
static bool read_tuple(struct pg_gather *g, const char *sql)
{
	static const char values[] = ") VALUES (";
	const char *v = strstr(sql, values), *end;

	if (!v || memchr(sql, '$', (size_t)(v - sql)))
		return false;
	g->tuple = v + sizeof values - 2;
	end = g->tuple + 1 + strcspn(g->tuple + 1, "()");
	if (*end != ')')
		return false;
	g->rest = end + 1;
	return !strchr(g->rest, '$') && (*g->rest == 0 || strncmp(g->rest, " ON CONFLICT (", 14) == 0);
}

static struct str next_name(const char **at)
{
	const char *p = *at + strspn(*at, " ,");
	size_t n = strcspn(p, " ,()");

	*at = p + n;
	return str_n(p, n);
}

/* The parameter for a column of the key, -1 if it is none. */
static int param_of(const struct pg_gather *g, struct str column)
{
	const char *name = strchr(g->s->sql, '(') + 1, *value = g->tuple + 1;
	struct str c, v;
	int64_t k;

	do {
		c = next_name(&name);
		v = next_name(&value);
	} while (c.n && v.n && !str_eq(c, column));
	if (!c.n || v.n < 2 || *v.p != '$' || !str_i64(str_n(v.p + 1, v.n - 1), &k) || k < 1 || k > g->columns)
		return -1;
	return (int)k - 1;
}

static bool read_key(struct pg_gather *g)
{
	const char *at = strchr(g->rest, '(');
	struct str column;

	if (!at)
		return true;
	for (at++; (column = next_name(&at)).n; g->keys++)
		if (g->keys == KEYS || (g->key[g->keys] = param_of(g, column)) < 0)
			return false;
	return *at == ')' && strncmp(at, ") DO UPDATE", 11) == 0;
}

static struct pg_gather *gather_new(struct stmt *s)
{
	struct pg_gather *g = calloc(1, sizeof *g);

	if (!g)
		return NULL;
	g->s = s;
	g->columns = s->params;
	buf_init(&g->room, SIZE_MAX / 2);
	if (s->params >= 1 && s->params <= COLUMNS && read_table(g, s->sql) && read_tuple(g, s->sql) && read_key(g))
		return g;
	free(g);
	return NULL;
}

/* Its gatherer; NULL: it has none. */
static struct pg_gather *gather_of(struct stmt *s)
{
	struct db *db = s->db;

	if (s->asked_gather || s->once)
		return s->gather;
	s->asked_gather = true;
	if (db->gather_n < PG_GATHERERS && (s->gather = gather_new(s)))
		db->gather[db->gather_n++] = s->gather;
	return s->gather;
}

void pg_gather_free(struct db *db)
{
	for (int i = 0; i < db->gather_n; i++) {
		for (int k = 0; k < SIZES; k++)
			free(db->gather[i]->sql[k]);
		buf_free(&db->gather[i]->room);
		free(db->gather[i]);
	}
	db->gather_n = 0;
}

void pg_gather_drop(struct db *db)
{
	for (int i = 0; i < db->gather_n; i++) {
		struct pg_gather *g = db->gather[i];
		memset(g->name, 0, sizeof g->name);
		buf_reset(&g->room);
		g->n = 0;
	}
	db->gathered = 0;
}

/* ---- sending */

static void add_tuple(struct buf *b, const struct pg_gather *g, int row)
{
	for (const char *p = g->tuple; p < g->rest; p++) {
		char *end;
		if (*p != '$') {
			buf_addc(b, *p);
			continue;
		}
		buf_addf(b, "$%ld", strtol(p + 1, &end, 10) + (long)row * g->columns);
		p = end - 1;
	}
}

static const char *sql_of(struct pg_gather *g, int size)
{
	struct buf b;

	if (g->sql[size])
		return g->sql[size];
	buf_init(&b, 1 << 16);
	buf_addstr(&b, str_n(g->s->sql, (size_t)(g->tuple - g->s->sql)));
	for (int row = 0; row < 1 << size; row++) {
		if (row)
			buf_addc(&b, ',');
		add_tuple(&b, g, row);
	}
	buf_adds(&b, g->rest);
	buf_addc(&b, '\0');
	if (b.failed)
		buf_free(&b);
	else
		g->sql[size] = b.p;
	return g->sql[size];
}

static int prepare(struct pg_gather *g, int size, struct err *err)
{
	Oid types[GATHER * COLUMNS];
	const char *sql = sql_of(g, size);

	if (!sql)
		return err_nomem(err);
	for (int i = 0; i < g->columns << size; i++)
		types[i] = g->type[i % g->columns];
	g->name[size] = ++g->s->db->names;
	return pg_send_prepare(g->s->db, g->name[size], sql, g->columns << size, types, err);
}

static int send_rows(struct pg_gather *g, int from, int size, struct err *err)
{
	const char *value[GATHER * COLUMNS];
	int at = from * g->columns, n = g->columns << size;

	if (!g->name[size] && prepare(g, size, err))
		return -1;
	for (int i = 0; i < n; i++)
		value[i] = g->length[at + i] < 0 ? NULL : g->room.p + g->at[at + i];
	return pg_send_rows(g->s->db, g->name[size], n, value, &g->length[at], err);
}

static int flush(struct pg_gather *g, struct err *err)
{
	int n = g->n, r = 0;

	g->s->db->gathered -= n;
	g->n = 0;
	for (int from = 0, size = SIZES - 1; from < n && r == 0; from += 1 << size) {
		while (1 << size > n - from)
			size--;
		r = send_rows(g, from, size, err);
	}
	buf_reset(&g->room);
	return r;
}

int pg_gather_flush(struct db *db, const char *sql, struct err *err)
{
	for (int i = 0; db->gathered && i < db->gather_n; i++) {
		struct pg_gather *g = db->gather[i];
		if (g->n && (!sql || strstr(sql, g->table)) && flush(g, err))
			return -1;
	}
	return 0;
}

/* ---- gathering */

/* A type that was not known when a statement was prepared makes that one useless. */
static bool learn_types(struct pg_gather *g, const struct pg_params *p)
{
	for (int i = 0; i < g->columns; i++) {
		if (p->type[i] == 0 || p->type[i] == g->type[i])
			continue;
		if (g->type[i])
			return p->length[i] < 0;
		if (p->length[i] < 0)
			continue;
		g->type[i] = p->type[i];
		memset(g->name, 0, sizeof g->name);
	}
	return true;
}

/* Another statement for the same table waits: these rows are to come after its rows. */
static int others_first(struct pg_gather *g, struct err *err)
{
	struct db *db = g->s->db;

	for (int i = 0; db->gathered > g->n && i < db->gather_n; i++) {
		struct pg_gather *o = db->gather[i];
		if (o != g && o->n && strcmp(o->table, g->table) == 0 && flush(o, err))
			return -1;
	}
	return 0;
}

static bool same_value(const struct pg_gather *g, int at, const struct pg_params *p, int i)
{
	int n = p->length[i];

	return g->length[at] == n && (n <= 0 || memcmp(g->room.p + g->at[at], p->room.p + p->at[i], (size_t)n) == 0);
}

static bool key_waits(const struct pg_gather *g, const struct pg_params *p)
{
	for (int row = 0; g->keys && row < g->n; row++) {
		int k = 0;
		while (k < g->keys && same_value(g, row * g->columns + g->key[k], p, g->key[k]))
			k++;
		if (k == g->keys)
			return true;
	}
	return false;
}

int pg_gather(struct stmt *s, struct err *err)
{
	struct db *db = s->db;
	struct pg_gather *g = db->prepare && !db->careful ? gather_of(s) : NULL;
	struct pg_params *p = s->p;
	int at;

	if (!g || !learn_types(g, p))
		return 1;
	if (others_first(g, err) || (key_waits(g, p) && flush(g, err)))
		return -1;
	at = g->n * g->columns;
	for (int i = 0; i < g->columns; i++) {
		g->length[at + i] = p->length[i];
		g->at[at + i] = g->room.n + p->at[i];
	}
	buf_addstr(&g->room, buf_str(&p->room));
	if (g->room.failed)
		return err_nomem(err);
	g->n++;
	db->gathered++;
	return g->n < GATHER ? 0 : flush(g, err);
}
