/*
 * A PDU, field by field. What a command carries is a table here, wider than what the adapter itself reads or writes; the
 * three messages are read by the adapter's own pdu_read_message first, and what that refuses is refused here.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "sms/coding.h"
#include "sms/explain.h"
#include "sms/pdu.h"
#include "sms/status.h"
#include "sms/udh.h"

enum { HEX_MAX = 2 * PDU_MAX, FIELDS = 20 };

enum form { END, BYTE, TEXT, SECRET, MESSAGE, WORD32, DESTS, UNDELIVERED };

struct field {
	const char *name;
	enum form form;
};

/* clang-format off */
#define SOURCE {"source_addr_ton", BYTE}, {"source_addr_npi", BYTE}, {"source_addr", TEXT}
#define DEST {"dest_addr_ton", BYTE}, {"dest_addr_npi", BYTE}, {"destination_addr", TEXT}
#define SETTINGS_OF_SM                                                                                                   \
	{"esm_class", BYTE}, {"protocol_id", BYTE}, {"priority_flag", BYTE}, {"schedule_delivery_time", TEXT},              \
		{"validity_period", TEXT}, {"registered_delivery", BYTE}, {"replace_if_present_flag", BYTE},               \
		{"data_coding", BYTE}, {"sm_default_msg_id", BYTE}, {"short_message", MESSAGE}

#define BIND                                                                                                             \
	{"system_id", TEXT}, {"password", SECRET}, {"system_type", TEXT}, {"interface_version", BYTE}, {"addr_ton", BYTE}, \
		{"addr_npi", BYTE}, {"address_range", TEXT}
/* clang-format on */

static const struct body {
	uint32_t command;
	struct field fields[FIELDS];
} bodies[] = {
	{PDU_BIND_RECEIVER, {BIND}},
	{PDU_BIND_TRANSMITTER, {BIND}},
	{PDU_BIND_TRANSCEIVER, {BIND}},
	{PDU_BIND_RECEIVER_RESP, {{"system_id", TEXT}}},
	{PDU_BIND_TRANSMITTER_RESP, {{"system_id", TEXT}}},
	{PDU_BIND_TRANSCEIVER_RESP, {{"system_id", TEXT}}},
	{PDU_OUTBIND, {{"system_id", TEXT}, {"password", SECRET}}},
	{PDU_SUBMIT_SM, {{"service_type", TEXT}, SOURCE, DEST, SETTINGS_OF_SM}},
	{PDU_DELIVER_SM, {{"service_type", TEXT}, SOURCE, DEST, SETTINGS_OF_SM}},
	{PDU_SUBMIT_MULTI, {{"service_type", TEXT}, SOURCE, {"dest_addresses", DESTS}, SETTINGS_OF_SM}},
	{PDU_DATA_SM,
	 {{"service_type", TEXT},
	  SOURCE,
	  DEST,
	  {"esm_class", BYTE},
	  {"registered_delivery", BYTE},
	  {"data_coding", BYTE}}},
	{PDU_SUBMIT_SM_RESP, {{"message_id", TEXT}}},
	{PDU_DELIVER_SM_RESP, {{"message_id", TEXT}}},
	{PDU_DATA_SM_RESP, {{"message_id", TEXT}}},
	{PDU_SUBMIT_MULTI_RESP, {{"message_id", TEXT}, {"unsuccess_sme", UNDELIVERED}}},
	{PDU_QUERY_SM, {{"message_id", TEXT}, SOURCE}},
	{PDU_QUERY_SM_RESP,
	 {{"message_id", TEXT}, {"final_date", TEXT}, {"message_state", BYTE}, {"error_code", BYTE}}},
	{PDU_CANCEL_SM, {{"service_type", TEXT}, {"message_id", TEXT}, SOURCE, DEST}},
	{PDU_REPLACE_SM,
	 {{"message_id", TEXT},
	  SOURCE,
	  {"schedule_delivery_time", TEXT},
	  {"validity_period", TEXT},
	  {"registered_delivery", BYTE},
	  {"sm_default_msg_id", BYTE},
	  {"short_message", MESSAGE}}},
	{PDU_ALERT_NOTIFICATION, {SOURCE, {"esme_addr_ton", BYTE}, {"esme_addr_npi", BYTE}, {"esme_addr", TEXT}}},
};

