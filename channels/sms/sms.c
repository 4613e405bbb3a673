/*
 * The channel_ops of SMS. What an account is made of is told in account.h.
 *
 * Answers to inbound PDUs: stored or seen before is ESME_ROK; "not now" is ESME_RX_T_APPN, upon which an SMSC tries again;
 * "never" is ESME_RX_P_APPN, upon which it stops. While paused, messages are refused with ESME_RX_T_APPN and receipts are
 * still taken; while stopping, both are refused so.
 */
#include "sms/sms.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "sms/account.h"
#include "sms/number.h"

static int add_host(struct account *a, struct str name, int64_t port, struct err *err)
{
	struct smsc_host *h = &a->hosts[a->hosts_n];

	if (a->hosts_n == HOSTS_MAX)
		return err_set(err, ERR_SEMANTIC, "too_many", "standby", "standby: at most %d hosts", HOSTS_MAX - 1);
	if (!name.n || name.n >= sizeof h->name || port < 1 || port > 65535)
		return err_set(err, ERR_SEMANTIC, "host_invalid", "standby", "standby: host:port expected");
	memcpy(h->name, name.p, name.n);
	h->name[name.n] = 0;
	h->port = (uint16_t)port;
	a->hosts_n++;
	return 0;
}

/* "smsc2.example:2776", "[2001:db8::1]:2775", "smsc3" (then the port of the account). */
static int add_standby(struct account *a, struct str item, struct err *err)
{
	int64_t port = a->set->port;
	struct str name = item;
	size_t colon = item.n;

	while (colon > 0 && item.p[colon - 1] != ':' && item.p[colon - 1] != ']')
		colon--;
	if (colon > 0 && item.p[colon - 1] == ':') {
		name.n = colon - 1;
		if (!str_i64(str_n(item.p + colon, item.n - colon), &port))
			return err_set(err, ERR_SEMANTIC, "host_invalid", "standby", "standby: host:port expected");
	}
	if (name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']')
		name = str_n(name.p + 1, name.n - 2);
	return add_host(a, name, port, err);
}

static int read_hosts(struct account *a, struct err *err)
{
	size_t pos = 0;
	struct str item;

	if (add_host(a, str_of(a->set->host), a->set->port, err))
		return -1;
	while (a->set->standby && settings_list_next(a->set->standby, &pos, &item))
		if (add_standby(a, item, err))
			return -1;
	return 0;
}

static int make_links(struct account *a)
{
	static const struct {
		int n;
		enum link_bind bind[2];
	} plan[] = {
		[SMS_BIND_TRANSCEIVER] = {1, {LINK_TRANSCEIVER}},
		[SMS_BIND_SPLIT] = {2, {LINK_TRANSMITTER, LINK_RECEIVER}},
		[SMS_BIND_TRANSMITTER] = {1, {LINK_TRANSMITTER}},
		[SMS_BIND_RECEIVER] = {1, {LINK_RECEIVER}},
	};
	int each = plan[a->set->bind].n, n = each * (int)a->set->binds;

	a->links = calloc((size_t)n, sizeof *a->links);
	if (!a->links)
		return -1;
	for (; a->links_n < n; a->links_n++)
		if (link_init(&a->links[a->links_n], a, a->links_n / each + 1,
			      plan[a->set->bind].bind[a->links_n % each])) {
			a->links_n++; /* half made: link_free copes */
			return -1;
		}
	return 0;
}

static void sms_close(struct account **ap)
{
	struct account *a = *ap;

	if (!a)
		return;
	for (int i = 0; i < a->links_n; i++)
		link_free(&a->links[i]);
	free(a->links);
	account_release(a);
	pending_release(&a->pending);
	numbers_free(&a->numbers);
	tls_context_free(&a->tls);
	free(a);
	*ap = NULL;
}

static int fail(struct account *a)
{
	sms_close(&a);
	return -1;
}

/* Reads the certificate files that the settings name, so that `threadline check` finds a wrong one; no other I/O. */
static int sms_open(const void *set, const struct channel_host *host, struct account **out, struct err *err)
{
	const struct sms_settings *s = set;
	struct tls_options tls = {s->tls_ca, s->tls_cert, s->tls_key, s->tls_verify};
	struct account *a;

	if (sms_settings_check(s, err))
		return -1;
	a = calloc(1, sizeof *a);
	if (!a)
		return err_nomem(err);
	account_init(a, s, host);
	if (read_hosts(a, err) || (s->tls && tls_context_new(&tls, &a->tls, err)))
		return fail(a);
	a->pending = pending_new(a);
	a->numbers = numbers_new(host->region);
	if (!a->pending || !a->numbers || make_links(a)) {
		err_nomem(err);
		return fail(a);
	}
	*out = a;
	return 0;
}

