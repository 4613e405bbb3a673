#include <criterion/criterion.h>

#include "base/clock.h"
#include "unit/customer_rig.h"

static struct store_rig rig;
static struct uuid anna, bert;

static void setup(void)
{
	store_rig_open(&rig);
	store_rig_begin(&rig);
	anna = rig_customer(&rig, "Anna", "");
	bert = rig_customer(&rig, "Bert", "");
}

static void teardown(void)
{
	store_rig_commit(&rig);
	store_rig_close(&rig);
}

TestSuite(customer_contact, .init = setup, .fini = teardown);

static struct address number(void) { return rig_address(SCHEME_TEL, "+4915123456789"); }

/* Whose it is at `at`: 'a', 'b' or '-'. */
static char owner(int64_t at)
{
	struct address a = number();
	struct contact c;
	int r = contact_find(rig.db, &a, at, &c, NULL);

	cr_assert(r >= 0);
	return r ? '-' : uuid_eq(&c.customer, &anna) ? 'a' : uuid_eq(&c.customer, &bert) ? 'b' : '?';
}

static int add(const struct uuid *who, int64_t from, bool take, int64_t now, struct err *e)
{
	struct address a = number();
	return contact_add(rig.db, rig.events, who, &a, NULL, "mobile", from, take, now, NULL, e);
}

Test(customer_contact, first_owner_has_it_since_ever)
{
	cr_expect_eq(owner(T0), '-');
	cr_assert_eq(add(&anna, 0, false, T0, NULL), 0);
	cr_expect(owner(1) == 'a' && owner(T0) == 'a' && owner(0) == 'a' && owner(T0 + US_DAY) == 'a');
	cr_expect_eq(rig_events(&rig, "identity.added"), 1);
}

Test(customer_contact, recycled_number_changes_hands_at_a_date)
{
	struct err e = {0};

	cr_assert_eq(add(&anna, 0, false, T0, NULL), 0);
	cr_assert_eq(add(&bert, T0 + 10, true, T0 + 20, &e), 0, "%s", e.msg);
	cr_expect(owner(T0 + 9) == 'a' && owner(T0 + 10) == 'b' && owner(0) == 'b');
	cr_expect_eq(rig_events(&rig, "identity.removed"), 1);
	cr_expect_eq(add(&anna, T0 + 10, true, T0 + 20, &e), -1, "nobody had it before that within the interval");
	cr_expect_str_eq(e.code, "valid_from_too_early");
	cr_assert_eq(add(&anna, T0 + 30, true, T0 + 20, &e), 0, "a date to come");
	cr_expect(owner(T0 + 29) == 'b' && owner(T0 + 30) == 'a');
}

Test(customer_contact, taken_address_is_a_conflict_and_a_suggestion)
{
	struct err e = {0};

	cr_assert_eq(add(&anna, 0, false, T0, NULL), 0);
	cr_expect_eq(add(&bert, 0, false, T0 + 1, &e), -1);
	cr_expect(e.kind == ERR_CONFLICT && strcmp(e.code, "address_taken") == 0);
	cr_expect_eq(store_rig_number(&rig, "SELECT COUNT(*) FROM merge_suggestion"), 1);
	cr_expect_eq(owner(0), 'a');
}

Test(customer_contact, released_address_can_be_given_again)
{
	struct address a = number();
	struct contact c;

	for (int round = 0; round < 3; round++) {
		int64_t now = T0 + round * US_DAY;
		cr_assert_eq(add(round % 2 ? &bert : &anna, 0, false, now, NULL), 0);
		cr_assert_eq(contact_find(rig.db, &a, now, &c, NULL), 0);
		cr_assert_eq(contact_end(rig.db, rig.events, &c.id, now + US_HOUR, NULL), 0);
		cr_expect_eq(owner(now), round % 2 ? 'b' : 'a');
		cr_expect_eq(owner(now + US_HOUR), '-');
	}
	cr_expect(owner(0) == '-' && owner(T0 + US_DAY - 1) == '-' && owner(1) == 'a');
	/* ended in the moment it was given: an interval is never empty */
	cr_assert_eq(add(&anna, 0, false, T0 + US_DAY * 9, NULL), 0);
	cr_assert_eq(contact_find(rig.db, &a, 0, &c, NULL), 0);
	cr_assert_eq(contact_end(rig.db, rig.events, &c.id, T0 + US_DAY * 9, NULL), 0);
	cr_assert_eq(add(&bert, 0, false, T0 + US_DAY * 9 + 1, NULL), 0);
	cr_expect_eq(owner(0), 'b');
}

