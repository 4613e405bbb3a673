/*
 * Which handler answers a path. The table is small and compared from the front; a path that exists with another method is
 * 405 and says which ones there are (RFC 9110 section 15.5.6).
 */
#include "http/private.h"

static bool next_segment(struct str *path, struct str *out)
{
	const char *slash;

	if (path->n == 0 || path->p[0] != '/')
		return false;
	slash = memchr(path->p + 1, '/', path->n - 1);
	*out = str_n(path->p + 1, (slash ? (size_t)(slash - path->p) : path->n) - 1);
	*path = str_n(path->p + 1 + out->n, path->n - 1 - out->n);
	return true;
}

/* params: filled from the front; a "*" takes the rest. */
static bool matches(const char *pattern, struct str path, struct str params[PARAMS_MAX])
{
	struct str want = str_of(pattern), w, p;
	int n = 0;

	while (want.n) {
		if (!next_segment(&want, &w))
			return false;
		if (str_is(w, "*")) {
			if (path.n == 0)
				return false;
			params[n] = str_n(path.p + 1, path.n - 1);
			return true;
		}
		if (!next_segment(&path, &p))
			return false;
		if (w.n && w.p[0] == '{') {
			if (p.n == 0 || n == PARAMS_MAX)
				return false;
			params[n++] = p;
		} else if (!str_eq(w, p)) {
			return false;
		}
	}
	return path.n == 0;
}

static bool same_method(const char *route, const char *method, bool *head)
{
	*head = strcmp(method, "HEAD") == 0;
	return strcmp(route, *head ? "GET" : method) == 0;
}

const struct route *router_find(const struct http *h, struct request *r, struct err *err)
{
	struct str params[PARAMS_MAX] = {0};
	struct buf allow;
	bool known = false;

	buf_init(&allow, 200);
	for (size_t i = 0; i < h->routes_n; i++) {
		const struct route *t = &h->routes[i];

		if (!matches(t->path, r->path, params))
			continue;
		if (same_method(t->method, r->method, &r->head)) {
			memcpy(r->param, params, sizeof params);
			buf_free(&allow);
			return t;
		}
		buf_addf(&allow, "%s%s", known ? ", " : "", t->method);
		known = true;
	}
	if (known) {
		request_header(r, "Allow", buf_cstr(&allow));
		err_set(err, ERR_INVALID, "method_not_allowed", NULL, "this resource knows %s", buf_cstr(&allow));
	} else {
		err_set(err, ERR_NOT_FOUND, "route_not_found", NULL, "there is no such resource");
	}
	buf_free(&allow);
	return NULL;
}

const struct host_route *router_find_host(const struct http *h, const char *method, struct str path, struct str *tail)
{
	const struct host_route *v;
	struct str params[PARAMS_MAX] = {0};
	size_t n = 0;

	if (!h->host)
		return NULL;
	v = host_routes(h->host, &n);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(v[i].method, method) == 0 && matches(v[i].path, path, params)) {
			*tail = params[0];
			return &v[i];
		}
	}
	return NULL;
}
