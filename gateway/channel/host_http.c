/*
 * HTTP requests for adapters. A request is copied once, with everything in one allocation, and found again by its exchange
 * when the adapter answers: a plain one is forgotten with its reply, a stream when its client has gone and the adapter has
 * heard it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "channel/host_private.h"

#define OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

struct request {
	struct channel_request r; /* first: query() finds the pairs behind it */
	struct request *next;	  /* of its slot */
	struct host_account *a;
	const struct channel_route *route;
	struct task handle_task, gone_task;
	bool handling, answered; /* the adapter's loop */
	size_t query_n;
	struct str *query;
	char bytes[];
};

/* ---- routes ---- */

/* "/web/{account}/stream" with the account's name in it. NULL: out of memory. */
static char *expand(const char *path, const char *name)
{
	const char *at = strstr(path, "{account}");
	struct buf b;

	buf_init(&b, 1024);
	if (at) {
		buf_add(&b, path, (size_t)(at - path));
		buf_adds(&b, name);
		buf_adds(&b, at + strlen("{account}"));
	} else {
		buf_adds(&b, path);
	}
	return buf_take(&b);
}

int host_add_routes(struct host *h, struct host_account *a, struct err *err)
{
	for (const struct channel_route *r = a->ops->routes; r && r->path; r++) {
		struct host_route *v = realloc(h->routes, (h->routes_n + 1) * sizeof *v);
		char *path = v ? expand(r->path, a->name) : NULL;
		if (v)
			h->routes = v;
		if (!path)
			return err_nomem(err);
		h->routes[h->routes_n++] = (struct host_route){r->method, path, r->max_body, r->stream, r, a};
	}
	return 0;
}

const struct host_route *host_routes(const struct host *h, size_t *n)
{
	*n = h->routes_n;
	return h->routes;
}

/* ---- the table of open exchanges ---- */

static struct request **slot_of(struct host_account *a, const struct exchange *e)
{
	return &a->requests[((uintptr_t)e >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (REQUEST_SLOTS - 1)];
}

static void remember(struct request *q)
{
	struct request **slot = slot_of(q->a, q->r.exchange);

	pthread_mutex_lock(&q->a->lock);
	q->next = *slot;
	*slot = q;
	pthread_mutex_unlock(&q->a->lock);
}

static struct request *recall(struct host_account *a, const struct exchange *e, bool forget)
{
	struct request **at, *q;

	pthread_mutex_lock(&a->lock);
	for (at = slot_of(a, e); (q = *at) && q->r.exchange != e; at = &q->next)
		;
	if (q && forget)
		*at = q->next;
	pthread_mutex_unlock(&a->lock);
	return q;
}

void host_free_requests(struct host_account *a)
{
	for (size_t k = 0; k < REQUEST_SLOTS; k++)
		for (struct request *q = a->requests[k], *next; q; q = next) {
			next = q->next;
			free(q);
		}
}

/* ---- in ---- */

static struct str query(const struct channel_request *r, const char *name)
{
	const struct request *q = (const struct request *)(const void *)r;

	for (size_t k = 0; k + 1 < 2 * q->query_n; k += 2)
		if (str_is(q->query[k], name))
			return q->query[k + 1];
	return (struct str){NULL, 0};
}

static struct str keep(char **at, struct str s)
{
	struct str copy = {*at, s.n};

	if (!s.p)
		return s;
	if (s.n)
		memcpy(*at, s.p, s.n);
	(*at)[s.n] = 0;
	*at += s.n + 1;
	return copy;
}

static struct request *copy(const struct channel_request *r, const struct str *pairs, size_t n)
{
	const struct str from[] = {str_of(r->method), str_of(r->path), r->body,		 r->remote,
				   r->origin,	      r->content_type, r->authorization, r->last_event_id,
				   r->user_agent,     r->language,     r->param};
	size_t room = 2 * n * sizeof *pairs, count = sizeof from / sizeof *from;
	struct str to[sizeof from / sizeof *from];
	struct request *q;
	char *at;

	for (size_t k = 0; k < count; k++)
		room += from[k].n + 1;
	for (size_t k = 0; k < 2 * n; k++)
		room += pairs[k].n + 1;
	q = malloc(sizeof *q + room + sizeof(struct str));
	if (!q)
		return NULL;
	*q = (struct request){.query_n = n};
	q->query = (struct str *)(((uintptr_t)q->bytes + _Alignof(struct str) - 1) &
				  ~(uintptr_t)(_Alignof(struct str) - 1));
	at = (char *)(q->query + 2 * n);
	for (size_t k = 0; k < count; k++)
		to[k] = keep(&at, from[k]);
	for (size_t k = 0; k < 2 * n; k++)
		q->query[k] = keep(&at, pairs[k]);
	q->r = (struct channel_request){.exchange = r->exchange,
					.method = to[0].p,
					.path = to[1].p,
					.body = to[2],
					.remote = to[3],
					.origin = to[4],
					.content_type = to[5],
					.authorization = to[6],
					.last_event_id = to[7],
					.user_agent = to[8],
					.language = to[9],
					.param = to[10],
					.secure = r->secure,
					.query = query};
	return q;
}

static void on_handle(struct task *t)
{
	struct request *q = OF(t, struct request, handle_task);

	q->handling = true;
	q->route->handle(q->a->account, &q->r);
	q->handling = false;
	if (q->answered)
		free(q);
}

static void on_gone(struct task *t)
{
	struct request *q = OF(t, struct request, gone_task);
	struct host_account *a = q->a;
	struct exchange *e = q->r.exchange;

	if (q->route->gone)
		q->route->gone(a->account, e);
	recall(a, e, true);
	free(q);
	a->h->exchange->released(e);
	host_pending(a->h, -1);
}

int host_request(struct host *h, const struct host_route *route, const struct channel_request *r,
		 const struct str *pairs, size_t n_query, struct err *err)
{
	struct request *q;

	if (!atomic_load(&h->running))
		return err_set(err, ERR_UNAVAILABLE, "stopping", NULL, "the gateway is stopping");
	if (route->account->ops->routes_where_it_runs && !atomic_load(&route->account->started))
		return err_set(err, ERR_UNAVAILABLE, "runs_elsewhere", NULL,
			       "another gateway on this store runs the account \"%s\"", route->account->name);
	q = copy(r, pairs, n_query);
	if (!q)
		return err_nomem(err);
	q->a = route->account;
	q->route = route->route;
	q->handle_task.run = on_handle;
	q->gone_task.run = on_gone;
	remember(q);
	loop_post(q->a->thread->loop, &q->handle_task);
	return 0;
}

void host_gone(struct host *h, const struct host_route *route, struct exchange *e)
{
	struct request *q = recall(route->account, e, false);

	if (!q)
		return;
	host_pending(h, 1);
	loop_post(q->a->thread->loop, &q->gone_task);
}

/* ---- out: on the adapter's loop ---- */

void host_reply(struct host_account *a, struct exchange *e, const struct channel_reply *r)
{
	struct request *q = recall(a, e, true);

	if (!q)
		return; /* answered already: the exchange is not ours any more */
	a->h->exchange->reply(e, r);
	q->answered = true;
	if (!q->handling)
		free(q);
}

void host_stream_begin(struct host_account *a, struct exchange *e, const struct channel_reply *head)
{
	a->h->exchange->stream_begin(e, head);
}

int host_stream_send(struct host_account *a, struct exchange *e, struct str bytes)
{
	return a->h->exchange->stream_send(e, bytes);
}

void host_stream_end(struct host_account *a, struct exchange *e) { a->h->exchange->stream_end(e); }
