/*
 * Health and metrics. An adapter describes itself on its own loop, every second or so, into a text that others may read at
 * any time: so a health check neither waits for a loop nor touches an adapter.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "channel/host_private.h"

enum { FAMILIES_MAX = 256 };

#define OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define EVERY US_SEC

static void on_status(struct timer *t)
{
	struct host_account *a = OF(t, struct host_account, status_timer);
	struct buf b;

	buf_init(&b, 1 << 16);
	a->ops->status(a->account, &b);
	pthread_mutex_lock(&a->lock);
	buf_reset(&a->status);
	if (!b.failed)
		buf_addstr(&a->status, buf_str(&b));
	pthread_mutex_unlock(&a->lock);
	buf_free(&b);
	loop_timer(a->thread->loop, t, loop_now(a->thread->loop) + EVERY, on_status);
}

void host_watch_status(struct host_account *a)
{
	if (a->ops->status)
		loop_timer(a->thread->loop, &a->status_timer, loop_now(a->thread->loop) + EVERY / 4, on_status);
}

void host_health(struct host *h, struct json_out *j, const char *key)
{
	json_arr(j, key);
	for (size_t k = 0; k < h->n; k++) {
		struct host_account *a = h->account[k];
		struct account_info i;
		if (!accounts_get(h->c.accounts, str_of(a->name), &i))
			continue;
		json_obj(j, NULL);
		json_cstr(j, "name", i.name);
		json_cstr(j, "channel", channel_word(i.channel));
		json_cstr(j, "state", account_state_word(i.state));
		json_cstr(j, "reason", i.reason);
		json_time(j, "since", i.since);
		pthread_mutex_lock(&a->lock);
		if (a->status.n)
			json_raw(j, "detail", buf_str(&a->status));
		pthread_mutex_unlock(&a->lock);
		json_end(j);
	}
	json_end(j);
}

/* ---- metrics: one family after the other, as the exposition format asks ---- */

struct families {
	struct family {
		const char *name;
		bool gauge;
	} v[FAMILIES_MAX];
	size_t n;
};

static void note(void *arg, const char *name, const char *label, bool gauge, int64_t value)
{
	struct families *f = arg;

	(void)label;
	(void)value;
	for (size_t k = 0; k < f->n; k++)
		if (strcmp(f->v[k].name, name) == 0)
			return;
	if (f->n < FAMILIES_MAX)
		f->v[f->n++] = (struct family){name, gauge};
}

struct printing {
	struct buf *b;
	const struct host_account *a;
	const char *name;
};

static void escape(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '\\' || *s == '"')
			buf_addc(b, '\\');
		buf_addc(b, (unsigned char)*s < ' ' ? ' ' : *s);
	}
}

static void print(void *arg, const char *name, const char *label, bool gauge, int64_t value)
{
	struct printing *p = arg;

	(void)gauge;
	if (strcmp(p->name, name) != 0)
		return;
	buf_addf(p->b, "threadline_%s{channel=\"%s\",account=\"%s\"", name, p->a->ops->name, p->a->name);
	if (*label) {
		buf_adds(p->b, ",kind=\"");
		escape(p->b, label);
		buf_addc(p->b, '"');
	}
	buf_addf(p->b, "} %lld\n", (long long)value);
}

static void states(struct host *h, struct buf *b)
{
	buf_adds(b, "# HELP threadline_channel_up Whether the account is up.\n# TYPE threadline_channel_up gauge\n");
	for (size_t k = 0; k < h->n; k++) {
		struct account_info i;
		if (accounts_get(h->c.accounts, str_of(h->account[k]->name), &i))
			buf_addf(b, "threadline_channel_up{channel=\"%s\",account=\"%s\",state=\"%s\"} %d\n",
				 i.ops->name, i.name, account_state_word(i.state), i.state == ACCOUNT_UP);
	}
}

void host_metrics(struct host *h, struct buf *b)
{
	struct families f = {.n = 0};

	states(h, b);
	for (size_t k = 0; k < h->n; k++)
		figures_each(h->account[k]->figures, note, &f);
	for (size_t i = 0; i < f.n; i++) {
		buf_addf(b, "# TYPE threadline_%s %s\n", f.v[i].name, f.v[i].gauge ? "gauge" : "counter");
		for (size_t k = 0; k < h->n; k++) {
			struct printing p = {b, h->account[k], f.v[i].name};
			figures_each(h->account[k]->figures, print, &p);
		}
	}
}
