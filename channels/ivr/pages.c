/*
 * VoiceXML over HTTP: a carrier's platform runs the menus itself and asks for them page by page.
 *
 *	GET /ivr/{account}/main.vxml?caller=+49…&called=…&id=…   the call begins: led on to its own address
 *	GET|POST /ivr/{account}/s/{token}/main.vxml              a page, rendered for the caller; fields of a form are `form`
 *	GET|POST /ivr/{account}/s/{token}/do/sms                 what threadline:sms is in a page: actions.h
 *	POST /ivr/{account}/s/{token}/end                        the call has ended
 *
 * The token in the address is known to nobody but who began the call, and so is all that later requests need to show. A call
 * that no page was asked for during IDLE has ended.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "ivr/actions.h"
#include "ivr/call.h"
#include "ivr/form.h"

enum { TOKEN = 24, BODY_MAX = 256 << 10, PAGE_MAX = 1 << 20 };
#define IDLE (15 * US_MIN)

#define OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

struct page_call {
	TAILQ_ENTRY(page_call) list;
	struct account *a;
	struct story *story;
	json_t *data;
	struct timer idle;
	struct exchange
		*asking; /* the first request, until the caller is known; later one whose action is being done */
	char token[2 * TOKEN + 1], page[MENU_NAME_MAX], target[64];
	struct buf fields;
	bool over;
};

int pages_check(const struct ivr_settings *set, struct err *err)
{
	if ((set->http_secret && set->http_secret[0]) || (set->http_peers && set->http_peers[0]))
		return 0;
	return err_set(err, ERR_SEMANTIC, "secret_missing", "http_secret", "http_secret or http_peers is needed");
}

static void answer(struct account *a, struct exchange *e, int status, const char *type, struct str body,
		   const struct str *headers, size_t n)
{
	a->host->reply(
		a->host->self, e,
		&(struct channel_reply){
			.status = status, .content_type = type, .body = body, .headers = headers, .headers_n = n});
}

static void refuse(struct account *a, struct exchange *e, int status, const char *why)
{
	answer(a, e, status, "text/plain; charset=utf-8", str_of(why), NULL, 0);
}

static void page_end(struct page_call *p, const char *by, const char *reason)
{
	struct account *a = p->a;
	struct exchange *e = p->asking;

	p->asking = NULL;
	loop_timer_stop(a->host->loop, &p->idle);
	TAILQ_REMOVE(&a->pages, p, list);
	story_end(p->story, by, reason, true);
	json_decref(p->data);
	buf_free(&p->fields);
	free(p);
	if (e)
		refuse(a, e, 503, "the call has ended\n");
}

/* What waits for the host ends when that has come. */
static void end_soon(struct page_call *p, const char *by, const char *reason)
{
	if (p->asking)
		p->over = true;
	else
		page_end(p, by, reason);
}

static void on_idle(struct timer *t) { end_soon(OF(t, struct page_call, idle), "network", "no page was asked for"); }

void pages_stop(struct account *a)
{
	struct page_call *p, *next;

	for (p = TAILQ_FIRST(&a->pages); p; p = next) {
		next = TAILQ_NEXT(p, list);
		end_soon(p, "gateway", "the gateway stops");
	}
}

/* ---- who may ---- */

static bool has_secret(const struct account *a, const struct channel_request *r)
{
	struct str want = str_of(a->set->http_secret), got = r->query(r, "secret");

	if (!want.n)
		return true;
	if (!got.p && r->authorization.n > 7 && str_ieq(str_n(r->authorization.p, 7), STR("Bearer ")))
		got = str_n(r->authorization.p + 7, r->authorization.n - 7);
	return got.p && got.n == want.n && crypto_equal(got.p, want.p, want.n);
}

static bool is_peer(const struct account *a, const struct channel_request *r)
{
	const char *list = a->set->http_peers;
	struct str item;
	size_t pos = 0;

	if (!list || !list[0])
		return true;
	while (settings_list_next(list, &pos, &item))
		if (str_eq(item, r->remote))
			return true;
	return false;
}

/* ---- a call begins ---- */

