#include "cli/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"

enum { URL_MAX = 2048, CONNECT_S = 10, ANSWER_S = 60, STREAM_IDLE_S = 60 };

struct client {
	CURL *curl;
	char url[URL_MAX], auth[256];
	const char *cacert;
	char why[CURL_ERROR_SIZE];
};

int client_open(const struct client_options *o, struct client **out, struct err *err)
{
	const char *url = o->url ? o->url : getenv("THREADLINE_URL"), *key = o->key ? o->key : getenv("THREADLINE_KEY");
	struct client *c;
	size_t n;

	if (!key || !*key)
		return err_set(err, ERR_UNAUTHORIZED, "key_missing", NULL,
			       "an API key is wanted: --key, or THREADLINE_KEY in the environment");
	if (!url || !*url)
		url = "http://127.0.0.1:8080";
	c = calloc(1, sizeof *c);
	if (!c)
		return err_nomem(err);
	c->cacert = o->cacert;
	snprintf(c->url, sizeof c->url, "%s", url);
	for (n = strlen(c->url); n && c->url[n - 1] == '/';)
		c->url[--n] = 0;
	snprintf(c->auth, sizeof c->auth, "Authorization: Bearer %s", key);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) || !(c->curl = curl_easy_init())) {
		client_close(&c);
		return err_nomem(err);
	}
	*out = c;
	return 0;
}

void client_close(struct client **c)
{
	if (!*c)
		return;
	curl_easy_cleanup((*c)->curl);
	explicit_bzero((*c)->auth, sizeof(*c)->auth);
	free(*c);
	*c = NULL;
	curl_global_cleanup();
}

static int common(struct client *c, const char *path, char target[URL_MAX], struct err *err)
{
	if (snprintf(target, URL_MAX, "%s%s", c->url, path) >= URL_MAX)
		return err_set(err, ERR_INVALID, "url_too_long", NULL, "the URL is too long");
	curl_easy_reset(c->curl);
	curl_easy_setopt(c->curl, CURLOPT_URL, target);
	curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->why);
	curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "threadline");
	if (c->cacert)
		curl_easy_setopt(c->curl, CURLOPT_CAINFO, c->cacert);
	return 0;
}

static int perform(struct client *c, struct curl_slist *headers, bool complete, long *status, struct err *err)
{
	CURLcode r = CURLE_OUT_OF_MEMORY;

	c->why[0] = 0;
	if (complete) {
		curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
		r = curl_easy_perform(c->curl);
	}
	*status = 0;
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, status);
	curl_slist_free_all(headers);
	if (r == CURLE_OK || r == CURLE_WRITE_ERROR) /* the latter: our own function had enough */
		return 0;
	return err_set(err, ERR_UNAVAILABLE, "no_answer", NULL, "%s: %s", c->url,
		       c->why[0] ? c->why : curl_easy_strerror(r));
}

/* Adds a header; after the first failure nothing more. */
static bool add(struct curl_slist **list, const char *header)
{
	struct curl_slist *more = curl_slist_append(*list, header);

	if (more)
		*list = more;
	return more;
}

static size_t collect(char *p, size_t one, size_t n, void *arg)
{
	struct buf *b = arg;

	buf_add(b, p, one * n);
	return b->failed ? 0 : one * n;
}

int client_request(struct client *c, const char *path, struct str body, const char *idempotency_key, long *status,
		   struct buf *answer, struct err *err)
{
	char target[URL_MAX], line[300];
	struct curl_slist *headers = NULL;
	bool ok;

	if (common(c, path, target, err))
		return -1;
	ok = add(&headers, c->auth);
	if (body.n) {
		ok = ok && add(&headers, "Content-Type: application/json");
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, body.p);
	}
	if (idempotency_key) {
		snprintf(line, sizeof line, "Idempotency-Key: %s", idempotency_key);
		ok = ok && add(&headers, line);
	}
	curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, (long)ANSWER_S);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, answer);
	return perform(c, headers, ok, status, err);
}

int client_send(struct client *c, const char *path, const char *type, struct str body, long *status, struct buf *answer,
		struct err *err)
{
	char target[URL_MAX], line[100];
	struct curl_slist *headers = NULL;
	bool ok;

	if (common(c, path, target, err))
		return -1;
	ok = add(&headers, c->auth) && add(&headers, "Expect:"); /* no 100-continue: it costs a round trip */
	if (type) {
		snprintf(line, sizeof line, "Content-Type: %s", type);
		ok = ok && add(&headers, line);
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, body.p);
	}
	curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, (long)ANSWER_S);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, answer);
	return perform(c, headers, ok, status, err);
}

struct follow {
	bool (*fn)(void *arg, struct str bytes);
	void *arg;
};

static size_t hand_on(char *p, size_t one, size_t n, void *arg)
{
	struct follow *f = arg;
	return f->fn(f->arg, str_n(p, one * n)) ? one * n : 0;
}

int client_follow(struct client *c, const char *path, const char *last_event_id, long *status,
		  bool (*fn)(void *arg, struct str bytes), void *arg, struct err *err)
{
	struct follow f = {fn, arg};
	char target[URL_MAX], line[100];
	struct curl_slist *headers = NULL;
	bool ok;

	if (common(c, path, target, err))
		return -1;
	ok = add(&headers, c->auth) && add(&headers, "Accept: text/event-stream");
	if (*last_event_id) {
		snprintf(line, sizeof line, "Last-Event-ID: %s", last_event_id);
		ok = ok && add(&headers, line);
	}
	/* The stream says something every 15 s: silence means that the other end is gone. */
	curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_TIME, (long)STREAM_IDLE_S);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, hand_on);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, &f);
	return perform(c, headers, ok, status, err);
}

int client_problem(long status, struct str answer, struct err *err)
{
	json_t *doc = NULL;
	const char *code = NULL, *detail = NULL, *field = NULL, *why = NULL;
	json_t *first;

	if (json_read(answer, 16, &doc, NULL) == 0) {
		code = json_string_value(json_object_get(doc, "code"));
		detail = json_string_value(json_object_get(doc, "detail"));
		first = json_array_get(json_object_get(doc, "errors"), 0);
		field = json_string_value(json_object_get(first, "field"));
		why = json_string_value(json_object_get(first, "detail"));
	}
	err_set(err, ERR_INTERNAL, code, field, "%ld %s: %.120s%s%.60s%s%.100s", status, code ? code : "answer",
		detail ? detail : "no reason given", field ? " (" : "", field ? field : "", field ? ") " : "",
		why && (!detail || strcmp(why, detail) != 0) ? why : "");
	json_decref(doc);
	return -1;
}
