#include <criterion/criterion.h>
#include <math.h>

#include "ivr/sip/keys.h"

static char event(struct key_events *k, uint32_t ts, int code, bool end, unsigned duration)
{
	uint8_t p[4] = {(uint8_t)code, (uint8_t)(end ? 0x8a : 0x0a), (uint8_t)(duration >> 8), (uint8_t)duration};

	return key_event(k, ts, p, sizeof p);
}

Test(ivr_sip_keys, a_key_counts_once)
{
	struct key_events k = {0};

	cr_assert_eq(event(&k, 1000, 5, false, 160), '5');
	cr_assert_eq(event(&k, 1000, 5, false, 320), 0);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(event(&k, 1000, 5, true, 480), 0);
	cr_assert_eq(event(&k, 3000, 5, false, 160), '5', "pressed again");
}

Test(ivr_sip_keys, lost_packets_lose_no_key)
{
	struct key_events k = {0};

	cr_assert_eq(event(&k, 1000, 11, true, 480), '#', "only an end arrived");
	cr_assert_eq(event(&k, 9000, 10, false, 480), '*', "only a middle arrived");
	cr_assert_eq(event(&k, 17000, 1, false, 160), '1', "the end before is missing");
	cr_assert_eq(event(&k, 9000, 10, true, 640), 0, "late");
}

Test(ivr_sip_keys, a_key_held_long_is_one)
{
	struct key_events k = {0};

	cr_assert_eq(event(&k, 0xffff0000u, 7, false, 160), '7');
	cr_assert_eq(event(&k, 0xffff0000u, 7, false, 0xffff), 0);
	cr_assert_eq(event(&k, 0xffffffffu, 7, false, 160), 0, "next segment, over the end of the clock");
	cr_assert_eq(event(&k, 0xffffffffu, 7, true, 320), 0);
}

Test(ivr_sip_keys, what_is_no_key)
{
	struct key_events k = {0};
	uint8_t p[3] = {1, 2, 3};

	cr_assert_eq(key_event(&k, 1, p, sizeof p), 0);
	cr_assert_eq(event(&k, 1, 16, false, 160), 0, "hook flash");
	cr_assert_eq(event(&k, 1, 15, false, 160), 'D');
}

Test(ivr_sip_keys, info)
{
	cr_assert_eq(key_info(STR("application/dtmf-relay"), STR("Signal=5\r\nDuration=160\r\n")), '5');
	cr_assert_eq(key_info(STR("Application/DTMF-Relay"), STR("Duration=160\r\nSignal= 11\r\n")), '#');
	cr_assert_eq(key_info(STR("application/dtmf-relay"), STR("signal=d")), 'D');
	cr_assert_eq(key_info(STR("application/dtmf"), STR("*")), '*');
	cr_assert_eq(key_info(STR("application/dtmf"), STR("")), 0);
	cr_assert_eq(key_info(STR("application/dtmf"), STR("55")), 0);
	cr_assert_eq(key_info(STR("application/dtmf-relay"), STR("Duration=160")), 0);
	cr_assert_eq(key_info(STR("text/plain"), STR("5")), 0);
}

static size_t press(struct key_tones *t, double a, double b, int ms, char *out)
{
	int16_t pcm[8000];
	size_t n = (size_t)ms * 8;

	for (size_t i = 0; i < n; i++)
		pcm[i] = (int16_t)(6000 * sin(2 * M_PI * a * (double)i / 8000) +
				   6000 * sin(2 * M_PI * b * (double)i / 8000));
	return key_tones(t, pcm, n, out, 8);
}

Test(ivr_sip_keys, tones)
{
	static const double low[] = {697, 770, 852, 941}, high[] = {1209, 1336, 1477, 1633};
	static const char layout[] = "123A456B789C*0#D";
	struct key_tones t = {0};
	char out[8];

	for (int i = 0; i < 16; i++) {
		cr_assert_eq(press(&t, low[i / 4], high[i % 4], 80, out), 1, "%c", layout[i]);
		cr_assert_eq(out[0], layout[i]);
		cr_assert_eq(press(&t, 0, 0, 60, out), 0);
	}
	cr_assert_eq(press(&t, 697, 1209, 500, out), 1, "held: still one");
	cr_assert_eq(press(&t, 0, 0, 60, out), 0);
	cr_assert_eq(press(&t, 697, 1209, 500, out), 1, "again");
}

Test(ivr_sip_keys, other_sounds_are_no_keys)
{
	struct key_tones t = {0};
	int16_t pcm[16000];
	char out[8];
	uint32_t seed = 1;

	cr_assert_eq(press(&t, 440, 480, 500, out), 0, "ringing");
	cr_assert_eq(press(&t, 350, 440, 500, out), 0, "dial tone");
	cr_assert_eq(press(&t, 697, 0, 500, out), 0, "one tone");
	for (size_t i = 0; i < 16000; i++) {
		seed = seed * 1664525u + 1013904223u;
		pcm[i] = (int16_t)(seed >> 16);
	}
	cr_assert_eq(key_tones(&t, pcm, 16000, out, 8), 0, "noise");
	/* A voice is a pitch with many harmonics, gliding. */
	double phase = 0;

	for (size_t i = 0; i < 16000; i++) {
		double sum = 0;

		phase += 2 * M_PI * (110 + 60 * sin((double)i / 1500)) / 8000;
		for (int h = 1; h < 14; h++)
			sum += sin(phase * h) / h;
		pcm[i] = (int16_t)(6000 * sum);
	}
	cr_assert_eq(key_tones(&t, pcm, 16000, out, 8), 0, "voice");
}
