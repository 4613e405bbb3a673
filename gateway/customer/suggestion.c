/* Suggestions: two customers seem to be one, and a person decides. */
#include <stdio.h>
#include <stdlib.h>

#include "customer/private.h"

enum { STATE_OPEN, STATE_ACCEPTED, STATE_REJECTED, LIST_MAX = 200 };

int suggest(struct db *db, struct events *ev, const struct uuid *a, const struct uuid *b, const char *reason,
	    int64_t now, struct err *err)
{
	/* One row for a pair, whichever side is named first; a pair that was decided is not asked about again. */
	const struct uuid *low = memcmp(a, b, sizeof *a) < 0 ? a : b, *high = low == a ? b : a;
	struct stmt *q = db_query(
		db, "INSERT INTO merge_suggestion (id, customer_a, customer_b, reason, at) VALUES ($1, $2, $3, $4, $5)"
		    " ON CONFLICT (customer_a, customer_b) DO NOTHING");
	struct uuid id = uuid7(now);
	char x[UUID_TEXT], y[UUID_TEXT];
	struct buf json;
	int r;

	db_bind_uuid(q, 1, &id);
	db_bind_uuid(q, 2, low);
	db_bind_uuid(q, 3, high);
	db_bind_text(q, 4, reason);
	db_bind_i64(q, 5, now);
	if (db_run(q, err))
		return -1;
	if (db_changes(db) == 0)
		return 0;
	buf_init(&json, 256);
	buf_addf(&json, "{\"customer_a\":\"%s\",\"customer_b\":\"%s\"}", uuid_format(low, x), uuid_format(high, y));
	if (json.failed) {
		buf_free(&json);
		return err_nomem(err);
	}
	r = customer_event(db, ev, "identity.duplicated", a, buf_str(&json), now, err);
	buf_free(&json);
	return r;
}

int suggestion_was_rejected(struct db *db, const struct uuid *a, const struct uuid *b, bool *out, struct err *err)
{
	const struct uuid *low = memcmp(a, b, sizeof *a) < 0 ? a : b, *high = low == a ? b : a;
	struct stmt *q =
		db_query(db, "SELECT 1 FROM merge_suggestion WHERE customer_a = $1 AND customer_b = $2 AND state = $3");
	int r;

	db_bind_uuid(q, 1, low);
	db_bind_uuid(q, 2, high);
	db_bind_i64(q, 3, STATE_REJECTED);
	r = db_step(q, err);
	*out = r == DB_ROW;
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

/* Between suggestion and decision either may have been merged, perhaps the two with each other. */
static int accepted(struct db *db, struct events *ev, const struct uuid *a, const struct uuid *b, const char *author,
		    int64_t now, struct err *err)
{
	struct uuid ours, theirs;

	if (identity_survivor(db, a, &ours, err) || identity_survivor(db, b, &theirs, err))
		return -1;
	return uuid_eq(&ours, &theirs) ? 0
				       : merge_by_rank(db, ev, &ours, &theirs, "suggestion accepted", author, now, err);
}

int suggestion_decide(struct db *db, struct events *ev, const struct uuid *id, bool accept, const char *author,
		      int64_t now, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT customer_a, customer_b, state FROM merge_suggestion WHERE id = $1");
	struct uuid a, b;
	int64_t state = 0;
	int r;

	db_bind_uuid(q, 1, id);
	r = db_step(q, err);
	if (r == DB_ROW) {
		db_col_uuid(q, 0, &a);
		db_col_uuid(q, 1, &b);
		state = db_col_i64(q, 2);
	}
	db_done(q);
	if (r == DB_ERROR)
		return -1;
	if (r == DB_END)
		return err_set(err, ERR_NOT_FOUND, "suggestion_not_found", NULL, "there is no such suggestion");
	if (state != STATE_OPEN)
		return err_set(err, ERR_CONFLICT, "already_decided", NULL, "this suggestion has been decided before");
	if (accept && accepted(db, ev, &a, &b, author, now, err))
		return -1;
	q = db_query(db, "UPDATE merge_suggestion SET state = $1, decided_at = $2, decided_by = $3 WHERE id = $4");
	db_bind_i64(q, 1, accept ? STATE_ACCEPTED : STATE_REJECTED);
	db_bind_i64(q, 2, now);
	db_bind_text(q, 3, author);
	db_bind_uuid(q, 4, id);
	return db_run(q, err);
}

struct suggestion {
	struct uuid id, a, b;
	char reason[120];
	int64_t at;
};

static int open_ones(struct db *db, int limit, struct suggestion *out, int *n, struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT id, customer_a, customer_b, reason, at FROM merge_suggestion WHERE state = 0"
			     " ORDER BY id DESC LIMIT $1");
	int r;

	db_bind_i64(q, 1, limit);
	for (*n = 0; (r = db_step(q, err)) == DB_ROW && *n < limit; ++*n) {
		struct suggestion *s = &out[*n];
		struct str reason = db_col_str(q, 3);
		db_col_uuid(q, 0, &s->id);
		db_col_uuid(q, 1, &s->a);
		db_col_uuid(q, 2, &s->b);
		snprintf(s->reason, sizeof s->reason, "%.*s", (int)reason.n, reason.p);
		s->at = db_col_i64(q, 4);
	}
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

int suggestions_json(struct db *db, int limit, struct json_out *j, const char *key, struct err *err)
{
	struct suggestion *v = calloc(LIST_MAX, sizeof *v);
	int n = 0, r = v ? open_ones(db, limit < LIST_MAX ? limit : LIST_MAX, v, &n, err) : err_nomem(err);

	json_arr(j, key);
	for (int i = 0; i < n && r == 0; i++) {
		struct uuid a, b;
		r = identity_survivor(db, &v[i].a, &a, err) || identity_survivor(db, &v[i].b, &b, err) ? -1 : 0;
		if (r || uuid_eq(&a, &b)) /* one customer by now: nothing left to decide */
			continue;
		json_obj(j, NULL);
		json_uuid(j, "id", &v[i].id);
		json_uuid(j, "customer_a", &a);
		json_uuid(j, "customer_b", &b);
		json_cstr(j, "reason", v[i].reason);
		json_time(j, "at", v[i].at);
		json_end(j);
	}
	json_end(j);
	free(v);
	return r;
}
