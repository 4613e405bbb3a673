/* Mailboxes (RFC 5321 section 4.1.2, with UTF-8 by RFC 6531), without display names and comments. Pure. */
#pragma once
#include "base/err.h"
#include "base/str.h"

/* Appends the one form of it: ASCII letters lower-cased, "<>" taken off, an end dot of the domain dropped. -1:
 * ERR_SEMANTIC "mailbox_invalid". */
int mailbox_normalise(struct str text, struct buf *out, struct err *err);
/* A role that sends but does not read, or answers for a machine: noreply@, do-not-reply@, mailer-daemon@, ... */
bool mailbox_is_nobody(struct str mailbox);
