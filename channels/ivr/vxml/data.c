/* <data> (VoiceXML 2.1 section 5): what was fetched becomes a value. JSON as it is; XML as a tree to be read. */
#include "base/json.h"
#include "ivr/vxml/prelude.h"
#include "ivr/vxml/session.h"

/* A node as JSON that the reader in JavaScript below hangs together: ["name",{attributes},[kids]] or "text". */
static void write_node(struct json_out *j, const struct node *n)
{
	if (n->tag == TAG_TEXT) {
		json_str(j, NULL, n->text);
		return;
	}
	json_arr(j, NULL);
	json_cstr(j, NULL, n->name);
	json_arr(j, NULL);
	for (const struct attr *a = n->attrs; a; a = a->next) {
		json_cstr(j, NULL, a->name);
		json_cstr(j, NULL, a->value);
	}
	json_end(j);
	json_arr(j, NULL);
	for (const struct node *k = n->kids; k; k = k->next)
		write_node(j, k);
	json_end(j);
	json_end(j);
}

/* The JSON of what came, or NULL with err. */
static char *read_json(struct vxml_session *s, const struct vxml_event *ev, bool *xml, struct err *e)
{
	/* Two levels of brackets for each of elements: what json_out can count. */
	struct tree_limits limits = {s->limits.document, 24};
	struct str t = str_trim(ev->text);
	struct node *top;
	struct json_out j;
	struct buf b;
	char *out;

	*xml = !(t.n && (t.p[0] == '{' || t.p[0] == '['));
	if (!*xml) {
		out = arena_strndup(s->scratch, t.p, t.n);
		return out ? out : (err_nomem(e), NULL);
	}
	if (!(top = tree_read(s->scratch, t, s->action.target, limits, e)))
		return NULL;
	buf_init(&b, s->limits.state);
	json_begin(&j, &b);
	write_node(&j, top);
	out = b.failed ? NULL : arena_strdup(s->scratch, buf_cstr(&b));
	buf_free(&b);
	return out ? out : (err_nomem(e), NULL);
}

void data_received(struct vxml_session *s, const struct node *n, const struct vxml_event *ev)
{
	const char *name = node_attr(n, "name"), *scope = NULL;
	const struct chain *c = context_chain(s);
	struct err e = {0};
	char *json, *expr;
	bool xml;

	if (!name)
		return;
	if (!script_name_ok(name)) {
		vx_throw(s, n, "error.semantic", "\"%.100s\" cannot be a variable's name", name);
		return;
	}
	if (!(json = read_json(s, ev, &xml, &e))) {
		vx_throw(s, n, "error.badfetch", "%s", e.msg);
		return;
	}
	for (int i = 0; i < SCOPES && c->scope[i]; i++)
		scope = c->scope[i];
	expr = arena_printf(s->scratch, "%s(%s)", VXML_DOM, name);
	if (!expr || script_put(s->js, scope, name, json, &e))
		vx_throw(s, n, "error.badfetch", "%s", expr ? e.msg : "out of memory");
	else if (xml && script_var(s->js, c, name, expr, &e))
		vx_semantic(s, n, &e);
}
