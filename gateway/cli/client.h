/* A client of a running gateway's API, for the command line. Blocking; one thread. curl.h is included here only. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "cli/options.h"

struct client;

struct client_options {
	const char *url, *key, *cacert;
};
/* The options every command that talks to a gateway has: put them first in its table. */
/* clang-format off */
#define CLIENT_OPTIONS(o) \
	{"url", 'u', OPTION_TEXT, "URL", &(o).url, "the gateway ($THREADLINE_URL, else http://127.0.0.1:8080)"}, \
	{"key", 'k', OPTION_TEXT, "KEY", &(o).key, "API key; better put it into $THREADLINE_KEY"}, \
	{"cacert", 0, OPTION_TEXT, "FILE", &(o).cacert, "certificates to trust instead of the system's"}
/* clang-format on */

int client_open(const struct client_options *o, struct client **out, struct err *err);
void client_close(struct client **c);
/* body empty: GET, else POST of JSON. *status is the HTTP status; the answer's bytes are added to `answer`.
 * -1 only when there was no answer. */
int client_request(struct client *c, const char *path, struct str body, const char *idempotency_key, long *status,
		   struct buf *answer, struct err *err);
/* The same with a body of another type; POST also when it is empty. type NULL: GET. */
int client_send(struct client *c, const char *path, const char *type, struct str body, long *status, struct buf *answer,
		struct err *err);
/* Follows a stream: fn gets the bytes as they come and returns false to stop. 0: it ended or fn stopped it. */
int client_follow(struct client *c, const char *path, const char *last_event_id, long *status,
		  bool (*fn)(void *arg, struct str bytes), void *arg, struct err *err);
/* Turns a problem document into an err that says it in one line. Returns -1. */
int client_problem(long status, struct str answer, struct err *err);
