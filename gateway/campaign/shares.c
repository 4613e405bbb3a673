/* The figures of a campaign: counters kept with the rows, deliveries and outcomes counted when asked. */
#include "campaign/private.h"
#include "campaign/send.h"

int share_count(struct db *db, const struct uuid *campaign, struct str variant, enum share s, struct str reason,
		int64_t n, struct err *err)
{
	struct stmt *q = db_query(db, "INSERT INTO campaign_figure (campaign_id, variant, state, reason, n)"
				      " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (campaign_id, variant, state, reason)"
				      " DO UPDATE SET n = campaign_figure.n + excluded.n");

	/* However often it was deferred and why: it waits, or not. */
	db_bind_uuid(q, 1, campaign);
	db_bind_str(q, 2, variant);
	db_bind_i64(q, 3, s);
	db_bind_str(q, 4, s == SHARE_DEFERRED ? STR("") : reason);
	db_bind_i64(q, 5, n);
	return db_run(q, err);
}

int share_exists(struct db *db, const struct uuid *campaign, const struct uuid *customer, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT 1 FROM campaign_customer WHERE campaign_id = $1 AND customer_id = $2"
				      " AND bucket = $3");
	int r;

	db_bind_uuid(q, 1, campaign);
	db_bind_uuid(q, 2, customer);
	db_bind_i64(q, 3, bucket_of(customer));
	r = db_step(q, err);
	db_done(q);
	return r == DB_ERROR ? -1 : r == DB_ROW;
}

int shares_total(struct db *db, const struct uuid *campaign, int64_t out[SHARE_COUNT], struct err *err)
{
	struct stmt *q = db_query(db, "SELECT state, n FROM campaign_figure WHERE campaign_id = $1");
	int r;

	memset(out, 0, SHARE_COUNT * sizeof *out);
	db_bind_uuid(q, 1, campaign);
	while ((r = db_step(q, err)) == DB_ROW)
		if (db_col_i64(q, 0) >= 0 && db_col_i64(q, 0) < SHARE_COUNT)
			out[db_col_i64(q, 0)] += db_col_i64(q, 1);
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

int shares_deferred(struct db *db, const struct uuid *campaign, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT 1 FROM campaign_customer WHERE campaign_id = $1 AND state = 1 LIMIT 1");
	int r;

	db_bind_uuid(q, 1, campaign);
	r = db_step(q, err);
	db_done(q);
	return r == DB_ERROR ? -1 : r == DB_ROW;
}

int shares_withdraw(struct db *db, const struct uuid *campaign, struct str reason, int64_t now, struct err *err)
{
	struct stmt *q =
		db_query(db, "INSERT INTO campaign_figure (campaign_id, variant, state, reason, n)"
			     " SELECT $1, f.variant, 5, $2, f.n FROM campaign_figure f WHERE f.campaign_id = $1"
			     " AND f.state = 1 AND f.n > 0 ON CONFLICT (campaign_id, variant, state, reason)"
			     " DO UPDATE SET n = campaign_figure.n + excluded.n");

	db_bind_uuid(q, 1, campaign);
	db_bind_str(q, 2, reason);
	if (db_run(q, err))
		return -1;
	q = db_query(db, "UPDATE campaign_figure SET n = 0 WHERE campaign_id = $1 AND state = 1");
	db_bind_uuid(q, 1, campaign);
	if (db_run(q, err))
		return -1;
	q = db_query(db, "UPDATE campaign_customer SET state = 5, reason = $1, at = $2 WHERE campaign_id = $3"
			 " AND state = 1");
	db_bind_str(q, 1, reason);
	db_bind_i64(q, 2, now);
	db_bind_uuid(q, 3, campaign);
	return db_run(q, err);
}

/* ---- for people ---- */

struct reason {
	enum share share;
	char variant[OFFER_VARIANT_MAX + 1], word[41];
	int64_t n;
};
enum { REASONS_MAX = 256 };

static int read_figures(struct db *db, const struct uuid *id, struct reason *v, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT variant, state, reason, n FROM campaign_figure WHERE campaign_id = $1"
				      " AND n > 0 ORDER BY variant, state, reason LIMIT $2");
	int n = 0, r;

	db_bind_uuid(q, 1, id);
	db_bind_i64(q, 2, REASONS_MAX);
	while ((r = db_step(q, err)) == DB_ROW) {
		struct str variant = db_col_str(q, 0), word = db_col_str(q, 2);
		struct reason *x = &v[n];
		int64_t s = db_col_i64(q, 1);
		if (s < 0 || s >= SHARE_COUNT)
			continue;
		*x = (struct reason){.share = (enum share)s, .n = db_col_i64(q, 3)};
		memcpy(x->variant, variant.p, variant.n <= OFFER_VARIANT_MAX ? variant.n : 0);
		memcpy(x->word, word.p, word.n <= 40 ? word.n : 40);
		n++;
	}
	db_done(q);
	return r == DB_ERROR ? -1 : n;
}

/* variant NULL: all. */
static void counts_json(struct json_out *j, const struct reason *v, int n, const char *variant)
{
	int64_t sum[SHARE_COUNT] = {0};

	for (int k = 0; k < n; k++)
		if (!variant || strcmp(variant, v[k].variant) == 0)
			sum[v[k].share] += v[k].n;
	for (int k = 0; k < SHARE_COUNT; k++)
		json_int(j, share_word((enum share)k), sum[k]);
}

static void reasons_json(struct json_out *j, const struct reason *v, int n)
{
	json_arr(j, "reasons");
	for (int k = 0; k < n; k++) {
		int64_t sum = 0;
		bool first = true;
		for (int i = 0; i < n; i++)
			if (v[i].share == v[k].share && strcmp(v[i].word, v[k].word) == 0) {
				sum += v[i].n;
				first = first && i >= k;
			}
		if (!first || !v[k].word[0])
			continue;
		json_obj(j, NULL);
		json_cstr(j, "became", share_word(v[k].share));
		json_cstr(j, "reason", v[k].word);
		json_int(j, "n", sum);
		json_end(j);
	}
	json_end(j);
}

