/* The session and the line: each answer of the interpreter becomes what the door is asked. */
#include "ivr/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "ivr/actions.h"

enum { PIECES_MAX = 256, IDLE_MAX = 50, FETCHED_MAX = 1 << 20 };

#define OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static void on_timeout(struct timer *t);
static void on_life(struct timer *t);

struct call *call_new(struct account *a, struct str id)
{
	struct call *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->a = a;
	c->story = story_new(a, id);
	c->data = json_object();
	if (!c->story || !c->data) {
		if (c->story)
			story_end(c->story, "gateway", "", false);
		json_decref(c->data);
		free(c);
		return NULL;
	}
	snprintf(c->ended_by, sizeof c->ended_by, "gateway");
	TAILQ_INSERT_TAIL(&a->calls, c, list);
	a->calls_n++;
	return c;
}

void call_finish(struct call *c)
{
	struct account *a = c->a;
	struct story *s = c->story;
	bool tell = !s->placed || (s->answered && s->input);

	loop_timer_stop(a->host->loop, &c->timer);
	loop_timer_stop(a->host->loop, &c->life);
	TAILQ_REMOVE(&a->calls, c, list);
	a->calls_n--;
	if (c->placed) {
		a->out_n--;
		if (a->hungry && !a->stopping) {
			a->hungry = false;
			a->host->ready(a->host->self);
		}
	}
	a->host->gauge(a->host->self, "ivr_calls", NULL, (int64_t)a->calls_n);
	vxml_session_free(&c->session);
	json_decref(c->data);
	free(c->placed);
	story_end(s, c->ended_by, c->reason, tell);
	free(c);
}

void call_hang_up(struct call *c, const char *reason)
{
	c->doing = CALL_LEAVING;
	c->a->ops->hang_up(c->line, reason);
}

/* ---- the session */

static void trace(void *arg, enum vxml_trace what, const char *target, const char *text, const char *value)
{
	struct call *c = arg;
	const char *base = target ? strrchr(target, '/') : NULL;

	switch (what) {
	case VXML_T_GOTO: story_step(c->story, "goto", base ? base + 1 : target, ""); break;
	case VXML_T_NOINPUT: story_step(c->story, "no input", "", ""); break;
	case VXML_T_NOMATCH: story_step(c->story, "no match", "", ""); break;
	case VXML_T_MATCH:
		c->story->input = true;
		story_begin(c->story);
		story_step(c->story, "pressed", target, text && text[0] ? text : "***");
		break;
	case VXML_T_LOG: story_step(c->story, "log", target, text); break;
	case VXML_T_ERROR:
	case VXML_T_FATAL:
		story_step(c->story, "error", target, text);
		log_warn("ivr.menu_error", "account", c->a->host->name, "event", target, "reason", text ? text : "",
			 LOG_END);
		break;
	default: break;
	}
	(void)value;
}

static json_t *session_vars(const struct call *c)
{
	const char *who = c->story->known ? c->story->who.value : "", *to = c->story->to.value;
	bool sip = c->story->who.scheme == SCHEME_SIP;

	return json_pack("{s:{s:{s:o},s:{s:o}},s:O?,s:O?,s:{s:s}}", "connection", "remote", "uri",
			 json_sprintf("%s%s",
				      !who[0] ? ""
				      : sip   ? "sip:"
					      : "tel:",
				      who),
			 "local", "uri", json_sprintf("tel:%s", to), "customer", json_object_get(c->data, "customer"),
			 "message", json_object_get(c->data, "message"), "call", "id", c->story->id);
}

static struct vxml_doc *document(struct call *c, bool *shared, struct err *err)
{
	*shared = false;
	if (c->inline_doc) {
		struct vxml_doc *d = c->inline_doc;
		c->inline_doc = NULL;
		return d;
	}
	return menus_document(c->a->menus, c->menu, c->data, shared, err);
}

static int session_begin(struct call *c, struct err *err)
{
	const struct vxml_callbacks cb = {trace, c};
	bool shared;
	struct vxml_doc *d = document(c, &shared, err);
	json_t *vars = d ? session_vars(c) : NULL;
	char *text = vars ? json_dumps(vars, JSON_COMPACT) : NULL;

	if (d && !text)
		err_nomem(err);
	if (text)
		c->session = vxml_session_new(d, str_of(text), NULL, &cb, err);
	if (!shared)
		vxml_doc_free(&d);
	json_decref(vars);
	free(text);
	return c->session ? 0 : -1;
}

