/*
 * The dates of delivery receipts, in the forms that the field writes. Pure; any thread.
 *
 *   YYMMDDhhmm[ss]        appendix B of SMPP 3.4, without a zone
 *   YYYYMMDDhhmm[ss]      with the century
 *   YYMMDDhhmmsstnnp      SMPP's absolute time (section 7.1.1): tenths, quarters of an hour from UTC, "+" or "-"
 *   2026-01-31 12:00[:00] also with "/" or ".", with "T", and as RFC 3339 with its zone
 *   1769860800[000]       seconds or milliseconds since 1970, where the digits are no date
 */
#pragma once
#include "base/str.h"

/* Microseconds, UTC; 0: none, or not understood. zoned: the form itself says from which zone it is, or counts from 1970;
 * else it was taken as UTC. May be NULL. */
int64_t receipt_date(struct str s, bool *zoned);
