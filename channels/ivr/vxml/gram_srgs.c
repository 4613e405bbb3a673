/* SRGS 1.0, XML form, as a program (sections 2 and 3, appendix on DTMF). */
#include "ivr/vxml/gram_private.h"

#include <ctype.h>

enum { DEPTH = 40, TIMES = 1000 };

struct writing {
	struct gram *g;
	const struct node *top;
	const char *url;
	int depth;
	struct err *err;
};

static int fail(struct writing *w, const struct node *n, const char *why)
{
	return tree_fail(w->err, "grammar_unsupported", w->url, n->line, "%s", why);
}

static int write_all(struct writing *w, const struct node *parent);

static int write_tokens(struct writing *w, struct str text)
{
	for (size_t i = 0; i < text.n;) {
		size_t from;

		while (i < text.n && (isspace((unsigned char)text.p[i]) || text.p[i] == '"'))
			i++;
		for (from = i; i < text.n && !isspace((unsigned char)text.p[i]) && text.p[i] != '"';)
			i++;
		if (i == from)
			break;
		struct str word = str_n(text.p + from, i - from);
		if (w->g->mode == GRAM_DTMF && str_is(word, "star"))
			word = STR("*");
		else if (w->g->mode == GRAM_DTMF && (str_is(word, "pound") || str_is(word, "hash")))
			word = STR("#");
		if (w->g->mode == GRAM_DTMF && word.n > 1) /* "12" for "1 2", as it is often written */
			for (size_t k = 0; k < word.n; k++)
				gram_emit(w->g, OP_WORD, 0, 0, str_n(word.p + k, 1));
		else
			gram_emit(w->g, OP_WORD, 0, 0, word);
	}
	return 0;
}

static const struct node *rule_of(const struct node *top, const char *id)
{
	for (const struct node *k = top->kids; k; k = k->next)
		if (k->tag == TAG_RULE && strcmp(node_attr(k, "id"), id) == 0)
			return k;
	return NULL;
}

static int write_rule(struct writing *w, const struct node *rule)
{
	const char *id = node_attr(rule, "id");

	if (++w->depth > DEPTH)
		return fail(w, rule, "rules within each other without end");
	gram_emit(w->g, OP_ENTER, 0, 0, str_of(id));
	if (write_all(w, rule))
		return -1;
	gram_emit(w->g, OP_LEAVE, 0, 0, str_of(id));
	w->depth--;
	return 0;
}

static int write_ref(struct writing *w, const struct node *n)
{
	const char *uri = node_attr(n, "uri"), *special = node_attr(n, "special");
	const struct node *rule;

	if (special && strcmp(special, "NULL") == 0)
		return 0;
	if (special && strcmp(special, "VOID") == 0) {
		gram_emit(w->g, OP_FAIL, 0, 0, STR(""));
		return 0;
	}
	if (!uri || uri[0] != '#')
		return fail(w, n, "only rules of the same grammar can be referred to");
	if (!(rule = rule_of(w->top, uri + 1)))
		return fail(w, n, "no such rule");
	return write_rule(w, rule);
}

static int write_one_of(struct writing *w, const struct node *n)
{
	int last = -1; /* the jump of the alternative before; each jump names the one before until all are set */

	for (const struct node *k = n->kids; k; k = k->next) {
		int split;

		if (k->tag != TAG_ITEM)
			continue;
		split = gram_emit(w->g, OP_SPLIT, 0, 0, STR(""));
		if (!w->g->failed)
			w->g->code[split].x = split + 1;
		if (write_all(w, k))
			return -1;
		last = gram_emit(w->g, OP_JUMP, last, 0, STR(""));
		if (!w->g->failed)
			w->g->code[split].y = last + 1;
	}
	gram_emit(w->g, OP_FAIL, 0, 0, STR(""));
	for (int end = w->g->n; last >= 0 && !w->g->failed;) {
		int before = w->g->code[last].x;

		w->g->code[last].x = end;
		last = before;
	}
	return 0;
}

/* "2", "1-3", "0-"; most -1: any number. */
static bool read_repeat(const char *s, int64_t *least, int64_t *most)
{
	const char *dash = strchr(s, '-');
	struct str t = str_trim(str_of(s));

	if (!dash)
		return str_i64(t, least) && (*most = *least) >= 0 && *least <= TIMES;
	if (!str_i64(str_trim(str_n(s, (size_t)(dash - s))), least) || *least < 0 || *least > TIMES)
		return false;
	t = str_trim(str_of(dash + 1));
	*most = -1;
	return t.n == 0 || (str_i64(t, most) && *most >= *least && *most <= TIMES);
}

