/* What came of an offer, counted as it happens: one small row for each outcome, variant and channel. */
#include "campaign/uptake.h"
#include "customer/identity.h"

int uptake_count(struct db *db, const struct uuid *offer, struct str variant, enum channel channel, enum uptake_state s,
		 int64_t n, struct err *err)
{
	struct stmt *q = db_query(db, "INSERT INTO offer_figure (offer_id, outcome, variant, channel, n)"
				      " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (offer_id, outcome, variant, channel)"
				      " DO UPDATE SET n = offer_figure.n + excluded.n");

	db_bind_uuid(q, 1, offer);
	db_bind_i64(q, 2, s);
	db_bind_str(q, 3, variant);
	db_bind_i64(q, 4, channel);
	db_bind_i64(q, 5, n);
	return db_run(q, err);
}

enum { GROUPS_MAX = 64 };

struct group {
	char name[OFFER_VARIANT_MAX + 1];
	int64_t n[UPTAKE_COUNT];
};

struct groups {
	struct group v[GROUPS_MAX];
	size_t n;
};

static void add(struct groups *g, struct str name, enum uptake_state s, int64_t n)
{
	size_t k = 0;

	while (k < g->n && !str_is(name, g->v[k].name))
		k++;
	if (k == GROUPS_MAX || name.n > OFFER_VARIANT_MAX)
		return;
	if (k == g->n) {
		g->v[k] = (struct group){0};
		memcpy(g->v[k].name, name.p, name.n);
		g->n++;
	}
	g->v[k].n[s] += n;
}

static void counts_json(struct json_out *j, const int64_t n[UPTAKE_COUNT])
{
	for (int k = 0; k < UPTAKE_COUNT; k++)
		json_int(j, uptake_word((enum uptake_state)k), n[k]);
}

static void groups_json(struct json_out *j, const char *key, const char *name, const struct groups *g)
{
	json_arr(j, key);
	for (size_t k = 0; k < g->n; k++) {
		json_obj(j, NULL);
		json_cstr(j, name, g->v[k].name);
		counts_json(j, g->v[k].n);
		json_end(j);
	}
	json_end(j);
}

int uptake_figures_json(struct db *db, const struct offer *o, struct json_out *j, const char *key, struct err *err)
{
	struct groups variants = {.n = 0}, channels = {.n = 0};
	int64_t all[UPTAKE_COUNT] = {0};
	struct stmt *q = db_query(db, "SELECT outcome, variant, channel, n FROM offer_figure WHERE offer_id = $1");
	int r;

	db_bind_uuid(q, 1, &o->id);
	while ((r = db_step(q, err)) == DB_ROW) {
		int64_t s = db_col_i64(q, 0), n = db_col_i64(q, 3);
		struct str variant = db_col_str(q, 1);
		if (s < 0 || s >= UPTAKE_COUNT)
			continue;
		all[s] += n;
		if (variant.n)
			add(&variants, variant, (enum uptake_state)s, n);
		add(&channels, str_of(channel_word((enum channel)db_col_i64(q, 2))), (enum uptake_state)s, n);
	}
	db_done(q);
	if (r == DB_ERROR)
		return -1;
	json_obj(j, key);
	json_uuid(j, "offer_id", &o->id);
	counts_json(j, all);
	if (o->quantity)
		json_int(j, "remaining", o->taken < o->quantity ? o->quantity - o->taken : 0);
	else
		json_cstr(j, "remaining", NULL);
	groups_json(j, "by_variant", "variant", &variants);
	groups_json(j, "by_channel", "channel", &channels);
	json_end(j);
	return 0;
}

/* ---- of one customer ---- */

static void stand_json(struct json_out *j, struct stmt *q)
{
	struct uuid id;

	json_obj(j, NULL);
	db_col_uuid(q, 0, &id);
	json_uuid(j, "offer_id", &id);
	json_str(j, "name", db_col_str(q, 1));
	json_cstr(j, "state", uptake_word((enum uptake_state)db_col_i64(q, 2)));
	json_str(j, "variant", db_col_str(q, 3));
	json_int(j, "accepted", db_col_i64(q, 4));
	json_cstr(j, "channel", channel_word((enum channel)db_col_i64(q, 5)));
	db_col_uuid(q, 6, &id);
	json_uuid(j, "message_id", &id);
	json_time(j, "presented_at", db_col_i64(q, 7));
	json_time(j, "opened_at", db_col_i64(q, 8));
	json_time(j, "clicked_at", db_col_i64(q, 9));
	json_time(j, "answered_at", db_col_i64(q, 10));
	json_time(j, "valid_until", db_col_i64(q, 11));
	json_end(j);
}

int uptake_customer_json(struct db *db, const struct uuid *customer, struct json_out *j, const char *key,
			 struct err *err)
{
	struct uuid members[MEMBERS_MAX];
	int n = identity_members(db, customer, members, err);

	if (n < 0)
		return -1;
	json_arr(j, key);
	for (int k = 0; k < n; k++) {
		struct stmt *q =
			db_query(db, "SELECT c.offer_id, o.name, c.state, c.variant, c.taken, c.channel, c.message_id,"
				     " c.presented_at, c.opened_at, c.clicked_at, c.answered_at, o.valid_until"
				     " FROM offer_customer c JOIN offer o ON o.id = c.offer_id WHERE c.customer_id = $1"
				     " AND c.bucket = $2 ORDER BY c.updated_at DESC LIMIT 200");
		int r;

		db_bind_uuid(q, 1, &members[k]);
		db_bind_i64(q, 2, bucket_of(&members[k]));
		while ((r = db_step(q, err)) == DB_ROW)
			stand_json(j, q);
		db_done(q);
		if (r == DB_ERROR)
			return -1;
	}
	json_end(j);
	return 0;
}
