#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "email/parse.h"

static struct arena *a;

static void begin(void) { a = arena_new(256 << 20); }
static void end(void) { arena_free(&a); }

static struct mail parsed(const char *raw)
{
	struct mail m;
	struct err e = {0};

	cr_assert_eq(mail_parse(str_of(raw), NULL, a, &m, &e), 0);
	return m;
}

static void is(struct str got, const char *want)
{
	cr_expect(str_is(got, want), "\"%.*s\" is not \"%s\"", (int)got.n, got.p, want);
}

TestSuite(email_parse, .init = begin, .fini = end);

Test(email_parse, fields_of_the_header)
{
	struct mail m = parsed(
		"Return-Path: <b+1@sender.example>\nDelivered-To: a@x.example\nDelivered-To: b@x.example\n"
		"Authentication-Results: mx.example;\n\tspf=pass\nAuthentication-Results: other.example; dkim=fail\n"
		"From: =?iso-8859-1?Q?J=F6rg?= <j@shop.example>, \"Doe, John\" <d@shop.example>\n"
		"To: Friends: x@y.example, Zed <z@y.example>;, late@y.example (Late)\nCc: Roe, Kim <k@y.example>\n"
		"Reply-To: <@relay.example:r@shop.example>\nSubject: Hello\n =?utf-8?B?w6Q=?=\n =?utf-8?Q?=C3=BC?= "
		"you\n"
		"Message-ID: <m1@shop.example>\nIn-Reply-To: \"quoted\" <m0@us.example>\n"
		"References: <m-1@us.example>\r\n\t<m0@us.example>\nDate: Mon, 1 Jan 2024 10:00:00 +0100 (CET)\n"
		"List-Id: news <n.shop.example>\nAuto-Submitted: No\nPrecedence: Bulk\n\nBody\n");

	is(m.return_path, "b+1@sender.example");
	cr_assert_eq(m.delivered_to.n, 2);
	is(m.delivered_to.at[1], "b@x.example");
	cr_assert_eq(m.authentication_results.n, 2);
	is(m.authentication_results.at[0], "mx.example; spf=pass");
	cr_assert_eq(m.from.n, 2);
	is(m.from.at[0].name, "Jörg");
	is(m.from.at[1].name, "Doe, John");
	cr_assert_eq(m.to.n, 3);
	is(m.to.at[1].name, "Zed");
	is(m.to.at[2].name, "Late");
	cr_assert_eq(m.cc.n, 1);
	is(m.cc.at[0].name, "Roe, Kim");
	is(m.reply_to.at[0].address, "r@shop.example");
	is(m.subject, "Hello äü you");
	is(m.message_id, "m1@shop.example");
	is(m.in_reply_to, "m0@us.example");
	cr_assert_eq(m.references.n, 2);
	is(m.references.at[0], "m-1@us.example");
	cr_expect_eq(m.date, INT64_C(1704099600) * US_SEC);
	is(m.auto_submitted, "no");
	cr_expect(m.bulk);
	cr_expect_eq(m.class, MAIL_MESSAGE);
	is(m.text, "Body\n");
	is(mail_field(&m, "list-ID", a), "news <n.shop.example>");
}

Test(email_parse, encoded_words_as_the_field_writes_them)
{
	static const struct {
		const char *subject, *text;
	} cases[] = {
		{"=?utf-8?Q?two words?= and", "two words and"},
		{"=?utf-8?Q?really?=20no?=", "really? no"},
		{"=?UTF-8*en?b?w6Q?=", "ä"},
		{"a=?utf-8?q?b?=c", "abc"},
		{"=?utf-8?B?w4Q=?= =?utf-8?B?4oI=?= =?utf-8?B?rA==?=", "Ä€"},
		{"=?iso-2022-jp?B?GyRCJDMbKEI=?=", "こ"},
		{"=?x-nonsense?Q?=C3=A4?=", "ä"},
		{"=?utf-8?Q?open", "open"},
		{"=?utf-8?X?no?=", "=?utf-8?X?no?="},
		{"Gr\374\337e", "Grüße"},
		{"Gr\303\274\303\237e", "Grüße"},
		{"=?utf-8?Q?a=0D=0ABcc:_x?=", "a  Bcc: x"},
		{"=?windows-1251?Q?=CF=F0=E8?= =?koi8-r?Q?=D7=C5=D4?=", "Привет"},
	};
	char raw[300];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(raw, sizeof raw, "From: a@b.example\nSubject: %s\n\n", cases[i].subject);
		is(parsed(raw).subject, cases[i].text);
	}
}

