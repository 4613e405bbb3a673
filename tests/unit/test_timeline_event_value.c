#include <criterion/criterion.h>

#include "base/clock.h"
#include "segment/segment.h"
#include "timeline/event_value.h"
#include "unit/customer_rig.h"

#define NOW (T0 + 100 * US_DAY)

static struct store_rig rig;
static struct uuid anna, bert;

static void happened(const struct uuid *who, const char *name, int days_ago, const char *data)
{
	struct interaction i = {.customer = *who, .kind = KIND_EVENT, .at = NOW - days_ago * US_DAY};
	json_t *tree = json_loads(data, 0, NULL);
	struct err e = {0};

	cr_assert_eq(interaction_append(rig.db, &i, &e), 0, "%s", e.msg);
	cr_assert_eq(event_values_add(rig.db, &i, str_of(name), tree, &e), 0, "%s", e.msg);
	json_decref(tree);
}

static void setup(void)
{
	store_rig_open(&rig);
	store_rig_begin(&rig);
	anna = rig_customer(&rig, "Anna", "");
	bert = rig_customer(&rig, "Bert", "");
	happened(&anna, "bill", 10, "{\"amount\":60,\"currency\":\"EUR\",\"lines\":[1]}");
	happened(&anna, "bill", 40, "{\"amount\":70.5,\"currency\":\"EUR\",\"paid\":true}");
	happened(&anna, "bill", 95, "{\"amount\":80}");
	happened(&bert, "bill", 10, "{\"amount\":20,\"currency\":\"CHF\"}");
	happened(&bert, "purchase", 10, "null");
}

static void teardown(void)
{
	store_rig_commit(&rig);
	store_rig_close(&rig);
}

TestSuite(event_value, .init = setup, .fini = teardown);

static void expect_in(const char *json, bool a, bool b)
{
	struct segment *s = NULL;
	struct err e = {0};
	bool in_a, in_b;
	uint64_t n;

	cr_assert_eq(segment_parse(str_of(json), &s, &e), 0, "%s: %s %s", json, e.field, e.msg);
	cr_assert_eq(segment_has(rig.db, s, NOW, &anna, &in_a, &e), 0, "%s", e.msg);
	cr_assert_eq(segment_has(rig.db, s, NOW, &bert, &in_b, &e), 0, "%s", e.msg);
	cr_assert_eq(segment_count(rig.db, s, NOW, &n, &e), 0, "%s", e.msg);
	cr_expect(in_a == a && in_b == b, "%s: %d %d", json, in_a, in_b);
	cr_expect_eq(n, (uint64_t)(a + b), "%s", json);
	segment_free(&s);
}

Test(event_value, what_happened_so_often)
{
	expect_in("{\"event\":\"bill\"}", true, true);
	expect_in("{\"event\":\"purchase\"}", false, true);
	expect_in("{\"event\":\"usage\"}", false, false);
	expect_in("{\"event\":\"bill\",\"within\":\"90d\",\"at_least\":2}", true, false);
	expect_in("{\"event\":\"bill\",\"within\":\"90d\",\"at_least\":3}", false, false);
	expect_in("{\"event\":\"bill\",\"older_than\":\"90d\"}", true, false);
	expect_in(
		"{\"event\":\"bill\",\"where\":[{\"data\":\"amount\",\"above\":50}],\"within\":\"90d\",\"at_least\":2}",
		true, false);
	expect_in(
		"{\"event\":\"bill\",\"where\":[{\"data\":\"amount\",\"above\":65}],\"within\":\"90d\",\"at_least\":2}",
		false, false);
	expect_in("{\"event\":\"bill\",\"where\":[{\"data\":\"amount\",\"below\":50},{\"data\":\"currency\",\"is\":"
		  "\"CHF\"}]}",
		  false, true);
	expect_in("{\"event\":\"bill\",\"where\":[{\"data\":\"amount\",\"below\":65},{\"data\":\"paid\",\"is\":true}]}",
		  false, false);
	expect_in("{\"event\":\"bill\",\"where\":[{\"data\":\"currency\",\"exists\":false}]}", true, false);
	expect_in("{\"event\":\"bill\",\"where\":[{\"data\":\"lines\",\"exists\":true}]}", false, false);
}

Test(event_value, those_who_are_one_have_done_it_together)
{
	rig_merge(&rig, &anna, &bert);
	expect_in("{\"event\":\"bill\",\"at_least\":5}", false, false);
	/* Asked for Bert, it is Anna who is meant; counted, they are one. */
	for (int n = 4; n >= 1; n -= 3) {
		struct segment *s = NULL;
		struct buf b;
		uint64_t count;
		bool in;
		buf_init(&b, 100);
		buf_addf(&b, "{\"event\":\"bill\",\"at_least\":%d}", n);
		cr_assert_eq(segment_parse(buf_str(&b), &s, NULL), 0);
		cr_assert_eq(segment_count(rig.db, s, NOW, &count, NULL), 0);
		cr_expect_eq(count, 1);
		cr_assert_eq(segment_has(rig.db, s, NOW, &bert, &in, NULL), 0);
		cr_expect(in);
		segment_free(&s);
		buf_free(&b);
	}
}

Test(event_value, names)
{
	struct err e = {0};

	cr_expect_eq(event_name_check(STR("bill.issued-2"), &e), 0);
	cr_expect_eq(event_name_check(STR("bill issued"), &e), -1);
	cr_expect_str_eq(e.code, "event_name_invalid");
	cr_expect_eq(event_name_check(STR(""), &e), -1);
}
