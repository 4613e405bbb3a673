/*
 * Quiet hours: when marketing and surveys do not disturb people. By the clock of the customer's own time zone; of somebody
 * whose zone is not known, by all the zones of his number's country at once, so that it is a lawful hour in each.
 *
 * Immutable once parsed; the struct calendars belongs to the caller's thread.
 */
#pragma once
#include "base/calendar.h"
#include "base/err.h"

struct quiet;

/*
 * hours: "21:00-08:00, FR 20:00-10:00": without a country it is for every other one; "off" for none.
 * days: "sunday, FR saturday", quiet from midnight to midnight.
 * holidays: "DE 12-25, DE 2027-03-26, 01-01": of every year, or of one.
 * ERR_INVALID with the name of the setting as field. NULL and empty are none.
 */
int quiet_parse(const char *hours, const char *days, const char *holidays, struct quiet **out, struct err *err);
void quiet_free(struct quiet **q);

struct quiet_who {
	struct str zone;      /* the customer's; empty: not known */
	const char *region;   /* of the number, or where we are at home: whose rules hold */
	const char *fallback; /* a zone, for a country that has none */
};

/* 0: it may be sent now. Else the first moment when it may; at most 31 days ahead. *why is static: "quiet_hours",
 * "quiet_day" or "holiday". */
int64_t quiet_until(const struct quiet *q, struct calendars *z, const struct quiet_who *who, int64_t now,
		    const char **why);
