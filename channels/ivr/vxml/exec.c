/* Executable content (VoiceXML 2.0 section 5.3), one element a step. */
#include <stdlib.h>

#include "ivr/vxml/session.h"

void exec_begin(struct vxml_session *s, const struct node *top, enum content what)
{
	struct context *c = s->context;

	if (what != CONTENT_CATCH && context_anonymous(s)) /* a catch has its own already: _event is in it */
		return;
	c->top = top;
	c->at = top->kids;
	c->content = what;
	s->turning = s->reprompt = false;
	s->phase = PH_CONTENT;
}

/* ---- variables and scripts */

int exec_var(struct vxml_session *s, const struct node *n)
{
	const char *name = node_attr(n, "name");
	struct err e = {0};

	if (!script_name_ok(name))
		return vx_throw(s, n, "error.semantic", "\"%.100s\" cannot be a variable's name", name);
	if (script_var(s->js, context_chain(s), name, node_attr(n, "expr"), &e))
		return vx_semantic(s, n, &e);
	return 0;
}

static int assign(struct vxml_session *s, const struct node *n)
{
	struct err e = {0};

	if (script_assign(s->js, context_chain(s), node_attr(n, "name"), node_attr(n, "expr"), &e))
		return vx_semantic(s, n, &e);
	return 0;
}

static int fetch_for(struct vxml_session *s, const struct node *n, enum want want, const char *ref, const char *body)
{
	char *url = vxml_url(s->scratch, s->context->doc->base, ref);
	const char *method = node_attr(n, "method");
	bool post = method && strcasecmp(method, "post") == 0;

	if (!url)
		return vx_throw(s, n, "error.badfetch", "\"%.100s\" is no address", ref);
	if (!post && body[0])
		url = arena_printf(s->scratch, "%s%c%s", url, strchr(url, '?') ? '&' : '?', body);
	if (!url) {
		vx_fatal(s, "out of memory");
		return -1;
	}
	s->resume = s->phase;
	s->fetch_for = n;
	vx_fetch(s, want, url, post ? "POST" : "GET", post ? "application/x-www-form-urlencoded" : NULL,
		 post ? body : "", n);
	return 1;
}

int exec_script(struct vxml_session *s, const struct node *n)
{
	struct err e = {0};
	char *ref, *code;

	if (attr_value(s, n, "src", "srcexpr", &ref))
		return -1;
	if (ref)
		return fetch_for(s, n, WANT_SCRIPT, ref, "");
	if (!(code = node_text(s->scratch, n))) {
		vx_fatal(s, "out of memory");
		return -1;
	}
	return script_run(s->js, context_chain(s), code, &e) ? vx_semantic(s, n, &e) : 0;
}

int exec_data(struct vxml_session *s, const struct node *n)
{
	char *ref, *body;
	int r;

	if (attr_value(s, n, "src", "srcexpr", &ref) || submit_body(s, n, node_attr(n, "namelist"), &body))
		return -1;
	r = fetch_for(s, n, WANT_DATA, ref, body);
	free(body);
	return r;
}

void exec_fetched(struct vxml_session *s, const struct vxml_event *ev, bool data)
{
	const struct node *n = s->fetch_for;
	struct err e = {0};
	char *text;

	s->phase = s->resume;
	if (ev->status < 200 || ev->status > 299) {
		text = arena_printf(s->scratch, "error.badfetch.http.%d", ev->status);
		vx_throw(s, n, ev->status && text ? text : "error.badfetch", "%.150s cannot be had", s->action.target);
		return;
	}
	if (data) {
		data_received(s, n, ev);
		return;
	}
	if (!(text = arena_strndup(s->scratch, ev->text.p, ev->text.n)))
		vx_fatal(s, "out of memory");
	else if (script_run(s->js, context_chain(s), text, &e))
		vx_semantic(s, n, &e);
}

/* ---- <clear> */

static int clear_name(struct vxml_session *s, const struct node *n, const char *name)
{
	struct context *c = s->context;
	const struct node *item = c->dialog ? doc_item(c->dialog, name) : NULL;
	struct err e = {0};

	if (item) {
		fia_reset(s, fia_item(c, item));
		return 0;
	}
	if (script_assign(s->js, context_chain(s), name, "undefined", &e))
		return vx_semantic(s, n, &e);
	return 0;
}

static int clear(struct vxml_session *s, const struct node *n)
{
	struct context *c = s->context;
	const char *list = node_attr(n, "namelist");
	struct str word;

	for (int i = 0; !list && i < c->item_count; i++)
		fia_reset(s, &c->items[i]);
	while (list && vxml_word(&list, &word)) {
		char *name = arena_strndup(s->scratch, word.p, word.n);

		if (!name || clear_name(s, n, name))
			return -1;
	}
	return 0;
}