Test(customer_contact, past_interval_ends_where_the_next_begins)
{
	struct address a = number();
	struct contact c;

	cr_assert_eq(add(&bert, T0 + 100, false, T0, NULL), 0);
	cr_assert_eq(contact_add(rig.db, rig.events, &anna, &a, NULL, NULL, T0 + 50, false, T0, &c, NULL), 0);
	cr_expect_eq(c.valid_to, T0 + 100);
	cr_expect(owner(T0 + 49) == '-' && owner(T0 + 50) == 'a' && owner(T0 + 100) == 'b');
}

Test(customer_contact, own_address_again_is_the_same_one)
{
	struct address a = number();
	struct contact first, again;

	first = rig_contact(&rig, &anna, a, NULL, T0);
	cr_assert_eq(contact_add(rig.db, rig.events, &anna, &a, "otp", NULL, 0, true, T0 + 5, &again, NULL), 0);
	cr_expect(uuid_eq(&first.id, &again.id) && strcmp(again.verified_by, "otp") == 0 &&
		  again.verified_at == T0 + 5);
	rig_merge(&rig, &bert, &anna);
	cr_assert_eq(contact_add(rig.db, rig.events, &bert, &a, NULL, NULL, 0, false, T0 + 6, &again, NULL), 0);
	cr_expect(uuid_eq(&first.id, &again.id), "the same person's");
	cr_expect_eq(rig_events(&rig, "identity.added"), 1);
	cr_expect_eq(rig_events(&rig, "identity.verified"), 1);
}

Test(customer_contact, the_last_used_comes_first_unless_one_is_preferred)
{
	static const char *const numbers[] = {"+4915123456781", "+4915123456782", "+4915123456783"};
	struct contact c[3], list[8];

	for (int i = 0; i < 3; i++)
		c[i] = rig_contact(&rig, &anna, rig_address(SCHEME_TEL, numbers[i]), NULL, T0);
	cr_assert_eq(contact_touch(rig.db, &c[1], DIRECTION_INBOUND, T0 + US_HOUR, NULL), 0);
	cr_assert_eq(contact_touch(rig.db, &c[0], DIRECTION_OUTBOUND, T0 + 2 * US_HOUR, NULL), 0);
	cr_assert_eq(contact_list(rig.db, &anna, 1, T0, list, 8, NULL), 3);
	cr_expect_str_eq(list[0].address.value, numbers[1], "what the customer chose");
	cr_expect_str_eq(list[1].address.value, numbers[0]);
	cr_assert_eq(contact_label(rig.db, &c[2].id, "home", true, NULL), 0);
	cr_assert_eq(contact_end(rig.db, rig.events, &c[1].id, T0 + US_DAY, NULL), 0);
	cr_assert_eq(contact_list(rig.db, &anna, 1, T0 + US_DAY, list, 8, NULL), 2);
	cr_expect(strcmp(list[0].address.value, numbers[2]) == 0 && list[0].preferred &&
		  strcmp(list[0].label, "home") == 0);
	cr_expect_eq(contact_list(rig.db, &anna, 1, T0 + US_DAY, list, 1, NULL), 1);
}

