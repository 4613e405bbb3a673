/* Parameters and columns in PostgreSQL's binary form: integers with the most significant byte first, texts and bytes as
 * they are. */
#include <endian.h>
#include <stdlib.h>

#include "store/postgres.h"

enum { BOOL_OID = 16, BYTEA_OID = 17, INT8_OID = 20, INT2_OID = 21, INT4_OID = 23, TEXT_OID = 25, XID8_OID = 5069 };

int pg_params_of(const char *sql)
{
	long most = 0, n;

	for (const char *p = sql; (p = strchr(p, '$')); p++) {
		n = strtol(p + 1, NULL, 10);
		if (n > most && n <= PG_PARAMS)
			most = n;
	}
	return (int)most;
}

bool pg_is_quiet(const char *sql)
{
	return (strncmp(sql, "INSERT ", 7) == 0 || strncmp(sql, "UPDATE ", 7) == 0 ||
		strncmp(sql, "DELETE ", 7) == 0) &&
	       !strstr(sql, "RETURNING");
}

/* Where a value of n bytes goes; NULL: there is no such parameter or no memory (the room is failed then). */
static char *place(struct stmt *s, int i, Oid type, size_t n)
{
	char *to;

	if (!s->p || i < 1 || i > s->params)
		return NULL;
	to = buf_room(&s->p->room, n);
	if (!to)
		return NULL;
	s->p->type[i - 1] = type;
	s->p->at[i - 1] = s->p->room.n;
	s->p->length[i - 1] = (int)n;
	s->p->room.n += n;
	return to;
}

void pg_bind_i64(struct stmt *s, int i, int64_t v)
{
	uint64_t big = htobe64((uint64_t)v);
	char *to = place(s, i, INT8_OID, sizeof big);

	if (to)
		memcpy(to, &big, sizeof big);
}

/* PostgreSQL takes no NUL and no broken UTF-8 in a text; peers send both. */
static void bind_mended(struct stmt *s, int i, struct str v)
{
	struct buf b;
	size_t at = 0;
	char *to;

	buf_init(&b, v.n * 3 + 1);
	while (at < v.n) {
		uint32_t c = str_next(v, &at);
		buf_add_utf8(&b, c ? c : 0xfffd);
	}
	if (b.failed)
		s->p->room.failed = true;
	to = place(s, i, TEXT_OID, b.n);
	if (to && b.n)
		memcpy(to, b.p, b.n);
	buf_free(&b);
}

void pg_bind_str(struct stmt *s, int i, struct str v)
{
	char *to;

	if (s->p && v.n && (memchr(v.p, 0, v.n) || !str_utf8_ok(v))) {
		bind_mended(s, i, v);
		return;
	}
	to = place(s, i, TEXT_OID, v.n);
	if (to && v.n)
		memcpy(to, v.p, v.n);
}

void pg_bind_blob(struct stmt *s, int i, const void *p, size_t n)
{
	char *to = place(s, i, BYTEA_OID, n);

	if (to && n)
		memcpy(to, p, n);
}

void pg_bind_null(struct stmt *s, int i, enum db_type type)
{
	static const Oid oids[] = {[DB_ANY] = 0, [DB_INT] = INT8_OID, [DB_TEXT] = TEXT_OID, [DB_BYTES] = BYTEA_OID};

	if (!s->p || i < 1 || i > s->params)
		return;
	s->p->type[i - 1] = oids[type];
	s->p->length[i - 1] = -1;
}

void pg_unbind(struct stmt *s)
{
	if (!s->p)
		return;
	for (int i = 0; i < s->params; i++) {
		s->p->type[i] = 0;
		s->p->length[i] = -1;
	}
	buf_reset(&s->p->room);
}

int64_t pg_int(const PGresult *r, int row, int i)
{
	const char *p = PQgetvalue(r, row, i);
	uint64_t big;
	uint32_t four;
	uint16_t two;
	int64_t v;

	if (PQgetisnull(r, row, i))
		return 0;
	switch (PQftype(r, i)) {
	case XID8_OID:
	case INT8_OID: memcpy(&big, p, sizeof big); return (int64_t)be64toh(big);
	case INT4_OID: memcpy(&four, p, sizeof four); return (int32_t)be32toh(four);
	case INT2_OID: memcpy(&two, p, sizeof two); return (int16_t)be16toh(two);
	case BOOL_OID: return *p;
	default: return str_i64(str_n(p, (size_t)PQgetlength(r, row, i)), &v) ? v : 0;
	}
}

int64_t pg_col_i64(struct stmt *s, int i) { return pg_int(s->rows, s->row, i); }
bool pg_col_null(struct stmt *s, int i) { return PQgetisnull(s->rows, s->row, i); }

struct str pg_col_str(struct stmt *s, int i)
{
	return str_n(PQgetvalue(s->rows, s->row, i), (size_t)PQgetlength(s->rows, s->row, i));
}
