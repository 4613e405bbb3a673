/* What is held goes to the smart hosts, and what they say becomes outcomes. See account.h. */
#include "email/account.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "email/inbound.h"

#define OWNER(ptr, member) ((struct account *)(void *)((char *)(ptr)-offsetof(struct account, member)))

/* ---- outcomes ---- */

void email_give_outcomes(struct account *a)
{
	size_t n = a->out_n;
	int64_t now;

	if (!n)
		return;
	now = clock_now();
	for (size_t i = 0; i < n; i++)
		a->out[i].at = now;
	a->out_n = 0;
	a->host->outcomes(a->host->self, a->out, n);
	for (size_t i = 0; i < n; i++)
		letter_free(a->out_letter[i]);
}

static void count(struct account *a, const char *result)
{
	a->host->count(a->host->self, "email_mails_total", result, 1);
}

static void requeue(struct account *a, struct letter *l)
{
	a->queued++;
	TAILQ_INSERT_HEAD(&a->ready, l, list);
}

/* "550 5.1.1 no such user", with the enhanced code as the outcome's own code, the reply code where there is none. */
static void refused(struct letter *l, const struct smtp_answer *x)
{
	char code[16], reason[300];

	snprintf(code, sizeof code, "%d", x->reply.code);
	snprintf(reason, sizeof reason, "%s%d%s%s %s", x->recipient ? "recipient refused: " : "", x->reply.code,
		 x->reply.enhanced[0] ? " " : "", x->reply.enhanced, x->reply.text);
	if (x->recipient && x->result == SMTP_PERMANENT)
		suppress_if_hard(l, &x->reply);
	letter_finish(l, x->result == SMTP_PERMANENT ? OUTCOME_FAILED : OUTCOME_RETRY,
		      x->reply.enhanced[0] ? x->reply.enhanced : code, reason);
}

/* Nothing was said about this mail: another host or connection may take it, but not for ever. */
static void again(struct account *a, struct letter *l, const struct smtp_answer *x)
{
	/* A connection that was kept too long is no fault of anybody's. */
	if (!x->reused && (x->result == SMTP_LOST || x->reply.code >= 400))
		l->tries++;
	if (a->stopping)
		letter_finish(l, OUTCOME_RELEASED, "", "stopping");
	else if (l->tries >= TRIES_MAX)
		letter_finish(l, OUTCOME_RETRY, "", x->reason);
	else
		requeue(a, l);
}

void email_done(void *arg, struct smtp_job *job, const struct smtp_answer *x)
{
	struct account *a = arg;
	struct letter *l = job->arg;

	email_flush_soon(a);
	switch (x->result) {
	case SMTP_SENT:
		count(a, "sent");
		letter_finish(l, OUTCOME_SENT, x->reply.enhanced, x->reply.text);
		break;
	case SMTP_TEMPORARY:
	case SMTP_PERMANENT:
		count(a, x->result == SMTP_PERMANENT ? "refused" : "deferred");
		refused(l, x);
		break;
	case SMTP_UNCERTAIN:
		count(a, "uncertain");
		letter_finish(l, OUTCOME_UNCERTAIN, "", x->reason);
		break;
	case SMTP_HOST:
	case SMTP_LOST: again(a, l, x); break;
	}
}

/* ---- to the hosts ---- */

static struct letter *take(struct account *a)
{
	struct letter *l = TAILQ_FIRST(&a->ready);

	TAILQ_REMOVE(&a->ready, l, list);
	a->queued--;
	return l;
}

/* What became of the first: -1 nothing can be done now. */
static int send_first(struct account *a)
{
	struct letter *l = TAILQ_FIRST(&a->ready);
	struct smtp_job *job;
	struct err e;

	if (l->expires_at && l->expires_at <= clock_now()) {
		letter_finish(take(a), OUTCOME_EXPIRED, "", "expired");
		return 0;
	}
	job = smtp_job(a->smtp);
	if (!job)
		return -1;
	take(a);
	if (letter_write(l, job, &e)) {
		smtp_job_drop(a->smtp, job);
		letter_finish(l, e.kind == ERR_INTERNAL ? OUTCOME_RETRY : OUTCOME_FAILED, e.code, e.msg);
		return 0;
	}
	job->arg = l;
	if (smtp_send(a->smtp, job))
		letter_finish(l, OUTCOME_RETRY, "", "out of memory");
	return 0;
}

