/* Our codec held against libsmpp34: what both can read they read alike, what both write is the same bytes. */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdlib.h>

#include <libsmpp34/smpp34.h>
#include <libsmpp34/smpp34_structs.h>

#include <libsmpp34/smpp34_params.h>

#include "sms/control.h"

/* ---- PDUs of the session ---- */

static const uint32_t control_commands[] = {
	PDU_BIND_TRANSCEIVER,	   PDU_BIND_TRANSMITTER,   PDU_BIND_RECEIVER,	 PDU_BIND_TRANSCEIVER_RESP,
	PDU_BIND_TRANSMITTER_RESP, PDU_BIND_RECEIVER_RESP, PDU_OUTBIND,		 PDU_UNBIND,
	PDU_UNBIND_RESP,	   PDU_ENQUIRE_LINK,	   PDU_ENQUIRE_LINK_RESP};

static struct control sample(uint32_t command)
{
	return (struct control){.command = command,
				.sequence = 7,
				.body = true,
				.interface_version = 0x34,
				.addr_ton = 1,
				.addr_npi = 1,
				.system_id = "threadline",
				.password = "secret",
				.system_type = "VMA",
				.address_range = "^4915"};
}

Test(sms_library, writes_the_session_as_we_would)
{
	struct buf a, b;

	buf_init(&a, 1000);
	buf_init(&b, 1000);
	for (size_t i = 0; i < sizeof control_commands / sizeof *control_commands; i++) {
		struct control c = sample(control_commands[i]);
		buf_reset(&a);
		buf_reset(&b);
		cr_assert_eq(control_write(&a, &c), 0);
		cr_assert_eq(control_format(&b, &c), 0);
		cr_expect(c.library, "%s", pdu_command_name(c.command));
		cr_expect(str_eq(buf_str(&a), buf_str(&b)), "%s", pdu_command_name(c.command));
	}
	buf_free(&a);
	buf_free(&b);
}

Test(sms_library, what_it_refuses_is_written_all_the_same)
{
	struct control cases[] = {sample(PDU_GENERIC_NACK), sample(PDU_BIND_TRANSCEIVER),
				  sample(PDU_BIND_TRANSCEIVER_RESP), sample(PDU_ENQUIRE_LINK_RESP)};
	struct buf b;

	cases[0].sequence = 0;
	memcpy(cases[1].password, "longer than eight", 18);
	cases[2].status = 0x0E;
	cases[2].body = false;
	cases[3].status = 0x401;
	buf_init(&b, 1000);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct pdu_fault fault = {0};
		struct control back;
		buf_reset(&b);
		cr_assert_eq(control_write(&b, &cases[i]), 0);
		cr_expect_not(cases[i].library, "case %zu", i);
		cr_assert_eq(control_read(buf_str(&b), &back, &fault), 0, "%s", fault.what);
		cr_expect_eq(back.command, cases[i].command);
		cr_expect_eq(back.status, cases[i].status);
		cr_expect_eq(back.sequence, cases[i].sequence);
		cr_expect(i != 1 || strcmp(back.password, cases[i].password) == 0);
	}
	cr_expect_eq(control_write(&b, &(struct control){.command = PDU_SUBMIT_SM}), -1);
	buf_free(&b);
}

Test(sms_library, reads_the_session_as_we_do)
{
	struct buf b;

	buf_init(&b, 1000);
	for (size_t i = 0; i < sizeof control_commands / sizeof *control_commands; i++) {
		struct control c = sample(control_commands[i]), by_us, by_it;
		struct pdu_fault fault;
		buf_reset(&b);
		cr_assert_eq(control_format(&b, &c), 0);
		cr_assert_eq(control_parse(buf_str(&b), &by_us, &fault), 0);
		cr_assert_eq(control_read(buf_str(&b), &by_it, &fault), 0);
		cr_expect(by_it.library, "%s", pdu_command_name(c.command));
		by_it.library = false;
		cr_expect_eq(memcmp(&by_us, &by_it, sizeof by_us), 0, "%s", pdu_command_name(c.command));
		for (size_t n = 0; n < b.n; n++) { /* no prefix of it passes */
			char *copy = malloc(n ? n : 1);
			memcpy(copy, b.p, n);
			cr_expect_eq(control_read(str_n(copy, n), &by_it, &fault), -1);
			if (n >= PDU_HEADER) {
				pdu_put_u32(copy, (uint32_t)n);
				cr_expect_eq(control_read(str_n(copy, n), &by_it, &fault),
					     n == PDU_HEADER && c.command & PDU_RESPONSE ? 0 : -1, "%s at %zu",
					     pdu_command_name(c.command), n);
			}
			free(copy);
		}
	}
	buf_free(&b);
}

