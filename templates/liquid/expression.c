/* Expressions from their text, and what both ways of reading markup build with. */
#include "liquid/filters.h"
#include "liquid/num.h"
#include "liquid/parse.h"
#include "liquid/text.h"

#include <stdlib.h>

enum { NESTING_MAX = 60 };

struct expr *literal_expr(struct parser *p, struct liquid_value v)
{
	struct expr *e = parse_alloc(p, sizeof *e);

	if (e)
		e->literal = v;
	return e;
}

static int64_t whole_of(const struct liquid_value *v)
{
	char digits[24];
	size_t n;

	if (v->type == LIQUID_INT)
		return v->i;
	if (v->type == LIQUID_FLOAT)
		return v->f > -9e18 && v->f < 9e18 ? (int64_t)v->f : 0;
	if (v->type != LIQUID_STR)
		return 0;
	n = v->n < sizeof digits - 1 ? v->n : sizeof digits - 1;
	memcpy(digits, v->s, n);
	digits[n] = 0;
	return strtoll(digits, NULL, 10);
}

struct expr *range_expr(struct parser *p, const struct expr *first, const struct expr *last)
{
	struct expr *e;

	if (!first || !last || !(e = parse_alloc(p, sizeof *e)))
		return NULL;
	if (first->kind == EXPR_LITERAL && last->kind == EXPR_LITERAL) {
		e->literal = (struct liquid_value){
			.type = LIQUID_RANGE, .i = whole_of(&first->literal), .last = whole_of(&last->literal)};
		return e;
	}
	e->kind = EXPR_RANGE;
	e->head = first;
	e->tail = last;
	return e;
}

static bool digits_at(struct str s, size_t *i)
{
	size_t from = *i;

	while (*i < s.n && s.p[*i] >= '0' && s.p[*i] <= '9')
		++*i;
	return *i > from;
}

/* -?digits, -?digits.digits; a second point and what follows it is ignored if it is all digits and points. */
static int number(struct parser *p, struct str s, struct expr **out)
{
	size_t i = s.n && s.p[0] == '-', end;
	int64_t v;
	char text[64];

	*out = NULL;
	if (!digits_at(s, &i))
		return 0;
	if (i == s.n) {
		if (str_i64(s, &v)) {
			*out = literal_expr(p, liquid_int(v));
		} else {
			const struct num *big = num_parse(p->arena, s);
			if (!big)
				return syntax_error(p, "number too large");
			*out = literal_expr(p, (struct liquid_value){.type = LIQUID_BIG, .big = big});
		}
		return *out ? 0 : -1;
	}
	if (s.p[i++] != '.')
		return 0;
	digits_at(s, &i);
	end = i;
	while (i < s.n && (s.p[i] == '.' || (s.p[i] >= '0' && s.p[i] <= '9')))
		i++;
	if (i != s.n)
		return 0;
	if (end < sizeof text) {
		memcpy(text, s.p, end);
		text[end] = 0;
		*out = literal_expr(p, liquid_float(strtod(text, NULL)));
	} else {
		char *copy = arena_strndup(p->arena, s.p, end);
		if (copy)
			*out = literal_expr(p, liquid_float(strtod(copy, NULL)));
	}
	return *out ? 0 : parse_nomem(p);
}

/* ( first .. last ), both without white space in them. */
static bool range_parts(struct str s, struct str *first, struct str *last)
{
	size_t i, dots;

	if (s.n < 4 || s.p[0] != '(' || s.p[s.n - 1] != ')')
		return false;
	s = str_trim(str_n(s.p + 1, s.n - 2));
	for (i = 0; i < s.n && !is_space(s.p[i]); i++)
		;
	/* \S+ is greedy: the last two points of the first word, or after it */
	for (dots = i; dots < s.n && is_space(s.p[dots]); dots++)
		;
	if (dots == i || dots + 1 >= s.n || s.p[dots] != '.' || s.p[dots + 1] != '.') {
		for (dots = i; dots-- > 1;)
			if (s.p[dots] == '.' && dots + 1 < i && s.p[dots + 1] == '.')
				break;
		if (dots == 0 || dots == SIZE_MAX)
			return false;
		i = dots;
	}
	*first = str_n(s.p, i);
	*last = str_trim(str_n(s.p + dots + 2, s.n - dots - 2));
	for (i = 0; i < last->n; i++)
		if (is_space(last->p[i]))
			return false;
	return first->n && last->n;
}

/* [inner] at i: where it ends, brackets within it in pairs; 0: not closed. */
static size_t bracketed(struct str s, size_t i)
{
	int depth = 0;

	for (; i < s.n; i++) {
		if (s.p[i] == '[')
			depth++;
		else if (s.p[i] == ']' && --depth == 0)
			return i + 1;
	}
	return 0;
}

static bool next_part(struct str s, size_t *i, struct str *part)
{
	for (; *i < s.n; ++*i) {
		size_t from = *i, end = s.p[from] == '[' ? bracketed(s, from) : 0;
		if (!end && (is_word(s.p[from]) || s.p[from] == '-')) {
			for (end = from; end < s.n && (is_word(s.p[end]) || s.p[end] == '-');)
				end++;
			end += end < s.n && s.p[end] == '?';
		}
		if (end) {
			*i = end;
			*part = str_n(s.p + from, end - from);
			return true;
		}
	}
	return false;
}

