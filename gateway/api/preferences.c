/*
 * The preference page: by a signed link the customer sees and changes what may be sent, per address and purpose, without
 * JavaScript. A GET changes nothing; one POST is all it takes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "base/asset.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "customer/link.h"
#include "liquid/json_value.h"
#include "liquid/liquid.h"

enum { POINTS = 40, PAGE_MAX = 256 << 10, SHOWN_MAX = 64 };

static const char style[] =
	"body{font:16px/1.5 "
	"system-ui,sans-serif;margin:0;background:#f5f7f9;color:#14171a}main{max-width:44rem;margin:2rem "
	"auto;padding:1.5rem;background:#fff;border-radius:12px}table{border-collapse:collapse;width:100%}th,td{"
	"padding:.5"
	"rem;border-bottom:1px solid "
	"#dfe3e8;text-align:left}td{text-align:center}input{width:1.3rem;height:1.3rem}button{"
	"font:inherit;margin:1rem .5rem 0 0;padding:.6rem "
	"1.2rem;border:0;border-radius:8px;background:#0b5fff;color:#fff}"
	".quiet{background:#dfe3e8;color:#14171a}.saved{background:#e1f5e8;padding:.6rem;border-radius:8px}.vh{"
	"position:ab"
	"solute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}";

static const enum purpose purposes[] = {PURPOSE_SERVICE, PURPOSE_MARKETING, PURPOSE_SURVEY, PURPOSE_TRACKING};

struct page {
	struct uuid customer, members[MEMBERS_MAX];
	int n, points_n;
	struct contact *points; /* POINTS of them */
	struct customer who;
	bool saved;
};

static int link_of(struct request *r, struct uuid *customer, struct err *err)
{
	switch (link_read(app_of(r)->secret, LINK_PREFERENCES, r->param[0], now_of(r), customer)) {
	case LINK_GOOD: return 0;
	case LINK_OVER:
		return err_set(err, ERR_NOT_FOUND, "link_over", NULL, "this link is too old; ask for a new one");
	case LINK_FORGED: break;
	}
	return err_set(err, ERR_NOT_FOUND, "link_unknown", NULL, "this is no link of ours");
}

static int load(struct request *r, struct db *db, struct page *p, struct err *err)
{
	p->points = arena_array(r->arena, struct contact, POINTS);
	if (!p->points)
		return err_nomem(err);
	p->n = identity_members(db, &p->customer, p->members, err);
	if (p->n < 0 || customer_get(db, &p->members[0], r->arena, &p->who, err))
		return -1;
	p->points_n = contact_list(db, p->members, (size_t)p->n, now_of(r), p->points, POINTS, err);
	return p->points_n < 0 ? -1 : 0;
}

/* ---- showing ---- */

static json_t *boxes(struct request *r, struct db *db, const struct address *a, struct err *err)
{
	json_t *list = json_array();

	for (size_t k = 0; k < sizeof purposes / sizeof *purposes; k++) {
		struct consent c;
		json_t *box;
		if (consent_get(db, a, purposes[k], &c, err)) {
			json_decref(list);
			return NULL;
		}
		box = json_pack("{s:s, s:b, s:b}", "purpose", purpose_word(purposes[k]), "on",
				outbound_consents(app_of(r)->outbound, purposes[k], c.state), "pending",
				c.state == CONSENT_PENDING);
		json_array_append_new(list, box);
	}
	return list;
}

static json_t *data_of(struct request *r, struct db *db, const struct page *p, struct err *err)
{
	json_t *points = json_array();

	for (int k = 0; k < p->points_n; k++) {
		const struct contact *c = &p->points[k];
		char id[UUID_TEXT];
		json_t *b;
		/* Only where messages go out to. */
		if (c->address.scheme != SCHEME_TEL && c->address.scheme != SCHEME_MAIL)
			continue;
		b = boxes(r, db, &c->address, err);
		if (!b) {
			json_decref(points);
			return NULL;
		}
		json_array_append_new(points, json_pack("{s:s, s:s, s:s, s:o}", "id", uuid_format(&c->id, id),
							"channel", c->address.scheme == SCHEME_TEL ? "☎" : "✉",
							"address", c->address.value, "boxes", b));
	}
	return json_pack("{s:o, s:b, s:s%}", "points", points, "saved", p->saved, "name", p->who.name.p, p->who.name.n);
}

