#include "ivr/agi_line.h"

bool agi_env(struct str line, struct str *name, struct str *value)
{
	const char *colon = line.n > 4 && memcmp(line.p, "agi_", 4) == 0 ? memchr(line.p, ':', line.n) : NULL;

	if (!colon)
		return false;
	*name = str_n(line.p + 4, (size_t)(colon - line.p) - 4);
	*value = str_trim(str_n(colon + 1, line.n - (size_t)(colon + 1 - line.p)));
	return name->n > 0;
}

static int64_t number_after(struct str line, const char *key)
{
	const char *at = memmem(line.p, line.n, key, strlen(key));
	struct str rest;
	size_t n = 0;
	int64_t v;

	if (!at)
		return -1;
	at += strlen(key);
	rest = str_n(at, line.n - (size_t)(at - line.p));
	while (n < rest.n && ((rest.p[n] >= '0' && rest.p[n] <= '9') || (n == 0 && rest.p[n] == '-')))
		n++;
	return str_i64(str_n(rest.p, n), &v) ? v : -1;
}

bool agi_reply_parse(struct str line, struct agi_reply *out)
{
	const char *open, *close;
	int64_t code;

	*out = (struct agi_reply){.result = -1, .endpos = -1};
	if (str_is(str_trim(line), "HANGUP"))
		return true;
	if (line.n < 3 || !str_i64(str_n(line.p, 3), &code) || code < 100 ||
	    (line.n > 3 && line.p[3] != ' ' && line.p[3] != '-'))
		return false;
	out->code = (int)code;
	out->more = line.n > 3 && line.p[3] == '-';
	if (code != 200)
		return true;
	out->result = number_after(line, "result=");
	open = memchr(line.p, '(', line.n);
	close = open ? memrchr(open, ')', line.n - (size_t)(open - line.p)) : NULL;
	if (close)
		out->extra = str_n(open + 1, (size_t)(close - open - 1));
	out->endpos = number_after(line, "endpos=");
	return true;
}

void agi_arg(struct buf *out, struct str s)
{
	buf_adds(out, " \"");
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '"' || c == '\\')
			buf_addc(out, '\\');
		buf_addc(out, c < ' ' || c == 127 ? ' ' : (char)c);
	}
	buf_addc(out, '"');
}

void agi_plain(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_addc(out, strchr("\"\\$|`", s.p[i]) ? ' ' : s.p[i]);
}
