/*
 * Polls one mailbox by IMAP: every imap_poll a connection is made (libcurl: names, TLS, login), imap_session.h reads what is
 * new, and each mail goes the way of those that come by LMTP. How far the mailbox was read is kept by the host.
 */
#pragma once
#include "base/json.h"
#include "email/arrival.h"

struct imap;

/* Checks the settings; no I/O. *out NULL: none is configured. where lives as long as the account. rested: see imap_stop. */
int imap_open(const struct arrival_to *where, void (*rested)(void *arg), void *arg, struct imap **out, struct err *err);
void imap_start(struct imap *i);
void imap_pause(struct imap *i, bool paused);
void imap_status(const struct imap *i, struct json_out *j); /* members of an object that is open */
/* Fetches nothing more; rests when what was fetched is committed, flagged and marked, at the deadline at the latest. */
void imap_stop(struct imap *i, int64_t deadline);
bool imap_stopped(const struct imap *i);
void imap_close(struct imap **i);