/* ---- leaving */

static int go(struct vxml_session *s, const struct node *n)
{
	struct context *c = s->context;
	char *ref, *item;

	if (attr_value(s, n, "next", "expr", &ref) || attr_value(s, n, "nextitem", "expritem", &item))
		return -1;
	if (ref)
		return move_to(s, n, ref);
	c->next_item = doc_item(c->dialog, item);
	if (!c->next_item)
		return vx_throw(s, n, "error.badfetch", "there is no form item \"%.100s\"", item);
	vx_trace(s, VXML_T_GOTO, item, NULL, NULL);
	context_leave_anonymous(s);
	/* A catch that goes to another item without <reprompt> leaves its prompts out, like any catch. */
	c->skip_prompts = c->content == CONTENT_CATCH && !s->reprompt;
	s->phase = PH_SELECT;
	return 0;
}

/* What the session returns: <exit expr>, or the namelist of <exit> and <disconnect>. */
static int keep_result(struct vxml_session *s, const struct node *n)
{
	const char *expr = node_attr(n, "expr"), *list = node_attr(n, "namelist");
	const char *names[64], *held = NULL;
	struct err e = {0};
	struct str word;
	size_t count = 0;
	char *json = NULL;

	while (list && vxml_word(&list, &word) && count < 64)
		if (!(names[count++] = arena_strndup(s->scratch, word.p, word.n)))
			return vx_fatal(s, "out of memory"), -1;
	bool failed = expr ? script_json(s->js, context_chain(s), expr, s->scratch, &json, &e) != 0
			   : list && (script_object(s->js, context_chain(s), names, count, &held, &e) ||
				      script_held_json(s->js, held, s->scratch, &json, &e));
	script_drop(s->js, &held);
	if (failed)
		return vx_semantic(s, n, &e);
	free(s->result);
	s->result = strdup(json ? json : "");
	return 0;
}

static int leave(struct vxml_session *s, const struct node *n)
{
	if (keep_result(s, n))
		return -1;
	s->phase = PH_END;
	return 0;
}

static int disconnect(struct vxml_session *s, const struct node *n)
{
	if (node_attr(n, "namelist") && keep_result(s, n))
		return -1;
	if (s->gone) {
		s->phase = PH_OVER;
	} else if (s->queued) {
		vx_do(s, VXML_PLAY, WANT_GOODBYE);
		prompt_take(s);
	} else {
		vx_do(s, VXML_DISCONNECT, WANT_GONE);
	}
	return 0;
}

int exec_event(struct vxml_session *s, const struct node *n)
{
	char *event, *message;

	if (attr_value(s, n, "event", "eventexpr", &event) || attr_value(s, n, "message", "messageexpr", &message))
		return -1;
	vx_throw(s, n, event ? event : "error.semantic", message ? "%s" : NULL, message);
	return 0;
}

static int submit(struct vxml_session *s, const struct node *n)
{
	char *ref;

	return attr_value(s, n, "next", "expr", &ref) ? -1 : move_submit(s, n, ref);
}

/* A value that is not there is no reason for an event: logs are for finding out. */
static int log_value(struct vxml_session *s, const struct node *n, const char *expr, struct buf *b)
{
	struct err e = {0};
	char *text;

	if (script_text(s->js, context_chain(s), expr, s->scratch, &text, &e))
		return vx_semantic(s, n, &e);
	buf_adds(b, text ? text : "undefined");
	return 0;
}

static int write_log(struct vxml_session *s, const struct node *n)
{
	const char *expr = node_attr(n, "expr");
	struct buf b;
	int r = 0;

	buf_init(&b, 1 << 16);
	for (const struct node *k = n->kids; k && r == 0; k = k->next) {
		if (k->tag == TAG_TEXT)
			buf_addstr(&b, k->text);
		else if (k->tag == TAG_VALUE)
			r = log_value(s, k, node_attr(k, "expr"), &b);
	}
	if (expr && r == 0) {
		buf_adds(&b, b.n ? " " : "");
		r = log_value(s, n, expr, &b);
	}
	if (r == 0) {
		struct str t = str_trim(buf_str(&b));
		char *text = arena_strndup(s->scratch, t.p, t.n);

		vx_trace(s, VXML_T_LOG, node_attr(n, "label"), text, NULL);
	}
	buf_free(&b);
	return r;
}

/* ---- the walk: c->at is what comes next */

