/*
 * Start and stop: the front, the daemon that serves requests, and the one that serves followers of streams; with TLS one
 * daemon that listens by itself and serves everyone.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/private.h"

static void on_log(void *arg, const char *fmt, va_list ap)
{
	char text[200];

	(void)arg;
	vsnprintf(text, sizeof text, fmt, ap);
	text[strcspn(text, "\r\n")] = 0;
	log_debug("http.library", "text", text, LOG_END);
}

/* Which certificate a handshake gets. The library passes no argument of ours, but the connection keeps one. */
static int on_handshake(gnutls_session_t session, const gnutls_datum_t *issuers, int issuers_n,
			const gnutls_pk_algorithm_t *algorithms, int algorithms_n, gnutls_pcert_st **chain,
			unsigned *chain_n, gnutls_privkey_t *key)
{
	const union MHD_ConnectionInfo *i =
		MHD_get_connection_info(gnutls_session_get_ptr(session), MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	const struct certificate *c;

	(void)issuers, (void)issuers_n, (void)algorithms, (void)algorithms_n;
	if (!i || !i->socket_context)
		return -1;
	c = certificates_current(i->socket_context);
	*chain = (gnutls_pcert_st *)c->chain;
	*chain_n = c->n;
	*key = c->key;
	return 0;
}

static void on_connection(void *arg, struct MHD_Connection *c, void **context, enum MHD_ConnectionNotificationCode what)
{
	struct http *h = arg;

	(void)c;
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		*context = h->certificates;
}

static int resolve(const struct http_config *c, struct sockaddr_storage *out, socklen_t *len, struct err *err)
{
	struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *v = NULL;
	char port[8];

	snprintf(port, sizeof port, "%d", c->port);
	if (getaddrinfo(c->host && c->host[0] ? c->host : NULL, port, &hints, &v) || !v)
		return err_set(err, ERR_INVALID, "address_invalid", "http.listen", "%s is not an address", c->host);
	memcpy(out, v->ai_addr, v->ai_addrlen);
	*len = v->ai_addrlen;
	freeaddrinfo(v);
	return 0;
}

/* One daemon. at NULL: it is given its connections by the front. */
static struct MHD_Daemon *daemon_new(struct http *h, const struct http_config *c, const struct sockaddr_storage *at,
				     int threads, int connections, size_t memory)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_TURBO |
			 MHD_USE_ITC;

	if (!at)
		flags |= MHD_USE_NO_LISTEN_SOCKET;
	else if (at->ss_family == AF_INET6)
		flags |= MHD_USE_DUAL_STACK;
	if (h->certificates)
		flags |= MHD_USE_TLS;
	return MHD_start_daemon(flags, (uint16_t)c->port, NULL, NULL, server_request, h, MHD_OPTION_NOTIFY_COMPLETED,
				server_completed, h, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
				MHD_OPTION_THREAD_POOL_SIZE, (unsigned)(threads > 1 ? threads : 0),
				MHD_OPTION_CONNECTION_LIMIT, (unsigned)connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
				(unsigned)c->connections_per_ip, MHD_OPTION_CONNECTION_TIMEOUT,
				(unsigned)c->idle_timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
				MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, at ? MHD_OPTION_SOCK_ADDR : MHD_OPTION_END, at,
				MHD_OPTION_LISTEN_BACKLOG_SIZE, 4096u,
				h->certificates ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, on_handshake,
				MHD_OPTION_HTTPS_PRIORITIES, "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1",
				MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
}

static int listen_failed(const struct http_config *c, struct err *err)
{
	return err_set(err, ERR_INVALID, "listen_failed", "http.listen", "cannot listen on %s port %d", c->host,
		       c->port);
}

static int secure_start(struct http *h, const struct http_config *c, const struct sockaddr_storage *at, int threads,
			struct err *err)
{
	const union MHD_DaemonInfo *info;

	if (MHD_is_feature_supported(MHD_FEATURE_HTTPS_CERT_CALLBACK) != MHD_YES)
		return err_set(err, ERR_INVALID, "tls_missing", "http.tls_cert",
			       "this libmicrohttpd was built without TLS");
	if (certificates_new(c->tls_cert, c->tls_key, &h->certificates, err))
		return -1;
	h->daemon = daemon_new(h, c, at, threads, c->connections, HEADER_MEMORY);
	if (!h->daemon)
		return listen_failed(c, err);
	info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT);
	h->port = info ? info->port : c->port;
	return 0;
}

/* "GET /v1/stream?…" and "GET /web/NAME/stream…". */
static bool is_stream(struct str first)
{
	const char *end = memchr(first.p, '\r', first.n), *query;
	struct str line = str_n(first.p, end ? (size_t)(end - first.p) : first.n), path;

	if (line.n < 5 || memcmp(line.p, "GET /", 5) != 0)
		return false;
	path = str_n(line.p + 4, line.n - 4);
	query = memchr(path.p, ' ', path.n);
	if (query)
		path.n = (size_t)(query - path.p);
	query = memchr(path.p, '?', path.n);
	if (query)
		path.n = (size_t)(query - path.p);
	return str_is(path, "/v1/stream") ||
	       (path.n > 12 && memcmp(path.p, "/web/", 5) == 0 && memcmp(path.p + path.n - 7, "/stream", 7) == 0);
}

