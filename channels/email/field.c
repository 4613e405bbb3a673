#include "email/field.h"

#include "base/crypto.h"

enum { COLUMNS = 76, ENCODED_BYTES = 42, WORD_MAX = 800 };

static int invalid(struct err *err, const char *name)
{
	return err_set(err, ERR_SEMANTIC, "header_invalid", name, "%s: a line break or NUL in it", name);
}

bool field_one_line(struct str s)
{
	return !s.n || !(memchr(s.p, '\r', s.n) || memchr(s.p, '\n', s.n) || memchr(s.p, 0, s.n));
}

bool field_token_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 127)
			return false;
	return s.n > 0;
}

bool field_ids_ok(struct str s)
{
	size_t i = 0, n = 0;

	while (i < s.n) {
		size_t from = i;
		while (i < s.n && s.p[i] != ' ')
			i++;
		if (i - from < 5 || s.p[from] != '<' || s.p[i - 1] != '>' || !memchr(s.p + from, '@', i - from) ||
		    !field_token_ok(str_n(s.p + from, i - from)) || memchr(s.p + from + 1, '<', i - from - 1) ||
		    memchr(s.p + from, '>', i - from - 1))
			return false;
		n++;
		while (i < s.n && s.p[i] == ' ')
			i++;
	}
	return n > 0;
}

/* ---- lines ---- */

struct line {
	struct buf *out;
	size_t column;
};

static void begin(struct line *l, struct buf *out, const char *name)
{
	l->out = out;
	l->column = strlen(name) + 1;
	buf_adds(out, name);
	buf_addc(out, ':');
}

/* A word after its space: on this line if it fits, else on the next. The first may stand alone on a long line: a field's
 * first line must not be blank. */
static void put_word(struct line *l, struct str word, bool first)
{
	if (!first && l->column + 1 + word.n > COLUMNS) {
		buf_adds(l->out, "\r\n");
		l->column = 0;
	}
	buf_addc(l->out, ' ');
	buf_addstr(l->out, word);
	l->column += 1 + word.n;
}

static void end(struct line *l) { buf_adds(l->out, "\r\n"); }

/* ---- encoded words ---- */

/* Can a word stand as it is? What looks like an encoded word cannot. */
static bool is_plain(struct str word)
{
	return word.n <= WORD_MAX && field_token_ok(word) && !memmem(word.p, word.n, "=?", 2);
}

/* Whole characters, up to ENCODED_BYTES of them. */
static size_t stretch(struct str s, size_t from)
{
	size_t i = from, last = from;

	while (i < s.n) {
		str_next(s, &i);
		if (i - from > ENCODED_BYTES)
			break;
		last = i;
	}
	return last - from;
}

/* Invalid UTF-8 becomes U+FFFD, three bytes for one: the room allows for it. */
static void put_encoded(struct line *l, struct str s, bool *first)
{
	for (size_t at = 0, n; at < s.n; at += n) {
		char clean[3 * ENCODED_BYTES + 8], base64[4 * ENCODED_BYTES + 16], word[4 * ENCODED_BYTES + 40];
		struct buf b = {.p = clean, .cap = sizeof clean, .max = sizeof clean - 1};
		struct buf w = {.p = word, .cap = sizeof word, .max = sizeof word - 1};
		n = stretch(s, at);
		for (size_t i = at; i < at + n;)
			buf_add_utf8(&b, str_next(str_n(s.p, at + n), &i));
		buf_adds(&w, "=?UTF-8?B?");
		buf_add(&w, base64, crypto_b64(base64, clean, b.n));
		buf_adds(&w, "?=");
		put_word(l, buf_str(&w), *first);
		*first = false;
	}
}

static size_t word_end(struct str s, size_t i)
{
	while (i < s.n && s.p[i] != ' ')
		i++;
	return i;
}

/* From the first to the last word that needs it, all are one encoded stretch: spaces between encoded words do not count
 * when they are read (RFC 2047 section 6.2), and doubled spaces would be lost. */
