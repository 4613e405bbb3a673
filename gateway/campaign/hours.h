/*
 * Hours in which a customer may be written to, by the customer's own clock (base/calendar.h).
 */
#pragma once
#include "base/calendar.h"

struct hours {
	int from, until; /* minutes of the day; from < until, or over midnight if until < from; equal: always */
	unsigned days;	 /* bit 0 Monday … bit 6 Sunday: those on which it may begin; 0: all */
};

/* at, if it lies within the hours; else when they begin next. */
int64_t hours_next(struct calendars *z, const struct hours *h, struct str zone, int64_t at);
/* When the hours that `at` lies in end; 0: never. */
int64_t hours_end(struct calendars *z, const struct hours *h, struct str zone, int64_t at);
