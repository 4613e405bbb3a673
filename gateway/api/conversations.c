/* Conversations: the agents' list, claiming by compare-and-set, answering. */
#include <stdio.h>

#include "api/api.h"
#include "timeline/cursor.h"

static bool state_bits(struct str s, unsigned *v) { return conversation_state_parse(s, (enum conversation_state *)v); }

struct listing {
	struct request *r;
	struct cursor last;
	int n;
};

static void list_one(void *arg, const struct conversation *c)
{
	struct listing *l = arg;

	conversation_json(&l->r->json, NULL, c);
	l->last = (struct cursor){.at = c->updated_at, .id = c->id};
	l->n++;
}

int conversation_list_(struct request *r, struct err *err)
{
	struct str at = request_query(r, "cursor"), channel = request_query(r, "channel");
	struct conversation_query q = {.assignee = request_query(r, "assignee")};
	struct listing l = {.r = r};
	struct cursor c = {0};
	char next[CURSOR_TEXT];
	struct db *db = request_db(r, err);

	if (!db || query_limit(r, &q.limit, err) || query_words(r, "state", state_bits, &q.states, err) ||
	    query_uuid(r, "customer_id", &q.customer, err))
		return -1;
	if (channel.p && !channel_parse(channel, &q.channel))
		return err_set(err, ERR_INVALID, "word_unknown", "channel", "not a channel");
	if (at.p && !cursor_parse(at, &c))
		return err_set(err, ERR_INVALID, "cursor_invalid", "cursor", "this is not a cursor of this list");
	q.before_at = c.at;
	q.before_id = c.id;
	list_begin(r);
	if (conversation_list(db, &q, list_one, &l, err))
		return -1;
	cursor_text(&l.last, next);
	list_end(r, l.n == q.limit ? next : NULL);
	return 0;
}

int conversation_one(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	struct uuid id;

	if (!db || path_uuid(r, 0, &id, err))
		return -1;
	return answer_conversation(r, db, &id, 200, err);
}

struct change {
	struct uuid id;
	struct conversation_patch patch;
};

static int patch_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;
	return conversation_update(db, app_of(r)->events, &c->id, &c->patch, r->who.author, now, err);
}

static int patch_finish(struct request *r, struct db *db, struct err *err)
{
	struct change *c = r->state;
	return answer_conversation(r, db, &c->id, 200, err);
}

static int read_patch(const json_t *o, struct conversation_patch *p, struct err *err)
{
	struct str state;
	int k;

	if ((k = input_str(o, "", "state", 16, &state, err)) < 0)
		return -1;
	if (k && !conversation_state_parse(state, &p->state))
		return input_word("", "state", state, err);
	p->set_state = k;
	if (input_str(o, "", "assignee", 100, &p->assignee, err) < 0)
		return -1;
	p->set_assignee = json_object_get(o, "assignee") != NULL; /* null releases it */
	if (!p->assignee.p)
		p->assignee = STR("");
	if ((k = input_str(o, "", "subject", 998, &p->subject, err)) < 0)
		return -1;
	p->set_subject = k;
	if ((k = input_str(o, "", "topic", 40, &p->topic, err)) < 0)
		return -1;
	p->set_topic = k;
	if ((k = input_time(o, "", "snoozed_until", &p->snoozed_until, err)) < 0)
		return -1;
	p->set_snoozed_until = k;
	if (p->set_state && p->state == CONVERSATION_SNOOZED && !k)
		return input_missing("", "snoozed_until", err);
	return 0;
}

int conversation_patch_(struct request *r, struct err *err)
{
	static const char *const names[] = {"state", "assignee", "subject", "topic", "snoozed_until", NULL};
	struct change *c = state_new(r, sizeof *c, err);
	json_t *o;

	if (!c || path_uuid(r, 0, &c->id, err) || request_if_match(r, &c->patch.if_version, err) ||
	    input_object(r, names, &o, err) || read_patch(o, &c->patch, err))
		return -1;
	r->run = patch_run;
	r->finish = patch_finish;
	return request_write(r, err);
}

int conversation_interactions(struct request *r, struct err *err)
{
	struct timeline_query q = {0};
	struct db *db = request_db(r, err);
	struct conversation c;

	if (!db || path_uuid(r, 0, &q.conversation, err) || conversation_get(db, &q.conversation, r->arena, &c, err) ||
	    read_timeline(r, &q, err))
		return -1;
	return answer_timeline(r, db, &q, err);
}

/* ---- answering ---- */

struct answer {
	struct uuid id;
	struct send_request req;
	struct send_result res;
	struct outbound_batch *batch;
};

