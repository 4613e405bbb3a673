#include <criterion/criterion.h>

#include "base/clock.h"
#include "http/rate.h"

Test(rate, each_key_has_its_own_bucket)
{
	static struct rate r;
	int64_t now = US_SEC;
	int wait, n = 0;

	rate_init(&r, 10);
	while (n < 100 && rate_take(&r, "a", now, &wait))
		n++;
	cr_expect_eq(n, 20, "two seconds' worth at once");
	cr_expect(rate_take(&r, "b", now, &wait), "another key is not held up");
	cr_expect_not(rate_take(&r, "a", now + 50 * US_MS, &wait));
	cr_expect_eq(wait, 1);
	cr_expect(rate_take(&r, "a", now + 150 * US_MS, &wait));
	rate_release(&r);
}

Test(rate, none_is_none)
{
	static struct rate r;
	int wait;

	rate_init(&r, 0);
	for (int i = 0; i < 1000; i++)
		cr_assert(rate_take(&r, "a", 1, &wait));
	rate_release(&r);
}
