#include "email/smtp.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "email/connection.h"

struct smtp {
	const struct email_settings *set;
	struct loop *loop;
	struct smtp_calls calls;
	struct smart_hosts hosts;
	struct multi *multi;
	struct connection **all, *room; /* room: the connection that asks for a mail to follow */
	size_t n, max, active, asking;
	struct timer wake;
	bool started, stopping;
	char hello[HOST_NAME];
};

static void look(struct smtp *s);

/* ---- connections ---- */

static struct connection *connection_new(struct smtp *s)
{
	struct connection *c = s->n < s->max ? calloc(1, sizeof *c) : NULL;

	if (!c)
		return NULL;
	c->s = s;
	c->set = s->set;
	c->loop = s->loop;
	c->hello = s->hello;
	if (connection_init(c, s->multi)) {
		connection_free(c);
		free(c);
		return NULL;
	}
	s->all[s->n++] = c;
	return c;
}

/* An open one to this host, else one to open; else one idle to another host, which is closed for it. */
static struct connection *connection_for(struct smtp *s, const struct smart_host *h)
{
	struct connection *closed = NULL, *other = NULL;

	for (size_t i = 0; i < s->n; i++) {
		struct connection *c = s->all[i];
		if (c->now->taken)
			continue;
		if (c->state == CONNECTION_IDLE && c->host == h)
			return c;
		if (c->state == CONNECTION_CLOSED)
			closed = c;
		else if (c->state == CONNECTION_IDLE)
			other = c;
	}
	if (!closed)
		closed = connection_new(s);
	if (!closed && other) {
		connection_close(other);
		closed = other;
	}
	return closed;
}

/* A connection with nothing more to do leaves its host to others. */
static void give_back(struct slot *slot)
{
	slot->taken = false;
	if (!slot->c->now->taken)
		smart_host_left(slot->c->host);
}

static struct slot *new_mail(struct smtp *s, int64_t now)
{
	int64_t wake;
	struct smart_host *h = smart_hosts_pick(&s->hosts, now, &wake);
	struct connection *c = h ? connection_for(s, h) : NULL;

	if (!c)
		return NULL;
	c->host = h;
	smart_host_taken(&s->hosts, h, now);
	return c->now;
}

static struct slot *following(struct smtp *s, int64_t now)
{
	if (s->room->next->taken || !smart_host_follows(&s->hosts, s->room->host, now))
		return NULL;
	return s->room->next;
}

struct smtp_job *smtp_job(struct smtp *s)
{
	int64_t now = loop_now(s->loop);
	struct slot *slot = s->stopping ? NULL : s->room ? following(s, now) : new_mail(s, now);

	if (!slot)
		return NULL;
	slot->taken = true;
	buf_reset(&slot->job.head);
	buf_reset(&slot->job.mail);
	slot->job.utf8 = false;
	slot->job.arg = NULL;
	return &slot->job;
}

void smtp_job_drop(struct smtp *s, struct smtp_job *job)
{
	(void)s;
	give_back((struct slot *)(void *)job);
}

int smtp_send(struct smtp *s, struct smtp_job *job)
{
	struct slot *slot = (struct slot *)(void *)job;
	struct connection *c = slot->c;

	if (slot == c->next) {
		connection_follow(c);
	} else if (c->state == CONNECTION_IDLE) {
		connection_mail(c);
	} else if (connection_open(c, c->host)) {
		give_back(slot);
		return -1;
	}
	s->active++;
	return 0;
}

/* ---- what they tell ---- */

static void finish(struct slot *slot, const struct smtp_answer *a)
{
	struct smtp *s = slot->c->s;

	s->active--;
	s->calls.done(s->calls.arg, &slot->job, a);
	give_back(slot);
	look(s);
}

static void describe(const struct connection *c, const char *why, char *out, size_t n)
{
	snprintf(out, n, "%s:%u: %s", c->host->name, c->host->port, why);
}

void connection_opened(struct connection *c)
{
	smart_host_worked(c->host);
	if (c->now->taken)
		connection_mail(c);
	else
		c->s->asking--;
	look(c->s);
}

void connection_failed(struct connection *c, const char *why, bool refused)
{
	struct smtp *s = c->s;
	char reason[HOST_NAME + REPLY_TEXT + 64];

	describe(c, why, reason, sizeof reason);
	smart_host_failed(&s->hosts, c->host, loop_now(s->loop), refused, reason);
	if (c->now->taken) {
		finish(c->now, &(struct smtp_answer){.result = SMTP_HOST, .reason = reason, .host = c->host->name});
	} else {
		s->asking--;
		look(s);
	}
}

