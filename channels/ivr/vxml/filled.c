/* What runs when input items were filled (VoiceXML 2.0 section 2.4; appendix C, process phase). */
#include "ivr/vxml/session.h"

static bool is_set(struct vxml_session *s, const struct node *item)
{
	return script_defined(s->js, s->context->chain.scope[SCOPE_DIALOG], item->var);
}

/* A <filled> of the form: any of its items was just filled, and with mode "all" none is missing. */
static bool form_filled(struct vxml_session *s, const struct node *n)
{
	struct context *c = s->context;
	const char *mode = node_attr(n, "mode"), *list = node_attr(n, "namelist");
	bool all = !mode || strcmp(mode, "all") == 0, just = false;

	for (int i = 0; i < c->item_count; i++) {
		const struct item *it = &c->items[i];
		const char *names = list, *name = node_attr(it->n, "name");
		bool counts = !list && tag_is_input(it->n->tag);
		struct str word;

		while (names && name && vxml_word(&names, &word))
			counts |= str_is(word, name);
		if (!counts)
			continue;
		if (all && !is_set(s, it->n))
			return false;
		just |= it->just_filled;
	}
	return just;
}

void filled_begin(struct vxml_session *s)
{
	struct context *c = s->context;

	context_leave_anonymous(s);
	c->filled = c->dialog->kids;
	c->filled_item = NULL;
	s->phase = PH_FILLED;
}

/* The next <filled> in document order: those of an item when it was filled, those of the form when theirs are. */
void filled_step(struct vxml_session *s)
{
	struct context *c = s->context;
	const struct node *n;

	if (c->filled_item) { /* within an item */
		n = c->filled_item;
		c->filled_item = n->next;
		if (n->tag == TAG_FILLED) {
			c->item = fia_item(c, n->parent);
			exec_begin(s, n, CONTENT_FILLED);
		}
		return;
	}
	n = c->filled;
	if (!n) {
		for (int i = 0; i < c->item_count; i++)
			c->items[i].just_filled = false;
		s->phase = PH_SELECT;
		return;
	}
	c->filled = n->next;
	if (tag_is_input(n->tag) && fia_item(c, n) && fia_item(c, n)->just_filled) {
		c->filled_item = n->kids;
	} else if (n->tag == TAG_FILLED && form_filled(s, n)) {
		c->item = NULL;
		exec_begin(s, n, CONTENT_FILLED);
	}
}

void filled_set(struct vxml_session *s, struct item *it, const char *json, const char *shadow)
{
	const char *scope = s->context->chain.scope[SCOPE_DIALOG];
	struct err e = {0};
	char *name;

	for (int i = 0; i < s->context->item_count; i++)
		s->context->items[i].just_filled = false;
	name = arena_printf(s->scratch, "%s$", it->n->var);
	if (!name || script_put(s->js, scope, it->n->var, json, &e) ||
	    (node_attr(it->n, "name") && script_put(s->js, scope, name, shadow, &e))) {
		vx_fatal(s, "out of memory");
		return;
	}
	it->just_filled = true;
	filled_begin(s);
}
