/*
 * What does not change about a delivery (whose it is, in which conversation, how many parts), kept for the last ones that
 * were sent, so that a receipt which follows soon need not read three rows to say whose receipt it is. The writer's
 * thread only. A miss costs a query, no more.
 */
#include <stdlib.h>

#include "outbound/private.h"

enum { SLOTS = 1 << 15 };

struct recent {
	struct entry {
		struct delivery_id id;
		struct uuid customer, conversation;
		struct lane *lane;
		int segments;
	} v[SLOTS];
};

struct recent *recent_new(void) { return calloc(1, sizeof(struct recent)); }

void recent_free(struct recent **r)
{
	free(*r);
	*r = NULL;
}

static size_t slot(const struct delivery_id *id)
{
	uint32_t w;

	memcpy(&w, id->message.b + 9, 4);
	return (w ^ id->message.b[7]) % SLOTS;
}

void recent_put(struct recent *r, struct lane *l, const struct facts *f, int segments)
{
	r->v[slot(&f->id)] = (struct entry){f->id, f->customer, f->conversation, l, segments};
}

bool recent_get(const struct recent *r, const struct lane *l, const struct delivery_id *id, struct facts *f,
		int *segments)
{
	const struct entry *e = &r->v[slot(id)];

	if (e->lane != l || e->id.n != id->n || !uuid_eq(&e->id.message, &id->message))
		return false;
	*f = (struct facts){e->customer, e->conversation, l->channel, str_of(l->name), *id, false};
	*segments = e->segments;
	return true;
}
