#include "base/clock.h"
#include "unit/customer_rig.h"
#include <criterion/criterion.h>

static struct store_rig rig;

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

TestSuite(customer_identity, .init = setup, .fini = teardown);

static const char number[] = "+4915123456789";

Test(customer_identity, unknown_sender_becomes_a_prospect_once)
{
	struct address a = rig_address(SCHEME_TEL, number);
	struct identity who, again;
	struct arena *arena = arena_new(1 << 16);
	struct customer c;

	cr_assert(arena);
	cr_assert_eq(identity_resolve(rig.db, rig.events, &a, STR("Anna"), T0, T0, &who, NULL), 0);
	cr_expect(who.created && uuid_eq(&who.survivor, &who.contact.customer));
	cr_assert_eq(customer_get(rig.db, &who.survivor, arena, &c, NULL), 0);
	cr_expect(c.stage == STAGE_PROSPECT && str_is(c.name, "Anna"));
	again = rig_resolve(&rig, number, T0 + 1);
	cr_expect(!again.created && uuid_eq(&again.survivor, &who.survivor));
	cr_expect_eq(rig_events(&rig, "customer.created"), 1);
	again = rig_resolve(&rig, number, T0 - US_DAY * 365);
	cr_expect(!again.created, "a late message finds the same one");
	arena_free(&arena);
}

Test(customer_identity, late_message_belongs_to_the_former_owner)
{
	struct identity first = rig_resolve(&rig, number, T0), second, late;
	struct address a = rig_address(SCHEME_TEL, number);
	struct uuid bert = rig_customer(&rig, "Bert", "");

	cr_assert_eq(
		contact_add(rig.db, rig.events, &bert, &a, "bss", NULL, T0 + US_DAY, true, T0 + US_DAY, NULL, NULL), 0);
	second = rig_resolve(&rig, number, T0 + US_DAY);
	cr_expect(uuid_eq(&second.survivor, &bert));
	late = rig_resolve(&rig, number, T0 + US_DAY - 1);
	cr_expect(uuid_eq(&late.survivor, &first.survivor));
}

Test(customer_identity, prospect_of_a_gap_leaves_its_neighbours_alone)
{
	struct address a = rig_address(SCHEME_TEL, number);
	struct uuid bert = rig_customer(&rig, "Bert", "");
	struct identity first = rig_resolve(&rig, number, T0), gap, again;

	cr_assert_eq(contact_end(rig.db, rig.events, &first.contact.id, T0 + 10, NULL), 0);
	cr_assert_eq(contact_add(rig.db, rig.events, &bert, &a, "bss", NULL, T0 + 30, false, T0 + 30, NULL, NULL), 0);
	gap = rig_resolve(&rig, number, T0 + 20);
	cr_expect(gap.created && gap.contact.valid_from == T0 + 10 && gap.contact.valid_to == T0 + 30);
	again = rig_resolve(&rig, number, T0 + 9);
	cr_expect(uuid_eq(&again.survivor, &first.survivor));
	again = rig_resolve(&rig, number, T0 + 30);
	cr_expect(uuid_eq(&again.survivor, &bert));
	again = rig_resolve(&rig, number, T0 + 29);
	cr_expect(uuid_eq(&again.survivor, &gap.survivor) && !again.created);
}

Test(customer_identity, merge_points_and_unmerge_restores)
{
	struct uuid a = rig_customer(&rig, "A", "ext-a"), b = rig_customer(&rig, "B", "ext-b"), record, survivor,
		    restored, m[MEMBERS_MAX];
	struct identity who;

	rig_contact(&rig, &b, rig_address(SCHEME_TEL, number), NULL, T0);
	record = rig_merge(&rig, &a, &b);
	who = rig_resolve(&rig, number, T0);
	cr_expect(uuid_eq(&who.survivor, &a) && uuid_eq(&who.contact.customer, &b),
		  "the contact point stays its owner's");
	cr_expect(identity_members(rig.db, &b, m, NULL) == 2 && uuid_eq(&m[0], &a) && uuid_eq(&m[1], &b));
	cr_assert_eq(customer_by_external_id(rig.db, STR("ext-b"), &survivor, NULL), 0);
	survivor = rig_survivor(&rig, &survivor);
	cr_expect(uuid_eq(&survivor, &a), "old ids keep resolving");
	cr_assert_eq(identity_unmerge(rig.db, rig.events, &record, "tester", T0, &survivor, &restored, NULL), 0);
	cr_expect(uuid_eq(&survivor, &a) && uuid_eq(&restored, &b));
	who = rig_resolve(&rig, number, T0);
	cr_expect(uuid_eq(&who.survivor, &b));
	cr_expect_eq(identity_members(rig.db, &a, m, NULL), 1);
	cr_expect_eq(rig_events(&rig, "customer.merged"), 1);
	cr_expect_eq(rig_events(&rig, "customer.unmerged"), 1);
	cr_expect_eq(store_rig_number(&rig, "SELECT COUNT(*) FROM audit WHERE author IN ('tester')"), 2);
}

