/*
 * One LMTP conversation (RFC 2033) as a pure state machine: bytes in, bytes out, one call for each mail that is complete.
 * No sockets, no clock. PIPELINING (RFC 2920), 8BITMIME (RFC 6152), SMTPUTF8 (RFC 6531), SIZE (RFC 1870),
 * ENHANCEDSTATUSCODES (RFC 2034).
 *
 * A mail ends at CR LF "." CR LF and nowhere else: a lone CR or LF is content, so that no other reading of the same bytes
 * can smuggle a second mail in. Lines of commands end in CR LF too.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum { LMTP_RECIPIENTS = 100, LMTP_LINE = 2048 };

enum lmtp_taken { LMTP_OK, LMTP_UNKNOWN, LMTP_LATER };

struct lmtp_rules {
	const char *hello; /* our name */
	size_t size;	   /* bytes of one mail */
	/* May this mailbox be written to? LATER: not now (452). */
	enum lmtp_taken (*recipient)(void *arg, struct str mailbox);
	/* A mail has come: keep what is needed of it, answer with lmtp_answer, later or at once. Valid until then. */
	void (*mail)(void *arg, struct str from, const struct str *to, size_t n, struct str raw);
	void *arg;
};

struct lmtp_session;

/* rules live as long as the session. Says the greeting into `out`. NULL: out of memory. */
struct lmtp_session *lmtp_new(const struct lmtp_rules *rules);
void lmtp_free(struct lmtp_session **s);

/* Takes as much as it can: less than n while a mail waits for its answer, or after QUIT. Offer the rest again then. */
size_t lmtp_feed(struct lmtp_session *s, const char *p, size_t n);
/* For each recipient of the mail: OK is 250, UNKNOWN 550 and LATER 451, with `text` after the enhanced code. */
void lmtp_answer(struct lmtp_session *s, enum lmtp_taken taken, const char *text);
bool lmtp_waits(const struct lmtp_session *s);	/* for lmtp_answer */
bool lmtp_over(const struct lmtp_session *s);	/* after QUIT, or too much nonsense: close when all is written */
size_t lmtp_held(const struct lmtp_session *s); /* bytes of the mail that is coming in */
/* What is to be written to the peer; lmtp_written takes it from the front. */
struct str lmtp_out(const struct lmtp_session *s);
void lmtp_written(struct lmtp_session *s, size_t n);
/* A last word before closing: "421 4.4.2 …". */
void lmtp_say_bye(struct lmtp_session *s, const char *text);
