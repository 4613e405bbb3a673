/* How a call begins and ends: who it is, the answer, the last word of the door. */
#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "base/log.h"
#include "ivr/call.h"

/* ---- who ---- */

/* Nobody: each such call is somebody of its own, and never anybody known (RFC 3323 section 4.1.1.3). */
static void nobody(struct address *out)
{
	uint8_t r[8];
	char hex[2 * sizeof r + 1];

	crypto_random(r, sizeof r);
	crypto_hex(r, sizeof r, hex);
	*out = (struct address){.scheme = SCHEME_SIP};
	snprintf(out->value, sizeof out->value, "anonymous-%s@anonymous.invalid", hex);
}

static bool read_who(const struct account *a, struct str text, struct address *out)
{
	return text.n && address_parse(CHANNEL_IVR, text, a->host->region, out, NULL) == 0 && address_identifies(out);
}

void call_identify(const struct account *a, const struct door_caller *who, struct story *s)
{
	struct address to;

	s->withheld = who->anonymous;
	s->known = (who->trusted && !who->anonymous && read_who(a, who->asserted, &s->who)) ||
		   (!who->anonymous && read_who(a, who->from, &s->who));
	if (!s->known)
		nobody(&s->who);
	if (who->to.n && address_parse(CHANNEL_IVR, who->to, a->host->region, &to, NULL) == 0)
		s->to = to;
	if (s->known && who->name.n && who->name.n < 200 && str_utf8_ok(who->name)) {
		char *name = strndup(who->name.p, who->name.n);
		s->name = name ? str_of(name) : (struct str){0};
	}
}

void call_fill(json_t *data, struct str json, const struct story *s)
{
	json_t *known = NULL, *list;

	if (json_read(json, 16, &known, NULL) == 0) {
		json_object_update(data, known);
		list = json_object_get(known, "conversations");
		if (json_array_size(list))
			json_object_set(data, "conversation", json_array_get(list, 0));
	}
	json_decref(known);
	json_object_set_new(data, "account", json_string(s->a->host->name));
	json_object_set_new(data, "call",
			    json_pack("{s:s,s:s,s:s,s:b,s:b}", "id", s->id, "from", s->known ? s->who.value : "", "to",
				      s->to.value, "withheld", !s->known, "placed", s->placed));
}

static void on_known(void *arg, struct str json, const char *error)
{
	struct call *c = arg;

	c->asking = false;
	if (error)
		log_warn("ivr.caller_unread", "account", c->a->host->name, "reason", error, LOG_END);
	call_fill(c->data, json, c->story);
	if (!c->line) {
		call_finish(c);
		return;
	}
	if (c->doing != CALL_ASKING)
		return;
	if (c->placed) {
		call_begin(c);
		return;
	}
	c->doing = CALL_ANSWERING;
	c->a->ops->answer(c->line);
}

void call_ask(struct call *c)
{
	c->doing = CALL_ASKING;
	c->asking = true;
	if (c->story->known)
		c->a->host->caller(c->a->host->self, &c->story->who, on_known, c);
	else
		on_known(c, STR("{}"), NULL);
}

/* ---- from the door ---- */

static void on_begin(struct timer *t)
{
	struct call *c = (struct call *)(void *)((char *)t - offsetof(struct call, timer));

	call_ask(c);
}

struct call *call_incoming(struct account *a, struct line *l, const struct door_caller *who)
{
	struct call *c;
	char path[PATH_MAX];

	if (a->stopping || a->paused || a->calls_n >= (size_t)a->set->calls) {
		a->host->count(a->host->self, "ivr_calls_refused_total", NULL, 1);
		return NULL;
	}
	c = call_new(a, who->id);
	if (!c)
		return NULL;
	c->line = l;
	call_identify(a, who, c->story);
	snprintf(c->menu, sizeof c->menu, "%s", a->set->menu);
	if (who->menu.n && who->menu.n < sizeof c->menu) {
		snprintf(c->menu, sizeof c->menu, "%.*s", (int)who->menu.n, who->menu.p);
		if (menus_path(a->menus, c->menu, path, NULL))
			snprintf(c->menu, sizeof c->menu, "%s", a->set->menu);
	}
	a->host->count(a->host->self, "ivr_calls_total", "in", 1);
	a->host->gauge(a->host->self, "ivr_calls", NULL, (int64_t)a->calls_n);
	/* The door learns of its call first; then it is asked for something. */
	c->doing = CALL_ASKING;
	loop_timer(a->host->loop, &c->timer, loop_now(a->host->loop), on_begin);
	return c;
}

void call_answered(struct call *c)
{
	if (c->doing == CALL_PLACING) {
		place_answered(c);
		return;
	}
	if (c->doing == CALL_ANSWERING)
		call_begin(c);
}

static const char *by_word(enum end_by by)
{
	return by == END_CALLER ? "customer" : by == END_GATEWAY ? "gateway" : "network";
}

void call_ended(struct call *c, const struct door_end *e)
{
	enum call_doing was = c->doing;

	c->line = NULL;
	c->dropping = false;
	snprintf(c->ended_by, sizeof c->ended_by, "%s", by_word(e->by));
	if (e->reason && !c->reason[0])
		snprintf(c->reason, sizeof c->reason, "%s", e->reason);
	if (c->placed)
		place_ended(c, e);
	loop_timer_stop(c->a->host->loop, &c->timer);
	if (c->asking && c->story->known)
		return; /* the answer about the caller is due */
	c->asking = false;
	if (!c->session || c->exited) {
		call_finish(c);
		return;
	}
	if (was == CALL_FETCHING) { /* it is told when what it waits for has come */
		c->act = vxml_step(c->session, &(struct vxml_event){.type = VXML_EV_HANGUP});
		if (c->act->what == VXML_FETCH)
			return;
	}
	call_drive(c, (struct vxml_event){.type = VXML_EV_HANGUP});
}
