#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "outbound/links.h"

static const struct str secret = {"0123456789abcdef0123456789abcdef", 32};

/* The text with each code as "#". */
static void check(bool html, const char *text, const char *want, size_t links)
{
	struct links l = {.secret = secret, .public_url = "https://us.example"};
	struct arena *a = arena_new(1 << 20);
	struct str out;
	struct buf shown;

	cr_assert(a);
	out = html ? links_in_html(&l, a, str_of(text)) : links_in_text(&l, a, str_of(text));
	cr_assert(out.p);
	buf_init(&shown, 4096);
	for (size_t k = 0; k < out.n; k++) {
		bool code = k > 3 && (memcmp(out.p + k - 3, "/l/", 3) == 0 || memcmp(out.p + k - 3, "/o/", 3) == 0);
		if (code)
			cr_expect(link_code_good(secret, str_n(out.p + k, LINK_CODE - 1)));
		buf_addc(&shown, code ? '#' : out.p[k]);
		k += code ? LINK_CODE - 2 : 0;
	}
	cr_expect_str_eq(buf_cstr(&shown), want, "%s: %s", text, buf_cstr(&shown));
	cr_expect_eq(l.n, links, "%s", text);
	buf_free(&shown);
	arena_free(&a);
}

Test(links, in_texts)
{
	check(false, "none", "none", 0);
	check(false, "at https://a.example/x?y=1, or http://b.example.",
	      "at https://us.example/l/#, or https://us.example/l/#.", 2);
	check(false, "twice https://a.example https://a.example", "twice https://us.example/l/# https://us.example/l/#",
	      1);
	check(false, "https:// and http:/x and xhttps", "https:// and http:/x and xhttps", 0);
	check(false, "ours: https://us.example/p/abc", "ours: https://us.example/p/abc", 0);
}

Test(links, in_html)
{
	check(true, "<a href=\"https://a.example/?a=1&amp;b=2\">https://a.example</a>",
	      "<a href=\"https://us.example/l/#\">https://a.example</a><img src=\"https://us.example/o/#.gif\" "
	      "width=\"1\" "
	      "height=\"1\" alt=\"\">",
	      2);
	check(true, "<body>x</body>",
	      "<body>x<img src=\"https://us.example/o/#.gif\" width=\"1\" height=\"1\" alt=\"\"></body>", 1);
}

Test(links, people_and_robots)
{
	const struct str browser = STR("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140 Safari/537.36");

	cr_expect_not(link_robot(STR("GET"), browser, STR(""), US_MIN));
	cr_expect(link_robot(STR("HEAD"), browser, STR(""), US_MIN));
	cr_expect(link_robot(STR("GET"), STR(""), STR(""), US_MIN));
	cr_expect(link_robot(STR("GET"), browser, STR("prefetch"), US_MIN));
	cr_expect(link_robot(STR("GET"), browser, STR(""), US_SEC));
	cr_expect(link_robot(STR("GET"), STR("Mozilla/5.0 (compatible; Googlebot/2.1)"), STR(""), US_MIN));
	cr_expect(link_robot(STR("GET"), STR("WhatsApp/2.23"), STR(""), US_MIN));
}

Test(links, codes_are_signed)
{
	cr_expect_not(link_code_good(secret, STR("AAAAAAAAAAAA")));
	cr_expect_not(link_code_good(secret, STR("short")));
	cr_expect_not(link_code_good(secret, STR("")));
}
