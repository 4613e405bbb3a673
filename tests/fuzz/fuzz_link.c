/* Signed links as strangers write them. */
#include <stddef.h>
#include <stdlib.h>

#include "customer/link.h"
#include "outbound/links.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Texts with links that are to be replaced: every code that is put in is one of ours. */
static void replace(struct str secret, struct str text)
{
	struct links l = {.secret = secret, .public_url = "https://x.example"};
	struct arena *a = arena_new(4 << 20);

	if (!a)
		return;
	links_in_text(&l, a, text);
	links_in_html(&l, a, text);
	for (size_t k = 0; k < l.n; k++)
		if (!link_code_good(secret, str_of(l.v[k].code)))
			abort();
	if (link_code_good(secret, text) && text.n != LINK_CODE - 1)
		abort();
	arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct str secret = STR("0123456789abcdef0123456789abcdef");
	struct uuid id = {{0}}, read = {{0}};
	char text[LINK_TEXT];

	if (link_read(secret, LINK_PREFERENCES, str_n((const char *)data, n), 1, &read) == LINK_GOOD && n > 60)
		abort();
	for (size_t k = 0; k < n && k < sizeof id.b; k++)
		id.b[k] = data[k];
	link_sign(secret, LINK_PREFERENCES, &id, (int64_t)n * 2, text);
	if (link_read(secret, LINK_PREFERENCES, str_of(text), (int64_t)n, &read) != LINK_GOOD)
		abort();
	if (!uuid_eq(&id, &read))
		abort();
	replace(secret, str_n((const char *)data, n));
	return 0;
}
