/* Markup read as the reference's lax parsers do: regular expressions that find what they know and pass over the rest. */
#include "liquid/parse.h"
#include "liquid/text.h"

/* "..." or '...' at i: where it ends. */
static size_t quoted(struct str s, size_t i)
{
	const char *close;

	if (i >= s.n || (s.p[i] != '"' && s.p[i] != '\''))
		return SIZE_MAX;
	close = memchr(s.p + i + 1, s.p[i], s.n - i - 1);
	return close ? (size_t)(close - s.p) + 1 : SIZE_MAX;
}

size_t fragment_run(struct str s, size_t i)
{
	size_t from = i, end;

	while (i < s.n) {
		if (s.p[i] == '"' || s.p[i] == '\'') {
			end = quoted(s, i);
			if (end == SIZE_MAX)
				break;
			i = end;
		} else if (is_space(s.p[i]) || s.p[i] == ',' || s.p[i] == '|') {
			break;
		} else {
			i++;
		}
	}
	return i > from ? i : SIZE_MAX;
}

size_t fragment(struct str s, size_t i)
{
	size_t end = quoted(s, i);

	return end != SIZE_MAX ? end : fragment_run(s, i);
}

bool find_fragment(struct str s, size_t from, size_t *start, size_t *end)
{
	for (*start = from; *start < s.n; ++*start)
		if ((*end = fragment(s, *start)) != SIZE_MAX)
			return true;
	return false;
}

size_t fragments(struct str s, size_t i)
{
	size_t end = fragment(s, i), more = end;

	while (more != SIZE_MAX && (more = fragment(s, more)) != SIZE_MAX)
		end = more;
	return end;
}

static size_t skip_space(struct str s, size_t i)
{
	while (i < s.n && is_space(s.p[i]))
		i++;
	return i;
}

bool next_attribute(struct str s, size_t *i, struct str *name, struct str *value)
{
	for (; *i < s.n; ++*i) {
		size_t from = *i, end = from, at;
		if (!is_word(s.p[from]))
			continue;
		while (end < s.n && (is_word(s.p[end]) || s.p[end] == '-'))
			end++;
		at = skip_space(s, end);
		if (at >= s.n || s.p[at] != ':') {
			*i = end - 1;
			continue;
		}
		at = skip_space(s, at + 1);
		*i = fragment(s, at);
		if (*i == SIZE_MAX) {
			*i = end;
			continue;
		}
		*name = str_n(s.p + from, end - from);
		*value = str_n(s.p + at, *i - at);
		return true;
	}
	return false;
}

/* name: value and nothing else. */
static bool is_keyword(struct str s, struct str *name, struct str *value)
{
	size_t i = 0;

	return s.n && is_word(s.p[0]) && next_attribute(s, &i, name, value) && name->p == s.p && i == s.n;
}

/* The next argument after a colon or comma: (\w+ : )? fragment. */
static bool next_argument(struct str s, size_t *i, struct str *arg)
{
	for (; *i < s.n; ++*i) {
		size_t from, at, end;
		if (s.p[*i] != ':' && s.p[*i] != ',')
			continue;
		from = at = skip_space(s, *i + 1);
		while (at < s.n && is_word(s.p[at]))
			at++;
		end = at > from ? skip_space(s, at) : s.n;
		end = end < s.n && s.p[end] == ':' ? fragment(s, skip_space(s, end + 1)) : SIZE_MAX;
		if (end == SIZE_MAX)
			end = fragment(s, from);
		if (end == SIZE_MAX)
			continue;
		*arg = str_n(s.p + from, end - from);
		*i = end;
		return true;
	}
	return false;
}

static int one_filter(struct parser *p, struct chain_builder *b, struct str s)
{
	size_t i = 0, from;
	struct str arg, name, value;

	while (i < s.n && !is_word(s.p[i]))
		i++;
	if (i == s.n)
		return 0;
	for (from = i; i < s.n && is_word(s.p[i]);)
		i++;
	if (begin_call(p, b, str_n(s.p + from, i - from)))
		return -1;
	for (i = 0; next_argument(s, &i, &arg);)
		if (is_keyword(arg, &name, &value) ? add_keyword(p, b, name, parse_expr(p, value))
						   : add_arg(p, b, parse_expr(p, arg)))
			return -1;
	return end_call(p, b);
}

int lax_chain(struct parser *p, struct str s, struct chain *out)
{
	struct chain_builder b = {0};
	size_t start, end;
	const char *bar;

	*out = (struct chain){0};
	if (!find_fragment(s, 0, &start, &end))
		return 0;
	if (!(out->value = parse_expr(p, str_n(s.p + start, end - start))))
		return -1;
	bar = memchr(s.p + end, '|', s.n - end);
	if (!bar)
		return 0;
	for (size_t i = (size_t)(bar - s.p) + 1; i < s.n;) {
		size_t from = i, next;
		while (i < s.n) { /* white space, fragments and commas */
			next = is_space(s.p[i]) || s.p[i] == ',' ? i + 1 : fragment(s, i);
			if (next == SIZE_MAX)
				break;
			i = next;
		}
		if (i > from && one_filter(p, &b, str_n(s.p + from, i - from)))
			return -1;
		i += i < s.n;
	}
	out->calls = b.calls;
	out->n = b.n;
	return 0;
}

/* and, or as a word of its own at i. */
static size_t link_at(struct str s, size_t i)
{
	size_t n = s.n - i >= 3 && memcmp(s.p + i, "and", 3) == 0  ? 3
		   : s.n - i >= 2 && memcmp(s.p + i, "or", 2) == 0 ? 2
								   : 0;
	if (n == 0 || (i && is_word(s.p[i - 1])) || (i + n < s.n && is_word(s.p[i + n])))
		return 0;
	return n;
}

/* One comparison: fragment (operator fragment?)? found in s. */
static int one_condition(struct parser *p, struct str s, struct condition *c)
{
	size_t start, end, i, from;

	if (!find_fragment(s, 0, &start, &end))
		return syntax_error(p, "Syntax Error in tag 'if' - Valid syntax: if [expression]");
	if (!(c->left = parse_operand(p, str_n(s.p + start, end - start))))
		return -1;
	i = from = skip_space(s, end);
	while (i < s.n && ((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] && strchr("=!<>_", s.p[i]))))
		i++;
	c->op_text = str_n(s.p + from, i - from);
	c->op = operator_of(c->op_text);
	i = skip_space(s, i);
	end = fragment(s, i);
	if (end != SIZE_MAX && !(c->right = parse_operand(p, str_n(s.p + i, end - i))))
		return -1;
	return 0;
}

/* What stands up to the next and/or that begins a word. */
static size_t operand_end(struct str s, size_t i)
{
	while (i < s.n) {
		size_t end;
		i = skip_space(s, i);
		if (i == s.n || link_at(s, i))
			break;
		end = fragment(s, i);
		while (end == SIZE_MAX && i < s.n && !is_space(s.p[i]))
			i++;
		if (end != SIZE_MAX)
			i = end;
	}
	return i;
}

int lax_condition(struct parser *p, struct str s, const struct condition **out)
{
	struct condition *last = NULL, *c;

	for (size_t i = 0;;) {
		size_t end = operand_end(s, i), n;
		c = parse_alloc(p, sizeof *c);
		if (!c || one_condition(p, str_n(s.p + i, end - i), c))
			return -1;
		if (last)
			last->next = c;
		else
			*out = c;
		last = c;
		if (end == s.n)
			return 0;
		n = link_at(s, end);
		c->link = n == 3 ? LINK_AND : LINK_OR;
		i = end + n;
	}
}