static void on_known(void *arg, struct str json, const char *error)
{
	struct page_call *p = arg;
	struct exchange *e = p->asking;
	struct str headers[2] = {STR("Location")};
	char to[256 + MENU_NAME_MAX];

	(void)error;
	p->asking = NULL;
	call_fill(p->data, json, p->story);
	snprintf(to, sizeof to, "/ivr/%s/s/%s/%s", p->a->host->name, p->token, p->page);
	headers[1] = str_of(to);
	answer(p->a, e, 303, "text/plain", STR(""), headers, 2);
	story_begin(p->story);
	if (p->over)
		page_end(p, "gateway", "the gateway stops");
}

static void begin(struct account *a, const struct channel_request *r)
{
	struct str id = r->query(r, "id"), caller = r->query(r, "caller"), called = r->query(r, "called");
	struct page_call *p = NULL;
	uint8_t random[TOKEN];

	crypto_random(random, sizeof random);
	if (a->stopping || a->paused || a->stories_n >= (size_t)a->set->calls || !(p = calloc(1, sizeof *p))) {
		refuse(a, r->exchange, 503, "too many calls\n");
		return;
	}
	crypto_hex(random, sizeof random, p->token);
	p->a = a;
	p->data = json_object();
	p->story = p->data ? story_new(a, id.n ? id : str_of(p->token)) : NULL;
	if (!p->story) {
		json_decref(p->data);
		free(p);
		refuse(a, r->exchange, 503, "out of memory\n");
		return;
	}
	call_identify(a, &(struct door_caller){.from = caller, .to = called, .anonymous = !caller.n}, p->story);
	p->story->answered = p->story->began;
	snprintf(p->page, sizeof p->page, "%.*s", (int)r->param.n, r->param.n ? r->param.p : "");
	buf_init(&p->fields, BODY_MAX);
	p->asking = r->exchange;
	TAILQ_INSERT_TAIL(&a->pages, p, list);
	loop_timer(a->host->loop, &p->idle, loop_now(a->host->loop) + IDLE, on_idle);
	a->host->count(a->host->self, "ivr_calls_total", "pages", 1);
	if (p->story->known)
		a->host->caller(a->host->self, &p->story->who, on_known, p);
	else
		on_known(p, STR("{}"), NULL);
}

/* ---- pages ---- */

static const char *type_of(const char *path)
{
	static const char *const types[][2] = {{".vxml", "application/voicexml+xml; charset=utf-8"},
					       {".grxml", "application/srgs+xml; charset=utf-8"},
					       {".js", "text/javascript; charset=utf-8"},
					       {".wav", "audio/wav"}};
	const char *dot = strrchr(path, '.');

	for (size_t k = 0; dot && k < sizeof types / sizeof *types; k++)
		if (strcmp(dot, types[k][0]) == 0)
			return types[k][1];
	return "application/octet-stream";
}

/* "threadline:sms" in a page is an address of the gateway. */
static void rewrite(const struct page_call *p, struct str text, struct buf *out)
{
	static const char word[] = "threadline:";
	size_t n = sizeof word - 1;

	for (size_t i = 0; i < text.n; i++) {
		buf_addc(out, text.p[i]);
		if ((text.p[i] == '"' || text.p[i] == '\'') && text.n - i - 1 >= n &&
		    memcmp(text.p + i + 1, word, n) == 0) {
			buf_addf(out, "/ivr/%s/s/%s/do/", p->a->host->name, p->token);
			i += n;
		}
	}
}

/* The fields of a form become form.NAME; what they say is not kept, since nobody says which are secret. */
static void take_form(struct page_call *p, struct str body)
{
	json_t *form = json_object();
	struct buf value;

	buf_init(&value, 4096);
	while (form && body.n) {
		const char *amp = memchr(body.p, '&', body.n);
		struct str part = str_n(body.p, amp ? (size_t)(amp - body.p) : body.n);
		size_t n = 0;
		char name[64];
		while (n < part.n && part.p[n] != '=')
			n++;
		snprintf(name, sizeof name, "%.*s", (int)(n < 63 ? n : 63), part.p);
		if (form_get(part, name, &value) && str_utf8_ok(buf_str(&value))) {
			json_object_set_new(form, name, json_stringn(buf_str(&value).p, value.n));
			story_step(p->story, "submitted", name, "");
			p->story->input = true;
		}
		body = str_n(body.p + part.n + (amp != NULL), body.n - part.n - (amp != NULL));
	}
	buf_free(&value);
	json_object_set_new(p->data, "form", form);
}

