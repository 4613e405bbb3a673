/*
 * Claims and suggestions: two customers seem to be one. Merged by itself is only what is proven on both sides; everything
 * else a person decides.
 */
#include "customer/identity.h"
#include "customer/private.h"

enum { STATE_OPEN, STATE_ACCEPTED, STATE_REJECTED, CONTACTS_AUTO = 8 };

int suggest(struct db *db, struct events *ev, const struct uuid *a, const struct uuid *b, const char *reason, int64_t now,
	    struct err *err)
{
	/* One row for a pair, whichever side is named first; a pair that was decided is not asked about again. */
	const struct uuid *low = memcmp(a, b, sizeof *a) < 0 ? a : b, *high = low == a ? b : a;
	struct stmt *q = db_query(db, "INSERT INTO merge_suggestion (id, customer_a, customer_b, reason, at) VALUES ($1, $2, $3, $4, $5)"
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

struct side {
	struct uuid survivor;
	struct customer customer;
	int contacts; /* current contact points of the claimed scheme */
	bool known;   /* has an external id or something verified */
};

static int look(struct db *db, struct arena *a, const struct uuid *id, enum scheme scheme, int64_t now, struct side *out,
		struct err *err)
{
	struct contact list[32];
	struct uuid members[MEMBERS_MAX];
	int n = identity_members(db, id, members, err), k;

	if (n < 0 || customer_get(db, &members[0], a, &out->customer, err))
		return -1;
	out->survivor = members[0];
	out->known = out->customer.external_id.n > 0;
	k = contact_list(db, members, (size_t)n, now, list, 32, err);
	for (int i = 0; i < k; i++) {
		out->contacts += list[i].address.scheme == scheme;
		out->known = out->known || list[i].verified_by[0];
	}
	return k < 0 ? -1 : 0;
}

static bool older(const struct side *a, const struct side *b)
{
	if (a->known != b->known)
		return a->known;
	if ((a->customer.stage == STAGE_PROSPECT) != (b->customer.stage == STAGE_PROSPECT))
		return a->customer.stage != STAGE_PROSPECT;
	return memcmp(&a->survivor, &b->survivor, sizeof a->survivor) < 0;
}

static int merge_sides(struct db *db, struct events *ev, const struct side *a, const struct side *b, const char *how, int64_t now,
		       struct err *err)
{
	const struct side *keep = older(a, b) ? a : b, *join = keep == a ? b : a;
	struct uuid record;

	return identity_merge(db, ev, &keep->survivor, &join->survivor, how, "system", now, &record, err);
}

/* The address is another customer's. */
static int contested(struct db *db, struct events *ev, struct arena *arena, const struct uuid *customer, const struct contact *theirs,
		     const char *verified_by, int64_t now, bool *out_merged, struct err *err)
{
	struct side us = {0}, them = {0};
	enum scheme scheme = theirs->address.scheme;

	if (look(db, arena, customer, scheme, now, &us, err) || look(db, arena, &theirs->customer, scheme, now, &them, err))
		return -1;
	/* A browser proven to be somebody's: what it did while nobody was signed in joins; a second person on the same
	 * browser takes it over from now on, and the first keeps what was before. */
	if (scheme == SCHEME_VISITOR && verified_by) {
		*out_merged = !them.known;
		if (them.known)
			return contact_add(db, ev, customer, &theirs->address, verified_by, NULL, now, true, now, NULL, err);
		if (contact_verify(db, ev, &theirs->id, verified_by, now, err))
			return -1;
		return merge_sides(db, ev, &us, &them, "visitor proven by the site", now, err);
	}
	if (verified_by && theirs->verified_by[0] && us.contacts + them.contacts <= CONTACTS_AUTO) {
		*out_merged = true;
		return merge_sides(db, ev, &us, &them, "address verified on both sides", now, err);
	}
	return suggest(db, ev, &us.survivor, &them.survivor, "the same address is claimed by both", now, err);
}

int identity_claim(struct db *db, struct events *ev, const struct uuid *customer, const struct address *a, const char *verified_by,
		   int64_t now, bool *out_merged, struct err *err)
{
	struct uuid ours, theirs;
	struct contact present;
	struct arena *arena;
	bool never;
	int r;

	*out_merged = false;
	if (never_merge_has(db, a, &never, err))
		return -1;
	if (never)
		return 0;
	r = contact_find(db, a, 0, &present, err);
	if (r < 0)
		return -1;
	if (r == 1)
		return contact_add(db, ev, customer, a, verified_by, NULL, 0, false, now, NULL, err);
	if (identity_survivor(db, customer, &ours, err) || identity_survivor(db, &present.customer, &theirs, err))
		return -1;
	if (uuid_eq(&ours, &theirs))
		return verified_by && !present.verified_by[0] ? contact_verify(db, ev, &present.id, verified_by, now, err) : 0;
	arena = arena_new(1 << 20);
	if (!arena)
		return err_nomem(err);
	r = contested(db, ev, arena, customer, &present, verified_by, now, out_merged, err);
	arena_free(&arena);
	return r;
}

int suggestion_decide(struct db *db, struct events *ev, const struct uuid *id, bool accept, const char *author, int64_t now,
		      struct err *err)
{
	struct stmt *q = db_query(db, "SELECT customer_a, customer_b, state FROM merge_suggestion WHERE id = $1");
	struct uuid a, b, record;
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
	if (accept && identity_merge(db, ev, &a, &b, "suggestion accepted", author, now, &record, err))
		return -1;
	q = db_query(db, "UPDATE merge_suggestion SET state = $1, decided_at = $2, decided_by = $3 WHERE id = $4");
	db_bind_i64(q, 1, accept ? STATE_ACCEPTED : STATE_REJECTED);
	db_bind_i64(q, 2, now);
	db_bind_text(q, 3, author);
	db_bind_uuid(q, 4, id);
	return db_run(q, err);
}

int suggestions_json(struct db *db, int limit, struct json_out *j, const char *key, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT id, customer_a, customer_b, reason, at FROM merge_suggestion WHERE state = 0"
				      " ORDER BY id DESC LIMIT $1");
	struct uuid u;
	int r;

	json_arr(j, key);
	db_bind_i64(q, 1, limit);
	while ((r = db_step(q, err)) == DB_ROW) {
		json_obj(j, NULL);
		db_col_uuid(q, 0, &u);
		json_uuid(j, "id", &u);
		db_col_uuid(q, 1, &u);
		json_uuid(j, "customer_a", &u);
		db_col_uuid(q, 2, &u);
		json_uuid(j, "customer_b", &u);
		json_str(j, "reason", db_col_str(q, 3));
		json_time(j, "at", db_col_i64(q, 4));
		json_end(j);
	}
	db_done(q);
	json_end(j);
	return r == DB_ERROR ? -1 : 0;
}
