/*
 * What the files of ivrload share: ivrload.c (options, the loop, SIP), ivrload_rtp.c (sound and keys).
 *
 * All calls share one UDP socket for SIP and one for RTP: whose sound a packet is, is told by the port it comes from, since
 * the gateway has one for each call. So 1,000 calls cost the load little, and what is measured is the gateway.
 */
#pragma once
#include <netinet/in.h>

#include "kit.h"

enum { FRAME_MS = 20, SAMPLES = 160, KEYS_MAX = 64, RTP_BATCH = 64 };

enum stage { CALL_NEW, CALL_INVITED, CALL_UP, CALL_LEAVING, CALL_OVER };

struct call {
	enum stage stage;
	uint64_t began, sent; /* INVITE or BYE: first and last time it went out, ns */
	int tries;
	uint16_t port; /* where its RTP goes */
	char to_tag[80], contact[160];
	bool dropped; /* the gateway ended it */

	/* sound out */
	uint16_t seq;
	uint32_t ts, event_ts;
	int event_at; /* packets of the key so far; -1: none is pressed */
	int keys_sent;
	long next_key; /* frames until the next key */

	/* sound in */
	bool heard;
	uint16_t in_seq;
	uint64_t in_at; /* ns, when the kernel had it */
	uint64_t packets, sounding, lost;
};

struct load {
	int port, sip, rtp, epoll, tick_fd, stop_fd;
	long calls, window, hold, keys, every, seconds;
	const char *prefix, *journal;
	struct call *call;
	struct call *by_port[65536];
	struct sockaddr_in gateway;
	char id[40];
	int sip_port, rtp_port;

	long begun, up, over, in_flight;
	uint64_t start, up_at, hold_from;
	bool holding, leaving;
	long tick; /* ms since the start */

	/* of the hold */
	struct hist jitter, setup;
	uint64_t packets, sounding, lost, late; /* late: more than 5 ms off */
	uint64_t keys_sent, dropped, failed, resent;
	char first_bad[200];
};

/* Which key the call presses as its n-th. */
char load_key(long call, int n);

/* One frame of every call whose turn it is in this millisecond. */
void rtp_tick(struct load *l);
/* All packets that are there. */
void rtp_hear(struct load *l);
/* The measurement begins anew. */
void rtp_reset(struct load *l);