void call_begin(struct call *c)
{
	struct err e = {0};

	c->story->answered = loop_now(c->a->host->loop);
	loop_timer(c->a->host->loop, &c->life, c->story->answered + c->a->set->max_call, on_life);
	if (!c->placed)
		story_begin(c->story);
	if (session_begin(c, &e)) {
		story_step(c->story, "error", "menu", e.msg);
		log_error("ivr.menu_refused", "account", c->a->host->name, "reason", e.msg, LOG_END);
		snprintf(c->reason, sizeof c->reason, "the menu cannot be run");
		call_hang_up(c, "");
		return;
	}
	call_drive(c, (struct vxml_event){.type = VXML_EV_START});
}

/* ---- what the interpreter asks for */

static void play(struct call *c)
{
	static const enum piece_type types[] = {[VXML_TEXT] = PIECE_TEXT,
						[VXML_AUDIO] = PIECE_AUDIO,
						[VXML_BREAK] = PIECE_SILENCE,
						[VXML_SAY_AS] = PIECE_SAY_AS};
	size_t n = c->act->prompt_count < PIECES_MAX ? c->act->prompt_count : PIECES_MAX;
	struct piece v[PIECES_MAX];

	for (size_t k = 0; k < n; k++) {
		const struct vxml_prompt *p = &c->act->prompts[k];
		v[k] = (struct piece){.type = types[p->type],
				      .text = p->text,
				      .ms = p->ms,
				      .skip = p->skip,
				      .as = p->as ? p->as : "",
				      .format = p->format ? p->format : "",
				      .lang = p->lang && p->lang[0] ? p->lang : c->a->set->language,
				      .bargein = p->bargein};
	}
	c->doing = CALL_PLAYING;
	c->a->ops->play(c->line, v, n);
}

static void listen(struct call *c)
{
	c->doing = CALL_LISTENING;
	loop_timer(c->a->host->loop, &c->timer, loop_now(c->a->host->loop) + c->act->timeout_ms * US_MS, on_timeout);
}

static void record(struct call *c)
{
	const struct vxml_action *x = c->act;
	struct record_wish w = {.max_ms = x->max_ms,
				.begin_ms = x->timeout_ms,
				.silence_ms = x->silence_ms,
				.beep = x->beep,
				.keys_end = x->dtmfterm};

	c->doing = CALL_RECORDING;
	c->a->ops->record(c->line, &w);
}

static void transfer(struct call *c)
{
	const struct vxml_action *x = c->act;
	struct transfer_wish w = {.to = x->target,
				  .bridge = strcmp(x->transfer, "blind") != 0,
				  .connect_ms = x->connect_ms,
				  .max_ms = x->max_ms};

	c->doing = CALL_TRANSFERRING;
	story_step(c->story, "transfer", w.bridge ? "bridge" : "blind", x->target);
	c->a->ops->transfer(c->line, &w);
}

static void on_action(void *arg, int status);

/* A document, a grammar, a script: a file of the folder; or something to be done. true: *ev says what came of it. */
static bool fetch(struct call *c, struct vxml_event *ev, struct buf *text)
{
	const char *target = c->act->target;
	struct err e = {0};
	int status = 404;

	ev->type = VXML_EV_FETCHED;
	if (action_is(target)) {
		c->doing = CALL_FETCHING;
		if (action_run(c->story, target, c->act->body, &status, on_action, c))
			return false;
		action_document(target, c->act->body, "", text);
		ev->url = menus_base(c->a->menus);
	} else if (menus_text(c->a->menus, target, c->data, text, &e) == 0) {
		status = 200;
	} else {
		story_step(c->story, "error", "fetch", e.msg);
	}
	ev->status = status;
	ev->text = buf_str(text);
	return true;
}

/* The line is gone: what a menu still says is heard by nobody. */
static bool alone(struct call *c, struct vxml_event *ev)
{
	if (++c->idle > IDLE_MAX) {
		c->exited = true;
		return false;
	}
	switch (c->act->what) {
	case VXML_PLAY:
	case VXML_DISCONNECT: ev->type = VXML_EV_DONE; return true;
	case VXML_EXIT: c->exited = true; return false;
	default: ev->type = VXML_EV_HANGUP; return true;
	}
}

