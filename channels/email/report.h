/*
 * Reports about our own mail: what is common to delivery reports (RFC 3464), bounces in words, feedback reports
 * (RFC 5965) and notifications in JSON. Each reader below adds the recipients it finds; report_settle makes one
 * picture of what was said about one: status, reply, reason, hard or soft.
 */
#pragma once
#include "email/part.h"
#include "email/reason.h"

struct report {
	struct part_context *x;
	struct part *root;
	struct mail *m;
	struct str text;    /* what it says to people, without the returned message */
	struct str low;	    /* the same in lower case with single spaces, its first 16 KB */
	enum reason around; /* what `low` says */
	bool has_returned;  /* m->original.fields is its header */
	int cap;
};

struct report_saying { /* about one recipient; empty what was not said */
	struct str address, alias;
	struct str action, status; /* of RFC 3464 */
	struct str diagnostic;	   /* what the refusing server said */
	enum reason around;	   /* what else was said of it; none: what the report's text says */
};

/* All: -1 out of memory. */
int report_begin(struct report *r, struct part_context *x, struct part *root, struct mail *m); /* finds the original */
int report_settle(struct report *r, const struct report_saying *s); /* adds, or says more of one that is there */
struct mail_recipient *report_find(struct report *r, struct str address);
struct str report_lower(struct report *r, struct str s, size_t max); /* lower case, single spaces */
bool report_has(struct str lower, const char *phrases);		     /* one of them, "|" between */

/* message/delivery-status parts; in_text: or the same fields in a text, which people paste as well. */
int report_dsn(struct report *r, bool in_text);
/* What a text for people says of one address; .n 0: nothing that tells why. */
struct str report_said_of(struct report *r, struct str address);
int report_words(struct report *r);		   /* a text for people that names addresses and reasons */
int report_arf(struct report *r, bool *complaint); /* message/feedback-report, and what went before it */
int report_json(struct report *r, bool *complaint, bool *found); /* notifications of Amazon SES */

/* Which command of SMTP was refused, as far as the report tells: lower case, "rcpt", "data", "mail", ...; may be empty. */
struct str report_command(const struct report *r, struct str diagnostic_lower);

/* An address in a line, from *at: without brackets. Empty: none. */
struct str report_address(struct str line, size_t *at);
