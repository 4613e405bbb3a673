/* Tags with a body: if, unless, case, for, tablerow, capture, ifchanged, and those whose body is not read. */
#include "liquid/parse.h"
#include "liquid/text.h"

struct arm { /* a branch being collected */
	struct branch branch;
	struct nodes nodes;
	struct arm *next;
	bool shared; /* the body is that of the branch before: when a, b */
};

static struct arm *add_arm(struct parser *p, struct arm ***tail)
{
	struct arm *a = parse_alloc(p, sizeof *a);

	if (!a)
		return NULL;
	a->nodes.blank = true;
	**tail = a;
	*tail = &a->next;
	return a;
}

/* The tree of the branches; blank ones lose their white space when all are blank. */
static int finish_arms(struct parser *p, struct arm *arms, bool blank, struct nodes *out, enum node_kind kind,
		       const char *at)
{
	struct branch *last = NULL, *first = NULL;
	struct node *node;

	for (struct arm *a = arms; a; a = a->next) {
		a->branch.body = a->shared && last ? last->body : finish_body(p, &a->nodes, blank);
		if (!a->branch.body)
			return -1;
		if (last)
			last->next = &a->branch;
		else
			first = &a->branch;
		last = &a->branch;
	}
	p->here = at;
	node = add_node(p, out, kind, blank);
	if (!node)
		return -1;
	node->branches = first;
	return 0;
}

static bool closes(const struct ending *end, const char *block)
{
	return !end->source_end && end->name.n > 3 && memcmp(end->name.p, "end", 3) == 0 &&
	       str_is(str_n(end->name.p + 3, end->name.n - 3), block);
}

static int conditional(struct parser *p, struct str markup, struct nodes *out, const char *block)
{
	struct arm *arms = NULL, **tail = &arms, *arm;
	const char *at = p->here;
	struct ending end = {.name = STR("if"), .markup = markup};
	bool blank = true;

	for (;;) {
		if (!(arm = add_arm(p, &tail)))
			return -1;
		arm->branch.unless = arms == arm && *block == 'u';
		if (!str_is(end.name, "else") && parse_condition(p, end.markup, &arm->branch.when))
			return -1;
		if (parse_body(p, &arm->nodes, &end))
			return -1;
		blank = blank && arm->nodes.blank;
		if (closes(&end, block))
			return finish_arms(p, arms, blank, out, NODE_IF, at);
		if (end.source_end || !(str_is(end.name, "else") || str_is(end.name, "elsif")))
			return parse_unexpected(p, &end, block);
	}
}

int parse_if(struct parser *p, struct str markup, struct nodes *out) { return conditional(p, markup, out, "if"); }

int parse_unless(struct parser *p, struct str markup, struct nodes *out)
{
	return conditional(p, markup, out, "unless");
}

/* One arm for each value of when; they share the body. */
static struct arm *when_value(struct parser *p, const struct expr *left, const struct expr *right, struct arm ***tail,
			      bool shared)
{
	struct condition *c = right ? parse_alloc(p, sizeof *c) : NULL;
	struct arm *arm = c ? add_arm(p, tail) : NULL;

	if (!arm)
		return NULL;
	*c = (struct condition){.left = left, .right = right, .op = OP_EQ};
	arm->branch.when = c;
	arm->shared = shared;
	return arm;
}

static struct arm *lax_when(struct parser *p, const struct expr *left, struct str s, struct arm ***tail)
{
	struct arm *first = NULL, *arm;
	size_t start, end, i;

	for (;;) {
		if (!find_fragment(s, 0, &start, &end)) {
			syntax_error(p, "Syntax Error in tag 'case' - Valid when condition: "
					"{%% when [condition] [or condition2...] %%}");
			return NULL;
		}
		arm = when_value(p, left, parse_operand(p, str_n(s.p + start, end - start)), tail, first);
		if (!arm)
			return NULL;
		first = first ? first : arm;
		for (i = end; i < s.n && is_space(s.p[i]);)
			i++;
		if (i < s.n && s.p[i] == ',')
			i++;
		else if (i > end && i + 2 < s.n && memcmp(s.p + i, "or", 2) == 0 && is_space(s.p[i + 2]))
			i += 3;
		else
			return first;
		while (i < s.n && is_space(s.p[i]))
			i++;
		if (fragment(s, i) == SIZE_MAX)
			return first;
		s = str_n(s.p + i, s.n - i);
	}
}

