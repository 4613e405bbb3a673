/* What media.c (sending) and hear.c (hearing, recording) share. */
#pragma once
#include "ivr/sip/keys.h"
#include "ivr/sip/media.h"

enum { WHEEL_SLOTS = 10, WHEEL_STEP = 2000 /* us */, BRIDGE_MAX = FRAME * 8 };

struct wheel {
	struct tmr tmr;
	int64_t due, late, late_at, late_shown, lost_us;
	int slot;
	struct media *slots[WHEEL_SLOTS];
	int load[WHEEL_SLOTS];
	uint16_t first, last, next_port;
	const char *address;
};

struct media {
	struct media *next, *other;
	struct wheel *wheel;
	const struct media_events *ev;
	void *arg;
	int fd;
	uint16_t port;
	bool on, closed, fresh, told_lost, latched;
	struct media_peer peer;
	uint16_t seq;
	uint32_t ts, ssrc;

	struct sound **list; /* what plays */
	size_t list_n, list_at, list_pos;
	bool playing, bargein;

	int64_t heard_at;
	uint32_t heard_ssrc;
	uint16_t heard_seq;
	bool heard_any;
	struct key_events events;
	struct key_tones tones;

	int16_t bridged[BRIDGE_MAX]; /* what the other side of a bridge said */
	size_t bridge_n;

	bool recording, spoke, beeping; /* beeping: what plays is the beep before a recording */
	struct record_wish wish;
	struct buf rec; /* int16_t samples */
	int64_t rec_from, spoke_at;
};

void media_hear(int flags, void *arg);	/* the socket can be read */
void media_record_now(struct media *m); /* the beep is over */
void media_tick_record(struct media *m, int64_t now);
