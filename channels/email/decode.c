#include "email/decode.h"

/* RFC 4648 table 1; 64: padding, 65: white space, 66: none of it */
static uint8_t value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint8_t)(c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (uint8_t)(c - '0' + 52);
	if (c == '+' || c == '/')
		return c == '+' ? 62 : 63;
	return c == '=' ? 64 : c == ' ' || (c >= '\t' && c <= '\r') ? 65 : 66;
}

bool decode_is_base64(struct str in)
{
	size_t good = 0, foreign = 0;
	uint8_t before = 65;

	for (size_t i = 0; i < in.n && i < 4096; i++) {
		uint8_t v = value((uint8_t)in.p[i]);
		bool word =
			v == 65 && before < 64 && in.p[i] == ' ' && i + 1 < in.n && value((uint8_t)in.p[i + 1]) < 64;
		good += v < 65;
		foreign += v == 66 || word;
		before = v;
	}
	return foreign * 16 <= good;
}

struct str decode_base64(struct str in, struct arena *a, bool *bad)
{
	uint8_t table[256];
	uint32_t held = 0;
	unsigned bits = 0;
	char *out = arena_alloc(a, in.n / 4 * 3 + 4), *o = out;
	bool wrong = false;

	for (int c = 0; c < 256; c++)
		table[c] = value((uint8_t)c);
	for (size_t i = 0; out && i < in.n; i++) {
		uint8_t v = table[(uint8_t)in.p[i]];
		if (v < 64) {
			held = held << 6 | v;
			bits += 6;
			if (bits >= 8)
				*o++ = (char)(held >> (bits -= 8));
		} else if (v == 64) { /* the end, or the end of one of several pieces */
			bits = 0;
		} else {
			wrong |= v == 66;
		}
	}
	if (bad)
		*bad |= wrong || bits == 6;
	return str_n(out, (size_t)(o - out));
}

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
				      : -1;
}

/* White space up to the end of the line, which is taken as well; 0 when there is something else. */
static size_t line_end(struct str in, size_t i)
{
	size_t from = i;

	while (i < in.n && (in.p[i] == ' ' || in.p[i] == '\t'))
		i++;
	if (i < in.n && in.p[i] == '\r')
		i++;
	if (i < in.n && in.p[i] == '\n')
		return i + 1 - from;
	return i == in.n ? i - from : 0;
}

/* What an "=" stands for, from behind it: bytes eaten; *c < 0: nothing. */
static size_t quoted_pair(struct str in, size_t i, bool header, int *c, bool *bad)
{
	int high = i < in.n ? hex(in.p[i]) : -1, low = i + 1 < in.n ? hex(in.p[i + 1]) : -1;
	size_t skip;

	*c = -1;
	if (high >= 0 && low >= 0)
		return *c = high << 4 | low, 2;
	skip = header ? 0 : line_end(in, i);
	if (skip || (!header && i == in.n)) /* a soft line break, or the end of all */
		return skip;
	*bad = true;
	return *c = '=', 0; /* left as it is */
}

struct str decode_quoted(struct str in, bool header, struct arena *a, bool *bad)
{
	char *out = arena_alloc(a, in.n + 1), *o = out;
	size_t i = 0, blank = 0; /* spaces just written, which a line end would drop */
	bool wrong = false;
	int c;

	while (out && i < in.n) {
		char ch = in.p[i++];
		if (ch == '=') {
			i += quoted_pair(in, i, header, &c, &wrong);
			if (c >= 0)
				*o++ = (char)c;
			blank = 0;
			continue;
		}
		if (!header && (ch == '\n' || (ch == '\r' && i < in.n && in.p[i] == '\n'))) {
			o -= blank; /* RFC 2045 section 6.7 (3) */
			blank = 0;
		} else {
			blank = ch == ' ' || ch == '\t' ? blank + 1 : 0;
		}
		*o++ = header && ch == '_' ? ' ' : ch;
	}
	if (bad)
		*bad |= wrong;
	return str_n(out, (size_t)(o - out));
}

static struct str next_line(struct str s, size_t *at)
{
	const char *nl = memchr(s.p + *at, '\n', s.n - *at);
	size_t end = nl ? (size_t)(nl - s.p) : s.n;
	struct str line = str_n(s.p + *at, end - *at);

	*at = nl ? end + 1 : s.n;
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static uint32_t uu(struct str line, size_t i) { return i < line.n ? ((uint32_t)(uint8_t)line.p[i] - 32) & 63 : 0; }

struct str decode_uu(struct str in, struct arena *a, bool *bad)
{
	char *out = arena_alloc(a, in.n + 4), *o = out;
	size_t at = 0;

	while (out && at < in.n) {
		struct str line = next_line(in, &at);
		size_t n = uu(line, 0), have = line.n ? (line.n - 1) * 3 / 4 : 0;
		if (!line.n || str_is(line, "end"))
			continue;
		if (n > have) { /* trailing spaces lost, or no uuencode */
			if (bad)
				*bad |= n > have + 2;
			n = n > have + 2 ? have : n;
		}
		for (size_t k = 0, i = 1; k < n; i += 4) {
			uint32_t v = uu(line, i) << 18 | uu(line, i + 1) << 12 | uu(line, i + 2) << 6 | uu(line, i + 3);
			for (int shift = 16; shift >= 0 && k < n; shift -= 8, k++)
				*o++ = (char)(v >> shift);
		}
	}
	return str_n(out, (size_t)(o - out));
}

/* "begin 644 name": three or four octal digits. */
static bool uu_begin(struct str line, struct str *name)
{
	size_t i = 6, digits = 0;

	if (line.n < 11 || memcmp(line.p, "begin ", 6) != 0)
		return false;
	for (; i < line.n && line.p[i] >= '0' && line.p[i] <= '7'; i++)
		digits++;
	if (digits < 3 || digits > 4 || i >= line.n || line.p[i] != ' ')
		return false;
	*name = str_trim(str_n(line.p + i, line.n - i));
	return name->n > 0;
}

static bool uu_line(struct str line)
{
	size_t want = (uu(line, 0) + 2) / 3 * 4 + 1;

	if (!line.n || line.p[0] < 32 || line.p[0] > 96 || line.n > want + 2 || line.n + 3 < want)
		return false;
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] < 32 || line.p[i] > 96)
			return false;
	return true;
}

bool decode_find_uu(struct str text, size_t at, struct decode_block *out)
{
	while (at < text.n) {
		size_t start = at, lines = 0;
		struct str line = next_line(text, &at);
		if (!uu_begin(line, &out->name))
			continue;
		out->start = start;
		out->lines.p = text.p + at;
		while (at < text.n) {
			size_t before = at;
			line = next_line(text, &at);
			if (str_is(line, "end") && lines) {
				out->lines.n = (size_t)(text.p + before - out->lines.p);
				out->end = at;
				return true;
			}
			if (!uu_line(line)) {
				at = before;
				break;
			}
			lines++;
		}
	}
	return false;
}
