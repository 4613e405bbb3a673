/* Each kind of condition over a few customers, on whatever store the tests run. */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "segment/segment.h"
#include "timeline/interaction.h"
#include "unit/customer_rig.h"

#define NOW (T0 + 100 * US_DAY)

static struct store_rig rig;
static struct uuid anna, bert, cleo;

static struct uuid make(const char *name, const char *tier, const char *locale, const char *attributes, int64_t at)
{
	struct customer c = {.name = str_of(name),
			     .tier = str_of(tier),
			     .locale = str_of(locale),
			     .time_zone = STR("Europe/Berlin"),
			     .stage = STAGE_ACTIVE,
			     .attributes = str_of(attributes)};
	struct err e = {0};
	struct uuid id = {{0}};

	cr_assert_eq(customer_create(rig.db, rig.events, &c, at, &id, &e), 0, "%s", e.msg);
	return id;
}

static void setup(void)
{
	store_rig_open(&rig);
	store_rig_begin(&rig);
	anna = make("Anna", "gold", "de-AT", "{\"plan\":\"flex 10\",\"age\":34,\"vip\":true,\"ends\":\"2024-03-01\"}",
		    T0);
	bert = make("Bert", "silver", "de", "{\"plan\":\"basic\",\"age\":17.5,\"vip\":false,\"code\":\"34\"}",
		    T0 + 90 * US_DAY);
	cleo = make("Cleo", "", "den", "{}", T0 + 99 * US_DAY);
}

static void teardown(void)
{
	store_rig_commit(&rig);
	store_rig_close(&rig);
}

TestSuite(segment, .init = setup, .fini = teardown);

/* Who is in it, as the beginnings of names: by counting, by pages, by the sample, and one by one. */
static const char *who(const char *json)
{
	static const struct uuid *const all[] = {&anna, &bert, &cleo};
	static char out[8];
	struct segment *s = NULL;
	struct uuid ids[8];
	struct err e = {0};
	uint64_t counted;
	size_t n, k, m = 0;
	bool in;

	cr_assert_eq(segment_parse(str_of(json), &s, &e), 0, "%s: %s %s", json, e.field, e.msg);
	cr_assert_eq(segment_count(rig.db, s, NOW, &counted, &e), 0, "%s: %s", json, e.msg);
	cr_assert_eq(segment_page(rig.db, s, NOW, NULL, ids, 8, &n, &e), 0, "%s", e.msg);
	cr_expect_eq(n, counted, "%s", json);
	cr_assert_eq(segment_sample(rig.db, s, NOW, ids, 8, &k, &e), 0, "%s", e.msg);
	cr_expect_eq(k, n, "%s", json);
	for (k = 0; k < 3; k++) {
		cr_assert_eq(segment_has(rig.db, s, NOW, all[k], &in, &e), 0, "%s", e.msg);
		if (in)
			out[m++] = "abc"[k];
	}
	out[m] = 0;
	segment_free(&s);
	return out;
}

#define expect_who(json, names) cr_expect_str_eq(who(json), names, "%s", json)

Test(segment, what_the_customer_is)
{
	expect_who("{\"tier\":\"gold\"}", "a");
	expect_who("{\"tier\":[\"gold\",\"silver\"]}", "ab");
	expect_who("{\"not\":{\"tier\":\"gold\"}}", "bc");
	expect_who("{\"locale\":\"de\"}", "ab");
	expect_who("{\"locale\":\"de-AT\"}", "a");
	expect_who("{\"time_zone\":\"Europe/Berlin\"}", "abc");
	expect_who("{\"stage\":[\"lead\",\"prospect\"]}", "");
	expect_who("{\"created\":{\"within\":\"30d\"}}", "bc");
	expect_who("{\"created\":{\"within\":\"30d\",\"older_than\":\"5d\"}}", "b");
	expect_who("{\"created\":{\"before\":\"2023-12-01\"}}", "a");
	expect_who("{\"any\":[{\"tier\":\"gold\"},{\"all\":[{\"locale\":\"den\"},{\"created\":{\"within\":\"2d\"}}]}]}",
		   "ac");
}

