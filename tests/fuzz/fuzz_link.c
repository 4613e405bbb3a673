/* Signed links as strangers write them. */
#include <stddef.h>
#include <stdlib.h>

#include "customer/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
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
	return uuid_eq(&id, &read) ? 0 : (abort(), 0);
}
