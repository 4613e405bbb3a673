/* What one write job sends (batch.c); filled by submit.c. Private to outbound/. */
#pragma once
#include "outbound/private.h"

struct outbound_batch {
	struct outbound *o;
	struct item *items, **tail;
	uint64_t *keys; /* counted by repeat.c for messages that are not committed yet */
	size_t keys_n, keys_cap;
	size_t written;
};

void batch_add(struct outbound_batch *b, struct item *i);
bool batch_counted(struct outbound_batch *b, uint64_t key);
