/* The hearing half of media: packets in, keys, recordings and bridged sound out. */
#include <stdlib.h>

#include "base/clock.h"
#include "ivr/sip/media_private.h"
#include "ivr/sip/rtp.h"

enum { SPEECH_LEVEL = 350 /* mean of a frame's samples without sign, of 32767 */, GAP_MAX = 25 };
enum { MISORDER = 100, DROPOUT = 3000 }; /* of sequence numbers: RFC 3550 appendix A.1 */

static void record_end(struct media *m, char digit, bool full, bool gone, bool nothing)
{
	size_t n = m->rec.n / sizeof(int16_t);
	struct door_recording r = {.type = "audio/wav",
				   .ms = (int)(n / 8),
				   .digit = digit,
				   .full = full,
				   .gone = gone,
				   .nothing = nothing};

	if (!m->spoke)
		r.ms = 0;
	m->recording = false;
	m->ev->recorded(m->arg, &r, (const int16_t *)(const void *)m->rec.p, m->spoke ? n : 0);
	buf_free(&m->rec);
}

void media_record(struct media *m, const struct record_wish *w, size_t max_bytes)
{
	size_t want = (size_t)(w->max_ms > 0 ? w->max_ms : 60000) * 16 + FRAME * 4;
	struct sound **beep = w->beep ? calloc(1, sizeof(struct sound *)) : NULL;

	buf_init(&m->rec, want < max_bytes ? want : max_bytes);
	m->wish = *w;
	if (beep && (*beep = sound_beep())) {
		media_play(m, beep, 1, false);
		m->beeping = true;
		return;
	}
	free(beep); /* without memory for a beep there is none */
	media_record_now(m);
}

void media_record_now(struct media *m)
{
	m->beeping = false;
	m->recording = true;
	m->spoke = false;
	m->rec_from = m->spoke_at = clock_mono();
}

void media_stop_record(struct media *m, bool gone)
{
	if (m->beeping) {
		media_stop_play(m);
		media_record_now(m);
	}
	if (m->recording)
		record_end(m, 0, false, gone, false);
}

void media_tick_record(struct media *m, int64_t now)
{
	const struct record_wish *w = &m->wish;

	if (!m->recording)
		return;
	if ((w->max_ms > 0 && now - m->rec_from > w->max_ms * US_MS) || m->rec.failed)
		record_end(m, 0, true, false, false);
	else if (!m->spoke && w->begin_ms > 0 && now - m->rec_from > w->begin_ms * US_MS)
		record_end(m, 0, false, false, true);
	else if (m->spoke && w->silence_ms > 0 && now - m->spoke_at > w->silence_ms * US_MS)
		record_end(m, 0, false, false, false);
}

void media_key(struct media *m, char key)
{
	bool barged = m->playing && m->bargein;

	if (m->recording && m->wish.keys_end) {
		record_end(m, key, false, false, false);
		return;
	}
	if (barged)
		media_stop_play(m);
	m->ev->key(m->arg, key, barged);
}

static void record_frame(struct media *m, const int16_t *pcm, size_t n)
{
	long sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += abs(pcm[i]);
	if (n && sum / (long)n > SPEECH_LEVEL) {
		m->spoke = true;
		m->spoke_at = clock_mono();
	}
	buf_add(&m->rec, pcm, n * sizeof *pcm);
}

static void hear_sound(struct media *m, const struct rtp_packet *k, unsigned lost)
{
	int16_t pcm[RTP_PACKET_MAX];
	char keys[8];
	size_t n = k->n < RTP_PACKET_MAX ? k->n : RTP_PACKET_MAX;

	for (size_t i = 0; i < n; i++)
		pcm[i] = k->type == 8 ? g711_alaw2pcm(k->payload[i]) : g711_ulaw2pcm(k->payload[i]);
	if (m->recording) {
		static const int16_t nothing[FRAME];

		for (; lost; lost--) /* what the network lost is silence, so that the length stays true */
			record_frame(m, nothing, FRAME);
		record_frame(m, pcm, n);
	}
	if (m->other && n <= FRAME && m->other->bridge_n + n <= BRIDGE_MAX) {
		memcpy(m->other->bridged + m->other->bridge_n, pcm, n * sizeof *pcm);
		m->other->bridge_n += n;
	}
	if (m->peer.event_type >= 0)
		return;
	size_t found = key_tones(&m->tones, pcm, n, keys, sizeof keys);

	for (size_t i = 0; i < found && !m->closed; i++)
		media_key(m, keys[i]);
}

/* Number of packets missing before this one; -1: it is late or a copy. */
static int follow(struct media *m, const struct rtp_packet *k)
{
	int16_t step = (int16_t)(k->seq - m->heard_seq);
	int gap = 0;

	if (m->heard_any && k->ssrc == m->heard_ssrc && step > -MISORDER && step < DROPOUT) {
		if (step <= 0)
			return -1;
		gap = step > 1 && step <= GAP_MAX ? step - 1 : 0;
	} else {
		m->events.any = false; /* another source, or the same one begun anew, counts its time anew */
	}
	m->heard_any = true;
	m->heard_ssrc = k->ssrc;
	m->heard_seq = k->seq;
	return gap;
}

/* Whoever sits behind a translator of addresses names one that is no good: the sound goes where its own comes from, as long as
 * the first to send decides (RFC 4961: the same port both ways). */
static void latch(struct media *m, const struct sa *from)
{
	if (m->latched)
		return;
	m->latched = true;
	m->peer.to = *from;
}

static void hear_packet(struct media *m, uint8_t *p, size_t n, const struct sa *from)
{
	struct mbuf mb = {.buf = p, .size = RTP_PACKET_MAX, .pos = 0, .end = n};
	struct rtp_packet k;

	if (m->peer.rx) {
		if (srtp_decrypt(m->peer.rx, &mb))
			return;
		n = mb.end;
	}
	if (!rtp_read(p, n, &k))
		return;
	m->heard_at = clock_mono();
	latch(m, from);
	int gap = follow(m, &k);

	if (gap < 0)
		return;
	if (k.type == m->peer.event_type) {
		char key = key_event(&m->events, k.ts, k.payload, k.n);

		if (key)
			media_key(m, key);
	} else if (k.type == 0 || k.type == 8)
		hear_sound(m, &k, (unsigned)gap);
}

void media_hear(int flags, void *arg)
{
	struct media *m = arg;

	(void)flags;
	for (int i = 0; i < 16 && !m->closed; i++) {
		uint8_t p[RTP_PACKET_MAX];
		struct sa from = {.len = sizeof from.u};
		ssize_t n = recvfrom(m->fd, p, sizeof p, MSG_DONTWAIT, &from.u.sa, &from.len);

		if (n <= 0)
			return;
		if (m->on)
			hear_packet(m, p, (size_t)n, &from);
	}
}
