/* Goertzel's filter for each of the eight frequencies, a block at a time. */
#include "ivr/sip/keys.h"

/* 2 cos(2 pi f / 8000) of 697, 770, 852, 941 and 1209, 1336, 1477, 1633 Hz */
static const float coefs[8] = {1.7077378f, 1.6452810f, 1.5686870f, 1.4782046f,
			       1.1641040f, 0.9963702f, 0.7986184f, 0.5685335f};
static const char layout[] = "123A456B789C*0#D";

static float power(const struct key_tones *t, int i)
{
	return t->s1[i] * t->s1[i] + t->s2[i] * t->s2[i] - coefs[i] * t->s1[i] * t->s2[i];
}

/* The strongest of four, if it stands well above the others of its group (6 dB); -1 otherwise. */
static int strongest(const float p[4])
{
	int best = 0;

	for (int i = 1; i < 4; i++)
		if (p[i] > p[best])
			best = i;
	for (int i = 0; i < 4; i++)
		if (i != best && p[i] * 6.3f > p[best])
			return -1;
	return best;
}

/* What a block is: both tones are loud enough, alike (twist: 8 dB with the high one weaker, 4 dB the other way), and nearly
 * all that there is: speech has its energy elsewhere too. */
static char judge(const struct key_tones *t)
{
	float low[4], high[4];

	for (int i = 0; i < 4; i++) {
		low[i] = power(t, i);
		high[i] = power(t, i + 4);
	}
	int r = strongest(low), c = strongest(high);

	if (r < 0 || c < 0 || t->energy < TONE_BLOCK * 200.0f * 200.0f)
		return 0;
	if (low[r] > high[c] * 6.3f || high[c] > low[r] * 2.5f)
		return 0;
	/* A pure tone of energy E in n samples has the power E * n / 2. */
	if ((low[r] + high[c]) * 2 < 0.80f * t->energy * TONE_BLOCK)
		return 0;
	return layout[r * 4 + c];
}

static char block_done(struct key_tones *t)
{
	char now = judge(t), out = 0;

	t->hits = now == t->last ? (t->hits < 100 ? t->hits + 1 : 100) : 1;
	t->last = now;
	if (now && t->hits == 3 && now != t->said)
		out = t->said = now;
	if (!now && t->hits >= 2)
		t->said = 0;
	memset(t->s1, 0, sizeof t->s1);
	memset(t->s2, 0, sizeof t->s2);
	t->energy = 0;
	t->fill = 0;
	return out;
}

size_t key_tones(struct key_tones *t, const int16_t *pcm, size_t n, char *out, size_t max)
{
	size_t found = 0;

	for (size_t k = 0; k < n; k++) {
		float x = pcm[k];

		for (int i = 0; i < 8; i++) {
			float s = x + coefs[i] * t->s1[i] - t->s2[i];

			t->s2[i] = t->s1[i];
			t->s1[i] = s;
		}
		t->energy += x * x;
		if (++t->fill == TONE_BLOCK) {
			char key = block_done(t);

			if (key && found < max)
				out[found++] = key;
		}
	}
	return found;
}
