/* What a step of a campaign chooses by what was learned, and what it counts as tried. */
#include "base/clock.h"
#include "campaign/draw.h"
#include "campaign/eligible.h"
#include "campaign/sender.h"

enum { LOT_HELD = 4, LOT_CHANCE = 5 };

static uint32_t lowest(int n) { return (1u << n) - 1; }

int learning_begin(struct sender *s, struct err *err)
{
	struct learn_shape shape = learning_shape(&s->p);

	s->tries_n = 0;
	s->learns = s->may_learn && !s->c.learning_off && learning_on(&s->p.learning);
	if (!s->learns)
		return 0;
	if (!s->learner && !(s->learner = learner_new()))
		return err_nomem(err);
	if (!learner_shape(s->learner, &shape))
		return err_set(err, ERR_INTERNAL, "learning_shape", NULL, "more arms than can be learned");
	if (learning_load(s->db, &s->c.id, s->learner, err))
		return -1;
	learner_fit(s->learner);
	return 0;
}

/* ---- what there is to choose from, for one customer ---- */

static int context_of(struct sender *s, const struct uuid *customer, int *out, struct err *err)
{
	const struct campaign_learning *l = &s->p.learning;
	bool in = false;

	for (*out = 0; *out < l->segments_n; (*out)++) {
		if (eligible(s->db, l->segments[*out], customer, s->now, &in, err))
			return -1;
		if (in)
			break;
	}
	return 0;
}

/* Those he has an address for; if there is none, sending finds that out. */
static int reachable(struct sender *s, const struct uuid *customer, uint32_t *out, struct err *err)
{
	struct stmt *q = db_query(s->db, "SELECT DISTINCT scheme FROM contact_point WHERE customer_id = $1"
					 " AND valid_to IS NULL");
	uint32_t found = 0;
	int r;

	db_bind_uuid(q, 1, customer);
	while ((r = db_step(q, err)) == DB_ROW)
		for (size_t k = 0; k < s->p.channels_n; k++)
			if (db_col_i64(q, 0) == (int64_t)scheme_of_channel(s->p.channels[k]))
				found |= 1u << k;
	db_done(q);
	if (found)
		*out = found;
	return r == DB_ERROR ? -1 : 0;
}

static bool in_span(const struct hours *h, int minute)
{
	return h->from < h->until ? minute >= h->from && minute < h->until
				  : h->from == h->until || minute >= h->from || minute < h->until;
}

/* Hours that begin within the campaign's; if none does, all of them: the campaign's own are kept in any case. */
static uint32_t hours_within(const struct plan *p)
{
	uint32_t found = 0;

	for (int k = 0; k < p->learning.hours_n; k++)
		if (!p->has_hours || in_span(&p->hours, p->learning.hours[k].from))
			found |= 1u << k;
	return found ? found : lowest(p->learning.hours_n);
}

static struct str zone_of(struct sender *s, const struct audience_row *r)
{
	return calendar_known(r->time_zone) ? r->time_zone : s->p.time_zone;
}

static int hour_at(struct sender *s, struct str zone, int64_t at)
{
	int minute = (int)((at + calendar_offset(s->calendars, zone, at)) / US_MIN % (24 * 60));

	for (int k = 0; k < s->p.learning.hours_n; k++)
		if (in_span(&s->p.learning.hours[k], minute))
			return k;
	return -1;
}

static int allowed(struct sender *s, const struct audience_row *r, struct learn_allowed *out, struct err *err)
{
	struct learn_shape shape = learning_shape(&s->p);
	int hour;

	for (int d = 0; d < LEARN_DIMS; d++)
		out->levels[d] = lowest(shape.levels[d]);
	if (s->p.learning.of[LEARN_CHANNEL] && reachable(s, &r->customer, &out->levels[LEARN_CHANNEL], err))
		return -1;
	if (!s->p.learning.of[LEARN_HOUR])
		return 0;
	/* Who has waited for his hour gets it; who comes too late for it, because the pace is slow, chooses again. */
	hour = r->arm ? hour_at(s, zone_of(s, r), s->now) : -1;
	out->levels[LEARN_HOUR] = hour >= 0 ? 1u << hour : hours_within(&s->p);
	return 0;
}

