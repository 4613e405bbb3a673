/* Files in pieces, over a store of the test's own. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "import/import.h"
#include "segment/segment.h"
#include "unit/customer_rig.h"

static struct store_rig rig;
static struct uuid id;
static char last_code[40];

static void setup(void)
{
	store_rig_open(&rig);
	store_rig_begin(&rig);
}

static void teardown(void)
{
	store_rig_commit(&rig);
	store_rig_close(&rig);
}

TestSuite(import, .init = setup, .fini = teardown);

static void begin(int format)
{
	struct import_request q = {.name = STR("test"), .author = STR("tester"), .format = format, .region = "DE"};

	cr_assert_eq(import_create(rig.db, &q, T0, &id, NULL), 0);
}

static int feed(int64_t offset, const char *text, bool last)
{
	struct err e = {0};
	int r = import_feed(rig.db, rig.events, &id, offset, str_of(text), last, T0, &e);

	snprintf(last_code, sizeof last_code, "%s", e.code);
	return r;
}

static int64_t shown(const char *member)
{
	struct json_out j;
	struct buf b;
	json_t *o;
	int64_t v;

	buf_init(&b, 4096);
	json_begin(&j, &b);
	cr_assert_eq(import_json(rig.db, &id, &j, NULL, NULL), 0);
	o = json_loadb(b.p, b.n, 0, NULL);
	v = json_is_string(json_object_get(o, member))
		    ? strcmp(json_string_value(json_object_get(o, member)), "done") == 0
		    : json_integer_value(json_object_get(o, member));
	json_decref(o);
	buf_free(&b);
	return v;
}

static const char *rejects(void)
{
	static char out[4000];
	struct buf b;

	buf_init(&b, sizeof out);
	cr_assert_eq(import_rejects(rig.db, &id, 0, 100, &b, NULL), 0);
	snprintf(out, sizeof out, "%s", buf_cstr(&b));
	buf_free(&b);
	return out;
}

static uint64_t count(const char *conditions)
{
	struct segment *s = NULL;
	uint64_t n = 0;

	cr_assert_eq(segment_parse(str_of(conditions), &s, NULL), 0);
	cr_assert_eq(segment_count(rig.db, s, T0 + US_DAY, &n, NULL), 0);
	segment_free(&s);
	return n;
}

static const char people[] = "external_id,name,phone,email,tier,attributes.spend:number,consent.sms.marketing\r\n"
			     "c1,\"Ann, A.\",0151 12345601,ann@shop.example,gold,80,opt_in\r\n"
			     "c2,Bob,0151 12345602,,silver,20.5,opt_out\r\n"
			     "\r\n"
			     "c3,Cleo,not a number,,gold,1,\r\n"
			     "c4,Dan,+4915112345604,dan@shop.example,,,yes\r\n";

Test(import, customers)
{
	begin(IMPORT_CSV);
	cr_assert_eq(feed(0, people, true), 0, "%s", last_code);
	cr_expect_eq(shown("created"), 3);
	cr_expect_eq(shown("rejected"), 1);
	cr_expect_eq(shown("position"), (int64_t)strlen(people));
	cr_expect(shown("state"), "done");
	cr_expect(strstr(rejects(), "\"line\":5,") && strstr(rejects(), "\"field\":\"phone\""), "%s", rejects());
	cr_expect_eq(count("{\"attribute\":\"spend\",\"above\":50}"), 1);
	cr_expect_eq(count("{\"consent\":\"marketing\",\"channel\":\"sms\"}"), 2);
	cr_expect_eq(count("{\"channel\":\"email\"}"), 2);
	cr_expect_eq(feed(0, people, true), -1);
	cr_expect_str_eq(last_code, "import_closed");
}

Test(import, again_changes_nothing)
{
	for (int k = 0; k < 2; k++) {
		begin(IMPORT_CSV);
		cr_assert_eq(feed(0, people, true), 0);
	}
	cr_expect_eq(shown("unchanged"), 3);
	cr_expect_eq(shown("created") + shown("updated"), 0);
	begin(IMPORT_CSV);
	cr_assert_eq(feed(0, "external_id,tier,attributes.spend:number\nc2,gold,20.5\nc1,,90\n", true), 0);
	cr_expect_eq(shown("updated"), 2);
	cr_expect_eq(count("{\"attribute\":\"spend\",\"is\":90}"), 1);
	cr_expect_eq(count("{\"tier\":\"gold\"}"), 2);
}

/* Cut at every byte, and each piece sent twice: the same comes out. */
Test(import, any_pieces)
{
	size_t n = sizeof people - 1, header = strcspn(people, "\n") + 1;

	begin(IMPORT_CSV);
	for (size_t end = header; end <= n; end++) {
		char piece[sizeof people];
		int64_t from = shown("position");
		snprintf(piece, sizeof piece, "%.*s", (int)(end - (size_t)from), people + from);
		for (int twice = 0; twice < 2; twice++)
			cr_assert_eq(feed(from, piece, false), 0, "%s", last_code);
	}
	cr_expect_eq(feed(shown("position") + 1, "x", false), -1);
	cr_expect_str_eq(last_code, "offset_ahead");
	cr_assert_eq(feed(shown("position"), "", true), 0);
	cr_expect(shown("state") && shown("created") == 3 && shown("rejected") == 1);
	cr_expect_eq(store_rig_number(&rig, "SELECT COUNT(*) FROM customer"), 3);
}

