/*
 * Attributions: the line or lines that say who wrote the mail quoted below, and when. Their words and their order differ
 * by program and language, but all are made of the same few things: a date or a time, an address, a verb, a colon at the
 * end; so those are looked for, not sentences.
 */
#include "email/visible_lines.h"
#include "email/visible_words.h"

enum { JOINED_LINES = 6, WORDS_MAX = 30, EARLY = 4 };

struct facts {
	struct str s;	       /* without decoration and colon */
	size_t drawn;	       /* dashes and the like that were around it */
	bool colon;	       /* it ended in one */
	bool email;	       /* an address */
	bool boxed;	       /* ... in <>, () or [] */
	struct str past_email; /* what follows the last address */
	bool date, time;       /* a year or a date in numbers; a time of day */
	bool zone;	       /* "GMT+01:00", "UTC" */
	bool numeric;	       /* it begins with a date in numbers, the year first */
	size_t digit_word;     /* the word that has the first digit, from 0; SIZE_MAX: none */
	size_t words;
	enum verb_form verb;
	struct str after; /* what follows the verb */
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static size_t first_digit_word(struct str s)
{
	size_t word = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (is_digit(s.p[i]))
			return word;
		word += s.p[i] == ' ';
	}
	return SIZE_MAX;
}

/* Digits from i on: how many, and their value. */
static size_t number(struct str s, size_t i, unsigned *value)
{
	size_t n = 0;

	for (*value = 0; i + n < s.n && is_digit(s.p[i + n]); n++)
		*value = *value < 100000 ? *value * 10 + (unsigned)(s.p[i + n] - '0') : *value;
	return n;
}

static bool is_year(size_t digits, unsigned value) { return digits == 4 && value >= 1970 && value <= 2099; }

/* One or two digits stand at i: does a date (3.2.2016, 3/2/16) or a time (3:35, 13.16, 17h21) begin with them? */
static void date_or_time(struct str s, size_t i, size_t n, unsigned first, struct facts *f)
{
	char sep = i + n < s.n ? s.p[i + n] : 0;
	unsigned second, third;
	size_t m = number(s, i + n + 1 < s.n ? i + n + 1 : s.n, &second), k, at = i + n + 1 + m;

	if (!sep || m == 0 || m > 2)
		return;
	k = at + 1 < s.n && s.p[at] == sep ? number(s, at + 1, &third) : 0;
	if (strchr("./-", sep) && (k == 2 || k == 4))
		f->date = true;
	else if (strchr(":.h", sep) && m == 2 && first < 25 && second < 60)
		f->time = true;
	if (sep == ':' && m == 2 && k == 2)
		f->time = true;
}

static void find_dates(struct facts *f)
{
	unsigned value;

	for (size_t i = 0; i < f->s.n;) {
		size_t n = number(f->s, i, &value);
		if (is_year(n, value)) {
			f->date = true;
			f->numeric |= i == 0 && f->s.n > 5 && strchr("-/.", f->s.p[4]) && is_digit(f->s.p[5]);
		} else if (n == 1 || n == 2) {
			date_or_time(f->s, i, n, value, f);
		}
		i += n ? n : 1;
	}
	f->zone = fold_has(f->s, "gmt+") || fold_has(f->s, "gmt-") || fold_has(f->s, " utc");
	f->digit_word = first_digit_word(f->s);
}

static bool address_char(char c) { return (unsigned char)c > ' ' && !strchr("<>()[],;:\"", c); }

static void find_email(struct facts *f)
{
	for (size_t i = 1; i + 1 < f->s.n; i++) {
		size_t a = i, e = i + 1;
		if (f->s.p[i] != '@')
			continue;
		while (a > 0 && address_char(f->s.p[a - 1]))
			a--;
		while (e < f->s.n && address_char(f->s.p[e]))
			e++;
		if (a == i || e == i + 1)
			continue;
		f->email = true;
		f->boxed |= e < f->s.n && strchr(">)]", f->s.p[e]);
		while (e < f->s.n && strchr(">)] \"", f->s.p[e]))
			e++;
		f->past_email = str_n(f->s.p + e, f->s.n - e);
		i = e;
	}
}

static struct facts facts_of(struct str s)
{
	struct facts f = {.s = s};

