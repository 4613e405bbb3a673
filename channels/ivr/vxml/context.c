/* Contexts of execution, their scopes, and the properties that hold in them. */
#include <stdlib.h>

#include "ivr/vxml/session.h"

struct context *context_new(struct vxml_session *s)
{
	struct context *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->chain.scope[SCOPE_SESSION] = s->session_scope;
	c->a = arena_new(s->limits.state);
	c->params_arena = arena_new(s->limits.state);
	if (!c->a || !c->params_arena) {
		arena_free(&c->a);
		arena_free(&c->params_arena);
		free(c);
		return NULL;
	}
	return c;
}

/* Takes *c out of its chain. The application and the document may be one scope. */
void context_free(struct vxml_session *s, struct context **cp)
{
	struct context *c = *cp;
	const char **scope = c->chain.scope;

	*cp = c->up;
	if (s->js) {
		for (int i = 0; i < c->loop_count; i++)
			script_drop(s->js, &c->loops[i].array);
		for (struct param *p = c->params; p; p = p->next)
			script_drop(s->js, &p->held);
		if (scope[SCOPE_DOCUMENT] == scope[SCOPE_APPLICATION])
			scope[SCOPE_DOCUMENT] = NULL;
		for (int i = SCOPE_APPLICATION; i < SCOPES; i++)
			script_drop(s->js, &scope[i]);
	}
	vxml_doc_free(&c->doc);
	vxml_doc_free(&c->root);
	arena_free(&c->a);
	arena_free(&c->params_arena);
	free(c);
}

const struct chain *context_chain(const struct vxml_session *s) { return &s->context->chain; }

void context_leave_anonymous(struct vxml_session *s)
{
	struct context *c = s->context;

	while (c->loop_count)
		script_drop(s->js, &c->loops[--c->loop_count].array);
	script_drop(s->js, &c->chain.scope[SCOPE_ANONYMOUS]);
}

int context_anonymous(struct vxml_session *s)
{
	struct context *c = s->context;
	struct err e = {0};

	context_leave_anonymous(s);
	/* Outside of a dialog nothing stands between it and the document: an empty scope does. */
	for (int level = SCOPE_DIALOG; level <= SCOPE_ANONYMOUS; level++)
		if (!c->chain.scope[level] && script_scope_new(s->js, &c->chain.scope[level], &e)) {
			vx_fatal(s, e.msg);
			return -1;
		}
	return 0;
}

static const char *property_in(const struct node *n, const char *name)
{
	const char *value = NULL;

	for (const struct node *k = n ? n->kids : NULL; k; k = k->next)
		if (k->tag == TAG_PROPERTY && strcmp(node_attr(k, "name"), name) == 0)
			value = node_attr(k, "value");
	return value;
}

const char *property_of(const struct vxml_session *s, const char *name, const char *otherwise)
{
	const struct context *c = s->context;
	const struct node *places[] = {c->item ? c->item->n : NULL, c->dialog, c->doc ? c->doc->top : NULL,
				       c->root ? c->root->top : NULL};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		const char *v = property_in(places[i], name);

		if (v)
			return v;
	}
	return otherwise;
}

int property_ms(const struct vxml_session *s, const char *name, const char *otherwise)
{
	int ms = vxml_ms(property_of(s, name, otherwise));

	return ms < 0 ? vxml_ms(otherwise) : ms;
}

int property_bool(const struct vxml_session *s, const char *name, bool otherwise)
{
	const char *v = property_of(s, name, "");

	return strcmp(v, "true") == 0 || (otherwise && strcmp(v, "false") != 0);
}

int attr_value(struct vxml_session *s, const struct node *n, const char *attr, const char *expr, char **out)
{
	const char *v = attr ? node_attr(n, attr) : NULL, *x = expr ? node_attr(n, expr) : NULL;
	struct err e = {0};

	*out = NULL;
	if (x) {
		if (script_text(s->js, context_chain(s), x, s->scratch, out, &e))
			return vx_semantic(s, n, &e);
		if (!*out)
			return vx_throw(s, n, "error.semantic", "%s is undefined", expr);
	} else if (v && !(*out = arena_strdup(s->scratch, v))) {
		vx_fatal(s, "out of memory");
		return -1;
	}
	return 0;
}