Test(import, who_is_meant)
{
	struct uuid ann = rig_customer(&rig, "Ann", ""), bob = rig_customer(&rig, "Bob", "b1");

	rig_contact(&rig, &ann, rig_address(SCHEME_TEL, "+4915112345601"), NULL, T0);
	rig_contact(&rig, &bob, rig_address(SCHEME_TEL, "+4915112345602"), NULL, T0);
	begin(IMPORT_CSV);
	cr_assert_eq(feed(0,
			  "external_id,phone,name\n"
			  "a1,+4915112345601,Ann A.\n" /* she had none: it is hers now */
			  ",+4915112345602,Bob B.\n"   /* by the number alone */
			  "z9,+4915112345602,Zoe\n"    /* another person says that the number is hers */
			  ",,Nobody\n",
			  true),
		     0);
	cr_expect_eq(shown("updated"), 2);
	cr_expect_eq(shown("created"), 1);
	cr_expect_eq(shown("noted"), 1);
	cr_expect_eq(shown("rejected"), 1);
	cr_expect(strstr(rejects(), "address_taken") && strstr(rejects(), "nobody"), "%s", rejects());
	cr_expect_eq(store_rig_number(&rig, "SELECT COUNT(*) FROM merge_suggestion"), 1);
}

Test(import, a_withdrawn_consent_stays_so)
{
	begin(IMPORT_CSV);
	cr_assert_eq(feed(0, people, true), 0);
	begin(IMPORT_CSV);
	cr_assert_eq(
		feed(0, "external_id,phone,consent.sms.marketing\nc2,+4915112345602,yes\nc1,+4915112345601,no\n", true),
		0);
	cr_expect_eq(shown("noted"), 1);
	cr_expect(strstr(rejects(), "consent_withdrawn"));
	cr_expect_eq(count("{\"consent\":\"marketing\",\"state\":\"opt_out\"}"), 2);
}