static void refused(const struct uuid *keep, const struct uuid *join, const char *code)
{
	struct uuid record;
	struct err e = {0};

	cr_expect_eq(identity_merge(rig.db, rig.events, keep, join, "", "", T0, &record, &e), -1);
	cr_expect_str_eq(e.code, code);
}

Test(customer_identity, impossible_merges_say_why)
{
	struct uuid a = rig_customer(&rig, "A", ""), b = rig_customer(&rig, "B", ""), c = rig_customer(&rig, "C", ""),
		    nobody = uuid7(T0), record = rig_merge(&rig, &a, &b), x, y;
	struct err e = {0};

	refused(&a, &a, "merge_with_itself");
	refused(&a, &b, "already_merged");
	refused(&b, &a, "already_merged");
	refused(&c, &b, "already_merged");
	refused(&c, &nobody, "customer_not_found");
	refused(&nobody, &c, "customer_not_found");
	rig_merge(&rig, &b, &c);
	x = rig_survivor(&rig, &c);
	cr_expect(uuid_eq(&x, &a), "an old id means who stands for it");
	cr_assert_eq(identity_unmerge(rig.db, rig.events, &record, "", T0, &x, &y, &e), 0);
	cr_expect_eq(identity_unmerge(rig.db, rig.events, &record, "", T0, &x, &y, &e), -1);
	cr_expect_str_eq(e.code, "already_unmerged");
	cr_expect_eq(identity_unmerge(rig.db, rig.events, &nobody, "", T0, &x, &y, &e), -1);
	cr_expect_str_eq(e.code, "merge_not_found");
}

Test(customer_identity, strangers_behind_one_address_are_nobodys)
{
	struct address sender = rig_address(SCHEME_SENDER, "Vodafone"), centre = rig_address(SCHEME_TEL, "+4930123456");
	struct uuid anna = rig_customer(&rig, "Anna", "");
	struct identity who;

	cr_assert_eq(identity_resolve(rig.db, rig.events, &sender, STR(""), T0, T0, &who, NULL), 0);
	refused(&anna, &who.survivor, "never_merge");
	cr_assert_eq(never_merge_add(rig.db, &centre, "call centre", T0, NULL), 0);
	cr_assert_eq(identity_resolve(rig.db, rig.events, &centre, STR(""), T0, T0, &who, NULL), 0);
	refused(&who.survivor, &anna, "never_merge");
	cr_assert_eq(never_merge_remove(rig.db, &centre, NULL), 0);
	rig_merge(&rig, &who.survivor, &anna);
}

Test(customer_identity, a_set_has_a_limit)
{
	struct uuid a = rig_customer(&rig, "A", "");

	for (int i = 1; i < MEMBERS_MAX; i++) {
		struct uuid b = rig_customer(&rig, "B", "");
		rig_merge(&rig, &a, &b);
	}
	struct uuid last = rig_customer(&rig, "B", ""), m[MEMBERS_MAX];
	refused(&a, &last, "merge_too_large");
	cr_expect_eq(identity_members(rig.db, &a, m, NULL), MEMBERS_MAX);
}

