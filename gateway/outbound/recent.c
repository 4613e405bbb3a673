/*
 * What was sent lately, by the carrier's id: whose it is, in which conversation. A receipt that follows soon then needs
 * neither to look for its id nor to read three rows. Only what has one part: the others take the longer road anyway.
 *
 * It is a guess that the store confirms: the update of a receipt asks for a delivery that is `sent` (receipt.c). Direct
 * mapped; a later id takes the place. The writer's thread only.
 */
#include <stdlib.h>

#include "outbound/private.h"

enum { SLOTS = 1 << 16, REF_MAX = 40 };

struct recent {
	struct entry {
		struct delivery_id id;
		struct uuid customer, conversation;
		const struct lane *lane;
		uint8_t n;
		char ref[REF_MAX];
	} v[SLOTS];
};

struct recent *recent_new(void) { return calloc(1, sizeof(struct recent)); }

void recent_free(struct recent **r)
{
	free(*r);
	*r = NULL;
}

static size_t slot(struct str ref)
{
	uint32_t h = 2166136261u;

	for (size_t k = 0; k < ref.n; k++)
		h = (h ^ (unsigned char)ref.p[k]) * 16777619u;
	return (h ^ h >> 15) % SLOTS;
}

void recent_put(struct recent *r, struct lane *l, const struct facts *f, const struct str *ids, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		struct entry *e = &r->v[slot(ids[k])];
		if (n > 1 || ids[k].n == 0 || ids[k].n > REF_MAX) {
			e->lane = NULL; /* it may have named another one */
			continue;
		}
		*e = (struct entry){f->id, f->customer, f->conversation, l, (uint8_t)ids[k].n, {0}};
		memcpy(e->ref, ids[k].p, ids[k].n);
	}
}

bool recent_find(const struct recent *r, const struct lane *l, struct str ref, struct facts *out)
{
	const struct entry *e = &r->v[slot(ref)];

	if (e->lane != l || !str_eq(ref, str_n(e->ref, e->n)))
		return false;
	*out = (struct facts){.customer = e->customer,
			      .conversation = e->conversation,
			      .channel = l->channel,
			      .account = str_of(l->name),
			      .id = e->id};
	return true;
}
