#include "web/limit.h"

#include <stdlib.h>

#include "base/clock.h"

enum { GROUP = 8 };

struct limit_slot {
	char key[LIMIT_KEY];
	uint8_t n;
	int64_t at; /* when `left` was true */
	double left;
};

int limits_init(struct limits *l, int64_t per_minute)
{
	*l = (struct limits){.per_minute = per_minute};
	if (per_minute > 0)
		l->slots = calloc(LIMIT_SLOTS, sizeof *l->slots);
	return per_minute > 0 && !l->slots ? -1 : 0;
}

void limits_free(struct limits *l)
{
	free(l->slots);
	l->slots = NULL;
}

static uint32_t hash(struct str s)
{
	uint32_t h = 2166136261u; /* FNV-1a */
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 16777619u;
	return h;
}

static struct limit_slot *find(struct limits *l, struct str key, int64_t now)
{
	struct limit_slot *group = l->slots + hash(key) % (LIMIT_SLOTS / GROUP) * GROUP, *oldest = group;

	for (int i = 0; i < GROUP; i++) {
		if (group[i].n == key.n && memcmp(group[i].key, key.p, key.n) == 0)
			return &group[i];
		if (group[i].at < oldest->at)
			oldest = &group[i];
	}
	*oldest = (struct limit_slot){.n = (uint8_t)key.n, .at = now, .left = (double)l->per_minute};
	memcpy(oldest->key, key.p, key.n);
	return oldest;
}

bool limits_take(struct limits *l, struct str key, int64_t now, int *wait_s)
{
	struct limit_slot *s;
	double rate = (double)l->per_minute / (double)US_MIN;

	if (!l->slots)
		return true;
	if (key.n > LIMIT_KEY)
		key.n = LIMIT_KEY;
	s = find(l, key, now);
	s->left += (double)(now - s->at) * rate;
	s->at = now;
	if (s->left > (double)l->per_minute)
		s->left = (double)l->per_minute;
	if (s->left < 1) {
		*wait_s = 1 + (int)((1 - s->left) / rate / (double)US_SEC);
		return false;
	}
	s->left -= 1;
	return true;
}
