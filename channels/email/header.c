#include "email/header.h"

#include "email/charset.h"

static struct str line_at(struct str s, size_t *at)
{
	const char *nl = memchr(s.p + *at, '\n', s.n - *at);
	size_t end = nl ? (size_t)(nl - s.p) : s.n;
	struct str line = str_n(s.p + *at, end - *at);

	*at = nl ? end + 1 : s.n;
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

/* The length of the name before the colon; 0: no field. */
static size_t field_name(struct str line)
{
	size_t i = 0, n;

	while (i < line.n && line.p[i] > ' ' && line.p[i] < 127 && line.p[i] != ':')
		i++;
	n = i;
	while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t')) /* RFC 5322 section 4.5 */
		i++;
	return i < line.n && line.p[i] == ':' ? n : 0;
}

static bool folded(struct str line) { return line.n && (line.p[0] == ' ' || line.p[0] == '\t'); }

/* A line that is no field in the midst of fields is passed over; otherwise the body begins with it. */
static bool goes_on(struct str raw, size_t at)
{
	struct str line = {0};

	if (at >= raw.n)
		return false;
	line = line_at(raw, &at);
	return field_name(line) || folded(line);
}

static bool add_field(struct mail_fields *out, int *cap, int max, struct arena *a, struct mail_field f, bool *failed)
{
	struct mail_field *more;

	if (out->n >= max)
		return false;
	if (out->n == *cap) {
		*cap = *cap ? *cap * 4 : 32;
		more = arena_array(a, struct mail_field, (size_t)*cap);
		if (!more)
			return !(*failed = true);
		if (out->n)
			memcpy(more, out->at, sizeof *more * (size_t)out->n);
		out->at = more;
	}
	out->at[out->n++] = f;
	return true;
}

struct str header_start(struct str raw)
{
	size_t at = 0, before = 0;

	while (at < raw.n) {
		struct str line = line_at(raw, &at);
		bool from = line.n > 5 &&
			    (memcmp(line.p, "From ", 5) == 0 || (line.p[0] == '>' && !memcmp(line.p + 1, "From", 4)));
		if (str_trim(line).n && !(from && !field_name(line)))
			break;
		before = at;
	}
	return before < raw.n && goes_on(raw, before) ? str_n(raw.p + before, raw.n - before) : raw;
}

struct str header_split(struct str raw, int max, struct arena *a, struct mail_fields *out, unsigned *defects,
			bool *failed)
{
	size_t at = 0;
	int cap = 0;
	struct mail_field *last = NULL;

	*out = (struct mail_fields){0};
	while (at < raw.n) {
		size_t before = at, n;
		struct str line = line_at(raw, &at);
		if (!line.n)
			return str_n(raw.p + at, raw.n - at);
		if (folded(line)) {
			if (!str_trim(line).n && !goes_on(raw, at)) /* an empty line that someone indented */
				return str_n(raw.p + at, raw.n - at);
			if (last)
				last->raw.n = (size_t)(line.p + line.n - last->raw.p);
			continue;
		}
		n = field_name(line);
		if (n) {
			const char *colon = memchr(line.p + n, ':', line.n - n);
			struct mail_field f = {str_n(line.p, n),
					       str_n(colon + 1, (size_t)(line.p + line.n - colon - 1))};
			last = add_field(out, &cap, max, a, f, failed) ? &out->at[out->n - 1] : NULL;
			if (*failed)
				break;
			*defects |= last ? 0 : MAIL_PARTS;
			continue;
		}
		*defects |= MAIL_MIME;
		if (!goes_on(raw, at))
			return str_n(raw.p + before, raw.n - before);
		last = NULL;
	}
	return str_n(raw.p + raw.n, 0);
}

struct str header_raw(const struct mail_fields *f, const char *name)
{
	struct str wanted = str_of(name);

	for (int i = 0; i < f->n; i++)
		if (f->at[i].name.n == wanted.n && str_ieq(f->at[i].name, wanted))
			return f->at[i].raw;
	return str_n("", 0);
}

struct str header_unfold(struct str raw, struct arena *a)
{
	char *out, *o;

	if (!raw.p) /* memory ran out where it came from */
		return raw;
	raw = str_trim(raw);
	if (!memchr(raw.p, '\n', raw.n) && !memchr(raw.p, '\r', raw.n))
		return charset_utf8(raw, str_n("", 0), a, NULL);
	o = out = arena_alloc(a, raw.n + 1);
	if (!out)
		return str_n(NULL, 0);
	for (size_t i = 0; i < raw.n; i++) {
		bool fold = raw.p[i] == '\n' || (raw.p[i] == '\r' && (i + 1 == raw.n || raw.p[i + 1] == '\n'));
		if (!fold)
			*o++ = raw.p[i];
		else if (raw.p[i] == '\n') { /* the line end and the white space behind it are one space */
			while (o > out && (o[-1] == ' ' || o[-1] == '\t'))
				o--;
			while (i + 1 < raw.n && (raw.p[i + 1] == ' ' || raw.p[i + 1] == '\t'))
				i++;
			*o++ = ' ';
		}
	}
	return charset_utf8(str_n(out, (size_t)(o - out)), str_n("", 0), a, NULL);
}

struct str header_lower(struct str raw, struct arena *a)
{
	size_t n = 0;
	char *out;

	raw = str_trim(raw);
	while (n < raw.n && !strchr(" \t\r\n;(,", raw.p[n]))
		n++;
	out = arena_strndup(a, raw.p, n);
	if (!out)
		return str_n(NULL, 0);
	for (size_t i = 0; i < n; i++)
		out[i] = (char)(out[i] >= 'A' && out[i] <= 'Z' ? out[i] + 32 : out[i] < 0 ? '?' : out[i]);
	return str_n(out, n);
}

/* One id from *at: between angle brackets, or a word with "@" in it that has none. */
static struct str next_id(struct str s, size_t *at)
{
	while (*at < s.n) {
		size_t from = *at;
		char c = s.p[from];
		if (c == '<') {
			const char *end = memchr(s.p + from, '>', s.n - from);
			const char *again = memchr(s.p + from + 1, '<', s.n - from - 1);
			if (again && (!end || again < end)) /* one was not closed */
				end = again;
			*at = end ? (size_t)(end - s.p) + (*end == '>') : s.n;
			return str_trim(str_n(s.p + from + 1, (end ? (size_t)(end - s.p) : s.n) - from - 1));
		}
		while (*at < s.n && !strchr(" \t\r\n<,;\"", s.p[*at]))
			(*at)++;
		if (memchr(s.p + from, '@', *at - from))
			return str_n(s.p + from, *at - from);
		*at += *at == from;
	}
	return str_n("", 0);
}

int header_ids(struct str raw, int max, struct arena *a, struct mail_strings *out, unsigned *defects)
{
	size_t at = 0;
	int cap = out->n;
	struct str s = header_unfold(raw, a), id;

	if (!s.p)
		return -1;
	while (at < s.n) {
		id = next_id(s, &at);
		if (!id.n)
			continue;
		if (out->n >= max) {
			*defects |= MAIL_PARTS;
			break;
		}
		if (out->n == cap) {
			struct str *more = arena_array(a, struct str, (size_t)(cap = cap ? cap * 4 : 4));
			if (!more)
				return -1;
			if (out->n)
				memcpy(more, out->at, sizeof *more * (size_t)out->n);
			out->at = more;
		}
		out->at[out->n++] = id;
	}
	return 0;
}
