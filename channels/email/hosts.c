#include "email/hosts.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/settings.h"

#define BURST_TIME (200 * US_MS) /* how far ahead of its rate a host may be */

static int invalid(struct err *err)
{
	return err_set(err, ERR_SEMANTIC, "host_invalid", "hosts", "hosts: name or name:port expected");
}

static bool name_ok(struct str s)
{
	bool bracket = s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';

	for (size_t i = bracket; i < s.n - bracket; i++) {
		char c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
		      c == '.' || c == '_' || (bracket && c == ':')))
			return false;
	}
	return s.n > 0 && s.n < HOST_NAME;
}

static int add(struct smart_hosts *h, struct str item, int64_t port, struct err *err)
{
	struct smart_host *to = &h->v[h->n];
	size_t colon = item.n;

	if (h->n == SMART_HOSTS_MAX)
		return err_set(err, ERR_SEMANTIC, "host_invalid", "hosts", "hosts: at most %d", SMART_HOSTS_MAX);
	while (colon > 0 && item.p[colon - 1] != ':' && item.p[colon - 1] != ']')
		colon--;
	if (colon > 0 && item.p[colon - 1] == ':') {
		if (!str_i64(str_n(item.p + colon, item.n - colon), &port))
			return invalid(err);
		item.n = colon - 1;
	}
	if (!name_ok(item) || port < 1 || port > 65535)
		return invalid(err);
	memcpy(to->name, item.p, item.n);
	to->port = (uint16_t)port;
	h->n++;
	return 0;
}

int smart_hosts_init(struct smart_hosts *h, const char *list, int64_t port, const struct host_rules *rules,
		     struct err *err)
{
	struct str item;
	size_t pos = 0;

	*h = (struct smart_hosts){.rules = *rules};
	while (list && settings_list_next(list, &pos, &item))
		if (add(h, item, port, err))
			return -1;
	return h->n ? 0 : invalid(err);
}

static int64_t sooner(int64_t a, int64_t b) { return a == 0 || b < a ? b : a; }

struct smart_host *smart_hosts_pick(struct smart_hosts *h, int64_t now, int64_t *wake)
{
	*wake = 0;
	for (size_t i = 0; i < h->n; i++) {
		struct smart_host *x = &h->v[i];
		if (x->dead_until > now)
			*wake = sooner(*wake, x->dead_until);
		else if (x->active >= (x->failures ? 1 : (int)h->rules.connections))
			continue;
		else if (x->next > now + BURST_TIME)
			*wake = sooner(*wake, x->next - BURST_TIME);
		else
			return x;
	}
	return NULL;
}

/* The rate is kept as the time up to which it has been used: a mail adds its share, and may run a little ahead of now. */
static void use_rate(const struct smart_hosts *all, struct smart_host *x, int64_t now)
{
	if (all->rules.rate > 0)
		x->next = (x->next > now ? x->next : now) + US_SEC / all->rules.rate;
}

void smart_host_taken(struct smart_hosts *all, struct smart_host *x, int64_t now)
{
	x->active++;
	use_rate(all, x, now);
}

bool smart_host_follows(const struct smart_hosts *all, struct smart_host *x, int64_t now)
{
	if (x->failures || x->next > now + BURST_TIME)
		return false;
	use_rate(all, x, now);
	return true;
}

void smart_host_left(struct smart_host *x) { x->active--; }

void smart_host_worked(struct smart_host *x)
{
	x->failures = 0;
	x->dead_until = 0;
	x->refused = false;
	x->up = true;
	x->reason[0] = 0;
}

void smart_host_failed(struct smart_hosts *all, struct smart_host *x, int64_t now, bool refused, const char *reason)
{
	int64_t wait = all->rules.retry_min;

	x->up = false;
	if (x->dead_until > now)
		return; /* others that were on the way have the same to tell */
	for (int i = 0; i < x->failures && wait < all->rules.retry_max; i++)
		wait *= 2;
	x->failures++;
	x->refused = refused;
	x->dead_until = now + (wait < all->rules.retry_max ? wait : all->rules.retry_max);
	snprintf(x->reason, sizeof x->reason, "%s", reason);
}

size_t smart_hosts_up(const struct smart_hosts *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n; i++)
		n += h->v[i].up;
	return n;
}

bool smart_hosts_all_dead(const struct smart_hosts *h, int64_t now)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].dead_until <= now)
			return false;
	return true;
}
