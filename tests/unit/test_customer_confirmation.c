#include <criterion/criterion.h>

#include "base/clock.h"
#include "customer/confirmation.h"
#include "unit/customer_rig.h"

static struct store_rig rig;
static struct uuid anna;
static struct arena *arena;

static void setup(void)
{
	store_rig_open(&rig);
	store_rig_begin(&rig);
	anna = rig_customer(&rig, "Anna", "");
	arena = arena_new(1 << 20);
}

static void teardown(void)
{
	arena_free(&arena);
	store_rig_commit(&rig);
	store_rig_close(&rig);
}

TestSuite(customer_confirmation, .init = setup, .fini = teardown);

static struct address number(void) { return rig_address(SCHEME_TEL, "+4915123456789"); }

static void set(enum consent_state state, int64_t now)
{
	struct address a = number();
	bool changed;

	cr_assert_eq(consent_set(rig.db, rig.events, &a, &anna, PURPOSE_MARKETING, state, "api", STR(""), now, &changed,
				 NULL),
		     0);
}

static enum consent_state state_now(void)
{
	struct address a = number();
	struct consent c;

	cr_assert_eq(consent_get(rig.db, &a, PURPOSE_MARKETING, &c, NULL), 0);
	return c.state;
}

static void ask(void)
{
	struct confirmation c = {.id = uuid7(T0),
				 .message = uuid7(T0),
				 .address = number(),
				 .purpose = PURPOSE_MARKETING,
				 .text = STR("Reply \"YES\""),
				 .at = T0,
				 .expires_at = T0 + US_DAY};

	set(CONSENT_PENDING, T0);
	cr_assert_eq(confirmation_ask(rig.db, &c, NULL), 0);
}

static int reply(int64_t now)
{
	struct uuid interaction = uuid7(now);
	struct address a = number();
	return confirmation_reply(rig.db, rig.events, &a, &anna, &interaction, arena, now, NULL);
}

Test(customer_confirmation, a_reply_in_time_makes_it_an_opt_in_once)
{
	cr_expect_eq(reply(T0), 0, "nothing was asked");
	ask();
	cr_expect_eq(reply(T0 + 1), 1);
	cr_expect_eq(state_now(), CONSENT_IN);
	cr_expect_eq(reply(T0 + 2), 0);
	cr_expect_eq(rig_events(&rig, "consent.changed"), 2);
}

Test(customer_confirmation, too_late_or_taken_back_it_stays_as_it_is)
{
	ask();
	cr_expect_eq(reply(T0 + US_DAY), 0);
	cr_expect_eq(state_now(), CONSENT_PENDING);
	set(CONSENT_OUT, T0 + 5);
	cr_expect_eq(reply(T0 + 6), 0);
	cr_expect_eq(state_now(), CONSENT_OUT);
}
