#include <criterion/criterion.h>

#include "base/clock.h"
#include "sms/throttle.h"

/* Submits as fast as the throttle lets, waking when it says; returns how many went in `span`. */
static int64_t run(struct throttle *t, int64_t *now, int64_t span)
{
	int64_t end = *now + span, sent = 0;

	while (*now < end) {
		int32_t room = throttle_room(t, *now);
		if (!room) {
			*now = throttle_next(t, *now);
			continue;
		}
		throttle_take(t, *now, room > 1000 ? 1000 : room);
		sent += room > 1000 ? 1000 : room;
		if (room > 1000)
			*now += US_MS;
	}
	return sent;
}

Test(sms_throttle, keeps_the_configured_rate)
{
	static const int64_t rates[] = {1, 7, 10, 100, 1000, 33333};

	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
		struct throttle t;
		int64_t now = 5 * US_SEC, sent;
		throttle_init(&t, rates[i], now);
		sent = run(&t, &now, 10 * US_SEC);
		cr_expect_geq(sent, 10 * rates[i] - 1, "%lld/s gave %lld", (long long)rates[i], (long long)sent);
		cr_expect_leq(sent, 10 * rates[i] + rates[i] / 10 + 2, "%lld/s gave %lld", (long long)rates[i],
			      (long long)sent);
	}
}

Test(sms_throttle, without_a_limit_there_is_always_room)
{
	struct throttle t;

	throttle_init(&t, 0, 0);
	cr_expect_eq(throttle_room(&t, 0), INT32_MAX);
	throttle_take(&t, 0, 100000);
	cr_expect_eq(throttle_room(&t, 0), INT32_MAX);
}

Test(sms_throttle, cuts_once_for_what_was_in_flight_and_recovers)
{
	struct throttle t;
	int64_t now = US_SEC, sent_at = now;

	throttle_init(&t, 100, now);
	now += 10 * US_MS;
	for (int i = 0; i < 10; i++)
		throttle_ok(&t, now);
	cr_expect(throttle_cut(&t, now, sent_at));
	cr_expect_eq(t.rate, 95, "all others were accepted: a twentieth less");
	cr_expect_not(throttle_cut(&t, now + US_SEC, sent_at), "the same flight must not cut twice");
	cr_expect_not(throttle_cut(&t, now + 20 * US_MS, now + 10 * US_MS), "nor one that follows at once");
	cr_expect_eq(t.rate, 95);
	now += 250 * US_MS;
	for (int i = 0; i < 10; i++)
		throttle_ok(&t, now);
	cr_expect(throttle_cut(&t, now, now - 10 * US_MS));
	cr_expect_eq(t.rate, 40, "ten were accepted in a quarter of a second");
	throttle_room(&t, now + 2 * US_SEC);
	cr_expect_eq(t.rate, 50, "a twentieth of 100 each second, not %lld", (long long)t.rate);
	throttle_room(&t, now + 60 * US_SEC);
	cr_expect_eq(t.rate, 100);
	cr_expect_not(throttle_is_cut(&t));
}

Test(sms_throttle, finds_a_rate_where_none_was_set)
{
	struct throttle t;
	int64_t now = US_SEC;

	throttle_init(&t, 0, now);
	for (int i = 0; i < 2000; i++, now += US_MS)
		throttle_take(&t, now, 2);
	cr_expect(throttle_cut(&t, now, now));
	cr_expect_eq(t.rate, 500, "nothing was accepted: a quarter of some 2000");
	throttle_room(&t, now + 120 * US_SEC);
	cr_expect_eq(throttle_room(&t, now + 120 * US_SEC), INT32_MAX, "free again after a while");
}

Test(sms_throttle, never_stops_for_good)
{
	struct throttle t;
	int64_t now = US_SEC;

	throttle_init(&t, 4, now);
	for (int i = 0; i < 50; i++, now += US_SEC / 10)
		throttle_cut(&t, now, now);
	cr_expect_eq(t.rate, 1);
	cr_expect_geq(run(&t, &now, 5 * US_SEC), 4);
}
