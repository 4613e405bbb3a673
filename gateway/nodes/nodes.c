#include "nodes/nodes.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { ROUNDS = 5 }; /* in one lease */

struct nodes {
	struct nodes_config c;
	struct nodes_calls calls;
	struct node me;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool running, stopping, resting, busy; /* busy: may be in one of the calls */
	_Atomic int alive;
	_Atomic size_t held; /* by the last round that was committed */
	struct lease v[LEASES_MAX];
	size_t n;
	bool owed[LEASES_MAX]; /* gained, and not taken up yet */
};

bool nodes_share(const char *dsn) { return !db_dsn_file(dsn); }

int nodes_new(const char *name, struct nodes **out, struct err *err)
{
	struct nodes *n = calloc(1, sizeof *n);
	pthread_condattr_t attr;

	if (!n)
		return err_nomem(err);
	n->me = (struct node){.id = uuid7(clock_now()), .pid = getpid()};
	if (gethostname(n->me.host, sizeof n->me.host - 1))
		n->me.host[0] = 0;
	snprintf(n->me.name, sizeof n->me.name, "%s", name && name[0] ? name : n->me.host);
	atomic_store(&n->alive, 1);
	pthread_mutex_init(&n->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&n->wake, &attr);
	pthread_condattr_destroy(&attr);
	*out = n;
	return 0;
}

/* To write on would be to undo what the new holder does. There is nothing to save: what is not committed was not answered. */
static void stop_at_once(const struct nodes *n, int held)
{
	log_error("node.leases_lost", "node", n->me.name, "held", LOG_INT(held), "reason",
		  "this gateway was silent for longer than its leases; another has taken over", LOG_END);
	_exit(NODES_STOPPED_STATUS);
}

int nodes_began(struct nodes *n, struct db *db, struct err *err)
{
	int believed = n ? (int)atomic_load(&n->held) : 0, held;

	if (believed == 0)
		return 0;
	held = lease_count(db, &n->me.id, err);
	if (held < 0)
		return -1;
	if (held < believed)
		stop_at_once(n, held);
	return 0;
}

/* ---- rounds ---- */

struct round {
	struct write_job job;
	struct nodes *n;
	struct lease v[LEASES_MAX];
	int alive;
	bool resting, bury, clean;
};

static int run_round(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct round *r = (struct round *)job;
	struct nodes *n = r->n;

	(void)now;
	memcpy(r->v, n->v, sizeof r->v);
	if (r->bury && lease_bury(db, &n->me, err))
		return -1;
	return lease_round(db, &n->me, n->c.lease, r->v, r->resting ? 0 : n->n, &r->alive, err);
}

static void take_up(struct nodes *n, size_t k)
{
	struct err e = {0};

	if (n->calls.gained(n->calls.arg, n->v[k].name, n->v[k].clean, &e)) {
		log_warn("node.account_not_taken_up", "account", n->v[k].name, "reason", e.msg, LOG_END);
		n->v[k].clean = false;
		return;
	}
	n->owed[k] = false;
	log_info("node.account_taken_up", "node", n->me.name, "account", n->v[k].name, "given_back",
		 n->v[k].clean ? "yes" : "no", LOG_END);
}

/* A batch that comes between the commit and this asks for less than it could. */
static void believe(struct nodes *n, const struct lease *v)
{
	size_t held = 0;

	for (size_t k = 0; k < n->n; k++)
		held += v[k].held;
	atomic_store(&n->held, held);
}

static void do_round(struct nodes *n, bool first, bool resting)
{
	struct round *r = calloc(1, sizeof *r);
	int64_t began = clock_mono();
	struct err e = {0};

	if (!r)
		return; /* the next comes soon */
	r->n = n;
	r->bury = first;
	r->resting = resting;
	r->job.run = run_round;
	if (writer_call(n->c.writer, &r->job, &e)) {
		log_warn("node.round_failed", "reason", e.msg, LOG_END);
		free(r);
		return;
	}
	atomic_store(&n->alive, r->alive);
	if (!resting) {
		n->calls.until(n->calls.arg, began + n->c.lease);
		believe(n, r->v);
		for (size_t k = 0; k < n->n; k++)
			n->owed[k] |= r->v[k].gained;
		memcpy(n->v, r->v, sizeof n->v);
		for (size_t k = 0; k < n->n; k++)
			if (n->owed[k])
				take_up(n, k);
			else if (!n->v[k].held && n->v[k].wished == 0)
				n->calls.standby(n->calls.arg, n->v[k].name);
	}
	free(r);
}

