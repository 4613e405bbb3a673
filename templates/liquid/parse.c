/* The source cut into text, outputs and tags, and bodies built of them. */
#include "liquid/parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "liquid/context.h"
#include "liquid/text.h"

enum { TEMPLATE_MAX = 256 << 20 };

int syntax_error(struct parser *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->err->msg, sizeof p->err->msg, fmt, ap);
	va_end(ap);
	tree_place(p->t, (uint32_t)(p->here - p->t->source.p), p->err);
	return -1;
}

int parse_nomem(struct parser *p) { return syntax_error(p, "Memory limits exceeded"); }

void *parse_alloc(struct parser *p, size_t n)
{
	void *to = arena_alloc(p->arena, n);

	if (!to)
		parse_nomem(p);
	return to;
}

void tree_place(const struct liquid_template *t, uint32_t at, struct liquid_error *err)
{
	const char *p = t->source.p, *line = p;

	err->line = 1;
	for (uint32_t i = 0; i < at && i < t->source.n; i++)
		if (p[i] == '\n') {
			err->line++;
			line = p + i + 1;
		}
	err->column = (int)(p + at - line) + 1;
}

/* ---- tokens */

static const char *find(const char *from, const char *end, const char *what)
{
	return from < end ? memmem(from, (size_t)(end - from), what, 2) : NULL;
}

/* After {{: }} ends it, and so does } before anything else; {% turns it into a tag. NULL: not closed. */
static const char *output_end(const char *from, const char *end)
{
	for (const char *c = from; c < end; c++) {
		if (*c == '}')
			return c + 1 < end && c[1] == '}' ? c + 2 : c + 1;
		if (*c == '{' && c + 1 < end && c[1] == '%') {
			const char *close = find(c + 2, end, "%}");
			return close ? close + 2 : end;
		}
	}
	return NULL;
}

bool next_token(struct parser *p, struct str *token)
{
	const char *from = p->at, *end;

	if (from >= p->end)
		return false;
	p->here = from;
	if (p->lines) {
		end = memchr(from, '\n', (size_t)(p->end - from));
		*token = str_n(from, (size_t)((end ? end : p->end) - from));
		p->at = end ? end + 1 : p->end;
		return true;
	}
	if (from + 1 < p->end && from[0] == '{' && (from[1] == '%' || from[1] == '{')) {
		end = from[1] == '{' ? output_end(from + 2, p->end) : find(from + 2, p->end, "%}");
		if (end && from[1] == '%')
			end += 2;
		*token = str_n(from, end ? (size_t)(end - from) : 2); /* not closed: just the two */
		p->at = end ? end : p->end;
		return true;
	}
	for (end = from; (end = memchr(end, '{', (size_t)(p->end - end))); end++)
		if (end + 1 < p->end && (end[1] == '%' || end[1] == '{'))
			break;
	p->at = end ? end : p->end;
	*token = str_n(from, (size_t)(p->at - from));
	return true;
}

bool split_line(struct str s, struct str *name, struct str *markup)
{
	size_t i = 0, from;

	while (i < s.n && is_space(s.p[i]))
		i++;
	from = i;
	if (i < s.n && s.p[i] == '#')
		i++;
	else
		while (i < s.n && is_word(s.p[i]))
			i++;
	*name = str_n(s.p + from, i - from);
	while (i < s.n && is_space(s.p[i]))
		i++;
	*markup = str_n(s.p + i, s.n - i);
	return name->n > 0;
}

bool split_tag(struct str token, struct str *name, struct str *markup)
{
	struct str s = token;

	if (s.n < 4 || memcmp(s.p + s.n - 2, "%}", 2) != 0 || s.p[0] != '{' || s.p[1] != '%')
		return false;
	s = str_n(s.p + 2, s.n - 4);
	if (s.n && s.p[0] == '-') {
		s.p++;
		s.n--;
	}
	if (s.n && s.p[s.n - 1] == '-')
		s.n--;
	return split_line(s, name, markup);
}

/* ---- bodies */

