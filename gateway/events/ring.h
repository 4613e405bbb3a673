/*
 * The newest events in memory: slots of one size for what every event has, and a ring of bytes beside them for the data,
 * so that publishing never allocates. An event is in the ring as long as neither its slot nor its bytes are used again.
 *
 * Sequence numbers in the ring have no gaps. Not locked: the owner (events.c) does that.
 */
#pragma once
#include "events/events.h"

enum { EVENT_DATA_MAX = 8192, CHUNK_EVENTS = 64, CHUNK_BYTES = 2 * EVENT_DATA_MAX };

struct ring_slot {
	struct event ev; /* ev.data.p is not used */
	uint64_t data_at;
};

struct ring {
	struct ring_slot *slot;
	char *bytes;
	size_t slots, bytes_n;
	uint64_t written;    /* bytes ever written */
	int64_t first, last; /* what is in it: first..last; empty when first == last + 1 */
};

int ring_init(struct ring *r, size_t slots, int64_t last, struct err *err);
void ring_release(struct ring *r);
void ring_skip(struct ring *r, int64_t last);	       /* it is empty, and what follows is last + 1 */
void ring_put(struct ring *r, const struct event *ev); /* ev->seq follows last, or the ring begins anew */

/* Copies of some events, to be handed out when no lock is held and no statement is open. */
struct chunk {
	struct event ev[CHUNK_EVENTS];
	size_t n, used;
	char bytes[CHUNK_BYTES];
};
/* false: full. `type` is copied too unless it is static. */
bool chunk_add(struct chunk *c, const struct event *ev, bool static_type);
/* Matching events after `after` (which is ≥ first - 1) until the chunk has `most`. Returns the seq to continue from. */
int64_t ring_read(const struct ring *r, int64_t after, const struct event_filter *f, size_t most, struct chunk *out);
