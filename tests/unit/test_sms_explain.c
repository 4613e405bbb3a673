#include <criterion/criterion.h>

#include "sms/explain.h"

static json_t *run(int (*fn)(struct str, struct json_out *), const char *input, int *r)
{
	struct json_out j;
	struct err e;
	json_t *doc = NULL;
	struct buf b;

	buf_init(&b, 1 << 20);
	json_begin(&j, &b);
	*r = fn(str_of(input), &j);
	cr_assert_eq(json_read(buf_str(&b), 8, &doc, &e), 0, "%s: %s", input, buf_cstr(&b));
	buf_free(&b);
	return doc;
}

static const char *text(const json_t *doc, const char *key)
{
	const char *v = json_string_value(json_object_get(doc, key));
	return v ? v : "(null)";
}

static int64_t number(const json_t *doc, const char *key) { return json_integer_value(json_object_get(doc, key)); }

Test(explain, texts)
{
	static const struct {
		const char *input, *encoding;
		int segments, units, bytes;
	} cases[] = {
		{"hello", "gsm7", 1, 5, 5}, {"12345678", "gsm7", 1, 8, 7},
		{"€", "gsm7", 1, 2, 2},	    {"ж", "ucs2", 1, 1, 2},
		{"😀", "ucs2", 1, 2, 4},	    {"ş", "gsm7-tr", 1, 2, 6}, /* header 03 24 01 01 */
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int r;
		json_t *doc = run(sms_explain_text, cases[i].input, &r);
		cr_expect_eq(r, 0);
		cr_expect_str_eq(text(doc, "encoding"), cases[i].encoding, "%s", cases[i].input);
		cr_expect_eq(number(doc, "segments"), cases[i].segments, "%s", cases[i].input);
		cr_expect_eq(number(doc, "units"), cases[i].units, "%s", cases[i].input);
		cr_expect_eq(number(doc, "bytes"), cases[i].bytes, "%s", cases[i].input);
		json_decref(doc);
	}
}

Test(explain, receipts_plain_and_quoted)
{
	static const char *const inputs[] = {
		"id:7 sub:001 dlvrd:001 submit date:2601020304 done date:2601020305 stat:UNDELIV err:017 text:x",
		"\"id:7 sub:001 dlvrd:001 submit date:2601020304 done date:2601020305 stat:UNDELIV err:017 "
		"text:\\u0041\"",
	};
	int r;
	json_t *doc;

	for (size_t i = 0; i < 2; i++) {
		doc = run(sms_explain_receipt, inputs[i], &r);
		cr_expect_eq(r, 0);
		cr_expect_str_eq(text(doc, "id"), "7");
		cr_expect_str_eq(text(doc, "state"), "undeliverable");
		cr_expect_str_eq(text(doc, "raw_state"), "UNDELIV");
		cr_expect_str_eq(text(doc, "error_code"), "017");
		cr_expect_str_eq(text(doc, "done_at"), "2026-01-02T03:05:00.000Z");
		cr_expect(json_is_true(json_object_get(doc, "is_receipt")));
		json_decref(doc);
	}
}

Test(explain, an_ordinary_text_is_no_receipt_and_no_error)
{
	static const char *const inputs[] = {"see you at 8", "", "\"so\" she said", "id: I have none", "\xff\xfe"};
	int r;

	for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
		json_t *doc = run(sms_explain_receipt, inputs[i], &r);
		cr_expect_eq(r, 0, "%s", inputs[i]);
		cr_expect(json_is_false(json_object_get(doc, "is_receipt")), "%s", inputs[i]);
		cr_expect(!json_is_string(json_object_get(doc, "error")), "%s", inputs[i]);
		json_decref(doc);
	}
}

Test(explain, pdus_field_by_field)
{
	int r;
	json_t *fields, *doc = run(sms_explain_pdu,
				   "0000002a 00000009 00000000 00000007 61626300 73656372657400 564d4100 34 00 00 00"
				   " 0210 0003 010203",
				   &r);

	cr_expect_eq(r, 0, "%s", text(doc, "error"));
	cr_expect_str_eq(text(doc, "command"), "bind_transceiver");
	cr_expect_eq(number(doc, "sequence"), 7);
	fields = json_object_get(doc, "fields");
	cr_expect_str_eq(text(fields, "system_id"), "abc");
	cr_expect_str_eq(text(fields, "password"), "***", "a trace shows no secret");
	cr_expect_eq(number(fields, "interface_version"), 0x34);
	cr_expect_str_eq(text(json_array_get(json_object_get(doc, "tlvs"), 0), "value"), "010203");
	json_decref(doc);
}

Test(explain, pdus_that_are_none)
{
	static const struct {
		const char *hex, *error;
	} cases[] = {
		{"", "shorter than a header"},
		{"zz", "shorter than a header"},
		{"0000001000000015000000000000000g", "not hexadecimal"},
		{"00000011000000150000000000000001", "truncated: command_length says more"},
		{"0000000f000000150000000000000001", "command_length is not the length of a PDU"},
		{"f0000011000000150000000000000001", "command_length is not the length of a PDU"},
		{"00000010000001100000000000000001", "unknown command_id"},
		{"00000012800000040000000000000001 6162", "a text field has no end"},
		{"000000128000001500000000000000010210", "truncated"},
		{"000000148000001500000000000000010210 0001", "an optional parameter is longer than the PDU"},
		{"00000011000000030000000000000001 00", "truncated"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int r;
		json_t *doc = run(sms_explain_pdu, cases[i].hex, &r);
		cr_expect_eq(r, -1, "%s", cases[i].hex);
		cr_expect_str_eq(text(doc, "error"), cases[i].error);
		json_decref(doc);
	}
}

Test(explain, what_is_forgiven_is_noted)
{
	static const char *const notes[] = {
		/* deliver_sm whose sm_length says 16, and one whose last optional parameter says 65 */
		"0000002a 00000005 00000000 00000001 00 010131323300 00000034 00 00000000000000000010 68656c6c6f",
		"0000002e 00000005 00000000 00000001 00 010131323300 00000034 00 00000000000000000000 001e0041 "
		"3330303500",
	};
	int r;
	json_t *doc;

	for (size_t i = 0; i < 2; i++) {
		doc = run(sms_explain_pdu, notes[i], &r);
		cr_expect_eq(r, 0, "%s", text(doc, "error"));
		cr_expect_str_eq(text(doc, "note"), "the last value is cut off by the end of the PDU");
		json_decref(doc);
	}
	doc = run(sms_explain_pdu, "00000010800000150000000000000007 000000108000", &r);
	cr_expect_eq(r, 0, "a trace of the stream may end within the next PDU");
	cr_expect_eq(number(doc, "trailing"), 6);
	json_decref(doc);
}

Test(explain, an_error_response_needs_no_body)
{
	int r;
	json_t *doc = run(sms_explain_pdu, "00000010800000040000005800000001", &r);

	cr_expect_eq(r, 0);
	cr_expect_str_eq(text(doc, "command"), "submit_sm_resp");
	cr_expect_str_eq(text(doc, "status_name"), "ESME_RTHROTTLED");
	json_decref(doc);
}