static void serve(struct page_call *p, const struct channel_request *r, const char *page)
{
	static const struct str headers[] = {STR("Cache-Control"), STR("no-store")};
	struct buf text, out;
	struct err e = {0};

	buf_init(&text, PAGE_MAX);
	buf_init(&out, 2 * PAGE_MAX);
	if (r->body.n)
		take_form(p, r->body);
	if (menus_text(p->a->menus, page, p->data, &text, &e)) {
		story_step(p->story, "error", page, e.msg);
		refuse(p->a, r->exchange, e.kind == ERR_NOT_FOUND ? 404 : 500, "this page cannot be had\n");
	} else {
		story_step(p->story, "page", page, "");
		if (strstr(type_of(page), "xml"))
			rewrite(p, buf_str(&text), &out);
		else
			buf_addstr(&out, buf_str(&text));
		answer(p->a, r->exchange, 200, type_of(page), buf_str(&out), headers, 2);
	}
	buf_free(&text);
	buf_free(&out);
}

/* ---- what is to be done ---- */

static void acted(struct page_call *p, struct exchange *e, int status)
{
	struct buf out;

	buf_init(&out, PAGE_MAX);
	action_document(p->target, buf_str(&p->fields), "../", &out);
	if (status == 200)
		answer(p->a, e, 200, type_of(".vxml"), buf_str(&out), NULL, 0);
	else
		refuse(p->a, e, status, "that could not be done\n");
	buf_free(&out);
}

static void on_action(void *arg, int status)
{
	struct page_call *p = arg;
	struct exchange *e = p->asking;

	p->asking = NULL;
	acted(p, e, status);
	if (p->over)
		page_end(p, "network", "");
}

static void act(struct page_call *p, const struct channel_request *r, const char *name)
{
	static const char *const fields[] = {"queue", "text", "subject", "state", "purpose", "score", "next"};
	int status;

	if (p->asking) {
		refuse(p->a, r->exchange, 409, "one thing at a time\n");
		return;
	}
	buf_reset(&p->fields);
	buf_addstr(&p->fields, r->body);
	for (size_t k = 0; k < sizeof fields / sizeof *fields; k++) {
		struct str v = r->query(r, fields[k]);
		if (v.p)
			form_put(&p->fields, fields[k], v);
	}
	snprintf(p->target, sizeof p->target, "threadline:%.40s", name);
	p->asking = r->exchange;
	if (p->fields.failed)
		on_action(p, 422);
	else if (action_run(p->story, p->target, buf_str(&p->fields), &status, on_action, p) == 0)
		on_action(p, status);
}

static struct page_call *find(struct account *a, struct str token)
{
	struct page_call *p;

	TAILQ_FOREACH (p, &a->pages, list)
		if (token.n == 2 * TOKEN && crypto_equal(p->token, token.p, token.n))
			return p;
	return NULL;
}

static void handle(struct account *a, const struct channel_request *r)
{
	const char *rest = r->param.n ? r->param.p : "";
	bool post = strcmp(r->method, "POST") == 0;
	struct page_call *p;

	if (a->set->door != IVR_DOOR_HTTP) {
		refuse(a, r->exchange, 404, "no pages here\n");
		return;
	}
	if (strncmp(rest, "s/", 2) != 0) {
		if (!is_peer(a, r) || !has_secret(a, r))
			refuse(a, r->exchange, 401, "who are you?\n");
		else
			begin(a, r);
		return;
	}
	p = find(a, str_n(rest + 2, strcspn(rest + 2, "/")));
	if (!p || p->over || rest[2 + 2 * TOKEN] != '/') {
		refuse(a, r->exchange, 404, "no such call\n");
		return;
	}
	rest += 3 + 2 * TOKEN;
	loop_timer(a->host->loop, &p->idle, loop_now(a->host->loop) + IDLE, on_idle);
	if (strncmp(rest, "do/", 3) == 0) {
		act(p, r, rest + 3);
	} else if (post && strcmp(rest, "end") == 0) {
		answer(a, r->exchange, 204, "text/plain", STR(""), NULL, 0);
		end_soon(p, "customer", "");
	} else {
		serve(p, r, rest);
	}
}

const struct channel_route ivr_routes[] = {
	{.method = "GET", .path = "/ivr/{account}/*", .max_body = 0, .handle = handle},
	{.method = "POST", .path = "/ivr/{account}/*", .max_body = BODY_MAX, .handle = handle},
	{0},
};
