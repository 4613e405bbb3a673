/* What the SMSC brings: messages, parts, receipts, and when it is answered. */
#include "sms/pdu.h"
#include "unit/sms_rig.h"

static const struct smsc_pdu *answer(struct rig *r, uint32_t seq)
{
	for (size_t i = 0;; i++) {
		const struct smsc_pdu *p = smsc_find(&r->smsc, RESP | DELIVER, i);
		if (!p || p->seq == seq)
			return p;
	}
}

#define RECEIPT_TEXT "id:abc1 sub:001 dlvrd:001 submit date:2601311200 done date:2601311201 stat:DELIVRD err:000 text:x"

Test(sms_link_inbound, a_message_is_answered_after_the_commit)
{
	struct rig r;

	rig_open(&r, "");
	rig_start(&r);
	r.fake.hold = true;
	smsc_deliver(&r.smsc, 0, 5, "4915112345678", "12345", 0, 0, "Hi \0", 4);
	until(&r, r.fake.inbound_n == 1);
	rig_settle(&r);
	cr_expect_null(answer(&r, 5));
	cr_expect_str_eq(r.fake.inbound[0].text, "Hi @");
	cr_expect_str_eq(r.fake.inbound[0].from.value, "+4915112345678");
	cr_expect_eq(r.fake.inbound[0].from.scheme, SCHEME_TEL);
	cr_expect_str_eq(r.fake.inbound[0].to.value, "12345");
	fake_answer(&r.fake, 0, INTAKE_ACCEPTED);
	until(&r, answer(&r, 5));
	cr_expect_eq(answer(&r, 5)->status, 0);
	cr_expect_eq(answer(&r, 5)->length, 17);
	rig_close(&r);
}

Test(sms_link_inbound, the_hosts_answer_becomes_a_status)
{
	static const struct {
		enum intake_answer answer;
		uint32_t status;
	} cases[] = {
		{INTAKE_ACCEPTED, 0},
		{INTAKE_DUPLICATE, 0},
		{INTAKE_BUSY, 0x64},
		{INTAKE_REJECTED, 0x65},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rig r;
		rig_open(&r, "");
		rig_start(&r);
		r.fake.answer = cases[i].answer;
		smsc_deliver(&r.smsc, 0, 9, "4915112345678", "12345", 0, 0, "x", 1);
		until(&r, answer(&r, 9));
		cr_expect_eq(answer(&r, 9)->status, cases[i].status, "case %zu", i);
		rig_close(&r);
	}
}

Test(sms_link_inbound, an_answer_that_comes_after_the_link_was_lost_goes_nowhere)
{
	struct rig r;

	rig_open(&r, "");
	rig_start(&r);
	r.fake.hold = true;
	smsc_deliver(&r.smsc, 0, 5, "4915112345678", "12345", 0, 0, "x", 1);
	until(&r, r.fake.inbound_n == 1);
	smsc_drop(&r.smsc, 0);
	until(&r, fake_state(&r.fake) == ACCOUNT_DOWN);
	fake_clock_add(US_SEC);
	until(&r, fake_state(&r.fake) == ACCOUNT_UP);
	fake_answer(&r.fake, 0, INTAKE_ACCEPTED);
	rig_settle(&r);
	cr_expect_eq(smsc_count(&r.smsc, RESP | DELIVER), 0);
	rig_close(&r);
}

Test(sms_link_inbound, an_answer_may_come_after_the_account_is_gone)
{
	struct rig r;

	rig_open(&r, "");
	rig_start(&r);
	r.fake.hold = true;
	smsc_deliver(&r.smsc, 0, 5, "4915112345678", "12345", 0, 0, "x", 1);
	smsc_deliver(&r.smsc, 0, 6, "4915112345678", "12345", 0, 0, "y", 1);
	until(&r, r.fake.inbound_n == 2);
	rig_stop(&r);
	sms_channel.close(&r.account);
	fake_answer(&r.fake, 0, INTAKE_ACCEPTED);
	fake_answer(&r.fake, 1, INTAKE_ACCEPTED);
	rig_close(&r);
}

Test(sms_link_inbound, stop_waits_for_commits_under_way)
{
	struct rig r;

	rig_open(&r, "");
	rig_start(&r);
	r.fake.hold = true;
	smsc_deliver(&r.smsc, 0, 5, "4915112345678", "12345", 0, 0, "x", 1);
	until(&r, r.fake.inbound_n == 1);
	sms_channel.stop(r.account, fake_clock() + 10 * US_SEC);
	smsc_deliver(&r.smsc, 0, 6, "4915112345678", "12345", 0, 0, "y", 1);
	until(&r, answer(&r, 6));
	cr_expect_eq(answer(&r, 6)->status, 0x64, "nothing more is taken");
	cr_expect_neq(fake_state(&r.fake), ACCOUNT_CLOSED);
	fake_answer(&r.fake, 0, INTAKE_ACCEPTED);
	until(&r, fake_state(&r.fake) == ACCOUNT_CLOSED);
	cr_expect_not_null(answer(&r, 5));
	rig_close(&r);
}

