/*
 * What the files of the host share.
 *
 *   host.c         opening, starting, stopping; offers to adapters
 *   host_in.c      what adapters bring: inbound, receipts, outcomes, states, signals
 *   host_http.c    requests to adapters' routes, their answers and streams
 *   host_read.c    history and blobs, on a thread of their own
 *   host_small.c   blobs that are small enough for a row of the store
 *   host_caller.c  who has an address, and messages to them
 *   host_mark.c    the numbers that accounts keep
 *   host_show.c    health and metrics
 */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "channel/figures.h"
#include "channel/host.h"

enum { ACCOUNTS_MAX = 64, SECRET_LEN = 32, REQUEST_SLOTS = 1024 };

struct loop_thread {
	struct loop *loop;
	pthread_t thread;
	bool running;
	const struct channel_ops *shared_by; /* AFFINITY_TYPE; else NULL */
};

struct request;	 /* host_http.c */
struct incoming; /* host_in.c: a batch that gathers */
struct reports;
struct answers; /* the head of both */

/* Batches of one kind that are with the writer, and empty ones for the next rounds; under the account's lock. */
struct traffic {
	unsigned flying, spare_n;
	struct answers *spare;
};

struct host_account {
	struct host *h;
	char name[64];
	const struct channel_ops *ops;
	struct account *account;
	struct channel_host api;
	uint8_t secret[SECRET_LEN];
	struct loop_thread *thread;
	struct figures *figures;
	/* the dispatcher's offer */
	struct task offer_task;
	const struct delivery *offer;
	size_t offer_n;
	/* gathering; the adapter's loop, but guarded: channel_host may be called from anywhere */
	pthread_mutex_t lock;
	struct incoming *in;
	struct reports *reports;
	struct traffic received, reported; /* of `in`, of `reports` */
	struct task flush_task;
	struct request *requests[REQUEST_SLOTS];
	struct buf status; /* as the adapter last described itself */
	struct timer status_timer;
	/* under h->lock */
	enum account_state state;
	bool told_up;
	_Atomic bool started;
	struct task start_task, stop_task, close_task;
	int64_t stop_by; /* duration */
};

struct host {
	struct host_config c;
	uint8_t secret[SECRET_LEN];
	const struct exchange_ops *exchange;
	struct host_account *account[ACCOUNTS_MAX];
	size_t n;
	struct loop_thread *thread[ACCOUNTS_MAX];
	size_t threads_n;
	struct host_route *routes;
	size_t routes_n;
	struct loop_thread reader;
	_Atomic bool running;
	_Atomic int pending; /* batches and reads whose answer an adapter still waits for */
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

static inline struct host_account *host_find(const struct host *h, struct str name)
{
	for (size_t k = 0; k < h->n; k++)
		if (str_is(name, h->account[k]->name))
			return h->account[k];
	return NULL;
}

void host_pending(struct host *h, int add); /* wakes host_stop when nothing is pending any more */

/* host_in.c: members of struct channel_host */
void host_received(struct host_account *a, const struct inbound *in, intake_done *done, void *arg);
void host_receipt(struct host_account *a, const struct receipt *r, intake_done *done, void *arg);
void host_outcome(struct host_account *a, const struct outcome *o);
void host_outcomes(struct host_account *a, const struct outcome *v, size_t n);
void host_state(struct host_account *a, enum account_state s, const char *reason);
void host_ready(struct host_account *a);
void host_on_signal(struct host_account *a, const struct address *who, enum signal_kind k, const struct uuid *upto);
void host_flush(struct task *t);
void host_free_batches(struct answers **x);

/* host_http.c */
int host_add_routes(struct host *h, struct host_account *a, struct err *err);
void host_reply(struct host_account *a, struct exchange *e, const struct channel_reply *r);
void host_stream_begin(struct host_account *a, struct exchange *e, const struct channel_reply *head);
int host_stream_send(struct host_account *a, struct exchange *e, struct str bytes);
void host_stream_end(struct host_account *a, struct exchange *e);
void host_free_requests(struct host_account *a);

/* host_read.c */
void host_history(struct host_account *a, const struct address *who, const struct uuid *after, int limit,
		  history_done *done, void *arg);
void host_blob_put(struct host_account *a, struct str bytes, struct str name, struct str type, blob_done *done,
		   void *arg);
/* 0: taken, done will be called from the adapter's loop. */
int host_small_put(struct host_account *a, struct str bytes, struct str name, struct str type, blob_done *done,
		   void *arg);
void host_blob_get(struct host_account *a, const char *sha256, blob_read_done *done, void *arg);
/* Tells followers that a contact point types, comes or goes: needs to know whose it is. */
void host_flash(struct host_account *a, const struct address *who, enum signal_kind k);

/* host_mark.c */
void host_mark_get(struct host_account *a, const char *name, mark_done *done, void *arg);
void host_mark_put(struct host_account *a, const char *name, int64_t value, mark_done *done, void *arg);

/* host_caller.c */
void host_caller(struct host_account *a, const struct address *who, caller_done *done, void *arg);
void host_send(struct host_account *a, const struct errand *e, errand_done *done, void *arg);

/* host_show.c */
void host_watch_status(struct host_account *a); /* on the adapter's loop: from now on, from time to time */
