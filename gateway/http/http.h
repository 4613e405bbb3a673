/*
 * The HTTP server: requests in, answers out. Rank 8: it knows the store's threads and the channel host, but no resource of
 * the API; those are given to it as a table of routes.
 *
 * Threads: libmicrohttpd's pool parses, checks and reads (each thread through its own read connection). A handler never
 * waits: a write is submitted, the connection suspended (in one place, server.c), and resumed after the commit, when
 * `finish` makes the answer on a pool thread again.
 */
#pragma once
#include "base/arena.h"
#include "base/json.h"
#include "events/events.h"
#include "http/keys.h"
#include "store/readers.h"
#include "store/writer.h"

struct http;
struct host;
struct request;
struct stream;
struct MHD_Connection;

struct http_config {
	const char *host;		/* "" all addresses */
	int port;			/* 0: any free one, see http_port */
	const char *tls_cert, *tls_key; /* files (PEM); NULL: plain */
	const char *trusted_proxies;	/* list of addresses and networks */
	int connections, connections_per_ip, threads, idle_timeout_s, stream_clients;
	int64_t requests_per_second; /* of one API key; 0: no limit */
	size_t max_body;
	struct str secret; /* signs the console's sessions */
};

enum {
	ROUTE_IDEMPOTENT = 1,	  /* honours Idempotency-Key */
	ROUTE_ALONE = 8,	  /* finish gets db NULL on a pool thread, and asks for a connection only if it must */
	ROUTE_TOKEN_IN_QUERY = 2, /* ?access_token= is taken: EventSource cannot set headers */
	ROUTE_ANY_TAIL = 4
}; /* the path ends in a star: the last param is the rest */
enum {
	R_AGENT = 1 << ROLE_AGENT,
	R_MARKETING = 1 << ROLE_MARKETING,
	R_INTEGRATION = 1 << ROLE_INTEGRATION,
	R_ADMIN = 1 << ROLE_ADMIN,
	R_ALL = 15,
	R_PUBLIC = 0
};

enum { HTTP_ANSWERED = 0, HTTP_LATER = 1 };

/* Returns HTTP_ANSWERED (status and out are set), HTTP_LATER (request_write or request_stream took it over), or -1. */
typedef int http_handler(struct request *r, struct err *err);

struct route {
	const char *method, *path; /* "/v1/customers/{id}/timeline" */
	unsigned roles;		   /* bit set of R_*; R_PUBLIC: no key needed */
	unsigned flags;
	size_t max_body; /* 0: the server's */
	http_handler *handle;
};

struct principal {
	bool known;
	enum role role;
	char id[UUID_TEXT], name[80];
	char author[100]; /* how what it does is signed: an agent by name, a program as "key:NAME" */
};

enum { PARAMS_MAX = 4 };

/* One request. Its memory is the arena's; it ends when the answer has been sent. */
struct request {
	struct http *http;
	void *app; /* what main gave: the parts that handlers need */
	struct arena *arena;
	const struct route *route;
	struct MHD_Connection *connection;
	const char *method;
	struct str path, param[PARAMS_MAX], body;
	struct principal who;
	char correlation[64], remote[64];
	bool secure, head;

	int status;
	const char *content_type; /* default application/json */
	struct buf out;
	struct json_out json;	/* onto out, after request_json */
	const char *header[24]; /* pairs; text in the arena or static */
	int headers_n;

	struct deferred *deferred;
	void *state; /* the handler's own */
	/* Inside the write job; may run again. Results go to state. */
	int (*run)(struct request *r, struct db *db, int64_t now, struct err *err);
	void (*committed)(struct request *r); /* on the writer's thread, after the commit; may be NULL */
	/* Makes the answer; on a pool thread, or inside the job when the answer is kept for an Idempotency-Key. */
	int (*finish)(struct request *r, struct db *db, struct err *err);
	void (*cleanup)(struct request *r); /* releases what state holds; may be NULL */
};

int http_start(const struct http_config *c, const struct route *routes, void *app, struct readers *readers,
	       struct writer *w, struct events *ev, struct host *host, struct http **out, struct err *err);
int http_port(const struct http *h);
/* Reads certificate and key again, for the handshakes from now on; on -1 the old ones stay. Nothing to do without TLS. */
int http_renew(struct http *h, const char *cert_file, const char *key_file, struct err *err);
/* Takes nothing new, ends the streams, waits for what is under way. */
void http_stop(struct http **h);
void http_metrics(struct http *h, struct buf *prometheus);

/* ---- for handlers ---- */

void request_json(struct request *r, int status);			     /* begins a JSON answer */
void request_header(struct request *r, const char *name, const char *value); /* value copied */
struct str request_query(struct request *r, const char *name);		     /* decoded; .p NULL if absent */
/* fn for each query parameter, in order. */
void request_each_query(struct request *r, void (*fn)(void *arg, struct str name, struct str value), void *arg);
struct str request_in_header(struct request *r, const char *name);
struct db *request_db(struct request *r, struct err *err); /* this thread's read connection */
/* free_fn(p) when the request ends. */
void request_defer(struct request *r, void (*free_fn)(void *p), void *p);
/* run, finish, committed, cleanup are set by the caller before. */
int request_write(struct request *r, struct err *err);
void request_problem(struct request *r, const struct err *err); /* RFC 9457 */
int problem_status(const struct err *e);
void problem_json(struct json_out *j, const char *key, const struct err *e, const char *request_id);
/* ETag of a version, and what If-Match asks for (0: nothing; -1: err ERR_INVALID). */
void request_etag(struct request *r, int64_t version);
int request_if_match(struct request *r, int64_t *version, struct err *err);
/* Follows the event stream from `after` (-1: from now on). */
int request_stream(struct request *r, const struct event_filter *f, int64_t after, struct err *err);
/* The console's session: a cookie signed with the server's secret that names a key. */
void session_begin(struct request *r, const struct api_key *k);
void session_end(struct request *r);
void keys_changed(struct request *r); /* after the commit that made or revoked a key: `committed` of such requests */
