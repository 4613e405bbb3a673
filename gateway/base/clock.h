/*
 * Time. Everywhere in the house a time is UTC microseconds since 1970 in an int64_t, and a duration is microseconds.
 * Code that decides by time takes `now` as a parameter; only threads' outermost loops call clock_now.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define US_MS INT64_C(1000)
#define US_SEC INT64_C(1000000)
#define US_MIN (60 * US_SEC)
#define US_HOUR (60 * US_MIN)
#define US_DAY (24 * US_HOUR)

int64_t clock_now(void);  /* wall clock, UTC */
int64_t clock_mono(void); /* for measuring and timers; never jumps */

enum { TIME_TEXT = 32 };
/* RFC 3339 with milliseconds and "Z": 2026-01-31T23:59:59.123Z. Writes at most TIME_TEXT bytes with NUL. Returns length. */
size_t time_format(int64_t at, char out[TIME_TEXT]);
/* RFC 3339 date-time with any offset and 0..9 decimals. */
bool time_parse(struct str s, int64_t *out);
/* "90s", "15m", "72h", "7d", "250ms" or plain seconds. */
bool duration_parse(struct str s, int64_t *out);
