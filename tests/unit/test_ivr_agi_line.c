/* Lines of AGI, as Asterisk 18 writes them, and fields of forms. */
#include <criterion/criterion.h>

#include "ivr/agi_line.h"
#include "ivr/form.h"

Test(agi_line, answers)
{
	static const struct {
		const char *line;
		bool ok, more;
		int code;
		int64_t result, endpos;
		const char *extra;
	} cases[] = {
		{"200 result=0", true, false, 200, 0, -1, ""},
		{"200 result=49 endpos=8000", true, false, 200, 49, 8000, ""},
		{"200 result=1 (a (b) c)", true, false, 200, 1, -1, "a (b) c"},
		{"200 result=-1 (hangup) endpos=160", true, false, 200, -1, 160, "hangup"},
		{"200 result=", true, false, 200, -1, -1, ""},
		{"510 Invalid or unknown command", true, false, 510, -1, -1, ""},
		{"520-Invalid command syntax.  Proper usage follows:", true, true, 520, -1, -1, ""},
		{"511 Command Not Permitted on a dead channel", true, false, 511, -1, -1, ""},
		{"HANGUP", true, false, 0, -1, -1, ""},
		{"Usage: ANSWER", false, false, 0, 0, 0, ""},
		{"2000 result=0", false, false, 0, 0, 0, ""},
		{"", false, false, 0, 0, 0, ""},
	};

	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		struct agi_reply r;
		cr_assert_eq(agi_reply_parse(str_of(cases[k].line), &r), cases[k].ok, "%s", cases[k].line);
		if (!cases[k].ok)
			continue;
		cr_expect_eq(r.code, cases[k].code, "%s", cases[k].line);
		cr_expect_eq(r.more, cases[k].more, "%s", cases[k].line);
		cr_expect_eq(r.result, cases[k].result, "%s", cases[k].line);
		cr_expect_eq(r.endpos, cases[k].endpos, "%s", cases[k].line);
		cr_expect(str_is(r.extra, cases[k].extra), "%s", cases[k].line);
	}
}

Test(agi_line, environment)
{
	struct str name, v;

	cr_assert(agi_env(STR("agi_callerid: 01512345"), &name, &v));
	cr_expect(str_is(name, "callerid"));
	cr_expect(str_is(v, "01512345"));
	cr_expect(agi_env(STR("agi_accountcode: "), &name, &v) && v.n == 0);
	cr_expect_not(agi_env(STR("callerid: 1"), &name, &v));
	cr_expect_not(agi_env(STR("agi_: 1"), &name, &v));
}

Test(agi_line, arguments_stay_one)
{
	struct buf b, plain;

	buf_init(&b, 1000);
	buf_init(&plain, 1000);
	agi_arg(&b, STR("say \"hi\"\nHANGUP\\"));
	cr_expect_str_eq(buf_cstr(&b), " \"say \\\"hi\\\" HANGUP\\\\\"");
	agi_plain(&plain, STR("a${EXTEN}\"b|c"));
	cr_expect_str_eq(buf_cstr(&plain), "a {EXTEN} b c");
	buf_free(&b);
	buf_free(&plain);
}

Test(ivr_form, fields)
{
	struct buf b;

	buf_init(&b, 1000);
	cr_expect(form_get(STR("a=1&text=Gr%C3%BC%C3%9Fe+aus+K%f6&b"), "text", &b));
	cr_expect_str_eq(buf_cstr(&b), "Grüße aus K\xf6");
	cr_expect(form_get(STR("a=1&b"), "b", &b) && b.n == 0);
	cr_expect_not(form_get(STR("a=1&b=2"), "c", &b));
	cr_expect(form_get(STR("a=100%&x=%2"), "a", &b));
	cr_expect_str_eq(buf_cstr(&b), "100%");
	buf_reset(&b);
	form_put(&b, "k", STR("a&b=c d"));
	form_put(&b, "l", STR("é"));
	cr_expect_str_eq(buf_cstr(&b), "k=a%26b%3Dc+d&l=%C3%A9");
	buf_free(&b);
}
