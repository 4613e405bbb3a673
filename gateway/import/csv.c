#include "import/csv.h"

void csv_init(struct csv *c)
{
	*c = (struct csv){0};
	buf_init(&c->room, CSV_RECORD_MAX);
}

void csv_free(struct csv *c) { buf_free(&c->room); }

/* The record ends after the line end at p[i], or at the end of the text. */
static size_t line_end(struct str t, size_t i)
{
	if (i < t.n && t.p[i] == '\r' && i + 1 < t.n && t.p[i + 1] == '\n')
		return i + 2;
	return i < t.n ? i + 1 : i;
}

static bool at_line_end(struct str t, size_t i)
{
	return t.p[i] == '\n' || (t.p[i] == '\r' && i + 1 < t.n && t.p[i + 1] == '\n');
}

/* Refused records are left behind one line at a time, so that one lost quote does not cost the rest of the file. */
static enum csv_result refuse(struct csv *c, struct str t, enum csv_result why)
{
	const char *end = t.n ? memchr(t.p, '\n', t.n) : NULL;

	c->used = end ? (size_t)(end - t.p) + 1 : t.n;
	c->lines = end ? 1 : 0;
	return why;
}

/* A quoted field from the quote at *i. Leaves *i after the closing one. */
static enum csv_result quoted(struct csv *c, struct str t, size_t *i, struct str *out)
{
	size_t start = ++*i, room = c->room.n;
	bool doubled = false;

	for (;;) {
		const char *q = *i < t.n ? memchr(t.p + *i, '"', t.n - *i) : NULL;
		size_t at = q ? (size_t)(q - t.p) : t.n;
		if (!q || at + 1 == t.n) {
			*i = at + (q != NULL);
			if (!q)
				return CSV_MORE;
		}
		if (at + 1 < t.n && t.p[at + 1] == '"') {
			buf_add(&c->room, t.p + start, at + 1 - start);
			doubled = true;
			*i = start = at + 2;
			continue;
		}
		*i = at + 1;
		if (doubled)
			buf_add(&c->room, t.p + start, at - start);
		*out = doubled ? str_n((const char *)room, c->room.n - room) : str_n(t.p + start, at - start);
		return CSV_RECORD;
	}
}

static void unquoted(struct str t, size_t *i, char delimiter, struct str *out)
{
	size_t start = *i;

	while (*i < t.n && t.p[*i] != delimiter && !at_line_end(t, *i))
		++*i;
	*out = str_n(t.p + start, *i - start);
}

/* One field, from *i to the delimiter, the line end or the end of the text. *in_room: its bytes are there, at an offset,
 * since room may still move. */
static enum csv_result field(struct csv *c, struct str t, size_t *i, char delimiter, bool *in_room)
{
	struct str *out = &c->field[c->n];
	size_t room = c->room.n;
	enum csv_result r;

	*in_room = false;
	if (*i == t.n || t.p[*i] != '"') {
		unquoted(t, i, delimiter, out);
		return CSV_RECORD;
	}
	r = quoted(c, t, i, out);
	*in_room = r == CSV_RECORD && c->room.n > room;
	if (r == CSV_RECORD && *i < t.n && t.p[*i] != delimiter && !at_line_end(t, *i))
		return t.p[*i] == '\r' && *i + 1 == t.n ? CSV_MORE : CSV_AFTER_QUOTE;
	return r;
}

static enum csv_result scan(struct csv *c, struct str t, char delimiter, bool last, bool *in_room)
{
	size_t i = 0;

	for (;;) {
		enum csv_result r;
		if (c->n == CSV_FIELDS)
			return CSV_TOO_MANY;
		r = field(c, t, &i, delimiter, &in_room[c->n]);
		if (r == CSV_MORE)
			return last ? CSV_UNTERMINATED : CSV_MORE;
		if (r != CSV_RECORD)
			return r;
		c->n++;
		if (i < t.n && t.p[i] == delimiter) {
			i++;
			continue;
		}
		if (i == t.n && !last)
			return CSV_MORE;
		c->used = line_end(t, i);
		return CSV_RECORD;
	}
}

enum csv_result csv_next(struct csv *c, struct str text, char delimiter, bool last)
{
	struct str t = str_n(text.p, text.n > CSV_RECORD_MAX ? CSV_RECORD_MAX : text.n);
	bool in_room[CSV_FIELDS] = {false};
	enum csv_result r;

	buf_reset(&c->room);
	c->n = c->lines = 0;
	r = scan(c, t, delimiter, last && t.n == text.n, in_room);
	if (r == CSV_MORE && t.n < text.n)
		r = CSV_TOO_LONG;
	if (r == CSV_RECORD && c->room.failed)
		r = CSV_TOO_LONG;
	if (r == CSV_MORE)
		return r;
	if (r != CSV_RECORD)
		return refuse(c, text, r);
	for (size_t k = 0; k < c->n; k++)
		if (in_room[k])
			c->field[k].p = c->room.p + (size_t)c->field[k].p;
	for (const char *p = t.p; (p = memchr(p, '\n', (size_t)(t.p + c->used - p))); p++)
		c->lines++;
	return CSV_RECORD;
}

char csv_delimiter(struct str text)
{
	static const char delimiters[] = {',', ';', '\t'};
	size_t count[3] = {0}, best = 0;
	bool in_quotes = false;

	for (size_t i = 0; i < text.n && (in_quotes || text.p[i] != '\n'); i++) {
		if (text.p[i] == '"')
			in_quotes = !in_quotes;
		for (size_t k = 0; k < 3; k++)
			count[k] += !in_quotes && text.p[i] == delimiters[k];
	}
	for (size_t k = 1; k < 3; k++)
		if (count[k] > count[best])
			best = k;
	return delimiters[best];
}
