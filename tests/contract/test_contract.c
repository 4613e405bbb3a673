/*
 * The contract of channel/channel.h, held against every adapter: exactly one outcome for each delivery that was taken,
 * whatever happens; fewer taken is back-pressure and is followed by ready; nothing is said after CLOSED; answers to what
 * came in may come after stop.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "contract/fake_host.h"
#include "contract/subjects.h"

enum { DELIVERIES = 40, PATIENCE = 20000, IN_VAIN = 500 };

bool oom_failed(void) __attribute__((weak)); /* tests/oom: what memory lost will not come */

struct play {
	const struct subject *s;
	struct fake_host fake;
	void *peer, *set;
	struct settings *file;
	struct account *a;
	struct delivery v[DELIVERIES];
};

static void play_open(struct play *t, const struct subject *s)
{
	char text[1024] = "[contract]\n";
	const struct section *section = NULL;
	struct err e = {0};
	int port = 0;

	*t = (struct play){.s = s};
	fake_host_init(&t->fake, "contract");
	if (s->peer_open)
		t->peer = s->peer_open(&port);
	snprintf(text + strlen(text), sizeof text - strlen(text), s->settings, port);
	cr_assert_eq(settings_parse("contract", str_of(text), &t->file, &e), 0, "%s: %s", s->name, e.msg);
	cr_assert(settings_next(t->file, &section));
	t->set = calloc(1, s->ops->settings_size);
	cr_assert(t->set);
	cr_assert_eq(settings_fill(t->file, section, s->ops->settings, t->set, &e), 0, "%s: %s", s->name, e.msg);
	cr_assert_eq(s->ops->open(t->set, &t->fake.host, &t->a, &e), 0, "%s: %s", s->name, e.msg);
	for (size_t k = 0; k < DELIVERIES; k++) {
		t->v[k] = (struct delivery){.id = {uuid7(clock_now()), 1},
					    .token = (int64_t)k + 7,
					    .to = {.scheme = s->scheme},
					    .text = STR("a text for the contract"),
					    .options = STR("{}"),
					    .receipt = true,
					    .priority = PRIORITY_NORMAL,
					    .attempt = 1};
		memcpy(t->v[k].to.value, s->to, strlen(s->to) + 1);
	}
}

static void step(struct play *t)
{
	if (t->s->peer_step)
		t->s->peer_step(t->peer);
	fake_clock_add(5 * US_MS);
	loop_step(t->fake.host.loop, t->s->peer_step ? 1 : 0);
}

static void play_close(struct play *t)
{
	t->s->ops->close(&t->a);
	cr_expect_null(t->a);
	if (t->s->peer_close)
		t->s->peer_close(t->peer);
	fake_host_free(&t->fake);
	settings_release(t->s->ops->settings, t->set);
	free(t->set);
	settings_free(&t->file);
}