static int write_item(struct writing *w, const struct node *n)
{
	const char *repeat = node_attr(n, "repeat");
	int64_t least = 1, most = 1, i;

	if (repeat && !read_repeat(repeat, &least, &most))
		return fail(w, n, "repeat is not understood");
	for (i = 0; i < least && !w->g->failed; i++)
		if (write_all(w, n))
			return -1;
	if (most < 0) {
		int split = gram_emit(w->g, OP_SPLIT, 0, 0, STR(""));

		if (write_all(w, n))
			return -1;
		gram_emit(w->g, OP_JUMP, split, 0, STR(""));
		if (!w->g->failed) {
			w->g->code[split].x = split + 1;
			w->g->code[split].y = w->g->n;
		}
	}
	for (; i < most && !w->g->failed; i++) { /* each time more is optional, and all after it */
		int split = gram_emit(w->g, OP_SPLIT, 0, 0, STR("")), skip;

		if (write_all(w, n))
			return -1;
		skip = w->g->n;
		if (!w->g->failed) {
			w->g->code[split].x = split + 1;
			w->g->code[split].y = skip;
		}
	}
	return 0;
}

static int write_node(struct writing *w, const struct node *n)
{
	char *text;

	switch (n->tag) {
	case TAG_TEXT: return write_tokens(w, n->text);
	case TAG_TOKEN:
	case TAG_TAG:
		if (!(text = node_text(w->g->a, n)))
			return err_nomem(w->err);
		if (n->tag == TAG_TOKEN)
			return write_tokens(w, str_of(text));
		gram_emit(w->g, OP_TAG, 0, 0, str_of(text));
		return 0;
	case TAG_ITEM: return write_item(w, n);
	case TAG_ONE_OF: return write_one_of(w, n);
	case TAG_RULEREF: return write_ref(w, n);
	default: return 0;
	}
}

static int write_all(struct writing *w, const struct node *parent)
{
	for (const struct node *k = parent->kids; k && !w->g->failed; k = k->next)
		if (write_node(w, k))
			return -1;
	return 0;
}

static int read_head(struct gram *g, const struct node *n, const char *url, struct err *err)
{
	const char *mode = node_attr(n, "mode"), *format = node_attr(n, "tag-format"), *type = node_attr(n, "type");

	if (mode && strcmp(mode, "dtmf") != 0 && strcmp(mode, "voice") != 0)
		return tree_fail(err, "menu_invalid", url, n->line, "mode is neither dtmf nor voice");
	if (type && strcmp(type, "application/srgs+xml") != 0 && strcmp(type, "application/grammar+xml") != 0)
		return tree_fail(err, "grammar_unsupported", url, n->line, "grammars of type %.60s are not supported",
				 type);
	if (format && strncmp(format, "semantics/1.0", 13) != 0)
		return tree_fail(err, "grammar_unsupported", url, n->line, "tag-format %.60s is not supported", format);
	g->literal = format && strcmp(format, "semantics/1.0-literals") == 0;
	return 0;
}

struct gram *gram_srgs(struct arena *a, const struct node *n, const char *rule, const char *url, struct err *err)
{
	const char *mode = node_attr(n, "mode"), *root = rule ? rule : node_attr(n, "root");
	enum gram_mode m = mode && strcmp(mode, "dtmf") == 0 ? GRAM_DTMF : GRAM_VOICE;
	struct writing w = {.g = gram_new(a, m, KIND_SRGS), .top = n, .url = url, .err = err};
	const struct node *first = NULL;

	if (!w.g) {
		err_nomem(err);
		return NULL;
	}
	for (const struct node *k = n->kids; k; k = k->next) {
		if (k->tag == TAG_TEXT && !node_blank(k)) {
			fail(&w, n, "only the XML form of grammars is supported");
			return NULL;
		}
		if (!first && k->tag == TAG_RULE)
			first = k;
	}
	if (root && root[0])
		first = rule_of(n, root);
	if (!first)
		fail(&w, n, root ? "the root rule is not there" : "the grammar has no rule");
	if (!first || read_head(w.g, n, url, err) || write_rule(&w, first))
		return NULL;
	if (!gram_finish(w.g, err)) {
		fail(&w, n, "the grammar is too large");
		return NULL;
	}
	return w.g;
}
