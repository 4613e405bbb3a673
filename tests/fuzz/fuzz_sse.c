/* Event streams: cut in two anywhere they say the same as whole. */
#include <stdint.h>
#include <stdlib.h>

#include "cli/sse.h"

static void note(void *arg, const char *id, const char *event, struct str data)
{
	buf_addf(arg, "%s|%s|%zu;", id, event, data.n);
}

static bool run(const uint8_t *data, size_t size, size_t cut, struct buf *out)
{
	struct sse s;
	bool ok;

	sse_init(&s, 256, note, out);
	ok = sse_feed(&s, str_n((const char *)data, cut)) && sse_feed(&s, str_n((const char *)data + cut, size - cut));
	sse_free(&s);
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole, cut;

	buf_init(&whole, 1 << 20);
	buf_init(&cut, 1 << 20);
	if (run(data, size, size, &whole) != run(data, size, size ? data[0] % size : 0, &cut) ||
	    !str_eq(buf_str(&whole), buf_str(&cut)))
		abort();
	buf_free(&whole);
	buf_free(&cut);
	return 0;
}
