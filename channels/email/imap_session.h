/*
 * Reading one mailbox over an IMAP connection (RFC 3501, RFC 9051) that has logged in already, as a pure state machine: bytes
 * in, bytes out, one call for each mail. No sockets, no clock.
 *
 *   CAPABILITY, SELECT → SEARCH → a group of mails is fetched, and each answered → they are flagged \Seen or moved
 *   (RFC 6851, or by COPY and RFC 4315) → the mark is kept → the next group … → LOGOUT
 *
 * The mark says how far the mailbox is done. It moves after the commit of all mails below it, so none is missed; one that is
 * fetched twice, because the process ended in between, is known to the gateway by its Message-ID.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum imap_first { IMAP_UNSEEN, IMAP_ALL, IMAP_NONE };
enum imap_taken { IMAP_TAKEN, IMAP_LEFT, IMAP_LATER }; /* LEFT: never wanted; LATER: the reading ends here, for now */

/* UIDVALIDITY in the upper half, the last UID that is done in the lower. 0: the mailbox was never read. */
typedef uint64_t imap_mark;

struct imap_rules {
	const char *mailbox, *move_to; /* as the server spells them; move_to NULL or empty: flagged \Seen instead */
	enum imap_first first;	       /* which mails count that lie there at the first visit */
	const char *since;	       /* "1-Feb-2024": see imap_session.c, search */
	imap_mark mark;
	size_t size; /* of the largest mail taken; a larger one is left */
	/* Copy what is needed; imap_answer must follow, at once or later. */
	void (*mail)(void *arg, uint32_t uid, struct str raw);
	void (*too_big)(void *arg, uint32_t uid);
	void (*moved)(void *arg, imap_mark mark); /* keep it; imap_kept must follow */
	void (*refused)(void *arg,
			const char *text); /* flags or moving: what the server said; the mail is taken all the same */
	void *arg;
};

struct imap_session;

struct imap_session *imap_session_new(const struct imap_rules *rules); /* rules live as long; NULL: no memory */
void imap_session_free(struct imap_session **s);
void imap_feed(struct imap_session *s, const char *p, size_t n);
void imap_answer(struct imap_session *s, uint32_t uid, enum imap_taken taken);
void imap_kept(struct imap_session *s, bool ok);
void imap_end(struct imap_session *s); /* no further group: LOGOUT when what was fetched is settled */
bool imap_over(const struct imap_session *s);
bool imap_settled(const struct imap_session *s); /* no mail and no mark waits for its answer */
/* Why it ended before its time; NULL if it did not. */
const char *imap_problem(const struct imap_session *s);
/* What is to be written to the server; imap_written takes it from the front. */
struct str imap_out(const struct imap_session *s);
void imap_written(struct imap_session *s, size_t n);

/* The name of a mailbox as servers spell it: modified UTF-7 (RFC 3501 section 5.1.3). */
void imap_name_write(struct str utf8, struct buf *out);
