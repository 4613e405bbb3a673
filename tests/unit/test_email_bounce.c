#include <criterion/criterion.h>

#include "email/parse.h"

/* Bounces without a report for programs, each in the manner of a mail server. */

#define FROM_DAEMON \
	"Return-Path: <>\nFrom: Mail Delivery System <MAILER-DAEMON@mx.sender.example>\nTo: us@sender.example\n"
#define ORIGINAL                                                                                            \
	"Received: from a by b; Mon, 1 Jan 2024 10:00:00 +0000\nReturn-Path: <bounce+abc@sender.example>\n" \
	"Message-ID: <m1@sender.example>\nFrom: us@sender.example\nTo: kim@shop.example\nSubject: Your "    \
	"order\n\nHello.\n"

struct sample {
	const char *name, *mail;
	enum mail_class class;
	const char *address, *status, *reason;
	enum mail_bounce bounce;
};

static const struct sample samples[] = {
	{"exim",
	 FROM_DAEMON "X-Failed-Recipients: kim@shop.example\nAuto-Submitted: auto-replied\n"
		     "Subject: Mail delivery failed: returning message to sender\n\n"
		     "This message was created automatically by mail delivery software.\n\n"
		     "A message that you sent could not be delivered to one or more of its\n"
		     "recipients. This is a permanent error. The following address(es) failed:\n\n"
		     "  kim@shop.example\n    SMTP error from remote mail server after RCPT TO:<kim@shop.example>:\n"
		     "    host mx.shop.example [192.0.2.7]: 550 5.1.1 <kim@shop.example>:\n"
		     "    Recipient address rejected: User unknown\n\n"
		     "------ This is a copy of the message, including all the headers. ------\n\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.1.1", "user_unknown", MAIL_BOUNCE_HARD},
	{"exim, no route",
	 FROM_DAEMON "Subject: Mail delivery failed: returning message to sender\n\n"
		     "A message that you sent could not be delivered to one or more of its\nrecipients. The following "
		     "address(es) failed:\n\n  kim@shop.example\n    Unrouteable address\n\n"
		     "------ This is a copy of the message's headers. ------\n\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.1.1", "user_unknown", MAIL_BOUNCE_HARD},
	{"exim, out of patience",
	 FROM_DAEMON "Subject: Mail delivery failed: returning message to sender\n\n"
		     "A message that you sent could not be delivered to one or more of its\nrecipients. The following "
		     "address(es) failed:\n\n  kim@shop.example\n    all hosts for 'shop.example' have been failing "
		     "for a long time "
		     "(and retry time not reached)\n\n------ This is a copy of the message. ------\n\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.4.7", "expired", MAIL_BOUNCE_SOFT},
	{"exim, still trying",
	 FROM_DAEMON "Subject: Warning: message 1rKxyz-0001 delayed 24 hours\n\n"
		     "A message that you sent has not yet been delivered to one or more of its\n"
		     "recipients after more than 24 hours on the queue on mx.sender.example.\n\n"
		     "The address to which the message has not yet been delivered is:\n\n  kim@shop.example\n"
		     "    Delay reason: host mx.shop.example [192.0.2.7]: Connection timed out\n\n"
		     "No action is required on your part. Delivery attempts will continue for\nsome time.\n",
	 MAIL_DELAY, "kim@shop.example", "4.", "network", MAIL_BOUNCE_SOFT},
	{"qmail",
	 FROM_DAEMON
	 "Subject: failure notice\n\nHi. This is the qmail-send program at mx.sender.example.\n"
	 "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
	 "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
	 "<kim@shop.example>:\n192.0.2.7 does not like recipient.\n"
	 "Remote host said: 550 sorry, no mailbox here by that name (#5.1.1 - chkuser)\nGiving up on 192.0.2.7.\n\n"
	 "--- Below this line is a copy of the message.\n\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.1.1", "user_unknown", MAIL_BOUNCE_HARD},
	{"qmail, no host",
	 FROM_DAEMON
	 "Subject: failure notice\n\nHi. This is the qmail-send program.\nI wasn't able to deliver your message "
	 "to the following addresses.\n\n<kim@shop.example>:\nSorry, I couldn't find any host named shop.example. "
	 "(#5.1.2)\n\n--- Below this line is a copy of the message.\n\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.1.2", "host_unknown", MAIL_BOUNCE_HARD},
	{"qmail, connection",
	 FROM_DAEMON
	 "Subject: failure notice\n\nHi. This is the qmail-send program.\nI wasn't able to deliver your message "
	 "to the following addresses.\n\n<kim@shop.example>:\nSorry, I wasn't able to establish an SMTP connection. "
	 "(#4.4.1)\nI'm not going to try again; this message has been in the queue too long.\n\n"
	 "--- Below this line is a copy of the message.\n\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "4.4.1", "expired", MAIL_BOUNCE_SOFT},
	{"postfix in words",
	 FROM_DAEMON
	 "Subject: Undelivered Mail Returned to Sender\n\nThis is the mail system at host mx.sender.example.\n\n"
	 "I'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients.\n\n"
	 "                   The mail system\n\n<kim@shop.example>: host mx.shop.example[192.0.2.7] said: 552 5.2.2\n"
	 "    <kim@shop.example>: Mailbox over quota (in reply to RCPT TO command)\n\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.2.2", "mailbox_full", MAIL_BOUNCE_SOFT},
	{"sendmail 5",
	 FROM_DAEMON
	 "Subject: Returned mail: User unknown\n\n   ----- Transcript of session follows -----\n"
	 "While talking to mx.shop.example:\n>>> RCPT To:<kim@shop.example>\n<<< 550 <kim@shop.example>, User Unknown\n"
	 "550 <kim@shop.example>... User unknown\n\n   ----- Unsent message follows -----\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.1.1", "user_unknown", MAIL_BOUNCE_HARD},
	{"exchange 2003",
	 "From: System Administrator <postmaster@sender.example>\nTo: us@sender.example\nSubject: Undeliverable: Your "
	 "order\n\n"
	 "Your message did not reach some or all of the intended recipients.\n\n      Subject:\tYour order\n"
	 "      Sent:\t1/1/2024 10:00 AM\n\nThe following recipient(s) could not be reached:\n\n"
	 "      kim@shop.example on 1/1/2024 10:01 AM\n            The e-mail account does not exist at the "
	 "organization this "
	 "message was sent to.\n            <mx.sender.example #5.1.1>\n",
	 MAIL_BOUNCE, "kim@shop.example", "5.1.1", "user_unknown", MAIL_BOUNCE_HARD},
	{"exchange 5.5",
	 "From: System Administrator <postmaster@sender.example>\nTo: us@sender.example\nSubject: Undeliverable: Your "
	 "order\n\n"
	 "Your message\n\n  To:      kim@shop.example\n  Subject: Your order\n  Sent:    Mon, 1 Jan 2024 10:00:00 "
	 "+0000\n\n"
	 "did not reach the following recipient(s):\n\nkim@shop.example on Mon, 1 Jan 2024 10:00:10 +0000\n"
	 "    The recipient name is not recognized\n\tThe MTS-ID of the original message is: c=us;a= ;p=shop;l=A0\n"
	 "    MSEXCH:IMS:SHOP:EXAMPLE:MX 0 (000C05A6) Unknown Recipient\n",
	 MAIL_BOUNCE, "kim@shop.example", "5.1.1", "user_unknown", MAIL_BOUNCE_HARD},
	{"exchange 2007",
	 "From: <postmaster@sender.example>\nTo: us@sender.example\nSubject: Undeliverable: Your order\n\n"
	 "Delivery has failed to these recipients or distribution lists:\n\nkim@shop.example<mailto:kim@shop.example>\n"
	 "The recipient's mailbox is full and can't accept messages now.\n\nDiagnostic information for "
	 "administrators:\n\n"
	 "Generating server: mx.shop.example\n\nkim@shop.example\n#550 5.2.2 STOREDRV.Deliver; mailbox full ##\n\n"
	 "Original message headers:\n\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.2.2", "mailbox_full", MAIL_BOUNCE_SOFT},
	{"notes",
	 "From: Mail Router <postmaster@sender.example>\nTo: us@sender.example\n"
	 "Subject: DELIVERY FAILURE: User kim (kim@shop.example) not listed in public Name & Address Book\n\n"
	 "------- Failure Reasons  --------\n\nUser not listed in public Name & Address Book\nkim@shop.example\n\n"
	 "------- Returned Message --------\n\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.1.1", "user_unknown", MAIL_BOUNCE_HARD},
	{"imail",
	 FROM_DAEMON "Subject: Undeliverable Mail\n\nUser mailbox exceeds allowed size: kim@shop.example\n\n\n"
		     "Original message follows.\n\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.2.2", "mailbox_full", MAIL_BOUNCE_SOFT},
	{"imail, unknown",
	 FROM_DAEMON
	 "Subject: Undeliverable Mail\n\nUnknown user: kim@shop.example\n\n\nOriginal message follows.\n\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.1.1", "user_unknown", MAIL_BOUNCE_HARD},
	{"interscan",
	 FROM_DAEMON
	 "Subject: Mail could not be delivered\n\n****** Message from InterScan Messaging Security Suite ******\n\n"
	 "Sent >>> RCPT TO:<kim@shop.example>\nReceived <<< 550 5.1.1 <kim@shop.example>... user unknown\n\n"
	 "Unable to deliver message to <kim@shop.example>\n\n**** End of message ****\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.1.1", "user_unknown", MAIL_BOUNCE_HARD},
	{"mailfoundry",
	 FROM_DAEMON
	 "Subject: Message delivery has failed\n\nUnable to deliver message to: <kim@shop.example>\n"
	 "Delivery failed for the following reason:\nServer mx.shop.example[192.0.2.7] failed with: 550 "
	 "<kim@shop.example> No such user here\n\n\nThis has been a permanent failure. No further delivery attempts "
	 "will be made.\n\n---------------------\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.1.1", "user_unknown", MAIL_BOUNCE_HARD},
	{"mailmarshal",
	 "From: Postmaster <postmaster@sender.example>\nTo: us@sender.example\nSubject: Undeliverable Mail: \"Your "
	 "order\"\n\n"
	 "Your message:\n   From:    us@sender.example\n   Subject: Your order\n\nCould not be delivered because of\n\n"
	 "550 5.1.1 User unknown\n\nThe following recipients were affected: \n    kim@shop.example\n\n"
	 "Additional Information\n======================\n",
	 MAIL_BOUNCE, "kim@shop.example", "5.1.1", "user_unknown", MAIL_BOUNCE_HARD},
	{"gmx",
	 FROM_DAEMON
	 "Subject: Mail delivery failed: returning message to sender\n\n"
	 "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
	 "delivered to\none or more of its recipients. This is a permanent error. The following address\nfailed:\n\n"
	 "\"kim@shop.example\":\nSMTP error from remote server after RCPT command:\nhost: mx.shop.example\n"
	 "5.1.1 <kim@shop.example>... User Unknown\n\n--- The header of the original message is following. "
	 "---\n\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.1.1", "user_unknown", MAIL_BOUNCE_HARD},
	{"james",
	 FROM_DAEMON
	 "Subject: [BOUNCE]\n\nHi. This is the James mail server at mx.sender.example.\nI'm afraid I wasn't able to "
	 "deliver your message to the following addresses.\nThis is a permanent error; I've given up.\n\n"
	 "Message details:\n  Subject: Your order\n  Sent date: Mon Jan 01 10:00:00 UTC 2024\n"
	 "  MAIL FROM: us@sender.example\n  RCPT TO: kim@shop.example\n  From: Us <us@sender.example>\n\n"
	 "Error message below:\n550 - Requested action not taken: no such user here\n",
	 MAIL_BOUNCE, "kim@shop.example", "5.1.1", "user_unknown", MAIL_BOUNCE_HARD},
	{"active hunter",
	 FROM_DAEMON
	 "Subject: FAILURE NOTICE :\n\n  ----- The following addresses had permanent fatal errors -----\n\n"
	 ">>> kim@shop.example <kim@shop.example>\n\n   ----- Transcript of session follows -----\n"
	 "550 5.1.1 <kim@shop.example>... User unknown\n\n  ----- Original message follows -----\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.1.1", "user_unknown", MAIL_BOUNCE_HARD},
	{"biglobe",
	 FROM_DAEMON
	 "Subject: Returned mail: see transcript for details\n\n   ----- The following addresses had delivery problems "
	 "-----\nkim@shop.example\n\n   ----- Non-delivered information -----\nThe number of messages in recipient's "
	 "mailbox exceeded the local limit.\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.2.2", "mailbox_full", MAIL_BOUNCE_SOFT},
	{"opensmtpd",
	 FROM_DAEMON "Subject: Delivery status notification: error\n\n    Hi!\n\n    This is the MAILER-DAEMON, please "
		     "DO NOT REPLY "
		     "to this email.\n\n    An error has occurred while attempting to deliver a message for\n    the "
		     "following list "
		     "of recipients:\n\nkim@shop.example: 550 5.2.2 <kim@shop.example>... Mailbox Full\n\n    Below is "
		     "a copy of the "
		     "original message:\n\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.2.2", "mailbox_full", MAIL_BOUNCE_SOFT},
	{"surfcontrol",
	 FROM_DAEMON
	 "Subject: Message could not be delivered\n\nYour message could not be sent.\nA transcript of the attempts to "
	 "send the message follows.\nThe number of attempts made: 1\nAddressed To: kim@shop.example\n\n"
	 "Mon 1 Jan 2024 10:00:00 +0000\nFailed to send to identified host,\nkim@shop.example: [192.0.2.7], 550 "
	 "kim@shop.example... No such user\n--- Message non-deliverable.\n",
	 MAIL_BOUNCE, "kim@shop.example", "5.1.1", "user_unknown", MAIL_BOUNCE_HARD},
	{"a telephone company",
	 "From: post_master@carrier.example\nReturn-Path: <>\nTo: us@sender.example\nSubject: Undeliverable Message\n\n"
	 "Error: No valid recipients from this MM\n\nMessage could not be delivered to mobile.\n  To: "
	 "5551230000@carrier.example\n",
	 MAIL_BOUNCE, "5551230000@carrier.example", "5.1.1", "user_unknown", MAIL_BOUNCE_HARD},
	{"german",
	 FROM_DAEMON
	 "Subject: Unzustellbar: Ihre Bestellung\nContent-Type: text/plain; charset=utf-8\n\n"
	 "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Verteilerlisten:\n\nkim@shop.example\n"
	 "Die eingegebene E-Mail-Adresse konnte nicht gefunden werden.\n\nDiagnoseinformationen für "
	 "Administratoren:\n\n"
	 "kim@shop.example\nRemote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found'\n\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.1.10", "user_unknown", MAIL_BOUNCE_HARD},
	{"interscan, arrows turned",
	 FROM_DAEMON
	 "Subject: Mail could not be delivered\n\nSent <<< RCPT TO:<kim@shop.example>\nReceived >>> 550 5.7.1 "
	 "<kim@shop.example>... User unknown\n\nUnable to deliver message to <kim@shop.example>\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.7.1", "user_unknown", MAIL_BOUNCE_HARD},
	{"m-filter",
	 FROM_DAEMON "Subject: failure notice\n\n-------server message \n550 <kim@shop.example>: User unknown \n"
		     "-------SMTP command \nDATA\n\n-------original message\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.", "filtered", MAIL_BOUNCE_SOFT},
	{"a sentence with brackets",
	 FROM_DAEMON
	 "Subject: Undeliverable: Your order\n\nWe had trouble delivering your message. Full details follow:\n\n"
	 "Subject: 'Your order'\n\n1 error(s):\n\nSMTP Server <mx.shop.example> rejected recipient <kim@shop.example> "
	 "\n"
	 "  (Error following RCPT command). It responded as follows: [550 5.1.1 User unknown]\n",
	 MAIL_BOUNCE, "kim@shop.example", "5.1.1", "user_unknown", MAIL_BOUNCE_HARD},
	{"sendmail 5, no host",
	 FROM_DAEMON
	 "Subject: Returned mail: Host unknown (Name server: shop.example: host not found)\n\n   ----- Transcript of "
	 "session follows -----\n550 <kim@shop.example>... Host unknown (Name server: shop.example: host not found)\n\n"
	 "   ----- Unsent message follows -----\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.1.2", "host_unknown", MAIL_BOUNCE_HARD},
	{"exim with a report that gives no reason",
	 "Return-Path: <>\nFrom: Mail Delivery System <Mailer-Daemon@mx.example>\nTo: us@sender.example\n"
	 "Subject: Mail delivery failed: returning message to sender\nContent-Type: multipart/report; "
	 "report-type=delivery-status; boundary=b\n\n--b\n\nThe following address(es) failed:\n\n  kim@shop.example\n"
	 "    retry timeout exceeded\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; "
	 "mx.example\n\n"
	 "Action: failed\nFinal-Recipient: rfc822;kim@shop.example\nStatus: 5.0.0\n\n--b--\n",
	 MAIL_BOUNCE, "kim@shop.example", "5.0.0", "expired", MAIL_BOUNCE_SOFT},
	{"opensmtpd, no mx",
	 FROM_DAEMON "Subject: Delivery status notification: error\n\n    Hi!\n\n    This is the MAILER-DAEMON, please "
		     "DO NOT REPLY "
		     "to this email.\n\n    An error has occurred while attempting to deliver a message for\n    the "
		     "following list "
		     "of recipients:\n\nkim@shop.example: No MX found for domain\n\n    Below is a copy of the "
		     "original message:\n\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.", "no_mail", MAIL_BOUNCE_HARD},
	{"qmail, a program",
	 FROM_DAEMON
	 "Subject: failure notice\n\nHi. This is the qmail-send program.\nI wasn't able to deliver your message "
	 "to the following addresses.\n\n<kim@shop.example>:\nThis message is looping: it already has my Delivered-To "
	 "line. (#5.4.6)\n\n--- Below this line is a copy of the message.\n\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.4.6", "network", MAIL_BOUNCE_SOFT},
	{"exim, a pipe",
	 FROM_DAEMON
	 "X-Failed-Recipients: kim@shop.example\nSubject: Mail delivery failed: returning message to sender\n\n"
	 "The following address(es) failed:\n\n  pipe to |/usr/local/bin/order\n    generated by kim@shop.example\n"
	 "    Child process of address_pipe transport returned 127 (could mean unable to exec\n    or command does not "
	 "exist) from command: /usr/local/bin/order\n\n------ This is a copy of your message. ------\n\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.", NULL, MAIL_BOUNCE_SOFT},
	{"sendmail, deferred for too long",
	 FROM_DAEMON
	 "Subject: Returned mail: Cannot send message within 5 days\n\n   ----- The following addresses had permanent "
	 "fatal errors -----\n<kim@shop.example>\n\n   ----- Transcript of session follows -----\n"
	 "<kim@shop.example>... Deferred: Connection refused by mx.shop.example.\nMessage could not be delivered for 5 "
	 "days\nMessage will be deleted from queue\n\n   ----- Original message follows -----\n" ORIGINAL,
	 MAIL_BOUNCE, "kim@shop.example", "5.", "expired", MAIL_BOUNCE_SOFT},
	{"sendmail warns",
	 FROM_DAEMON
	 "Subject: Warning: could not send message for past 4 hours\n\n    "
	 "**********************************************\n"
	 "    **      THIS IS A WARNING MESSAGE ONLY      **\n    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n\n"
	 "   ----- The following addresses had transient non-fatal errors -----\n<kim@shop.example>\n\n"
	 "   ----- Transcript of session follows -----\n<kim@shop.example>... Deferred: Connection timed out with "
	 "mx.shop.example.\nWarning: message still undelivered after 4 hours\nWill keep trying until message is 5 days "
	 "old\n",
	 MAIL_DELAY, "kim@shop.example", "4.", NULL, MAIL_BOUNCE_SOFT},
	{"greylisting still",
	 FROM_DAEMON
	 "Subject: Delivery Status Notification (Delay)\n\nThis is an automatically generated Delivery Status "
	 "Notification\n\nTHIS IS A WARNING MESSAGE ONLY.\n\nYOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\nDelivery to "
	 "the "
	 "following recipient has been delayed:\n\n     kim@shop.example\n\nMessage will be retried for 2 more "
	 "day(s)\n",
	 MAIL_DELAY, "kim@shop.example", "4.", NULL, MAIL_BOUNCE_SOFT},
};

static void check(const struct sample *s)
{
	struct arena *a = arena_new(64 << 20);
	struct mail m;
	struct err e = {0};

	cr_assert(a);
	cr_assert_eq(mail_parse(str_of(s->mail), NULL, a, &m, &e), 0);
	cr_expect_str_eq(mail_class_word(m.class), mail_class_word(s->class), "%s: class %s", s->name,
			 mail_class_word(m.class));
	cr_expect_eq(m.n_recipients, 1, "%s: %d recipients", s->name, m.n_recipients);
	if (m.n_recipients) {
		struct mail_recipient *r = &m.recipients[0];
		cr_expect(str_is(r->address, s->address), "%s: <%.*s>", s->name, (int)r->address.n, r->address.p);
		cr_expect(strncmp(r->status, s->status, strlen(s->status)) == 0, "%s: status %s", s->name, r->status);
		cr_expect_eq(r->bounce, s->bounce, "%s: %s", s->name, mail_bounce_word(r->bounce));
		cr_expect(!s->reason || strcmp(r->reason, s->reason) == 0, "%s: %s (%.*s)", s->name, r->reason,
			  (int)r->diagnostic.n, r->diagnostic.p);
	}
	if (strstr(s->mail, "<m1@sender.example>"))
		cr_expect(str_is(m.original.message_id, "m1@sender.example"), "%s: no original", s->name);
	if (strstr(s->mail, "bounce+abc"))
		cr_expect(str_is(m.original.return_path, "bounce+abc@sender.example"), "%s: no envelope", s->name);
	arena_free(&a);
}

Test(email_bounce, in_words)
{
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
		check(&samples[i]);
}
