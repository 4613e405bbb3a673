/* What a delivery looks like on the wire. */
#include "sms/pdu.h"
#include "unit/sms_rig.h"

/* The n-th submit, decoded; the bytes are copied into keep. */
static void submitted(struct rig *r, size_t n, struct pdu_message *m, char *keep)
{
	const struct smsc_pdu *p;
	struct pdu_fault fault = {0};

	until(r, smsc_count(&r->smsc, SUBMIT) > n);
	p = smsc_find(&r->smsc, SUBMIT, n);
	cr_assert_leq(p->length - 16, SMSC_BODY);
	memcpy(keep + 16, p->body, p->length - 16);
	pdu_put_header(keep, &(struct pdu_header){p->length, SUBMIT, p->status, p->seq});
	cr_assert_eq(pdu_read_message(str_n(keep, p->length), m, &fault), 0, "%s", fault.what);
}

struct form {
	const char *label, *section, *text, *options, *to, *from;
	enum scheme scheme;
	struct str body, source, dest;
	uint8_t source_ton, source_npi, dest_ton, dest_npi, esm, dc, protocol, registered;
};

#define DE "+491511234567"

static const struct form forms[] = {
	{"plain",
	 "",
	 "a@",
	 "{}",
	 DE,
	 "",
	 SCHEME_TEL,
	 {"a\0", 2},
	 {"12345", 5},
	 {"491511234567", 12},
	 3,
	 0,
	 1,
	 1,
	 0,
	 0,
	 0,
	 1},
	{"number as sender",
	 "",
	 "a",
	 "{}",
	 DE,
	 "+4930123",
	 SCHEME_TEL,
	 {"a", 1},
	 {"4930123", 7},
	 {"491511234567", 12},
	 1,
	 1,
	 1,
	 1,
	 0,
	 0,
	 0,
	 1},
	{"name as sender",
	 "",
	 "a",
	 "{}",
	 DE,
	 "My Shop",
	 SCHEME_TEL,
	 {"a", 1},
	 {"My Shop", 7},
	 {"491511234567", 12},
	 5,
	 0,
	 1,
	 1,
	 0,
	 0,
	 0,
	 1},
	{"short code",
	 "",
	 "a",
	 "{}",
	 "40404",
	 "",
	 SCHEME_SHORT,
	 {"a", 1},
	 {"12345", 5},
	 {"40404", 5},
	 3,
	 0,
	 0,
	 1,
	 0,
	 0,
	 0,
	 1},
	{"fixed types",
	 "source_ton=national\nsource_npi=isdn\ndest_ton=unknown\ndest_npi=national\n",
	 "a",
	 "{}",
	 DE,
	 "",
	 SCHEME_TEL,
	 {"a", 1},
	 {"12345", 5},
	 {"491511234567", 12},
	 2,
	 1,
	 0,
	 8,
	 0,
	 0,
	 0,
	 1},
	{"ucs2",
	 "",
	 "\u4F60",
	 "{}",
	 DE,
	 "",
	 SCHEME_TEL,
	 {"\x4F\x60", 2},
	 {"12345", 5},
	 {"491511234567", 12},
	 3,
	 0,
	 1,
	 1,
	 0,
	 8,
	 0,
	 1},
	{"flash",
	 "",
	 "a",
	 "{\"flash\":true}",
	 DE,
	 "",
	 SCHEME_TEL,
	 {"a", 1},
	 {"12345", 5},
	 {"491511234567", 12},
	 3,
	 0,
	 1,
	 1,
	 0,
	 0x10,
	 0,
	 1},
	{"flash in ucs2",
	 "",
	 "a",
	 "{\"flash\":true,\"encoding\":\"ucs2\"}",
	 DE,
	 "",
	 SCHEME_TEL,
	 {"\0a", 2},
	 {"12345", 5},
	 {"491511234567", 12},
	 3,
	 0,
	 1,
	 1,
	 0,
	 0x18,
	 0,
	 1},
	{"protocol",
	 "receipts=none\n",
	 "a",
	 "{\"protocol_id\":64}",
	 DE,
	 "",
	 SCHEME_TEL,
	 {"a", 1},
	 {"12345", 5},
	 {"491511234567", 12},
	 3,
	 0,
	 1,
	 1,
	 0,
	 0,
	 64,
	 0},
	{"latin1",
	 "alphabet=latin1\n",
	 "\u00E4[",
	 "{}",
	 DE,
	 "",
	 SCHEME_TEL,
	 {"\xE4[", 2},
	 {"12345", 5},
	 {"491511234567", 12},
	 3,
	 0,
	 1,
	 1,
	 0,
	 0,
	 0,
	 1},
	{"packed",
	 "alphabet=packed\n",
	 "hellohello",
	 "{}",
	 DE,
	 "",
	 SCHEME_TEL,
	 {"\xE8\x32\x9B\xFD\x46\x97\xD9\xEC\x37", 9},
	 {"12345", 5},
	 {"491511234567", 12},
	 3,
	 0,
	 1,
	 1,
	 0,
	 0,
	 0,
	 1},
	{"turkish",
	 "national=tr\n",
	 "\u011F",
	 "{}",
	 DE,
	 "",
	 SCHEME_TEL,
	 {"\3\x24\1\1\x1Bg", 6},
	 {"12345", 5},
	 {"491511234567", 12},
	 3,
	 0,
	 1,
	 1,
	 0x40,
	 0,
	 0,
	 1},
};

