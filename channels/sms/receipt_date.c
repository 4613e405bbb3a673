/* See receipt_date.h. */
#include "sms/receipt_date.h"

#include "base/clock.h"

enum { PARTS = 6 }; /* year .. second */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static size_t digits_at(struct str s, size_t at)
{
	size_t n = 0;

	while (at + n < s.n && is_digit(s.p[at + n]))
		n++;
	return n;
}

static int number(const char *p, size_t n)
{
	int v = 0;

	for (size_t i = 0; i < n; i++)
		v = v * 10 + (p[i] - '0');
	return v;
}

/* Days from 1970-01-01 in the Gregorian calendar; counted from March, so that the odd month is the last. timegm(3) takes
 * the lock of the time zone, twice for each receipt. */
static int64_t days(int year, int month, int day)
{
	int64_t y = year - (month <= 2), m = month + (month <= 2 ? 9 : -3);

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static int month_days(int year, int month)
{
	static const int8_t n[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return n[month - 1] + (month == 2 && leap);
}

/* 0: there is no such date. */
static int64_t date(const int v[PARTS])
{
	if (v[0] < 1970 || v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > month_days(v[0], v[1]) || v[3] > 23 ||
	    v[4] > 59 || v[5] > 60)
		return 0;
	return days(v[0], v[1], v[2]) * US_DAY + v[3] * US_HOUR + v[4] * US_MIN + v[5] * US_SEC;
}

/* n digits, of which `year` are the year. */
static int64_t packed(const char *p, size_t n, size_t year)
{
	int v[PARTS] = {number(p, year) + (year == 2 ? 2000 : 0)};

	for (size_t i = 1, at = year; at < n; i++, at += 2)
		v[i] = number(p + at, 2);
	return date(v);
}

/* YYMMDDhhmmsstnnp: p "+" means that the local time is ahead of UTC by nn quarters of an hour; "R" is no date. */
static int64_t absolute(struct str s)
{
	int64_t at = packed(s.p, 12, 2), quarters = number(s.p + 13, 2);

	if (!at || quarters > 48 || (s.p[15] != '+' && s.p[15] != '-'))
		return 0;
	at += number(s.p + 12, 1) * (US_SEC / 10);
	return s.p[15] == '+' ? at - quarters * 15 * US_MIN : at + quarters * 15 * US_MIN;
}

static int64_t since_1970(struct str s, bool *zoned)
{
	int64_t v;

	if (s.p[0] != '1' || !str_i64(s, &v))
		return 0;
	*zoned = true;
	return s.n == 10 ? v * US_SEC : v * US_MS;
}

static int64_t all_digits(struct str s, bool *zoned)
{
	int64_t at = 0;

	switch (s.n) {
	case 10: at = packed(s.p, 10, 2); return at ? at : since_1970(s, zoned);
	case 12:
		/* 202601311159 is no YYMMDDhhmmss; years before 2013 would be, and are too long ago. */
		at = packed(s.p, 12, 2);
		return at ? at : packed(s.p, 12, 4);
	case 13: return since_1970(s, zoned);
	case 14: return packed(s.p, 14, 4);
	default: return 0;
	}
}

/* 2026-01-31[ T]12:00[:00], year first. */
static int64_t separated(struct str s)
{
	static const char *const between[PARTS] = {"", "-/.", "-/.", " T-", ":.", ":."};
	int v[PARTS] = {0};
	size_t at = 0, i;

	for (i = 0; i < PARTS && at < s.n; i++) {
		size_t n;
		if (i && !strchr(between[i], s.p[at++]))
			return 0;
		n = digits_at(s, at);
		if (n != (i ? 2u : 4u))
			return 0;
		v[i] = number(s.p + at, n);
		at += n;
	}
	return at == s.n && i >= 5 ? date(v) : 0;
}

int64_t receipt_date(struct str s, bool *zoned)
{
	size_t n = digits_at(s, 0);
	bool none;
	int64_t at;

	if (!zoned)
		zoned = &none;
	*zoned = false;
	if (!s.n)
		return 0;
	if (n == s.n)
		return all_digits(s, zoned);
	*zoned = true;
	if (n == 15 && s.n == 16)
		return absolute(s);
	if (time_parse(s, &at))
		return at;
	*zoned = false;
	return separated(s);
}