Test(sms_link_inbound, unanswered_ones_are_bounded)
{
	struct rig r;

	rig_open(&r, "inbound_window=10\nenquire_link=5s\n");
	rig_start(&r);
	r.fake.hold = true;
	for (uint32_t i = 0; i < 100; i++)
		smsc_deliver(&r.smsc, 0, i + 1, "4915112345678", "12345", 0, 0, "x", 1);
	until(&r, r.fake.inbound_n == 10);
	rig_settle(&r);
	cr_expect_eq(r.fake.inbound_n, 10);
	fake_clock_add(100 * US_SEC); /* it is we who do not read: the link must survive that */
	rig_settle(&r);
	fake_clock_add(100 * US_SEC);
	rig_settle(&r);
	cr_expect_eq(fake_state(&r.fake), ACCOUNT_UP);
	r.fake.hold = false;
	for (size_t i = 0; i < 10; i++)
		fake_answer(&r.fake, i, INTAKE_ACCEPTED);
	until(&r, smsc_count(&r.smsc, RESP | DELIVER) == 100);
	cr_expect_eq(r.fake.inbound_n, 100);
	rig_close(&r);
}

Test(sms_link_inbound, a_pause_refuses_messages_and_takes_receipts)
{
	struct rig r;

	rig_open(&r, "");
	rig_start(&r);
	sms_channel.pause(r.account, true);
	smsc_deliver(&r.smsc, 0, 1, "4915112345678", "12345", 0, 0, "x", 1);
	smsc_deliver(&r.smsc, 0, 2, "4915112345678", "12345", 4, 0, RECEIPT_TEXT, sizeof RECEIPT_TEXT - 1);
	until(&r, answer(&r, 1) && answer(&r, 2));
	cr_expect_eq(answer(&r, 1)->status, 0x64);
	cr_expect_eq(answer(&r, 2)->status, 0);
	sms_channel.pause(r.account, false);
	smsc_deliver(&r.smsc, 0, 3, "4915112345678", "12345", 0, 0, "x", 1);
	until(&r, answer(&r, 3));
	cr_expect_eq(answer(&r, 3)->status, 0);
	rig_close(&r);
}

Test(sms_link_inbound, receipts_by_text)
{
	struct rig r;
	const struct fake_inbound *i;

	rig_open(&r, "");
	rig_start(&r);
	smsc_deliver(&r.smsc, 0, 1, "4915112345678", "12345", 4, 0, RECEIPT_TEXT, sizeof RECEIPT_TEXT - 1);
	smsc_deliver(&r.smsc, 0, 2, "4915112345678", "12345", 0, 0, RECEIPT_TEXT, sizeof RECEIPT_TEXT - 1);
	until(&r, r.fake.inbound_n == 2);
	for (int k = 0; k < 2; k++) {
		i = &r.fake.inbound[k];
		cr_expect(i->receipt);
		cr_expect_str_eq(i->external_id, "abc1");
		cr_expect_eq(i->status, STATUS_DELIVERED);
		cr_expect_str_eq(i->raw_state, "DELIVRD");
		cr_expect_str_eq(i->error_code, "000");
		cr_expect_eq(i->at, INT64_C(1769860860) * US_SEC);
		cr_expect_str_eq(i->from.value, "+4915112345678");
	}
	until(&r, smsc_count(&r.smsc, RESP | DELIVER) == 2);
	rig_close(&r);
}

Test(sms_link_inbound, dates_of_receipts_in_the_smscs_zone)
{
	static const char *const dates[] = {"2601311201",	"260131120100",
					    "2026-01-31 12:01", "2026-01-31T12:01:00+01:00",
					    "260131120100004+", "1769860860"};
	static const int64_t hours[] = {-2, -2, -2, -1, -1, 0}; /* what says its zone is left alone */
	struct rig r;
	char text[120];

	rig_open(&r, "receipt_time_zone = +02:00\n");
	rig_start(&r);
	for (int i = 0; i < 6; i++) {
		int n = snprintf(text, sizeof text, "id:7 sub:001 done date:%s stat:DELIVRD err:000", dates[i]);
		smsc_deliver(&r.smsc, 0, (uint32_t)i + 1, "4915112345678", "12345", 4, 0, text, (size_t)n);
		until(&r, r.fake.inbound_n == (size_t)i + 1);
		cr_expect_eq(r.fake.inbound[i].at, INT64_C(1769860860) * US_SEC + hours[i] * US_HOUR, "%s", dates[i]);
	}
	rig_close(&r);
}

