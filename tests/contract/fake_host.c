#include "contract/fake_host.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

static _Atomic int64_t clock_at = 1000 * US_SEC;

int64_t fake_clock(void) { return atomic_load(&clock_at); }
void fake_clock_add(int64_t us) { atomic_fetch_add(&clock_at, us); }

static struct fake_host *of(struct host_account *h) { return (struct fake_host *)(void *)h; }

static void *more(void *v, size_t n, size_t size)
{
	if (n & (n - 1)) /* grows at powers of two */
		return v;
	v = realloc(v, (n ? 2 * n : 1) * size);
	cr_assert(v);
	return v;
}

static void keep(char *to, size_t max, struct str s)
{
	size_t n = s.n < max - 1 ? s.n : max - 1;

	if (n)
		memcpy(to, s.p, n);
	to[n] = 0;
}

static void answer_all(struct timer *t)
{
	struct fake_host *f = (struct fake_host *)(void *)((char *)t - offsetof(struct fake_host, answering));

	for (; !f->hold && f->answered < f->inbound_n; f->answered++)
		if (f->inbound[f->answered].done)
			fake_answer(f, f->answered, f->answer);
}

static struct fake_inbound *add_inbound(struct fake_host *f, intake_done *done, void *arg)
{
	struct fake_inbound *i;

	f->inbound = more(f->inbound, f->inbound_n, sizeof *f->inbound);
	i = &f->inbound[f->inbound_n++];
	*i = (struct fake_inbound){.done = done, .arg = arg};
	loop_timer(f->host.loop, &f->answering, loop_now(f->host.loop), answer_all);
	return i;
}

static void received(struct host_account *h, const struct inbound *in, intake_done *done, void *arg)
{
	struct fake_inbound *i = add_inbound(of(h), done, arg);

	i->from = in->from;
	i->to = in->to;
	keep(i->text, sizeof i->text, in->text);
	i->text_n = in->text.n;
	keep(i->metadata, sizeof i->metadata, in->metadata);
	keep(i->external_id, sizeof i->external_id, in->external_id);
	i->ref = in->part.ref;
	i->total = in->part.total;
	i->seq = in->part.seq;
	i->width = in->part.width;
	i->consent_purposes = in->consent.purposes;
	i->consent = in->consent.state;
	i->at = in->at;
	i->stage = in->stage;
}

static void receipt(struct host_account *h, const struct receipt *r, intake_done *done, void *arg)
{
	struct fake_inbound *i = add_inbound(of(h), done, arg);

	i->receipt = true;
	i->from = r->from;
	i->to = r->to;
	keep(i->external_id, sizeof i->external_id, r->external_id);
	keep(i->raw_state, sizeof i->raw_state, r->raw_state);
	keep(i->error_code, sizeof i->error_code, r->error_code);
	i->status = r->status;
	i->at = r->at;
}

static void outcomes(struct host_account *h, const struct outcome *v, size_t n)
{
	struct fake_host *f = of(h);

	f->batches++;
	for (size_t i = 0; i < n; i++) {
		struct fake_outcome *o;
		f->outcomes = more(f->outcomes, f->outcomes_n, sizeof *f->outcomes);
		o = &f->outcomes[f->outcomes_n++];
		*o = (struct fake_outcome){.id = v[i].id,
					   .token = v[i].token,
					   .kind = v[i].kind,
					   .retry_after = v[i].retry_after,
					   .ids_n = v[i].external_ids_n};
		keep(o->code, sizeof o->code, v[i].code);
		keep(o->reason, sizeof o->reason, v[i].reason);
		for (size_t k = 0; k < v[i].external_ids_n && k < 8; k++)
			keep(o->ids[k], sizeof o->ids[k], v[i].external_ids[k]);
	}
}

static void outcome(struct host_account *h, const struct outcome *o) { outcomes(h, o, 1); }

static void state(struct host_account *h, enum account_state s, const char *reason)
{
	struct fake_host *f = of(h);

	f->states = more(f->states, f->states_n, sizeof *f->states);
	f->states[f->states_n].state = s;
	keep(f->states[f->states_n].reason, sizeof f->states->reason, str_of(reason));
	f->states_n++;
}

static void ready(struct host_account *h) { of(h)->ready++; }

