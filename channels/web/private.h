/* What the files of this folder share. */
#pragma once
#include "base/json.h"
#include "web/limit.h"
#include "web/token.h"
#include "web/visitor.h"
#include "web/web.h"

enum prechat { PRECHAT_OFF, PRECHAT_OPTIONAL, PRECHAT_REQUIRED };

struct web_settings {
	char *origins, *identity_secret, *title, *greeting, *color, *file_types;
	int prechat;
	int64_t max_text, max_file, messages_per_minute, sessions_per_minute, token_life, away_after;
};

struct account {
	const struct web_settings *set;
	const struct channel_host *host;
	struct visitors visitors;
	struct limits by_visitor, by_address;
	int pending; /* calls into the host whose answer is due */
	bool stopping, closed;
	struct timer beat, deadline, away;
	struct held *held, **held_tail; /* held.c */
};

/* ---- reply.c: every answer goes through here, so that none forgets its origin headers ---- */

/* Where an answer goes, kept while the host works. */
struct asker {
	struct account *a;
	struct exchange *e;
	char origin[256]; /* allowed origin to name in the answer; empty: same origin */
};

/* False: answered already (403 for a foreign origin, 429 over the limit of this address). */
bool ask_begin(struct asker *k, struct account *a, const struct channel_request *r);
void ask_reply(const struct asker *k, int status, struct str json);
void ask_problem(const struct asker *k, int status, const char *code, const char *detail, int retry_after_s);
void ask_stream(const struct asker *k);
/* "Authorization: Bearer <token>" to a visitor; false: answered 401. */
bool ask_visitor(const struct asker *k, const struct channel_request *r, struct uuid *visitor);
/* The body as a JSON object; NULL: answered 400. */
json_t *ask_json(const struct asker *k, const struct channel_request *r);
/* String member; empty if absent. */
struct str ask_member(const json_t *o, const char *name);
void visitor_address(const struct uuid *visitor, struct address *out);
/* Around a call into the host that will be answered: stop waits for these. */
void pending_add(struct account *a);
void pending_done(struct account *a);

/* ---- handlers, one file each ---- */

void web_preflight(struct account *a, const struct channel_request *r);
void web_session(struct account *a, const struct channel_request *r);
void web_contact(struct account *a, const struct channel_request *r);
void web_message(struct account *a, const struct channel_request *r);
void web_signal(struct account *a, const struct channel_request *r);
void web_file_put(struct account *a, const struct channel_request *r);
void web_file_get(struct account *a, const struct channel_request *r);
void web_stream(struct account *a, const struct channel_request *r);
void web_stream_gone(struct account *a, struct exchange *e);

/* One entry as the widget reads it, in an open array or as a whole. */
void web_entry_json(struct account *a, struct json_out *j, const struct uuid *visitor, const struct history_entry *h);
/* Sends one event to every open page of a visitor. Returns how many took it. */
int web_tell(struct account *a, const struct uuid *visitor, const char *event, const struct uuid *id, struct str json);
size_t web_submit(struct account *a, const struct delivery *v, size_t n);
/* Keeps the outcome until the page has confirmed it or away_after has passed. False: there is none to keep. */
bool held_add(struct account *a, const struct delivery *d);
void held_shown(struct account *a, const struct uuid *message);
void held_release(struct account *a); /* stopping */
void web_send_signal(struct account *a, const struct address *to, enum signal_kind k, const struct uuid *upto);
