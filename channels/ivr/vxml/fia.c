/* The form interpretation algorithm: dialogs are made ready, items selected and visited (VoiceXML 2.0 appendix C). */
#include "base/json.h"
#include "ivr/vxml/session.h"

/* ---- documents and dialogs are made ready, child by child */

bool fia_declare(struct vxml_session *s, const struct node *n)
{
	switch (n->tag) {
	case TAG_VAR: exec_var(s, n); return true;
	case TAG_SCRIPT: exec_script(s, n); return true;
	case TAG_DATA: exec_data(s, n); return true;
	default: return false;
	}
}

/* The root's variables are there; those of the document itself come next, in a scope of their own. */
static void after_root(struct vxml_session *s)
{
	struct context *c = s->context;
	struct err e = {0};

	c->init_root = false;
	c->chain.scope[SCOPE_DOCUMENT] = NULL;
	if (script_scope_new(s->js, &c->chain.scope[SCOPE_DOCUMENT], &e))
		vx_fatal(s, e.msg);
	c->at = c->doc->top->kids;
}

void fia_document(struct vxml_session *s)
{
	struct context *c = s->context;
	const struct node *n = c->at, *dialog;

	if (n) {
		c->at = n->next;
		fia_declare(s, n);
		return;
	}
	if (c->init_root) {
		after_root(s);
		return;
	}
	dialog = doc_dialog(c->doc, s->move.fragment);
	move_clear(s);
	if (dialog)
		move_dialog(s, dialog);
	else
		s->phase = PH_END;
}

static struct param *param_of(struct context *c, const char *name)
{
	struct param *p = c->params;

	while (p && strcmp(p->name, name) != 0)
		p = p->next;
	return p;
}

static void declare_var(struct vxml_session *s, const struct node *n)
{
	struct context *c = s->context;
	struct param *p = param_of(c, node_attr(n, "name"));
	struct err e = {0};

	if (!p) {
		exec_var(s, n);
		return;
	}
	p->used = true;
	if (script_put_held(s->js, c->chain.scope[SCOPE_DIALOG], p->name, p->held, &e))
		vx_semantic(s, n, &e);
}

static void declare_item(struct vxml_session *s, const struct node *n)
{
	struct err e = {0};

	if (script_var(s->js, context_chain(s), n->var, node_attr(n, "expr"), &e))
		vx_semantic(s, n, &e);
}

static void dialog_ready(struct vxml_session *s)
{
	struct context *c = s->context;
	const char *unknown = NULL;

	for (struct param *p = c->params; p; p = p->next) {
		unknown = p->used ? unknown : p->name;
		script_drop(s->js, &p->held);
	}
	c->params = NULL;
	if (unknown) {
		vx_throw(s, c->dialog, "error.semantic", "the dialog has no variable \"%.60s\"", unknown);
		return;
	}
	s->phase = PH_SELECT;
	if (s->meaning)
		match_fill_form(s, s->meaning);
}

void fia_dialog(struct vxml_session *s)
{
	struct context *c = s->context;
	const struct node *n = c->at;

	if (!n) {
		dialog_ready(s);
		return;
	}
	c->at = n->next;
	if (n->tag == TAG_VAR)
		declare_var(s, n);
	else if (tag_is_item(n->tag))
		declare_item(s, n);
	else
		fia_declare(s, n);
}

/* ---- selecting */

struct item *fia_item(struct context *c, const struct node *n)
{
	for (int i = 0; i < c->item_count; i++)
		if (c->items[i].n == n)
			return &c->items[i];
	return NULL;
}

void fia_reset(struct vxml_session *s, struct item *it)
{
	struct err e = {0};

	if (script_put(s->js, s->context->chain.scope[SCOPE_DIALOG], it->n->var, NULL, &e))
		vx_fatal(s, e.msg);
	it->prompts = 1;
	it->events = NULL;
}

/* 1: it can be visited; 0: it cannot; -1: its condition is wrong. */
static int eligible(struct vxml_session *s, const struct item *it)
{
	struct context *c = s->context;
	const char *cond = node_attr(it->n, "cond");
	struct err e = {0};
	bool yes = true;

	if (script_defined(s->js, c->chain.scope[SCOPE_DIALOG], it->n->var))
		return 0;
	if (cond && script_truth(s->js, context_chain(s), cond, &yes, &e))
		return vx_semantic(s, it->n, &e);
	return yes;
}

