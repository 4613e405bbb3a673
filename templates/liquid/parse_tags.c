/* Tags without a body, those whose body is only passed over, and the table of all. */
#include "liquid/parse.h"
#include "liquid/text.h"
#include "liquid/value.h"

/* A variable's name as assign and capture find it: the first run of name characters, points and brackets. */
static struct str signature(struct str s, size_t from)
{
	size_t i = from, end;

	for (;;) {
		end = i + (i < s.n && s.p[i] == '(');
		if (end >= s.n || !(is_word(s.p[end]) || strchr("-.[]", s.p[end])) || s.p[end] == 0)
			break;
		end++;
		i = end + (end < s.n && s.p[end] == ')');
	}
	return str_n(s.p + from, i - from);
}

static struct assign *new_assign(struct parser *p, struct str name)
{
	struct assign *a = parse_alloc(p, sizeof *a);

	if (a) {
		a->name = name;
		a->hash = name_hash(name);
	}
	return a;
}

static int parse_assign(struct parser *p, struct str s, struct nodes *out)
{
	struct assign *a;
	struct node *node;

	for (size_t i = 0; i < s.n; i++) {
		struct str name = signature(s, i);
		size_t at = i + name.n;
		while (at < s.n && is_space(s.p[at]))
			at++;
		if (name.n == 0 || at >= s.n || s.p[at] != '=') {
			i += name.n ? name.n - 1 : 0;
			continue;
		}
		at++;
		a = new_assign(p, name);
		if (!a || parse_chain(p, str_n(s.p + at, s.n - at), &a->from))
			return -1;
		node = add_node(p, out, NODE_ASSIGN, true);
		if (!node)
			return -1;
		node->assign = a;
		return 0;
	}
	return syntax_error(p, "Syntax Error in 'assign' - Valid syntax: assign [var] = [source]");
}

int parse_capture(struct parser *p, struct str s, struct nodes *out)
{
	struct str name = {0};
	const char *at = p->here;
	struct nodes body;
	struct assign *a;
	struct node *node;

	for (size_t i = 0; i < s.n && name.n == 0; i++)
		name = signature(s, i);
	if (name.n == 0)
		return syntax_error(p, "Syntax Error in 'capture' - Valid syntax: capture [var]");
	a = new_assign(p, name);
	if (!a || parse_block(p, "capture", &body))
		return -1;
	p->here = at;
	node = add_node(p, out, NODE_CAPTURE, true);
	if (!node)
		return -1;
	node->name = a;
	node->body = finish_body(p, &body, false);
	return node->body ? 0 : -1;
}

int parse_ifchanged(struct parser *p, struct str s, struct nodes *out)
{
	const char *at = p->here;
	struct nodes body;
	struct node *node;

	(void)s;
	if (parse_block(p, "ifchanged", &body))
		return -1;
	p->here = at;
	node = add_node(p, out, NODE_IFCHANGED, body.blank);
	if (!node)
		return -1;
	node->body = finish_body(p, &body, false);
	return node->body ? 0 : -1;
}

static int parse_echo(struct parser *p, struct str s, struct nodes *out)
{
	struct chain *chain = parse_alloc(p, sizeof *chain);
	struct node *node;

	if (!chain || parse_chain(p, s, chain) || !(node = add_node(p, out, NODE_OUTPUT, false)))
		return -1;
	node->chain = chain;
	return 0;
}

static int parse_break(struct parser *p, struct str s, struct nodes *out)
{
	(void)s;
	return add_node(p, out, NODE_BREAK, false) ? 0 : -1;
}

static int parse_continue(struct parser *p, struct str s, struct nodes *out)
{
	(void)s;
	return add_node(p, out, NODE_CONTINUE, false) ? 0 : -1;
}

static int counter(struct parser *p, struct str s, struct nodes *out, int by)
{
	struct counter *x = parse_alloc(p, sizeof *x);
	struct node *node;

	if (!x || !(node = add_node(p, out, NODE_COUNTER, false)))
		return -1;
	x->name = strip_left(strip_right(s));
	x->hash = name_hash(x->name);
	x->by = by;
	node->counter = x;
	return 0;
}

static int parse_increment(struct parser *p, struct str s, struct nodes *out) { return counter(p, s, out, 1); }
static int parse_decrement(struct parser *p, struct str s, struct nodes *out) { return counter(p, s, out, -1); }

/* ---- cycle */

/* Cycles without a name are one when their values are the same literals; with variables each is its own. */
static int cycle_key(struct parser *p, struct cycle *y)
{
	struct buf b;
	bool own = false;

	buf_init(&b, 1 << 20);
	for (uint32_t i = 0; i < y->n; i++) {
		own |= y->values[i]->kind != EXPR_LITERAL;
		value_inspect(&b, &y->values[i]->literal, 0);
		buf_addc(&b, ',');
	}
	if (own)
		buf_addf(&b, "%p", (void *)y);
	y->key = b.failed ? (struct str){NULL, 0} : arena_str(p->arena, buf_str(&b));
	buf_free(&b);
	return y->key.p ? 0 : parse_nomem(p);
}

