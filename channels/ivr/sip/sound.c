#include "ivr/sip/sound.h"

#include <math.h>
#include <stdlib.h>

#include "ivr/sip/library.h"

enum { WAVE_PCM = 1, WAVE_ALAW = 6, WAVE_ULAW = 7, WAVE_EXTENSIBLE = 0xfffe };

struct wave {
	unsigned format, channels, rate, bits;
	struct str data;
};

struct sound *sound_new(size_t n)
{
	struct sound *s = n > SOUND_MAX ? NULL : calloc(1, sizeof *s + n * sizeof *s->pcm);

	if (s) {
		atomic_init(&s->refs, 1);
		s->n = n;
	}
	return s;
}

struct sound *sound_beep(void)
{
	enum { BEEP_HZ = 1000, LOUD = 8000 };
	struct sound *s = sound_new(SOUND_RATE / 4);

	for (size_t i = 0; s && i < s->n; i++)
		s->pcm[i] = (int16_t)(LOUD * sin(2 * M_PI * BEEP_HZ * (double)i / SOUND_RATE));
	return s;
}

struct sound *sound_keep(struct sound *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void sound_drop(struct sound **s)
{
	if (*s && atomic_fetch_sub(&(*s)->refs, 1) == 1)
		free(*s);
	*s = NULL;
}

static unsigned le16(const char *p) { return (unsigned)(uint8_t)p[0] | (unsigned)(uint8_t)p[1] << 8; }

static uint32_t le32(const char *p) { return le16(p) | (uint32_t)le16(p + 2) << 16; }

static void read_format(struct wave *w, struct str c)
{
	w->format = le16(c.p);
	w->channels = le16(c.p + 2);
	w->rate = le32(c.p + 4);
	w->bits = le16(c.p + 14);
	if (w->format == WAVE_EXTENSIBLE && c.n >= 26)
		w->format = le16(c.p + 24);
}

/* Chunks of RIFF: four letters, a size, the bytes, padded to an even number. A cut last chunk counts as far as it is. */
static bool read_chunks(struct str file, struct wave *w)
{
	size_t i = 12;

	if (file.n < 12 || memcmp(file.p, "RIFF", 4) != 0 || memcmp(file.p + 8, "WAVE", 4) != 0)
		return false;
	while (file.n - i >= 8) {
		const char *head = file.p + i;
		size_t size = le32(head + 4), left = file.n - i - 8;
		struct str body = str_n(head + 8, size < left ? size : left);

		if (memcmp(head, "fmt ", 4) == 0 && body.n >= 16)
			read_format(w, body);
		if (memcmp(head, "data", 4) == 0) {
			w->data = body;
			return w->rate != 0;
		}
		if (size + (size & 1) > left)
			return false;
		i += 8 + size + (size & 1);
	}
	return false;
}

static int sample_at(const struct wave *w, size_t at, unsigned channel)
{
	size_t i = (at * w->channels + channel) * (w->bits / 8);

	if (w->format == WAVE_ALAW)
		return g711_alaw2pcm((uint8_t)w->data.p[i]);
	if (w->format == WAVE_ULAW)
		return g711_ulaw2pcm((uint8_t)w->data.p[i]);
	if (w->bits == 8)
		return ((int)(uint8_t)w->data.p[i] - 128) * 256;
	return (int16_t)le16(w->data.p + i);
}

static int mono_at(const struct wave *w, size_t at)
{
	int sum = 0;

	for (unsigned c = 0; c < w->channels; c++)
		sum += sample_at(w, at, c);
	return sum / (int)w->channels;
}

/* Down: the mean of what falls into one sample, which keeps the worst of the aliasing away. Up: a line between two. */
static int16_t resampled(const struct wave *w, size_t frames, size_t k)
{
	uint64_t from = (uint64_t)k * w->rate / SOUND_RATE, to = (uint64_t)(k + 1) * w->rate / SOUND_RATE;
	int64_t sum = 0;

	if (w->rate > SOUND_RATE) {
		for (uint64_t i = from; i < to; i++)
			sum += mono_at(w, i < frames ? i : frames - 1);
		return (int16_t)(sum / (int64_t)(to - from));
	}
	int a = mono_at(w, from), b = mono_at(w, from + 1 < frames ? from + 1 : frames - 1);
	int64_t part = (int64_t)((uint64_t)k * w->rate % SOUND_RATE);

	return (int16_t)(a + (b - a) * part / SOUND_RATE);
}

static bool known(const struct wave *w)
{
	bool law = (w->format == WAVE_ALAW || w->format == WAVE_ULAW) && w->bits == 8;

	return (law || (w->format == WAVE_PCM && (w->bits == 8 || w->bits == 16))) && w->channels >= 1 &&
	       w->channels <= 8 && w->rate >= 4000 && w->rate <= 192000;
}

int wav_read(struct str file, struct sound **out, struct err *err)
{
	struct wave w = {0};
	struct sound *s;

	*out = NULL;
	if (!read_chunks(file, &w))
		return err_set(err, ERR_INVALID, "wav_invalid", NULL, "not a WAV file");
	if (!known(&w))
		return err_set(
			err, ERR_SEMANTIC, "wav_unsupported", NULL,
			"WAV of format %u, %u bit, %u channels, %u a second: PCM of 8 or 16 bit or G.711 is read",
			w.format, w.bits, w.channels, w.rate);
	size_t frames = w.data.n / (w.channels * (w.bits / 8));
	uint64_t n = (uint64_t)frames * SOUND_RATE / w.rate;

	if (n > SOUND_MAX)
		return err_set(err, ERR_TOO_LARGE, "wav_too_long", NULL, "longer than an hour");
	s = sound_new((size_t)n);
	if (!s)
		return err_nomem(err);
	for (size_t k = 0; k < n; k++)
		s->pcm[k] = w.rate == SOUND_RATE ? (int16_t)mono_at(&w, k) : resampled(&w, frames, k);
	*out = s;
	return 0;
}

static void put(struct buf *out, uint32_t v, unsigned bytes)
{
	for (; bytes; bytes--, v >>= 8)
		buf_addc(out, (char)(v & 0xff));
}

void wav_write(struct buf *out, const int16_t *pcm, size_t n)
{
	uint32_t bytes = (uint32_t)n * 2;

	buf_add(out, "RIFF", 4);
	put(out, 36 + bytes, 4);
	buf_add(out, "WAVEfmt ", 8);
	put(out, 16, 4);
	put(out, WAVE_PCM, 2);
	put(out, 1, 2);
	put(out, SOUND_RATE, 4);
	put(out, SOUND_RATE * 2, 4);
	put(out, 2, 2);
	put(out, 16, 2);
	buf_add(out, "data", 4);
	put(out, bytes, 4);
	for (size_t i = 0; i < n; i++)
		put(out, (uint16_t)pcm[i], 2);
}
