/* RTP and what is in it: packets one after the other, each with two bytes of length before it; keys as events, tones, INFO. */
#include <stdlib.h>
#include <string.h>

#include "ivr/sip/keys.h"
#include "ivr/sip/rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct heard {
	struct key_events events;
	struct key_tones tones;
};

static void key(char k)
{
	if (k && !strchr("0123456789*#ABCD", k))
		abort();
}

static void tones(struct heard *h, const struct rtp_packet *k)
{
	int16_t pcm[RTP_PACKET_MAX];
	char out[8];
	size_t n = k->n < RTP_PACKET_MAX ? k->n : RTP_PACKET_MAX, found;

	for (size_t i = 0; i < n; i++)
		pcm[i] = (int16_t)((k->payload[i] - 128) * 256);
	found = key_tones(&h->tones, pcm, n, out, sizeof out);
	if (found > sizeof out)
		abort();
	for (size_t i = 0; i < found; i++)
		key(out[i]);
}

static void packet(struct heard *h, const uint8_t *p, size_t n)
{
	uint8_t head[RTP_HEAD];
	struct rtp_packet k, again;

	if (!rtp_read(p, n, &k))
		return;
	if (k.payload < p || k.payload + k.n > p + n)
		abort();
	rtp_head(head, &k);
	if (!rtp_read(head, sizeof head, &again) || again.type != k.type || again.marker != k.marker ||
	    again.seq != k.seq || again.ts != k.ts || again.ssrc != k.ssrc || again.n != 0)
		abort();
	key(key_event(&h->events, k.ts, k.payload, k.n));
	tones(h, &k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct heard h = {0};
	struct str body = str_n((const char *)data, n);

	key(key_info(STR("application/dtmf-relay"), body));
	key(key_info(STR("application/dtmf"), body));
	while (n >= 2) {
		size_t size = (size_t)data[0] << 8 | data[1];

		data += 2;
		n -= 2;
		size = size < n ? size : n;
		packet(&h, data, size);
		data += size;
		n -= size;
	}
	return 0;
}