static void visit(struct vxml_session *s, struct item *it);

void fia_select(struct vxml_session *s)
{
	struct context *c = s->context;
	struct item *it = NULL;

	context_leave_anonymous(s);
	c->item = NULL;
	if (c->next_item) {
		it = fia_item(c, c->next_item);
		c->next_item = NULL;
	}
	for (int i = 0; i < c->item_count && !it; i++) {
		int can = eligible(s, &c->items[i]);

		if (can < 0)
			return;
		it = can ? &c->items[i] : NULL;
	}
	if (it)
		visit(s, it);
	else
		s->phase = PH_END;
}

/* ---- visiting */

static void visit_block(struct vxml_session *s, struct item *it)
{
	struct err e = {0};

	if (script_put(s->js, s->context->chain.scope[SCOPE_DIALOG], it->n->var, "true", &e)) {
		vx_fatal(s, e.msg);
		return;
	}
	exec_begin(s, it->n, CONTENT_BLOCK);
}

static void visit_record(struct vxml_session *s, const struct node *n)
{
	const char *max = node_attr(n, "maxtime"), *silence = node_attr(n, "finalsilence");
	const char *beep = node_attr(n, "beep"), *term = node_attr(n, "dtmfterm"), *type = node_attr(n, "type");
	int timeout = s->prompt_timeout >= 0 ? s->prompt_timeout : property_ms(s, "timeout", "5s");

	input_reset(s);
	s->typed[0] = '\0';
	vx_do(s, VXML_RECORD, WANT_RECORD);
	prompt_take(s);
	s->action.name = node_attr(n, "name") ? n->var : "";
	s->action.timeout_ms = timeout;
	s->action.max_ms = max ? vxml_ms(max) : 60000;
	s->action.silence_ms = silence ? vxml_ms(silence) : 3000;
	s->action.beep = beep && strcmp(beep, "true") == 0;
	s->action.dtmfterm = !term || strcmp(term, "false") != 0;
	s->action.format = type ? type : "audio/x-wav";
}

static int transfer_target(struct vxml_session *s, const struct node *n, char **dest)
{
	if (attr_value(s, n, "dest", "destexpr", dest))
		return -1;
	if (!*dest || (strncasecmp(*dest, "tel:", 4) != 0 && strncasecmp(*dest, "sip:", 4) != 0 &&
		       strncasecmp(*dest, "sips:", 5) != 0))
		return vx_throw(s, n, "error.unsupported.uri", "cannot call %.100s", *dest ? *dest : "nobody");
	if (!(*dest)[strcspn(*dest, ":") + 1])
		return vx_throw(s, n, "error.connection.baddestination", "no number");
	return 0;
}

void fia_transfer(struct vxml_session *s, const struct node *n)
{
	const char *bridge = node_attr(n, "bridge"), *type = node_attr(n, "type");
	const char *max = node_attr(n, "maxtime"), *connect = node_attr(n, "connecttimeout");
	const char *audio = node_attr(n, "transferaudio");
	char *dest, *aai;

	if (transfer_target(s, n, &dest) || attr_value(s, n, "aai", "aaiexpr", &aai))
		return;
	input_reset(s);
	s->typed[0] = '\0';
	if (input_activate(s) != 0)
		return;
	vx_do(s, VXML_TRANSFER, WANT_TRANSFER);
	prompt_take(s);
	s->action.name = node_attr(n, "name") ? n->var : "";
	s->action.transfer = type ? type : bridge && strcmp(bridge, "true") == 0 ? "bridge" : "blind";
	s->action.target = arena_strdup(s->action_arena, dest);
	s->action.aai = arena_strdup(s->action_arena, aai ? aai : "");
	s->action.audio = audio ? vxml_url(s->action_arena, s->context->doc->base, audio) : "";
	s->action.max_ms = max ? vxml_ms(max) : 0;
	s->action.connect_ms = connect ? vxml_ms(connect) : 30000;
	if (!s->action.target || !s->action.aai || !s->action.audio)
		vx_fatal(s, "out of memory");
}