	while (f.s.n && strchr("<> ", f.s.p[0])) {
		f.s.p++;
		f.s.n--;
	}
	f.drawn = fold_trim(&f.s);
	if (f.s.n && f.s.p[f.s.n - 1] == ':') {
		f.colon = true;
		f.s.n--;
		f.drawn += fold_trim(&f.s);
	}
	f.words = fold_words(f.s);
	find_email(&f);
	find_dates(&f);
	if (f.colon || f.drawn >= 2 || f.date || f.time) /* or it would not matter */
		f.verb = word_verb(f.s, &f.after);
	return f;
}

/* Is what follows the verb what may follow it: nothing, "(a)", the date, the name where the language has it there? */
static bool verb_fits(const struct facts *f)
{
	struct str rest = f->after;
	size_t n;

	while (rest.n && strchr(" ,.)-~*_/\"'", rest.p[0])) {
		rest.p++;
		rest.n--;
	}
	n = fold_words(rest);
	if (f->verb == VERB_NONE)
		return false;
	if (rest.n == 0 || (f->verb == VERB_NAME && n <= 9))
		return true;
	if (first_digit_word(rest) <= EARLY + 2 && n <= 14)
		return true;
	return f->email && memchr(rest.p, '@', rest.n) && n <= 9;
}

/* "2016-03-03 17:21 GMT+01:00 Some One", "2013/7/20 Some One <some@one>" */
static bool date_then_name(const struct facts *f)
{
	if (!f->numeric || f->words > 14 || (f->s.n && strchr(".!?", f->s.p[f->s.n - 1])))
		return false;
	return (f->email && f->past_email.n == 0) || (f->zone && f->time && f->words <= 9);
}

static bool dated(const struct facts *f) { return f->date || f->time; }

/* The words of one joined text: LINE_MARK, LINE_WEAK or LINE_TEXT. `quoted`: a quote follows. */
static enum line_kind weigh(const struct facts *f, bool quoted)
{
	bool fits = verb_fits(f), early = f->digit_word <= EARLY || (f->email && f->words <= 20);

	if (f->words > WORDS_MAX)
		return LINE_TEXT;
	if (date_then_name(f))
		return LINE_MARK;
	if (fits && f->verb != VERB_SAID && (f->colon || f->drawn >= 2) && (f->email || (dated(f) && early)))
		return LINE_MARK;
	if (fits && f->verb != VERB_SAID && dated(f) && (f->email || (quoted && early)))
		return LINE_MARK;
	if (f->colon && f->boxed && dated(f) && early && fold_words(f->past_email) <= 4)
		return LINE_MARK;
	if (quoted && f->colon && f->words <= 20 && ((f->email && f->words <= 12) || (f->date && f->time)))
		return LINE_MARK;
	if (quoted && f->boxed && f->date && f->time && f->words <= 20)
		return LINE_MARK;
	if (quoted && f->colon && fits && f->words <= 12 && !fold_has(f->s, ". ") && !fold_has(f->s, "! "))
		return LINE_WEAK;
	return fold_starts(f->s, "posted by ") && f->date && f->words <= 8 ? LINE_MARK : LINE_TEXT;
}

/* Is there more of the address that was begun with "<" and not ended? */
static bool open_box(const struct folded *f)
{
	int open = 0;

	for (size_t i = 0; i < f->n; i++)
		open += f->p[i] == '<' ? 1 : f->p[i] == '>' ? -1 : 0;
	return open > 0;
}

/* May the words of an attribution go on from this line to the next? A sentence that ends does not. */
static bool goes_on(const struct folded *f, const struct lines *l, size_t next)
{
	struct folded n;
	char last = f->n ? f->p[f->n - 1] : 0;

	if (f->over || last == '!' || last == '?' || last == ':' || next >= l->n)
		return false;
	fold_line(&n, l->at[next].body);
	if (last == '.' && n.p[0] != '<') {
		const char *word = memrchr(f->p, ' ', f->n);
		if (!word || f->p + f->n - word > 5) /* "p.m.", "Inc." end no sentence */
			return false;
	}
	if (memchr(f->p, '@', f->n) && memchr(n.p, '@', n.n) && !open_box(f))
		return false; /* two addresses are two attributions */
	return !head_line(&n);
}

/* The line after i that may belong to the same attribution; l->n: none. */
static size_t joined_next(const struct lines *l, size_t i, const struct folded *f)
{
	const struct line *line = l->at + i;
	size_t next = i + 1;
	struct str s;

	while (next < l->n && next < i + 4 && (l->at[next].kind == LINE_BLANK || line_blank(l->at[next].body)))
		next++;
	if (next >= l->n || l->at[next].code || l->at[next].kind == LINE_DELIMITER)
		return l->n;
	s = str_trim(l->at[next].body);
	if (next > i + 1 && !open_box(f) && !fold_starts(s, "<"))
		return l->n;
	if (l->at[next].depth != line->depth && !(open_box(f) && fold_starts(str_trim(l->at[next].s), ">")))
		return l->n;
	return next;
}

