#include "email/charset.h"

#include <errno.h>
#include <iconv.h>

#include "email/charset_names.h"

/* windows-1252, 0x80 to 0x9f; what it leaves open is U+FFFD */
static const uint16_t high_1252[32] = {0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
				       0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd,
				       0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
				       0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178};

static char *put(char *o, uint32_t c)
{
	if (c < 0x80) {
		*o++ = (char)c;
	} else if (c < 0x800) {
		*o++ = (char)(0xc0 | c >> 6);
		*o++ = (char)(0x80 | (c & 0x3f));
	} else {
		*o++ = (char)(0xe0 | c >> 12);
		*o++ = (char)(0x80 | (c >> 6 & 0x3f));
		*o++ = (char)(0x80 | (c & 0x3f));
	}
	return o;
}

static struct str western(struct str in, struct arena *a)
{
	size_t n = 0;
	char *out, *o;

	for (size_t i = 0; i < in.n; i++)
		n += (uint8_t)in.p[i] < 0x80 ? 1 : (uint8_t)in.p[i] < 0xa0 ? 3 : 2;
	o = out = arena_alloc(a, n + 1);
	if (!out)
		return str_n(NULL, 0);
	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = (uint8_t)in.p[i];
		if (c)
			o = put(o, c >= 0x80 && c < 0xa0 ? high_1252[c - 0x80] : c);
	}
	return str_n(out, (size_t)(o - out));
}

/* UTF-8 with what is not replaced. */
static struct str mended(struct str in, struct arena *a)
{
	size_t n = 0, i = 0, start;
	char *out, *o;

	while (i < in.n) {
		start = i;
		n += str_next(in, &i) == 0xfffd ? 3 : i - start;
	}
	o = out = arena_alloc(a, n + 1);
	if (!out)
		return str_n(NULL, 0);
	for (i = 0; i < in.n;) {
		start = i;
		if (str_next(in, &i) == 0xfffd)
			o = put(o, 0xfffd);
		else
			for (; start < i; start++)
				if (in.p[start])
					*o++ = in.p[start];
	}
	return str_n(out, (size_t)(o - out));
}

enum look { ASCII, UTF8, NEARLY_UTF8, OTHER };

/* Nearly: cut or damaged here and there; Latin-1 has next to no sequence that is right. */
static enum look look(struct str in, bool *nul, bool *escapes)
{
	size_t good = 0, bad = 0, i = 0, start;

	*nul = memchr(in.p, 0, in.n) != NULL;
	*escapes = memchr(in.p, 27, in.n) != NULL;
	while (i < in.n) {
		if (!((uint8_t)in.p[i] & 0x80)) {
			i++;
			continue;
		}
		start = i;
		if (str_next(in, &i) == 0xfffd && i - start == 1)
			bad++;
		else
			good++;
	}
	return bad ? good > 4 * bad ? NEARLY_UTF8 : OTHER : good ? UTF8 : ASCII;
}

/* HZ (RFC 1843): "~{" and "~}" around pairs of seven bits. */
static struct str hz_gb(struct str in, struct arena *a)
{
	char *out = arena_alloc(a, in.n + 1), *o = out;
	bool two = false;

	if (!out)
		return str_n(NULL, 0);
	for (size_t i = 0; i < in.n; i++) {
		char next = i + 1 < in.n ? in.p[i + 1] : 0;
		if (in.p[i] == '~' && (next == '{' || next == '}')) {
			two = next == '{';
			i++;
		} else if (in.p[i] == '~' && next == '~') {
			*o++ = in.p[i++];
		} else if (in.p[i] == '~' && next == '\n') {
			i++;
		} else {
			two = two && in.p[i] != '\n';
			*o++ = (char)(in.p[i] | (two ? 0x80 : 0));
		}
	}
	return str_n(out, (size_t)(o - out));
}

/* Grows by what iconv asks for; a byte it refuses becomes U+FFFD. */
static struct str convert(struct str in, const char *from, struct arena *a, bool *wrong)
{
	iconv_t cd = iconv_open("UTF-8", from);
	size_t left = in.n, chunk = in.n + in.n / 2 + 64, bad = 0;
	char *p = (char *)in.p;
	struct buf out;
	struct str s;

	if (cd == (iconv_t)-1)
		return *wrong = true, western(in, a);
	buf_init(&out, in.n * 4 + 4096);
	while (left && buf_grow(&out, chunk)) {
		char *o = out.p + out.n;
		size_t room = out.cap - out.n - 1, r;
		r = iconv(cd, &p, &left, &o, &room);
		out.n = (size_t)(o - out.p);
		if (r != (size_t)-1 || errno == E2BIG) {
			chunk = left + 64;
			continue;
		}
		bad++;
		buf_add_utf8(&out, 0xfffd);
		p++;
		left--;
		chunk = left + 64;
	}
	iconv_close(cd);
	*wrong |= bad > 0;
	s = out.failed ? str_n(NULL, 0) : mended(buf_str(&out), a);
	buf_free(&out);
	return s;
}

static struct str guess(struct str in, enum look seen, struct arena *a)
{
	if (seen == OTHER)
		return western(in, a);
	return mended(in, a);
}

static struct str by_name(struct str in, const struct charset *c, struct arena *a, bool *wrong)
{
	if (c->kind == CHARSET_WESTERN)
		return western(in, a);
	if (c->kind == CHARSET_HZ)
		in = hz_gb(in, a);
	return in.p ? convert(in, c->iconv, a, wrong) : in;
}

bool charset_known(struct str label) { return charset_find(label) != NULL; }

struct str charset_utf8(struct str in, struct str label, struct arena *a, bool *wrong)
{
	const struct charset *c = charset_find(label);
	enum charset_kind kind = c ? c->kind : CHARSET_ASCII;
	bool nul, escapes, lie = false;
	enum look seen;

	if (!wrong)
		wrong = &lie;
	if (!in.p) /* memory ran out where it came from */
		return in;
	if (!in.n)
		return str_n("", 0);
	seen = look(in, &nul, &escapes);
	*wrong |= !c && seen != ASCII;
	if (kind == CHARSET_WIDE || kind == CHARSET_SEVEN || kind == CHARSET_HZ)
		return by_name(in, c, a, wrong);
	if (kind == CHARSET_ASCII && escapes && seen == ASCII &&
	    memmem(in.p, in.n, "\033$", 2)) /* Japanese, unlabelled */
		return convert(in, "ISO-2022-JP-2", a, wrong);
	if (seen == ASCII)
		return nul ? mended(in, a) : in;
	if (kind == CHARSET_UTF8 || kind == CHARSET_ASCII) {
		*wrong |= kind == CHARSET_ASCII || seen != UTF8;
		return seen == UTF8 && !nul ? in : guess(in, seen, a);
	}
	if (kind == CHARSET_WESTERN && seen == UTF8 && in.n > 2) {
		*wrong = true;
		return nul ? mended(in, a) : in;
	}
	return by_name(in, c, a, wrong);
}
