/*
 * The host: the gateway's side of the channel interface. It opens the configured accounts, gives each its loop, and
 * wires what adapters call to intake and outbound, and what outbound and the server want to the adapters.
 *
 *   adapter's loop ──received, receipts, outcomes──▶ intake, outbound (write jobs) ──done──▶ back on the adapter's loop
 *   dispatcher ──offer──▶ adapter's loop: submit        server ──request, gone──▶ adapter's loop: handle, gone
 *
 * What one round of a loop brings is handed over as one batch, and what one commit answers comes back as one task: a
 * message never pays for a wake-up of its own. history and blobs are read on a thread of the host's own, because an
 * adapter's loop makes no database calls.
 *
 * HTTP. The server mounts host_routes() and hands each request over with host_request(). `struct exchange` is the
 * server's own object: the host only passes it on. It lives until
 *   - a plain exchange: exchange_ops.reply, which the adapter leads to exactly once, even when the client has gone;
 *   - a stream: exchange_ops.released, which the host calls after the server said host_gone() and the adapter heard it.
 * After these the host and the adapter have forgotten it. A server that ends a stream (client gone, too slow, stopping, or
 * after stream_end) always says host_gone(), once. It must have ended all of them before host_stop().
 */
#pragma once
#include "base/json.h"
#include "intake/intake.h"
#include "outbound/outbound.h"

struct host;
struct blobs;

struct host_config {
	struct accounts *accounts;
	struct outbound *outbound;
	struct intake *intake;
	struct events *events;
	struct readers *readers;
	struct writer *writer;
	struct blobs *blobs; /* NULL: attachments are refused */
	const char *region;
	struct str secret; /* 32 bytes; each account gets one derived from it */
	bool shared;	   /* other gateways may run an account: each waits for host_run */
};

/* Given by the server. All thread-safe, none blocks; called on adapters' loops. */
struct exchange_ops {
	void (*reply)(struct exchange *e,
		      const struct channel_reply *r); /* copies; the last word on a plain exchange */
	void (*stream_begin)(struct exchange *e, const struct channel_reply *head);
	int (*stream_send)(struct exchange *e, struct str bytes); /* -1: too slow or gone; host_gone() follows */
	void (*stream_end)(struct exchange *e);
	void (*released)(struct exchange *e);
};

/* Opens nothing yet. */
int host_new(const struct host_config *c, struct host **out, struct err *err);
/* Opens one account and adds it to accounts. `set` lives as long as the host. Before host_start. */
int host_add(struct host *h, const char *name, const struct channel_ops *ops, const void *set, struct err *err);
void host_exchange(struct host *h, const struct exchange_ops *ops); /* before the first request */
/* Starts the loops and the accounts, and becomes outbound's carrier. Before outbound_start. */
int host_start(struct host *h, struct err *err);
/* Runs an account of a shared store here. Any thread. */
int host_run(struct host *h, const char *account, struct err *err);
void host_standby(struct host *h, const char *account); /* says that it does not */
/* Stops every account: drains for at most `drain` microseconds, waits for what is being committed. The writer must still
 * run, outbound_stop have been called. */
void host_stop(struct host *h, int64_t drain);
void host_free(struct host **h); /* stops first if need be; the writer may be gone only after it */

struct host_route {
	const char *method; /* "GET"; an OPTIONS route is listed like others */
	const char *path;   /* "/web/site/stream": the account's name is in it; may end in "*" */
	size_t max_body;
	bool stream;
	const struct channel_route *route;
	struct host_account *account;
};
/* All routes of all open accounts. The array belongs to the host and does not change after host_add. */
const struct host_route *host_routes(const struct host *h, size_t *n);

/* Any thread. Copies all of r (r->query is not called later); query: n_query pairs of name and value, decoded.
 * -1 (out of memory, stopping): the exchange stays the caller's, who answers 503. */
int host_request(struct host *h, const struct host_route *route, const struct channel_request *r,
		 const struct str *query, size_t n_query, struct err *err);
/* The stream's client has gone, or its stream was ended. Any thread; exactly once for each stream that was begun. */
void host_gone(struct host *h, const struct host_route *route, struct exchange *e);

/* What an agent does: typing and read marks towards a customer. account empty: all accounts of the address's channel. */
void host_signal(struct host *h, struct str account, const struct address *to, enum signal_kind k,
		 const struct uuid *upto);
/* Applies changed settings (those marked reload) on the account's loop; waits for it. */
int host_reload(struct host *h, const char *account, const void *set, struct err *err);

/* Health of each account: [{"name","channel","state","reason","since","detail":{…}}]. Any thread. */
void host_health(struct host *h, struct json_out *j, const char *key);
void host_metrics(struct host *h, struct buf *prometheus); /* what adapters count, and the state of each account */

/* ---- confirmations of keywords: intake asks, outbound sends (they are neighbours and do not know each other) ---- */
struct confirmer;
int confirmer_new(struct outbound *o, struct confirmer **out, struct err *err);
void confirmer_free(struct confirmer **c);
void confirmer_bind(struct confirmer *c, struct intake_config *into); /* fills confirm, confirm_reset, ... */
