#include "web/web.h"

#include <stdlib.h>

#include "base/clock.h"
#include "web/private.h"

#define BEAT (15 * US_SEC)

static const char *const prechat_words[] = {"off", "optional", "required", NULL};

#define AT(field) offsetof(struct web_settings, field)
/* clang-format off */
static const struct setting settings[] = {
	{.name = "origins", .type = SET_LIST, .offset = AT(origins), .def = "",
	 .help = "Sites that may show this chat, as origins: https://www.example.com, https://shop.example.com. Others are refused."},
	{.name = "identity_secret", .type = SET_STRING, .offset = AT(identity_secret), .secret = true,
	 .help = "Shared with the site's own back end, which proves a visitor's identity with hex(HMAC-SHA256(secret, external_id))."},
	{.name = "title", .type = SET_STRING, .offset = AT(title), .def = "Chat with us", .help = "Heading of the chat window."},
	{.name = "greeting", .type = SET_STRING, .offset = AT(greeting), .def = "Hello! How can we help?",
	 .help = "First line a visitor reads."},
	{.name = "color", .type = SET_STRING, .offset = AT(color), .def = "#0b5fff", .help = "Colour of the button and the heading."},
	{.name = "prechat", .type = SET_ENUM, .offset = AT(prechat), .def = "optional", .words = prechat_words,
	 .help = "Whether the visitor is asked for name, number and mailbox before the first message."},
	{.name = "max_text", .type = SET_INT, .offset = AT(max_text), .def = "4000", .min = 1, .max = 100000,
	 .help = "Characters in one message."},
	{.name = "max_file", .type = SET_SIZE, .offset = AT(max_file), .def = "5m", .min = 1, .max = 16 << 20,
	 .help = "Bytes in one attachment."},
	{.name = "file_types", .type = SET_LIST, .offset = AT(file_types),
	 .def = "image/png, image/jpeg, image/gif, image/webp, application/pdf, text/plain",
	 .help = "Types of attachments that are taken; the file's own bytes decide what it is."},
	{.name = "messages_per_minute", .type = SET_INT, .offset = AT(messages_per_minute), .def = "60", .min = 0, .max = 100000,
	 .help = "Requests of one visitor; 0: no limit."},
	{.name = "sessions_per_minute", .type = SET_INT, .offset = AT(sessions_per_minute), .def = "60", .min = 0, .max = 100000,
	 .help = "New sessions from one address; 0: no limit."},
	{.name = "token_life", .type = SET_DURATION, .offset = AT(token_life), .def = "365d", .min = US_MIN, .max = 3650 * US_DAY,
	 .help = "How long a browser is remembered."},
	{.name = "away_after", .type = SET_DURATION, .offset = AT(away_after), .def = "20s", .min = 0, .max = US_HOUR,
	 .help = "A visitor without an open page for this long is away: the answer also goes to the number it left."},
	SETTING_END};
/* clang-format on */

static int web_open(const void *set, const struct channel_host *host, struct account **out, struct err *err)
{
	struct account *a = calloc(1, sizeof *a);

	if (!a)
		return err_nomem(err);
	a->set = set;
	a->host = host;
	if (limits_init(&a->by_visitor, a->set->messages_per_minute) ||
	    limits_init(&a->by_address, a->set->sessions_per_minute)) {
		limits_free(&a->by_visitor);
		limits_free(&a->by_address);
		free(a);
		return err_nomem(err);
	}
	*out = a;
	return 0;
}

static struct channel_caps web_caps(const struct account *a)
{
	return (struct channel_caps){.receipts = true,
				     .two_way = true,
				     .typing = true,
				     .media = true,
				     .max_text = (size_t)a->set->max_text,
				     .window = 256};
}

static struct channel_estimate web_estimate(const struct account *a, struct str text, struct str options)
{
	(void)a;
	(void)text;
	(void)options;
	return (struct channel_estimate){.encoding = "utf-8", .segments = 1, .units = 0};
}

