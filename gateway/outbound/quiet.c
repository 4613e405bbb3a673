#include "outbound/quiet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/settings.h"

enum { RULES_MAX = 400, AHEAD_DAYS = 31, STEPS_MAX = 400, DAY = 1440 };

struct rule {
	char region[3]; /* empty: every other country */
	enum { HOURS, WEEKDAY, DATE } kind;
	int from, to;	      /* HOURS: minutes, to may be smaller */
	int weekday;	      /* Sunday 0 */
	int year, month, day; /* year 0: every one */
};

struct quiet {
	struct rule v[RULES_MAX];
	size_t n;
};

/* ---- reading ---- */

static bool number(struct str *s, size_t digits, int *out)
{
	*out = 0;
	if (s->n < digits)
		return false;
	for (size_t k = 0; k < digits; k++) {
		if (s->p[k] < '0' || s->p[k] > '9')
			return false;
		*out = *out * 10 + (s->p[k] - '0');
	}
	*s = str_n(s->p + digits, s->n - digits);
	return true;
}

static bool mark(struct str *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	*s = str_n(s->p + 1, s->n - 1);
	return true;
}

static bool minute(struct str *s, int *out)
{
	int h, m;

	if (!number(s, 2, &h) || !mark(s, ':') || !number(s, 2, &m) || h > 24 || m > 59 || h * 60 + m > DAY)
		return false;
	*out = (h * 60 + m) % DAY;
	return true;
}

static bool read_hours(struct str s, struct rule *r)
{
	r->kind = HOURS;
	return minute(&s, &r->from) && mark(&s, '-') && minute(&s, &r->to) && s.n == 0 && r->from != r->to;
}

static bool read_weekday(struct str s, struct rule *r)
{
	static const char *const names[] = {"sunday",	"monday", "tuesday", "wednesday",
					    "thursday", "friday", "saturday"};

	r->kind = WEEKDAY;
	for (int k = 0; k < 7; k++)
		if (str_ieq(s, str_of(names[k]))) {
			r->weekday = k;
			return true;
		}
	return false;
}

static bool read_date(struct str s, struct rule *r)
{
	struct str rest = s;

	r->kind = DATE;
	if (!number(&rest, 4, &r->year) || !mark(&rest, '-')) {
		rest = s;
		r->year = 0;
	}
	return number(&rest, 2, &r->month) && mark(&rest, '-') && number(&rest, 2, &r->day) && rest.n == 0 &&
	       r->month >= 1 && r->month <= 12 && r->day >= 1 && r->day <= 31;
}

static int read_list(struct quiet *q, const char *list, const char *name, bool (*read)(struct str, struct rule *),
		     struct err *err)
{
	struct str item;
	size_t pos = 0;

	if (!list || strcmp(list, "off") == 0)
		return 0;
	while (settings_list_next(list, &pos, &item)) {
		struct rule *r = &q->v[q->n];
		struct str rest = item;
		if (q->n == RULES_MAX)
			return err_set(err, ERR_INVALID, "settings_invalid", name, "more than %d entries", RULES_MAX);
		if (item.n > 3 && item.p[0] >= 'A' && item.p[0] <= 'Z' && item.p[1] >= 'A' && item.p[1] <= 'Z' &&
		    item.p[2] == ' ') {
			memcpy(r->region, item.p, 2);
			rest = str_trim(str_n(item.p + 3, item.n - 3));
		}
		if (!read(rest, r))
			return err_set(err, ERR_INVALID, "settings_invalid", name, "\"%.*s\" is not understood",
				       (int)item.n, item.p);
		q->n++;
	}
	return 0;
}

int quiet_parse(const char *hours, const char *days, const char *holidays, struct quiet **out, struct err *err)
{
	struct quiet *q = calloc(1, sizeof *q);

	if (!q)
		return err_nomem(err);
	if (read_list(q, hours, "quiet_hours", read_hours, err) ||
	    read_list(q, days, "quiet_days", read_weekday, err) || read_list(q, holidays, "holidays", read_date, err)) {
		free(q);
		return -1;
	}
	*out = q;
	return 0;
}

void quiet_free(struct quiet **q)
{
	free(*q);
	*q = NULL;
}

/* ---- asking ---- */

/* A country with rules of its own of a kind does not have the general ones of that kind. */
static bool has_own(const struct quiet *q, int kind, const char *region)
{
	for (size_t k = 0; k < q->n; k++)
		if ((int)q->v[k].kind == kind && strcmp(q->v[k].region, region) == 0)
			return true;
	return false;
}

static bool holds(const struct quiet *q, const struct rule *r, const char *region)
{
	/* Holidays of everywhere are holidays of each country as well. */
	return strcmp(r->region, region) == 0 ||
	       (!r->region[0] && (r->kind == DATE || !has_own(q, (int)r->kind, region)));
}

/* The minute of the day when the rule ends, 0 for midnight; -1: it is not quiet by it. */
static int quiet_by(const struct rule *r, const struct local_time *l)
{
	switch (r->kind) {
	case HOURS:
		if (r->from < r->to ? l->minute >= r->from && l->minute < r->to
				    : l->minute >= r->from || l->minute < r->to)
			return r->to;
		return -1;
	case WEEKDAY: return l->weekday == r->weekday ? 0 : -1;
	case DATE: return l->month == r->month && l->day == r->day && (!r->year || l->year == r->year) ? 0 : -1;
	}
	return -1;
}

/* When it is over there; 0: it is not quiet. */
static int64_t until_in(const struct quiet *q, struct calendars *z, struct str zone, const char *region, int64_t at,
			const char **why)
{
	static const char *const words[] = {"quiet_hours", "quiet_day", "holiday"};
	struct local_time l;
	int end;

	if (!calendar_local(z, zone, at, &l))
		return 0;
	for (size_t k = 0; k < q->n; k++)
		if (holds(q, &q->v[k], region) && (end = quiet_by(&q->v[k], &l)) >= 0) {
			*why = words[q->v[k].kind];
			return calendar_next(z, zone, at, end);
		}
	return 0;
}

static int64_t until_once(const struct quiet *q, struct calendars *z, const struct quiet_who *who, int64_t at,
			  const char **why)
{
	const char(*names)[ZONE_NAME];
	struct local_time l;
	size_t n;
	int64_t t;

	if (who->zone.n && calendar_local(z, who->zone, at, &l))
		return until_in(q, z, who->zone, who->region, at, why);
	n = calendar_zones(z, who->region, &names);
	if (n == 0)
		return until_in(q, z, str_of(who->fallback), who->region, at, why);
	for (size_t k = 0; k < n; k++)
		if ((t = until_in(q, z, str_of(names[k]), who->region, at, why)))
			return t;
	return 0;
}

int64_t quiet_until(const struct quiet *q, struct calendars *z, const struct quiet_who *who, int64_t now,
		    const char **why)
{
	const char *first = NULL;
	int64_t at = now, t;

	if (!q->n)
		return 0;
	for (int k = 0; k < STEPS_MAX && at - now < AHEAD_DAYS * US_DAY; k++) {
		t = until_once(q, z, who, at, k ? &(const char *){NULL} : &first);
		if (!t)
			break;
		at = t;
	}
	*why = first;
	return at == now ? 0 : at;
}
