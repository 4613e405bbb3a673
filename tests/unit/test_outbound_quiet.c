#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "outbound/rules.h"

static struct quiet *quiet(const char *hours, const char *days, const char *holidays)
{
	struct quiet *q = NULL;
	struct err e = {0};

	cr_assert_eq(quiet_parse(hours, days, holidays, &q, &e), 0, "%s", e.msg);
	return q;
}

/* 2026-11-23 is a Monday. Hours are UTC. */
static int64_t at(int day, int hour, int minute)
{
	return (1795392000 + (int64_t)(day - 23) * 86400 + hour * 3600 + minute * 60) * US_SEC;
}

static void check(const struct quiet *q, const char *zone, const char *region, int64_t now, int64_t want,
		  const char *why)
{
	struct calendars *z = calendars_new();
	struct quiet_who who = {str_of(zone), region, "UTC"};
	const char *got_why = NULL;
	int64_t got;

	cr_assert(z);
	got = quiet_until(q, z, &who, now, &got_why);
	cr_expect_eq(got, want, "%s %s: off by %lld min", zone, region, (long long)((got - want) / US_MIN));
	if (why)
		cr_expect(got_why && strcmp(got_why, why) == 0, "%s", got_why ? got_why : "no reason");
	calendars_free(&z);
}

Test(quiet, by_the_clock_of_the_zone)
{
	struct quiet *q = quiet("21:00-08:00, FR 20:00-10:00", NULL, NULL);

	check(q, "Europe/Berlin", "DE", at(23, 12, 0), 0, NULL);
	check(q, "Europe/Berlin", "DE", at(23, 20, 0), at(24, 7, 0), "quiet_hours");
	check(q, "Europe/Berlin", "DE", at(23, 19, 59), 0, NULL);
	check(q, "Europe/Berlin", "DE", at(24, 6, 59), at(24, 7, 0), "quiet_hours");
	check(q, "Europe/Berlin", "DE", at(24, 7, 0), 0, NULL);
	check(q, "Europe/Paris", "FR", at(23, 19, 30), at(24, 9, 0), "quiet_hours");
	check(q, "America/New_York", "US", at(23, 12, 0), at(23, 13, 0), "quiet_hours");
	check(q, "No/Where", "XX", at(23, 22, 0), at(24, 8, 0), "quiet_hours");
	quiet_free(&q);
}

Test(quiet, in_all_zones_of_a_country_when_the_customers_is_not_known)
{
	struct quiet *q = quiet("21:00-08:00", NULL, NULL);

	/* 8 in Honolulu is 18 UTC in winter, 21 in New York is 2 UTC. */
	check(q, "", "US", at(23, 17, 0), at(23, 18, 0), "quiet_hours");
	check(q, "", "US", at(23, 19, 0), 0, NULL);
	check(q, "", "DE", at(23, 6, 0), at(23, 7, 0), "quiet_hours");
	quiet_free(&q);
}

Test(quiet, days_and_holidays)
{
	struct quiet *q = quiet("21:00-08:00", "sunday", "DE 11-24, 2026-11-26, AT 2027-11-25");

	check(q, "Europe/Berlin", "DE", at(29, 9, 0), at(30, 7, 0), "quiet_day"); /* Sunday, then the night */
	check(q, "Europe/Berlin", "DE", at(23, 20, 30), at(25, 7, 0),
	      "quiet_hours"); /* into the holiday, and its night */
	check(q, "Europe/Vienna", "AT", at(24, 12, 0), 0, NULL);
	check(q, "Europe/Vienna", "AT", at(26, 12, 0), at(27, 7, 0), "holiday");
	check(q, "Europe/Vienna", "AT", at(25, 12, 0), 0, NULL); /* of another year */
	quiet_free(&q);
}

Test(quiet, over_a_change_of_the_clock)
{
	struct quiet *q = quiet("21:00-08:00", NULL, NULL);
	/* Berlin's clock goes from 2:00 to 3:00 on 2027-03-28: 8:00 there is 6:00 UTC, not 7:00. */
	int64_t night = INT64_C(1806181200) * US_SEC; /* 2027-03-27 21:00 UTC */

	check(q, "Europe/Berlin", "DE", night, night + 9 * US_HOUR, "quiet_hours");
	quiet_free(&q);
}

Test(quiet, whole_time_is_never_quiet_for_ever)
{
	struct quiet *q = quiet("00:00-23:59", "monday, tuesday, wednesday, thursday, friday, saturday, sunday", NULL);
	struct calendars *z = calendars_new();
	struct quiet_who who = {STR("UTC"), "DE", "UTC"};
	const char *why;
	int64_t t;

	cr_assert(z);
	t = quiet_until(q, z, &who, at(23, 12, 0), &why);
	cr_expect(t > at(23, 12, 0) && t < at(23, 12, 0) + 40 * US_DAY);
	calendars_free(&z);
	quiet_free(&q);
}

Test(quiet, says_what_it_does_not_understand)
{
	static const struct {
		const char *hours, *days, *holidays, *zone, *cap, *field;
	} bad[] = {{"21-8", NULL, NULL, NULL, NULL, "quiet_hours"},
		   {"25:00-08:00", NULL, NULL, NULL, NULL, "quiet_hours"},
		   {"08:00-08:00", NULL, NULL, NULL, NULL, "quiet_hours"},
		   {NULL, "someday", NULL, NULL, NULL, "quiet_days"},
		   {NULL, NULL, "13-01", NULL, NULL, "holidays"},
		   {NULL, NULL, NULL, "Nowhere", NULL, "time_zone"},
		   {NULL, NULL, NULL, NULL, "4 a week", "frequency_cap"},
		   {NULL, NULL, NULL, NULL, "0/1d", "frequency_cap"}};

	for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
		struct policy_settings s = {bad[k].hours, bad[k].days, bad[k].holidays, bad[k].zone, bad[k].cap,
					    NULL,	  NULL};
		struct policy_rules *r = NULL;
		struct err e = {0};
		cr_expect_eq(policy_rules_parse(&s, &r, &e), -1, "%zu", k);
		cr_expect_str_eq(e.field, bad[k].field, "%zu", k);
	}
}