static struct str source_of(const char *page, struct str locale)
{
	char name[60];
	struct str found;

	snprintf(name, sizeof name, "templates/pages/%s.%.*s.liquid", page, locale.n >= 2 ? 2 : 0, locale.p);
	found = asset_find(str_of(name));
	snprintf(name, sizeof name, "templates/pages/%s.en.liquid", page);
	return found.p ? found : asset_find(str_of(name));
}

static int render(struct request *r, const char *page, const json_t *data, struct str locale, struct err *err)
{
	struct liquid_input in = {.data = liquid_json(data), .now = now_of(r) / US_SEC, .escape = LIQUID_HTML};
	struct liquid_render *engine = liquid_render_new();
	struct liquid_template *t = NULL;
	struct liquid_error e = {0};
	int rc;

	buf_reset(&r->out);
	rc = engine ? liquid_parse(NULL, source_of(page, locale), &t, &e) || liquid_render(engine, t, &in, &r->out, &e)
		    : -1;
	liquid_template_free(&t);
	liquid_render_free(&engine);
	return rc ? err_set(err, ERR_INTERNAL, "page_failed", NULL, "%s", e.msg) : 0;
}

static void headers(struct request *r)
{
	uint8_t hash[SHA256_LEN];
	char policy[300], b64[48];

	crypto_sha256(str_of(style), hash);
	b64[crypto_b64(b64, hash, sizeof hash)] = 0;
	snprintf(policy, sizeof policy,
		 "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'self'; frame-ancestors "
		 "'none'",
		 b64);
	request_header(r, "Content-Security-Policy", policy);
	request_header(r, "Referrer-Policy", "no-referrer");
	request_header(r, "Cache-Control", "no-store");
	request_header(r, "X-Content-Type-Options", "nosniff");
}

int answer_page(struct request *r, const char *page, json_t *data, struct str locale, struct err *err)
{
	int rc;

	if (!data || json_object_set_new(data, "style", json_string(style))) {
		json_decref(data);
		return err_nomem(err);
	}
	rc = render(r, page, data, locale, err);
	json_decref(data);
	if (rc)
		return -1;
	r->status = 200;
	r->content_type = "text/html; charset=utf-8";
	headers(r);
	return 0;
}

static int show(struct request *r, struct db *db, struct page *p, struct err *err)
{
	json_t *data = load(r, db, p, err) ? NULL : data_of(r, db, p, err);

	if (!data)
		return err->kind ? -1 : err_nomem(err);
	return answer_page(r, "preferences", data, p->who.locale, err);
}

int preferences_page(struct request *r, struct err *err)
{
	struct page *p = state_new(r, sizeof *p, err);
	struct db *db = request_db(r, err);

	if (!p || !db || link_of(r, &p->customer, err))
		return -1;
	return show(r, db, p, err);
}

/* ---- changing ---- */

struct form {
	struct page page;
	bool none;		      /* no offers and surveys at all */
	struct uuid shown[SHOWN_MAX]; /* contact points that were on the page */
	uint8_t on[SHOWN_MAX];	      /* bit of each purpose that is ticked */
	size_t shown_n;
};

static struct form *form_at(struct form *f, struct str id, size_t *k)
{
	struct uuid u;

	if (!uuid_parse(id, &u))
		return NULL;
	for (*k = 0; *k < f->shown_n; ++*k)
		if (uuid_eq(&f->shown[*k], &u))
			return f;
	return NULL;
}

/* One name=value of a form; values that matter here hold nothing that would be escaped. */
static void field(struct form *f, struct str name, struct str value)
{
	enum purpose purpose;
	const char *dot;
	size_t k;

	if (str_is(name, "what"))
		f->none = str_is(value, "none");
	else if (str_is(name, "shown") && f->shown_n < SHOWN_MAX && uuid_parse(value, &f->shown[f->shown_n]))
		f->shown_n++;
	dot = name.n ? memchr(name.p, '.', name.n) : NULL;
	if (dot && form_at(f, str_n(name.p, (size_t)(dot - name.p)), &k) &&
	    consent_purpose_parse(str_n(dot + 1, (size_t)(name.p + name.n - dot - 1)), &purpose))
		f->on[k] |= (uint8_t)(1u << purpose);
}

