#include "http/rate.h"

#include "base/clock.h"

enum { BURST = 2 };

void rate_init(struct rate *r, int64_t per_second)
{
	*r = (struct rate){.per_second = per_second};
	pthread_mutex_init(&r->lock, NULL);
}

void rate_release(struct rate *r) { pthread_mutex_destroy(&r->lock); }

static int slot_of(struct rate *r, const char *id, int64_t now)
{
	int oldest = 0;

	for (int i = 0; i < RATE_SLOTS; i++) {
		if (strcmp(r->slot[i].id, id) == 0)
			return i;
		if (r->slot[i].at < r->slot[oldest].at)
			oldest = i;
	}
	memcpy(r->slot[oldest].id, id, strlen(id) + 1);
	r->slot[oldest].at = now;
	r->slot[oldest].left = (double)(r->per_second * BURST);
	return oldest;
}

bool rate_take(struct rate *r, const char *id, int64_t now, int *wait_s)
{
	double most = (double)(r->per_second * BURST), left;
	bool ok;
	int i;

	if (r->per_second == 0)
		return true;
	pthread_mutex_lock(&r->lock);
	i = slot_of(r, id, now);
	left = r->slot[i].left + (double)(now - r->slot[i].at) * (double)r->per_second / (double)US_SEC;
	r->slot[i].at = now;
	r->slot[i].left = left > most ? most : left;
	ok = r->slot[i].left >= 1;
	if (ok)
		r->slot[i].left -= 1;
	pthread_mutex_unlock(&r->lock);
	*wait_s = 1;
	return ok;
}
