/* A session from the outside: made, fed with events, asked what is next. */
#include "ivr/vxml/session.h"

#include <stdio.h>
#include <stdlib.h>

static void defaults(struct vxml_limits *l)
{
	l->document = l->document ? l->document : 1 << 20;
	l->memory = l->memory ? l->memory : 8 << 20;
	l->state = l->state ? l->state : 4 << 20;
	l->steps = l->steps ? l->steps : 200000;
	l->ticks = l->ticks ? l->ticks : 200000;
	l->depth = l->depth ? l->depth : 16;
	l->documents = l->documents ? l->documents : 500;
	l->events = l->events ? l->events : 100;
}

static int put_vars(struct vxml_session *s, struct str vars, struct err *err)
{
	struct chain c = {.scope = {s->session_scope}};
	char *json = strndup(vars.p, vars.n);
	int r = -1;

	/* {"a":1} → the variables of the session's scope are its members; what 2.0 section 5.1.4 names is always there. */
	if (script_put(s->js, s->session_scope, "$vars", json, err) == 0)
		r = script_run(
			s->js, &c,
			"(function(v,s){if(typeof v!='object'||v===null)throw new TypeError('variables are an object');"
			"for(var k in v)s[k]=v[k];var c=s.connection=s.connection||{};"
			"c.local=c.local||{uri:''};c.remote=c.remote||{uri:''};"
			"c.protocol=c.protocol||{name:'',version:''};"
			"c.redirect=c.redirect;c.aai=c.aai;c.originator=c.originator;})($vars,session)",
			err);
	free(json);
	return r || script_put(s->js, s->session_scope, "$vars", NULL, err);
}

static bool arenas(struct vxml_session *s)
{
	s->queue_arena = arena_new(s->limits.state);
	s->action_arena = arena_new(s->limits.state);
	s->scratch = arena_new(s->limits.state);
	s->input_arena = arena_new(s->limits.state);
	return s->queue_arena && s->action_arena && s->scratch && s->input_arena;
}

struct vxml_session *vxml_session_new(struct vxml_doc *doc, struct str vars, const struct vxml_limits *limits,
				      const struct vxml_callbacks *cb, struct err *err)
{
	struct vxml_session *s = calloc(1, sizeof *s);

	if (!s) {
		err_nomem(err);
		return NULL;
	}
	s->limits = limits ? *limits : s->limits;
	defaults(&s->limits);
	s->cb = cb ? *cb : s->cb;
	s->first = doc_hold(doc);
	s->prompt_timeout = -1;
	if (!arenas(s))
		err_nomem(err);
	else if ((s->js = script_new(s->limits.memory, s->limits.ticks, err)) &&
		 script_scope_new(s->js, &s->session_scope, err) == 0 &&
		 put_vars(s, vars.n ? vars : STR("{}"), err) == 0 && (s->context = context_new(s)))
		return s;
	else if (err && err->kind == ERR_NONE)
		err_nomem(err);
	vxml_session_free(&s);
	return NULL;
}

void vxml_session_free(struct vxml_session **sp)
{
	struct vxml_session *s = *sp;

	if (!s)
		return;
	move_clear(s);
	while (s->context)
		context_free(s, &s->context);
	while (s->external) {
		struct external *x = s->external;

		s->external = x->next;
		arena_free(&x->a);
		free(x->url);
		free(x);
	}
	script_free(&s->js);
	vxml_doc_free(&s->first);
	arena_free(&s->queue_arena);
	arena_free(&s->action_arena);
	arena_free(&s->scratch);
	arena_free(&s->input_arena);
	free(s->event);
	free(s->message);
	free(s->said);
	free(s->result);
	free(s->wanted_url);
	free(s);
	*sp = NULL;
}

void vx_trace(struct vxml_session *s, enum vxml_trace what, const char *target, const char *text, const char *value)
{
	if (s->cb.trace)
		s->cb.trace(s->cb.arg, what, target ? target : "", text ? text : "", value ? value : "");
}

const char *vx_where(const struct vxml_session *s)
{
	return s->context && s->context->doc ? s->context->doc->url : s->first->url;
}

void vx_fatal(struct vxml_session *s, const char *why)
{
	if (s->phase == PH_OVER)
		return;
	vx_trace(s, VXML_T_FATAL, "error", why, NULL);
	prompt_drop(s);
	s->phase = PH_OVER;
}

int vx_throw(struct vxml_session *s, const struct node *from, const char *event, const char *fmt, ...)
{
	char *name = strdup(event), *text = NULL;
	va_list ap;

	if (fmt && fmt[0]) {
		va_start(ap, fmt);
		if (vasprintf(&text, fmt, ap) < 0)
			text = NULL;
		va_end(ap);
	}
	free(s->event);
	free(s->message);
	s->event = name;
	s->message = text;
	s->event_from = from;
	s->phase = PH_THROW;
	if (!name)
		vx_fatal(s, "out of memory");
	return -1;
}

int vx_semantic(struct vxml_session *s, const struct node *from, const struct err *e)
{
	if (e->kind == ERR_INTERNAL) {
		vx_fatal(s, "out of memory");
		return -1;
	}
	return vx_throw(s, from, "error.semantic", "%s", e->msg);
}

const struct vxml_action *vx_do(struct vxml_session *s, enum vxml_do what, enum want want)
{
	s->action = (struct vxml_action){.what = what,
					 .name = "",
					 .target = "",
					 .value = "",
					 .method = "",
					 .type = "",
					 .format = "",
					 .transfer = "",
					 .audio = "",
					 .aai = ""};
	s->want = want;
	s->phase = PH_WAIT;
	s->events = 0;
	return &s->action;
}

