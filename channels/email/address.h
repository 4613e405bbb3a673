/* Mail addresses as this adapter needs them: display names apart, domains in A-labels (RFC 5890, by libidn2). Pure. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "model/address.h"

/* "Care Team <care@example.com>", "\"Care, Team\" <…>" or a mailbox alone: then the name stays as it is. The mailbox's
 * domain is put into A-labels. -1: ERR_SEMANTIC "mailbox_invalid". */
int email_sender_parse(struct str text, char name[256], char mailbox[ADDRESS_MAX + 1], struct err *err);
/* The mailbox with its domain in A-labels; the local part as it is. */
int email_to_ascii(const char *mailbox, char *out, size_t max, struct err *err);
/* Is it `own`, or one of the list? */
bool email_domain_is_ours(const char *own, const char *list, const char *domain);