static void visitor_gone(void *arg, const struct visitor *v)
{
	struct account *a = arg;
	struct address who;

	visitor_address(&v->id, &who);
	a->host->signal(a->host->self, &who, SIGNAL_OFFLINE, NULL);
}

/* A comment now and then keeps proxies from closing an idle stream, and finds out who has gone. */
static void beat(struct timer *t)
{
	struct account *a = (struct account *)((char *)t - offsetof(struct account, beat));
	int64_t now = loop_now(a->host->loop);

	for (int i = 0; i < VISITOR_HEADS; i++)
		for (struct visitor *v = a->visitors.heads[i]; v; v = v->chain)
			for (struct page *p = v->pages, *next; p; p = next) {
				next = p->next;
				a->host->stream_send(a->host->self, p->e, STR(":\n\n"));
			}
	visitors_forget(&a->visitors, now - a->set->away_after, visitor_gone, a);
	loop_timer(a->host->loop, t, now + BEAT, beat);
}

static void web_start(struct account *a)
{
	loop_timer(a->host->loop, &a->beat, loop_now(a->host->loop) + BEAT, beat);
	a->host->state(a->host->self, ACCOUNT_UP, "ready");
}

static void web_stop(struct account *a, int64_t deadline)
{
	struct page *p, *last = NULL;

	(void)deadline; /* nothing here waits for a peer: streams are ended, and the host answers what is due */
	a->stopping = true;
	loop_timer_stop(a->host->loop, &a->beat);
	held_release(a);
	while ((p = visitors_any(&a->visitors)) && p != last) {
		last = p;
		a->host->stream_end(a->host->self, p->e);
	}
	pending_add(a);
	pending_done(a);
}

static void web_close(struct account **ap)
{
	struct account *a = *ap;

	if (!a)
		return;
	visitors_free(&a->visitors);
	limits_free(&a->by_visitor);
	limits_free(&a->by_address);
	free(a);
	*ap = NULL;
}

static void web_status(const struct account *a, struct buf *out)
{
	buf_addf(out, "{\"visitors\":%zu,\"pages\":%zu}", a->visitors.n, a->visitors.pages_n);
}

enum { BODY = 64 << 10, FILE_BODY = 16 << 20 };

/* clang-format off */
#define PREFLIGHT(route) {.method = "OPTIONS", .path = "/web/{account}/" route, .handle = web_preflight}
/* clang-format on */
static const struct channel_route routes[] = {
	PREFLIGHT("session"),
	PREFLIGHT("contact"),
	PREFLIGHT("message"),
	PREFLIGHT("signal"),
	PREFLIGHT("file"),
	PREFLIGHT("stream"),
	{.method = "POST", .path = "/web/{account}/session", .max_body = BODY, .handle = web_session},
	{.method = "POST", .path = "/web/{account}/contact", .max_body = BODY, .handle = web_contact},
	{.method = "POST", .path = "/web/{account}/message", .max_body = BODY, .handle = web_message},
	{.method = "POST", .path = "/web/{account}/signal", .max_body = BODY, .handle = web_signal},
	{.method = "POST", .path = "/web/{account}/file", .max_body = FILE_BODY, .handle = web_file_put},
	{.method = "GET", .path = "/web/{account}/file/*", .handle = web_file_get},
	{.method = "GET",
	 .path = "/web/{account}/stream",
	 .stream = true,
	 .handle = web_stream,
	 .gone = web_stream_gone},
	{0}};

const struct channel_ops web_channel = {
	.name = "web",
	.channel = CHANNEL_WEB,
	.affinity = AFFINITY_TYPE,
	.settings = settings,
	.settings_size = sizeof(struct web_settings),
	.open = web_open,
	.caps = web_caps,
	.estimate = web_estimate,
	.start = web_start,
	.submit = web_submit,
	.signal = web_send_signal,
	.status = web_status,
	.stop = web_stop,
	.close = web_close,
	.routes = routes,
	.routes_where_it_runs = true,
};
