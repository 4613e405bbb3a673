/*
 * UUIDv7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then random. Sorting by bytes sorts by time.
 *
 * Two of our own rules: the 12 bits of rand_a hold the microseconds within the millisecond (method 3 of section 6.2),
 * so that ids made in one thread of time sort as they happened; and the last byte carries the *bucket* of the customer
 * that owns the thing, so that whoever has only the id can name the shard (see store/schema).
 */
#pragma once
#include <stdbool.h>

#include "base/str.h"

struct uuid {
	uint8_t b[16];
};

enum { UUID_TEXT = 37 };

struct uuid uuid7(int64_t at_us);		     /* random bucket byte: for customers and unowned things */
struct uuid uuid7_in(int64_t at_us, uint8_t bucket); /* a thing owned by a customer of this bucket */
struct uuid uuid7_floor(int64_t at_us);		     /* smallest possible id of that time: for range scans */
int64_t uuid_time(const struct uuid *u);	     /* microseconds */
static inline uint8_t uuid_bucket(const struct uuid *u) { return u->b[15]; }
bool uuid_parse(struct str s, struct uuid *out); /* canonical 36-character form, either case */
const char *uuid_format(const struct uuid *u, char out[UUID_TEXT]);
static inline bool uuid_eq(const struct uuid *a, const struct uuid *b) { return memcmp(a, b, sizeof *a) == 0; }
static inline bool uuid_is_nil(const struct uuid *u)
{
	static const struct uuid nil;
	return uuid_eq(u, &nil);
}
