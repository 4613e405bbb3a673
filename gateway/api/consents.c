/* Consent by address and purpose. */
#include <stdio.h>

#include "api/api.h"
#include "base/clock.h"
#include "base/settings.h"
#include "customer/confirmation.h"
#include "customer/link.h"

int consent_list(struct request *r, struct err *err)
{
	struct contact v[100];
	struct uuid id, members[MEMBERS_MAX];
	struct db *db = request_db(r, err);
	int n, k;

	if (!db || path_uuid(r, 0, &id, err) || (n = identity_members(db, &id, members, err)) < 0 ||
	    (k = contact_list(db, members, (size_t)n, now_of(r), v, 100, err)) < 0)
		return -1;
	list_begin(r);
	for (int i = 0; i < k; i++)
		if (consent_json(db, &v[i].address, &r->json, NULL, err))
			return -1;
	list_end(r, NULL);
	return 0;
}

struct setting_ {
	struct address address;
	enum purpose purpose;
	enum consent_state state;
	char source[40];
	struct str proof;
	enum channel channel;
	bool confirm; /* who has the address is asked first */
	struct str template;
	int64_t until;
	struct outbound_batch *batch;
};

/* ---- double opt-in ---- */

enum { WAITS_DAYS = 7 };

static bool demanded(const struct app *app, enum purpose p)
{
	struct str item;
	size_t pos = 0;

	while (app->double_opt_in && settings_list_next(app->double_opt_in, &pos, &item))
		if (str_is(item, purpose_word(p)))
			return true;
	return false;
}

static int data_of(struct request *r, const struct setting_ *s, const struct uuid *id, struct buf *out, struct err *err)
{
	const struct app *app = app_of(r);
	char token[LINK_TEXT], url[400] = "";
	struct json_out j;

	if (s->address.scheme == SCHEME_MAIL && !app->public_url)
		return err_set(err, ERR_SEMANTIC, "public_url_missing", "/confirm",
			       "a mail that asks needs http.public_url for its link");
	link_sign(app->secret, LINK_CONFIRM, id, s->until, token);
	if (app->public_url)
		snprintf(url, sizeof url, "%s/c/%s", app->public_url, token);
	json_begin(&j, out);
	json_obj(&j, NULL);
	json_cstr(&j, "purpose", purpose_word(s->purpose));
	json_cstr(&j, "address", s->address.value);
	json_cstr(&j, "confirm_url", url);
	json_end(&j);
	return out->failed ? err_nomem(err) : 0;
}

/* The message that asks, and what its answer will be about. */
static int ask(struct request *r, struct db *db, struct setting_ *s, int64_t now, struct err *err)
{
	struct confirmation c = {.id = uuid7(now), .address = s->address, .purpose = s->purpose, .at = now};
	struct send_request q = {.has_address = true,
				 .address = s->address,
				 .channels = {s->channel},
				 .channels_n = 1,
				 .purpose = PURPOSE_SERVICE,
				 .author = r->who.author,
				 .expires_at = s->until,
				 .template.name = s->template};
	struct send_result sent;
	struct interaction i;
	struct buf data;
	int rc;

	buf_init(&data, 4096);
	rc = data_of(r, s, &c.id, &data, err);
	q.template.data = buf_str(&data);
	if (rc == 0)
		rc = outbound_batch_write(s->batch, db, &q, now, &sent, err);
	buf_free(&data);
	if (rc || interaction_get(db, &sent.message, r->arena, &i, err))
		return -1;
	c.message = sent.message;
	c.text = i.content;
	c.expires_at = s->until;
	return confirmation_ask(db, &c, err);
}

static int pend(struct request *r, struct db *db, struct setting_ *s, const struct uuid *customer, int64_t now,
		struct err *err)
{
	struct consent is;
	bool changed;

	if (consent_get(db, &s->address, s->purpose, &is, err))
		return -1;
	if (is.state == CONSENT_IN)
		return 0; /* it is one already */
	if (!s->until)
		s->until = now + WAITS_DAYS * US_DAY;
	if (s->until <= now)
		return err_set(err, ERR_SEMANTIC, "expires_at_invalid", "/confirm/expires_at", "a time to come");
	if (consent_set(db, app_of(r)->events, &s->address, customer, s->purpose, CONSENT_PENDING, s->source, s->proof,
			now, &changed, err))
		return -1;
	return ask(r, db, s, now, err);
}

