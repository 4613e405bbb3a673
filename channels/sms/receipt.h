/*
 * Delivery receipts (SMPP 3.4 appendix B says "vendor specific", and so they are). The text form is read key by key, in
 * any order, any case, with "_" or a space within keys, with or without what separates them, missing, empty or quoted
 * fields, and dates in many forms; the optional parameters go before the text where both are there. Pure; any thread.
 *
 * Dates have no zone and are taken as UTC, except where they are written as SMPP's own absolute time (section 7.1.1) or in
 * RFC 3339, which say it. An account whose SMSC writes its local time says so (receipt_time_zone); inbound.c applies it.
 */
#pragma once
#include "model/words.h"

struct receipt_text {
	bool is_receipt;	  /* it has an id and a state */
	bool typical;		  /* and counts or dates too: nobody writes that by hand */
	struct str id, stat, err; /* as written, within the text */
	int state;		  /* message_state of section 5.2.28: 1 enroute .. 8 rejected; 0: the word is unknown */
	int64_t submitted_at, done_at; /* microseconds, UTC; 0: none */
	bool zoned;		       /* done_at says its zone, so that the account's must not be applied to it */
};

void receipt_parse(struct str text, struct receipt_text *out);
const char *receipt_state_word(int state);  /* "delivered", "undeliverable", ...; "unknown" */
const char *receipt_state_short(int state); /* "DELIVRD", ... */
enum status receipt_status(int state);	    /* what it means for a delivery; STATUS_SENT: an event only */
