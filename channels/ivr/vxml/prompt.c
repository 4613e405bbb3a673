/* Prompts: which are due, and what they say once their expressions are evaluated (VoiceXML 2.0 section 4.1, SSML 1.0). */
#include <ctype.h>

#include "base/json.h"
#include "ivr/vxml/session.h"

enum { PIECES_MAX = 5000 };

struct style {
	const char *as, *format, *lang;
	bool bargein;
};

struct rendering {
	struct vxml_session *s;
	struct style style;
	struct buf text; /* not yet a piece */
};

static int render_all(struct rendering *r, const struct node *n);

/* ---- pieces */

/* A document may be gone before what it says is played. */
static const char *kept(struct vxml_session *s, const char *text)
{
	char *copy = text[0] ? arena_strdup(s->queue_arena, text) : NULL;

	return copy ? copy : "";
}

static struct vxml_prompt *piece(struct rendering *r, enum vxml_prompt_type type)
{
	struct vxml_session *s = r->s;

	if (s->queued == s->queue_cap) {
		size_t cap = s->queue_cap ? 2 * s->queue_cap : 16;
		struct vxml_prompt *more =
			cap <= PIECES_MAX * 2 ? arena_array(s->queue_arena, struct vxml_prompt, cap) : NULL;

		if (!more) {
			vx_fatal(s, "too much to say");
			return NULL;
		}
		if (s->queued)
			memcpy(more, s->queue, s->queued * sizeof *more);
		s->queue = more;
		s->queue_cap = cap;
	}
	struct vxml_prompt *p = &s->queue[s->queued++];
	*p = (struct vxml_prompt){.type = type,
				  .text = STR(""),
				  .as = kept(s, r->style.as),
				  .format = kept(s, r->style.format),
				  .lang = kept(s, r->style.lang),
				  .bargein = r->style.bargein};
	return p;
}

/* What was collected becomes a piece, white space made single. */
static int flush(struct rendering *r)
{
	struct buf *b = &r->text;
	struct vxml_prompt *p;
	size_t to = 0;

	if (b->failed) {
		vx_fatal(r->s, "too much to say");
		return -1;
	}
	for (size_t i = 0; i < b->n; i++) {
		if (!isspace((unsigned char)b->p[i]))
			b->p[to++] = b->p[i];
		else if (to && b->p[to - 1] != ' ')
			b->p[to++] = ' ';
	}
	b->n = to;
	struct str t = str_trim(buf_str(b));
	if (t.n == 0) {
		buf_reset(b);
		return 0;
	}
	if (!(p = piece(r, r->style.as[0] ? VXML_SAY_AS : VXML_TEXT)))
		return -1;
	p->text = arena_str(r->s->queue_arena, t);
	buf_reset(b);
	if (!p->text.p) {
		vx_fatal(r->s, "out of memory");
		return -1;
	}
	return 0;
}

/* ---- elements */

static int render_value(struct rendering *r, const struct node *n)
{
	struct vxml_session *s = r->s;
	struct err e = {0};
	char *text;

	if (script_text(s->js, context_chain(s), node_attr(n, "expr"), s->scratch, &text, &e))
		return vx_semantic(s, n, &e);
	buf_adds(&r->text, text ? text : "");
	return 0;
}

static int render_audio(struct rendering *r, const struct node *n)
{
	struct vxml_session *s = r->s;
	const char *src = node_attr(n, "src"), *expr = node_attr(n, "expr");
	struct err e = {0};
	char *ref = NULL, *url;
	size_t at;

	if (expr && script_text(s->js, context_chain(s), expr, s->scratch, &ref, &e))
		return vx_semantic(s, n, &e);
	if (expr && !ref)
		return 0; /* undefined: neither it nor what stands in for it (4.1.3) */
	if (flush(r))
		return -1;
	url = vxml_url(s->queue_arena, s->context->doc->base, src ? src : ref);
	at = s->queued;
	if (url && !piece(r, VXML_AUDIO))
		return -1;
	if (url)
		s->queue[at].text = str_of(url);
	if (render_all(r, n) || flush(r))
		return -1;
	if (url)
		s->queue[at].skip = (unsigned)(s->queued - at - 1);
	return 0;
}

