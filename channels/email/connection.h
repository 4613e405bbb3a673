/*
 * One connection to a smart host and what is said over it: MAIL, RCPT, DATA, the mail, again and again (RFC 5321), in one
 * go where the host has PIPELINING (RFC 2920). There the envelope of the next mail follows the dot of this one, as section
 * 3.1 allows, so that a mail costs one round trip. A refused recipient does not cost the connection: RSET goes before the
 * next.
 */
#pragma once
#include "email/multi.h"
#include "email/smtp.h"

enum connection_state {
	CONNECTION_CLOSED,
	CONNECTION_CONNECTING, /* to TLS and AUTH, by libcurl */
	CONNECTION_IDLE,
	CONNECTION_BUSY, /* a mail is under way */
};

/* What replies are still due for: RSET and an envelope, or a dot and the envelope behind it. */
enum { DUE_MAX = 4 };

struct slot {
	struct smtp_job job; /* first: a job is its slot */
	struct connection *c;
	bool taken;
};

struct connection {
	struct slot slots[2], *now, *next; /* next: whose envelope follows the mail now under way */
	struct smtp *s;
	const struct email_settings *set;
	struct loop *loop;
	struct transfer t;
	struct smart_host *host, *url_host;
	const char *hello;
	enum connection_state state;
	bool broken, used, next_said; /* next_said: its envelope has gone out, or is in out */
	struct watch *watch;
	uint32_t events;
	struct timer timer; /* when a reply is overdue, or it has been idle long enough */
	struct buf out;
	size_t out_at, mail_at,
		end_at;		 /* what was sent of out, and put into it of the mail; where the mail ends in it */
	bool line_begins, ended; /* the mail: at the beginning of a line; its last dot is in out */
	uint8_t due[DUE_MAX];
	size_t due_n;
	bool needs_reset, pipelining, utf8, sizes;
	int64_t size_max;
	struct smtp_reply reply, refusal;
	bool recipient; /* refusal is of the recipient */
	size_t line_n;
	char line[1024], error[CURL_ERROR_SIZE];
};

/* What it tells its owner (smtp.c): each at most once for each connect or mail. */
void connection_opened(struct connection *c); /* idle, or with a job: its mail goes next */
void connection_failed(struct connection *c, const char *reason, bool refused); /* closed before it was open */
/* Of the job in the slot; the connection is idle, at the next mail, or closed. reply NULL: nothing was said of this mail. */
void connection_answered(struct connection *c, struct slot *slot, enum smtp_result result,
			 const struct smtp_reply *reply, const char *reason);
void connection_room(
	struct connection *c); /* the mail is out: one for `next` can follow it now, by connection_follow */
void connection_gone(struct connection *c); /* an idle one was closed */

int connection_init(struct connection *c, struct multi *m);
void connection_free(struct connection *c);
int connection_open(struct connection *c, struct smart_host *h); /* -1: no memory */
void connection_mail(struct connection *c);			 /* the job of `now`, over the idle connection */
void connection_follow(struct connection *c);			 /* the job of `next`, within connection_room */
void connection_close(struct connection *c);			 /* with QUIT, if it is open; tells nothing */
/* If it were lost now: has the host got the whole mail of `now`? */
bool connection_is_uncertain(const struct connection *c);
