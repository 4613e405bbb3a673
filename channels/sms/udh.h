/*
 * The user data header of a short message (3GPP TS 23.040 section 9.2.3.24): concatenation, national tables, ports.
 * A header that lies about its lengths is no header. Pure; any thread.
 */
#pragma once
#include "sms/gsm7.h"

struct udh {
	size_t length; /* octets with the length octet; 0: there is none */
	uint8_t width; /* of the concatenation reference: 8, 16, 0: whole message */
	uint16_t ref;
	uint8_t total, seq; /* as sent; usable if 1 <= seq <= total */
	struct gsm7 tables;
	int source_port, dest_port; /* -1: none */
};

/* data begins with the header. False: malformed; then *out says that there is none. */
bool udh_read(struct str data, struct udh *out);
/* Appends a header; total 0 or 1 leaves the concatenation out. Writes nothing if there would be nothing in it. */
void udh_write(struct buf *b, const struct udh *u);
