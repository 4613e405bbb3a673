#include <criterion/criterion.h>

#include "email/enhanced.h"
#include "email/hosts.h"

static struct smtp_reply reply(const char *a, const char *b)
{
	struct smtp_reply r = {0};

	smtp_reply_line(&r, str_of(a));
	if (b)
		smtp_reply_line(&r, str_of(b));
	return r;
}

Test(email_smtp, a_reply_is_code_status_and_text)
{
	struct smtp_reply r = reply("550 5.1.1 <x@y.example>: no such user\r\n", NULL);

	cr_expect_eq(r.code, 550);
	cr_expect_str_eq(r.enhanced, "5.1.1");
	cr_expect_str_eq(r.text, "<x@y.example>: no such user");
	r = reply("452-4.2.2 The account is\r\n", "452 4.2.2 over quota\r\n");
	cr_expect_eq(r.code, 452);
	cr_expect_str_eq(r.enhanced, "4.2.2");
	cr_expect_str_eq(r.text, "The account is over quota");
	cr_expect_not(r.more);
	r = reply("250 2.0.0 Ok: queued\r\n", "421 closing");
	cr_expect_eq(r.code, 421);
	cr_expect_str_eq(r.enhanced, "");
	cr_expect_str_eq(r.text, "closing");
	r = reply("354", NULL);
	cr_expect_eq(r.code, 354);
	r = reply("what is this", NULL);
	cr_expect_eq(r.code, 0);
	r = reply("550 5.1.1\x1b[0m bell\a", NULL);
	cr_expect_null(strchr(r.text, '\x1b'));
}

Test(email_smtp, enhanced_codes_have_three_numbers)
{
	cr_expect_eq(enhanced_length(STR("5.1.1 x")), 5);
	cr_expect_eq(enhanced_length(STR("5.7.509")), 7);
	cr_expect_eq(enhanced_length(STR("3.1.1 x")), 0);
	cr_expect_eq(enhanced_length(STR("5.1")), 0);
	cr_expect_eq(enhanced_length(STR("5.1.1.1 x")), 0);
	cr_expect_eq(enhanced_length(STR("5.1111.1 x")), 0);
	cr_expect_eq(enhanced_length(STR("")), 0);
}

#define SEC INT64_C(1000000)

static struct smart_hosts two(void)
{
	struct smart_hosts h;
	struct host_rules rules = {.connections = 2, .retry_min = SEC, .retry_max = 8 * SEC};

	cr_assert_eq(smart_hosts_init(&h, "a.example, [2001:db8::1]:25", 587, &rules, NULL), 0);
	return h;
}

Test(email_smtp, hosts_are_read_with_and_without_port)
{
	struct smart_hosts h = two();
	struct host_rules rules = {.connections = 1};

	cr_expect_eq(h.n, 2);
	cr_expect_str_eq(h.v[0].name, "a.example");
	cr_expect_eq(h.v[0].port, 587);
	cr_expect_str_eq(h.v[1].name, "[2001:db8::1]");
	cr_expect_eq(h.v[1].port, 25);
	cr_expect_eq(smart_hosts_init(&h, "a b", 587, &rules, NULL), -1);
	cr_expect_eq(smart_hosts_init(&h, "a/b", 587, &rules, NULL), -1);
	cr_expect_eq(smart_hosts_init(&h, "a:0", 587, &rules, NULL), -1);
	cr_expect_eq(smart_hosts_init(&h, "a:x", 587, &rules, NULL), -1);
	cr_expect_eq(smart_hosts_init(&h, " ", 587, &rules, NULL), -1);
}

Test(email_smtp, the_first_host_that_works_is_used)
{
	struct smart_hosts h = two();
	int64_t wake = 0;

	cr_expect_eq(smart_hosts_pick(&h, 0, &wake), &h.v[0]);
	smart_host_failed(&h, &h.v[0], 0, false, "connection refused");
	cr_expect_eq(smart_hosts_pick(&h, 0, &wake), &h.v[1]);
	smart_host_failed(&h, &h.v[1], 0, false, "connection refused");
	cr_expect_null(smart_hosts_pick(&h, 0, &wake));
	cr_expect_eq(wake, h.v[0].dead_until < h.v[1].dead_until ? h.v[0].dead_until : h.v[1].dead_until);
	cr_expect_eq(smart_hosts_pick(&h, SEC, &wake), &h.v[0]);
	smart_host_worked(&h.v[0]);
	cr_expect_eq(h.v[0].failures, 0);
}

Test(email_smtp, the_pause_of_a_dead_host_doubles)
{
	struct smart_hosts h = two();
	int64_t at = 0, before = 0;

	for (int i = 0; i < 6; i++) {
		smart_host_failed(&h, &h.v[0], at, false, "no");
		cr_expect(h.v[0].dead_until - at >= before);
		cr_expect(h.v[0].dead_until - at <= 8 * SEC);
		before = h.v[0].dead_until - at;
		at = h.v[0].dead_until;
	}
	cr_expect_eq(before, 8 * SEC);
}

Test(email_smtp, a_dead_host_is_tried_with_one_mail_first)
{
	struct smart_hosts h = two();
	int64_t wake = 0;

	smart_host_failed(&h, &h.v[0], 0, false, "no");
	cr_expect_eq(smart_hosts_pick(&h, SEC, &wake), &h.v[0]);
	smart_host_taken(&h, &h.v[0], SEC);
	cr_expect_eq(smart_hosts_pick(&h, SEC, &wake), &h.v[1]);
	smart_host_worked(&h.v[0]);
	smart_host_left(&h.v[0]);
	cr_expect_eq(smart_hosts_pick(&h, SEC, &wake), &h.v[0]);
}

Test(email_smtp, connections_and_rate_have_limits)
{
	struct smart_hosts h;
	struct host_rules rules = {.connections = 2, .rate = 10, .retry_min = SEC, .retry_max = SEC};
	int64_t wake = 0, now = 100 * SEC;
	int n = 0;

	cr_assert_eq(smart_hosts_init(&h, "a", 25, &rules, NULL), 0);
	while (smart_hosts_pick(&h, now, &wake)) {
		smart_host_taken(&h, &h.v[0], now);
		n++;
	}
	cr_expect_eq(n, 2);
	for (n = 0; n < 100; n++) {
		smart_host_left(&h.v[0]);
		if (!smart_hosts_pick(&h, now, &wake))
			break;
		smart_host_taken(&h, &h.v[0], now);
	}
	cr_expect_lt(n, 10);
	cr_expect_gt(wake, now);
	cr_expect_not_null(smart_hosts_pick(&h, wake, &wake));
}
