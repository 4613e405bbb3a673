/*
 * Requests for the adapters' own routes. The adapter lives on its loop, so the request is copied and handed over there by
 * the host, and its connection waits. A plain exchange ends with the reply; a stream with the host's `released`.
 */
#include <stdlib.h>

#include "http/private.h"

struct exchange {
	struct inflight *f; /* until it is answered */
	struct http *h;
	const struct host_route *route;
	struct stream *stream;
};

static void copy_headers(struct request *r, const struct channel_reply *c)
{
	r->status = c->status;
	r->content_type = c->content_type ? arena_strdup(r->arena, c->content_type) : "text/plain";
	for (size_t i = 0; i + 1 < c->headers_n; i += 2) {
		struct str name = arena_str(r->arena, c->headers[i]), value = arena_str(r->arena, c->headers[i + 1]);
		if (name.p && value.p)
			request_header(r, name.p, value.p);
	}
}

static void on_reply(struct exchange *e, const struct channel_reply *c)
{
	struct inflight *f = e->f;

	copy_headers(&f->r, c);
	buf_reset(&f->r.out);
	buf_addstr(&f->r.out, c->body);
	free(e);
	inflight_resume(f);
}

static void stream_gone(void *arg)
{
	struct exchange *e = arg;
	host_gone(e->h->host, e->route, e);
}

static void on_stream_begin(struct exchange *e, const struct channel_reply *head)
{
	struct inflight *f = e->f;

	e->stream = stream_new(e->h, stream_gone, e);
	copy_headers(&f->r, head);
	if (e->stream) {
		stream_ref(e->stream); /* the connection's; ours goes with released */
		f->stream = e->stream;
	} else {
		struct err err = {0};
		err_nomem(&err);
		request_problem(&f->r, &err);
		host_gone(e->h->host, e->route, e);
	}
	e->f = NULL;
	inflight_resume(f);
}

static int on_stream_send(struct exchange *e, struct str bytes)
{
	return e->stream ? stream_send(e->stream, bytes) : -1;
}

static void on_stream_end(struct exchange *e)
{
	if (e->stream)
		stream_end(e->stream);
}

static void on_released(struct exchange *e)
{
	if (e->stream)
		stream_unref(e->stream);
	free(e);
}

const struct exchange_ops exchange_ops = {.reply = on_reply,
					  .stream_begin = on_stream_begin,
					  .stream_send = on_stream_send,
					  .stream_end = on_stream_end,
					  .released = on_released};

struct pairs {
	struct str v[64];
	size_t n;
};

static void add_pair(void *arg, struct str name, struct str value)
{
	struct pairs *p = arg;

	if (p->n + 2 <= sizeof p->v / sizeof *p->v) {
		p->v[p->n++] = name;
		p->v[p->n++] = value;
	}
}

static void fail(struct inflight *f, const struct err *e)
{
	request_problem(&f->r, e);
	inflight_resume(f);
}

void exchange_start(struct inflight *f)
{
	struct request *r = &f->r;
	struct exchange *e = calloc(1, sizeof *e);
	struct channel_request c = {.exchange = e,
				    .method = r->method,
				    .path = r->path.p,
				    .body = r->body,
				    .remote = str_of(r->remote),
				    .secure = r->secure,
				    .param = r->param[0]};
	struct pairs query = {.n = 0};
	struct err err = {0};

	inflight_suspend(f);
	if (!e) {
		err_nomem(&err);
		fail(f, &err);
		return;
	}
	*e = (struct exchange){.f = f, .h = r->http, .route = f->host_route};
	c.origin = request_in_header(r, "Origin");
	c.content_type = request_in_header(r, "Content-Type");
	c.authorization = request_in_header(r, "Authorization");
	c.last_event_id = request_in_header(r, "Last-Event-ID");
	c.user_agent = request_in_header(r, "User-Agent");
	c.language = request_in_header(r, "Accept-Language");
	request_each_query(r, add_pair, &query);
	if (host_request(r->http->host, f->host_route, &c, query.v, query.n / 2, &err) == 0)
		return;
	free(e);
	fail(f, &err);
}
