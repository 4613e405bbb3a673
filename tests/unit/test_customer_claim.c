#include <criterion/criterion.h>
#include <stdio.h>

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

TestSuite(customer_claim, .init = setup, .fini = teardown);

static struct address number(void) { return rig_address(SCHEME_TEL, "+4915123456789"); }

static bool claim(const struct uuid *who, struct address a, const char *verified_by)
{
	struct err e = {0};
	bool merged = true;

	cr_assert_eq(identity_claim(rig.db, rig.events, who, &a, verified_by, T0, &merged, &e), 0, "%s", e.msg);
	return merged;
}

static int suggestions(void)
{
	return (int)store_rig_number(&rig, "SELECT COUNT(*) FROM merge_suggestion WHERE state = 0");
}

static bool one(const struct uuid *a, const struct uuid *b)
{
	struct uuid x = rig_survivor(&rig, a), y = rig_survivor(&rig, b);
	return uuid_eq(&x, &y);
}

Test(customer_claim, free_address_becomes_ones_own)
{
	struct address a = number();
	struct contact c;

	cr_expect(!claim(&anna, a, NULL));
	cr_assert_eq(contact_find(rig.db, &a, 0, &c, NULL), 0);
	cr_expect(uuid_eq(&c.customer, &anna) && c.verified_by[0] == 0);
	cr_expect(!claim(&anna, a, "otp"));
	cr_assert_eq(contact_find(rig.db, &a, 0, &c, NULL), 0);
	cr_expect_str_eq(c.verified_by, "otp");
}

Test(customer_claim, only_what_is_proven_on_both_sides_merges)
{
	static const struct {
		const char *theirs, *ours;
		bool merges;
	} v[] = {{NULL, NULL, false},
		 {NULL, "otp", false},
		 {"bss", NULL, false},
		 {"bss", "", false},
		 {"bss", "otp", true}};

	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct uuid a = rig_customer(&rig, "A", ""), b = rig_customer(&rig, "B", "");
		char text[24];
		int before = suggestions();
		snprintf(text, sizeof text, "+491512345678%zu", i);
		rig_contact(&rig, &a, rig_address(SCHEME_TEL, text), v[i].theirs, T0);
		cr_expect_eq(claim(&b, rig_address(SCHEME_TEL, text), v[i].ours), v[i].merges, "%zu", i);
		cr_expect_eq(one(&a, &b), v[i].merges, "%zu", i);
		cr_expect_eq(suggestions(), before + !v[i].merges, "%zu", i);
	}
}

Test(customer_claim, known_customers_of_different_ids_are_left_to_a_person)
{
	struct uuid a = rig_customer(&rig, "A", "crm-1"), b = rig_customer(&rig, "B", "crm-2");

	rig_contact(&rig, &a, number(), "bss", T0);
	cr_expect(!claim(&b, number(), "otp"), "a household shares a number");
	cr_expect(!one(&a, &b) && suggestions() == 1);
}

Test(customer_claim, the_better_known_one_stays)
{
	struct identity prospect = rig_resolve(&rig, "+4915123456789", T0);
	struct uuid known = rig_customer(&rig, "K", "crm-1"), s;

	cr_assert_eq(contact_verify(rig.db, rig.events, &prospect.contact.id, "otp", T0, NULL), 0);
	cr_expect(claim(&known, number(), "otp"));
	s = rig_survivor(&rig, &prospect.survivor);
	cr_expect(uuid_eq(&s, &known), "though it is the younger one");
}

Test(customer_claim, many_addresses_do_not_merge_by_themselves)
{
	char text[24];

	for (int i = 0; i < 8; i++) {
		snprintf(text, sizeof text, "+491512345600%d", i);
		rig_contact(&rig, &anna, rig_address(SCHEME_TEL, text), "bss", T0);
	}
	rig_contact(&rig, &bert, number(), "bss", T0);
	cr_expect(!claim(&anna, number(), "otp"));
	cr_expect(!one(&anna, &bert) && suggestions() == 1);
}

