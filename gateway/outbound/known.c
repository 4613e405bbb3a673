/*
 * Whose an address is, what its owner consented to, whether a conversation is open: what each submit asks the store anew,
 * six queries for answers that hardly ever change. They are remembered by address in a table of fixed size, and believed
 * while events_touched of the owner stays the same. The writer's thread, in whose order all of this changes.
 */
#include <stdlib.h>

#include "outbound/private.h"

enum { SLOTS = 1 << 15 };

struct knowledge {
	struct known v[SLOTS];
};

struct knowledge *knowledge_new(void) { return calloc(1, sizeof(struct knowledge)); }

void knowledge_free(struct knowledge **k)
{
	free(*k);
	*k = NULL;
}

/* FNV-1a; NULL if the address is too long to be kept. */
static struct known *slot(struct knowledge *k, const struct address *a)
{
	uint32_t h = 2166136261u;
	size_t n;

	for (n = 0; a->value[n]; n++) {
		if (n == sizeof k->v[0].address - 1)
			return NULL;
		h = (h ^ (unsigned char)a->value[n]) * 16777619u;
	}
	return &k->v[(h ^ h >> 16) % SLOTS];
}

struct known *known_find(struct knowledge *k, const struct events *ev, const struct address *a)
{
	struct known *x = slot(k, a);

	if (!x || x->scheme != a->scheme || uuid_is_nil(&x->owner) || strcmp(x->address, a->value) != 0)
		return NULL;
	return x->touched == events_touched(ev, &x->owner) ? x : NULL;
}

struct known *known_put(struct knowledge *k, const struct events *ev, const struct contact *c)
{
	struct known *x = slot(k, &c->address);

	if (!x)
		return NULL;
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
