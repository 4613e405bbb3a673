/*
 * What adapters bring. Inbound texts and receipts gather in a batch for as long as the loop's round lasts: the first one
 * posts a task that runs after the round's handlers and hands the whole batch over as one write job. The answers of the
 * batch come back to the loop as one task, which runs every `done` in order. While FLYING batches are with the writer, the
 * next one gathers: it would only wait for the same commit, and each batch costs both threads a wake-up. Batches are large,
 * so some are kept for the next rounds.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "channel/host_private.h"

enum { BATCH = 256, FLYING = 2, SPARE = 3, MEMORY = 64 << 20 };

#define OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

struct waiting { /* one that an adapter wants an answer for */
	intake_done *done;
	void *arg;
	struct intake_result result;
	struct err err;
	struct answers *all;
};

struct answers {
	struct task task; /* back on the adapter's loop */
	struct host_account *a;
	_Atomic size_t left;
	size_t n;
	bool reports; /* what it is the head of */
	bool flies;   /* with the writer */
	struct answers *next;
	struct waiting v[BATCH];
	void *args[BATCH];
	struct arena *mem;
};

struct incoming {
	struct answers answers;
	struct inbound v[BATCH];
};

struct reports {
	struct answers answers;
	struct receipt v[BATCH];
};

/* ---- answers ---- */

void host_free_batches(struct answers **list)
{
	for (struct answers *x = *list, *next; x; x = next) {
		next = x->next;
		arena_free(&x->mem);
		free(x);
	}
	*list = NULL;
}

static struct traffic *traffic_of(struct host_account *a, bool reports)
{
	return reports ? &a->reported : &a->received;
}

static void put_away(struct answers *x)
{
	struct host_account *a = x->a;
	struct traffic *t = traffic_of(a, x->reports);
	bool waits;

	x->n = 0;
	x->next = NULL;
	arena_reset(x->mem);
	pthread_mutex_lock(&a->lock);
	if (x->flies)
		t->flying--;
	x->flies = false;
	waits = x->reports ? a->reports != NULL : a->in != NULL;
	if (t->spare_n < SPARE) {
		x->next = t->spare;
		t->spare = x;
		t->spare_n++;
		x = NULL;
	}
	pthread_mutex_unlock(&a->lock);
	host_free_batches(&x);
	if (waits)
		loop_post_once(a->thread->loop, &a->flush_task);
}

static void on_answers(struct task *t)
{
	struct answers *x = OF(t, struct answers, task);
	struct host *h = x->a->h;

	for (size_t k = 0; k < x->n; k++)
		if (x->v[k].done)
			x->v[k].done(x->v[k].arg, &x->v[k].result);
	put_away(x);
	host_pending(h, -1);
}

static void answer(struct waiting *w)
{
	struct answers *all = w->all;

	if (atomic_fetch_sub(&all->left, 1) == 1)
		loop_post(all->a->thread->loop, &all->task);
}

/* Under a->lock. NULL: out of memory. */
static struct answers *start_batch(struct host_account *a, bool reports)
{
	struct traffic *t = traffic_of(a, reports);
	struct answers *x = t->spare;

	if (x) {
		t->spare = x->next;
		t->spare_n--;
		x->next = NULL;
	} else {
		struct arena *mem = arena_new(MEMORY);
		x = mem ? malloc(reports ? sizeof(struct reports) : sizeof(struct incoming)) : NULL;
		if (!x) {
			arena_free(&mem);
			return NULL;
		}
		x->task = (struct task){.run = on_answers};
		x->a = a;
		x->n = 0;
		x->reports = reports;
		x->flies = false;
		x->next = NULL;
		x->mem = mem;
	}
	host_pending(a->h, 1);
	return x;
}

/* Under the account's lock. */
static void fly(struct answers *x)
{
	x->flies = true;
	traffic_of(x->a, x->reports)->flying++;
}

/* Under the account's lock. NULL: there is none, or it gathers on. */
static struct answers *ready(struct answers *x)
{
	if (!x || (x->n && traffic_of(x->a, x->reports)->flying >= FLYING))
		return NULL;
	if (x->n)
		fly(x);
	return x;
}

static struct waiting *add(struct answers *x, intake_done *done, void *arg)
{
	struct waiting *w = &x->v[x->n];

	*w = (struct waiting){.done = done, .arg = arg, .all = x};
	x->args[x->n++] = w;
	return w;
}

static void busy(struct intake_result *r, const struct err *e)
{
	*r = (struct intake_result){.answer = INTAKE_BUSY,
				    .why = e->msg,
				    .retry_after = (e->retry_after_s ? e->retry_after_s : 1) * US_SEC};
}

