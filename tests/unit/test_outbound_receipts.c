/* Receipts: early, late, twice, unknown, in parts, in other writings. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "unit/outbound_rig.h"

#define TO "+4915112345678"

static struct send_result sent(struct outbound_rig *r, const char *id)
{
	size_t n = outbound_rig_count(r);
	struct send_result s = outbound_rig_text(r, TO, "text");
	struct offered d = outbound_rig_offered(r, n + 1);

	outbound_rig_outcome(r, &d, OUTCOME_SENT, id);
	outbound_rig_status(r, &s.message, STATUS_SENT);
	return s;
}

static void parts(struct outbound_rig *r, const struct offered *d, const char *const *ids, size_t n)
{
	struct str ref[8];
	struct outcome out = {
		.id = d->id, .token = d->token, .kind = OUTCOME_SENT, .external_ids = ref, .external_ids_n = n};

	for (size_t k = 0; k < n; k++)
		ref[k] = str_of(ids[k]);
	outbound_outcomes(r->o, STR("main"), &out, 1);
}

Test(outbound_receipts, before_the_answer)
{
	struct outbound_rig r;
	struct send_result s;
	struct offered d;

	outbound_rig_open(&r, NULL);
	s = outbound_rig_text(&r, TO, "fast");
	d = outbound_rig_offered(&r, 1);
	outbound_rig_receipt(&r, "00AB", STATUS_DELIVERED, TO);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM early_receipt", 1);
	outbound_rig_outcome(&r, &d, OUTCOME_SENT, "00ab");
	outbound_rig_status(&r, &s.message, STATUS_DELIVERED);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM early_receipt", 0);
	cr_expect(outbound_rig_metric(&r, "\nthreadline_receipts_early_total{account=\"main\"} 1\n"));
	outbound_rig_close(&r);
}

static const struct {
	const char *answer, *receipt, *rule;
} forms[] = {
	{"1001", "1001", "exact"},
	{"abcd", "ABCD", "case"},
	{"00001002", "1002", "zeros"},
	{"5f5e0ff", "99999999", "hex_dec"},
	{"2000000000", "77359400", "hex_dec"},
};

Test(outbound_receipts, in_other_writings_each_counted)
{
	struct outbound_rig r;

	outbound_rig_open(&r, NULL);
	for (size_t k = 0; k < sizeof forms / sizeof *forms; k++) {
		struct send_result s = sent(&r, forms[k].answer);
		char line[160];
		outbound_rig_receipt(&r, forms[k].receipt, STATUS_DELIVERED, TO);
		outbound_rig_status(&r, &s.message, STATUS_DELIVERED);
		snprintf(line, sizeof line, "\nthreadline_receipts_matched_total{account=\"main\",rule=\"%s\"} %d\n",
			 forms[k].rule, k == 4 ? 2 : 1);
		cr_expect(outbound_rig_metric(&r, line), "%s", line);
	}
	outbound_rig_close(&r);
}

/* "16" in a receipt is hexadecimal of nothing here: it is early, and belongs to the message whose answer says "16". */
Test(outbound_receipts, another_base_is_not_believed_while_an_answer_is_due)
{
	struct outbound_rig r;
	struct send_result old, young;
	struct offered d;

	outbound_rig_open(&r, NULL);
	old = sent(&r, "10");
	young = outbound_rig_text(&r, TO, "young");
	d = outbound_rig_offered(&r, 2);
	outbound_rig_receipt(&r, "16", STATUS_DELIVERED, TO);
	outbound_rig_status(&r, &old.message, STATUS_SENT);
	outbound_rig_outcome(&r, &d, OUTCOME_SENT, "16");
	outbound_rig_status(&r, &young.message, STATUS_DELIVERED);
	outbound_rig_status(&r, &old.message, STATUS_SENT);
	outbound_rig_close(&r);
}

Test(outbound_receipts, twice_changes_nothing)
{
	struct outbound_rig r;
	struct send_result s;

	outbound_rig_open(&r, NULL);
	s = sent(&r, "7");
	outbound_rig_receipt(&r, "7", STATUS_DELIVERED, TO);
	outbound_rig_receipt(&r, "7", STATUS_DELIVERED, TO);
	outbound_rig_receipt(&r, "7", STATUS_UNDELIVERED, TO);
	outbound_rig_status(&r, &s.message, STATUS_DELIVERED);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM event WHERE type = 'message.delivered'", 1);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM event WHERE type = 'message.undelivered'", 0);
	cr_expect(outbound_rig_metric(&r, "\nthreadline_receipts_repeated_total{account=\"main\"} 1\n"));
	cr_expect(outbound_rig_metric(&r, "\nthreadline_receipts_ignored_total{account=\"main\"} 1\n"));
	outbound_rig_close(&r);
}

