/* See throttle.h. Virtual time is in nanoseconds so that high rates do not round. */
#include "sms/throttle.h"

#include "base/clock.h"

#define NS INT64_C(1000)
#define BURST_NS (50 * US_MS * NS) /* what an idle account may catch up at once */
#define WAKE_NS (5 * US_MS * NS)   /* worth waking up for */

enum { LEAST_RATE = 1, STEPS = 20 };

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

bool throttle_cut(struct throttle *t, int64_t now, int64_t sent_at)
{
	int64_t span = now - t->since, seen = span > US_SEC / 10 ? t->seen * US_SEC / span : t->seen;

	if (sent_at <= t->cut_at)
		return false; /* went out with those that led to the last cut */
	recover(t, now);
	if (!t->rate)
		t->rate = seen > t->last ? seen : t->last;
	if (!t->base)
		t->base = t->rate > 2 ? t->rate : 2;
	t->rate = t->rate / 2 < LEAST_RATE ? LEAST_RATE : t->rate / 2;
	t->cut_at = t->given_at = now;
	t->next = now * NS + step_ns(t);
	return true;
}
