/* Windows, throttling, answers lost and found, long messages, end. */
#include "unit/sms_rig.h"

static const char *three_parts(void)
{
	static char text[400];

	memset(text, 'x', 399);
	return text;
}

static const struct fake_outcome *outcome(const struct rig *r, size_t i) { return &r->fake.outcomes[i]; }

Test(sms_link_submit, an_answer_becomes_an_outcome)
{
	struct rig r;

	rig_open(&r, "");
	rig_start(&r);
	cr_assert_eq(rig_submit(&r, 1, "hello"), 1);
	until(&r, r.fake.outcomes_n == 1);
	cr_expect_eq(outcome(&r, 0)->kind, OUTCOME_SENT);
	cr_expect_eq(outcome(&r, 0)->token, 1);
	cr_expect_eq(outcome(&r, 0)->id.n, 1);
	cr_expect_eq(outcome(&r, 0)->ids_n, 1);
	cr_expect_str_eq(outcome(&r, 0)->ids[0], "id1");
	fake_clock_add(US_SEC);
	until(&r, fake_counted(&r.fake, "smpp_submit_resp_total", "ESME_ROK") == 1);
	cr_expect_eq(fake_counted(&r.fake, "smpp_submit_total", NULL), 1);
	rig_close(&r);
}

Test(sms_link_submit, nothing_is_taken_while_the_link_is_down)
{
	struct rig r;

	rig_open(&r, "");
	r.smsc.mute_bind = true;
	sms_channel.start(r.account);
	cr_expect_eq(rig_submit(&r, 1, "hello"), 0);
	rig_settle(&r);
	cr_expect_eq(r.fake.ready, 0);
	smsc_send(&r.smsc, 0, RESP | BIND_TRX, 0, smsc_find(&r.smsc, BIND_TRX, 0)->seq, "x", 2);
	until(&r, r.fake.ready == 1);
	cr_expect_eq(rig_submit(&r, 1, "hello"), 1);
	rig_close(&r);
}

Test(sms_link_submit, the_window_is_kept_full_and_never_exceeded)
{
	struct rig r;
	size_t taken;

	rig_open(&r, "window=7\n");
	rig_start(&r);
	r.smsc.mute_submit = true;
	taken = rig_submit(&r, 1000, "hello");
	cr_expect_eq(taken, 7 + 64, "window and queue, not %zu", taken);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 7);
	rig_settle(&r);
	cr_expect_eq(smsc_count(&r.smsc, SUBMIT), 7);
	for (size_t i = 0; i < taken; i++) {
		until(&r, smsc_count(&r.smsc, SUBMIT) > i);
		smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, i), "a");
		until(&r, r.fake.outcomes_n == i + 1);
		until(&r, smsc_count(&r.smsc, SUBMIT) == (i + 8 < taken ? i + 8 : taken));
		cr_assert_eq(outcome(&r, i)->token, (int64_t)i + 1, "first in, first out");
	}
	cr_expect_eq(r.fake.ready, 1, "once, at half of the queue, not %d times", r.fake.ready);
	rig_close(&r);
}

Test(sms_link_submit, answers_may_come_in_any_order)
{
	struct rig r;

	rig_open(&r, "");
	rig_start(&r);
	r.smsc.mute_submit = true;
	cr_assert_eq(rig_submit(&r, 3, "hello"), 3);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 3);
	smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, 2), "c");
	smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, 0), "a");
	smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, 1), "b");
	smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, 1), "b again");
	until(&r, r.fake.outcomes_n == 3);
	cr_expect_eq(outcome(&r, 0)->token, 3);
	cr_expect_str_eq(outcome(&r, 0)->ids[0], "c");
	cr_expect_eq(outcome(&r, 1)->token, 1);
	cr_expect_str_eq(outcome(&r, 2)->ids[0], "b");
	rig_close(&r);
}

Test(sms_link_submit, answers_of_one_read_come_in_one_batch)
{
	struct rig r;

	rig_open(&r, "window=50\n");
	rig_start(&r);
	r.smsc.mute_submit = true;
	cr_assert_eq(rig_submit(&r, 50, "hello"), 50);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 50);
	for (size_t i = 0; i < 50; i++)
		smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, i), "a");
	until(&r, r.fake.outcomes_n == 50);
	cr_expect_leq(r.fake.batches, 2);
	rig_close(&r);
}

