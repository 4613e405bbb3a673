/*
 * The settings of one SMPP account: the table behind a `[sms NAME]` section and the struct that it fills.
 * Durations are microseconds. Those marked `reload` in the table may change while the account runs.
 */
#pragma once
#include "base/settings.h"

enum sms_bind { SMS_BIND_TRANSCEIVER, SMS_BIND_SPLIT, SMS_BIND_TRANSMITTER, SMS_BIND_RECEIVER };
enum sms_encoding { SMS_ENCODING_AUTO, SMS_ENCODING_GSM7, SMS_ENCODING_UCS2 };
enum sms_long { SMS_LONG_UDH8, SMS_LONG_UDH16, SMS_LONG_SAR, SMS_LONG_PAYLOAD };
enum sms_alphabet { SMS_ALPHABET_GSM, SMS_ALPHABET_LATIN1, SMS_ALPHABET_PACKED };
enum sms_receipts { SMS_RECEIPTS_NONE, SMS_RECEIPTS_FINAL, SMS_RECEIPTS_FAILURE };
enum sms_validity { SMS_VALIDITY_RELATIVE, SMS_VALIDITY_ABSOLUTE, SMS_VALIDITY_NONE };
enum sms_receipt_id { SMS_RECEIPT_ID_AUTO, SMS_RECEIPT_ID_HEX_TO_DEC, SMS_RECEIPT_ID_DEC_TO_HEX };
enum sms_query { SMS_QUERY_NONE, SMS_QUERY_UNCERTAIN, SMS_QUERY_ALL };
enum sms_lost { SMS_LOST_RESEND, SMS_LOST_WAIT };

struct sms_settings {
	char *host, *standby;
	int64_t port;
	bool tls, tls_verify;
	char *tls_ca, *tls_cert, *tls_key, *tls_name;
	char *system_id, *password, *system_type, *address_range;
	int bind; /* enum sms_bind */
	int64_t binds;
	char *source_addr;
	int source_ton, source_npi, dest_ton, dest_npi; /* 0: auto; else an index of the words, see settings_ton */
	int64_t window, queue, throughput, inbound_window;
	int64_t enquire_link, response_timeout, inactivity_timeout, connect_timeout, bind_timeout;
	int64_t reconnect_min, reconnect_max;
	int encoding; /* enum sms_encoding */
	bool smart;
	char *national;
	int long_form; /* enum sms_long */
	int64_t max_segments;
	int alphabet; /* enum sms_alphabet */
	int receipts; /* enum sms_receipts */
	char *service_type;
	int64_t protocol_id;
	bool priority;
	int64_t validity;
	int validity_form; /* enum sms_validity */
	char *receipt_time_zone;
	int query; /* enum sms_query */
	int64_t query_after;
	int receipt_id;			  /* enum sms_receipt_id */
	int lost_service, lost_marketing; /* enum sms_lost */
};

extern const struct setting sms_settings_table[];

/* The number on the wire for a word of the TON and NPI settings (SMPP 3.4 sections 5.2.5, 5.2.6); -1 for auto. */
int sms_settings_ton(int word);
int sms_settings_npi(int word);
/* "+02:00", "-03:30", "UTC": how far ahead of UTC, in microseconds; false: none of these. */
bool sms_settings_offset(const char *text, int64_t *out);
/* What the table cannot say (limits between keys, forms of addresses). err.field is the key. */
int sms_settings_check(const struct sms_settings *s, struct err *err);
