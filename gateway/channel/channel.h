/*
 * The interface between the gateway (host) and an adapter. An adapter is one folder under channels/, exports one
 * `const struct channel_ops`, and is listed once in gateway/adapters.c. It may include this header, model/ and base/;
 * never the store, never another adapter.
 *
 * Words: MUST / MAY as in RFC 2119. Everything in channel_ops is called on the adapter's own loop thread, so an adapter
 * needs no locks. Everything in channel_host is thread-safe and never blocks.
 */
#pragma once
#include "base/loop.h"
#include "base/settings.h"
#include "model/message.h"
#include "model/outcome.h"

struct account;	     /* the adapter's own: one opened instance */
struct host_account; /* the host's own: its side of the same instance; passed back in every host call */
struct exchange;     /* one HTTP request that waits for its answer; the host's own */

enum account_state {
	ACCOUNT_CONNECTING,
	ACCOUNT_UP,
	ACCOUNT_DOWN,
	ACCOUNT_REFUSED,
	ACCOUNT_CLOSED,
	ACCOUNT_STANDBY /* the host's: another gateway on the same store runs it */
};
const char *account_state_word(enum account_state s); /* connecting, up, down, refused, closed, standby */

/* What this account (not the type) can do. */
struct channel_caps {
	bool receipts, two_way, typing, media;
	size_t max_text; /* in code points; 0: no limit */
	int window;	 /* how many deliveries it will hold at once */
};

/* Size of a text on this account, for the answer to POST /v1/messages, before anything is sent. */
struct channel_estimate {
	const char *encoding; /* "gsm7", "ucs2", "utf-8"; static */
	int segments;
	int units; /* estimated cost units: segments for SMS */
};

enum affinity { AFFINITY_TYPE, AFFINITY_ACCOUNT }; /* one loop for all accounts of the type, or one for each */

/* ---- what the host gives ------------------------------------------------------------------------------------------ */

enum intake_answer {
	INTAKE_ACCEPTED,  /* committed */
	INTAKE_DUPLICATE, /* was committed before: answer the peer as for ACCEPTED */
	INTAKE_REJECTED,  /* will never be taken; why says so */
	INTAKE_BUSY	  /* not now: give the peer a temporary error; retry_after in microseconds */
};

struct intake_result {
	enum intake_answer answer;
	struct uuid interaction; /* ACCEPTED and DUPLICATE; nil for a part that waits for its fellows */
	const char *why;
	int64_t retry_after;
};
/* Runs on the adapter's loop after the commit. Runs exactly once, also during stop. */
typedef void intake_done(void *arg, const struct intake_result *r);

/* One HTTP request for a route of the adapter. Valid until reply (or, for a stream, until gone). */
struct channel_request {
	struct exchange *exchange;
	const char *method, *path; /* path as the client asked for it */
	struct str body;	   /* whole; bounded by the route */
	struct str remote;	   /* client address, after trusted proxies */
	struct str origin, content_type, authorization, last_event_id, user_agent, language;
	bool secure;	  /* came over TLS, here or at a trusted proxy */
	struct str param; /* what a trailing "*" of the route matched */
	/* Decoded query parameter; .p NULL if absent. */
	struct str (*query)(const struct channel_request *r, const char *name);
};

struct channel_reply {
	int status;
	const char *content_type;
	struct str body;
	const struct str *headers; /* pairs: name, value */
	size_t headers_n;	   /* number of strs: twice the number of headers */
};

struct channel_route {
	/* "/web/{account}/session"; a last segment of "*" stands for the rest of the path. The host puts the account's name
	 * for {account} and mounts one route for each account, at the root of the server. OPTIONS is a method like others. */
	const char *method, *path;
	size_t max_body;
	bool stream; /* answered with stream_begin */
	/* Called on the adapter's loop. MUST lead to one reply or one stream_begin, at once or later. */
	void (*handle)(struct account *a, const struct channel_request *r);
	/* The client of a stream has gone (or stream_end was called): the exchange must not be used any more. */
	void (*gone)(struct account *a, struct exchange *e);
};

enum signal_kind { SIGNAL_TYPING, SIGNAL_STOPPED_TYPING, SIGNAL_READ, SIGNAL_ONLINE, SIGNAL_OFFLINE };

/* One entry of a contact point's own thread, as its owner may see it. Valid during the call. */
struct history_entry {
	struct uuid id;
	enum direction direction;
	enum status status;
	int64_t at;
	struct str text, author;
	const struct attachment *attachments;
	size_t attachments_n;
};
typedef void history_done(void *arg, const struct history_entry *v, size_t n, bool more, const char *error);

typedef void blob_done(void *arg, const struct attachment *stored, const char *error); /* error NULL: stored */
typedef void blob_read_done(void *arg, struct str bytes, const char *error);
/* json: {"customer":{as the API shows it},"conversations":[what is open, newest first]}; {} for an unknown address. */
typedef void caller_done(void *arg, struct str json, const char *error);
typedef void errand_done(void *arg, const char *error); /* error NULL: it is in the outbox, or recorded as suppressed */

/* A message to whoever an adapter is talking with, on another channel. */
struct errand {
	enum channel channel; /* SMS to the address itself; EMAIL to the customer that has it */
	struct address to;
	struct str subject, text;
};

typedef void mark_done(void *arg, int64_t value, const char *error); /* error NULL: read, or on disk */

