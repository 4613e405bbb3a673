#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/sse.h"

enum { EVENT_MAX = 1 << 20, WAIT_MAX_S = 30 };

struct tail {
	struct client_options client;
	const char *types, *customer, *conversation, *channel, *since;
	int64_t count;
	bool json, once;
	int64_t seen;
	long status;
	struct sse sse;
	struct buf refusal; /* what a server that is no stream says */
	struct client *c;
};

static const char *text(const json_t *doc, const char *key)
{
	const char *v = json_string_value(json_object_get(doc, key));
	return v ? v : "-";
}

static void show(void *arg, const char *id, const char *event, struct str data)
{
	struct tail *t = arg;
	json_t *doc = NULL, *facts;
	char *dump;

	(void)id;
	if (t->count && t->seen >= t->count)
		return;
	t->seen++;
	if (t->json || json_read(data, 32, &doc, NULL)) {
		printf("%.*s\n", (int)data.n, data.p);
		return;
	}
	facts = json_object_get(doc, "data");
	dump = facts ? json_dumps(facts, JSON_COMPACT) : NULL;
	printf("%s %-22s %-4s customer=%s conversation=%s interaction=%s %s\n", text(doc, "at"), event,
	       text(doc, "channel"), text(doc, "customer_id"), text(doc, "conversation_id"),
	       text(doc, "interaction_id"), dump ? dump : "{}");
	free(dump);
	json_decref(doc);
}

static bool on_bytes(void *arg, struct str bytes)
{
	struct tail *t = arg;

	if (!sse_feed(&t->sse, bytes))
		return false;
	if (t->refusal.n + bytes.n < t->refusal.max && t->seen == 0)
		buf_addstr(&t->refusal, bytes);
	return !(t->count && t->seen >= t->count);
}

static void parameter(struct buf *path, const char *name, const char *value)
{
	static const char hex[] = "0123456789ABCDEF";

	if (!value)
		return;
	buf_addf(path, "%c%s=", memchr(path->p, '?', path->n) ? '&' : '?', name);
	for (const unsigned char *v = (const unsigned char *)value; *v; v++) {
		if (strchr("-._~,:", *v) || (*v >= '0' && *v <= '9') || ((*v | 32) >= 'a' && (*v | 32) <= 'z')) {
			buf_addc(path, (char)*v);
		} else {
			buf_addc(path, '%');
			buf_addc(path, hex[*v >> 4]);
			buf_addc(path, hex[*v & 15]);
		}
	}
}

/* Follows until the wanted number was seen; a lost connection is taken up where it broke. */
static int follow(struct tail *t, const char *path, struct err *e)
{
	unsigned wait = 1;

	for (;;) {
		int64_t before = t->seen;
		int r;
		buf_reset(&t->refusal);
		sse_reset(&t->sse);
		r = client_follow(t->c, path, t->sse.id, &t->status, on_bytes, t, e);
		if (t->count && t->seen >= t->count)
			return 0;
		if (t->status >= 400 && t->status < 500)
			return client_problem(t->status, buf_str(&t->refusal), e);
		if (t->once)
			return r;
		if (r == 0)
			err_set(e, ERR_UNAVAILABLE, NULL, NULL, "the stream has ended");
		wait = t->seen > before ? 1 : wait;
		fprintf(stderr, "threadline tail: %s; again in %u s\n", e->msg, wait);
		sleep(wait);
		wait = wait * 2 < WAIT_MAX_S ? wait * 2 : WAIT_MAX_S;
	}
}

int cmd_tail(int argc, char **argv)
{
	static const struct usage usage = {"threadline tail", "",
					   "Prints the events of a running gateway as they happen, and comes back by "
					   "itself after a broken connection.",
					   0, 0};
	struct tail t = {0};
	const struct option_spec specs[] = {
		CLIENT_OPTIONS(t.client),
		{"types", 't', OPTION_TEXT, "LIST", &t.types, "only these: message.,conversation.opened"},
		{"customer", 0, OPTION_TEXT, "ID", &t.customer, "only of this customer"},
		{"conversation", 0, OPTION_TEXT, "ID", &t.conversation, "only of this conversation"},
		{"channel", 'C', OPTION_TEXT, "NAME", &t.channel, "only of this channel"},
		{"since", 's', OPTION_TEXT, "SEQ", &t.since, "begin after this event instead of now"},
		{"count", 'n', OPTION_INT, "N", &t.count, "leave after N events"},
		{"once", 0, OPTION_FLAG, NULL, &t.once, "leave when the connection ends"},
		{"json", 'j', OPTION_FLAG, NULL, &t.json, "print events as the API gives them"},
		OPTION_END,
	};
	struct buf path;
	struct err e = {0};
	int r = options_parse(&usage, specs, &argc, argv);

	if (r != OPTIONS_GO)
		return r;
	buf_init(&path, 1500);
	buf_adds(&path, "/v1/stream");
	parameter(&path, "types", t.types);
	parameter(&path, "customer_id", t.customer);
	parameter(&path, "conversation_id", t.conversation);
	parameter(&path, "channel", t.channel);
	setvbuf(stdout, NULL, _IOLBF, 0);
	sse_init(&t.sse, EVENT_MAX, show, &t);
	buf_init(&t.refusal, 16384);
	if (t.since)
		snprintf(t.sse.id, sizeof t.sse.id, "%s", t.since);
	r = path.failed ? err_set(&e, ERR_INVALID, NULL, NULL, "a value is too long")
			: client_open(&t.client, &t.c, &e);
	if (r == 0)
		r = follow(&t, buf_cstr(&path), &e);
	client_close(&t.c);
	sse_free(&t.sse);
	buf_free(&t.refusal);
	buf_free(&path);
	return r ? cli_fail("tail", &e) : CLI_OK;
}
