#include "learn/learn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ARMS = LEARN_LEVELS * LEARN_LEVELS * LEARN_LEVELS, ROUNDS = 12 };

/* Where nothing was seen yet: one in twenty, worth ten tries. */
static const double first_rate = 0.05, first_weight = 10;
/* Successes that a factor 1 is worth, for the whole and within a context. */
static const double whole_shrink = 3, own_shrink = 4;
/* How far (relative variance) arms stray from the product of their factors, whatever was seen. */
static const double straying = 0.04;
static const double rate_min = 1e-5, rate_max = 0.95;

struct factor {
	double value, succeeded, expected;
};

struct learner {
	struct learn_shape shape;
	struct learn_count count[LEARN_CONTEXTS][ARMS];
	struct factor base, context[LEARN_CONTEXTS], whole[LEARN_DIMS][LEARN_LEVELS],
		own[LEARN_CONTEXTS][LEARN_DIMS][LEARN_LEVELS];
};

struct learner *learner_new(void) { return calloc(1, sizeof(struct learner)); }

void learner_free(struct learner **l)
{
	free(*l);
	*l = NULL;
}

static int arms(const struct learn_shape *s) { return s->levels[0] * s->levels[1] * s->levels[2]; }

static struct learn_arm arm_at(const struct learn_shape *s, int k)
{
	struct learn_arm a = {{k % s->levels[0], k / s->levels[0] % s->levels[1], k / s->levels[0] / s->levels[1]}};
	return a;
}

static int place(const struct learn_shape *s, const struct learn_arm *a)
{
	return a->level[0] + s->levels[0] * (a->level[1] + s->levels[1] * a->level[2]);
}

bool learner_shape(struct learner *l, const struct learn_shape *s)
{
	bool good = s->contexts >= 1 && s->contexts <= LEARN_CONTEXTS;

	for (int d = 0; d < LEARN_DIMS; d++)
		good = good && s->levels[d] >= 1 && s->levels[d] <= LEARN_LEVELS;
	if (!good)
		return false;
	memset(l, 0, sizeof *l);
	l->shape = *s;
	learner_fit(l);
	return true;
}

static bool within(const struct learner *l, int context, const struct learn_arm *arm)
{
	bool in = context >= 0 && context < l->shape.contexts;

	for (int d = 0; d < LEARN_DIMS; d++)
		in = in && arm->level[d] >= 0 && arm->level[d] < l->shape.levels[d];
	return in;
}

bool learner_add(struct learner *l, int context, const struct learn_arm *arm, struct learn_count n)
{
	struct learn_count *c;

	if (!within(l, context, arm) || n.tried < 0 || n.succeeded < 0)
		return false;
	c = &l->count[context][place(&l->shape, arm)];
	if (c->succeeded + n.succeeded > c->tried + n.tried)
		return false;
	c->tried += n.tried;
	c->succeeded += n.succeeded;
	return true;
}

/* ---- fitting ---- */

static double predicted(const struct learner *l, int context, const struct learn_arm *a)
{
	double p = l->base.value * l->context[context].value;

	for (int d = 0; d < LEARN_DIMS; d++)
		p *= l->whole[d][a->level[d]].value * l->own[context][d][a->level[d]].value;
	return p;
}

/* Factors of one kind: which of them a cell belongs to. dim -1: the base, -2: the contexts. */
static struct factor *factor_of(struct learner *l, int dim, bool own, int context, const struct learn_arm *a)
{
	if (dim == -1)
		return &l->base;
	if (dim == -2)
		return &l->context[context];
	return own ? &l->own[context][dim][a->level[dim]] : &l->whole[dim][a->level[dim]];
}

static void settle(struct factor *f, double shrink) { f->value = (f->succeeded + shrink) / (f->expected + shrink); }

/* All factors of a kind at once: each takes what the others leave unexplained. */
static void fit(struct learner *l, int dim, bool own)
{
	int n = arms(&l->shape);

	for (int c = 0; c < l->shape.contexts; c++)
		for (int k = 0; k < n; k++) {
			struct learn_arm a = arm_at(&l->shape, k);
			struct factor *f = factor_of(l, dim, own, c, &a);
			f->succeeded = f->expected = 0;
		}
	for (int c = 0; c < l->shape.contexts; c++)
		for (int k = 0; k < n; k++) {
			struct learn_arm a = arm_at(&l->shape, k);
			struct factor *f = factor_of(l, dim, own, c, &a);
			if (l->count[c][k].tried == 0)
				continue;
			f->succeeded += (double)l->count[c][k].succeeded;
			f->expected += (double)l->count[c][k].tried * predicted(l, c, &a) / f->value;
		}
}

