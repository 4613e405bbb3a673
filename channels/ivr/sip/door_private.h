/* What the files of the SIP door share: door.c (adapter's side), stack.c (thread and sockets), dialog.c, leg.c, transfer.c. */
#pragma once
#include <pthread.h>

#include "base/loop.h"
#include "ivr/sip/media.h"
#include "ivr/sip/sip.h"
#include "ivr/sip/voice.h"

/* Something to do on the SIP thread. Freed after it has run, unless it is part of something else (embedded). */
struct order {
	struct order *next;
	void (*run)(struct order *o);
	struct door *door;
	struct line *line;
	bool embedded, flag, silent;
	int number;
	struct sound **sounds;
	size_t sounds_n;
	struct record_wish record;
	struct transfer_wish transfer;
	char text[]; /* a URI, a reason; transfer: to, NUL, from */
};

/* Something to say on the adapter's loop. */
struct word {
	struct task task;
	void (*say)(struct word *w);
	struct door *door;
	struct line *line;
	int number, more;
	char key;
	bool flag, embedded;
	struct door_recording recording;
	struct buf bytes;
	struct door_end end;
	char text[256];
};

enum { WHO_TEXT = 200 };

/* One SIP session with its sound: the call itself, or the other end of a bridge. */
struct leg {
	struct line *line;
	struct sipsess *sess;
	struct sdp_session *sdp;
	struct sdp_media *audio;
	struct media *media;
	struct srtp *tx, *rx;
	char tx_key[64], contact[300];
	bool up, secure, offered;
};

struct line {
	struct door *door;
	struct line *prev, *next; /* SIP thread: lines of the door */

	/* the adapter's loop */
	struct call *call; /* NULL: refused, nothing is said about it */
	bool over;	   /* ended was said */
	int play_no;

	/* the SIP thread */
	struct leg leg, far;
	bool ended, incoming, hung_up, placing, answered_said;
	int stopped_no, play_now;
	struct tmr ring, talk;
	bool transferring, bridging, bridged;
	int talk_ms;
	int64_t talk_from;
	struct sip_request *refer;
	char callid[128];

	/* written before `incoming` is said, not changed after */
	char from[WHO_TEXT], to[WHO_TEXT], asserted[WHO_TEXT], name[WHO_TEXT];
	bool anonymous, trusted;

	struct order free_order, end_order;
	struct word ended_word;
};

struct door {
	const struct ivr_settings *set;
	struct door_host host;
	char user[80], host_port[100], own_uri[200]; /* who we are in From and Contact */

	pthread_t thread;
	bool started;
	pthread_mutex_t lock; /* orders */
	struct order *first, **last;
	int wake; /* eventfd */
	struct voice *voice;
	struct order start_order, stop_order;
	struct word stopped_word;
	_Atomic int lines_n;
	_Atomic bool paused, stopping;
	_Atomic int64_t late_us, refused, no_port;

	/* the SIP thread */
	struct line *lines;
	struct wheel *wheel;
	struct sip *sip;
	struct sip_lsnr *requests;
	struct sipsess_sock *sessions;
	struct sipreg *reg;
	struct dnsc *dns;
	struct tls *tls;
	struct tmr stop_tmr, late_tmr;
	int64_t deadline; /* of stop; 0: none */
	bool cut, closed;
	int told; /* last state said */
};

/* door.c, to the adapter's loop; thread: SIP */
struct word *word_new(struct line *l, void (*say)(struct word *)); /* NULL without memory: the word is lost */
void word_send(struct word *w);
void say_state(struct door *d, enum account_state s, const char *reason);
void say_incoming(struct line *l);
void say_simple(struct line *l, void (*say)(struct word *));
void say_ringing(struct word *w);
void say_answered(struct word *w);
void say_digit(struct line *l, char key, bool barged);
void say_played(struct line *l, bool barged);
void say_recorded(struct line *l, struct door_recording *r, const int16_t *pcm, size_t n);
void say_transferred(struct line *l, enum transfer_end how, int talked_ms);
void say_ended(struct line *l, enum end_by by, int sip, const char *reason);
void say_stopped(struct door *d);

/* stack.c */
struct order *order_new(struct door *d, struct line *l, void (*run)(struct order *), size_t text);
void order_send(struct order *o); /* thread-safe */
void *stack_main(void *door);
void stack_start(struct order *o);
void stack_stop(struct order *o);
int stack_auth(char **user, char **password, const char *realm, void *door);

/* dialog.c; thread: SIP */
struct line *dialog_new(struct door *d);
void dialog_end(struct line *l, enum end_by by, int sip, const char *reason); /* once; the rest is ignored */
void dialog_incoming(const struct sip_msg *msg, void *door);
void dialog_answer(struct order *o);
void dialog_reject(struct order *o);
void dialog_play(struct order *o);
void dialog_stop_play(struct order *o);
void dialog_record(struct order *o);
void dialog_stop_record(struct order *o);
void dialog_hang_up(struct order *o);
void dialog_place(struct order *o);
void dialog_free(struct order *o);
extern const struct media_events dialog_media_events, far_media_events;

/* tls.c: what TLS connections are made with; 0 or an errno. *out may be set either way. */
int tls_context(struct tls **out, const struct ivr_settings *set);

/* leg.c; thread: SIP. -1: there is nothing to agree on, err says why */
int leg_open(struct leg *g, struct line *l, const struct media_events *ev, bool offers, struct err *err);
int leg_heard(struct leg *g, const struct sip_msg *msg, bool offer); /* their description; 0 or an errno */
int leg_describe(struct leg *g, struct mbuf **out, bool offer);
void leg_close(struct leg *g);
void leg_session_info(struct sip *sip, const struct sip_msg *msg, void *leg);
int leg_session_offer(struct mbuf **desc, const struct sip_msg *msg, void *leg);
int leg_session_answer(const struct sip_msg *msg, void *leg);
void leg_reach(struct leg *g, const struct sip_msg *msg); /* before a dialog is made or changed by msg */

/* transfer.c; thread: SIP */
void dialog_transfer(struct order *o);
void dialog_stop_transfer(struct order *o);
void transfer_call_left(struct line *l);
bool transfer_notify(struct door *d, const struct sip_msg *msg);

/* Where a destination ("+49…", "tel:…", "sip:…") is called. */
void address_uri(const struct door *d, struct str to, char *out, size_t size);