Test(sms_link_prepare, fields_follow_settings_and_options)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		const struct form *f = &forms[i];
		struct rig r;
		struct delivery d;
		struct pdu_message m;
		char keep[600];
		rig_open(&r, f->section);
		rig_start(&r);
		d = rig_delivery(&r, f->text);
		d.options = str_of(f->options);
		d.from = str_of(f->from);
		d.to.scheme = f->scheme;
		memcpy(d.to.value, f->to, strlen(f->to) + 1);
		cr_assert_eq(rig_submit_as(&r, &d, 1), 1);
		submitted(&r, 0, &m, keep);
		cr_expect(str_eq(m.body, f->body), "%s: body of %zu", f->label, m.body.n);
		cr_expect(str_eq(m.source, f->source), "%s: %.*s", f->label, (int)m.source.n, m.source.p);
		cr_expect(str_eq(m.dest, f->dest), "%s: %.*s", f->label, (int)m.dest.n, m.dest.p);
		cr_expect(m.source_ton == f->source_ton && m.source_npi == f->source_npi, "%s: source %u %u", f->label,
			  m.source_ton, m.source_npi);
		cr_expect(m.dest_ton == f->dest_ton && m.dest_npi == f->dest_npi, "%s: dest %u %u", f->label,
			  m.dest_ton, m.dest_npi);
		cr_expect_eq(m.esm_class, f->esm, "%s", f->label);
		cr_expect_eq(m.data_coding, f->dc, "%s: %02x", f->label, m.data_coding);
		cr_expect_eq(m.protocol_id, f->protocol, "%s", f->label);
		cr_expect_eq(m.registered, f->registered, "%s", f->label);
		rig_close(&r);
	}
}

Test(sms_link_prepare, long_texts_in_each_form)
{
	static char text[400];
	struct pdu_message m;
	char keep[600];
	struct rig r;

	memset(text, 'x', 399);
	rig_open(&r, "long=udh16\n");
	rig_start(&r);
	cr_assert_eq(rig_submit(&r, 1, text), 1);
	submitted(&r, 2, &m, keep);
	cr_expect_eq(m.esm_class, 0x40);
	cr_expect_eq(memcmp(m.body.p, "\6\x08\4", 3), 0);
	cr_expect_eq(memcmp(m.body.p + 5, "\3\3", 2), 0);
	cr_expect_eq(m.body.n, 7 + 399 - 2 * 152);
	rig_close(&r);
	rig_open(&r, "long=sar\n");
	rig_start(&r);
	cr_assert_eq(rig_submit(&r, 1, text), 1);
	submitted(&r, 1, &m, keep);
	cr_expect_eq(m.esm_class, 0);
	cr_expect_eq(pdu_tlv_number(&m, TLV_SAR_TOTAL_SEGMENTS), 3);
	cr_expect_eq(pdu_tlv_number(&m, TLV_SAR_SEGMENT_SEQNUM), 2);
	cr_expect_geq(pdu_tlv_number(&m, TLV_SAR_MSG_REF_NUM), 0);
	rig_close(&r);
	rig_open(&r, "long=payload\n");
	rig_start(&r);
	cr_assert_eq(rig_submit(&r, 1, text), 1);
	until(&r, r.fake.outcomes_n == 1);
	cr_expect_eq(smsc_count(&r.smsc, SUBMIT), 1);
	cr_expect_eq(smsc_find(&r.smsc, SUBMIT, 0)->length, 16 + 1 + 2 + 6 + 2 + 13 + 3 + 1 + 1 + 5 + 4 + 399);
	rig_close(&r);
}

Test(sms_link_prepare, a_repeated_attempt_keeps_its_reference)
{
	static char text[200];
	struct pdu_message a, b;
	char keep_a[600], keep_b[600];
	struct delivery d;
	struct rig r;

	memset(text, 'x', 199);
	rig_open(&r, "");
	rig_start(&r);
	d = rig_delivery(&r, text);
	cr_assert_eq(rig_submit_as(&r, &d, 1), 1);
	r.next++;
	d.token = r.next;
	cr_assert_eq(rig_submit_as(&r, &d, 1), 1);
	submitted(&r, 0, &a, keep_a);
	submitted(&r, 2, &b, keep_b);
	cr_expect(str_eq(a.body, b.body));
	rig_close(&r);
}

