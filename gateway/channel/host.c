#include "channel/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "channel/host_private.h"

#define OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define GRACE (5 * US_SEC) /* beyond the drain, for what is being committed */

static void count(struct host_account *a, const char *name, const char *label, int64_t add)
{
	figures_add(a->figures, name, label, add);
}

static void gauge(struct host_account *a, const char *name, const char *label, int64_t value)
{
	figures_set(a->figures, name, label, value);
}

/* ---- making ---- */

int host_new(const struct host_config *c, struct host **out, struct err *err)
{
	struct host *h = calloc(1, sizeof *h);
	pthread_condattr_t attr;

	if (!h)
		return err_nomem(err);
	h->c = *c;
	memcpy(h->secret, c->secret.p, c->secret.n < SECRET_LEN ? c->secret.n : SECRET_LEN);
	pthread_mutex_init(&h->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&h->changed, &attr);
	pthread_condattr_destroy(&attr);
	*out = h;
	return 0;
}

void host_exchange(struct host *h, const struct exchange_ops *ops) { h->exchange = ops; }

static struct loop_thread *thread_for(struct host *h, const struct channel_ops *ops, const char *name)
{
	struct loop_thread *t;

	for (size_t k = 0; k < h->threads_n && ops->affinity == AFFINITY_TYPE; k++)
		if (h->thread[k]->shared_by == ops)
			return h->thread[k];
	t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->shared_by = ops->affinity == AFFINITY_TYPE ? ops : NULL;
	t->loop = loop_new(t->shared_by ? ops->name : name, NULL);
	if (t->loop)
		loop_pace(t->loop, ROUND_US);
	if (!t->loop) {
		free(t);
		return NULL;
	}
	h->thread[h->threads_n++] = t;
	return t;
}

