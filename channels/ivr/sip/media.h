/*
 * The sound of one call: RTP over one UDP socket, both ways, 20 ms at a time. What is said to us becomes keys, a recording
 * and the sound of a bridge; what we say is the list of sounds that plays, else what comes over the bridge, else silence.
 *
 * One wheel turns for all calls: a slot of it every 2 ms, so that a thousand calls do not send all at once; a call keeps
 * its slot, so its packets leave 20 ms apart. Everything here is on the thread that runs the SIP stack.
 * A reader of events may close the media from within; it is freed when the wheel comes by.
 */
#pragma once
#include "ivr/door.h"
#include "ivr/sip/library.h"
#include "ivr/sip/sound.h"

struct wheel;
struct media;

struct media_events {
	void (*key)(void *arg, char key, bool barged); /* barged: it ended what played */
	void (*played)(void *arg);
	/* pcm until the call returns; r has all but the bytes */
	void (*recorded)(void *arg, struct door_recording *r, const int16_t *pcm, size_t n);
	void (*lost)(void *arg); /* nothing came for the time that RTP may stay away; said once */
};

struct wheel *wheel_new(const struct ivr_settings *set); /* NULL without memory */
void wheel_free(struct wheel **w);
int64_t wheel_late(const struct wheel *w); /* microseconds by which the latest slot of the last second came late */

/* Binds a port of the range of the settings. */
struct media *media_open(struct wheel *w, const struct media_events *ev, void *arg, struct err *err);
void media_close(struct media **m); /* accepts pointer to NULL */
uint16_t media_port(const struct media *m);

struct media_peer {
	struct sa to;	      /* where it wants its sound */
	int type;	      /* 0 PCMU, 8 PCMA */
	int event_type;	      /* telephone-event; -1: none, keys come as tones */
	bool send, hear;      /* hold: false */
	struct srtp *tx, *rx; /* referenced; NULL: in the clear */
};
void media_set_peer(struct media *m, const struct media_peer *p); /* begins, or changes (re-INVITE) */
/* Takes over the references of v (and v itself is copied). A key ends the list if bargein. */
void media_play(struct media *m, struct sound **v, size_t n, bool bargein);
bool media_stop_play(struct media *m); /* true if something played; says nothing */
void media_record(struct media *m, const struct record_wish *w, size_t max_bytes);
void media_stop_record(struct media *m, bool gone);  /* → recorded, if one is under way */
void media_bridge(struct media *a, struct media *b); /* each hears the other; b NULL: no more */
void media_key(struct media *m, char key);	     /* one that came by INFO */
