#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "model/phone.h"
#include "model/phone_seen.h"

struct number {
	const char *region, *text, *want; /* want: E.164, or an error code */
	enum phone_kind kind;
};

static void check(const struct number *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct err e = {0};
		struct phone p;
		int r = phone_parse(str_of(v[i].text), v[i].region, &p, &e);
		cr_expect_eq(r, v[i].kind == PHONE_INVALID ? -1 : 0, "%s: %s", v[i].text, e.code);
		cr_expect_eq(p.kind, v[i].kind, "%s is %s", v[i].text, phone_kind_word(p.kind));
		cr_expect_str_eq(r ? e.code : p.e164, v[i].want, "%s", v[i].text);
		if (r)
			cr_expect_eq(e.kind, ERR_SEMANTIC, "%s", v[i].text);
	}
}

Test(model_phone, one_form_for_many_ways_to_write)
{
	static const struct number v[] = {
		{"DE", "0151 23456789", "+4915123456789", PHONE_MOBILE},
		{"de", "+49 (0)151 234 567 89", "+4915123456789", PHONE_MOBILE},
		{"DE", "0049-151-23456789", "+4915123456789", PHONE_MOBILE},
		{NULL, "tel:+49-151-23456789", "+4915123456789", PHONE_MOBILE},
		{"DE", "4915123456789", "+4915123456789", PHONE_MOBILE},
		{"US", "＋４９ 151 23456789", "+4915123456789", PHONE_MOBILE},
		{"GB", "+44 07911 123456", "+447911123456", PHONE_MOBILE},
		{"DE", "030 123456", "+4930123456", PHONE_FIXED},
		{"US", "(201) 555-0123", "+12015550123", PHONE_FIXED_OR_MOBILE},
		{"US", "1-800-FLOWERS", "+18003569377", PHONE_TOLL_FREE},
		{NULL, "+800 1234 5678", "+80012345678", PHONE_TOLL_FREE},
		{"IT", "02 1234 5678", "+390212345678", PHONE_FIXED},
	};
	check(v, sizeof v / sizeof *v);
}

Test(model_phone, countries_with_two_forms_have_one)
{
	static const struct number v[] = {
		{"MX", "+52 1 55 1234 5678", "+525512345678", PHONE_FIXED_OR_MOBILE},
		{NULL, "+52 1 999 555 0000", "+529995550000", PHONE_FIXED_OR_MOBILE},
		{"MX", "044 55 1234 5678", "+525512345678", PHONE_FIXED_OR_MOBILE},
		{"AR", "011 15 2345-6789", "+5491123456789", PHONE_MOBILE},
		{"AR", "+54 9 11 2345 6789", "+5491123456789", PHONE_MOBILE},
		{"AR", "+54 11 2345 6789", "+541123456789", PHONE_FIXED},
		{"BR", "+55 11 8765-4321", "+5511987654321", PHONE_MOBILE},
		{"BR", "(11) 98765-4321", "+5511987654321", PHONE_MOBILE},
		{"BR", "+55 11 2345-6789", "+551123456789", PHONE_FIXED},
		{"BR", "+55 11 7012-3456", "+551170123456", PHONE_MOBILE},
	};
	check(v, sizeof v / sizeof *v);
}

Test(model_phone, short_codes_and_senders_are_no_numbers)
{
	static const struct number v[] = {
		{"DE", "40404", "", PHONE_SHORT},
		{"DE", "110", "", PHONE_SHORT},
		{"DE", "72345", "", PHONE_SHORT},
		{"US", "911", "", PHONE_SHORT},
		{NULL, "82345", "", PHONE_SHORT},
		{"AC", "62889", "+24762889", PHONE_FIXED}, /* a whole number there, no trunk prefix */
		{"DE", "Vodafone", "", PHONE_ALPHANUMERIC},
		{"DE", "Müller & Co", "", PHONE_ALPHANUMERIC},
		{"DE", "1und1", "", PHONE_ALPHANUMERIC},
	};
	check(v, sizeof v / sizeof *v);
	cr_expect(phone_is_sender(STR("ABCDEFGHIJK")));
	cr_expect(phone_is_sender(STR("[ABCDEFGHI")) && !phone_is_sender(STR("[ABCDEFGHIJ")), "brackets count twice");
	cr_expect(!phone_is_sender(STR("ABCDEFGHIJKL")) && !phone_is_sender(STR("")) && !phone_is_sender(STR("123")));
	cr_expect(!phone_is_sender(STR("Привет")) && !phone_is_sender(STR("a\nb")) && !phone_is_sender(STR("\xff")));
}