void email_more(void *arg)
{
	struct account *a = arg;

	if (!a->stopping && !TAILQ_EMPTY(&a->ready))
		send_first(a);
}

static void release(struct account *a, const char *reason)
{
	while (!TAILQ_EMPTY(&a->ready))
		letter_finish(take(a), OUTCOME_RELEASED, "", reason);
}

static void pump(struct account *a)
{
	while (!a->stopping && !TAILQ_EMPTY(&a->ready) && send_first(a) == 0)
		;
	if (!TAILQ_EMPTY(&a->ready) && smart_hosts_all_dead(smtp_hosts(a->smtp), loop_now(a->host->loop)))
		release(a, "no smart host can be reached");
}

/* ---- state ---- */

static void summary(const struct account *a, enum account_state *state, char *reason, size_t n)
{
	const struct smart_hosts *h = smtp_hosts(a->smtp);
	const struct smart_host *bad = NULL;
	size_t up = smart_hosts_up(h), dead = 0;
	bool refused_ = false;

	for (size_t i = 0; i < h->n; i++) {
		if (h->v[i].failures == 0)
			continue;
		dead++;
		refused_ |= h->v[i].refused;
		if (!bad)
			bad = &h->v[i];
	}
	reason[0] = 0;
	if (up) {
		*state = ACCOUNT_UP;
		if (bad)
			snprintf(reason, n, "%zu of %zu hosts; %s", h->n - dead, h->n, bad->reason);
		return;
	}
	*state = dead < h->n ? ACCOUNT_CONNECTING : refused_ ? ACCOUNT_REFUSED : ACCOUNT_DOWN;
	if (bad)
		snprintf(reason, n, "%s", bad->reason);
}

static void tell_state(struct account *a)
{
	enum account_state s;
	char reason[sizeof a->told_reason];

	if (a->stopping)
		return;
	summary(a, &s, reason, sizeof reason);
	if (s == a->told && strcmp(reason, a->told_reason) == 0)
		return;
	a->told = s;
	memcpy(a->told_reason, reason, sizeof reason);
	a->host->state(a->host->self, s, reason);
}

/* ---- the round ---- */

/* Last: the host may free the account from within this call. */
static void say_closed(struct timer *t)
{
	struct account *a = OWNER(t, deadline);

	a->host->state(a->host->self, ACCOUNT_CLOSED, "stopped");
}

static void wind_down(struct account *a)
{
	if (!a->stopping || a->closed || a->held || a->pending || a->out_n ||
	    (a->inbound && !email_inbound_stopped(a->inbound)))
		return;
	a->closed = true;
	smtp_abort(a->smtp);
	loop_timer(a->host->loop, &a->deadline, loop_now(a->host->loop), say_closed);
}

static void on_flush(struct timer *t)
{
	struct account *a = OWNER(t, flush);

	pump(a);
	email_give_outcomes(a);
	tell_state(a);
	if (a->hungry && !a->stopping && a->held <= a->window / 2 && a->files_held < FILES_HELD) {
		a->hungry = false;
		a->host->ready(a->host->self);
	}
	wind_down(a);
}

void email_flush_soon(struct account *a)
{
	if (!a->flush.slot && !a->closed)
		loop_timer(a->host->loop, &a->flush, loop_now(a->host->loop), on_flush);
}

void email_changed(void *arg) { email_flush_soon(arg); }

/* ---- the end ---- */

static bool same(const struct delivery_id *x, const struct delivery_id *y)
{
	return x->n == y->n && uuid_eq(&x->message, &y->message);
}

void email_cancel(struct account *a, const struct delivery_id *id)
{
	struct letter *l;

	TAILQ_FOREACH (l, &a->reading, list)
		if (same(&l->id, id))
			l->cancelled = true;
	TAILQ_FOREACH (l, &a->ready, list)
		if (same(&l->id, id)) {
			TAILQ_REMOVE(&a->ready, l, list);
			a->queued--;
			letter_finish(l, OUTCOME_CANCELLED, "", "cancelled");
			return;
		}
}

static void on_deadline(struct timer *t)
{
	struct account *a = OWNER(t, deadline);

	smtp_abort(a->smtp);
	email_flush_soon(a);
}

void email_stop(struct account *a, int64_t deadline)
{
	if (a->stopping)
		return;
	a->stopping = true;
	loop_timer(a->host->loop, &a->deadline, deadline, on_deadline);
	release(a, "stopping");
	if (a->inbound)
		email_inbound_stop(a->inbound, deadline);
	email_flush_soon(a);
}
