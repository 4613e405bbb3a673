/*
 * The PDUs that open, keep and end a session (SMPP 3.4 section 4.1, 4.2, 4.3, 4.11): bind_*, outbind, unbind,
 * enquire_link, generic_nack and the answers to them. There is one of them for thousands of messages, so they go through
 * libsmpp34 (pdu_library.h), with our own reader as the guard before it and our own writer for what it refuses:
 * sequence number 0, vendor statuses, a refused bind without body, the longer passwords that some SMSCs give out.
 *
 * control_read and control_write call the library and so belong to the loop thread of the SMS accounts; control_parse
 * and control_format are our own halves, pure, for any thread.
 */
#pragma once
#include "sms/pdu.h"

enum { CONTROL_TEXT = 65 };

struct control {
	uint32_t command, status, sequence;
	bool body;    /* what follows has been read, or is to be written */
	bool library; /* libsmpp34 read or wrote it */
	uint8_t interface_version, addr_ton, addr_npi;
	uint8_t sc_version; /* sc_interface_version of a bind's answer; 0: it did not say */
	char system_id[CONTROL_TEXT], password[CONTROL_TEXT], system_type[CONTROL_TEXT], address_range[CONTROL_TEXT];
};

bool control_is(uint32_t command); /* it is one of these PDUs */

/* pdu is whole, with its header. An answer without body is well-formed; then body is false. -1: the header's members of
 * *out are set if there was one, so that an answer can still be matched; *fault says what is wrong and where. */
int control_read(struct str pdu, struct control *out, struct pdu_fault *fault);
int control_parse(struct str pdu, struct control *out, struct pdu_fault *fault);

/* Appends the PDU. -1: not one of these commands, or out of memory. */
int control_write(struct buf *b, struct control *c);
int control_format(struct buf *b, const struct control *c);