Test(customer_claim, what_a_person_cut_apart_stays_apart)
{
	struct uuid record, x, y;

	rig_contact(&rig, &anna, number(), "bss", T0);
	record = rig_merge(&rig, &anna, &bert);
	cr_assert_eq(identity_unmerge(rig.db, rig.events, &record, "t", T0, &x, &y, NULL), 0);
	cr_expect(!claim(&bert, number(), "otp"));
	cr_expect(!one(&anna, &bert));
}

Test(customer_claim, shared_addresses_change_nothing)
{
	struct address centre = number(), noreply = rig_address(SCHEME_MAIL, "no-reply@example.com"),
		       sender = rig_address(SCHEME_SENDER, "Vodafone"), code = rig_address(SCHEME_SHORT, "40404");
	struct contact c;

	rig_contact(&rig, &anna, centre, "bss", T0);
	cr_assert_eq(never_merge_add(rig.db, &centre, "call centre", T0, NULL), 0);
	cr_expect(!claim(&bert, centre, "otp"));
	cr_expect(!claim(&bert, noreply, "otp") && contact_find(rig.db, &noreply, 0, &c, NULL) == 1);
	cr_expect(!claim(&bert, sender, "otp") && contact_find(rig.db, &sender, 0, &c, NULL) == 1);
	cr_expect(!claim(&bert, code, "otp") && contact_find(rig.db, &code, 0, &c, NULL) == 1);
	cr_expect(!one(&anna, &bert) && suggestions() == 0);
}

Test(customer_claim, anonymous_visitor_joins_the_one_the_site_proves)
{
	struct address v = rig_address(SCHEME_VISITOR, "0192f0c1-7c3b-7000-8000-00000000002a");
	struct uuid known = rig_customer(&rig, "K", "crm-1"), other = rig_customer(&rig, "O", "crm-2"), s;
	struct identity who;
	struct contact c;

	cr_assert_eq(identity_resolve(rig.db, rig.events, &v, STR(""), T0, T0, &who, NULL), 0);
	cr_expect(!claim(&known, v, NULL), "saying so is not enough");
	cr_expect(!one(&known, &who.survivor));
	cr_expect(claim(&known, v, "hmac"));
	s = rig_survivor(&rig, &who.survivor);
	cr_expect(uuid_eq(&s, &known));
	cr_expect(!claim(&known, v, "hmac"), "once");
	/* a second person at the same browser */
	bool merged;
	cr_assert_eq(identity_claim(rig.db, rig.events, &other, &v, "hmac", T0 + US_HOUR, &merged, NULL), 0);
	cr_expect(!merged && !one(&known, &other));
	cr_assert_eq(contact_find(rig.db, &v, T0 + US_HOUR, &c, NULL), 0);
	cr_expect(uuid_eq(&c.customer, &other));
	cr_assert_eq(contact_find(rig.db, &v, T0, &c, NULL), 0);
	cr_expect(one(&c.customer, &known), "what was before stays the first one's");
}

Test(customer_claim, visitor_cut_apart_is_not_joined_again)
{
	struct address v = rig_address(SCHEME_VISITOR, "0192f0c1-7c3b-7000-8000-00000000002a");
	struct uuid known = rig_customer(&rig, "K", "crm-1"), record, x, y;
	struct identity who;
	struct contact c;
	bool merged;

	cr_assert_eq(identity_resolve(rig.db, rig.events, &v, STR(""), T0, T0, &who, NULL), 0);
	cr_expect(claim(&known, v, "hmac"));
	struct stmt *q = db_query(rig.db, "SELECT id FROM customer_merge");
	cr_assert(db_step(q, NULL) == DB_ROW && db_col_uuid(q, 0, &record));
	db_done(q);
	cr_assert_eq(identity_unmerge(rig.db, rig.events, &record, "t", T0, &x, &y, NULL), 0);
	cr_assert_eq(identity_claim(rig.db, rig.events, &known, &v, "hmac", T0 + US_HOUR, &merged, NULL), 0);
	cr_expect(!merged && !one(&known, &who.survivor));
	cr_assert_eq(contact_find(rig.db, &v, T0 + US_HOUR, &c, NULL), 0);
	cr_expect(uuid_eq(&c.customer, &known), "but from now on the browser is the known one's");
}

/* ---- suggestions ---- */

