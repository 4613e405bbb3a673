#include "store/fulltext.h"

#include "store/fulltext_words.h"

enum { VECTOR_MAX = 900000, MATCH_MAX = 4096 };

static void bind_doc(struct stmt *q, enum fulltext_kind kind, const struct uuid *customer, const struct uuid *ref,
		     int64_t at)
{
	db_bind_i64(q, 1, kind);
	db_bind_uuid(q, 2, customer);
	db_bind_uuid(q, 3, ref);
	db_bind_i64(q, 4, at);
}

#define INSERT(columns, values)                                                                            \
	"INSERT INTO search_doc (kind, customer_id, ref, at" columns ") VALUES ($1, $2, $3, $4" values ")" \
	" ON CONFLICT (ref) WHERE kind = 2 DO NOTHING"

static int add_vector(struct db *db, enum fulltext_kind kind, const struct uuid *customer, const struct uuid *ref,
		      int64_t at, struct str text, struct err *err)
{
	struct stmt *q = db_query(db, INSERT(", body", ", $5::tsvector"));
	struct buf body;
	int r;

	buf_init(&body, VECTOR_MAX);
	fulltext_vector(text, &body);
	bind_doc(q, kind, customer, ref, at);
	db_bind_str(q, 5, buf_str(&body));
	r = body.failed ? err_nomem(err) : db_run(q, err);
	buf_free(&body);
	return r;
}

int fulltext_add(struct db *db, enum fulltext_kind kind, const struct uuid *customer, const struct uuid *ref,
		 int64_t at, struct str text, struct err *err)
{
	struct stmt *q;
	int64_t id = 0;
	int r;

	if (db_dialect(db) == DB_POSTGRES)
		return add_vector(db, kind, customer, ref, at, text, err);
	q = db_query(db, INSERT("", "") " RETURNING id");
	bind_doc(q, kind, customer, ref, at);
	while ((r = db_step(q, err)) == DB_ROW)
		id = db_col_i64(q, 0);
	db_done(q);
	if (r == DB_ERROR || id == 0)
		return r; /* no id: the interaction is there already */
	q = db_query(db, "INSERT INTO search_text (rowid, body) VALUES ($1, $2)");
	db_bind_i64(q, 1, id);
	db_bind_str(q, 2, text);
	return db_run(q, err);
}

#undef INSERT

/* Every run of characters that can be part of a word becomes a quoted string of FTS5's language, in which nothing has a
 * meaning but the quote itself; so no input is an error or an operator. */
static void match_of(struct str words, struct buf *out)
{
	struct str run;
	size_t i = 0;

	while (fulltext_run(words, &i, &run)) {
		if (out->n)
			buf_addc(out, ' ');
		buf_addc(out, '"');
		buf_addstr(out, run);
		buf_addc(out, '"');
	}
	if (out->n)
		buf_addc(out, '*');
}

/* What a customer was called before is still in the index. */
#define WANTED                                                                                                       \
	" AND ((1 << d.kind) & $3) != 0 AND (d.kind <> 1 OR NOT EXISTS (SELECT 1 FROM search_doc n WHERE n.kind = 1" \
	" AND n.ref = d.ref AND n.id > d.id))"

static struct stmt *matching(struct db *db)
{
	if (db_dialect(db) == DB_POSTGRES)
		return db_query(db, "SELECT d.id, d.kind, d.customer_id, d.ref, d.at FROM search_doc d"
				    " WHERE d.body @@ $1::tsquery AND d.id < $2" WANTED " ORDER BY d.id DESC LIMIT $4");
	return db_query(
		db,
		"SELECT d.id, d.kind, d.customer_id, d.ref, d.at FROM search_text t JOIN search_doc d ON d.id = t.rowid"
		" WHERE t.search_text MATCH $1 AND t.rowid < $2" WANTED " ORDER BY t.rowid DESC LIMIT $4");
}

int fulltext_query(struct db *db, unsigned kinds, struct str words, int64_t before, int limit,
		   void (*fn)(void *arg, const struct fulltext_hit *h), void *arg, struct err *err)
{
	struct buf match;
	struct stmt *q;
	int r = DB_END;

	buf_init(&match, MATCH_MAX);
	if (db_dialect(db) == DB_POSTGRES)
		fulltext_tsquery(words, &match);
	else
		match_of(words, &match);
	if (match.failed || match.n == 0 || !str_utf8_ok(words))
		goto out;
	q = matching(db);
	db_bind_str(q, 1, buf_str(&match));
	db_bind_i64(q, 2, before ? before : INT64_MAX);
	db_bind_i64(q, 3, kinds);
	db_bind_i64(q, 4, limit);
	while ((r = db_step(q, err)) == DB_ROW) {
		struct fulltext_hit h = {
			.doc = db_col_i64(q, 0), .kind = (enum fulltext_kind)db_col_i64(q, 1), .at = db_col_i64(q, 4)};
		db_col_uuid(q, 2, &h.customer);
		db_col_uuid(q, 3, &h.ref);
		fn(arg, &h);
	}
	db_done(q);
out:
	buf_free(&match);
	return r == DB_ERROR ? -1 : 0;
}
