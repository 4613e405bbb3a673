/* What is visible of a mail has no blank around it, and is lines of the mail in their order, with nothing added. */
#include <stdlib.h>

#include "email/visible.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_n((const char *)data, size), rest = text, got;
	struct arena *a = arena_new(64 << 20);

	if (!a)
		return 0;
	got = mail_visible(text, a);
	if (got.n > text.n || str_trim(got).n != got.n)
		abort();
	for (size_t i = 0; i < got.n;) {
		const char *lf = memchr(got.p + i, '\n', got.n - i), *found;
		size_t n = lf ? (size_t)(lf - got.p) - i : got.n - i;
		found = n ? memmem(rest.p, rest.n, got.p + i, n) : rest.p;
		if (!found)
			abort();
		rest = str_n(found + n, (size_t)(rest.p + rest.n - found) - n);
		i += n + 1;
	}
	arena_free(&a);
	return 0;
}
