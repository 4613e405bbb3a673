/* Messages: send one, send many, look at one, cancel. */
#include <stdio.h>

#include "api/api.h"

enum { BATCH_MAX = 1000 };

struct one {
	struct send_request req;
	struct send_result res;
	struct err err; /* kind set: this one was refused */
};

struct sending {
	struct outbound_batch *batch;
	struct one *v;
	size_t n;
	bool many;
};

static bool fatal(const struct err *e) { return e->kind == ERR_UNAVAILABLE || e->kind == ERR_INTERNAL; }

static int send_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct sending *s = r->state;

	outbound_batch_reset(s->batch);
	for (size_t i = 0; i < s->n; i++) {
		struct one *o = &s->v[i];
		struct err e = {0};

		if (s->many && o->req.author == NULL)
			continue; /* did not even parse: o->err stands */
		o->err = (struct err){0};
		if (outbound_batch_write(s->batch, db, &o->req, now, &o->res, &e) == 0)
			continue;
		if (fatal(&e) || !s->many) {
			*err = e;
			return -1;
		}
		o->err = e;
	}
	return 0;
}

static void send_committed(struct request *r) { outbound_batch_committed(((struct sending *)r->state)->batch); }

static void send_cleanup(struct request *r)
{
	struct sending *s = r->state;
	outbound_batch_free(&s->batch);
}

/* From what is known; a refusal's cause, a message sent before, what a template made and links that were changed are read
 * back. */
static int one_json(struct request *r, struct db *db, const char *key, const struct one *o, struct err *err)
{
	const struct send_request *q = &o->req;
	struct interaction i = {.id = o->res.message,
				.conversation = o->res.conversation,
				.has_contact = true,
				.contact = o->res.delivery.address,
				.at = o->res.delivery.at,
				.channel = o->res.delivery.channel,
				.direction = DIRECTION_OUTBOUND,
				.kind = KIND_MESSAGE,
				.account = str_of(o->res.delivery.account),
				.author = str_of(q->author),
				.subject = q->subject,
				.content = q->text,
				.metadata = q->metadata,
				.thread_reason = str_of(o->res.thread_reason)};

	if (!o->res.repeated && !o->res.reason && !o->res.links && !q->attachments_n && !q->template.name.n) {
		fresh_json(&r->json, key, &i, &o->res.customer, &o->res.delivery);
		return 0;
	}
	if (!db && !(db = request_db(r, err)))
		return -1;
	return interaction_get(db, &o->res.message, r->arena, &i, err) ? -1
								       : interaction_json(db, &r->json, key, &i, err);
}

static int send_finish(struct request *r, struct db *db, struct err *err)
{
	struct sending *s = r->state;

	request_json(r, 202);
	return one_json(r, db, NULL, &s->v[0], err);
}

static int batch_finish(struct request *r, struct db *db, struct err *err)
{
	struct sending *s = r->state;

	list_begin(r);
	r->status = 207;
	for (size_t i = 0; i < s->n; i++) {
		struct one *o = &s->v[i];
		json_obj(&r->json, NULL);
		json_int(&r->json, "status", o->err.kind ? problem_status(&o->err) : 202);
		if (o->err.kind)
			problem_json(&r->json, "problem", &o->err, NULL);
		else if (one_json(r, db, "message", o, err))
			return -1;
		json_end(&r->json);
	}
	list_end(r, NULL);
	return 0;
}

static struct sending *sending_new(struct request *r, size_t n, struct err *err)
{
	struct sending *s = state_new(r, sizeof *s, err);

	if (!s)
		return NULL;
	s->n = n;
	s->v = arena_array(r->arena, struct one, n ? n : 1);
	s->batch = s->v ? outbound_batch_new(app_of(r)->outbound) : NULL;
	if (!s->batch) {
		r->state = NULL;
		err_nomem(err);
		return NULL;
	}
	r->run = send_run;
	r->committed = send_committed;
	r->cleanup = send_cleanup;
	return s;
}

int message_post(struct request *r, struct err *err)
{
	static const char *const any[] = {"to",		"channel",     "text",	      "subject",	 "from",
					  "account",	"purpose",     "priority",    "conversation_id", "send_at",
					  "expires_at", "external_id", "attachments", "options",	 "metadata",
					  "template",	NULL};
	struct send_request req;
	struct sending *s;
	json_t *o;

	if (input_object(r, any, &o, err) || read_message(r, o, "", &req, err))
		return -1;
	s = sending_new(r, 1, err);
	if (!s)
		return -1;
	s->v[0].req = req;
	r->finish = send_finish;
	return request_write(r, err);
}

int message_batch(struct request *r, struct err *err)
{
	static const char *const names[] = {"messages", NULL};
	struct sending *s;
	json_t *o, *list;

	if (input_object(r, names, &o, err))
		return -1;
	list = json_object_get(o, "messages");
	if (!json_is_array(list) || json_array_size(list) < 1 || json_array_size(list) > BATCH_MAX)
		return err_set(err, ERR_SEMANTIC, "messages_invalid", "/messages", "a list of 1 to %d messages",
			       BATCH_MAX);
	s = sending_new(r, json_array_size(list), err);
	if (!s)
		return -1;
	s->many = true;
	for (size_t i = 0; i < s->n; i++) {
		const json_t *item = json_array_get(list, i);
		struct err e = {0};
		char at[40];

		snprintf(at, sizeof at, "/messages/%zu", i);
		if (json_is_object(item) ? read_message(r, item, at, &s->v[i].req, &e)
					 : err_set(&e, ERR_SEMANTIC, "object_expected", at, "a message is an object")) {
			s->v[i].req.author = NULL;
			s->v[i].err = e;
		}
	}
	r->finish = batch_finish;
	return request_write(r, err);
}

int message_get(struct request *r, struct err *err)
{
	struct uuid id;
	struct db *db = request_db(r, err);

	if (!db || path_uuid(r, 0, &id, err))
		return -1;
	return answer_interaction(r, db, &id, 200, err);
}

static int cancel_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	return outbound_cancel(app_of(r)->outbound, db, r->state, r->who.author, now, err);
}

static int cancel_finish(struct request *r, struct db *db, struct err *err)
{
	return answer_interaction(r, db, r->state, 200, err);
}

int message_cancel(struct request *r, struct err *err)
{
	struct uuid *id = state_new(r, sizeof *id, err);

	if (!id || path_uuid(r, 0, id, err))
		return -1;
	r->run = cancel_run;
	r->finish = cancel_finish;
	return request_write(r, err);
}
