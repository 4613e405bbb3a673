/* query_sm and cancel_sm: what the SMSC is asked about, when, how often; and what its answers become. */
#include <stdio.h>
#include <string.h>

#include "unit/sms_rig.h"

enum { QUERY = 3, CANCEL = 8, INVALID_COMMAND = 3, INVALID_ID = 0x0C, QUERY_FAILED = 0x67 };
#define OFTEN "query_after=10s\nresponse_timeout=2s\nenquire_link=0\n"

/* A marketing message whose answer is overdue, and uncertain. */
static void overdue(struct rig *r)
{
	struct delivery d = rig_delivery(r, "hello");

	d.purpose = PURPOSE_MARKETING;
	r->smsc.mute_submit = true;
	cr_assert_eq(rig_submit_as(r, &d, 1), 1);
	until(r, smsc_count(&r->smsc, SUBMIT) == 1);
	fake_clock_add(3 * US_SEC);
	until(r, r->fake.outcomes_n == 1);
	cr_assert_eq(r->fake.outcomes[0].kind, OUTCOME_UNCERTAIN);
}

static void overdue_then_late(struct rig *r, const char *more)
{
	rig_open(r, more);
	rig_start(r);
	overdue(r);
	smsc_accept_submit(&r->smsc, smsc_find(&r->smsc, SUBMIT, 0), "id7");
	rig_settle(r);
}

static void answer(struct rig *r, size_t n, uint32_t status, const char *body, size_t body_n)
{
	const struct smsc_pdu *q = smsc_find(&r->smsc, QUERY, n);

	cr_assert_not_null(q);
	smsc_send(&r->smsc, q->conn, RESP | QUERY, status, q->seq, body, body_n);
}

Test(sms_link_query, an_answer_that_comes_late_names_an_id_to_ask_for)
{
	static const char want[] = "id7\0\0\0"
				   "12345";
	const struct fake_inbound *i;
	struct rig r;

	overdue_then_late(&r, OFTEN);
	fake_clock_add(9 * US_SEC);
	rig_settle(&r);
	cr_expect_eq(smsc_count(&r.smsc, QUERY), 0, "its time has not come");
	fake_clock_add(2 * US_SEC);
	until(&r, smsc_count(&r.smsc, QUERY) == 1);
	const struct smsc_pdu *q = smsc_find(&r.smsc, QUERY, 0);
	cr_expect_eq(q->length, 16 + sizeof want);
	cr_expect_eq(memcmp(q->body, want, 4), 0);
	cr_expect_str_eq((const char *)q->body + 6, "12345", "the sender as it was submitted");
	answer(&r, 0, 0, "id7\000260131120100000+\0\2\5", 4 + 17 + 2);
	until(&r, r.fake.inbound_n == 1);
	i = r.fake.inbound;
	cr_expect(i->receipt);
	cr_expect_str_eq(i->external_id, "id7");
	cr_expect_eq(i->status, STATUS_DELIVERED);
	cr_expect_str_eq(i->raw_state, "DELIVRD");
	cr_expect_str_eq(i->error_code, "005");
	cr_expect_eq(i->at, INT64_C(1769860860) * US_SEC);
	cr_expect_eq(i->from.scheme, SCHEME_TEL);
	fake_clock_add(US_MIN);
	rig_settle(&r);
	cr_expect_eq(smsc_count(&r.smsc, QUERY), 1, "it is known now");
	cr_expect_eq(r.fake.outcomes_n, 1);
	rig_close(&r);
}

Test(sms_link_query, it_asks_three_times_and_no_more)
{
	struct rig r;

	overdue_then_late(&r, OFTEN);
	for (size_t n = 0; n < 3; n++) {
		fake_clock_add(11 * US_SEC);
		until(&r, smsc_count(&r.smsc, QUERY) == n + 1);
		if (n == 0)
			answer(&r, n, 0, "id7\0\0\1\0", 7); /* under way */
		else if (n == 1)
			answer(&r, n, QUERY_FAILED, "", 0);
		rig_settle(&r); /* the last one is not answered at all */
	}
	for (int k = 0; k < 3; k++) {
		fake_clock_add(11 * US_SEC);
		rig_settle(&r);
	}
	cr_expect_eq(smsc_count(&r.smsc, QUERY), 3);
	cr_expect_eq(r.fake.inbound_n, 0);
	rig_close(&r);
}