static int path_step(struct parser *p, struct str part, struct step *to)
{
	*to = (struct step){.key = part};
	if (part.p[0] == '[' && part.p[part.n - 1] == ']') {
		to->index = parse_expr(p, str_n(part.p + 1, part.n - 2));
		if (!to->index)
			return -1;
		return 0;
	}
	to->command = str_is(part, "size") || str_is(part, "first") || str_is(part, "last");
	return 0;
}

static const struct expr *path(struct parser *p, struct str s)
{
	struct expr *e = parse_alloc(p, sizeof *e);
	struct str part;
	struct step head, *steps;
	size_t i = 0, n = 0;

	if (!e)
		return NULL;
	e->kind = EXPR_PATH;
	while (next_part(s, &i, &part))
		n++;
	steps = parse_alloc(p, (n + 1) * sizeof *steps);
	i = 0;
	if (!steps)
		return NULL;
	if (n == 0) {
		e->hash = name_hash(e->name);
		return e;
	}
	next_part(s, &i, &part);
	if (path_step(p, part, &head))
		return NULL;
	e->head = head.index;
	e->name = part;
	e->hash = name_hash(part);
	for (; next_part(s, &i, &part); e->n++)
		if (path_step(p, part, &steps[e->n]))
			return NULL;
	e->steps = steps;
	return e;
}

static bool word_literal(struct str s, struct liquid_value *v)
{
	if (s.n == 0 || str_is(s, "nil") || str_is(s, "null"))
		*v = liquid_nil();
	else if (str_is(s, "true") || str_is(s, "false"))
		*v = liquid_bool(s.n == 4);
	else if (str_is(s, "blank") || str_is(s, "empty"))
		*v = liquid_str(STR(""));
	else
		return false;
	return true;
}

const struct expr *parse_expr(struct parser *p, struct str s)
{
	struct liquid_value v;
	struct str first, last;
	struct expr *e;
	const struct expr *result = NULL;

	s = str_trim(s);
	if (s.n > 1 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0])
		return literal_expr(p, liquid_str(str_n(s.p + 1, s.n - 2)));
	if (word_literal(s, &v))
		return literal_expr(p, v);
	if (p->nesting >= NESTING_MAX) {
		syntax_error(p, "Nesting too deep");
		return NULL;
	}
	p->nesting++;
	if (range_parts(s, &first, &last)) {
		const struct expr *a = parse_expr(p, first);
		result = a ? range_expr(p, a, parse_expr(p, last)) : NULL;
	} else if (number(p, s, &e) == 0) {
		result = e ? e : path(p, s);
	}
	p->nesting--;
	return result;
}

const struct expr *parse_operand(struct parser *p, struct str s)
{
	if (str_is(s, "empty") || str_is(s, "blank"))
		return literal_expr(p, (struct liquid_value){.type = s.p[0] == 'e' ? LIQUID_EMPTY : LIQUID_BLANK});
	return parse_expr(p, s);
}

enum operator operator_of(struct str text)
{
	static const struct {
		const char *text;
		enum operator op;
	} known[] = {{"==", OP_EQ}, {"!=", OP_NE}, {"<>", OP_NE}, {"<", OP_LT},
		     {">", OP_GT},  {"<=", OP_LE}, {">=", OP_GE}, {"contains", OP_CONTAINS}};

	if (text.n == 0)
		return OP_NONE;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_is(text, known[i].text))
			return known[i].op;
	return OP_UNKNOWN;
}

/* Room for one more at the end of a list in the arena. */
static int grow(struct parser *p, void **list, uint32_t n, uint32_t *cap, size_t size)
{
	uint32_t more = *cap ? *cap * 2 : 4;
	void *to;

	if (n < *cap)
		return 0;
	to = parse_alloc(p, more * size);
	if (!to)
		return -1;
	if (n)
		memcpy(to, *list, n * size);
	*list = to;
	*cap = more;
	return 0;
}

int begin_call(struct parser *p, struct chain_builder *b, struct str filter)
{
	void *list = b->calls;
	struct call *call;

	if (grow(p, &list, b->n, &b->cap, sizeof *b->calls))
		return -1;
	b->calls = list;
	call = &b->calls[b->n];
	*call = (struct call){0};
	for (size_t i = 0; i < p->syntax->n_filters && !call->host; i++)
		if (str_is(filter, p->syntax->filters[i].name))
			call->host = &p->syntax->filters[i];
	if (!call->host)
		call->std = filter_find(filter);
	b->args = NULL;
	b->keywords = NULL;
	b->n_args = b->cap_args = b->n_keywords = b->cap_keywords = 0;
	return 0;
}

int add_arg(struct parser *p, struct chain_builder *b, const struct expr *e)
{
	void *list = b->args;

	if (!e || grow(p, &list, b->n_args, &b->cap_args, sizeof *b->args))
		return -1;
	b->args = list;
	b->args[b->n_args++] = e;
	return 0;
}

int add_keyword(struct parser *p, struct chain_builder *b, struct str name, const struct expr *e)
{
	void *list = b->keywords;

	if (!e || grow(p, &list, b->n_keywords, &b->cap_keywords, sizeof *b->keywords))
		return -1;
	b->keywords = list;
	b->keywords[b->n_keywords++] = (struct keyword){name, e};
	return 0;
}

int end_call(struct parser *p, struct chain_builder *b)
{
	struct call *call = &b->calls[b->n++];

	(void)p;
	call->args = b->args;
	call->n_args = b->n_args;
	call->keywords = b->keywords;
	call->n_keywords = b->n_keywords;
	return 0;
}
