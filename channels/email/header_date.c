#include "email/header.h"

#include "base/clock.h"

/*
 * RFC 5322 section 3.3 and what is sent instead: no weekday, no seconds, two-digit years, zones by name or not at all,
 * comments, asctime's order, ISO 8601.
 */

struct token {
	struct str text;
	int64_t number; /* -1: none */
};

enum { TOKENS = 16 };

static bool digit(char c) { return c >= '0' && c <= '9'; }
static bool alpha(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

static size_t comment_end(struct str s, size_t i)
{
	int depth = 0;

	for (; i < s.n; i++) {
		depth += (s.p[i] == '(') - (s.p[i] == ')');
		if (depth == 0)
			return i + 1;
	}
	return s.n;
}

/* Words and numbers; "+" and "-" before digits, and ":", stand by themselves as tokens. */
static int tokens(struct str s, struct token *t)
{
	int n = 0;
	size_t i = 0;

	while (i < s.n && n < TOKENS) {
		size_t from = i;
		struct token k = {.number = -1};
		if (s.p[i] == '(') {
			i = comment_end(s, i);
			continue;
		}
		if (digit(s.p[i])) {
			for (k.number = 0; i < s.n && digit(s.p[i]); i++)
				k.number = k.number < 100000000 ? k.number * 10 + (s.p[i] - '0') : k.number;
		} else if (alpha(s.p[i])) {
			while (i < s.n && alpha(s.p[i]))
				i++;
		} else {
			i++;
			if (!strchr(":+-", s.p[from]))
				continue;
		}
		k.text = str_n(s.p + from, i - from);
		t[n++] = k;
	}
	return n;
}

static int month_of(struct str w)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	char low[3];

	if (w.n < 3 || !alpha(w.p[0]))
		return 0;
	for (int i = 0; i < 3; i++)
		low[i] = (char)(w.p[i] | 32);
	for (int m = 0; m < 12; m++)
		if (memcmp(names + 3 * m, low, 3) == 0)
			return m + 1;
	return 0;
}

static bool zone_of(struct str w, int *minutes)
{
	static const struct {
		const char *name;
		int hours;
	} zones[] = {{"UT", 0},	  {"GMT", 0},  {"UTC", 0},  {"Z", 0},	 {"EST", -5}, {"EDT", -4},
		     {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7},
		     {"CET", 1},  {"CEST", 2}, {"BST", 1},  {"MSK", 3},	 {"JST", 9}};

	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
		if (str_ieq(w, str_of(zones[i].name)))
			return *minutes = zones[i].hours * 60, true;
	return false;
}

static int64_t days_from_civil(int64_t y, int m, int d) /* of the Gregorian calendar, since 1970-01-01 */
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

struct found {
	int64_t year, day, clock[3];
	int month, zone;
	bool time;
};

static bool is_mark(const struct token *t, int n, int i, char c)
{
	return i < n && t[i].text.n == 1 && t[i].text.p[0] == c;
}

/* h:m[:s] at i: the number of tokens, 0: there is none. */
static int clock_at(const struct token *t, int n, int i, struct found *f)
{
	if (f->time || t[i].number < 0 || t[i].text.n > 2 || !is_mark(t, n, i + 1, ':') || i + 2 >= n ||
	    t[i + 2].number < 0)
		return 0;
	f->time = true;
	f->clock[0] = t[i].number;
	f->clock[1] = t[i + 2].number;
	if (!is_mark(t, n, i + 3, ':') || i + 4 >= n || t[i + 4].number < 0)
		return 3;
	f->clock[2] = t[i + 4].number;
	return 5;
}

static void offset(const struct token *sign, const struct token *v, struct found *f)
{
	int64_t n = v->number;

	n = v->text.n <= 2 ? n * 60 : n / 100 * 60 + n % 100;
	if (n <= 24 * 60)
		f->zone = (int)(sign->text.p[0] == '-' ? -n : n);
}

static void number(const struct token *t, struct found *f)
{
	if (f->day < 0 && t->text.n <= 2)
		f->day = t->number;
	else if (f->year < 0)
		f->year = t->text.n == 2   ? t->number + (t->number < 50 ? 2000 : 1900)
			  : t->text.n == 3 ? t->number + 1900
					   : t->number; /* RFC 5322 section 4.3 */
}

bool header_date(struct str raw, int64_t *at)
{
	struct token t[TOKENS];
	struct found f = {.year = -1, .day = -1};
	int n, used;

	raw = str_trim(raw);
	if (raw.n > 10 && digit(raw.p[0]) && raw.p[4] == '-' && time_parse(raw, at))
		return true;
	n = tokens(str_n(raw.p, raw.n < 200 ? raw.n : 200), t);
	for (int i = 0; i < n; i++) {
		if ((used = clock_at(t, n, i, &f)) > 0)
			i += used - 1;
		else if (f.time && (is_mark(t, n, i, '+') || is_mark(t, n, i, '-')) && i + 1 < n &&
			 t[i + 1].number >= 0) {
			offset(&t[i], &t[i + 1], &f);
			i++;
		} else if (t[i].number >= 0)
			number(&t[i], &f);
		else if (!f.month && month_of(t[i].text))
			f.month = month_of(t[i].text);
		else if (f.time)
			zone_of(t[i].text, &f.zone);
	}
	if (!f.month || f.day < 1 || f.day > 31 || f.year < 1900 || f.year > 9999)
		return false;
	if (f.clock[0] > 24 || f.clock[1] > 59 || f.clock[2] > 60)
		return false;
	*at = days_from_civil(f.year, f.month, (int)f.day) * US_DAY + (f.clock[0] * 60 + f.clock[1] - f.zone) * US_MIN +
	      f.clock[2] * US_SEC;
	return true;
}