/* ---- inbound ---- */

static void on_intake(void *arg, const struct intake_outcome *o)
{
	struct waiting *w = arg;

	w->err = o->err;
	w->result.interaction = o->interaction;
	switch (o->kind) {
	case INTAKE_STORED:
	case INTAKE_WAITING: w->result.answer = INTAKE_ACCEPTED; break;
	case INTAKE_SEEN: w->result.answer = INTAKE_DUPLICATE; break;
	case INTAKE_REFUSED:
		w->result.answer = INTAKE_REJECTED;
		w->result.why = w->err.msg;
		break;
	case INTAKE_UNAVAILABLE: busy(&w->result, &w->err); break;
	}
	answer(w);
}

static const struct attachment *copy_files(struct arena *mem, const struct attachment *v, size_t n, bool *ok)
{
	struct attachment *to = n ? arena_memdup(mem, v, n * sizeof *v) : NULL;

	for (size_t k = 0; to && k < n; k++) {
		to[k].name = arena_str(mem, v[k].name);
		to[k].type = arena_str(mem, v[k].type);
		*ok = *ok && to[k].name.p && to[k].type.p;
	}
	*ok = *ok && (!n || to);
	return to;
}

static bool copy_inbound(struct arena *mem, struct inbound *to, const struct inbound *from)
{
	struct str *const texts[] = {
		&to->account,  &to->external_id,	&to->subject,	&to->text,	   &to->reply_token,
		&to->metadata, &to->proven_external_id, &to->proven_by, &to->display_name, &to->queue};
	bool ok = true;

	*to = *from;
	for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
		if (!texts[k]->n)
			continue;
		*texts[k] = arena_str(mem, *texts[k]);
		ok = ok && texts[k]->p;
	}
	to->attachments = copy_files(mem, from->attachments, from->attachments_n, &ok);
	if (from->claimed_n) {
		to->claimed = arena_memdup(mem, from->claimed, from->claimed_n * sizeof *from->claimed);
		ok = ok && to->claimed;
	}
	return ok;
}

static void give_inbound(struct host_account *a, struct incoming *b)
{
	atomic_store(&b->answers.left, b->answers.n);
	intake_received_batch(a->h->c.intake, b->v, b->answers.n, on_intake, b->answers.args);
}

/* Memory has run out: the peer is asked to come again. */
static void turn_away(intake_done *done, void *arg)
{
	struct intake_result r = {.answer = INTAKE_BUSY, .why = "out of memory", .retry_after = US_SEC};

	if (done)
		done(arg, &r);
}

void host_received(struct host_account *a, const struct inbound *in, intake_done *done, void *arg)
{
	struct incoming *full = NULL;
	bool taken = false, first = false;

	pthread_mutex_lock(&a->lock);
	if (!a->in) {
		a->in = (struct incoming *)(void *)start_batch(a, false);
		first = true;
	}
	if (a->in && copy_inbound(a->in->answers.mem, &a->in->v[a->in->answers.n], in)) {
		add(&a->in->answers, done, arg);
		taken = true;
	}
	if (a->in && (a->in->answers.n == BATCH || (!taken && a->in->answers.n))) {
		full = a->in;
		a->in = NULL;
		fly(&full->answers);
	}
	pthread_mutex_unlock(&a->lock);
	if (full)
		give_inbound(a, full);
	else if (first)
		loop_post_once(a->thread->loop, &a->flush_task);
	if (!taken)
		turn_away(done, arg);
}

/* ---- receipts ---- */

static void on_stored(void *arg, const struct err *err)
{
	struct waiting *w = arg;

	if (err) {
		w->err = *err;
		busy(&w->result, &w->err);
	} else {
		w->result.answer = INTAKE_ACCEPTED;
	}
	answer(w);
}

static bool copy_receipt(struct arena *mem, struct receipt *to, const struct receipt *from, const char *account)
{
	*to = *from;
	to->account = str_of(account);
	to->external_id = arena_str(mem, from->external_id);
	to->raw_state = arena_str(mem, from->raw_state);
	to->error_code = arena_str(mem, from->error_code);
	return to->external_id.p && to->raw_state.p && to->error_code.p;
}

static void give_reports(struct host_account *a, struct reports *b)
{
	atomic_store(&b->answers.left, b->answers.n);
	outbound_receipts(a->h->c.outbound, b->v, b->answers.n, on_stored, b->answers.args);
}

