/* Markup read by the grammar: tokens, expressions, chains of filters, conditions. */
#include "liquid/parse.h"
#include "liquid/text.h"

#include <stdlib.h>

enum { NESTING_MAX = 60 };

static size_t comparison_at(struct str s, size_t i)
{
	char c = s.p[i], d = i + 1 < s.n ? s.p[i + 1] : 0;

	if ((c == '=' || c == '!' || c == '<' || c == '>') && d == '=')
		return 2;
	if (c == '<')
		return d == '>' ? 2 : 1;
	if (c == '>')
		return 1;
	return s.n - i > 8 && memcmp(s.p + i, "contains", 8) == 0 && is_space(s.p[i + 8]) ? 8 : 0;
}

static size_t number_at(struct str s, size_t i)
{
	size_t from = i, digits;

	i += s.p[i] == '-';
	for (digits = i; i < s.n && s.p[i] >= '0' && s.p[i] <= '9';)
		i++;
	if (i == digits)
		return 0;
	if (i + 1 < s.n && s.p[i] == '.' && s.p[i + 1] >= '0' && s.p[i + 1] <= '9')
		for (i++; i < s.n && s.p[i] >= '0' && s.p[i] <= '9';)
			i++;
	return i - from;
}

static size_t identifier_at(struct str s, size_t i)
{
	size_t from = i;

	if (!is_word(s.p[i]) || (s.p[i] >= '0' && s.p[i] <= '9'))
		return 0;
	while (i < s.n && (is_word(s.p[i]) || s.p[i] == '-'))
		i++;
	i += i < s.n && s.p[i] == '?';
	return i - from;
}

/* The kind of the token at i and its length; 0: none begins so. */
static size_t token_at(struct str s, size_t i, enum token_kind *kind)
{
	const char *close;
	size_t n;

	*kind = T_COMPARISON;
	if ((n = comparison_at(s, i)))
		return n;
	if (s.p[i] == '\'' || s.p[i] == '"') {
		*kind = T_STRING;
		close = memchr(s.p + i + 1, s.p[i], s.n - i - 1);
		return close ? (size_t)(close - s.p) + 1 - i : 0;
	}
	*kind = T_NUMBER;
	if ((n = number_at(s, i)))
		return n;
	*kind = T_ID;
	if ((n = identifier_at(s, i)))
		return n;
	*kind = T_DOTDOT;
	if (s.p[i] == '.' && i + 1 < s.n && s.p[i + 1] == '.')
		return 2;
	*kind = (enum token_kind)s.p[i];
	return s.p[i] && strchr("|.:,[]()?-", s.p[i]) ? 1 : 0;
}

int lex(struct parser *p, struct str s)
{
	size_t i = 0, n;
	enum token_kind kind;

	p->n_tokens = p->next = 0;
	for (;; i += n) {
		while (i < s.n && is_space(s.p[i]))
			i++;
		if (p->n_tokens == p->cap_tokens) {
			size_t cap = p->cap_tokens ? p->cap_tokens * 2 : 64;
			struct token *more = realloc(p->tokens, cap * sizeof *more);
			if (!more)
				return parse_nomem(p);
			p->tokens = more;
			p->cap_tokens = cap;
		}
		if (i == s.n)
			break;
		n = token_at(s, i, &kind);
		if (n == 0)
			return syntax_error(p, "Unexpected character %.*s", (int)utf8_first(str_n(s.p + i, s.n - i)).n,
					    s.p + i);
		p->tokens[p->n_tokens++] = (struct token){kind, str_n(s.p + i, n)};
	}
	p->tokens[p->n_tokens++] = (struct token){T_END, STR("")};
	return 0;
}

bool looks(const struct parser *p, enum token_kind kind, size_t ahead)
{
	return p->next + ahead < p->n_tokens && p->tokens[p->next + ahead].kind == kind;
}

bool take(struct parser *p, enum token_kind kind, struct str *text)
{
	if (!looks(p, kind, 0))
		return false;
	if (text)
		*text = p->tokens[p->next].text;
	p->next += kind != T_END;
	return true;
}

bool take_word(struct parser *p, const char *word)
{
	return looks(p, T_ID, 0) && str_is(p->tokens[p->next].text, word) && take(p, T_ID, NULL);
}

static const char *kind_word(enum token_kind kind)
{
	switch (kind) {
	case T_END: return "end_of_string";
	case T_ID: return "id";
	case T_STRING: return "string";
	case T_NUMBER: return "number";
	case T_COMPARISON: return "comparison";
	case T_DOTDOT: return "dotdot";
	case T_PIPE: return "pipe";
	case T_DOT: return "dot";
	case T_COLON: return "colon";
	case T_COMMA: return "comma";
	case T_OPEN_SQUARE: return "open_square";
	case T_CLOSE_SQUARE: return "close_square";
	case T_OPEN_ROUND: return "open_round";
	case T_CLOSE_ROUND: return "close_round";
	case T_QUESTION: return "question";
	case T_DASH: return "dash";
	}
	return "";
}

int want(struct parser *p, enum token_kind kind, struct str *text)
{
	if (take(p, kind, text))
		return 0;
	return syntax_error(p, "Expected %s but found %s", kind_word(kind), kind_word(p->tokens[p->next].kind));
}

static const struct expr *bracket(struct parser *p)
{
	const struct expr *e;

	if (want(p, T_OPEN_SQUARE, NULL) || !(e = strict_expr(p, false, NULL)) || want(p, T_CLOSE_SQUARE, NULL))
		return NULL;
	return e;
}

