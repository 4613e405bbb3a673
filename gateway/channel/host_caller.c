/*
 * For adapters that talk with a customer themselves (a telephone menu): who is at the other end, read on the host's thread,
 * and a message to them on another channel, written as any other is.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "channel/host_private.h"

enum { MEMORY = 1 << 20, OPEN_MAX = 10, ERROR_MAX = sizeof((struct err *)0)->code };

#define OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* ---- who ---- */

struct asked {
	struct task task;
	struct host_account *a;
	struct address who;
	struct buf json;
	char error[ERROR_MAX];
	caller_done *done;
	void *arg;
};

struct open_list {
	struct json_out *j;
	int n;
};

static void on_conversation(void *arg, const struct conversation *c)
{
	struct open_list *l = arg;

	l->n++;
	conversation_json(l->j, NULL, c);
}

static int open_conversations(struct db *db, const struct uuid *customer, struct json_out *j, struct err *err)
{
	struct conversation_query q = {.states = 1U << CONVERSATION_OPEN | 1U << CONVERSATION_PENDING |
						 1U << CONVERSATION_SNOOZED,
				       .customer = *customer,
				       .limit = OPEN_MAX};
	struct open_list l = {.j = j};
	int r;

	json_arr(j, "conversations");
	r = conversation_list(db, &q, on_conversation, &l, err);
	json_end(j);
	return r;
}

static int describe(struct asked *q, struct db *db, struct arena *mem, struct err *err)
{
	struct json_out j;
	struct customer c;
	struct contact at;
	struct uuid id;
	int r = contact_find(db, &q->who, 0, &at, err);

	if (r == 1)
		return 0;
	if (r || identity_survivor(db, &at.customer, &id, err) || customer_get(db, &id, mem, &c, err))
		return -1;
	json_begin(&j, &q->json);
	json_obj(&j, NULL);
	if (customer_json(db, &j, "customer", &c, err) || open_conversations(db, &id, &j, err))
		return -1;
	json_end(&j);
	return q->json.failed ? err_nomem(err) : 0;
}

static void on_described(struct task *t)
{
	struct asked *q = OF(t, struct asked, task);
	struct host *h = q->a->h;
	bool known = !q->error[0] && q->json.n;

	q->done(q->arg, known ? buf_str(&q->json) : STR("{}"), q->error[0] ? q->error : NULL);
	buf_free(&q->json);
	free(q);
	host_pending(h, -1);
}

static void on_describe(struct task *t)
{
	struct asked *q = OF(t, struct asked, task);
	struct err err = {0};
	struct arena *mem = arena_new(MEMORY);
	struct db *db = mem ? readers_get(q->a->h->c.readers, &err) : NULL;

	if (!mem)
		err_nomem(&err);
	if (!db || describe(q, db, mem, &err))
		snprintf(q->error, sizeof q->error, "%s", err.code[0] ? err.code : "error");
	arena_free(&mem);
	q->task.run = on_described;
	loop_post(q->a->thread->loop, &q->task);
}

void host_caller(struct host_account *a, const struct address *who, caller_done *done, void *arg)
{
	struct asked *q = calloc(1, sizeof *q);

	if (!q) {
		done(arg, STR("{}"), "out_of_memory");
		return;
	}
	*q = (struct asked){.task = {.run = on_describe}, .a = a, .who = *who, .done = done, .arg = arg};
	buf_init(&q->json, MEMORY);
	host_pending(a->h, 1);
	loop_post(a->h->reader.loop, &q->task);
}

/* ---- a message to them ---- */

struct sent {
	struct write_job job;
	struct task task;
	struct host_account *a;
	struct outbound_batch *batch;
	struct send_request r;
	struct address to;
	char error[ERROR_MAX], author[80];
	errand_done *done;
	void *arg;
	char room[];
};

/* The address itself where the channel can reach it; else whoever has it, by an address of theirs on the channel. */
static int aim(struct sent *s, struct db *db, struct err *err)
{
	struct contact at;
	int r;

	s->r.has_address = channel_of_scheme(s->to.scheme) == s->r.channels[0];
	if (s->r.has_address)
		return 0;
	r = contact_find(db, &s->to, 0, &at, err);
	if (r == 1)
		return err_set(err, ERR_NOT_FOUND, "customer_unknown", NULL, "nobody has this address");
	return r ? -1 : identity_survivor(db, &at.customer, &s->r.customer, err);
}

static int run_send(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct sent *s = OF(job, struct sent, job);
	struct send_result sent;

	outbound_batch_reset(s->batch);
	return aim(s, db, err) || outbound_check(s->a->h->c.outbound, &s->r, now, err)
		       ? -1
		       : outbound_batch_write(s->batch, db, &s->r, now, &sent, err);
}

static void on_sent(struct task *t)
{
	struct sent *s = OF(t, struct sent, task);
	struct host *h = s->a->h;

	s->done(s->arg, s->error[0] ? s->error : NULL);
	outbound_batch_free(&s->batch);
	free(s);
	host_pending(h, -1);
}

static void send_written(struct write_job *job, const struct err *err)
{
	struct sent *s = OF(job, struct sent, job);

	if (err)
		snprintf(s->error, sizeof s->error, "%s", err->code[0] ? err->code : "error");
	else
		outbound_batch_committed(s->batch);
	loop_post(s->a->thread->loop, &s->task);
}

void host_send(struct host_account *a, const struct errand *e, errand_done *done, void *arg)
{
	struct sent *s = calloc(1, sizeof *s + e->text.n + e->subject.n + 1);
	struct err err = {0};

	if (s)
		s->batch = outbound_batch_new(a->h->c.outbound);
	if (!s || !s->batch) {
		free(s);
		done(arg, "out_of_memory");
		return;
	}
	s->job = (struct write_job){.run = run_send, .done = send_written};
	s->task.run = on_sent;
	s->a = a;
	s->to = e->to;
	s->done = done;
	s->arg = arg;
	snprintf(s->author, sizeof s->author, "channel:%s", a->name);
	if (e->text.n)
		memcpy(s->room, e->text.p, e->text.n);
	if (e->subject.n)
		memcpy(s->room + e->text.n, e->subject.p, e->subject.n);
	s->r = (struct send_request){.address = e->to,
				     .channels = {e->channel},
				     .channels_n = 1,
				     .text = str_n(s->room, e->text.n),
				     .subject = str_n(s->room + e->text.n, e->subject.n),
				     .purpose = PURPOSE_SERVICE,
				     .author = s->author};
	host_pending(a->h, 1);
	if (writer_submit(a->h->c.writer, &s->job, &err))
		send_written(&s->job, &err);
}
