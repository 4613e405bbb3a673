/* See pdu.h. */
#include "sms/pdu.h"

enum { FIELD_MAX = 65 }; /* C-octet strings; generous: the field sends longer addresses than the standard permits */

static const struct {
	uint32_t command;
	const char *name;
} names[] = {
	{PDU_GENERIC_NACK, "generic_nack"},
	{PDU_BIND_RECEIVER, "bind_receiver"},
	{PDU_BIND_RECEIVER_RESP, "bind_receiver_resp"},
	{PDU_BIND_TRANSMITTER, "bind_transmitter"},
	{PDU_BIND_TRANSMITTER_RESP, "bind_transmitter_resp"},
	{PDU_QUERY_SM, "query_sm"},
	{PDU_QUERY_SM_RESP, "query_sm_resp"},
	{PDU_SUBMIT_SM, "submit_sm"},
	{PDU_SUBMIT_SM_RESP, "submit_sm_resp"},
	{PDU_DELIVER_SM, "deliver_sm"},
	{PDU_DELIVER_SM_RESP, "deliver_sm_resp"},
	{PDU_UNBIND, "unbind"},
	{PDU_UNBIND_RESP, "unbind_resp"},
	{PDU_REPLACE_SM, "replace_sm"},
	{PDU_REPLACE_SM_RESP, "replace_sm_resp"},
	{PDU_CANCEL_SM, "cancel_sm"},
	{PDU_CANCEL_SM_RESP, "cancel_sm_resp"},
	{PDU_BIND_TRANSCEIVER, "bind_transceiver"},
	{PDU_BIND_TRANSCEIVER_RESP, "bind_transceiver_resp"},
	{PDU_OUTBIND, "outbind"},
	{PDU_ENQUIRE_LINK, "enquire_link"},
	{PDU_ENQUIRE_LINK_RESP, "enquire_link_resp"},
	{PDU_SUBMIT_MULTI, "submit_multi"},
	{PDU_SUBMIT_MULTI_RESP, "submit_multi_resp"},
	{PDU_ALERT_NOTIFICATION, "alert_notification"},
	{PDU_DATA_SM, "data_sm"},
	{PDU_DATA_SM_RESP, "data_sm_resp"},
};

const char *pdu_command_name(uint32_t command)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].command == command)
			return names[i].name;
	return "unknown";
}

/* ---- reading ---- */

struct reader {
	const uint8_t *p;
	size_t n;
	const char *why; /* set once; then everything reads as empty */
};

static uint8_t get_u8(struct reader *r)
{
	if (!r->n) {
		r->why = r->why ? r->why : "truncated";
		return 0;
	}
	r->n--;
	return *r->p++;
}

static uint16_t get_u16(struct reader *r)
{
	uint8_t high = get_u8(r);

	return (uint16_t)(high << 8 | get_u8(r));
}

static struct str get_bytes(struct reader *r, size_t n, const char *why)
{
	struct str s = {(const char *)r->p, n};

	if (r->why || n > r->n) {
		r->why = r->why ? r->why : why;
		r->n = 0;
		return STR("");
	}
	r->p += n;
	r->n -= n;
	return s;
}

static struct str get_cstr(struct reader *r)
{
	size_t max = r->n < FIELD_MAX ? r->n : FIELD_MAX;
	const uint8_t *end = max ? memchr(r->p, 0, max) : NULL;
	struct str s;

	if (!end) {
		r->why = r->why ? r->why : "a text field has no end";
		r->n = 0;
		return STR("");
	}
	s = get_bytes(r, (size_t)(end - r->p), "truncated");
	(void)get_u8(r);
	return s;
}

static void get_tlvs(struct reader *r, struct pdu_message *m)
{
	m->tlvs_n = 0;
	while (r->n && !r->why) {
		uint16_t tag = get_u16(r), length = get_u16(r);
		struct str value = get_bytes(r, length, "an optional parameter is longer than the PDU");
		if (r->why)
			return;
		if (m->tlvs_n < PDU_TLVS_MAX)
			m->tlv[m->tlvs_n++] = (struct pdu_tlv){tag, value};
	}
}