/* Without a channel, the answer goes back the way the customer last wrote in this conversation. */
static int way_back(struct request *r, struct db *db, const struct conversation *c, struct send_request *q,
		    struct err *err)
{
	struct stmt *s = db_query(
		db, "SELECT contact_scheme, contact_address, account FROM interaction WHERE bucket = $1 AND "
		    "conversation_id = $2"
		    " AND direction = $3 AND kind = $4 AND contact_address IS NOT NULL ORDER BY id DESC LIMIT 1");
	int k;

	db_bind_i64(s, 1, bucket_of(&c->id));
	db_bind_uuid(s, 2, &c->id);
	db_bind_i64(s, 3, DIRECTION_INBOUND);
	db_bind_i64(s, 4, KIND_MESSAGE);
	k = db_step(s, err);
	if (k == DB_ROW) {
		struct str value = db_col_str(s, 1);
		q->has_address = value.n <= ADDRESS_MAX;
		q->address = (struct address){.scheme = (enum scheme)db_col_i64(s, 0)};
		memcpy(q->address.value, value.p, q->has_address ? value.n : 0);
		q->account = arena_str(r->arena, db_col_str(s, 2));
		q->customer = (struct uuid){{0}};
	}
	db_done(s);
	return k == DB_ERROR ? -1 : 0;
}

static int reply_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct answer *a = r->state;
	struct send_request req = a->req;
	struct conversation c;

	outbound_batch_reset(a->batch);
	if (conversation_get(db, &a->id, r->arena, &c, err))
		return -1;
	req.customer = c.customer;
	req.conversation = a->id;
	if (req.channels_n == 0 && way_back(r, db, &c, &req, err))
		return -1;
	return outbound_batch_write(a->batch, db, &req, now, &a->res, err);
}

static void reply_committed(struct request *r) { outbound_batch_committed(((struct answer *)r->state)->batch); }

static void reply_cleanup(struct request *r)
{
	struct answer *a = r->state;
	outbound_batch_free(&a->batch);
}

static int reply_finish(struct request *r, struct db *db, struct err *err)
{
	struct answer *a = r->state;
	return answer_interaction(r, db, &a->res.message, 202, err);
}

int conversation_reply(struct request *r, struct err *err)
{
	static const char *const names[] = {"text", "channel", "subject", "attachments", "metadata", NULL};
	struct answer *a = state_new(r, sizeof *a, err);
	struct str word = {0};
	json_t *o;

	if (!a || path_uuid(r, 0, &a->id, err) || input_object(r, names, &o, err))
		return -1;
	a->req = (struct send_request){.author = r->who.author,
				       .correlation = str_of(r->correlation),
				       .customer = a->id,
				       .has_priority = true,
				       .priority = PRIORITY_HIGH};
	if (input_str(o, "", "text", 100000, &a->req.text, err) < 0 ||
	    input_str(o, "", "channel", 16, &word, err) < 0 ||
	    input_str(o, "", "subject", 998, &a->req.subject, err) < 0 || read_attachments(r, o, "", &a->req, err) ||
	    input_json(r, o, "", "metadata", &a->req.metadata, err) < 0)
		return -1;
	if (word.n && !str_is(word, "auto")) {
		if (!channel_parse(word, &a->req.channels[0]) || a->req.channels[0] == CHANNEL_NONE)
			return input_word("", "channel", word, err);
		a->req.channels_n = 1;
	}
	if (outbound_check(app_of(r)->outbound, &a->req, now_of(r), err))
		return -1;
	a->batch = outbound_batch_new(app_of(r)->outbound);
	if (!a->batch) {
		r->state = NULL;
		return err_nomem(err);
	}
	r->run = reply_run;
	r->committed = reply_committed;
	r->cleanup = reply_cleanup;
	r->finish = reply_finish;
	return request_write(r, err);
}

/* An agent is typing: shown to colleagues, and to the visitor where the channel can. Nothing is stored. */
int conversation_typing(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	struct send_request way = {0};
	struct conversation c;
	struct uuid id;
	struct buf b;

	if (!db || path_uuid(r, 0, &id, err) || conversation_get(db, &id, r->arena, &c, err) ||
	    way_back(r, db, &c, &way, err))
		return -1;
	if (way.has_address && app_of(r)->host)
		host_signal(app_of(r)->host, way.account, &way.address, SIGNAL_TYPING, NULL);
	buf_init(&b, 512);
	buf_adds(&b, "{\"by\":");
	json_quote(&b, str_of(r->who.author));
	buf_addc(&b, '}');
	event_flash(app_of(r)->events, &(struct event){.at = now_of(r),
						       .type = "agent.typing",
						       .customer = c.customer,
						       .conversation = id,
						       .data = buf_str(&b)});
	buf_free(&b);
	request_json(r, 202);
	json_obj(&r->json, NULL);
	json_end(&r->json);
	return 0;
}
