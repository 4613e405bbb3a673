#include <criterion/criterion.h>
#include <math.h>

#include "ivr/sip/rtp.h"
#include "ivr/sip/sound.h"
#include "ivr/sip/speak_http.h"

static void put(char *p, unsigned v, int n)
{
	for (; n; n--, v >>= 8)
		*p++ = (char)v;
}

static struct str wave(char *p, unsigned format, unsigned channels, unsigned rate, unsigned bits, unsigned bytes)
{
	memcpy(p, "RIFF\0\0\0\0WAVEfmt ", 16);
	put(p + 16, 16, 4);
	put(p + 20, format, 2);
	put(p + 22, channels, 2);
	put(p + 24, rate, 4);
	put(p + 28, rate * channels * bits / 8, 4);
	put(p + 32, channels * bits / 8, 2);
	put(p + 34, bits, 2);
	memcpy(p + 36, "data", 4);
	put(p + 40, bytes, 4);
	return str_n(p, 44 + bytes);
}

Test(ivr_sip_sound, what_is_written_is_read)
{
	int16_t pcm[] = {0, 1, -1, 32767, -32768};
	struct buf b;
	struct sound *s;
	struct err err;

	buf_init(&b, 1000);
	wav_write(&b, pcm, 5);
	if (!b.failed && wav_read(buf_str(&b), &s, &err) == 0) {
		cr_assert_eq(s->n, 5);
		cr_assert_arr_eq(s->pcm, pcm, sizeof pcm);
		struct sound *t = sound_keep(s);

		sound_drop(&s);
		cr_assert_eq(t->pcm[3], 32767);
		sound_drop(&t);
	}
	buf_free(&b);
}

Test(ivr_sip_sound, other_rates_and_channels)
{
	static char p[44 + 44100 * 4];
	struct sound *s;
	struct err err;

	for (int i = 0; i < 44100; i++) {
		int v = (int)(10000 * sin(2 * M_PI * 440 * i / 44100));

		put(p + 44 + i * 4, (unsigned)v, 2);
		put(p + 46 + i * 4, (unsigned)v, 2);
	}
	if (wav_read(wave(p, 1, 2, 44100, 16, 44100 * 4), &s, &err))
		return;
	cr_assert_eq(s->n, 8000);
	for (int i = 100; i < 7900; i++)
		cr_assert_lt(abs(s->pcm[i] - (int)(10000 * sin(2 * M_PI * 440 * (i + 0.4) / 8000))), 800);
	sound_drop(&s);
}

Test(ivr_sip_sound, g711_and_eight_bits)
{
	char p[60];
	struct sound *s;
	struct err err;

	memset(p + 44, 0xff, 4);
	if (wav_read(wave(p, 7, 1, 8000, 8, 4), &s, &err) == 0) {
		cr_assert_lt(abs(s->pcm[0]), 16, "no sound");
		sound_drop(&s);
	}
	if (wav_read(wave(p, 1, 1, 8000, 8, 4), &s, &err) == 0) {
		cr_assert_eq(s->pcm[0], 127 * 256);
		sound_drop(&s);
	}
}

Test(ivr_sip_sound, refused)
{
	char p[60] = {0};
	struct sound *s;
	struct err err;

	cr_assert_eq(wav_read(STR(""), &s, &err), -1);
	cr_assert_eq(wav_read(STR("RIFF1234WAVEdata"), &s, &err), -1);
	cr_assert_eq(wav_read(wave(p, 1, 1, 8000, 24, 6), &s, &err), -1);
	cr_assert_eq(wav_read(wave(p, 1, 0, 8000, 16, 6), &s, &err), -1);
	cr_assert_eq(wav_read(wave(p, 1, 1, 0, 16, 6), &s, &err), -1);
	cr_assert_eq(wav_read(wave(p, 85, 2, 44100, 0, 6), &s, &err), -1, "MP3");
}

Test(ivr_sip_sound, rtp_heads)
{
	uint8_t p[40] = {0};
	struct rtp_packet in = {.type = 101, .marker = true, .seq = 0xfffe, .ts = 0xdeadbeef, .ssrc = 7}, out;

	rtp_head(p, &in);
	cr_assert(rtp_read(p, 32, &out));
	cr_assert_eq(out.type, 101);
	cr_assert(out.marker);
	cr_assert_eq(out.seq, 0xfffe);
	cr_assert_eq(out.ts, 0xdeadbeef);
	cr_assert_eq(out.n, 20);
	p[0] = 0xb1; /* padding, extension, one source */
	p[19] = 1;   /* one word of extension */
	p[31] = 4;
	cr_assert(rtp_read(p, 32, &out));
	cr_assert_eq(out.n, 4);
	p[31] = 30;
	cr_assert_not(rtp_read(p, 32, &out), "more padding than there is");
	p[19] = 200;
	cr_assert_not(rtp_read(p, 32, &out));
	cr_assert_not(rtp_read(p, 11, &out));
	p[0] = 0x40;
	cr_assert_not(rtp_read(p, 32, &out), "another version");
}

Test(ivr_sip_sound, a_beep_is_a_quarter_of_a_second)
{
	struct sound *s = sound_beep();
	int loud = 0;

	cr_assert(s);
	cr_assert_eq(s->n, SOUND_RATE / 4);
	for (size_t i = 0; i < s->n; i++)
		loud += s->pcm[i] > 4000 || s->pcm[i] < -4000;
	cr_expect(loud > 1000, "%d", loud);
	sound_drop(&s);
}

Test(ivr_sip_sound, where_a_service_may_be)
{
	static const struct {
		const char *url;
		int ok;
	} cases[] = {{"http://127.0.0.1:5002/tts", 0},
		     {"https://speech.example/{language}/{voice}?x=1", 0},
		     {"ftp://speech.example/", -1},
		     {"http://speech.example/{text}", -1},
		     {"", -1}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err err = {0};

		cr_expect_eq(speak_http_check(cases[i].url, &err), cases[i].ok, "%s", cases[i].url);
		cr_expect_eq(err.msg[0] != 0, cases[i].ok != 0, "%s", cases[i].url);
	}
}
