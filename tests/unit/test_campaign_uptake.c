/* Offers and what becomes of them, in one transaction after the other. */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "campaign/uptake.h"
#include "customer/identity.h"
#include "unit/store_rig.h"

static struct store_rig rig;
static struct arena *arena;
static int64_t now;

static void open_rig(void)
{
	store_rig_open(&rig);
	arena = arena_new(1 << 20);
	cr_assert(arena);
	now = INT64_C(1700000000) * US_SEC;
	store_rig_begin(&rig);
}

static void close_rig(void)
{
	store_rig_rollback(&rig);
	arena_free(&arena);
	store_rig_close(&rig);
}

TestSuite(campaign_uptake, .init = open_rig, .fini = close_rig);

static struct uuid make_customer(void)
{
	struct customer c = {.name = STR("Ada")};
	struct err e = {0};
	struct uuid id;

	cr_assert_eq(customer_create(rig.db, rig.events, &c, now, &id, &e), 0, "%s", e.msg);
	return id;
}

static struct uuid make_offer(struct offer o)
{
	struct err e = {0};
	struct uuid id;

	o.per_customer = o.per_customer ? o.per_customer : 1;
	cr_assert_eq(offer_create(rig.db, &o, "test", now, &id, &e), 0, "%s", e.msg);
	return id;
}

/* The code of the refusal, or "" and what became of it. */
static const char *step(const struct uuid *offer, const struct uuid *customer, enum uptake_state to,
			struct uptake_result *out)
{
	static struct err e;
	struct uptake u = {.offer = *offer, .customer = *customer, .to = to, .source = "api", .author = "test"};

	e = (struct err){0};
	now += US_MS;
	return uptake_write(rig.db, rig.events, NULL, arena, &u, now, out, &e) ? e.code : "";
}

static void taken(const struct uuid *offer, int64_t n)
{
	struct err e = {0};
	struct offer o;

	cr_assert_eq(offer_get(rig.db, offer, arena, &o, &e), 0, "%s", e.msg);
	cr_expect_eq(o.taken, n);
}

Test(campaign_uptake, goes_its_way)
{
	struct uuid offer = make_offer((struct offer){.name = STR("x")}), c = make_customer();
	struct uptake_result out;

	cr_expect_str_eq(step(&offer, &c, UPTAKE_OPENED, &out), "not_presented");
	cr_expect_str_eq(step(&offer, &c, UPTAKE_PRESENTED, &out), "");
	cr_expect(!uuid_is_nil(&out.interaction));
	cr_expect_str_eq(step(&offer, &c, UPTAKE_PRESENTED, &out), "");
	cr_expect(out.repeated && uuid_is_nil(&out.interaction));
	cr_expect_str_eq(step(&offer, &c, UPTAKE_CLICKED, &out), "");
	cr_expect_str_eq(step(&offer, &c, UPTAKE_OPENED, &out), "");
	cr_expect_eq(out.state, UPTAKE_CLICKED, "opening comes before clicking, whenever it is told");
	cr_expect_str_eq(step(&offer, &c, UPTAKE_DECLINED, &out), "");
	cr_expect_str_eq(step(&offer, &c, UPTAKE_ACCEPTED, &out), "");
	cr_expect_str_eq(step(&offer, &c, UPTAKE_ACCEPTED, &out), "already_accepted");
	cr_expect_str_eq(step(&offer, &c, UPTAKE_DECLINED, &out), "already_accepted");
	taken(&offer, 1);
	cr_expect_eq(store_rig_number(&rig, "SELECT COUNT(*) FROM interaction WHERE kind = 4"), 5);
	cr_expect_eq(store_rig_number(&rig, "SELECT CAST(SUM(n) AS BIGINT) FROM offer_figure"), 5);
}

Test(campaign_uptake, keeps_its_limits)
{
	struct uuid offer = make_offer((struct offer){.name = STR("x"), .quantity = 2, .per_customer = 2}),
		    a = make_customer(), b = make_customer();
	struct uptake_result out;

	cr_expect_str_eq(step(&offer, &a, UPTAKE_ACCEPTED, &out), "");
	cr_expect_str_eq(step(&offer, &a, UPTAKE_ACCEPTED, &out), "");
	cr_expect_str_eq(step(&offer, &a, UPTAKE_ACCEPTED, &out), "already_accepted");
	cr_expect_str_eq(step(&offer, &b, UPTAKE_ACCEPTED, &out), "offer_sold_out");
	cr_expect(!out.lost);
	taken(&offer, 2);
}

