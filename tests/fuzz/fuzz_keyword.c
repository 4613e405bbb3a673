/* Texts of handsets: any bytes. Folding what was folded must change nothing, and what matches must match again. */
#include <stdlib.h>

#include "intake/keyword.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct keywords *k;
	struct str text = str_n((const char *)data, size);
	char once[KEYWORD_MAX], twice[KEYWORD_MAX];
	struct keyword_hit a, b;
	size_t n, m;

	if (!k && keywords_new("en,de,fr,es,tr,pt,it,nl,pl", &k, NULL))
		abort();
	n = keyword_fold(text, once);
	m = keyword_fold(str_n(once, n), twice);
	if (n != m || memcmp(once, twice, n) != 0)
		abort();
	if (keyword_match(k, text, &a) && (!keyword_match(k, str_n(once, n), &b) || a.word != b.word))
		abort();
	return 0;
}