void host_receipt(struct host_account *a, const struct receipt *r, intake_done *done, void *arg)
{
	struct reports *full = NULL;
	bool taken = false, first = false;

	pthread_mutex_lock(&a->lock);
	if (!a->reports) {
		a->reports = (struct reports *)(void *)start_batch(a, true);
		first = true;
	}
	if (a->reports && copy_receipt(a->reports->answers.mem, &a->reports->v[a->reports->answers.n], r, a->name)) {
		add(&a->reports->answers, done, arg);
		taken = true;
	}
	if (a->reports && (a->reports->answers.n == BATCH || (!taken && a->reports->answers.n))) {
		full = a->reports;
		a->reports = NULL;
		fly(&full->answers);
	}
	pthread_mutex_unlock(&a->lock);
	if (full)
		give_reports(a, full);
	else if (first)
		loop_post_once(a->thread->loop, &a->flush_task);
	if (!taken)
		turn_away(done, arg);
}

/* After the handlers of the round. A batch in which nothing could be copied is answered as it is. */
void host_flush(struct task *t)
{
	struct host_account *a = OF(t, struct host_account, flush_task);
	struct incoming *in;
	struct reports *reports;

	pthread_mutex_lock(&a->lock);
	in = (struct incoming *)(void *)ready((struct answers *)(void *)a->in);
	reports = (struct reports *)(void *)ready((struct answers *)(void *)a->reports);
	if (in)
		a->in = NULL;
	if (reports)
		a->reports = NULL;
	pthread_mutex_unlock(&a->lock);
	if (in && in->answers.n)
		give_inbound(a, in);
	else if (in)
		on_answers(&in->answers.task);
	if (reports && reports->answers.n)
		give_reports(a, reports);
	else if (reports)
		on_answers(&reports->answers.task);
}

/* ---- outcomes and states ---- */

void host_outcomes(struct host_account *a, const struct outcome *v, size_t n)
{
	outbound_outcomes(a->h->c.outbound, str_of(a->name), v, n);
}

void host_outcome(struct host_account *a, const struct outcome *o) { host_outcomes(a, o, 1); }

void host_ready(struct host_account *a) { outbound_ready(a->h->c.outbound, str_of(a->name)); }

struct news { /* of an account, as an event */
	struct write_job job;
	struct host *h;
	const char *type;
	enum channel channel;
	struct buf data;
};

static int run_news(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct news *n = (struct news *)(void *)job;
	struct event e = {.at = now, .type = n->type, .channel = n->channel, .data = buf_str(&n->data)};

	return event_append(n->h->c.events, db, &e, err);
}

static void done_news(struct write_job *job, const struct err *err)
{
	struct news *n = (struct news *)(void *)job;
	struct host *h = n->h;

	(void)err; /* health and metrics say it as well */
	buf_free(&n->data);
	free(n);
	host_pending(h, -1);
}

static void tell(struct host_account *a, const char *type, enum account_state s, const char *reason)
{
	struct news *n = calloc(1, sizeof *n);
	struct json_out j;

	if (!n)
		return;
	*n = (struct news){
		.job = {.run = run_news, .done = done_news}, .h = a->h, .type = type, .channel = a->ops->channel};
	buf_init(&n->data, 1024);
	json_begin(&j, &n->data);
	json_obj(&j, NULL);
	json_cstr(&j, "account", a->name);
	json_cstr(&j, "state", account_state_word(s));
	json_cstr(&j, "reason", reason ? reason : "");
	json_end(&j);
	host_pending(a->h, 1);
	if (n->data.failed || writer_submit(a->h->c.writer, &n->job, NULL))
		done_news(&n->job, NULL);
}

void host_state(struct host_account *a, enum account_state s, const char *reason)
{
	struct host *h = a->h;
	bool up = s == ACCOUNT_UP, tells;

	accounts_set_state(h->c.accounts, a->name, s, reason, clock_now());
	if (h->c.outbound)
		outbound_account_state(h->c.outbound, str_of(a->name), s);
	pthread_mutex_lock(&h->lock);
	tells = s != ACCOUNT_CONNECTING && (up != a->told_up || (s == ACCOUNT_REFUSED && a->state != s));
	if (tells)
		a->told_up = up;
	a->state = s;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
	if (tells && h->c.writer)
		tell(a, up ? "channel.up" : "channel.down", s, reason);
}

void host_on_signal(struct host_account *a, const struct address *who, enum signal_kind k, const struct uuid *upto)
{
	if (k == SIGNAL_READ)
		outbound_read_upto(a->h->c.outbound, who, upto);
	else
		host_flash(a, who, k);
}
