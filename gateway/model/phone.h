/*
 * Phone numbers by libphonenumber, through a thin C shim (phone_shim.cc). Pure and thread-safe.
 *
 * What counts as a number: one of a possible length for its country. The numbering plan the library was built with is
 * always older than the networks, so a number outside the ranges it knows is taken with kind `unknown`; letters
 * ("1-800-FLOWERS") are taken only where the result is a number it does know.
 *
 * What counts as a short code: 3 to 6 bare digits that are not how the country writes a complete number (trunk prefix
 * included), or 3 to 8 digits that are no number and not of the length of one.
 *
 * One form for each subscriber (E.164), also where a country has had two: Mexico's "+52 1" and Argentina's "15" are the
 * library's doing; the ninth digit of Brazilian mobile numbers is put before old eight-digit ones, never before
 * landlines or trunked radio.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum phone_kind {
	PHONE_INVALID,
	PHONE_MOBILE,
	PHONE_FIXED,
	PHONE_FIXED_OR_MOBILE,
	PHONE_TOLL_FREE,
	PHONE_PREMIUM,
	PHONE_SHARED_COST,
	PHONE_VOIP,
	PHONE_PERSONAL,
	PHONE_PAGER,
	PHONE_UAN,
	PHONE_VOICEMAIL,
	PHONE_SHORT,
	PHONE_ALPHANUMERIC,
	PHONE_UNKNOWN,
	PHONE_KINDS
};

struct phone {
	char e164[24];	/* "+4915123456789"; empty for short and alphanumeric */
	char region[4]; /* "DE"; "001" for non-geographic; empty for short and alphanumeric */
	enum phone_kind kind;
};

const char *phone_kind_word(enum phone_kind k); /* mobile, fixed, short, alphanumeric, ... */
/* Parses national, international, RFC 3966 and RFC 5724 forms. region may be NULL: then only international forms. -1: ERR_SEMANTIC,
 * err.code is number_invalid, number_too_short, number_too_long, region_unknown or not_a_number. */
int phone_parse(struct str text, const char *region, struct phone *out, struct err *err);
enum { PHONE_SHOWN = 40 };
/* As people write it: "+49 1512 3456789", or national, "01512 3456789". -1: the text is no number. */
int phone_show(struct str text, const char *region, bool national, char out[PHONE_SHOWN]);
/* A name as a mobile network shows it for a sender: up to 11 septets of the GSM alphabet, a letter among them. */
bool phone_is_sender(struct str text);