static int render_break(struct rendering *r, const struct node *n)
{
	static const struct {
		const char *word;
		int ms;
	} words[] = {{"none", 0},      {"x-weak", 100},	   {"weak", 250},  {"medium", 500},
		     {"strong", 1000}, {"x-strong", 2000}, {"small", 250}, {"large", 1000}};
	const char *time = node_attr(n, "time"), *word = node_attr(n, "strength");
	struct vxml_prompt *p;
	int ms = time ? vxml_ms(time) : -1;

	word = word ? word : node_attr(n, "size");
	for (size_t i = 0; ms < 0 && i < sizeof words / sizeof *words; i++)
		if (strcmp(word ? word : "medium", words[i].word) == 0)
			ms = words[i].ms;
	if (flush(r) || !(p = piece(r, VXML_BREAK)))
		return -1;
	p->ms = ms < 0 ? 500 : ms;
	return 0;
}

/* Something within that is said differently. */
static int render_styled(struct rendering *r, const struct node *n, const char *as, const char *format)
{
	struct style before = r->style;
	const char *lang = node_attr(n, "xml:lang");
	int status;

	if (!as && !lang)
		return render_all(r, n);
	if (flush(r))
		return -1;
	r->style.as = as ? as : r->style.as;
	r->style.format = format ? format : r->style.format;
	r->style.lang = lang ? lang : r->style.lang;
	status = render_all(r, n) || flush(r) ? -1 : 0;
	r->style = before;
	return status;
}

/* ---- <enumerate> and <foreach>: their variables are in the anonymous scope, made for it if need be */

static int own_scope(struct vxml_session *s, bool *made)
{
	*made = !s->context->chain.scope[SCOPE_ANONYMOUS];
	return *made ? context_anonymous(s) : 0;
}

static int put_string(struct vxml_session *s, const char *name, const char *value)
{
	struct err e = {0};
	struct buf b;
	int r;

	buf_init(&b, 1 << 16);
	json_quote(&b, str_of(value));
	r = script_put(s->js, s->context->chain.scope[SCOPE_ANONYMOUS], name, buf_cstr(&b), &e);
	buf_free(&b);
	if (r)
		vx_fatal(s, e.msg);
	return r;
}

static int render_choice(struct rendering *r, const struct node *template, const struct node *choice)
{
	struct vxml_session *s = r->s;
	char *text = node_text(s->scratch, choice);
	const char *keys = choice->var ? choice->var : "";

	if (!text) {
		vx_fatal(s, "out of memory");
		return -1;
	}
	if (!template->kids) { /* no language is taken for granted */
		buf_adds(&r->text, text);
		buf_adds(&r->text, keys[0] ? ": " : "");
		buf_adds(&r->text, keys);
		buf_adds(&r->text, ". ");
		return 0;
	}
	return put_string(s, "_prompt", text) || put_string(s, "_dtmf", keys) || render_all(r, template) ? -1 : 0;
}

static int render_enumerate(struct rendering *r, const struct node *n)
{
	struct context *c = r->s->context;
	const struct node *from = c->item ? c->item->n : c->dialog;
	bool made;
	int status = own_scope(r->s, &made);

	for (const struct node *k = from ? from->kids : NULL; k && status == 0; k = k->next)
		if (k->tag == TAG_CHOICE || k->tag == TAG_OPTION)
			status = render_choice(r, n, k);
	if (made)
		context_leave_anonymous(r->s);
	return status;
}

static int render_loop(struct rendering *r, const struct node *n)
{
	struct vxml_session *s = r->s;
	const char *array = NULL;
	struct err e = {0};
	bool made, more = true;
	int status = own_scope(s, &made);

	if (status == 0 && script_hold(s->js, context_chain(s), node_attr(n, "array"), &array, &e))
		status = vx_semantic(s, n, &e);
	for (int i = 0; status == 0 && more; i++) {
		if (script_item(s->js, array, i, s->context->chain.scope[SCOPE_ANONYMOUS], node_attr(n, "item"), &more,
				&e))
			status = vx_semantic(s, n, &e);
		else if (more)
			status = render_all(r, n);
	}
	script_drop(s->js, &array);
	if (made)
		context_leave_anonymous(s);
	return status;
}

