/* `explain pdu|receipt|sms` on anything: always one valid JSON object. The first byte chooses. */
#include <stdint.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "sms/explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_n((const char *)data + 1, size ? size - 1 : 0);
	struct json_out j;
	json_t *doc = NULL;
	struct buf b;
	char *hex;

	if (size == 0 || size > 4096 || !(hex = malloc(2 * size + 1)))
		return 0;
	crypto_hex(in.p, in.n, hex);
	buf_init(&b, 1 << 20);
	json_begin(&j, &b);
	switch (data[0] % 4) {
	case 0: sms_explain_pdu(in, &j); break;
	case 1: sms_explain_receipt(in, &j); break;
	case 2: sms_explain_text(in, &j); break;
	default: sms_explain_pdu(str_n(hex, 2 * in.n), &j); break;
	}
	if (!b.failed && !(doc = json_loadb(b.p, b.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL)))
		abort();
	json_decref(doc);
	buf_free(&b);
	free(hex);
	return 0;
}
