#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return ts.tv_sec * US_SEC + ts.tv_nsec / 1000;
}

int64_t clock_now(void) { return read_clock(CLOCK_REALTIME); }
int64_t clock_mono(void) { return read_clock(CLOCK_MONOTONIC); }

/* Days since 1970-01-01 of a proleptic Gregorian date and back (era arithmetic over 400-year cycles). */
static int64_t days_of(int64_t y, int m, int d)
{
	int64_t era, yoe, doy;
	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void date_of(int64_t z, int64_t *y, int *m, int *d)
{
	int64_t era, doe, yoe, doy, mp;
	z += 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = yoe + era * 400 + (*m <= 2);
}

static void put(char *p, int64_t v, int width)
{
	while (width--) {
		p[width] = (char)('0' + v % 10);
		v /= 10;
	}
}

size_t time_format(int64_t at, char out[TIME_TEXT])
{
	int64_t day = at / US_DAY, us = at % US_DAY, y;
	int m, d;

	if (us < 0) {
		us += US_DAY;
		day--;
	}
	date_of(day, &y, &m, &d);
	if (y < 0 || y > 9999)
		y = y < 0 ? 0 : 9999;
	memcpy(out, "0000-00-00T00:00:00.000Z", 25);
	put(out, y, 4);
	put(out + 5, m, 2);
	put(out + 8, d, 2);
	put(out + 11, us / US_HOUR, 2);
	put(out + 14, us / US_MIN % 60, 2);
	put(out + 17, us / US_SEC % 60, 2);
	put(out + 20, us / US_MS % 1000, 3);
	return 24;
}

static bool digits(struct str s, size_t i, int n, int *out)
{
	int v = 0;
	for (int k = 0; k < n; k++) {
		if (i + (size_t)k >= s.n || s.p[i + (size_t)k] < '0' || s.p[i + (size_t)k] > '9')
			return false;
		v = v * 10 + (s.p[i + (size_t)k] - '0');
	}
	*out = v;
	return true;
}

static bool offset_parse(struct str s, size_t i, int64_t *out)
{
	int h, m;

	if (i + 1 == s.n && (s.p[i] == 'Z' || s.p[i] == 'z')) {
		*out = 0;
		return true;
	}
	if (i + 6 != s.n || (s.p[i] != '+' && s.p[i] != '-') || s.p[i + 3] != ':' || !digits(s, i + 1, 2, &h) ||
	    !digits(s, i + 4, 2, &m) || h > 23 || m > 59)
		return false;
	*out = (h * US_HOUR + m * US_MIN) * (s.p[i] == '-' ? -1 : 1);
	return true;
}

bool time_parse(struct str s, int64_t *out)
{
	static const int len[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int y, mo, d, h, mi, sec, last;
	int64_t frac = 0, off;
	size_t i = 19;

	if (s.n < 20 || !digits(s, 0, 4, &y) || s.p[4] != '-' || !digits(s, 5, 2, &mo) || s.p[7] != '-' ||
	    !digits(s, 8, 2, &d) || (s.p[10] != 'T' && s.p[10] != 't' && s.p[10] != ' ') || !digits(s, 11, 2, &h) ||
	    s.p[13] != ':' || !digits(s, 14, 2, &mi) || s.p[16] != ':' || !digits(s, 17, 2, &sec))
		return false;
	if (mo < 1 || mo > 12 || h > 23 || mi > 59 || sec > 60)
		return false;
	last = len[mo - 1] + (mo == 2 && (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)));
	if (d < 1 || d > last)
		return false;
	if (s.p[i] == '.') {
		int64_t unit = US_SEC / 10;
		size_t first = ++i;
		for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++, unit /= 10)
			frac += (s.p[i] - '0') * unit;
		if (i == first || i - first > 9)
			return false;
	}
	if (i >= s.n || !offset_parse(s, i, &off))
		return false;
	*out = days_of(y, mo, d) * US_DAY + h * US_HOUR + mi * US_MIN + sec * US_SEC + frac - off;
	return true;
}

bool duration_parse(struct str s, int64_t *out)
{
	static const struct {
		const char *unit;
		int64_t us;
	} units[] = {{"us", 1},	     {"ms", US_MS}, {"s", US_SEC}, {"m", US_MIN},
		     {"h", US_HOUR}, {"d", US_DAY}, {"", US_SEC}};
	size_t n = 0;
	int64_t v;

	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	if (!str_i64(str_n(s.p, n), &v))
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (str_is(str_n(s.p + n, s.n - n), units[i].unit))
			return !__builtin_mul_overflow(v, units[i].us, out);
	return false;
}