Test(import, what_happened_is_taken_once)
{
	static const char bills[] = "{\"external_id\":\"c1\",\"event\":\"bill\",\"at\":\"2023-11-01\",\"event_id\":"
				    "\"b1\",\"data\":{\"amount\":60}}\n"
				    "{\"phone\":\"+4915112345601\",\"event\":\"bill\",\"at\":\"2023-11-02T10:00:00Z\","
				    "\"data\":{\"amount\":70}}\n"
				    "{\"external_id\":\"c1\",\"event\":\"bill\",\"at\":\"2023-11-01\",\"event_id\":"
				    "\"b1\",\"data\":{\"amount\":60}}\n"
				    "{\"external_id\":\"c99\",\"event\":\"bill\"}\n"
				    "{\"external_id\":\"c1\",\"colour\":\"red\"}\n"
				    "[1]\n"
				    "{broken\n";

	begin(IMPORT_CSV);
	cr_assert_eq(feed(0, people, true), 0);
	begin(IMPORT_NDJSON);
	cr_assert_eq(feed(0, bills, true), 0, "%s", last_code);
	cr_expect_eq(shown("events"), 2);
	cr_expect_eq(shown("unchanged"), 1);
	cr_expect_eq(shown("rejected"), 4);
	cr_expect_eq(count("{\"event\":\"bill\",\"where\":[{\"data\":\"amount\",\"above\":50}],\"at_least\":2}"), 1);
}

Test(import, ndjson_of_customers)
{
	begin(IMPORT_NDJSON);
	cr_assert_eq(feed(0,
			  "{\"external_id\":\"n1\",\"name\":\"Nia\",\"phone\":[\"+4915112345691\",\"+4915112345692\"],"
			  "\"attributes\":{\"plan\":\"flex\",\"tags\":[1]},\"consent\":{\"sms\":{\"marketing\":\"opt_"
			  "in\"}}}\n"
			  "{\"external_id\":\"n1\",\"attributes\":{\"plan\":null}}",
			  true),
		     0);
	cr_expect(shown("created") == 1 && shown("updated") == 1, "%s", rejects());
	cr_expect_eq(count("{\"attribute\":\"plan\",\"exists\":true}"), 0);
	cr_expect_eq(count("{\"consent\":\"marketing\"}"), 1);
	cr_expect_eq(store_rig_number(&rig, "SELECT COUNT(*) FROM contact_point"), 2);
}

Test(import, a_line_that_never_ends)
{
	struct buf b;
	int64_t from;

	begin(IMPORT_NDJSON);
	buf_init(&b, 1 << 20);
	buf_adds(&b, "{\"external_id\":\"n1\"}\n");
	for (int k = 0; k < 3 * IMPORT_LINE_MAX; k++)
		buf_addc(&b, 'x');
	buf_adds(&b, "\n{\"external_id\":\"n2\"}\n");
	cr_assert(!b.failed);
	for (size_t end = 1000; (from = shown("position")) < (int64_t)b.n; end = end + 1000 < b.n ? end + 1000 : b.n) {
		struct err e = {0};
		cr_assert_eq(import_feed(rig.db, rig.events, &id, from, str_n(b.p + from, end - (size_t)from), false,
					 T0, &e),
			     0, "%s", e.msg);
	}
	cr_expect(shown("created") == 2 && shown("rejected") == 1 && shown("line") == 4);
	cr_expect(strstr(rejects(), "\"line\":2,\"code\":\"line_too_long\""), "%s", rejects());
	buf_free(&b);
}

Test(import, headers_that_cannot_be_used)
{
	begin(IMPORT_CSV);
	cr_expect_eq(feed(0, "colour,phone\n", false), -1);
	cr_expect_str_eq(last_code, "column_unknown");
	cr_expect_eq(feed(0, "no line end", false), -1);
	cr_expect_str_eq(last_code, "header_invalid");
	cr_expect_eq(shown("position"), 0);
	cr_assert_eq(feed(0, "\xef\xbb\xbfphone;name\n+4915112345601;Ann\n", true), 0, "a byte order mark, semicolons");
	cr_expect_eq(shown("created"), 1);
	begin(IMPORT_CSV);
	cr_assert_eq(import_cancel(rig.db, &id, T0, NULL), 0);
	cr_expect_eq(feed(0, people, true), -1);
}
