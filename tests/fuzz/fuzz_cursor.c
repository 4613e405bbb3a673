/* The opaque cursor comes from the client: any bytes. What is taken must be what we would have given. */
#include <stdlib.h>

#include "timeline/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = str_n((const char *)data, size);
	char t[CURSOR_TEXT];
	struct cursor c;

	if (cursor_parse(s, &c) && !str_eq(s, str_n(t, cursor_text(&c, t))))
		abort();
	return 0;
}
