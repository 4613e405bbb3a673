/*
 * Why mail was refused, in words of one list, from what servers write and from status codes (RFC 3463, RFC 7505); and
 * whether that is hard: the address, or its domain, takes no mail, whoever sends it and whatever it says. Everything
 * else is soft: a full mailbox, a filter, a size, a reputation, time. The phrases are those of the field, in lower case.
 */
#pragma once
#include "email/parse.h"

enum reason {
	REASON_NONE, /* nothing recognised */
	REASON_USER_UNKNOWN,
	REASON_HOST_UNKNOWN,
	REASON_MOVED,
	REASON_NO_MAIL, /* the domain takes none: null MX, no SMTP there */
	REASON_MAILBOX_FULL,
	REASON_MAILBOX_DISABLED,
	REASON_FILTERED, /* refused for this recipient, without more */
	REASON_SENDER_REJECTED,
	REASON_BLOCKED, /* our host or its reputation */
	REASON_SPAM,
	REASON_VIRUS,
	REASON_POLICY,
	REASON_AUTHENTICATION, /* SPF, DKIM, DMARC, ARC */
	REASON_SECURITY,       /* authentication or TLS wanted */
	REASON_CONTENT,
	REASON_TOO_BIG,
	REASON_RATE_LIMITED,
	REASON_EXPIRED,
	REASON_NETWORK,
	REASON_NO_RELAY,
	REASON_SYSTEM,
	REASON_SYSTEM_FULL,
	REASON_PROTOCOL,
	REASON_DELIVERED,
	REASON_COUNT
};

const char *reason_word(enum reason r); /* "user_unknown"; "unknown" for none */
/* By phrases; `text` in lower case with single spaces. */
enum reason reason_of_text(struct str text);
enum reason reason_of_status(const char *status);
bool reason_is_hard(enum reason r);
/* "5.1.1" for a refusal that is permanent, "4.2.2" for one that is not. */
void reason_status(enum reason r, bool permanent, char out[12]);