static void fit_base(struct learner *l)
{
	fit(l, -1, false);
	l->base.value = (l->base.succeeded + first_rate * first_weight) / (l->base.expected + first_weight);
}

static void fit_contexts(struct learner *l)
{
	fit(l, -2, false);
	for (int c = 0; c < l->shape.contexts; c++)
		settle(&l->context[c], own_shrink);
}

static void fit_dim(struct learner *l, int dim)
{
	if (l->shape.levels[dim] == 1)
		return;
	fit(l, dim, false);
	for (int k = 0; k < l->shape.levels[dim]; k++)
		settle(&l->whole[dim][k], whole_shrink);
	if (l->shape.contexts == 1)
		return;
	fit(l, dim, true);
	for (int c = 0; c < l->shape.contexts; c++)
		for (int k = 0; k < l->shape.levels[dim]; k++)
			settle(&l->own[c][dim][k], own_shrink);
}

static void begin(struct learner *l)
{
	l->base = (struct factor){.value = first_rate};
	for (int c = 0; c < LEARN_CONTEXTS; c++)
		l->context[c] = (struct factor){.value = 1};
	for (int d = 0; d < LEARN_DIMS; d++)
		for (int k = 0; k < LEARN_LEVELS; k++) {
			l->whole[d][k] = (struct factor){.value = 1};
			for (int c = 0; c < LEARN_CONTEXTS; c++)
				l->own[c][d][k] = (struct factor){.value = 1};
		}
}

void learner_fit(struct learner *l)
{
	begin(l);
	for (int k = 0; k < ROUNDS; k++) {
		fit_base(l);
		if (l->shape.contexts > 1)
			fit_contexts(l);
		for (int d = 0; d < LEARN_DIMS; d++)
			fit_dim(l, d);
	}
}

double learner_factor(const struct learner *l, int context, enum learn_dim dim, int level)
{
	return l->whole[dim][level].value * l->own[context][dim][level].value;
}

/* ---- believing ---- */

/* A factor with S successes behind it (and as many as it was shrunk by) has the relative variance 1 / S. */
static double uncertainty(const struct learner *l, int context, const struct learn_arm *a)
{
	double v = straying + 1 / (l->base.succeeded + 1);

	if (l->shape.contexts > 1)
		v += 1 / (l->context[context].succeeded + own_shrink);
	for (int d = 0; d < LEARN_DIMS; d++) {
		const struct factor *whole = &l->whole[d][a->level[d]], *own = &l->own[context][d][a->level[d]];
		if (l->shape.levels[d] == 1)
			continue;
		v += 1 / (whole->succeeded + whole_shrink);
		v += l->shape.contexts > 1 ? 1 / (own->succeeded + own_shrink) : 0;
	}
	return v;
}

struct learn_belief learner_belief(const struct learner *l, int context, const struct learn_arm *arm)
{
	struct learn_belief b = {.prior = rate_min};

	if (!within(l, context, arm))
		return b;
	b.count = l->count[context][place(&l->shape, arm)];
	b.prior = fmin(fmax(predicted(l, context, arm), rate_min), rate_max);
	/* The variance of a Beta with mean m and weight K is m (1 - m) / (K + 1). */
	b.weight = (1 - b.prior) / (b.prior * uncertainty(l, context, arm));
	b.weight = fmax(b.weight, 1);
	b.a = b.prior * b.weight + (double)b.count.succeeded;
	b.b = (1 - b.prior) * b.weight + (double)(b.count.tried - b.count.succeeded);
	return b;
}

/* ---- choosing ---- */

static bool allows(const struct learn_allowed *w, const struct learn_arm *a)
{
	for (int d = 0; d < LEARN_DIMS; d++)
		if (!(w->levels[d] >> a->level[d] & 1))
			return false;
	return true;
}

bool learner_choose(const struct learner *l, int context, const struct learn_allowed *allowed, struct chance *c,
		    struct learn_arm *out)
{
	int n = arms(&l->shape);
	double best = -1;

	if (context < 0 || context >= l->shape.contexts)
		return false;
	for (int k = 0; k < n; k++) {
		struct learn_arm a = arm_at(&l->shape, k);
		struct learn_belief b;
		double x;
		if (!allows(allowed, &a))
			continue;
		b = learner_belief(l, context, &a);
		x = chance_beta(c, b.a, b.b);
		if (x > best) {
			best = x;
			*out = a;
		}
	}
	return best >= 0;
}

bool learn_any(const struct learn_shape *s, const struct learn_allowed *allowed, struct chance *c,
	       struct learn_arm *out)
{
	int n = arms(s), found = 0;

	for (int k = 0; k < n; k++) {
		struct learn_arm a = arm_at(s, k);
		if (allows(allowed, &a) && chance_below(c, ++found) == 0)
			*out = a;
	}
	return found > 0;
}
