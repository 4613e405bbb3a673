/*
 * The SMSC simulator, private to its files:
 *   smscsim.c       options, commands on standard input, the loop
 *   smsc_session.c  connections: what ESMEs send and what they are answered
 *   smsc_queue.c    what is due later: held answers, receipts, inbound texts
 *   smsc_report.c   counters, the journal, the report
 */
#pragma once
#include <stdio.h>
#include <sys/queue.h>

#include "kit.h"
#include "wire.h"

enum { SMSC_ADDRESS = 32, SMSC_WINDOW = 4096 };
enum id_form { ID_DECIMAL, ID_HEX, ID_HEX_LOWER };

struct smsc_options {
	int port;
	long answer_us, receipt_us, spread_us; /* spread: a random part on top of receipt_us */
	long window;			       /* most unanswered deliver_sm of a session */
	long rate;			       /* answers a second over all sessions, 0: no limit */
	long tps;			       /* submits a second and session, beyond: throttled; 0: no limit */
	long drop_every;		       /* take every n-th submit and cut its session; 0: never */
	long senders;			       /* inbound texts come from so many numbers */
	long text_length, expect;
	double throttle, reject, undelivered; /* shares of the submits */
	bool receipts, early, tlv, leave;
	enum id_form id_submit, id_receipt;
	const char *password, *short_code, *journal;
};

struct session;
TAILQ_HEAD(sessions, session);

enum due_kind { DUE_ANSWER, DUE_RECEIPT, DUE_TEXT };

/* Something that is to be sent at its time; the order of what is due at once is the order of `n`. */
struct due {
	uint64_t at, n, id; /* id: of the message, or the number of an inbound text */
	uint64_t made;	    /* DUE_TEXT: its stamp, the same when it is sent again */
	enum due_kind kind;
	uint32_t sequence, status, session; /* DUE_ANSWER */
	bool undelivered;
	char from[SMSC_ADDRESS], to[SMSC_ADDRESS];
};

struct heap {
	struct due *v;
	size_t n, cap;
};

/* A connection. Freed by sessions_sweep only, so that nobody holds a pointer to a freed one. */
struct session {
	TAILQ_ENTRY(session) link;
	int fd;
	uint32_t number, sequence;
	bool transmits, receives, dead, blocked;
	struct buf in, out;
	struct due *flight; /* deliver_sm without answer, by sequence % window; NULL until bound */
	bool *in_flight;
	long flying;
	double tokens;
	uint64_t tokens_at;
};

struct counters {
	uint64_t submits, accepted, distinct, throttled, rejected, cut, binds, bad;
	uint64_t receipts_due, receipts_sent, receipts_done, texts_sent, texts_done, texts_distinct, refused, again;
	uint64_t first_submit, last_submit, last_receipt, first_text, last_text; /* times */
};

struct smsc {
	struct smsc_options o;
	int epoll;
	struct sessions sessions;
	uint32_t next_session;
	uint64_t next_id, next_due, answer_free, seed;
	struct heap answers, deliveries;
	uint64_t texts_made, texts_wanted, texts_from;
	double texts_rate;
	struct counters c;
	struct set seen, texts;
	struct hist way; /* stamp in the text to submit_sm */
	FILE *journal;
	bool reported, quit;
};

/* smsc_session.c */
void session_open(struct smsc *s, int fd);
void session_read(struct smsc *s, struct session *k, uint64_t now);
void session_write(struct smsc *s, struct session *k);
void sessions_cut(struct smsc *s); /* all of them, now, whatever is unanswered */
void sessions_sweep(struct smsc *s);
void session_answer(struct smsc *s, struct session *k, uint32_t sequence, uint32_t status, uint64_t id);

/* smsc_queue.c */
void heap_push(struct smsc *s, struct heap *h, struct due d);
void receipt_later(struct smsc *s, uint64_t id, const struct wire_sm *m, uint64_t now);
void answer_later(struct smsc *s, struct session *k, uint32_t sequence, uint32_t status, uint64_t id, uint64_t now);
void texts_make(struct smsc *s, uint64_t now);
void queue_send(struct smsc *s, uint64_t now); /* all that is due and has room */
uint64_t queue_next(const struct smsc *s); /* when queue_send has something to do again; UINT64_MAX: not by itself */
size_t text_write(const struct smsc *s, const struct due *d, char out[256]);

/* smsc_report.c */
void report_submit(struct smsc *s, const struct wire_sm *m, uint64_t now);
void report_text_done(struct smsc *s, const struct due *d, uint64_t now);
void report_if_expected(struct smsc *s);
void report_anew(struct smsc *s, long expect);
void report(struct smsc *s, const char *event);
