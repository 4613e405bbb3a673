/*
 * Addresses: one form each, so that the same person written two ways is found once.
 *
 * A phone number is kept in E.164 ("+4915123456789"); an alphanumeric sender ("Vodafone", up to 11 GSM characters, at
 * least one letter) and a short code ("40404", 3 to 8 digits) are kept apart from numbers and never merge people; a
 * mailbox is trimmed and lower-cased (RFC 5321 leaves the local part to its host, but no host of our days tells two
 * people apart by case), an internationalised domain stays in the form given; a web visitor is its UUID; a SIP URI is
 * user@host lower-cased without parameters (RFC 3261 section 19.1), and one that stands for a telephone number
 * ("sip:+49…@", ";user=phone") is that number.
 *
 * address_parse is pure and thread-safe. libphonenumber sits behind model/phone.h and is asked only when the text is
 * not already clean E.164 of a block that this thread knows (model/phone_seen.h).
 */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "model/words.h"

/* Numbers are stored in the database: never renumber, only append. */
enum scheme { SCHEME_TEL, SCHEME_SENDER, SCHEME_SHORT, SCHEME_MAIL, SCHEME_VISITOR, SCHEME_SIP, SCHEME_COUNT };
enum { ADDRESS_MAX = 255 };

struct address {
	enum scheme scheme;
	char value[ADDRESS_MAX + 1]; /* normalised, UTF-8, NUL-terminated */
};

const char *scheme_word(enum scheme s); /* tel, sender, short, mail, visitor, sip */
bool scheme_parse(struct str s, enum scheme *out);
enum scheme scheme_of_channel(enum channel c); /* sms → tel, email → mail, web → visitor, ivr → tel */
enum channel channel_of_scheme(enum scheme s); /* tel, short, sender → sms; mail → email; ... */

/* channel NONE and LOOPBACK: by the form of the text. region: ISO 3166 home region for national forms ("DE"), may be NULL.
 * -1: ERR_SEMANTIC with code number_invalid, number_too_short, number_too_long, region_unknown, not_a_number,
 * mailbox_invalid, visitor_invalid or sip_invalid. */
int address_parse(enum channel channel, struct str text, const char *region, struct address *out, struct err *err);
/* Does it name one person or firm? Not so an alphanumeric sender, a short code, a withheld caller (RFC 3323) or a mailbox
 * that nobody reads (noreply@, mailer-daemon@): such addresses never merge people. */
bool address_identifies(const struct address *a);
