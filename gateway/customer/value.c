#include "customer/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

bool value_time(struct str s, int64_t *out)
{
	char text[] = "0000-00-00T00:00:00Z";

	if (s.n != 10)
		return time_parse(s, out);
	memcpy(text, s.p, 10);
	return time_parse(STR(text), out);
}

static void number(struct value *v, double d)
{
	if (isfinite(d))
		snprintf(v->num, sizeof v->num, "%.17g", d);
}

int value_of(const json_t *v, struct value *out)
{
	int64_t at;

	*out = (struct value){.type = VALUE_TEXT};
	if (json_is_string(v)) {
		out->text = str_n(json_string_value(v), json_string_length(v));
		if (out->text.n <= TIME_TEXT + 8 && value_time(out->text, &at)) {
			out->type = VALUE_TIME;
			number(out, (double)at);
		}
	} else {
		out->owned = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
		if (!out->owned)
			return -1;
		out->text = str_of(out->owned);
	}
	if (json_is_boolean(v))
		out->type = VALUE_BOOLEAN;
	if (json_is_number(v)) {
		out->type = VALUE_NUMBER;
		number(out, json_number_value(v));
	}
	if (json_is_null(v) || out->text.n > VALUE_TEXT_MAX)
		out->type = VALUE_NONE;
	return 0;
}

void value_free(struct value *v)
{
	free(v->owned);
	*v = (struct value){0};
}
