#include "ivr/form.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void decode(struct str s, struct buf *out)
{
	buf_reset(out);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '+') {
			buf_addc(out, ' ');
		} else if (s.p[i] == '%' && i + 2 < s.n && hex(s.p[i + 1]) >= 0 && hex(s.p[i + 2]) >= 0) {
			buf_addc(out, (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2])));
			i += 2;
		} else {
			buf_addc(out, s.p[i]);
		}
	}
}

bool form_get(struct str form, const char *name, struct buf *out)
{
	while (form.n) {
		const char *amp = memchr(form.p, '&', form.n);
		struct str part = str_n(form.p, amp ? (size_t)(amp - form.p) : form.n);
		const char *eq = part.n ? memchr(part.p, '=', part.n) : NULL;
		size_t n = eq ? (size_t)(eq - part.p) : part.n;
		decode(str_n(part.p, n), out);
		if (str_is(buf_str(out), name)) {
			decode(str_n(part.p + n + (eq != NULL), part.n - n - (eq != NULL)), out);
			return true;
		}
		form = str_n(form.p + part.n + (amp != NULL), form.n - part.n - (amp != NULL));
	}
	buf_reset(out);
	return false;
}

void form_put(struct buf *out, const char *name, struct str value)
{
	if (out->n)
		buf_addc(out, '&');
	buf_addf(out, "%s=", name);
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];
		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c && strchr("-._*", c)))
			buf_addc(out, (char)c);
		else if (c == ' ')
			buf_addc(out, '+');
		else
			buf_addf(out, "%%%02X", c);
	}
}
