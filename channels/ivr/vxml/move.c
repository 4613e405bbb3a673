/* From dialog to dialog and document to document: goto, submit, subdialog, and which scopes survive it (2.0, 1.5). */
#include <stdlib.h>

#include "base/json.h"
#include "ivr/vxml/session.h"

void move_clear(struct vxml_session *s)
{
	struct move *m = &s->move;

	free(m->url);
	free(m->fragment);
	free(m->method);
	free(m->type);
	free(m->body);
	vxml_doc_free(&m->doc);
	vxml_doc_free(&m->root);
	*m = (struct move){0};
}

/* ---- dialogs */

void move_dialog(struct vxml_session *s, const struct node *dialog)
{
	struct context *c = s->context;
	struct err e = {0};
	int n = dialog->tag == TAG_MENU;

	context_leave_anonymous(s);
	script_drop(s->js, &c->chain.scope[SCOPE_DIALOG]);
	arena_reset(c->a);
	for (const struct node *k = dialog->kids; k; k = k->next)
		n += dialog->tag == TAG_FORM && tag_is_item(k->tag);
	c->items = arena_array(c->a, struct item, (size_t)n + 1);
	if (!c->items || script_scope_new(s->js, &c->chain.scope[SCOPE_DIALOG], &e)) {
		vx_fatal(s, "out of memory");
		return;
	}
	c->item_count = 0;
	if (dialog->tag == TAG_MENU)
		c->items[c->item_count++] = (struct item){.n = dialog, .prompts = 1};
	for (const struct node *k = dialog->kids; k; k = k->next)
		if (dialog->tag == TAG_FORM && tag_is_item(k->tag))
			c->items[c->item_count++] = (struct item){.n = k, .prompts = 1};
	c->events = NULL;
	c->item = NULL;
	c->next_item = NULL;
	c->skip_prompts = false;
	c->dialog = dialog;
	c->at = dialog->tag == TAG_FORM ? dialog->kids : NULL;
	s->phase = PH_DIALOG;
}

/* ---- setting out */

static int address(struct vxml_session *s, const struct node *n, const char *ref, bool submit)
{
	struct move *m = &s->move;
	char *url = vxml_url(s->scratch, s->context->doc->base, ref);
	char *hash = url ? strchr(url, '#') : NULL;

	if (!url)
		return vx_throw(s, n, "error.badfetch", "\"%.100s\" is no address", ref);
	move_clear(s);
	m->submit = submit;
	m->from = n;
	m->fragment = hash && hash[1] ? strdup(hash + 1) : NULL;
	m->url = strndup(url, hash ? (size_t)(hash - url) : strlen(url));
	if (!m->url || (hash && hash[1] && !m->fragment)) {
		vx_fatal(s, "out of memory");
		return -1;
	}
	return 0;
}

void move_start(struct vxml_session *s)
{
	s->move.doc = doc_hold(s->first);
	s->move.url = strdup(s->first->url);
	if (s->move.url)
		s->phase = PH_MOVE;
	else
		vx_fatal(s, "out of memory");
}

int move_to(struct vxml_session *s, const struct node *n, const char *ref)
{
	struct context *c = s->context;
	const struct node *dialog;

	if (ref[0] != '#') {
		if (address(s, n, ref, false))
			return -1;
		s->phase = PH_MOVE;
	} else {
		dialog = doc_dialog(c->doc, ref + 1);
		if (!dialog)
			return vx_throw(s, n, "error.badfetch", "there is no dialog %.100s", ref);
		move_dialog(s, dialog);
	}
	vx_trace(s, VXML_T_GOTO, ref, NULL, NULL);
	return 0;
}

/* ---- submit */

