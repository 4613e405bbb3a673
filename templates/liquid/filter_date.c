#include "liquid/date.h"
#include "liquid/filters.h"
#include "liquid/text.h"
#include "liquid/value.h"

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

/* YYYY-MM-DD and perhaps a time in UTC, by far the most frequent. */
static bool quick(struct str s, struct moment *m)
{
	static const char form[] = "0000-00-00t00:00:00z";
	int v[6] = {0}, k = 0;

	if (s.n != 10 && s.n != 20)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = i == 10 && s.p[i] == 'T' ? 't' : i == 19 && s.p[i] == 'Z' ? 'z' : s.p[i];
		if (form[i] == '0' ? c < '0' || c > '9' : c != form[i])
			return false;
		if (form[i] == '0')
			v[k] = v[k] * 10 + c - '0';
		else
			k++;
	}
	if (v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > 28 || v[3] > 23 || v[4] > 59 || v[5] > 59)
		return false;
	*m = (struct moment){.seconds = days_of(v[0], v[1], v[2]) * 86400 + v[3] * 3600 + v[4] * 60 + v[5]};
	return true;
}

/* 0: not a date, 1: a date, -1: failed. */
static int moment_of(struct liquid_call *c, const struct liquid_value *in, struct moment *m)
{
	struct str s;

	*m = (struct moment){0};
	if (in->type == LIQUID_INT) {
		m->seconds = in->i;
		return 1;
	}
	if (in->type != LIQUID_STR || in->n == 0)
		return 0;
	s = text_of(in);
	if (quick(s, m))
		return 1;
	if (all_digits(s)) {
		m->seconds = value_to_i(in);
		return 1;
	}
	buf_reset(&c->scratch);
	add_in_case(&c->scratch, s, CASE_DOWN);
	if (c->scratch.failed)
		return fail_memory(c);
	s = buf_str(&c->scratch);
	if (str_is(s, "now") || str_is(s, "today")) {
		m->seconds = c->in->now;
		return 1;
	}
	return date_read(s, c->in->now, m);
}

int liquid_seconds(struct liquid_call *c, const struct liquid_value *v, int64_t *out)
{
	struct moment m;
	int r = moment_of(c, v, &m);

	*out = m.seconds;
	return r;
}

FILTER(filter_date)
{
	struct moment m;
	struct str format;
	int r;

	(void)n;
	*out = in;
	if (value_text(c, &args[0], &format))
		return -1;
	if (format.n == 0 || (r = moment_of(c, &in, &m)) == 0)
		return 0;
	if (r < 0)
		return -1;
	buf_reset(&c->scratch);
	if (!date_write(&c->scratch, format, &m))
		return liquid_fail(c, "invalid format: %.*s", (int)(format.n > 80 ? 80 : format.n), format.p);
	return made_text(c, out);
}
