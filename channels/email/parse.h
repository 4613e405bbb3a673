/*
 * One mail as it came, understood: RFC 5322 and MIME (RFC 2045-2049, 2047, 2183, 2231, 3676), reports (RFC 3464, 5965)
 * and automatic answers (RFC 3834), in the forms of the standards and in those of the field. Pure: no store, no network,
 * no clock. Thread-safe.
 *
 * Everything is decoded and valid UTF-8 without NUL, except `raw`, `fields[].raw` and the content of attachments. What is
 * absent is an empty string (n 0). All of it lives in the arena, or points into `raw`, which has to live as long.
 *
 * Whatever the bytes are, there is a result: broken mail is shown as well as can be, and what was over a limit is left
 * out and noted in `defects`. The parser is the house's own, one pass over the bytes: time and memory are linear in the
 * size (memory: at most about 6 times `raw.n` and 1 MB more), whatever is nested in what.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct mail_limits {   /* 0: the default */
	size_t bytes;  /* of the mail; what follows is not looked at (64 MB) */
	int fields;    /* header fields of one part (1000) */
	int parts;     /* of the whole mail (1000) */
	int depth;     /* of multiparts (32) */
	int addresses; /* of one header (1000) */
	size_t text;   /* bytes of `text` and of `html` (4 MB each) */
};

struct mail_address {
	struct str name;    /* display name or comment */
	struct str address; /* as written, not normalised (model/mailbox.h does); may be no mailbox at all */
};

struct mail_addresses {
	struct mail_address *at;
	int n;
};

struct mail_strings {
	struct str *at;
	int n;
};

struct mail_field {
	struct str name; /* as written */
	struct str raw;	 /* after the colon, folded lines and all */
};

struct mail_attachment {
	struct str name; /* a file name without a path, never "." or ".."; empty if the mail gives none */
	struct str type; /* lower case, "type/subtype", as the mail says: not to be trusted */
	struct str charset;
	struct str content_id; /* without <> */
	bool inline_;	       /* referred to by the HTML or shown between texts */
	struct str content;    /* decoded bytes; a text part's are in its own charset */
	char sha256[64 + 1];   /* of content, in hex */
};

enum mail_class {
	MAIL_MESSAGE,	 /* a person wrote it, as far as one can know; mailing lists too (see `bulk`) */
	MAIL_AUTO_REPLY, /* vacation notes, receipts, delivery reports of success: never answered */
	MAIL_BOUNCE,	 /* at least one recipient has not and will not get it */
	MAIL_DELAY,	 /* still being tried: no recipient has failed */
	MAIL_COMPLAINT	 /* a feedback report: the recipient, or the provider, called it spam */
};

enum mail_bounce {
	MAIL_BOUNCE_NONE, /* delivered, relayed, expanded; or a complaint */
	MAIL_BOUNCE_SOFT, /* this message, or now: the address may be good */
	MAIL_BOUNCE_HARD  /* the address, or its domain, does not take mail: not to be tried again */
};

struct mail_recipient {	    /* one recipient of a report */
	struct str address; /* Final-Recipient, or what the text names; may be empty */
	struct str alias;   /* Original-Recipient, if another */
	char status[12];    /* RFC 3463, "5.1.1"; derived when the report has none; empty for complaints */
	int reply;	    /* SMTP reply code, 0 unknown */
	enum mail_bounce bounce;
	const char *reason;    /* a word: "user_unknown", "mailbox_full", "blocked", ... never NULL */
	struct str diagnostic; /* what the refusing server said, one line */
	bool delayed;	       /* still being tried */
};

struct mail_original { /* of a report: what it says about the message it is about */
	struct str message_id;
	struct str return_path; /* its envelope sender, where a VERP address is */
	struct str envelope_id; /* Original-Envelope-Id (RFC 3464 section 2.2.1) */
	struct str from, to, subject, date;
	struct mail_fields {
		struct mail_field *at;
		int n;
	} fields;		  /* of the returned header, for X- fields of our own */
	struct str feedback_type; /* of a complaint: abuse, fraud, not-spam, ... */
};

enum {
	MAIL_CUT = 1,	   /* longer than limits.bytes */
	MAIL_PARTS = 2,	   /* more parts, levels, fields or addresses than allowed */
	MAIL_LONG = 4,	   /* text or HTML longer than allowed */
	MAIL_CHARSET = 8,  /* some text was in no charset known, or not in the one it was said to be in */
	MAIL_MIME = 16,	   /* the structure is broken: no end, no boundary */
	MAIL_ENCODING = 32 /* bad base64, quoted-printable or uuencode */
};

struct mail {
	struct str raw;
	struct mail_fields fields;
	struct mail_addresses from, sender, reply_to, to, cc, bcc;
	struct str subject;
	struct str message_id, in_reply_to; /* without <>; the first one named */
	struct mail_strings references;	    /* without <>, in the order written; In-Reply-To's other ids come first */
	int64_t date;			    /* microseconds; 0: none, or not to be understood */
	struct str return_path;		    /* topmost Return-Path without <>; "<>" when it is empty */
	struct mail_strings delivered_to;   /* Delivered-To, X-Original-To, Envelope-To, ... topmost first */
	struct mail_strings authentication_results; /* values unfolded, topmost first: trust is the caller's matter */

	struct str list_id, list_unsubscribe, list_unsubscribe_post;
	struct str auto_submitted, precedence; /* lower case, without parameters */
	bool bulk;			       /* a mailing list or a mass mailing, not written to this address alone */

	struct str text;    /* whole: the plain text parts, else the HTML made readable; lines end in \n */
	struct str visible; /* what the sender wrote now, without quotes and signature */
	struct str html;    /* of the HTML parts, undefused: never shown as it is */
	struct mail_attachment *attachments;
	int n_attachments;

	enum mail_class class;
	struct mail_recipient *recipients; /* of bounces, delays, reports of success and complaints */
	int n_recipients;
	struct mail_original original; /* likewise */

	unsigned defects;
};

/* -1: out of memory (the arena's maximum counts as that). `limits` may be NULL. */
int mail_parse(struct str raw, const struct mail_limits *limits, struct arena *a, struct mail *out, struct err *err);

const char *mail_class_word(enum mail_class c);	  /* "message", "auto-reply", "bounce", "delay", "complaint" */
const char *mail_bounce_word(enum mail_bounce b); /* NULL, "soft", "hard" */
/* The first field of this name (ASCII case folded): its value decoded (RFC 2047) and unfolded. Empty when absent. */
struct str mail_field(const struct mail *m, const char *name, struct arena *a);
