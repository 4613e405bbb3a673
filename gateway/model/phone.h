/*
 * Phone numbers by libphonenumber, through a thin C shim (phone_shim.cc). Thread-safe.
 * Contract of `threadline explain number`: see PHONE_* words.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum phone_kind { PHONE_INVALID, PHONE_MOBILE, PHONE_FIXED, PHONE_FIXED_OR_MOBILE, PHONE_TOLL_FREE, PHONE_PREMIUM,
		  PHONE_SHARED_COST, PHONE_VOIP, PHONE_PERSONAL, PHONE_PAGER, PHONE_UAN, PHONE_VOICEMAIL, PHONE_SHORT,
		  PHONE_ALPHANUMERIC, PHONE_UNKNOWN };

struct phone {
	char e164[24];	/* "+4915123456789"; empty for short and alphanumeric */
	char region[4]; /* "DE"; "001" for non-geographic */
	enum phone_kind kind;
};

const char *phone_kind_word(enum phone_kind k); /* mobile, fixed, short, alphanumeric, ... */
/* Parses national, international and RFC 3966 forms. region may be NULL: then only international forms. -1: err.code is
 * number_invalid, number_too_short, number_too_long, region_unknown or not_a_number. */
int phone_parse(struct str text, const char *region, struct phone *out, struct err *err);
