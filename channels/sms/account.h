/*
 * Private to the SMS sessions: one account, its links, and the deliveries it holds.
 *
 *   sms.c      the channel_ops: open, submit, stop, ...       account.c  held deliveries, outcomes in batches, state
 *   submit.c   delivery → PDUs → window, answers → outcomes   prepare.c  delivery → PDUs (text, addresses, options)
 *   query.c    asking about and cancelling what was submitted
 *   inbound.c  deliver_sm and data_sm → host, answers         link.c     one connection and its bind
 *   session.c  the PDUs of a link, in and out                 window.c, throttle.c, transport.c, resolve.c, tls.c
 *
 * A round of the loop: links read and handle all PDUs of a read; answered deliveries collect in `out`; then account_flush
 * runs once: outcomes to the host in one call, windows filled from the queue, one write for each link.
 */
#pragma once
#include <sys/queue.h>

#include "channel/channel.h"
#include "sms/query.h"
#include "sms/settings.h"
#include "sms/throttle.h"
#include "sms/transport.h"
#include "sms/window.h"

enum { SMS_ID_MAX = 65, OUTCOMES_MAX = 256, HOSTS_MAX = 8, STATUS_KINDS = 16 };

#define OWNER(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

/* ---- held deliveries ---- */

enum part_state { PART_WAITING, PART_ON_WIRE, PART_ACCEPTED, PART_LOST, PART_REFUSED };

struct part {
	uint32_t at, len; /* its PDU within held.pdus */
	uint32_t status;  /* command_status of the answer, if refused */
	uint8_t state, tries, id_n;
	char id[SMS_ID_MAX];
};

/* Memory of a held delivery is used again for the next one: in the steady state nothing is allocated. */
struct held {
	TAILQ_ENTRY(held) list;					     /* in the queue, aside, or free */
	enum { HELD_FREE, HELD_QUEUED, HELD_ASIDE, HELD_OUT } where; /* OUT: all parts on the wire, or finished */
	struct delivery_id id;
	int64_t token, expires_at, due; /* due: loop time at which an aside one is tried again */
	enum purpose purpose;
	bool cancelled;				 /* what waits is not sent any more */
	uint16_t parts, on_wire, accepted, next; /* next: first part that may be waiting */
	struct part *part, *many, one;		 /* part: &one, or many */
	struct str *ids, *many_ids, one_id;
	uint16_t many_cap;
	struct buf pdus;
	char code[12], reason[48], correlation[64];
};
TAILQ_HEAD(held_list, held);

/* ---- links ---- */

enum link_state { LINK_IDLE, LINK_WAITING, LINK_CONNECTING, LINK_BINDING, LINK_BOUND, LINK_UNBINDING, LINK_CLOSED };
enum link_bind { LINK_TRANSCEIVER, LINK_TRANSMITTER, LINK_RECEIVER };

struct link {
	struct account *a;
	char name[12]; /* "1", "1/tx" */
	enum link_bind bind;
	enum link_state state;
	struct transport t;
	struct window window;
	struct timer timer;   /* of the state: see the table in link.c */
	struct timer answers; /* oldest submit without answer */
	struct resolve *resolving;
	struct resolved found;
	int found_at, host_at, attempts;
	uint32_t generation;			    /* of the connection: late answers of the host name an older one */
	uint32_t inbound;			    /* PDUs handed to the host and not answered yet */
	uint32_t bind_seq, enquire_seq, unbind_seq; /* 0: none outstanding */
	uint32_t unanswered;			    /* submits timed out since the last answer to one */
	int64_t since, bound_at, last_in, enquired_at;
	bool held_back; /* not reading: too many inbound, or output clogged */
	bool refused;	/* the last bind was */
	char reason[160];
	char peer[16];	      /* system_id of the SMSC, from its answer to the bind */
	uint8_t peer_version; /* its interface version, 0x34; 0: not told */
};

struct smsc_host {
	char name[256];
	uint16_t port;
};

/* ---- inbound PDUs that wait for the host's commit ---- */

struct pending {
	struct pending *next;
	struct pending_pool *pool;
	struct link *link;
	uint32_t generation, seq, command;
};

/* Outlives the account if the host still owes answers when it is closed. */
struct pending_pool {
	struct account *a; /* NULL: closed */
	struct pending *free;
	struct pending_chunk *chunks;
	size_t live;
};

/* ---- figures, gathered and handed over ten times a second ---- */

struct status_count {
	uint32_t status;
	int64_t n;
};

struct figures {
	int64_t submits, late, deliver, data, receipts, bad, lost;
	struct status_count answers[STATUS_KINDS];
};

