#include "customer/consent.h"

#include <stdio.h>

int consent_get(struct db *db, const struct address *a, enum purpose p, struct consent *out, struct err *err)
{
	struct stmt *q = db_query(
		db, "SELECT state, source, at FROM consent WHERE address = $1 AND scheme = $2 AND purpose = $3");
	int r;

	db_bind_text(q, 1, a->value);
	db_bind_i64(q, 2, a->scheme);
	db_bind_i64(q, 3, p);
	r = db_step(q, err);
	*out = (struct consent){.purpose = p};
	if (r == DB_ROW) {
		struct str source = db_col_str(q, 1);
		out->state = (enum consent_state)db_col_i64(q, 0);
		snprintf(out->source, sizeof out->source, "%.*s", (int)source.n, source.p);
		out->at = db_col_i64(q, 2);
	}
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

static void bind(struct stmt *q, const struct address *a, enum purpose p, enum consent_state state, const char *source,
		 struct str proof, int64_t now)
{
	db_bind_text(q, 1, a->value);
	db_bind_i64(q, 2, a->scheme);
	db_bind_i64(q, 3, p);
	db_bind_i64(q, 4, state);
	db_bind_text(q, 5, source);
	db_bind_str(q, 6, proof);
	db_bind_i64(q, 7, now);
}

static int consent_event(struct db *db, struct events *ev, const struct address *a, const struct uuid *customer,
			 enum purpose p, enum consent_state state, const char *source, int64_t now, struct err *err)
{
	struct event e = {
		.at = now, .type = "consent.changed", .customer = *customer, .channel = channel_of_scheme(a->scheme)};
	struct json_out j;
	struct buf b;
	int r;

	buf_init(&b, 1024);
	json_begin(&j, &b);
	json_obj(&j, NULL);
	json_cstr(&j, "purpose", purpose_word(p));
	json_cstr(&j, "state", consent_word(state));
	json_cstr(&j, "source", source);
	json_end(&j);
	e.data = buf_str(&b);
	r = b.failed ? err_nomem(err) : event_append(ev, db, &e, err);
	buf_free(&b);
	return r;
}

/* Beside the address, for segments: two bits for each purpose, as in the schema. */
static int mark_contacts(struct db *db, const struct address *a, enum purpose p, enum consent_state state,
			 struct err *err)
{
	struct stmt *q = db_query(
		db, "UPDATE contact_point SET consents = (consents & $1) | $2 WHERE address = $3 AND scheme = $4");

	db_bind_i64(q, 1, ~(INT64_C(3) << 2 * p) & 0xff);
	db_bind_i64(q, 2, (int64_t)state << 2 * p);
	db_bind_text(q, 3, a->value);
	db_bind_i64(q, 4, a->scheme);
	return db_run(q, err);
}

int consent_set(struct db *db, struct events *ev, const struct address *a, const struct uuid *customer, enum purpose p,
		enum consent_state state, const char *source, struct str proof, int64_t now, bool *changed,
		struct err *err)
{
	struct consent present;
	struct stmt *q;
	struct uuid id;

	if (consent_get(db, a, p, &present, err))
		return -1;
	*changed = present.state != state;
	if (!*changed)
		return 0;
	q = db_query(db, "INSERT INTO consent (address, scheme, purpose, state, source, proof, at) VALUES ($1, $2, $3, "
			 "$4, $5, $6, $7)"
			 " ON CONFLICT (address, scheme, purpose) DO UPDATE SET state = excluded.state, source = "
			 "excluded.source,"
			 " proof = excluded.proof, at = excluded.at");
	bind(q, a, p, state, source, proof, now);
	if (db_run(q, err) || mark_contacts(db, a, p, state, err))
		return -1;
	id = uuid7(now);
	q = db_query(db, "INSERT INTO consent_change (address, scheme, purpose, state, source, proof, at, id)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
	bind(q, a, p, state, source, proof, now);
	db_bind_uuid(q, 8, &id);
	return db_run(q, err) ? -1 : consent_event(db, ev, a, customer, p, state, source, now, err);
}

int consent_json(struct db *db, const struct address *a, struct json_out *j, const char *key, struct err *err)
{
	struct stmt *q = db_query(
		db, "SELECT purpose, state, source, proof, at FROM consent_change WHERE address = $1 AND scheme = $2"
		    " ORDER BY at DESC, id DESC LIMIT 100");
	struct consent c;
	int r;

	json_obj(j, key);
	json_cstr(j, "scheme", scheme_word(a->scheme));
	json_cstr(j, "address", a->value);
	json_cstr(j, "channel", channel_word(channel_of_scheme(a->scheme)));
	json_obj(j, "purposes");
	for (int p = PURPOSE_SERVICE; p <= PURPOSE_TRACKING; p++) {
		if (consent_get(db, a, (enum purpose)p, &c, err))
			return -1;
		json_obj(j, purpose_word((enum purpose)p));
		json_cstr(j, "state", consent_word(c.state));
		json_cstr(j, "source", c.source[0] ? c.source : NULL);
		json_time(j, "at", c.at);
		json_end(j);
	}
	json_end(j);
	json_arr(j, "history");
	db_bind_text(q, 1, a->value);
	db_bind_i64(q, 2, a->scheme);
	while ((r = db_step(q, err)) == DB_ROW) {
		json_obj(j, NULL);
		json_cstr(j, "purpose", purpose_word((enum purpose)db_col_i64(q, 0)));
		json_cstr(j, "state", consent_word((enum consent_state)db_col_i64(q, 1)));
		json_str(j, "source", db_col_str(q, 2));
		json_raw(j, "proof", db_col_str(q, 3));
		json_time(j, "at", db_col_i64(q, 4));
		json_end(j);
	}
	db_done(q);
	json_end(j);
	json_end(j);
	return r == DB_ERROR ? -1 : 0;
}