static void take_connection(void *arg, int fd, const struct sockaddr *peer, socklen_t len, bool streams)
{
	struct http *h = arg;

	/* On failure the library has closed it. */
	MHD_add_connection(streams ? h->streamer : h->daemon, fd, peer, len);
}

static int daemon_start(struct http *h, const struct http_config *c, struct err *err)
{
	int threads = c->threads > 0 ? c->threads : (int)sysconf(_SC_NPROCESSORS_ONLN);
	struct sockaddr_storage at = {0};
	socklen_t len = 0;

	if (resolve(c, &at, &len, err))
		return -1;
	h->tls = c->tls_cert && c->tls_key;
	if (h->tls)
		return secure_start(h, c, &at, threads, err);
	h->daemon = daemon_new(h, c, NULL, threads, c->connections, HEADER_MEMORY);
	h->streamer = daemon_new(h, c, NULL, 1, c->connections, STREAM_MEMORY);
	if (!h->daemon || !h->streamer)
		return listen_failed(c, err);
	if (front_start((struct sockaddr *)&at, len, c->connections, is_stream, take_connection, h, &h->front, err))
		return -1;
	h->port = front_port(h->front);
	return 0;
}

int http_start(const struct http_config *c, const struct route *routes, void *app, struct readers *readers,
	       struct writer *w, struct events *ev, struct host *host, struct http **out, struct err *err)
{
	struct http *h = calloc(1, sizeof *h);

	if (!h || !(h->secret = malloc(32))) {
		free(h);
		return err_nomem(err);
	}
	memcpy(h->secret, c->secret.p, 32);
	h->routes = routes;
	while (routes[h->routes_n].method)
		h->routes_n++;
	h->app = app;
	h->readers = readers;
	h->writer = w;
	h->events = ev;
	h->host = host;
	h->max_body = c->max_body;
	h->stream_clients = c->stream_clients;
	running_init(&h->running);
	rate_init(&h->rate, c->requests_per_second);
	pthread_mutex_init(&h->streams_lock, NULL);
	if (host)
		host_exchange(host, &exchange_ops);
	if (proxies_parse(c->trusted_proxies, &h->proxies, err) || hub_start(h, &h->hub, err) ||
	    daemon_start(h, c, err)) {
		http_stop(&h);
		return -1;
	}
	*out = h;
	log_info("http.listening", "address", c->host && c->host[0] ? c->host : "*", "port", LOG_INT(h->port), "tls",
		 h->tls ? "yes" : "no", LOG_END);
	return 0;
}

int http_renew(struct http *h, const char *cert_file, const char *key_file, struct err *err)
{
	if (!h->certificates)
		return 0;
	if (!cert_file || !key_file)
		return err_set(err, ERR_CONFLICT, "restart_needed", "http.tls_cert", "TLS is left only by a restart");
	if (certificates_renew(h->certificates, cert_file, key_file, err))
		return -1;
	log_info("http.certificate_read", "file", cert_file, LOG_END);
	return 0;
}

int http_port(const struct http *h) { return h->port; }

/* Answers under way need the writer and the adapters, which still run: wait for them, but not for ever. */
static void drain(struct http *h)
{
	struct timespec tick = {.tv_nsec = 5000000};
	int64_t end = clock_mono() + 10 * US_SEC;

	while ((atomic_load(&h->under_way) > 0 || streams_open(h)) && clock_mono() < end) {
		streams_end_all(h);
		nanosleep(&tick, NULL);
	}
}

void http_stop(struct http **hp)
{
	struct http *h = *hp;

	if (!h)
		return;
	atomic_store(&h->stopping, true);
	front_stop(&h->front);
	if (h->daemon) {
		MHD_socket listener = h->tls ? MHD_quiesce_daemon(h->daemon) : MHD_INVALID_SOCKET;
		drain(h);
		MHD_stop_daemon(h->daemon);
		if (listener != MHD_INVALID_SOCKET)
			close(listener);
	}
	if (h->streamer)
		MHD_stop_daemon(h->streamer);
	certificates_free(&h->certificates);
	hub_stop(&h->hub);
	running_free(&h->running);
	rate_release(&h->rate);
	pthread_mutex_destroy(&h->streams_lock);
	explicit_bzero(h->secret, 32);
	free(h->secret);
	free(h);
	*hp = NULL;
}

void http_metrics(struct http *h, struct buf *out)
{
	buf_addf(out, "# TYPE threadline_http_requests_total counter\nthreadline_http_requests_total %lld\n",
		 (long long)atomic_load(&h->requests));
	buf_adds(out, "# TYPE threadline_http_answers_total counter\n");
	for (int i = 1; i < 6; i++)
		buf_addf(out, "threadline_http_answers_total{class=\"%dxx\"} %lld\n", i,
			 (long long)atomic_load(&h->answers[i]));
	buf_addf(out, "# TYPE threadline_http_under_way gauge\nthreadline_http_under_way %lld\n",
		 (long long)atomic_load(&h->under_way));
	buf_addf(out, "# TYPE threadline_stream_clients gauge\nthreadline_stream_clients %lld\n",
		 (long long)hub_clients(h->hub));
}
