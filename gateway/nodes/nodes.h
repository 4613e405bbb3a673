/*
 * Several gateways on one PostgreSQL. Each runs the whole house, and each accepts, reads and writes everything; what only
 * one may do at a time is done under a lease: so far, running a channel account and sending what waits for it.
 *
 *   a node      renews its leases several times before they end, and sends nothing once its own clock says that they have
 *   another     takes what has ended, settles what its last holder had under way as a restart does, and goes on
 *   a sleeper   that wakes up after its leases were taken finds that out before it writes anything: it stops (exit status
 *               75), and whatever runs it starts it anew
 *   news        what other nodes have written is noticed many times a second: followers of events are woken, and the
 *               dispatcher looks into the store
 *
 * On a store of our own (SQLite) there is nobody to share with: no thread, no lease, everything is ours.
 */
#pragma once
#include "events/events.h"
#include "nodes/lease.h"
#include "store/writer.h"

struct nodes;

enum { NODES_STOPPED_STATUS = 75 }; /* sysexits.h: EX_TEMPFAIL */

struct nodes_config {
	struct writer *writer;
	struct events *events;
	int64_t lease, poll; /* microseconds */
};

/* What happens to us, on the nodes' own thread. */
struct nodes_calls {
	/* The account is ours now. clean: its last holder gave it back. -1: it is asked again, with clean false. */
	int (*gained)(void *arg, const char *account, bool clean, struct err *err);
	void (*standby)(void *arg, const char *account); /* another has it; again and again */
	void (*until)(void *arg, int64_t mono);		 /* what we hold is ours so long, by clock_mono */
	void (*news)(void *arg);			 /* others have written */
	void *arg;
};

/* Whether a store is one that gateways can share. */
bool nodes_share(const char *dsn);
/* The node is known to the others from now on. Before the writer: its hooks ask for us. */
int nodes_new(const char *name, struct nodes **out, struct err *err);
/* The writer's hook `began`: that we hold what we believe to hold. */
int nodes_began(struct nodes *n, struct db *db, struct err *err);
/* Begins to renew, and from the first round on to take leases for these accounts. */
int nodes_start(struct nodes *n, const struct nodes_config *c, const struct nodes_calls *calls,
		const char *const *accounts, size_t accounts_n, struct err *err);
/* From its return on none of the calls runs or will; what is held is still renewed. */
void nodes_rest(struct nodes *n);
/* Gives everything back. clean: nothing of what was held is under way. After the accounts have stopped. */
void nodes_leave(struct nodes *n, bool clean);
void nodes_free(struct nodes **n); /* after the writer */

struct nodes_state {
	const char *name; /* ours; lives as long as n */
	int alive;	  /* nodes, with us */
	size_t held;	  /* accounts */
};
void nodes_state(struct nodes *n, struct nodes_state *out);
