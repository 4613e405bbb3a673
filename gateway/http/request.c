/* What handlers call on a request. */
#include <stdio.h>

#include "base/clock.h"
#include "http/private.h"

void request_json(struct request *r, int status)
{
	r->status = status;
	buf_reset(&r->out);
	json_begin(&r->json, &r->out);
}

void request_header(struct request *r, const char *name, const char *value)
{
	char *copy = arena_strdup(r->arena, value);

	if (copy && r->headers_n + 2 <= (int)(sizeof r->header / sizeof *r->header)) {
		r->header[r->headers_n++] = name;
		r->header[r->headers_n++] = copy;
	}
}

struct deferred {
	struct deferred *next;
	void (*free_fn)(void *p);
	void *p;
};

void request_defer(struct request *r, void (*free_fn)(void *p), void *p)
{
	struct deferred *d = arena_alloc(r->arena, sizeof *d);

	if (!d)
		return; /* the arena's limit is far beyond what a handler notes */
	*d = (struct deferred){.next = r->deferred, .free_fn = free_fn, .p = p};
	r->deferred = d;
}

void request_release(struct request *r)
{
	for (struct deferred *d = r->deferred; d; d = d->next)
		d->free_fn(d->p);
	r->deferred = NULL;
}

struct str request_query(struct request *r, const char *name)
{
	const char *v = NULL;
	size_t n = 0;

	if (MHD_lookup_connection_value_n(r->connection, MHD_GET_ARGUMENT_KIND, name, strlen(name), &v, &n) != MHD_YES)
		return (struct str){0};
	return str_n(v ? v : "", n);
}

struct each {
	void (*fn)(void *arg, struct str name, struct str value);
	void *arg;
};

static enum MHD_Result one(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_n, const char *value,
			   size_t value_n)
{
	struct each *e = cls;

	(void)kind;
	e->fn(e->arg, str_n(key, key_n), str_n(value ? value : "", value_n));
	return MHD_YES;
}

void request_each_query(struct request *r, void (*fn)(void *arg, struct str name, struct str value), void *arg)
{
	struct each e = {fn, arg};

	MHD_get_connection_values_n(r->connection, MHD_GET_ARGUMENT_KIND, one, &e);
}

struct str request_in_header(struct request *r, const char *name)
{
	const char *v = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);

	return v ? str_of(v) : (struct str){0};
}

struct db *request_db(struct request *r, struct err *err) { return readers_get(r->http->readers, err); }

void request_etag(struct request *r, int64_t version)
{
	char t[32];

	snprintf(t, sizeof t, "\"%lld\"", (long long)version);
	request_header(r, "ETag", t);
}

int request_if_match(struct request *r, int64_t *version, struct err *err)
{
	struct str v = str_trim(request_in_header(r, "If-Match"));

	*version = 0;
	if (v.n == 0 || str_is(v, "*"))
		return 0;
	if (v.n > 2 && v.p[0] == '"' && v.p[v.n - 1] == '"' && str_i64(str_n(v.p + 1, v.n - 2), version) &&
	    *version > 0)
		return 0;
	return err_set(err, ERR_INVALID, "if_match_invalid", "If-Match",
		       "If-Match carries the ETag of an earlier answer");
}

int request_stream(struct request *r, const struct event_filter *f, int64_t after, struct err *err)
{
	struct inflight *in = inflight_of(r);

	if (hub_clients(r->http->hub) >= r->http->stream_clients) {
		err_set(err, ERR_BUSY, "too_many_streams", NULL, "too many followers of the event stream");
		err->retry_after_s = 10;
		return -1;
	}
	if (hub_join(r->http->hub, &in->stream, f, after, err))
		return -1;
	r->status = 200;
	r->content_type = "text/event-stream";
	request_header(r, "X-Accel-Buffering", "no");
	return HTTP_ANSWERED;
}
