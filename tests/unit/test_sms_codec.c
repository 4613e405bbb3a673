/* Alphabets, segments, headers, PDUs, statuses. */
#include <criterion/criterion.h>

#include "sms/coding.h"
#include "sms/pdu.h"
#include "sms/segment.h"
#include "sms/status.h"
#include "sms/udh.h"

Test(sms_codec, every_septet_comes_back)
{
	for (uint8_t locking = 0; locking < 4; locking++)
		for (uint8_t single = 0; single < 4; single++)
			for (int first = 0; first < 128; first++) {
				char s[2] = {(char)first, 0};
				struct gsm7 g = {locking, single};
				struct buf text;
				size_t at = 0;
				uint32_t cp;
				if (first == GSM7_ESC)
					continue;
				buf_init(&text, 16);
				gsm7_decode(g, str_n(s, 1), &text);
				cp = str_next(buf_str(&text), &at);
				cr_expect_eq(gsm7_septets(g, cp), first, "tables %u %u, septet %02x, U+%04X", locking,
					     single, first, cp);
				buf_free(&text);
			}
}

Test(sms_codec, packing_is_that_of_the_standard)
{
	struct buf packed, back;

	buf_init(&packed, 300);
	buf_init(&back, 300);
	cr_expect_eq(gsm7_pack(STR("hellohello"), 0, &packed), 9);
	cr_expect_eq(memcmp(packed.p, "\xE8\x32\x9B\xFD\x46\x97\xD9\xEC\x37", 9), 0);
	for (unsigned fill = 0; fill < 7; fill++)
		for (size_t n = 0; n < 40; n++) {
			buf_reset(&packed);
			buf_reset(&back);
			gsm7_pack(str_n("abcdefghijklmnopqrstuvwxyzabcdefghijklmnop", n), fill, &packed);
			gsm7_unpack(buf_str(&packed), fill, &back);
			cr_expect(str_eq(buf_str(&back), str_n("abcdefghijklmnopqrstuvwxyzabcdefghijklmnop", n)),
				  "fill %u, n %zu", fill, n);
		}
	buf_free(&packed);
	buf_free(&back);
}

struct text_case {
	const char *label, *text;
	int repeat;
	struct segment_options o;
	const char *encoding;
	int n;
	uint32_t units;
};

