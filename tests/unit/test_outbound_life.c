/* What can happen to a message on its way. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "customer/consent.h"
#include "unit/outbound_rig.h"

#define TO "+4915112345678"

Test(outbound_life, temporary_errors_are_tried_again_until_the_last)
{
	struct outbound_rig r;
	struct send_result s;
	struct offered d;

	outbound_rig_open(&r, NULL); /* four attempts */
	s = outbound_rig_text(&r, TO, "again");
	for (size_t k = 1; k <= 4; k++) {
		d = outbound_rig_offered(&r, k);
		cr_expect_eq(d.attempt, (int)k);
		outbound_rig_outcome(&r, &d, OUTCOME_RETRY, NULL);
	}
	outbound_rig_status(&r, &s.message, STATUS_FAILED);
	outbound_rig_until(&r,
			   "SELECT COUNT(*) FROM delivery WHERE attempts = 4 AND outbox = 0 AND code = '0x00000058'"
			   " AND reason = 'ESME_TEST'",
			   1);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM event WHERE type = 'message.failed' AND data LIKE '%ESME_TEST%'",
			   1);
	outbound_rig_close(&r);
}

Test(outbound_life, throttled_does_not_count)
{
	struct outbound_rig r;
	struct send_result s;
	struct offered d;

	outbound_rig_open(&r, NULL);
	s = outbound_rig_text(&r, TO, "slowly");
	for (size_t k = 1; k <= 2; k++) {
		struct outcome out = {
			.kind = OUTCOME_THROTTLED, .retry_after = US_MS, .reason = STR("ESME_RTHROTTLED")};
		d = outbound_rig_offered(&r, k);
		cr_expect_eq(d.attempt, 1);
		out.id = d.id;
		out.token = d.token;
		outbound_outcomes(r.o, STR("main"), &out, 1);
	}
	d = outbound_rig_offered(&r, 3);
	outbound_rig_outcome(&r, &d, OUTCOME_SENT, "x1");
	outbound_rig_status(&r, &s.message, STATUS_SENT);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM delivery WHERE attempts = 1", 1);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM event WHERE type = 'channel.throttled'", 1);
	outbound_rig_close(&r);
}

Test(outbound_life, an_outcome_is_believed_once_and_with_its_token)
{
	struct outbound_rig r;
	struct send_result s;
	struct offered d;

	outbound_rig_open(&r, NULL);
	s = outbound_rig_text(&r, TO, "once");
	d = outbound_rig_offered(&r, 1);
	d.token++;
	outbound_rig_outcome(&r, &d, OUTCOME_FAILED, NULL);
	d.token--;
	outbound_rig_outcome(&r, &d, OUTCOME_SENT, "once");
	outbound_rig_outcome(&r, &d, OUTCOME_FAILED, NULL);
	outbound_rig_status(&r, &s.message, STATUS_SENT);
	cr_expect(outbound_rig_metric(&r, "\nthreadline_outbound_stale_outcomes_total{account=\"main\"} 2\n"));
	outbound_rig_close(&r);
}

Test(outbound_life, an_uncertain_service_message_is_sent_again)
{
	struct outbound_rig r;
	struct send_result s;
	struct offered d;

	outbound_rig_open(&r, NULL);
	s = outbound_rig_text(&r, TO, "lost");
	d = outbound_rig_offered(&r, 1);
	outbound_rig_outcome(&r, &d, OUTCOME_UNCERTAIN, NULL);
	d = outbound_rig_offered(&r, 2);
	cr_expect_eq(d.attempt, 2);
	outbound_rig_outcome(&r, &d, OUTCOME_SENT, "second");
	outbound_rig_status(&r, &s.message, STATUS_SENT);
	cr_expect(outbound_rig_metric(&r, "\nthreadline_outbound_repeated_total{account=\"main\"} 1\n"));
	outbound_rig_close(&r);
}

static struct send_request marketing(const char *text)
{
	struct send_request q = outbound_rig_request(TO, text);
	q.purpose = PURPOSE_MARKETING;
	return q;
}

