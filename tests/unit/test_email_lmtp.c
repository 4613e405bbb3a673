#include <criterion/criterion.h>
#include <stdio.h>

#include "email/lmtp_session.h"
#include "email/trust.h"

struct heard {
	struct lmtp_session *s;
	int mails;
	char raw[4096], from[400], to[400];
	size_t raw_n, to_n;
	bool answer_at_once;
	enum lmtp_taken taken;
};

static enum lmtp_taken recipient(void *arg, struct str mailbox)
{
	(void)arg;
	return str_is(mailbox, "full@x.example")     ? LMTP_LATER
	       : str_is(mailbox, "nobody@x.example") ? LMTP_UNKNOWN
						     : LMTP_OK;
}

static void mail(void *arg, struct str from, const struct str *to, size_t n, struct str raw)
{
	struct heard *h = arg;

	h->mails++;
	snprintf(h->from, sizeof h->from, "%.*s", (int)from.n, from.p);
	snprintf(h->to, sizeof h->to, "%.*s", (int)to[0].n, to[0].p);
	h->to_n = n;
	h->raw_n = raw.n < sizeof h->raw ? raw.n : sizeof h->raw;
	memcpy(h->raw, raw.p, h->raw_n);
	if (h->answer_at_once)
		lmtp_answer(h->s, h->taken, "said");
}

static struct lmtp_rules rules = {.hello = "mx.example", .size = 3000, .recipient = recipient, .mail = mail};

static void open_session(struct heard *h)
{
	*h = (struct heard){.answer_at_once = true};
	rules.arg = h;
	h->s = lmtp_new(&rules);
	cr_assert(h->s);
	cr_assert(str_is(lmtp_out(h->s), "220 mx.example LMTP\r\n"));
	lmtp_written(h->s, lmtp_out(h->s).n);
}

/* Feeds the text in pieces of `size`, writes the codes of the answers, one after the other. */
static const char *codes(struct heard *h, const char *text, size_t n, size_t size)
{
	static char out[2000];
	struct str said;
	size_t used = 0;

	for (size_t at = 0; at < n;) {
		size_t piece = n - at < size ? n - at : size, got = lmtp_feed(h->s, text + at, piece);
		at += got;
		if (!got)
			break;
	}
	said = lmtp_out(h->s);
	for (size_t k = 0; k + 4 <= said.n && used + 5 < sizeof out;) {
		const char *end = memchr(said.p + k, '\n', said.n - k);
		if (said.p[k + 3] == ' ')
			used += (size_t)snprintf(out + used, sizeof out - used, "%.3s ", said.p + k);
		k = end ? (size_t)(end - said.p) + 1 : said.n;
	}
	out[used] = 0;
	lmtp_written(h->s, said.n);
	return out;
}

#define HELLO "LHLO a\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n"

Test(email_lmtp, a_mail_whole_and_in_every_piece)
{
	static const char text[] = HELLO "Subject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n";

	for (size_t size = 1; size < sizeof text; size++) {
		struct heard h;
		open_session(&h);
		cr_expect_str_eq(codes(&h, text, sizeof text - 1, size), "250 250 250 354 250 221 ", "pieces of %zu",
				 size);
		cr_expect(h.mails == 1 && lmtp_over(h.s));
		cr_expect(str_is(str_n(h.raw, h.raw_n), "Subject: x\r\n\r\n.dot\r\n"));
		cr_expect_str_eq(h.from, "a@x.example");
		lmtp_free(&h.s);
	}
}

Test(email_lmtp, each_recipient_has_its_own_answer)
{
	static const char text[] = "LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@x.example>\r\nRCPT TO:<nobody@x.example>\r\n"
				   "RCPT TO:<full@x.example>\r\nRCPT TO:<c@x.example>\r\nDATA\r\nx\r\n.\r\n";
	struct heard h;

	open_session(&h);
	h.taken = LMTP_LATER;
	cr_expect_str_eq(codes(&h, text, sizeof text - 1, 4000), "250 250 250 550 452 250 354 451 451 ");
	cr_expect(h.to_n == 2 && h.from[0] == 0);
	lmtp_free(&h.s);
}

/* What ends a mail for one reader and not for another lets a second mail be smuggled in. */
Test(email_lmtp, only_cr_lf_dot_cr_lf_ends_a_mail)
{
	static const char *const bodies[] = {"a\n.\nMAIL FROM:<evil@x>\r\n", "a\n.\r\nMAIL FROM:<evil@x>\r\n",
					     "a\r.\rMAIL FROM:<evil@x>\r\n", "a\r\n.\nMAIL FROM:<evil@x>\r\n",
					     "a\r\n.\rMAIL FROM:<evil@x>\r\n"};

	for (size_t k = 0; k < sizeof bodies / sizeof *bodies; k++) {
		struct heard h;
		char text[400];
		int n = snprintf(text, sizeof text, HELLO "%s.\r\n", bodies[k]);
		open_session(&h);
		cr_expect_str_eq(codes(&h, text, (size_t)n, 4000), "250 250 250 354 250 ", "%zu", k);
		cr_expect(h.mails == 1 && memmem(h.raw, h.raw_n, "evil", 4));
		lmtp_free(&h.s);
	}
}

