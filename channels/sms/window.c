/* See window.h. */
#include "sms/window.h"

#include <stdlib.h>

enum { SEQ_MAX = 0x7FFFFFFF };

static uint32_t ring_size(uint32_t limit)
{
	uint32_t n = 16;

	while (n < 2 * limit)
		n *= 2;
	return n;
}

int window_init(struct window *w, uint32_t limit)
{
	uint32_t n = ring_size(limit);

	*w = (struct window){.limit = limit, .mask = n - 1, .oldest = -1, .newest = -1};
	w->v = calloc(n, sizeof *w->v);
	return w->v ? 0 : -1;
}

void window_free(struct window *w)
{
	free(w->v);
	w->v = NULL;
	w->used = 0;
	w->oldest = w->newest = -1;
}

uint32_t window_number(struct window *w)
{
	do
		w->seq = w->seq >= SEQ_MAX ? 1 : w->seq + 1;
	while (w->v[w->seq & w->mask].seq);
	return w->seq;
}

static void link_newest(struct window *w, uint32_t seq, struct window_entry e)
{
	int32_t at = (int32_t)(seq & w->mask);

	e.seq = seq;
	e.older = w->newest;
	e.newer = -1;
	w->v[at] = e;
	if (w->newest >= 0)
		w->v[w->newest].newer = at;
	else
		w->oldest = at;
	w->newest = at;
	w->used++;
}

uint32_t window_put(struct window *w, struct held *h, uint16_t part, int64_t now)
{
	uint32_t seq = window_number(w);

	link_newest(w, seq, (struct window_entry){.part = part, .sent_at = now, .held = h});
	return seq;
}

int window_take(struct window *w, uint32_t seq, struct window_entry *out)
{
	struct window_entry *e = &w->v[seq & w->mask];

	if (!seq || e->seq != seq)
		return -1;
	*out = *e;
	e->seq = 0;
	e->held = NULL;
	if (out->older >= 0)
		w->v[out->older].newer = out->newer;
	else
		w->oldest = out->newer;
	if (out->newer >= 0)
		w->v[out->newer].older = out->older;
	else
		w->newest = out->older;
	w->used--;
	return 0;
}

const struct window_entry *window_oldest(const struct window *w) { return w->oldest < 0 ? NULL : &w->v[w->oldest]; }

/* Two outstanding numbers that did not collide in the old ring cannot in a larger one: it keeps more of their bits. */
int window_resize(struct window *w, uint32_t limit)
{
	struct window old = *w, fresh;

	if (ring_size(limit) <= w->mask + 1) {
		w->limit = limit;
		return 0;
	}
	if (window_init(&fresh, limit))
		return -1;
	fresh.seq = old.seq;
	for (int32_t i = old.oldest; i >= 0; i = old.v[i].newer)
		link_newest(&fresh, old.v[i].seq, old.v[i]);
	window_free(&old);
	*w = fresh;
	return 0;
}
