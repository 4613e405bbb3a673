/* Filters for what goes into HTML, URLs and base64 (RFC 4648). */
#include "liquid/escape.h"
#include "liquid/filters.h"
#include "liquid/text.h"
#include "liquid/value.h"

FILTER(filter_raw)
{
	struct str s;

	(void)args;
	(void)n;
	*out = in;
	if (c->in->escape == LIQUID_PLAIN || in.type != LIQUID_STR)
		return 0;
	if (value_text(c, &in, &s))
		return -1;
	out->safe = true;
	return 0;
}

FILTER(filter_escape)
{
	struct str s;

	(void)args;
	(void)n;
	*out = in;
	if (in.type == LIQUID_NIL)
		return 0;
	if (value_text(c, &in, &s))
		return -1;
	buf_reset(&c->scratch);
	escape_html(&c->scratch, s);
	if (made_text(c, out))
		return -1;
	out->safe = true;
	return 0;
}

/* &name; or &#digits; at s[i]. */
static bool entity(struct str s, size_t i)
{
	size_t from = ++i;

	if (i < s.n && s.p[i] == '#') {
		for (from = ++i; i < s.n && s.p[i] >= '0' && s.p[i] <= '9';)
			i++;
	} else {
		while (i < s.n && (s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'z')
			i++;
	}
	return i > from && i < s.n && s.p[i] == ';';
}

FILTER(filter_escape_once)
{
	struct str s;

	(void)args;
	(void)n;
	if (value_text(c, &in, &s))
		return -1;
	buf_reset(&c->scratch);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '&' && entity(s, i))
			buf_addc(&c->scratch, '&');
		else
			escape_html(&c->scratch, str_n(s.p + i, 1));
	}
	if (made_text(c, out))
		return -1;
	out->safe = true;
	return 0;
}

FILTER(filter_newline_to_br)
{
	struct str s;
	bool raw = c->in->escape == LIQUID_PLAIN || in.safe;

	(void)args;
	(void)n;
	if (value_text(c, &in, &s))
		return -1;
	buf_reset(&c->scratch);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\n')
			buf_adds(&c->scratch, "<br />\n");
		else if (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n')
			continue;
		else if (raw)
			buf_addc(&c->scratch, s.p[i]);
		else
			escape_html(&c->scratch, str_n(s.p + i, 1));
	}
	if (made_text(c, out))
		return -1;
	out->safe = true;
	return 0;
}

/* Without what stands between open and close, the pair included; unclosed ones stay. */
static void drop_between(struct buf *out, struct str s, struct str open, struct str close)
{
	size_t from = 0, at, end;

	while ((at = str_find(s, open, from)) != SIZE_MAX && (end = str_find(s, close, at + open.n)) != SIZE_MAX) {
		buf_add(out, s.p + from, at - from);
		from = end + close.n;
	}
	buf_add(out, s.p + from, s.n - from);
}

static void drop_blocks(struct buf *out, struct str s)
{
	static const struct {
		struct str open, close;
	} blocks[] = {{{"<script", 7}, {"</script>", 9}}, {{"<!--", 4}, {"-->", 3}}, {{"<style", 6}, {"</style>", 8}}};
	bool more[3] = {true, true, true};
	size_t from = 0;

	for (size_t i = 0; i < s.n;) {
		size_t end = SIZE_MAX;
		for (int k = 0; s.p[i] == '<' && k < 3 && end == SIZE_MAX; k++) {
			struct str open = blocks[k].open;
			if (!more[k] || s.n - i < open.n || memcmp(s.p + i, open.p, open.n) != 0)
				continue;
			end = str_find(s, blocks[k].close, i + open.n);
			more[k] = end != SIZE_MAX; /* never closed: nor will a later one be */
			if (more[k])
				end += blocks[k].close.n;
		}
		if (end == SIZE_MAX) {
			i++;
			continue;
		}
		buf_add(out, s.p + from, i - from);
		from = i = end;
	}
	buf_add(out, s.p + from, s.n - from);
}

FILTER(filter_strip_html)
{
	struct liquid_value without;
	struct str s;

	(void)args;
	(void)n;
	if (value_text(c, &in, &s))
		return -1;
	buf_reset(&c->scratch);
	drop_blocks(&c->scratch, s);
	if (made_text(c, &without))
		return -1;
	buf_reset(&c->scratch);
	drop_between(&c->scratch, text_of(&without), STR("<"), STR(">"));
	return made_text(c, out);
}

