/*
 * SMPP 3.4 PDUs as bytes (section 3.2, 4 and 5): read with every length checked, written straight into a buffer.
 *
 * A read message points into the PDU. Nothing is copied, nothing is trusted: a field that does not end within the PDU is
 * an error, an optional parameter of any tag and any length within the PDU is accepted. Pure; any thread.
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
	TLV_RECEIPTED_MESSAGE_ID = 0x001E,
	TLV_NETWORK_ERROR_CODE = 0x0423,
	TLV_MESSAGE_PAYLOAD = 0x0424,
	TLV_MORE_MESSAGES_TO_SEND = 0x0426,
	TLV_MESSAGE_STATE = 0x0427
};

/* esm_class (section 5.2.12). */
enum { ESM_TYPE = 0x3C, ESM_RECEIPT = 0x04, ESM_INTERMEDIATE = 0x20, ESM_UDHI = 0x40 };

const char *pdu_command_name(uint32_t command); /* "submit_sm"; "unknown" */

struct pdu_tlv {
	uint16_t tag;
	struct str value;
};

/* What submit_sm, deliver_sm and data_sm have in common. data_sm leaves out what it does not carry. */
struct pdu_message {
	struct str service_type, source, dest, schedule, validity;
	uint8_t source_ton, source_npi, dest_ton, dest_npi;
	uint8_t esm_class, protocol_id, priority, registered, replace, data_coding, default_msg;
	struct str body; /* short_message, or message_payload if that is there */
	size_t tlvs_n;	 /* those beyond PDU_TLVS_MAX are dropped */
	struct pdu_tlv tlv[PDU_TLVS_MAX];
};

/* pdu is whole, with its header. -1: does not decode; *why (static) says what. */
int pdu_read_message(uint32_t command, struct str pdu, struct pdu_message *out, const char **why);
/* The value of the first TLV with this tag; .p NULL if absent. */
struct str pdu_tlv_find(const struct pdu_message *m, uint16_t tag);
/* Big-endian number of up to 4 bytes; -1 if absent or of another length. */
int64_t pdu_tlv_number(const struct pdu_message *m, uint16_t tag);

/* Appends a whole submit_sm with sequence number 0 (its place is 12 bytes behind the beginning). A body over
 * PDU_SHORT_MAX goes out as message_payload. */
void pdu_write_submit(struct buf *out, const struct pdu_message *m);
