/*
 * List-Unsubscribe with one click (RFC 8058): one POST to the link ends it, whoever sends it, with no cookie, question or
 * redirect. A GET shows a page with a button and changes nothing, since robots follow links.
 */
#include <stdio.h>
#include <stdlib.h>

#include "email/account.h"

void unsubscribe_url(const struct account *a, const struct letter *l, struct buf *out)
{
	struct unsubscribe_wish w = {.id = l->id, .purpose = l->purpose};
	const char *base = a->set->public_url;
	size_t n = base ? strlen(base) : 0;

	while (n && base[n - 1] == '/')
		n--;
	if (!n)
		return;
	memcpy(w.mailbox, l->to.value, strlen(l->to.value) + 1);
	buf_add(out, base, n);
	buf_addf(out, "/email/%s/unsubscribe/", a->host->name);
	if (mail_token_seal(a->host->secret, &w, out))
		buf_reset(out);
}

static void answer(struct account *a, struct exchange *e, int status, const char *title, const char *inner)
{
	static const struct str headers[] = {
		STR("Content-Security-Policy"),
		STR("default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"),
		STR("Cache-Control"),
		STR("no-store"),
		STR("Referrer-Policy"),
		STR("no-referrer"),
		STR("X-Content-Type-Options"),
		STR("nosniff"),
		STR("X-Robots-Tag"),
		STR("noindex")};
	struct buf b;

	buf_init(&b, 8192);
	buf_addf(&b,
		 "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		 "<meta name=\"viewport\" content=\"width=device-width\"><title>%s</title>"
		 "<style>body{font:1.1em/1.5 system-ui,sans-serif;max-width:32em;margin:4em auto;padding:0 1em}"
		 "button{font:inherit;padding:.5em "
		 "1.2em}</style></head><body><main><h1>%s</h1>%s</main></body></html>\n",
		 title, title, inner);
	a->host->reply(a->host->self, e,
		       &(struct channel_reply){.status = b.failed ? 503 : status,
					       .content_type = "text/html; charset=utf-8",
					       .body = buf_str(&b),
					       .headers = headers,
					       .headers_n = sizeof headers / sizeof *headers});
	buf_free(&b);
}

static bool read_wish(struct account *a, const struct channel_request *r, struct unsubscribe_wish *w)
{
	if (mail_token_open(a->host->secret, r->param, w))
		return true;
	answer(a, r->exchange, 404, "This link does not work",
	       "<p>It may have been cut in two. Please use the whole link from the mail.</p>");
	return false;
}

static void show(struct account *a, const struct channel_request *r)
{
	struct unsubscribe_wish w;

	if (read_wish(a, r, &w))
		answer(a, r->exchange, 200, "Unsubscribe",
		       "<p>You will get no more mail of this kind from us.</p><form method=\"post\">"
		       "<input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">"
		       "<button>Unsubscribe</button></form>");
}

struct asking {
	struct account *a;
	struct exchange *e;
};

static void on_stored(void *arg, const struct intake_result *r)
{
	struct asking *k = arg;
	struct account *a = k->a;

	if (r->answer == INTAKE_ACCEPTED || r->answer == INTAKE_DUPLICATE) {
		a->host->count(a->host->self, "email_unsubscribed_total", NULL, 1);
		answer(a, k->e, 200, "You are unsubscribed", "<p>You will get no more mail of this kind from us.</p>");
	} else {
		answer(a, k->e, 503, "Not now", "<p>Something is wrong on our side. Please try again in a minute.</p>");
	}
	free(k);
	a->pending--;
	email_flush_soon(a);
}

static void unsubscribe(struct account *a, const struct channel_request *r)
{
	struct unsubscribe_wish w;
	char message[UUID_TEXT], metadata[96];
	struct inbound in = {.channel = CHANNEL_EMAIL, .account = str_of(a->host->name)};
	struct asking *k;

	if (!read_wish(a, r, &w))
		return;
	k = a->stopping ? NULL : malloc(sizeof *k);
	if (!k) {
		answer(a, r->exchange, 503, "Not now", "<p>Please try again in a minute.</p>");
		return;
	}
	*k = (struct asking){a, r->exchange};
	snprintf(metadata, sizeof metadata, "{\"message\":\"%s\"}", uuid_format(&w.id.message, message));
	in.from.scheme = SCHEME_MAIL;
	memcpy(in.from.value, w.mailbox, sizeof in.from.value);
	in.metadata = str_of(metadata);
	in.consent.purposes = 1u << w.purpose;
	in.consent.state = CONSENT_OUT;
	in.consent.source = "unsubscribe_link";
	a->pending++;
	a->host->received(a->host->self, &in, on_stored, k);
}

enum { BODY_MAX = 4096 };

const struct channel_route email_routes[] = {
	{.method = "GET", .path = "/email/{account}/unsubscribe/*", .handle = show},
	{.method = "POST", .path = "/email/{account}/unsubscribe/*", .max_body = BODY_MAX, .handle = unsubscribe},
	{0}};