void vx_fetch(struct vxml_session *s, enum want want, const char *url, const char *method, const char *type,
	      const char *body, const struct node *from)
{
	const char *limit = from ? node_attr(from, "fetchtimeout") : NULL;
	int events = s->events; /* fetching is not waiting for anybody */

	arena_reset(s->action_arena);
	vx_do(s, VXML_FETCH, want);
	s->events = events;
	s->action.target = arena_strdup(s->action_arena, url);
	s->action.method = arena_strdup(s->action_arena, method);
	s->action.type = arena_strdup(s->action_arena, type ? type : "");
	s->action.body = arena_str(s->action_arena, str_of(body));
	s->action.fetch_ms = limit ? vxml_ms(limit) : property_ms(s, "fetchtimeout", "10s");
	if (!s->action.target || !s->action.method || !s->action.type || !s->action.body.p)
		vx_fatal(s, "out of memory");
	else if (++s->documents > s->limits.documents)
		vx_fatal(s, "too many documents");
}

void vx_fetched(struct vxml_session *s, const struct vxml_event *ev)
{
	switch (s->want) {
	case WANT_DOCUMENT: move_document(s, ev); break;
	case WANT_ROOT: move_root(s, ev); break;
	case WANT_GRAMMAR: input_grammar(s, ev); break;
	case WANT_SCRIPT:
	case WANT_DATA: exec_fetched(s, ev, s->want == WANT_DATA); break;
	default: break;
	}
}

/* ---- the machine */

static void play_out(struct vxml_session *s)
{
	if (s->queued == 0 || s->gone) {
		s->phase = PH_OVER;
		return;
	}
	vx_do(s, VXML_PLAY, WANT_PLAYED);
	prompt_take(s);
}

static void take_step(struct vxml_session *s)
{
	arena_reset(s->scratch);
	if (++s->steps > s->limits.steps) {
		vx_fatal(s, "too many steps");
		return;
	}
	switch (s->phase) {
	case PH_MOVE: move_step(s); break;
	case PH_DOCUMENT: fia_document(s); break;
	case PH_DIALOG: fia_dialog(s); break;
	case PH_SELECT: fia_select(s); break;
	case PH_CONTENT: exec_step(s); break;
	case PH_THROW: event_step(s); break;
	case PH_INPUT: input_step(s); break;
	case PH_KEYS: input_keys(s); break;
	case PH_FILLED: filled_step(s); break;
	case PH_END: play_out(s); break;
	default: break;
	}
}

static void hang_up(struct vxml_session *s)
{
	s->gone = true;
	prompt_drop(s);
	if (s->want == WANT_PLAYED || s->want == WANT_NOTHING)
		s->phase = PH_OVER;
	else if (s->want == WANT_INPUT || s->want == WANT_RECORD || s->want == WANT_TRANSFER ||
		 s->want == WANT_GOODBYE || s->want == WANT_GONE) {
		s->gone_told = true;
		s->want = WANT_NOTHING;
		vx_throw(s, NULL, "connection.disconnect.hangup", NULL);
	}
}

static void done(struct vxml_session *s)
{
	if (s->want == WANT_PLAYED) {
		s->phase = PH_OVER;
	} else if (s->want == WANT_GOODBYE) {
		vx_do(s, VXML_DISCONNECT, WANT_GONE);
	} else if (s->want == WANT_GONE) {
		s->gone = s->gone_told = true;
		s->want = WANT_NOTHING;
		vx_throw(s, NULL, "connection.disconnect.hangup", NULL);
	}
}

static void type_ahead(struct vxml_session *s, struct str keys)
{
	size_t n = strlen(s->typed);

	for (size_t i = 0; i < keys.n && n < KEYS_MAX; i++)
		if (keys.p[i] && strchr("0123456789*#ABCD", keys.p[i]))
			s->typed[n++] = keys.p[i];
	s->typed[n] = '\0';
}

static void take_event(struct vxml_session *s, const struct vxml_event *ev)
{
	switch (ev->type) {
	case VXML_EV_START:
		if (s->phase == PH_NEW)
			move_start(s);
		return;
	case VXML_EV_HANGUP:
		if (s->phase == PH_WAIT && !s->gone)
			hang_up(s);
		return;
	case VXML_EV_DONE: done(s); return;
	case VXML_EV_FETCHED:
		if (s->phase == PH_WAIT)
			vx_fetched(s, ev);
		return;
	case VXML_EV_DIGITS:
		if (s->phase == PH_WAIT)
			type_ahead(s, ev->text);
		/* fall through */
	default:
		if (s->phase == PH_WAIT &&
		    (s->want == WANT_INPUT || s->want == WANT_RECORD || s->want == WANT_TRANSFER))
			input_event(s, ev);
		return;
	}
}

const struct vxml_action *vxml_step(struct vxml_session *s, const struct vxml_event *ev)
{
	take_event(s, ev);
	while (s->phase != PH_WAIT && s->phase != PH_OVER && s->phase != PH_NEW)
		take_step(s);
	if (s->phase == PH_OVER && s->action.what != VXML_EXIT) {
		vx_do(s, VXML_EXIT, WANT_NOTHING);
		s->phase = PH_OVER;
		prompt_take(s);
		s->action.value = s->result ? s->result : "";
	} else if (s->phase == PH_NEW) {
		vx_do(s, VXML_PLAY, WANT_NOTHING);
		s->phase = PH_NEW;
	}
	return &s->action;
}
