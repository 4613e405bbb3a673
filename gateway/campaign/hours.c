#include "campaign/hours.h"

#include <stdlib.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

#include "base/clock.h"

enum { KEPT = 64, NAME_MAX_ = 64, DAYS_AHEAD = 9 };

struct zones {
	struct zone {
		char name[NAME_MAX_];
		UCalendar *calendar; /* NULL: unknown, UTC */
	} v[KEPT];
	size_t n;
};

struct zones *zones_new(void) { return calloc(1, sizeof(struct zones)); }

static void forget(struct zones *z)
{
	for (size_t k = 0; k < z->n; k++)
		if (z->v[k].calendar)
			ucal_close(z->v[k].calendar);
	z->n = 0;
}

void zones_free(struct zones **zp)
{
	struct zones *z = *zp;

	if (!z)
		return;
	forget(z);
	free(z);
	*zp = NULL;
}

static bool wide(struct str name, UChar out[NAME_MAX_])
{
	if (!name.p || name.n == 0 || name.n >= NAME_MAX_)
		return false;
	for (size_t k = 0; k < name.n; k++) {
		if ((unsigned char)name.p[k] >= 0x80)
			return false;
		out[k] = (UChar)name.p[k];
	}
	out[name.n] = 0;
	return true;
}

bool zone_known(struct str name)
{
	UChar id[NAME_MAX_], canonical[128];
	UErrorCode status = U_ZERO_ERROR;
	UBool system = 0;

	if (!wide(name, id))
		return false;
	ucal_getCanonicalTimeZoneID(id, -1, canonical, 128, &system, &status);
	return U_SUCCESS(status);
}

static struct zone *zone_of(struct zones *z, struct str name)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar id[NAME_MAX_];
	struct zone *new;

	if (name.n >= NAME_MAX_)
		return NULL;
	for (size_t k = 0; k < z->n; k++)
		if (str_is(name, z->v[k].name))
			return &z->v[k];
	if (z->n == KEPT)
		forget(z);
	new = &z->v[z->n++];
	*new = (struct zone){.calendar = NULL};
	memcpy(new->name, name.p ? name.p : "", name.n);
	if (zone_known(name) && wide(name, id))
		new->calendar = ucal_open(id, -1, "en", UCAL_GREGORIAN, &status);
	if (U_FAILURE(status))
		new->calendar = NULL;
	return new;
}

bool zone_open(struct zones *z, struct str name)
{
	const struct zone *zone = zone_of(z, name);
	return zone && zone->calendar;
}

int64_t zone_offset(struct zones *z, struct str name, int64_t at)
{
	struct zone *zone = zone_of(z, name);
	UErrorCode status = U_ZERO_ERROR;
	int64_t ms = at / US_MS;

	if (!zone || !zone->calendar)
		return 0;
	ucal_setMillis(zone->calendar, (UDate)ms, &status);
	ms = ucal_get(zone->calendar, UCAL_ZONE_OFFSET, &status);
	ms += ucal_get(zone->calendar, UCAL_DST_OFFSET, &status);
	return U_SUCCESS(status) ? ms * US_MS : 0;
}

/* 0: Monday. Day 0 of our count was a Thursday. */
static int weekday(int64_t day) { return (int)((day + 3) % 7); }

static bool may_begin(const struct hours *h, int64_t day) { return !h->days || (h->days >> weekday(day) & 1); }

/* The span that begins on that local day, in UTC. The clock may be changed between: each end has its own offset. */
static void span(struct zones *z, const struct hours *h, struct str zone, int64_t day, int64_t *from, int64_t *until)
{
	int64_t local = day * US_DAY + h->from * US_MIN;
	int64_t last = day * US_DAY + h->until * US_MIN + (h->until <= h->from ? US_DAY : 0);

	*from = local - zone_offset(z, zone, local - zone_offset(z, zone, local));
	*until = last - zone_offset(z, zone, last - zone_offset(z, zone, last));
}

static bool always(const struct hours *h) { return h->from == h->until && (h->days & 127) % 127 == 0; }

int64_t hours_next(struct zones *z, const struct hours *h, struct str zone, int64_t at)
{
	int64_t today = (at + zone_offset(z, zone, at)) / US_DAY, from, until;

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

int64_t hours_end(struct zones *z, const struct hours *h, struct str zone, int64_t at)
{
	int64_t today = (at + zone_offset(z, zone, at)) / US_DAY, from, until;

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