static void account_free(struct host_account *a)
{
	if (a->account)
		a->ops->close(&a->account);
	host_free_requests(a);
	host_free_batches(&a->received.spare);
	host_free_batches(&a->reported.spare);
	figures_free(&a->figures);
	buf_free(&a->status);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

static void fill_api(struct host_account *a)
{
	char text[80];
	int n = snprintf(text, sizeof text, "account:%s", a->name);

	crypto_hmac_sha256(str_n((const char *)a->h->secret, SECRET_LEN), str_n(text, (size_t)n), a->secret);
	a->api = (struct channel_host){
		.self = a,
		.name = a->name,
		.loop = a->thread->loop,
		.region = a->h->c.region,
		.secret = str_n((const char *)a->secret, SECRET_LEN),
		.received = host_received,
		.receipt = host_receipt,
		.outcome = host_outcome,
		.outcomes = host_outcomes,
		.state = host_state,
		.ready = host_ready,
		.signal = host_on_signal,
		.reply = host_reply,
		.stream_begin = host_stream_begin,
		.stream_send = host_stream_send,
		.stream_end = host_stream_end,
		.history = host_history,
		.blob_put = host_blob_put,
		.blob_get = host_blob_get,
		.mark_get = host_mark_get,
		.mark_put = host_mark_put,
		.caller = host_caller,
		.send = host_send,
		.count = count,
		.gauge = gauge,
	};
}

static void on_start(struct task *t);
static void on_stop(struct task *t);
static void on_close(struct task *t);
static void on_offer(struct task *t);

static struct host_account *account_new(struct host *h, const char *name, const struct channel_ops *ops)
{
	struct host_account *a = calloc(1, sizeof *a);

	if (!a)
		return NULL;
	a->h = h;
	a->ops = ops;
	snprintf(a->name, sizeof a->name, "%s", name);
	pthread_mutex_init(&a->lock, NULL);
	buf_init(&a->status, 1 << 16);
	a->offer_task.run = on_offer;
	a->flush_task.run = host_flush;
	a->start_task.run = on_start;
	a->stop_task.run = on_stop;
	a->close_task.run = on_close;
	a->figures = figures_new();
	a->thread = thread_for(h, ops, a->name);
	if (!a->figures || !a->thread) {
		account_free(a);
		return NULL;
	}
	fill_api(a);
	return a;
}

int host_add(struct host *h, const char *name, const struct channel_ops *ops, const void *set, struct err *err)
{
	struct account_info info = {
		.channel = ops->channel, .ops = ops, .state = ACCOUNT_CONNECTING, .since = clock_now()};
	struct host_account *a;

	if (h->n == ACCOUNTS_MAX)
		return err_set(err, ERR_INVALID, "too_many_accounts", NULL, "more than %d channel accounts",
			       ACCOUNTS_MAX);
	a = account_new(h, name, ops);
	if (!a)
		return err_nomem(err);
	if (ops->open(set, &a->api, &a->account, err)) {
		account_free(a);
		return err_context(err, "%s %s", ops->name, name);
	}
	snprintf(info.name, sizeof info.name, "%s", name);
	info.account = a->account;
	info.caps = ops->caps(a->account);
	if (host_add_routes(h, a, err) || accounts_add(h->c.accounts, &info, err)) {
		account_free(a);
		return -1;
	}
	h->account[h->n++] = a;
	return 0;
}

/* ---- running ---- */

static void *loop_main(void *arg)
{
	struct loop_thread *t = arg;
	char name[16];

	snprintf(name, sizeof name, "%s", loop_name(t->loop));
	pthread_setname_np(pthread_self(), name);
	loop_run(t->loop);
	return NULL;
}

static int thread_start(struct loop_thread *t, struct err *err)
{
	if (pthread_create(&t->thread, NULL, loop_main, t))
		return err_set(err, ERR_INTERNAL, "thread", NULL, "cannot start the thread \"%s\"", loop_name(t->loop));
	t->running = true;
	return 0;
}

static void thread_stop(struct loop_thread *t)
{
	if (t->running) {
		loop_stop(t->loop);
		pthread_join(t->thread, NULL);
	}
	t->running = false;
	loop_free(&t->loop);
}

static void on_start(struct task *t)
{
	struct host_account *a = OF(t, struct host_account, start_task);

	host_watch_status(a);
	a->ops->start(a->account);
}

/* The dispatcher's thread: the offer stays valid until outbound_taken. */
static void carry(void *arg, struct str name, const struct delivery *v, size_t n)
{
	struct host *h = arg;
	struct host_account *a = host_find(h, name);

	if (!a) {
		outbound_taken(h->c.outbound, name, 0, n);
		return;
	}
	a->offer = v;
	a->offer_n = n;
	loop_post(a->thread->loop, &a->offer_task);
}

static void on_offer(struct task *t)
{
	struct host_account *a = OF(t, struct host_account, offer_task);
	size_t n = a->offer_n, taken = a->account ? a->ops->submit(a->account, a->offer, n) : 0;

	outbound_taken(a->h->c.outbound, str_of(a->name), taken, n);
}

static void account_start(struct host_account *a)
{
	atomic_store(&a->started, true);
	loop_post(a->thread->loop, &a->start_task);
}

int host_start(struct host *h, struct err *err)
{
	struct outbound_carrier carrier = {.offer = carry, .arg = h};

	h->reader.loop = loop_new("host-reader", NULL);
	if (!h->reader.loop)
		return err_nomem(err);
	if (h->c.outbound)
		outbound_set_carrier(h->c.outbound, &carrier);
	if (thread_start(&h->reader, err))
		return -1;
	for (size_t k = 0; k < h->threads_n; k++)
		if (thread_start(h->thread[k], err))
			return -1;
	atomic_store(&h->running, true);
	for (size_t k = 0; k < h->n && !h->c.shared; k++)
		account_start(h->account[k]);
	return 0;
}

void host_standby(struct host *h, const char *account)
{
	struct host_account *a = host_find(h, str_of(account));

	if (a && !atomic_load(&a->started))
		accounts_set_state(h->c.accounts, a->name, ACCOUNT_STANDBY, "another gateway runs it", clock_now());
}

int host_run(struct host *h, const char *account, struct err *err)
{
	struct host_account *a = host_find(h, str_of(account));

	if (!a || !atomic_load(&h->running))
		return err_set(err, ERR_NOT_FOUND, "account_unknown", NULL, "there is no channel account \"%s\"",
			       account);
	if (a->started)
		return 0;
	accounts_set_state(h->c.accounts, a->name, ACCOUNT_CONNECTING, "", clock_now());
	account_start(a);
	return 0;
}

/* ---- stopping ---- */

void host_pending(struct host *h, int add)
{
	if (atomic_fetch_add(&h->pending, add) + add > 0)
		return;
	pthread_mutex_lock(&h->lock);
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
}

static void on_stop(struct task *t)
{
	struct host_account *a = OF(t, struct host_account, stop_task);

	a->ops->stop(a->account, loop_now(a->thread->loop) + a->stop_by);
}

static void on_close(struct task *t)
{
	struct host_account *a = OF(t, struct host_account, close_task);

	loop_timer_stop(a->thread->loop, &a->status_timer);
	a->ops->close(&a->account);
	host_pending(a->h, -1);
}

static bool all_closed(const struct host *h)
{
	for (size_t k = 0; k < h->n; k++)
		if (h->account[k]->started && h->account[k]->state != ACCOUNT_CLOSED)
			return false;
	return true;
}

static bool nothing_pending(const struct host *h) { return atomic_load(&h->pending) == 0; }

static bool wait_for(struct host *h, bool (*done)(const struct host *), int64_t until)
{
	struct timespec ts = {.tv_sec = until / US_SEC, .tv_nsec = until % US_SEC * 1000};
	bool ok;

	pthread_mutex_lock(&h->lock);
	while (!done(h) && pthread_cond_timedwait(&h->changed, &h->lock, &ts) == 0)
		;
	ok = done(h);
	pthread_mutex_unlock(&h->lock);
	return ok;
}

static void close_all(struct host *h)
{
	for (size_t k = 0; k < h->n; k++) {
		struct host_account *a = h->account[k];
		bool closed;
		if (!a->started)
			continue; /* account_free closes it */
		pthread_mutex_lock(&h->lock);
		closed = a->state == ACCOUNT_CLOSED;
		pthread_mutex_unlock(&h->lock);
		if (!closed) {
			log_error("channel.not_closed", "account", a->name, LOG_END);
			continue; /* its close is not permitted: what it holds is lost with the process */
		}
		host_pending(h, 1);
		loop_post(a->thread->loop, &a->close_task);
	}
	wait_for(h, nothing_pending, clock_mono() + GRACE);
}

void host_stop(struct host *h, int64_t drain)
{
	int64_t until = clock_mono() + drain + GRACE;

	if (!atomic_exchange(&h->running, false))
		return;
	for (size_t k = 0; k < h->n; k++) {
		if (!h->account[k]->started)
			continue;
		h->account[k]->stop_by = drain;
		loop_post(h->account[k]->thread->loop, &h->account[k]->stop_task);
	}
	wait_for(h, all_closed, until);
	if (!wait_for(h, nothing_pending, until))
		log_error("channel.unanswered", "batches", LOG_INT(atomic_load(&h->pending)), LOG_END);
	close_all(h);
	for (size_t k = 0; k < h->threads_n; k++)
		thread_stop(h->thread[k]);
	thread_stop(&h->reader);
}

void host_free(struct host **hp)
{
	struct host *h = hp ? *hp : NULL;

	if (!h)
		return;
	host_stop(h, 0);
	for (size_t k = 0; k < h->n; k++) {
		if (h->account[k]->started)
			h->account[k]->account = NULL; /* closed, or not to be touched */
		account_free(h->account[k]);
	}
	for (size_t k = 0; k < h->threads_n; k++) {
		thread_stop(h->thread[k]);
		free(h->thread[k]);
	}
	thread_stop(&h->reader);
	for (size_t k = 0; k < h->routes_n; k++)
		free((char *)h->routes[k].path);
	free(h->routes);
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->changed);
	free(h);
	*hp = NULL;
}

