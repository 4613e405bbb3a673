#include "customer/confirmation.h"

#include <stdio.h>

enum { AT_ONCE = 8 };

#define COLUMNS "id, message_id, address, scheme, purpose, text, at, expires_at, confirmed_at"

int confirmation_ask(struct db *db, const struct confirmation *c, struct err *err)
{
	struct stmt *q = db_query(db, "INSERT INTO consent_request (id, message_id, address, scheme, purpose, text, at,"
				      " expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");

	db_bind_uuid(q, 1, &c->id);
	db_bind_uuid(q, 2, &c->message);
	db_bind_text(q, 3, c->address.value);
	db_bind_i64(q, 4, c->address.scheme);
	db_bind_i64(q, 5, c->purpose);
	db_bind_str(q, 6, c->text);
	db_bind_i64(q, 7, c->at);
	db_bind_i64(q, 8, c->expires_at);
	return db_run(q, err);
}

static int read_row(struct stmt *q, struct arena *arena, struct confirmation *out, struct err *err)
{
	struct str address = db_col_str(q, 2);

	*out = (struct confirmation){.purpose = (enum purpose)db_col_i64(q, 4),
				     .text = arena_str(arena, db_col_str(q, 5)),
				     .at = db_col_i64(q, 6),
				     .expires_at = db_col_i64(q, 7),
				     .confirmed_at = db_col_i64(q, 8)};
	db_col_uuid(q, 0, &out->id);
	db_col_uuid(q, 1, &out->message);
	out->address.scheme = (enum scheme)db_col_i64(q, 3);
	snprintf(out->address.value, sizeof out->address.value, "%.*s", (int)address.n, address.p);
	return out->text.p ? 0 : err_nomem(err);
}

int confirmation_get(struct db *db, const struct uuid *id, struct arena *arena, struct confirmation *out,
		     struct err *err)
{
	struct stmt *q = db_query(db, "SELECT " COLUMNS " FROM consent_request WHERE id = $1");
	int r, k = -1;

	db_bind_uuid(q, 1, id);
	r = db_step(q, err);
	if (r == DB_ROW)
		k = read_row(q, arena, out, err);
	db_done(q);
	if (r == DB_END)
		return err_set(err, ERR_NOT_FOUND, "confirmation_not_found", NULL, "nothing was asked by that name");
	return k;
}

static void write_proof(struct buf *b, const struct confirmation *c, const char *by, const char *member)
{
	struct json_out j;

	json_begin(&j, b);
	json_obj(&j, NULL);
	json_cstr(&j, "by", by);
	json_uuid(&j, "message", &c->message);
	json_str(&j, "text", c->text);
	json_time(&j, "asked_at", c->at);
	json_end(&j);
	if (!b->failed && member[0]) {
		b->n--; /* the brace */
		buf_addf(b, ",%s}", member);
	}
}

static int mark(struct db *db, const struct uuid *id, int64_t now, struct err *err)
{
	struct stmt *q = db_query(db, "UPDATE consent_request SET confirmed_at = $1 WHERE id = $2");

	db_bind_i64(q, 1, now);
	db_bind_uuid(q, 2, id);
	return db_run(q, err);
}

int confirmation_give(struct db *db, struct events *ev, const struct confirmation *c, const struct uuid *customer,
		      const char *by, const char *member, int64_t now, struct err *err)
{
	struct consent is;
	struct buf proof;
	bool changed;
	int r;

	if (consent_get(db, &c->address, c->purpose, &is, err))
		return -1;
	if (c->confirmed_at)
		return is.state == CONSENT_IN;
	if (c->expires_at <= now || is.state != CONSENT_PENDING)
		return 0;
	buf_init(&proof, 256 << 10);
	write_proof(&proof, c, by, member);
	r = proof.failed ? err_nomem(err)
			 : consent_set(db, ev, &c->address, customer, c->purpose, CONSENT_IN, "double_opt_in",
				       buf_str(&proof), now, &changed, err);
	buf_free(&proof);
	return r || mark(db, &c->id, now, err) ? -1 : 1;
}

int confirmation_reply(struct db *db, struct events *ev, const struct address *a, const struct uuid *customer,
		       const struct uuid *interaction, struct arena *arena, int64_t now, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT " COLUMNS " FROM consent_request WHERE address = $1 AND scheme = $2"
				      " AND confirmed_at IS NULL AND expires_at > $3 ORDER BY id DESC LIMIT $4");
	char member[UUID_TEXT + 24], id[UUID_TEXT];
	struct confirmation v[AT_ONCE];
	int r, n = 0, given = 0;

	db_bind_text(q, 1, a->value);
	db_bind_i64(q, 2, a->scheme);
	db_bind_i64(q, 3, now);
	db_bind_i64(q, 4, AT_ONCE);
	while ((r = db_step(q, err)) == DB_ROW && n < AT_ONCE)
		if (read_row(q, arena, &v[n++], err)) {
			r = DB_ERROR;
			break;
		}
	db_done(q);
	snprintf(member, sizeof member, "\"interaction\":\"%s\"", uuid_format(interaction, id));
	for (int k = 0; k < n && r != DB_ERROR; k++) {
		int g = confirmation_give(db, ev, &v[k], customer, "reply", member, now, err);
		if (g < 0)
			return -1;
		given += g;
	}
	return r == DB_ERROR ? -1 : given;
}