static struct channel_caps sms_caps(const struct account *a)
{
	int links = (int)a->set->binds;

	return (struct channel_caps){
		.receipts = a->set->receipts != SMS_RECEIPTS_NONE,
		.two_way = a->set->bind != SMS_BIND_TRANSMITTER,
		.max_text = (size_t)a->set->max_segments * 153,
		.window = a->set->bind == SMS_BIND_RECEIVER ? 0 : (int)a->window * links + (int)submit_queue_size(a),
	};
}

static struct channel_estimate sms_estimate(const struct account *a, struct str text, struct str options)
{
	return prepare_estimate(a->set, text, options);
}

static void sms_start(struct account *a)
{
	a->started = true;
	a->told = ACCOUNT_CONNECTING;
	a->host->state(a->host->self, ACCOUNT_CONNECTING, "");
	for (int i = 0; i < a->links_n; i++)
		link_start(&a->links[i]);
}

static bool hold(struct account *a, const struct delivery *d)
{
	struct held *h = held_get(a);
	struct refusal why;
	size_t n = d->correlation.n;

	if (!h)
		return false;
	h->id = d->id;
	h->token = d->token;
	h->expires_at = d->expires_at;
	h->purpose = d->purpose;
	n = n < sizeof h->correlation ? n : sizeof h->correlation - 1;
	if (n)
		memcpy(h->correlation, d->correlation.p, n);
	h->correlation[n] = 0;
	switch (prepare(a, d, h, &why)) {
	case PREPARED: submit_queue(a, h); return true;
	case PREPARE_NO_MEMORY: held_put(a, h); return false;
	case PREPARE_REFUSED: held_finish(a, h, why.kind, why.code, why.reason, 0);
	}
	return true;
}

static size_t sms_submit(struct account *a, const struct delivery *v, size_t n)
{
	size_t room = submit_room(a), taken = 0;

	while (taken < n && taken < room && hold(a, &v[taken]))
		taken++;
	if (taken < n)
		a->hungry = true;
	if (taken)
		account_flush_soon(a);
	return taken;
}

static void sms_pause(struct account *a, bool paused) { a->paused = paused; }

static void link_status(struct json_out *j, const struct link *l, int64_t now)
{
	const struct smsc_host *h = &l->a->hosts[l->host_at];

	json_obj(j, NULL);
	json_cstr(j, "name", l->name);
	json_cstr(j, "state", l->state == LINK_WAITING && l->refused ? "refused" : link_state_word(l->state));
	json_cstr(j, "host", h->name);
	json_int(j, "port", h->port);
	json_int(j, "seconds", (now - l->since) / INT64_C(1000000));
	json_int(j, "window", l->window.limit);
	json_int(j, "window_used", l->window.used);
	json_int(j, "inbound_unanswered", l->inbound);
	if (l->reason[0])
		json_cstr(j, "reason", l->reason);
	json_end(j);
}

static void sms_status(const struct account *a, struct buf *out)
{
	struct json_out j;

	json_begin(&j, out);
	json_obj(&j, NULL);
	json_int(&j, "bound", a->bound_n);
	json_int(&j, "queue", (int64_t)a->queued);
	json_int(&j, "held", (int64_t)a->held);
	json_int(&j, "rate_limit", a->throttle.rate);
	json_bool(&j, "throttled", throttle_is_cut(&a->throttle));
	json_bool(&j, "paused", a->paused);
	json_arr(&j, "links");
	for (int i = 0; i < a->links_n; i++)
		link_status(&j, &a->links[i], loop_now(a->host->loop));
	json_end(&j);
	json_end(&j);
}

static int sms_reload(struct account *a, const void *set, struct err *err)
{
	const struct sms_settings *s = set;

	for (int i = 0; i < a->links_n; i++)
		if (window_resize(&a->links[i].window, (uint32_t)s->window))
			return err_nomem(err);
	a->window = s->window;
	a->enquire_link = s->enquire_link;
	throttle_limit(&a->throttle, s->throughput);
	for (int i = 0; i < a->links_n; i++)
		link_reloaded(&a->links[i]);
	account_flush_soon(a);
	return 0;
}

const struct channel_ops sms_channel = {
	.name = "sms",
	.channel = CHANNEL_SMS,
	.affinity = AFFINITY_TYPE,
	.settings = sms_settings_table,
	.settings_size = sizeof(struct sms_settings),
	.open = sms_open,
	.caps = sms_caps,
	.estimate = sms_estimate,
	.start = sms_start,
	.submit = sms_submit,
	.cancel = submit_cancel,
	.pause = sms_pause,
	.status = sms_status,
	.reload = sms_reload,
	.stop = account_stop,
	.close = sms_close,
};
