/* Filters over text. Ruby's methods of String are the measure; positions are characters. */
#include "liquid/filters.h"
#include "liquid/text.h"
#include "liquid/value.h"

static int in_case(struct liquid_call *c, const struct liquid_value *in, enum letter_case first, enum letter_case rest,
		   struct liquid_value *out)
{
	struct str s;
	size_t cut;

	if (value_text(c, in, &s))
		return -1;
	cut = utf8_offset(s, 1);
	buf_reset(&c->scratch);
	add_in_case(&c->scratch, str_n(s.p, cut), first);
	add_in_case(&c->scratch, str_n(s.p + cut, s.n - cut), rest);
	return made_text(c, out);
}

FILTER(filter_upcase)
{
	(void)args;
	(void)n;
	return in_case(c, &in, CASE_UP, CASE_UP, out);
}

FILTER(filter_downcase)
{
	(void)args;
	(void)n;
	return in_case(c, &in, CASE_DOWN, CASE_DOWN, out);
}

FILTER(filter_capitalize)
{
	(void)args;
	(void)n;
	return in_case(c, &in, CASE_TITLE, CASE_DOWN, out);
}

static int joined(struct liquid_call *c, const struct liquid_value *a, const struct liquid_value *b,
		  struct liquid_value *out)
{
	struct str x, y;
	char *p;

	if (value_text(c, a, &x) || value_text(c, b, &y))
		return -1;
	p = arena_alloc(c->arena, x.n + y.n + 1);
	if (!p || spend(c, (x.n + y.n) / 32))
		return fail_memory(c);
	memcpy(p, x.p, x.n);
	memcpy(p + x.n, y.p, y.n);
	*out = liquid_str(str_n(p, x.n + y.n));
	out->safe = a->safe && b->safe;
	return 0;
}

FILTER(filter_append)
{
	(void)n;
	return joined(c, &in, &args[0], out);
}

FILTER(filter_prepend)
{
	(void)n;
	return joined(c, &args[0], &in, out);
}

static int stripped(struct liquid_call *c, const struct liquid_value *in, bool left, bool right,
		    struct liquid_value *out)
{
	struct str s;

	if (value_text(c, in, &s))
		return -1;
	if (left)
		s = strip_left(s);
	*out = liquid_str(right ? strip_right(s) : s);
	out->safe = in->safe;
	return 0;
}

FILTER(filter_strip)
{
	(void)args;
	(void)n;
	return stripped(c, &in, true, true, out);
}

FILTER(filter_lstrip)
{
	(void)args;
	(void)n;
	return stripped(c, &in, true, false, out);
}

FILTER(filter_rstrip)
{
	(void)args;
	(void)n;
	return stripped(c, &in, false, true, out);
}

FILTER(filter_strip_newlines)
{
	struct str s;

	(void)args;
	(void)n;
	if (value_text(c, &in, &s))
		return -1;
	buf_reset(&c->scratch);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\n' && !(s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n'))
			buf_addc(&c->scratch, s.p[i]);
	return made_text(c, out);
}

/* A replacement of gsub and sub: backslash and 0 or & stand for the match, 1 to 9 for nothing, ` and ' for what stands
 * before and after it, a second backslash for itself. */
static void add_replacement(struct buf *out, struct str with, struct str s, size_t at, size_t len)
{
	for (size_t i = 0; i < with.n; i++) {
		char ch = with.p[i];
		if (ch != '\\' || i + 1 == with.n) {
			buf_addc(out, ch);
			continue;
		}
		ch = with.p[++i];
		if (ch == '0' || ch == '&')
			buf_add(out, s.p + at, len);
		else if (ch == '`')
			buf_add(out, s.p, at);
		else if (ch == '\'')
			buf_add(out, s.p + at + len, s.n - at - len);
		else if (ch == '\\')
			buf_addc(out, '\\');
		else if (ch < '1' || ch > '9')
			buf_add(out, with.p + i - 1, 2);
	}
}

static void replace_in(struct buf *out, struct str s, struct str what, struct str with, bool once)
{
	size_t from = 0, at;

	while (!out->failed && (at = str_find(s, what, from)) != SIZE_MAX) {
		buf_add(out, s.p + from, at - from);
		add_replacement(out, with, s, at, what.n);
		from = at + what.n;
		if (what.n == 0) {
			size_t next = from + utf8_offset(str_n(s.p + from, s.n - from), 1);
			buf_add(out, s.p + from, next - from);
			if (from == s.n)
				return;
			from = next;
		}
		if (once)
			break;
	}
	if (from < s.n)
		buf_add(out, s.p + from, s.n - from);
}

static int replaced(struct liquid_call *c, const struct liquid_value *in, const struct liquid_value *what,
		    const struct liquid_value *with, bool once, struct liquid_value *out)
{
	struct str s, w, r = STR("");

	if (value_text(c, in, &s) || value_text(c, what, &w) || (with && value_text(c, with, &r)))
		return -1;
	buf_reset(&c->scratch);
	replace_in(&c->scratch, s, w, r, once);
	return made_text(c, out);
}

FILTER(filter_replace) { return replaced(c, &in, &args[0], n > 1 ? &args[1] : NULL, false, out); }
FILTER(filter_replace_first) { return replaced(c, &in, &args[0], n > 1 ? &args[1] : NULL, true, out); }

FILTER(filter_remove)
{
	(void)n;
	return replaced(c, &in, &args[0], NULL, false, out);
}

FILTER(filter_remove_first)
{
	(void)n;
	return replaced(c, &in, &args[0], NULL, true, out);
}