/* What follows n: its sibling, or what follows the element it is in. A loop that ends comes round to its own element. */
static const struct node *exec_after(struct vxml_session *s, const struct node *n)
{
	for (; n != s->context->top; n = n->parent) {
		if (n->next && n->next->tag != TAG_ELSE && n->next->tag != TAG_ELSEIF)
			return n->next;
		if (n->parent->tag == TAG_FOREACH) {
			s->turning = true;
			return n->parent;
		}
		if (n->parent == s->context->top)
			return NULL;
	}
	return NULL;
}

/* The branch of an <if> that applies; NULL: none. -1 in *r: a condition is wrong. */
static const struct node *branch(struct vxml_session *s, const struct node *n, int *r)
{
	const struct node *k = n, *from = n->kids;
	struct err e = {0};

	for (;;) {
		bool yes = true;

		if (k->tag != TAG_ELSE && script_truth(s->js, context_chain(s), node_attr(k, "cond"), &yes, &e)) {
			*r = vx_semantic(s, k, &e);
			return NULL;
		}
		if (yes)
			return from;
		for (k = from; k && k->tag != TAG_ELSEIF && k->tag != TAG_ELSE;)
			k = k->next;
		if (!k)
			return NULL;
		from = k->next;
	}
}

static int begin_loop(struct vxml_session *s, const struct node *n)
{
	struct context *c = s->context;
	struct err e = {0};

	if (c->loop_count == sizeof c->loops / sizeof *c->loops)
		return vx_throw(s, n, "error.semantic", "too many loops within each other");
	struct loop *l = &c->loops[c->loop_count];
	*l = (struct loop){.n = n};
	if (!script_name_ok(node_attr(n, "item")))
		return vx_throw(s, n, "error.semantic", "the item's name is none");
	if (script_hold(s->js, context_chain(s), node_attr(n, "array"), &l->array, &e))
		return vx_semantic(s, n, &e);
	c->loop_count++;
	return 0;
}

/* The next round of the innermost loop, or what follows it. */
static void turn_loop(struct vxml_session *s, const struct node *n)
{
	struct context *c = s->context;
	struct loop *l = &c->loops[c->loop_count - 1];
	struct err e = {0};
	bool more;

	if (script_item(s->js, l->array, l->i++, c->chain.scope[SCOPE_ANONYMOUS], node_attr(n, "item"), &more, &e)) {
		vx_semantic(s, n, &e);
		return;
	}
	c->at = n->kids;
	if (more && c->at)
		return;
	script_drop(s->js, &l->array);
	c->loop_count--;
	c->at = exec_after(s, n);
}

static void content_done(struct vxml_session *s)
{
	struct context *c = s->context;

	context_leave_anonymous(s);
	if (c->content == CONTENT_FILLED) {
		s->phase = PH_FILLED;
		return;
	}
	c->skip_prompts = c->content == CONTENT_CATCH && !s->reprompt;
	s->phase = c->dialog ? PH_SELECT : PH_END;
}

static int run(struct vxml_session *s, const struct node *n)
{
	switch (n->tag) {
	case TAG_ASSIGN: return assign(s, n);
	case TAG_CLEAR: return clear(s, n);
	case TAG_DATA: return exec_data(s, n);
	case TAG_DISCONNECT: return disconnect(s, n);
	case TAG_EXIT: return leave(s, n);
	case TAG_GOTO: return go(s, n);
	case TAG_LOG: return write_log(s, n);
	case TAG_REPROMPT: s->reprompt = true; return 0;
	case TAG_RETURN: fia_return(s, n); return 0;
	case TAG_SCRIPT: return exec_script(s, n);
	case TAG_SUBMIT: return submit(s, n);
	case TAG_THROW: return exec_event(s, n);
	case TAG_VAR: return exec_var(s, n);
	default: return prompt_queue(s, n);
	}
}

void exec_step(struct vxml_session *s)
{
	struct context *c = s->context;
	const struct node *n = c->at, *into;
	int r = 0;

	if (!n) {
		content_done(s);
		return;
	}
	if (s->turning) {
		s->turning = false;
		turn_loop(s, n);
		return;
	}
	if (n->tag == TAG_FOREACH) {
		if (begin_loop(s, n) == 0)
			turn_loop(s, n);
		return;
	}
	if (n->tag == TAG_IF) {
		into = branch(s, n, &r);
		if (r == 0)
			c->at = into && into->tag != TAG_ELSE && into->tag != TAG_ELSEIF ? into : exec_after(s, n);
		return;
	}
	c->at = exec_after(s, n);
	run(s, n);
}