/* deliver_sm or data_sm with a body of our making. */
static void send_message(struct rig *r, uint32_t command, uint32_t seq, struct pdu_message *m)
{
	struct buf b;

	m->source = STR("4915112345678");
	m->source_ton = m->dest_ton = 1;
	m->dest = STR("12345");
	buf_init(&b, 100000);
	if (command == DELIVER) {
		pdu_write_submit(&b, m);
		smsc_send(&r->smsc, 0, command, 0, seq, b.p + 16, b.n - 16);
	} else {
		buf_add(&b,
			"\0\1\1"
			"4915112345678\0"
			"\1\1"
			"12345\0",
			3 + 14 + 2 + 6);
		buf_addc(&b, (char)m->esm_class);
		buf_addc(&b, 0);
		buf_addc(&b, (char)m->data_coding);
		for (size_t i = 0; i < m->tlvs_n; i++) {
			char head[4] = {(char)(m->tlv[i].tag >> 8), (char)m->tlv[i].tag, (char)(m->tlv[i].value.n >> 8),
					(char)m->tlv[i].value.n};
			buf_add(&b, head, 4);
			buf_addstr(&b, m->tlv[i].value);
		}
		smsc_send(&r->smsc, 0, command, 0, seq, b.p, b.n);
	}
	buf_free(&b);
}

Test(sms_link_inbound, receipts_by_parameters)
{
	struct rig r;
	struct pdu_message m = {.tlvs_n = 3,
				.tlv = {{0x001E, {"77AA", 5}}, {0x0427, {"\5", 1}}, {0x0423, {"\3\0\x11", 3}}}};
	const struct fake_inbound *i;

	rig_open(&r, "");
	rig_start(&r);
	send_message(&r, DELIVER, 1, &m);
	m.esm_class = 4;
	send_message(&r, DATA, 2, &m);
	until(&r, r.fake.inbound_n == 2);
	for (int k = 0; k < 2; k++) {
		i = &r.fake.inbound[k];
		cr_expect(i->receipt);
		cr_expect_str_eq(i->external_id, "77AA");
		cr_expect_eq(i->status, STATUS_UNDELIVERED);
		cr_expect_str_eq(i->raw_state, "UNDELIV");
		cr_expect_str_eq(i->error_code, "017");
	}
	until(&r, smsc_count(&r.smsc, RESP | DELIVER) == 1 && smsc_count(&r.smsc, RESP | DATA) == 1);
	rig_close(&r);
}

