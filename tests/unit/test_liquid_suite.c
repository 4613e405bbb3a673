/* The published cases beside the project (THREADLINE_SUITES, or ../shared/suites); skipped where they are absent. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/liquid_rig.h"

static bool tagged(const json_t *test, const char *tag)
{
	const json_t *tags = json_object_get(test, "tags"), *t;
	size_t i;

	json_array_foreach (tags, i, t)
		if (strcmp(json_string_value(t), tag) == 0)
			return true;
	return false;
}

static bool same(const json_t *want, const struct buf *out)
{
	return json_is_string(want) && str_eq(buf_str(out), str_n(json_string_value(want), json_string_length(want)));
}

static bool passes(const json_t *test)
{
	struct liquid_rig rig = {.mode = tagged(test, "strict") || tagged(test, "strict2") ? LIQUID_STRICT
											   : LIQUID_LAX};
	const json_t *several = json_object_get(test, "results"), *one;
	struct liquid_error err;
	struct buf out;
	bool good;
	size_t i;
	int r;

	buf_init(&out, 1 << 20);
	r = liquid_rig_tree(&rig, str_of(json_string_value(json_object_get(test, "template"))),
			    json_object_get(test, "data"), json_object_get(test, "templates"), &out, &err);
	if (json_is_true(json_object_get(test, "invalid")))
		good = r != 0 && err.line > 0 && err.column > 0;
	else
		good = r == 0 && same(json_object_get(test, "result"), &out);
	json_array_foreach (several, i, one)
		good = good || (r == 0 && same(one, &out));
	if (!good)
		fprintf(stderr, "  %s: got %s%.*s\n", json_string_value(json_object_get(test, "name")),
			r ? err.msg : "", (int)out.n, out.p ? out.p : "");
	buf_free(&out);
	return good;
}

Test(liquid_suite, every_golden_case)
{
	const char *root = getenv("THREADLINE_SUITES");
	size_t i, n, passed = 0;
	char path[500];
	json_t *suite, *tests, *test;

	snprintf(path, sizeof path, "%s/liquid/golden_liquid.json", root ? root : "../shared/suites");
	suite = json_load_file(path, 0, NULL);
	if (!suite)
		cr_skip_test("no %s", path);
	tests = json_object_get(suite, "tests");
	n = json_array_size(tests);
	json_array_foreach (tests, i, test)
		passed += passes(test);
	json_decref(suite);
	cr_assert(n > 1000);
	cr_assert(passed == n, "%zu of %zu cases", passed, n);
}