static struct uuid the_suggestion(void)
{
	struct stmt *q = db_query(rig.db, "SELECT id FROM merge_suggestion");
	struct uuid id = {{0}};

	cr_assert_eq(db_step(q, NULL), DB_ROW);
	db_col_uuid(q, 0, &id);
	db_done(q);
	return id;
}

static size_t shown(void)
{
	struct json_out j;
	struct buf b;
	json_t *v;
	size_t n;

	buf_init(&b, 1 << 16);
	json_begin(&j, &b);
	cr_assert_eq(suggestions_json(rig.db, 50, &j, NULL, NULL), 0);
	cr_assert_eq(json_read(buf_str(&b), 8, &v, NULL), 0, "%s", buf_cstr(&b));
	n = json_array_size(v);
	json_decref(v);
	buf_free(&b);
	return n;
}

Test(customer_claim, suggestion_is_made_once_and_decided_once)
{
	struct uuid id;
	struct err e = {0};

	rig_contact(&rig, &anna, number(), NULL, T0);
	claim(&bert, number(), NULL);
	claim(&bert, number(), NULL);
	cr_expect(suggestions() == 1 && shown() == 1);
	cr_expect_eq(rig_events(&rig, "identity.duplicated"), 1);
	id = the_suggestion();
	cr_assert_eq(suggestion_decide(rig.db, rig.events, &id, true, "t", T0, &e), 0, "%s", e.msg);
	cr_expect(one(&anna, &bert) && shown() == 0);
	cr_expect_eq(suggestion_decide(rig.db, rig.events, &id, false, "t", T0, &e), -1);
	cr_expect_str_eq(e.code, "already_decided");
	cr_expect_eq(suggestion_decide(rig.db, rig.events, &anna, true, "t", T0, &e), -1);
	cr_expect_str_eq(e.code, "suggestion_not_found");
}

Test(customer_claim, rejected_pair_is_not_merged_by_proof)
{
	struct uuid id;
	struct contact c = rig_contact(&rig, &anna, number(), NULL, T0);

	claim(&bert, number(), NULL);
	id = the_suggestion();
	cr_assert_eq(suggestion_decide(rig.db, rig.events, &id, false, "t", T0, NULL), 0);
	cr_assert_eq(contact_verify(rig.db, rig.events, &c.id, "bss", T0, NULL), 0);
	cr_expect(!claim(&bert, number(), "otp") && !one(&anna, &bert));
	cr_expect_eq(shown(), 0, "nor asked again");
}

Test(customer_claim, pair_that_became_one_otherwise_is_settled)
{
	struct uuid id;

	rig_contact(&rig, &anna, number(), NULL, T0);
	claim(&bert, number(), NULL);
	id = the_suggestion();
	rig_merge(&rig, &bert, &anna);
	cr_expect_eq(shown(), 0);
	cr_expect_eq(suggestion_decide(rig.db, rig.events, &id, true, "t", T0, NULL), 0);
}

Test(customer_claim, never_merge_list)
{
	struct address a = number();
	struct json_out j;
	struct buf b;
	struct err e = {0};
	json_t *v;
	bool has;

	cr_assert_eq(never_merge_add(rig.db, &a, "centre", T0, NULL), 0);
	cr_assert_eq(never_merge_add(rig.db, &a, "the centre", T0, NULL), 0, "again: the note changes");
	cr_assert_eq(never_merge_has(rig.db, &a, &has, NULL), 0);
	cr_expect(has);
	buf_init(&b, 1 << 14);
	json_begin(&j, &b);
	cr_assert_eq(never_merge_json(rig.db, &j, NULL, NULL), 0);
	cr_assert_eq(json_read(buf_str(&b), 8, &v, NULL), 0);
	cr_expect_str_eq(json_string_value(json_object_get(json_array_get(v, 0), "note")), "the centre");
	json_decref(v);
	buf_free(&b);
	cr_assert_eq(never_merge_remove(rig.db, &a, NULL), 0);
	cr_expect(never_merge_remove(rig.db, &a, &e) == -1 && e.kind == ERR_NOT_FOUND);
	cr_assert_eq(never_merge_has(rig.db, &a, &has, NULL), 0);
	cr_expect(!has);
}
