/*
 * Time where people are: the calendar of a time zone, by ICU's copy of the IANA database. A struct calendars keeps opened
 * calendars and belongs to one thread at a time. Times are microseconds since 1970.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct calendars;
struct calendars *calendars_new(void); /* NULL when out of memory */
void calendars_free(struct calendars **z);

struct local_time {
	int year, month, day; /* from 1 */
	int weekday;	      /* Sunday 0 */
	int minute;	      /* of the day */
};

/* "Europe/Berlin". False: there is no such zone. */
bool calendar_local(struct calendars *z, struct str zone, int64_t at, struct local_time *out);
/* Whether there is a time zone of that name; needs no calendars. */
bool calendar_known(struct str zone);
/* What clocks there are ahead of UTC at that moment, in microseconds; 0 for a zone that does not exist. */
int64_t calendar_offset(struct calendars *z, struct str zone, int64_t at);
/* The first moment after `at` when the clock there shows that minute of the day (0: midnight). `at` itself for a zone that
 * does not exist. */
int64_t calendar_next(struct calendars *z, struct str zone, int64_t at, int minute);

enum { ZONE_NAME = 48, ZONES_MAX = 40 };
/* The zones that people of a country live in ("US" has many), remembered for the last country asked for. */
size_t calendar_zones(struct calendars *z, const char *region, const char (**out)[ZONE_NAME]);
