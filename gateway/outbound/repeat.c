/*
 * Two machines that answer each other are a loop: the same text to the same address more often than a person would send
 * it. Counts are kept in memory, in a table of fixed size that forgets the oldest of a few neighbours; a restart forgives.
 * A count made for a message that was not committed is undone.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "outbound/private.h"

enum { SLOTS = 1 << 16, WAYS = 4 };

struct repeat {
	pthread_mutex_t lock;
	uint64_t seed;
	struct count {
		uint64_t key;
		int64_t since;
		int64_t n;
	} v[SLOTS];
};

struct repeat *repeat_new(void)
{
	struct repeat *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	pthread_mutex_init(&r->lock, NULL);
	crypto_random(&r->seed, sizeof r->seed);
	return r;
}

void repeat_free(struct repeat **rp)
{
	if (!*rp)
		return;
	pthread_mutex_destroy(&(*rp)->lock);
	free(*rp);
	*rp = NULL;
}

/* Eight bytes at a time; keyed, and good enough for a guard that a collision only makes a little stricter. */
static uint64_t mix(uint64_t h, const char *p, size_t n)
{
	uint64_t w;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * UINT64_C(0x9fb21c651e98df25);
		h ^= h >> 29;
	}
	w = n;
	memcpy(&w, p, n);
	h = (h ^ w) * UINT64_C(0x9fb21c651e98df25) + n;
	return h ^ h >> 32;
}

static struct count *find(struct repeat *r, uint64_t key)
{
	struct count *row = &r->v[key % (SLOTS / WAYS) * WAYS], *oldest = row;

	for (int k = 0; k < WAYS; k++) {
		if (row[k].key == key)
			return &row[k];
		if (row[k].since < oldest->since)
			oldest = &row[k];
	}
	*oldest = (struct count){.key = key};
	return oldest;
}

bool repeat_count(struct repeat *r, const struct address *to, struct str text, int limit, int64_t now, uint64_t *key)
{
	struct count *c;
	bool over;

	*key = mix(mix(r->seed, to->value, strlen(to->value)), text.p, text.n);
	pthread_mutex_lock(&r->lock);
	c = find(r, *key);
	if (now - c->since >= US_HOUR)
		*c = (struct count){.key = *key, .since = now};
	over = ++c->n > limit;
	pthread_mutex_unlock(&r->lock);
	return over;
}

void repeat_undo(struct repeat *r, uint64_t key)
{
	struct count *c;

	pthread_mutex_lock(&r->lock);
	c = find(r, key);
	if (c->n > 0)
		c->n--;
	pthread_mutex_unlock(&r->lock);
}
