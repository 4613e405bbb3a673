/* Which grammars are active, and keys as they come (VoiceXML 2.0 section 3.1.4, 6.3.3 and appendix D). */
#include <stdlib.h>

#include "ivr/vxml/session.h"

void input_reset(struct vxml_session *s)
{
	arena_reset(s->input_arena);
	s->active = NULL;
	s->active_count = 0;
	s->keys[0] = '\0';
}

/* ---- activation */

static int activate(struct vxml_session *s, const struct gram *g, enum owner owner, const struct node *n)
{
	const char *modes = property_of(s, "inputmodes", "dtmf voice");
	struct active *a;

	if (!g || !strstr(modes, gram_mode(g) == GRAM_DTMF ? "dtmf" : "voice"))
		return 0;
	if (s->active_count == ACTIVE_MAX)
		return vx_throw(s, n, "error.semantic", "too many grammars at once");
	if (!s->active)
		s->active = arena_array(s->input_arena, struct active, ACTIVE_MAX);
	a = s->active ? &s->active[s->active_count] : NULL;
	if (!a || !(a->run = gram_start(s->input_arena, g))) {
		vx_fatal(s, "out of memory");
		return -1;
	}
	a->g = g;
	a->owner = owner;
	a->n = n;
	s->active_count++;
	return 0;
}

/* A <grammar> of its own or of a file, which may have to be fetched first: 1. */
static int activate_grammar(struct vxml_session *s, const struct node *n, enum owner owner, const struct node *of)
{
	struct external *x = s->external;
	char *ref, *url;

	if (n->grammar)
		return activate(s, n->grammar, owner, of);
	if (attr_value(s, n, "src", "srcexpr", &ref))
		return -1;
	url = vxml_url(s->scratch, s->context->doc->base, ref);
	if (!url)
		return vx_throw(s, n, "error.badfetch", "\"%.100s\" is no address", ref);
	while (x && strcmp(x->url, url) != 0)
		x = x->next;
	if (x)
		return activate(s, x->g, owner, of);
	s->fetch_for = n;
	free(s->wanted_url);
	if (!(s->wanted_url = strdup(url))) {
		vx_fatal(s, "out of memory");
		return -1;
	}
	url[strcspn(url, "#")] = '\0';
	vx_fetch(s, WANT_GRAMMAR, url, "GET", NULL, "", n);
	return 1;
}

static int activate_kids(struct vxml_session *s, const struct node *of, enum owner owner)
{
	int r = 0;

	for (const struct node *k = of->kids; k && r == 0; k = k->next)
		if (k->tag == TAG_GRAMMAR)
			r = activate_grammar(s, k, owner, of);
	return r;
}

static int activate_choice(struct vxml_session *s, const struct node *n, enum owner owner)
{
	int r = activate(s, n->grammar, owner, n);

	r = r ? r : activate(s, n->words, owner, n);
	return r ? r : activate_kids(s, n, owner);
}

static int activate_links(struct vxml_session *s, const struct node *of)
{
	int r = 0;

	for (const struct node *k = of->kids; k && r == 0; k = k->next)
		if (k->tag == TAG_LINK)
			r = activate_choice(s, k, OWN_LINK);
	return r;
}

static int activate_item(struct vxml_session *s, const struct node *n)
{
	int r = n->tag == TAG_FIELD ? activate(s, n->grammar, OWN_ITEM, n) : 0;

	r = r ? r : activate_kids(s, n, OWN_ITEM);
	for (const struct node *k = n->kids; k && r == 0; k = k->next)
		if (k->tag == TAG_CHOICE || k->tag == TAG_OPTION)
			r = activate_choice(s, k, k->tag == TAG_CHOICE ? OWN_CHOICE : OWN_OPTION);
	return r ? r : activate_links(s, n);
}

