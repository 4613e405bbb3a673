/* Dates from loose text, by the rules of Ruby's Date._parse (date_parse.c): a weekday and a time of day are taken out,
 * the first form of date that fits the rest counts. */
#include "liquid/date.h"

#include <stdlib.h>

#include "liquid/text.h"

enum { TEXT_MAX = 128, UNSET = -1 };

struct reading {
	char s[TEXT_MAX + 2];
	size_t n;
	int64_t year;
	bool has_year, has_zone;
	int month, day, yearday, hour, minute, second; /* UNSET where not told */
	int32_t nanos, offset;
};

static bool digit(char c) { return c >= '0' && c <= '9'; }
static bool alpha(char c) { return c >= 'a' && c <= 'z'; }

static size_t digits_from(const struct reading *r, size_t i)
{
	size_t from = i;

	while (i < r->n && digit(r->s[i]))
		i++;
	return i - from;
}

static int number(const struct reading *r, size_t i, size_t n)
{
	int v = 0;

	for (; n-- && v < 100000000; i++)
		v = v * 10 + r->s[i] - '0';
	return v;
}

static size_t spaces(const struct reading *r, size_t i)
{
	while (i < r->n && r->s[i] == ' ')
		i++;
	return i;
}

static void blank(struct reading *r, size_t from, size_t to) { memset(r->s + from, ' ', to - from); }

static bool boundary(const struct reading *r, size_t i)
{
	bool before = i > 0 && is_word(r->s[i - 1]), after = i < r->n && is_word(r->s[i]);
	return before != after;
}

/* Index of the name of three letters at i, or -1. */
static int name_at(const struct reading *r, size_t i, const char *names)
{
	for (int k = 0; r->n - i >= 3 && names[k * 3]; k++)
		if (memcmp(r->s + i, names + (size_t)k * 3, 3) == 0)
			return k;
	return -1;
}

static int month_at(const struct reading *r, size_t i)
{
	return name_at(r, i, "janfebmaraprmayjunjulaugsepoctnovdec") + 1;
}

static void take_weekday(struct reading *r)
{
	for (size_t i = 0; i < r->n; i++) {
		size_t end = i + 3;
		if (!boundary(r, i) || name_at(r, i, "sunmontuewedthufrisat") < 0)
			continue;
		while (end < r->n && r->s[end] != '-' && r->s[end] != '/' && r->s[end] != ' ' && !digit(r->s[end]))
			end++;
		blank(r, i, end);
		return;
	}
}

/* ---- zones */

static const struct {
	const char *name;
	int hours;
} zones[] = {{"utc", 0},  {"gmt", 0},  {"z", 0},    {"ut", 0},	 {"est", -5}, {"edt", -4},
	     {"cst", -6}, {"cdt", -5}, {"mst", -7}, {"mdt", -6}, {"pst", -8}, {"pdt", -7}};

static void set_zone(struct reading *r, int offset)
{
	r->has_zone = true;
	r->offset = offset;
}

static void set_zone_name(struct reading *r, struct str name)
{
	char c = name.p[0];

	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
		if (str_is(name, zones[i].name))
			set_zone(r, zones[i].hours * 3600);
	if (name.n == 1 && c != 'j' && c != 'z') /* military */
		set_zone(r, 3600 * (c < 'j' ? c - 'a' + 1 : c <= 'm' ? c - 'a' : -(c - 'n' + 1)));
}

/* +hh, +hhmm, +hh:mm: its end; other forms are passed over. 0: no digits. */
static size_t zone_offset_at(struct reading *r, size_t i)
{
	int sign = r->s[i] == '-' ? -1 : 1;
	size_t n = digits_from(r, ++i), more = 0;

	if (n == 0)
		return 0;
	if (i + n < r->n && (r->s[i + n] == ':' || r->s[i + n] == '.' || r->s[i + n] == ','))
		more = digits_from(r, i + n + 1);
	if (n == 2 && more == 2 && r->s[i + n] == ':')
		set_zone(r, sign * (number(r, i, 2) * 3600 + number(r, i + 3, 2) * 60));
	else if (n == 4 && !more)
		set_zone(r, sign * (number(r, i, 2) * 3600 + number(r, i + 2, 2) * 60));
	else if (n == 2 && !more)
		set_zone(r, sign * number(r, i, 2) * 3600);
	return i + n + (more ? more + 1 : 0);
}