Test(sms_link_query, a_lost_query_is_asked_again)
{
	struct rig r;

	overdue_then_late(&r, OFTEN);
	fake_clock_add(11 * US_SEC);
	until(&r, smsc_count(&r.smsc, QUERY) == 1);
	fake_clock_add(3 * US_SEC);
	rig_settle(&r);
	fake_clock_add(11 * US_SEC);
	until(&r, smsc_count(&r.smsc, QUERY) == 2);
	answer(&r, 0, 0, "id7\0\0\2\0", 7);
	rig_settle(&r);
	cr_expect_eq(r.fake.inbound_n, 0, "the answer to the first is nobody's any more");
	answer(&r, 1, 0, "id7\0\0\5\0", 7);
	until(&r, r.fake.inbound_n == 1);
	cr_expect_eq(r.fake.inbound[0].status, STATUS_UNDELIVERED);
	rig_close(&r);
}

static void refused(uint32_t command, uint32_t status)
{
	const struct smsc_pdu *q;
	struct rig r;

	overdue_then_late(&r, OFTEN);
	fake_clock_add(11 * US_SEC);
	until(&r, smsc_count(&r.smsc, QUERY) == 1);
	q = smsc_find(&r.smsc, QUERY, 0);
	smsc_send(&r.smsc, q->conn, command, status, q->seq, "", 0);
	rig_settle(&r);
	for (int k = 0; k < 3; k++) {
		fake_clock_add(11 * US_SEC);
		rig_settle(&r);
	}
	cr_expect_eq(smsc_count(&r.smsc, QUERY), 1);
	cr_expect_eq(r.fake.inbound_n, 0);
	rig_close(&r);
}

Test(sms_link_query, who_does_not_know_is_not_asked_again)
{
	refused(RESP | QUERY, INVALID_ID);
	refused(RESP | QUERY, INVALID_COMMAND);
	refused(NACK, INVALID_COMMAND);
}

Test(sms_link_query, garbage_for_an_answer_is_no_answer)
{
	static const struct {
		const char *p;
		size_t n;
	} bodies[] = {{"", 0}, {"id7", 3}, {"id7\0", 4}, {"id7\0date", 8}, {"id7\0\0", 5}, {"id7\0\0\377", 6}};

	for (size_t k = 0; k < sizeof bodies / sizeof *bodies; k++) {
		struct rig r;
		overdue_then_late(&r, OFTEN);
		fake_clock_add(11 * US_SEC);
		until(&r, smsc_count(&r.smsc, QUERY) == 1);
		answer(&r, 0, 0, bodies[k].p, bodies[k].n);
		rig_settle(&r);
		cr_expect_eq(r.fake.inbound_n, 0);
		fake_clock_add(11 * US_SEC);
		until(&r, smsc_count(&r.smsc, QUERY) == 2);
		rig_close(&r);
	}
}

Test(sms_link_query, without_an_id_nobody_is_asked)
{
	static const char *const ends[] = {"", "query=none\n"};
	char more[200];

	for (int k = 0; k < 2; k++) {
		struct rig r;
		(void)snprintf(more, sizeof more, "%s%s", OFTEN, ends[k]);
		rig_open(&r, more);
		rig_start(&r);
		overdue(&r);
		if (k) /* it came, but the account asks nobody */
			smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, 0), "id7");
		rig_settle(&r);
		fake_clock_add(11 * US_MIN);
		rig_settle(&r);
		cr_expect_eq(smsc_count(&r.smsc, QUERY), 0);
		rig_close(&r);
	}
}

static const char *three_parts(void)
{
	static char text[400];

	memset(text, 'x', sizeof text - 1);
	return text;
}