/* Dialogs of the document that can be entered from any other by what is said. */
static int activate_dialogs(struct vxml_session *s)
{
	struct context *c = s->context;
	int r = 0;

	for (const struct node *d = c->doc->top->kids; d && r == 0; d = d->next) {
		const char *scope = node_attr(d, "scope");
		bool open = scope && strcmp(scope, "document") == 0;

		if (d == c->dialog || (d->tag != TAG_FORM && d->tag != TAG_MENU))
			continue;
		for (const struct node *k = d->kids; k && r == 0; k = k->next) {
			const char *own = node_attr(k, "scope");

			if (k->tag == TAG_CHOICE && open)
				r = activate_choice(s, k, OWN_CHOICE);
			else if (k->tag == TAG_GRAMMAR && (own ? strcmp(own, "document") == 0 : open))
				r = activate_grammar(s, k, OWN_DIALOG, d);
		}
	}
	return r;
}

int input_activate(struct vxml_session *s)
{
	struct context *c = s->context;
	const struct node *n = c->item->n;
	const char *modal = node_attr(n, "modal");
	int r = activate_item(s, n);

	if (r || n->tag == TAG_TRANSFER || (modal && strcmp(modal, "true") == 0))
		return r;
	if (c->dialog->tag == TAG_FORM)
		r = activate_kids(s, c->dialog, OWN_FORM);
	r = r ? r : n == c->dialog ? 0 : activate_links(s, c->dialog);
	r = r ? r : activate_links(s, c->doc->top);
	r = r ? r : activate_dialogs(s);
	return r || c->root == c->doc ? r : activate_links(s, c->root->top);
}

static struct gram *read_grammar(struct vxml_session *s, struct arena *a, const struct vxml_event *ev, struct err *e)
{
	struct tree_limits limits = {s->limits.document, 60};
	struct node *top = tree_read(a, ev->text, s->wanted_url, limits, e);
	const char *rule = strchr(s->wanted_url, '#');

	if (!top)
		return NULL;
	if (strcmp(top->name, "grammar") != 0) {
		tree_fail(e, "grammar_unsupported", s->wanted_url, top->line, "no grammar in SRGS's XML form");
		return NULL;
	}
	if (schema_check(top, s->wanted_url, e))
		return NULL;
	return gram_srgs(a, top, rule ? rule + 1 : NULL, s->wanted_url, e);
}

void input_grammar(struct vxml_session *s, const struct vxml_event *ev)
{
	const struct node *n = s->fetch_for;
	struct external *x;
	struct err e = {0};

	if (ev->status < 200 || ev->status > 299) {
		vx_throw(s, n, "error.badfetch", "%.150s cannot be had", s->wanted_url);
		return;
	}
	x = calloc(1, sizeof *x);
	if (!x || !(x->url = strdup(s->wanted_url)) || !(x->a = arena_new(s->limits.state))) {
		free(x ? x->url : NULL);
		free(x);
		vx_fatal(s, "out of memory");
		return;
	}
	x->next = s->external; /* kept even if it is refused, so that it is freed in one place */
	s->external = x;
	x->g = read_grammar(s, x->a, ev, &e);
	if (x->g) {
		s->phase = PH_INPUT;
		return;
	}
	s->external = x->next;
	arena_free(&x->a);
	free(x->url);
	free(x);
	vx_throw(s, n, "error.badfetch", "%s", e.msg);
}

/* ---- waiting and keys */

static void wait_for_keys(struct vxml_session *s, int ms, bool more)
{
	const struct node *n = s->context->item->n;
	int events = s->events;

	vx_do(s, VXML_INPUT, WANT_INPUT);
	s->events = more ? 0 : events; /* a caller who says nothing does not end a circle of events */
	prompt_take(s);
	s->action.name = node_attr(n, "name") ? n->var : "";
	s->action.timeout_ms = ms;
	s->action.more = more;
	s->action.secret = property_bool(s, "threadline.secret", false);
	for (int i = 0; i < s->active_count; i++)
		s->action.text |= gram_mode(s->active[i].g) == GRAM_VOICE;
}

void input_step(struct vxml_session *s)
{
	int ms = s->prompt_timeout >= 0 ? s->prompt_timeout : property_ms(s, "timeout", "5s");

	if (s->context->item->n->tag == TAG_TRANSFER) { /* its grammar is here now */
		fia_transfer(s, s->context->item->n);
		return;
	}
	input_reset(s);
	if (input_activate(s) != 0)
		return;
	if (!prompt_bargein(s)) {
		s->typed[0] = '\0';
	} else if (s->typed[0]) {
		prompt_drop(s);
		s->phase = PH_KEYS;
		return;
	}
	wait_for_keys(s, ms, false);
}