Test(outbound_life, an_uncertain_marketing_message_waits_for_its_receipt)
{
	struct outbound_rig r;
	struct send_request q = marketing("offer");
	struct send_result s;
	struct offered d;

	outbound_rig_open(&r, NULL);
	s = outbound_rig_send(&r, &q);
	d = outbound_rig_offered(&r, 1);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM delivery WHERE status = 3 AND attempts = 1 AND token > 0",
			   1); /* claimed */
	outbound_rig_outcome(&r, &d, OUTCOME_UNCERTAIN, NULL);
	outbound_rig_status(&r, &s.message, STATUS_UNCERTAIN);
	outbound_rig_until(&r, "SELECT outbox FROM delivery", 2);
	/* The id was in the answer that was lost; the handset is the only trace. */
	outbound_rig_receipt(&r, "never-seen", STATUS_DELIVERED, TO);
	outbound_rig_status(&r, &s.message, STATUS_DELIVERED);
	cr_expect_eq(outbound_rig_count(&r), 1);
	cr_expect(outbound_rig_metric(&r,
				      "\nthreadline_receipts_matched_total{account=\"main\",rule=\"uncertain\"} 1\n"));
	outbound_rig_close(&r);
}

Test(outbound_life, a_crash_sends_service_again_and_leaves_marketing_uncertain)
{
	struct outbound_rig r;
	struct send_request q = marketing("offer");
	struct send_result service, offer;

	outbound_rig_open(&r, NULL);
	service = outbound_rig_text(&r, TO, "important");
	offer = outbound_rig_send(&r, &q);
	outbound_rig_offered(&r, 2);
	outbound_rig_restart(&r, true);
	cr_expect_str_eq(outbound_rig_offered(&r, 1).text, "important");
	cr_expect_eq(outbound_rig_offered(&r, 1).attempt, 2);
	outbound_rig_status(&r, &offer.message, STATUS_UNCERTAIN);
	outbound_rig_status(&r, &service.message, STATUS_QUEUED);
	cr_expect(outbound_rig_metric(&r, "\nthreadline_outbound_possible_duplicates_total 1\n"));
	cr_expect_eq(outbound_rig_count(&r), 1);
	outbound_rig_close(&r);
}

Test(outbound_life, what_waits_is_loaded_at_the_start)
{
	struct outbound_rig r;
	struct send_request q = outbound_rig_request(TO, "file");
	struct attachment file = {.name = STR("a.png"), .type = STR("image/png"), .size = 7};

	outbound_rig_open(&r, NULL);
	pthread_mutex_lock(&r.lock);
	r.room = 0;
	pthread_mutex_unlock(&r.lock);
	memset(file.sha256, 'a', 64);
	q.attachments = &file;
	q.attachments_n = 1;
	q.correlation = STR("req-7");
	outbound_rig_send(&r, &q);
	outbound_rig_stop(&r, false);
	r.room = SIZE_MAX;
	r.offered_n = 0;
	outbound_rig_start(&r);
	cr_expect_str_eq(outbound_rig_offered(&r, 1).text, "file");
	cr_expect_eq(outbound_rig_offered(&r, 1).files, 1);
	cr_expect_str_eq(outbound_rig_offered(&r, 1).correlation, "req-7");
	cr_expect_eq(outbound_rig_offered(&r, 1).attempt, 1, "an orderly end doubts nothing");
	outbound_rig_close(&r);
}

Test(outbound_life, a_crashing_message_fails_in_the_end)
{
	struct outbound_rig r;
	struct send_result s;

	outbound_rig_open(&r, NULL);
	s = outbound_rig_text(&r, TO, "poison");
	for (int k = 0; k < 4; k++) {
		outbound_rig_offered(&r, 1);
		outbound_rig_restart(&r, true);
	}
	outbound_rig_status(&r, &s.message, STATUS_FAILED);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM delivery WHERE reason = 'too_many_attempts'", 1);
	outbound_rig_close(&r);
}

struct consenting {
	struct write_job job;
	struct outbound_rig *r;
	enum purpose purpose;
	enum consent_state state;
};

static int run_consent(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct consenting *c = (struct consenting *)(void *)job;
	struct address a = {.scheme = SCHEME_TEL, .value = TO};
	struct uuid nobody = {{0}};
	bool changed;

	return consent_set(db, c->r->store.events, &a, &nobody, c->purpose, c->state, "test", STR(""), now, &changed,
			   err);
}

