#include <criterion/criterion.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

Test(arena, bears_a_handle_in_its_own_memory)
{
	struct arena *a = arena_new(1 << 12);
	struct owner {
		struct arena *arena;
	} * o;

	cr_assert(a);
	o = arena_alloc(a, sizeof *o);
	if (!o) {
		arena_free(&a);
		cr_assert_fail("no memory");
	}
	o->arena = a;
	arena_free(&o->arena); /* must not write to what it has freed: AddressSanitizer sees it */
}

Test(arena, gives_no_more_than_its_limit)
{
	struct arena *a = arena_new(1000);
	char *p;

	cr_assert(a);
	p = arena_alloc(a, 600);
	cr_expect(p);
	cr_expect_null(arena_alloc(a, 600), "over the limit");
	arena_reset(a);
	p = arena_alloc(a, 600);
	cr_expect(p, "all of it again after a reset");
	cr_expect_eq((uintptr_t)p % _Alignof(max_align_t), 0);
	arena_free(&a);
	cr_expect_null(a);
}
