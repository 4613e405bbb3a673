/*
 * SMPP 3.4 PDUs as bytes (section 3.2, 4 and 5): read with every length checked, written straight into a buffer.
 *
 * A read message points into the PDU. Nothing is copied, nothing is trusted: a field that does not end within the PDU is
 * an error, an optional parameter of any tag and any length within the PDU is accepted. One thing is forgiven, because
 * the field does it: the last value of a PDU (short_message, optional parameter) may claim to be longer than what is
 * there; then it is what is there, and `cut` says so. The PDUs that keep a session are read in control.h. Pure; any
 * thread.
 */
#pragma once
#include "base/str.h"

enum { PDU_HEADER = 16, PDU_MAX = 70000, PDU_TLVS_MAX = 64, PDU_SHORT_MAX = 254 };

#define PDU_RESPONSE 0x80000000u
#define PDU_GENERIC_NACK 0x80000000u
#define PDU_BIND_RECEIVER 0x00000001u
#define PDU_BIND_RECEIVER_RESP 0x80000001u
#define PDU_BIND_TRANSMITTER 0x00000002u
#define PDU_BIND_TRANSMITTER_RESP 0x80000002u
#define PDU_QUERY_SM 0x00000003u
#define PDU_QUERY_SM_RESP 0x80000003u
#define PDU_SUBMIT_SM 0x00000004u
#define PDU_SUBMIT_SM_RESP 0x80000004u
#define PDU_DELIVER_SM 0x00000005u
#define PDU_DELIVER_SM_RESP 0x80000005u
#define PDU_UNBIND 0x00000006u
#define PDU_UNBIND_RESP 0x80000006u
#define PDU_REPLACE_SM 0x00000007u
#define PDU_REPLACE_SM_RESP 0x80000007u
#define PDU_CANCEL_SM 0x00000008u
#define PDU_CANCEL_SM_RESP 0x80000008u
#define PDU_BIND_TRANSCEIVER 0x00000009u
#define PDU_BIND_TRANSCEIVER_RESP 0x80000009u
#define PDU_OUTBIND 0x0000000Bu
#define PDU_ENQUIRE_LINK 0x00000015u
#define PDU_ENQUIRE_LINK_RESP 0x80000015u
#define PDU_SUBMIT_MULTI 0x00000021u
#define PDU_SUBMIT_MULTI_RESP 0x80000021u
#define PDU_ALERT_NOTIFICATION 0x00000102u
#define PDU_DATA_SM 0x00000103u
#define PDU_DATA_SM_RESP 0x80000103u

/* Optional parameters that we read or write (section 5.3.2). */
enum {
	TLV_USER_MESSAGE_REFERENCE = 0x0204,
	TLV_SOURCE_PORT = 0x020A,
	TLV_DESTINATION_PORT = 0x020B,
	TLV_SAR_MSG_REF_NUM = 0x020C,
	TLV_LANGUAGE_INDICATOR = 0x020D,
	TLV_SAR_TOTAL_SEGMENTS = 0x020E,
	TLV_SAR_SEGMENT_SEQNUM = 0x020F,
	TLV_SC_INTERFACE_VERSION = 0x0210,
	TLV_RECEIPTED_MESSAGE_ID = 0x001E,
	TLV_NETWORK_ERROR_CODE = 0x0423,
	TLV_MESSAGE_PAYLOAD = 0x0424,
	TLV_MORE_MESSAGES_TO_SEND = 0x0426,
	TLV_MESSAGE_STATE = 0x0427
};

/* esm_class (section 5.2.12). */
enum { ESM_TYPE = 0x3C, ESM_RECEIPT = 0x04, ESM_INTERMEDIATE = 0x20, ESM_UDHI = 0x40 };

/* The header (section 3.2). */
struct pdu_header {
	uint32_t length, command, status, sequence;
};

static inline uint32_t pdu_u32(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* p has PDU_HEADER bytes. */
static inline struct pdu_header pdu_header(const char *p)
{
	return (struct pdu_header){pdu_u32(p), pdu_u32(p + 4), pdu_u32(p + 8), pdu_u32(p + 12)};
}

static inline void pdu_put_u32(char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (char)(v >> (24 - 8 * i));
}

static inline void pdu_put_header(char *p, const struct pdu_header *h)
{
	pdu_put_u32(p, h->length);
	pdu_put_u32(p + 4, h->command);
	pdu_put_u32(p + 8, h->status);
	pdu_put_u32(p + 12, h->sequence);
}

/* What is wrong with a PDU, and what its sender must be told: a command_status for generic_nack or the answer. */
struct pdu_fault {
	uint32_t status;
	uint32_t at;	  /* octet of the PDU where it shows */
	const char *what; /* static */
};

const char *pdu_command_name(uint32_t command); /* "submit_sm"; "unknown" */
const char *pdu_tlv_name(uint16_t tag);		/* "message_payload"; "vendor" or "reserved" for the others */

struct pdu_tlv {
	uint16_t tag;
	struct str value;
};

/* What submit_sm, deliver_sm and data_sm have in common. data_sm leaves out what it does not carry. */
struct pdu_message {
	struct str service_type, source, dest, schedule, validity;
	uint8_t source_ton, source_npi, dest_ton, dest_npi;
	uint8_t esm_class, protocol_id, priority, registered, replace, data_coding, default_msg;
	bool cut;	 /* the last value is shorter than it says */
	struct str body; /* short_message, or message_payload if that is there */
	size_t tlvs_n;	 /* those beyond PDU_TLVS_MAX are dropped */
	struct pdu_tlv tlv[PDU_TLVS_MAX];
};

/* pdu is whole, with its header, whose command must be submit_sm, deliver_sm or data_sm. -1: does not decode; *fault says
 * what and where. */
int pdu_read_message(struct str pdu, struct pdu_message *out, struct pdu_fault *fault);
/* The value of the first TLV with this tag; .p NULL if absent. */
struct str pdu_tlv_find(const struct pdu_message *m, uint16_t tag);
/* Big-endian number of up to 4 bytes; -1 if absent or of another length. */
int64_t pdu_tlv_number(const struct pdu_message *m, uint16_t tag);

/* Appends a whole submit_sm with sequence number 0 (its place is 12 bytes behind the beginning). A body over
 * PDU_SHORT_MAX goes out as message_payload; it and the values of optional parameters have at most 65535 bytes. `cut` is
 * not looked at. */
void pdu_write_submit(struct buf *out, const struct pdu_message *m);
