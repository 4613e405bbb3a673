/*
 * Sounds: samples of 16 bit at 8,000 a second, one channel, as telephones have them; and WAV files of them.
 * A sound never changes once it is made and is shared by count: sound_keep and sound_drop are thread-safe.
 */
#pragma once
#include <stdatomic.h>

#include "base/err.h"
#include "base/str.h"

enum { SOUND_RATE = 8000, FRAME = 160 /* samples of 20 ms */, SOUND_MAX = SOUND_RATE * 3600 };

struct sound {
	_Atomic int refs;
	size_t n; /* samples */
	int16_t pcm[];
};

struct sound *sound_new(size_t n); /* silence; NULL without memory */
struct sound *sound_beep(void);	   /* a quarter of a second; NULL without memory */
struct sound *sound_keep(struct sound *s);
void sound_drop(struct sound **s); /* accepts pointer to NULL */

/* RIFF/WAVE of PCM with 8 or 16 bit, G.711 A-law or µ-law, any rate from 4,000 to 192,000, up to 8 channels. */
int wav_read(struct str file, struct sound **out, struct err *err);
/* PCM, 16 bit, one channel. */
void wav_write(struct buf *out, const int16_t *pcm, size_t n);