static bool quote_after(const struct lines *l, size_t i, unsigned depth)
{
	size_t next = i + 1;

	while (next < l->n && (l->at[next].kind == LINE_BLANK || line_blank(l->at[next].body)))
		next++;
	return next < l->n && l->at[next].depth > depth;
}

/* An attribution ends with a colon, an address, a drawn line; or else where its paragraph does. */
static bool may_end(const struct folded *f, const struct lines *l, size_t at)
{
	const char *last = memrchr(f->p, ' ', f->n);
	size_t n = last ? (size_t)(f->p + f->n - last) : f->n;

	if (f->p[f->n - 1] == ',' || open_box(f))
		return false;
	last = f->p + f->n - n;
	if (memchr(last, ':', n) || memchr(last, '@', n) || memchr(last, '>', n) || memchr(last, '-', n))
		return true;
	return at + 1 >= l->n || line_blank(l->at[at + 1].body) || l->at[at + 1].depth > l->at[at].depth ||
	       is_digit(f->p[0]);
}

static bool may_begin(const struct folded *f)
{
	return first_digit_word(fold_str(f)) <= EARLY || memchr(f->p, '@', f->n) || f->p[f->n ? f->n - 1 : 0] == '<';
}

/* How many lines from i on are an attribution, and of which kind; 0: none. */
static size_t attribution(const struct lines *l, size_t i, enum line_kind *kind)
{
	struct folded f;
	size_t at = i;

	fold_line(&f, l->at[i].body);
	for (int joined = 1; !f.over && f.n > 3; joined++) {
		size_t next;
		if (may_end(&f, l, at)) {
			struct facts facts = facts_of(fold_str(&f));
			*kind = weigh(&facts, quote_after(l, at, l->at[i].depth));
			if (*kind != LINE_TEXT)
				return at - i + 1;
		}
		if (joined == JOINED_LINES || (joined == 1 && !may_begin(&f)))
			break;
		next = joined_next(l, at, &f);
		if (!goes_on(&f, l, next))
			break;
		fold_add(&f, l->at[next].depth == l->at[i].depth ? l->at[next].body : l->at[next].s);
		at = next;
	}
	return 0;
}

/* "Some One via a long name of a list" and "<address> wrote:" on the next line: the first belongs to it. */
static size_t name_above(const struct lines *l, size_t i)
{
	struct folded f;
	const struct line *above = l->at + (i ? i - 1 : 0);

	if (i == 0 || above->depth != l->at[i].depth || !fold_starts(str_trim(l->at[i].body), "<") ||
	    (above->kind != LINE_TEXT && above->kind != LINE_QUOTE))
		return i;
	fold_line(&f, above->body);
	if (f.n == 0 || f.over || fold_words(fold_str(&f)) > 8 || strchr(".!?:", f.p[f.n - 1]))
		return i;
	return i - 1;
}

/* "-----Original Message-----" and its like; without the dashes only where header fields follow. */
static bool forwarded(const struct lines *l, size_t i, const struct folded *f)
{
	struct str s = fold_str(f);
	size_t drawn, next;

	if (f->over)
		return false;
	drawn = fold_trim(&s);
	if (drawn >= 4 && word_forwarded(s))
		return true;
	if (fold_ends(s, ":") && word_begins(s))
		return true;
	next = s.n <= 60 ? lines_next(l, i) : l->n;
	return next < l->n && l->at[next].kind == LINE_HEAD && word_forwarded(s);
}

void lines_said(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++) {
		enum line_kind kind = LINE_TEXT, was = l->at[i].kind;
		struct folded f;
		size_t n, from = i;
		if (l->at[i].code || (was != LINE_TEXT && was != LINE_QUOTE))
			continue;
		fold_line(&f, l->at[i].body);
		n = forwarded(l, i, &f) ? 1 : attribution(l, i, &kind);
		if (n == 0)
			continue;
		if (kind == LINE_TEXT)
			kind = LINE_MARK;
		else
			from = name_above(l, i);
		for (n += i - from, i = from; n > 0; n--, i++)
			l->at[i].kind = l->at[i].kind == LINE_BLANK ? LINE_GONE : kind;
		i--;
	}
}