/* ---- choosing ---- */

static int choose(struct sender *s, const struct audience_row *r, struct learning_choice *out, struct err *err)
{
	struct learn_shape shape = learning_shape(&s->p);
	struct learn_allowed any;
	struct chance c = chance_seeded((uint64_t)draw(&s->c.id, &r->customer, LOT_CHANCE) << 32 ^ (uint64_t)s->now);

	*out = (struct learning_choice){.held = draw(&s->c.id, &r->customer, LOT_HELD) <
						s->p.learning.holdout * (DRAW_RANGE / 10000)};
	if (allowed(s, r, &any, err) || context_of(s, &r->customer, &out->context, err))
		return -1;
	if (out->held ? learn_any(&shape, &any, &c, &out->arm)
		      : learner_choose(s->learner, out->context, &any, &c, &out->arm))
		return 0;
	return err_set(err, ERR_INTERNAL, "learning_nothing", NULL, "there is nothing to choose from");
}

static void wait_for(struct sender *s, const struct audience_row *r, int hour, struct judged *j)
{
	struct hours h = s->p.learning.hours[hour];
	int64_t from = j->share == SHARE_DEFERRED ? j->due : s->now, due;

	h.days = s->p.hours.days;
	due = hours_next(s->calendars, &h, zone_of(s, r), from);
	if (due > s->now) {
		j->share = SHARE_DEFERRED;
		j->reason = "better_hour";
		j->due = due;
	}
}

int learning_judge(struct sender *s, const struct audience_row *r, struct judged *j, struct err *err)
{
	struct learning_choice c;

	j->channel = -1;
	if (!s->learns || (j->share != SHARE_QUEUED && j->share != SHARE_DEFERRED))
		return 0;
	if (choose(s, r, &c, err))
		return -1;
	if (s->p.learning.of[LEARN_VARIANT])
		j->variant = c.arm.level[LEARN_VARIANT];
	if (s->p.learning.of[LEARN_CHANNEL])
		j->channel = c.arm.level[LEARN_CHANNEL];
	j->arm = learning_code(&c);
	if (s->p.learning.of[LEARN_HOUR])
		wait_for(s, r, c.arm.level[LEARN_HOUR], j);
	return 0;
}

/* ---- counting ---- */

int learning_flush(struct sender *s, struct err *err)
{
	for (int k = 0; k < s->tries_n; k++)
		if (learning_count(s->db, &s->c.id, s->tries[k].arm, (struct learn_count){.tried = s->tries[k].n}, err))
			return -1;
	s->tries_n = 0;
	return 0;
}

/* What it really goes by, which need not be what was wanted: another channel has the account, quiet hours come between. A
 * message at an hour that is none of those to choose from teaches nothing. */
static int64_t sent_as(struct sender *s, const struct audience_row *r, int64_t arm, const struct send_result *res)
{
	struct learning_choice c;
	int hour = s->p.learning.of[LEARN_HOUR] ? hour_at(s, zone_of(s, r), res->delivery.due_at) : 0;

	if (!learning_decode(arm, &c) || hour < 0)
		return 0;
	c.arm.level[LEARN_HOUR] = hour;
	for (size_t k = 0; s->p.learning.of[LEARN_CHANNEL] && k < s->p.channels_n; k++)
		if (s->p.channels[k] == res->delivery.channel)
			c.arm.level[LEARN_CHANNEL] = (int)k;
	return learning_code(&c);
}

int learning_sent(struct sender *s, const struct audience_row *r, const struct send_result *res, struct judged *j,
		  struct err *err)
{
	int k = 0;

	if (!s->learns || !j->arm)
		return 0;
	j->arm = sent_as(s, r, j->arm, res);
	if (!j->arm)
		return 0;
	while (k < s->tries_n && s->tries[k].arm != j->arm)
		k++;
	if (k == TALLIES && learning_flush(s, err))
		return -1;
	if (k >= s->tries_n) {
		k = s->tries_n++;
		s->tries[k].arm = j->arm;
		s->tries[k].n = 0;
	}
	s->tries[k].n++;
	return 0;
}