Test(email_parse, charsets_and_their_lies)
{
	static const struct {
		const char *charset, *bytes, *text;
		unsigned defect;
	} cases[] = {
		{"utf-8", "\303\244", "ä", 0},
		{"iso-8859-1", "\344\200", "ä€", 0},
		{"iso-8859-1", "\303\244 is said to be Latin", "ä is said to be Latin", MAIL_CHARSET},
		{"us-ascii", "\344", "ä", MAIL_CHARSET},
		{"no-such-charset", "\344", "ä", MAIL_CHARSET},
		{"utf-8", "a\377b \303\274 \303\274 \303\274 \303\274 \303\274", "a\357\277\275b ü ü ü ü ü",
		 MAIL_CHARSET},
		{"gb2312", "\304\343\272\303", "你好", 0},
		{"hz-gb-2312", "~{<:Ky2;S{~}a", "己所不欲a", 0},
		{"shift_jis", "\202\261", "こ", 0},
		{"ks_c_5601-1987", "\260\241", "가", 0},
		{"utf-7", "+AOQ-", "ä", 0},
		{"\"KOI8-R\"", "\320\322", "пр", 0},
		{"utf-16le", "a\\0", "a\\0", 0},
	};
	char raw[300];

	for (size_t i = 0; i + 1 < sizeof cases / sizeof *cases; i++) {
		struct mail m;
		snprintf(raw, sizeof raw, "From: a@b.example\nContent-Type: text/plain; charset=%s\n\n%s",
			 cases[i].charset, cases[i].bytes);
		m = parsed(raw);
		is(m.text, cases[i].text);
		cr_expect_eq(m.defects & MAIL_CHARSET, cases[i].defect, "%s %s", cases[i].charset, cases[i].text);
	}
}

Test(email_parse, parts_become_text_html_and_attachments)
{
	struct mail m = parsed(
		"From: a@b.example\nContent-Type: multipart/mixed; boundary=\"=_o\"\n\npreamble\n--=_o\n"
		"Content-Type: multipart/alternative; boundary=i\n\n--i\n\nplain=\n--i \nContent-Type: text/html; "
		"charset=utf-8\n"
		"Content-Transfer-Encoding: quoted-printable\n\n<p>H=C3=A4 =\nx</p>\n--i--\n--=_o\n"
		"Content-Type: image/png; name*=utf-8''b%C3%BC.png\nContent-ID: <c1>\nContent-Disposition: inline\n"
		"Content-Transfer-Encoding: base64\n\nAQID\nBA==\n--=_o\nContent-Type: application/pdf\n"
		"Content-Disposition: attachment; filename=\"..\\\\..\\\\etc/pass\twd.pdf\"\n\nx\n--=_o\n"
		"Content-Type: message/rfc822\n\nSubject: inner\n\nz\n--=_o--\nepilogue\n");

	is(m.text, "plain=");
	is(m.html, "<p>Hä x</p>");
	cr_assert_eq(m.n_attachments, 3);
	is(m.attachments[0].name, "bü.png");
	is(m.attachments[0].content_id, "c1");
	cr_expect(m.attachments[0].inline_);
	cr_expect(str_is(m.attachments[0].content, "\1\2\3\4"));
	cr_expect_str_eq(m.attachments[0].sha256, "9f64a747e1b97f131fabb6b447296c9b6f0201e79fb3c5356e6c77e89b6a806a");
	is(m.attachments[1].name, "passwd.pdf");
	cr_expect(!m.attachments[1].inline_);
	is(m.attachments[2].type, "message/rfc822");
	is(m.attachments[2].content, "Subject: inner\n\nz");
	cr_expect_eq(m.defects, 0);
}