static int render(struct rendering *r, const struct node *n)
{
	switch (n->tag) {
	case TAG_TEXT: buf_addstr(&r->text, n->text); return 0;
	case TAG_VALUE: return render_value(r, n);
	case TAG_AUDIO: return render_audio(r, n);
	case TAG_BREAK: return render_break(r, n);
	case TAG_SUB: buf_adds(&r->text, node_attr(n, "alias")); return 0;
	case TAG_SAY_AS: {
		const char *as = node_attr(n, "interpret-as"), *format = node_attr(n, "format");

		return render_styled(r, n, as ? as : node_attr(n, "type"), format ? format : "");
	}
	case TAG_SPOKEN: return render_styled(r, n, NULL, NULL);
	case TAG_ENUMERATE: return render_enumerate(r, n);
	case TAG_FOREACH: return render_loop(r, n);
	default: return 0;
	}
}

static int render_all(struct rendering *r, const struct node *n)
{
	for (const struct node *k = n->kids; k; k = k->next)
		if (render(r, k))
			return -1;
	return 0;
}

/* ---- what is due */

static int queue(struct vxml_session *s, const struct node *n)
{
	const char *bargein = n->tag == TAG_PROMPT ? node_attr(n, "bargein") : NULL;
	const char *timeout = n->tag == TAG_PROMPT ? node_attr(n, "timeout") : NULL;
	const char *lang = node_attr(n, "xml:lang");
	struct rendering r = {.s = s};
	int status;

	if (n->tag == TAG_IGNORED)
		return 0;
	r.style =
		(struct style){.as = "",
			       .format = "",
			       .lang = lang ? lang : s->context->doc->lang,
			       .bargein = bargein ? strcmp(bargein, "false") != 0 : property_bool(s, "bargein", true)};
	buf_init(&r.text, 1 << 18);
	if (n->tag == TAG_PROMPT)
		status = render_all(&r, n);
	else
		status = render(&r, n);
	if (status == 0)
		status = flush(&r);
	buf_free(&r.text);
	if (timeout)
		s->prompt_timeout = vxml_ms(timeout);
	return status;
}

static int condition(struct vxml_session *s, const struct node *n, bool *yes)
{
	const char *cond = n->tag == TAG_PROMPT ? node_attr(n, "cond") : NULL;
	struct err e = {0};

	*yes = true;
	if (cond && script_truth(s->js, context_chain(s), cond, yes, &e))
		return vx_semantic(s, n, &e);
	return 0;
}

int prompt_queue(struct vxml_session *s, const struct node *n)
{
	bool yes;

	if (condition(s, n, &yes))
		return -1;
	return yes ? queue(s, n) : 0;
}

static bool is_prompt(const struct node *n)
{
	return n->tag == TAG_PROMPT || n->tag == TAG_AUDIO || n->tag == TAG_VALUE || n->tag == TAG_ENUMERATE ||
	       (n->tag == TAG_TEXT && !node_blank(n));
}

static int64_t count_of(const struct node *n)
{
	const char *count = n->tag == TAG_PROMPT ? node_attr(n, "count") : NULL;
	int64_t v = 1;

	if (count)
		str_i64(str_of(count), &v);
	return v;
}

/* Those with the highest count that is not above the counter, of those whose condition holds (4.1.6). */
int prompt_item(struct vxml_session *s, const struct node *n, int *counter)
{
	int now = (*counter)++;
	int64_t best = 0;
	bool yes;

	for (const struct node *k = n->kids; k; k = k->next) {
		if (!is_prompt(k) || count_of(k) > now || count_of(k) < best)
			continue;
		if (condition(s, k, &yes))
			return -1;
		best = yes ? count_of(k) : best;
	}
	for (const struct node *k = n->kids; k; k = k->next) {
		if (!is_prompt(k) || count_of(k) != best)
			continue;
		if (condition(s, k, &yes) || (yes && queue(s, k)))
			return -1;
	}
	return 0;
}

bool prompt_bargein(const struct vxml_session *s)
{
	for (size_t i = 0; i < s->queued; i++)
		if (!s->queue[i].bargein)
			return false;
	return true;
}

void prompt_take(struct vxml_session *s)
{
	struct arena *spare = s->action_arena;

	s->action.prompts = s->queue;
	s->action.prompt_count = s->queued;
	s->action_arena = s->queue_arena;
	s->queue_arena = spare;
	prompt_drop(s);
}

void prompt_drop(struct vxml_session *s)
{
	arena_reset(s->queue_arena);
	s->queue = NULL;
	s->queued = s->queue_cap = 0;
	s->prompt_timeout = -1;
}
