/* JSON bodies: what reads is written by our writer so that it reads again as the same. */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *doc = NULL, *again = NULL;
	struct json_out j;
	struct err e;
	struct buf b;

	buf_init(&b, 1 << 20);
	json_quote(&b, str_n((const char *)data, size)); /* whatever the bytes are, a quoted string is valid JSON */
	if (!b.failed && !str_utf8_ok(buf_str(&b)))
		abort();
	buf_reset(&b);
	if (json_read(str_n((const char *)data, size), 32, &doc, &e) == 0) {
		json_begin(&j, &b);
		json_value(&j, NULL, doc);
		if (!b.failed && (json_read(buf_str(&b), 32, &again, &e) || !json_equal(doc, again)))
			abort();
	}
	json_decref(doc);
	json_decref(again);
	buf_free(&b);
	return 0;
}