Test(campaign_uptake, begins_and_ends)
{
	struct uuid offer = make_offer((struct offer){
			    .name = STR("x"), .valid_from = now + US_HOUR, .valid_until = now + 2 * US_HOUR}),
		    a = make_customer(), b = make_customer();
	struct uptake_result out;
	struct err e = {0};

	cr_expect_str_eq(step(&offer, &a, UPTAKE_PRESENTED, &out), "offer_not_begun");
	now += US_HOUR;
	cr_expect_str_eq(step(&offer, &a, UPTAKE_PRESENTED, &out), "");
	cr_expect_str_eq(step(&offer, &b, UPTAKE_ACCEPTED, &out), "");
	cr_expect_eq(uptake_expire(rig.db, rig.events, now, &e), 0);
	now += US_HOUR;
	cr_expect_str_eq(step(&offer, &a, UPTAKE_ACCEPTED, &out), "offer_over");
	cr_expect_eq(uptake_expire(rig.db, rig.events, now, &e), 1, "%s", e.msg);
	cr_expect_eq(uptake_expire(rig.db, rig.events, now, &e), 0);
	cr_expect_eq(store_rig_number(&rig, "SELECT COUNT(*) FROM offer_customer WHERE state = 5"), 1);
	cr_expect_eq(store_rig_number(&rig, "SELECT settled FROM offer"), 1);
}

Test(campaign_uptake, withdrawn_is_withdrawn)
{
	struct uuid offer = make_offer((struct offer){.name = STR("x")}), a = make_customer();
	struct uptake_result out;
	struct err e = {0};

	cr_expect_str_eq(step(&offer, &a, UPTAKE_PRESENTED, &out), "");
	cr_assert_eq(offer_withdraw(rig.db, &offer, now, &e), 0, "%s", e.msg);
	cr_expect_str_eq(step(&offer, &a, UPTAKE_ACCEPTED, &out), "offer_withdrawn");
	cr_expect_eq(uptake_expire(rig.db, rig.events, now, &e), 1, "%s", e.msg);
}

Test(campaign_uptake, counts_for_all_who_are_one)
{
	struct uuid offer = make_offer((struct offer){.name = STR("x"), .per_customer = 2}), a = make_customer(),
		    b = make_customer(), merge;
	struct uptake_result out;
	struct err e = {0};

	cr_expect_str_eq(step(&offer, &a, UPTAKE_ACCEPTED, &out), "");
	cr_expect_str_eq(step(&offer, &b, UPTAKE_ACCEPTED, &out), "");
	cr_assert_eq(identity_merge(rig.db, rig.events, &a, &b, "one", "test", now, &merge, &e), 0, "%s", e.msg);
	cr_expect_str_eq(step(&offer, &b, UPTAKE_ACCEPTED, &out), "already_accepted");
	cr_expect_str_eq(step(&offer, &a, UPTAKE_PRESENTED, &out), "already_accepted");
	taken(&offer, 2);
}

static const struct value_case {
	const char *amount, *currency;
	bool good;
} values[] = {
	{"", "", true},
	{"0", "EUR", true},
	{"12.50", "EUR", true},
	{"-3", "USD", true},
	{"999999999999999.999999", "JPY", true},
	{"1.", "EUR", false},
	{".5", "EUR", false},
	{"1e3", "EUR", false},
	{"1,5", "EUR", false},
	{"1.2.3", "EUR", false},
	{"-", "EUR", false},
	{"1.1234567", "EUR", false},
	{"1234567890123456", "EUR", false},
	{"1", "", false},
	{"1", "Eur", false},
	{"", "EUR", false},
};

Test(campaign_uptake, values_are_decimals)
{
	for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
		struct offer o = {.name = STR("x"), .per_customer = 1};
		o.amount = str_of(values[k].amount);
		o.currency = str_of(values[k].currency);
		cr_expect_eq(offer_check(&o, NULL) == 0, values[k].good, "%s %s", values[k].amount, values[k].currency);
	}
}