Test(sms_link_submit, refusals_are_classed)
{
	static const struct {
		uint32_t status;
		enum outcome_kind kind;
		const char *code, *name;
	} cases[] = {
		{0x58, OUTCOME_THROTTLED, "0x00000058", "ESME_RTHROTTLED"},
		{0x14, OUTCOME_THROTTLED, "0x00000014", "ESME_RMSGQFUL"},
		{0x0B, OUTCOME_FAILED, "0x0000000b", "ESME_RINVDSTADR"},
		{0x08, OUTCOME_RETRY, "0x00000008", "ESME_RSYSERR"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rig r;
		rig_open(&r, "");
		rig_start(&r);
		r.smsc.submit_status = cases[i].status;
		r.smsc.submit_status_n = 1;
		cr_assert_eq(rig_submit(&r, 1, "hello"), 1);
		until(&r, r.fake.outcomes_n == 1);
		cr_expect_eq(outcome(&r, 0)->kind, cases[i].kind, "%s", cases[i].name);
		cr_expect_str_eq(outcome(&r, 0)->code, cases[i].code);
		cr_expect_str_eq(outcome(&r, 0)->reason, cases[i].name);
		cr_expect_eq(outcome(&r, 0)->ids_n, 0);
		rig_close(&r);
	}
}

Test(sms_link_submit, a_generic_nack_refuses_the_submit_it_names)
{
	struct rig r;

	rig_open(&r, "");
	rig_start(&r);
	r.smsc.mute_submit = true;
	cr_assert_eq(rig_submit(&r, 1, "hello"), 1);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 1);
	smsc_send(&r.smsc, 0, NACK, 0x08, smsc_find(&r.smsc, SUBMIT, 0)->seq, "", 0);
	until(&r, r.fake.outcomes_n == 1);
	cr_expect_eq(outcome(&r, 0)->kind, OUTCOME_RETRY);
	rig_close(&r);
}

Test(sms_link_submit, throttled_means_slower)
{
	struct rig r;
	size_t before;

	rig_open(&r, "throughput=100\nwindow=50\n");
	rig_start(&r);
	r.smsc.submit_status = 0x58;
	r.smsc.submit_status_n = 1;
	cr_assert_eq(rig_submit(&r, 1, "hello"), 1);
	until(&r, r.fake.outcomes_n == 1);
	cr_assert_gt(rig_submit(&r, 60, "hello"), 20);
	before = smsc_count(&r.smsc, SUBMIT);
	for (int i = 0; i < 100; i++) {
		fake_clock_add(5 * US_MS);
		rig_step(&r);
	}
	rig_settle(&r);
	before = smsc_count(&r.smsc, SUBMIT) - before;
	cr_expect(before >= 10 && before <= 18, "a quarter of 100 a second for half a second, not %zu", before);
	fake_clock_add(5 * US_SEC);
	rig_settle(&r);
	fake_clock_add(5 * US_SEC);
	rig_settle(&r);
	rig_close(&r);
}

Test(sms_link_submit, throughput_is_kept)
{
	struct rig r;
	size_t sent;

	rig_open(&r, "throughput=20\n");
	rig_start(&r);
	for (int i = 0; i < 200; i++) {
		rig_submit(&r, 20, "hello");
		fake_clock_add(10 * US_MS);
		rig_step(&r);
	}
	rig_settle(&r);
	sent = smsc_count(&r.smsc, SUBMIT);
	cr_expect(sent >= 38 && sent <= 43, "20 a second for 2 seconds, not %zu", sent);
	rig_close(&r);
}

static void lose_answer(const char *more, enum purpose purpose, enum outcome_kind kind, bool by_time)
{
	struct rig r;
	struct delivery d;

	rig_open(&r, more);
	rig_start(&r);
	r.smsc.mute_submit = true;
	d = rig_delivery(&r, "hello");
	d.purpose = purpose;
	cr_assert_eq(rig_submit_as(&r, &d, 1), 1);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 1);
	if (by_time)
		fake_clock_add(31 * US_SEC);
	else
		smsc_drop(&r.smsc, 0);
	until(&r, r.fake.outcomes_n == 1);
	cr_expect_eq(outcome(&r, 0)->kind, kind);
	cr_expect_eq(strncmp(outcome(&r, 0)->reason, "answer lost", 11), 0);
	cr_expect_eq(outcome(&r, 0)->retry_after, kind == OUTCOME_UNCERTAIN ? OUTCOME_WAITS : US_SEC);
	if (by_time) { /* too late: the outcome has been given */
		until(&r, fake_state(&r.fake) == ACCOUNT_UP);
		smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, 0), "late");
		rig_settle(&r);
		cr_expect_eq(r.fake.outcomes_n, 1);
	}
	rig_close(&r);
}

