/*
 * What the visitor writes. The page numbers its messages itself (client_id); the gateway stores one only once, so the page
 * may send again after a lost answer as often as it likes. 201 means stored.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "web/private.h"

enum { FILES_MAX = 10 };

struct writing {
	struct asker k;
	struct uuid visitor;
	char client_id[65];
	char *echo; /* what the visitor's other pages are shown, without its id */
};

static void on_stored(void *arg, const struct intake_result *r)
{
	struct writing *w = arg;
	struct account *a = w->k.a;
	struct json_out j;
	struct buf b;

	buf_init(&b, 1 << 20);
	json_begin(&j, &b);
	json_obj(&j, NULL);
	json_uuid(&j, "id", &r->interaction);
	json_cstr(&j, "client_id", w->client_id);
	json_time(&j, "at", uuid_time(&r->interaction));
	switch (r->answer) {
	case INTAKE_ACCEPTED:
	case INTAKE_DUPLICATE:
		json_cstr(&j, "direction", "inbound");
		json_raw(&j, "content", str_of(w->echo));
		json_end(&j);
		ask_reply(&w->k, r->answer == INTAKE_ACCEPTED ? 201 : 200, buf_str(&b));
		if (r->answer == INTAKE_ACCEPTED)
			web_tell(a, &w->visitor, "echo", &r->interaction, buf_str(&b));
		break;
	case INTAKE_REJECTED: ask_problem(&w->k, 422, "rejected", r->why ? r->why : "not taken", 0); break;
	case INTAKE_BUSY:
		ask_problem(&w->k, 503, "busy", r->why ? r->why : "try again", 1 + (int)(r->retry_after / US_SEC));
		break;
	}
	buf_free(&b);
	free(w->echo);
	free(w);
	pending_done(a);
}

/* The files a message names were uploaded by this visitor: each carries our signature. Returns how many, -1: answered. */
static int files(const struct asker *k, const struct uuid *visitor, const json_t *list, struct attachment *out)
{
	size_t n = json_array_size(list);

	if (n > FILES_MAX) {
		ask_problem(k, 422, "too_many_files", "at most 10 files in one message", 0);
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		const json_t *f = json_array_get(list, i);
		struct str sha = ask_member(f, "sha256");
		if (!token_file_ok(k->a->host->secret, visitor, sha, ask_member(f, "sign"))) {
			ask_problem(k, 422, "file_unknown", "a file was not uploaded by this visitor", 0);
			return -1;
		}
		out[i] = (struct attachment){.name = ask_member(f, "name"),
					     .type = ask_member(f, "type"),
					     .size = json_integer_value(json_object_get(f, "size"))};
		memcpy(out[i].sha256, sha.p, 64);
	}
	return (int)n;
}

static size_t code_points(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; n++)
		str_next(s, &i);
	return n;
}

static bool text_ok(const struct asker *k, struct str text, int files_n, struct str client_id)
{
	if (client_id.n < 8 || client_id.n > 64 || memchr(client_id.p, 0, client_id.n))
		ask_problem(k, 422, "client_id_invalid", "client_id has 8 to 64 characters", 0);
	else if (str_trim(text).n == 0 && files_n == 0)
		ask_problem(k, 422, "text_empty", "a message has a text or a file", 0);
	else if (code_points(text) > (size_t)k->a->set->max_text)
		ask_problem(k, 422, "text_too_long", "the text is longer than this site takes", 0);
	else
		return true;
	return false;
}

/* The external id carries the visitor, because two visitors' pages may count alike. */
static void hand_over(struct account *a, struct writing *w, struct str text, const struct attachment *att, size_t att_n,
		      struct str page)
{
	struct inbound in = {.channel = CHANNEL_WEB,
			     .account = str_of(a->host->name),
			     .external_id = str_of(w->client_id),
			     .text = text,
			     .attachments = att,
			     .attachments_n = att_n};
	struct json_out j;
	struct buf b;

	buf_init(&b, 8192);
	if (page.n && page.n <= 2048) {
		json_begin(&j, &b);
		json_obj(&j, NULL);
		json_str(&j, "page", page);
		json_end(&j);
		in.metadata = buf_str(&b);
	}
	visitor_address(&w->visitor, &in.from);
	pending_add(a);
	a->host->received(a->host->self, &in, on_stored, w);
	buf_free(&b);
}

