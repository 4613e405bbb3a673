#include "customer/suppression.h"

#include "customer/contact.h"

static const char *purpose_of(int purpose)
{
	return purpose == SUPPRESSION_ALL ? "all" : purpose_word((enum purpose)purpose);
}

/* The owner's messages that wait are asked about again (outbound/dispatch), and what is remembered of him is read anew. */
static int tell(struct db *db, struct events *ev, const struct address *a, int purpose, struct str reason,
		const char *type, int64_t now, struct err *err)
{
	struct event e = {.at = now, .type = type, .channel = channel_of_scheme(a->scheme)};
	struct contact owner;
	struct json_out j;
	struct buf b;
	int r = contact_find(db, a, now, &owner, err);

	if (r < 0)
		return -1;
	if (r == 0)
		e.customer = owner.customer;
	buf_init(&b, 4096);
	json_begin(&j, &b);
	json_obj(&j, NULL);
	json_cstr(&j, "address", a->value);
	json_cstr(&j, "purpose", purpose_of(purpose));
	json_str(&j, "reason", reason);
	json_end(&j);
	e.data = buf_str(&b);
	r = b.failed ? err_nomem(err) : event_append(ev, db, &e, err);
	buf_free(&b);
	return r;
}

static int find(struct db *db, struct suppression *s, struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT id, at FROM suppression WHERE address = $1 AND scheme = $2 AND purpose = $3");
	int r;

	db_bind_text(q, 1, s->address.value);
	db_bind_i64(q, 2, s->address.scheme);
	db_bind_i64(q, 3, s->purpose);
	r = db_step(q, err);
	if (r == DB_ROW) {
		db_col_uuid(q, 0, &s->id);
		s->at = db_col_i64(q, 1);
	}
	db_done(q);
	return r;
}

int suppression_add(struct db *db, struct events *ev, struct suppression *s, int64_t now, bool *added, struct err *err)
{
	struct stmt *q;
	int r = find(db, s, err);

	*added = r == DB_END;
	if (r != DB_END)
		return r == DB_ERROR ? -1 : 0;
	s->id = uuid7(now);
	s->at = now;
	q = db_query(db, "INSERT INTO suppression (address, scheme, purpose, id, reason, source, proof, at)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
	db_bind_text(q, 1, s->address.value);
	db_bind_i64(q, 2, s->address.scheme);
	db_bind_i64(q, 3, s->purpose);
	db_bind_uuid(q, 4, &s->id);
	db_bind_str(q, 5, s->reason);
	db_bind_str(q, 6, s->source);
	db_bind_str(q, 7, s->proof.p ? s->proof : STR(""));
	db_bind_i64(q, 8, now);
	return db_run(q, err) ? -1 : tell(db, ev, &s->address, s->purpose, s->reason, "consent.suppressed", now, err);
}

int suppression_remove(struct db *db, struct events *ev, const struct uuid *id, int64_t now, struct err *err)
{
	struct stmt *q =
		db_query(db, "DELETE FROM suppression WHERE id = $1 RETURNING address, scheme, purpose, reason");
	char reason[SUPPRESSION_REASON_MAX + 1] = "";
	struct address a = {0};
	int purpose = SUPPRESSION_ALL, r;

	db_bind_uuid(q, 1, id);
	r = db_step(q, err);
	if (r == DB_ROW) {
		struct str address = db_col_str(q, 0), why = db_col_str(q, 3);
		memcpy(a.value, address.p, address.n < ADDRESS_MAX ? address.n : ADDRESS_MAX);
		a.scheme = (enum scheme)db_col_i64(q, 1);
		purpose = (int)db_col_i64(q, 2);
		memcpy(reason, why.p, why.n < SUPPRESSION_REASON_MAX ? why.n : SUPPRESSION_REASON_MAX);
		db_step(q, NULL);
	}
	db_done(q);
	if (r == DB_END)
		return err_set(err, ERR_NOT_FOUND, "suppression_not_found", NULL, "no list has this entry");
	return r == DB_ROW ? tell(db, ev, &a, purpose, str_of(reason), "consent.unsuppressed", now, err) : -1;
}

int suppression_is(struct db *db, const struct address *a, enum purpose p, struct err *err)
{
	struct stmt *q = db_query(
		db, "SELECT 1 FROM suppression WHERE address = $1 AND scheme = $2 AND purpose IN ($3, $4) LIMIT 1");
	int r;

	db_bind_text(q, 1, a->value);
	db_bind_i64(q, 2, a->scheme);
	db_bind_i64(q, 3, SUPPRESSION_ALL);
	db_bind_i64(q, 4, p);
	r = db_step(q, err);
	db_done(q);
	return r == DB_ERROR ? -1 : r == DB_ROW;
}

#define COLUMNS "id, address, scheme, purpose, reason, source, proof, at"

static void show(struct stmt *q, struct json_out *j, const char *key)
{
	enum scheme scheme = (enum scheme)db_col_i64(q, 2);
	struct str proof = db_col_str(q, 6);
	struct uuid id;

	db_col_uuid(q, 0, &id);
	json_obj(j, key);
	json_uuid(j, "id", &id);
	json_str(j, "address", db_col_str(q, 1));
	json_cstr(j, "scheme", scheme_word(scheme));
	json_cstr(j, "channel", channel_word(channel_of_scheme(scheme)));
	json_cstr(j, "purpose", purpose_of((int)db_col_i64(q, 3)));
	json_str(j, "reason", db_col_str(q, 4));
	json_str(j, "source", db_col_str(q, 5));
	if (proof.n)
		json_raw(j, "proof", proof);
	else
		json_null_(j, "proof");
	json_time(j, "at", db_col_i64(q, 7));
	json_end(j);
}

int suppression_json(struct db *db, const struct uuid *id, struct json_out *j, const char *key, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT " COLUMNS " FROM suppression WHERE id = $1");
	int r;

	db_bind_uuid(q, 1, id);
	r = db_step(q, err);
	if (r == DB_ROW)
		show(q, j, key);
	db_done(q);
	if (r == DB_END)
		return err_set(err, ERR_NOT_FOUND, "suppression_not_found", NULL, "no list has this entry");
	return r == DB_ROW ? 0 : -1;
}

int suppressions_json(struct db *db, const struct suppression_query *s, struct json_out *j, struct uuid *last,
		      struct err *err)
{
	/* By address it is a handful of rows of the primary key; the whole list goes by id. */
	struct stmt *q = db_query(
		db, s->address ? "SELECT " COLUMNS " FROM suppression WHERE id < $1 AND ($2 < 0 OR scheme = $2)"
				 " AND ($3 = '' OR reason = $3) AND address = $5"
				 " ORDER BY id DESC LIMIT $4"
			       : "SELECT " COLUMNS " FROM suppression WHERE id < $1 AND ($2 < 0 OR scheme = $2)"
				 " AND ($3 = '' OR reason = $3) ORDER BY id DESC LIMIT $4");
	struct uuid from = s->before;
	int r, n = 0;

	if (uuid_is_nil(&from))
		memset(&from, 0xff, sizeof from);
	db_bind_uuid(q, 1, &from);
	db_bind_i64(q, 2, s->address ? (int)s->address->scheme : s->scheme);
	db_bind_str(q, 3, s->reason.p ? s->reason : STR(""));
	db_bind_i64(q, 4, s->limit);
	if (s->address)
		db_bind_text(q, 5, s->address->value);
	for (; (r = db_step(q, err)) == DB_ROW; n++) {
		db_col_uuid(q, 0, last);
		show(q, j, NULL);
	}
	db_done(q);
	return r == DB_ERROR ? -1 : n;
}
