/* Which handler an event finds, and what happens where a document has none (VoiceXML 2.0 section 5.2). */
#include <stdio.h>

#include "base/json.h"
#include "ivr/vxml/session.h"

/* Dots at the end do not count; what remains is the event, or a prefix of it up to a dot; nothing matches all. */
static bool matches(struct str pattern, const char *event)
{
	while (pattern.n && pattern.p[pattern.n - 1] == '.')
		pattern.n--;
	if (pattern.n == 0)
		return true;
	return strncmp(event, pattern.p, pattern.n) == 0 && (event[pattern.n] == '\0' || event[pattern.n] == '.');
}

static const char *events_of(const struct node *n)
{
	switch (n->tag) {
	case TAG_CATCH: return node_attr(n, "event") ? node_attr(n, "event") : ".";
	case TAG_ERROR: return "error";
	case TAG_HELP: return "help";
	case TAG_NOINPUT: return "noinput";
	default: return "nomatch";
	}
}

/* ---- counters: each event counts for its own name and for all of its prefixes */

static int count_of(const struct counter *c, struct str name)
{
	while (name.n && name.p[name.n - 1] == '.')
		name.n--;
	while (c && !str_is(name, c->event))
		c = c->next;
	return c ? c->n : 0;
}

static int count(struct vxml_session *s, struct counter **list, struct str name)
{
	struct counter *c = *list;

	while (c && !str_is(name, c->event))
		c = c->next;
	if (!c) {
		c = arena_alloc(s->context->a, sizeof *c);
		if (!c || !(c->event = arena_strndup(s->context->a, name.p, name.n))) {
			vx_fatal(s, "out of memory");
			return -1;
		}
		c->next = *list;
		*list = c;
	}
	c->n++;
	return 0;
}

static struct counter **counters(struct vxml_session *s)
{
	struct context *c = s->context;

	return c->item ? &c->item->events : &c->events;
}

static int count_event(struct vxml_session *s)
{
	struct counter **list = counters(s);

	for (size_t i = 0; s->event[i]; i++)
		if (s->event[i] == '.' && count(s, list, str_n(s->event, i)))
			return -1;
	return count(s, list, str_of(s->event)) || count(s, list, STR("")) ? -1 : 0;
}

/* ---- choosing */

struct choice {
	const struct node *n;
	int count; /* of the handler */
};

/* A handler of n's children that is better than what was found: its count is higher, and not too high. */
static int look_in(struct vxml_session *s, const struct node *n, struct choice *best)
{
	for (const struct node *k = n ? n->kids : NULL; k; k = k->next) {
		const char *list, *number = tag_is_handler(k->tag) ? node_attr(k, "count") : NULL;
		const char *cond = tag_is_handler(k->tag) ? node_attr(k, "cond") : NULL;
		int64_t needs = 1;
		int times = 0;
		struct str word;
		struct err e = {0};
		bool yes = true;

		if (!tag_is_handler(k->tag))
			continue;
		if (number)
			str_i64(str_of(number), &needs);
		for (list = events_of(k); vxml_word(&list, &word);)
			if (matches(word, s->event)) {
				int has = count_of(*counters(s), word);

				times = has > times ? has : times;
			}
		if (times == 0 || needs > times || (best->n && needs <= best->count))
			continue;
		if (cond && script_truth(s->js, context_chain(s), cond, &yes, &e)) {
			vx_trace(s, VXML_T_ERROR, "error.semantic", e.msg, NULL);
			continue; /* a condition that is wrong is not true; an event about it would not end */
		}
		if (yes)
			*best = (struct choice){k, (int)needs};
	}
	return 0;
}

static int choose(struct vxml_session *s, struct choice *best)
{
	struct context *c = s->context;

	*best = (struct choice){0};
	if ((c->item && c->item->n != c->dialog && look_in(s, c->item->n, best)) || look_in(s, c->dialog, best))
		return -1;
	if (look_in(s, c->doc ? c->doc->top : NULL, best))
		return -1;
	return c->root && c->root != c->doc ? look_in(s, c->root->top, best) : 0;
}

/* ---- the platform's own handlers (2.0, 5.2.5) */

static void otherwise(struct vxml_session *s)
{
	const char *again[] = {"noinput", "nomatch", "help", "maxspeechtimeout"};
	struct context *c = s->context;

	context_leave_anonymous(s);
	for (size_t i = 0; i < sizeof again / sizeof *again; i++)
		if (matches(str_of(again[i]), s->event)) {
			c->skip_prompts = false;
			s->phase = c->dialog ? PH_SELECT : PH_END;
			return;
		}
	if (matches(STR("cancel"), s->event)) {
		c->skip_prompts = true;
		s->phase = c->dialog ? PH_SELECT : PH_END;
		return;
	}
	if (matches(STR("error"), s->event))
		vx_trace(s, VXML_T_FATAL, s->event, s->told ? s->told : s->event, NULL);
	s->phase = matches(STR("connection.disconnect"), s->event) ? PH_OVER : PH_END;
}

/* ---- handling */

static int put_text(struct vxml_session *s, const char *name, const char *value)
{
	const char *scope = s->context->chain.scope[SCOPE_ANONYMOUS];
	struct err e = {0};
	struct buf b;
	int r;

	buf_init(&b, 1 << 16);
	if (value)
		json_quote(&b, str_of(value));
	r = script_put(s->js, scope, name, value ? buf_cstr(&b) : NULL, &e);
	buf_free(&b);
	if (r)
		vx_fatal(s, e.msg);
	return r;
}

static void trace(struct vxml_session *s)
{
	bool error = matches(STR("error"), s->event);
	const char *where = "";
	char *text;

	if (strcmp(s->event, "noinput") == 0 || strcmp(s->event, "nomatch") == 0) {
		text = arena_printf(s->scratch, "%d", count_of(*counters(s), str_of(s->event)));
		vx_trace(s, s->event[2] == 'i' ? VXML_T_NOINPUT : VXML_T_NOMATCH, s->context->item->n->var, text,
			 s->said);
		return;
	}
	if (error)
		where = arena_printf(s->scratch, "%s:%d: ", vx_where(s), s->event_from ? s->event_from->line : 1);
	text = arena_printf(s->scratch, "%s%s", where ? where : "", s->message ? s->message : s->event);
	vx_trace(s, error ? VXML_T_ERROR : VXML_T_EVENT, s->event, error ? text : s->message, NULL);
	s->told = text;
}

void event_step(struct vxml_session *s)
{
	struct choice best;

	if (++s->events > s->limits.events) {
		vx_fatal(s, "events throw each other without end");
		return;
	}
	if (count_event(s))
		return;
	trace(s);
	context_leave_anonymous(s);
	if (context_anonymous(s) || put_text(s, "_event", s->event) || put_text(s, "_message", s->message) ||
	    choose(s, &best))
		return;
	if (best.n)
		exec_begin(s, best.n, CONTENT_CATCH);
	else
		otherwise(s);
}
