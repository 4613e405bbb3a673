/*
 * The decision: which of the lines are shown, from what each of them is.
 *
 * Nearly all mail is one of four: the answer on top and the quoted mail below it; the quoted mail on top and the answer
 * below it; answers between quoted lines; or no quoted mail at all.
 */
#include "email/visible.h"
#include "email/visible_lines.h"

enum { SIGNATURE_LINES = 6 }; /* that many lines below a quote are a signature, not an answer */

struct range {
	size_t from, to;
};

static bool is(const struct lines *l, size_t i, enum line_kind kind) { return l->at[i].kind == kind; }

static size_t first(const struct lines *l, struct range r, enum line_kind kind)
{
	while (r.from < r.to && !is(l, r.from, kind))
		r.from++;
	return r.from;
}

static size_t count(const struct lines *l, size_t from, size_t to, enum line_kind kind)
{
	size_t n = 0;

	for (; from < to; from++)
		n += is(l, from, kind);
	return n;
}

static bool starts_mail(const struct lines *l, size_t i) { return is(l, i, LINE_MARK) || is(l, i, LINE_HEAD); }

/* Everything from the first delimiter on; one that has nothing above it delimits nothing. */
static void cut_delimited(struct lines *l, struct range *r)
{
	size_t text = first(l, *r, LINE_TEXT);

	for (size_t i = r->from; i < r->to; i++)
		if (is(l, i, LINE_DELIMITER)) {
			if (i > text) {
				r->to = i;
				return;
			}
			l->at[i].kind = LINE_GONE;
		}
}

/* "Jo wrote:" is a mark where no text is above it, or none below the quote; else it is part of an answer. */
static void settle_weak(struct lines *l, const struct range *r)
{
	size_t text = first(l, *r, LINE_TEXT), last = r->to;

	while (last > r->from && !is(l, last - 1, LINE_TEXT))
		last--;
	for (size_t i = r->from; i < r->to; i++)
		if (is(l, i, LINE_WEAK))
			l->at[i].kind = i < text || i >= last ? LINE_MARK : LINE_TEXT;
}

/* A line that a program broke in two while quoting it: "> ... the last", "word of it.", "> ..." */
static void mend_quotes(struct lines *l)
{
	for (size_t i = 1; i + 1 < l->n; i++) {
		struct str above = str_trim(l->at[i - 1].body), s = str_trim(l->at[i].s);
		if (is(l, i, LINE_TEXT) && is(l, i - 1, LINE_QUOTE) && is(l, i + 1, LINE_QUOTE) && above.n >= 60 &&
		    s.n <= 40 && s.n && s.p[0] >= 'a' && s.p[0] <= 'z' && !strchr(".?!:", above.p[above.n - 1]))
			l->at[i].kind = LINE_QUOTE;
	}
}

/* "Hello Jo," alone on top of a quote is the beginning of what comes below it. */
static bool greeting(const struct lines *l, struct range r)
{
	size_t i = first(l, r, LINE_TEXT);
	struct str s;

	if (count(l, r.from, r.to, LINE_TEXT) != 1)
		return false;
	s = str_trim(l->at[i].s);
	return s.n > 1 && s.n <= 60 && (s.p[s.n - 1] == ',' || sign_greeting(s));
}

/* No text above the first mark: what is shown is below the quote, if all of it is. */
static void answer_below(const struct lines *l, struct range *r, size_t mark)
{
	size_t text = first(l, (struct range){mark, r->to}, LINE_TEXT);

	for (size_t i = r->from; i < mark; i++)
		if (is(l, i, LINE_QUOTE)) /* without a word of whose it is: it is there to be read */
			return;
	if (text < r->to && count(l, text, r->to, LINE_QUOTE) == 0 && count(l, text, r->to, LINE_MARK) == 0 &&
	    count(l, text, r->to, LINE_HEAD) == 0)
		r->from = text;
}