Test(sms_link_inbound, ids_by_the_accounts_rule)
{
	static const struct {
		const char *setting, *id;
	} cases[] = {
		{"receipt_id=auto\n", "1F"},
		{"receipt_id=hex_to_dec\n", "31"},
		{"receipt_id=dec_to_hex\n", "1F"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rig r;
		rig_open(&r, cases[i].setting);
		rig_start(&r);
		smsc_deliver(&r.smsc, 0, 1, "4915112345678", "12345", 4, 0, "id:1F stat:DELIVRD", 18);
		until(&r, r.fake.inbound_n == 1);
		cr_expect_str_eq(r.fake.inbound[0].external_id, cases[i].id, "%s", cases[i].setting);
		rig_close(&r);
	}
}

Test(sms_link_inbound, parts_by_header_and_by_parameters)
{
	struct rig r;
	struct pdu_message sar = {.body = STR("two"),
				  .tlvs_n = 3,
				  .tlv = {{0x020C, {"\1\2", 2}}, {0x020E, {"\3", 1}}, {0x020F, {"\2", 1}}}};
	struct pdu_message wide = {.esm_class = 0x40, .data_coding = 8, .body = STR("\6\x08\4\1\0\2\1\0a\4\x16")};
	struct pdu_message liar = {.esm_class = 0x40, .body = STR("\377abc")};
	const struct fake_inbound *i;

	rig_open(&r, "");
	rig_start(&r);
	smsc_deliver(&r.smsc, 0, 1, "4915112345678", "12345", 0x40, 0, "\5\0\3\x2A\2\1Hello", 11);
	send_message(&r, DELIVER, 2, &sar);
	send_message(&r, DELIVER, 3, &wide);
	send_message(&r, DELIVER, 4, &liar);
	until(&r, r.fake.inbound_n == 4);
	i = r.fake.inbound;
	cr_expect(i[0].ref == 0x2A && i[0].total == 2 && i[0].seq == 1 && i[0].width == 8);
	cr_expect_str_eq(i[0].text, "Hello");
	cr_expect(i[1].ref == 0x102 && i[1].total == 3 && i[1].seq == 2 && i[1].width == 0);
	cr_expect_str_eq(i[1].text, "two");
	cr_expect(i[2].ref == 0x100 && i[2].total == 2 && i[2].seq == 1 && i[2].width == 16);
	cr_expect_str_eq(i[2].text, "a\u0416");
	cr_expect(i[3].total == 0 && i[3].text_n > 0, "a header that lies costs the header, not the message");
	rig_close(&r);
}

Test(sms_link_inbound, halves_of_a_surrogate_pair_stay_halves_in_parts_only)
{
	struct rig r;
	const struct fake_inbound *i;

	rig_open(&r, "");
	rig_start(&r);
	smsc_deliver(&r.smsc, 0, 1, "4915112345678", "12345", 0x40, 8, "\5\0\3\x2A\2\1\0a\xD8\x3D", 10);
	smsc_deliver(&r.smsc, 0, 2, "4915112345678", "12345", 0x40, 8, "\5\0\3\x2A\2\2\xDE\0\0b", 10);
	smsc_deliver(&r.smsc, 0, 3, "4915112345678", "12345", 0, 8, "\0a\xD8\x3D", 4);
	smsc_deliver(&r.smsc, 0, 4, "4915112345678", "12345", 0x40, 8, "\5\0\3\x2B\2\1\xD8\x3D\xDE\0", 10);
	until(&r, r.fake.inbound_n == 4);
	i = r.fake.inbound;
	cr_expect_str_eq(i[0].text, "a\xED\xA0\xBD");
	cr_expect_str_eq(i[1].text, "\xED\xB8\x80"
				    "b");
	cr_expect_str_eq(i[2].text, "a\xEF\xBF\xBD", "nothing will follow");
	cr_expect_str_eq(i[3].text, "\xF0\x9F\x98\x80", "a whole pair is a character");
	rig_close(&r);
}

Test(sms_link_inbound, payloads_binaries_and_empty_texts)
{
	struct rig r;
	static char big[60000];
	struct pdu_message payload = {.tlvs_n = 1, .tlv = {{0x0424, {big, sizeof big}}}};

	memset(big, 'z', sizeof big);
	rig_open(&r, "");
	rig_start(&r);
	send_message(&r, DATA, 1, &payload);
	until(&r, r.fake.inbound_n == 1);
	cr_expect_eq(r.fake.inbound[0].text_n, sizeof big);
	smsc_deliver(&r.smsc, 0, 2, "4915112345678", "12345", 0, 4, "\x0B\xFF", 2);
	until(&r, r.fake.inbound_n == 2);
	cr_expect_str_eq(r.fake.inbound[1].text, "0BFF");
	cr_expect_not_null(strstr(r.fake.inbound[1].metadata, "\"data_coding\":4"));
	smsc_deliver(&r.smsc, 0, 3, "Bank", "12345", 0, 0, "", 0);
	until(&r, r.fake.inbound_n == 3);
	cr_expect_str_eq(r.fake.inbound[2].text, " ");
	rig_close(&r);
}

Test(sms_link_inbound, truncated_bodies_get_a_nack)
{
	struct rig r;

	rig_open(&r, "");
	rig_start(&r);
	smsc_send(&r.smsc, 0, DELIVER, 0, 5,
		  "\0\1\1"
		  "4915",
		  7);
	smsc_send(&r.smsc, 0, DATA, 0, 6, "", 0);
	smsc_send(&r.smsc, 0, ENQUIRE, 0, 7, "", 0);
	until(&r, smsc_count(&r.smsc, RESP | ENQUIRE) == 1);
	cr_expect_eq(smsc_count(&r.smsc, NACK), 2);
	cr_expect_eq(smsc_find(&r.smsc, NACK, 0)->seq, 5);
	cr_expect_eq(smsc_find(&r.smsc, NACK, 0)->status, 2);
	cr_expect_eq(r.fake.inbound_n, 0);
	rig_close(&r);
}

Test(sms_link_inbound, receipts_may_come_over_another_bind_and_before_the_answer)
{
	struct rig r;

	rig_open(&r, "bind=split\n");
	rig_start(&r);
	until(&r, *fake_reason(&r.fake) == 0);
	r.smsc.mute_submit = true;
	cr_assert_eq(rig_submit(&r, 1, "x"), 1);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 1);
	smsc_deliver(&r.smsc, smsc_find(&r.smsc, BIND_RX, 0)->conn, 1, "491511", "12345", 4, 0, "id:q stat:DELIVRD",
		     17);
	until(&r, r.fake.inbound_n == 1);
	cr_expect_eq(r.fake.outcomes_n, 0);
	smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, 0), "q");
	until(&r, r.fake.outcomes_n == 1);
	cr_expect_str_eq(r.fake.outcomes[0].ids[0], r.fake.inbound[0].external_id);
	rig_close(&r);
}
