/* When a web message counts as shown, and when its visitor as gone. */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "contract/fake_host.h"
#include "web/private.h"

static struct fake_host fake;
static struct web_settings set;
static struct account *account;
static struct settings *file;

static void open_account(void)
{
	static const char text[] = "[web main]\norigins = http://a\naway_after = 5s\n";
	struct err e = {0};

	fake_host_init(&fake, "main");
	cr_assert_eq(settings_parse("t", str_of(text), &file, &e), 0, "%s", e.msg);
	cr_assert_eq(settings_fill(file, settings_find(file, "web", "main"), web_channel.settings, &set, &e), 0, "%s",
		     e.msg);
	cr_assert_eq(web_channel.open(&set, &fake.host, &account, &e), 0, "%s", e.msg);
	web_channel.start(account);
}

static void close_account(void)
{
	web_channel.stop(account, fake_clock());
	web_channel.close(&account);
	settings_release(web_channel.settings, &set);
	settings_free(&file);
	fake_host_free(&fake);
}

TestSuite(web_held, .init = open_account, .fini = close_account);

/* A visitor whose page went just now: on its way back, perhaps. */
static struct uuid visitor_here(void)
{
	struct uuid id = uuid7(1000);
	struct page *p = visitors_join(&account->visitors, &id, (struct exchange *)(void *)&fake);

	cr_assert(p);
	visitors_leave(&account->visitors, p, loop_now(fake.host.loop));
	return id;
}

static struct delivery to(const struct uuid *visitor, int64_t token)
{
	struct delivery d = {.id = {uuid7(2000 + token), 1}, .token = token, .text = STR("hello")};

	visitor_address(visitor, &d.to);
	return d;
}

static void pass(int64_t us)
{
	fake_clock_add(us);
	loop_step(fake.host.loop, 0);
}

Test(web_held, what_the_page_confirms_is_shown)
{
	struct uuid v = visitor_here();
	struct delivery d[3] = {to(&v, 1), to(&v, 2), to(&v, 3)};

	cr_assert_eq(web_channel.submit(account, d, 3), 3);
	cr_expect_eq(fake.outcomes_n, 0, "nobody has said yet that it is there");
	held_shown(account, &d[2].id.message);
	held_shown(account, &d[0].id.message);
	held_shown(account, &d[0].id.message);
	cr_assert_eq(fake.outcomes_n, 2, "one outcome each");
	cr_expect_str_eq(fake.outcomes[0].reason, "shown");
	cr_expect_eq(fake.outcomes[0].token, 3);
	pass(6 * US_SEC);
	cr_assert_eq(fake.outcomes_n, 3);
	cr_expect_eq(fake.outcomes[2].token, 2);
	cr_expect_str_eq(fake.outcomes[2].reason, "away");
}

Test(web_held, silence_means_that_the_visitor_has_gone)
{
	struct uuid v = visitor_here();
	struct delivery a = to(&v, 1), b = to(&v, 2);

	cr_assert_eq(web_channel.submit(account, &a, 1), 1);
	pass(3 * US_SEC);
	cr_assert_eq(web_channel.submit(account, &b, 1), 1);
	pass(3 * US_SEC);
	cr_assert_eq(fake.outcomes_n, 1);
	cr_expect_eq(fake.outcomes[0].kind, OUTCOME_SENT);
	cr_expect_str_eq(fake.outcomes[0].reason, "away");
	cr_expect_eq(fake.outcomes[0].ids_n, 1);
	pass(3 * US_SEC);
	cr_assert_eq(fake.outcomes_n, 2);
}

Test(web_held, who_was_never_here_is_away_at_once)
{
	struct uuid nobody = uuid7(1);
	struct delivery d = to(&nobody, 1);

	cr_assert_eq(web_channel.submit(account, &d, 1), 1);
	cr_assert_eq(fake.outcomes_n, 1);
	cr_expect_str_eq(fake.outcomes[0].reason, "away");
}

Test(web_held, stopping_gives_back_what_nobody_confirmed)
{
	struct uuid v = visitor_here();
	struct delivery d = to(&v, 1);

	cr_assert_eq(web_channel.submit(account, &d, 1), 1);
	web_channel.stop(account, fake_clock());
	cr_assert_eq(fake.outcomes_n, 1);
	cr_expect_eq(fake.outcomes[0].kind, OUTCOME_RELEASED);
}
