/*
 * A binary heap in the order of the store's index delivery_outbox: due time, then id. What comes first in, first out is
 * appended at its end without moving anything; only retries and schedules ever climb.
 *
 * The horizon is what makes a part of the outbox in memory as good as all of it: everything that waits with a key up to
 * the horizon is here, so the first one here is the first one of all. Something new beyond the horizon is left to the
 * store; and when memory runs short the far end is given back to it.
 */
#include <stdlib.h>

#include "outbound/private.h"

void outbox_init(struct outbox *x) { *x = (struct outbox){.horizon_due = INT64_MIN}; }

void outbox_release(struct outbox *x)
{
	free(x->heap);
	outbox_init(x);
}

static int key_compare(int64_t due, const struct delivery_id *id, int64_t due_b, const struct delivery_id *id_b)
{
	int c;

	if (due != due_b)
		return due < due_b ? -1 : 1;
	c = memcmp(&id->message, &id_b->message, sizeof id->message);
	return c ? c : (id->n > id_b->n) - (id->n < id_b->n);
}

bool outbox_covers(const struct outbox *x, int64_t due, const struct delivery_id *id)
{
	return key_compare(due, id, x->horizon_due, &x->horizon_id) <= 0;
}

void outbox_horizon(struct outbox *x, int64_t due, const struct delivery_id *id)
{
	x->horizon_due = due;
	x->horizon_id = *id;
}

bool outbox_push(struct outbox *x, struct item *i)
{
	size_t k = x->n;

	if (x->n == x->cap) {
		size_t cap = x->cap ? 2 * x->cap : 256;
		struct item **heap = realloc(x->heap, cap * sizeof(struct item *));
		if (!heap)
			return false;
		x->heap = heap;
		x->cap = cap;
	}
	x->n++;
	for (; k && item_compare(i, x->heap[(k - 1) / 2]) < 0; k = (k - 1) / 2)
		x->heap[k] = x->heap[(k - 1) / 2];
	x->heap[k] = i;
	return true;
}

struct item *outbox_first(const struct outbox *x) { return x->n ? x->heap[0] : NULL; }

static void sink(struct outbox *x, size_t k, struct item *i)
{
	for (size_t c; (c = 2 * k + 1) < x->n; k = c) {
		if (c + 1 < x->n && item_compare(x->heap[c + 1], x->heap[c]) < 0)
			c++;
		if (item_compare(x->heap[c], i) >= 0)
			break;
		x->heap[k] = x->heap[c];
	}
	x->heap[k] = i;
}

struct item *outbox_pop(struct outbox *x)
{
	struct item *first = outbox_first(x);

	if (first && --x->n)
		sink(x, 0, x->heap[x->n]);
	return first;
}

static int by_key(const void *a, const void *b)
{
	return item_compare(*(struct item *const *)a, *(struct item *const *)b);
}

struct item *outbox_shrink(struct outbox *x, size_t keep)
{
	struct item *out = NULL;

	if (x->n <= keep || keep == 0)
		return NULL;
	qsort(x->heap, x->n, sizeof(struct item *), by_key); /* sorted is a heap as well */
	outbox_horizon(x, x->heap[keep - 1]->due, &x->heap[keep - 1]->d.id);
	while (x->n > keep) {
		struct item *i = x->heap[--x->n];
		i->next = out;
		out = i;
	}
	return out;
}

size_t outbox_expired(struct outbox *x, int64_t now, struct item **out, size_t most)
{
	size_t n = 0, kept = 0, all = x->n;

	for (size_t k = 0; k < all; k++) {
		struct item *i = x->heap[k];
		if (n < most && i->d.expires_at && i->d.expires_at <= now)
			out[n++] = i;
		else
			x->heap[kept++] = i;
	}
	x->n = kept;
	if (n)
		for (size_t k = kept / 2; k-- > 0;)
			sink(x, k, x->heap[k]);
	return n;
}
