/*
 * PDUs about what was submitted before: query_sm (SMPP 3.4 section 4.8) where a message has an id but no receipt, and
 * cancel_sm (section 4.9).
 *
 * What the SMSC is asked about (setting `query`): parts of messages whose outcome is uncertain, because the answer to
 * another part was lost, or because their own answer came after the time-out, too late for the outcome but with an id; or
 * all parts for which a receipt was asked. A final state that comes back is handed to the host as a receipt would be. A
 * lost answer that never comes leaves no id, and nobody can be asked.
 *
 * One query at a time for each account, three for each part, and none any more of an SMSC that does not know the command.
 * Kept in memory only: what a restart forgets still has its receipt. On the loop of the account.
 */
#pragma once
#include <sys/queue.h>

#include "base/loop.h"
#include "base/str.h"

struct account;
struct held;
struct link;
struct part;
struct query;
TAILQ_HEAD(query_list, query);

struct queries {
	struct query_list waiting, late; /* with an id, by due; without one yet, by age */
	struct query *asked;		 /* on the wire, or NULL */
	struct link *link;		 /* over which; with `seq` and `generation` of that time */
	uint32_t seq, generation;
	int64_t asked_at;
	size_t n;
	bool refused;	      /* the SMSC does not know query_sm */
	struct query **known; /* by hash of the id; NULL until the first */
	struct timer timer;
};

void queries_init(struct queries *q);
void queries_release(struct account *a);
/* The accepted parts of a delivery that has ended. */
void query_later(struct account *a, const struct held *h);
/* The answer to this part is overdue: if it comes after all, its id is of use. */
void query_overdue(struct link *l, uint32_t seq, const struct held *h, const struct part *p);
void query_late_answer(struct link *l, uint32_t seq, uint32_t status, struct str id);
/* A receipt has said what there is to say about this id. */
void query_settled(struct account *a, struct str id);
/* Is this the number of the query on the wire? */
bool query_is(const struct link *l, uint32_t seq);
void query_answered(struct link *l, uint32_t seq, uint32_t status, struct str body); /* generic_nack too: body empty */

/* The body of query_sm_resp. False: it ends too early. Pure. */
struct query_state {
	struct str id, date; /* within the body; date "": none */
	int state, error;    /* message_state of section 5.2.28; as the network calls it */
};
bool query_read(struct str body, struct query_state *out);

/* Asks the SMSC to forget a part that it has accepted; nobody waits for the answer. */
void query_cancel(struct account *a, const struct held *h, const struct part *p);
