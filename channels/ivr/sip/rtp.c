#include "ivr/sip/rtp.h"

bool rtp_read(const uint8_t *p, size_t n, struct rtp_packet *out)
{
	if (n < RTP_HEAD || p[0] >> 6 != 2)
		return false;
	size_t head = RTP_HEAD + 4 * (size_t)(p[0] & 15), end = n;

	if (p[0] & 0x10) { /* an extension: its length in words stands in its first word */
		if (n < head + 4)
			return false;
		head += 4 + 4 * ((size_t)p[head + 2] << 8 | p[head + 3]);
	}
	if (p[0] & 0x20) /* padding: its length is the last byte */
		end = p[n - 1] && p[n - 1] <= n ? n - p[n - 1] : 0;
	if (head > end)
		return false;
	*out = (struct rtp_packet){
		.type = p[1] & 0x7f,
		.marker = p[1] >> 7,
		.seq = (uint16_t)(p[2] << 8 | p[3]),
		.ts = (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7],
		.ssrc = (uint32_t)p[8] << 24 | (uint32_t)p[9] << 16 | (uint32_t)p[10] << 8 | p[11],
		.payload = p + head,
		.n = end - head,
	};
	return true;
}

void rtp_head(uint8_t out[RTP_HEAD], const struct rtp_packet *k)
{
	out[0] = 0x80;
	out[1] = (uint8_t)(k->type | (k->marker ? 0x80 : 0));
	out[2] = (uint8_t)(k->seq >> 8);
	out[3] = (uint8_t)k->seq;
	for (int i = 0; i < 4; i++) {
		out[4 + i] = (uint8_t)(k->ts >> (24 - 8 * i));
		out[8 + i] = (uint8_t)(k->ssrc >> (24 - 8 * i));
	}
}
