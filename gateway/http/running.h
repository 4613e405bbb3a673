/*
 * Idempotency keys whose first request is still under way, so that a second one is told so (409) instead of doing the work
 * again. Thread-safe.
 */
#pragma once
#include <pthread.h>

#include "base/str.h"

struct running_key;
struct running {
	pthread_mutex_t lock;
	struct running_key *all; /* hash */
};

void running_init(struct running *r);
void running_free(struct running *r);
/* The entry, or NULL if the key is under way already (or memory is out: *nomem). */
struct running_key *running_add(struct running *r, struct str key, bool *nomem);
void running_remove(struct running *r, struct running_key **k);
