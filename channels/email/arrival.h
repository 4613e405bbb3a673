/*
 * One mail on its way in: understood, its original and its files kept, then handed to the gateway:
 *
 *   message, auto-reply   an inbound of its From; the text is what was written now, the original is among its files
 *   bounce, delay         a receipt of the delivery it is about; a hard bounce also stops mail to the address
 *   complaint             stops mail to the address
 *
 * A report that names no delivery of ours is kept as an auto-reply is, so that somebody sees it. Everything runs on the
 * account's loop; `done` is called once, after the commit.
 */
#pragma once
#include "channel/channel.h"
#include "email/settings.h"

struct arrival_to {
	const struct email_settings *set;
	const struct channel_host *host;
	const char *domain; /* of our Message-IDs */
};

/* answer: ACCEPTED, REJECTED or BUSY; why is for the peer. */
typedef void arrival_done(void *arg, enum intake_answer answer, const char *why);

/* Copies. where lives as long as the account. -1: out of memory, done is not called. */
int arrival_start(const struct arrival_to *where, struct str from, const struct str *to, size_t n, struct str raw,
		  arrival_done *done, void *arg);
