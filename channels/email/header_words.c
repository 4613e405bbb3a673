#include "email/header.h"

#include "email/charset.h"
#include "email/decode.h"

/*
 * Encoded words (RFC 2047). Of the field: words with spaces in them, without white space around them, inside quotes,
 * split in the midst of a character, folded in their midst, of unknown charsets, without an end.
 */

struct word {
	struct str charset, text;
	char how; /* 'q' or 'b' */
	size_t end;
};

enum { WORD = 8192, TEXT = 1 << 16 }; /* no header says more: what would be longer costs nobody time */

static bool blank(char c) { return c == ' ' || c == '\t'; }
static int hexdigit(char c) { return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f'); }

/* "?=" in quoted text may also be a question mark and the start of "=20": then there is another end on this word. */
static size_t word_end(struct str all, size_t i, char how)
{
	struct str s = str_n(all.p, all.n - i > WORD ? i + WORD : all.n);

	for (; i + 1 < s.n; i++) {
		const char *q = memchr(s.p + i, '?', s.n - i - 1);
		if (!q)
			return all.n;
		i = (size_t)(q - s.p);
		if (s.p[i + 1] != '=')
			continue;
		if (how == 'q' && i + 3 < s.n && hexdigit(s.p[i + 2]) && hexdigit(s.p[i + 3])) {
			size_t k = i + 2;
			while (k < s.n && !blank(s.p[k]) && s.p[k] != '?')
				k++;
			if (k + 1 < s.n && s.p[k] == '?' && s.p[k + 1] == '=' && (k == i + 4 || s.p[k - 1] != '='))
				continue;
		}
		return i;
	}
	return all.n;
}

/* At "=?". */
static bool word_at(struct str s, size_t i, struct word *w)
{
	size_t k = i + 2;

	while (k < s.n && k < i + 64 && s.p[k] > ' ' && s.p[k] != '?')
		k++;
	if (k + 2 >= s.n || k == i + 2 || s.p[k] != '?' || s.p[k + 2] != '?')
		return false;
	w->charset = str_n(s.p + i + 2, k - i - 2);
	w->how = (char)(s.p[k + 1] | 32);
	if (w->how != 'q' && w->how != 'b')
		return false;
	k += 3;
	w->end = word_end(s, k, w->how);
	if (w->end == s.n) { /* no end: up to the next white space */
		w->end = k;
		while (w->end < s.n && !blank(s.p[w->end]))
			w->end++;
		w->text = str_n(s.p + k, w->end - k);
		return true;
	}
	w->text = str_n(s.p + k, w->end - k);
	w->end += 2;
	return true;
}

/* The words that follow without more than white space between, of one charset: a character may be split over two. */
struct run {
	struct buf bytes;
	struct str charset;
};

static int run_end(struct run *r, struct buf *out, struct arena *a, unsigned *defects)
{
	bool wrong = false;
	struct str s = charset_utf8(buf_str(&r->bytes), r->charset, a, &wrong);

	*defects |= wrong ? MAIL_CHARSET : 0;
	if (!s.p || r->bytes.failed)
		return -1;
	buf_addstr(out, s);
	buf_reset(&r->bytes);
	return 0;
}

static int word_bytes(struct run *r, const struct word *w, struct arena *a, unsigned *defects)
{
	bool bad = false;
	struct str s = w->how == 'b' ? decode_base64(w->text, a, &bad) : decode_quoted(w->text, true, a, &bad);

	*defects |= bad ? MAIL_ENCODING : 0;
	if (!s.p)
		return -1;
	buf_addstr(&r->bytes, s);
	return 0;
}

static size_t skip_blank(struct str s, size_t i)
{
	while (i < s.n && blank(s.p[i]))
		i++;
	return i;
}

/* All words from i on that belong together; where they end. */
static size_t words(struct str s, size_t i, struct word *w, struct buf *out, struct arena *a, unsigned *defects,
		    int *rc)
{
	struct run r = {.charset = w->charset};
	size_t next;

	buf_init(&r.bytes, s.n + 1);
	do {
		if (!str_ieq(w->charset, r.charset)) {
			*rc |= run_end(&r, out, a, defects);
			r.charset = w->charset;
		}
		*rc |= word_bytes(&r, w, a, defects);
		i = w->end;
		next = skip_blank(s, i);
	} while (next + 1 < s.n && s.p[next] == '=' && s.p[next + 1] == '?' && word_at(s, next, w));
	*rc |= run_end(&r, out, a, defects);
	buf_free(&r.bytes);
	return i;
}

/* No word brings a line end into a header. */
static struct str keep(struct buf *b, struct arena *a)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->p[i] == '\n' || b->p[i] == '\r')
			b->p[i] = ' ';
	struct str s = b->failed ? str_n(NULL, 0) : arena_str(a, buf_str(b));

	buf_free(b);
	return s;
}

struct str header_text(struct str raw, struct arena *a, unsigned *defects)
{
	struct str s = header_unfold(str_n(raw.p, raw.n < TEXT ? raw.n : TEXT), a);
	size_t i = 0;
	int rc = 0;
	struct buf out;
	struct word w;

	if (!s.p || !memmem(s.p, s.n, "=?", 2))
		return s;
	buf_init(&out, s.n * 4 + 64);
	while (i < s.n && !rc) {
		const char *mark = memmem(s.p + i, s.n - i, "=?", 2);
		size_t at = mark ? (size_t)(mark - s.p) : s.n;
		buf_add(&out, s.p + i, at - i);
		if (!mark)
			break;
		if (word_at(s, at, &w)) {
			i = words(s, at, &w, &out, a, defects, &rc);
		} else {
			buf_add(&out, s.p + at, 2);
			i = at + 2;
		}
	}
	if (rc) {
		buf_free(&out);
		return str_n(NULL, 0);
	}
	return keep(&out, a);
}
