/*
 * Loopback: what goes out comes back in, and is reported as delivered. It proves the channel interface, serves as the
 * double in tests, and lets a gateway be tried without any network.
 *
 * A delivery is held for `delay` and then, in the order of submission: outcome SENT, a receipt, and the same text as an
 * inbound message from the address it went to. At most `window` are held.
 */
#include "loopback/loopback.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

struct set {
	int64_t window, delay;
	bool receipts, echo;
};

static const struct setting settings[] = {
	{.name = "window",
	 .type = SET_INT,
	 .offset = offsetof(struct set, window),
	 .def = "64",
	 .min = 1,
	 .max = 10000,
	 .help = "How many messages are held at once."},
	{.name = "delay",
	 .type = SET_DURATION,
	 .offset = offsetof(struct set, delay),
	 .def = "0s",
	 .min = 0,
	 .max = US_HOUR,
	 .help = "How long each is held before it comes back."},
	{.name = "receipts",
	 .type = SET_BOOL,
	 .offset = offsetof(struct set, receipts),
	 .def = "yes",
	 .help = "Whether a receipt follows."},
	{.name = "echo",
	 .type = SET_BOOL,
	 .offset = offsetof(struct set, echo),
	 .def = "yes",
	 .help = "Whether the text comes back as an inbound message."},
	SETTING_END,
};

enum { ID_MAX = UUID_TEXT + 8, BATCH = 64 };

struct held {
	struct held *next;
	struct delivery_id id;
	int64_t token, due;
	struct address to;
	struct str text;
	char bytes[];
};

struct account {
	const struct set *set;
	const struct channel_host *host;
	struct held *first, **last;
	int64_t n;
	bool short_of_room, stopping, paused;
	struct timer timer;
	struct address self;
};

static int open_account(const void *set, const struct channel_host *host, struct account **out, struct err *err)
{
	struct account *a = calloc(1, sizeof *a);

	if (!a)
		return err_nomem(err);
	a->set = set;
	a->host = host;
	a->last = &a->first;
	a->self.scheme = SCHEME_SENDER;
	snprintf(a->self.value, sizeof a->self.value, "%.11s", host->name);
	*out = a;
	return 0;
}

static struct channel_caps caps(const struct account *a)
{
	return (struct channel_caps){.receipts = a->set->receipts, .two_way = true, .window = (int)a->set->window};
}

static struct channel_estimate estimate(const struct account *a, struct str text, struct str options)
{
	(void)a;
	(void)text;
	(void)options;
	return (struct channel_estimate){"utf-8", 1, 0};
}

static void start(struct account *a) { a->host->state(a->host->self, ACCOUNT_UP, "loopback"); }

/* ---- what comes back ---- */

static void on_done(void *arg, const struct intake_result *r)
{
	struct account *a = arg;

	a->host->count(a->host->self,
		       r->answer == INTAKE_ACCEPTED ? "loopback_accepted_total" : "loopback_refused_total", NULL, 1);
}

static struct held *take_first(struct account *a)
{
	struct held *h = a->first;

	a->first = h->next;
	if (!a->first)
		a->last = &a->first;
	a->n--;
	return h;
}

static void report(struct account *a, const struct held *h, struct str id)
{
	struct receipt r = {.account = str_of(a->host->name),
			    .external_id = id,
			    .from = h->to,
			    .to = a->self,
			    .status = STATUS_DELIVERED,
			    .raw_state = STR("DELIVRD"),
			    .error_code = STR("000")};

	if (a->set->receipts)
		a->host->receipt(a->host->self, &r, on_done, a);
}

static void echo(struct account *a, const struct held *h, struct str id)
{
	struct inbound in = {.channel = CHANNEL_LOOPBACK,
			     .account = str_of(a->host->name),
			     .external_id = id,
			     .from = h->to,
			     .to = a->self,
			     .text = h->text};

	if (a->set->echo && !a->paused)
		a->host->received(a->host->self, &in, on_done, a);
}

static void tell_ready(struct account *a)
{
	if (!a->short_of_room || a->stopping)
		return;
	a->short_of_room = false;
	a->host->ready(a->host->self);
}

static void on_timer(struct timer *t);

static void schedule(struct account *a)
{
	if (a->first)
		loop_timer(a->host->loop, &a->timer, a->first->due, on_timer);
}

