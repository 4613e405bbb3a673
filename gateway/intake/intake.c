/*
 * The door: copies what came, hands it to the writer as one job, and answers after the commit.
 *
 * A job carries one inbound or a batch. If a batch fails for another reason than the store, its members are tried again
 * each in a job of its own, so that one that cannot be stored does not keep the others out.
 */
#include "intake/intake.h"

#include <stdlib.h>

#include "base/clock.h"
#include "intake/stages.h"

/* One inbound may hold a mail with its text twice over; attachments are elsewhere. How long what was seen is known. */
enum { JOB_BYTES = 64 << 20 };
#define SEEN_KEPT (30 * US_DAY)
#define CLOCK_SLACK (5 * US_MIN)

struct item {
	struct inbound in;
	intake_fn *done;
	void *arg;
	struct intake_outcome outcome;
};

struct job {
	struct write_job w;
	struct intake *k;
	struct arena *arena, *scratch;
	struct item *items;
	size_t n;
	bool ran, confirmed;
};

/* ---- copying */

static bool keep(struct arena *a, struct str *s)
{
	if (s->n == 0) {
		*s = STR("");
		return true;
	}
	*s = arena_str(a, *s);
	return s->p != NULL;
}

static bool keep_attachments(struct arena *a, struct inbound *in)
{
	struct attachment *v;

	if (in->attachments_n == 0)
		return true;
	v = arena_memdup(a, in->attachments, in->attachments_n * sizeof *v);
	for (size_t i = 0; v && i < in->attachments_n; i++)
		if (!keep(a, &v[i].name) || !keep(a, &v[i].type))
			return false;
	in->attachments = v;
	return v != NULL;
}

static bool keep_inbound(struct arena *a, struct inbound *in)
{
	struct str *const texts[] = {
		&in->account,  &in->external_id,	&in->subject,	&in->text,	   &in->reply_token,
		&in->metadata, &in->proven_external_id, &in->proven_by, &in->display_name, &in->queue};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (!keep(a, texts[i]))
			return false;
	if (in->claimed_n && !(in->claimed = arena_memdup(a, in->claimed, in->claimed_n * sizeof *in->claimed)))
		return false;
	return keep_attachments(a, in);
}

/* The carrier's time where it can be; else now, and never the same for two. */
static int64_t stamp(struct intake *k, int64_t said)
{
	int64_t now = clock_now(), last = k->last_at, mine;

	if (said > 0 && said <= now + CLOCK_SLACK)
		return said;
	do
		mine = now > last ? now : last + 1;
	while (!atomic_compare_exchange_weak(&k->last_at, &last, mine));
	return mine;
}

static void job_free(struct job *j)
{
	struct arena *a = j->arena;

	arena_free(&j->scratch);
	arena_free(&a); /* the job lies in it */
}

static int job_run(struct write_job *w, struct db *db, int64_t now, struct err *err);
static void job_done(struct write_job *w, const struct err *err);

static struct job *job_new(struct intake *k, const struct inbound *in, size_t n, intake_fn *done, void *const *args)
{
	struct arena *a = arena_new(JOB_BYTES);
	struct job *j = a ? arena_alloc(a, sizeof *j) : NULL;

	if (!j) {
		arena_free(&a);
		return NULL;
	}
	*j = (struct job){.w = {.run = job_run, .done = job_done}, .k = k, .arena = a, .n = n};
	j->scratch = arena_new(JOB_BYTES);
	j->items = arena_array(a, struct item, n);
	if (!j->scratch || !j->items) {
		job_free(j);
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		j->items[i] = (struct item){.in = in[i], .done = done, .arg = args[i]};
		j->items[i].in.at = stamp(k, in[i].at);
		if (!keep_inbound(a, &j->items[i].in)) {
			job_free(j);
			return NULL;
		}
	}
	return j;
}

/* ---- inside the transaction */

static int store(struct pass *p, struct inbound *in, struct intake_outcome *o)
{
	int r;

	if (in->text.n == 0 && in->attachments_n == 0 &&
	    in->part.total < 2) { /* only identifies, which may be said twice */
		o->kind = INTAKE_STORED;
		return deliver(p, in, &o->interaction);
	}
	r = seen(p, in, &o->interaction);
	if (r == 1 && in->stage >= INBOUND_GOES_ON) {
		r = deliver_more(p, in, &o->interaction);
		o->kind = r == 1 ? INTAKE_STORED : INTAKE_SEEN;
		return r < 0 ? -1 : 0;
	}
	if (in->stage == INBOUND_GOES_ON) { /* what was never begun is told when it has ended */
		o->kind = INTAKE_SEEN;
		return r < 0 ? -1 : 0;
	}
	if (r) {
		o->kind = INTAKE_SEEN;
		return r < 0 ? -1 : 0;
	}
	if (in->part.total > 1) {
		enum assembly a = assemble(p, in);
		o->kind = a == ASSEMBLY_TWICE ? INTAKE_SEEN : INTAKE_WAITING;
		if (a != ASSEMBLY_WHOLE)
			return a == ASSEMBLY_FAILED ? -1 : 0;
	}
	o->kind = INTAKE_STORED;
	return deliver(p, in, &o->interaction);
}

