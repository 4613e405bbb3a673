/*
 * data_coding of a received message (SMPP 3.4 section 5.2.19; its upper half is the GSM data coding scheme, 3GPP
 * TS 23.038 section 4) to UTF-8. Pure; any thread.
 */
#pragma once
#include "sms/gsm7.h"
#include "sms/settings.h"

enum coding { CODING_DEFAULT, CODING_ASCII, CODING_LATIN1, CODING_BINARY, CODING_UCS2, CODING_OTHER };

enum coding coding_of(uint8_t data_coding);

/* Appends the text of `data` (behind its user data header of `header` octets, which is not in data). False: it is not
 * text, or in a character set that this system cannot convert; nothing is appended. */
bool coding_decode(uint8_t data_coding, enum sms_alphabet alphabet, struct gsm7 tables, size_t header, struct str data,
		   struct buf *out);
/* For a part of a longer text, whose decoded `text` is given: where the cut went through a surrogate pair, the half is put
 * in the place of U+FFFD as struct inbound wants it (model/message.h). */
void coding_halves(uint8_t data_coding, struct str data, struct buf *text);
/* UTF-8 to the bytes of ISO 8859-1; what it lacks becomes "?". */
void coding_latin1(struct str text, struct buf *out);
