#include <criterion/criterion.h>
#include <stdio.h>

#include "email/parse.h"

static struct arena *a;

static void begin(void) { a = arena_new(64 << 20); }
static void end(void) { arena_free(&a); }

static struct mail parsed(const char *raw)
{
	struct mail m;
	struct err e = {0};

	cr_assert_eq(mail_parse(str_of(raw), NULL, a, &m, &e), 0);
	return m;
}

static void is(struct str got, const char *want)
{
	cr_expect(str_is(got, want), "\"%.*s\" is not \"%s\"", (int)got.n, got.p, want);
}

TestSuite(email_classify, .init = begin, .fini = end);

#define REPORT                                                                                               \
	"From: MAILER-DAEMON@mx.example\nTo: us@sender.example\nSubject: Delivery Status Notification\n"     \
	"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nA report.\n--b\n" \
	"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\nOriginal-Envelope-Id: env-1\n\n"
#define RETURNED                                                                                      \
	"\n--b\nContent-Type: text/rfc822-headers\n\nReturn-Path: <b+1@sender.example>\nMessage-ID: " \
	"<m1@sender.example>\n"                                                                       \
	"X-Ours: 7\nTo: kim@shop.example\n--b--\n"

Test(email_classify, delivery_reports)
{
	struct mail m = parsed(
		REPORT "Original-Recipient: rfc822; kim@shop.example\nFinal-Recipient: rfc822;<k@inner.example>\n"
		       "Action: failed\nStatus: 5.0.0 (permanent)\nDiagnostic-Code: smtp; 550-5.1.1 no\n such user\n\n"
		       "Final-Recipient: rfc822; roe@shop.example\nAction: delayed\nStatus: 4.4.1\n" RETURNED);

	cr_expect_eq(m.class, MAIL_BOUNCE);
	cr_assert_eq(m.n_recipients, 2);
	is(m.recipients[0].address, "k@inner.example");
	is(m.recipients[0].alias, "kim@shop.example");
	cr_expect_str_eq(m.recipients[0].status, "5.1.1");
	cr_expect_eq(m.recipients[0].reply, 550);
	cr_expect_eq(m.recipients[0].bounce, MAIL_BOUNCE_HARD);
	is(m.recipients[0].diagnostic, "550-5.1.1 no such user");
	cr_expect(m.recipients[1].delayed);
	cr_expect_eq(m.recipients[1].bounce, MAIL_BOUNCE_SOFT);
	is(m.original.envelope_id, "env-1");
	is(m.original.message_id, "m1@sender.example");
	is(m.original.return_path, "b+1@sender.example");
	cr_expect_eq(m.original.fields.n, 4);
}

Test(email_classify, what_is_not_over_is_a_delay_and_what_arrived_is_no_bounce)
{
	struct mail m =
		parsed(REPORT "Final-Recipient: rfc822; kim@shop.example\nAction: delayed\nStatus: 4.4.7\n" RETURNED);

	cr_expect_eq(m.class, MAIL_DELAY);
	m = parsed(REPORT "Final-Recipient: rfc822; kim@shop.example\nAction: delivered\nStatus: 2.1.5\n" RETURNED);
	cr_expect_eq(m.class, MAIL_AUTO_REPLY);
	cr_assert_eq(m.n_recipients, 1);
	cr_expect_eq(m.recipients[0].bounce, MAIL_BOUNCE_NONE);
	cr_expect_str_eq(m.recipients[0].reason, "delivered");
}

Test(email_classify, complaints)
{
	struct mail m =
		parsed("From: fbl@isp.example\nSubject: FW: news\n"
		       "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nSpam.\n--b\n"
		       "Content-Type: message/feedback-report\n\nFeedback-Type: Abuse\nUser-Agent: x\n"
		       "Original-Rcpt-To: <kim@shop.example>\nOriginal-Mail-From: <b+1@sender.example>\n" RETURNED);

	cr_expect_eq(m.class, MAIL_COMPLAINT);
	cr_assert_eq(m.n_recipients, 1);
	is(m.recipients[0].address, "kim@shop.example");
	cr_expect_str_eq(m.recipients[0].reason, "complaint");
	is(m.original.feedback_type, "abuse");
	is(m.original.message_id, "m1@sender.example");
	m = parsed("From: fbl@isp.example\nSubject: x\nContent-Type: multipart/report; boundary=b\n\n--b\n"
		   "Content-Type: message/feedback-report\n\nFeedback-Type: not-spam\nOriginal-Rcpt-To: "
		   "<kim@shop.example>\n--b--\n");
	cr_expect_neq(m.class, MAIL_COMPLAINT);
	cr_expect_eq(m.n_recipients, 0);
}

