/* Moments as Ruby's Time has them: read from loose text, written by strftime. The local zone is UTC. */
#pragma once
#include "base/str.h"

enum zone { ZONE_UTC, ZONE_FIXED };

struct moment {
	int64_t seconds; /* since 1970 */
	int32_t nanos;
	int32_t offset; /* seconds east, for what is shown */
	enum zone zone;
};

struct calendar { /* a moment where it is */
	int64_t year;
	int month, day; /* from 1 */
	int hour, minute, second;
	int weekday, yearday; /* Sunday 0; from 1 */
};

int64_t days_of(int64_t year, int month,
		int day); /* since 1970, proleptic Gregorian; the day may be beyond the month */
void calendar_of(const struct moment *m, struct calendar *out);
/* Time.parse of text in lower case: what is missing in front is taken from `now`. false: no date in it. */
bool date_read(struct str text, int64_t now, struct moment *out);
/* false: the format ends in the middle of a directive. */
bool date_write(struct buf *out, struct str format, const struct moment *m);