Test(segment, attributes_have_types)
{
	expect_who("{\"attribute\":\"plan\",\"is\":\"basic\"}", "b");
	expect_who("{\"attribute\":\"plan\",\"in\":[\"basic\",\"flex 10\"]}", "ab");
	expect_who("{\"attribute\":\"plan\",\"begins\":\"flex\"}", "a");
	expect_who("{\"attribute\":\"plan\",\"contains\":\"as\"}", "b");
	expect_who("{\"attribute\":\"plan\",\"exists\":true}", "ab");
	expect_who("{\"attribute\":\"plan\",\"exists\":false}", "c");
	expect_who("{\"attribute\":\"age\",\"is\":34}", "a");
	expect_who("{\"attribute\":\"age\",\"is\":\"34\"}", "");
	expect_who("{\"attribute\":\"code\",\"is\":34}", "");
	expect_who("{\"attribute\":\"age\",\"at_least\":17.5,\"below\":34}", "b");
	expect_who("{\"attribute\":\"age\",\"above\":17.5}", "a");
	expect_who("{\"attribute\":\"age\",\"at_most\":9}", "");
	expect_who("{\"attribute\":\"vip\",\"is\":true}", "a");
	expect_who("{\"attribute\":\"ends\",\"before\":\"2024-03-02\"}", "a");
	expect_who("{\"attribute\":\"ends\",\"after\":\"2024-03-01T00:00:00Z\"}", "");
	expect_who("{\"attribute\":\"ends\",\"begins\":\"2024-03\"}", "a");
}

Test(segment, attributes_that_change)
{
	struct customer_patch p = {.set_attributes = true,
				   .v.attributes = STR("{\"plan\":null,\"age\":\"34\",\"vip\":{\"since\":1}}")};

	cr_assert_eq(customer_update(rig.db, rig.events, &anna, &p, T0, NULL), 0);
	expect_who("{\"attribute\":\"plan\",\"exists\":true}", "b");
	expect_who("{\"attribute\":\"age\",\"is\":\"34\"}", "a");
	expect_who("{\"attribute\":\"age\",\"above\":18}", "");
	expect_who("{\"attribute\":\"ends\",\"exists\":true}", "a");
	expect_who("{\"attribute\":\"vip\",\"is\":true}", "");
}

static void consent(const char *number, enum consent_state state)
{
	struct address a = rig_address(SCHEME_TEL, number);
	bool changed;

	cr_assert_eq(consent_set(rig.db, rig.events, &a, &anna, PURPOSE_MARKETING, state, "test", STR(""), T0, &changed,
				 NULL),
		     0);
}

Test(segment, channels_and_consent)
{
	struct contact c;

	rig_contact(&rig, &anna, rig_address(SCHEME_TEL, "+4915112345601"), "otp", T0);
	c = rig_contact(&rig, &bert, rig_address(SCHEME_TEL, "+4915112345602"), NULL, T0);
	rig_contact(&rig, &cleo, rig_address(SCHEME_MAIL, "cleo@shop.example"), NULL, T0);
	consent("+4915112345601", CONSENT_IN);
	consent("+4915112345602", CONSENT_OUT);
	expect_who("{\"channel\":\"sms\"}", "ab");
	expect_who("{\"channel\":\"sms\",\"verified\":true}", "a");
	expect_who("{\"not\":{\"channel\":\"email\"}}", "ab");
	expect_who("{\"consent\":\"marketing\",\"channel\":\"sms\"}", "a");
	expect_who("{\"consent\":\"marketing\",\"state\":\"opt_out\"}", "b");
	expect_who("{\"consent\":\"marketing\",\"state\":\"unknown\"}", "c");
	expect_who("{\"consent\":\"survey\",\"channel\":\"sms\",\"state\":\"unknown\"}", "ab");
	cr_assert_eq(contact_end(rig.db, rig.events, &c.id, T0 + US_DAY, NULL), 0);
	expect_who("{\"channel\":\"sms\"}", "a");
	expect_who("{\"consent\":\"marketing\",\"state\":\"opt_out\"}", "");
}

Test(segment, the_merged_count_once)
{
	struct uuid merge;

	rig_contact(&rig, &bert, rig_address(SCHEME_TEL, "+4915112345602"), "otp", T0);
	consent("+4915112345602", CONSENT_IN);
	merge = rig_merge(&rig, &anna, &bert);
	/* Bert is one with Anna: whoever asks for him is told of her. */
	expect_who("{\"channel\":\"sms\"}", "ab");
	expect_who("{\"consent\":\"marketing\",\"channel\":\"sms\"}", "ab");
	expect_who("{\"attribute\":\"plan\",\"is\":\"basic\"}", "");
	cr_expect_eq(strlen(who("{\"time_zone\":\"Europe/Berlin\"}")), 3);
	rig_merge(&rig, &cleo, &anna);
	expect_who("{\"channel\":\"sms\"}", "abc");
	expect_who("{\"tier\":\"gold\"}", "");
	cr_assert_eq(identity_unmerge(rig.db, rig.events, &merge, "tester", T0, &merge, &merge, NULL), 0);
	expect_who("{\"channel\":\"sms\"}", "b");
}

static void texted(const struct uuid *who, enum direction d, int days_ago)
{
	struct interaction i = {
		.customer = *who, .at = NOW - days_ago * US_DAY, .channel = CHANNEL_SMS, .direction = d};
	struct err e = {0};

	cr_assert_eq(interaction_append(rig.db, &i, &e), 0, "%s", e.msg);
}

