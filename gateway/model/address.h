/*
 * Addresses: one form each, so that the same person written two ways is found once.
 *
 * A phone number is kept in E.164 ("+4915123456789"); an alphanumeric sender ("Vodafone", up to 11 GSM characters, at
 * least one letter) and a short code ("40404", 3 to 8 digits) are kept apart from numbers and never merge people; a
 * mailbox is trimmed with its domain lower-cased (RFC 5321: the local part is the owner's business, but is compared
 * folded); a web visitor is its UUID; a SIP URI is user@host lower-cased.
 *
 * address_parse is pure and thread-safe. libphonenumber sits behind model/phone.h and is asked only when the text is
 * not already clean E.164 that the caller has seen before.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "model/words.h"

enum scheme { SCHEME_TEL, SCHEME_SENDER, SCHEME_SHORT, SCHEME_MAIL, SCHEME_VISITOR, SCHEME_SIP };
enum { ADDRESS_MAX = 255 };

struct address {
	enum scheme scheme;
	char value[ADDRESS_MAX + 1]; /* normalised, UTF-8, NUL-terminated */
};

const char *scheme_word(enum scheme s); /* tel, sender, short, mail, visitor, sip */
bool scheme_parse(struct str s, enum scheme *out);
enum scheme scheme_of_channel(enum channel c); /* sms → tel, email → mail, web → visitor, ivr → tel */
enum channel channel_of_scheme(enum scheme s); /* tel, short, sender → sms; mail → email; ... */

/* region: ISO 3166 home region for national forms ("DE"). Error codes: number_invalid, mailbox_invalid, ... */
int address_parse(enum channel channel, struct str text, const char *region, struct address *out, struct err *err);