static struct arm *strict_when(struct parser *p, const struct expr *left, struct str s, struct arm ***tail)
{
	struct arm *first = NULL, *arm;

	if (lex(p, s))
		return NULL;
	do {
		arm = when_value(p, left, strict_expr(p, true, NULL), tail, first);
		if (!arm)
			return NULL;
		first = first ? first : arm;
	} while (take_word(p, "or") || take(p, T_COMMA, NULL));
	return want(p, T_END, NULL) ? NULL : first;
}

static struct arm *case_arm(struct parser *p, const struct ending *end, const struct expr *left, struct arm ***tail)
{
	if (end->source_end || !(str_is(end->name, "when") || str_is(end->name, "else"))) {
		parse_unexpected(p, end, "case");
		return NULL;
	}
	if (str_is(end->name, "when"))
		return is_strict(p) ? strict_when(p, left, end->markup, tail) : lax_when(p, left, end->markup, tail);
	if (str_trim(end->markup).n) {
		syntax_error(p, "Syntax Error in tag 'case' - Valid else condition: {%% else %%} (no parameters) ");
		return NULL;
	}
	return add_arm(p, tail);
}

int parse_case(struct parser *p, struct str markup, struct nodes *out)
{
	struct arm *arms = NULL, **tail = &arms, *arm = NULL;
	struct nodes before = {.blank = true};
	const char *at = p->here;
	const struct expr *left;
	struct ending end;
	size_t start, stop;
	bool blank;

	if (!find_fragment(markup, 0, &start, &stop))
		return syntax_error(p, "Syntax Error in 'case' - Valid syntax: case [condition]");
	left = parse_expr(p, str_n(markup.p + start, stop - start));
	if (!left || parse_body(p, &before, &end))
		return -1;
	for (blank = before.blank; !closes(&end, "case"); blank = blank && arm->nodes.blank) {
		arm = case_arm(p, &end, left, &tail);
		if (!arm || parse_body(p, &arm->nodes, &end))
			return -1;
	}
	return finish_arms(p, arms, blank, out, NODE_CASE, at);
}

static int loop_attribute(struct parser *p, struct loop *l, struct str name, struct str value, const struct expr *e)
{
	if (str_is(name, "offset"))
		l->resume = str_is(value, "continue");
	if (!e)
		e = parse_expr(p, value);
	if (!e)
		return -1;
	if (str_is(name, "limit"))
		l->limit = e;
	else if (str_is(name, "offset"))
		l->offset = l->resume ? NULL : e;
	else if (str_is(name, "cols"))
		l->cols = e;
	return 0;
}

static int loop_name(struct parser *p, struct loop *l, struct str over)
{
	char *name = parse_alloc(p, l->variable.n + over.n + 2);

	if (!name)
		return -1;
	memcpy(name, l->variable.p, l->variable.n);
	name[l->variable.n] = '-';
	memcpy(name + l->variable.n + 1, over.p, over.n);
	l->name = str_n(name, l->variable.n + over.n + 1);
	l->hash = name_hash(l->variable);
	return 0;
}

static int strict_loop(struct parser *p, struct str markup, struct loop *l)
{
	struct str over, name, value;
	const struct expr *e;

	if (lex(p, markup) || want(p, T_ID, &l->variable))
		return -1;
	if (!take_word(p, "in"))
		return syntax_error(p, "For loops require an 'in' clause");
	if (!(l->over = strict_expr(p, false, &over)) || loop_name(p, l, over))
		return -1;
	l->reversed = take_word(p, "reversed");
	while (looks(p, T_COMMA, 0) || looks(p, T_ID, 0)) {
		take(p, T_COMMA, NULL);
		if (!looks(p, T_ID, 0) || !take(p, T_ID, &name) || !(str_is(name, "limit") || str_is(name, "offset")))
			return syntax_error(p, "Invalid attribute in for loop. Valid attributes are limit and offset");
		if (want(p, T_COLON, NULL) || !(e = strict_expr(p, false, &value)) ||
		    loop_attribute(p, l, name, value, e))
			return -1;
	}
	return want(p, T_END, NULL);
}

