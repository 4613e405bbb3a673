#include <criterion/criterion.h>
#include <stdio.h>

#include "segment/segment.h"

TestSuite(segment_parse);

static void takes(const char *json)
{
	struct segment *s = NULL;
	struct err e = {0};

	cr_assert_eq(segment_parse(str_of(json), &s, &e), 0, "%s: %s %s", json, e.field, e.msg);
	segment_free(&s);
}

static void refuses(const char *json, const char *code, const char *pointer)
{
	struct segment *s = NULL;
	struct err e = {0};

	cr_assert_eq(segment_parse(str_of(json), &s, &e), -1, "%s", json);
	cr_expect_str_eq(e.code, code, "%s: %s", json, e.msg);
	cr_expect_str_eq(e.field, pointer, "%s", json);
	cr_expect_null(s);
}

Test(segment_parse, each_kind)
{
	takes("{\"tier\":\"gold\"}");
	takes("{\"all\":[{\"stage\":[\"active\",\"lead\"]},{\"any\":[{\"locale\":\"de\"},{\"not\":{\"time_zone\":"
	      "\"Europe/"
	      "Berlin\"}}]}]}");
	takes("{\"created\":{\"after\":\"2026-01-01\",\"before\":\"2026-02-01T00:00:00Z\"}}");
	takes("{\"attribute\":\"age\",\"at_least\":18,\"below\":65}");
	takes("{\"attribute\":\"plan\",\"exists\":false}");
	takes("{\"channel\":\"email\",\"verified\":true}");
	takes("{\"consent\":\"marketing\",\"channel\":\"sms\",\"state\":\"opt_out\"}");
	takes("{\"not\":{\"message\":\"inbound\",\"within\":\"30d\"}}");
	takes("{\"event\":\"bill\",\"where\":[{\"data\":\"amount\",\"above\":50}],\"within\":\"90d\",\"at_least\":2}");
	takes("{\"in_segment\":\"vip\"}");
}

Test(segment_parse, refusals_name_the_node)
{
	refuses("{}", "condition_expected", "");
	refuses("{\"all\":[]}", "list_expected", "/all");
	refuses("{\"all\":[{\"tier\":\"gold\"},7]}", "condition_expected", "/all/1");
	refuses("{\"any\":[{\"not\":{\"stage\":\"happy\"}}]}", "word_unknown", "/any/0/not/stage");
	refuses("{\"all\":[{\"tier\":\"x\"}],\"any\":[{\"tier\":\"x\"}]}", "condition_ambiguous", "");
	refuses("{\"tier\":\"x\",\"locale\":\"de\"}", "member_unknown", "/locale");
	refuses("{\"colour\":\"red\"}", "condition_unknown", "");
	refuses("{\"attribute\":\"age\"}", "test_missing", "");
	refuses("{\"attribute\":\"age\",\"above\":\"18\"}", "number_expected", "/above");
	refuses("{\"attribute\":\"a\",\"in\":[1,\"1\"]}", "types_mixed", "/in");
	refuses("{\"attribute\":\"a\",\"exists\":false,\"is\":1}", "tests_contradict", "/exists");
	refuses("{\"created\":{\"within\":\"soon\"}}", "duration_invalid", "/created/within");
	refuses("{\"created\":{\"after\":\"31.1.2026\"}}", "time_invalid", "/created/after");
	refuses("{\"event\":\"bill\",\"where\":[{\"data\":\"amount\"}]}", "test_missing", "/where/0");
	refuses("{\"event\":\"bill\",\"at_least\":0}", "number_invalid", "/at_least");
	refuses("{\"consent\":\"ads\"}", "word_unknown", "/consent");
	refuses("{\"message\":\"internal\"}", "word_unknown", "/message");
	refuses("{\"channel\":\"fax\"}", "word_unknown", "/channel");
}

Test(segment_parse, is_bounded)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	for (int i = 0; i < SEGMENT_DEPTH; i++)
		buf_adds(&b, "{\"not\":");
	buf_adds(&b, "{\"tier\":\"x\"}");
	for (int i = 0; i < SEGMENT_DEPTH; i++)
		buf_adds(&b, "}");
	refuses(buf_cstr(&b), "segment_too_deep", "/not/not/not/not/not/not/not/not");
	buf_reset(&b);
	buf_adds(&b, "{\"any\":[");
	for (int i = 0; i < SEGMENT_NODES; i++)
		buf_addf(&b, "%s{\"tier\":\"t%d\"}", i ? "," : "", i);
	buf_adds(&b, "]}");
	refuses(buf_cstr(&b), "segment_too_large", "/any/63");
	buf_free(&b);
}
