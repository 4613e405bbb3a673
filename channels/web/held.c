/*
 * Deliveries that were written to an open page, or to one that was open a moment ago, and that nobody has confirmed yet. A
 * closed lid or a dead network looks like an open page for a long while, so the page's own word counts: "delivered" gives
 * the outcome "shown"; without it the visitor is away after away_after. They are due in the order they came.
 */
#include <stdlib.h>

#include "web/private.h"

struct held {
	struct held *next;
	struct delivery_id id;
	int64_t token, due;
};

static void tell(struct account *a, struct held *h, enum outcome_kind kind, const char *reason)
{
	char id[UUID_TEXT];
	struct str ref = str_of(uuid_format(&h->id.message, id));
	const struct outcome o = {.id = h->id,
				  .token = h->token,
				  .kind = kind,
				  .reason = str_of(reason),
				  .external_ids = &ref,
				  .external_ids_n = kind == OUTCOME_SENT};

	a->host->outcome(a->host->self, &o);
	free(h);
}

static struct held *take(struct account *a, struct held **at)
{
	struct held *h = *at;

	*at = h->next;
	if (!h->next)
		a->held_tail = at;
	return h;
}

static void arm(struct account *a);

static void on_due(struct timer *t)
{
	struct account *a = (struct account *)((char *)t - offsetof(struct account, away));

	while (a->held && a->held->due <= loop_now(a->host->loop))
		tell(a, take(a, &a->held), OUTCOME_SENT, "away");
	arm(a);
}

static void arm(struct account *a)
{
	if (a->held)
		loop_timer(a->host->loop, &a->away, a->held->due, on_due);
	else
		loop_timer_stop(a->host->loop, &a->away);
}

bool held_add(struct account *a, const struct delivery *d)
{
	struct held *h = a->set->away_after > 0 ? malloc(sizeof *h) : NULL;

	if (!h)
		return false;
	*h = (struct held){.id = d->id, .token = d->token, .due = loop_now(a->host->loop) + a->set->away_after};
	if (!a->held)
		a->held_tail = &a->held;
	*a->held_tail = h;
	a->held_tail = &h->next;
	arm(a);
	return true;
}

void held_shown(struct account *a, const struct uuid *message)
{
	for (struct held **at = &a->held; *at; at = &(*at)->next)
		if (uuid_eq(&(*at)->id.message, message)) {
			tell(a, take(a, at), OUTCOME_SENT, "shown");
			arm(a);
			return;
		}
}

/* Whether they were seen is not known: they are offered again, and a page knows them by their ids. */
void held_release(struct account *a)
{
	while (a->held)
		tell(a, take(a, &a->held), OUTCOME_RELEASED, "stopping");
	loop_timer_stop(a->host->loop, &a->away);
}
