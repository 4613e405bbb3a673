/*
 * The submits of one link that have no answer yet, found by sequence number (SMPP 3.4 section 3.2), oldest first for
 * time-outs. A ring indexed by the low bits of the sequence number, at most half full: a number whose place is still
 * held by a straggler is skipped. No allocation after window_init. One owner.
 */
#pragma once
#include <stdint.h>

struct held; /* account.h */

struct window_entry {
	uint32_t seq;	      /* 0: free */
	int32_t older, newer; /* places; -1: none */
	uint16_t part;
	int64_t sent_at;
	struct held *held;
};

struct window {
	struct window_entry *v;
	uint32_t mask, used, limit, seq; /* seq: last one given */
	int32_t oldest, newest;
};

int window_init(struct window *w, uint32_t limit); /* -1: out of memory */
void window_free(struct window *w);
int window_resize(struct window *w, uint32_t limit); /* keeps what is outstanding, which may exceed the new limit */
static inline uint32_t window_room(const struct window *w) { return w->used < w->limit ? w->limit - w->used : 0; }
/* A sequence number for a request that is not kept here (enquire_link, bind). 1..0x7FFFFFFF. */
uint32_t window_number(struct window *w);
/* Room must be there. Returns the sequence number. */
uint32_t window_put(struct window *w, struct held *h, uint16_t part, int64_t now);
/* Removes and copies out the entry of seq; -1 if there is none. */
int window_take(struct window *w, uint32_t seq, struct window_entry *out);
/* The oldest entry, or NULL. */
const struct window_entry *window_oldest(const struct window *w);
