/*
 * A door: how calls reach the adapter. SIP, FastAGI and VoiceXML over HTTP are doors; the adapter runs the same menus over
 * each of them and never knows which one it is.
 *
 *   door ──incoming──▶ adapter: struct call ──answer, play, record, transfer, hang_up──▶ door
 *        ◀──place───                       ◀──answered, digit, played, recorded, transferred, ended──
 *
 * Threads. Everything here, in both directions, is called on the adapter's loop (host->loop). A door with threads of its
 * own brings what happens there over by loop_post and waits for nobody.
 *
 * Order. A door never calls back from within one of its own operations: what it has to say comes in a later round (a
 * task or a timer of the loop). `ended` is the last word on a call, said exactly once whatever happens, also after
 * reject and hang_up and during stop; after it neither side uses the other's handle. An operation on a line that is about
 * to end is ignored by the door.
 *
 * Memory. Pointers belong to the giver and live for the call only; who keeps something copies it.
 */
#pragma once
#include "channel/channel.h"
#include "ivr/settings.h"

struct door; /* the door's own: one for an account */
struct line; /* the door's own: its side of one call */
struct json_out;
struct call; /* the adapter's own: its side of the same call */

/* ---- what a door says ---------------------------------------------------------------------------------------------- */

struct door_caller {
	struct str id; /* of the call, by the door: Call-ID, Asterisk's unique id; unique for as long as possible */
	struct str from, to; /* as they came: a number, a sip: or a tel: URI */
	struct str asserted; /* P-Asserted-Identity (RFC 3325); empty if none. Only believed if trusted. */
	struct str name;     /* display name; unverified */
	struct str menu;     /* document that the peer asks for (AGI: agi_network_script); empty: the account's */
	bool anonymous;	     /* the caller withholds who it is (RFC 3323, or "anonymous" in the URI) */
	bool trusted;	     /* comes from a peer whose assertions count */
	bool answered;	     /* the line is up already: answer may still be called, and is answered at once */
};

struct door_recording {
	struct str path; /* WAV file on this host; the adapter reads and removes it. Empty: bytes, or there is none */
	struct str bytes;
	const char *type; /* media type: "audio/wav"; static */
	int ms;		  /* length; 0: nothing was said */
	int64_t size;
	char digit;   /* that ended it; NUL: none did */
	bool full;    /* the longest time was reached */
	bool gone;    /* the caller hung up; `ended` follows */
	bool nothing; /* the caller did not begin to speak within begin_ms */
};

enum transfer_end {
	TRANSFER_DONE,	      /* blind: the other end took it, or it was sent off */
	TRANSFER_BUSY,	      /* 486, 600 */
	TRANSFER_NO_ANSWER,   /* 408, 480, or connect_ms went by */
	TRANSFER_NETWORK,     /* 503 and the like: the network had no room */
	TRANSFER_NO_ROUTE,    /* 404, 484, 604: no such destination */
	TRANSFER_REFUSED,     /* 403, 603, and all else */
	TRANSFER_CALLER_LEFT, /* bridge: the caller hung up first; `ended` follows */
	TRANSFER_FAR_LEFT,    /* bridge: the other end hung up; the caller is still there */
	TRANSFER_MAX_TIME,    /* bridge: max_ms went by */
	TRANSFER_CUT,	      /* bridge: the network ended it */
	TRANSFER_UNKNOWN,     /* blind: the door cannot learn what became of it */
	TRANSFER_UNSUPPORTED  /* the door cannot do this */
};

enum end_by {
	END_CALLER,
	END_GATEWAY,
	END_NETWORK
}; /* CALLER: whoever is at the other end, also of a call we placed */

struct door_end {
	enum end_by by;
	bool answered; /* was it ever up? */
	/* Why, where one is known: a SIP status (RFC 3261 section 21), a cause of Q.850; 0 if none. A placed call that never
	 * came up is told by these: 486, 600 or 17 busy; 408, 480, 487 or 18, 19 no answer; else failed. */
	int sip, q850;
	const char *reason; /* for people: "BYE", "486 Busy Here", "no RTP for 30 s"; may be NULL */
};

/* What the adapter gives its door. */
struct door_host {
	const struct channel_host *host; /* loop, name, region, count, gauge, log under host->name */
	struct account *account;	 /* passed back in incoming and state */

