#include "store/fulltext.h"

int fulltext_add(struct db *db, enum fulltext_kind kind, const struct uuid *customer, const struct uuid *ref,
		 int64_t at, struct str text, struct err *err)
{
	struct stmt *q = db_query(db, "INSERT INTO search_doc (kind, customer_id, ref, at) VALUES ($1, $2, $3, $4)"
				      " ON CONFLICT (ref) WHERE kind = 2 DO NOTHING RETURNING id");
	int64_t id = 0;
	int r;

	db_bind_i64(q, 1, kind);
	db_bind_uuid(q, 2, customer);
	db_bind_uuid(q, 3, ref);
	db_bind_i64(q, 4, at);
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

/* Every run of characters that can be part of a word becomes a quoted string of FTS5's language, in which nothing has a
 * meaning but the quote itself; so no input is an error or an operator. */
static void match_of(struct str words, struct buf *out)
{
	static const char breaks[] = " \t\r\n\"'()*:^,;.!?/\\[]{}<>|&~`=";
	size_t i = 0;

	while (i < words.n) {
		size_t start;
		while (i < words.n && (words.p[i] == 0 || strchr(breaks, words.p[i])))
			i++;
		start = i;
		while (i < words.n && words.p[i] != 0 && !strchr(breaks, words.p[i]))
			i++;
		if (i == start)
			continue;
		if (out->n)
			buf_addc(out, ' ');
		buf_addc(out, '"');
		buf_add(out, words.p + start, i - start);
		buf_addc(out, '"');
	}
	if (out->n)
		buf_addc(out, '*');
}

int fulltext_query(struct db *db, unsigned kinds, struct str words, int64_t before, int limit,
		   void (*fn)(void *arg, const struct fulltext_hit *h), void *arg, struct err *err)
{
	struct buf match;
	struct stmt *q;
	int r = DB_END;

	buf_init(&match, 4096);
	match_of(words, &match);
	if (match.failed || match.n == 0 || !str_utf8_ok(words))
		goto out;
	q = db_query(
		db,
		"SELECT d.id, d.kind, d.customer_id, d.ref, d.at FROM search_text t JOIN search_doc d ON d.id = t.rowid"
		" WHERE t.search_text MATCH $1 AND t.rowid < $2 AND ((1 << d.kind) & $3) != 0"
		/* What a customer was called before is still in the index. */
		" AND (d.kind <> 1 OR NOT EXISTS (SELECT 1 FROM search_doc n WHERE n.kind = 1 AND n.ref = d.ref AND "
		"n.id > d.id))"
		" ORDER BY t.rowid DESC LIMIT $4");
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
