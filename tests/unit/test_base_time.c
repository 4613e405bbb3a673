#include <criterion/criterion.h>

#include "base/clock.h"

Test(time, text_forms)
{
	static const struct {
		const char *text;
		int64_t at;
	} cases[] = {
		{"1970-01-01T00:00:00.000Z", 0},
		{"2000-02-29T12:00:00.001Z", 951825600001000},
		{"2026-01-31T23:59:59.123Z", 1769903999123000},
		{"1969-12-31T23:59:59.000Z", -1000000},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char t[TIME_TEXT];
		int64_t at;
		cr_expect_eq(time_format(cases[i].at, t), 24);
		cr_expect_str_eq(t, cases[i].text);
		cr_expect(time_parse(str_of(cases[i].text), &at));
		cr_expect_eq(at, cases[i].at, "%s", cases[i].text);
	}
}

Test(time, offsets_and_decimals)
{
	int64_t a, b;

	cr_expect(time_parse(STR("2026-03-01T01:30:00+02:00"), &a));
	cr_expect(time_parse(STR("2026-02-28T23:30:00Z"), &b));
	cr_expect_eq(a, b);
	cr_expect(time_parse(STR("2026-02-28T23:30:00.5Z"), &a));
	cr_expect_eq(a - b, US_SEC / 2);
	cr_expect(time_parse(STR("2026-02-28T23:30:00.123456789Z"), &a));
	cr_expect_eq(a - b, 123456);
}

Test(time, what_is_no_time)
{
	static const char *const bad[] = {"",
					  "2026-02-29T00:00:00Z",
					  "2026-13-01T00:00:00Z",
					  "2026-01-01T24:00:00Z",
					  "2026-01-01T00:00:00",
					  "2026-01-01T00:00:00.Z",
					  "2026-01-01 00:00Z",
					  "2026-01-01T00:00:00+2:00",
					  "2026-01-01T00:00:00Zx",
					  "20260101T000000Z"};
	int64_t at;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_expect_not(time_parse(str_of(bad[i]), &at), "%s", bad[i]);
}

Test(time, durations)
{
	int64_t d;

	cr_expect(duration_parse(STR("90s"), &d) && d == 90 * US_SEC);
	cr_expect(duration_parse(STR("15m"), &d) && d == 15 * US_MIN);
	cr_expect(duration_parse(STR("250ms"), &d) && d == 250 * US_MS);
	cr_expect(duration_parse(STR("7d"), &d) && d == 7 * US_DAY);
	cr_expect(duration_parse(STR("30"), &d) && d == 30 * US_SEC);
	cr_expect_not(duration_parse(STR("1y"), &d));
	cr_expect_not(duration_parse(STR("9999999999999d"), &d));
	cr_expect_not(duration_parse(STR("s"), &d));
}
