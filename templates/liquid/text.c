#include "liquid/text.h"

#include <unicode/ustring.h>

size_t utf8_count(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((uint8_t)s.p[i] & 0xc0) != 0x80;
	return n;
}

size_t utf8_offset(struct str s, size_t chars)
{
	size_t i = 0;

	for (; i < s.n && chars; chars--)
		do
			i++;
		while (i < s.n && ((uint8_t)s.p[i] & 0xc0) == 0x80);
	return i;
}

struct str utf8_first(struct str s) { return str_n(s.p, utf8_offset(s, 1)); }

struct str utf8_last(struct str s)
{
	size_t i = s.n;

	while (i && ((uint8_t)s.p[--i] & 0xc0) == 0x80)
		;
	return str_n(s.p + i, s.n - i);
}

size_t str_find(struct str s, struct str what, size_t from)
{
	const char *p;

	if (from > s.n)
		return SIZE_MAX;
	if (what.n == 0)
		return from;
	p = memmem(s.p + from, s.n - from, what.p, what.n);
	return p ? (size_t)(p - s.p) : SIZE_MAX;
}

size_t str_rfind(struct str s, struct str what)
{
	if (what.n > s.n)
		return SIZE_MAX;
	for (size_t i = s.n - what.n + 1; i-- > 0;)
		if (what.n == 0 || memcmp(s.p + i, what.p, what.n) == 0)
			return i;
	return SIZE_MAX;
}

struct str strip_left(struct str s)
{
	while (s.n && (is_space(*s.p) || *s.p == 0)) {
		s.p++;
		s.n--;
	}
	return s;
}

struct str strip_right(struct str s)
{
	while (s.n && (is_space(s.p[s.n - 1]) || s.p[s.n - 1] == 0))
		s.n--;
	return s;
}

static void add_letter(struct buf *out, uint32_t cp, enum letter_case how)
{
	UChar from[2], to[8];
	UErrorCode e = U_ZERO_ERROR;
	int32_t n = 0, got;

	U16_APPEND_UNSAFE(from, n, (UChar32)cp);
	if (how == CASE_UP)
		got = u_strToUpper(to, 8, from, n, "", &e);
	else if (how == CASE_TITLE)
		got = u_strToTitle(to, 8, from, n, NULL, "", &e);
	else
		got = cp == 0x3a3 ? (to[0] = 0x3c3, 1) : u_strToLower(to, 8, from, n, "", &e);
	if (U_FAILURE(e) || got > 8) {
		buf_add_utf8(out, cp);
		return;
	}
	for (int32_t i = 0; i < got;) {
		UChar32 c;
		U16_NEXT_UNSAFE(to, i, c);
		buf_add_utf8(out, (uint32_t)c);
	}
}

void add_in_case(struct buf *out, struct str s, enum letter_case how)
{
	for (size_t i = 0; i < s.n && !out->failed;) {
		uint32_t cp = (uint8_t)s.p[i];
		char *to = buf_room(out, 1);

		if (cp >= 0x80) {
			add_letter(out, str_next(s, &i), how);
			continue;
		}
		i++;
		if (how == CASE_DOWN ? cp >= 'A' && cp <= 'Z' : cp >= 'a' && cp <= 'z')
			cp ^= 0x20;
		if (to) {
			*to = (char)cp;
			out->n++;
		}
	}
}
