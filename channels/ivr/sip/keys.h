/*
 * Keys of a telephone: as events of RTP (RFC 4733), in bodies of SIP INFO, and as tones in the sound (ITU-T Q.23, Q.24).
 * Pure: bytes and samples in, keys out. One owner at a time.
 */
#pragma once
#include "base/str.h"

/* RFC 4733: one key comes in many packets with one RTP timestamp, the last of them three times; some get lost. */
struct key_events {
	bool any, ended;
	uint32_t ts;
	uint16_t duration;
	uint8_t code;
};
/* The payload of a telephone-event packet. The key if this packet is the first that is seen of it, else NUL. */
char key_event(struct key_events *k, uint32_t ts, const uint8_t *p, size_t n);

/* INFO: application/dtmf-relay ("Signal=5"), application/dtmf ("5"). NUL: no key is in it. */
char key_info(struct str type, struct str body);

/* Tones. A key is said when three blocks of 12.75 ms in a row have it, once for each press. */
enum { TONE_BLOCK = 102 };
struct key_tones {
	float s1[8], s2[8], energy;
	int fill, hits;
	char last, said;
};
/* Hears samples; writes the keys (at most max) and returns how many. */
size_t key_tones(struct key_tones *t, const int16_t *pcm, size_t n, char *out, size_t max);
