#include "email/imap_session.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

struct run { /* of what is not printable ASCII: UTF-16 in base64, between "&" and "-" */
	bool open;
	uint32_t bits;
	int n;
};

static void add_unit(struct run *r, uint32_t unit, struct buf *out)
{
	if (!r->open)
		buf_addc(out, '&');
	r->open = true;
	r->bits = r->bits << 16 | unit;
	for (r->n += 16; r->n >= 6; r->n -= 6)
		buf_addc(out, letters[r->bits >> (r->n - 6) & 63]);
	r->bits &= 63;
}

static void close_run(struct run *r, struct buf *out)
{
	if (r->open && r->n)
		buf_addc(out, letters[r->bits << (6 - r->n) & 63]);
	if (r->open)
		buf_addc(out, '-');
	*r = (struct run){.open = false};
}

void imap_name_write(struct str utf8, struct buf *out)
{
	struct run r = {.open = false};

	for (size_t i = 0; i < utf8.n;) {
		uint32_t c = str_next(utf8, &i);
		if (c >= ' ' && c < 127) {
			close_run(&r, out);
			buf_addc(out, (char)c);
			if (c == '&')
				buf_addc(out, '-');
		} else if (c < 0x10000) {
			add_unit(&r, c, out);
		} else {
			add_unit(&r, 0xd800 + ((c - 0x10000) >> 10), out);
			add_unit(&r, 0xdc00 + ((c - 0x10000) & 0x3ff), out);
		}
	}
	close_run(&r, out);
}
