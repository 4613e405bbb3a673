/*
 * One allocation for each delivery in memory, its strings behind it; and an open-addressed table of all of them, found
 * by id. Ids are random enough to be their own hash.
 */
#include <stdlib.h>

#include "outbound/private.h"

static struct str pack(char **at, struct str s)
{
	struct str copy = {*at, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	(*at)[s.n] = 0;
	*at += s.n + 1;
	return copy;
}

struct item *item_new(struct lane *lane, const struct delivery *d)
{
	size_t n = d->from.n + d->subject.n + d->text.n + d->options.n + d->correlation.n + 5;
	size_t files = (d->attachments_n * sizeof *d->attachments + 15) / 16 * 16;
	struct attachment *to;
	struct item *i;
	char *at;

	for (size_t k = 0; k < d->attachments_n; k++)
		n += d->attachments[k].name.n + d->attachments[k].type.n + 2;
	i = malloc(sizeof *i + files + n + 16);
	if (!i)
		return NULL;
	*i = (struct item){.lane = lane, .d = *d, .segments = 1, .status = STATUS_QUEUED};
	at = (char *)(((uintptr_t)i->bytes + 15) / 16 * 16);
	to = (struct attachment *)(void *)at;
	at += files;
	i->d.from = pack(&at, d->from);
	i->d.subject = pack(&at, d->subject);
	i->d.text = pack(&at, d->text);
	i->d.options = pack(&at, d->options);
	i->d.correlation = pack(&at, d->correlation);
	i->d.attachments = d->attachments_n ? to : NULL;
	for (size_t k = 0; k < d->attachments_n; k++) {
		to[k] = d->attachments[k];
		to[k].name = pack(&at, d->attachments[k].name);
		to[k].type = pack(&at, d->attachments[k].type);
	}
	return i;
}

void items_free(struct item **chain)
{
	for (struct item *i = *chain, *next; i; i = next) {
		next = i->next;
		free(i);
	}
	*chain = NULL;
}

static int id_compare(const struct delivery_id *a, const struct delivery_id *b)
{
	int c = memcmp(&a->message, &b->message, sizeof a->message);
	return c ? c : (a->n > b->n) - (a->n < b->n);
}

int item_compare(const struct item *a, const struct item *b)
{
	if (a->due != b->due)
		return a->due < b->due ? -1 : 1;
	return id_compare(&a->d.id, &b->d.id);
}

struct items {
	struct item **slot;
	size_t n, mask;
};

static size_t hash(const struct delivery_id *id)
{
	uint64_t a, b;

	memcpy(&a, id->message.b, 8);
	memcpy(&b, id->message.b + 8, 8);
	return (size_t)(((a ^ (b << 1 | b >> 63)) + id->n) * UINT64_C(0x9e3779b97f4a7c15) >> 24);
}

struct items *items_new(void)
{
	struct items *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->mask = 1023;
	t->slot = calloc(t->mask + 1, sizeof(struct item *));
	if (!t->slot) {
		free(t);
		return NULL;
	}
	return t;
}

void items_delete(struct items **tp)
{
	struct items *t = *tp;

	if (!t)
		return;
	for (size_t k = 0; k <= t->mask; k++)
		free(t->slot[k]);
	free(t->slot);
	free(t);
	*tp = NULL;
}

static size_t place(struct item *const *slot, size_t mask, const struct delivery_id *id)
{
	size_t k = hash(id) & mask;

	while (slot[k] && (slot[k]->d.id.n != id->n || !uuid_eq(&slot[k]->d.id.message, &id->message)))
		k = (k + 1) & mask;
	return k;
}

static bool grow(struct items *t)
{
	size_t mask = t->mask * 2 + 1;
	struct item **slot = calloc(mask + 1, sizeof(struct item *));

	if (!slot)
		return t->n < t->mask; /* fuller than it should be, as long as one place is free */
	for (size_t k = 0; k <= t->mask; k++)
		if (t->slot[k])
			slot[place(slot, mask, &t->slot[k]->d.id)] = t->slot[k];
	free(t->slot);
	t->slot = slot;
	t->mask = mask;
	return true;
}

bool items_put(struct items *t, struct item *i)
{
	if (2 * (t->n + 1) > t->mask && !grow(t))
		return false;
	t->slot[place(t->slot, t->mask, &i->d.id)] = i;
	t->n++;
	return true;
}

struct item *items_find(const struct items *t, const struct delivery_id *id)
{
	return t->slot[place(t->slot, t->mask, id)];
}

void items_remove(struct items *t, const struct item *i)
{
	size_t gap = place(t->slot, t->mask, &i->d.id), k = gap;

	if (!t->slot[gap])
		return;
	for (;;) { /* what was pushed on by it moves back, so that no mark of the removed is needed */
		size_t home;
		k = (k + 1) & t->mask;
		if (!t->slot[k])
			break;
		home = hash(&t->slot[k]->d.id) & t->mask;
		if (((k - home) & t->mask) >= ((k - gap) & t->mask)) {
			t->slot[gap] = t->slot[k];
			gap = k;
		}
	}
	t->slot[gap] = NULL;
	t->n--;
}

struct item *items_any(const struct items *t, size_t *at)
{
	while (*at <= t->mask) {
		struct item *i = t->slot[(*at)++];
		if (i)
			return i;
	}
	return NULL;
}

size_t items_count(const struct items *t) { return t->n; }
