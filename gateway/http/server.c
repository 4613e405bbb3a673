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
#include <stdio.h>
#include <stdlib.h>

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

enum MHD_Result server_request(void *cls, struct MHD_Connection *c, const char *url, const char *method,
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

void server_completed(void *cls, struct MHD_Connection *c, void **mine, enum MHD_RequestTerminationCode why)
{
	struct inflight *f = *mine;

	(void)cls;
	(void)c;
	(void)why;
	*mine = NULL;
	if (f)
		inflight_free(f);
}