struct walk {
	struct str rest;
	const char *why;
	struct json_out *j;
	bool cut; /* the last value claims to be longer */
};

static uint32_t number(struct str s)
{
	uint32_t v = 0;

	for (size_t i = 0; i < s.n; i++)
		v = v << 8 | (uint8_t)s.p[i];
	return v;
}

static struct str bytes(struct walk *w, size_t n)
{
	struct str s = w->rest;

	if (w->why || s.n < n) {
		w->why = w->why ? w->why : "truncated";
		return STR("");
	}
	w->rest = str_n(s.p + n, s.n - n);
	return str_n(s.p, n);
}

/* The last value of a PDU is what is there of it (pdu.h). */
static struct str last_value(struct walk *w, size_t n, const char *why)
{
	if (n > w->rest.n && w->rest.n) {
		w->cut = true;
		n = w->rest.n;
	} else if (n > w->rest.n && !w->why)
		w->why = why;
	return bytes(w, n);
}

static struct str text(struct walk *w)
{
	const char *end = w->rest.n ? memchr(w->rest.p, 0, w->rest.n) : NULL;
	struct str s;

	if (!end)
		w->why = w->why ? w->why : "a text field has no end";
	s = bytes(w, end ? (size_t)(end - w->rest.p) : 0);
	(void)bytes(w, 1);
	return s;
}

static void hex_value(struct json_out *j, const char *key, struct str v)
{
	char *hex = malloc(2 * v.n + 1);

	if (hex)
		crypto_hex(v.p, v.n, hex);
	json_cstr(j, key, hex);
	free(hex);
}

static void address(struct walk *w, const char *key)
{
	json_obj(w->j, key);
	json_int(w->j, "ton", number(bytes(w, 1)));
	json_int(w->j, "npi", number(bytes(w, 1)));
	json_str(w->j, "addr", text(w));
}

static void list(struct walk *w, const struct field *f)
{
	uint32_t n = number(bytes(w, 1));

	json_arr(w->j, f->name);
	for (uint32_t i = 0; i < n && !w->why; i++) {
		if (f->form == UNDELIVERED) {
			address(w, NULL);
			json_int(w->j, "error_status_code", number(bytes(w, 4)));
		} else if (number(bytes(w, 1)) == 1) { /* dest_flag: an address, else the name of a distribution list */
			address(w, NULL);
		} else {
			json_obj(w->j, NULL);
			json_str(w->j, "dl_name", text(w));
		}
		json_end(w->j);
	}
	json_end(w->j);
}

static void field(struct walk *w, const struct field *f)
{
	struct str v;
	uint32_t n;

	switch (f->form) {
	case BYTE: json_int(w->j, f->name, number(bytes(w, 1))); break;
	case WORD32: json_int(w->j, f->name, number(bytes(w, 4))); break;
	case TEXT: json_str(w->j, f->name, text(w)); break;
	case SECRET:
		(void)text(w);
		json_cstr(w->j, f->name, "***");
		break;
	case MESSAGE:
		n = number(bytes(w, 1));
		v = last_value(w, n, "sm_length is longer than the PDU");
		json_int(w->j, "sm_length", n);
		hex_value(w->j, f->name, v);
		break;
	default: list(w, f); break;
	}
}

