/*
 * The daemon and the life of a request:
 *
 *   headers ─▶ route, role, limits ─▶ body ─▶ handler ─▶ answer
 *                                              └─▶ write job: connection suspended ─▶ commit ─▶ resumed ─▶ answer
 *
 * A request that will be refused is refused when its body has been read and dropped, so that the connection can go on;
 * only a body beyond all limits closes it. Two hold a request: its connection and its write job; the connection cannot
 * end while it is suspended, so the job is always finished first.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/private.h"

/* ---- the one place of suspend and resume ---- */

void inflight_suspend(struct inflight *f)
{
	f->phase = PHASE_WAITING;
	MHD_suspend_connection(f->r.connection);
}

void inflight_resume(struct inflight *f)
{
	f->phase = PHASE_ANSWER;
	MHD_resume_connection(f->r.connection);
}

/* ---- writes ---- */

static int make_answer(struct inflight *f, struct db *db, struct err *err)
{
	f->answered = true;
	if (!db && !(f->r.route->flags & ROUTE_ALONE) && !(db = request_db(&f->r, err)))
		return -1;
	return f->r.finish ? f->r.finish(&f->r, db, err) : 0;
}

static int job_run(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct inflight *f = (struct inflight *)(void *)((char *)job - offsetof(struct inflight, job));
	bool replayed = false;
	int r;

	f->answered = false;
	if (f->idem) {
		r = idempotency_replay(f, db, &replayed, err);
		if (r || replayed) {
			job->clean = r != 0;
			f->answered = replayed;
			return r;
		}
	}
	r = f->r.run(&f->r, db, now, err);
	if (r == 0 && f->idem)
		r = make_answer(f, db, err) || idempotency_keep(f, db, now, err) ? -1 : 0;
	return r;
}

static void job_done(struct write_job *job, const struct err *err)
{
	struct inflight *f = (struct inflight *)(void *)((char *)job - offsetof(struct inflight, job));

	f->job_failed = err != NULL;
	if (err)
		f->job_err = *err;
	else if (f->r.committed)
		f->r.committed(&f->r);
	if (f->idem)
		idempotency_end(f);
	inflight_resume(f);
}

int request_write(struct request *r, struct err *err)
{
	struct inflight *f = inflight_of(r);

	f->job = (struct write_job){.run = job_run, .done = job_done};
	inflight_suspend(f);
	if (writer_submit(r->http->writer, &f->job, &f->job_err) == 0)
		return HTTP_LATER;
	f->job_failed = true;
	if (f->idem)
		idempotency_end(f);
	inflight_resume(f);
	(void)err;
	return HTTP_LATER;
}

/* ---- answers ---- */

static struct MHD_Response *response_of(struct inflight *f)
{
	struct MHD_Response *m;
	size_t n = f->r.out.n;
	char *body;

	if (f->r.out.failed)
		return NULL;
	body = buf_take(&f->r.out);
	if (!body)
		return NULL;
	m = MHD_create_response_from_buffer(n, body, MHD_RESPMEM_MUST_FREE);
	if (!m)
		free(body);
	return m;
}

static bool has_header(const struct request *r, const char *name)
{
	for (int i = 0; i < r->headers_n; i += 2)
		if (strcasecmp(r->header[i], name) == 0)
			return true;
	return false;
}

static void inflight_free(struct inflight *f);

/* A stream lives for hours: what its request needed is freed as soon as its head is on the way. */
static enum MHD_Result send_stream(struct inflight *f, void **mine)
{
	struct request *r = &f->r;
	struct MHD_Response *m = stream_response(f->stream);
	enum MHD_Result ok;

	if (!m)
		return MHD_NO;
	MHD_add_response_header(m, "Content-Type", r->content_type);
	for (int i = 0; i < r->headers_n; i += 2)
		MHD_add_response_header(m, r->header[i], r->header[i + 1]);
	if (!has_header(r, "Cache-Control"))
		MHD_add_response_header(m, "Cache-Control", "no-store");
	stream_attach(f->stream, r->connection);
	ok = MHD_queue_response(r->connection, (unsigned)r->status, m);
	MHD_destroy_response(m);
	atomic_fetch_add_explicit(&r->http->answers[2], 1, memory_order_relaxed);
	*mine = NULL;
	inflight_free(f);
	return ok;
}

static enum MHD_Result send_answer(struct inflight *f, void **mine)
{
	struct request *r = &f->r;
	struct MHD_Response *m;
	enum MHD_Result ok;

