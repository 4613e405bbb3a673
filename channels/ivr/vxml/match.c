/* What a match means and where it leads (VoiceXML 2.0 sections 3.1.5, 3.1.6, 5.1.5). */
#include <stdlib.h>

#include "base/json.h"
#include "ivr/vxml/session.h"

struct result {
	const char *said;
	bool keys;
	const char *held; /* the meaning */
	char *json;	  /* the same */
	char *shadow;	  /* of the item: what was said, how, and what it means */
};

static char *quoted(struct vxml_session *s, const char *text)
{
	struct buf b;
	char *out;

	buf_init(&b, 1 << 16);
	json_quote(&b, str_of(text));
	out = b.failed ? NULL : arena_strdup(s->scratch, buf_cstr(&b));
	buf_free(&b);
	return out;
}

/* application.lastresult$: an array that has the members of its first element as well. */
static int last_result(struct vxml_session *s, const struct result *r)
{
	const struct chain *c = context_chain(s);
	struct chain outer = {.scope = {c->scope[SCOPE_SESSION], c->scope[SCOPE_APPLICATION]}};
	char *list = arena_printf(s->scratch, "[%s]", r->shadow);
	struct err e = {0};

	if (!list || script_put(s->js, c->scope[SCOPE_APPLICATION], "lastresult$", list, &e) ||
	    script_run(s->js, &outer, "(function(l){for(var k in l[0])l[k]=l[0][k]})(lastresult$)", &e)) {
		vx_fatal(s, "out of memory");
		return -1;
	}
	return 0;
}

static int finish_result(struct vxml_session *s, struct result *r)
{
	char *said = quoted(s, r->said);
	struct err e = {0};

	if (script_held_json(s->js, r->held, s->scratch, &r->json, &e))
		return vx_semantic(s, s->context->item->n, &e);
	r->shadow =
		said ? arena_printf(s->scratch,
				    "{\"confidence\":1,\"utterance\":%s,\"inputmode\":\"%s\",\"interpretation\":%s}",
				    said, r->keys ? "dtmf" : "voice", r->json)
		     : NULL;
	if (!r->shadow) {
		vx_fatal(s, "out of memory");
		return -1;
	}
	return last_result(s, r);
}

/* ---- where it leads */

static int put_field(struct vxml_session *s, struct item *it, const struct result *r)
{
	const char *scope = s->context->chain.scope[SCOPE_DIALOG], *slot = node_attr(it->n, "slot");
	char *name = arena_printf(s->scratch, "%s$", it->n->var);
	struct err e = {0};
	bool has = false;

	slot = slot ? slot : it->n->var;
	if (!name || script_slot(s->js, r->held, slot, scope, it->n->var, &has, &e) ||
	    (!has && script_put_held(s->js, scope, it->n->var, r->held, &e)) ||
	    (node_attr(it->n, "name") && script_put(s->js, scope, name, r->shadow, &e))) {
		vx_fatal(s, "out of memory");
		return -1;
	}
	it->just_filled = true;
	return 0;
}

static void clear_filled(struct context *c)
{
	for (int i = 0; i < c->item_count; i++)
		c->items[i].just_filled = false;
}

/* Once anything is filled, there is nothing more to begin with. */
static void fill_initials(struct vxml_session *s)
{
	struct context *c = s->context;
	struct err e = {0};

	for (int i = 0; i < c->item_count; i++)
		if (c->items[i].n->tag == TAG_INITIAL &&
		    script_put(s->js, c->chain.scope[SCOPE_DIALOG], c->items[i].n->var, "true", &e))
			vx_fatal(s, e.msg);
}

int match_fill_form(struct vxml_session *s, const char *meaning)
{
	struct context *c = s->context;
	const char *scope = c->chain.scope[SCOPE_DIALOG];
	struct err e = {0};
	bool any = false, has;

	clear_filled(c);
	for (int i = 0; i < c->item_count; i++) {
		struct item *it = &c->items[i];
		const char *slot = node_attr(it->n, "slot");

		if (!tag_is_input(it->n->tag) || !node_attr(it->n, "name"))
			continue;
		if (script_slot(s->js, meaning, slot ? slot : it->n->var, scope, it->n->var, &has, &e)) {
			vx_fatal(s, e.msg);
			return -1;
		}
		it->just_filled = has;
		any |= has;
	}
	if (any)
		fill_initials(s);
	if (s->meaning == meaning)
		script_drop(s->js, &s->meaning);
	if (s->phase != PH_OVER)
		filled_begin(s);
	return 0;
}

static void follow(struct vxml_session *s, const struct node *n)
{
	char *ref;

	if (node_attr(n, "event") || node_attr(n, "eventexpr"))
		exec_event(s, n);
	else if (attr_value(s, n, "next", "expr", &ref) == 0)
		move_to(s, n, ref);
}

