#include <criterion/criterion.h>

#include "sms/window.h"

static struct held *fake(uintptr_t n) { return (struct held *)n; }

Test(sms_window, finds_by_sequence_in_any_order)
{
	struct window w;
	struct window_entry e;
	uint32_t seq[4];

	cr_assert_eq(window_init(&w, 4), 0);
	for (uint16_t i = 0; i < 4; i++)
		seq[i] = window_put(&w, fake(i + 1u), i, 100 + i);
	cr_expect_eq(window_room(&w), 0);
	cr_expect_eq(window_take(&w, seq[2], &e), 0);
	cr_expect_eq(e.held, fake(3));
	cr_expect_eq(e.part, 2);
	cr_expect_eq(window_take(&w, seq[2], &e), -1, "once only");
	cr_expect_eq(window_take(&w, 0, &e), -1);
	cr_expect_eq(window_take(&w, 4711, &e), -1);
	cr_expect_eq(window_oldest(&w)->sent_at, 100);
	cr_expect_eq(window_take(&w, seq[0], &e), 0);
	cr_expect_eq(window_oldest(&w)->sent_at, 101);
	cr_expect_eq(window_take(&w, seq[1], &e), 0);
	cr_expect_eq(window_take(&w, seq[3], &e), 0);
	cr_expect_null(window_oldest(&w));
	window_free(&w);
}

Test(sms_window, a_straggler_keeps_its_place)
{
	struct window w;
	struct window_entry e;
	uint32_t first;

	cr_assert_eq(window_init(&w, 2), 0);
	first = window_put(&w, fake(1), 0, 1);
	for (int i = 0; i < 1000; i++) {
		uint32_t seq = window_put(&w, fake(2), 0, 2);
		cr_assert_neq(seq & w.mask, first & w.mask);
		cr_assert_neq(window_number(&w) & w.mask, first & w.mask);
		cr_assert_eq(window_take(&w, seq, &e), 0);
	}
	cr_assert_eq(window_take(&w, first, &e), 0);
	cr_expect_eq(e.held, fake(1));
	window_free(&w);
}

Test(sms_window, numbers_wrap_within_the_standards_range)
{
	struct window w;
	struct window_entry e;
	uint32_t seq;

	cr_assert_eq(window_init(&w, 2), 0);
	w.seq = 0x7FFFFFFE;
	seq = window_put(&w, fake(1), 0, 0);
	cr_expect_eq(seq, 0x7FFFFFFF);
	cr_expect_eq(window_put(&w, fake(2), 0, 0), 1);
	cr_expect_eq(window_take(&w, seq, &e), 0);
	window_free(&w);
}

Test(sms_window, grows_with_requests_outstanding)
{
	struct window w;
	struct window_entry e;
	uint32_t seq[8];

	cr_assert_eq(window_init(&w, 8), 0);
	for (uint16_t i = 0; i < 8; i++)
		seq[i] = window_put(&w, fake(i + 1u), i, i);
	cr_assert_eq(window_resize(&w, 500), 0);
	cr_expect_eq(window_room(&w), 492);
	cr_expect_eq(window_oldest(&w)->sent_at, 0);
	for (uint16_t i = 0; i < 8; i++) {
		cr_assert_eq(window_take(&w, seq[i], &e), 0);
		cr_expect_eq(e.part, i);
	}
	cr_assert_eq(window_resize(&w, 4), 0);
	cr_expect_eq(window_room(&w), 4);
	window_free(&w);
}
