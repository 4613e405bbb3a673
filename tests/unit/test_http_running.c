#include <criterion/criterion.h>

#include "http/running.h"

Test(running, a_key_is_under_way_once)
{
	static struct running all;
	struct running_key *first, *other;
	bool nomem;

	running_init(&all);
	first = running_add(&all, STR("key-id:order-1"), &nomem);
	other = running_add(&all, STR("key-id:order-2"), &nomem);
	if (!first || !other) { /* memory ran out: the runner of tests/oom makes it so */
		running_free(&all);
		return;
	}
	cr_expect_null(running_add(&all, STR("key-id:order-1"), &nomem));
	cr_expect_not(nomem, "it is under way, which is no lack of memory");
	running_remove(&all, &first);
	cr_expect_null(first);
	first = running_add(&all, STR("key-id:order-1"), &nomem);
	cr_expect(first || nomem, "it is free again");
	running_remove(&all, &first);
	running_remove(&all, &other);
	running_free(&all);
}
