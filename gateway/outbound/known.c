/*
 * Whose an address is, what its owner consented to, whether a conversation is open: what each submit asks the store anew,
 * six queries for answers that hardly ever change. They are remembered by address in a table of fixed size, and believed
 * while events_touched of the owner stays the same. The writer's thread, in whose order all of this changes.
 */
#include <stdlib.h>

#include "outbound/private.h"

enum { SLOTS = 1 << 15, WAYS = 4, SETS = SLOTS / WAYS };

struct knowledge {
	struct known v[SETS][WAYS];
	unsigned turn; /* whose place the next one takes */
};

struct knowledge *knowledge_new(void) { return calloc(1, sizeof(struct knowledge)); }

void knowledge_free(struct knowledge **k)
{
	free(*k);
	*k = NULL;
}

/* FNV-1a. The few places of an address; NULL if it is too long to be kept. */
static struct known *places(struct knowledge *k, const struct address *a)
{
	uint32_t h = 2166136261u;
	size_t n;

	for (n = 0; a->value[n]; n++) {
		if (n == sizeof k->v[0][0].address - 1)
			return NULL;
		h = (h ^ (unsigned char)a->value[n]) * 16777619u;
	}
	return k->v[(h ^ h >> 16) % SETS];
}

static bool is_of(const struct known *x, const struct address *a)
{
	return x->scheme == a->scheme && !uuid_is_nil(&x->owner) && strcmp(x->address, a->value) == 0;
}

struct known *known_find(struct knowledge *k, const struct events *ev, const struct address *a)
{
	struct known *x = places(k, a);

	for (int i = 0; x && i < WAYS; i++)
		if (is_of(&x[i], a))
			return x[i].touched == events_touched(ev, &x[i].owner) ? &x[i] : NULL;
	return NULL;
}

struct known *known_put(struct knowledge *k, const struct events *ev, const struct contact *c)
{
	struct known *x = places(k, &c->address), *free_one = NULL, *same = NULL;

	if (!x)
		return NULL;
	for (int i = WAYS - 1; i >= 0; i--) {
		if (uuid_is_nil(&x[i].owner))
			free_one = &x[i];
		if (is_of(&x[i], &c->address))
			same = &x[i];
	}
	x = same ? same : free_one ? free_one : &x[k->turn++ % WAYS];
	*x = (struct known){.scheme = c->address.scheme,
			    .touched = events_touched(ev, &c->customer),
			    .owner = c->customer,
			    .contact = c->id,
			    .valid_from = c->valid_from,
			    .last_in_at = c->last_in_at,
			    .last_out_at = c->last_out_at};
	memcpy(x->address, c->address.value, strlen(c->address.value) + 1);
	return x;
}
