/* The channel_ops of email. What an account is made of is told in account.h. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "email/account.h"
#include "email/address.h"
#include "email/email.h"
#include "email/inbound.h"

enum { WINDOW_MIN = 16, DOMAIN_MAX = MESSAGE_ID_MAX - UUID_TEXT - 16 };

static void email_close(struct account **ap)
{
	struct account *a = *ap;

	if (!a)
		return;
	loop_timer_stop(a->host->loop, &a->flush);
	loop_timer_stop(a->host->loop, &a->deadline);
	email_inbound_free(&a->inbound);
	smtp_free(&a->smtp);
	dkim_free(&a->dkim);
	free(a);
	*ap = NULL;
}

static int pattern(const char *value, const char *field, struct err *err)
{
	if (!value || mail_token_pattern_check(value, err) == 0)
		return 0;
	if (err)
		snprintf(err->field, sizeof err->field, "%s", field);
	return -1;
}

static bool url_ok(const char *url)
{
	size_t n = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;

	for (const char *c = url; *c; c++)
		if (*c <= ' ' || *c >= 127 || strchr("<>\"?#", *c))
			return false;
	return n && strlen(url) > n && strlen(url) < 256;
}

static int check(const struct email_settings *s, struct err *err)
{
	if (pattern(s->reply_address, "reply_address", err) || pattern(s->bounce_address, "bounce_address", err))
		return -1;
	if (s->public_url && s->public_url[0] && !url_ok(s->public_url))
		return err_set(err, ERR_SEMANTIC, "url_invalid", "public_url",
			       "an URL like https://mail.example.com expected");
	if (s->tls_ca && access(s->tls_ca, R_OK))
		return err_set(err, ERR_SEMANTIC, "file_invalid", "tls_ca", "%s cannot be read", s->tls_ca);
	if (s->retry_min > s->retry_max)
		return err_set(err, ERR_SEMANTIC, "out_of_range", "retry_min", "more than retry_max");
	return 0;
}

/* What the addresses in the settings come to. */
static int identity(struct account *a, struct err *err)
{
	const char *domain;

	if (email_sender_parse(str_of(a->set->from), a->from_name, a->from, err)) {
		if (err)
			snprintf(err->field, sizeof err->field, "from");
		return -1;
	}
	domain = strrchr(a->from, '@') + 1;
	if (strlen(domain) > DOMAIN_MAX)
		return err_set(err, ERR_SEMANTIC, "mailbox_invalid", "from", "the domain is too long");
	snprintf(a->domain, sizeof a->domain, "%s", domain);
	domain = a->set->hello && a->set->hello[0] ? a->set->hello : a->domain;
	for (const char *c = domain; *c; c++)
		if (*c <= ' ' || *c >= 127 || strchr("/?#%", *c) || c - domain > 250)
			return err_set(err, ERR_SEMANTIC, "name_invalid", "hello", "that is no host name");
	snprintf(a->hello, sizeof a->hello, "%s", domain);
	return 0;
}

static int open_parts(struct account *a, struct err *err)
{
	const struct email_settings *s = a->set;
	struct smtp_calls calls = {email_done, email_changed, email_more, a};

	if (check(s, err) || identity(a, err))
		return -1;
	if (s->dkim && s->dkim[0] &&
	    dkim_new(s->dkim, s->dkim_domain && s->dkim_domain[0] ? s->dkim_domain : a->domain, &a->dkim, err))
		return -1;
	if (smtp_new(s, a->hello, a->host->loop, &calls, &a->smtp, err))
		return -1;
	return email_inbound_open(s, a->domain, a->host, email_changed, a, &a->inbound, err);
}

/* Reads the key files that the settings name, so that `threadline check` finds a wrong one; no other I/O. */
static int email_open(const void *set, const struct channel_host *host, struct account **out, struct err *err)
{
	const struct email_settings *s = set;
	struct account *a = calloc(1, sizeof *a);

	if (!a)
		return err_nomem(err);
	a->set = s;
	a->host = host;
	TAILQ_INIT(&a->ready);
	TAILQ_INIT(&a->reading);
	compose_init();
	if (open_parts(a, err)) {
		email_close(&a);
		return -1;
	}
	a->window = (size_t)s->connections * smtp_hosts(a->smtp)->n;
	a->window += s->queue ? (size_t)s->queue : 2 * a->window;
	if (a->window < WINDOW_MIN)
		a->window = WINDOW_MIN;
	*out = a;
	return 0;
}

static struct channel_caps email_caps(const struct account *a)
{
	return (struct channel_caps){.receipts = true,
				     .two_way = true,
				     .media = true,
				     .max_text = (size_t)a->set->max_text,
				     .window = (int)a->window};
}

static struct channel_estimate email_estimate(const struct account *a, struct str text, struct str options)
{
	(void)a, (void)text, (void)options;
	return (struct channel_estimate){.encoding = "utf-8", .segments = 1, .units = 0};
}

static void email_start(struct account *a)
{
	a->told = ACCOUNT_CONNECTING;
	a->host->state(a->host->self, ACCOUNT_CONNECTING, "");
	smtp_start(a->smtp);
	if (a->inbound)
		email_inbound_start(a->inbound);
}

static size_t email_submit(struct account *a, const struct delivery *v, size_t n)
{
	size_t taken = 0;

	while (taken < n && !a->stopping && a->held < a->window && a->files_held < FILES_HELD) {
		struct letter *l = letter_new(a, &v[taken]);
		if (!l)
			break;
		taken++;
		letter_read(l);
	}
	if (taken < n) {
		a->hungry = true;
		email_flush_soon(a);
	}
	return taken;
}

static void email_pause(struct account *a, bool paused)
{
	if (a->inbound)
		email_inbound_pause(a->inbound, paused);
}

static void email_status(const struct account *a, struct buf *out)
{
	const struct smart_hosts *h = smtp_hosts(a->smtp);
	struct json_out j;
	struct buf inbound;

	json_begin(&j, out);
	json_obj(&j, NULL);
	json_int(&j, "held", (int64_t)a->held);
	json_int(&j, "queue", (int64_t)a->queued);
	json_int(&j, "sending", (int64_t)smtp_active(a->smtp));
	json_arr(&j, "hosts");
	for (size_t i = 0; i < h->n; i++) {
		json_obj(&j, NULL);
		json_cstr(&j, "host", h->v[i].name);
		json_int(&j, "port", h->v[i].port);
		json_cstr(&j, "state", h->v[i].up ? "up" : h->v[i].failures ? "down" : "unknown");
		json_int(&j, "connections", h->v[i].active);
		if (h->v[i].reason[0])
			json_cstr(&j, "reason", h->v[i].reason);
		json_end(&j);
	}
	json_end(&j);
	if (a->inbound) {
		buf_init(&inbound, 64 << 10);
		email_inbound_status(a->inbound, &inbound);
		json_raw(&j, "inbound", buf_str(&inbound));
		buf_free(&inbound);
	}
	json_end(&j);
}

const struct channel_ops email_channel = {
	.name = "email",
	.channel = CHANNEL_EMAIL,
	.affinity = AFFINITY_ACCOUNT,
	.settings = email_settings_table,
	.settings_size = sizeof(struct email_settings),
	.open = email_open,
	.caps = email_caps,
	.estimate = email_estimate,
	.start = email_start,
	.submit = email_submit,
	.cancel = email_cancel,
	.pause = email_pause,
	.status = email_status,
	.stop = email_stop,
	.close = email_close,
	.routes = email_routes,
};