static int one(struct pass *p, struct item *it)
{
	struct inbound in = it->in; /* the stages change it, and the job may run again */

	it->outcome = (struct intake_outcome){0};
	p->partial = false;
	p->err = &it->outcome.err;
	if (sender_normalise(p, &in)) {
		it->outcome.kind = INTAKE_REFUSED;
		return 0;
	}
	return store(p, &in, &it->outcome);
}

/* Confirmations of all jobs of one transaction are collected in one place of outbound's. It is emptied by the first job of
 * a transaction that might add to it: nobody else's waits for a commit, or this one has run before, and so what was
 * collected was rolled back. */
static void begin_confirming(struct job *j)
{
	struct intake *k = j->k;

	if (k->confirming && !j->ran)
		return;
	k->confirming = 0;
	if (k->c.confirm_reset)
		k->c.confirm_reset(k->c.confirm_arg);
}

static int job_run(struct write_job *w, struct db *db, int64_t now, struct err *err)
{
	struct job *j = (struct job *)w;
	struct pass p = {.k = j->k, .db = db, .arena = j->scratch, .now = now};

	begin_confirming(j);
	j->ran = true;
	for (size_t i = 0; i < j->n; i++) {
		arena_reset(j->scratch);
		if (one(&p, &j->items[i])) {
			*err = j->items[i].outcome.err;
			return -1;
		}
	}
	j->confirmed = p.confirmed;
	j->k->confirming += p.confirmed;
	return 0;
}

/* ---- after the commit */

static void submit(struct job *j);

static void answer_all(struct job *j, const struct err *err)
{
	for (size_t i = 0; i < j->n; i++) {
		struct item *it = &j->items[i];
		if (err)
			it->outcome = (struct intake_outcome){.kind = INTAKE_UNAVAILABLE, .err = *err};
		it->done(it->arg, &it->outcome);
	}
	job_free(j);
}

static void one_by_one(struct job *j, const struct err *err)
{
	for (size_t i = 0; i < j->n; i++) {
		struct item *it = &j->items[i];
		struct job *alone = job_new(j->k, &it->in, 1, it->done, &it->arg);
		if (alone) {
			submit(alone);
		} else {
			it->outcome = (struct intake_outcome){.kind = INTAKE_UNAVAILABLE, .err = *err};
			it->done(it->arg, &it->outcome);
		}
	}
	job_free(j);
}

static void job_done(struct write_job *w, const struct err *err)
{
	struct job *j = (struct job *)w;
	struct intake *k = j->k;

	if (j->confirmed && !err && k->confirming) {
		k->confirming = 0; /* what one transaction confirmed goes out together */
		if (k->c.confirm_committed)
			k->c.confirm_committed(k->c.confirm_arg);
		if (k->c.answered)
			k->c.answered(k->c.answer_arg);
	}
	if (err && j->n > 1 && err->kind != ERR_UNAVAILABLE)
		one_by_one(j, err);
	else
		answer_all(j, err);
}

static void submit(struct job *j)
{
	struct err e = {0};

	if (writer_submit(j->k->writer, &j->w, &e))
		answer_all(j, &e);
}

/* ---- the interface */

void intake_received_batch(struct intake *i, const struct inbound *in, size_t n, intake_fn *done, void *const *args)
{
	struct job *j = job_new(i, in, n, done, args);
	struct intake_outcome o = {.kind = INTAKE_UNAVAILABLE};

	if (j) {
		submit(j);
		return;
	}
	err_set(&o.err, ERR_UNAVAILABLE, "out_of_memory", NULL, "not enough memory to take it");
	o.err.retry_after_s = 1;
	for (size_t k = 0; k < n; k++)
		done(args[k], &o);
}

void intake_received(struct intake *i, const struct inbound *in, intake_fn *done, void *arg)
{
	intake_received_batch(i, in, 1, done, &arg);
}

int intake_sweep(struct intake *i, struct db *db, int64_t now, struct err *err)
{
	struct pass p = {.k = i, .db = db, .now = now, .err = err};
	struct err own = {0};
	int n;

	if (!err)
		p.err = &own;
	p.arena = arena_new(JOB_BYTES);
	if (!p.arena)
		return err_nomem(err);
	n = assemble_sweep(&p, now - i->c.part_timeout);
	if (n >= 0 && seen_forget(&p, now - SEEN_KEPT))
		n = -1;
	arena_free(&p.arena);
	return n;
}

enum keyword intake_keyword(const struct intake *i, struct str text, const char **language)
{
	struct keyword_hit hit;

	if (!keyword_match(i->keywords, text, &hit) || hit.weak)
		return KEYWORD_NONE;
	if (language)
		*language = hit.language;
	return hit.word;
}

int intake_new(const struct intake_config *c, struct writer *w, struct events *ev, struct intake **out, struct err *err)
{
	struct intake *i = calloc(1, sizeof *i);

	if (!i)
		return err_nomem(err);
	i->c = *c;
	i->writer = w;
	i->events = ev;
	buf_init(&i->forget_after, 4096);
	if (c->region && !(i->region = strdup(c->region))) {
		intake_free(&i);
		return err_nomem(err);
	}
	if (keywords_new(c->languages, &i->keywords, err)) {
		intake_free(&i);
		return -1;
	}
	*out = i;
	return 0;
}

void intake_free(struct intake **ip)
{
	struct intake *i = *ip;

	if (!i)
		return;
	keywords_free(&i->keywords);
	buf_free(&i->forget_after);
	free(i->region);
	free(i);
	*ip = NULL;
}