static void read_form(struct form *f, struct str body)
{
	while (body.n) {
		const char *end = memchr(body.p, '&', body.n);
		struct str pair = str_n(body.p, end ? (size_t)(end - body.p) : body.n);
		const char *eq = pair.n ? memchr(pair.p, '=', pair.n) : NULL;
		if (eq)
			field(f, str_n(pair.p, (size_t)(eq - pair.p)),
			      str_n(eq + 1, (size_t)(pair.p + pair.n - eq - 1)));
		body = end ? str_n(end + 1, (size_t)(body.p + body.n - end - 1)) : STR("");
	}
}

static int set(struct request *r, struct db *db, const struct form *f, const struct contact *c, size_t k, int64_t now,
	       struct err *err)
{
	char proof[160];

	snprintf(proof, sizeof proof, "{\"page\":\"preferences\",\"from\":\"%.64s\"}", r->remote);
	for (size_t i = 0; i < sizeof purposes / sizeof *purposes; i++) {
		enum purpose purpose = purposes[i];
		bool on = f->on[k] >> purpose & 1 && !(f->none && purpose != PURPOSE_SERVICE), changed;
		struct consent is;
		if (consent_get(db, &c->address, purpose, &is, err))
			return -1;
		/* Who has the address must say so by it; here it can only be taken back. */
		if (is.state == CONSENT_PENDING && !f->none)
			continue;
		/* What holds anyway and was left as it is needs no word. */
		if (is.state == CONSENT_UNKNOWN && on == outbound_consents(app_of(r)->outbound, purpose, is.state) &&
		    !f->none)
			continue;
		if (consent_set(db, app_of(r)->events, &c->address, &c->customer, purpose,
				on ? CONSENT_IN : CONSENT_OUT, "preference_page", str_of(proof), now, &changed, err))
			return -1;
	}
	return 0;
}

static int save_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct form *f = r->state;
	struct page *p = &f->page;
	size_t k;

	if (load(r, db, p, err))
		return -1;
	for (int i = 0; i < p->points_n; i++) {
		char id[UUID_TEXT];
		if (form_at(f, str_of(uuid_format(&p->points[i].id, id)), &k) &&
		    set(r, db, f, &p->points[i], k, now, err))
			return -1;
	}
	return 0;
}

static int save_finish(struct request *r, struct db *db, struct err *err)
{
	struct form *f = r->state;

	f->page.saved = true;
	return show(r, db, &f->page, err);
}

int preferences_save(struct request *r, struct err *err)
{
	struct form *f = state_new(r, sizeof *f, err);

	if (!f || link_of(r, &f->page.customer, err))
		return -1;
	read_form(f, r->body);
	r->run = save_run;
	r->finish = save_finish;
	return request_write(r, err);
}

/* ---- the link ---- */

int preference_link(struct request *r, struct err *err)
{
	static const char *const names[] = {"expires_at", NULL};
	struct db *db = request_db(r, err);
	char token[LINK_TEXT], url[400];
	struct uuid id, survivor;
	int64_t until = 0;
	json_t *o = NULL;

	if (!db || path_uuid(r, 0, &id, err) || identity_survivor(db, &id, &survivor, err) ||
	    (r->body.n && (input_object(r, names, &o, err) || input_time(o, "", "expires_at", &until, err) < 0)))
		return -1;
	if (until && until <= now_of(r))
		return err_set(err, ERR_SEMANTIC, "expires_at_invalid", "/expires_at", "a time to come");
	link_sign(app_of(r)->secret, LINK_PREFERENCES, &survivor, until, token);
	snprintf(url, sizeof url, "%s/p/%s", app_of(r)->public_url ? app_of(r)->public_url : "", token);
	request_json(r, 200);
	json_obj(&r->json, NULL);
	json_cstr(&r->json, "url", url);
	json_time(&r->json, "expires_at", until);
	json_end(&r->json);
	return 0;
}
