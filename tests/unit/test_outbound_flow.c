/* The road of a message: submitted, offered in order, answered, reported. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "unit/outbound_rig.h"

Test(outbound_flow, a_text_is_sent_and_delivered)
{
	struct outbound_rig r;
	struct send_result s;
	struct offered d;

	outbound_rig_open(&r, NULL);
	s = outbound_rig_text(&r, "+4915112345678", "hello");
	cr_assert_eq(s.status, STATUS_QUEUED);
	d = outbound_rig_offered(&r, 1);
	cr_assert_str_eq(d.text, "hello");
	cr_assert_str_eq(d.to, "+4915112345678");
	cr_assert_eq(d.attempt, 1);
	outbound_rig_outcome(&r, &d, OUTCOME_SENT, "abc");
	outbound_rig_status(&r, &s.message, STATUS_SENT);
	outbound_rig_receipt(&r, "abc", STATUS_DELIVERED, "+4915112345678");
	outbound_rig_status(&r, &s.message, STATUS_DELIVERED);
	outbound_rig_until(
		&r,
		"SELECT COUNT(*) FROM event WHERE type IN ('message.accepted', 'message.sent', 'message.delivered')",
		3);
	outbound_rig_until(
		&r,
		"SELECT COUNT(*) FROM delivery WHERE outbox = 0 AND attempts = 1 AND trail LIKE '%queued accepted%sent"
		"%delivered receipt RAW%'",
		1);
	cr_assert(outbound_rig_metric(&r, "\nthreadline_receipts_matched_total{account=\"main\",rule=\"exact\"} 1\n"));
	outbound_rig_close(&r);
}

Test(outbound_flow, first_in_first_out_and_high_before_bulk)
{
	struct outbound_rig r;
	struct send_request q;
	struct offered d;
	char text[16];

	outbound_rig_open(&r, NULL);
	outbound_rig_account(&r, "main", ACCOUNT_DOWN);
	for (int k = 0; k < 30; k++) {
		snprintf(text, sizeof text, "%d", k);
		q = outbound_rig_request("+4915112345678", text);
		q.has_priority = true;
		q.priority = k < 10 ? PRIORITY_BULK : k < 20 ? PRIORITY_NORMAL : PRIORITY_HIGH;
		outbound_rig_send(&r, &q);
	}
	pthread_mutex_lock(&r.lock);
	r.answer = true;
	pthread_mutex_unlock(&r.lock);
	outbound_rig_account(&r, "main", ACCOUNT_UP);
	outbound_rig_offered(&r, 30);
	for (int p = 0; p < 3; p++) {
		int last = -1;
		for (size_t k = 0; k < 30; k++)
			if (r.offered[k].priority == (enum priority)p) {
				int n = (int)strtol(r.offered[k].text, NULL, 10);
				cr_assert_gt(n, last);
				last = n;
			}
	}
	d = outbound_rig_offered(&r, 1);
	cr_assert_eq(d.priority, PRIORITY_HIGH);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM delivery WHERE outbox = 0", 30);
	outbound_rig_close(&r);
}
