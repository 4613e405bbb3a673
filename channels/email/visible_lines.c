#include "email/visible_lines.h"

bool line_blank(struct str s)
{
	for (size_t i = 0; i < s.n;) {
		uint32_t c = str_next(s, &i);
		if (c > ' ' && c != 0xA0 && c != 0xAD && c != 0x3000 && c != 0xFEFF && !(c >= 0x2000 && c <= 0x200F) &&
		    !(c >= 0x2028 && c <= 0x202F) && !(c >= 0x2060 && c <= 0x2069))
			return false;
	}
	return true;
}

static size_t line_end(struct str text, size_t i, size_t *next)
{
	size_t n = 0;

	while (i + n < text.n && text.p[i + n] != '\n' && text.p[i + n] != '\r')
		n++;
	*next = i + n;
	if (*next < text.n)
		*next += text.p[*next] == '\r' && *next + 1 < text.n && text.p[*next + 1] == '\n' ? 2 : 1;
	return n;
}

static size_t count(struct str text)
{
	size_t n = 0;

	for (size_t i = 0, next; i < text.n && n < LINES_MAX; i = next, n++)
		line_end(text, i, &next);
	return n;
}

/* "> ", "| ", and "Richard> " or "RC> " of some programs, which put a name into it; "mysql> " is a prompt. */
static size_t quote_prefix(struct str s)
{
	size_t i = 0;

	while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t'))
		i++;
	if (fold_starts(str_n(s.p + i, s.n - i), "\xEF\xBC\x9E")) /* the full width ">" of Japan */
		return i + 3;
	if (i < s.n && s.p[i] == '|' && !memchr(s.p + i + 1, '|', s.n - i - 1)) /* two of them: a table */
		return i + 1;
	for (size_t k = 0; i < s.n && k <= 10; i++, k++) {
		if (s.p[i] == '>')
			return k == 0 || i + 1 == s.n || s.p[i + 1] == ' ' || s.p[i + 1] == '>' ? i + 1 : 0;
		if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || (k > 0 && s.p[i] >= 'a' && s.p[i] <= 'z')))
			return 0;
	}
	return 0;
}

static void unquote(struct line *l)
{
	size_t n;

	l->body = l->s;
	while ((n = quote_prefix(l->body)) > 0) {
		l->body = str_n(l->body.p + n, l->body.n - n);
		l->depth++;
	}
}

/*
 * A line of nothing but dashes and their like. A single one is a list without text, except for the dash that is no
 * hyphen and the mark of a tracking program.
 */
static bool delimiter(const struct folded *f, struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++) {
		if (!strchr("-_*=~#+ ", f->p[i]))
			return false;
		n += f->p[i] != ' ';
	}
	return n >= 2 || (n == 1 && str_trim(s).n > 1);
}

/* Most lines begin with a letter and are not looked at any further. */
static bool is_word(struct str s) { return s.n && ((s.p[0] | 32) >= 'a' && (s.p[0] | 32) <= 'z'); }

static enum line_kind classify(struct line *l)
{
	struct folded f;

	unquote(l);
	if (l->depth)
		return LINE_QUOTE;
	if (line_blank(l->s))
		return LINE_BLANK;
	if (is_word(str_trim(l->s)))
		return LINE_TEXT;
	fold_line(&f, l->s);
	return delimiter(&f, l->s) ? LINE_DELIMITER : LINE_TEXT;
}

/* Fences come in pairs; the last one of an odd number is none. */
static void mark_code(struct lines *l)
{
	size_t open = l->n;

	for (size_t i = 0; i < l->n; i++) {
		if (!fold_starts(str_trim(l->at[i].s), "```"))
			continue;
		if (open == l->n) {
			open = i;
			continue;
		}
		for (; open <= i; open++) {
			l->at[open].code = true;
			l->at[open].kind = line_blank(l->at[open].s) ? LINE_BLANK : LINE_TEXT;
		}
		open = l->n;
	}
}

/* A title with a line of = below it, and the lines of a table: the writer's own. */
static void keep_drawings(struct lines *l)
{
	for (size_t i = 1; i + 1 < l->n; i++) {
		struct line *above = l->at + i - 1, *line = l->at + i, *below = l->at + i + 1;
		struct str drawn = str_trim(line->s), title = str_trim(above->s);
		if (line->kind != LINE_DELIMITER || above->kind != LINE_TEXT)
			continue;
		if (drawn.n >= 3 && drawn.p[0] == '=' && drawn.n <= title.n + 2 && drawn.n + 2 >= title.n &&
		    (i == 1 || l->at[i - 2].kind == LINE_BLANK))
			line->kind = LINE_TEXT;
		if (memchr(title.p, '|', title.n) && memchr(below->s.p, '|', below->s.n))
			line->kind = LINE_TEXT;
	}
}

/* RFC 4880 section 7: the armour around a signed text is not the text. */
static void drop_armour(struct lines *l)
{
	enum { OUTSIDE, HEADERS, SIGNATURE } state = OUTSIDE;

	for (size_t i = 0; i < l->n; i++) {
		struct str s = str_trim(l->at[i].s);
		if (s.n < 20 && state == OUTSIDE)
			continue;
		if (str_is(s, "-----BEGIN PGP SIGNED MESSAGE-----"))
			state = HEADERS;
		else if (str_is(s, "-----BEGIN PGP SIGNATURE-----"))
			state = SIGNATURE;
		else if (state == OUTSIDE)
			continue;
		if (str_is(s, "-----END PGP SIGNATURE-----") || (state == HEADERS && !s.n))
			state = OUTSIDE;
		l->at[i].kind = s.n ? LINE_GONE : LINE_BLANK;
	}
}

struct lines lines_of(struct str text, struct arena *a)
{
	struct lines l = {NULL, count(text)};
	size_t i = 0, next = 0;

	l.at = arena_array(a, struct line, l.n + 1);
	for (size_t k = 0; l.at && k < l.n; k++, i = next) {
		size_t n = line_end(text, i, &next);
		if (k + 1 == LINES_MAX)
			n = text.n - i;
		l.at[k].s = str_n(text.p + i, n);
		l.at[k].kind = classify(l.at + k);
		if (k + 1 == LINES_MAX && l.at[k - 1].depth) /* more of the same */
			l.at[k].kind = LINE_QUOTE;
	}
	if (l.at) {
		mark_code(&l);
		keep_drawings(&l);
		drop_armour(&l);
	}
	return l;
}

size_t lines_next(const struct lines *l, size_t i)
{
	do
		i++;
	while (i < l->n && (l->at[i].kind == LINE_BLANK || l->at[i].kind == LINE_GONE));
	return i;
}
