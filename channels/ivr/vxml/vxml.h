/*
 * A VoiceXML 2.1 interpreter (W3C Recommendations VoiceXML 2.0, 16 March 2004, and 2.1, 19 June 2007) for callers with
 * keys, as a machine without input, output, clock or threads. A door (SIP, FastAGI, a terminal) makes a session, feeds
 * it events and does what each answer asks:
 *
 *	vxml_step(s, start) → play → vxml_step(s, played) → input → vxml_step(s, digits) → … → exit
 *
 * The interpreter knows the grammars, so digits may be given one by one as they are pressed or many at once; what is
 * typed ahead is kept. A voice grammar is matched against text that a door may have (VXML_EV_TEXT); nothing here hears.
 *
 * What VoiceXML has and this has not is refused when a document is loaded, with file and line: <object>, ABNF and
 * recursive grammars, tag formats other than SISR's, consultation transfers with speech, and elements and attributes
 * nobody defined.
 *
 * Threads: a session belongs to one thread at a time; a document does not change once loaded and may be shared by sessions
 * of any threads.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct vxml_doc;
struct vxml_session;

struct vxml_limits {	 /* 0: the default in parentheses */
	size_t document; /* bytes of one document (1 MiB) */
	size_t memory;	 /* bytes of scripts and their values of one session (8 MiB) */
	size_t state;	 /* bytes of prompts and other state of one session (4 MiB) */
	int64_t steps;	 /* of one session (200,000): a menu in a circle without end runs out of them */
	int64_t ticks;	 /* loops and calls of one expression (200,000) */
	int depth;	 /* subdialogs within each other (16), */
	int documents;	 /* documents of one session (500), */
	int events;	 /* and events thrown without waiting for anything between (100) */
};

/* ---- documents */

/* text: the file's bytes; url: where it came from, base of its relative references and named in errors. NULL: it is
 * refused; err->msg begins "URL:LINE: ", err->field is the line. */
struct vxml_doc *vxml_doc_load(struct str text, const char *url, const struct vxml_limits *limits, struct err *err);
void vxml_doc_free(struct vxml_doc **d); /* gives up the caller's hold; sessions keep theirs */

/* ---- what a door is asked to do */

enum vxml_do {
	VXML_PLAY,     /* play the prompts; then VXML_EV_DONE (digits meanwhile as they come) */
	VXML_INPUT,    /* play the prompts, if any; then wait `timeout_ms` for keys: DIGITS, TEXT, TIMEOUT or HANGUP */
	VXML_RECORD,   /* play, beep, record: RECORDED, TIMEOUT (nothing was said) or HANGUP */
	VXML_TRANSFER, /* connect to `target`: TRANSFERRED, HANGUP; DIGITS of the caller may end it (another answer) */
	VXML_FETCH,    /* get `target`: FETCHED */
	VXML_DISCONNECT, /* hang up; then VXML_EV_DONE: what a menu does after that is not heard by anyone */
	VXML_EXIT /* the session is over; `value` is what it returns, as JSON or ""; prompts: what nobody heard */
};

enum vxml_prompt_type {
	VXML_TEXT,  /* text to speak */
	VXML_AUDIO, /* text is the address; when it plays, the next `skip` pieces are not needed: they stand in for it */
	VXML_BREAK, /* ms of silence */
	VXML_SAY_AS /* text to speak, of type `as` ("digits", "date", …) and format `format` */
};

struct vxml_prompt {
	enum vxml_prompt_type type;
	struct str text;
	int ms;
	unsigned skip;
	const char *as, *format; /* "" if none */
	const char *lang;	 /* BCP 47, "" if the document does not say */
	bool bargein;		 /* a key ends it */
};

struct vxml_action {
	enum vxml_do what;
	const struct vxml_prompt *prompts;
	size_t prompt_count;
	int timeout_ms; /* INPUT: until the caller begins, or until the next key; RECORD: until speech begins */
	bool more;	/* INPUT: keys came, and more may follow */
	bool text;	/* INPUT: a grammar for speech is active as well */
	bool secret;	/* INPUT: the property threadline.secret is true: what is pressed is not to be shown or kept */
	const char *name;   /* of the form item, "" if it has none */
	const char *target; /* FETCH, TRANSFER: an absolute address (tel: or sip: for TRANSFER) */
	const char *value;  /* EXIT */
	/* FETCH. The body's fields are form-encoded; with type multipart/form-data they are to be sent as such, and a
	 * recording's address is to become its bytes. */
	const char *method, *type; /* "GET", "POST"; type of the body, "" if there is none */
	struct str body;
	int fetch_ms;
	/* RECORD */
	int max_ms, silence_ms;
	bool beep, dtmfterm;
	const char *format; /* the media type asked for */
	/* TRANSFER; max_ms 0: no limit */
	const char *transfer; /* "blind", "bridge", "consultation" */
	int connect_ms;
	const char *audio, *aai;
};

/* ---- what happened */

enum vxml_event_type {
	VXML_EV_START,
	VXML_EV_DONE,	  /* after PLAY and DISCONNECT */
	VXML_EV_DIGITS,	  /* text: 0-9 * # A-D; at any time */
	VXML_EV_TEXT,	  /* text: words of the caller */
	VXML_EV_TIMEOUT,  /* timeout_ms are over */
	VXML_EV_HANGUP,	  /* the caller has gone; at any time */
	VXML_EV_FETCHED,  /* status, text, url (after redirections, or NULL) */
	VXML_EV_RECORDED, /* text: its address; ms, size; digit that ended it, if any; full: max_ms was reached; gone */
	VXML_EV_TRANSFERRED, /* text: "busy", "noanswer", "network_busy", "near_end_disconnect", "far_end_disconnect",
			      * "network_disconnect", "maxtime_disconnect", "unknown", "" for a blind one that went well,
			      * or an event ("error.connection.noroute"); ms: how long they talked */
};

struct vxml_event {
	enum vxml_event_type type;
	struct str text;
	int status; /* of HTTP; 0: could not be had */
	const char *url;
	int ms;
	int64_t size;
	char digit;
	bool full, gone;
};

/* ---- sessions */

enum vxml_trace {
	VXML_T_GOTO,	/* target: the dialog or document */
	VXML_T_SUBMIT,	/* target; text: the method; value: the fields, form-encoded */
	VXML_T_NOINPUT, /* text: its number */
	VXML_T_NOMATCH, /* text: what was given */
	VXML_T_MATCH,	/* target: the field or menu; text: what was given; value: what it means, as JSON */
	VXML_T_LOG,	/* target: the label; text */
	VXML_T_EVENT,	/* target: the event; text: its message */
	VXML_T_ERROR,	/* target: the event; text: file, line and reason */
	VXML_T_FATAL	/* the same, and the session ends by it: no document handled it, or a limit was reached */
};

struct vxml_callbacks {
	/* May be NULL. Called within vxml_step; the strings are gone afterwards. */
	void (*trace)(void *arg, enum vxml_trace what, const char *target, const char *text, const char *value);
	void *arg;
};

/* vars: JSON object that becomes session variables ({"connection":{"remote":{"uri":"tel:+49…"}}}), empty for none.
 * limits and cb may be NULL. The session keeps its own hold of the document. */
struct vxml_session *vxml_session_new(struct vxml_doc *doc, struct str vars, const struct vxml_limits *limits,
				      const struct vxml_callbacks *cb, struct err *err);
void vxml_session_free(struct vxml_session **s);
/* What to do next. It stays valid until the next call. An event that does not fit is ignored: the same answer again. */
const struct vxml_action *vxml_step(struct vxml_session *s, const struct vxml_event *ev);
