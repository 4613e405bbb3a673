/*
 * How often: one token bucket for each key (a visitor, an address). Bounded: a full table forgets the bucket that has been
 * idle longest, which is the one nearest to full anyway. One thread.
 */
#pragma once
#include "base/str.h"

enum { LIMIT_SLOTS = 4096, LIMIT_KEY = 48 };

struct limits {
	struct limit_slot *slots; /* open addressing in groups of 8 */
	int64_t per_minute;	  /* 0: no limit */
};

int limits_init(struct limits *l, int64_t per_minute); /* -1: out of memory */
void limits_free(struct limits *l);
/* True if one more is allowed now; else *wait_s says when. */
bool limits_take(struct limits *l, struct str key, int64_t now, int *wait_s);