	if (f->stream)
		return send_stream(f, mine);
	m = response_of(f);
	if (!m) {
		struct err e = {0};
		err_nomem(&e);
		request_problem(r, &e);
		m = response_of(f);
		if (!m)
			return MHD_NO;
	}
	MHD_add_response_header(m, "Content-Type", r->content_type ? r->content_type : "application/json");
	MHD_add_response_header(m, "X-Request-Id", r->correlation);
	for (int i = 0; i < r->headers_n; i += 2)
		MHD_add_response_header(m, r->header[i], r->header[i + 1]);
	if (!has_header(r, "Cache-Control"))
		MHD_add_response_header(m, "Cache-Control", "no-store");
	if (!has_header(r, "X-Content-Type-Options"))
		MHD_add_response_header(m, "X-Content-Type-Options", "nosniff");
	ok = MHD_queue_response(r->connection, (unsigned)r->status, m);
	MHD_destroy_response(m);
	atomic_fetch_add_explicit(&r->http->answers[r->status / 100 % 6], 1, memory_order_relaxed);
	if (r->status >= 500)
		log_warn("http.answer", "method", r->method, "status", LOG_INT(r->status), "correlation",
			 r->correlation, LOG_END);
	return ok;
}

static void refuse(struct inflight *f, const struct err *e)
{
	request_problem(&f->r, e);
	if (f->idem)
		idempotency_end(f);
}

/* ---- taking a request ---- */

static void correlate(struct request *r)
{
	struct str given = request_in_header(r, "X-Request-Id");
	char t[UUID_TEXT];
	bool fine = given.n > 0 && given.n < sizeof r->correlation;

	for (size_t i = 0; fine && i < given.n; i++)
		fine = given.p[i] > ' ' && given.p[i] < 0x7f && given.p[i] != '"';
	if (fine) {
		memcpy(r->correlation, given.p, given.n);
	} else {
		struct uuid u = uuid7(clock_now());
		snprintf(r->correlation, sizeof r->correlation, "%s", uuid_format(&u, t));
	}
}

static void where_from(struct request *r)
{
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct str none = {0};
	bool ask = r->http->proxies.n > 0;

	r->secure = r->http->tls;
	proxies_client(&r->http->proxies, i ? i->client_addr : NULL,
		       ask ? request_in_header(r, "X-Forwarded-For") : none,
		       ask ? request_in_header(r, "X-Forwarded-Proto") : none, r->remote, &r->secure);
}

static int accept_request(struct inflight *f, struct err *err)
{
	struct request *r = &f->r;
	struct str length = request_in_header(r, "Content-Length"), tail;
	int64_t n;

	if (atomic_load(&r->http->stopping)) {
		err_set(err, ERR_UNAVAILABLE, "stopping", NULL, "the gateway is stopping");
		err->retry_after_s = 5;
		return -1;
	}
	if (MHD_get_connection_values(r->connection, MHD_HEADER_KIND, NULL, NULL) > HEADERS_MAX)
		return err_set(err, ERR_INVALID, "headers_too_large", NULL, "more than %d header fields", HEADERS_MAX);
	f->host_route = router_find_host(r->http, r->method, r->path, &tail);
	if (f->host_route) {
		r->param[0] = tail;
		f->body_max = f->host_route->max_body;
	} else {
		r->route = router_find(r->http, r, err);
		if (!r->route || auth_check(f, err))
			return -1;
		f->body_max = r->route->max_body ? r->route->max_body : r->http->max_body;
	}
	if (str_i64(length, &n) && (n < 0 || (uint64_t)n > f->body_max))
		return err_set(err, ERR_TOO_LARGE, "body_too_large", NULL, "the body is larger than %zu bytes",
			       f->body_max);
	return 0;
}

static enum MHD_Result take_body(struct inflight *f, const char *p, size_t *n)
{
	if (f->refused.kind == ERR_NONE) {
		buf_add(&f->body, p, *n);
		if (f->body.failed)
			err_set(&f->refused, ERR_TOO_LARGE, "body_too_large", NULL, "the body is larger than %zu bytes",
				f->body_max);
	}
	*n = 0;
	return MHD_YES;
}

static enum MHD_Result dispatch(struct inflight *f, void **mine)
{
	struct request *r = &f->r;
	struct err e = {0};
	int done;

	r->body = buf_str(&f->body);
	if (f->refused.kind != ERR_NONE) {
		refuse(f, &f->refused);
		return send_answer(f, mine);
	}
	if (f->host_route) {
		exchange_start(f);
		return MHD_YES;
	}
	if (idempotency_begin(f, &e))
		done = -1;
	else
		done = r->route->handle(r, &e);
	if (done == HTTP_LATER)
		return MHD_YES;
	if (done < 0)
		refuse(f, &e);
	else if (f->idem)
		idempotency_end(f);
	return send_answer(f, mine);
}

/* After the commit, or the adapter's answer. */
static enum MHD_Result finish(struct inflight *f, void **mine)
{
	struct err e = {0};

	if (f->job_failed)
		refuse(f, &f->job_err);
	else if (f->r.run && !f->answered && make_answer(f, NULL, &e))
		refuse(f, &e);
	return send_answer(f, mine);
}

