/* Shared by the files of this folder; microhttpd.h is seen only here. */
#pragma once
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "channel/host.h"
#include "http/certificate.h"
#include "http/front.h"
#include "http/http.h"
#include "http/proxy.h"
#include "http/rate.h"
#include "http/running.h"

enum { HEADERS_MAX = 64, HEADER_MEMORY = 16384, STREAM_MEMORY = 4096, STREAM_BUFFER = 1 << 20 };

struct http {
	struct front *front;		      /* NULL with TLS */
	struct MHD_Daemon *daemon, *streamer; /* streamer: for followers; NULL with TLS */
	struct certificates *certificates;    /* NULL without TLS */
	const struct route *routes;
	size_t routes_n;
	void *app;
	struct readers *readers;
	struct writer *writer;
	struct events *events;
	struct host *host;
	struct proxies proxies;
	struct running running; /* idempotency keys under way */
	struct rate rate;
	struct hub *hub;
	char *secret; /* 32 bytes */
	size_t max_body;
	int port, stream_clients;
	bool tls;
	_Atomic bool stopping;
	_Atomic int64_t keys_generation;		 /* counts changes of keys made through us */
	_Atomic int64_t under_way, requests, answers[6]; /* answers by hundreds of the status */
	pthread_mutex_t streams_lock;
	struct stream *streams;
};

enum phase { PHASE_NEW, PHASE_BODY, PHASE_WAITING, PHASE_ANSWER };

/* The whole of a request: what handlers see, and the server's own. */
struct inflight {
	struct request r; /* first */
	enum phase phase;
	struct err refused; /* found before the body was read: said when it has been */
	struct buf body;
	size_t body_max;
	struct write_job job;
	struct err job_err;
	bool job_failed, answered;
	struct running_key *idem;
	uint8_t fingerprint[32];
	struct str idem_key;
	struct stream *stream; /* set: the answer is this stream */
	const struct host_route *host_route;
	struct exchange *exchange;
};

static inline struct inflight *inflight_of(struct request *r) { return (struct inflight *)(void *)r; }

/* server.c: the one place where connections are suspended and resumed for an answer. */
void inflight_suspend(struct inflight *f);
void inflight_resume(struct inflight *f);
enum MHD_Result server_request(void *cls, struct MHD_Connection *c, const char *url, const char *method,
			       const char *version, const char *upload, size_t *upload_n, void **mine);
void server_completed(void *cls, struct MHD_Connection *c, void **mine, enum MHD_RequestTerminationCode why);

/* request.c */
void request_release(struct request *r);

/* router.c */
const struct route *router_find(const struct http *h, struct request *r, struct err *err);
const struct host_route *router_find_host(const struct http *h, const char *method, struct str path, struct str *tail);

/* auth.c */
int auth_check(struct inflight *f, struct err *err);

/* idempotency.c */
int idempotency_begin(struct inflight *f, struct err *err);
int idempotency_replay(struct inflight *f, struct db *db, bool *replayed, struct err *err);
int idempotency_keep(struct inflight *f, struct db *db, int64_t now, struct err *err);
void idempotency_end(struct inflight *f);

/* exchange.c */
void exchange_start(struct inflight *f);
extern const struct exchange_ops exchange_ops;

/* stream.c: bytes that are made over time. Two holders: libmicrohttpd's response and the maker. */
struct stream *stream_new(struct http *h, void (*gone)(void *arg), void *arg);
void stream_attach(struct stream *s, struct MHD_Connection *c);
struct MHD_Response *stream_response(struct stream *s); /* takes a reference */
int stream_send(struct stream *s, struct str bytes);	/* -1: too slow, ended or gone */
void stream_end(struct stream *s);
void stream_ref(struct stream *s);
void stream_unref(struct stream *s);
void streams_end_all(struct http *h);
bool streams_open(struct http *h);

/* hub.c: the event stream's thread. */
int hub_start(struct http *h, struct hub **out, struct err *err);
void hub_stop(struct hub **hub);
int hub_join(struct hub *hub, struct stream **out, const struct event_filter *f, int64_t after, struct err *err);
int64_t hub_clients(struct hub *hub);
