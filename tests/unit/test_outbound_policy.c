/* What stands against marketing beside consent, from submit to the wire. */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "outbound/rules.h"
#include "unit/outbound_rig.h"

#define TO "+4915112345678"

static struct send_request marketing(const char *text)
{
	struct send_request q = outbound_rig_request(TO, text);

	q.purpose = PURPOSE_MARKETING;
	return q;
}

static struct policy_rules *rules(const char *days, const char *cap, const char *topics)
{
	struct policy_settings s = {.quiet_days = days, .frequency_cap = cap, .topics = topics, .region = "DE"};
	struct policy_rules *r = NULL;
	struct err e = {0};

	cr_assert_eq(policy_rules_parse(&s, &r, &e), 0, "%s", e.msg);
	return r;
}

static void open(struct outbound_rig *r, const struct policy_rules *with)
{
	struct outbound_config c = {.default_expiry = 60 * US_DAY,
				    .retry_first = US_MS,
				    .retry_max = US_MS,
				    .max_attempts = 4,
				    .rules = with,
				    .memory = 100};

	outbound_rig_open(r, &c);
}

#define EVERY_DAY "sunday, monday, tuesday, wednesday, thursday, friday, saturday"

Test(outbound_policy, quiet_hours_defer_marketing_only)
{
	struct policy_rules *with = rules(EVERY_DAY, NULL, NULL);
	struct send_request q = marketing("an offer");
	struct outbound_rig r;
	struct send_result s;

	open(&r, with);
	s = outbound_rig_send(&r, &q);
	cr_expect_eq(s.status, STATUS_SCHEDULED);
	cr_expect_str_eq(s.reason, "quiet_day");
	cr_expect(s.delivery.due_at > clock_now() + 20 * US_DAY);
	cr_expect_eq(s.delivery.expires_at, s.delivery.due_at + 60 * US_DAY, "its life begins when it may be sent");
	q.expires_at = clock_now() + US_HOUR;
	q.text = STR("an offer that ends before");
	s = outbound_rig_send(&r, &q);
	cr_expect_eq(s.status, STATUS_SUPPRESSED);
	cr_expect_str_eq(s.reason, "quiet_day");
	cr_expect_eq(outbound_rig_text(&r, TO, "your bill").status, STATUS_QUEUED);
	outbound_rig_offered(&r, 1);
	outbound_rig_close(&r);
	policy_rules_free(&with);
}

Test(outbound_policy, asked_again_before_the_wire)
{
	struct policy_rules *with = rules(NULL, NULL, NULL), *night = rules(EVERY_DAY, NULL, NULL);
	struct quiet *day = with->quiet;
	struct send_request q = marketing("an offer");
	struct outbound_rig r;
	struct send_result s;

	open(&r, with);
	outbound_rig_account(&r, "main", ACCOUNT_DOWN);
	s = outbound_rig_send(&r, &q);
	cr_expect_eq(s.status, STATUS_QUEUED);
	with->quiet = night->quiet; /* the evening comes while the carrier is away */
	outbound_rig_account(&r, "main", ACCOUNT_UP);
	outbound_rig_until(&r, "SELECT COUNT(*) FROM delivery WHERE status = 1 AND outbox = 1 AND reason = 'quiet_day'",
			   1);
	cr_expect_eq(outbound_rig_count(&r), 0);
	outbound_rig_close(&r);
	with->quiet = day;
	policy_rules_free(&with);
	policy_rules_free(&night);
}

Test(outbound_policy, frequency_caps_count_marketing)
{
	struct policy_rules *with = rules(NULL, "2/1d, 50/30d", NULL);
	static const char *const texts[] = {"one", "two", "three"};
	struct outbound_rig r;
	struct send_request q;

	open(&r, with);
	outbound_rig_text(&r, TO, "service does not count");
	for (size_t k = 0; k < 3; k++) {
		q = marketing(texts[k]);
		struct send_result s = outbound_rig_send(&r, &q);
		cr_expect_eq(s.status, k < 2 ? STATUS_QUEUED : STATUS_SUPPRESSED, "%zu", k);
		cr_expect(k < 2 || strcmp(s.reason, "frequency_cap") == 0);
	}
	cr_expect_eq(outbound_rig_text(&r, TO, "nor is it stopped").status, STATUS_QUEUED);
	cr_assert_eq(outbound_rig_sql(&r, "UPDATE marketing_sent SET at = at - 90000000000"), 0); /* 25 h */
	q = marketing("tomorrow");
	cr_expect_eq(outbound_rig_send(&r, &q).status, STATUS_QUEUED, "25 hours later");
	outbound_rig_close(&r);
	policy_rules_free(&with);
}

