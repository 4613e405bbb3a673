#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "outbound/links.h"
#include "store/bucket.h"
#include "unit/store_rig.h"

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

/* When the message of a link went out, by the trail of its delivery. */
static int64_t left_by(const char *trail)
{
	struct links l = {.secret = secret, .public_url = "https://us.example"};
	struct uuid message = uuid7(1000000), customer = uuid7(1000000);
	struct arena *a = arena_new(1 << 16);
	struct link_use use = {.sent_at = -1};
	struct store_rig r;
	struct err e = {0};
	struct stmt *q;

	cr_assert(a && links_in_text(&l, a, STR("https://a.example/")).p);
	store_rig_open(&r);
	store_rig_begin(&r);
	cr_assert_eq(links_write(r.db, &l, &message, &customer, CHANNEL_SMS, 5, &e), 0, "%s", e.msg);
	q = db_query(r.db,
		     "INSERT INTO delivery (bucket, message_id, n, customer_id, channel, account, scheme, address,"
		     " purpose, priority, status, outbox, due_at, trail, updated_at)"
		     " VALUES ($1, $2, 1, $3, 1, 'main', 1, '+4915112345678', 1, 2, 5, 0, 5, $4, 5)");
	db_bind_i64(q, 1, bucket_of(&message));
	db_bind_uuid(q, 2, &message);
	db_bind_uuid(q, 3, &customer);
	db_bind_text(q, 4, trail);
	cr_assert_eq(db_run(q, &e), 0, "%s", e.msg);
	cr_expect_eq(link_find(r.db, str_of(l.v[0].code), a, &use, &e), 1, "%s", e.msg);
	cr_expect(str_is(use.url, "https://a.example/"));
	cr_expect(uuid_eq(&use.message, &message) && uuid_eq(&use.customer, &customer));
	cr_expect_eq(link_find(r.db, STR("AAAAAAAAAAAA"), a, &(struct link_use){0}, &e), 0);
	store_rig_commit(&r);
	store_rig_close(&r);
	arena_free(&a);
	return use.sent_at;
}

Test(links, know_when_their_message_went_out)
{
	cr_expect_eq(left_by("5 scheduled accepted\n"), 0, "it waits");
	cr_expect_eq(
		left_by("5 scheduled accepted\n7 sending claimed\n8 sent accepted by the carrier\n9 delivered x\n"), 8);
	cr_expect_eq(left_by("5 queued accepted\n8 uncertain answer lost\n9 delivered x\n"), 8);
	cr_expect_eq(left_by("5 queued accepted\n9 delivered x\n11 read x\n"), 9, "the receipt came first");
	cr_expect_eq(left_by("x sent y\n\n6"), 0, "what cannot be read says nothing");
}