	/* Somebody calls. The answer is what the other functions are called with. NULL: not now (too many calls, stopping);
	 * the door refuses by its own means (SIP: 503 with Retry-After) and says nothing more about it. */
	struct call *(*incoming)(struct account *a, struct line *l, const struct door_caller *who);
	void (*ringing)(struct call *c);  /* placed calls: the other end rings; optional */
	void (*answered)(struct call *c); /* a placed call was taken; or answer was carried out */
	/* Any key 0-9 * # A-D, in order, whatever else goes on; with barge-in the door has stopped playing by itself and
	 * says played(barged) first. */
	void (*digit)(struct call *c, char key);
	void (*played)(struct call *c, bool barged); /* the list of play has ended, was stopped, or a key ended it */
	void (*recorded)(struct call *c, const struct door_recording *r);
	/* talked_ms: how long caller and destination were connected (bridge). */
	void (*transferred)(struct call *c, enum transfer_end how, int talked_ms);
	void (*ended)(struct call *c, const struct door_end *e);

	/* Whether calls can come and go now; reason is for people ("403 Forbidden from sip.example:5060"). A door says
	 * ACCOUNT_UP, DOWN or REFUSED; the adapter itself tells CONNECTING and CLOSED. */
	void (*state)(struct account *a, enum account_state s, const char *reason);
	void (*stopped)(struct account *a); /* after stop: every line has ended, every socket is closed; once */
};

/* ---- what a door is asked --------------------------------------------------------------------------------------------- */

enum piece_type {
	PIECE_AUDIO, /* text: absolute path, file: or http(s): URI, or a name the door's peer knows. When it plays, the next
			* `skip` pieces stand in for it and are left out; when it cannot be had, it is left out itself. */
	PIECE_TEXT,    /* text to speak */
	PIECE_SAY_AS,  /* text to speak, of type `as`: digits, number, date, time, currency, telephone, … */
	PIECE_SILENCE, /* ms */
};

struct piece {
	enum piece_type type;
	struct str text;
	int ms;
	unsigned skip;
	const char *as, *format; /* "" if none */
	const char *lang;	 /* BCP 47; "": the account's language */
	bool bargein;		 /* a key ends the whole list */
};

struct record_wish {
	int max_ms;	/* longest recording */
	int begin_ms;	/* nothing said within this: nothing = true; 0: no limit */
	int silence_ms; /* this much silence after speech ends it; 0: never */
	bool beep;
	bool keys_end; /* any key ends it (and is in `digit` of the recording, not said by digit()); false: keys are only said */
};

struct transfer_wish {
	const char *to;	 /* "sip:…", "tel:+49…" */
	bool bridge;	 /* false: blind (SIP: REFER), the call is over when it worked */
	int connect_ms;	 /* how long the destination may ring */
	int max_ms;	 /* bridge: longest talk; 0: no limit */
	struct str from; /* caller id towards the destination; empty: the caller's own */
};

struct place_wish {
	struct str to;	 /* "+49…" or a sip: URI, as the address is kept */
	struct str from; /* caller id; empty: the account's */
	int ring_ms;	 /* then it is cancelled: ended with sip 408 or q850 19 */
};

struct door_ops {
	const char *name; /* "sip" */

	/* Validates and allocates. MUST NOT do I/O but read files that the settings name. On -1 nothing is kept. */
	int (*open)(const struct ivr_settings *set, const struct door_host *host, struct door **out, struct err *err);
	void (*start)(struct door *d);		    /* the truth comes by host->state */
	void (*pause)(struct door *d, bool paused); /* take no new calls; those that are go on */
	/* Takes nothing new; calls that are may go on until `deadline` (loop clock), then they are ended. Then `stopped`. */
	void (*stop)(struct door *d, int64_t deadline);
	void (*close)(struct door **d); /* frees; after stopped, or after open without start */
	void (*status)(const struct door *d, struct json_out *j); /* members of an open JSON object; may be NULL */

	void (*answer)(struct line *l);		 /* → answered, or ended */
	void (*reject)(struct line *l, int sip); /* instead of answer: 486, 603, …; → ended */
	/* Plays the pieces in order → played. One list at a time. */
	void (*play)(struct line *l, const struct piece *v, size_t n);
	void (*stop_play)(
		struct line *l); /* → played, unless the list had just ended by itself: one `played` for each play */
	void (*record)(struct line *l, const struct record_wish *w);	 /* → recorded */
	void (*stop_record)(struct line *l);				 /* → recorded */
	void (*transfer)(struct line *l, const struct transfer_wish *w); /* → transferred */
	void (*stop_transfer)(struct line *l);		     /* ends a bridge or its ringing → transferred */
	void (*hang_up)(struct line *l, const char *reason); /* reason for the peer, "" for none → ended */
	/* Calls somebody → ringing*, answered or ended. NULL with err: it cannot be tried now (ERR_BUSY, ERR_UNAVAILABLE) or
	 * ever (ERR_SEMANTIC). The member is NULL if the door cannot place calls. */
	struct line *(*place)(struct door *d, struct call *c, const struct place_wish *w, struct err *err);
};

/*
 * Each door has a header of its own with `extern const struct door_ops …_door`, and is listed in doors.c, in the order of
 * enum ivr_door.
 */
