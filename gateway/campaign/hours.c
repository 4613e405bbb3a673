#include "campaign/hours.h"

#include "base/clock.h"

enum { DAYS_AHEAD = 9 };

/* 0: Monday. Day 0 of our count was a Thursday. */
static int weekday(int64_t day) { return (int)((day + 3) % 7); }

static bool may_begin(const struct hours *h, int64_t day) { return !h->days || (h->days >> weekday(day) & 1); }

/* The span that begins on that local day, in UTC. The clock may be changed between: each end has its own offset. */
static void span(struct calendars *z, const struct hours *h, struct str zone, int64_t day, int64_t *from,
		 int64_t *until)
{
	int64_t local = day * US_DAY + h->from * US_MIN;
	int64_t last = day * US_DAY + h->until * US_MIN + (h->until <= h->from ? US_DAY : 0);

	*from = local - calendar_offset(z, zone, local - calendar_offset(z, zone, local));
	*until = last - calendar_offset(z, zone, last - calendar_offset(z, zone, last));
}

static bool always(const struct hours *h) { return h->from == h->until && (h->days & 127) % 127 == 0; }

int64_t hours_next(struct calendars *z, const struct hours *h, struct str zone, int64_t at)
{
	int64_t today = (at + calendar_offset(z, zone, at)) / US_DAY, from, until;

	if (always(h))
		return at;
	for (int64_t day = today - 1; day < today + DAYS_AHEAD; day++) {
		if (!may_begin(h, day))
			continue;
		span(z, h, zone, day, &from, &until);
		if (at < until)
			return at > from ? at : from;
	}
	return at;
}

int64_t hours_end(struct calendars *z, const struct hours *h, struct str zone, int64_t at)
{
	int64_t today = (at + calendar_offset(z, zone, at)) / US_DAY, from, until;

	if (always(h))
		return 0;
	for (int64_t day = today - 1; day <= today; day++) {
		if (!may_begin(h, day))
			continue;
		span(z, h, zone, day, &from, &until);
		if (at >= from && at < until)
			return until;
	}
	return 0;
}