static void say(struct outbound_rig *r, enum purpose p, enum consent_state s)
{
	struct consenting c = {.job = {.run = run_consent}, .r = r, .purpose = p, .state = s};
	cr_assert_eq(writer_call(r->writer, &c.job, NULL), 0);
}

Test(outbound_life, an_opt_out_suppresses_and_is_told)
{
	struct outbound_rig r;
	struct send_result s;

	outbound_rig_open(&r, NULL);
	say(&r, PURPOSE_SERVICE, CONSENT_OUT);
	s = outbound_rig_text(&r, TO, "unwanted");
	cr_expect_eq(s.status, STATUS_SUPPRESSED);
	cr_expect_str_eq(s.reason, "opted_out");
	outbound_rig_until(
		&r, "SELECT COUNT(*) FROM event WHERE type = 'message.suppressed' AND data LIKE '%opted_out%'", 1);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM delivery WHERE status = 7 AND outbox = 0 AND reason = 'opted_out'",
			   1);
	cr_expect_eq(outbound_rig_count(&r), 0);
	outbound_rig_close(&r);
}

Test(outbound_life, an_opt_out_between_submit_and_claim_counts)
{
	struct outbound_rig r;
	struct send_result s;

	outbound_rig_open(&r, NULL);
	outbound_rig_account(&r, "main", ACCOUNT_DOWN);
	s = outbound_rig_text(&r, TO, "too late");
	cr_expect_eq(s.status, STATUS_QUEUED);
	say(&r, PURPOSE_SERVICE, CONSENT_OUT);
	outbound_rig_account(&r, "main", ACCOUNT_UP);
	outbound_rig_status(&r, &s.message, STATUS_SUPPRESSED);
	cr_expect_eq(outbound_rig_count(&r), 0);
	outbound_rig_close(&r);
}

Test(outbound_life, marketing_needs_an_opt_in_where_so_configured)
{
	struct outbound_config c = {.default_expiry = US_HOUR,
				    .retry_first = US_MS,
				    .retry_max = US_MS,
				    .max_attempts = 2,
				    .marketing_needs_opt_in = true,
				    .memory = 100};
	struct outbound_rig r;
	struct send_request q = marketing("offer");

	outbound_rig_open(&r, &c);
	cr_expect_str_eq(outbound_rig_send(&r, &q).reason, "no_consent");
	say(&r, PURPOSE_MARKETING, CONSENT_IN);
	cr_expect_eq(outbound_rig_send(&r, &q).status, STATUS_QUEUED);
	cr_expect_eq(outbound_rig_text(&r, TO, "service").status, STATUS_QUEUED);
	outbound_rig_close(&r);
}

Test(outbound_life, the_same_text_over_and_over_is_a_loop)
{
	struct outbound_config c = {.default_expiry = US_HOUR,
				    .retry_first = US_MS,
				    .retry_max = US_MS,
				    .max_attempts = 2,
				    .repeat_limit = 3,
				    .memory = 100};
	struct outbound_rig r;
	struct send_result s;

	outbound_rig_open(&r, &c);
	for (int k = 0; k < 3; k++)
		cr_expect_eq(outbound_rig_text(&r, TO, "out of office").status, STATUS_QUEUED);
	s = outbound_rig_text(&r, TO, "out of office");
	cr_expect_eq(s.status, STATUS_SUPPRESSED);
	cr_expect_str_eq(s.reason, "looping");
	cr_expect_eq(outbound_rig_text(&r, TO, "something else").status, STATUS_QUEUED);
	cr_expect_eq(outbound_rig_text(&r, "+4915112345679", "out of office").status, STATUS_QUEUED);
	outbound_rig_close(&r);
}

Test(outbound_life, the_callers_own_id_makes_a_second_one_the_same)
{
	struct outbound_rig r;
	struct send_request q = outbound_rig_request(TO, "order 7");
	struct send_result first, second;

	outbound_rig_open(&r, NULL);
	q.external_id = STR("order-7");
	first = outbound_rig_send(&r, &q);
	second = outbound_rig_send(&r, &q);
	cr_expect(second.repeated);
	cr_expect(uuid_eq(&first.message, &second.message));
	cr_expect(uuid_eq(&first.customer, &second.customer));
	q.author = "key:other";
	cr_expect_not(outbound_rig_send(&r, &q).repeated);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM delivery", 2);
	outbound_rig_close(&r);
}

