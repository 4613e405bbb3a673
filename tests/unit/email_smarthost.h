/*
 * A smart host for the tests of the email adapter: plain SMTP on a free port, stepped by the test, with replies that can be
 * replaced. It answers at once what it has read, so one that waits for it in the middle of everything would wait for ever.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { SMARTHOST_CONNECTIONS = 64, SMARTHOST_MAIL = 64 << 10 };

struct smarthost_connection {
	int fd;
	bool data;
	size_t n;
	char room[SMARTHOST_MAIL];
};

struct smarthost {
	int fd, port;
	struct smarthost_connection *at[SMARTHOST_CONNECTIONS];
	/* what it says; NULL: the usual. "" says nothing and breaks off, "-" says nothing */
	const char *greeting, *mail, *rcpt, *data, *end;
	const char *rcpt_once, *end_once; /* as rcpt and end, for the next one only */
	const char *nobody;		  /* a mailbox it does not have */
	bool quiet;			  /* reads nothing */
	bool plain;			  /* has no PIPELINING, no SMTPUTF8 */
	int connections, mails, quits, resets, reads;
	char from[256], to[256], last[SMARTHOST_MAIL]; /* of the last mail that was whole */
};

void smarthost_open(struct smarthost *h);
void smarthost_step(struct smarthost *h);
void smarthost_cut(struct smarthost *h);   /* breaks all connections off */
void smarthost_close(struct smarthost *h); /* also stops listening */