static int put_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct setting_ *s = r->state;
	struct identity who;
	bool changed;

	if (s->batch)
		outbound_batch_reset(s->batch);
	/* Whoever owns the address has it on the timeline of changes; an unknown one becomes a prospect. */
	if (identity_resolve(db, app_of(r)->events, &s->address, (struct str){0}, 0, now, &who, err))
		return -1;
	if (s->confirm)
		return pend(r, db, s, &who.contact.customer, now, err);
	return consent_set(db, app_of(r)->events, &s->address, &who.contact.customer, s->purpose, s->state, s->source,
			   s->proof, now, &changed, err);
}

static int put_finish(struct request *r, struct db *db, struct err *err)
{
	struct setting_ *s = r->state;

	request_json(r, 200);
	return consent_json(db, &s->address, &r->json, NULL, err);
}

static int read_words(const json_t *o, struct setting_ *s, struct err *err)
{
	struct str w;

	if (input_str(o, "", "purpose", 16, &w, err) != 1)
		return err->kind ? -1 : input_missing("", "purpose", err);
	if (!consent_purpose_parse(w, &s->purpose))
		return input_word("", "purpose", w, err);
	if (input_str(o, "", "state", 16, &w, err) != 1)
		return err->kind ? -1 : input_missing("", "state", err);
	if (!consent_parse(w, &s->state) || s->state == CONSENT_UNKNOWN || s->state == CONSENT_PENDING)
		return input_word("", "state", w, err);
	if (input_str(o, "", "source", sizeof s->source - 1, &w, err) != 1)
		return err->kind ? -1 : input_missing("", "source", err);
	memcpy(s->source, w.p, w.n);
	return 0;
}

static void put_committed(struct request *r)
{
	struct setting_ *s = r->state;
	if (s->batch)
		outbound_batch_committed(s->batch);
}

static void put_cleanup(struct request *r)
{
	struct setting_ *s = r->state;
	if (s->batch)
		outbound_batch_free(&s->batch);
}

/* {"template": "…", "expires_at": "…"}, or by the settings. */
static int read_confirm(struct request *r, const json_t *o, struct setting_ *s, struct err *err)
{
	static const char *const names[] = {"template", "expires_at", NULL};
	const json_t *c = json_object_get(o, "confirm");

	if (json_is_null(c))
		c = NULL;
	s->template = STR("confirm_consent");
	s->confirm = s->state == CONSENT_IN && (c || demanded(app_of(r), s->purpose));
	if (c && !json_is_object(c))
		return err_set(err, ERR_SEMANTIC, "object_expected", "/confirm", "an object, which may be empty");
	if (c && (input_known(c, names, "/confirm", err) ||
		  input_str(c, "/confirm", "template", 64, &s->template, err) < 0 ||
		  input_time(c, "/confirm", "expires_at", &s->until, err) < 0))
		return -1;
	if (!s->template.n)
		s->template = STR("confirm_consent");
	if (s->confirm && !(s->batch = outbound_batch_new(app_of(r)->outbound)))
		return err_nomem(err);
	return 0;
}

int consent_put(struct request *r, struct err *err)
{
	static const char *const names[] = {"address", "channel", "purpose", "state",
					    "source",  "proof",	  "confirm", NULL};
	struct setting_ *s = state_new(r, sizeof *s, err);
	struct str text, word = {0};
	enum channel c;
	json_t *o;

	if (!s || input_object(r, names, &o, err) || read_words(o, s, err) ||
	    input_str(o, "", "channel", 16, &word, err) < 0 || input_json(r, o, "", "proof", &s->proof, err) < 0)
		return -1;
	if (input_str(o, "", "address", ADDRESS_MAX, &text, err) != 1)
		return err->kind ? -1 : input_missing("", "address", err);
	c = memchr(text.p, '@', text.n) ? CHANNEL_EMAIL : CHANNEL_SMS;
	if (word.n && (!channel_parse(word, &c) || c == CHANNEL_NONE))
		return input_word("", "channel", word, err);
	if (address_parse(c, text, app_of(r)->region, &s->address, err)) {
		memcpy(err->field, "/address", 9);
		return -1;
	}
	s->channel = c;
	r->cleanup = put_cleanup;
	if (read_confirm(r, o, s, err))
		return -1;
	r->run = put_run;
	r->finish = put_finish;
	r->committed = put_committed;
	return request_write(r, err);
}