static size_t take_zone(struct reading *r, size_t i)
{
	size_t from = spaces(r, i), end = from;

	while (end < r->n && alpha(r->s[end]))
		end++;
	if (end == from && from < r->n && (r->s[from] == '+' || r->s[from] == '-'))
		end = zone_offset_at(r, from);
	else if (end > from)
		set_zone_name(r, str_n(r->s + from, end - from));
	return end > from ? end : i;
}

/* ---- the time of day */

/* am, pm, a.m., p.m. at i: its end; 0: not there. */
static size_t meridian(const struct reading *r, size_t i, bool *pm)
{
	i = spaces(r, i);
	if (i >= r->n || (r->s[i] != 'a' && r->s[i] != 'p'))
		return 0;
	*pm = r->s[i] == 'p';
	if (i + 1 < r->n && r->s[i + 1] == 'm' && boundary(r, i + 2))
		return i + 2;
	return r->n - i >= 4 && memcmp(r->s + i + 1, ".m.", 3) == 0 ? i + 4 : 0;
}

/* A number after optional space and a mark: where it ends, or 0. */
static size_t after_mark(const struct reading *r, size_t i, char mark, int *v)
{
	i = spaces(r, i);
	if (i >= r->n || r->s[i] != mark)
		return 0;
	i = spaces(r, i + 1);
	if (!digits_from(r, i))
		return 0;
	*v = number(r, i, digits_from(r, i));
	return i + digits_from(r, i);
}

static size_t take_fraction(struct reading *r, size_t i)
{
	int32_t place = 100000000;

	if (i >= r->n || (r->s[i] != '.' && r->s[i] != ','))
		return i;
	for (i++; i < r->n && digit(r->s[i]); i++) {
		r->nanos += (r->s[i] - '0') * place;
		place /= 10;
	}
	return i;
}

static bool time_at(struct reading *r, size_t from)
{
	size_t i = from + digits_from(r, from), end;
	int hour = number(r, from, i - from), minute = 0, second = 0;
	bool pm = false, any = false;

	if ((end = after_mark(r, i, ':', &minute))) {
		any = true;
		i = end;
		if ((end = after_mark(r, i, ':', &second)))
			i = take_fraction(r, end);
	} else if (i < r->n && r->s[spaces(r, i)] == 'h' &&
		   !(spaces(r, i) + 1 < r->n && alpha(r->s[spaces(r, i) + 1]))) {
		any = true;
		i = spaces(r, i) + 1;
		if (digits_from(r, spaces(r, i))) {
			i = spaces(r, i);
			minute = number(r, i, digits_from(r, i));
			i += digits_from(r, i);
			i += i < r->n && r->s[i] == 'm';
		}
	}
	end = meridian(r, i, &pm);
	if (!any && !end)
		return false;
	if (end) {
		hour = hour % 12 + (pm ? 12 : 0);
		i = end;
	}
	r->hour = hour;
	r->minute = minute;
	r->second = second;
	blank(r, from, take_zone(r, i));
	return true;
}

static void take_time(struct reading *r)
{
	for (size_t i = 0; i < r->n; i++) {
		size_t n = digits_from(r, i);
		if (n && time_at(r, i))
			return;
		i += n;
	}
}

/* ---- the date */

struct part { /* of a date in three numbers: with what may stand before it */
	const char *p;
	size_t n;
};