static char *echo_json(struct account *a, const struct uuid *visitor, struct str text, const struct attachment *att,
		       size_t n)
{
	struct history_entry h = {.direction = DIRECTION_INBOUND,
				  .status = STATUS_RECEIVED,
				  .at = clock_now(),
				  .text = text,
				  .attachments = att,
				  .attachments_n = n};
	struct json_out j;
	struct buf b;

	buf_init(&b, 1 << 20);
	json_begin(&j, &b);
	web_entry_json(a, &j, visitor, &h);
	return buf_take(&b);
}

void web_message(struct account *a, const struct channel_request *r)
{
	struct attachment att[FILES_MAX];
	struct writing *w = NULL;
	struct str text, client_id;
	struct uuid visitor;
	struct asker k;
	json_t *body;
	int n;

	if (!ask_begin(&k, a, r) || !ask_visitor(&k, r, &visitor) || !(body = ask_json(&k, r)))
		return;
	text = ask_member(body, "text");
	client_id = ask_member(body, "client_id");
	n = files(&k, &visitor, json_object_get(body, "attachments"), att);
	if (n < 0 || !text_ok(&k, text, n, client_id))
		goto out;
	w = calloc(1, sizeof *w);
	if (!w || !(w->echo = echo_json(a, &visitor, text, att, (size_t)n))) {
		free(w);
		ask_problem(&k, 503, "out_of_memory", "not enough memory now", 5);
		goto out;
	}
	w->k = k;
	w->visitor = visitor;
	memcpy(w->client_id, client_id.p, client_id.n);
	hand_over(a, w, text, att, (size_t)n, ask_member(body, "page"));
out:
	json_decref(body);
}

/* ---- what it has seen, and that it is typing ---- */

static void on_receipt(void *arg, const struct intake_result *r)
{
	(void)r; /* a lost mark is sent again with the next one */
	pending_done(arg);
}

/* The page shows these messages now. */
static void delivered(struct account *a, const struct uuid *visitor, const json_t *ids)
{
	for (size_t i = 0; i < json_array_size(ids) && i < 100; i++) {
		const json_t *v = json_array_get(ids, i);
		struct receipt rc = {.account = str_of(a->host->name),
				     .status = STATUS_DELIVERED,
				     .raw_state = STR("shown"),
				     .at = clock_now()};
		struct uuid id;

		if (!json_is_string(v) || !uuid_parse(str_of(json_string_value(v)), &id))
			continue;
		held_shown(a, &id);
		rc.external_id = str_of(json_string_value(v));
		visitor_address(visitor, &rc.from);
		pending_add(a);
		a->host->receipt(a->host->self, &rc, on_receipt, a);
	}
}

void web_signal(struct account *a, const struct channel_request *r)
{
	struct uuid visitor, upto = {{0}};
	struct address who;
	struct str kind;
	struct asker k;
	json_t *body;

	if (!ask_begin(&k, a, r) || !ask_visitor(&k, r, &visitor) || !(body = ask_json(&k, r)))
		return;
	visitor_address(&visitor, &who);
	kind = ask_member(body, "kind");
	if (str_is(kind, "typing"))
		a->host->signal(a->host->self, &who, SIGNAL_TYPING, NULL);
	else if (str_is(kind, "stopped_typing"))
		a->host->signal(a->host->self, &who, SIGNAL_STOPPED_TYPING, NULL);
	else if (str_is(kind, "delivered"))
		delivered(a, &visitor, json_object_get(body, "ids"));
	else if (str_is(kind, "read") && uuid_parse(ask_member(body, "upto"), &upto))
		a->host->signal(a->host->self, &who, SIGNAL_READ, &upto);
	else
		kind = STR("");
	if (kind.n)
		ask_reply(&k, 202, STR("{}"));
	else
		ask_problem(&k, 422, "signal_unknown", "kind is typing, stopped_typing, delivered (ids) or read (upto)",
			    0);
	json_decref(body);
}