Test(sms_link_submit, a_lost_answer_is_settled_by_purpose)
{
	lose_answer("", PURPOSE_SERVICE, OUTCOME_RETRY, false);
	lose_answer("", PURPOSE_MARKETING, OUTCOME_UNCERTAIN, false);
	lose_answer("", PURPOSE_SERVICE, OUTCOME_RETRY, true);
	lose_answer("", PURPOSE_MARKETING, OUTCOME_UNCERTAIN, true);
	lose_answer("lost_service=wait\n", PURPOSE_SERVICE, OUTCOME_UNCERTAIN, false);
	lose_answer("lost_marketing=resend\n", PURPOSE_MARKETING, OUTCOME_RETRY, false);
}

Test(sms_link_submit, what_never_touched_the_wire_is_released)
{
	struct rig r;

	rig_open(&r, "window=2\n");
	rig_start(&r);
	r.smsc.mute_submit = true;
	cr_assert_eq(rig_submit(&r, 6, "hello"), 6);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 2);
	smsc_drop(&r.smsc, 0);
	until(&r, r.fake.outcomes_n == 6);
	cr_expect_eq(fake_outcomes_of(&r.fake, OUTCOME_RETRY), 2);
	cr_expect_eq(fake_outcomes_of(&r.fake, OUTCOME_RELEASED), 4);
	rig_close(&r);
}

Test(sms_link_submit, a_link_that_never_answers_submits_is_given_up)
{
	struct rig r;

	rig_open(&r, "window=3\n");
	rig_start(&r);
	r.smsc.mute_submit = true;
	cr_assert_eq(rig_submit(&r, 3, "hello"), 3);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 3);
	fake_clock_add(31 * US_SEC);
	until(&r, fake_state(&r.fake) == ACCOUNT_DOWN);
	cr_expect_not_null(strstr(fake_reason(&r.fake), "no answers to submit_sm"));
	rig_close(&r);
}

Test(sms_link_submit, other_binds_carry_on)
{
	struct rig r;

	rig_open(&r, "binds=2\nwindow=4\n");
	rig_start(&r);
	until(&r, *fake_reason(&r.fake) == 0);
	r.smsc.mute_submit = true;
	cr_assert_eq(rig_submit(&r, 12, "hello"), 12);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 8);
	smsc_drop(&r.smsc, 0);
	until(&r, r.fake.outcomes_n == 4);
	cr_expect_eq(fake_outcomes_of(&r.fake, OUTCOME_RELEASED), 0, "the queue waits for the other bind");
	r.smsc.mute_submit = false;
	for (size_t i = 0; i < 8; i++)
		if (smsc_find(&r.smsc, SUBMIT, i)->conn == 1)
			smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, i), "a");
	until(&r, fake_outcomes_of(&r.fake, OUTCOME_SENT) == 8);
	rig_close(&r);
}

Test(sms_link_submit, a_long_message_has_one_outcome_with_all_ids)
{
	struct rig r;

	rig_open(&r, "window=2\n");
	rig_start(&r);
	cr_assert_eq(rig_submit(&r, 2, three_parts()), 2);
	until(&r, r.fake.outcomes_n == 2);
	cr_expect_eq(smsc_count(&r.smsc, SUBMIT), 6);
	cr_expect_eq(outcome(&r, 0)->kind, OUTCOME_SENT);
	cr_expect_eq(outcome(&r, 0)->ids_n, 3);
	cr_expect_str_eq(outcome(&r, 0)->ids[0], "id1");
	cr_expect_str_eq(outcome(&r, 0)->ids[2], "id3");
	cr_expect_str_eq(outcome(&r, 1)->ids[2], "id6");
	rig_close(&r);
}

Test(sms_link_submit, a_part_refused_for_good_fails_the_message)
{
	struct rig r;

	rig_open(&r, "window=1\n");
	rig_start(&r);
	r.smsc.submit_status = 0x0B;
	r.smsc.submit_status_n = 1;
	cr_assert_eq(rig_submit(&r, 1, three_parts()), 1);
	until(&r, r.fake.outcomes_n == 1);
	rig_settle(&r);
	cr_expect_eq(outcome(&r, 0)->kind, OUTCOME_FAILED);
	cr_expect_eq(smsc_count(&r.smsc, SUBMIT), 1, "the other parts need not go");
	rig_close(&r);
}

