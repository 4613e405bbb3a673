#include "model/phone_seen.h"

enum { BLOCKS = 4096, LEADING = 7, DIGITS_MAX = 15 };

/* 0: not a clean international number. */
static uint32_t block_of(struct str s)
{
	uint32_t lead = 0;

	if (s.n < LEADING + 1 || s.n > DIGITS_MAX + 1 || s.p[0] != '+' || s.p[1] == '0')
		return 0;
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return 0;
		if (i <= LEADING)
			lead = lead * 10 + (uint32_t)(s.p[i] - '0');
	}
	return lead << 4 | (uint32_t)s.n;
}

static uint32_t *slot(uint32_t block)
{
	static _Thread_local uint32_t blocks[BLOCKS];
	return &blocks[(block * UINT32_C(2654435761)) >> 20];
}

bool phone_seen(struct str e164)
{
	uint32_t block = block_of(e164);
	return block && *slot(block) == block;
}

void phone_seen_add(struct str e164)
{
	uint32_t block = block_of(e164);
	if (block)
		*slot(block) = block;
}
