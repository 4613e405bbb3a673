/* A PDU of any bytes: every field that is read lies within it, and its text decodes to valid UTF-8. */
#include <stdlib.h>

#include "sms/coding.h"
#include "sms/pdu.h"
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
		receipt_parse(buf_str(&text), &receipt);
		within(receipt.id, buf_str(&text));
		within(receipt.stat, buf_str(&text));
		within(receipt.err, buf_str(&text));
	} else if (text.n)
		abort();
	buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t commands[] = {PDU_SUBMIT_SM, PDU_DELIVER_SM, PDU_DATA_SM, PDU_DELIVER_SM};
	static struct pdu_message m;
	struct str pdu = {(const char *)data + 1, size - 1};
	const char *why = NULL;

	if (size < 1 + PDU_HEADER || size > PDU_MAX)
		return 0;
	if (pdu_read_message(commands[data[0] & 3], pdu, &m, &why)) {
		if (!why)
			abort();
		return 0;
	}
	within(m.source, pdu);
	within(m.dest, pdu);
	within(m.body, pdu);
	for (size_t i = 0; i < m.tlvs_n; i++)
		within(m.tlv[i].value, pdu);
	(void)pdu_tlv_number(&m, TLV_MESSAGE_STATE);
	read_text(&m, (enum sms_alphabet)((data[0] >> 2) % 3));
	return 0;
}
