/*
 * Sessions: who is this? A visitor without a token gets one; with one it is the same visitor as before, on every page and
 * after every reload. Only what the site's own back end has signed makes it a known customer; what a visitor types into
 * the pre-chat form is a claim, which the gateway keeps apart.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "web/private.h"

struct opening {
	struct asker k;
	struct uuid visitor;
	char external_id[128];
	bool known;
};

static void config_json(const struct account *a, struct json_out *j)
{
	static const char *const prechat[] = {"off", "optional", "required"};

	json_obj(j, "config");
	json_cstr(j, "title", a->set->title);
	json_cstr(j, "greeting", a->set->greeting);
	json_cstr(j, "color", a->set->color);
	json_cstr(j, "prechat", prechat[a->set->prechat]);
	json_int(j, "max_text", a->set->max_text);
	json_int(j, "max_file", a->set->max_file);
	json_cstr(j, "file_types", a->set->file_types);
	json_end(j);
}

static void session_reply(struct opening *o, const struct history_entry *v, size_t n, bool more)
{
	struct account *a = o->k.a;
	char id[UUID_TEXT];
	struct json_out j;
	struct buf token, b;

	buf_init(&token, 256);
	buf_init(&b, 4 << 20);
	token_make(&token, a->host->secret, &o->visitor, clock_now());
	json_begin(&j, &b);
	json_obj(&j, NULL);
	json_cstr(&j, "token", buf_cstr(&token));
	json_cstr(&j, "visitor", uuid_format(&o->visitor, id));
	json_bool(&j, "known", o->known);
	config_json(a, &j);
	json_arr(&j, "messages");
	for (size_t i = 0; i < n; i++)
		web_entry_json(a, &j, &o->visitor, &v[i]);
	json_end(&j);
	json_bool(&j, "more", more);
	json_end(&j);
	if (b.failed || token.failed)
		ask_problem(&o->k, 503, "out_of_memory", "not enough memory now", 5);
	else
		ask_reply(&o->k, 200, buf_str(&b));
	buf_free(&token);
	buf_free(&b);
}

static void opening_free(struct opening *o)
{
	struct account *a = o->k.a;

	free(o);
	pending_done(a);
}

static void on_history(void *arg, const struct history_entry *v, size_t n, bool more, const char *error)
{
	struct opening *o = arg;

	if (error)
		ask_problem(&o->k, 503, "store_unavailable", error, 5);
	else
		session_reply(o, v, n, more);
	opening_free(o);
}

static void load(struct opening *o)
{
	struct address who;

	visitor_address(&o->visitor, &who);
	o->k.a->host->history(o->k.a->host->self, &who, NULL, 50, on_history, o);
}

static void on_identified(void *arg, const struct intake_result *r)
{
	struct opening *o = arg;

	if (r->answer == INTAKE_BUSY || r->answer == INTAKE_REJECTED) {
		ask_problem(&o->k, r->answer == INTAKE_BUSY ? 503 : 422,
			    r->answer == INTAKE_BUSY ? "busy" : "identity_refused", r->why ? r->why : "try again",
			    r->answer == INTAKE_BUSY ? 5 : 0);
		opening_free(o);
		return;
	}
	load(o);
}

/* Tells the gateway who the visitor has been proven to be. */
static void identify(struct opening *o, struct str name)
{
	struct account *a = o->k.a;
	struct inbound in = {.channel = CHANNEL_WEB,
			     .account = str_of(a->host->name),
			     .proven_external_id = str_of(o->external_id),
			     .proven_by = STR("hmac"),
			     .display_name = name};

	visitor_address(&o->visitor, &in.from);
	a->host->received(a->host->self, &in, on_identified, o);
}

/* -1: answered 401. 0: nothing claimed. 1: proven, external_id is set. */
static int proof(struct opening *o, const json_t *identity)
{
	struct str id = ask_member(identity, "external_id"), mac = ask_member(identity, "hmac");

	if (!json_is_object(identity))
		return 0;
	if (id.n == 0 || id.n >= sizeof o->external_id || memchr(id.p, 0, id.n) ||
	    !token_identity_ok(str_of(o->k.a->set->identity_secret), id, mac)) {
		ask_problem(&o->k, 401, "identity_invalid", "the identity is not signed by this site's back end", 0);
		return -1;
	}
	memcpy(o->external_id, id.p, id.n);
	return 1;
}

void web_session(struct account *a, const struct channel_request *r)
{
	struct opening *o;
	struct asker k;
	json_t *body;
	int proven;

	if (!ask_begin(&k, a, r) || !(body = ask_json(&k, r)))
		return;
	o = calloc(1, sizeof *o);
	if (!o) {
		ask_problem(&k, 503, "out_of_memory", "not enough memory now", 5);
		json_decref(body);
		return;
	}
	o->k = k;
	proven = proof(o, json_object_get(body, "identity"));
	if (proven < 0) {
		free(o);
		json_decref(body);
		return;
	}
	o->known = proven > 0;
	if (!token_read(a->host->secret, ask_member(body, "token"), clock_now(), a->set->token_life, &o->visitor))
		o->visitor = uuid7(clock_now());
	pending_add(a);
	if (proven)
		identify(o, ask_member(json_object_get(body, "identity"), "name"));
	else
		load(o);
	json_decref(body);
}

/* ---- the pre-chat form ---- */

struct saving {
	struct asker k;
};

static void on_saved(void *arg, const struct intake_result *r)
{
	struct saving *s = arg;
	struct account *a = s->k.a;

	if (r->answer == INTAKE_ACCEPTED || r->answer == INTAKE_DUPLICATE)
		ask_reply(&s->k, 200, STR("{\"saved\":true}"));
	else
		ask_problem(&s->k, r->answer == INTAKE_BUSY ? 503 : 422, "not_saved", r->why ? r->why : "try again",
			    r->answer == INTAKE_BUSY ? 5 : 0);
	free(s);
	pending_done(a);
}

/* Adds a claimed address if the text is one; false: answered 422. */
static bool claim(const struct asker *k, enum channel channel, struct str text, struct address *v, size_t *n)
{
	struct err e = {0};

	if (text.n == 0)
		return true;
	if (address_parse(channel, text, k->a->host->region, &v[*n], &e) == 0) {
		++*n;
		return true;
	}
	ask_problem(k, 422, e.code[0] ? e.code : "address_invalid", e.msg, 0);
	return false;
}

void web_contact(struct account *a, const struct channel_request *r)
{
	struct address claimed[2];
	struct inbound in = {.channel = CHANNEL_WEB, .account = str_of(a->host->name), .claimed = claimed};
	struct uuid visitor;
	struct saving *s;
	struct asker k;
	json_t *body;

	if (!ask_begin(&k, a, r) || !ask_visitor(&k, r, &visitor) || !(body = ask_json(&k, r)))
		return;
	if (!claim(&k, CHANNEL_SMS, str_trim(ask_member(body, "phone")), claimed, &in.claimed_n) ||
	    !claim(&k, CHANNEL_EMAIL, str_trim(ask_member(body, "email")), claimed, &in.claimed_n)) {
		json_decref(body);
		return;
	}
	s = calloc(1, sizeof *s);
	if (!s) {
		ask_problem(&k, 503, "out_of_memory", "not enough memory now", 5);
	} else {
		s->k = k;
		in.display_name = str_trim(ask_member(body, "name"));
		visitor_address(&visitor, &in.from);
		pending_add(a);
		a->host->received(a->host->self, &in, on_saved, s);
	}
	json_decref(body);
}