/* The keys so far: is there a grammar that they match, one that takes more? */
static void look(const struct vxml_session *s, bool *done, bool *open)
{
	*done = *open = false;
	for (int i = 0; i < s->active_count; i++) {
		const struct active *a = &s->active[i];

		if (a->dead || gram_mode(a->g) != GRAM_DTMF)
			continue;
		*done |= gram_done(a->run);
		*open |= gram_open(a->run);
	}
}

static bool feed(struct vxml_session *s, char key)
{
	struct str token = str_n(&key, 1);
	size_t n = strlen(s->keys);
	bool taken = false;

	for (int i = 0; i < s->active_count; i++)
		taken |= !s->active[i].dead && gram_mode(s->active[i].g) == GRAM_DTMF &&
			 gram_accepts(s->active[i].run, token);
	if (!taken)
		return false;
	for (int i = 0; i < s->active_count; i++)
		if (gram_mode(s->active[i].g) == GRAM_DTMF && !s->active[i].dead)
			s->active[i].dead = !gram_feed(s->active[i].run, token);
	if (n < KEYS_MAX) {
		s->keys[n] = key;
		s->keys[n + 1] = '\0';
	}
	return true;
}

static char next_key(struct vxml_session *s)
{
	char key = s->typed[0];

	if (key)
		memmove(s->typed, s->typed + 1, strlen(s->typed));
	return key;
}

static void no_match(struct vxml_session *s, char key)
{
	size_t n = strlen(s->keys);

	if (n < KEYS_MAX) {
		s->keys[n] = key;
		s->keys[n + 1] = '\0';
	}
	for (int i = 0; i < s->active_count; i++)
		s->active[i].dead = true;
	s->typed[0] = '\0'; /* what was typed after it was meant for something else */
	match_keys(s);
}

void input_keys(struct vxml_session *s)
{
	const char *term = property_of(s, "termchar", "#");
	bool done, open;
	char key;

	while ((key = next_key(s))) {
		look(s, &done, &open);
		if (s->keys[0] && done && !open && key != term[0]) { /* that is for what comes next */
			memmove(s->typed + 1, s->typed, strlen(s->typed) + 1);
			s->typed[0] = key;
			match_keys(s);
			return;
		}
		if (!feed(s, key)) {
			if (key == term[0])
				match_keys(s);
			else
				no_match(s, key);
			return;
		}
		look(s, &done, &open);
		if (done && !open && (!term[0] || property_ms(s, "termtimeout", "0s") == 0)) {
			match_keys(s);
			return;
		}
	}
	look(s, &done, &open);
	wait_for_keys(s, open ? property_ms(s, "interdigittimeout", "3s") : property_ms(s, "termtimeout", "0s"), true);
}

static void key_in_transfer(struct vxml_session *s)
{
	bool done = false, open;
	char key;

	while ((key = next_key(s)) && !done) {
		if (!feed(s, key))
			return;
		look(s, &done, &open);
	}
	if (done)
		filled_set(s, s->context->item, "\"near_end_disconnect\"", "{\"inputmode\":\"dtmf\"}");
}

void input_event(struct vxml_session *s, const struct vxml_event *ev)
{
	const struct node *n = s->context->item->n;

	if (ev->type == VXML_EV_RECORDED && s->want == WANT_RECORD)
		fia_recorded(s, ev);
	else if (ev->type == VXML_EV_TRANSFERRED && s->want == WANT_TRANSFER)
		fia_transferred(s, ev);
	else if (ev->type == VXML_EV_DIGITS && s->want == WANT_INPUT)
		s->phase = PH_KEYS;
	else if (ev->type == VXML_EV_DIGITS && s->want == WANT_TRANSFER)
		key_in_transfer(s);
	else if (ev->type == VXML_EV_TEXT && s->want != WANT_RECORD)
		match_text(s, ev->text);
	else if (ev->type == VXML_EV_TIMEOUT && s->want == WANT_INPUT && s->keys[0])
		match_keys(s);
	else if (ev->type == VXML_EV_TIMEOUT && s->want != WANT_TRANSFER)
		vx_throw(s, n, "noinput", NULL);
}