static void tlvs(struct walk *w)
{
	json_arr(w->j, "tlvs");
	while (w->rest.n && !w->why) {
		uint32_t tag = number(bytes(w, 2)), length = number(bytes(w, 2));
		struct str v = w->why ? STR("") : last_value(w, length, "an optional parameter is longer than the PDU");
		if (w->why)
			break;
		json_obj(w->j, NULL);
		json_int(w->j, "tag", tag);
		json_cstr(w->j, "name", pdu_tlv_name((uint16_t)tag));
		json_int(w->j, "length", length);
		hex_value(w->j, "value", v);
		json_end(w->j);
	}
	json_end(w->j);
}

/* The text that the gateway would see. */
static void readable(const struct pdu_message *m, struct json_out *j)
{
	struct udh u = {.source_port = -1, .dest_port = -1};
	struct str body = m->body;
	struct buf b;

	buf_init(&b, 4 * PDU_MAX);
	if (m->esm_class & ESM_UDHI && udh_read(body, &u))
		body = str_n(body.p + u.length, body.n - u.length);
	if (coding_decode(m->data_coding, SMS_ALPHABET_GSM, u.tables, u.length, body, &b))
		json_str(j, "text", buf_str(&b));
	else
		json_cstr(j, "text", NULL);
	buf_free(&b);
}

static bool is_message(uint32_t command)
{
	return command == PDU_SUBMIT_SM || command == PDU_DELIVER_SM || command == PDU_DATA_SM;
}

static const char *explain(struct str in, struct json_out *j)
{
	struct pdu_header h = pdu_header(in.p);
	const struct body *body = NULL;
	struct walk w = {.j = j};
	struct pdu_message m;
	struct pdu_fault fault = {0};
	struct str pdu = {in.p, h.length};

	json_cstr(j, "command", pdu_command_name(h.command));
	json_int(j, "sequence", h.sequence);
	json_int(j, "status", h.status);
	json_cstr(j, "status_name", sms_status_name(h.status));
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
		if (bodies[i].command == h.command)
			body = &bodies[i];
	if (h.length < PDU_HEADER || h.length > PDU_MAX)
		return "command_length is not the length of a PDU";
	if (h.length > in.n)
		return "truncated: command_length says more";
	if (strcmp(pdu_command_name(h.command), "unknown") == 0)
		return "unknown command_id";
	if (is_message(h.command) && pdu_read_message(pdu, &m, &fault)) {
		json_int(j, "at", fault.at);
		return fault.what;
	}
	w.rest = str_n(pdu.p + PDU_HEADER, pdu.n - PDU_HEADER);
	json_obj(j, "fields");
	/* A response with an error has no body, or part of one. */
	for (const struct field *f = body ? body->fields : NULL;
	     f && f->form != END && (w.rest.n || !(h.command & PDU_RESPONSE)); f++)
		field(&w, f);
	json_end(j);
	tlvs(&w);
	if (is_message(h.command))
		readable(&m, j);
	if (w.cut)
		json_cstr(j, "note", "the last value is cut off by the end of the PDU");
	if (in.n > pdu.n)
		json_int(j, "trailing", (int64_t)(in.n - pdu.n)); /* of the next PDU, in a trace of the stream */
	return w.why;
}

int sms_explain_pdu(struct str hex, struct json_out *j)
{
	struct buf digits;
	const char *why = "not hexadecimal";
	char *pdu = NULL;
	size_t n;

	buf_init(&digits, HEX_MAX);
	for (size_t i = 0; i < hex.n; i++)
		if (!strchr(" \t\r\n", hex.p[i]) || !hex.p[i])
			buf_addc(&digits, hex.p[i]);
	n = digits.n / 2;
	json_obj(j, NULL);
	if (digits.failed)
		why = "longer than a PDU may be";
	else if (n < PDU_HEADER)
		why = "shorter than a header";
	else if (!(pdu = malloc(n)))
		why = "out of memory";
	else if (crypto_unhex(buf_str(&digits), pdu, n))
		why = explain(str_n(pdu, n), j);
	json_bool(j, "ok", !why);
	json_cstr(j, "error", why);
	json_end(j);
	free(pdu);
	buf_free(&digits);
	return why ? -1 : 0;
}