static void visit(struct vxml_session *s, struct item *it)
{
	struct context *c = s->context;
	int tag = it->n->tag;

	c->item = it;
	if (tag == TAG_BLOCK) {
		visit_block(s, it);
		return;
	}
	if (s->gone && tag != TAG_SUBDIALOG) { /* nobody is there to ask */
		s->phase = PH_OVER;
		return;
	}
	if (!c->skip_prompts && prompt_item(s, it->n, &it->prompts))
		return;
	c->skip_prompts = false;
	if (tag == TAG_RECORD)
		visit_record(s, it->n);
	else if (tag == TAG_TRANSFER)
		fia_transfer(s, it->n);
	else if (tag == TAG_SUBDIALOG)
		move_subdialog(s, it->n);
	else
		s->phase = PH_INPUT;
}

/* ---- results */

void fia_recorded(struct vxml_session *s, const struct vxml_event *ev)
{
	struct item *it = s->context->item;
	char *json = NULL, *shadow = NULL, digit[4] = {'"', ev->digit, '"', '\0'};
	struct buf b;

	buf_init(&b, 1 << 16);
	json_quote(&b, ev->text);
	json = arena_strdup(s->scratch, buf_cstr(&b));
	buf_free(&b);
	shadow = arena_printf(s->scratch, "{\"duration\":%d,\"size\":%lld,\"termchar\":%s,\"maxtime\":%s}", ev->ms,
			      (long long)ev->size, ev->digit ? digit : "null", ev->full ? "true" : "false");
	if (!json || !shadow) {
		vx_fatal(s, "out of memory");
		return;
	}
	filled_set(s, it, json, shadow);
	if (ev->gone) {
		s->gone = s->gone_told = true;
		vx_throw(s, it->n, "connection.disconnect.hangup", NULL);
	}
}

void fia_transferred(struct vxml_session *s, const struct vxml_event *ev)
{
	struct item *it = s->context->item;
	const char *kind = s->action.transfer;
	char *word = arena_strndup(s->scratch, ev->text.p, ev->text.n), *json, *shadow;

	if (!word) {
		vx_fatal(s, "out of memory");
		return;
	}
	if (strncmp(word, "error.", 6) == 0 || strncmp(word, "connection.", 11) == 0) {
		vx_throw(s, it->n, word, NULL);
		return;
	}
	if (!word[0] && strcmp(kind, "bridge") != 0) { /* the caller is with somebody else now */
		s->gone = s->gone_told = true;
		vx_throw(s, it->n, "connection.disconnect.transfer", NULL);
		return;
	}
	json = arena_printf(s->scratch, "\"%s\"", word[0] ? word : "unknown");
	shadow = arena_printf(s->scratch, "{\"duration\":%d.%03d}", ev->ms / 1000, ev->ms % 1000);
	if (json && shadow && !strpbrk(word, "\"\\"))
		filled_set(s, it, json, shadow);
	else
		vx_fatal(s, "out of memory");
}

/* ---- <return> */

static int return_values(struct vxml_session *s, const struct node *n, const char **held)
{
	const char *names[64], *list = node_attr(n, "namelist");
	struct err e = {0};
	struct str word;
	size_t count = 0;

	while (list && vxml_word(&list, &word) && count < 64)
		if (!(names[count++] = arena_strndup(s->scratch, word.p, word.n)))
			return err_nomem(&e), vx_semantic(s, n, &e);
	if (script_object(s->js, context_chain(s), names, count, held, &e))
		return vx_semantic(s, n, &e);
	return 0;
}

void fia_return(struct vxml_session *s, const struct node *n)
{
	struct context *c = s->context;
	const char *held = NULL;
	bool event = node_attr(n, "event") || node_attr(n, "eventexpr");
	struct err e = {0};

	if (!c->up) {
		vx_throw(s, n, "error.semantic", "<return> outside of a subdialog");
		return;
	}
	if (event ? exec_event(s, n) : return_values(s, n, &held))
		return;
	context_free(s, &s->context);
	s->depth--;
	c = s->context;
	c->item->just_filled = !event;
	c->skip_prompts = false;
	if (event) { /* exec_event has put it in order; it is thrown where the subdialog was called */
		s->event_from = c->item->n;
		return;
	}
	if (script_put_held(s->js, c->chain.scope[SCOPE_DIALOG], c->item->n->var, held, &e))
		vx_fatal(s, e.msg);
	else
		filled_begin(s);
	script_drop(s->js, &held);
}