Test(customer_contact, touch_is_written_once_a_minute)
{
	struct contact c = rig_contact(&rig, &anna, number(), NULL, T0);
	struct contact now;

	cr_assert_eq(contact_touch(rig.db, &c, DIRECTION_INBOUND, T0 + US_HOUR, NULL), 0);
	cr_assert_eq(contact_get(rig.db, &c.id, &now, NULL), 0);
	cr_assert_eq(contact_touch(rig.db, &now, DIRECTION_INBOUND, T0 + US_HOUR + US_SEC, NULL), 0);
	cr_assert_eq(contact_get(rig.db, &c.id, &now, NULL), 0);
	cr_expect_eq(now.last_in_at, T0 + US_HOUR);
}

Test(customer_contact, long_labels_are_cut_between_characters)
{
	struct address a = number();
	struct contact c;

	cr_assert_eq(
		contact_add(rig.db, rig.events, &anna, &a, NULL, "ääääääääääääääääääääääääää", 0, false, T0, &c, NULL),
		0);
	cr_expect(str_utf8_ok(str_of(c.label)) && strlen(c.label) == 38);
}

Test(customer_contact, unknown_is_not_found)
{
	struct uuid id = uuid7(T0);
	struct contact c;
	struct err e = {0};

	cr_expect(contact_get(rig.db, &id, &c, &e) == -1 && e.kind == ERR_NOT_FOUND);
	cr_expect(contact_verify(rig.db, rig.events, &id, "otp", T0, &e) == -1 && e.kind == ERR_NOT_FOUND);
	cr_expect(contact_end(rig.db, rig.events, &id, T0, &e) == -1 && e.kind == ERR_NOT_FOUND);
	cr_expect(contact_label(rig.db, &id, "", false, &e) == -1 && e.kind == ERR_NOT_FOUND);
}

/* ---- consent ---- */

Test(customer_contact, consent_changes_are_kept_with_their_history)
{
	struct address a = number();
	struct consent c;
	bool changed;
	struct json_out j;
	struct buf b;
	json_t *v;

	cr_assert_eq(consent_get(rig.db, &a, PURPOSE_MARKETING, &c, NULL), 0);
	cr_expect(c.state == CONSENT_UNKNOWN && c.purpose == PURPOSE_MARKETING);
	cr_assert_eq(consent_set(rig.db, rig.events, &a, &anna, PURPOSE_MARKETING, CONSENT_IN, "api",
				 STR("{\"form\":7}"), T0, &changed, NULL),
		     0);
	cr_expect(changed);
	cr_assert_eq(consent_set(rig.db, rig.events, &a, &anna, PURPOSE_MARKETING, CONSENT_OUT, "keyword", STR(""),
				 T0 + 1, &changed, NULL),
		     0);
	cr_expect(changed);
	cr_assert_eq(consent_set(rig.db, rig.events, &a, &anna, PURPOSE_MARKETING, CONSENT_OUT, "agent", STR(""),
				 T0 + 2, &changed, NULL),
		     0);
	cr_expect(!changed, "it was so already");
	cr_assert_eq(consent_get(rig.db, &a, PURPOSE_MARKETING, &c, NULL), 0);
	cr_expect(c.state == CONSENT_OUT && strcmp(c.source, "keyword") == 0 && c.at == T0 + 1);
	cr_assert_eq(consent_get(rig.db, &a, PURPOSE_SERVICE, &c, NULL), 0);
	cr_expect_eq(c.state, CONSENT_UNKNOWN, "one purpose says nothing of another");
	cr_expect_eq(rig_events(&rig, "consent.changed"), 2);
	buf_init(&b, 1 << 14);
	json_begin(&j, &b);
	cr_assert_eq(consent_json(rig.db, &a, &j, NULL, NULL), 0);
	cr_assert_eq(json_read(buf_str(&b), 8, &v, NULL), 0, "%s", buf_cstr(&b));
	cr_expect_eq(json_array_size(json_object_get(v, "history")), 2);
	cr_expect_str_eq(json_string_value(json_object_get(json_object_get(json_object_get(v, "purposes"), "marketing"),
							   "state")),
			 "opt_out");
	json_decref(v);
	buf_free(&b);
}