/* From some 29 optional parameters on its log overflows: it is not shown any. */
Test(sms_library, never_sees_optional_parameters)
{
	struct control c = sample(PDU_BIND_RECEIVER_RESP), back;
	struct pdu_fault fault = {0};
	struct buf b;

	buf_init(&b, 10000);
	cr_assert_eq(control_format(&b, &c), 0);
	for (int i = 0; i < 500; i++)
		buf_add(&b, "\x14\x01\0\2xy", 6);
	buf_add(&b, "\x02\x10\0\1\x34", 5);
	pdu_put_u32(b.p, (uint32_t)b.n);
	cr_assert_eq(control_read(buf_str(&b), &back, &fault), 0, "%s", fault.what);
	cr_expect(back.library);
	cr_expect_str_eq(back.system_id, "threadline");
	cr_expect_eq(back.sc_version, 0x34);
	b.n--;
	pdu_put_u32(b.p, (uint32_t)b.n);
	cr_expect_eq(control_read(buf_str(&b), &back, &fault), -1);
	cr_expect_eq(fault.status, 0xC0);
	buf_free(&b);
}

/* ---- messages ---- */

static uint32_t dice(uint32_t *state, uint32_t below)
{
	*state = *state * 1664525u + 1013904223u;
	return (*state >> 8) % below;
}

static struct str some(uint32_t *state, char *room, size_t most)
{
	size_t n = dice(state, (uint32_t)most + 1);

	for (size_t i = 0; i < n; i++)
		room[i] = (char)('0' + dice(state, 75));
	return str_n(room, n);
}

struct rooms {
	char service[8], source[24], dest[24], body[256], tlv[8][256];
};

static struct pdu_message any(uint32_t *s, struct rooms *r)
{
	static const uint16_t tags[] = {0x0204, 0x020C, 0x020E, 0x0427, 0x001E, 0x0424, 0x1401, 0x0381};
	static const uint8_t sizes[] = {2, 2, 1, 1, 30, 200, 90, 15};
	struct pdu_message m = {.schedule = STR(""), .validity = STR("")};

	m.service_type = some(s, r->service, 5);
	m.source = some(s, r->source, 20);
	m.dest = some(s, r->dest, 20);
	m.source_ton = (uint8_t)dice(s, 7);
	m.dest_ton = (uint8_t)dice(s, 7);
	m.source_npi = m.dest_npi = (uint8_t)dice(s, 2);
	m.esm_class = (uint8_t)dice(s, 256);
	m.protocol_id = (uint8_t)dice(s, 256);
	m.priority = (uint8_t)dice(s, 4);
	m.registered = (uint8_t)dice(s, 32);
	m.replace = (uint8_t)dice(s, 2);
	m.data_coding = (uint8_t)dice(s, 256);
	m.default_msg = (uint8_t)dice(s, 255);
	m.body = some(s, r->body, 254);
	m.tlvs_n = dice(s, 9);
	for (size_t i = 0; i < m.tlvs_n; i++) {
		memset(r->tlv[i], (int)('a' + i), sizes[i]);
		m.tlv[i] = (struct pdu_tlv){tags[i], str_n(r->tlv[i], sizes[i])};
	}
	return m;
}

#define SAME_TEXT(a, b) cr_expect(str_eq(a, str_of((const char *)(b))), "%s", #a)
#define COMPARE(m, l)                                                    \
	do {                                                             \
		SAME_TEXT((m)->service_type, (l)->service_type);         \
		SAME_TEXT((m)->source, (l)->source_addr);                \
		SAME_TEXT((m)->dest, (l)->destination_addr);             \
		cr_expect_eq((m)->source_ton, (l)->source_addr_ton);     \
		cr_expect_eq((m)->source_npi, (l)->source_addr_npi);     \
		cr_expect_eq((m)->dest_ton, (l)->dest_addr_ton);         \
		cr_expect_eq((m)->dest_npi, (l)->dest_addr_npi);         \
		cr_expect_eq((m)->esm_class, (l)->esm_class);            \
		cr_expect_eq((m)->registered, (l)->registered_delivery); \
		cr_expect_eq((m)->data_coding, (l)->data_coding);        \
	} while (0)