/* "name: values": the name is the longest fragment with a colon after it. */
static size_t cycle_name(struct str s, size_t *name_end)
{
	size_t end = fragment_run(s, 0), from = 0;

	for (size_t i = 0; end != SIZE_MAX && i < end;) {
		size_t quote = s.p[i] == '"' || s.p[i] == '\'' ? fragment(s, i) : SIZE_MAX, at;
		i = quote == SIZE_MAX ? i + 1 : quote; /* text in quotes is not taken apart */
		for (at = i; at < s.n && is_space(s.p[at]);)
			at++;
		if (at < s.n && s.p[at] == ':') {
			*name_end = i;
			from = at + 1;
		}
	}
	return from;
}

static int parse_cycle(struct parser *p, struct str s, struct nodes *out)
{
	struct cycle *y = parse_alloc(p, sizeof *y);
	const struct expr **values;
	struct node *node;
	size_t name_end = 0, from = cycle_name(s, &name_end), commas = 1;

	if (!y)
		return -1;
	if (!from && fragment(s, 0) == SIZE_MAX)
		return syntax_error(p, "Syntax Error in 'cycle' - Valid syntax: cycle [name :] var [, var2, var3 ...]");
	if (from && !(y->name = parse_expr(p, str_n(s.p, name_end))))
		return -1;
	s = str_n(s.p + from, s.n - from);
	for (size_t i = 0; i < s.n; i++)
		commas += s.p[i] == ',';
	values = parse_alloc(p, commas * sizeof *values);
	if (!values)
		return -1;
	for (size_t i = 0; i < s.n;) {
		const char *comma = memchr(s.p + i, ',', s.n - i);
		size_t end = comma ? (size_t)(comma - s.p) : s.n, a, b;
		if (find_fragment(str_n(s.p + i, end - i), 0, &a, &b) &&
		    !(values[y->n++] = parse_expr(p, str_n(s.p + i + a, b - a))))
			return -1;
		i = end + 1;
	}
	y->values = values;
	if ((!y->name && cycle_key(p, y)) || !(node = add_node(p, out, NODE_CYCLE, false)))
		return -1;
	node->cycle = y;
	return 0;
}

/* ---- include and render */

static size_t after_space(struct str s, size_t i)
{
	size_t from = i;

	while (i < s.n && is_space(s.p[i]))
		i++;
	return i > from ? i : SIZE_MAX;
}

static bool word_at(struct str s, size_t i, const char *word)
{
	size_t n = strlen(word);
	return i != SIZE_MAX && i + n < s.n && memcmp(s.p + i, word, n) == 0 && is_space(s.p[i + n]);
}

/* with value | for value, as alias; name: value, ... */
static int partial_rest(struct parser *p, struct str s, size_t i, struct partial *x)
{
	struct keyword *args;
	struct str name, value;
	size_t at = after_space(s, i), end;
	uint32_t n = 0;

	if (word_at(s, at, "with") || word_at(s, at, "for")) {
		x->each = s.p[at] == 'f';
		at = after_space(s, at + (x->each ? 3 : 4));
		end = fragments(s, at);
		if (end != SIZE_MAX) {
			if (!(x->value = parse_expr(p, str_n(s.p + at, end - at))))
				return -1;
			i = end;
		}
	}
	at = after_space(s, i);
	if (word_at(s, at, "as")) {
		at = after_space(s, at + 2);
		for (end = at; end < s.n && (is_word(s.p[end]) || s.p[end] == '-');)
			end++;
		x->alias = str_n(s.p + at, end - at);
	}
	for (i = 0; next_attribute(s, &i, &name, &value);)
		n++;
	args = parse_alloc(p, (n + 1) * sizeof *args);
	if (!args)
		return -1;
	for (i = 0; next_attribute(s, &i, &name, &value);)
		if (!(args[x->n++] = (struct keyword){name, parse_expr(p, value)}).value)
			return -1;
	x->args = args;
	return 0;
}

static int partial(struct parser *p, struct str s, struct nodes *out, bool render)
{
	struct partial *x = parse_alloc(p, sizeof *x);
	struct node *node;
	size_t start = 0, end = SIZE_MAX;

	if (!x)
		return -1;
	if (render) { /* its name has to be quoted */
		for (; start < s.n && end == SIZE_MAX; start += end == SIZE_MAX)
			if (s.p[start] == '"' || s.p[start] == '\'')
				end = fragment(s, start);
		if (end == SIZE_MAX)
			return syntax_error(p, "Syntax error in tag 'render' - Template name must be a quoted string");
	} else {
		if (!find_fragment(s, 0, &start, &end))
			return syntax_error(p, "Error in tag 'include' - Valid syntax: include '[template]' (with|for) "
					       "[object|collection]");
		end = fragments(s, start);
	}
	x->name = parse_expr(p, str_n(s.p + start, end - start));
	if (!x->name || partial_rest(p, s, end, x) ||
	    !(node = add_node(p, out, render ? NODE_RENDER : NODE_INCLUDE, false)))
		return -1;
	node->partial = x;
	return 0;
}