static struct inflight *inflight_new(struct http *h, struct MHD_Connection *c, const char *url, const char *method)
{
	struct inflight *f = calloc(1, sizeof *f);

	if (!f)
		return NULL;
	f->r.arena = arena_new(64 << 20);
	if (!f->r.arena) {
		free(f);
		return NULL;
	}
	f->r.http = h;
	f->r.app = h->app;
	f->r.connection = c;
	f->r.method = method;
	f->r.path = str_of(url);
	buf_init(&f->r.out, 64 << 20);
	correlate(&f->r);
	where_from(&f->r);
	if (accept_request(f, &f->refused) == 0)
		f->refused.kind = ERR_NONE;
	buf_init(&f->body, f->body_max);
	atomic_fetch_add_explicit(&h->under_way, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->requests, 1, memory_order_relaxed);
	return f;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *upload, size_t *upload_n, void **mine)
{
	struct inflight *f = *mine;

	(void)version;
	if (!f) {
		*mine = f = inflight_new(cls, c, url, method);
		if (!f)
			return MHD_NO;
		f->phase = PHASE_BODY;
		/* A body that is announced beyond the limit is not read at all. */
		if (f->refused.kind == ERR_TOO_LARGE) {
			refuse(f, &f->refused);
			return send_answer(f, mine);
		}
		return MHD_YES;
	}
	if (*upload_n)
		return take_body(f, upload, upload_n);
	return f->phase == PHASE_ANSWER ? finish(f, mine) : dispatch(f, mine);
}

static void inflight_free(struct inflight *f)
{
	struct http *h = f->r.http;

	if (f->r.cleanup && f->r.state)
		f->r.cleanup(&f->r);
	request_release(&f->r);
	if (f->idem)
		idempotency_end(f);
	if (f->stream)
		stream_unref(f->stream);
	buf_free(&f->body);
	buf_free(&f->r.out);
	arena_free(&f->r.arena);
	free(f);
	atomic_fetch_sub_explicit(&h->under_way, 1, memory_order_relaxed);
}

static void on_completed(void *cls, struct MHD_Connection *c, void **mine, enum MHD_RequestTerminationCode why)
{
	struct inflight *f = *mine;

	(void)cls;
	(void)c;
	(void)why;
	*mine = NULL;
	if (f)
		inflight_free(f);
}

/* ---- start and stop ---- */

static void on_log(void *arg, const char *fmt, va_list ap)
{
	char text[200];

	(void)arg;
	vsnprintf(text, sizeof text, fmt, ap);
	text[strcspn(text, "\r\n")] = 0;
	log_debug("http.library", "text", text, LOG_END);
}

static char *file_text(const char *path, struct err *err)
{
	FILE *f = fopen(path, "re");
	struct buf b;
	char part[4096];
	size_t n;

	if (!f) {
		err_set(err, ERR_INVALID, "file_unreadable", NULL, "%s cannot be read", path);
		return NULL;
	}
	buf_init(&b, 1 << 20);
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_add(&b, part, n);
	fclose(f);
	return buf_take(&b);
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
				     int threads, int connections, size_t memory, const char *cert, const char *key)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_TURBO |
			 MHD_USE_ITC;

	if (!at)
		flags |= MHD_USE_NO_LISTEN_SOCKET;
	else if (at->ss_family == AF_INET6)
		flags |= MHD_USE_DUAL_STACK;
	if (cert)
		flags |= MHD_USE_TLS;
	return MHD_start_daemon(
		flags, (uint16_t)c->port, NULL, NULL, on_request, h, MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
		MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_THREAD_POOL_SIZE,
		(unsigned)(threads > 1 ? threads : 0), MHD_OPTION_CONNECTION_LIMIT, (unsigned)connections,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)c->connections_per_ip, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)c->idle_timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
		MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, at ? MHD_OPTION_SOCK_ADDR : MHD_OPTION_END, at,
		MHD_OPTION_LISTEN_BACKLOG_SIZE, 4096u, cert ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, cert,
		MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_END);
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
	char *cert, *key = NULL;

	if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
		return err_set(err, ERR_INVALID, "tls_missing", "http.tls_cert",
			       "this libmicrohttpd was built without TLS");
	cert = file_text(c->tls_cert, err);
	if (!cert || !(key = file_text(c->tls_key, err))) {
		free(cert);
		return -1;
	}
	h->daemon = daemon_new(h, c, at, threads, c->connections, HEADER_MEMORY, cert, key);
	free(cert);
	explicit_bzero(key, strlen(key));
	free(key);
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
	h->daemon = daemon_new(h, c, NULL, threads, c->connections, HEADER_MEMORY, NULL, NULL);
	h->streamer = daemon_new(h, c, NULL, 1, c->connections, STREAM_MEMORY, NULL, NULL);
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
	hub_stop(&h->hub);
	running_free(&h->running);
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
