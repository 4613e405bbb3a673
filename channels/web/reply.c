/* Origins and answers: the Fetch standard's CORS protocol, RFC 9457 problems. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "web/private.h"

/* Origins are compared whole (scheme, host and port); "*" in the list allows any site, for tries only. */
static bool origin_allowed(const struct web_settings *set, struct str origin)
{
	struct str item;
	size_t pos = 0;

	while (settings_list_next(set->origins, &pos, &item))
		if (str_is(item, "*") || str_ieq(item, origin))
			return true;
	return false;
}

static void answer(const struct asker *k, int status, const char *type, struct str body, const struct str *more,
		   size_t more_n)
{
	struct str headers[16] = {STR("X-Content-Type-Options"),
				  STR("nosniff"),
				  STR("Cache-Control"),
				  STR("no-store"),
				  STR("Vary"),
				  STR("Origin")};
	size_t n = 6;

	if (k->origin[0]) {
		headers[n++] = STR("Access-Control-Allow-Origin");
		headers[n++] = str_of(k->origin);
	}
	for (size_t i = 0; i < more_n && n < 16; i++)
		headers[n++] = more[i];
	k->a->host->reply(
		k->a->host->self, k->e,
		&(struct channel_reply){
			.status = status, .content_type = type, .body = body, .headers = headers, .headers_n = n});
}

void ask_reply(const struct asker *k, int status, struct str json)
{
	answer(k, status, "application/json", json, NULL, 0);
}

void ask_problem(const struct asker *k, int status, const char *code, const char *detail, int retry_after_s)
{
	static const struct {
		int status;
		const char *title;
	} titles[] = {{400, "Bad Request"},
		      {401, "Unauthorized"},
		      {403, "Forbidden"},
		      {404, "Not Found"},
		      {413, "Content Too Large"},
		      {415, "Unsupported Media Type"},
		      {422, "Unprocessable Content"},
		      {429, "Too Many Requests"},
		      {503, "Service Unavailable"}};
	const char *title = "Error";
	struct json_out j;
	struct buf b;
	char seconds[16];

	for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
		if (titles[i].status == status)
			title = titles[i].title;
	buf_init(&b, 4096);
	json_begin(&j, &b);
	json_obj(&j, NULL);
	json_cstr(&j, "type", "about:blank");
	json_cstr(&j, "title", title);
	json_int(&j, "status", status);
	json_cstr(&j, "code", code);
	json_cstr(&j, "detail", detail);
	json_end(&j);
	snprintf(seconds, sizeof seconds, "%d", retry_after_s);
	answer(k, status, "application/problem+json", buf_str(&b),
	       (const struct str[]){STR("Retry-After"), str_of(seconds)}, retry_after_s > 0 ? 2 : 0);
	buf_free(&b);
}

void ask_stream(const struct asker *k)
{
	struct str headers[8] = {
		STR("Cache-Control"), STR("no-store"), STR("X-Accel-Buffering"),	   STR("no"),
		STR("Vary"),	      STR("Origin"),   STR("Access-Control-Allow-Origin"), str_of(k->origin)};

	k->a->host->stream_begin(k->a->host->self, k->e,
				 &(struct channel_reply){.status = 200,
							 .content_type = "text/event-stream",
							 .headers = headers,
							 .headers_n = k->origin[0] ? 8 : 6});
}

bool ask_begin(struct asker *k, struct account *a, const struct channel_request *r)
{
	int wait_s;

	*k = (struct asker){.a = a, .e = r->exchange};
	if (r->origin.n) {
		if (r->origin.n >= sizeof k->origin || !origin_allowed(a->set, r->origin)) {
			ask_problem(k, 403, "origin_not_allowed", "this site is not among the account's origins", 0);
			return false;
		}
		memcpy(k->origin, r->origin.p, r->origin.n);
	}
	if (a->stopping) {
		ask_problem(k, 503, "stopping", "the gateway is stopping", 5);
		return false;
	}
	/* A token costs nothing to get, so the address pays for what comes without one. */
	if (!r->authorization.n && !str_is(str_of(r->method), "OPTIONS") &&
	    !limits_take(&a->by_address, r->remote, loop_now(a->host->loop), &wait_s)) {
		ask_problem(k, 429, "too_many_requests", "too many new sessions from this address", wait_s);
		return false;
	}
	return true;
}

void web_preflight(struct account *a, const struct channel_request *r)
{
	struct asker k;

	if (!ask_begin(&k, a, r))
		return;
	answer(&k, 204, NULL, STR(""),
	       (const struct str[]){
		       STR("Access-Control-Allow-Methods"), STR("GET, POST"), STR("Access-Control-Allow-Headers"),
		       STR("Authorization, Content-Type, Last-Event-ID"), STR("Access-Control-Max-Age"), STR("600")},
	       6);
}

bool ask_visitor(const struct asker *k, const struct channel_request *r, struct uuid *visitor)
{
	struct str t = r->authorization;
	char id[UUID_TEXT];
	int wait_s;

	if (t.n > 7 && str_ieq(str_n(t.p, 7), STR("Bearer ")))
		t = str_n(t.p + 7, t.n - 7);
	if (!token_read(k->a->host->secret, t, clock_now(), k->a->set->token_life, visitor)) {
		ask_problem(k, 401, "token_invalid",
			    "the visitor token is missing, foreign or too old: begin a session", 0);
		return false;
	}
	if (!limits_take(&k->a->by_visitor, str_of(uuid_format(visitor, id)), loop_now(k->a->host->loop), &wait_s)) {
		ask_problem(k, 429, "too_many_requests", "too much at once: wait a moment", wait_s);
		return false;
	}
	return true;
}

json_t *ask_json(const struct asker *k, const struct channel_request *r)
{
	struct err e = {0};
	json_t *o = NULL;

	if (json_read(r->body.n ? r->body : STR("{}"), 6, &o, &e) == 0 && json_is_object(o))
		return o;
	json_decref(o);
	ask_problem(k, 400, "json_invalid", e.msg[0] ? e.msg : "a JSON object is expected", 0);
	return NULL;
}

struct str ask_member(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	return json_is_string(v) ? str_n(json_string_value(v), json_string_length(v)) : STR("");
}

void visitor_address(const struct uuid *visitor, struct address *out)
{
	*out = (struct address){.scheme = SCHEME_VISITOR};
	uuid_format(visitor, out->value);
}

void pending_add(struct account *a) { a->pending++; }

void pending_done(struct account *a)
{
	if (--a->pending == 0 && a->stopping && !a->closed && a->visitors.pages_n == 0) {
		a->closed = true;
		a->host->state(a->host->self, ACCOUNT_CLOSED, "stopped");
	}
}
