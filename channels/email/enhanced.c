#include "email/enhanced.h"

static size_t digits(struct str s, size_t from, size_t max)
{
	size_t n = 0;

	while (from + n < s.n && n < max && s.p[from + n] >= '0' && s.p[from + n] <= '9')
		n++;
	return n;
}

size_t enhanced_length(struct str s)
{
	size_t i = 0, n;

	if (s.n < 5 || !strchr("245", s.p[0]) || s.p[0] == 0)
		return 0;
	i = 1;
	for (int part = 0; part < 2; part++) {
		if (i >= s.n || s.p[i] != '.' || (n = digits(s, i + 1, 3)) == 0)
			return 0;
		i += 1 + n;
	}
	return i == s.n || s.p[i] == ' ' || s.p[i] == '\t' ? i : 0;
}

static void add_text(struct smtp_reply *r, struct str s)
{
	size_t n = strlen(r->text);

	if (n && n < REPLY_TEXT - 1)
		r->text[n++] = ' ';
	for (size_t i = 0; i < s.n && n + 4 < REPLY_TEXT;) {
		struct buf b = {.p = r->text + n, .cap = REPLY_TEXT - n, .max = REPLY_TEXT - n - 1};
		uint32_t c = str_next(s, &i);
		buf_add_utf8(&b, c < ' ' || c == 127 ? ' ' : c);
		n += b.n;
	}
	r->text[n] = 0;
}

void smtp_reply_line(struct smtp_reply *r, struct str line)
{
	struct str text;
	size_t n;

	while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	if (digits(line, 0, 4) != 3 || (line.n > 3 && line.p[3] != ' ' && line.p[3] != '-'))
		return;
	if (!r->more)
		*r = (struct smtp_reply){.code = 0};
	r->code = (line.p[0] - '0') * 100 + (line.p[1] - '0') * 10 + line.p[2] - '0';
	r->more = line.n > 3 && line.p[3] == '-';
	text = line.n > 4 ? str_trim(str_n(line.p + 4, line.n - 4)) : STR("");
	n = enhanced_length(text);
	if (n && n < ENHANCED_MAX) {
		memcpy(r->enhanced, text.p, n);
		r->enhanced[n] = 0;
		text = str_trim(str_n(text.p + n, text.n - n));
	}
	add_text(r, text);
}
