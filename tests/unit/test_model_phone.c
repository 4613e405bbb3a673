#include <criterion/criterion.h>

#include "model/address.h"
#include "model/phone.h"

static const struct {
	const char *region, *text, *e164;
	enum phone_kind kind;
} cases[] = {
	{"DE", "0151 12345678", "+4915112345678", PHONE_MOBILE},
	{"DE", "+49 (151) 123-456-78", "+4915112345678", PHONE_MOBILE},
	{"DE", "tel:+49-151-12345678", "+4915112345678", PHONE_MOBILE},
	{NULL, "+4915112345678", "+4915112345678", PHONE_MOBILE},
	{"DE", "40404", "", PHONE_SHORT},
	{"US", "40404", "", PHONE_SHORT},
	{"DE", "Vodafone", "", PHONE_ALPHANUMERIC},
	{"MX", "+52 1 55 1234 5678", "+525512345678", PHONE_FIXED_OR_MOBILE},
	{"BR", "+55 11 8765 4321", "+5511987654321", PHONE_MOBILE},
	{"BR", "+55 11 2345 6789", "+551123456789", PHONE_FIXED},
	{"AR", "011 15 2345 6789", "+5491123456789", PHONE_MOBILE},
};

Test(phone, forms_of_one_number)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct phone p;
		struct err e = {0};
		for (int again = 0; again < 2; again++) { /* the second time from the cache */
			cr_assert_eq(phone_parse(str_of(cases[i].text), cases[i].region, &p, &e), 0, "%s: %s", cases[i].text, e.msg);
			cr_expect_str_eq(p.e164, cases[i].e164, "%s", cases[i].text);
			cr_expect_eq(p.kind, cases[i].kind, "%s is %s", cases[i].text, phone_kind_word(p.kind));
		}
	}
}

Test(phone, what_is_no_number_says_why)
{
	static const struct {
		const char *region, *text, *code;
	} bad[] = {{"DE", "", "not_a_number"},	     {NULL, "0151 12345678", "country_unknown"}, {"DE", "+1", "not_a_number"},
		   {"XX", "0151 12345678", "region_unknown"}, {"DE", "12 or so? maybe more", "not_a_number"}};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct phone p;
		struct err e = {0};
		cr_expect_eq(phone_parse(str_of(bad[i].text), bad[i].region, &p, &e), -1, "%s", bad[i].text);
		cr_expect_str_eq(e.code, bad[i].code, "%s", bad[i].text);
	}
}

Test(address, one_form_each)
{
	static const struct {
		enum channel channel;
		const char *text;
		enum scheme scheme;
		const char *value;
	} good[] = {
		{CHANNEL_SMS, "0151 12345678", SCHEME_TEL, "+4915112345678"},
		{CHANNEL_SMS, "INFO", SCHEME_SENDER, "INFO"},
		{CHANNEL_SMS, "40404", SCHEME_SHORT, "40404"},
		{CHANNEL_EMAIL, " <Ann.Lee@Example.COM> ", SCHEME_MAIL, "ann.lee@example.com"},
		{CHANNEL_WEB, "0190163D-8694-739B-AEA5-966C26F8AD91", SCHEME_VISITOR, "0190163d-8694-739b-aea5-966c26f8ad91"},
	};
	static const struct {
		enum channel channel;
		const char *text;
	} bad[] = {{CHANNEL_EMAIL, "ann"}, {CHANNEL_EMAIL, "a@b@c"}, {CHANNEL_EMAIL, "a b@example.com"}, {CHANNEL_EMAIL, "a@.com"},
		   {CHANNEL_EMAIL, "a@b\r\nBcc: c@d"}, {CHANNEL_WEB, "me"}, {CHANNEL_SMS, "?"}};
	struct address a;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		cr_assert_eq(address_parse(good[i].channel, str_of(good[i].text), "DE", &a, NULL), 0, "%s", good[i].text);
		cr_expect_eq(a.scheme, good[i].scheme);
		cr_expect_str_eq(a.value, good[i].value);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_expect_eq(address_parse(bad[i].channel, str_of(bad[i].text), "DE", &a, NULL), -1, "%s", bad[i].text);
}
