#include <criterion/criterion.h>
#include <stdio.h>

#include "email/compose.h"
#include "email/field.h"

static struct outgoing a_mail(void)
{
	return (struct outgoing){.from_name = STR("Care"),
				 .from = STR("care@example.com"),
				 .to = STR("anna@example.org"),
				 .subject = STR("Your order"),
				 .text = STR("It is on its way.\nBye"),
				 .message_id = STR("1.1@example.com"),
				 .at = INT64_C(1700000000000000)};
}

/* The whole mail; "" if memory ran out. Static room would do, but the tests run side by side. */
static const char *written(const struct outgoing *m, struct buf *b, struct composed *c)
{
	struct err e = {0};

	compose_init();
	buf_init(b, 1 << 24);
	if (compose(m, b, c, &e)) {
		cr_expect(e.kind == ERR_INTERNAL, "%s", e.msg);
		buf_reset(b);
	}
	return buf_cstr(b);
}

static bool lines_are_whole(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] == '\n' && (i == 0 || s.p[i - 1] != '\r')) ||
		    (s.p[i] == '\r' && (i + 1 == s.n || s.p[i + 1] != '\n')) || (unsigned char)s.p[i] >= 0x80)
			return false;
	return s.n > 1 && s.p[s.n - 1] == '\n';
}

Test(email_compose, a_plain_text_is_plain)
{
	struct outgoing m = a_mail();
	struct composed c = {0};
	struct buf b;
	const char *s = written(&m, &b, &c);

	if (*s) {
		cr_expect_str_eq(s, "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nFrom: Care <care@example.com>\r\n"
				    "To: anna@example.org\r\nSubject: Your order\r\nMessage-ID: <1.1@example.com>\r\n"
				    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
				    "Content-Transfer-Encoding: 7bit\r\n\r\nIt is on its way.\r\nBye\r\n");
		cr_expect_eq(memcmp(s + c.header, "\r\nIt", 4), 0);
		cr_expect_not(c.utf8);
	}
	buf_free(&b);
}

Test(email_compose, other_letters_stay_within_seven_bits)
{
	static const char *const texts[] = {"Grüße aus Köln, und viel mehr Text in ASCII als Umlaute",
					    "Ваш заказ в пути", "From me\nto you", "a\rb\r\nc\nd", "dot\n.\nend"};
	struct composed c;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct outgoing m = a_mail();
		struct buf b;
		m.text = str_of(texts[i]);
		m.subject = str_of("Größe: 2 × 3 = „sechs“, and then a long tail of words that has to be folded "
				   "somewhere near its end");
		m.from_name = STR("Müller, \"Büro\"");
		if (*written(&m, &b, &c)) {
			cr_expect(lines_are_whole(buf_str(&b)), "%s", b.p);
			cr_expect_null(memmem(b.p + c.header, b.n - c.header, "\r\nFrom ", 7));
		}
		buf_free(&b);
	}
}

Test(email_compose, html_and_files_make_a_tree)
{
	struct outgoing_file files[] = {{STR("logo.png"), STR("image/png"), STR("\x89PNG\0\0")},
					{STR("Rechnung März.pdf"), STR("application/pdf"), STR("%PDF-1.4")},
					{STR("evil\r\nBcc: x@y.example"), STR("message/rfc822"), STR("x")}};
	struct outgoing m = a_mail();
	struct composed c;
	struct buf b;
	const char *s;

	m.html = STR("<p>It is <b>on</b> its way <img src=\"cid:logo.png\"> cid:other</p>");
	m.files = files;
	m.files_n = 3;
	s = written(&m, &b, &c);
	if (*s) {
		const char *mixed = strstr(s, "multipart/mixed"), *related = strstr(s, "multipart/related"),
			   *alternative = strstr(s, "multipart/alternative");
		cr_expect(mixed && alternative && related && mixed < alternative && alternative < related, "%s", s);
		cr_expect(strstr(s, "Content-Id: <1.1.1@example.com>"), "%s", s);
		cr_expect(strstr(s, "cid:1.1.1@example.com"), "%s", s);
		cr_expect(strstr(s, "cid:other"), "%s", s);
		cr_expect_null(strstr(s, "\r\nBcc:"));
		cr_expect_null(strstr(s, "message/rfc822"));
		cr_expect(strstr(s, "filename*"), "%s", s);
		cr_expect(lines_are_whole(buf_str(&b)), "%s", s);
	}
	buf_free(&b);
}

