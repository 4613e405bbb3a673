#include "store/fulltext_words.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

enum { WORDS = 15000, DECOMPOSED = 20 };

static bool is_mark(UChar32 c)
{
	int8_t t = u_charType(c);
	return t == U_NON_SPACING_MARK || t == U_ENCLOSING_MARK || t == U_COMBINING_SPACING_MARK;
}

static bool in_word(UChar32 c) { return u_isalnum(c) || u_charType(c) == U_PRIVATE_USE_CHAR; }

static void add(UChar32 c, char out[FULLTEXT_WORD], size_t *n)
{
	c = u_foldCase(c, U_FOLD_CASE_DEFAULT);
	if (*n + U8_MAX_LENGTH <= FULLTEXT_WORD)
		U8_APPEND_UNSAFE(out, *n, c);
}

/* Without its accents, without its case. */
static void fold(const UNormalizer2 *nfd, UChar32 c, char out[FULLTEXT_WORD], size_t *n)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar parts[DECOMPOSED];
	int32_t len = c < 0x80 || !nfd ? -1 : unorm2_getDecomposition(nfd, c, parts, DECOMPOSED, &status);
	UChar32 part;

	if (len < 0 || U_FAILURE(status)) {
		add(c, out, n);
		return;
	}
	for (int32_t i = 0; i < len;) {
		U16_NEXT(parts, i, len, part);
		if (!is_mark(part))
			add(part, out, n);
	}
}

bool fulltext_word(struct str text, size_t *i, char out[FULLTEXT_WORD], size_t *n)
{
	UErrorCode status = U_ZERO_ERROR;
	const UNormalizer2 *nfd = unorm2_getNFDInstance(&status);

	*n = 0;
	if (U_FAILURE(status))
		nfd = NULL;
	while (*i < text.n) {
		UChar32 c = (UChar32)str_next(text, i);
		if (in_word(c))
			fold(nfd, c, out, n);
		else if (*n && !is_mark(c))
			return true;
	}
	return *n > 0;
}

void fulltext_vector(struct str text, struct buf *out)
{
	char word[FULLTEXT_WORD];
	size_t i = 0, n;

	for (int at = 1; at <= WORDS && out->n + FULLTEXT_WORD + 16 < out->max && fulltext_word(text, &i, word, &n);
	     at++) {
		buf_addc(out, '\'');
		buf_add(out, word, n);
		buf_addf(out, "':%d ", at);
	}
}

bool fulltext_run(struct str words, size_t *i, struct str *run)
{
	static const char breaks[] = " \t\r\n\"'()*:^,;.!?/\\[]{}<>|&~`=";
	size_t start;

	while (*i < words.n && (words.p[*i] == 0 || strchr(breaks, words.p[*i])))
		++*i;
	start = *i;
	while (*i < words.n && words.p[*i] != 0 && !strchr(breaks, words.p[*i]))
		++*i;
	*run = str_n(words.p + start, *i - start);
	return run->n > 0;
}

void fulltext_tsquery(struct str words, struct buf *out)
{
	char word[FULLTEXT_WORD];
	size_t i = 0, k, n;
	struct str run;
	bool first;

	while (fulltext_run(words, &i, &run)) {
		for (k = 0, first = true; fulltext_word(run, &k, word, &n); first = false) {
			if (out->n)
				buf_adds(out, first ? " & " : " <-> ");
			buf_addf(out, "'%.*s'", (int)n, word);
		}
	}
	if (out->n)
		buf_adds(out, ":*");
}
