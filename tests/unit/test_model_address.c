#include <criterion/criterion.h>

#include "model/address.h"

struct text {
	enum channel channel;
	const char *text, *want; /* "scheme value", or an error code */
};

static void check(const struct text *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct err e = {0};
		struct address a;
		struct buf b;
		buf_init(&b, 512);
		if (address_parse(v[i].channel, str_of(v[i].text), "DE", &a, &e) == 0)
			buf_addf(&b, "%s %s", scheme_word(a.scheme), a.value);
		else
			buf_adds(&b, e.code);
		cr_expect_str_eq(buf_cstr(&b), v[i].want, "%s", v[i].text);
		buf_free(&b);
	}
}

Test(model_address, of_texts)
{
	static const struct text v[] = {
		{CHANNEL_SMS, " 0151 23456789 ", "tel +4915123456789"},
		{CHANNEL_SMS, "+4915123456789", "tel +4915123456789"},
		{CHANNEL_SMS, "+4915123456789", "tel +4915123456789"}, /* now from a known block */
		{CHANNEL_SMS, "+4915123999999", "tel +4915123999999"},
		{CHANNEL_SMS, "sms:+4915123456789", "tel +4915123456789"},
		{CHANNEL_SMS, "+5215512345678", "tel +525512345678"},
		{CHANNEL_SMS, "+5215512345678", "tel +525512345678"}, /* rewritten: never a known block */
		{CHANNEL_SMS, "40404", "short 40404"},
		{CHANNEL_SMS, "sms:40404", "short 40404"},
		{CHANNEL_SMS, "sms:0151 23456789", "tel +4915123456789"},
		{CHANNEL_SMS, " Vodafone", "sender Vodafone"},
		{CHANNEL_SMS, "+49 15", "number_too_short"},
		{CHANNEL_SMS, "", "not_a_number"},
	};
	check(v, sizeof v / sizeof *v);
}

Test(model_address, of_mail)
{
	static const struct text v[] = {
		{CHANNEL_EMAIL, " Anna.Weber@Example.COM ", "mail anna.weber@example.com"},
		{CHANNEL_EMAIL, "<anna@example.com>", "mail anna@example.com"},
		{CHANNEL_EMAIL, "mailto:anna@example.com.", "mail anna@example.com"},
		{CHANNEL_EMAIL, "anna@müller.example", "mail anna@müller.example"},
		{CHANNEL_EMAIL, "anna@xn--mller-kva.example", "mail anna@xn--mller-kva.example"},
		{CHANNEL_EMAIL, "用户@例子.广告", "mail 用户@例子.广告"},
		{CHANNEL_EMAIL, "\"a@b c\"@example.com", "mail \"a@b c\"@example.com"},
		{CHANNEL_EMAIL, "root@localhost", "mail root@localhost"},
		{CHANNEL_EMAIL, "a@[192.0.2.1]", "mail a@[192.0.2.1]"},
		{CHANNEL_EMAIL, "a+b=c@example.com", "mail a+b=c@example.com"},
		{CHANNEL_EMAIL, "anna", "mailbox_invalid"},
		{CHANNEL_EMAIL, "", "mailbox_invalid"},
		{CHANNEL_EMAIL, "@example.com", "mailbox_invalid"},
		{CHANNEL_EMAIL, "anna@", "mailbox_invalid"},
		{CHANNEL_EMAIL, "a..b@example.com", "mailbox_invalid"},
		{CHANNEL_EMAIL, ".a@example.com", "mailbox_invalid"},
		{CHANNEL_EMAIL, "a b@example.com", "mailbox_invalid"},
		{CHANNEL_EMAIL, "a@b@example.com", "mailbox_invalid"},
		{CHANNEL_EMAIL, "a@-b.example", "mailbox_invalid"},
		{CHANNEL_EMAIL, "a@b..example", "mailbox_invalid"},
		{CHANNEL_EMAIL, "a@b_c.example", "mailbox_invalid"},
		{CHANNEL_EMAIL, "a@exa\nmple.com", "mailbox_invalid"},
		{CHANNEL_EMAIL, "a\xff@example.com", "mailbox_invalid"},
		{CHANNEL_EMAIL, "\"a\\\"b\"@example.com", "mail \"a\\\"b\"@example.com"},
		{CHANNEL_EMAIL, "\"a\\\n\"@example.com", "mailbox_invalid"},
		{CHANNEL_EMAIL, "\"a\\\"@example.com", "mailbox_invalid"},
	};
	check(v, sizeof v / sizeof *v);
}