Test(email_classify, notifications_in_json)
{
	struct mail m = parsed(
		"From: no-reply@sns.amazonaws.com\nSubject: AWS Notification Message\n\n"
		"{\"notificationType\":\"Bounce\",\"bounce\":{\"bounceType\":\"Permanent\",\"bouncedRecipients\":[{"
		"\"emailAddress\":"
		"\"kim@shop.example\",\"action\":\"failed\",\"status\":\"5.1.1\",\"diagnosticCode\":\"smtp; 550 "
		"5.1.1\n  no\"}]},"
		"\"mail\":{\"source\":\"b+1@sender.example\",\"messageId\":\"x\",\"commonHeaders\":{\"messageId\":"
		"\"<m1@sender.example>\"}}}\n\n--\nunsubscribe\n");

	cr_expect_eq(m.class, MAIL_BOUNCE);
	cr_assert_eq(m.n_recipients, 1);
	cr_expect_eq(m.recipients[0].bounce, MAIL_BOUNCE_HARD);
	is(m.original.message_id, "m1@sender.example");
	is(m.original.return_path, "b+1@sender.example");
}

Test(email_classify, automatic_replies)
{
	static const char *const robots[] = {
		"Auto-Submitted: auto-replied (vacation)\nSubject: Re: hello\n",
		"Auto-Submitted: auto-generated\nSubject: notice\n",
		"X-Autoreply: yes\nSubject: x\n",
		"Precedence: auto_reply\nSubject: x\n",
		"X-Auto-Response-Suppress: OOF, AutoReply\nSubject: x\n",
		"Subject: Automatic reply: hello\n",
		"Subject: =?utf-8?Q?R=C3=A9ponse_automatique?= : hello\n",
		"Subject: Abwesenheitsnotiz: hallo\n",
		"Subject: Re: Out of Office: hello\nPrecedence: bulk\n",
		"Return-Path: <>\nSubject: hello\n",
		"Content-Type: multipart/report; report-type=disposition-notification; boundary=b\nSubject: Read: x\n",
	};
	char raw[400];

	for (size_t i = 0; i < sizeof robots / sizeof *robots; i++) {
		struct mail m;
		snprintf(raw, sizeof raw, "From: kim@shop.example\nTo: us@sender.example\n%s\nI am away.\n", robots[i]);
		m = parsed(raw);
		cr_expect_eq(m.class, MAIL_AUTO_REPLY, "%s", robots[i]);
	}
}

Test(email_classify, people_are_people)
{
	static const char *const people[] = {
		"Subject: Re: hello\n\nYour mail could not be delivered to the shop, user unknown?\n",
		"Subject: Fwd: Undelivered Mail Returned to Sender\nReferences: <a@b>\n\n> <x@y.example>: 550 5.1.1 "
		"user unknown\n",
		"Subject: My vacation\n\nOut of the office I have time.\n",
		"Auto-Submitted: no\nSubject: hello\n\nhi\n",
		"List-Id: <l.example>\nPrecedence: list\nSubject: [l] delivery failure of our "
		"printers\n\nmail@x.example is mine\n",
		"Subject: what is this?\n\nI got this:\nFinal-Recipient: rfc822; x@y.example\nAction: failed\nStatus: "
		"5.1.1\n",
		"Subject: complaint\n\nThe delivery failed: nobody@shop.example did not come.\n",
	};
	char raw[500];

	for (size_t i = 0; i < sizeof people / sizeof *people; i++) {
		struct mail m;
		snprintf(raw, sizeof raw,
			 "Return-Path: <kim@shop.example>\nFrom: Kim <kim@shop.example>\nTo: us@sender.example\n%s",
			 people[i]);
		m = parsed(raw);
		cr_expect_eq(m.class, MAIL_MESSAGE, "%s: %s", people[i], mail_class_word(m.class));
		cr_expect_eq(m.n_recipients, 0);
	}
}

Test(email_classify, an_attached_bounce_is_no_bounce)
{
	struct mail m =
		parsed("From: Kim <kim@shop.example>\nSubject: look at this\nContent-Type: multipart/mixed; "
		       "boundary=o\n\n--o\n\n"
		       "What is it?\n--o\nContent-Type: message/rfc822\n\n" REPORT
		       "Final-Recipient: rfc822; x@y.example\nAction: failed\nStatus: 5.1.1\n" RETURNED "\n--o--\n");

	cr_expect_eq(m.class, MAIL_MESSAGE);
}