struct node *add_node(struct parser *p, struct nodes *out, enum node_kind kind, bool blank)
{
	if (out->n == out->cap) {
		uint32_t cap = out->cap ? out->cap * 2 : 8;
		struct node *more = parse_alloc(p, cap * sizeof *more);
		if (!more)
			return NULL;
		if (out->n)
			memcpy(more, out->v, out->n * sizeof *more);
		out->v = more;
		out->cap = cap;
	}
	out->blank = out->blank && blank;
	out->v[out->n] = (struct node){.kind = kind, .blank = blank, .at = (uint32_t)(p->here - p->t->source.p)};
	return &out->v[out->n++];
}

const struct body *finish_body(struct parser *p, struct nodes *from, bool without_text)
{
	struct body *b = parse_alloc(p, sizeof *b);
	struct node *to;
	uint32_t n = 0;

	if (!b)
		return NULL;
	to = parse_alloc(p, (from->n + 1) * sizeof *to);
	if (!to)
		return NULL;
	for (uint32_t i = 0; i < from->n; i++) {
		const struct node *x = &from->v[i];
		if (x->kind == NODE_NOTHING || (x->kind == NODE_TEXT && (without_text || x->text.n == 0)))
			continue;
		to[n++] = *x;
	}
	*b = (struct body){.n = n, .blank = from->blank, .nodes = to};
	return b;
}

static bool blank_text(struct str s)
{
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s.n == 0;
}

static int add_text(struct parser *p, struct str s, struct nodes *out)
{
	struct node *node;

	if (p->trim)
		s = strip_left(s);
	p->trim = false;
	node = add_node(p, out, NODE_TEXT, blank_text(s));
	if (!node)
		return -1;
	node->text = s;
	return 0;
}

/* {%- and {{- take white space from the text before, -%} and -}} from the one to come. */
static void white_space(struct parser *p, struct str token, struct nodes *out)
{
	if (token.n > 2 && token.p[2] == '-' && out->n && out->v[out->n - 1].kind == NODE_TEXT)
		out->v[out->n - 1].text = strip_right(out->v[out->n - 1].text);
	p->trim = token.n > 2 && token.p[token.n - 3] == '-';
}

static int add_output(struct parser *p, struct str token, struct nodes *out)
{
	struct chain *chain = parse_alloc(p, sizeof *chain);
	struct node *node;
	size_t from = 2, end;

	if (!chain)
		return -1;
	if (token.n < 4 || memcmp(token.p + token.n - 2, "}}", 2) != 0)
		return syntax_error(p, "Variable '%.*s' was not properly terminated with regexp: /\\}\\}/",
				    (int)(token.n > 60 ? 60 : token.n), token.p);
	if (token.p[from] == '-')
		from++;
	end = token.n - 2;
	if (end > from && token.p[end - 1] == '-')
		end--;
	if (parse_chain(p, str_n(token.p + from, end > from ? end - from : 0), chain))
		return -1;
	node = add_node(p, out, NODE_OUTPUT, false);
	if (!node)
		return -1;
	node->chain = chain;
	return 0;
}

int parse_chain(struct parser *p, struct str markup, struct chain *out)
{
	struct liquid_error before = *p->err;

	if (strict_chain(p, markup, out) == 0)
		return 0;
	if (is_strict(p))
		return -1;
	*p->err = before;
	return lax_chain(p, markup, out);
}

int parse_condition(struct parser *p, struct str markup, const struct condition **out)
{
	return is_strict(p) ? strict_condition(p, markup, out) : lax_condition(p, markup, out);
}

/* 1: the tag is for the block around it. */
static int add_tag(struct parser *p, struct str name, struct str markup, struct nodes *out, struct ending *end)
{
	tag_fn *tag = tag_find(name);

	if (!tag) {
		*end = (struct ending){.name = name, .markup = markup};
		return 1;
	}
	return tag(p, markup, out);
}

static int add_token(struct parser *p, struct str token, struct nodes *out, struct ending *end)
{
	struct str name, markup;

	if (p->lines) {
		if (blank_text(token))
			return 0;
		if (!split_line(token, &name, &markup)) {
			*end = (struct ending){.name = token, .markup = token};
			return 1;
		}
		return add_tag(p, name, markup, out, end);
	}
	if (token.n < 2 || token.p[0] != '{' || (token.p[1] != '{' && token.p[1] != '%'))
		return add_text(p, token, out);
	white_space(p, token, out);
	if (token.p[1] == '{')
		return add_output(p, token, out);
	if (!split_tag(token, &name, &markup))
		return syntax_error(p, "Tag '%.*s' was not properly terminated with regexp: /\\%%\\}/",
				    (int)(token.n > 60 ? 60 : token.n), token.p);
	return add_tag(p, name, markup, out, end);
}

