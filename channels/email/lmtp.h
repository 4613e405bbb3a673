/* The LMTP listener of an account: sockets around lmtp_session.h, on the account's loop. */
#pragma once
#include "base/json.h"
#include "email/arrival.h"

struct lmtp;

/* Checks the settings; no I/O. *out NULL: none is configured. hello and where live as long as the account. rested: see
 * lmtp_stop. */
int lmtp_open(const struct arrival_to *where, const char *hello, void (*rested)(void *arg), void *arg,
	      struct lmtp **out, struct err *err);
/* Listens; an address that is taken is tried again every few seconds, and said in the status. */
void lmtp_start(struct lmtp *l);
void lmtp_pause(struct lmtp *l, bool paused);
void lmtp_status(const struct lmtp *l, struct json_out *j); /* members of an object that is open */
/* Takes no more mail; connections end when what they wait for is answered, at the deadline (loop clock) at the latest. */
void lmtp_stop(struct lmtp *l, int64_t deadline);
bool lmtp_stopped(const struct lmtp *l);
void lmtp_close(struct lmtp **l);
/* "host:port", "[::1]:port" or "/path"; -1 with err. For settings and tests. */
int lmtp_port(const struct lmtp *l, size_t k); /* of the k-th TCP address, once it listens; 0 otherwise */
