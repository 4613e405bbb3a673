/* Lanes: one for each open account. Added at start (or by whoever is asked first), never removed before the end. */
#include <stdio.h>
#include <stdlib.h>

#include "outbound/private.h"

struct lane *lane_find(struct outbound *o, struct str account)
{
	size_t n = atomic_load(&o->lanes_n);

	for (size_t k = 0; k < n; k++)
		if (str_is(account, o->lane[k]->name))
			return o->lane[k];
	return NULL;
}

static struct lane *lane_new(struct outbound *o, const struct account_info *i)
{
	struct lane *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->o = o;
	snprintf(l->name, sizeof l->name, "%s", i->name);
	l->channel = i->channel;
	l->receipts = i->caps.receipts;
	l->window = i->caps.window > 0 ? (size_t)i->caps.window : 0;
	l->claimed_tail = &l->claimed;
	for (int p = 0; p < PRIORITIES; p++)
		outbox_init(&l->box[p]);
	atomic_store(&l->state, i->state);
	l->up = i->state == ACCOUNT_UP;
	l->mine = !o->c.shared;
	return l;
}

int lanes_add(struct outbound *o, const struct account_info *i, struct err *err)
{
	struct lane *l;
	size_t n;
	int r = 0;

	pthread_mutex_lock(&o->lane_lock);
	n = atomic_load(&o->lanes_n);
	if (lane_find(o, str_of(i->name)))
		l = NULL;
	else if (n == LANES_MAX)
		r = err_set(err, ERR_INVALID, "too_many_accounts", NULL, "more than %d channel accounts", LANES_MAX);
	else if (!(l = lane_new(o, i)))
		r = err_nomem(err);
	else {
		dispatch_tasks(l);
		o->lane[n] = l;
		atomic_store(&o->lanes_n, n + 1);
	}
	pthread_mutex_unlock(&o->lane_lock);
	return r;
}

void lanes_free(struct outbound *o)
{
	size_t n = atomic_load(&o->lanes_n);

	for (size_t k = 0; k < n; k++) {
		for (int p = 0; p < PRIORITIES; p++)
			outbox_release(&o->lane[k]->box[p]);
		free(o->lane[k]);
	}
	atomic_store(&o->lanes_n, 0);
}
