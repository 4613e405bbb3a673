/* See pdu.h. */
#include "sms/pdu.h"

#include "sms/status.h"

enum { FIELD_MAX = 65 }; /* C-octet strings; generous: the field sends longer addresses than the standard permits */

/* ---- reading ---- */

struct reader {
	const uint8_t *begin, *p, *end;
	struct pdu_fault *fault;
	bool failed, cut;
};

/* The first fault is kept; then everything reads as empty. */
static void fail(struct reader *r, uint32_t status, const char *what)
{
	if (!r->failed)
		*r->fault = (struct pdu_fault){status, (uint32_t)(r->p - r->begin), what};
	r->failed = true;
	r->p = r->end;
}

static uint8_t get_u8(struct reader *r)
{
	if (r->p == r->end) {
		fail(r, ESME_RINVCMDLEN, "truncated");
		return 0;
	}
	return *r->p++;
}

static struct str get_cstr(struct reader *r)
{
	size_t left = (size_t)(r->end - r->p), max = left < FIELD_MAX ? left : FIELD_MAX;
	const uint8_t *at = r->p, *end = max && *at ? memchr(at, 0, max) : at;

	if (!max || !end) {
		fail(r, ESME_RINVCMDLEN, "a text field has no end");
		return STR("");
	}
	r->p = end + 1;
	return str_n((const char *)at, (size_t)(end - at));
}

/* A value of n bytes: what is there of it, if nothing can follow. */
static struct str get_value(struct reader *r, size_t n, uint32_t status, const char *what)
{
	size_t left = (size_t)(r->end - r->p);
	struct str s = {(const char *)r->p, n};

	if (n > left && !left) {
		fail(r, status, what);
		return STR("");
	}
	if (n > left) {
		r->cut = true;
		s.n = left;
	}
	r->p += s.n;
	return s;
}

static void get_tlvs(struct reader *r, struct pdu_message *m)
{
	size_t n = 0;

	while (r->p < r->end) {
		const uint8_t *p = r->p;
		struct str value;
		if (r->end - p < 4) {
			fail(r, ESME_RINVOPTPARSTREAM, "truncated");
			break;
		}
		r->p += 4;
		value = get_value(r, (size_t)(p[2] << 8 | p[3]), ESME_RINVOPTPARSTREAM,
				  "an optional parameter is longer than the PDU");
		if (!r->failed && n < PDU_TLVS_MAX)
			m->tlv[n++] = (struct pdu_tlv){(uint16_t)(p[0] << 8 | p[1]), value};
	}
	m->tlvs_n = n;
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

static void get_short_message(struct reader *r, struct pdu_message *m)
{
	uint8_t n;

	m->protocol_id = get_u8(r);
	m->priority = get_u8(r);
	m->schedule = get_cstr(r);
	m->validity = get_cstr(r);
	m->registered = get_u8(r);
	m->replace = get_u8(r);
	m->data_coding = get_u8(r);
	m->default_msg = get_u8(r);
	n = get_u8(r);
	m->body = get_value(r, n, ESME_RINVMSGLEN, "sm_length is longer than the PDU");
}

static bool is_message(uint32_t command)
{
	return command == PDU_DELIVER_SM || command == PDU_SUBMIT_SM || command == PDU_DATA_SM;
}

int pdu_read_message(struct str pdu, struct pdu_message *m, struct pdu_fault *fault)
{
	const uint8_t *p = (const uint8_t *)pdu.p;
	struct reader r = {p, p, p + pdu.n, fault, false, false};
	struct pdu_header h;
	struct str payload;

	if (pdu.n < PDU_HEADER || (h = pdu_header(pdu.p), h.length != pdu.n)) {
		fail(&r, ESME_RINVCMDLEN, "command_length is not the length of the PDU");
		return -1;
	}
	if (!is_message(h.command)) {
		fail(&r, ESME_RINVCMDID, "not a message");
		return -1;
	}
	r.p += PDU_HEADER;
	get_addresses(&r, m);
	if (h.command == PDU_DATA_SM) {
		m->schedule = m->validity = m->body = STR("");
		m->protocol_id = m->priority = m->replace = m->default_msg = 0;
		m->registered = get_u8(&r);
		m->data_coding = get_u8(&r);
	} else
		get_short_message(&r, m);
	get_tlvs(&r, m);
	m->cut = r.cut;
	payload = pdu_tlv_find(m, TLV_MESSAGE_PAYLOAD);
	if (payload.p && !m->body.n)
		m->body = payload;
	return r.failed ? -1 : 0;
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

static char *put_u8(char *p, uint8_t v)
{
	*p = (char)v;
	return p + 1;
}

static char *put_bytes(char *p, struct str s)
{
	if (s.n)
		memcpy(p, s.p, s.n);
	return p + s.n;
}

static char *put_cstr(char *p, struct str s) { return put_u8(put_bytes(p, s), 0); }

static char *put_tlv(char *p, uint16_t tag, struct str value)
{
	pdu_put_u32(p, (uint32_t)tag << 16 | (uint16_t)value.n);
	return put_bytes(p + 4, value);
}

static size_t size_of(const struct pdu_message *m, bool payload)
{
	/* Strings with their ends, 4 octets of address types, 8 others. */
	size_t n = PDU_HEADER + m->service_type.n + m->source.n + m->dest.n + m->schedule.n + m->validity.n + 5 + 4 +
		   8 + (payload ? 4 : 0) + m->body.n;

	for (size_t i = 0; i < m->tlvs_n; i++)
		n += 4 + m->tlv[i].value.n;
	return n;
}

void pdu_write_submit(struct buf *b, const struct pdu_message *m)
{
	bool payload = m->body.n > PDU_SHORT_MAX;
	size_t n = size_of(m, payload);
	char *p = buf_room(b, n);

	if (!p)
		return;
	b->n += n;
	pdu_put_header(p, &(struct pdu_header){(uint32_t)n, PDU_SUBMIT_SM, 0, 0});
	p = put_cstr(p + PDU_HEADER, m->service_type);
	p = put_cstr(put_u8(put_u8(p, m->source_ton), m->source_npi), m->source);
	p = put_cstr(put_u8(put_u8(p, m->dest_ton), m->dest_npi), m->dest);
	p = put_u8(put_u8(put_u8(p, m->esm_class), m->protocol_id), m->priority);
	p = put_cstr(put_cstr(p, m->schedule), m->validity);
	p = put_u8(put_u8(p, m->registered), m->replace);
	p = put_u8(put_u8(p, m->data_coding), m->default_msg);
	p = put_u8(p, (uint8_t)(payload ? 0 : m->body.n));
	if (!payload)
		p = put_bytes(p, m->body);
	for (size_t i = 0; i < m->tlvs_n; i++)
		p = put_tlv(p, m->tlv[i].tag, m->tlv[i].value);
	if (payload)
		put_tlv(p, TLV_MESSAGE_PAYLOAD, m->body);
}
