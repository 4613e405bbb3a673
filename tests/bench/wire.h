/*
 * The few PDUs of SMPP 3.4 that the simulator and the bare ESME speak, read and written by hand: not the gateway's codec,
 * so that one error cannot hide in both. Section numbers are those of SMPP v3.4 issue 1.2.
 */
#pragma once
#include "base/str.h"

enum { /* command_id, section 5.1.2.1 */
       WIRE_BIND_RX = 1,
       WIRE_BIND_TX = 2,
       WIRE_QUERY = 3,
       WIRE_SUBMIT = 4,
       WIRE_DELIVER = 5,
       WIRE_UNBIND = 6,
       WIRE_BIND_TRX = 9,
       WIRE_ENQUIRE = 0x15
};
#define WIRE_NACK UINT32_C(0x80000000)
#define WIRE_ANSWER UINT32_C(0x80000000) /* the bit that makes a request's id its answer's */

enum { /* command_status, section 5.1.3 */
       WIRE_OK = 0,
       WIRE_BAD_LENGTH = 0x02,
       WIRE_BAD_COMMAND = 0x03,
       WIRE_BAD_STATE = 0x04,
       WIRE_BAD_PASSWORD = 0x0e,
       WIRE_SUBMIT_FAILED = 0x45,
       WIRE_THROTTLED = 0x58,
       WIRE_TRY_LATER = 0x64, /* ESME_RX_T_APPN */
       WIRE_QUERY_FAILED = 0x67
};

enum { WIRE_HEADER = 16, WIRE_PDU_MAX = 70000 };

struct wire_head {
	uint32_t length, command, status, sequence;
};

/* What submit_sm and deliver_sm have in common (4.4.1, 4.6.1). Strings point into the PDU. */
struct wire_sm {
	struct str from, to, text; /* text: short_message or message_payload, with any UDH */
	uint8_t esm_class, registered, coding;
	struct str receipted_id; /* TLV 0x001e, empty if none */
};

uint32_t wire_get32(const char *p);
/* At least 16 bytes. */
struct wire_head wire_head(const char *p);
bool wire_sm(struct str body, struct wire_sm *out);
/* The next C-octet string of *body, which moves behind it; false: it does not end. */
bool wire_text(struct str *body, struct str *out);

/* wire_begin writes a header whose length is still open; wire_end sets it. */
size_t wire_begin(struct buf *b, uint32_t command, uint32_t status, uint32_t sequence);
void wire_end(struct buf *b, size_t began);
void wire_empty(struct buf *b, uint32_t command, uint32_t status, uint32_t sequence); /* a PDU without body */
/* The body of a submit_sm or deliver_sm; TLVs may follow. Addresses: TON 1 and NPI 1 for numbers, 0 else. */
void wire_add_sm(struct buf *b, const struct wire_sm *m);
void wire_add_tlv(struct buf *b, uint16_t tag, const void *p, size_t n);
void wire_add_text(struct buf *b, struct str s); /* C-octet string */
