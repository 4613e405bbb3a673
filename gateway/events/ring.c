#include "events/ring.h"

#include <stdlib.h>

/* What an event's data takes on average, with room to spare; long ones only shorten the ring. */
enum { BYTES_PER_SLOT = 96 };

int ring_init(struct ring *r, size_t slots, int64_t last, struct err *err)
{
	*r = (struct ring){.slots = slots, .bytes_n = slots * BYTES_PER_SLOT, .first = last + 1, .last = last};
	if (r->bytes_n < 2 * EVENT_DATA_MAX)
		r->bytes_n = 2 * EVENT_DATA_MAX;
	r->slot = calloc(slots, sizeof *r->slot);
	r->bytes = malloc(r->bytes_n);
	if (!r->slot || !r->bytes) {
		ring_release(r);
		return err_nomem(err);
	}
	return 0;
}

void ring_release(struct ring *r)
{
	free(r->slot);
	free(r->bytes);
	*r = (struct ring){0};
}

static struct ring_slot *slot_of(const struct ring *r, int64_t seq) { return &r->slot[(uint64_t)seq % r->slots]; }

/* Data is kept in one piece: what does not fit before the end begins at the start. */
static uint64_t put_bytes(struct ring *r, struct str data)
{
	size_t at = r->written % r->bytes_n;
	uint64_t begin;

	if (data.n > r->bytes_n - at) {
		r->written += r->bytes_n - at;
		at = 0;
	}
	begin = r->written;
	if (data.n)
		memcpy(r->bytes + at, data.p, data.n);
	r->written += data.n;
	return begin;
}

void ring_put(struct ring *r, const struct event *ev)
{
	struct ring_slot *s = slot_of(r, ev->seq);

	if (ev->seq != r->last + 1)
		r->first = ev->seq;
	s->ev = *ev;
	s->data_at = put_bytes(r, ev->data);
	r->last = ev->seq;
	if (r->last - r->first >= (int64_t)r->slots)
		r->first = r->last - (int64_t)r->slots + 1;
	while (slot_of(r, r->first)->data_at + r->bytes_n < r->written)
		r->first++;
}

void ring_skip(struct ring *r, int64_t last)
{
	r->first = last + 1;
	r->last = last;
}

bool chunk_add(struct chunk *c, const struct event *ev, bool static_type)
{
	size_t type_n = static_type ? 0 : strlen(ev->type) + 1;
	struct event *to = &c->ev[c->n];

	if (c->n == CHUNK_EVENTS || type_n + ev->data.n > CHUNK_BYTES - c->used)
		return false;
	*to = *ev;
	if (type_n) {
		to->type = memcpy(c->bytes + c->used, ev->type, type_n);
		c->used += type_n;
	}
	if (ev->data.n) {
		to->data.p = memcpy(c->bytes + c->used, ev->data.p, ev->data.n);
		c->used += ev->data.n;
	}
	c->n++;
	return true;
}

int64_t ring_read(const struct ring *r, int64_t after, const struct event_filter *f, size_t most, struct chunk *out)
{
	while (after < r->last && out->n < most) {
		const struct ring_slot *s = slot_of(r, after + 1);
		if (event_matches(f, &s->ev)) {
			struct event ev = s->ev;
			ev.data.p = r->bytes + s->data_at % r->bytes_n;
			if (!chunk_add(out, &ev, true))
				break;
		}
		after++;
	}
	return after;
}
