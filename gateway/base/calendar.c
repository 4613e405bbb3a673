#include "base/calendar.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/ucal.h>
#include <unicode/uenum.h>
#include <unicode/ustring.h>

#include "base/clock.h"

enum { KEPT = 64 };

struct calendars {
	struct open {
		char name[ZONE_NAME];
		UCalendar *calendar; /* NULL: there is no zone of that name */
	} v[KEPT];
	unsigned next;
	char region[4];
	char of_region[ZONES_MAX][ZONE_NAME];
	size_t of_region_n;
};

struct calendars *calendars_new(void) { return calloc(1, sizeof(struct calendars)); }

static void drop(struct open *o)
{
	if (o->calendar)
		ucal_close(o->calendar);
	*o = (struct open){0};
}

void calendars_free(struct calendars **z)
{
	if (!*z)
		return;
	for (size_t k = 0; k < KEPT; k++)
		drop(&(*z)->v[k]);
	free(*z);
	*z = NULL;
}

static bool plain(struct str s)
{
	for (size_t k = 0; k < s.n; k++)
		if ((unsigned char)s.p[k] <= ' ' || (unsigned char)s.p[k] > '~')
			return false;
	return s.n > 0 && s.n < ZONE_NAME;
}

/* ICU takes whatever it does not know for GMT: the name is asked for first. */
bool calendar_known(struct str zone)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar wide[ZONE_NAME], canonical[ZONE_NAME * 2];
	UBool system = 0;

	if (!plain(zone))
		return false;
	u_charsToUChars(zone.p, wide, (int32_t)zone.n);
	ucal_getCanonicalTimeZoneID(wide, (int32_t)zone.n, canonical, ZONE_NAME * 2, &system, &status);
	return U_SUCCESS(status) && system;
}

static UCalendar *open_calendar(const char *name)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar wide[ZONE_NAME];
	UCalendar *c;

	if (!calendar_known(str_of(name)))
		return NULL;
	u_charsToUChars(name, wide, (int32_t)strlen(name) + 1);
	c = ucal_open(wide, -1, "en", UCAL_GREGORIAN, &status);
	return U_SUCCESS(status) ? c : NULL;
}

static UCalendar *calendar(struct calendars *z, struct str zone)
{
	struct open *o;

	if (!plain(zone))
		return NULL;
	for (size_t k = 0; k < KEPT; k++)
		if (z->v[k].name[0] && str_is(zone, z->v[k].name))
			return z->v[k].calendar;
	o = &z->v[z->next++ % KEPT];
	drop(o);
	memcpy(o->name, zone.p, zone.n);
	o->calendar = open_calendar(o->name);
	return o->calendar;
}

static int field(UCalendar *c, UCalendarDateFields f, UErrorCode *status) { return ucal_get(c, f, status); }

bool calendar_local(struct calendars *z, struct str zone, int64_t at, struct local_time *out)
{
	UCalendar *c = calendar(z, zone);
	UErrorCode status = U_ZERO_ERROR;

	if (!c)
		return false;
	ucal_setMillis(c, (double)(at / 1000), &status);
	out->year = field(c, UCAL_YEAR, &status);
	out->month = field(c, UCAL_MONTH, &status) + 1;
	out->day = field(c, UCAL_DATE, &status);
	out->weekday = field(c, UCAL_DAY_OF_WEEK, &status) - UCAL_SUNDAY;
	out->minute = field(c, UCAL_HOUR_OF_DAY, &status) * 60 + field(c, UCAL_MINUTE, &status);
	return U_SUCCESS(status);
}

int64_t calendar_offset(struct calendars *z, struct str zone, int64_t at)
{
	UCalendar *c = calendar(z, zone);
	UErrorCode status = U_ZERO_ERROR;
	int64_t ms;

	if (!c)
		return 0;
	ucal_setMillis(c, (double)(at / 1000), &status);
	ms = field(c, UCAL_ZONE_OFFSET, &status) + field(c, UCAL_DST_OFFSET, &status);
	return U_SUCCESS(status) ? ms * US_MS : 0;
}

int64_t calendar_next(struct calendars *z, struct str zone, int64_t at, int minute)
{
	int64_t whole = at - at % US_MIN, t;
	struct local_time l;
	int ahead;

	if (!calendar_local(z, zone, at, &l))
		return at;
	ahead = (minute - l.minute + 1440) % 1440;
	t = whole + (ahead ? ahead : 1440) * US_MIN;
	/* A clock that was changed between the two shows another minute by the difference. */
	if (calendar_local(z, zone, t, &l) && l.minute != minute) {
		int off = (minute - l.minute + 1440 + 720) % 1440 - 720;
		t += off * US_MIN;
	}
	return t > at ? t : at + US_MIN;
}

size_t calendar_zones(struct calendars *z, const char *region, const char (**out)[ZONE_NAME])
{
	UErrorCode status = U_ZERO_ERROR;
	UEnumeration *e;
	const char *name;
	int32_t n;

	*out = (const char(*)[ZONE_NAME])z->of_region;
	if (strlen(region) != 2 || strcmp(region, z->region) == 0)
		return strlen(region) == 2 ? z->of_region_n : 0;
	memcpy(z->region, region, 3);
	z->of_region_n = 0;
	e = ucal_openTimeZoneIDEnumeration(UCAL_ZONE_TYPE_CANONICAL_LOCATION, region, NULL, &status);
	while (U_SUCCESS(status) && z->of_region_n < ZONES_MAX && (name = uenum_next(e, &n, &status)))
		if (n < ZONE_NAME)
			memcpy(z->of_region[z->of_region_n++], name, (size_t)n + 1);
	uenum_close(e);
	return z->of_region_n;
}