static void get_addresses(struct reader *r, struct pdu_message *m)
{
	m->service_type = get_cstr(r);
	m->source_ton = get_u8(r);
	m->source_npi = get_u8(r);
	m->source = get_cstr(r);
	m->dest_ton = get_u8(r);
	m->dest_npi = get_u8(r);
	m->dest = get_cstr(r);
	m->esm_class = get_u8(r);
}

int pdu_read_message(uint32_t command, struct str pdu, struct pdu_message *m, const char **why)
{
	struct reader r = {(const uint8_t *)pdu.p + PDU_HEADER, pdu.n - PDU_HEADER, NULL};
	struct str payload;

	m->schedule = m->validity = m->body = STR("");
	m->protocol_id = m->priority = m->replace = m->default_msg = 0;
	if (pdu.n < PDU_HEADER)
		r = (struct reader){NULL, 0, "truncated"};
	get_addresses(&r, m);
	if (command == PDU_DATA_SM) {
		m->registered = get_u8(&r);
		m->data_coding = get_u8(&r);
	} else {
		m->protocol_id = get_u8(&r);
		m->priority = get_u8(&r);
		m->schedule = get_cstr(&r);
		m->validity = get_cstr(&r);
		m->registered = get_u8(&r);
		m->replace = get_u8(&r);
		m->data_coding = get_u8(&r);
		m->default_msg = get_u8(&r);
		m->body = get_bytes(&r, get_u8(&r), "sm_length is longer than the PDU");
	}
	get_tlvs(&r, m);
	payload = pdu_tlv_find(m, TLV_MESSAGE_PAYLOAD);
	if (payload.p && !m->body.n)
		m->body = payload;
	if (r.why)
		*why = r.why;
	return r.why ? -1 : 0;
}

struct str pdu_tlv_find(const struct pdu_message *m, uint16_t tag)
{
	for (size_t i = 0; i < m->tlvs_n; i++)
		if (m->tlv[i].tag == tag)
			return m->tlv[i].value;
	return (struct str){NULL, 0};
}

int64_t pdu_tlv_number(const struct pdu_message *m, uint16_t tag)
{
	struct str s = pdu_tlv_find(m, tag);
	int64_t v = 0;

	if (!s.p || s.n < 1 || s.n > 4)
		return -1;
	for (size_t i = 0; i < s.n; i++)
		v = v << 8 | (uint8_t)s.p[i];
	return v;
}

/* ---- writing ---- */

static void put_u8(struct buf *b, uint8_t v) { buf_addc(b, (char)v); }

static void put_cstr(struct buf *b, struct str s)
{
	buf_addstr(b, s);
	put_u8(b, 0);
}

static void put_tlv(struct buf *b, uint16_t tag, struct str value)
{
	char head[4] = {(char)(tag >> 8), (char)tag, (char)(value.n >> 8), (char)value.n};

	buf_add(b, head, sizeof head);
	buf_addstr(b, value);
}

void pdu_write_submit(struct buf *b, const struct pdu_message *m)
{
	static const char header[PDU_HEADER] = {[7] = 4};
	bool payload = m->body.n > PDU_SHORT_MAX;
	size_t at = b->n, n;
	char fixed[5];

	buf_add(b, header, sizeof header);
	put_cstr(b, m->service_type);
	put_u8(b, m->source_ton);
	put_u8(b, m->source_npi);
	put_cstr(b, m->source);
	put_u8(b, m->dest_ton);
	put_u8(b, m->dest_npi);
	put_cstr(b, m->dest);
	put_u8(b, m->esm_class);
	put_u8(b, m->protocol_id);
	put_u8(b, m->priority);
	put_cstr(b, m->schedule);
	put_cstr(b, m->validity);
	fixed[0] = (char)m->registered;
	fixed[1] = (char)m->replace;
	fixed[2] = (char)m->data_coding;
	fixed[3] = (char)m->default_msg;
	fixed[4] = (char)(payload ? 0 : m->body.n);
	buf_add(b, fixed, sizeof fixed);
	if (!payload)
		buf_addstr(b, m->body);
	for (size_t i = 0; i < m->tlvs_n; i++)
		put_tlv(b, m->tlv[i].tag, m->tlv[i].value);
	if (payload)
		put_tlv(b, TLV_MESSAGE_PAYLOAD, m->body);
	if (b->failed)
		return;
	n = b->n - at;
	for (int i = 0; i < 4; i++)
		b->p[at + (size_t)i] = (char)(n >> (24 - 8 * i));
}
