/*
 * Whether a mail comes from whom it says: what the operator's own mail server found out, as it wrote it into
 * Authentication-Results (RFC 8601). Only the topmost field of the server that the settings name is believed: a server
 * that keeps the standard removes what strangers wrote in its name (section 5). Pure.
 */
#pragma once
#include "email/parse.h"

enum mail_trust {
	MAIL_UNCHECKED, /* no server is named in the settings, or it said nothing */
	MAIL_UNVERIFIED,
	MAIL_VERIFIED /* DMARC passed, or a DKIM signature of the From's own domain did */
};

enum mail_trust mail_trust(const struct mail *m, const char *server);
const char *mail_trust_word(enum mail_trust t); /* unchecked, unverified, verified */
