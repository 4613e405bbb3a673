/* What one message wants otherwise than its account: the JSON object in delivery.options. Pure; any thread. */
#pragma once
#include "sms/pdu.h"
#include "sms/segment.h"

enum { WISH_TLVS_MAX = 16, WISH_BYTES_MAX = 1024 };

struct wish {
	struct segment_options text;
	int class;	      /* message class 0..3 (0: flash); -1: none */
	int protocol_id;      /* -1: the account's */
	int priority;	      /* priority_flag 0..3; -1: by priority */
	char service_type[6]; /* empty: the account's */
	size_t tlvs_n, bytes_n;
	struct pdu_tlv tlv[WISH_TLVS_MAX]; /* values lie in `bytes` */
	char bytes[WISH_BYTES_MAX];
};

/* Members: "flash" (bool), "class" (0..3), "encoding" ("auto", "gsm7", "ucs2"), "smart" (bool), "long" ("udh8", ...),
 * "max_segments", "protocol_id" (0..255), "priority_flag" (0..3), "service_type", "tlvs" ({"0x1403": "hex"}). Members
 * it does not know are for other channels and left alone. -1: *why (static) says which is wrong. */
int wish_read(const struct sms_settings *s, struct str options, struct wish *out, const char **why);