/* After the prompts. true: *ev is what comes next. */
static bool act(struct call *c, struct vxml_event *ev)
{
	switch (c->act->what) {
	case VXML_PLAY: ev->type = VXML_EV_DONE; return true;
	case VXML_INPUT: listen(c); return false;
	case VXML_RECORD: record(c); return false;
	case VXML_TRANSFER: transfer(c); return false;
	case VXML_DISCONNECT:
		call_hang_up(c, "");
		ev->type = VXML_EV_DONE;
		return true;
	default:
		c->exited = true;
		call_hang_up(c, "");
		return false;
	}
}

static bool perform(struct call *c, struct vxml_event *ev, struct buf *text, bool heard)
{
	*ev = (struct vxml_event){0};
	if (c->act->what == VXML_FETCH)
		return fetch(c, ev, text);
	if (!c->line || c->doing == CALL_LEAVING)
		return alone(c, ev);
	if (c->act->prompt_count && !heard) {
		play(c);
		return false;
	}
	return act(c, ev);
}

/* From the event on, until something has to be waited for. The call may be gone afterwards. */
static void go_on(struct call *c, struct vxml_event *ev, bool step, bool heard)
{
	struct buf text;

	buf_init(&text, FETCHED_MAX);
	do {
		loop_timer_stop(c->a->host->loop, &c->timer);
		if (step)
			c->act = vxml_step(c->session, ev);
		buf_reset(&text);
		if (!step)
			*ev = (struct vxml_event){0};
		step = true;
		if (!perform(c, ev, &text, heard))
			break;
		heard = false;
	} while (1);
	buf_free(&text);
}

static bool is_over(const struct call *c) { return !c->line && (!c->session || c->exited) && !c->asking; }

void call_drive(struct call *c, struct vxml_event ev)
{
	c->doing = c->doing == CALL_LEAVING ? CALL_LEAVING : CALL_OVER;
	c->depth++; /* an answer of the host may come at once, within */
	go_on(c, &ev, true, false);
	if (--c->depth == 0 && is_over(c))
		call_finish(c);
}

static void on_action(void *arg, int status)
{
	struct call *c = arg;
	struct buf text;
	struct vxml_event ev = {.type = VXML_EV_FETCHED, .status = status, .url = menus_base(c->a->menus)};

	buf_init(&text, FETCHED_MAX);
	action_document(c->act->target, c->act->body, "", &text);
	ev.text = buf_str(&text);
	call_drive(c, ev);
	buf_free(&text);
}

static void on_timeout(struct timer *t)
{
	call_drive(OF(t, struct call, timer), (struct vxml_event){.type = VXML_EV_TIMEOUT});
}

static void on_life(struct timer *t)
{
	struct call *c = OF(t, struct call, life);

	snprintf(c->reason, sizeof c->reason, "the longest time of a call was reached");
	if (c->line && c->doing != CALL_LEAVING)
		c->a->ops->hang_up(c->line, "");
}

/* ---- what the door says while the menu runs */

static bool a_key_ends_it(const struct call *c) { return c->act->prompt_count && c->act->prompts[0].bargein; }

/* A prompt is being fetched or spoken into a file, and somebody knows already what they want: it need not begin. */
static void press_ahead(struct call *c, char key)
{
	if (!a_key_ends_it(c) || c->ahead_n == sizeof c->ahead)
		return; /* a prompt that no key ends plays: what is pressed meanwhile does not count */
	c->ahead[c->ahead_n++] = key;
	if (c->ahead_n == 1)
		c->a->ops->stop_play(c->line);
}

/* The keys that came too early, now that they are waited for. One of them may lead to the next prompt. */
static void catch_up(struct call *c)
{
	while (c->ahead_n && c->line && c->doing != CALL_LEAVING) {
		char key = c->ahead[0];

		if (c->doing == CALL_PLAYING && a_key_ends_it(c)) {
			c->a->ops->stop_play(c->line);
			return;
		}
		memmove(c->ahead, c->ahead + 1, --c->ahead_n);
		if (c->doing != CALL_PLAYING)
			call_digit(c, key);
	}
}

void call_played(struct call *c, bool barged)
{
	struct vxml_event ev;

	(void)barged;
	if (c->doing != CALL_PLAYING)
		return;
	go_on(c, &ev, false, true);
	catch_up(c);
}

static bool still(const struct call *c)
{
	switch (c->doing) {
	case CALL_FETCHING: return c->act->what == VXML_FETCH;
	case CALL_RECORDING: return c->act->what == VXML_RECORD;
	case CALL_TRANSFERRING: return c->act->what == VXML_TRANSFER;
	default: return false;
	}
}

