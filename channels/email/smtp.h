/*
 * SMTP submission to the smart hosts of an account (RFC 5321, 3207, 4954): libcurl makes the connections, connection.c speaks
 * over them, and this file knows which there are. They are kept and used again; how many and how fast, and what follows
 * when a host fails, is hosts.h.
 *
 * A mail is put into a job: smtp_job gives one if a host can take a mail now, the caller fills it in, and smtp_send sends
 * it or smtp_job_drop gives it back. `done` is called once for each job sent, from the loop, never from within smtp_send.
 */
#pragma once
#include "base/loop.h"
#include "email/enhanced.h"
#include "email/hosts.h"
#include "email/settings.h"

enum smtp_result {
	SMTP_SENT,	/* taken over by the host */
	SMTP_TEMPORARY, /* refused for now, by a 4xx; `reply` says why */
	SMTP_PERMANENT, /* refused for good, by a 5xx */
	SMTP_HOST,	/* the host failed before it said anything about this mail: another one, or later */
	SMTP_LOST,	/* the connection was lost before the mail was whole: the host cannot have taken it */
	SMTP_UNCERTAIN	/* the mail was whole, and the answer was lost */
};

struct smtp_answer {
	enum smtp_result result;
	struct smtp_reply reply; /* code 0: the host said nothing */
	const char *reason;	 /* for people, when the host said nothing */
	const char *host;
	bool recipient; /* it was the recipient that was refused */
	bool reused; /* over a connection that other mails had used, without an answer to this one: no fault of its */
};

struct smtp_job {
	struct buf head, mail;	 /* what goes over the wire: head (signatures), then mail */
	char from[400], to[400]; /* envelope, domains in A-labels */
	bool utf8;		 /* a mailbox is not ASCII: needs SMTPUTF8 (RFC 6531) */
	void *arg;
};

struct smtp;

struct smtp_calls {
	void (*done)(void *arg, struct smtp_job *job, const struct smtp_answer *a);
	void (*changed)(void *arg); /* a host came up or went down, or there may be room again */
	void (*more)(void *arg); /* a mail sent from within this call saves a round trip: smtp_job has room for one */
	void *arg;
};

int smtp_new(const struct email_settings *set, const char *hello, struct loop *loop, const struct smtp_calls *calls,
	     struct smtp **out, struct err *err);
void smtp_free(struct smtp **s);

/* Finds out whether a host works: asks one, with TLS and AUTH, and again until one does. */
void smtp_start(struct smtp *s);
/* NULL: no host can take one now; `changed` follows when one can. Its buffers are empty. */
struct smtp_job *smtp_job(struct smtp *s);
void smtp_job_drop(struct smtp *s, struct smtp_job *job);
int smtp_send(struct smtp *s, struct smtp_job *job); /* -1: out of memory; the job is dropped */
/* Ends all jobs at once: done is called for each, UNCERTAIN or LOST. Connections are closed. */
void smtp_abort(struct smtp *s);
const struct smart_hosts *smtp_hosts(const struct smtp *s);
size_t smtp_active(const struct smtp *s);
