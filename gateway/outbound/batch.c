/*
 * A batch belongs to one write job. While the job runs it gathers the items of what was written; if the job is run again
 * it starts afresh; after the commit it hands them to the dispatcher as one chain.
 */
#include "outbound/batch.h"

#include <stdlib.h>

struct outbound_batch *outbound_batch_new(struct outbound *o)
{
	struct outbound_batch *b = calloc(1, sizeof *b);

	if (!b)
		return NULL;
	b->o = o;
	b->tail = &b->items;
	return b;
}

void batch_add(struct outbound_batch *b, struct item *i)
{
	i->next = NULL;
	*b->tail = i;
	b->tail = &i->next;
}

bool batch_counted(struct outbound_batch *b, uint64_t key)
{
	if (b->keys_n == b->keys_cap) {
		size_t cap = b->keys_cap ? 2 * b->keys_cap : 4;
		uint64_t *keys = realloc(b->keys, cap * sizeof *keys);
		if (!keys) {
			repeat_undo(b->o->repeat, key);
			return false;
		}
		b->keys = keys;
		b->keys_cap = cap;
	}
	b->keys[b->keys_n++] = key;
	return true;
}

void outbound_batch_reset(struct outbound_batch *b)
{
	items_free(&b->items);
	b->tail = &b->items;
	for (size_t k = 0; k < b->keys_n; k++)
		repeat_undo(b->o->repeat, b->keys[k]);
	b->keys_n = 0;
	b->written = 0;
}

void outbound_batch_committed(struct outbound_batch *b)
{
	struct outbound *o = b->o;

	atomic_fetch_add_explicit(&o->submitted, (int64_t)b->written, memory_order_relaxed);
	b->written = 0;
	b->keys_n = 0; /* they count for good */
	if (!b->items)
		return;
	pthread_mutex_lock(&o->lock);
	*o->fresh_tail = b->items;
	o->fresh_tail = b->tail;
	pthread_mutex_unlock(&o->lock);
	b->items = NULL;
	b->tail = &b->items;
	loop_post_once(o->loop, &o->fresh_task);
}

void outbound_batch_free(struct outbound_batch **bp)
{
	struct outbound_batch *b = *bp;

	if (!b)
		return;
	outbound_batch_reset(b);
	free(b->keys);
	free(b);
	*bp = NULL;
}
