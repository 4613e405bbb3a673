/* Words: what the SIP thread says, said on the adapter's loop. */
#include <stdlib.h>

#include "channel/channel.h"
#include "ivr/sip/door_private.h"

static void word_run(struct task *t)
{
	struct word *w = (struct word *)(void *)t;
	bool embedded = w->embedded; /* what it is part of may be gone once it was said */

	w->say(w);
	if (embedded)
		return;
	buf_free(&w->bytes);
	free(w);
}

struct word *word_new(struct line *l, void (*say)(struct word *))
{
	struct word *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->say = say;
	w->line = l;
	w->door = l ? l->door : NULL;
	return w;
}

void word_send(struct word *w)
{
	w->task.run = word_run;
	loop_post(w->door->host.host->loop, &w->task);
}

/* Whether the adapter still wants to hear of the line. */
static struct call *listener(const struct word *w) { return w->line->over ? NULL : w->line->call; }

static void state_said(struct word *w)
{
	w->door->host.state(w->door->host.account, (enum account_state)w->number, w->text);
}

void say_state(struct door *d, enum account_state s, const char *reason)
{
	struct word *w;

	if (d->told == (int)s + 1)
		return;
	w = word_new(NULL, state_said);
	if (!w)
		return;
	d->told = (int)s + 1;
	w->door = d;
	w->number = (int)s;
	snprintf(w->text, sizeof w->text, "%s", reason);
	word_send(w);
}

static void incoming_said(struct word *w)
{
	struct line *l = w->line;
	struct door_caller who = {
		.id = str_of(l->callid),
		.from = str_of(l->from),
		.to = str_of(l->to),
		.asserted = str_of(l->asserted),
		.name = str_of(l->name),
		.anonymous = l->anonymous,
		.trusted = l->trusted,
	};

	l->call = l->door->host.incoming(l->door->host.account, l, &who);
	if (l->call)
		return;
	l->over = true; /* refused: nothing more is said, and the adapter has no handle */
	atomic_fetch_add(&l->door->refused, 1);
	l->end_order =
		(struct order){.run = dialog_reject, .line = l, .door = l->door, .embedded = true, .number = 503};
	order_send(&l->end_order);
}

void say_incoming(struct line *l)
{
	struct word *w = word_new(l, incoming_said);

	if (w)
		word_send(w);
	else
		dialog_end(l, END_GATEWAY, 503, "no memory");
}

void say_ringing(struct word *w)
{
	struct call *c = listener(w);

	if (c && w->door->host.ringing)
		w->door->host.ringing(c);
}

void say_answered(struct word *w)
{
	struct call *c = listener(w);

	if (c)
		w->door->host.answered(c);
}

void say_simple(struct line *l, void (*say)(struct word *))
{
	struct word *w = word_new(l, say);

	if (w)
		word_send(w);
}

static void played_said(struct word *w)
{
	struct call *c = listener(w);

	if (c)
		w->door->host.played(c, w->flag);
}

void say_played(struct line *l, bool barged)
{
	struct word *w = word_new(l, played_said);

	if (!w)
		return;
	w->flag = barged;
	word_send(w);
}

static void digit_said(struct word *w)
{
	struct call *c = listener(w);

	if (c)
		w->door->host.digit(c, w->key);
}

void say_digit(struct line *l, char key, bool barged)
{
	struct word *w;

	if (barged)
		say_played(l, true);
	w = word_new(l, digit_said);
	if (!w)
		return;
	w->key = key;
	word_send(w);
}

static void recorded_said(struct word *w)
{
	struct call *c = listener(w);

	w->recording.bytes = buf_str(&w->bytes);
	if (c)
		w->door->host.recorded(c, &w->recording);
}

void say_recorded(struct line *l, struct door_recording *r, const int16_t *pcm, size_t n)
{
	struct word *w = word_new(l, recorded_said);

	if (!w)
		return;
	w->recording = *r;
	if (n) {
		buf_init(&w->bytes, 64 + n * 2);
		wav_write(&w->bytes, pcm, n);
		w->recording.size = (int64_t)w->bytes.n;
	}
	word_send(w);
}

static void transferred_said(struct word *w)
{
	struct call *c = listener(w);

	if (c)
		w->door->host.transferred(c, (enum transfer_end)w->number, w->more);
}

void say_transferred(struct line *l, enum transfer_end how, int talked_ms)
{
	struct word *w = word_new(l, transferred_said);

	if (!w)
		return;
	w->number = (int)how;
	w->more = talked_ms;
	word_send(w);
}

/* The last word; then the line is given back to the SIP thread to be freed. */
static void ended_said(struct word *w)
{
	struct line *l = w->line;
	struct call *c = listener(w);

	w->end.reason = w->text;
	l->over = true;
	if (c)
		l->door->host.ended(c, &w->end);
	l->call = NULL;
	l->free_order = (struct order){.run = dialog_free, .line = l, .door = l->door, .embedded = true};
	order_send(&l->free_order);
}

void say_ended(struct line *l, enum end_by by, int sip, const char *reason)
{
	struct word *w = &l->ended_word;

	*w = (struct word){.say = ended_said, .line = l, .door = l->door, .embedded = true};
	w->end = (struct door_end){.by = by, .answered = l->answered_said, .sip = sip};
	snprintf(w->text, sizeof w->text, "%s", reason ? reason : "");
	word_send(w);
}

static void stopped_said(struct word *w) { w->door->host.stopped(w->door->host.account); }

void say_stopped(struct door *d)
{
	d->stopped_word = (struct word){.say = stopped_said, .door = d, .embedded = true};
	word_send(&d->stopped_word);
}
