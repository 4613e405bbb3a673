/* See throttle.h. Virtual time is in nanoseconds so that high rates do not round. */
#include "sms/throttle.h"

#include "base/clock.h"

#define NS INT64_C(1000)
#define BURST_NS (50 * US_MS * NS) /* what an idle account may catch up at once */
#define WAKE_NS (5 * US_MS * NS)   /* worth waking up for */
#define CUT_EVERY (200 * US_MS)
#define SHORTEST (10 * US_MS) /* to measure a rate over */

enum { LEAST_RATE = 1, STEPS = 20, BASE_MOST = 8 };

void throttle_init(struct throttle *t, int64_t limit, int64_t now)
{
	*t = (struct throttle){.limit = limit, .rate = limit, .since = now, .given_at = now, .cut_at = INT64_MIN / 2};
}

void throttle_limit(struct throttle *t, int64_t limit)
{
	t->limit = limit;
	if (!t->base || (limit && t->rate > limit)) {
		t->rate = limit;
		t->base = 0;
	}
}

static int64_t step_ns(const struct throttle *t) { return US_SEC * NS / t->rate; }

static int64_t top_of(const struct throttle *t) { return t->limit ? t->limit : 2 * t->base; }

static void recover(struct throttle *t, int64_t now)
{
	int64_t steps = (now - t->given_at) / US_SEC, step = t->base / STEPS;

	if (!t->base || steps <= 0)
		return;
	t->given_at += steps * US_SEC;
	t->rate += steps * (step ? step : 1);
	if (t->rate >= top_of(t)) {
		t->rate = t->limit;
		t->base = 0;
	}
}

int32_t throttle_room(struct throttle *t, int64_t now)
{
	int64_t step, n;

	recover(t, now);
	if (!t->rate)
		return INT32_MAX;
	step = step_ns(t);
	if (t->next < now * NS - BURST_NS)
		t->next = now * NS - BURST_NS;
	if (t->next > now * NS)
		return 0;
	n = (now * NS - t->next) / step + 1;
	return n > INT32_MAX ? INT32_MAX : (int32_t)n;
}

void throttle_take(struct throttle *t, int64_t now, int32_t n)
{
	if (t->rate)
		t->next += n * step_ns(t);
	if (now - t->since >= US_SEC) {
		t->last = t->seen * US_SEC / (now - t->since);
		t->seen = 0;
		t->since = now;
	}
	t->seen += n;
}

int64_t throttle_next(const struct throttle *t, int64_t now)
{
	int64_t step, at;

	if (!t->rate)
		return now;
	step = step_ns(t);
	at = t->next + (step < WAKE_NS ? WAKE_NS : 0);
	at = (at + NS - 1) / NS;
	return at > now ? at : now + 1;
}

void throttle_ok(struct throttle *t, int64_t now)
{
	if (now - t->ok_since > US_SEC) {
		t->ok_since = now;
		t->ok = 0;
	}
	t->ok++;
}

static int64_t cut_rate(const struct throttle *t, int64_t now)
{
	int64_t span = now - t->ok_since, ok = t->ok * US_SEC / (span > SHORTEST ? span : SHORTEST);
	int64_t most = t->rate - (t->rate + 19) / 20, least = t->rate / 4, rate = ok < most ? ok : most;

	rate = rate > least ? rate : least;
	return rate > LEAST_RATE ? rate : LEAST_RATE;
}

bool throttle_cut(struct throttle *t, int64_t now, int64_t sent_at)
{
	int64_t span = now - t->since, seen = t->seen * US_SEC / (span > SHORTEST ? span : SHORTEST);

	if (sent_at <= t->cut_at || now - t->cut_at < CUT_EVERY)
		return false; /* went out with those that led to the last cut */
	recover(t, now);
	if (!t->rate)
		t->rate = seen > t->last ? seen : t->last;
	if (!t->base)
		t->base = t->rate > 2 ? t->rate : 2;
	t->rate = cut_rate(t, now);
	t->base = t->base < BASE_MOST * t->rate ? t->base : BASE_MOST * t->rate;
	t->cut_at = t->given_at = t->ok_since = now;
	t->ok = 0;
	t->next = now * NS + step_ns(t);
	return true;
}
