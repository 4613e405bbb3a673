/*
 * Hours in which a customer may be written to, by the customer's own clock (ICU's time zones).
 */
#pragma once
#include "base/str.h"

struct hours {
	int from, until; /* minutes of the day; from < until, or over midnight if until < from; equal: always */
	unsigned days;	 /* bit 0 Monday … bit 6 Sunday: those on which it may begin; 0: all */
};

struct zones;		       /* opened calendars, for one thread */
struct zones *zones_new(void); /* NULL: out of memory */
void zones_free(struct zones **z);
/* Whether there is a time zone of that name. */
bool zone_known(struct str name);
/* The same, remembered. */
bool zone_open(struct zones *z, struct str name);
/* What local clocks are ahead of UTC at that moment, in microseconds; unknown names are UTC. */
int64_t zone_offset(struct zones *z, struct str name, int64_t at);
/* at, if it lies within the hours; else when they begin next. */
int64_t hours_next(struct zones *z, const struct hours *h, struct str zone, int64_t at);
/* When the hours that `at` lies in end; 0: never. */
int64_t hours_end(struct zones *z, const struct hours *h, struct str zone, int64_t at);