/* ' - + and digits at i. */
static size_t part_at(const struct reading *r, size_t i, bool sign, struct part *out)
{
	size_t from = i;

	if (i < r->n && r->s[i] == '\'')
		i++;
	if (sign && i < r->n && (r->s[i] == '-' || r->s[i] == '+'))
		i++;
	if (!digits_from(r, i))
		return 0;
	i += digits_from(r, i);
	*out = (struct part){r->s + from, i - from};
	return i;
}

static void set_year(struct reading *r, struct part y)
{
	bool century = y.n && (*y.p == '-' || *y.p == '+');
	size_t i = 0, digits;

	while (i < y.n && !digit(y.p[i]))
		i++;
	for (digits = i; digits < y.n && digit(y.p[digits]);)
		digits++;
	r->year = strtoll(y.p + i, NULL, 10);
	if (century && *y.p == '-')
		r->year = -r->year;
	if (!century && digits - i <= 2)
		r->year += r->year >= 69 ? 1900 : 2000;
	r->has_year = true;
}

static int value_of(struct part p)
{
	size_t i = 0;

	while (i < p.n && !digit(p.p[i]))
		i++;
	return (int)strtol(p.p + i, NULL, 10) % 100000;
}

static bool long_part(struct part p) { return p.n && (*p.p == '\'' || p.n > 2); }

/* Year, month, day in the order found; which is which is told by their lengths. */
static void three(struct reading *r, struct part y, struct part m, struct part d)
{
	if (y.n && m.n && !d.n) {
		struct part t = y;
		d = m;
		m = t;
		y = (struct part){0};
	}
	if (long_part(m)) {
		struct part t = y;
		y = m;
		m = d;
		d = t;
	}
	if (long_part(d)) {
		struct part t = y;
		y = d;
		d = t;
	}
	if (y.n)
		set_year(r, y);
	if (m.n)
		r->month = value_of(m);
	if (d.n)
		r->day = value_of(d);
}

static size_t rest_of_word(const struct reading *r, size_t i)
{
	while (i < r->n && r->s[i] != '-' && r->s[i] != ' ' && r->s[i] != '\'' && !digit(r->s[i]))
		i++;
	return i;
}

/* 14th march 2016 */
static bool european(struct reading *r)
{
	for (size_t i = 0; i < r->n; i++) {
		size_t n = digits_from(r, i), at;
		struct part year;
		int month;
		if (!n)
			continue;
		at = i + n;
		while (at < r->n && alpha(r->s[at]) && !month_at(r, at))
			at++;
		at = spaces(r, at);
		month = at < r->n ? month_at(r, at) : 0;
		if (!month) {
			i += n;
			continue;
		}
		r->month = month;
		at = spaces(r, rest_of_word(r, at + 3));
		if (!part_at(r, at, true, &year) || *year.p == '+')
			year = (struct part){0};
		three(r, year, (struct part){0}, (struct part){r->s + i, n});
		return true;
	}
	return false;
}

/* march 14th, 2016 */
static bool american(struct reading *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct part day, year;
		size_t at;
		int month = boundary(r, i) ? month_at(r, i) : 0;
		if (!month)
			continue;
		at = spaces(r, rest_of_word(r, i + 3));
		at = part_at(r, at, false, &day);
		if (!at)
			continue;
		r->month = month;
		at = spaces(r, rest_of_word(r, at));
		if (at < r->n && r->s[at] == ',')
			at = spaces(r, at + 1);
		if (!part_at(r, at, true, &year) || *year.p == '+')
			year = (struct part){0};
		three(r, year, (struct part){0}, day);
		return true;
	}
	return false;
}

