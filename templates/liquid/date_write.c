#include <stdio.h>

#include "liquid/date.h"
#include "liquid/text.h"

enum { WIDTH_MAX = 1024 };

static const char *const months[] = {"January", "February", "March",	 "April",   "May",	"June",
				     "July",	"August",   "September", "October", "November", "December"};
static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

int64_t days_of(int64_t y, int month, int day)
{
	int64_t era;
	int yoe, doy;

	y -= month <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = (int)(y - era * 400);
	doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void calendar_of(const struct moment *m, struct calendar *out)
{
	int64_t local = m->seconds + m->offset, z, era;
	int64_t day = local >= 0 ? local / 86400 : -((86399 - local) / 86400);
	int second = (int)(local - day * 86400), doe, yoe, doy, mp;

	z = day + 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = (int)(z - era * 146097);
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	out->day = doy - (153 * mp + 2) / 5 + 1;
	out->month = mp < 10 ? mp + 3 : mp - 9;
	out->year = yoe + era * 400 + (out->month <= 2);
	out->hour = second / 3600;
	out->minute = second / 60 % 60;
	out->second = second % 60;
	out->weekday = (int)(((day + 4) % 7 + 7) % 7);
	out->yearday = (int)(day - days_of(out->year, 1, 1)) + 1;
}

struct spec {	  /* %-0^#_: width */
	char pad; /* 0: as the directive has it; '-': none */
	bool upper, swap;
	int colons, width;
};

/* ISO 8601 week and its year. */
static int iso_week(const struct calendar *c, int64_t *year)
{
	int monday = (c->weekday + 6) % 7, week = (c->yearday - 1 - monday + 10) / 7;
	int64_t jan1;
	int first;

	*year = c->year;
	if (week < 1) {
		*year = c->year - 1;
		jan1 = days_of(*year, 1, 1);
		week = (int)((days_of(c->year, 1, 1) - jan1 + c->yearday - 1 - monday + 10) / 7);
	} else if (week == 53) {
		jan1 = days_of(c->year + 1, 1, 1);
		first = (int)(((jan1 + 3) % 7 + 7) % 7); /* Monday 0 */
		if (first <= 3) {
			*year = c->year + 1;
			week = 1;
		}
	}
	return week;
}

static void padded(struct buf *out, const char *text, size_t n, const struct spec *s, char pad)
{
	int width = s->width < WIDTH_MAX ? s->width : WIDTH_MAX;

	if (s->pad && s->pad != '-')
		pad = s->pad;
	for (; s->pad != '-' && width > (int)n; width--)
		buf_addc(out, pad);
	for (size_t i = 0; i < n; i++) {
		char c = text[i];
		bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
		buf_addc(out, letter && s->upper ? (char)(c & ~0x20) : c);
	}
}

static void number(struct buf *out, int64_t v, int width, char pad, const struct spec *s)
{
	struct spec own = *s;
	char text[24];
	int n = snprintf(text, sizeof text, "%lld", (long long)(v < 0 ? -v : v));

	if (own.width == 0)
		own.width = width;
	if (own.pad && own.pad != '-')
		pad = own.pad;
	if (v < 0) {
		if (pad == '0' && own.pad != '-') {
			buf_addc(out, '-');
			own.width--;
		} else {
			n = snprintf(text, sizeof text, "%lld", (long long)v);
		}
	}
	padded(out, text, (size_t)n, &own, pad);
}

static void word(struct buf *out, const char *w, size_t n, const struct spec *s)
{
	struct spec own = *s;
	own.upper |= own.swap;
	padded(out, w, n, &own, ' ');
}

static void zone_offset(struct buf *out, const struct moment *m, const struct spec *s)
{
	int o = m->offset < 0 ? -m->offset : m->offset, h = o / 3600, min = o / 60 % 60, sec = o % 60, n, width;
	char text[16];

	if (s->colons == 0)
		n = snprintf(text, sizeof text, "%02d", min);
	else if (s->colons == 1)
		n = snprintf(text, sizeof text, ":%02d", min);
	else
		n = snprintf(text, sizeof text, ":%02d:%02d", min, sec);
	width = s->width > n + 3 ? (s->width < WIDTH_MAX ? s->width : WIDTH_MAX) - n - 1 : 2;
	if (s->pad == '_' || s->pad == ' ') {
		buf_addf(out, "%*s%c%d", width - (h > 9 ? 2 : 1), "", m->offset < 0 ? '-' : '+', h);
	} else {
		buf_addf(out, "%c%0*d", m->offset < 0 ? '-' : '+', width, h);
	}
	buf_add(out, text, (size_t)n);
}

static void fraction(struct buf *out, const struct moment *m, int digits, const struct spec *s)
{
	char text[12];

	if (s->width)
		digits = s->width < WIDTH_MAX ? s->width : WIDTH_MAX;
	snprintf(text, sizeof text, "%09d", (int)m->nanos);
	buf_add(out, text, (size_t)(digits < 9 ? digits : 9));
	for (int i = 9; i < digits; i++)
		buf_addc(out, '0');
}

static void composite(struct buf *out, const char *format, const struct moment *m, const struct spec *s)
{
	struct spec own = *s;
	struct buf b;

	buf_init(&b, 256);
	date_write(&b, str_of(format), m);
	own.swap = false;
	if (own.pad == '-')
		own.pad = 0;
	word(out, buf_str(&b).p, b.n, &own);
	buf_free(&b);
}

static const char *format_of(char directive)
{
	switch (directive) {
	case 'c': return "%a %b %e %H:%M:%S %Y";
	case 'D':
	case 'x': return "%m/%d/%y";
	case 'F': return "%Y-%m-%d";
	case 'T':
	case 'X': return "%H:%M:%S";
	case 'R': return "%H:%M";
	case 'r': return "%I:%M:%S %p";
	case 'v': return "%e-%^b-%4Y";
	default: return NULL;
	}
}

static bool of_the_year(struct buf *out, char d, const struct calendar *c, const struct spec *s)
{
	int64_t year;
	int week = iso_week(c, &year);

	switch (d) {
	case 'Y': number(out, c->year, c->year < 0 ? 5 : 4, '0', s); return true;
	case 'C': number(out, (c->year - (c->year < 0 ? 99 : 0)) / 100, 2, '0', s); return true;
	case 'y': number(out, (c->year % 100 + 100) % 100, 2, '0', s); return true;
	case 'm': number(out, c->month, 2, '0', s); return true;
	case 'd': number(out, c->day, 2, '0', s); return true;
	case 'e': number(out, c->day, 2, ' ', s); return true;
	case 'j': number(out, c->yearday, 3, '0', s); return true;
	case 'G': number(out, year, year < 0 ? 5 : 4, '0', s); return true;
	case 'g': number(out, (year % 100 + 100) % 100, 2, '0', s); return true;
	case 'V': number(out, week, 2, '0', s); return true;
	case 'U': number(out, (c->yearday + 6 - c->weekday) / 7, 2, '0', s); return true;
	case 'W': number(out, (c->yearday + 6 - (c->weekday + 6) % 7) / 7, 2, '0', s); return true;
	case 'u': number(out, c->weekday ? c->weekday : 7, 1, '0', s); return true;
	case 'w': number(out, c->weekday, 1, '0', s); return true;
	case 'B': word(out, months[c->month - 1], strlen(months[c->month - 1]), s); return true;
	case 'b':
	case 'h': word(out, months[c->month - 1], 3, s); return true;
	case 'A': word(out, days[c->weekday], strlen(days[c->weekday]), s); return true;
	case 'a': word(out, days[c->weekday], 3, s); return true;
	default: return false;
	}
}

static bool of_the_day(struct buf *out, char d, const struct calendar *c, const struct moment *m, const struct spec *s)
{
	struct spec plain = *s;
	int twelve = c->hour % 12 ? c->hour % 12 : 12;

	plain.swap = false;
	switch (d) {
	case 'H': number(out, c->hour, 2, '0', s); return true;
	case 'k': number(out, c->hour, 2, ' ', s); return true;
	case 'I': number(out, twelve, 2, '0', s); return true;
	case 'l': number(out, twelve, 2, ' ', s); return true;
	case 'M': number(out, c->minute, 2, '0', s); return true;
	case 'S': number(out, c->second, 2, '0', s); return true;
	case 's': number(out, m->seconds, 1, '0', s); return true;
	case 'L': fraction(out, m, 3, s); return true;
	case 'N': fraction(out, m, 9, s); return true;
	case 'p':
		word(out, s->swap ? (c->hour < 12 ? "am" : "pm") : c->hour < 12 ? "AM" : "PM", 2, &plain);
		return true;
	case 'P': word(out, c->hour < 12 ? "am" : "pm", 2, s); return true;
	case 'z': zone_offset(out, m, s); return true;
	case 'Z':
		if (m->zone == ZONE_UTC)
			word(out, s->swap ? "utc" : "UTC", 3, &plain);
		return true;
	case 'n': word(out, "\n", 1, s); return true;
	case 't': word(out, "\t", 1, s); return true;
	case '%': word(out, "%", 1, s); return true;
	default: return false;
	}
}

/* Flags and width after the %; where the directive stands. Colons belong to z alone and stand right before it. */
static size_t read_spec(struct str f, size_t i, struct spec *s)
{
	*s = (struct spec){0};
	for (; i < f.n; i++) {
		char c = f.p[i];
		if (c == '-' || (c == '0' && !s->width))
			s->pad = c;
		else if (c == '_')
			s->pad = ' ';
		else if (c == '^')
			s->upper = true;
		else if (c == '#')
			s->swap = true;
		else if (c >= '0' && c <= '9')
			s->width = s->width < 100000 ? s->width * 10 + c - '0' : s->width;
		else
			break;
	}
	if (i + 1 < f.n && (f.p[i] == 'E' || f.p[i] == 'O'))
		i++;
	while (i < f.n && f.p[i] == ':' && s->colons < 3) {
		s->colons++;
		i++;
	}
	if (s->colons && !(i < f.n && f.p[i] == 'z'))
		i -= (size_t)s->colons; /* a colon is no directive: all of it stays as it is */
	return i;
}

bool date_write(struct buf *out, struct str f, const struct moment *m)
{
	struct calendar c;

	calendar_of(m, &c);
	for (size_t i = 0; i < f.n && !out->failed; i++) {
		const char *percent = memchr(f.p + i, '%', f.n - i);
		size_t at = percent ? (size_t)(percent - f.p) : f.n;
		struct spec s;

		buf_add(out, f.p + i, at - i);
		if (at == f.n)
			return true;
		i = read_spec(f, at + 1, &s);
		if (i >= f.n)
			return false;
		if (i < f.n && format_of(f.p[i]))
			composite(out, format_of(f.p[i]), m, &s);
		else if (i >= f.n || !(of_the_year(out, f.p[i], &c, &s) || of_the_day(out, f.p[i], &c, m, &s)))
			buf_add(out, f.p + at, (i < f.n ? i + 1 : f.n) - at);
	}
	return true;
}
