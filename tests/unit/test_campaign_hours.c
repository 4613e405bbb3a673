/* Hours by the customer's clock. Times are named in UTC. */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "campaign/hours.h"

static int64_t at(const char *text)
{
	int64_t t = 0;
	cr_assert(time_parse(str_of(text), &t), "%s", text);
	return t;
}

static const struct hours_case {
	const char *what, *zone, *now, *next, *end;
	struct hours h;
} cases[] = {
	{"inside",
	 "Europe/Berlin",
	 "2026-03-10T09:00:00Z",
	 "2026-03-10T09:00:00Z",
	 "2026-03-10T19:00:00Z",
	 {540, 1200, 0}},
	{"before", "Europe/Berlin", "2026-03-10T07:59:59Z", "2026-03-10T08:00:00Z", NULL, {540, 1200, 0}},
	{"at the end", "Europe/Berlin", "2026-03-10T19:00:00Z", "2026-03-11T08:00:00Z", NULL, {540, 1200, 0}},
	{"over midnight",
	 "UTC",
	 "2026-03-10T01:00:00Z",
	 "2026-03-10T01:00:00Z",
	 "2026-03-10T02:00:00Z",
	 {1320, 120, 0}},
	{"over midnight, at noon", "UTC", "2026-03-10T12:00:00Z", "2026-03-10T22:00:00Z", NULL, {1320, 120, 0}},
	{"far ahead of UTC",
	 "Pacific/Auckland",
	 "2026-03-10T21:00:00Z",
	 "2026-03-10T21:00:00Z",
	 "2026-03-11T07:00:00Z",
	 {540, 1200, 0}},
	/* 2026-03-29: clocks in Berlin go from 02:00 to 03:00. */
	{"the night that is shorter",
	 "Europe/Berlin",
	 "2026-03-28T20:00:00Z",
	 "2026-03-29T07:00:00Z",
	 NULL,
	 {540, 1200, 0}},
	{"the night that is longer",
	 "Europe/Berlin",
	 "2026-10-24T20:00:00Z",
	 "2026-10-25T08:00:00Z",
	 NULL,
	 {540, 1200, 0}},
	/* 2026-03-13 is a Friday. */
	{"on week-days", "UTC", "2026-03-13T21:00:00Z", "2026-03-16T09:00:00Z", NULL, {540, 1200, 31}},
	{"on Sundays", "UTC", "2026-03-13T21:00:00Z", "2026-03-15T09:00:00Z", NULL, {540, 1200, 64}},
	{"always", "UTC", "2026-03-13T21:00:00Z", "2026-03-13T21:00:00Z", NULL, {0, 0, 0}},
	{"no such zone is UTC", "Mars/Base", "2026-03-10T08:00:00Z", "2026-03-10T09:00:00Z", NULL, {540, 1200, 0}},
};

Test(campaign_hours, begin_and_end)
{
	struct calendars *z = calendars_new();

	cr_assert(z);
	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		const struct hours_case *c = &cases[k];
		char text[TIME_TEXT];
		time_format(hours_next(z, &c->h, str_of(c->zone), at(c->now)), text);
		cr_expect_eq(hours_next(z, &c->h, str_of(c->zone), at(c->now)), at(c->next), "%s: %s", c->what, text);
		time_format(hours_end(z, &c->h, str_of(c->zone), at(c->now)), text);
		cr_expect_eq(hours_end(z, &c->h, str_of(c->zone), at(c->now)), c->end ? at(c->end) : 0, "%s: %s",
			     c->what, text);
	}
	calendars_free(&z);
}

Test(campaign_hours, knows_zones)
{
	cr_expect(calendar_known(STR("America/Argentina/Buenos_Aires")));
	cr_expect_not(calendar_known(STR("")));
	cr_expect_not(calendar_known(STR("Europe/Bielefeld")));
	cr_expect_not(calendar_known(STR("Europe/B\xc3\xa9rlin")));
}