Test(email_parse, broken_structure_is_shown)
{
	struct mail m = parsed("From: a@b.example\nContent-Type: multipart/mixed; boundary=none\n\njust text\n");

	is(m.text, "just text\n");
	cr_expect(m.defects & MAIL_MIME);
	m = parsed("From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nno end\n");
	is(m.text, "no end\n");
	cr_expect(m.defects & MAIL_MIME);
	m = parsed("From: a@b.example\nContent-Type: multipart/mixed\n\n--sep123\nContent-Type: "
		   "text/plain\n\nfound\n--sep123--\n");
	is(m.text, "found");
	m = parsed("From: a@b.example\nContent-Type: application/x; name=a.bin\nContent-Transfer-Encoding: base64\n\n"
		   "this is not at all base64, is it?\n");
	cr_assert_eq(m.n_attachments, 1);
	is(m.attachments[0].content, "this is not at all base64, is it?\n");
	cr_expect(m.defects & MAIL_ENCODING);
	m = parsed("Hey:)\n\nno header at all\n");
	is(m.text, "Hey:)\n\nno header at all\n");
	m = parsed("");
	is(m.text, "");
}

Test(email_parse, old_macintosh_line_ends)
{
	struct mail m = parsed("From: a@b.example\rSubject: cr\r\rone\rtwo\r");

	is(m.subject, "cr");
	is(m.text, "one\ntwo\n");
}

Test(email_parse, flowed_text_flows)
{
	struct mail m =
		parsed("From: a@b.example\nContent-Type: text/plain; format=flowed; delsp=no\n\nlong \nline\n stuffed\n"
		       "> quoted \n> too\n>> deeper\n-- \nme\n");

	is(m.text, "long line\nstuffed\n> quoted too\n>> deeper\n-- \nme\n");
	m = parsed("From: a@b.example\nContent-Type: text/plain; format=flowed; delsp=yes\n\nto \ngether\n");
	is(m.text, "together\n");
}

Test(email_parse, the_name_of_a_uuencoded_file_is_no_place)
{
	struct mail m = parsed("From: a@b.example\n\nbegin 644 ../../etc/cat.txt\n#0V%T\n`\nend\n");

	cr_assert_eq(m.n_attachments, 1);
	is(m.attachments[0].name, "cat.txt");
}

Test(email_parse, uuencoded_files_leave_the_text)
{
	struct mail m = parsed(
		"From: a@b.example\n\nbefore\nbegin 644 cat.txt\n#0V%T\n`\nend\nafter\nbegin 644 is no file\nx\n");

	is(m.text, "before\nafter\nbegin 644 is no file\nx\n");
	cr_assert_eq(m.n_attachments, 1);
	is(m.attachments[0].name, "cat.txt");
	is(m.attachments[0].content, "Cat");
}

Test(email_parse, html_alone_is_made_readable)
{
	struct mail m = parsed(
		"From: a@b.example\nContent-Type: text/html\n\n<html><head><meta "
		"charset=\"iso-8859-1\"><title>t</title>"
		"<style>p{}</style></head><body><h1>Order&nbsp;1</h1><p>Hello <b>Kim</b>,<br>see <a "
		"href='https://x.example/?a=1&amp;b=2'>here"
		"</a> or <a "
		"href=\"https://y.example\">https://y.example</a>.</p><ul><li>one<li><p>two</p></ul><ol><li>a</ol>"
		"<table border=1><tr><th>n</th><th>price</th></tr><tr><td>1</td><td>2 &#8364;</td></tr></table>"
		"<blockquote>q1<br>q2</blockquote><img alt=\"a cat\"><script>no()</script> 1 < 2 &amp; "
		"\344</body></html>");

	is(m.text, "Order 1\n\nHello Kim,\nsee here <https://x.example/?a=1&b=2> or https://y.example.\n\n* one\n* "
		   "two\n\n1. a\n\n"
		   "n | price\n1 | 2 €\n> q1\n> q2\n\n[a cat] 1 < 2 & ä\n");
}