void connection_answered(struct connection *c, struct slot *slot, enum smtp_result result,
			 const struct smtp_reply *reply, const char *why)
{
	struct smtp *s = c->s;
	char reason[HOST_NAME + REPLY_TEXT + 64];
	struct smtp_answer a = {.result = result, .host = c->host->name, .reason = reason};

	describe(c, why, reason, sizeof reason);
	a.recipient = c->recipient;
	a.reused = result == SMTP_LOST && (!reply || (c->used && !reply->code));
	if (result != SMTP_LOST && result != SMTP_UNCERTAIN)
		a.reply = *reply;
	if (result == SMTP_HOST)
		smart_host_failed(&s->hosts, c->host, loop_now(s->loop), reply->code >= 500, reason);
	finish(slot, &a);
}

void connection_room(struct connection *c)
{
	c->s->room = c;
	c->s->calls.more(c->s->calls.arg);
	c->s->room = NULL;
}

void connection_gone(struct connection *c) { look(c->s); }

/* ---- which hosts work ---- */

static void on_wake(struct timer *w)
{
	struct smtp *s = (struct smtp *)(void *)((char *)w - offsetof(struct smtp, wake));

	look(s);
}

/* A connection with nothing to send: whether it comes about is the answer. */
static void ask_one(struct smtp *s)
{
	int64_t now = loop_now(s->loop), wake;
	struct smart_host *h = smart_hosts_pick(&s->hosts, now, &wake);
	struct connection *c = h ? connection_for(s, h) : NULL;

	if (!c || c->state != CONNECTION_CLOSED)
		return;
	if (connection_open(c, h) == 0)
		s->asking++;
	else
		loop_timer(s->loop, &s->wake, now + s->set->retry_min, on_wake);
}

/* After whatever may have changed: with nothing known to work and nothing under way, one host is asked; and what only
 * time brings is waited for. */
static void look(struct smtp *s)
{
	int64_t now = loop_now(s->loop), wake = 0;

	if (s->stopping || !s->started)
		return;
	if (smart_hosts_up(&s->hosts) == 0 && s->active == 0 && s->asking == 0)
		ask_one(s);
	if (!smart_hosts_pick(&s->hosts, now, &wake) && wake)
		loop_timer(s->loop, &s->wake, wake, on_wake);
	s->calls.changed(s->calls.arg);
}

void smtp_start(struct smtp *s)
{
	s->started = true;
	look(s);
}

/* ---- beginning and end ---- */

int smtp_new(const struct email_settings *set, const char *hello, struct loop *loop, const struct smtp_calls *calls,
	     struct smtp **out, struct err *err)
{
	struct host_rules rules = {set->connections, set->rate, set->retry_min, set->retry_max};
	struct smtp *s = calloc(1, sizeof *s);

	if (!s)
		return err_nomem(err);
	s->set = set;
	s->loop = loop;
	s->calls = *calls;
	snprintf(s->hello, sizeof s->hello, "%s", hello);
	if (smart_hosts_init(&s->hosts, set->hosts, set->port, &rules, err)) {
		free(s);
		return -1;
	}
	s->max = s->hosts.n * (size_t)set->connections + 1;
	s->all = calloc(s->max, sizeof(struct connection *));
	s->multi = multi_new(loop, s->max);
	if (!s->all || !s->multi) {
		smtp_free(&s);
		return err_nomem(err);
	}
	*out = s;
	return 0;
}

void smtp_free(struct smtp **sp)
{
	struct smtp *s = *sp;

	if (!s)
		return;
	loop_timer_stop(s->loop, &s->wake);
	for (size_t i = 0; i < s->n; i++) {
		connection_free(s->all[i]);
		free(s->all[i]);
	}
	multi_free(&s->multi);
	free(s->all);
	free(s);
	*sp = NULL;
}

void smtp_abort(struct smtp *s)
{
	s->stopping = true;
	loop_timer_stop(s->loop, &s->wake);
	for (size_t i = 0; i < s->n; i++) {
		struct connection *c = s->all[i];
		enum smtp_result r = connection_is_uncertain(c) ? SMTP_UNCERTAIN : SMTP_LOST;
		connection_close(c);
		if (c->next->taken)
			connection_answered(c, c->next, SMTP_LOST, NULL, "stopping");
		if (c->now->taken)
			connection_answered(c, c->now, r, &c->reply, "stopping");
	}
}

const struct smart_hosts *smtp_hosts(const struct smtp *s) { return &s->hosts; }
size_t smtp_active(const struct smtp *s) { return s->active; }