FILTER(filter_url_encode)
{
	struct str s;

	(void)args;
	(void)n;
	*out = in;
	if (in.type == LIQUID_NIL)
		return 0;
	if (value_text(c, &in, &s))
		return -1;
	buf_reset(&c->scratch);
	for (size_t i = 0; i < s.n; i++) {
		uint8_t ch = (uint8_t)s.p[i];
		if ((ch >= '0' && ch <= '9') || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z') ||
		    (ch && strchr("-._~", ch)))
			buf_addc(&c->scratch, (char)ch);
		else if (ch == ' ')
			buf_addc(&c->scratch, '+');
		else
			buf_addf(&c->scratch, "%%%02X", ch);
	}
	return made_text(c, out);
}

static int hex(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	ch = (char)(ch | 0x20);
	return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

FILTER(filter_url_decode)
{
	struct str s;

	(void)args;
	(void)n;
	*out = in;
	if (in.type == LIQUID_NIL)
		return 0;
	if (value_text(c, &in, &s))
		return -1;
	buf_reset(&c->scratch);
	for (size_t i = 0; i < s.n; i++) {
		int h = s.p[i] == '%' && i + 2 < s.n ? hex(s.p[i + 1]) : -1;
		int l = h < 0 ? -1 : hex(s.p[i + 2]);
		if (l >= 0) {
			buf_addc(&c->scratch, (char)(h * 16 + l));
			i += 2;
		} else {
			buf_addc(&c->scratch, s.p[i] == '+' ? ' ' : s.p[i]);
		}
	}
	if (!str_utf8_ok(buf_str(&c->scratch)))
		return liquid_fail(c, "invalid byte sequence in UTF-8");
	return made_text(c, out);
}

static int encode64(struct liquid_call *c, const struct liquid_value *in, const char *digits, struct liquid_value *out)
{
	struct str s;

	if (value_text(c, in, &s))
		return -1;
	buf_reset(&c->scratch);
	for (size_t i = 0; i < s.n; i += 3) {
		uint32_t left = (uint32_t)(s.n - i), v = (uint32_t)(uint8_t)s.p[i] << 16;
		if (left > 1)
			v |= (uint32_t)(uint8_t)s.p[i + 1] << 8;
		if (left > 2)
			v |= (uint8_t)s.p[i + 2];
		buf_addc(&c->scratch, digits[v >> 18]);
		buf_addc(&c->scratch, digits[v >> 12 & 63]);
		buf_addc(&c->scratch, left > 1 ? digits[v >> 6 & 63] : '=');
		buf_addc(&c->scratch, left > 2 ? digits[v & 63] : '=');
	}
	return made_text(c, out);
}

#define DIGITS64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
static const char standard[] = DIGITS64 "+/", url_safe[] = DIGITS64 "-_";

FILTER(filter_base64_encode)
{
	(void)args;
	(void)n;
	return encode64(c, &in, standard, out);
}

FILTER(filter_base64_url_safe_encode)
{
	(void)args;
	(void)n;
	return encode64(c, &in, url_safe, out);
}

/* Strict: whole quantums, no other characters, no bits left over. */
static bool decode64(struct buf *out, struct str s, const char *digits, bool padded)
{
	uint32_t v = 0, bits = 0;
	size_t n = s.n;

	while (n && s.n - n < 2 && s.p[n - 1] == '=')
		n--;
	if (padded ? s.n % 4 != 0 : s.n != n && s.n % 4 != 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *d = s.p[i] ? strchr(digits, s.p[i]) : NULL;
		if (!d)
			return false;
		v = (v << 6 | (uint32_t)(d - digits)) & 0xffffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_addc(out, (char)(v >> bits & 0xff));
		}
	}
	return bits < 6 && (v & ((1u << bits) - 1)) == 0;
}

static int decoded64(struct liquid_call *c, const struct liquid_value *in, const char *digits, const char *name,
		     struct liquid_value *out)
{
	struct str s;

	if (value_text(c, in, &s))
		return -1;
	buf_reset(&c->scratch);
	if (!decode64(&c->scratch, s, digits, digits == standard) || !str_utf8_ok(buf_str(&c->scratch)))
		return liquid_fail(c, "invalid base64 provided to %s", name);
	return made_text(c, out);
}

FILTER(filter_base64_decode)
{
	(void)args;
	(void)n;
	return decoded64(c, &in, standard, "base64_decode", out);
}

FILTER(filter_base64_url_safe_decode)
{
	(void)args;
	(void)n;
	return decoded64(c, &in, url_safe, "base64_url_safe_decode", out);
}