struct account {
	const struct sms_settings *set;
	const struct channel_host *host;
	struct smsc_host hosts[HOSTS_MAX];
	int hosts_n;
	struct tls_context *tls;
	struct link *links;
	int links_n, bound_tx, bound_n;
	int64_t window, enquire_link; /* reloadable */
	int64_t receipt_offset;	      /* of the SMSC's clock from UTC */
	struct throttle throttle;
	struct timer flush, wake, aside_timer, stranded, figures_timer, stop_timer;
	struct held_list queue, aside, spare;
	struct held_chunk *chunks;
	size_t queued, held;				 /* in the queue; all that are not free */
	bool hungry;					 /* submit took fewer than offered: host->ready is due */
	bool paused, started, stopping, overdue, closed; /* overdue: stop's deadline has passed */
	struct outcome out[OUTCOMES_MAX];
	struct held *out_held[OUTCOMES_MAX];
	size_t out_n;
	struct pending_pool *pending;
	struct queries queries;
	struct numbers *numbers;
	struct figures figures;
	enum account_state told;
	char told_reason[200];
	int64_t told_bad; /* when the last bad PDU was logged */
	struct buf text;  /* scratch of inbound and prepare */
};

/* account.c */
void account_init(struct account *a, const struct sms_settings *set, const struct channel_host *host);
void account_release(struct account *a);  /* timers and held deliveries; not the links */
struct held *held_get(struct account *a); /* NULL: out of memory */
void held_put(struct account *a, struct held *h);
int held_parts(struct held *h, uint16_t n); /* room for n parts, all waiting */
void held_finish(struct account *a, struct held *h, enum outcome_kind kind, const char *code, const char *reason,
		 int64_t retry_after);
void account_flush_soon(struct account *a);
void account_stop(struct account *a, int64_t deadline);
void account_state(struct account *a); /* links have changed: tells the host if it matters */
void account_answer_count(struct account *a, uint32_t status);

/* submit.c */
size_t submit_queue_size(const struct account *a);
size_t submit_room(struct account *a);
bool submit_half_free(const struct account *a);
void submit_queue(struct account *a, struct held *h); /* prepared */
void submit_pump(struct account *a);
/* command_status and, if it is 0, the message id. generic_nack too. */
void submit_answered(struct link *l, uint32_t seq, uint32_t status, struct str id);
void submit_timed_out(struct link *l);	/* oldest ones over the response time-out */
void submit_link_lost(struct link *l);	/* everything on its wire */
void submit_release(struct account *a); /* what has not touched the wire */
void submit_cancel(struct account *a, const struct delivery_id *id);
void submit_abandon(struct account *a); /* half-sent ones that nothing will complete now */

/* prepare.c */
enum prepared { PREPARED, PREPARE_REFUSED, PREPARE_NO_MEMORY };
struct refusal {
	enum outcome_kind kind;
	const char *code, *reason; /* static */
};
/* Encodes d into h->pdus and h->part; h->parts is set in any case. */
enum prepared prepare(struct account *a, const struct delivery *d, struct held *h, struct refusal *why);
struct channel_estimate prepare_estimate(const struct sms_settings *set, struct str text, struct str options);

/* inbound.c */
struct pending_pool *pending_new(struct account *a);
void pending_release(struct pending_pool **p); /* the account goes; late answers are still safe */
void inbound_take(struct link *l, uint32_t command, uint32_t seq, struct str pdu);
void inbound_answer(struct link *l, uint32_t command, uint32_t seq, uint32_t status);

/* link.c */
int link_init(struct link *l, struct account *a, int number, enum link_bind bind);
void link_free(struct link *l);
void link_start(struct link *l);
void link_bound(struct link *l);
void link_refused(struct link *l, uint32_t status);
void link_lost(struct link *l, const char *why);
void link_unbind(struct link *l);  /* graceful; ends in LINK_CLOSED */
void link_close(struct link *l);   /* at once; ends in LINK_CLOSED */
void link_unbound(struct link *l); /* the peer agreed */
void link_hold_back(struct link *l);
void link_reloaded(struct link *l);
const char *link_state_word(enum link_state s);
static inline bool link_sends(const struct link *l) { return l->bind != LINK_RECEIVER; }

/* session.c */
void session_put(struct link *l, uint32_t command, uint32_t seq, uint32_t status, struct str body);
void session_nack(struct link *l, uint32_t seq, uint32_t status);
void session_bind(struct link *l);
void session_enquire(struct link *l);
void session_unbind(struct link *l);
void session_data(struct link *l); /* all whole PDUs of the input */
