/* RTP packets (RFC 3550 section 5.1): their head read and written. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RTP_HEAD = 12, RTP_PACKET_MAX = 2048 };

struct rtp_packet {
	uint8_t type;
	bool marker;
	uint16_t seq;
	uint32_t ts, ssrc;
	const uint8_t *payload;
	size_t n;
};

/* false: not RTP, or cut. payload points into p. */
bool rtp_read(const uint8_t *p, size_t n, struct rtp_packet *out);
void rtp_head(uint8_t out[RTP_HEAD], const struct rtp_packet *k);