Test(customer_identity, records_of_the_whole_set_are_shown)
{
	struct uuid a = rig_customer(&rig, "A", ""), b = rig_customer(&rig, "B", ""), c = rig_customer(&rig, "C", ""),
		    x, y;
	struct uuid bc = rig_merge(&rig, &b, &c);
	struct json_out j;
	struct buf out;
	json_t *v;

	buf_init(&out, 1 << 16);
	rig_merge(&rig, &a, &b);
	for (int i = 0; i < 3;
	     i++) { /* of the survivor, of the innermost, and after that one was undone and done again */
		if (i == 2) {
			cr_assert_eq(identity_unmerge(rig.db, rig.events, &bc, "t", T0, &x, &y, NULL), 0);
			cr_expect(uuid_eq(&x, &a) && uuid_eq(&y, &c));
			rig_merge(&rig, &a, &c);
		}
		buf_reset(&out);
		json_begin(&j, &out);
		cr_assert_eq(identity_merges_json(rig.db, i == 1 ? &c : &a, &j, NULL, NULL), 0);
		cr_assert_eq(json_read(buf_str(&out), 8, &v, NULL), 0);
		cr_expect_eq(json_array_size(v), i == 2 ? 3 : 2, "%d", i);
		json_decref(v);
	}
	buf_free(&out);
}

/*
 * Any sequence of merges and unmerges, in any order: at each moment two customers are one exactly if a chain of merges
 * that are not undone connects them, and when all are undone everything is as it was.
 */
enum { PEOPLE = 12, STEPS = 150 };

struct edge {
	int keep, join; /* indices of the roots at that time */
	struct uuid record;
	bool open;
};

static int root_of(int i, const struct edge *e, int n)
{
	for (int k = 0; k < n; k++)
		if (e[k].open && e[k].join == i)
			return root_of(e[k].keep, e, n);
	return i;
}

static void check_all(const struct uuid *people, const struct edge *e, int n)
{
	for (int i = 0; i < PEOPLE; i++) {
		struct uuid s = rig_survivor(&rig, &people[i]), m[MEMBERS_MAX];
		int root = root_of(i, e, n), size = 0;
		for (int k = 0; k < PEOPLE; k++)
			size += root_of(k, e, n) == root;
		cr_assert(uuid_eq(&s, &people[root]), "customer %d", i);
		cr_assert_eq(identity_members(rig.db, &people[i], m, NULL), size, "customer %d", i);
	}
}

/* The same sequence each time, so that what fails fails again. */
static int dice(uint32_t *seed, int sides)
{
	*seed = *seed * 1664525 + 1013904223;
	return (int)((*seed >> 8) % (uint32_t)sides);
}

static void step(uint32_t *seed, const struct uuid *people, struct edge *e, int *n)
{
	int a = dice(seed, PEOPLE), b = dice(seed, PEOPLE), open = 0;
	struct uuid survivor, restored;
	struct err err = {0};

	for (int i = 0; i < *n; i++)
		open += e[i].open;
	if (open && dice(seed, 2)) { /* undo any that is open, not the last one */
		int k = dice(seed, *n);
		while (!e[k].open)
			k = (k + 1) % *n;
		e[k].open = false;
		cr_assert_eq(identity_unmerge(rig.db, rig.events, &e[k].record, "t", T0, &survivor, &restored, &err), 0,
			     "%s", err.msg);
		cr_assert(uuid_eq(&restored, &people[e[k].join]) &&
			  uuid_eq(&survivor, &people[root_of(e[k].keep, e, *n)]));
		return;
	}
	a = root_of(a, e, *n);
	b = root_of(b, e, *n);
	if (a == b)
		return;
	e[*n] = (struct edge){.keep = a, .join = b, .open = true, .record = rig_merge(&rig, &people[a], &people[b])};
	++*n;
}

Test(customer_identity, any_order_of_merges_and_unmerges)
{
	struct uuid people[PEOPLE];
	struct edge e[STEPS];
	uint32_t seed = 20240229;
	int n = 0;

	for (int i = 0; i < PEOPLE; i++)
		people[i] = rig_customer(&rig, "P", "");
	for (int i = 0; i < STEPS; i++) {
		step(&seed, people, e, &n);
		check_all(people, e, n);
	}
	cr_expect_gt(n, 30);
	for (int i = 0; i < n; i++) {
		struct uuid x, y;
		if (e[i].open)
			cr_assert_eq(identity_unmerge(rig.db, rig.events, &e[i].record, "t", T0, &x, &y, NULL), 0);
		e[i].open = false;
	}
	check_all(people, e, n);
	cr_expect_eq(store_rig_number(&rig, "SELECT COUNT(*) FROM customer WHERE merged_into IS NOT NULL"), 0);
}
