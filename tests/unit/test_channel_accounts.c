#include "channel/accounts.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct account_info info(const char *name, enum channel c)
{
	struct account_info i = {.channel = c};
	snprintf(i.name, sizeof i.name, "%s", name);
	return i;
}

Test(channel_accounts, picks_the_first_that_is_up)
{
	struct accounts *a;
	struct account_info i = info("one", CHANNEL_SMS), j = info("two", CHANNEL_SMS), w = info("site", CHANNEL_WEB),
			    got;
	struct err e;

	cr_assert_eq(accounts_new(&a, &e), 0);
	cr_assert_eq(accounts_add(a, &i, &e), 0);
	cr_assert_eq(accounts_add(a, &w, &e), 0);
	cr_assert_eq(accounts_add(a, &j, &e), 0);
	cr_assert_eq(accounts_add(a, &j, &e), -1);
	cr_assert_str_eq(e.code, "account_exists");
	cr_assert(accounts_pick(a, CHANNEL_SMS, STR(""), &got));
	cr_assert_str_eq(got.name, "one");
	accounts_set_state(a, "two", ACCOUNT_UP, "bound", 7);
	cr_assert(accounts_pick(a, CHANNEL_SMS, STR(""), &got));
	cr_assert_str_eq(got.name, "two");
	cr_assert_eq(got.since, 7);
	accounts_set_state(a, "one", ACCOUNT_UP, NULL, 8);
	cr_assert(accounts_pick(a, CHANNEL_SMS, STR(""), &got));
	cr_assert_str_eq(got.name, "one");
	cr_assert(accounts_pick(a, CHANNEL_SMS, STR("two"), &got));
	cr_assert_str_eq(got.name, "two");
	cr_assert_not(accounts_pick(a, CHANNEL_SMS, STR("site"), &got), "a name of another channel is not taken");
	cr_assert_not(accounts_pick(a, CHANNEL_EMAIL, STR(""), &got));
	cr_assert_not(accounts_get(a, STR("three"), &got));
	cr_assert_eq(accounts_list(a, &got, 1), 1);
	accounts_free(&a);
}
