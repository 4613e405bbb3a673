/* What a campaign has learned, for people: each arm with what is believed of it, how often it is taken, and why. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "campaign/campaign.h"

enum { DRAWS = 400, ARMS_SHOWN = 64, FEW = 30 };

struct group {
	int64_t tried, succeeded;
};
struct shown { /* an arm of the context that is told */
	struct learn_arm arm;
	struct learn_belief belief;
	int wins; /* of so many draws */
};
struct telling {
	struct db *db;
	const struct campaign *c;
	struct plan p;
	struct learn_shape shape;
	struct learner *learner;
	struct group group[2]; /* learned, held out */
	struct shown *v;
	int n;
	struct json_out *j;
};

static void real(struct json_out *j, const char *key, double v)
{
	char text[32];

	snprintf(text, sizeof text, "%.5f", v);
	json_raw(j, key, str_of(text));
}

static int read_groups(struct telling *t, struct err *err)
{
	struct stmt *q = db_query(t->db, "SELECT arm, tried, succeeded FROM learning_arm WHERE campaign_id = $1");
	int r;

	db_bind_uuid(q, 1, &t->c->id);
	while ((r = db_step(q, err)) == DB_ROW) {
		struct learning_choice c;
		if (!learning_decode(db_col_i64(q, 0), &c))
			continue;
		t->group[c.held].tried += db_col_i64(q, 1);
		t->group[c.held].succeeded += db_col_i64(q, 2);
	}
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

static int waiting(struct telling *t, int64_t *out, struct err *err)
{
	struct stmt *q = db_query(t->db, "SELECT COUNT(*) FROM campaign_customer WHERE campaign_id = $1 AND state = 0"
					 " AND arm > 0 AND at >= $2");
	int r;

	db_bind_uuid(q, 1, &t->c->id);
	db_bind_i64(q, 2, clock_now() - t->p.learning.within);
	r = db_step(q, err);
	if (r == DB_ROW)
		*out = db_col_i64(q, 0);
	db_done(q);
	return r == DB_ROW ? 0 : -1;
}

/* ---- a context ---- */

static int place_of(const struct telling *t, const struct learn_arm *a)
{
	int k = 0;

	while (k < t->n && memcmp(&t->v[k].arm, a, sizeof *a) != 0)
		k++;
	return k;
}

static void collect(struct telling *t, int context)
{
	static const struct learn_allowed all = {{0xff, 0xff, 0xff}};
	struct chance c = chance_seeded((uint64_t)context + 1);
	struct learn_arm a;

	t->n = 0;
	for (a.level[2] = 0; a.level[2] < t->shape.levels[2]; a.level[2]++)
		for (a.level[1] = 0; a.level[1] < t->shape.levels[1]; a.level[1]++)
			for (a.level[0] = 0; a.level[0] < t->shape.levels[0]; a.level[0]++)
				t->v[t->n++] =
					(struct shown){.arm = a, .belief = learner_belief(t->learner, context, &a)};
	for (int k = 0; k < DRAWS; k++)
		if (learner_choose(t->learner, context, &all, &c, &a))
			t->v[place_of(t, &a)].wins++;
}

static int by_wins(const void *x, const void *y)
{
	const struct shown *a = x, *b = y;
	double d = b->belief.a / (b->belief.a + b->belief.b) - a->belief.a / (a->belief.a + a->belief.b);

	return a->wins != b->wins ? b->wins - a->wins : (d > 0) - (d < 0);
}

static void clock_text(const struct hours *h, char out[16])
{
	snprintf(out, 16, "%02d:%02d-%02d:%02d", h->from / 60 % 100, h->from % 60, h->until / 60 % 100, h->until % 60);
}

static void arm_json(struct telling *t, const struct learn_arm *a)
{
	char text[16];

	if (t->p.learning.of[LEARN_VARIANT])
		json_str(t->j, "variant", t->p.v[a->level[LEARN_VARIANT]].name);
	if (t->p.learning.of[LEARN_CHANNEL])
		json_cstr(t->j, "channel", channel_word(t->p.channels[a->level[LEARN_CHANNEL]]));
	if (t->p.learning.of[LEARN_HOUR]) {
		clock_text(&t->p.learning.hours[a->level[LEARN_HOUR]], text);
		json_cstr(t->j, "hours", text);
	}
}

static void interval_json(struct json_out *j, double a, double b)
{
	real(j, "mean", a / (a + b));
	json_arr(j, "interval");
	real(j, NULL, beta_quantile(a, b, 0.025));
	real(j, NULL, beta_quantile(a, b, 0.975));
	json_end(j);
}

static void why(const struct telling *t, const struct shown *x, char *out, size_t size)
{
	const struct learn_count *n = &x->belief.count;
	const char *word = x == t->v	    ? "the best, as far as is known"
			   : x->wins == 0   ? "almost certainly not the best"
			   : n->tried < FEW ? "tried too little to be left out"
					    : "may still be the best";

	if (n->tried == 0)
		snprintf(out, size, "never tried here; what was seen elsewhere lets expect %.1f %%: %s",
			 100 * x->belief.prior, word);
	else
		snprintf(out, size,
			 "%lld of %lld tried here succeeded, and what was seen elsewhere (%.1f %%) counts like %.0f "
			 "more: %s",
			 (long long)n->succeeded, (long long)n->tried, 100 * x->belief.prior, x->belief.weight, word);
}

static void shown_json(struct telling *t, const struct shown *x, int64_t tried)
{
	char text[200];

	json_obj(t->j, NULL);
	arm_json(t, &x->arm);
	json_int(t->j, "tried", x->belief.count.tried);
	json_int(t->j, "succeeded", x->belief.count.succeeded);
	interval_json(t->j, x->belief.a, x->belief.b);
	real(t->j, "share", tried ? (double)x->belief.count.tried / (double)tried : 0);
	real(t->j, "next", (double)x->wins / DRAWS);
	why(t, x, text, sizeof text);
	json_cstr(t->j, "why", text);
	json_end(t->j);
}

static void context_json(struct telling *t, int context)
{
	int64_t tried = 0, succeeded = 0;

	collect(t, context);
	for (int k = 0; k < t->n; k++) {
		tried += t->v[k].belief.count.tried;
		succeeded += t->v[k].belief.count.succeeded;
	}
	qsort(t->v, (size_t)t->n, sizeof *t->v, by_wins);
	json_obj(t->j, NULL);
	if (context < t->p.learning.segments_n)
		json_str(t->j, "segment", t->p.learning.segments[context]);
	json_int(t->j, "tried", tried);
	json_int(t->j, "succeeded", succeeded);
	json_arr(t->j, "arms");
	for (int k = 0; k < t->n && k < ARMS_SHOWN; k++)
		shown_json(t, &t->v[k], tried);
	json_end(t->j);
	json_end(t->j);
}

/* ---- all of it ---- */

/* The groups are told by what was seen alone: one more success and failure than there were (the uniform prior). */
static void group_json(struct json_out *j, const char *key, const struct group *g)
{
	json_obj(j, key);
	json_int(j, "tried", g->tried);
	json_int(j, "succeeded", g->succeeded);
	interval_json(j, (double)g->succeeded + 1, (double)(g->tried - g->succeeded) + 1);
	json_end(j);
}

static void head_json(struct telling *t, bool allowed, int64_t unanswered)
{
	static const char *const dims[LEARN_DIMS] = {"variant", "channel", "hour"};
	bool on = learning_on(&t->p.learning);

	json_uuid(t->j, "campaign_id", &t->c->id);
	json_bool(t->j, "on", on && allowed && !t->c->learning_off);
	if (!on || !allowed || t->c->learning_off)
		json_cstr(t->j, "off_by", !on ? "definition" : !allowed ? "configuration" : "switch");
	json_arr(t->j, "of");
	for (int d = 0; d < LEARN_DIMS; d++)
		if (t->p.learning.of[d])
			json_cstr(t->j, NULL, dims[d]);
	json_end(t->j);
	if (!on)
		return;
	json_cstr(t->j, "outcome", t->p.learning.clicked ? "clicked" : "accepted");
	json_int(t->j, "within", t->p.learning.within / US_SEC);
	real(t->j, "holdout", t->p.learning.holdout / 100.0);
	json_int(t->j, "waiting", unanswered);
	group_json(t->j, "learned", &t->group[0]);
	group_json(t->j, "held_out", &t->group[1]);
}

static int tell(struct telling *t, bool allowed, const char *key, struct arena *a, struct err *err)
{
	int64_t unanswered = 0;
	bool on = learning_on(&t->p.learning);

	t->shape = learning_shape(&t->p);
	t->v = arena_array(a, struct shown, LEARN_LEVELS * LEARN_LEVELS * LEARN_LEVELS);
	if (!t->v)
		return err_nomem(err);
	if (on && !learner_shape(t->learner, &t->shape))
		return err_set(err, ERR_INTERNAL, "learning_shape", NULL, "more arms than can be learned");
	if (on &&
	    (learning_load(t->db, &t->c->id, t->learner, err) || read_groups(t, err) || waiting(t, &unanswered, err)))
		return -1;
	if (on)
		learner_fit(t->learner);
	json_obj(t->j, key);
	head_json(t, allowed, unanswered);
	json_arr(t->j, "segments");
	for (int k = 0; on && k < t->shape.contexts; k++)
		context_json(t, k);
	json_end(t->j);
	json_end(t->j);
	return 0;
}

int learning_json(struct db *db, const struct campaign *c, bool allowed, struct arena *a, struct json_out *j,
		  const char *key, struct err *err)
{
	struct telling t = {.db = db, .c = c, .j = j};
	int r;

	if (plan_of(c, a, &t.p, err))
		return -1;
	t.learner = learner_new();
	r = t.learner ? tell(&t, allowed, key, a, err) : err_nomem(err);
	learner_free(&t.learner);
	return r;
}
