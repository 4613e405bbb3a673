#include <criterion/criterion.h>

#include "liquid/date.h"
#include "unit/liquid_rig.h"

static const int64_t now = 1457950830; /* 2016-03-14 10:20:30 UTC, a Monday */

static void reads(const char *text, const char *format, const char *want)
{
	struct moment m;
	struct buf b;

	buf_init(&b, 1000);
	if (date_read(str_of(text), now, &m))
		date_write(&b, str_of(format), &m);
	else
		buf_adds(&b, "none");
	cr_expect_str_eq(buf_cstr(&b), want, "%s: %s instead of %s", text, buf_cstr(&b), want);
	buf_free(&b);
}

Test(liquid_date, forms_of_a_date)
{
	const char *f = "%Y-%m-%d %H:%M:%S %z";

	reads("march 14, 2016", f, "2016-03-14 00:00:00 +0000");
	reads("14 mar 2016 9:05 pm", f, "2016-03-14 21:05:00 +0000");
	reads("mon, 14 mar 2016 10:20:30 +0200", f, "2016-03-14 10:20:30 +0200");
	reads("2016-03-14t10:20:30.25z", "%F %T.%L %Z", "2016-03-14 10:20:30.250 UTC");
	reads("2016/3/4", f, "2016-03-04 00:00:00 +0000");
	reads("14.3.2016", f, "2016-03-14 00:00:00 +0000");
	reads("20160314", f, "2016-03-14 00:00:00 +0000");
	reads("20160314t102030", f, "2016-03-14 10:20:30 +0000");
	reads("5 may", f, "2016-05-05 00:00:00 +0000");
	reads("18:45", f, "2016-03-14 18:45:00 +0000");
	reads("2016-03-14 10:20 est", f, "2016-03-14 10:20:00 -0500");
	reads("hello", f, "none");
	reads("2016-13-01", f, "none");
	reads("monday", f, "none");
}

Test(liquid_date, forms_of_writing)
{
	const char *t = "2016-03-04t09:05:06.007z";

	reads(t, "%a %A %b %B %-d %e %j %y %C %p %P %I %l", "Fri Friday Mar March 4  4 064 16 20 AM am 09  9");
	reads(t, "%^a %#p %010Y %_5m %-H %3N %N %6N", "FRI am 0000002016     3 9 007 007000000 007000");
	reads(t, "%U %W %V %G %u %w %s", "09 09 09 2016 5 5 1457082306");
	reads(t, "%c|%D|%x|%X|%r|%R|%v",
	      "Fri Mar  4 09:05:06 2016|03/04/16|03/04/16|09:05:06|09:05:06 AM|09:05| 4-MAR-2016");
	reads(t, "%z %:z %::z %Q %:d", "+0000 +00:00 +00:00:00 %Q %:d");
	reads("2021-01-01", "%G-W%V-%u", "2020-W53-5");
}

Test(liquid_date, the_filter)
{
	struct liquid_rig rig = {.now = now};
	struct arena *a = arena_new(1 << 20);

	cr_expect_str_eq(liquid_rig_render(a, &rig, "{{ 'now' | date: '%F' }} {{ 0 | date: '%Y' }}", NULL),
			 "2016-03-14 1970");
	cr_expect_str_eq(liquid_rig_render(a, &rig,
					   "{{ '86400' | date: '%F' }}|{{ nil | date: '%F' }}|{{ 1.5 | date: '%F' }}",
					   NULL),
			 "1970-01-02||1.5");
	cr_expect_str_eq(liquid_rig_render(a, &rig, "{{ '2026-12-24T00:00:00Z' | date: '%d %B' }}", NULL),
			 "24 December");
	cr_expect_str_eq(liquid_rig_render(a, &rig, "{{ 'soon' | date: '%F' }}{{ 'now' | date: '' }}", NULL),
			 "soonnow");
	cr_expect_str_eq(liquid_rig_render(a, &rig, "{{ 0 | date: '%Y %' }}", NULL), "error 1:1 invalid format: %Y %");
	arena_free(&a);
}