Test(email_lmtp, commands_end_in_cr_lf_and_come_in_order)
{
	static const char text[] = "LHLO a\nMAIL FROM:<a@x>\r\nEHLO a\r\nLHLO\r\nLHLO a\r\nRCPT TO:<b@x>\r\nDATA\r\n"
				   "MAIL FROM:a@x\r\nMAIL FROM:<a@x> SIZE=99999\r\nMAIL FROM:<a@x> FOO=1\r\n"
				   "MAIL FROM:<@r.example:a@x> BODY=8BITMIME SMTPUTF8 SIZE=10\r\nMAIL FROM:<b@x>\r\n"
				   "RCPT TO:<>\r\nRSET\r\nRCPT TO:<b@x>\r\nNOOP x\r\nVRFY y\r\nHELP\r\n";
	struct heard h;

	open_session(&h);
	cr_expect_str_eq(codes(&h, text, sizeof text - 1, 4000),
			 "500 503 500 501 250 503 503 501 552 555 250 503 501 250 503 250 252 500 ");
	lmtp_free(&h.s);
}

Test(email_lmtp, waits_for_the_answer_and_takes_nothing_meanwhile)
{
	static const char first[] = HELLO "one\r\n.\r\n", next[] = "MAIL FROM:<c@x>\r\n";
	struct heard h;

	open_session(&h);
	h.answer_at_once = false;
	cr_expect_str_eq(codes(&h, first, sizeof first - 1, 4000), "250 250 250 354 ");
	cr_expect(lmtp_waits(h.s));
	cr_expect_eq(lmtp_feed(h.s, next, sizeof next - 1), 0);
	lmtp_answer(h.s, LMTP_UNKNOWN, "not\r\n250 wanted");
	cr_expect_str_eq(codes(&h, next, sizeof next - 1, 4000), "550 250 ", "an answer is one line");
	lmtp_free(&h.s);
}

Test(email_lmtp, too_big_is_read_to_its_end)
{
	char text[8000] = HELLO;
	size_t n = strlen(text);
	struct heard h;

	memset(text + n, 'x', 5000);
	memcpy(text + n + 5000, "\r\n.\r\nNOOP\r\n", 11);
	open_session(&h);
	cr_expect_str_eq(codes(&h, text, n + 5011, 700), "250 250 250 354 552 250 ");
	cr_expect_eq(h.mails, 0);
	lmtp_free(&h.s);
}

Test(email_lmtp, nonsense_has_an_end)
{
	static char text[60000];
	struct heard h;

	memset(text, 'z', sizeof text);
	for (size_t k = 99; k < sizeof text; k += 100)
		text[k] = '\n';
	open_session(&h);
	cr_expect_eq(lmtp_feed(h.s, text, sizeof text), sizeof text);
	cr_expect(lmtp_over(h.s));
	lmtp_free(&h.s);
}

static enum mail_trust trust(const char *from, const char *results)
{
	struct mail_address who = {.address = str_of(from)};
	struct str values[] = {STR("mx.stranger.example; dmarc=pass"), str_of(results)};
	struct mail m = {.from = {&who, 1}, .authentication_results = {values, 2}};

	return mail_trust(&m, "mx.shop.example");
}

Test(email_trust, only_our_server_and_only_for_the_senders_domain)
{
	cr_expect_eq(trust("a@x.example", "mx.shop.example; dkim=pass header.d=x.example"), MAIL_VERIFIED);
	cr_expect_eq(trust("a@sub.x.example", "mx.shop.example 1; dkim=pass (ok; good) header.d=x.example"),
		     MAIL_VERIFIED);
	cr_expect_eq(trust("a@x.example", "MX.shop.example; spf=pass; dkim=pass header.i=@x.example"), MAIL_VERIFIED);
	cr_expect_eq(trust("a@x.example", "mx.shop.example; dmarc=pass (p=none) header.from=x.example"), MAIL_VERIFIED);
	cr_expect_eq(trust("a@x.example", "mx.shop.example; dkim=pass header.d=sub.x.example"), MAIL_UNVERIFIED);
	cr_expect_eq(trust("a@x.example", "mx.shop.example; dkim=pass header.d=ax.example"), MAIL_UNVERIFIED);
	cr_expect_eq(trust("a@bx.example", "mx.shop.example; dkim=pass header.d=x.example"), MAIL_UNVERIFIED);
	cr_expect_eq(trust("a@x.example", "mx.shop.example; dkim=fail (dmarc=pass) header.d=x.example"),
		     MAIL_UNVERIFIED);
	cr_expect_eq(trust("a@x.example", "mx.shop.example; none"), MAIL_UNVERIFIED);
	cr_expect_eq(trust("a@example", "mx.shop.example; dkim=pass header.d=example"), MAIL_UNVERIFIED,
		     "no public suffix");
	cr_expect_eq(trust("a@x.example", "mx.shop.example.evil; dmarc=pass"), MAIL_UNCHECKED);
}
