/* Lines of a hostile Asterisk; what is made of texts on their way to it must stay one argument of one line. */
#include <stdlib.h>

#include "ivr/agi_line.h"
#include "ivr/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void one_line(struct str text)
{
	struct agi_reply r;
	struct str name, v;

	if (agi_env(text, &name, &v) && (name.n == 0 || name.n + v.n > text.n))
		abort();
	if (agi_reply_parse(text, &r) && r.extra.n > text.n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str s = str_n((const char *)data, n);
	struct buf b, plain;
	size_t at = 0;

	for (size_t k = 0; k <= n; k++)
		if (k == n || s.p[k] == '\n') {
			one_line(str_n(s.p + at, k - at));
			at = k + 1;
		}
	buf_init(&b, 1 << 20);
	buf_init(&plain, 1 << 20);
	agi_plain(&plain, s);
	agi_arg(&b, buf_str(&plain));
	if (b.n < 3 || b.p[0] != ' ' || b.p[1] != '"' || b.p[b.n - 1] != '"' || memchr(b.p, '\n', b.n) ||
	    memchr(b.p + 2, '"', b.n - 3))
		abort();
	buf_reset(&b);
	form_put(&b, "f", s);
	if (!form_get(buf_str(&b), "f", &plain) || !str_eq(buf_str(&plain), s))
		abort();
	form_get(s, "f", &plain);
	buf_free(&b);
	buf_free(&plain);
	return 0;
}
