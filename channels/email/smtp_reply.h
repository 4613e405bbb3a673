/*
 * Codes in what servers and reports say: SMTP replies (RFC 5321 section 4.2) and enhanced status codes (RFC 3463), found
 * in running text among addresses of hosts, versions and sizes. Pure.
 */
#pragma once
#include "base/str.h"

struct smtp_reply {
	int code;	 /* 400 to 599; 0: none */
	char status[12]; /* "5.1.1"; empty: none. One that says more than "5.0.0" is preferred */
	size_t at;	 /* where the first of the two stands */
};

bool smtp_reply_find(struct str text, struct smtp_reply *out); /* false: neither */
/* "5.1.1 (whatever)": into out, at least one digit each; false: no status at its start. */
bool smtp_status_read(struct str text, char out[12]);
