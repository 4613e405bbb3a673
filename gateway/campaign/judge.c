/* Who gets a campaign's message now, later or never, as far as the campaign itself and its offer say; policy comes after. */
#include "campaign/draw.h"
#include "campaign/eligible.h"
#include "campaign/private.h"
#include "campaign/send.h"

enum { LOT_HOLDOUT = 2, LOT_VARIANT = 3 };

static int variant_of(const struct campaign *c, const struct plan *p, const struct uuid *customer)
{
	int weights[CAMPAIGN_VARIANTS];

	if (p->n == 0)
		return -1;
	for (int k = 0; k < p->n; k++)
		weights[k] = p->v[k].weight;
	return draw_weighted(draw(&c->id, customer, LOT_VARIANT), weights, p->n);
}

/* How often the customer, as all who he is, has accepted the offer. */
static int64_t taken(struct db *db, const struct offer *o, const struct uuid *customer, struct err *err)
{
	struct uuid members[MEMBERS_MAX];
	int n = identity_members(db, customer, members, err);
	int64_t sum = 0;

	if (n < 0)
		return -1;
	for (int k = 0; k < n; k++) {
		struct stmt *q = db_query(db, "SELECT taken FROM offer_customer WHERE customer_id = $1 AND"
					      " offer_id = $2 AND bucket = $3");
		int r;
		db_bind_uuid(q, 1, &members[k]);
		db_bind_uuid(q, 2, &o->id);
		db_bind_i64(q, 3, bucket_of(&members[k]));
		r = db_step(q, err);
		if (r == DB_ROW)
			sum += db_col_i64(q, 0);
		db_done(q);
		if (r == DB_ERROR)
			return -1;
	}
	return sum;
}

/* 1: who is this customer now has got it as another, before the two were merged. */
static int reached_before(struct db *db, const struct campaign *c, const struct uuid *customer, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT 1 FROM customer WHERE merged_into = $1 LIMIT 1");
	struct uuid members[MEMBERS_MAX];
	int r, n;

	db_bind_uuid(q, 1, customer);
	r = db_step(q, err);
	db_done(q);
	if (r != DB_ROW)
		return r == DB_ERROR ? -1 : 0;
	n = identity_members(db, customer, members, err);
	for (int k = 1; k < n; k++) {
		r = share_exists(db, &c->id, &members[k], err);
		if (r)
			return r;
	}
	return n < 0 ? -1 : 0;
}

static int ask_offer(struct db *db, const struct offer *o, const struct uuid *customer, int64_t now, struct judged *out,
		     struct err *err)
{
	int64_t n = taken(db, o, customer, err);
	bool may = true;

	if (n < 0 || eligible(db, o->segment, customer, now, &may, err))
		return -1;
	if (n >= o->per_customer || !may) {
		out->share = SHARE_REFUSED;
		out->reason = may ? "already_accepted" : "not_eligible";
	}
	return 0;
}

/* Whether the customer has a time zone, and one that exists. */
static bool zone_good(struct calendars *z, struct str zone)
{
	struct local_time l;
	return calendar_local(z, zone, 0, &l);
}

int campaign_judge(struct calendars *z, const struct campaign *c, const struct plan *p, const struct offer *o,
		   struct db *db, const struct audience_row *r, int64_t now, struct judged *out, struct err *err)
{
	struct str zone = p->has_hours && zone_good(z, r->time_zone) ? r->time_zone : p->time_zone;

	int before = r->variant == -2 ? reached_before(db, c, &r->customer, err) : 0;

	*out = (struct judged){.share = SHARE_QUEUED, .variant = r->variant};
	if (before < 0)
		return -1;
	if (r->variant == -2)
		out->variant = variant_of(c, p, &r->customer);
	if (before) {
		out->share = SHARE_REFUSED;
		out->reason = "already_reached";
		return 0;
	}
	if (p->holdout && draw(&c->id, &r->customer, LOT_HOLDOUT) < p->holdout * (DRAW_RANGE / 10000)) {
		out->share = SHARE_HELD_OUT;
		return 0;
	}
	if (o && ask_offer(db, o, &r->customer, now, out, err))
		return -1;
	if (out->share != SHARE_QUEUED || !p->has_hours)
		return 0;
	out->due = hours_next(z, &p->hours, zone, now);
	if (out->due > now) {
		out->share = SHARE_DEFERRED;
		out->reason = "outside_hours";
		return 0;
	}
	out->due = 0;
	out->closes = hours_end(z, &p->hours, zone, now);
	return 0;
}
