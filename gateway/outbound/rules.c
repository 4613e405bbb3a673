#include "outbound/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/settings.h"

/* "4/7d" */
static bool read_cap(struct str s, struct cap *c)
{
	const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
	static const struct {
		char unit;
		int64_t span;
	} units[] = {{'m', US_MIN}, {'h', US_HOUR}, {'d', US_DAY}};
	int64_t n, count;
	char unit;

	if (!slash || s.p + s.n - slash < 3)
		return false;
	unit = s.p[s.n - 1];
	if (!str_i64(str_n(s.p, (size_t)(slash - s.p)), &n) || n < 1 || n > 10000 ||
	    !str_i64(str_n(slash + 1, (size_t)(s.p + s.n - 1 - slash - 1)), &count) || count < 1 || count > 100000)
		return false;
	for (size_t k = 0; k < sizeof units / sizeof *units; k++)
		if (unit == units[k].unit) {
			*c = (struct cap){(int)n, count * units[k].span};
			return true;
		}
	return false;
}

static int read_caps(const char *list, struct policy_rules *r, struct err *err)
{
	struct str item;
	size_t pos = 0;

	while (list && settings_list_next(list, &pos, &item)) {
		if (r->caps_n == CAPS_MAX || !read_cap(item, &r->cap[r->caps_n]))
			return err_set(err, ERR_INVALID, "settings_invalid", "frequency_cap",
				       "\"%.*s\" is not understood; like 4/7d, at most %d of them", (int)item.n, item.p,
				       CAPS_MAX);
		r->caps_n++;
	}
	return 0;
}

static int read_zone(const char *zone, struct err *err)
{
	struct calendars *z = calendars_new();
	struct local_time l;
	bool known = z && calendar_local(z, str_of(zone), 0, &l);

	if (!z)
		return err_nomem(err);
	calendars_free(&z);
	return known ? 0
		     : err_set(err, ERR_INVALID, "settings_invalid", "time_zone",
			       "\"%s\" is no time zone; like Europe/Berlin", zone);
}

int policy_rules_parse(const struct policy_settings *s, struct policy_rules **out, struct err *err)
{
	struct policy_rules *r = calloc(1, sizeof *r);

	if (!r)
		return err_nomem(err);
	r->time_zone = strdup(s->time_zone ? s->time_zone : "UTC");
	r->topics = strdup(s->topics ? s->topics : "");
	snprintf(r->region, sizeof r->region, "%s", s->region ? s->region : "");
	if (!r->time_zone || !r->topics)
		err_nomem(err);
	else if (quiet_parse(s->quiet_hours, s->quiet_days, s->holidays, &r->quiet, err) == 0 &&
		 read_caps(s->frequency_cap, r, err) == 0 && read_zone(r->time_zone, err) == 0) {
		*out = r;
		return 0;
	}
	policy_rules_free(&r);
	return -1;
}

void policy_rules_free(struct policy_rules **r)
{
	if (!*r)
		return;
	quiet_free(&(*r)->quiet);
	free((*r)->topics);
	free((*r)->time_zone);
	free(*r);
	*r = NULL;
}