/* ---- from outside to one account ---- */

struct reload {
	struct task task;
	struct host_account *a;
	const void *set;
	struct err err;
	int r;
	bool done;
};

static void on_reload(struct task *t)
{
	struct reload *x = OF(t, struct reload, task);
	struct host *h = x->a->h;

	x->r = x->a->ops->reload ? x->a->ops->reload(x->a->account, x->set, &x->err) : 0;
	pthread_mutex_lock(&h->lock);
	x->done = true;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
}

int host_reload(struct host *h, const char *account, const void *set, struct err *err)
{
	struct host_account *a = host_find(h, str_of(account));
	struct reload x = {.task.run = on_reload, .a = a, .set = set};

	if (!a || !atomic_load(&h->running))
		return err_set(err, ERR_NOT_FOUND, "account_unknown", NULL, "there is no channel account \"%s\"",
			       account);
	loop_post(a->thread->loop, &x.task);
	pthread_mutex_lock(&h->lock);
	while (!x.done)
		pthread_cond_wait(&h->changed, &h->lock);
	pthread_mutex_unlock(&h->lock);
	if (x.r && err)
		*err = x.err;
	return x.r;
}

struct outward {
	struct task task;
	struct host_account *a;
	struct address to;
	enum signal_kind kind;
	struct uuid upto;
};

static void on_outward(struct task *t)
{
	struct outward *x = OF(t, struct outward, task);

	if (x->a->account)
		x->a->ops->signal(x->a->account, &x->to, x->kind, &x->upto);
	free(x);
}

void host_signal(struct host *h, struct str account, const struct address *to, enum signal_kind k,
		 const struct uuid *upto)
{
	for (size_t i = 0; i < h->n && atomic_load(&h->running); i++) {
		struct host_account *a = h->account[i];
		struct outward *x;
		if (!a->ops->signal ||
		    (account.n ? !str_is(account, a->name) : a->ops->channel != channel_of_scheme(to->scheme)))
			continue;
		x = calloc(1, sizeof *x);
		if (!x)
			return; /* ephemeral */
		*x = (struct outward){.task.run = on_outward, .a = a, .to = *to, .kind = k};
		if (upto)
			x->upto = *upto;
		loop_post(a->thread->loop, &x->task);
	}
}