static int parse_include(struct parser *p, struct str s, struct nodes *out) { return partial(p, s, out, false); }
static int parse_render(struct parser *p, struct str s, struct nodes *out) { return partial(p, s, out, true); }

/* ---- bodies that are not read */

static int parse_inline_comment(struct parser *p, struct str s, struct nodes *out)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\n')
			continue;
		while (i < s.n && is_space(s.p[i]))
			i++;
		if (i < s.n && s.p[i] != '#')
			return syntax_error(p,
					    "Syntax error in tag '#' - Each line of comments must be prefixed by the "
					    "'#' character");
	}
	return add_node(p, out, NODE_NOTHING, true) ? 0 : -1;
}

/* A raw or doc body ends with the last {% in a token if the word after it is the one: where that {% stands. */
static bool ends_raw(struct str token, const char *word, size_t *at)
{
	struct str name, markup;

	if (token.n < 4 || memcmp(token.p + token.n - 2, "%}", 2) != 0)
		return false;
	for (size_t i = token.n - 3; i-- > 0;) {
		if (token.p[i] != '{' || token.p[i + 1] != '%')
			continue;
		*at = i;
		if (split_tag(str_n(token.p + i, token.n - i), &name, &markup) && name.n && name.p[0] != '#')
			return str_is(name, word);
	}
	return false;
}

static bool only_space(struct str s) { return strip_left(s).n == 0; }

int parse_raw(struct parser *p, struct str s, struct nodes *out)
{
	const char *at = p->here;
	struct str token, body;
	struct node *node;
	size_t end;

	if (!only_space(s))
		return syntax_error(p, "Syntax Error in 'raw' - Valid syntax: raw");
	body = str_n(p->at, 0);
	while (next_token(p, &token)) {
		if (!ends_raw(token, "endraw", &end))
			continue;
		body.n = (size_t)(token.p + end - body.p);
		p->trim = token.p[token.n - 3] == '-';
		p->here = at;
		node = add_node(p, out, NODE_TEXT, body.n == 0);
		if (!node)
			return -1;
		node->text = body;
		return add_node(p, out, NODE_NOTHING, true) ? 0 : -1; /* a {%- after it takes nothing away */
	}
	p->here = at;
	return syntax_error(p, "'raw' tag was never closed");
}

int parse_doc(struct parser *p, struct str s, struct nodes *out)
{
	const char *at = p->here, *from = p->at;
	struct str token;
	size_t end;

	if (!only_space(s))
		return syntax_error(p, "Syntax Error in 'doc' - Valid syntax: {%% doc %%}{%% enddoc %%}");
	while (next_token(p, &token)) {
		if (ends_raw(token, "doc", &end))
			return syntax_error(p, "Syntax Error in 'doc' - Nested doc tags are not allowed");
		if (!ends_raw(token, "enddoc", &end))
			continue;
		p->trim = token.p[token.n - 3] == '-';
		return add_node(p, out, NODE_NOTHING, token.p + end == from) ? 0 : -1;
	}
	p->here = at;
	return syntax_error(p, "'doc' tag was never closed");
}

static int skip_raw(struct parser *p)
{
	struct str token;
	size_t end;

	while (next_token(p, &token))
		if (ends_raw(token, "endraw", &end))
			return 0;
	return syntax_error(p, "'raw' tag was never closed");
}

int parse_comment(struct parser *p, struct str s, struct nodes *out)
{
	const char *at = p->here;
	struct str token, name, markup;
	int depth = 1;

	(void)s;
	while (depth && next_token(p, &token)) {
		if (!(p->lines ? split_line(token, &name, &markup) : split_tag(token, &name, &markup)))
			continue;
		if (str_is(name, "raw")) {
			if (skip_raw(p))
				return -1;
		} else if (str_is(name, "comment")) {
			depth++;
		} else if (str_is(name, "endcomment") && --depth == 0 && !p->lines) {
			p->trim = token.p[token.n - 3] == '-';
		}
	}
	p->here = at;
	if (depth)
		return syntax_error(p, "'comment' tag was never closed");
	return add_node(p, out, NODE_NOTHING, true) ? 0 : -1;
}

tag_fn *tag_find(struct str name)
{
	static const struct {
		const char *name;
		tag_fn *parse;
	} tags[] = {
		{"if", parse_if},
		{"assign", parse_assign},
		{"for", parse_for},
		{"unless", parse_unless},
		{"case", parse_case},
		{"capture", parse_capture},
		{"comment", parse_comment},
		{"#", parse_inline_comment},
		{"echo", parse_echo},
		{"include", parse_include},
		{"render", parse_render},
		{"liquid", parse_liquid},
		{"raw", parse_raw},
		{"break", parse_break},
		{"continue", parse_continue},
		{"cycle", parse_cycle},
		{"increment", parse_increment},
		{"decrement", parse_decrement},
		{"tablerow", parse_tablerow},
		{"ifchanged", parse_ifchanged},
		{"doc", parse_doc},
	};

	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
		if (str_is(name, tags[i].name))
			return tags[i].parse;
	return NULL;
}