int parse_body(struct parser *p, struct nodes *out, struct ending *end)
{
	struct str token;
	int r = 0;

	if (p->depth >= DEPTH_MAX)
		return syntax_error(p, "Nesting too deep");
	p->depth++;
	*end = (struct ending){.source_end = true};
	while (r == 0 && next_token(p, &token))
		r = add_token(p, token, out, end);
	p->depth--;
	return r < 0 ? -1 : 0;
}

int parse_unexpected(struct parser *p, const struct ending *end, const char *block)
{
	int n = (int)(end->name.n > 60 ? 60 : end->name.n);

	if (end->source_end)
		return syntax_error(p, "'%s' tag was never closed", block);
	if (str_is(end->name, "else"))
		return syntax_error(p, "%s tag does not expect 'else' tag", block);
	if (end->name.n >= 3 && memcmp(end->name.p, "end", 3) == 0)
		return syntax_error(p, "'%.*s' is not a valid delimiter for %s tags. use %s%s", n, end->name.p, block,
				    strcmp(block, "liquid") == 0 ? "%}" : "end",
				    strcmp(block, "liquid") == 0 ? "" : block);
	return syntax_error(p, "Unknown tag '%.*s'", n, end->name.p);
}

int parse_block(struct parser *p, const char *name, struct nodes *out)
{
	struct ending end;

	*out = (struct nodes){.blank = true};
	if (parse_body(p, out, &end))
		return -1;
	if (!end.source_end && end.name.n == strlen(name) + 3 && memcmp(end.name.p, "end", 3) == 0 &&
	    memcmp(end.name.p + 3, name, end.name.n - 3) == 0)
		return 0;
	return parse_unexpected(p, &end, name);
}

int parse_liquid(struct parser *p, struct str markup, struct nodes *out)
{
	struct parser outer = *p;
	struct ending end;
	int r;

	p->at = markup.p;
	p->end = markup.p + markup.n;
	p->lines = true;
	r = parse_body(p, out, &end);
	if (r == 0 && !end.source_end)
		r = parse_unexpected(p, &end, "liquid");
	p->at = outer.at;
	p->end = outer.end;
	p->lines = outer.lines;
	p->trim = outer.trim;
	p->here = outer.here;
	return r;
}

static int parse_document(struct parser *p)
{
	struct nodes nodes = {.blank = true};
	const struct body *body;
	struct ending end;

	if (parse_body(p, &nodes, &end))
		return -1;
	if (!end.source_end && (str_is(end.name, "else") || str_is(end.name, "end")))
		return syntax_error(p, "Unexpected outer '%.*s' tag", (int)end.name.n, end.name.p);
	if (!end.source_end)
		return syntax_error(p, "Unknown tag '%.*s'", (int)(end.name.n > 60 ? 60 : end.name.n), end.name.p);
	body = finish_body(p, &nodes, false);
	if (!body)
		return -1;
	p->t->body = *body;
	return 0;
}

int liquid_parse(const struct liquid_syntax *syntax, struct str source, struct liquid_template **out,
		 struct liquid_error *err)
{
	static const struct liquid_syntax usual = {0};
	struct liquid_template *t = calloc(1, sizeof *t);
	struct parser p = {.t = t, .syntax = syntax ? syntax : &usual, .err = err};
	int r;

	*err = (struct liquid_error){0};
	*out = NULL;
	if (t)
		p.arena = t->arena = arena_new(source.n > TEMPLATE_MAX / 2000 ? TEMPLATE_MAX : (source.n + 100) * 2000);
	if (t && t->arena)
		t->source = arena_str(t->arena, source);
	if (!t || !t->source.p) {
		snprintf(err->msg, sizeof err->msg, "Memory limits exceeded");
		liquid_template_free(&t);
		return -1;
	}
	p.here = p.at = t->source.p;
	p.end = p.at + t->source.n;
	r = parse_document(&p);
	free(p.tokens);
	if (r)
		liquid_template_free(&t);
	*out = t;
	return r;
}

void liquid_template_free(struct liquid_template **t)
{
	if (!t || !*t)
		return;
	arena_free(&(*t)->arena);
	free(*t);
	*t = NULL;
}
