/* A campaign walked through without sending: who would be left out, and why. */
#include <stdio.h>

#include "base/clock.h"
#include "campaign/private.h"
#include "campaign/send.h"
#include "customer/customer.h"
#include "outbound/template.h"

enum { PAGE = 200, KINDS_MAX = 48, SAMPLE = 5, CUSTOMER_ROOM = 1 << 20 };

struct why {
	enum share share;
	char reason[40];
	int64_t n;
	struct uuid sample[SAMPLE];
};

struct dry {
	struct db *db;
	struct outbound *o;
	const struct campaign *c;
	struct plan p;
	struct offer offer;
	bool has_offer;
	struct calendars *calendars;
	struct arena *page, *customer;
	int64_t now;
	struct why v[KINDS_MAX];
	int n;
	int64_t looked_at;
};

static void note(struct dry *d, enum share share, const char *reason, const struct uuid *customer)
{
	struct why *x;
	int k = 0;

	while (k < d->n && (d->v[k].share != share || strcmp(d->v[k].reason, reason ? reason : "") != 0))
		k++;
	if (k == KINDS_MAX)
		return;
	x = &d->v[k];
	if (k == d->n) {
		*x = (struct why){.share = share};
		snprintf(x->reason, sizeof x->reason, "%s", reason ? reason : "");
		d->n++;
	}
	if (x->n < SAMPLE)
		x->sample[x->n] = *customer;
	x->n++;
}

/* Whether the template has a text for the customer's language on the channel. */
static int has_text(struct dry *d, const struct judged *j, const struct uuid *customer, enum channel channel,
		    struct err *err)
{
	const struct campaign_variant *v = j->variant >= 0 ? &d->p.v[j->variant] : NULL;
	struct str name = v && v->template.n ? v->template : d->p.template;
	int version = v && v->template.n ? 0 : d->p.version;
	struct template_text text;
	struct customer c;

	if ((version == 0 && template_published(d->db, name, &version, err)) ||
	    customer_get(d->db, customer, d->customer, &c, err))
		return -1;
	return template_pick(d->db, name, version, channel, c.locale, d->customer, &text, err);
}

static int ask(struct dry *d, const struct audience_row *r, const struct judged *j, struct err *err)
{
	struct send_request q = {.customer = r->customer,
				 .account = d->p.account,
				 .channels_n = d->p.channels_n,
				 .purpose = PURPOSE_MARKETING};
	struct send_forecast f;
	struct err e = {0};

	memcpy(q.channels, d->p.channels, sizeof q.channels);
	if (outbound_would(d->o, d->db, &q, d->now, &f, &e) ||
	    (f.status == STATUS_QUEUED && has_text(d, j, &r->customer, f.channel, &e))) {
		if (e.kind == ERR_UNAVAILABLE || e.kind == ERR_INTERNAL) {
			*err = e;
			return -1;
		}
		note(d, SHARE_UNREACHABLE, e.code, &r->customer);
		return 0;
	}
	note(d, f.status == STATUS_QUEUED ? SHARE_QUEUED : SHARE_REFUSED, f.reason, &r->customer);
	return 0;
}

static int one(struct dry *d, const struct audience_row *r, struct err *err)
{
	struct judged j;

	arena_reset(d->customer);
	d->looked_at++;
	if (campaign_judge(d->calendars, d->c, &d->p, d->has_offer ? &d->offer : NULL, d->db, r, d->now, &j, err))
		return -1;
	if (j.share == SHARE_QUEUED)
		return ask(d, r, &j, err);
	note(d, j.share, j.reason, &r->customer);
	return 0;
}

/* *end: all were looked at. */
static int walk(struct dry *d, int64_t until, bool *end, struct err *err)
{
	struct uuid at = d->c->position, last;
	struct audience_row v[PAGE + 1];

	for (*end = false; !*end && clock_mono() < until; at = last) {
		int n;
		arena_reset(d->page);
		n = audience_next(d->db, d->c, &d->p, &at, PAGE, d->now, d->page, v, &last, end, err);
		if (n < 0)
			return -1;
		for (int k = 0; k < n; k++)
			if (one(d, &v[k], err))
				return -1;
	}
	return 0;
}

static void show(const struct dry *d, int64_t size, bool end, struct json_out *j)
{
	int64_t sum[SHARE_COUNT] = {0};

	for (int k = 0; k < d->n; k++)
		sum[d->v[k].share] += d->v[k].n;
	json_obj(j, NULL);
	json_uuid(j, "campaign_id", &d->c->id);
	json_int(j, "audience", size);
	json_int(j, "looked_at", d->looked_at);
	json_bool(j, "complete", end);
	json_cstr(j, "offer_shut", d->has_offer ? offer_shut(&d->offer, d->now) : NULL);
	for (int k = 0; k <= SHARE_UNREACHABLE; k++)
		json_int(j, share_word((enum share)k), sum[k]);
	json_arr(j, "reasons");
	for (int k = 0; k < d->n; k++) {
		const struct why *x = &d->v[k];
		if (x->share == SHARE_QUEUED)
			continue;
		json_obj(j, NULL);
		json_cstr(j, "became", share_word(x->share));
		json_cstr(j, "reason", x->reason);
		json_int(j, "n", x->n);
		json_arr(j, "sample");
		for (int i = 0; i < SAMPLE && i < x->n; i++)
			json_uuid(j, NULL, &x->sample[i]);
		json_end(j);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

int campaign_dry_run_json(struct db *db, struct outbound *o, const struct campaign *c, struct arena *a, int64_t now,
			  int64_t until, struct json_out *j, struct err *err)
{
	struct dry *d = arena_alloc(a, sizeof *d);
	int64_t size;
	bool end;
	int r;

	if (!d)
		return err_nomem(err);
	*d = (struct dry){.db = db, .o = o, .c = c, .now = now, .calendars = calendars_new()};
	d->page = arena_new(CUSTOMER_ROOM);
	d->customer = arena_new(CUSTOMER_ROOM);
	r = !d->calendars || !d->page || !d->customer ? err_nomem(err) : plan_of(c, a, &d->p, err);
	d->has_offer = r == 0 && !uuid_is_nil(&d->p.offer);
	if (d->has_offer)
		r = offer_get(db, &d->p.offer, a, &d->offer, err);
	size = r == 0 ? audience_size(db, c, &d->p, now, err) : -1;
	if (size < 0 || walk(d, until, &end, err))
		r = -1;
	else
		show(d, size, end, j);
	calendars_free(&d->calendars);
	arena_free(&d->page);
	arena_free(&d->customer);
	return r;
}