Test(sms_link_submit, accepted_parts_are_not_sent_again)
{
	struct rig r;

	rig_open(&r, "window=3\n");
	rig_start(&r);
	r.smsc.mute_submit = true;
	cr_assert_eq(rig_submit(&r, 1, three_parts()), 1);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 3);
	smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, 0), "a");
	smsc_send(&r.smsc, 0, RESP | SUBMIT, 0x58, smsc_find(&r.smsc, SUBMIT, 1)->seq, "", 0);
	smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, 2), "c");
	rig_settle(&r);
	cr_expect_eq(r.fake.outcomes_n, 0);
	cr_expect_eq(smsc_count(&r.smsc, SUBMIT), 3, "not at once");
	fake_clock_add(10 * US_SEC);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 4);
	cr_expect_eq(memcmp(smsc_find(&r.smsc, SUBMIT, 3)->body, smsc_find(&r.smsc, SUBMIT, 1)->body, SMSC_BODY), 0);
	smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, 3), "b");
	until(&r, r.fake.outcomes_n == 1);
	cr_expect_eq(outcome(&r, 0)->kind, OUTCOME_SENT);
	cr_expect_str_eq(outcome(&r, 0)->ids[1], "b");
	rig_close(&r);
}

Test(sms_link_submit, a_half_sent_message_waits_for_the_link_to_come_back)
{
	struct rig r;

	rig_open(&r, "window=1\n");
	rig_start(&r);
	r.smsc.mute_submit = true;
	cr_assert_eq(rig_submit(&r, 1, three_parts()), 1);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 1);
	smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, 0), "a");
	until(&r, smsc_count(&r.smsc, SUBMIT) == 2);
	smsc_drop(&r.smsc, 0);
	until(&r, fake_state(&r.fake) == ACCOUNT_DOWN);
	rig_settle(&r);
	cr_expect_eq(r.fake.outcomes_n, 0);
	r.smsc.mute_submit = false;
	fake_clock_add(US_SEC);
	until(&r, r.fake.outcomes_n == 1);
	cr_expect_eq(outcome(&r, 0)->kind, OUTCOME_SENT);
	cr_expect_eq(smsc_count(&r.smsc, SUBMIT), 4, "the lost part twice, the first one once");
	cr_expect_str_eq(outcome(&r, 0)->ids[0], "a");
	rig_close(&r);
}

Test(sms_link_submit, a_half_sent_message_does_not_wait_for_ever)
{
	struct rig r;

	rig_open(&r, "window=1\n");
	rig_start(&r);
	r.smsc.mute_submit = true;
	cr_assert_eq(rig_submit(&r, 1, three_parts()), 1);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 1);
	smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, 0), "a");
	until(&r, smsc_count(&r.smsc, SUBMIT) == 2);
	smsc_stop_listening(&r.smsc);
	smsc_drop(&r.smsc, 0);
	until(&r, fake_state(&r.fake) == ACCOUNT_DOWN);
	fake_clock_add(31 * US_SEC);
	until(&r, r.fake.outcomes_n == 1);
	cr_expect_eq(outcome(&r, 0)->kind, OUTCOME_RETRY);
	cr_expect_str_eq(outcome(&r, 0)->ids[0], "a");
	rig_close(&r);
}

Test(sms_link_submit, marketing_in_parts_is_uncertain_as_a_whole)
{
	struct rig r;
	struct delivery d;

	rig_open(&r, "window=1\n");
	rig_start(&r);
	r.smsc.mute_submit = true;
	d = rig_delivery(&r, three_parts());
	d.purpose = PURPOSE_MARKETING;
	cr_assert_eq(rig_submit_as(&r, &d, 1), 1);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 1);
	smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, 0), "a");
	until(&r, smsc_count(&r.smsc, SUBMIT) == 2);
	smsc_drop(&r.smsc, 0);
	until(&r, r.fake.outcomes_n == 1);
	cr_expect_eq(outcome(&r, 0)->kind, OUTCOME_UNCERTAIN);
	cr_expect_eq(outcome(&r, 0)->ids_n, 3);
	cr_expect_str_eq(outcome(&r, 0)->ids[0], "a");
	cr_expect_str_eq(outcome(&r, 0)->ids[1], "");
	rig_close(&r);
}