Test(sms_codec, texts_are_counted_and_cut)
{
	static const struct text_case cases[] = {
		{"empty", "", 1, {.max = 10}, "gsm7", 1, 0},
		{"just one", "a", 160, {.max = 10}, "gsm7", 1, 160},
		{"just over", "a", 161, {.max = 10}, "gsm7", 2, 161},
		{"two full", "a", 306, {.max = 10}, "gsm7", 2, 306},
		{"three", "a", 307, {.max = 10}, "gsm7", 3, 307},
		{"wide reference", "a", 305, {.long_form = SMS_LONG_UDH16, .max = 10}, "gsm7", 3, 305},
		{"the euro costs two", "\u20AC", 80, {.max = 10}, "gsm7", 1, 160},
		{"an escape is not split", "\u20AC", 153, {.max = 10}, "gsm7", 3, 306},
		{"ucs2", "\u4F60", 70, {.max = 10}, "ucs2", 1, 140},
		{"ucs2 long", "\u4F60", 71, {.max = 10}, "ucs2", 2, 142},
		{"a pair is not split", "\U0001F600", 67, {.max = 10}, "ucs2", 3, 268},
		{"a letter keeps its accent", "x\u0301", 67, {.max = 10}, "ucs2", 3, 268},
		{"a joined family stays together",
		 "\U0001F468\u200D\U0001F469\u200D\U0001F467",
		 10,
		 {.max = 10},
		 "ucs2",
		 2,
		 160},
		{"flags are not cut in half", "\U0001F1E9\U0001F1EA", 34, {.max = 10}, "ucs2", 3, 272},
		{"too many accents are cut anyway", "\u0301", 200, {.max = 10}, "ucs2", 3, 400},
		{"decomposed letters with smart", "e\u0301A\u0308x", 1, {.smart = true, .max = 10}, "gsm7", 1, 3},
		{"marks that do not compose", "e\u0301x\u0301", 1, {.smart = true, .max = 10}, "ucs2", 1, 6},
		{"decomposed letters without smart", "e\u0301", 1, {.max = 10}, "ucs2", 1, 4},
		{"quotes stay without smart", "\u201Ca\u201D", 1, {.max = 10}, "ucs2", 1, 6},
		{"quotes with smart", "\u201Ca\u201D\u2026", 1, {.smart = true, .max = 10}, "gsm7", 1, 6},
		{"turkish", "\u015F\u011F\u0131", 1, {.national = 2, .max = 10}, "gsm7-tr", 1, 6},
		{"spanish", "\u00E1\u00ED\u00F3\u00FA", 1, {.national = 4, .max = 10}, "gsm7-es", 1, 8},
		{"portuguese", "\u00E3\u00F5", 1, {.national = 8, .max = 10}, "gsm7-pt", 1, 4},
		{"forced", "a\u4F60", 1, {.encoding = SMS_ENCODING_GSM7, .max = 10}, "gsm7", 1, 2},
		{"asked for", "a", 1, {.encoding = SMS_ENCODING_UCS2, .max = 10}, "ucs2", 1, 2},
		{"no euro in latin1", "\u20AC", 1, {.alphabet = SMS_ALPHABET_LATIN1, .max = 10}, "ucs2", 1, 2},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct text_case *c = &cases[i];
		struct buf text, units;
		struct segments s;
		struct err err = {0};
		buf_init(&text, 4000);
		buf_init(&units, 4000);
		for (int k = 0; k < c->repeat; k++)
			buf_adds(&text, c->text);
		cr_assert_eq(segment_text(&c->o, buf_str(&text), &units, &s, &err), 0, "%s: %s", c->label, err.msg);
		cr_expect_str_eq(s.encoding, c->encoding, "%s", c->label);
		cr_expect_eq(s.n, c->n, "%s: %d segments", c->label, s.n);
		cr_expect_eq(s.units, c->units, "%s: %u units", c->label, s.units);
		cr_expect_eq(s.cut[s.n], s.units, "%s", c->label);
		for (int k = 1; k < s.n; k++) {
			uint8_t last = (uint8_t)units.p[s.cut[k] - 1], before = (uint8_t)units.p[s.cut[k] - 2];
			cr_expect(s.ucs2 ? (before & 0xFC) != 0xD8 : last != GSM7_ESC, "%s: cut %d", c->label, k);
			cr_expect(!s.ucs2 || strcmp(c->label, "flags are not cut in half") || s.cut[k] % 8 == 0);
			cr_expect(!s.ucs2 || strcmp(c->label, "a letter keeps its accent") || s.cut[k] % 4 == 0);
			cr_expect(!s.ucs2 || strcmp(c->label, "a joined family stays together") || s.cut[k] % 16 == 0);
		}
		buf_free(&text);
		buf_free(&units);
	}
}

Test(sms_codec, too_long_is_refused)
{
	struct segment_options o = {.max = 2};
	struct segments s;
	struct buf units, text;
	struct err err;

	buf_init(&units, 100000);
	buf_init(&text, 100000);
	for (int i = 0; i < 307; i++)
		buf_addc(&text, 'a');
	cr_expect_eq(segment_text(&o, buf_str(&text), &units, &s, &err), -1);
	cr_expect_str_eq(err.code, "too_long");
	o.max = SEGMENTS_MAX;
	for (int i = 0; i < 50000; i++)
		buf_addc(&text, 'a');
	cr_expect_eq(segment_text(&o, buf_str(&text), &units, &s, &err), -1);
	buf_free(&units);
	buf_free(&text);
}