/* 2016-03-14, 14-mar-2016, 2016/3/14, 3/14, 14.3.2016 */
static bool separated(struct reading *r, char mark)
{
	for (size_t i = 0; i < r->n; i++) {
		struct part a, b = {0}, c = {0};
		size_t at, next;
		int month = 0;
		if (!(at = part_at(r, i, true, &a)))
			continue;
		if (at < r->n && r->s[at] == mark) {
			next = mark == '-' ? at + 1 : spaces(r, at + 1);
			month = next < r->n ? month_at(r, next) : 0;
			if (month && mark == '-') {
				next = rest_of_word(r, next + 3);
			} else {
				month = 0;
				next = part_at(r, next, false, &b);
			}
			if (next && next < r->n && (r->s[next] == mark || (mark == '/' && r->s[next] != ' ')))
				part_at(r, mark == '-' ? next + 1 : spaces(r, next + 1), mark == '-', &c);
			if (next && (c.n || (mark == '/' && b.n))) {
				three(r, month ? c : a, b, month ? a : c);
				if (month)
					r->month = month;
				return true;
			}
		}
		i = (size_t)(a.p + a.n - r->s) - 1;
	}
	return false;
}

/* Before a fraction of a second: seconds stand last, then minutes, hours, day, month, year. */
static bool from_the_right(struct reading *r, size_t i, size_t n)
{
	int *const parts[] = {&r->second, &r->minute, &r->hour, &r->day, &r->month};
	size_t k = n, p = 0;

	for (; k >= 2 && p < 5; p++, k -= 2)
		*parts[p] = number(r, i + k - 2, 2);
	if (k) {
		r->year = number(r, i, k) + (k == 2 ? number(r, i, 2) >= 69 ? 1900 : 2000 : 0);
		r->has_year = true;
	}
	take_fraction(r, i + n);
	return true;
}

/* Runs of digits: 20160314, 20160314t102030z, 160314, 2016074. */
static bool run_of_digits(struct reading *r)
{
	size_t i = 0, n, k;
	int *const parts[] = {&r->month, &r->day, &r->hour, &r->minute, &r->second};

	for (n = 0; i < r->n && n < 2; i += n < 2 ? n + 1 : 0)
		n = digits_from(r, i);
	if (n < 2)
		return false;
	n = n > 14 ? 14 : n;
	if (n % 2 == 0 && i + n < r->n && (r->s[i + n] == ',' || r->s[i + n] == '.'))
		return from_the_right(r, i, n);
	if (n == 2) {
		r->day = number(r, i, 2);
	} else if (n == 4) {
		r->month = number(r, i, 2);
		r->day = number(r, i + 2, 2);
	} else if (n % 2) {
		if (n > 7)
			return false;
		if (n > 3)
			set_year(r, (struct part){r->s + i, n - 3});
		if (n > 3)
			r->year = n == 5 ? number(r, i, 2) + (number(r, i, 2) >= 69 ? 1900 : 2000) : number(r, i, 4);
		r->yearday = number(r, i + n - 3, 3);
	} else {
		k = n == 6 || n == 12 ? 2 : 4;
		r->year = number(r, i, k) + (k == 2 ? number(r, i, 2) >= 69 ? 1900 : 2000 : 0);
		r->has_year = true;
		for (size_t p = 0; k < n; k += 2, p++)
			*parts[p] = number(r, i + k, 2);
	}
	i = spaces(r, i + n);
	if (i < r->n && r->s[i] == 't')
		i = spaces(r, i + 1);
	k = digits_from(r, i);
	if (k == 0)
		take_zone(r, i);
	if (k >= 2 && k <= 6 && k % 2 == 0 && r->hour == UNSET) {
		r->hour = number(r, i, 2);
		r->minute = k > 2 ? number(r, i + 2, 2) : UNSET;
		r->second = k > 4 ? number(r, i + 4, 2) : UNSET;
		take_zone(r, take_fraction(r, i + k));
	}
	return true;
}

/* mar-14-2016 */
static bool month_first(struct reading *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct part day, year = {0};
		int month = boundary(r, i) ? month_at(r, i) : 0;
		size_t at = month ? rest_of_word(r, i + 3) : 0;
		if (!month || at >= r->n || r->s[at] != '-' || !(at = part_at(r, at + 1, false, &day)))
			continue;
		if (at < r->n && r->s[at] == '-')
			part_at(r, at + 1, true, &year);
		r->month = month;
		three(r, year, (struct part){0}, day);
		return true;
	}
	return false;
}