static int lookups(struct parser *p, struct expr *e)
{
	struct step *steps = NULL;
	uint32_t cap = 0;

	for (;; e->n++) {
		struct step s = {0};
		if (looks(p, T_OPEN_SQUARE, 0)) {
			if (!(s.index = bracket(p)))
				return -1;
		} else if (take(p, T_DOT, NULL)) {
			if (want(p, T_ID, &s.key))
				return -1;
			s.command = str_is(s.key, "size") || str_is(s.key, "first") || str_is(s.key, "last");
		} else {
			e->steps = steps;
			return 0;
		}
		if (e->n == cap) {
			struct step *more = parse_alloc(p, (cap ? cap * 2 : 4) * sizeof *more);
			if (!more)
				return -1;
			if (cap)
				memcpy(more, steps, cap * sizeof *more);
			steps = more;
			cap = cap ? cap * 2 : 4;
		}
		steps[e->n] = s;
	}
}

static const struct expr *path(struct parser *p, bool operand)
{
	struct expr *e = parse_alloc(p, sizeof *e);

	if (!e)
		return NULL;
	e->kind = EXPR_PATH;
	if (looks(p, T_OPEN_SQUARE, 0)) {
		if (!(e->head = bracket(p)))
			return NULL;
	} else {
		take(p, T_ID, &e->name);
		e->hash = name_hash(e->name);
		if (!looks(p, T_DOT, 0) && !looks(p, T_OPEN_SQUARE, 0)) /* may be a word of the language */
			return operand ? parse_operand(p, e->name) : parse_expr(p, e->name);
	}
	return lookups(p, e) ? NULL : e;
}

static const struct expr *range(struct parser *p)
{
	const struct expr *first, *last;

	take(p, T_OPEN_ROUND, NULL);
	if (!(first = strict_expr(p, false, NULL)) || want(p, T_DOTDOT, NULL) ||
	    !(last = strict_expr(p, false, NULL)) || want(p, T_CLOSE_ROUND, NULL))
		return NULL;
	return range_expr(p, first, last);
}

static const struct expr *any(struct parser *p, bool operand)
{
	struct str text;

	if (looks(p, T_ID, 0) || looks(p, T_OPEN_SQUARE, 0))
		return path(p, operand);
	if (take(p, T_STRING, &text) || take(p, T_NUMBER, &text))
		return parse_expr(p, text);
	if (looks(p, T_OPEN_ROUND, 0))
		return range(p);
	syntax_error(p, "[:%s] is not a valid expression", kind_word(p->tokens[p->next].kind));
	return NULL;
}

/* The tokens from `from` on, without what stood between them. */
static int text_since(struct parser *p, size_t from, struct str *text)
{
	size_t n = 0;
	char *to;

	for (size_t i = from; i < p->next; i++)
		n += p->tokens[i].text.n;
	to = parse_alloc(p, n + 1);
	if (!to)
		return -1;
	*text = str_n(to, n);
	for (size_t i = from; i < p->next; i++) {
		memcpy(to, p->tokens[i].text.p, p->tokens[i].text.n);
		to += p->tokens[i].text.n;
	}
	return 0;
}

const struct expr *strict_expr(struct parser *p, bool operand, struct str *text)
{
	const struct expr *e;
	size_t from = p->next;

	if (p->nesting >= NESTING_MAX) {
		syntax_error(p, "Nesting too deep");
		return NULL;
	}
	p->nesting++;
	e = any(p, operand);
	p->nesting--;
	return e && text && text_since(p, from, text) ? NULL : e;
}

static int arguments(struct parser *p, struct chain_builder *b)
{
	struct str name;

	do {
		if (looks(p, T_ID, 0) && looks(p, T_COLON, 1)) {
			take(p, T_ID, &name);
			take(p, T_COLON, NULL);
			if (add_keyword(p, b, name, strict_expr(p, false, NULL)))
				return -1;
		} else if (add_arg(p, b, strict_expr(p, false, NULL))) {
			return -1;
		}
	} while (take(p, T_COMMA, NULL));
	return 0;
}

int strict_chain(struct parser *p, struct str markup, struct chain *out)
{
	struct chain_builder b = {0};
	struct str name;

	*out = (struct chain){0};
	if (lex(p, markup))
		return -1;
	if (looks(p, T_END, 0))
		return 0;
	if (!(out->value = strict_expr(p, false, NULL)))
		return -1;
	while (take(p, T_PIPE, NULL))
		if (want(p, T_ID, &name) || begin_call(p, &b, name) || (take(p, T_COLON, NULL) && arguments(p, &b)) ||
		    end_call(p, &b))
			return -1;
	out->calls = b.calls;
	out->n = b.n;
	return want(p, T_END, NULL);
}

int strict_condition(struct parser *p, struct str markup, const struct condition **out)
{
	struct condition *last = NULL, *c;

	if (lex(p, markup))
		return -1;
	for (;;) {
		c = parse_alloc(p, sizeof *c);
		if (!c || !(c->left = strict_expr(p, true, NULL)))
			return -1;
		if (take(p, T_COMPARISON, &c->op_text)) {
			c->op = operator_of(c->op_text);
			if (!(c->right = strict_expr(p, true, NULL)))
				return -1;
		}
		if (last)
			last->next = c;
		else
			*out = c;
		last = c;
		if (take_word(p, "and"))
			c->link = LINK_AND;
		else if (take_word(p, "or"))
			c->link = LINK_OR;
		else
			return want(p, T_END, NULL);
	}
}
