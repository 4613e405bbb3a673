/* Sound files of anybody: read or refused; what was read can be written and is the same when it is read again. */
#include <stdlib.h>
#include <string.h>

#include "ivr/sip/sound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sound *s, *again;
	struct err err = {0};
	struct buf b;

	if (wav_read(str_n((const char *)data, n), &s, &err)) {
		if (s || !err.msg[0])
			abort();
		return 0;
	}
	if (s->n > SOUND_MAX)
		abort();
	buf_init(&b, 64 << 20);
	wav_write(&b, s->pcm, s->n);
	if (b.failed || wav_read(buf_str(&b), &again, &err) || again->n != s->n ||
	    memcmp(again->pcm, s->pcm, s->n * sizeof *s->pcm) != 0)
		abort();
	sound_drop(&again);
	sound_drop(&s);
	buf_free(&b);
	return 0;
}