/* variable in collection, from the start of s for a for loop, anywhere in it for a tablerow. */
static bool lax_head(struct str s, bool hyphens, struct str *variable, struct str *over)
{
	for (size_t from = 0, i, end; from < s.n; from++) {
		for (i = from; i < s.n && (is_word(s.p[i]) || (hyphens && s.p[i] == '-'));)
			i++;
		*variable = str_n(s.p + from, i - from);
		for (end = i; end < s.n && is_space(s.p[end]);)
			end++;
		if (i > from && end > i && end + 2 < s.n && memcmp(s.p + end, "in", 2) == 0 && is_space(s.p[end + 2])) {
			for (i = end + 2; i < s.n && is_space(s.p[i]);)
				i++;
			end = fragments(s, i);
			*over = str_n(s.p + i, end == SIZE_MAX ? 0 : end - i);
			if (over->n)
				return true;
		}
		if (hyphens)
			return false;
	}
	return false;
}

static int lax_loop(struct parser *p, struct str s, struct loop *l, bool row)
{
	struct str over, name, value;
	size_t i;

	if (!lax_head(s, !row, &l->variable, &over))
		return syntax_error(p, row ? "Syntax Error in 'table_row loop' - Valid syntax: table_row [item] in "
					     "[collection] cols=3"
					   : "Syntax Error in 'for loop' - Valid syntax: for [item] in [collection]");
	if (!(l->over = parse_expr(p, over)) || loop_name(p, l, over))
		return -1;
	for (i = (size_t)(over.p + over.n - s.p); i < s.n && is_space(s.p[i]);)
		i++;
	l->reversed = !row && s.n - i >= 8 && memcmp(s.p + i, "reversed", 8) == 0;
	for (i = 0; next_attribute(s, &i, &name, &value);)
		if ((str_is(name, "limit") || str_is(name, "offset") || (row && str_is(name, "cols"))) &&
		    loop_attribute(p, l, name, value, NULL))
			return -1;
	if (row && l->resume) { /* no such word there: a variable of that name */
		l->resume = false;
		l->offset = parse_expr(p, STR("continue"));
	}
	return 0;
}

int parse_for(struct parser *p, struct str markup, struct nodes *out)
{
	struct loop *l = parse_alloc(p, sizeof *l);
	struct nodes body = {.blank = true}, otherwise = {.blank = true};
	const char *at = p->here;
	struct ending end;
	struct node *node;
	bool blank;

	if (!l || (is_strict(p) ? strict_loop(p, markup, l) : lax_loop(p, markup, l, false)) ||
	    parse_body(p, &body, &end))
		return -1;
	if (!end.source_end && str_is(end.name, "else") && parse_body(p, &otherwise, &end))
		return -1;
	if (!closes(&end, "for"))
		return parse_unexpected(p, &end, "for");
	blank = body.blank && otherwise.blank;
	l->body = finish_body(p, &body, blank);
	l->otherwise = finish_body(p, &otherwise, blank);
	p->here = at;
	node = l->body && l->otherwise ? add_node(p, out, NODE_FOR, blank) : NULL;
	if (!node)
		return -1;
	node->loop = l;
	return 0;
}

int parse_tablerow(struct parser *p, struct str markup, struct nodes *out)
{
	struct loop *l = parse_alloc(p, sizeof *l);
	const char *at = p->here;
	struct nodes body;
	struct node *node;

	if (!l || lax_loop(p, markup, l, true) || parse_block(p, "tablerow", &body))
		return -1;
	l->body = finish_body(p, &body, false);
	p->here = at;
	node = l->body ? add_node(p, out, NODE_TABLEROW, body.blank) : NULL;
	if (!node)
		return -1;
	node->loop = l;
	return 0;
}
