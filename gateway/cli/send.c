#include <stdio.h>

#include "base/json.h"
#include "base/uuid.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/input.h"

enum { TEXT_MAX = 1 << 20, ANSWER_MAX = 4 << 20 };

struct send {
	struct client_options client;
	const char *channel, *from, *account, *purpose, *priority, *send_at, *expires_at, *external_id,
		*idempotency_key;
	bool json;
};

static void optional(struct json_out *j, const char *key, const char *value)
{
	if (value)
		json_cstr(j, key, value);
}

static void request(const struct send *s, const char *to, struct str text, struct buf *out)
{
	struct json_out j;
	struct uuid id;

	json_begin(&j, out);
	json_obj(&j, NULL);
	if (uuid_parse(str_of(to), &id)) {
		json_obj(&j, "to");
		json_cstr(&j, "customer_id", to);
		json_end(&j);
	} else {
		json_cstr(&j, "to", to);
	}
	json_str(&j, "text", text);
	optional(&j, "channel", s->channel);
	optional(&j, "from", s->from);
	optional(&j, "account", s->account);
	optional(&j, "purpose", s->purpose);
	optional(&j, "priority", s->priority);
	optional(&j, "send_at", s->send_at);
	optional(&j, "expires_at", s->expires_at);
	optional(&j, "external_id", s->external_id);
	json_end(&j);
}

static void show(const struct send *s, struct str answer)
{
	const char *id, *status;
	json_t *doc = NULL;

	if (s->json || json_read(answer, 16, &doc, NULL)) {
		printf("%.*s\n", (int)answer.n, answer.p);
		return;
	}
	id = json_string_value(json_object_get(doc, "id"));
	status = json_string_value(json_object_get(doc, "status"));
	printf("%s %s\n", id ? id : "?", status ? status : "?");
	json_decref(doc);
}

static int post(const struct send *s, struct str body, struct err *e)
{
	struct client *c = NULL;
	struct buf answer;
	long status = 0;
	int r;

	buf_init(&answer, ANSWER_MAX);
	r = client_open(&s->client, &c, e);
	if (r == 0)
		r = client_request(c, "/v1/messages", body, s->idempotency_key, &status, &answer, e);
	if (r == 0 && status != 202)
		r = client_problem(status, buf_str(&answer), e);
	if (r == 0)
		show(s, buf_str(&answer));
	client_close(&c);
	buf_free(&answer);
	return r;
}

int cmd_send(int argc, char **argv)
{
	static const struct usage usage = {"threadline send", "TO TEXT...|-",
					   "Hands a message to a running gateway and prints its id and status. TO is "
					   "an address or a customer's id; the\n"
					   "text is the rest of the line, or standard input for \"-\".",
					   2, -1};
	struct send s = {0};
	const struct option_spec specs[] = {
		CLIENT_OPTIONS(s.client),
		{"channel", 'C', OPTION_TEXT, "NAME", &s.channel, "auto, sms, web"},
		{"account", 0, OPTION_TEXT, "NAME", &s.account, "channel account to use"},
		{"from", 'f', OPTION_TEXT, "SENDER", &s.from, "sender address or name"},
		{"purpose", 'p', OPTION_TEXT, "WORD", &s.purpose, "service, marketing, survey"},
		{"priority", 0, OPTION_TEXT, "WORD", &s.priority, "high, normal, bulk"},
		{"send-at", 0, OPTION_TEXT, "TIME", &s.send_at, "not before (RFC 3339)"},
		{"expires-at", 0, OPTION_TEXT, "TIME", &s.expires_at, "not after (RFC 3339)"},
		{"external-id", 0, OPTION_TEXT, "ID", &s.external_id,
		 "your own id of it: sent once however often asked"},
		{"idempotency-key", 0, OPTION_TEXT, "KEY", &s.idempotency_key, "repeats of the same request are one"},
		{"json", 'j', OPTION_FLAG, NULL, &s.json, "print the whole answer"},
		OPTION_END,
	};
	struct buf text, body;
	struct err e = {0};
	int r = options_parse(&usage, specs, &argc, argv);

	if (r != OPTIONS_GO)
		return r;
	buf_init(&text, TEXT_MAX);
	buf_init(&body, 2 * TEXT_MAX);
	r = input_text(argc - 1, argv + 1, &text, &e);
	if (r == 0) {
		request(&s, argv[0], buf_str(&text), &body);
		r = body.failed ? err_nomem(&e) : post(&s, buf_str(&body), &e);
	}
	buf_free(&text);
	buf_free(&body);
	return r ? cli_fail("send", &e) : CLI_OK;
}
