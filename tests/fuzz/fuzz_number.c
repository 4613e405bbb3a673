/* Addresses of any channel from any bytes: what comes out is short, clean and stays itself when parsed again. */
#include <stdlib.h>

#include "model/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const regions[] = {"DE", "US", "BR", "AR", "MX", "IT", "", NULL};
	struct address a, again;
	struct err e = {0};

	if (size < 1 || size > 4096)
		return 0;
	const char *region = regions[data[0] & 7];
	enum channel channel = (enum channel)((data[0] >> 3) % CHANNEL_COUNT);
	struct str text = str_n((const char *)data + 1, size - 1);

	if (address_parse(channel, text, region, &a, &e) == 0) {
		if (strlen(a.value) == 0 || !str_utf8_ok(str_of(a.value)))
			abort();
		if (a.scheme == SCHEME_SHORT && strspn(a.value, "0123456789") != strlen(a.value))
			abort();
		enum channel own = a.scheme == SCHEME_SIP ? CHANNEL_IVR : channel_of_scheme(a.scheme);
		if (a.scheme != SCHEME_SHORT && (address_parse(own, str_of(a.value), region, &again, &e) ||
						 again.scheme != a.scheme || strcmp(again.value, a.value) != 0))
			abort();
	} else if (e.kind == ERR_NONE || !e.code[0]) {
		abort();
	}
	return 0;
}