Test(model_phone, what_is_refused_says_why)
{
	static const struct number v[] = {
		{"DE", "00", "number_too_short", PHONE_INVALID},
		{"DE", "+49 15", "number_too_short", PHONE_INVALID},
		{"US", "+1 201 555 01234", "number_too_long", PHONE_INVALID},
		{"DE", "+49 1512 3456 7890 1234", "number_too_long", PHONE_INVALID},
		{"DE", "+999 123456", "number_invalid", PHONE_INVALID},
		{"DE", "0(00) 98710", "number_invalid", PHONE_INVALID},
		{"DE", "+1", "not_a_number", PHONE_INVALID},
		{NULL, "0151 23456789", "region_unknown", PHONE_INVALID},
		{"XX", "0151 23456789", "region_unknown", PHONE_INVALID},
		{"GERMANY", "0151 23456789", "region_unknown", PHONE_INVALID},
		{"DE", "", "not_a_number", PHONE_INVALID},
		{"DE", "+", "not_a_number", PHONE_INVALID},
		{"DE", "call me tomorrow", "not_a_number", PHONE_INVALID},
		{"DE", "+491511234567abc", "not_a_number", PHONE_INVALID},
		{"DE", "\xff\xfe 0151 23456789", "not_a_number", PHONE_INVALID},
	};
	check(v, sizeof v / sizeof *v);
}

Test(model_phone, plans_newer_than_the_tables_are_taken)
{
	static const struct number v[] = {
		{NULL, "+229 01 95 12 34 56", "+2290195123456", PHONE_UNKNOWN},
		{NULL, "+262 939 90 12 34", "+262939901234", PHONE_UNKNOWN},
	};
	check(v, sizeof v / sizeof *v);
}

Test(model_phone, known_blocks)
{
	cr_expect(!phone_seen(STR("+4915123456789")));
	phone_seen_add(STR("+4915123456789"));
	cr_expect(phone_seen(STR("+4915123999999")), "the same block");
	cr_expect(!phone_seen(STR("+4915124456789")), "another block");
	cr_expect(!phone_seen(STR("+491512345678")), "another length");
	cr_expect(!phone_seen(STR("4915123456789")) && !phone_seen(STR("+49 5123456789")));
	cr_expect(!phone_seen(STR("+49151234567890123")) && !phone_seen(STR("+")) && !phone_seen(STR("")));
}

/* ---- the published vectors, where they are at hand ---- */

static json_t *vectors(void)
{
	const char *folder = getenv("THREADLINE_SUITES");
	char path[512];
	json_t *all;

	snprintf(path, sizeof path, "%s/phone/e164_vectors.json", folder ? folder : "../shared/suites");
	all = json_load_file(path, 0, NULL);
	if (!all)
		fprintf(stderr, "skipped: %s is not there\n", path);
	return all;
}

Test(model_phone, published_vectors)
{
	json_t *all = vectors(), *v;
	size_t i;

	json_array_foreach (all, i, v) {
		const char *text = json_string_value(json_object_get(v, "input"));
		const char *region = json_string_value(json_object_get(v, "region"));
		const char *want = json_string_value(json_object_get(v, "e164"));
		struct err e = {0};
		struct phone p;
		phone_parse(str_of(text), region, &p, &e);
		cr_expect_str_eq(p.e164, want ? want : "", "%s %s: %s", region, text, e.code);
	}
	json_decref(all);
}