static void look_for_news(struct nodes *n)
{
	struct err e = {0};
	int r = atomic_load(&n->alive) > 1 ? events_poll(n->c.events, &e) : 0;

	if (r < 0)
		log_warn("node.news_failed", "reason", e.msg, LOG_END);
	else if (r > 0)
		n->calls.news(n->calls.arg);
}

/* Returns false when it is time to end. */
static bool wait_until(struct nodes *n, int64_t mono, bool *resting)
{
	struct timespec ts = {.tv_sec = mono / US_SEC, .tv_nsec = mono % US_SEC * 1000};
	bool go;

	pthread_mutex_lock(&n->lock);
	while (!n->stopping && pthread_cond_timedwait(&n->wake, &n->lock, &ts) == 0)
		;
	go = !n->stopping;
	*resting = n->resting;
	n->busy = go && !n->resting;
	pthread_mutex_unlock(&n->lock);
	return go;
}

static void not_busy(struct nodes *n)
{
	pthread_mutex_lock(&n->lock);
	n->busy = false;
	pthread_cond_broadcast(&n->wake);
	pthread_mutex_unlock(&n->lock);
}

static void *nodes_main(void *arg)
{
	struct nodes *n = arg;
	int64_t next = clock_mono(), now;
	bool first = true, resting;

	pthread_setname_np(pthread_self(), "nodes");
	while (wait_until(n, clock_mono() + (first ? 0 : n->c.poll), &resting)) {
		now = clock_mono();
		if (now >= next) {
			do_round(n, first, resting);
			first = false;
			next = now + n->c.lease / ROUNDS;
		}
		if (!resting)
			look_for_news(n);
		not_busy(n);
	}
	return NULL;
}

/* ---- beginning and end ---- */

int nodes_start(struct nodes *n, const struct nodes_config *c, const struct nodes_calls *calls,
		const char *const *accounts, size_t accounts_n, struct err *err)
{
	if (accounts_n > LEASES_MAX)
		return err_set(err, ERR_INVALID, "too_many_accounts", NULL, "more than %d channel accounts",
			       LEASES_MAX);
	n->c = *c;
	n->calls = *calls;
	n->n = accounts_n;
	for (size_t k = 0; k < accounts_n; k++)
		snprintf(n->v[k].name, sizeof n->v[k].name, "%s", accounts[k]);
	if (pthread_create(&n->thread, NULL, nodes_main, n))
		return err_set(err, ERR_INTERNAL, "thread", NULL, "cannot start the thread of the nodes");
	n->running = true;
	return 0;
}

void nodes_rest(struct nodes *n)
{
	pthread_mutex_lock(&n->lock);
	n->resting = true;
	while (n->busy)
		pthread_cond_wait(&n->wake, &n->lock);
	pthread_mutex_unlock(&n->lock);
}

static int run_leave(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct round *r = (struct round *)job;

	(void)now;
	return lease_give_back(db, &r->n->me, r->clean, err);
}

void nodes_leave(struct nodes *n, bool clean)
{
	struct round *r;

	if (!n->running)
		return;
	pthread_mutex_lock(&n->lock);
	n->stopping = true;
	pthread_cond_signal(&n->wake);
	pthread_mutex_unlock(&n->lock);
	pthread_join(n->thread, NULL);
	n->running = false;
	r = calloc(1, sizeof *r);
	if (!r)
		return; /* the leases end by themselves */
	r->n = n;
	r->clean = clean;
	r->job.run = run_leave;
	atomic_store(&n->held, 0); /* whoever writes after it does so without */
	writer_call(n->c.writer, &r->job, NULL);
	free(r);
}

void nodes_free(struct nodes **np)
{
	struct nodes *n = *np;

	if (!n)
		return;
	pthread_mutex_destroy(&n->lock);
	pthread_cond_destroy(&n->wake);
	free(n);
	*np = NULL;
}

void nodes_state(struct nodes *n, struct nodes_state *out)
{
	*out = (struct nodes_state){n->me.name, atomic_load(&n->alive), atomic_load(&n->held)};
}
