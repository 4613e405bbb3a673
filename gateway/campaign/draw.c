#include "campaign/draw.h"

/* The finalizer of SplitMix64: each bit of the input moves half of the bits of the output. */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint64_t word(const uint8_t *p)
{
	uint64_t v = 0;

	for (int k = 0; k < 8; k++)
		v = v << 8 | p[k];
	return v;
}

int draw(const struct uuid *thing, const struct uuid *customer, uint32_t salt)
{
	uint64_t h = mix(salt);

	h = mix(h ^ word(thing->b));
	h = mix(h ^ word(thing->b + 8));
	h = mix(h ^ word(customer->b));
	h = mix(h ^ word(customer->b + 8));
	return (int)(h % DRAW_RANGE);
}

int draw_weighted(int lot, const int *weights, int n)
{
	int64_t total = 0, upto = 0, at;

	for (int k = 0; k < n; k++)
		total += weights[k];
	at = total * lot / DRAW_RANGE;
	for (int k = 0; k < n; k++) {
		upto += weights[k];
		if (at < upto)
			return k;
	}
	return n - 1;
}