/* Up to BATCH whose time has come: outcomes first, in one call, then what follows from them. */
static void on_timer(struct timer *t)
{
	struct account *a = (struct account *)(void *)((char *)t - offsetof(struct account, timer));
	struct outcome out[BATCH];
	struct held *gone[BATCH];
	char id[BATCH][ID_MAX];
	struct str ref[BATCH];
	size_t n = 0;

	while (n < BATCH && a->first && a->first->due <= loop_now(a->host->loop)) {
		struct held *h = gone[n] = take_first(a);
		char message[UUID_TEXT];
		ref[n] = str_n(id[n],
			       (size_t)snprintf(id[n], ID_MAX, "%s.%u", uuid_format(&h->id.message, message), h->id.n));
		out[n] = (struct outcome){.id = h->id,
					  .token = h->token,
					  .kind = OUTCOME_SENT,
					  .external_ids = &ref[n],
					  .external_ids_n = 1};
		n++;
	}
	a->host->outcomes(a->host->self, out, n);
	for (size_t k = 0; k < n; k++) {
		report(a, gone[k], ref[k]);
		echo(a, gone[k], ref[k]);
		free(gone[k]);
	}
	schedule(a);
	tell_ready(a);
}

/* ---- what goes out ---- */

static struct held *hold(struct account *a, const struct delivery *d)
{
	struct held *h = malloc(sizeof *h + d->text.n + 1);

	if (!h)
		return NULL;
	*h = (struct held){.id = d->id, .token = d->token, .to = d->to, .due = loop_now(a->host->loop) + a->set->delay};
	if (d->text.n)
		memcpy(h->bytes, d->text.p, d->text.n);
	h->bytes[d->text.n] = 0;
	h->text = str_n(h->bytes, d->text.n);
	*a->last = h;
	a->last = &h->next;
	a->n++;
	return h;
}

static size_t submit(struct account *a, const struct delivery *v, size_t n)
{
	size_t taken = 0;

	while (taken < n && !a->stopping && a->n < a->set->window && hold(a, &v[taken]))
		taken++;
	a->short_of_room = taken < n;
	if (!a->timer.slot)
		schedule(a);
	return taken;
}

static void end(struct account *a, struct held *h, enum outcome_kind kind, const char *reason)
{
	struct outcome o = {.id = h->id, .token = h->token, .kind = kind, .reason = str_of(reason)};

	a->host->outcome(a->host->self, &o);
	free(h);
}

static void cancel(struct account *a, const struct delivery_id *id)
{
	for (struct held **at = &a->first, *h; (h = *at); at = &h->next)
		if (h->id.n == id->n && uuid_eq(&h->id.message, &id->message)) {
			*at = h->next;
			if (!h->next)
				a->last = at;
			a->n--;
			end(a, h, OUTCOME_CANCELLED, "cancelled");
			tell_ready(a);
			return;
		}
}

static void pause_inbound(struct account *a, bool paused) { a->paused = paused; }

/* Nothing is on a wire: what is held was never sent. */
static void stop(struct account *a, int64_t deadline)
{
	(void)deadline;
	a->stopping = true;
	loop_timer_stop(a->host->loop, &a->timer);
	while (a->first)
		end(a, take_first(a), OUTCOME_RELEASED, "stopping");
	a->host->state(a->host->self, ACCOUNT_CLOSED, "stopped");
}

static void status(const struct account *a, struct buf *json)
{
	buf_adds(json, "{\"held\":");
	buf_add_i64(json, a->n);
	buf_addc(json, '}');
}

static void close_account(struct account **ap)
{
	struct account *a = *ap;

	if (!a)
		return;
	for (struct held *h = a->first, *next; h; h = next) {
		next = h->next;
		free(h);
	}
	free(a);
	*ap = NULL;
}

const struct channel_ops loopback_channel = {
	.name = "loopback",
	.channel = CHANNEL_LOOPBACK,
	.affinity = AFFINITY_TYPE,
	.settings = settings,
	.settings_size = sizeof(struct set),
	.open = open_account,
	.caps = caps,
	.estimate = estimate,
	.start = start,
	.submit = submit,
	.cancel = cancel,
	.pause = pause_inbound,
	.status = status,
	.stop = stop,
	.close = close_account,
};