static bool only_month(struct reading *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (boundary(r, i) && (r->month = month_at(r, i)))
			return true;
	r->month = UNSET;
	return false;
}

static bool ordinal(struct reading *r)
{
	for (size_t i = 0; i < r->n; i++) {
		size_t n = digits_from(r, i), end = i + n;
		if (n && r->n - end >= 2 && memmem("stndrdth", 8, r->s + end, 2) && boundary(r, end + 2)) {
			r->day = number(r, i, n);
			return true;
		}
		i += n;
	}
	return false;
}

static bool year_and_day(struct reading *r)
{
	for (size_t i = 0; i + 8 <= r->n; i++)
		if (digits_from(r, i) == 4 && r->s[i + 4] == '-' && digits_from(r, i + 5) == 3) {
			r->year = number(r, i, 4);
			r->has_year = true;
			r->yearday = number(r, i + 5, 3);
			return true;
		}
	return false;
}

static void take_date(struct reading *r)
{
	if (european(r) || american(r) || separated(r, '-') || month_first(r) || separated(r, '/') ||
	    separated(r, '.') || year_and_day(r) || only_month(r) || ordinal(r))
		return;
	run_of_digits(r);
}

/* ---- what was told and what was not */

static void take_missing(struct reading *r, const struct calendar *now)
{
	if (r->day != UNSET)
		return;
	r->day = now->day;
	if (r->hour != UNSET)
		return;
	r->hour = now->hour;
	if (r->minute == UNSET)
		r->minute = now->minute;
}

static bool finish(struct reading *r, int64_t now, struct moment *out)
{
	struct moment m = {.seconds = now, .offset = r->has_zone ? r->offset : 0};
	struct calendar c;
	int64_t days;

	if (!r->has_year && r->yearday == UNSET && r->month == UNSET && r->day == UNSET && r->hour == UNSET &&
	    r->second == UNSET)
		return false;
	calendar_of(&m, &c);
	if (!r->has_year) {
		r->year = c.year;
		if (r->month == UNSET && r->yearday == UNSET) {
			r->month = c.month;
			take_missing(r, &c);
		}
	}
	if (r->month == UNSET)
		r->month = 1;
	if (r->day == UNSET)
		r->day = 1;
	if (r->hour == UNSET)
		r->hour = 0;
	if (r->minute == UNSET)
		r->minute = 0;
	if (r->second == UNSET)
		r->second = 0;
	if (r->month < 1 || r->month > 12 || r->day < 1 || r->day > 31 || r->hour > 24 || r->minute > 59 ||
	    r->second > 60 || (r->hour == 24 && (r->minute || r->second)) || r->year > 9999999 || r->year < -9999999)
		return false;
	days = r->yearday != UNSET ? days_of(r->year, 1, 1) + r->yearday - 1 : days_of(r->year, r->month, r->day);
	*out = (struct moment){.seconds = days * 86400 + r->hour * 3600 + r->minute * 60 + r->second,
			       .nanos = r->nanos};
	if (r->has_zone) {
		out->seconds -= r->offset;
		out->offset = r->offset;
		out->zone = r->offset ? ZONE_FIXED : ZONE_UTC;
	}
	return true;
}

bool date_read(struct str text, int64_t now, struct moment *out)
{
	struct reading r = {
		.month = UNSET, .day = UNSET, .yearday = UNSET, .hour = UNSET, .minute = UNSET, .second = UNSET};

	if (text.n > TEXT_MAX)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		bool kept = c && (digit(c) || alpha(c) || strchr("-+',./:@[]", c));
		if (kept || (r.n && r.s[r.n - 1] != ' '))
			r.s[r.n++] = kept ? c : ' ';
	}
	take_weekday(&r);
	take_time(&r);
	take_date(&r);
	return finish(&r, now, out);
}