Test(sms_link_prepare, validity_and_priority)
{
	static const struct {
		const char *section, *begins;
		int64_t expires;
		size_t n;
	} cases[] = {
		{"", "", 0, 0},
		{"validity=26h\n", "000001020000000R", 0, 16},
		{"", "0000020", 48 * 3600 + 600, 16},
		{"validity_form=none\nvalidity=1h\n", "", 0, 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rig r;
		struct delivery d;
		struct pdu_message m;
		char keep[600];
		rig_open(&r, cases[i].section);
		rig_start(&r);
		d = rig_delivery(&r, "a");
		d.priority = i ? PRIORITY_BULK : PRIORITY_HIGH;
		d.expires_at = cases[i].expires ? clock_now() + cases[i].expires * US_SEC : 0;
		cr_assert_eq(rig_submit_as(&r, &d, 1), 1);
		submitted(&r, 0, &m, keep);
		cr_expect_eq(m.validity.n, cases[i].n, "case %zu", i);
		cr_expect_eq(strncmp(m.validity.p, cases[i].begins, strlen(cases[i].begins)), 0, "%.*s",
			     (int)m.validity.n, m.validity.p);
		cr_expect_eq(m.priority, i == 0);
		rig_close(&r);
	}
}

Test(sms_link_prepare, absolute_validity_is_utc)
{
	struct rig r;
	struct delivery d;
	struct pdu_message m;
	char keep[600];

	rig_open(&r, "validity_form=absolute\n");
	rig_start(&r);
	d = rig_delivery(&r, "a");
	d.expires_at = clock_now() + US_DAY;
	cr_assert_eq(rig_submit_as(&r, &d, 1), 1);
	submitted(&r, 0, &m, keep);
	cr_expect_eq(m.validity.n, 16);
	cr_expect_str_eq(m.validity.p + 12, "000+");
	rig_close(&r);
}

Test(sms_link_prepare, parameters_of_the_carrier)
{
	struct rig r;
	struct delivery d;
	struct pdu_message m;
	char keep[600];

	rig_open(&r, "");
	rig_start(&r);
	d = rig_delivery(&r, "a");
	d.options = STR("{\"tlvs\":{\"0x1403\":\"00ff\",\"5124\":\"\"},\"service_type\":\"VMA\"}");
	cr_assert_eq(rig_submit_as(&r, &d, 1), 1);
	submitted(&r, 0, &m, keep);
	cr_expect(str_eq(pdu_tlv_find(&m, 0x1403), STR("\0\377")));
	cr_expect_not_null(pdu_tlv_find(&m, 5124).p);
	cr_expect(str_is(m.service_type, "VMA"));
	rig_close(&r);
}

Test(sms_link_prepare, what_cannot_be_sent_fails_at_once)
{
	static char text[3000];
	static const struct {
		const char *text, *options, *reason;
		int64_t expires;
		enum outcome_kind kind;
	} cases[] = {
		{text, "{}", "text too long", 0, OUTCOME_FAILED},
		{"a", "{\"encoding\":\"morse\"}", "option encoding", 0, OUTCOME_FAILED},
		{"a", "{\"class\":7}", "option class", 0, OUTCOME_FAILED},
		{"a", "{\"tlvs\":{\"0x1403\":\"xyz\"}}", "option tlvs", 0, OUTCOME_FAILED},
		{"a", "{\"protocol_id\":\"1\"}", "option protocol_id", 0, OUTCOME_FAILED},
		{"a", "[not json", "options are no JSON object", 0, OUTCOME_FAILED},
		{"a", "{}", "expired before it was sent", 1, OUTCOME_EXPIRED},
	};
	struct rig r;

	memset(text, 'x', sizeof text - 1);
	rig_open(&r, "");
	rig_start(&r);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct delivery d = rig_delivery(&r, cases[i].text);
		d.options = str_of(cases[i].options);
		d.expires_at = cases[i].expires;
		cr_assert_eq(rig_submit_as(&r, &d, 1), 1);
		until(&r, r.fake.outcomes_n == i + 1);
		cr_expect_eq(r.fake.outcomes[i].kind, cases[i].kind, "%s", cases[i].reason);
		cr_expect_str_eq(r.fake.outcomes[i].reason, cases[i].reason);
	}
	cr_expect_eq(smsc_count(&r.smsc, SUBMIT), 0);
	rig_close(&r);
}

Test(sms_link_prepare, an_estimate_needs_no_link)
{
	struct rig r;
	struct channel_estimate e;
	static char text[200];

	memset(text, 'x', 199);
	rig_open(&r, "smart=yes\n");
	e = sms_channel.estimate(r.account, str_of(text), STR(""));
	cr_expect_str_eq(e.encoding, "gsm7");
	cr_expect_eq(e.segments, 2);
	e = sms_channel.estimate(r.account, STR("\u201Chi\u201D"), STR("{}"));
	cr_expect_str_eq(e.encoding, "gsm7");
	e = sms_channel.estimate(r.account, STR("\u4F60"), STR("{}"));
	cr_expect_str_eq(e.encoding, "ucs2");
	sms_channel.close(&r.account);
	rig_close(&r);
}