Test(outbound_policy, holds_and_open_complaints)
{
	struct policy_rules *with = rules(NULL, NULL, "complaint, fault");
	struct send_request q = marketing("an offer");
	struct outbound_rig r;

	open(&r, with);
	outbound_rig_text(&r, TO, "hello"); /* makes the customer */
	cr_assert_eq(outbound_rig_sql(&r,
				      "INSERT INTO customer_hold (bucket, customer_id, id, reason, author, created_at)"
				      " SELECT bucket, id, id, 'bereavement', 'x', 0 FROM customer"),
		     0);
	cr_expect_str_eq(outbound_rig_send(&r, &q).reason, "held");
	cr_assert_eq(outbound_rig_sql(&r, "UPDATE customer_hold SET until = 5"), 0);
	cr_expect_eq(outbound_rig_send(&r, &q).status, STATUS_QUEUED);
	cr_assert_eq(outbound_rig_sql(&r,
				      "INSERT INTO conversation (bucket, id, customer_id, state, channel, opened_at,"
				      " updated_at, topic) SELECT bucket, id, id, 0, 1, 0, 0, 'Fault' FROM customer"),
		     0);
	q.text = STR("another");
	cr_expect_str_eq(outbound_rig_send(&r, &q).reason, "topic_open");
	cr_assert_eq(outbound_rig_sql(&r, "UPDATE conversation SET topic = 'question'"), 0);
	cr_expect_eq(outbound_rig_send(&r, &q).status, STATUS_QUEUED);
	outbound_rig_close(&r);
	policy_rules_free(&with);
}

Test(outbound_policy, what_was_not_sent_does_not_count)
{
	struct policy_rules *with = rules(NULL, "1/1d", NULL);
	struct send_request q = marketing("an offer");
	struct outbound_rig r;
	struct send_result s;
	struct err e = {0};

	open(&r, with);
	outbound_rig_account(&r, "main", ACCOUNT_DOWN);
	s = outbound_rig_send(&r, &q);
	q.text = STR("another");
	cr_expect_str_eq(outbound_rig_send(&r, &q).reason, "frequency_cap");
	cr_assert_eq(outbound_rig_cancel(&r, &s.message, &e), 0, "%s", e.msg);
	q.text = STR("after a cancelled one");
	q.expires_at = clock_now() + US_SEC;
	s = outbound_rig_send(&r, &q);
	cr_expect_eq(s.status, STATUS_QUEUED);
	outbound_rig_status(&r, &s.message, STATUS_EXPIRED);
	q.text = STR("after an expired one");
	q.expires_at = 0;
	cr_expect_eq(outbound_rig_send(&r, &q).status, STATUS_QUEUED);
	outbound_rig_close(&r);
	policy_rules_free(&with);
}

Test(outbound_policy, what_holds_while_nobody_has_said_anything)
{
	struct outbound_config c = {.default_expiry = US_DAY,
				    .retry_first = US_MS,
				    .retry_max = US_MS,
				    .max_attempts = 4,
				    .marketing_needs_opt_in = true,
				    .memory = 100};
	struct send_request q = outbound_rig_request(TO, "how was it?");
	struct outbound_rig r;

	outbound_rig_open(&r, &c);
	q.purpose = PURPOSE_SURVEY;
	cr_expect(outbound_consents(r.o, PURPOSE_SURVEY, CONSENT_UNKNOWN));
	cr_expect_eq(outbound_rig_send(&r, &q).status, STATUS_QUEUED);
	q.purpose = PURPOSE_MARKETING;
	cr_expect_not(outbound_consents(r.o, PURPOSE_MARKETING, CONSENT_UNKNOWN));
	cr_expect_str_eq(outbound_rig_send(&r, &q).reason, "no_consent");
	cr_expect(outbound_consents(r.o, PURPOSE_MARKETING, CONSENT_IN));
	cr_expect(outbound_consents(r.o, PURPOSE_SERVICE, CONSENT_UNKNOWN));
	cr_expect_not(outbound_consents(r.o, PURPOSE_SERVICE, CONSENT_OUT));
	cr_expect_not(outbound_consents(r.o, PURPOSE_TRACKING, CONSENT_UNKNOWN));
	outbound_rig_close(&r);
}