FILTER(filter_replace_last)
{
	struct str s, what, with = STR("");
	size_t at;

	if (value_text(c, &in, &s) || value_text(c, &args[0], &what) || (n > 1 && value_text(c, &args[1], &with)))
		return -1;
	at = str_rfind(s, what);
	if (at == SIZE_MAX || spend(c, s.n / 32)) {
		*out = liquid_str(s);
		return at == SIZE_MAX ? 0 : -1;
	}
	buf_reset(&c->scratch);
	buf_add(&c->scratch, s.p, at);
	buf_addstr(&c->scratch, with);
	buf_add(&c->scratch, s.p + at + what.n, s.n - at - what.n);
	return made_text(c, out);
}

FILTER(filter_remove_last)
{
	(void)n;
	return filter_replace_last(c, in, args, 1, out);
}

/* Where a slice of `count` things begins and ends; false: outside. */
static bool slice_bounds(int64_t count, int64_t *from, int64_t *len)
{
	if (*from < 0)
		*from += count;
	if (*from < 0 || *from > count || *len < 0)
		return false;
	if (*len > count - *from)
		*len = count - *from;
	return true;
}

FILTER(filter_slice)
{
	int64_t from, len = 1;
	struct str s;
	size_t a, b;

	if (value_integer(c, &args[0], &from) || (n > 1 && truthy(&args[1]) && value_integer(c, &args[1], &len)))
		return -1;
	if (is_array(&in)) {
		const struct liquid_value *items;
		size_t count;
		if (value_items(c, &in, &items, &count))
			return -1;
		*out = slice_bounds((int64_t)count, &from, &len) ? value_list(items + from, (size_t)len)
								 : value_list(NULL, 0);
		return 0;
	}
	if (value_text(c, &in, &s))
		return -1;
	*out = liquid_str(STR(""));
	if (!slice_bounds((int64_t)utf8_count(s), &from, &len))
		return 0;
	a = utf8_offset(s, (size_t)from);
	b = a + utf8_offset(str_n(s.p + a, s.n - a), (size_t)len);
	*out = liquid_str(str_n(s.p + a, b - a));
	return 0;
}

FILTER(filter_truncate)
{
	struct str s, end = STR("...");
	int64_t length = 50, keep;

	if (in.type == LIQUID_NIL) {
		*out = in;
		return 0;
	}
	if (value_text(c, &in, &s) || (n && value_integer(c, &args[0], &length)) ||
	    (n > 1 && value_text(c, &args[1], &end)))
		return -1;
	*out = liquid_str(s);
	if ((int64_t)utf8_count(s) <= length)
		return 0;
	keep = length - (int64_t)utf8_count(end);
	buf_reset(&c->scratch);
	buf_add(&c->scratch, s.p, utf8_offset(s, keep < 0 ? 0 : (size_t)keep));
	buf_addstr(&c->scratch, end);
	return made_text(c, out);
}

/* The next word from *i, in Ruby's split(" "): false at the end. */
static bool next_word(struct str s, size_t *i, struct str *word)
{
	size_t from;

	while (*i < s.n && (is_space(s.p[*i]) || s.p[*i] == 0))
		++*i;
	from = *i;
	while (*i < s.n && !is_space(s.p[*i]) && s.p[*i])
		++*i;
	*word = str_n(s.p + from, *i - from);
	return *i > from;
}

FILTER(filter_truncatewords)
{
	struct str s, word, end = STR("...");
	int64_t words = 15, count = 0;
	size_t i = 0;

	if (in.type == LIQUID_NIL) {
		*out = in;
		return 0;
	}
	if (value_text(c, &in, &s) || (n && value_integer(c, &args[0], &words)))
		return -1;
	if (words <= 0)
		words = 1;
	*out = liquid_str(s);
	while (count < words && next_word(s, &i, &word))
		count++;
	if (count < words || i == s.n) /* white space after the last one counts as more */
		return 0;
	if (n > 1 && value_text(c, &args[1], &end))
		return -1;
	buf_reset(&c->scratch);
	i = 0;
	for (count = 0; count < words && next_word(s, &i, &word); count++) {
		if (count)
			buf_addc(&c->scratch, ' ');
		buf_addstr(&c->scratch, word);
	}
	buf_addstr(&c->scratch, end);
	return made_text(c, out);
}

/* One piece of a split at *i. */
static bool next_piece(struct str s, struct str by, size_t *i, struct str *piece)
{
	size_t at;

	if (by.n == 1 && by.p[0] == ' ')
		return next_word(s, i, piece);
	if (*i >= s.n)
		return false;
	if (by.n == 0) {
		*piece = utf8_first(str_n(s.p + *i, s.n - *i));
		*i += piece->n;
		return true;
	}
	at = str_find(s, by, *i);
	*piece = str_n(s.p + *i, (at == SIZE_MAX ? s.n : at) - *i);
	*i = at == SIZE_MAX ? s.n : at + by.n;
	return true;
}

FILTER(filter_split)
{
	struct str s, by, piece;
	struct liquid_value *items;
	size_t i = 0, count = 0, kept = 0;

	(void)n;
	if (value_text(c, &in, &s) || value_text(c, &args[0], &by))
		return -1;
	while (next_piece(s, by, &i, &piece))
		if (++count && piece.n)
			kept = count; /* empty ones at the end do not count */
	items = arena_array(c->arena, struct liquid_value, kept + 1);
	if (!items)
		return fail_memory(c);
	if (spend(c, kept / 8 + s.n / 32))
		return -1;
	i = 0;
	for (count = 0; count < kept && next_piece(s, by, &i, &piece); count++)
		items[count] = liquid_str(piece);
	*out = value_list(items, kept);
	return 0;
}
