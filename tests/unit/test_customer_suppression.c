#include <criterion/criterion.h>

#include "customer/suppression.h"
#include "unit/customer_rig.h"

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

TestSuite(customer_suppression, .init = setup, .fini = teardown);

static struct suppression entry(int purpose)
{
	return (struct suppression){.address = rig_address(SCHEME_TEL, "+4915123456789"),
				    .purpose = purpose,
				    .reason = STR("robinson"),
				    .source = STR("api")};
}

static int is(enum purpose p)
{
	struct address a = rig_address(SCHEME_TEL, "+4915123456789");
	return suppression_is(rig.db, &a, p, NULL);
}

Test(customer_suppression, one_purpose_leaves_the_others)
{
	struct suppression s = entry(PURPOSE_MARKETING), all = entry(SUPPRESSION_ALL), again = s;
	struct address other = rig_address(SCHEME_SHORT, "+4915123456789");
	bool added;

	cr_assert_eq(suppression_add(rig.db, rig.events, &s, T0, &added, NULL), 0);
	cr_expect(added && is(PURPOSE_MARKETING) == 1 && is(PURPOSE_SERVICE) == 0);
	cr_expect_eq(suppression_is(rig.db, &other, PURPOSE_MARKETING, NULL), 0, "another scheme");
	cr_assert_eq(suppression_add(rig.db, rig.events, &again, T0 + 5, &added, NULL), 0);
	cr_expect(!added && uuid_eq(&again.id, &s.id) && again.at == T0, "the first stays");
	cr_assert_eq(suppression_add(rig.db, rig.events, &all, T0, &added, NULL), 0);
	cr_expect(added && is(PURPOSE_SERVICE) == 1);
	cr_assert_eq(suppression_remove(rig.db, rig.events, &all.id, T0, NULL), 0);
	cr_expect(is(PURPOSE_SERVICE) == 0 && is(PURPOSE_MARKETING) == 1);
	cr_expect_eq(rig_events(&rig, "consent.suppressed"), 2);
	cr_expect_eq(rig_events(&rig, "consent.unsuppressed"), 1);
}

Test(customer_suppression, what_is_not_there_cannot_be_taken_off)
{
	struct uuid id = uuid7(T0);
	struct err e = {0};

	cr_expect_eq(suppression_remove(rig.db, rig.events, &id, T0, &e), -1);
	cr_expect_str_eq(e.code, "suppression_not_found");
}