Test(sms_codec, headers_are_read_and_liars_are_none)
{
	static const struct {
		const char *label;
		struct str data;
		bool ok;
		uint8_t width, total, seq;
		uint16_t ref;
	} cases[] = {
		{"8 bit", {"\5\0\3\377\2\1x", 7}, true, 8, 2, 1, 255},
		{"16 bit", {"\6\x08\4\1\2\3\2x", 8}, true, 16, 3, 2, 0x102},
		{"after ports", {"\x0B\5\4\x0B\x84\x23\xF0\0\3\7\2\2", 12}, true, 8, 2, 2, 7},
		{"unknown element", {"\4\x70\2ab", 5}, true, 0, 0, 0, 0},
		{"empty header", {"\0x", 2}, true, 0, 0, 0, 0},
		{"longer than the data", {"\11\0\3\1\2\1", 6}, false, 0, 0, 0, 0},
		{"element beyond the header", {"\3\0\3\1\2\1", 6}, false, 0, 0, 0, 0},
		{"half an element", {"\1\0", 2}, false, 0, 0, 0, 0},
		{"no data", {"", 0}, false, 0, 0, 0, 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct udh u;
		cr_expect_eq(udh_read(cases[i].data, &u), cases[i].ok, "%s", cases[i].label);
		cr_expect_eq(u.width, cases[i].width, "%s", cases[i].label);
		cr_expect_eq(u.total, cases[i].total, "%s", cases[i].label);
		cr_expect_eq(u.seq, cases[i].seq, "%s", cases[i].label);
		cr_expect_eq(u.ref, cases[i].ref, "%s", cases[i].label);
	}
}

Test(sms_codec, a_written_submit_reads_back)
{
	struct pdu_message m = {.service_type = STR("CMT"),
				.source = STR("Shop"),
				.source_ton = 5,
				.dest = STR("4915112345"),
				.dest_ton = 1,
				.dest_npi = 1,
				.esm_class = 0x40,
				.protocol_id = 3,
				.priority = 1,
				.schedule = STR(""),
				.validity = STR("000001000000000R"),
				.registered = 1,
				.data_coding = 8,
				.body = STR("\0a\0b"),
				.tlvs_n = 1,
				.tlv = {{0x1403, STR("xyz")}}};
	struct pdu_message r;
	struct pdu_fault fault = {0};
	struct buf b;
	static char big[60000];

	buf_init(&b, 100000);
	pdu_write_submit(&b, &m);
	cr_assert_eq(pdu_read_message(buf_str(&b), &r, &fault), 0, "%s", fault.what);
	cr_expect(str_eq(r.source, m.source) && str_eq(r.dest, m.dest) && str_eq(r.body, m.body) &&
		  str_eq(r.validity, m.validity) && str_eq(r.service_type, m.service_type));
	cr_expect_eq(r.esm_class, 0x40);
	cr_expect_eq(r.data_coding, 8);
	cr_expect_eq(pdu_tlv_number(&r, 0x1403), 0x78797A);
	for (size_t n = 0; n < b.n; n++) {
		char *copy = malloc(n ? n : 1);
		memcpy(copy, b.p, n);
		cr_expect_eq(pdu_read_message(str_n(copy, n), &r, &fault), -1, "cut at %zu", n);
		free(copy);
	}
	buf_reset(&b);
	m.body = str_n(big, sizeof big);
	pdu_write_submit(&b, &m);
	cr_assert_eq(pdu_read_message(buf_str(&b), &r, &fault), 0, "%s", fault.what);
	cr_expect_eq(r.body.n, sizeof big);
	cr_expect(pdu_tlv_find(&r, TLV_MESSAGE_PAYLOAD).p != NULL);
	buf_free(&b);
}

/* A deliver_sm without addresses; sm_length and what follows as given. Freed by the caller. */
static struct str deliver(uint8_t sm_length, struct str rest)
{
	static const char mandatory[] = "\0\1\1\0\1\1\0\0\0\0\0\0\0\0\0";
	size_t n = PDU_HEADER + sizeof mandatory + 1 + rest.n;
	char *p = malloc(n);

	pdu_put_header(p, &(struct pdu_header){(uint32_t)n, PDU_DELIVER_SM, 0, 1});
	memcpy(p + PDU_HEADER, mandatory, sizeof mandatory);
	p[n - rest.n - 1] = (char)sm_length;
	memcpy(p + n - rest.n, rest.p, rest.n);
	return str_n(p, n);
}

/* Each is allocated to its length, so that the sanitizer sees a byte read too many. */
Test(sms_codec, ends_are_respected)
{
	static const struct {
		const char *label;
		uint8_t sm_length;
		struct str rest;
		int result;
		bool cut;
		uint32_t status;
		const char *body;
	} cases[] = {
		{"whole", 2, STR("hi"), 0, false, 0, "hi"},
		{"empty", 0, STR(""), 0, false, 0, ""},
		{"a length over the end is cut", 16, STR("hi"), 0, true, 0, "hi"},
		{"nothing is there", 16, STR(""), -1, false, 1, ""},
		{"payload", 0, STR("\x04\x24\0\2hi"), 0, false, 0, "hi"},
		{"short_message goes before it", 1, STR("x\x04\x24\0\2hi"), 0, false, 0, "x"},
		{"an empty parameter", 0, STR("\x13\x0C\0\0"), 0, false, 0, ""},
		{"the last parameter is cut", 0, STR("\x04\x24\0\101hi"), 0, true, 0, "hi"},
		{"a parameter without value", 0, STR("\x04\x24\0\1"), -1, false, 0xC0, ""},
		{"half a parameter", 2, STR("hi\x04\x24\0"), -1, false, 0xC0, ""},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str pdu = deliver(cases[i].sm_length, cases[i].rest);
		struct pdu_fault fault = {0};
		struct pdu_message m;
		int r = pdu_read_message(pdu, &m, &fault);
		cr_expect_eq(r, cases[i].result, "%s", cases[i].label);
		cr_expect_eq(fault.status, cases[i].status, "%s: %x", cases[i].label, fault.status);
		if (r == 0) {
			cr_expect_eq(m.cut, cases[i].cut, "%s", cases[i].label);
			cr_expect(str_is(m.body, cases[i].body), "%s", cases[i].label);
		}
		free((char *)(uintptr_t)pdu.p);
	}
}

Test(sms_codec, faults_name_the_octet)
{
	char pdu[] = "\0\0\0\x20\0\0\0\5\0\0\0\0\0\0\0\1"
		     "CMT\0\1\1"
		     "4915112345";
	struct pdu_fault fault;
	struct pdu_message m;

	cr_assert_eq(pdu_read_message(str_n(pdu, 32), &m, &fault), -1);
	cr_expect_eq(fault.at, 22);
	cr_expect_eq(fault.status, ESME_RINVCMDLEN);
	cr_expect_str_eq(fault.what, "a text field has no end");
	cr_assert_eq(pdu_read_message(str_n(pdu, 31), &m, &fault), -1);
	cr_expect_eq(fault.at, 0);
	cr_assert_eq(pdu_read_message(str_n(pdu, 15), &m, &fault), -1);
	pdu[7] = 0x15;
	cr_assert_eq(pdu_read_message(str_n(pdu, 32), &m, &fault), -1);
	cr_expect_eq(fault.status, ESME_RINVCMDID);
}

Test(sms_codec, optional_parameters_are_bounded)
{
	struct pdu_fault fault;
	struct pdu_message r;
	struct str pdu;
	struct buf b;

	buf_init(&b, 100000);
	for (int i = 0; i < 1000; i++)
		buf_add(&b, "\x14\1\0\1x", 5);
	pdu = deliver(0, buf_str(&b));
	cr_expect_eq(pdu_read_message(pdu, &r, &fault), 0);
	cr_expect_eq(r.tlvs_n, PDU_TLVS_MAX);
	free((char *)(uintptr_t)pdu.p);
	buf_free(&b);
}

Test(sms_codec, data_codings_become_text)
{
	static const struct {
		uint8_t dc;
		struct str in;
		const char *out; /* NULL: not text */
	} cases[] = {
		{0, {"a\0\x1B\x65", 4}, "a@\u20AC"},
		{1, {"a@", 2}, "a@"},
		{3, {"\xE4", 1}, "\u00E4"},
		{8, {"\x4F\x60\xD8\x3D\xDE\x00", 6}, "\u4F60\U0001F600"},
		{8, {"\xD8\x3D", 2}, "\uFFFD"},
		{4, {"abc", 3}, NULL},
		{2, {"abc", 3}, NULL},
		{0x10, {"a", 1}, "a"},
		{0x18, {"\0a", 2}, "a"},
		{0xF4, {"a", 1}, NULL},
		{0xF1, {"\x02", 1}, "$"},
		{0xE0, {"\0a", 2}, "a"},
		{6, {"\xB0", 1}, "\u0410"},
		{7, {"\xE0", 1}, "\u05D0"},
		{0x0B, {"\x02", 1}, "$"},
		{0x8F, {"\x02", 1}, "$"},
		{0xC8, {"\x02", 1}, "$"},
		{0xD8, {"\x02", 1}, "$"},
		{0x11, {"\x02", 1}, "$"},
		{0x48, {"\0a", 2}, "a"},
		{0x54, {"a", 1}, NULL},
		{0x2C, {"a", 1}, NULL},
		{0x70, {"a", 1}, NULL},
		{0xF5, {"a", 1}, NULL},
		{8, {"\xFE\xFF\0a", 4}, "a"},
		{8,
		 {"\xFF\xFE"
		  "a\0\x3D\xD8\0\xDE",
		  8},
		 "a\U0001F600"},
		{8, {"\xDE\0\0a\0", 5}, "\uFFFDa"},
		{10, {"\x1B$B$\"", 5}, "\u3042"},
		{14, {"\xB0\xA1", 2}, "\uAC00"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf b;
		bool ok;
		buf_init(&b, 100);
		ok = coding_decode(cases[i].dc, SMS_ALPHABET_GSM, (struct gsm7){0, 0}, 0, cases[i].in, &b);
		cr_expect_eq(ok, cases[i].out != NULL, "data_coding %02x", cases[i].dc);
		cr_expect(!ok || str_is(buf_str(&b), cases[i].out), "data_coding %02x: %s", cases[i].dc, buf_cstr(&b));
		buf_free(&b);
	}
}

Test(sms_codec, statuses_are_named_and_classed)
{
	cr_expect_str_eq(sms_status_name(0), "ESME_ROK");
	cr_expect_str_eq(sms_status_name(0x58), "ESME_RTHROTTLED");
	cr_expect_str_eq(sms_status_name(0x10F), "ESME_RBCASTCANCELFAIL");
	cr_expect_str_eq(sms_status_name(0x112), "ESME_RINVBCASTCHANIND");
	cr_expect_str_eq(sms_status_name(0x113), "reserved");
	cr_expect_str_eq(sms_status_name(0x401), "vendor");
	cr_expect_str_eq(sms_status_name(0x59), "reserved");
	cr_expect_eq(sms_status_class(0x14), SMS_CLASS_THROTTLED);
	cr_expect_eq(sms_status_class(0x0B), SMS_CLASS_PERMANENT);
	cr_expect_eq(sms_status_class(0x08), SMS_CLASS_TEMPORARY);
	cr_expect_eq(sms_status_class(0x401), SMS_CLASS_TEMPORARY);
	cr_expect_eq(sms_status_class(0x102), SMS_CLASS_TEMPORARY, "not available now");
	cr_expect_eq(sms_status_class(0x103), SMS_CLASS_PERMANENT);
	cr_expect_eq(sms_status_class(0), SMS_CLASS_OK);
}