Test(outbound_receipts, networks_change_their_mind)
{
	struct outbound_rig r;
	struct send_result s;

	outbound_rig_open(&r, NULL);
	s = sent(&r, "8");
	outbound_rig_receipt(&r, "8", STATUS_UNDELIVERED, TO);
	outbound_rig_status(&r, &s.message, STATUS_UNDELIVERED);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM delivery WHERE code = '007' AND reason = 'RAW'", 1);
	outbound_rig_receipt(&r, "8", STATUS_DELIVERED, TO);
	outbound_rig_status(&r, &s.message, STATUS_DELIVERED);
	outbound_rig_close(&r);
}

Test(outbound_receipts, an_unknown_id_is_kept_and_counted)
{
	struct outbound_rig r;

	outbound_rig_open(&r, NULL);
	outbound_rig_receipt(&r, "nobody-knows", STATUS_DELIVERED, TO);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM early_receipt", 1);
	cr_expect(outbound_rig_metric(&r, "\nthreadline_receipts_unknown_total{account=\"main\"} 1\n"));
	outbound_rig_close(&r);
}

Test(outbound_receipts, delivered_when_all_parts_are)
{
	static const char *const ids[] = {"p1", "p2", "p3"};
	struct outbound_rig r;
	struct send_result s;
	struct offered d;

	outbound_rig_open(&r, NULL);
	s = outbound_rig_text(&r, TO, "long");
	d = outbound_rig_offered(&r, 1);
	outbound_rig_receipt(&r, "p2", STATUS_DELIVERED, TO); /* one of them early */
	parts(&r, &d, ids, 3);
	outbound_rig_status(&r, &s.message, STATUS_PARTIAL);
	outbound_rig_receipt(&r, "p1", STATUS_DELIVERED, TO);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM delivery WHERE parts LIKE '%p1\",\"status\":\"delivered\"%'", 1);
	outbound_rig_status(&r, &s.message, STATUS_PARTIAL);
	outbound_rig_receipt(&r, "p3", STATUS_DELIVERED, TO);
	outbound_rig_status(&r, &s.message, STATUS_DELIVERED);
	outbound_rig_close(&r);
}

Test(outbound_receipts, one_lost_part_is_a_lost_text)
{
	static const char *const ids[] = {"q1", "q2"};
	struct outbound_rig r;
	struct send_result s;
	struct offered d;

	outbound_rig_open(&r, NULL);
	s = outbound_rig_text(&r, TO, "long");
	d = outbound_rig_offered(&r, 1);
	parts(&r, &d, ids, 2);
	outbound_rig_status(&r, &s.message, STATUS_SENT);
	outbound_rig_receipt(&r, "q1", STATUS_UNDELIVERED, TO);
	outbound_rig_status(&r, &s.message, STATUS_UNDELIVERED);
	outbound_rig_receipt(&r, "q2", STATUS_DELIVERED, TO);
	outbound_rig_status(&r, &s.message, STATUS_UNDELIVERED);
	outbound_rig_receipt(&r, "q1", STATUS_DELIVERED, TO);
	outbound_rig_status(&r, &s.message, STATUS_DELIVERED);
	outbound_rig_close(&r);
}

Test(outbound_receipts, a_receipt_ends_what_was_to_be_sent_again)
{
	struct outbound_config c = {.default_expiry = US_HOUR,
				    .retry_first = US_HOUR,
				    .retry_max = US_HOUR,
				    .max_attempts = 9,
				    .memory = 100};
	struct outbound_rig r;
	struct send_result s;
	struct offered d;

	outbound_rig_open(&r, &c);
	s = outbound_rig_text(&r, TO, "text");
	d = outbound_rig_offered(&r, 1);
	outbound_rig_outcome(&r, &d, OUTCOME_SENT, "known");
	outbound_rig_status(&r, &s.message, STATUS_SENT);
	outbound_rig_sql(&r, "UPDATE delivery SET status = 2, outbox = 1, due_at = due_at + 30000000");
	outbound_rig_receipt(&r, "known", STATUS_DELIVERED, TO);
	outbound_rig_status(&r, &s.message, STATUS_DELIVERED);
	outbound_rig_until(&r, "SELECT outbox FROM delivery", 0);
	outbound_rig_close(&r);
}

Test(outbound_receipts, read_marks_cover_what_came_before)
{
	struct outbound_rig r;
	struct send_result first, second, third;
	struct address who = {.scheme = SCHEME_TEL, .value = TO};

	outbound_rig_open(&r, NULL);
	first = sent(&r, "r1");
	second = sent(&r, "r2");
	third = sent(&r, "r3");
	outbound_read_upto(r.o, &who, &second.message);
	outbound_rig_status(&r, &first.message, STATUS_READ);
	outbound_rig_status(&r, &second.message, STATUS_READ);
	outbound_rig_status(&r, &third.message, STATUS_SENT);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM event WHERE type = 'message.read'", 2);
	outbound_rig_close(&r);
}
