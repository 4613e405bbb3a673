/*
 * How often one API key may ask: a token bucket for each, holding two seconds' worth. Thread-safe. A full table forgets the
 * bucket that has been idle longest, which is full anyway.
 */
#pragma once
#include <pthread.h>

#include "base/uuid.h"

enum { RATE_SLOTS = 256 };

struct rate {
	pthread_mutex_t lock;
	int64_t per_second; /* 0: no limit */
	struct {
		char id[UUID_TEXT];
		int64_t at;
		double left;
	} slot[RATE_SLOTS];
};

void rate_init(struct rate *r, int64_t per_second);
void rate_release(struct rate *r);
/* True: go on. False: *wait_s says when to come again. */
bool rate_take(struct rate *r, const char *id, int64_t now, int *wait_s);