Test(email_compose, no_value_ends_its_field)
{
	static const char *const breaks[] = {"a\r\nBcc: x@example.com", "a\nb", "a\rb"};
	struct composed c;
	struct err e;
	struct buf b;

	compose_init();
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < 3; i++)
		for (int field = 0; field < 10; field++) {
			struct outgoing m = a_mail();
			struct str *at[] = {&m.from_name,      &m.from,	      &m.to,	      &m.reply_to,
					    &m.subject,	       &m.message_id, &m.in_reply_to, &m.references,
					    &m.auto_submitted, &m.unsubscribe};
			*at[field] = str_of(breaks[i]);
			buf_reset(&b);
			cr_expect_eq(compose(&m, &b, &c, &e), -1, "field %d, %zu", field, i);
		}
	buf_free(&b);
}

Test(email_compose, a_mailbox_with_other_letters_needs_smtputf8)
{
	struct outgoing m = a_mail();
	struct composed c = {0};
	struct buf b;

	m.to = STR("änna@example.org");
	if (*written(&m, &b, &c))
		cr_expect(c.utf8);
	buf_free(&b);
}

Test(email_compose, marketing_can_be_unsubscribed_from)
{
	struct outgoing m = a_mail();
	struct composed c;
	struct buf b;
	const char *s;

	m.unsubscribe = STR("https://x.example/email/main/unsubscribe/abc");
	m.feedback_id = STR("marketing:main:threadline");
	m.references = STR("<a@x> <b@y>");
	m.in_reply_to = STR("<b@y>");
	s = written(&m, &b, &c);
	if (*s) {
		cr_expect(strstr(s, "List-Unsubscribe: <https://x.example/email/main/unsubscribe/abc>\r\n"
				    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
		cr_expect(strstr(s, "References: <a@x> <b@y>\r\n"));
		cr_expect(strstr(s, "In-Reply-To: <b@y>\r\n"));
	}
	buf_free(&b);
}

static void expect_text(const char *value, const char *want)
{
	struct buf b;
	struct err e;

	buf_init(&b, 1 << 16);
	cr_expect_eq(field_text(&b, "S", str_of(value), &e), 0);
	if (!b.failed)
		cr_expect_str_eq(buf_cstr(&b), want);
	buf_free(&b);
}

Test(email_compose, only_what_must_is_encoded)
{
	expect_text("plain words", "S: plain words\r\n");
	expect_text("", "S: \r\n");
	expect_text("ein größeres Wort", "S: ein =?UTF-8?B?Z3LDtsOfZXJlcw==?= Wort\r\n");
	expect_text("a  b", "S: a =?UTF-8?B?IGI=?=\r\n");
	expect_text("=?utf-8?q?x?=", "S: =?UTF-8?B?PT91dGYtOD9xP3g/PQ==?=\r\n");
	expect_text("tab\there", "S: =?UTF-8?B?dGFiCWhlcmU=?=\r\n");
	expect_text("\xff", "S: =?UTF-8?B?77+9?=\r\n");
	expect_text("0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 x",
		    "S: 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789\r\n 0123456789 x\r\n");
}

Test(email_compose, ids_are_ids)
{
	cr_expect(field_ids_ok(STR("<a@b>")));
	cr_expect(field_ids_ok(STR("<a@b> <c@d>")));
	cr_expect_not(field_ids_ok(STR("a@b")));
	cr_expect_not(field_ids_ok(STR("<a@b><c@d>")));
	cr_expect_not(field_ids_ok(STR("<a b@c>")));
	cr_expect_not(field_ids_ok(STR("")));
}
