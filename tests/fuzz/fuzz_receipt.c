/* A receipt text of any bytes: what is found lies within it, states and times are sane. */
#include <stdlib.h>

#include "sms/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(struct str s, struct str whole)
{
	if (s.p && s.n && (s.p < whole.p || s.p + s.n > whole.p + whole.n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct receipt_text r;

	receipt_parse(text, &r);
	within(r.id, text);
	within(r.stat, text);
	within(r.err, text);
	if (r.state < 0 || r.state > 8 || r.done_at < 0 || (r.is_receipt && (!r.id.n || !r.stat.n)))
		abort();
	if (!receipt_state_word(r.state) || receipt_status(r.state) == STATUS_NONE)
		abort();
	return 0;
}
