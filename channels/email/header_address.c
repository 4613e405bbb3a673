#include "email/header.h"

#include "email/charset.h"

/*
 * Address lists (RFC 5322 section 3.4, with the obsolete forms): mailboxes, groups (their members count), comments,
 * routes. Of the field: names with commas and no quotes, quotes without an end, encoded words in quotes, semicolons
 * between addresses, no brackets at all.
 */

enum { LIST = 1 << 20, NAME = 4096, ENDLESS = 100 };

/* One mailbox being read: words outside brackets, what stood in brackets, what stood in parentheses. */
struct reading {
	struct buf phrase, comment;
	struct str angle;
	bool bracket, quote; /* has seen one */
	int endless;	     /* quotes without an end so far: after some of them none is looked for */
};

static bool space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static void word(struct buf *b, bool gap, struct str s)
{
	if (gap && b->n && b->p[b->n - 1] != ' ')
		buf_addc(b, ' ');
	buf_add(b, s.p, s.n);
}

/* Past the closing quote; without one the quote is a character like any other. */
static size_t quote(struct str s, size_t i, struct reading *r, bool gap)
{
	size_t end = i + 1, stop = s.n - i > NAME ? i + NAME : s.n;

	while (r->endless < ENDLESS && end < stop && s.p[end] != '"')
		end += 1 + (s.p[end] == '\\');
	if (end >= stop || s.p[end] != '"') {
		r->endless++;
		word(&r->phrase, gap, str_n(NULL, 0));
		return i + 1;
	}
	word(&r->phrase, gap, str_n(NULL, 0));
	for (size_t k = i + 1; k < end; k++) {
		if (s.p[k] == '\\' && k + 1 < end)
			k++;
		buf_addc(&r->phrase, s.p[k]);
	}
	r->quote = true;
	return end + 1;
}

static size_t comment(struct str s, size_t i, struct reading *r)
{
	int depth = 0;
	size_t from = i + 1;

	for (; i < s.n; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n) {
			i++;
			continue;
		}
		depth += (s.p[i] == '(') - (s.p[i] == ')');
		if (!depth)
			break;
	}
	if (!r->comment.n)
		word(&r->comment, false, str_trim(str_n(s.p + from, i - from)));
	return i + (i < s.n);
}

/* "<@route,@route:local@domain>" */
static size_t angle(struct str s, size_t i, struct reading *r)
{
	size_t from = ++i;
	bool in_quotes = false;

	while (i < s.n && (in_quotes || (s.p[i] != '>' && s.p[i] != '<' && !(s.p[i] == ',' && s.p[from] != '@')))) {
		in_quotes ^= s.p[i] == '"' && !(i > from && s.p[i - 1] == '\\');
		i++;
		if (i - from > NAME)
			break;
	}
	if (!r->bracket || !r->angle.n)
		r->angle = str_trim(str_n(s.p + from, i - from));
	r->bracket = true;
	if (r->angle.n && r->angle.p[0] == '@') {
		const char *colon = memchr(r->angle.p, ':', r->angle.n);
		if (colon)
			r->angle = str_trim(str_n(colon + 1, (size_t)(r->angle.p + r->angle.n - colon - 1)));
	}
	return i + (i < s.n && s.p[i] == '>');
}

static struct str kept(struct str s, struct arena *a, unsigned *defects)
{
	s = str_trim(s);
	return s.n ? header_text(arena_str(a, s), a, defects) : str_n("", 0);
}

static struct str compact(struct str s, struct arena *a) /* "john(the elder) @ example.org" */
{
	char *out = arena_alloc(a, s.n + 1), *o = out;
	int depth = 0;

	for (size_t i = 0; out && i < s.n; i++) {
		depth += s.p[i] == '(' && (depth || memchr(s.p + i, ')', s.n - i));
		if (!depth && !space(s.p[i]))
			*o++ = s.p[i];
		depth -= s.p[i] == ')' && depth;
	}
	return out ? charset_utf8(str_n(out, (size_t)(o - out)), str_n("", 0), a, NULL) : str_n(NULL, 0);
}

/* A last word with "@" after other words is an address whose brackets are missing. */
static void split_phrase(struct reading *r)
{
	struct str all = str_trim(buf_str(&r->phrase));
	size_t i = all.n;

	while (i > 0 && !space(all.p[i - 1]))
		i--;
	if (i > 0 && memchr(all.p + i, '@', all.n - i) && !memchr(all.p, '@', i)) {
		r->angle = str_n(all.p + i, all.n - i);
		r->phrase.n = i;
		r->bracket = true;
	}
}