static void enter_dialog(struct vxml_session *s, const struct node *dialog, struct result *r)
{
	script_drop(s->js, &s->meaning);
	s->meaning = r->held;
	r->held = NULL;
	move_dialog(s, dialog);
}

static void lead(struct vxml_session *s, const struct active *a, struct result *r)
{
	struct context *c = s->context;
	struct item *it = c->item;

	bool secret = property_bool(s, "threadline.secret", false);

	vx_trace(s, VXML_T_MATCH, it->n->tag == TAG_MENU ? "" : node_attr(it->n, "name"), secret ? "" : r->said,
		 secret ? "" : r->json);
	switch (a->owner) {
	case OWN_CHOICE:
	case OWN_LINK: follow(s, a->n); break;
	case OWN_FORM: match_fill_form(s, r->held); break;
	case OWN_DIALOG: enter_dialog(s, a->n, r); break;
	default:
		if (it->n->tag == TAG_TRANSFER) {
			filled_set(s, it, "\"near_end_disconnect\"", r->shadow);
		} else if (it->n->tag == TAG_FIELD) {
			clear_filled(c);
			if (put_field(s, it, r) == 0) {
				fill_initials(s);
				filled_begin(s);
			}
		} else {
			s->phase = PH_SELECT;
		}
	}
}

/* The value of an option: its attribute, else its text, else its keys. */
static char *option_json(struct vxml_session *s, const struct node *n)
{
	const char *value = node_attr(n, "value");
	char *text = value ? arena_strdup(s->scratch, value) : node_text(s->scratch, n);

	if (text && !value && !text[0] && n->var)
		text = arena_strdup(s->scratch, n->var);
	return text ? quoted(s, text) : NULL;
}

static void matched(struct vxml_session *s, struct active *a, const char *said, bool keys, char *json)
{
	struct result r = {.said = said, .keys = keys};
	const struct gram_step *steps;
	struct err e = {0};
	size_t n = 0;

	if (a->owner == OWN_OPTION && !(json = option_json(s, a->n))) {
		vx_fatal(s, "out of memory");
		return;
	}
	if (!json && keys) { /* keys are written together: 1234, not 1 2 3 4 */
		bool tags = false;

		steps = gram_steps(a->run, &n);
		for (size_t i = 0; steps && i < n; i++)
			tags |= steps[i].type == GRAM_STEP_TAG;
		json = tags ? NULL : quoted(s, said);
	}
	steps = json ? NULL : gram_steps(a->run, &n);
	if (script_meaning(s->js, steps, json ? 0 : n, gram_literal(a->g), json, &r.held, &e))
		vx_semantic(s, a->n, &e);
	else if (finish_result(s, &r) == 0)
		lead(s, a, &r);
	script_drop(s->js, &r.held);
}

static void unmatched(struct vxml_session *s, const char *said)
{
	free(s->said);
	s->said = strdup(property_bool(s, "threadline.secret", false) ? "" : said);
	vx_throw(s, s->context->item->n, "nomatch", NULL);
}

void match_keys(struct vxml_session *s)
{
	char keys[KEYS_MAX + 1];

	memcpy(keys, s->keys, sizeof keys);
	s->keys[0] = '\0';
	for (int i = 0; i < s->active_count; i++) {
		struct active *a = &s->active[i];
		bool ok = true;
		char *json;

		if (a->dead || gram_mode(a->g) != GRAM_DTMF || !gram_done(a->run))
			continue;
		json = gram_builtin_value(s->scratch, a->g, str_of(keys), &ok);
		if (!ok)
			continue;
		matched(s, a, keys, true, json);
		return;
	}
	unmatched(s, keys);
}

static bool says(struct active *a, struct str words)
{
	const char *end = words.p + words.n;
	bool any = false;

	for (const char *p = words.p; p < end;) {
		const char *from;

		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		for (from = p; p < end && *p != ' ' && *p != '\t';)
			p++;
		if (p > from && !gram_feed(a->run, str_n(from, (size_t)(p - from))))
			return false;
		any |= p > from;
	}
	return any && gram_done(a->run);
}

void match_text(struct vxml_session *s, struct str words)
{
	char *said = arena_strndup(s->scratch, words.p, words.n);

	if (!said) {
		vx_fatal(s, "out of memory");
		return;
	}
	for (int i = 0; i < s->active_count; i++) {
		struct active *a = &s->active[i];

		if (gram_mode(a->g) != GRAM_VOICE)
			continue;
		if (!(a->run = gram_start(s->input_arena, a->g))) {
			vx_fatal(s, "out of memory");
			return;
		}
		if (says(a, words)) {
			matched(s, a, said, false, NULL);
			return;
		}
	}
	if (s->want == WANT_INPUT)
		unmatched(s, said);
}