static int add_field(struct vxml_session *s, const struct node *n, const char *name, struct buf *out)
{
	static const char hex[] = "0123456789ABCDEF";
	struct err e = {0};
	char *value = NULL;
	const char *both[2] = {name, NULL};

	if (script_text(s->js, context_chain(s), name, s->scratch, &value, &e))
		return vx_semantic(s, n, &e);
	if (value && strcmp(value, "[object Object]") == 0 &&
	    script_json(s->js, context_chain(s), name, s->scratch, &value, &e))
		return vx_semantic(s, n, &e);
	both[1] = value ? value : "undefined";
	if (out->n)
		buf_addc(out, '&');
	for (int i = 0; i < 2; i++) {
		for (const unsigned char *p = (const unsigned char *)both[i]; *p; p++) {
			bool plain = (*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z') ||
				     strchr("-._~", *p);

			if (plain || *p == ' ') {
				buf_addc(out, plain ? (char)*p : '+');
			} else {
				buf_addc(out, '%');
				buf_addc(out, hex[*p >> 4]);
				buf_addc(out, hex[*p & 15]);
			}
		}
		if (i == 0)
			buf_addc(out, '=');
	}
	return 0;
}

static int add_fields(struct vxml_session *s, const struct node *n, const char *list, struct buf *out)
{
	struct context *c = s->context;
	struct str word;

	while (list && vxml_word(&list, &word)) {
		char *name = arena_strndup(s->scratch, word.p, word.n);

		if (!name || add_field(s, n, name, out))
			return name ? -1 : (vx_fatal(s, "out of memory"), -1);
	}
	if (!list && n->tag == TAG_SUBMIT) /* all input items that have names */
		for (int i = 0; i < c->item_count; i++) {
			const struct node *it = c->items[i].n;

			if (tag_is_input(it->tag) && node_attr(it, "name") && add_field(s, n, it->var, out))
				return -1;
		}
	return 0;
}

/* names of its variables, form-encoded; free() it. */
int submit_body(struct vxml_session *s, const struct node *n, const char *names, char **body)
{
	struct buf b;

	*body = NULL;
	buf_init(&b, 1 << 20);
	if (add_fields(s, n, names, &b)) {
		buf_free(&b);
		return -1;
	}
	buf_adds(&b, "");
	*body = b.n ? buf_take(&b) : strdup("");
	buf_free(&b);
	if (!*body) {
		vx_fatal(s, "out of memory");
		return -1;
	}
	return 0;
}

static int submission(struct vxml_session *s, const struct node *n)
{
	struct move *m = &s->move;
	const char *method = node_attr(n, "method"), *enctype = node_attr(n, "enctype");
	char *body;

	if (enctype && strcmp(enctype, "application/x-www-form-urlencoded") != 0 &&
	    strcmp(enctype, "multipart/form-data") != 0)
		return vx_throw(s, n, "error.semantic", "the encoding %.60s is not supported", enctype);
	if (submit_body(s, n, node_attr(n, "namelist"), &body))
		return -1;
	m->method = strdup(method && strcasecmp(method, "post") == 0 ? "POST" : "GET");
	m->type = strdup(enctype ? enctype : "application/x-www-form-urlencoded");
	m->body = body;
	if (!m->method || !m->type) {
		vx_fatal(s, "out of memory");
		return -1;
	}
	return 0;
}

int move_submit(struct vxml_session *s, const struct node *n, const char *ref)
{
	if (address(s, n, ref, true) || submission(s, n)) {
		return -1;
	}
	vx_trace(s, VXML_T_SUBMIT, s->move.url, s->move.method, s->move.body);
	s->phase = PH_MOVE;
	return 0;
}

/* ---- subdialogs */

static int add_param(struct vxml_session *s, struct context *to, const struct node *p)
{
	struct param *param = arena_alloc(to->params_arena, sizeof *param);
	const char *expr = node_attr(p, "expr"), *value = node_attr(p, "value");
	struct err e = {0};
	struct buf b;

	if (!param || !(param->name = arena_strdup(to->params_arena, node_attr(p, "name")))) {
		vx_fatal(s, "out of memory");
		return -1;
	}
	param->next = to->params;
	to->params = param;
	if (expr && script_hold(s->js, context_chain(s), expr, &param->held, &e))
		return vx_semantic(s, p, &e);
	if (!expr) {
		buf_init(&b, 1 << 16);
		json_quote(&b, str_of(value));
		script_meaning(s->js, NULL, 0, false, buf_cstr(&b), &param->held, &e);
		buf_free(&b);
	}
	return param->held ? 0 : vx_semantic(s, p, &e);
}

static int add_params(struct vxml_session *s, struct context *to, const struct node *n)
{
	for (const struct node *k = n->kids; k; k = k->next)
		if (k->tag == TAG_PARAM && add_param(s, to, k))
			return -1;
	return 0;
}

/* The new context is entered only when the document is there: what goes wrong before is thrown in the old one. */
int move_subdialog(struct vxml_session *s, const struct node *n)
{
	struct context *c = s->context;
	char *ref;

	if (attr_value(s, n, "src", "srcexpr", &ref) || address(s, n, ref, false))
		return -1;
	s->move.subdialog = true;
	if (ref[0] == '#') {
		if (!doc_dialog(c->doc, s->move.fragment))
			return vx_throw(s, n, "error.badfetch", "there is no dialog %.100s", ref);
		s->move.doc = doc_hold(c->doc);
		s->move.root = doc_hold(c->root);
	} else if (submission(s, n)) {
		return -1;
	}
	vx_trace(s, VXML_T_GOTO, ref, NULL, NULL);
	s->phase = PH_MOVE;
	return 0;
}

static struct context *enter_subdialog(struct vxml_session *s)
{
	struct context *to = context_new(s), *from = s->context;

	if (!to || ++s->depth > s->limits.depth) {
		if (to)
			context_free(s, &to);
		vx_fatal(s, "too many subdialogs within each other");
		return NULL;
	}
	if (add_params(s, to, from->item->n)) {
		context_free(s, &to);
		s->depth--;
		return NULL;
	}
	to->up = from;
	s->context = to;
	return to;
}

/* ---- arriving */

/* The scopes that begin anew. Returns whether the root's, and whether the document's variables are to be made. */
static int new_scopes(struct vxml_session *s, bool *root, bool *document)
{
	struct move *m = &s->move;
	struct context *c = s->context;
	const char **scope = c->chain.scope;
	struct err e = {0};
	bool leaf = m->doc != m->root;
	bool was_leaf = c->doc && c->doc != c->root;
	bool same = c->root && strcmp(c->root->url, m->root->url) == 0;

	/* To a leaf of the same application it survives; to its root only from a leaf, and not by a submit. */
	bool keep = same && (leaf || (was_leaf && !m->submit));
	if (c->doc && scope[SCOPE_DOCUMENT] == scope[SCOPE_APPLICATION])
		scope[SCOPE_DOCUMENT] = NULL;
	script_drop(s->js, &scope[SCOPE_DOCUMENT]);
	if (!keep) {
		script_drop(s->js, &scope[SCOPE_APPLICATION]);
		if (script_scope_new(s->js, &scope[SCOPE_APPLICATION], &e)) {
			vx_fatal(s, e.msg);
			return -1;
		}
	}
	scope[SCOPE_DOCUMENT] = scope[SCOPE_APPLICATION];
	*root = leaf && !keep;
	*document = leaf || !keep;
	return 0;
}

static void arrive(struct vxml_session *s)
{
	struct move *m = &s->move;
	struct context *c = m->subdialog ? enter_subdialog(s) : s->context;
	bool root, document;

	if (!c)
		return;
	context_leave_anonymous(s);
	script_drop(s->js, &c->chain.scope[SCOPE_DIALOG]);
	c->dialog = NULL;
	c->item = NULL;
	if (new_scopes(s, &root, &document))
		return;
	vxml_doc_free(&c->doc);
	vxml_doc_free(&c->root);
	c->doc = doc_hold(m->doc);
	c->root = doc_hold(m->root);
	c->init_root = root;
	c->at = root ? c->root->top->kids : document ? c->doc->top->kids : NULL;
	s->phase = PH_DOCUMENT;
	if (c->doc != c->root && !root) { /* the application's variables are there already */
		struct err e = {0};

		c->chain.scope[SCOPE_DOCUMENT] = NULL;
		if (script_scope_new(s->js, &c->chain.scope[SCOPE_DOCUMENT], &e))
			vx_fatal(s, e.msg);
	}
}

static void failed(struct vxml_session *s, const char *event, const char *why)
{
	const struct node *from = s->move.from;

	move_clear(s);
	if (!s->context->doc) { /* the very first one: nobody is there to catch it */
		vx_fatal(s, why);
		return;
	}
	vx_throw(s, from, event, "%s", why);
}

void move_step(struct vxml_session *s)
{
	struct move *m = &s->move;
	struct context *c = s->context;
	char *url;

	if (!m->doc) {
		url = m->body && m->body[0] && strcmp(m->method, "GET") == 0
			      ? arena_printf(s->scratch, "%s%c%s", m->url, strchr(m->url, '?') ? '&' : '?', m->body)
			      : arena_strdup(s->scratch, m->url);
		bool post = m->method && strcmp(m->method, "POST") == 0;

		if (!url)
			vx_fatal(s, "out of memory");
		else
			vx_fetch(s, WANT_DOCUMENT, url, post ? "POST" : "GET", post ? m->type : NULL,
				 post ? m->body : "", m->from);
		return;
	}
	if (m->fragment && !doc_dialog(m->doc, m->fragment)) {
		failed(s, "error.badfetch", "the document has no such dialog");
		return;
	}
	if (!m->root && !m->doc->app)
		m->root = doc_hold(m->doc);
	else if (!m->root && !m->subdialog && c->root && strcmp(c->root->url, m->doc->app) == 0)
		m->root = doc_hold(c->root);
	if (m->root)
		arrive(s);
	else
		vx_fetch(s, WANT_ROOT, m->doc->app, "GET", NULL, "", m->from);
}

static struct vxml_doc *received(struct vxml_session *s, const struct vxml_event *ev, const char *url)
{
	struct err e = {0};
	struct vxml_doc *d;

	if (ev->status < 200 || ev->status > 299) {
		char *why = arena_printf(s->scratch, "%s cannot be had", url);
		char *event = arena_printf(s->scratch, "error.badfetch.http.%d", ev->status);

		failed(s, ev->status && event ? event : "error.badfetch", why ? why : "");
		return NULL;
	}
	d = vxml_doc_load(ev->text, ev->url ? ev->url : url, &s->limits, &e);
	if (!d)
		failed(s, "error.badfetch", e.msg);
	return d;
}

void move_document(struct vxml_session *s, const struct vxml_event *ev)
{
	s->move.doc = received(s, ev, s->move.url);
	if (s->move.doc)
		s->phase = PH_MOVE;
}

void move_root(struct vxml_session *s, const struct vxml_event *ev)
{
	struct vxml_doc *root = received(s, ev, s->move.doc->app);

	if (root && root->app) {
		vxml_doc_free(&root);
		failed(s, "error.semantic", "the application's root names a root itself");
	} else if (root) {
		s->move.root = root;
		s->phase = PH_MOVE;
	}
}