#define UNTIL(t, condition)                                                  \
	do {                                                                 \
		int left = oom_failed && oom_failed() ? IN_VAIN : PATIENCE;  \
		while (!(condition) && left-- > 0)                           \
			step(t);                                             \
		cr_assert(condition, "%s: never " #condition, (t)->s->name); \
	} while (0)

static void up(struct play *t)
{
	t->s->ops->start(t->a);
	UNTIL(t, fake_state(&t->fake) == ACCOUNT_UP);
}

static size_t outcomes_of(const struct play *t, const struct delivery *d)
{
	size_t n = 0;

	for (size_t k = 0; k < t->fake.outcomes_n; k++) {
		const struct fake_outcome *o = &t->fake.outcomes[k];
		if (uuid_eq(&o->id.message, &d->id.message) && o->id.n == d->id.n) {
			cr_expect_eq(o->token, d->token, "%s: another token", t->s->name);
			n++;
		}
	}
	return n;
}

static void stop(struct play *t)
{
	t->s->ops->stop(t->a, loop_now(t->fake.host.loop) + US_SEC);
	UNTIL(t, fake_state(&t->fake) == ACCOUNT_CLOSED);
}

static void check_exactly_one(struct play *t, size_t taken)
{
	for (size_t k = 0; k < DELIVERIES; k++)
		cr_expect_eq(outcomes_of(t, &t->v[k]), k < taken ? 1 : 0,
			     "%s: delivery %zu of %zu taken has %zu outcomes", t->s->name, k, taken,
			     outcomes_of(t, &t->v[k]));
}

static void each(void (*test)(struct play *t))
{
	for (const struct subject *s = subjects; s->name; s++) {
		struct play *t = malloc(sizeof *t);
		cr_assert(t);
		play_open(t, s);
		test(t);
		play_close(t);
		free(t);
	}
}

static void nothing(struct play *t) { (void)t; }
Test(contract, open_without_start_can_be_closed) { each(nothing); }

static void all_are_answered(struct play *t)
{
	size_t taken = 0;

	up(t);
	while (taken < DELIVERIES) {
		int ready = t->fake.ready;
		size_t n = t->s->ops->submit(t->a, t->v + taken, DELIVERIES - taken);
		cr_assert_leq(n, DELIVERIES - taken);
		taken += n;
		if (taken < DELIVERIES)
			UNTIL(t, t->fake.ready > ready); /* fewer is back-pressure, and ready follows */
	}
	UNTIL(t, t->fake.outcomes_n >= DELIVERIES);
	stop(t);
	check_exactly_one(t, DELIVERIES);
	cr_expect_eq(fake_outcomes_of(&t->fake, t->s->refuses ? OUTCOME_FAILED : OUTCOME_SENT), DELIVERIES, "%s",
		     t->s->name);
}
Test(contract, each_one_taken_has_one_outcome) { each(all_are_answered); }

static void stop_in_the_middle(struct play *t)
{
	size_t taken, outcomes, states;

	up(t);
	taken = t->s->ops->submit(t->a, t->v, DELIVERIES);
	stop(t);
	check_exactly_one(t, taken);
	outcomes = t->fake.outcomes_n;
	states = t->fake.states_n;
	cr_expect_eq(t->s->ops->submit(t->a, t->v + taken, DELIVERIES - taken), 0, "%s: takes after stop", t->s->name);
	for (int k = 0; k < 50; k++)
		step(t);
	cr_expect_eq(t->fake.outcomes_n, outcomes, "%s: an outcome after CLOSED", t->s->name);
	cr_expect_eq(t->fake.states_n, states, "%s: a state after CLOSED", t->s->name);
}
Test(contract, stop_answers_what_is_held_and_then_is_silent) { each(stop_in_the_middle); }

static void stop_at_once(struct play *t)
{
	size_t closed = 0;

	t->s->ops->start(t->a);
	stop(t);
	for (size_t k = 0; k < t->fake.states_n; k++)
		closed += t->fake.states[k].state == ACCOUNT_CLOSED;
	cr_expect_eq(closed, 1, "%s: CLOSED %zu times", t->s->name, closed);
}
Test(contract, stop_right_after_start) { each(stop_at_once); }

static void late_answers(struct play *t)
{
	if (t->s->silent)
		return;
	t->fake.hold = true;
	up(t);
	t->s->ops->submit(t->a, t->v, 4);
	if (t->s->peer_brings)
		t->s->peer_brings(t->peer);
	UNTIL(t, t->fake.inbound_n > 0);
	t->s->ops->stop(t->a, loop_now(t->fake.host.loop) + US_SEC);
	for (int k = 0; k < 20; k++)
		step(t);
	for (size_t k = 0; k < t->fake.inbound_n; k++)
		fake_answer(&t->fake, k, k % 2 ? INTAKE_ACCEPTED : INTAKE_BUSY);
	UNTIL(t, fake_state(&t->fake) == ACCOUNT_CLOSED);
}
Test(contract, answers_may_come_after_stop) { each(late_answers); }

static void cancel_and_pause(struct play *t)
{
	size_t taken;

	up(t);
	if (t->s->ops->pause)
		t->s->ops->pause(t->a, true);
	taken = t->s->ops->submit(t->a, t->v, 4);
	for (size_t k = 0; k < taken && t->s->ops->cancel; k += 2)
		t->s->ops->cancel(t->a, &t->v[k].id);
	if (t->s->ops->pause)
		t->s->ops->pause(t->a, false);
	UNTIL(t, t->fake.outcomes_n >= taken);
	stop(t);
	check_exactly_one(t, taken);
}
Test(contract, cancel_still_leads_to_one_outcome) { each(cancel_and_pause); }

static void describes_itself(struct play *t)
{
	struct channel_caps c = t->s->ops->caps(t->a);
	struct channel_estimate e = t->s->ops->estimate(t->a, STR("hello"), STR("{}"));
	json_t *v = NULL;
	struct err err = {0};
	struct buf b;

	cr_expect_gt(c.window, 0, "%s", t->s->name);
	cr_expect_not_null(e.encoding);
	cr_expect_geq(e.segments, 1);
	buf_init(&b, 1 << 16);
	if (t->s->ops->status) {
		t->s->ops->status(t->a, &b);
		cr_expect_eq(json_read(buf_str(&b), 8, &v, &err), 0, "%s: status is no JSON: %s", t->s->name, err.msg);
		json_decref(v);
	}
	buf_free(&b);
}
Test(contract, caps_estimate_and_status) { each(describes_itself); }