struct channel_host {
	struct host_account *self; /* pass it back as the first argument */
	const char *name;	   /* of the account */
	struct loop *loop;	   /* the adapter's own: timers, sockets, posts, clock */
	const char *region;	   /* home region for numbers, "DE" */
	struct str secret;	   /* 32 bytes, stable over restarts, for signing what the account hands out */

	/* Something came in. Copied before return. */
	void (*received)(struct host_account *h, const struct inbound *in, intake_done *done, void *arg);
	/* A receipt came in. done: ACCEPTED also for an unknown id (kept and counted), BUSY to have it sent again. */
	void (*receipt)(struct host_account *h, const struct receipt *r, intake_done *done, void *arg);
	/* The one outcome of a delivery taken by submit. Copied before return. */
	void (*outcome)(struct host_account *h, const struct outcome *o);
	/* n outcomes at once: cheaper than one by one. */
	void (*outcomes)(struct host_account *h, const struct outcome *v, size_t n);
	/* State of the account; reason is for people ("ESME_RINVPASWD from smsc.example:2775"). */
	void (*state)(struct host_account *h, enum account_state s, const char *reason);
	/* The account can take more: the host calls submit again. Call after submit took fewer than offered. */
	void (*ready)(struct host_account *h);
	/* Ephemeral news about a contact point: typing, read up to `upto`. READ moves delivery states. */
	void (*signal)(struct host_account *h, const struct address *who, enum signal_kind k, const struct uuid *upto);

	/* HTTP, for requests that arrived at a route. reply copies. */
	void (*reply)(struct host_account *h, struct exchange *e, const struct channel_reply *r);
	void (*stream_begin)(struct host_account *h, struct exchange *e, const struct channel_reply *head);
	/* Appends to the stream's bounded buffer; -1 if the client is too slow or gone: gone() follows. */
	int (*stream_send)(struct host_account *h, struct exchange *e, struct str bytes);
	void (*stream_end)(struct host_account *h, struct exchange *e);

	/* The newest entries of a contact point's own thread after `after` (nil: the last `limit`), oldest first. */
	void (*history)(struct host_account *h, const struct address *who, const struct uuid *after, int limit,
			history_done *done, void *arg);
	/* Durable, content-addressed, fsynced. type is the type as checked by the adapter. */
	void (*blob_put)(struct host_account *h, struct str bytes, struct str name, struct str type, blob_done *done,
			 void *arg);
	void (*blob_get)(struct host_account *h, const char *sha256, blob_read_done *done, void *arg);
	/* A number that the account keeps under a name of its own over restarts: how far a mailbox has been read. 0: none
	 * was put yet. */
	void (*mark_get)(struct host_account *h, const char *name, mark_done *done, void *arg);
	void (*mark_put)(struct host_account *h, const char *name, int64_t value, mark_done *done, void *arg);

	/* Who has this address. */
	void (*caller)(struct host_account *h, const struct address *who, caller_done *done, void *arg);
	/* Purpose service; policy is asked as for every message. Copied before return. */
	void (*send)(struct host_account *h, const struct errand *e, errand_done *done, void *arg);

	/* Counters and gauges for /metrics, labelled with channel and account; name is static ("smpp_receipts_total"). */
	void (*count)(struct host_account *h, const char *name, const char *label, int64_t add);
	void (*gauge)(struct host_account *h, const char *name, const char *label, int64_t value);
};

/* ---- what the adapter is ------------------------------------------------------------------------------------------ */

struct channel_ops {
	const char *name; /* section kind in the configuration and word in the log: "sms" */
	enum channel channel;
	enum affinity affinity;
	const struct setting *settings; /* table of one account's section */
	size_t settings_size;		/* of the struct it fills */

	/* Validates and allocates. MUST NOT do I/O. `set` and `host` live as long as the account. On -1 nothing is kept. */
	int (*open)(const void *set, const struct channel_host *host, struct account **out, struct err *err);
	struct channel_caps (*caps)(const struct account *a);
	/* Pure and callable from any thread (it only reads settings). options as in struct delivery. */
	struct channel_estimate (*estimate)(const struct account *a, struct str text, struct str options);
	/* Begins I/O and returns at once; the truth comes by host->state. */
	void (*start)(struct account *a);
	/* Offers n deliveries in order. Returns how many were taken, from the front; fewer is back-pressure, and
	 * host->ready must follow when there is room. MUST NOT block or keep a pointer. For each taken one exactly one
	 * host->outcome, whatever happens. */
	size_t (*submit)(struct account *a, const struct delivery *v, size_t n);
	/* Optional (may be NULL): best effort; the outcome says whether it worked. */
	void (*cancel)(struct account *a, const struct delivery_id *id);
	void (*pause)(struct account *a, bool paused); /* stop or resume taking inbound */
	void (*signal)(struct account *a, const struct address *to, enum signal_kind k, const struct uuid *upto);
	void (*status)(const struct account *a, struct buf *json); /* one JSON object for health */
	/* Settings marked reload may have changed. set lives for the call only: copy what is taken over. */
	int (*reload)(struct account *a, const void *set, struct err *err);
	/* Takes nothing more, drains until `deadline` (loop clock), gives every held delivery an outcome; its last call
	 * is host->state(CLOSED). */
	void (*stop)(struct account *a, int64_t deadline);
	void (*close)(struct account **a); /* frees; after CLOSED, or after open without start */

	const struct channel_route *routes; /* ended by {0}; NULL: none */
	bool routes_where_it_runs;	    /* 503 from a gateway on which the account is on standby */
};
