/*
 * A message becomes a call. Its outcome is told when it is taken (sent, with the call's id; delivered when it has ended) or
 * when it has failed: busy and not answered are tried again later, a number that does not exist is not.
 */
#include "ivr/place.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

/* What is spoken where no menu is set: said once, and again for key 1. */
static const char spoken[] =
	"<?xml version=\"1.0\"?>\n"
	"<vxml version=\"2.1\" xmlns=\"http://www.w3.org/2001/vxml\"><form><field name=\"again\">"
	"<grammar mode=\"dtmf\" version=\"1.0\" root=\"k\"><rule "
	"id=\"k\"><one-of><item>1</item></one-of></rule></grammar>"
	"<prompt><value expr=\"session.message.text\"/></prompt><property name=\"timeout\" value=\"4s\"/>"
	"<noinput><exit/></noinput><nomatch><exit/></nomatch>"
	"<filled><clear namelist=\"again\"/></filled></field></form></vxml>\n";

static struct delivery *keep(const struct delivery *d)
{
	struct delivery *k = malloc(sizeof *k + d->text.n + d->from.n + d->options.n + 3);
	char *at;

	if (!k)
		return NULL;
	*k = *d;
	at = (char *)(k + 1);
	for (size_t i = 0; i < 3; i++) {
		struct str *text = i == 0 ? &k->text : i == 1 ? &k->from : &k->options;
		if (text->n)
			memcpy(at, text->p, text->n);
		text->p = at;
		at += text->n;
		*at++ = 0;
	}
	k->subject = k->correlation = (struct str){0};
	k->attachments_n = 0;
	return k;
}

static void tell(struct account *a, const struct delivery *d, enum outcome_kind kind, const char *code,
		 const char *reason, const char *id)
{
	struct str external = str_of(id);
	struct outcome o = {.id = d->id,
			    .token = d->token,
			    .kind = kind,
			    .code = str_of(code),
			    .reason = str_of(reason),
			    .external_ids = &external,
			    .external_ids_n = id != NULL};

	a->host->outcome(a->host->self, &o);
}

/* The adapter's one word on a call that it placed. */
static void outcome(struct call *c, enum outcome_kind kind, const char *code, const char *reason)
{
	if (c->told)
		return;
	c->told = true;
	tell(c->a, c->placed, kind, code, reason, kind == OUTCOME_SENT ? c->story->id : NULL);
	c->a->host->count(c->a->host->self, "ivr_calls_placed_total", code, 1);
}

static void menu_of(struct call *c)
{
	const char *menu = c->a->set->call_menu, *asked;
	char path[PATH_MAX];
	json_t *o = NULL;

	if (c->placed->options.n && json_read(c->placed->options, 8, &o, NULL) == 0 &&
	    (asked = json_string_value(json_object_get(o, "menu"))) && menus_path(c->a->menus, asked, path, NULL) == 0)
		menu = asked;
	if (menu && strlen(menu) < sizeof c->menu)
		snprintf(c->menu, sizeof c->menu, "%s", menu);
	json_decref(o);
}

static int place(struct account *a, const struct delivery *d, struct err *err)
{
	char id[UUID_TEXT], full[80];
	struct place_wish w = {
		.to = str_of(d->to.value), .from = d->from, .ring_ms = (int)(a->set->ring_timeout / US_MS)};
	struct call *c;

	snprintf(full, sizeof full, "%s.%u.%u", uuid_format(&d->id.message, id), d->id.n, d->attempt);
	c = call_new(a, str_of(full));
	if (!c)
		return err_nomem(err);
	a->out_n++;
	c->story->placed = c->story->known = true;
	c->placed = keep(d);
	if (!c->placed) {
		a->out_n--;
		call_finish(c);
		return err_nomem(err);
	}
	c->story->who = d->to;
	c->story->message = d->id.message;
	c->doing = CALL_PLACING;
	menu_of(c);
	if (!w.from.n)
		w.from = str_of(a->self.value);
	c->line = a->ops->place(a->door, c, &w, err);
	if (!c->line) {
		call_finish(c);
		return -1;
	}
	a->host->gauge(a->host->self, "ivr_calls", NULL, (int64_t)a->calls_n);
	return 0;
}

size_t place_submit(struct account *a, const struct delivery *v, size_t n)
{
	size_t k;

	for (k = 0; k < n && !a->stopping; k++) {
		struct err e = {0};
		if (!a->ops || !a->ops->place) {
			tell(a, &v[k], OUTCOME_FAILED, "cannot_call", "this account's door cannot place calls", NULL);
			continue;
		}
		if (a->out_n >= (size_t)a->set->calls_out || a->calls_n >= (size_t)a->set->calls)
			break;
		if (place(a, &v[k], &e))
			tell(a, &v[k], e.kind == ERR_SEMANTIC ? OUTCOME_FAILED : OUTCOME_RETRY, e.code, e.msg, NULL);
	}
	a->hungry = a->hungry || k < n;
	return k;
}

void place_cancel(struct account *a, const struct delivery_id *id)
{
	struct call *c;

	TAILQ_FOREACH (c, &a->calls, list)
		if (c->placed && c->doing == CALL_PLACING && c->placed->id.n == id->n &&
		    uuid_eq(&c->placed->id.message, &id->message)) {
			outcome(c, OUTCOME_CANCELLED, "", "cancelled");
			call_hang_up(c, "");
			return;
		}
}

/* ---- what became of it ---- */

static void on_receipt(void *arg, const struct intake_result *r) { (void)arg, (void)r; }

void place_answered(struct call *c)
{
	struct err e = {0};

	outcome(c, OUTCOME_SENT, "answered", "answered");
	json_object_set_new(c->data, "message", json_pack("{s:s%}", "text", c->placed->text.p, c->placed->text.n));
	if (!c->menu[0]) {
		c->inline_doc = vxml_doc_load(STR(spoken), "message.vxml", NULL, &e);
		if (!c->inline_doc)
			log_error("ivr.message_menu", "reason", e.msg, LOG_END);
	}
	call_ask(c);
}

static bool is_one_of(int v, const int *list)
{
	for (; *list; list++)
		if (*list == v)
			return true;
	return false;
}

static void failed(struct call *c, const struct door_end *e)
{
	static const int busy[] = {486, 600, 0}, silent[] = {408, 480, 487, 0}, nowhere[] = {404, 410, 484, 604, 0};
	char code[16];

	if (c->a->stopping)
		outcome(c, OUTCOME_RELEASED, "", "stopping");
	else if (is_one_of(e->sip, busy) || e->q850 == 17)
		outcome(c, OUTCOME_RETRY, "busy", "busy");
	else if (is_one_of(e->sip, silent) || e->q850 == 18 || e->q850 == 19)
		outcome(c, OUTCOME_RETRY, "no_answer", "not answered");
	else {
		bool final = is_one_of(e->sip, nowhere) || e->q850 == 1 || e->q850 == 28;
		snprintf(code, sizeof code, "%d", e->sip ? e->sip : e->q850);
		outcome(c, final ? OUTCOME_FAILED : OUTCOME_RETRY, code, e->reason ? e->reason : "failed");
	}
}

void place_ended(struct call *c, const struct door_end *e)
{
	struct receipt r = {.account = str_of(c->a->host->name),
			    .external_id = str_of(c->story->id),
			    .from = c->story->who,
			    .to = c->a->self,
			    .status = STATUS_DELIVERED,
			    .raw_state = STR("answered")};

	if (!c->told)
		failed(c, e);
	else if (c->story->answered)
		c->a->host->receipt(c->a->host->self, &r, on_receipt, NULL);
}