static void put_text(struct line *l, struct str s)
{
	size_t from = s.n, to = 0, i;
	bool first = true;

	for (i = 0; i < s.n;) {
		size_t e = word_end(s, i);
		if (e == i || !is_plain(str_n(s.p + i, e - i))) {
			from = i < from ? i : from;
			to = e == i ? word_end(s, i + 1) : e; /* a doubled space goes with the word behind it */
		}
		i = e + 1;
	}
	for (i = 0; i < s.n && i < from;) {
		size_t e = word_end(s, i);
		put_word(l, str_n(s.p + i, e - i), first);
		first = false;
		i = e + 1;
	}
	if (from < to)
		put_encoded(l, str_n(s.p + from, to - from), &first);
	for (i = from < to ? to + 1 : s.n; i < s.n;) {
		size_t e = word_end(s, i);
		put_word(l, str_n(s.p + i, e - i), first);
		first = false;
		i = e + 1;
	}
}

int field_text(struct buf *out, const char *name, struct str value, struct err *err)
{
	struct line l;

	if (!field_one_line(value))
		return invalid(err, name);
	value = str_trim(value);
	begin(&l, out, name);
	put_text(&l, value);
	if (!value.n)
		buf_addc(out, ' ');
	end(&l);
	return 0;
}

int field_words(struct buf *out, const char *name, struct str value, struct err *err)
{
	struct line l;
	bool first = true;

	if (!field_one_line(value))
		return invalid(err, name);
	begin(&l, out, name);
	for (size_t i = 0; i < value.n;) {
		size_t e = word_end(value, i);
		if (e > i) {
			put_word(&l, str_n(value.p + i, e - i), first);
			first = false;
		}
		i = e + 1;
	}
	end(&l);
	return 0;
}

/* ---- mailboxes ---- */

/* Words of letters and digits need no quotes; other ASCII is quoted; all else is encoded as a whole (section 5, (3)). */
static bool needs_quotes(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' '))
			return true;
	}
	return false;
}

static void put_display(struct line *l, struct str s)
{
	bool first = true, ascii = s.n < COLUMNS;

	for (size_t i = 0; i < s.n && ascii; i++)
		ascii = s.p[i] >= ' ' && s.p[i] < 127;
	if (!ascii || memmem(s.p, s.n, "=?", 2)) {
		put_encoded(l, s, &first);
		return;
	}
	buf_addc(l->out, ' ');
	if (!needs_quotes(s)) {
		buf_addstr(l->out, s);
	} else {
		buf_addc(l->out, '"');
		for (size_t i = 0; i < s.n; i++) {
			if (s.p[i] == '"' || s.p[i] == '\\')
				buf_addc(l->out, '\\');
			buf_addc(l->out, s.p[i]);
		}
		buf_addc(l->out, '"');
	}
	l->column += s.n + 3;
}

int field_mailbox(struct buf *out, const char *name, struct str display, struct str mailbox, struct err *err)
{
	struct line l;

	display = str_trim(display);
	if (!field_one_line(display) || !field_one_line(mailbox) || !mailbox.n)
		return invalid(err, name);
	for (size_t i = 0; i < mailbox.n; i++)
		if ((unsigned char)mailbox.p[i] < ' ' || mailbox.p[i] == 127 || mailbox.p[i] == '<' ||
		    mailbox.p[i] == '>')
			return err_set(err, ERR_SEMANTIC, "header_invalid", name, "%s: that is no mailbox", name);
	begin(&l, out, name);
	if (display.n) {
		put_display(&l, display);
		if (l.column + mailbox.n + 3 > COLUMNS)
			buf_adds(out, "\r\n");
		buf_adds(out, " <");
	} else {
		buf_addc(out, ' ');
	}
	buf_addstr(out, mailbox);
	if (display.n)
		buf_addc(out, '>');
	end(&l);
	return 0;
}
