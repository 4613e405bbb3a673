/* The tests of a value: {"above": 50, "at_most": 100}. */
#include <stdio.h>

#include "base/clock.h"
#include "segment/private.h"

enum takes { A_VALUE, A_LIST, A_NUMBER, A_TEXT, A_FLAG, A_DURATION, A_TIME };

static const struct known {
	const char *name;
	enum op op;
	enum takes takes;
} known[] = {
	{"is", OP_IS, A_VALUE},
	{"in", OP_IN, A_LIST},
	{"above", OP_ABOVE, A_NUMBER},
	{"at_least", OP_AT_LEAST, A_NUMBER},
	{"below", OP_BELOW, A_NUMBER},
	{"at_most", OP_AT_MOST, A_NUMBER},
	{"begins", OP_BEGINS, A_TEXT},
	{"contains", OP_CONTAINS, A_TEXT},
	{"exists", OP_EXISTS, A_FLAG},
	{"within", OP_WITHIN, A_DURATION},
	{"older_than", OP_OLDER_THAN, A_DURATION},
	{"after", OP_AFTER, A_TIME},
	{"before", OP_BEFORE, A_TIME},
};

static const struct known *find(const char *name, bool times_only)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i].name, name) == 0 && (!times_only || known[i].takes >= A_DURATION))
			return &known[i];
	return NULL;
}

bool is_test(const char *name, bool times_only) { return find(name, times_only) != NULL; }

/* A text, number, true or false. */
static int read_literal(struct reader *r, const json_t *v, const char *at, const char *name, struct literal *out)
{
	char *number;

	if (json_is_string(v)) {
		*out = (struct literal){VALUE_TEXT, str_n(json_string_value(v), json_string_length(v))};
		if (out->text.n > VALUE_TEXT_MAX)
			return bad(r, at, name, "value_too_long", "a text has at most %d bytes", VALUE_TEXT_MAX);
		return 0;
	}
	if (json_is_boolean(v)) {
		*out = (struct literal){VALUE_BOOLEAN, json_is_true(v) ? STR("true") : STR("false")};
		return 0;
	}
	if (!json_is_number(v))
		return bad(r, at, name, "value_invalid", "a text, a number, true or false");
	number = arena_printf(r->arena, "%.17g", json_number_value(v));
	if (!number)
		return err_nomem(r->err);
	*out = (struct literal){VALUE_NUMBER, str_of(number)};
	return 0;
}

/* The values of one test are of one type. */
static int read_list(struct reader *r, const json_t *v, const char *at, const char *name, struct test *out)
{
	size_t n = json_array_size(v);
	struct literal *values;

	if (!json_is_array(v) || n < 1 || n > SEGMENT_VALUES)
		return bad(r, at, name, "list_expected", "a list of 1 to %d values", SEGMENT_VALUES);
	values = arena_array(r->arena, struct literal, n);
	if (!values)
		return err_nomem(r->err);
	for (size_t k = 0; k < n; k++) {
		if (read_literal(r, json_array_get(v, k), at, name, &values[k]))
			return -1;
		if (values[k].type != values[0].type)
			return bad(r, at, name, "types_mixed", "all values of a list are of one type");
	}
	out->values = values;
	out->n = n;
	return 0;
}

static int read_one(struct reader *r, const json_t *v, const char *at, const char *name, struct test *out)
{
	struct literal *value = arena_alloc(r->arena, sizeof *value);

	if (!value)
		return err_nomem(r->err);
	out->values = value;
	out->n = 1;
	return read_literal(r, v, at, name, value);
}

static int read_time(struct reader *r, const json_t *v, const char *at, const struct known *k, struct test *out)
{
	struct str s = str_n(json_string_value(v), json_string_length(v));

	if (k->takes == A_DURATION) {
		if (json_is_string(v) && duration_parse(s, &out->at) && out->at > 0 && out->at < 36500 * US_DAY)
			return 0;
		return bad(r, at, k->name, "duration_invalid", "how long, as in \"30d\" or \"12h\"");
	}
	if (json_is_string(v) && value_time(s, &out->at))
		return 0;
	return bad(r, at, k->name, "time_invalid", "a date (2026-01-31) or a time as RFC 3339 has it");
}

static int read_test(struct reader *r, const json_t *v, const char *at, const struct known *k, struct test *out)
{
	out->op = k->op;
	switch (k->takes) {
	case A_LIST: return read_list(r, v, at, k->name, out);
	case A_VALUE: return read_one(r, v, at, k->name, out);
	case A_NUMBER:
		if (!json_is_number(v))
			return bad(r, at, k->name, "number_expected", "\"%s\" compares numbers", k->name);
		return read_one(r, v, at, k->name, out);
	case A_TEXT:
		if (!json_is_string(v) || json_string_length(v) == 0)
			return bad(r, at, k->name, "text_expected", "\"%s\" takes a text", k->name);
		return read_one(r, v, at, k->name, out);
	case A_FLAG:
		if (!json_is_boolean(v))
			return bad(r, at, k->name, "flag_expected", "\"%s\" is true or false", k->name);
		return 0;
	case A_DURATION:
	case A_TIME: break;
	}
	return read_time(r, v, at, k, out);
}

int read_tests(struct reader *r, const json_t *o, const char *at, bool times_only, struct tests *out)
{
	const char *name;
	json_t *v;

	out->v = arena_array(r->arena, struct test, json_object_size(o));
	if (!out->v)
		return err_nomem(r->err);
	json_object_foreach ((json_t *)o, name, v) {
		const struct known *k = find(name, times_only);
		if (!k)
			continue;
		if (read_test(r, v, at, k, &out->v[out->n]))
			return -1;
		out->absent |= k->op == OP_EXISTS && json_is_false(v);
		out->n++;
	}
	if (out->absent && out->n > 1)
		return bad(r, at, "exists", "tests_contradict", "what is not there passes no test");
	return 0;
}

int read_text(struct reader *r, const json_t *o, const char *at, const char *name, size_t max, struct str *out)
{
	const json_t *v = json_object_get(o, name);

	*out = str_n(json_string_value(v), json_string_length(v));
	if (!json_is_string(v) || out->n == 0 || out->n > max)
		return bad(r, at, name, "text_expected", "\"%s\" is a text of 1 to %zu bytes", name, max);
	return 0;
}

int read_words(struct reader *r, const json_t *o, const char *at, const char *name, struct node *out)
{
	const json_t *v = json_object_get(o, name);
	struct test t = {.op = OP_IN};

	if (json_is_array(v) ? read_list(r, v, at, name, &t) : read_one(r, v, at, name, &t))
		return -1;
	if (t.values[0].type != VALUE_TEXT)
		return bad(r, at, name, "text_expected", "\"%s\" is a word or a list of words", name);
	out->values = t.values;
	out->values_n = t.n;
	return 0;
}
