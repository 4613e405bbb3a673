/*
 * The header fields a program copies above the mail it answers or forwards (Outlook's habit): three kinds of them or
 * more, one after the other, in any of many languages. "From: Berlin / To: Paris / Date: 5 May" is somebody's journey:
 * so a subject or an address has to be among them.
 */
#include "email/visible_lines.h"
#include "email/visible_words.h"

enum { NAME_MAX_BYTES = 60, CONTINUED_MAX = 3 };

static enum head_kind head_of(const struct folded *f)
{
	const char *colon = memchr(f->p, ':', f->n < NAME_MAX_BYTES ? f->n : NAME_MAX_BYTES);
	struct str name;

	if (!colon)
		return HEAD_NONE;
	name = str_n(f->p, (size_t)(colon - f->p));
	fold_trim(&name);
	return name.n ? word_head(name) : HEAD_NONE;
}

bool head_line(const struct folded *f) { return head_of(f) != HEAD_NONE; }

/* Before any work is done on a line: a colon, the common one or the wide one, where a name may end. */
static bool has_colon(struct str s)
{
	size_t n = s.n < 3 * NAME_MAX_BYTES ? s.n : 3 * NAME_MAX_BYTES;

	return memchr(s.p, ':', n) || memmem(s.p, n, "\xEF\xBC\x9A", 3);
}

static enum head_kind head_at(const struct lines *l, size_t i, unsigned depth, bool *address)
{
	struct folded f;
	enum head_kind kind;

	if (i >= l->n || l->at[i].code || l->at[i].depth != depth || l->at[i].kind == LINE_DELIMITER)
		return HEAD_NONE;
	if (!has_colon(l->at[i].body))
		return HEAD_NONE;
	fold_line(&f, l->at[i].body);
	kind = head_of(&f);
	if (kind && memchr(f.p, '@', f.n))
		*address = true;
	return kind;
}

static bool empty(const struct lines *l, size_t i) { return i < l->n && line_blank(l->at[i].body); }

/* The next field after the one at i: right below, or below one empty line, or the lines a long list of names takes. */
static size_t next_field(const struct lines *l, size_t i, unsigned depth, enum head_kind *kind, bool *address)
{
	size_t next = i + 1;

	while (empty(l, next) && next <= i + 2)
		next++;
	*kind = head_at(l, next, depth, address);
	for (int n = 0; !*kind && n < CONTINUED_MAX && !empty(l, next); n++)
		*kind = head_at(l, ++next, depth, address);
	return next;
}

/* Is there a block of fields from i on? `end` is behind the fields in either case. */
static bool block(const struct lines *l, size_t i, size_t *end)
{
	unsigned depth = l->at[i].depth, kinds = 0, fields = 0;
	bool address = false;
	size_t next = i;
	enum head_kind kind = head_at(l, i, depth, &address);

	for (*end = i; kind; next = next_field(l, next, depth, &kind, &address)) {
		kinds |= kind;
		fields++;
		*end = next + 1;
	}
	if (!(kinds & HEAD_FROM) || !(address || kinds & HEAD_SUBJECT))
		return false;
	return (fields >= 3 && __builtin_popcount(kinds) >= 3) || (address && kinds & HEAD_DATE);
}

/* Fields that are no block are none from the second of them on either, so no line is read more than a few times. */
void lines_head(struct lines *l)
{
	size_t end;

	for (size_t i = 0; i<l->n; i = end> i ? end : i + 1) {
		end = i;
		if (l->at[i].code || (l->at[i].kind != LINE_TEXT && l->at[i].kind != LINE_QUOTE))
			continue;
		if (block(l, i, &end))
			for (size_t k = i; k < end; k++)
				l->at[k].kind = LINE_HEAD;
	}
}
