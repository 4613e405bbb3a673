#include "email/charset.h"
#include "email/part.h"

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

static struct str plain_lines(struct str s, struct arena *a)
{
	char *out, *o;

	if (!memchr(s.p, '\r', s.n))
		return s;
	o = out = arena_alloc(a, s.n + 1);
	for (size_t i = 0; out && i < s.n; i++)
		if (s.p[i] != '\r')
			*o++ = s.p[i];
		else if (i + 1 == s.n || s.p[i + 1] != '\n')
			*o++ = '\n';
	return str_n(out, (size_t)(o - out));
}

static size_t quotes(struct str line)
{
	size_t n = 0;

	while (n < line.n && line.p[n] == '>')
		n++;
	return n;
}

static char *put_quotes(char *o, size_t depth, bool text)
{
	memset(o, '>', depth);
	o += depth;
	if (depth && text)
		*o++ = ' ';
	return o;
}

/* RFC 3676 section 4: a line that ends in a space goes on in the next of the same depth; "-- " never does. */
static struct str flowed(struct str s, bool delsp, struct arena *a)
{
	size_t at = 0, depth = 0;
	char *out = arena_alloc(a, s.n * 2 + 2), *o = out; /* "> " for ">" */
	bool open = false;

	while (out && at < s.n) {
		struct str line = line_at(s, &at);
		size_t d = quotes(line);
		bool soft, signature;
		line = str_n(line.p + d, line.n - d);
		if (line.n && line.p[0] == ' ') /* stuffed */
			line = str_n(line.p + 1, line.n - 1);
		signature = str_is(line, "-- ");
		if (open && (d != depth || signature)) {
			*o++ = '\n';
			open = false;
		}
		if (!open)
			o = put_quotes(o, d, line.n > 0);
		depth = d;
		soft = line.n && line.p[line.n - 1] == ' ' && !signature;
		memcpy(o, line.p, line.n);
		o += line.n - (soft && delsp);
		open = soft;
		if (!soft)
			*o++ = '\n';
	}
	return str_n(out, (size_t)(o - out));
}

struct str part_text(struct part_context *x, const struct part *p, struct str content)
{
	bool wrong = false;
	size_t max = x->limits->text;
	struct str s = str_n(content.p, content.n < max ? content.n : max);

	x->defects |= content.n > max ? MAIL_LONG : 0;
	s = charset_utf8(s, p->charset, x->a, &wrong);
	x->defects |= wrong ? MAIL_CHARSET : 0;
	if (s.n > 2 && memcmp(s.p, "\357\273\277", 3) == 0) /* a byte order mark */
		s = str_n(s.p + 3, s.n - 3);
	if (s.p)
		s = p->flowed && !part_is(p, "text/html") ? flowed(s, p->delsp, x->a) : plain_lines(s, x->a);
	x->defects |= s.n > max ? MAIL_LONG : 0;
	return str_utf8_head(s, max); /* in UTF-8 it may be longer than it came */
}
