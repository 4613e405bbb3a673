/* A mailbox's server that says anything, in pieces of any size; what it sends is answered in every way. */
#include <stdlib.h>

#include "email/imap_session.h"

struct desk {
	struct imap_session *s;
	unsigned n;
	uint32_t held;
};

static void on_mail(void *arg, uint32_t uid, struct str raw)
{
	struct desk *d = arg;

	if (raw.n > 4096)
		abort();
	if (d->n++ % 3 == 0)
		d->held = uid;
	else
		imap_answer(d->s, uid, (enum imap_taken)(d->n % 3));
}

static void on_big(void *arg, uint32_t uid)
{
	struct desk *d = arg;

	d->n += uid;
}

static void on_moved(void *arg, imap_mark mark)
{
	struct desk *d = arg;

	if (mark >> 32 == 0)
		abort();
	imap_kept(d->s, d->n++ % 8 != 0);
}

static void on_refused(void *arg, const char *text)
{
	struct desk *d = arg;

	d->n += (unsigned char)text[0];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct desk d = {.n = n ? data[0] : 0};
	struct imap_rules rules = {.mailbox = "INBOX",
				   .move_to = d.n & 1 ? "Done" : NULL,
				   .first = (enum imap_first)(d.n / 2 % 3),
				   .since = "1-Feb-2024",
				   .mark = d.n & 8 ? (imap_mark)7 << 32 | 10 : 0,
				   .size = 4096,
				   .mail = on_mail,
				   .too_big = on_big,
				   .moved = on_moved,
				   .refused = on_refused,
				   .arg = &d};

	d.s = imap_session_new(&rules);
	if (!d.s)
		return 0;
	for (size_t at = n ? 1 : 0; at < n;) {
		size_t piece = 1 + data[at] % 64u;
		if (piece > n - at)
			piece = n - at;
		imap_feed(d.s, (const char *)data + at, piece);
		imap_written(d.s, imap_out(d.s).n);
		at += piece;
		if (d.held && d.n % 2)
			imap_answer(d.s, d.held, IMAP_TAKEN);
	}
	imap_end(d.s);
	imap_session_free(&d.s);
	return 0;
}