Test(sms_link_query, known_parts_of_an_uncertain_message_are_asked_about)
{
	struct delivery d;
	struct rig r;

	rig_open(&r, "window=1\n" OFTEN);
	rig_start(&r);
	r.smsc.mute_submit = true;
	d = rig_delivery(&r, three_parts());
	d.purpose = PURPOSE_MARKETING;
	cr_assert_eq(rig_submit_as(&r, &d, 1), 1);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 1);
	smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, 0), "first");
	until(&r, smsc_count(&r.smsc, SUBMIT) == 2);
	smsc_drop(&r.smsc, 0);
	until(&r, r.fake.outcomes_n == 1);
	cr_expect_eq(r.fake.outcomes[0].kind, OUTCOME_UNCERTAIN);
	fake_clock_add(11 * US_SEC); /* its time, and no link; then that of the next connection */
	until(&r, fake_state(&r.fake) == ACCOUNT_UP);
	fake_clock_add(2 * US_SEC);
	until(&r, smsc_count(&r.smsc, QUERY) == 1);
	cr_expect_str_eq((const char *)smsc_find(&r.smsc, QUERY, 0)->body, "first");
	rig_close(&r);
}

Test(sms_link_query, all_means_what_no_receipt_has_settled)
{
	static const char receipt[] = "id:1 sub:001 dlvrd:001 done date:2601311201 stat:DELIVRD err:000 text:";
	struct delivery d;
	struct rig r;

	rig_open(&r, OFTEN "query=all\n");
	rig_start(&r);
	r.smsc.mute_submit = true;
	cr_assert_eq(rig_submit(&r, 2, "hello"), 2);
	d = rig_delivery(&r, "no receipt wanted");
	d.receipt = false;
	cr_assert_eq(rig_submit_as(&r, &d, 1), 1);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 3);
	for (size_t k = 0; k < 3; k++)
		smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, k), (const char *[]){"1", "2", "3"}[k]);
	until(&r, r.fake.outcomes_n == 3);
	smsc_deliver(&r.smsc, 0, 9, "4915112345678", "12345", 4, 0, receipt, sizeof receipt - 1);
	until(&r, r.fake.inbound_n == 1);
	fake_clock_add(11 * US_SEC);
	until(&r, smsc_count(&r.smsc, QUERY) == 1);
	cr_expect_str_eq((const char *)smsc_find(&r.smsc, QUERY, 0)->body, "2");
	answer(&r, 0, 0, "2\0\0\2\0", 5);
	until(&r, r.fake.inbound_n == 2);
	fake_clock_add(US_MIN);
	rig_settle(&r);
	cr_expect_eq(smsc_count(&r.smsc, QUERY), 1);
	rig_close(&r);
}

Test(sms_link_query, cancelling_a_half_sent_message_asks_its_parts_back)
{
	struct delivery d;
	struct rig r;

	rig_open(&r, "window=1\n" OFTEN);
	rig_start(&r);
	r.smsc.mute_submit = true;
	d = rig_delivery(&r, three_parts());
	cr_assert_eq(rig_submit_as(&r, &d, 1), 1);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 1);
	smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, 0), "first");
	until(&r, smsc_count(&r.smsc, SUBMIT) == 2);
	sms_channel.cancel(r.account, &d.id);
	rig_settle(&r);
	cr_expect_eq(r.fake.outcomes_n, 0, "one part is on the wire");
	smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, 1), "second");
	until(&r, r.fake.outcomes_n == 1);
	cr_expect_eq(r.fake.outcomes[0].kind, OUTCOME_CANCELLED);
	cr_expect_str_eq(r.fake.outcomes[0].reason, "cancelled, sent in part");
	until(&r, smsc_count(&r.smsc, CANCEL) == 2);
	cr_expect_str_eq((const char *)smsc_find(&r.smsc, CANCEL, 0)->body, "", "service_type");
	cr_expect_str_eq((const char *)smsc_find(&r.smsc, CANCEL, 0)->body + 1, "first");
	cr_expect_str_eq((const char *)smsc_find(&r.smsc, CANCEL, 1)->body + 1, "second");
	cr_expect_eq(smsc_count(&r.smsc, SUBMIT), 2, "the third part was not sent");
	smsc_send(&r.smsc, 0, RESP | CANCEL, 0, smsc_find(&r.smsc, CANCEL, 0)->seq, "", 0);
	smsc_send(&r.smsc, 0, RESP | CANCEL, 0x11, smsc_find(&r.smsc, CANCEL, 1)->seq, "", 0);
	rig_settle(&r);
	cr_expect_eq(fake_state(&r.fake), ACCOUNT_UP);
	rig_close(&r);
}
