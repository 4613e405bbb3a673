/* Long texts in parts: any order, twice, missing, kept over a restart. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "unit/intake_rig.h"

static struct intake_rig rig;

static void open_rig(void) { intake_rig_open(&rig, 0); }
static void close_rig(void) { intake_rig_close(&rig); }

TestSuite(parts, .init = open_rig, .fini = close_rig);

static enum intake_kind part(uint32_t ref, int seq, int total, const char *text)
{
	struct inbound in = intake_rig_sms("+4915112345678", text);

	in.part.ref = ref;
	in.part.seq = (uint8_t)seq;
	in.part.total = (uint8_t)total;
	in.part.width = 8;
	return intake_rig_give(&rig, &in).kind;
}

static int64_t number(const char *sql) { return store_rig_number(&rig.s, sql); }

static void expect_text(const char *want)
{
	char text[256];

	intake_rig_text(&rig, "SELECT content FROM interaction ORDER BY id DESC LIMIT 1", text);
	cr_expect_str_eq(text, want);
}

Test(parts, in_any_order)
{
	static const int orders[6][3] = {{1, 2, 3}, {1, 3, 2}, {2, 1, 3}, {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};

	for (uint32_t k = 0; k < 6; k++) {
		static const char *const texts[] = {"one ", "two ", "three"};
		for (int i = 0; i < 3; i++)
			cr_expect_eq(part(k, orders[k][i], 3, texts[orders[k][i] - 1]),
				     i < 2 ? INTAKE_WAITING : INTAKE_STORED);
		expect_text("one two three");
	}
	cr_expect_eq(number("SELECT COUNT(*) FROM interaction"), 6);
	cr_expect_eq(number("SELECT COUNT(*) FROM inbound_part"), 0);
}

Test(parts, twice_before_and_after)
{
	cr_expect_eq(part(7, 2, 2, "b"), INTAKE_WAITING);
	cr_expect_eq(part(7, 2, 2, "b"), INTAKE_SEEN);
	cr_expect_eq(part(7, 1, 2, "a"), INTAKE_STORED);
	cr_expect_eq(part(7, 1, 2, "a"), INTAKE_SEEN, "of a text that is whole already");
	cr_expect_eq(part(7, 2, 2, "b"), INTAKE_SEEN);
	cr_expect_eq(number("SELECT COUNT(*) FROM interaction"), 1);
	cr_expect_eq(number("SELECT COUNT(*) FROM inbound_part"), 0);
}

/* U+1F600 is D83D DE00; half of it, as struct inbound has it. */
#define HIGH "\xED\xA0\xBD"
#define LOW "\xED\xB8\x80"
#define NONE "\xEF\xBF\xBD"

Test(parts, a_surrogate_pair_that_was_cut_is_one_again)
{
	static const struct {
		const char *one, *two, *three, *whole;
	} cases[] = {
		{"a" HIGH, LOW "b", "c",
		 "a\xF0\x9F\x98\x80"
		 "bc"},
		{"a" HIGH, LOW "b" HIGH, LOW,
		 "a\xF0\x9F\x98\x80"
		 "b\xF0\x9F\x98\x80"},
		{HIGH, LOW, "c",
		 "\xF0\x9F\x98\x80"
		 "c"},
		{"a" HIGH, "b", LOW "c" HIGH, "a" NONE "b" NONE "c" NONE},
		{LOW "a", HIGH, HIGH, NONE "a" NONE NONE},
	};

	for (uint32_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		cr_expect_eq(part(k, 3, 3, cases[k].three), INTAKE_WAITING);
		cr_expect_eq(part(k, 1, 3, cases[k].one), INTAKE_WAITING);
		cr_expect_eq(part(k, 2, 3, cases[k].two), INTAKE_STORED);
		expect_text(cases[k].whole);
	}
	cr_expect_eq(part(99, 1, 2, "a" HIGH), INTAKE_WAITING);
	intake_rig_restart(&rig, 0);
	cr_expect_eq(part(99, 2, 2, LOW), INTAKE_STORED);
	expect_text("a\xF0\x9F\x98\x80");
	cr_expect_eq(part(100, 3, 2, LOW "x" HIGH), INTAKE_STORED, "it cannot be placed");
	expect_text(NONE "x" NONE);
}

Test(parts, over_a_restart)
{
	part(7, 1, 2, "before ");
	intake_rig_restart(&rig, 0);
	cr_expect_eq(part(7, 2, 2, "after"), INTAKE_STORED);
	expect_text("before after");
}

Test(parts, missing_ones_are_named_after_the_time_out)
{
	char text[256];

	part(7, 4, 4, "d");
	part(7, 2, 4, "b");
	cr_expect_eq(intake_rig_sweep(&rig, clock_now() + 9 * US_MIN), 0);
	cr_expect_eq(intake_rig_sweep(&rig, clock_now() + 11 * US_MIN), 1);
	expect_text("bd");
	intake_rig_text(&rig, "SELECT metadata FROM interaction", text);
	cr_expect_str_eq(text, "{\"partial\":true,\"missing\":[1,3]}");
	cr_expect_eq(number("SELECT COUNT(*) FROM inbound_part"), 0);
	cr_expect_eq(intake_rig_sweep(&rig, clock_now() + 12 * US_MIN), 0);
	cr_expect_eq(number("SELECT channel FROM interaction"), CHANNEL_SMS);
}

Test(parts, a_partial_text_is_no_keyword)
{
	part(7, 2, 2, "stop");
	intake_rig_sweep(&rig, clock_now() + 11 * US_MIN);
	cr_expect_eq(number("SELECT COUNT(*) FROM consent"), 0);
}

Test(parts, a_keyword_may_come_in_parts)
{
	part(7, 1, 2, "st");
	part(7, 2, 2, "op");
	cr_expect_eq(number("SELECT COUNT(*) FROM consent"), 3);
}

Test(parts, a_reference_used_again)
{
	char text[256];

	part(7, 1, 2, "never finished");
	cr_expect_eq(part(7, 1, 2, "new "), INTAKE_WAITING);
	intake_rig_text(&rig, "SELECT content || metadata FROM interaction", text);
	cr_expect_str_eq(text, "never finished{\"partial\":true,\"missing\":[2]}");
	cr_expect_eq(part(7, 2, 2, "text"), INTAKE_STORED);
	expect_text("new text");
}

Test(parts, what_differs_in_anything_is_another_message)
{
	struct inbound in = intake_rig_sms("+4915112345678", "x");

	in.part.ref = 7;
	in.part.seq = 1;
	in.part.total = 2;
	in.part.width = 8;
	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_WAITING);
	in.part.seq = 2;
	in.part.width = 16;
	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_WAITING, "width of the reference");
	in.part.width = 8;
	in.part.total = 3;
	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_WAITING, "number of parts");
	in.part.total = 2;
	in.account = STR("other");
	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_WAITING, "account");
	in.account = STR("main");
	in.to = (struct address){.scheme = SCHEME_SHORT, .value = "40405"};
	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_WAITING, "recipient");
	in = intake_rig_sms("+4915112345679", "x");
	in.part.ref = 7;
	in.part.seq = in.part.total = 2;
	in.part.width = 8;
	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_WAITING, "sender");
	cr_expect_eq(number("SELECT COUNT(*) FROM inbound_part"), 6);
}

Test(parts, numbers_that_cannot_be_are_taken_as_they_are)
{
	cr_expect_eq(part(1, 0, 2, "a"), INTAKE_STORED);
	cr_expect_eq(part(1, 3, 2, "b"), INTAKE_STORED);
	cr_expect_eq(number("SELECT COUNT(*) FROM inbound_part"), 0);
}