Test(segment, messages)
{
	texted(&anna, DIRECTION_INBOUND, 40);
	texted(&bert, DIRECTION_INBOUND, 10);
	texted(&bert, DIRECTION_INBOUND, 5);
	texted(&cleo, DIRECTION_OUTBOUND, 5);
	expect_who("{\"message\":\"inbound\"}", "ab");
	expect_who("{\"message\":\"inbound\",\"at_least\":2}", "b");
	expect_who("{\"message\":\"inbound\",\"older_than\":\"30d\"}", "a");
	expect_who("{\"not\":{\"message\":\"inbound\",\"within\":\"30d\"}}", "ac");
	expect_who("{\"message\":\"outbound\",\"channel\":\"sms\"}", "c");
	expect_who("{\"message\":\"inbound\",\"channel\":\"email\"}", "");
	rig_merge(&rig, &anna, &bert);
	expect_who("{\"message\":\"inbound\",\"at_least\":3}", "ab");
}

static void keep(const char *name, const char *json, const char *code)
{
	struct segment_row row = {.name = str_of(name), .conditions = str_of(json), .author = STR("tester")};
	struct err e = {0};
	struct uuid id;

	cr_assert_eq(segment_create(rig.db, &row, T0, &id, &e), code ? -1 : 0, "%s", e.msg);
	cr_expect_str_eq(e.code, code ? code : "", "%s", e.msg);
}

Test(segment, segments_of_segments)
{
	struct err e = {0};
	struct buf b;
	struct json_out j;

	keep("gold", "{\"tier\":\"gold\"}", NULL);
	keep("gold", "{\"tier\":\"gold\"}", "segment_exists");
	keep("Gold", "{\"tier\":\"gold\"}", "name_invalid");
	keep("me", "{\"in_segment\":\"me\"}", "segment_cycle");
	keep("lost", "{\"in_segment\":\"nowhere\"}", "segment_unknown");
	keep("rest", "{\"not\":{\"in_segment\":\"gold\"}}", NULL);
	expect_who("{\"in_segment\":\"rest\"}", "bc");
	expect_who("{\"all\":[{\"in_segment\":\"rest\"},{\"locale\":\"de\"}]}", "b");
	cr_expect_eq(
		segment_update(rig.db, STR("gold"), (struct str){0}, STR("{\"in_segment\":\"rest\"}"), "t", 0, T0, &e),
		-1);
	cr_expect_str_eq(e.code, "segment_cycle");
	cr_expect_eq(segment_delete(rig.db, STR("gold"), &e), -1);
	cr_expect_str_eq(e.code, "segment_in_use");
	cr_expect_eq(segment_update(rig.db, STR("gold"), STR("all"), STR("{\"locale\":\"den\"}"), "t", 1, T0, &e), 0,
		     "%s", e.msg);
	cr_expect_eq(segment_update(rig.db, STR("gold"), STR("x"), (struct str){0}, "t", 1, T0, &e), -1);
	cr_expect_str_eq(e.code, "version_changed");
	expect_who("{\"in_segment\":\"rest\"}", "ab");
	buf_init(&b, 4096);
	json_begin(&j, &b);
	cr_assert_eq(segment_of_customer_json(rig.db, &cleo, NOW, &j, NULL, &e), 0);
	cr_expect(strstr(buf_cstr(&b), "\"gold\"") && !strstr(buf_cstr(&b), "\"rest\""), "%s", buf_cstr(&b));
	buf_free(&b);
	cr_expect_eq(segment_delete(rig.db, STR("rest"), &e), 0);
	cr_expect_eq(segment_delete(rig.db, STR("gold"), &e), 0);
}

Test(segment, pages_go_on_where_they_ended)
{
	struct segment *s = NULL;
	struct uuid ids[2], last = {{0}};
	size_t n, all = 0;

	cr_assert_eq(segment_parse(STR("{\"time_zone\":\"Europe/Berlin\"}"), &s, NULL), 0);
	do {
		cr_assert_eq(segment_page(rig.db, s, NOW, all ? &last : NULL, ids, 2, &n, NULL), 0);
		for (size_t k = 0; k < n; k++) {
			cr_expect(memcmp(&ids[k], &last, sizeof last) > 0);
			last = ids[k];
		}
		all += n;
	} while (n == 2);
	cr_expect_eq(all, 3);
	segment_free(&s);
}

Test(segment, no_value_is_in_the_text)
{
	expect_who("{\"tier\":\"' OR 1=1 --\"}", "");
	expect_who("{\"attribute\":\"') OR (1=1\",\"is\":\"x\"}", "");
	expect_who("{\"attribute\":\"plan\",\"begins\":\"%\"}", "");
}