static int finish(struct reading *r, struct arena *a, struct mail_address *out, unsigned *defects)
{
	struct str phrase;

	if (!r->bracket && !r->quote)
		split_phrase(r);
	phrase = str_trim(buf_str(&r->phrase));
	*out = (struct mail_address){str_n("", 0), str_n("", 0)};
	if (r->phrase.failed || r->comment.failed)
		return -1;
	if (r->bracket && r->angle.n) {
		out->address = memchr(r->angle.p, '"', r->angle.n) ? kept(r->angle, a, defects) : compact(r->angle, a);
		out->name = kept(phrase.n ? phrase : buf_str(&r->comment), a, defects);
	} else if (memchr(phrase.p, '@', phrase.n)) {
		out->address = compact(phrase, a);
		out->name = kept(buf_str(&r->comment), a, defects);
	} else {
		out->name = kept(phrase.n ? phrase : buf_str(&r->comment), a, defects);
	}
	return out->name.p && out->address.p ? 0 : -1;
}

static void clear(struct reading *r)
{
	buf_reset(&r->phrase);
	buf_reset(&r->comment);
	r->bracket = r->quote = false;
	r->angle = str_n("", 0);
}

static int push(struct reading *r, int max, struct arena *a, struct mail_addresses *out, int *cap, unsigned *defects)
{
	struct mail_address *more;

	if (!str_trim(buf_str(&r->phrase)).n && !r->angle.n && !r->comment.n)
		return 0;
	if (out->n >= max) {
		*defects |= MAIL_PARTS;
		return 0;
	}
	if (out->n == *cap) {
		*cap = *cap ? *cap * 4 : 4;
		more = arena_array(a, struct mail_address, (size_t)*cap);
		if (!more)
			return -1;
		if (out->n)
			memcpy(more, out->at, sizeof *more * (size_t)out->n);
		out->at = more;
	}
	return finish(r, a, &out->at[out->n++], defects);
}

/* "Doe, John <j@example.org>": a word without "@" before the comma and without brackets is half a name. */
static bool half_name(struct str s, size_t i, const struct reading *r)
{
	size_t stop = s.n - i > 256 ? i + 256 : s.n;

	if (r->bracket || r->quote || r->comment.n || !r->phrase.n || memchr(r->phrase.p, '@', r->phrase.n))
		return false;
	for (i++; i < stop && s.p[i] != '<'; i++)
		if (strchr(",;@\"(:", s.p[i]))
			return false;
	return i < stop && s.p[i] == '<';
}

static int read_list(struct str s, int max, struct arena *a, struct mail_addresses *out, unsigned *defects)
{
	struct reading r = {.angle = str_n("", 0)};
	int cap = 0, rc = 0;
	bool gap = false;

	buf_init(&r.phrase, NAME);
	buf_init(&r.comment, NAME);
	for (size_t i = 0; i < s.n && !rc && out->n < max;) {
		char c = s.p[i];
		if (c == '"') {
			i = quote(s, i, &r, gap);
		} else if (c == '(') {
			i = comment(s, i, &r);
		} else if (c == '<') {
			if (r.bracket && r.angle.n)
				rc = push(&r, max, a, out, &cap, defects), clear(&r); /* the comma is missing */
			i = angle(s, i, &r);
		} else if (c == ':' && !r.bracket && !memchr(r.phrase.p ? r.phrase.p : "", '@', r.phrase.n)) {
			clear(&r); /* the name of a group */
			i++;
		} else if (c == ';' || (c == ',' && !half_name(s, i, &r))) {
			rc = push(&r, max, a, out, &cap, defects);
			clear(&r);
			i++;
		} else {
			size_t from = i;
			while (i < s.n && !space(s.p[i]) && !strchr("\"(<:;,", s.p[i]))
				i++;
			if (i == from && !space(c))
				i++;
			if (r.phrase.n + (i - from) + 2 < NAME)
				word(&r.phrase, gap, str_n(s.p + from, i - from));
		}
		gap = i < s.n && space(s.p[i]);
		while (i < s.n && space(s.p[i]))
			i++;
	}
	if (!rc)
		rc = push(&r, max, a, out, &cap, defects);
	buf_free(&r.phrase);
	buf_free(&r.comment);
	return rc;
}

int header_addresses(struct str raw, int max, struct arena *a, struct mail_addresses *out, unsigned *defects)
{
	struct str s = header_unfold(str_n(raw.p, raw.n < LIST ? raw.n : LIST), a);

	*out = (struct mail_addresses){0};
	return s.p ? read_list(s, max, a, out, defects) : -1;
}