Test(outbound_life, cancel_what_waits_not_what_flies)
{
	struct outbound_rig r;
	struct send_request q = outbound_rig_request(TO, "tomorrow");
	struct send_result later, soon, flying;
	struct err e = {0};

	outbound_rig_open(&r, NULL);
	q.send_at = clock_now() + US_HOUR;
	later = outbound_rig_send(&r, &q); /* beyond what memory holds */
	cr_expect_eq(later.status, STATUS_SCHEDULED);
	flying = outbound_rig_text(&r, TO, "flying");
	outbound_rig_offered(&r, 1);
	pthread_mutex_lock(&r.lock);
	r.room = 0;
	pthread_mutex_unlock(&r.lock);
	soon = outbound_rig_text(&r, TO, "waits");
	cr_expect_eq(outbound_rig_cancel(&r, &later.message, &e), 0, "%s", e.msg);
	outbound_rig_status(&r, &later.message, STATUS_CANCELLED);
	cr_expect_eq(outbound_rig_cancel(&r, &flying.message, &e), -1);
	cr_expect_str_eq(e.code, "not_cancellable");
	cr_expect_eq(outbound_rig_cancel(&r, &later.message, &e), -1, "twice");
	cr_expect_eq(outbound_rig_cancel(&r, &(struct uuid){{7}}, &e), -1);
	cr_expect_eq(e.kind, ERR_NOT_FOUND);
	(void)soon;
	outbound_rig_until(&r, "SELECT COUNT(*) FROM event WHERE type = 'message.cancelled'", 1);
	outbound_rig_close(&r);
}

/* Cancelling races with sending: each message is either cancelled and never offered, or offered and not cancellable. */
Test(outbound_life, a_message_is_cancelled_or_sent_never_both)
{
	struct outbound_rig r;
	struct send_result s[200];
	bool cancelled[200];

	outbound_rig_open(&r, NULL);
	outbound_rig_account(&r, "main", ACCOUNT_DOWN);
	for (int k = 0; k < 200; k++)
		s[k] = outbound_rig_text(&r, TO, "race");
	pthread_mutex_lock(&r.lock);
	r.answer = true;
	pthread_mutex_unlock(&r.lock);
	outbound_rig_account(&r, "main", ACCOUNT_UP);
	for (int k = 199; k >= 0; k--)
		cancelled[k] = outbound_rig_cancel(&r, &s[k].message, NULL) == 0;
	outbound_rig_until(&r, "SELECT COUNT(*) FROM delivery WHERE outbox = 1", 0);
	for (int k = 0; k < 200; k++) {
		bool offered = false;
		for (size_t i = 0; i < r.offered_n; i++)
			offered = offered || uuid_eq(&r.offered[i].id.message, &s[k].message);
		cr_expect_neq(offered, cancelled[k], "message %d: offered %d, cancelled %d", k, offered, cancelled[k]);
		outbound_rig_status(&r, &s[k].message, cancelled[k] ? STATUS_CANCELLED : STATUS_SENT);
	}
	outbound_rig_close(&r);
}

Test(outbound_life, what_memory_does_not_hold_comes_from_the_store_in_order)
{
	struct outbound_config c = {
		.default_expiry = US_HOUR, .retry_first = US_MS, .retry_max = US_MS, .max_attempts = 2, .memory = 20};
	struct outbound_rig r;
	char text[16];

	outbound_rig_open(&r, &c);
	outbound_rig_account(&r, "main", ACCOUNT_DOWN);
	for (int k = 0; k < 700; k++) {
		snprintf(text, sizeof text, "%d", k);
		outbound_rig_text(&r, TO, text);
	}
	pthread_mutex_lock(&r.lock);
	r.answer = true;
	pthread_mutex_unlock(&r.lock);
	outbound_rig_account(&r, "main", ACCOUNT_UP);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM delivery WHERE outbox = 0 AND status = 5", 700);
	cr_assert_eq(outbound_rig_count(&r), 700);
	for (int k = 0; k < 700; k++) {
		snprintf(text, sizeof text, "%d", k);
		cr_assert_str_eq(r.offered[k].text, text);
	}
	outbound_rig_close(&r);
}