static void add_figure(struct fake_host *f, const char *name, const char *label, int64_t v, bool gauge)
{
	struct fake_count *c = NULL;

	for (size_t i = 0; i < f->counts_n && !c; i++)
		if (strcmp(f->counts[i].name, name) == 0 && strcmp(f->counts[i].label, label ? label : "") == 0)
			c = &f->counts[i];
	if (!c) {
		f->counts = more(f->counts, f->counts_n, sizeof *f->counts);
		c = &f->counts[f->counts_n++];
		*c = (struct fake_count){.gauge = gauge};
		keep(c->name, sizeof c->name, str_of(name));
		keep(c->label, sizeof c->label, str_of(label));
	}
	c->value = gauge ? v : c->value + v;
}

static void count(struct host_account *h, const char *name, const char *label, int64_t add)
{
	add_figure(of(h), name, label, add, false);
}

static void gauge(struct host_account *h, const char *name, const char *label, int64_t value)
{
	add_figure(of(h), name, label, value, true);
}

static void on_signal(struct host_account *h, const struct address *who, enum signal_kind k, const struct uuid *upto)
{
	(void)h;
	(void)who;
	(void)k;
	(void)upto;
}

static void blob_get(struct host_account *h, const char *sha256, blob_read_done *done, void *arg)
{
	char bytes[5];

	(void)h;
	memset(bytes, sha256[0], sizeof bytes);
	if (sha256[0] == '0')
		done(arg, STR(""), "attachment_not_found");
	else
		done(arg, str_n(bytes, sizeof bytes), NULL);
}

static void reply(struct host_account *h, struct exchange *e, const struct channel_reply *r)
{
	(void)e;
	of(h)->replies++;
	of(h)->reply_status = r->status;
}

static void caller(struct host_account *h, const struct address *who, caller_done *done, void *arg)
{
	(void)who;
	done(arg, str_of(of(h)->known ? of(h)->known : "{}"), NULL);
}

void fake_sent(struct fake_host *f, const char *error)
{
	errand_done *done = f->errand_done;

	f->errand_done = NULL;
	if (done)
		done(f->errand_arg, error);
}

static void send_errand(struct host_account *h, const struct errand *e, errand_done *done, void *arg)
{
	struct fake_host *f = of(h);

	f->errands++;
	keep(f->errand, sizeof f->errand, e->text);
	f->errand_done = done;
	f->errand_arg = arg;
	if (!f->hold_send)
		fake_sent(f, NULL);
}

static void blob_put(struct host_account *h, struct str bytes, struct str name, struct str type, blob_done *done,
		     void *arg)
{
	struct attachment a = {.name = name, .type = type, .size = (int64_t)bytes.n};

	memset(a.sha256, 'a', 64);
	of(h)->blobs++;
	done(arg, &a, NULL);
}

void fake_host_init(struct fake_host *f, const char *name)
{
	*f = (struct fake_host){0};
	f->host = (struct channel_host){
		.self = (struct host_account *)(void *)f,
		.name = name,
		.loop = loop_new(name, fake_clock),
		.region = "DE",
		.secret = STR("0123456789abcdef0123456789abcdef"),
		.received = received,
		.receipt = receipt,
		.outcome = outcome,
		.outcomes = outcomes,
		.state = state,
		.ready = ready,
		.signal = on_signal,
		.blob_get = blob_get,
		.blob_put = blob_put,
		.caller = caller,
		.send = send_errand,
		.reply = reply,
		.count = count,
		.gauge = gauge,
	};
	cr_assert(f->host.loop);
}

void fake_host_free(struct fake_host *f)
{
	loop_timer_stop(f->host.loop, &f->answering);
	loop_free(&f->host.loop);
	free(f->outcomes);
	free(f->inbound);
	free(f->states);
	free(f->counts);
}

void fake_answer(struct fake_host *f, size_t i, enum intake_answer answer)
{
	intake_done *done = f->inbound[i].done;
	struct intake_result r = {.answer = answer, .why = answer == INTAKE_REJECTED ? "test" : NULL};

	if (!done)
		return;
	f->inbound[i].done = NULL;
	done(f->inbound[i].arg, &r);
}

enum account_state fake_state(const struct fake_host *f)
{
	return f->states_n ? f->states[f->states_n - 1].state : ACCOUNT_CONNECTING;
}

const char *fake_reason(const struct fake_host *f) { return f->states_n ? f->states[f->states_n - 1].reason : ""; }

int64_t fake_counted(const struct fake_host *f, const char *name, const char *label)
{
	for (size_t i = 0; i < f->counts_n; i++)
		if (strcmp(f->counts[i].name, name) == 0 && strcmp(f->counts[i].label, label ? label : "") == 0)
			return f->counts[i].value;
	return 0;
}

size_t fake_outcomes_of(const struct fake_host *f, enum outcome_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < f->outcomes_n; i++)
		n += f->outcomes[i].kind == kind;
	return n;
}