void call_digit(struct call *c, char key)
{
	struct vxml_event ev = {.type = VXML_EV_DIGITS, .text = {&key, 1}};

	if (c->dropping || !c->session)
		return;
	switch (c->doing) {
	case CALL_LISTENING: call_drive(c, ev); return;
	case CALL_FETCHING:
	case CALL_RECORDING:
	case CALL_TRANSFERRING:
		c->act = vxml_step(c->session, &ev);
		if (still(c))
			return;
		c->dropping = true;
		if (c->doing == CALL_RECORDING)
			c->a->ops->stop_record(c->line);
		else if (c->doing == CALL_TRANSFERRING)
			c->a->ops->stop_transfer(c->line);
		return;
	case CALL_PLAYING: press_ahead(c, key); return;
	default: return;
	}
}

/* What was stopped has stopped: on with what the menu wants now. */
static bool dropped(struct call *c)
{
	struct vxml_event ev;

	if (!c->dropping)
		return false;
	c->dropping = false;
	go_on(c, &ev, false, false);
	return true;
}

static size_t keep_recording(struct call *c, const struct door_recording *r)
{
	struct buf b;
	size_t n = 0;
	FILE *f;

	buf_init(&b, (size_t)c->a->set->max_recording);
	f = r->path.n && r->path.n < PATH_MAX ? fopen(r->path.p, "rbe") : NULL;
	if (f) {
		char part[8192];
		while ((n = fread(part, 1, sizeof part, f)) > 0)
			buf_add(&b, part, n);
		fclose(f);
		unlink(r->path.p);
	} else {
		buf_addstr(&b, r->bytes);
	}
	n = b.failed ? 0 : story_file(c->story, buf_str(&b), r->type ? r->type : "audio/wav");
	if (!n)
		story_step(c->story, "error", "recording", b.failed ? "too long to keep" : "nothing to keep");
	buf_free(&b);
	return n;
}

void call_recorded(struct call *c, const struct door_recording *r)
{
	struct vxml_event ev = {.type = VXML_EV_RECORDED,
				.ms = r->ms,
				.size = r->size,
				.digit = r->digit,
				.full = r->full,
				.gone = r->gone};
	char name[40], text[40];
	size_t n;

	if (dropped(c) || c->doing != CALL_RECORDING)
		return;
	n = r->nothing || !r->ms ? 0 : keep_recording(c, r);
	if (r->nothing || !r->ms) {
		ev = (struct vxml_event){.type = r->gone ? VXML_EV_HANGUP : VXML_EV_TIMEOUT};
	} else {
		snprintf(name, sizeof name, "recording:%zu", n);
		snprintf(text, sizeof text, "%d s", r->ms / 1000);
		story_step(c->story, "recorded", c->act->name, text);
		ev.text = str_of(name);
	}
	call_drive(c, ev);
}

void call_transferred(struct call *c, enum transfer_end how, int talked_ms)
{
	static const char *const words[] = {[TRANSFER_DONE] = "",
					    [TRANSFER_BUSY] = "busy",
					    [TRANSFER_NO_ANSWER] = "noanswer",
					    [TRANSFER_NETWORK] = "network_busy",
					    [TRANSFER_NO_ROUTE] = "error.connection.noroute",
					    [TRANSFER_REFUSED] = "error.connection.noauthorization",
					    [TRANSFER_CALLER_LEFT] = "near_end_disconnect",
					    [TRANSFER_FAR_LEFT] = "far_end_disconnect",
					    [TRANSFER_MAX_TIME] = "maxtime_disconnect",
					    [TRANSFER_CUT] = "network_disconnect",
					    [TRANSFER_UNKNOWN] = "unknown",
					    [TRANSFER_UNSUPPORTED] = "error.unsupported.transfer.blind"};
	struct vxml_event ev = {.type = VXML_EV_TRANSFERRED, .text = str_of(words[how]), .ms = talked_ms};

	if (dropped(c) || c->doing != CALL_TRANSFERRING)
		return;
	story_step(c->story, "transferred", "", words[how][0] ? words[how] : "connected");
	if (how == TRANSFER_CALLER_LEFT)
		ev = (struct vxml_event){.type = VXML_EV_HANGUP};
	call_drive(c, ev);
}
