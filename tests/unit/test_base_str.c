#include <criterion/criterion.h>

#include "base/str.h"

Test(str, numbers_are_whole_and_bounded)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t value;
	} cases[] = {
		{"0", true, 0},
		{"-1", true, -1},
		{"9223372036854775807", true, INT64_MAX},
		{"-9223372036854775808", true, INT64_MIN},
		{"9223372036854775808", false, 0},
		{"", false, 0},
		{"-", false, 0},
		{"1x", false, 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t v = 0;
		cr_expect_eq(str_i64(str_of(cases[i].text), &v), cases[i].ok, "%s", cases[i].text);
		cr_expect_eq(v, cases[i].value, "%s", cases[i].text);
	}
}

Test(str, a_buffer_keeps_its_maximum)
{
	struct buf b;

	buf_init(&b, 4);
	buf_adds(&b, "abcd");
	cr_expect_not(b.failed);
	buf_addc(&b, 'e');
	cr_expect(b.failed);
	cr_expect_eq(b.n, 4);
	buf_free(&b);
}

Test(str, a_head_ends_with_a_whole_character)
{
	struct str s = STR("a\xc3\xa4\xf0\x9f\x98\x80");

	cr_expect_eq(str_utf8_head(s, 0).n, 0);
	cr_expect_eq(str_utf8_head(s, 2).n, 1);
	cr_expect_eq(str_utf8_head(s, 3).n, 3);
	cr_expect_eq(str_utf8_head(s, 6).n, 3);
	cr_expect_eq(str_utf8_head(s, 7).n, 7);
	cr_expect_eq(str_utf8_head(s, 99).n, 7);
}

Test(str, utf8_is_strict)
{
	cr_expect(str_utf8_ok(STR("a\xc3\xa4\xf0\x9f\x98\x80")));
	cr_expect_not(str_utf8_ok(STR("\xc0\x80")));
	cr_expect_not(str_utf8_ok(STR("\xed\xa0\x80")));
	cr_expect_not(str_utf8_ok(STR("\xf4\x90\x80\x80")));
	cr_expect_not(str_utf8_ok(STR("\xe2\x82")));
}