Test(email_parse, limits_hold_and_say_so)
{
	static const struct mail_limits tight = {
		.bytes = 4000, .fields = 5, .parts = 4, .depth = 2, .addresses = 3, .text = 20};
	struct buf b;
	struct mail m;
	struct err e = {0};

	buf_init(&b, 1 << 20);
	buf_adds(&b, "From: a@b.example, c@d.example, e@f.example, g@h.example\nContent-Type: multipart/mixed; "
		     "boundary=b\n");
	buf_adds(&b, "A: 1\nB: 2\nC: 3\nD: 4\n\n");
	for (int i = 0; i < 100; i++)
		buf_adds(&b, "--b\n\nmore than twenty bytes\n");
	for (int i = 0; i < 200; i++)
		buf_adds(&b, "more than four thousand bytes\n");
	cr_assert_eq(mail_parse(buf_str(&b), &tight, a, &m, &e), 0);
	cr_expect_eq(m.from.n, 3);
	cr_expect_eq(m.fields.n, 5);
	cr_expect(m.text.n <= 20);
	cr_expect_eq(m.defects & (MAIL_CUT | MAIL_PARTS | MAIL_LONG), MAIL_CUT | MAIL_PARTS | MAIL_LONG);
	buf_free(&b);
}

/* Found by fuzzing: in UTF-8 a text is longer than it came, and was cut amid a character. */
Test(email_parse, a_text_that_grows_is_cut_between_characters)
{
	static const struct mail_limits tight = {
		.bytes = 4000, .fields = 5, .parts = 4, .depth = 2, .addresses = 3, .text = 20};
	static const char *const types[] = {"text/html", "text/plain", "text/plain; format=flowed"};
	struct err e = {0};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		struct buf b;
		struct mail m;

		buf_init(&b, 1 << 20);
		buf_addf(&b, "From: a@b.example\nContent-Type: %s; charset=koi8-r\n\n", types[i]);
		buf_adds(&b, ".\xc1\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\xca\xcb\xcc\xcd\xce\n");
		cr_assert_eq(mail_parse(buf_str(&b), &tight, a, &m, &e), 0);
		cr_expect(m.text.n <= 20 && m.text.n > 15, "%zu", m.text.n);
		cr_expect(str_utf8_ok(m.text) && str_utf8_ok(m.html), "%s", types[i]);
		cr_expect(m.defects & MAIL_LONG);
		buf_free(&b);
	}
}

Test(email_parse, nothing_nests_for_ever)
{
	struct buf b;
	struct mail m;
	struct err e = {0};

	buf_init(&b, 8 << 20);
	buf_adds(&b, "From: a@b.example\n");
	for (int i = 0; i < 20000; i++)
		buf_addf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
	buf_adds(&b, "\ndeep\n");
	cr_assert_eq(mail_parse(buf_str(&b), NULL, a, &m, &e), 0);
	cr_expect(m.defects & MAIL_PARTS);
	buf_free(&b);
}

Test(email_parse, bytes_of_zero_are_left_out)
{
	static const char raw[] = "From: a@b.example\nSubject: a\0b\n\nc\0d\n";
	struct mail m;
	struct err e = {0};

	cr_assert_eq(mail_parse(str_n(raw, sizeof raw - 1), NULL, a, &m, &e), 0);
	is(m.subject, "ab");
	is(m.text, "cd\n");
}

Test(email_parse, too_little_memory_is_an_error)
{
	struct arena *small = arena_new(2000);
	struct mail m;
	struct err e = {0};

	cr_assert(small);
	cr_expect_eq(mail_parse(STR("From: a@b.example\nSubject: x\n\nbody\n"), NULL, small, &m, &e), -1);
	cr_expect_eq(e.kind, ERR_INTERNAL);
	arena_free(&small);
}

Test(email_parse, dates)
{
	static const struct {
		const char *date;
		int64_t seconds; /* -1: none */
	} cases[] = {
		{"Thu, 01 Jan 1970 00:00:10 GMT", 10},
		{"1 Jan 70 00:01 UT", 60},
		{"Thu Jan  1 00:00:01 1970", 1},
		{"Thu, 1 Jan 1970 00:00:00 EST", 5 * 3600},
		{"1970-01-01T01:00:00+01:00", 0},
		{"Thu, 1 Jan 1970 (what (a) day) 02:00:00 +0200", 0},
		{"Mon, 29 Feb 2016 12:00:00 -0930", 1456781400},
		{"32 Jan 2000 00:00:00 GMT", -1},
		{"yesterday", -1},
		{"", -1},
	};
	char raw[200];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct mail m;
		snprintf(raw, sizeof raw, "From: a@b.example\nDate: %s\n\n", cases[i].date);
		m = parsed(raw);
		cr_expect_eq(m.date, cases[i].seconds < 0 ? 0 : cases[i].seconds * US_SEC, "%s", cases[i].date);
	}
}
