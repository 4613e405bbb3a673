/* A hostile LMTP client, its bytes in two different cuts: the same mails and the same answers must come of both. */
#include <stdlib.h>
#include <string.h>

#include "email/lmtp_session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct heard {
	struct lmtp_session *s;
	struct buf mails, said;
};

static enum lmtp_taken recipient(void *arg, struct str mailbox)
{
	(void)arg;
	return (enum lmtp_taken)(mailbox.n % 3);
}

static void mail(void *arg, struct str from, const struct str *to, size_t n, struct str raw)
{
	struct heard *h = arg;

	buf_addstr(&h->mails, from);
	for (size_t k = 0; k < n; k++)
		buf_addstr(&h->mails, to[k]);
	buf_addstr(&h->mails, raw);
	lmtp_answer(h->s, (enum lmtp_taken)(raw.n % 3), "said");
}

static void talk(struct heard *h, const uint8_t *data, size_t n, size_t size)
{
	struct lmtp_rules rules = {"mx", 2000, recipient, mail, h};

	buf_init(&h->mails, 1 << 20);
	buf_init(&h->said, 1 << 20);
	h->s = lmtp_new(&rules);
	for (size_t at = 0; h->s && at < n && !lmtp_over(h->s);) {
		struct str said;
		at += lmtp_feed(h->s, (const char *)data + at, n - at < size ? n - at : size);
		said = lmtp_out(h->s);
		buf_addstr(&h->said, said);
		lmtp_written(h->s, said.n);
	}
	lmtp_free(&h->s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct heard whole, pieces;

	if (n > 20000)
		return 0;
	talk(&whole, data, n, n ? n : 1);
	talk(&pieces, data, n, 1 + n % 7);
	if (!str_eq(buf_str(&whole.mails), buf_str(&pieces.mails)) ||
	    !str_eq(buf_str(&whole.said), buf_str(&pieces.said)))
		abort();
	buf_free(&whole.mails);
	buf_free(&whole.said);
	buf_free(&pieces.mails);
	buf_free(&pieces.said);
	return 0;
}