Test(outbound_life, what_outlives_its_time_expires)
{
	struct outbound_rig r;
	struct send_request q = outbound_rig_request(TO, "short-lived");
	struct send_result in_memory, elsewhere;

	outbound_rig_open(&r, NULL);
	outbound_rig_account(&r, "main", ACCOUNT_DOWN);
	q.expires_at = clock_now() + 100 * US_MS;
	in_memory = outbound_rig_send(&r, &q);
	q.expires_at = clock_now() + 100 * US_MS;
	q.account = STR("other");
	elsewhere = outbound_rig_send(&r, &q);
	outbound_rig_status(&r, &in_memory.message, STATUS_EXPIRED);
	outbound_rig_status(&r, &elsewhere.message, STATUS_EXPIRED);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM event WHERE type = 'message.expired'", 2);
	outbound_rig_close(&r);
}

Test(outbound_life, what_is_scheduled_goes_when_it_is_due)
{
	struct outbound_rig r;
	struct send_request q = outbound_rig_request(TO, "soon");
	int64_t at;

	outbound_rig_open(&r, NULL);
	q.send_at = at = clock_now() + 2 * US_SEC; /* far enough for the slowest machine to submit it before */
	cr_expect_eq(outbound_rig_send(&r, &q).status, STATUS_SCHEDULED);
	cr_expect_str_eq(outbound_rig_offered(&r, 1).text, "soon");
	cr_expect_geq(clock_now(), at);
	outbound_rig_close(&r);
}

static const struct check_case {
	const char *label, *code, *field;
	struct send_request q;
} check_cases[] = {
	{"nobody", "to_missing", "/to", {.text = {"x", 1}}},
	{"no text", "text_empty", "/text", {.has_address = true, .text = {"  ", 2}}},
	{"not UTF-8", "text_invalid", "/text", {.has_address = true, .text = {"\xff", 1}}},
	{"NUL", "text_invalid", "/text", {.has_address = true, .text = {"a\0b", 3}}},
	{"no such account",
	 "account_unknown",
	 "/account",
	 {.has_address = true, .text = {"x", 1}, .account = {"nope", 4}}},
	{"no such channel",
	 "channel_unavailable",
	 "/channel",
	 {.has_address = true, .text = {"x", 1}, .channels = {CHANNEL_EMAIL}, .channels_n = 1}},
	{"past", "expires_at_past", "/expires_at", {.has_address = true, .text = {"x", 1}, .expires_at = 1}},
	{"too far", "send_at_too_far", "/send_at", {.has_address = true, .text = {"x", 1}, .send_at = INT64_MAX / 2}},
	{"files",
	 "media_unsupported",
	 "/attachments",
	 {.has_address = true,
	  .text = {"x", 1},
	  .account = {"other", 5},
	  .attachments = &(struct attachment){.size = 1},
	  .attachments_n = 1}},
};

Test(outbound_life, requests_are_checked_before_anything_is_queued)
{
	struct outbound_rig r;
	static char long_text[2000];
	struct send_request q;
	struct err e;

	outbound_rig_open(&r, NULL);
	for (size_t k = 0; k < sizeof check_cases / sizeof *check_cases; k++) {
		e = (struct err){0};
		cr_expect_eq(outbound_check(r.o, &check_cases[k].q, clock_now(), &e), -1, "%s", check_cases[k].label);
		cr_expect_str_eq(e.code, check_cases[k].code, "%s: %s", check_cases[k].label, e.code);
		cr_expect_str_eq(e.field, check_cases[k].field);
		cr_expect_eq(e.kind, ERR_SEMANTIC);
	}
	memset(long_text, 'x', sizeof long_text);
	q = outbound_rig_request(TO, "");
	q.text = str_n(long_text, sizeof long_text);
	cr_expect_eq(outbound_check(r.o, &q, clock_now(), &e), -1);
	cr_expect_str_eq(e.code, "text_too_long");
	outbound_rig_close(&r);
}