Test(sms_link_submit, cancel_works_before_the_wire)
{
	struct rig r;
	struct delivery_id second = {.n = 2}, first = {.n = 1};

	first.message.b[1] = 1;
	second.message.b[1] = 2;
	first.message.b[15] = second.message.b[15] = 7;
	rig_open(&r, "window=1\n");
	rig_start(&r);
	r.smsc.mute_submit = true;
	cr_assert_eq(rig_submit(&r, 3, "hello"), 3);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 1);
	sms_channel.cancel(r.account, &first);
	sms_channel.cancel(r.account, &second);
	until(&r, r.fake.outcomes_n == 1);
	cr_expect_eq(outcome(&r, 0)->kind, OUTCOME_CANCELLED);
	cr_expect_eq(outcome(&r, 0)->token, 2);
	rig_close(&r);
}

Test(sms_link_submit, what_expires_in_the_queue_is_not_sent)
{
	struct rig r;
	struct delivery d;

	rig_open(&r, "window=1\n");
	rig_start(&r);
	r.smsc.mute_submit = true;
	cr_assert_eq(rig_submit(&r, 1, "hello"), 1);
	d = rig_delivery(&r, "hello");
	d.expires_at = clock_now() + 50 * US_MS;
	cr_assert_eq(rig_submit_as(&r, &d, 1), 1);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 1);
	until(&r, clock_now() > d.expires_at);
	smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, 0), "a");
	until(&r, r.fake.outcomes_n == 2);
	cr_expect_eq(outcome(&r, 1)->kind, OUTCOME_EXPIRED);
	cr_expect_eq(smsc_count(&r.smsc, SUBMIT), 1);
	rig_close(&r);
}

Test(sms_link_submit, stop_drains_the_window_and_releases_the_queue)
{
	struct rig r;

	rig_open(&r, "window=2\n");
	rig_start(&r);
	r.smsc.mute_submit = true;
	cr_assert_eq(rig_submit(&r, 5, "hello"), 5);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 2);
	sms_channel.stop(r.account, fake_clock() + 10 * US_SEC);
	cr_expect_eq(rig_submit(&r, 1, "hello"), 0);
	until(&r, fake_outcomes_of(&r.fake, OUTCOME_RELEASED) == 3);
	rig_settle(&r);
	cr_expect_neq(fake_state(&r.fake), ACCOUNT_CLOSED, "two answers are still due");
	for (size_t i = 0; i < 2; i++)
		smsc_accept_submit(&r.smsc, smsc_find(&r.smsc, SUBMIT, i), "a");
	until(&r, fake_state(&r.fake) == ACCOUNT_CLOSED);
	cr_expect_eq(fake_outcomes_of(&r.fake, OUTCOME_SENT), 2);
	cr_expect_eq(smsc_count(&r.smsc, UNBIND), 1);
	rig_close(&r);
}

Test(sms_link_submit, stop_ends_at_its_deadline)
{
	struct rig r;

	rig_open(&r, "window=2\n");
	rig_start(&r);
	r.smsc.mute_submit = r.smsc.mute_unbind = true;
	cr_assert_eq(rig_submit(&r, 2, three_parts()), 2);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 2);
	sms_channel.stop(r.account, fake_clock() + 10 * US_SEC);
	rig_settle(&r);
	cr_expect_neq(fake_state(&r.fake), ACCOUNT_CLOSED);
	fake_clock_add(11 * US_SEC);
	until(&r, fake_state(&r.fake) == ACCOUNT_CLOSED);
	cr_expect_eq(r.fake.outcomes_n, 2);
	rig_close(&r);
}

Test(sms_link_submit, a_reload_changes_window_and_throughput)
{
	struct rig r;
	struct sms_settings set;

	rig_open(&r, "window=2\n");
	rig_start(&r);
	r.smsc.mute_submit = true;
	cr_assert_eq(rig_submit(&r, 20, "hello"), 20);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 2);
	set = r.set;
	set.window = 15;
	cr_assert_eq(sms_channel.reload(r.account, &set, NULL), 0);
	until(&r, smsc_count(&r.smsc, SUBMIT) == 15);
	rig_settle(&r);
	cr_expect_eq(smsc_count(&r.smsc, SUBMIT), 15);
	rig_close(&r);
}

Test(sms_link_submit, status_is_one_json_object)
{
	struct rig r;
	struct buf b;

	rig_open(&r, "");
	rig_start(&r);
	buf_init(&b, 4000);
	sms_channel.status(r.account, &b);
	cr_expect_not_null(strstr(buf_cstr(&b), "\"state\":\"bound\""), "%s", buf_cstr(&b));
	cr_expect_null(strstr(buf_cstr(&b), "secret"));
	buf_free(&b);
	rig_close(&r);
}