/* Where the quoted mail below an answer begins, r.to if there is none that is only below it. */
static size_t mail_below(const struct lines *l, struct range r)
{
	size_t text = first(l, r, LINE_TEXT), last_quote = r.to, tail;

	while (last_quote > r.from && !is(l, last_quote - 1, LINE_QUOTE))
		last_quote--; /* now behind it */
	tail = count(l, last_quote, r.to, LINE_TEXT);
	/* the last text above the last quote: from there on, nothing is answered in between */
	size_t last_text = last_quote;
	while (last_text > r.from && !is(l, last_text - 1, LINE_TEXT))
		last_text--;
	for (size_t i = text; i < r.to; i++) {
		if (is(l, i, LINE_HEAD) && l->at[i].depth == 0)
			return i;
		if (!starts_mail(l, i))
			continue;
		size_t next = lines_next(l, i);
		while (next < r.to && starts_mail(l, next))
			next = lines_next(l, next);
		if (i >= last_quote || (next < r.to && is(l, next, LINE_TEXT)))
			return i; /* the quoted mail is not marked by ">" */
		if (i >= last_text &&
		    (tail == 0 || (tail <= SIGNATURE_LINES && !greeting(l, (struct range){r.from, i}))))
			return i;
	}
	return r.to;
}

static void choose(struct lines *l, struct range *r)
{
	size_t text, mark;

	cut_delimited(l, r);
	settle_weak(l, r);
	mend_quotes(l);
	text = first(l, *r, LINE_TEXT);
	for (mark = r->from; mark < r->to && !starts_mail(l, mark);)
		mark++;
	if (mark < text && mark < r->to)
		answer_below(l, r, mark);
	r->to = mail_below(l, *r);
	if (first(l, *r, LINE_TEXT) < r->to)
		while (r->to > r->from && !is(l, r->to - 1, LINE_TEXT))
			r->to--;
	r->to = sign_small_print(l, r->from, r->to);
}

static bool kept(const struct line *l)
{
	return l->kind == LINE_BLANK || l->kind == LINE_TEXT || l->kind == LINE_QUOTE || l->kind == LINE_DELIMITER;
}

/* Blank to the eye; str_trim knows only ASCII. */
static void trim(const struct lines *l, struct range *r)
{
	while (r->from < r->to && (!kept(l->at + r->from) || is(l, r->from, LINE_BLANK)))
		r->from++;
	while (r->to > r->from && (!kept(l->at + r->to - 1) || is(l, r->to - 1, LINE_BLANK)))
		r->to--;
}

/* Nothing to show but ">" and ">": nothing was written, and nothing quoted. */
static bool hollow(const struct lines *l, struct range r)
{
	for (; r.from < r.to; r.from++)
		if (kept(l->at + r.from) && !line_blank(l->at[r.from].body))
			return false;
	return true;
}

/* Are the kept lines one piece of the text as it stands? */
static bool contiguous(const struct lines *l, struct range r)
{
	for (size_t i = r.from; i + 1 < r.to; i++)
		if (!kept(l->at + i) || l->at[i].s.p + l->at[i].s.n + 1 != l->at[i + 1].s.p ||
		    l->at[i].s.p[l->at[i].s.n] != '\n')
			return false;
	return true;
}

static struct str joined(const struct lines *l, struct range r, struct arena *a)
{
	const struct line *last = l->at + r.to - 1;
	size_t n = 0, at = 0;
	char *p;

	if (contiguous(l, r))
		return str_n(l->at[r.from].s.p, (size_t)(last->s.p + last->s.n - l->at[r.from].s.p));
	for (size_t i = r.from; i < r.to; i++)
		n += kept(l->at + i) ? l->at[i].s.n + 1 : 0;
	p = arena_alloc(a, n);
	for (size_t i = r.from; p && i < r.to; i++) {
		const struct str s = l->at[i].s;
		if (!kept(l->at + i))
			continue;
		memcpy(p + at, s.p, s.n);
		at += s.n;
		p[at++] = '\n';
	}
	return str_n(p, at);
}

struct str mail_visible(struct str text, struct arena *a)
{
	struct lines l = lines_of(text, a);
	struct range r = {0, l.n};
	struct str s;

	if (!l.at)
		return str_trim(text);
	lines_head(&l);
	lines_said(&l);
	lines_signs(&l);
	choose(&l, &r);
	trim(&l, &r);
	if (hollow(&l, r))
		return str_n(text.p, 0);
	s = joined(&l, r, a);
	return str_trim(s.p ? s : text);
}