static int variants_json(struct json_out *j, const struct campaign *c, struct arena *a, const struct reason *v, int n,
			 struct plan *p, struct err *err)
{
	int r = plan_of(c, a, p, err);

	json_arr(j, "by_variant");
	for (int k = 0; r == 0 && k < p->n; k++) {
		char name[OFFER_VARIANT_MAX + 1] = "";
		memcpy(name, p->v[k].name.p, p->v[k].name.n <= OFFER_VARIANT_MAX ? p->v[k].name.n : 0);
		json_obj(j, NULL);
		json_cstr(j, "variant", name);
		counts_json(j, v, n, name);
		json_end(j);
	}
	json_end(j);
	return r;
}

static int deliveries_json(struct db *db, const struct uuid *id, struct json_out *j, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT d.status, COUNT(*) FROM campaign_customer c JOIN delivery d"
				      " ON d.message_id = c.message_id AND d.bucket = c.bucket"
				      " WHERE c.campaign_id = $1 GROUP BY d.status ORDER BY d.status");
	int r;

	json_obj(j, "deliveries");
	db_bind_uuid(q, 1, id);
	while ((r = db_step(q, err)) == DB_ROW)
		json_int(j, status_word((enum status)db_col_i64(q, 0)), db_col_i64(q, 1));
	db_done(q);
	json_end(j);
	return r == DB_ERROR ? -1 : 0;
}

/* What those who were written to made of the offer, by the campaign's variants; the hold-out group is told apart. */
static int outcomes_json(struct db *db, const struct uuid *id, const struct uuid *offer, struct json_out *j,
			 struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT c.variant, c.state, COUNT(*), SUM(CASE WHEN o.opened_at > 0 THEN 1 ELSE 0 END),"
			     " SUM(CASE WHEN o.clicked_at > 0 THEN 1 ELSE 0 END),"
			     " SUM(CASE WHEN o.taken > 0 THEN 1 ELSE 0 END),"
			     " SUM(CASE WHEN o.state = 4 THEN 1 ELSE 0 END) FROM campaign_customer c"
			     " JOIN offer_customer o ON o.customer_id = c.customer_id AND o.offer_id = $2"
			     " AND o.bucket = c.bucket WHERE c.campaign_id = $1 AND c.state IN (0, 2)"
			     " GROUP BY c.variant, c.state ORDER BY c.variant, c.state");
	int r;

	json_arr(j, "outcomes");
	db_bind_uuid(q, 1, id);
	db_bind_uuid(q, 2, offer);
	while ((r = db_step(q, err)) == DB_ROW) {
		json_obj(j, NULL);
		json_str(j, "variant", db_col_str(q, 0));
		json_bool(j, "held_out", db_col_i64(q, 1) == SHARE_HELD_OUT);
		json_int(j, "customers", db_col_i64(q, 2));
		json_int(j, "opened", db_col_i64(q, 3));
		json_int(j, "clicked", db_col_i64(q, 4));
		json_int(j, "accepted", db_col_i64(q, 5));
		json_int(j, "declined", db_col_i64(q, 6));
		json_end(j);
	}
	db_done(q);
	json_end(j);
	return r == DB_ERROR ? -1 : 0;
}

int campaign_figures_json(struct db *db, const struct campaign *c, struct arena *a, struct json_out *j, const char *key,
			  struct err *err)
{
	struct reason *v = arena_array(a, struct reason, REASONS_MAX);
	int n = v ? read_figures(db, &c->id, v, err) : err_nomem(err), r;
	struct plan p;

	if (n < 0)
		return -1;
	json_obj(j, key);
	json_uuid(j, "campaign_id", &c->id);
	json_cstr(j, "state", campaign_state_word(c->state));
	counts_json(j, v, n, NULL);
	reasons_json(j, v, n);
	r = variants_json(j, c, a, v, n, &p, err) || deliveries_json(db, &c->id, j, err) ||
	    (!uuid_is_nil(&p.offer) && outcomes_json(db, &c->id, &p.offer, j, err));
	json_end(j);
	return r ? -1 : 0;
}

int campaign_customers_json(struct db *db, const struct uuid *id, const struct share_query *x, struct json_out *j,
			    struct uuid *last, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT customer_id, variant, state, reason, message_id, due_at, at"
				      " FROM campaign_customer WHERE campaign_id = $1 AND customer_id > $2"
				      " AND ($3 < 0 OR state = $3) ORDER BY customer_id LIMIT $4");
	int n = 0, r;

	db_bind_uuid(q, 1, id);
	db_bind_blob(q, 2, x->after.b, sizeof x->after.b);
	db_bind_i64(q, 3, x->state);
	db_bind_i64(q, 4, x->limit);
	while ((r = db_step(q, err)) == DB_ROW) {
		struct uuid message;
		db_col_uuid(q, 0, last);
		db_col_uuid(q, 4, &message);
		json_obj(j, NULL);
		json_uuid(j, "customer_id", last);
		json_str(j, "variant", db_col_str(q, 1));
		json_cstr(j, "became", share_word((enum share)db_col_i64(q, 2)));
		json_str(j, "reason", db_col_str(q, 3));
		json_uuid(j, "message_id", &message);
		json_time(j, "due_at", db_col_i64(q, 5));
		json_time(j, "at", db_col_i64(q, 6));
		json_end(j);
		n++;
	}
	db_done(q);
	return r == DB_ERROR ? -1 : n;
}
