/*
 * A PDU of any bytes: every field that is read lies within it, its text decodes to valid UTF-8, and what libsmpp34 reads
 * too it reads alike.
 */
#include <netinet/in.h>
#include <stdlib.h>

#include <libsmpp34/smpp34.h>
#include <libsmpp34/smpp34_structs.h>

#include "sms/coding.h"
#include "sms/control.h"
#include "sms/query.h"
#include "sms/receipt.h"
#include "sms/udh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(struct str s, struct str whole)
{
	if (s.p && s.n && (s.p < whole.p || s.p + s.n > whole.p + whole.n))
		abort();
}

static void read_text(const struct pdu_message *m, enum sms_alphabet alphabet)
{
	struct str body = m->body;
	struct receipt_text receipt;
	struct udh udh = {.source_port = -1};
	struct buf text;

	if (m->esm_class & ESM_UDHI && udh_read(body, &udh))
		body = str_n(body.p + udh.length, body.n - udh.length);
	buf_init(&text, 1 << 20);
	if (coding_decode(m->data_coding, alphabet, udh.tables, udh.length, body, &text)) {
		if (!text.failed && !str_utf8_ok(buf_str(&text)))
			abort();
		size_t n = text.n;
		coding_halves(m->data_coding, body, &text);
		if (text.n != n)
			abort();
		receipt_parse(buf_str(&text), &receipt);
		within(receipt.id, buf_str(&text));
		within(receipt.stat, buf_str(&text));
		within(receipt.err, buf_str(&text));
	} else if (text.n)
		abort();
	buf_free(&text);
}

static bool same(struct str ours, const uint8_t *its) { return str_eq(ours, str_of((const char *)its)); }

/* What libsmpp34 reads too, it reads alike. It is given only the mandatory part of what ours has accepted, with a zero
 * behind: it leaks when it refuses an optional parameter, and its log overflows with many of them. */
static void against_library(const struct pdu_message *m, struct str pdu)
{
	static submit_sm_t l;
	uint8_t *copy;

	if (m->tlvs_n)
		pdu.n = (size_t)(m->tlv[0].value.p - 4 - pdu.p);
	if (!(copy = calloc(1, pdu.n + 1)))
		return;
	memcpy(copy, pdu.p, pdu.n);
	pdu_put_u32((char *)copy, (uint32_t)pdu.n);
	pdu_put_u32((char *)copy + 4, PDU_SUBMIT_SM); /* a deliver_sm looks the same */
	memset(&l, 0, sizeof l);
	if (smpp34_unpack2(&l, copy, (int)pdu.n) == 0) {
		if (!same(m->service_type, l.service_type) || !same(m->source, l.source_addr) ||
		    !same(m->dest, l.destination_addr) || m->source_ton != l.source_addr_ton ||
		    m->dest_npi != l.dest_addr_npi || m->esm_class != l.esm_class || m->protocol_id != l.protocol_id ||
		    m->data_coding != l.data_coding || m->registered != l.registered_delivery)
			abort();
		if (l.sm_length && (m->body.n != l.sm_length || memcmp(m->body.p, l.short_message, m->body.n)))
			abort();
	}
	free(copy);
}

static void control(struct str pdu)
{
	struct control ours, its;
	struct pdu_fault fault = {0};
	struct buf b;
	int r = control_parse(pdu, &ours, &fault);

	if (control_read(pdu, &its, &fault) != r || (r && !fault.what))
		abort();
	its.library = false;
	if (memcmp(&ours, &its, sizeof ours))
		abort();
	if (r)
		return;
	buf_init(&b, 1000);
	if (control_write(&b, &ours) || control_parse(buf_str(&b), &its, &fault))
		abort();
	ours.library = false;
	its.sc_version = ours.sc_version; /* is not written */
	if (memcmp(&ours, &its, sizeof ours))
		abort();
	buf_free(&b);
}

static void message(struct str pdu, enum sms_alphabet alphabet)
{
	static struct pdu_message m;
	struct pdu_fault fault = {0};

	if (pdu_read_message(pdu, &m, &fault)) {
		if (!fault.what || !fault.status || fault.at > pdu.n)
			abort();
		return;
	}
	within(m.source, pdu);
	within(m.dest, pdu);
	within(m.body, pdu);
	for (size_t i = 0; i < m.tlvs_n; i++)
		within(m.tlv[i].value, pdu);
	(void)pdu_tlv_number(&m, TLV_MESSAGE_STATE);
	read_text(&m, alphabet);
	if (pdu_header(pdu.p).command != PDU_DATA_SM)
		against_library(&m, pdu);
}

static void state(struct str body)
{
	struct query_state s;

	if (!query_read(body, &s))
		return;
	within(s.id, body);
	within(s.date, body);
	if (s.state < 0 || s.state > 255 || s.error < 0 || s.error > 255)
		abort();
}

/* The first byte chooses the command and the alphabet, the second whether command_length is right. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t commands[] = {
		PDU_SUBMIT_SM,
		PDU_DELIVER_SM,
		PDU_DATA_SM,
		PDU_DELIVER_SM,
		PDU_BIND_TRANSCEIVER,
		PDU_BIND_TRANSCEIVER_RESP,
		PDU_BIND_TRANSMITTER_RESP,
		PDU_OUTBIND,
		PDU_UNBIND,
		PDU_ENQUIRE_LINK_RESP,
		PDU_BIND_RECEIVER,
		PDU_GENERIC_NACK,
		PDU_QUERY_SM_RESP,
	};
	uint32_t command;
	struct str pdu;
	char *copy;

	if (size < 2 + PDU_HEADER || size > PDU_MAX || !(copy = malloc(size - 2)))
		return 0;
	pdu = str_n(copy, size - 2);
	memcpy(copy, data + 2, pdu.n);
	command = commands[data[0] % (sizeof commands / sizeof *commands)];
	pdu_put_u32(copy + 4, command);
	if (data[1])
		pdu_put_u32(copy, (uint32_t)pdu.n);
	if (command == PDU_QUERY_SM_RESP)
		state(str_n(copy + PDU_HEADER, pdu.n - PDU_HEADER));
	else if (control_is(command))
		control(pdu);
	else
		message(pdu, (enum sms_alphabet)(data[0] / 16 % 3));
	free(copy);
	return 0;
}