Test(model_address, of_visitors_and_calls)
{
	static const struct text v[] = {
		{CHANNEL_WEB, "0192F0C1-7C3B-7000-8000-00000000002A", "visitor 0192f0c1-7c3b-7000-8000-00000000002a"},
		{CHANNEL_WEB, "anna@example.com", "visitor_invalid"},
		{CHANNEL_IVR, "sip:Anna@PBX.Example:5060;transport=tcp?x=y", "sip anna@pbx.example"},
		{CHANNEL_IVR, "anna@pbx.example", "sip anna@pbx.example"},
		{CHANNEL_IVR, "anna@pbx.example:5070", "sip anna@pbx.example"},
		{CHANNEL_IVR, "sips:anna:secret@[2001:db8::1]:5061", "sip anna@[2001:db8::1]"},
		{CHANNEL_IVR, "sip:+4930123456@pbx.example", "tel +4930123456"},
		{CHANNEL_IVR, "sip:030123456@pbx.example;transport=udp;user=phone", "tel +4930123456"},
		{CHANNEL_IVR, "sip:030123456@pbx.example", "sip 030123456@pbx.example"},
		{CHANNEL_IVR, "+49 30 123456", "tel +4930123456"},
		{CHANNEL_IVR, "anonymous", "sender anonymous"},
		{CHANNEL_IVR, "sip:anna@pbx.example;x=sip:y", "sip anna@pbx.example"},
		{CHANNEL_IVR, "sip:@pbx.example", "sip_invalid"},
		{CHANNEL_IVR, "sip:", "sip_invalid"},
		{CHANNEL_IVR, "sip:a@b c", "sip_invalid"},
		{CHANNEL_NONE, "sip:anna@pbx.example", "sip anna@pbx.example"},
		{CHANNEL_NONE, "anna@example.com", "mail anna@example.com"},
		{CHANNEL_NONE, "0192f0c1-7c3b-7000-8000-00000000002a", "visitor 0192f0c1-7c3b-7000-8000-00000000002a"},
		{CHANNEL_LOOPBACK, "030 123456", "tel +4930123456"},
	};
	check(v, sizeof v / sizeof *v);
}

Test(model_address, too_long_is_refused)
{
	char text[700];
	struct address a;
	struct err e = {0};

	memset(text, 'a', sizeof text);
	memcpy(text, "sip:", 4);
	text[300] = '@';
	cr_expect_eq(address_parse(CHANNEL_IVR, str_n(text, sizeof text), NULL, &a, &e), -1);
	cr_expect_eq(address_parse(CHANNEL_SMS, str_n(text, sizeof text), NULL, &a, &e), -1);
	cr_expect_eq(address_parse(CHANNEL_EMAIL, str_n(text + 240, 300), NULL, &a, &e), -1);
	cr_expect_eq(address_parse(CHANNEL_EMAIL, str_n(text + 230, 90), NULL, &a, &e), -1, "local part of 70 octets");
}

Test(model_address, nul_is_no_character)
{
	static const char text[] = "sip:+49\0@pbx.example";
	struct address a;

	for (enum channel c = CHANNEL_NONE; c < CHANNEL_COUNT; c++)
		cr_expect_eq(address_parse(c, str_n(text, sizeof text - 1), "DE", &a, NULL), -1);
}

Test(model_address, some_name_nobody)
{
	static const struct {
		struct address a;
		bool identifies;
	} v[] = {
		{{SCHEME_TEL, "+4915123456789"}, true},
		{{SCHEME_VISITOR, "0192f0c1-7c3b-7000-8000-00000000002a"}, true},
		{{SCHEME_SENDER, "Vodafone"}, false},
		{{SCHEME_SHORT, "40404"}, false},
		{{SCHEME_MAIL, "anna@example.com"}, true},
		{{SCHEME_MAIL, "no-reply@example.com"}, false},
		{{SCHEME_MAIL, "do_not_reply+1@example.com"}, false},
		{{SCHEME_MAIL, "mailer-daemon@example.com"}, false},
		{{SCHEME_MAIL, "noreplyanna@example.com"}, true},
		{{SCHEME_SIP, "anna@pbx.example"}, true},
		{{SCHEME_SIP, "anonymous@anonymous.invalid"}, false},
		{{SCHEME_SIP, "x@anonymous.invalid"}, false},
	};
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		cr_expect_eq(address_identifies(&v[i].a), v[i].identifies, "%s", v[i].a.value);
}

Test(model_address, words)
{
	for (enum scheme s = 0; s < SCHEME_COUNT; s++) {
		enum scheme back;
		cr_expect(scheme_parse(str_of(scheme_word(s)), &back) && back == s);
		cr_expect_neq(channel_of_scheme(s), CHANNEL_NONE);
	}
	cr_expect_eq(channel_of_scheme(scheme_of_channel(CHANNEL_EMAIL)), CHANNEL_EMAIL);
	cr_expect_eq(channel_of_scheme(scheme_of_channel(CHANNEL_WEB)), CHANNEL_WEB);
}