static uint64_t number_of(const tlv_t *t)
{
	return t->length == 1 ? t->value.val08 : t->length == 2 ? t->value.val16 : t->value.val32;
}

/* The library gives them in reverse. */
static void compare_tlvs(const struct pdu_message *m, tlv_t *list)
{
	size_t i = m->tlvs_n;
	tlv_t *t;

	smpp34_tlv_for_each(t, list)
	{
		cr_assert(i-- > 0);
		cr_expect_eq(t->tag, m->tlv[i].tag);
		cr_assert_eq(t->length, m->tlv[i].value.n);
		if (t->length <= 2)
			cr_expect_eq((int64_t)number_of(t), pdu_tlv_number(m, t->tag), "tag %04x", t->tag);
		else
			cr_expect_eq(memcmp(t->value.octet, m->tlv[i].value.p, t->length), 0, "tag %04x", t->tag);
	}
	cr_expect_eq(i, 0);
	destroy_tlv(list);
}

Test(sms_library, reads_what_we_write)
{
	uint32_t state = 1;
	struct buf b;

	buf_init(&b, 10000);
	for (int round = 0; round < 500; round++) {
		struct rooms rooms;
		struct pdu_message m = any(&state, &rooms), back;
		struct pdu_fault fault = {0};
		submit_sm_t l = {0};
		buf_reset(&b);
		pdu_write_submit(&b, &m);
		pdu_put_u32(b.p + 12, 1 + (uint32_t)round);
		buf_addc(&b, 0); /* it reads on behind a text without end */
		b.n--;
		cr_assert_eq(pdu_read_message(buf_str(&b), &back, &fault), 0, "%s", fault.what);
		cr_assert_eq(smpp34_unpack2(&l, (const uint8_t *)b.p, (int)b.n), 0, "%s", smpp34_strerror);
		COMPARE(&m, &l);
		COMPARE(&back, &l);
		cr_expect_eq(l.sm_length, m.body.n);
		cr_expect_eq(memcmp(l.short_message, m.body.p, m.body.n), 0);
		cr_expect_eq(l.protocol_id, m.protocol_id);
		cr_expect_eq(l.priority_flag, m.priority);
		cr_expect_eq(l.replace_if_present_flag, m.replace);
		cr_expect_eq(l.sm_default_msg_id, m.default_msg);
		compare_tlvs(&back, l.tlv);
	}
	buf_free(&b);
}

/* What the library packs as deliver_sm, we read. */
Test(sms_library, writes_what_we_read)
{
	uint32_t state = 2;

	for (int round = 0; round < 500; round++) {
		struct rooms rooms;
		struct pdu_message m = any(&state, &rooms), back;
		struct pdu_fault fault = {0};
		deliver_sm_t l = {.command_id = PDU_DELIVER_SM, .sequence_number = 1};
		uint8_t out[4096];
		int n = 0;
		m.body.n -= m.body.n == 254; /* which it reads but does not write */
		memcpy(l.service_type, m.service_type.p, m.service_type.n);
		memcpy(l.source_addr, m.source.p, m.source.n);
		memcpy(l.destination_addr, m.dest.p, m.dest.n);
		memcpy(l.short_message, m.body.p, m.body.n);
		l.source_addr_ton = m.source_ton;
		l.source_addr_npi = m.source_npi;
		l.dest_addr_ton = m.dest_ton;
		l.dest_addr_npi = m.dest_npi;
		l.esm_class = m.esm_class;
		l.registered_delivery = m.registered;
		l.data_coding = m.data_coding;
		l.sm_length = (uint8_t)m.body.n;
		cr_assert_eq(smpp34_pack2(out, sizeof out, &n, &l), 0, "%s", smpp34_strerror);
		cr_assert_eq(pdu_read_message(str_n((char *)out, (size_t)n), &back, &fault), 0, "%s", fault.what);
		COMPARE(&back, &l);
		cr_expect(str_eq(back.body, m.body));
		cr_expect_eq(back.tlvs_n, 0);
	}
}
