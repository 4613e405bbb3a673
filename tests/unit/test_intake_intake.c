#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "customer/consent.h"
#include "unit/intake_rig.h"

static struct intake_rig rig;

static void open_rig(void) { intake_rig_open(&rig, 0); }
static void close_rig(void) { intake_rig_close(&rig); }

TestSuite(intake, .init = open_rig, .fini = close_rig);

static int64_t number(const char *sql) { return store_rig_number(&rig.s, sql); }

static enum intake_kind give(const char *from, const char *text)
{
	struct inbound in = intake_rig_sms(from, text);
	return intake_rig_give(&rig, &in).kind;
}

Test(intake, an_unknown_sender_becomes_a_prospect_with_a_conversation)
{
	char text[256];
	struct inbound in = intake_rig_sms("0151 1234 5678", "Guten Tag");
	struct intake_outcome o = intake_rig_give(&rig, &in);

	cr_assert_eq(o.kind, INTAKE_STORED, "%s", o.err.msg);
	cr_expect_not(uuid_is_nil(&o.interaction));
	cr_expect_eq(number("SELECT COUNT(*) FROM customer WHERE stage = 0"), 1);
	cr_expect_eq(number("SELECT COUNT(*) FROM conversation WHERE state = 0"), 1);
	intake_rig_text(&rig, "SELECT contact_address FROM interaction", text);
	cr_expect_str_eq(text, "+4915112345678", "normalised by the home region");
	cr_expect_eq(give("+4915112345678", "noch etwas"), INTAKE_STORED);
	cr_expect_eq(number("SELECT COUNT(*) FROM customer"), 1);
	cr_expect_eq(number("SELECT COUNT(DISTINCT conversation_id) FROM interaction"), 1);
	cr_expect_eq(number("SELECT COUNT(*) FROM event WHERE type = 'message.received'"), 2);
	cr_expect_eq(number("SELECT COUNT(*) FROM event WHERE type = 'conversation.opened'"), 1);
}

Test(intake, senders_that_are_no_numbers)
{
	static const struct {
		const char *label, *from;
		enum intake_kind kind;
		int scheme;
	} cases[] = {
		{"a name", "Vodafone", INTAKE_STORED, SCHEME_SENDER},
		{"rubbish is kept apart", "+1", INTAKE_STORED, SCHEME_SENDER},
		{"nobody", "", INTAKE_REFUSED, -1},
		{"nobody again", "  ", INTAKE_REFUSED, -1},
		{"bytes", "\xff\xfe", INTAKE_REFUSED, -1},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct inbound in = intake_rig_sms(cases[i].from, "hello");
		struct intake_outcome o = intake_rig_give(&rig, &in);
		cr_expect_eq(o.kind, cases[i].kind, "%s", cases[i].label);
		if (o.kind == INTAKE_STORED)
			cr_expect_eq(number("SELECT contact_scheme FROM interaction ORDER BY id DESC LIMIT 1"),
				     cases[i].scheme, "%s", cases[i].label);
		else
			cr_expect_str_eq(o.err.code, "sender_unusable");
	}
}

Test(intake, the_carriers_id_deduplicates)
{
	struct inbound in = intake_rig_sms("+4915112345678", "once"),
		       other = intake_rig_sms("+4915112345679", "another's");
	struct intake_outcome first, again;

	in.external_id = other.external_id = STR("m-1");
	first = intake_rig_give(&rig, &in);
	again = intake_rig_give(&rig, &in);
	cr_expect_eq(first.kind, INTAKE_STORED);
	cr_expect_eq(again.kind, INTAKE_SEEN);
	cr_expect(uuid_eq(&first.interaction, &again.interaction));
	cr_expect_eq(intake_rig_give(&rig, &other).kind, INTAKE_STORED, "ids are the sender's own");
	intake_rig_restart(&rig, 0);
	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_SEEN, "also after a restart");
	cr_expect_eq(number("SELECT COUNT(*) FROM interaction"), 2);
}

Test(intake, without_an_id_the_text_deduplicates_where_wished)
{
	struct inbound in = intake_rig_sms("+4915112345678", "1");
	int64_t t = clock_now() - US_HOUR;

	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_STORED);
	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_STORED, "off by default");
	intake_rig_restart(&rig, 30 * US_SEC);
	in.at = t;
	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_STORED);
	in.at = t + 29 * US_SEC;
	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_SEEN);
	in.at = t + 31 * US_SEC;
	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_STORED);
	in.text = STR("2");
	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_STORED);
}

Test(intake, what_was_seen_is_forgotten_in_time)
{
	struct inbound in = intake_rig_sms("+4915112345678", "old");

	in.external_id = STR("m-1");
	intake_rig_give(&rig, &in);
	intake_rig_sweep(&rig, clock_now());
	cr_expect_eq(number("SELECT COUNT(*) FROM inbound_seen"), 1);
	intake_rig_sweep(&rig, clock_now() + 31 * US_DAY);
	cr_expect_eq(number("SELECT COUNT(*) FROM inbound_seen"), 0);
}

Test(intake, a_batch_keeps_the_order_and_refuses_one_alone)
{
	struct inbound in[4] = {intake_rig_sms("+4915112345678", "a"), intake_rig_sms("", "nobody"),
				intake_rig_sms("+4915112345678", "b"), intake_rig_sms("+4915112345678", "c")};
	char text[256];

	intake_rig_give_batch(&rig, in, 4);
	intake_rig_text(&rig,
			store_rig_postgres()
				? "SELECT string_agg(content, '' ORDER BY id) FROM interaction"
				: "SELECT group_concat(content, '') FROM (SELECT content FROM interaction ORDER BY id)",
			text);
	cr_expect_str_eq(text, "abc");
}

Test(intake, times_of_the_carrier)
{
	struct inbound in = intake_rig_sms("+4915112345678", "late");
	int64_t now = clock_now();

	in.at = now - US_HOUR;
	intake_rig_give(&rig, &in);
	cr_expect_eq(number("SELECT at FROM interaction"), now - US_HOUR);
	in.at = now + US_DAY;
	intake_rig_give(&rig, &in);
	cr_expect_leq(number("SELECT MAX(at) FROM interaction"), now + US_MIN, "no news from the future");
}

Test(intake, stop_start_help)
{
	struct address a = {.scheme = SCHEME_TEL, .value = "+4915112345678"};
	struct consent c;
	char text[256];

	cr_expect_eq(give(a.value, "Stop!"), INTAKE_STORED);
	for (int p = PURPOSE_SERVICE; p <= PURPOSE_SURVEY; p++) {
		cr_assert_eq(consent_get(rig.s.db, &a, (enum purpose)p, &c, NULL), 0);
		cr_expect_eq(c.state, CONSENT_OUT);
		cr_expect_str_eq(c.source, "keyword");
	}
	cr_expect_eq(rig.sent_n, 1);
	cr_expect(strstr(rig.sent[0], "START"));
	intake_rig_text(&rig, "SELECT metadata FROM interaction", text);
	cr_expect_str_eq(text, "{\"keyword\":\"stop\"}");
	intake_rig_text(&rig, "SELECT proof FROM consent", text);
	cr_expect(strncmp(text, "{\"interaction\":\"", 16) == 0);
	cr_expect_eq(number("SELECT COUNT(*) FROM conversation"), 0, "nobody needs to work on it");
	give(a.value, "STOP");
	cr_expect_eq(rig.sent_n, 1, "confirmed once");
	give(a.value, "yes");
	cr_assert_eq(consent_get(rig.s.db, &a, PURPOSE_SERVICE, &c, NULL), 0);
	cr_expect_eq(c.state, CONSENT_IN, "a weak word counts for somebody who has said STOP");
	cr_expect_eq(rig.sent_n, 2);
	give(a.value, "yes");
	cr_expect_eq(rig.sent_n, 2, "and is an answer like others for everybody else");
	cr_expect_eq(number("SELECT COUNT(*) FROM conversation"), 1);
	give(a.value, "hilfe");
	cr_expect_eq(rig.sent_n, 3);
	cr_expect(strstr(rig.sent[2], "Mitarbeiter"), "in the language of the word");
}

Test(intake, keywords_in_one_batch_are_confirmed_together)
{
	struct inbound in[2] = {intake_rig_sms("+4915112345678", "stop"), intake_rig_sms("+4915112345679", "stop")};

	intake_rig_give_batch(&rig, in, 2);
	cr_expect_eq(rig.sent_n, 2);
}

Test(intake, in_a_chat_only_stop_is_a_keyword_and_service_goes_on)
{
	struct inbound in = {.channel = CHANNEL_WEB,
			     .account = STR("web"),
			     .text = STR("help"),
			     .from.scheme = SCHEME_VISITOR,
			     .from.value = "01920000-0000-7000-8000-000000000001"};

	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_STORED);
	in.text = STR("start");
	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_STORED);
	cr_expect_eq(number("SELECT COUNT(*) FROM consent"), 0);
	cr_expect_eq(rig.sent_n, 0);
	in.text = STR("Stop!");
	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_STORED);
	cr_expect_eq(number("SELECT COUNT(*) FROM consent WHERE state = 2 AND purpose IN (1, 2)"), 2);
	cr_expect_eq(number("SELECT COUNT(*) FROM consent WHERE purpose = 0"), 0);
	cr_expect_eq(rig.sent_n, 1);
	in.text = STR("start");
	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_STORED);
	cr_expect_eq(number("SELECT COUNT(*) FROM consent WHERE state = 1"), 2);
}

static struct inbound visitor(const char *text)
{
	return (struct inbound){.channel = CHANNEL_WEB,
				.account = STR("web"),
				.text = str_of(text),
				.from.scheme = SCHEME_VISITOR,
				.from.value = "01920000-0000-7000-8000-000000000001"};
}

Test(intake, a_wish_without_words_becomes_consent_and_nothing_else)
{
	struct address a = {.scheme = SCHEME_MAIL, .value = "anna@example.com"};
	struct inbound in = {
		.channel = CHANNEL_EMAIL,
		.account = STR("mail"),
		.from = a,
		.metadata = STR("{\"message\":\"1\"}"),
		.consent = {1u << PURPOSE_MARKETING | 1u << PURPOSE_SURVEY, CONSENT_OUT, "unsubscribe_link"}};
	char text[256];
	struct consent c;

	cr_assert_eq(intake_rig_give(&rig, &in).kind, INTAKE_STORED);
	cr_assert_eq(consent_get(rig.s.db, &a, PURPOSE_MARKETING, &c, NULL), 0);
	cr_expect_eq(c.state, CONSENT_OUT);
	cr_expect_str_eq(c.source, "unsubscribe_link");
	cr_assert_eq(consent_get(rig.s.db, &a, PURPOSE_SURVEY, &c, NULL), 0);
	cr_expect_eq(c.state, CONSENT_OUT);
	cr_assert_eq(consent_get(rig.s.db, &a, PURPOSE_SERVICE, &c, NULL), 0);
	cr_expect_eq(c.state, CONSENT_UNKNOWN);
	intake_rig_text(&rig, "SELECT proof FROM consent", text);
	cr_expect_str_eq(text, "{\"message\":\"1\"}");
	cr_expect_eq(number("SELECT COUNT(*) FROM interaction"), 0);
}

Test(intake, without_text_it_only_identifies)
{
	struct inbound in = visitor("");
	struct address phone = {.scheme = SCHEME_TEL, .value = "+4915112345678"};
	struct intake_outcome o;
	struct contact c;

	in.claimed = &phone;
	in.claimed_n = 1;
	in.display_name = STR("Kim");
	o = intake_rig_give(&rig, &in);
	cr_expect_eq(o.kind, INTAKE_STORED);
	cr_expect(uuid_is_nil(&o.interaction));
	cr_expect_eq(number("SELECT COUNT(*) FROM interaction"), 0);
	cr_expect_eq(number("SELECT COUNT(*) FROM customer WHERE name = 'Kim'"), 1);
	cr_assert_eq(contact_find(rig.s.db, &phone, 0, &c, NULL), 0);
	cr_expect_str_eq(c.verified_by, "", "a claim is no proof");
}

Test(intake, a_name_is_kept_for_the_nameless)
{
	struct inbound in = visitor("hello");

	intake_rig_give(&rig, &in);
	in = visitor("");
	in.display_name = STR("Kim");
	intake_rig_give(&rig, &in);
	in.display_name = STR("Somebody Else");
	intake_rig_give(&rig, &in);
	cr_expect_eq(number("SELECT COUNT(*) FROM customer WHERE name = 'Kim'"), 1);
}

Test(intake, what_is_proven_joins_the_anonymous_history)
{
	struct inbound in = visitor("before");
	struct intake_outcome before = intake_rig_give(&rig, &in), after;
	struct uuid customer, members[MEMBERS_MAX];

	in = visitor("");
	in.proven_external_id = STR("shop-17");
	in.proven_by = STR("hmac");
	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_STORED);
	in = visitor("after");
	after = intake_rig_give(&rig, &in);
	cr_assert_eq(customer_by_external_id(rig.s.db, STR("shop-17"), &customer, NULL), 0);
	cr_expect_eq(identity_members(rig.s.db, &customer, members, NULL), 2);
	cr_expect(!uuid_is_nil(&before.interaction) && !uuid_is_nil(&after.interaction));
	cr_expect_eq(number("SELECT COUNT(DISTINCT conversation_id) FROM interaction"), 1);
}

Test(intake, another_person_on_the_same_browser_takes_nothing_over)
{
	struct uuid a, b, members[MEMBERS_MAX];
	struct inbound in = visitor("");

	in.proven_external_id = STR("shop-17");
	intake_rig_give(&rig, &in);
	in = visitor("of 17");
	intake_rig_give(&rig, &in);
	in = visitor("of 18");
	in.proven_external_id = STR("shop-18");
	intake_rig_give(&rig, &in);
	cr_assert_eq(customer_by_external_id(rig.s.db, STR("shop-17"), &a, NULL), 0);
	cr_assert_eq(customer_by_external_id(rig.s.db, STR("shop-18"), &b, NULL), 0);
	cr_expect_eq(identity_members(rig.s.db, &a, members, NULL), 1);
	cr_expect_eq(identity_members(rig.s.db, &b, members, NULL), 1);
	cr_expect_eq(number("SELECT COUNT(DISTINCT customer_id) FROM interaction"), 2);
}

Test(intake, attachments_are_listed)
{
	struct attachment file = {.sha256 = "ab", .name = STR("a \"b\".png"), .type = STR("image/png"), .size = 7};
	struct inbound in = visitor("");
	char text[256];

	in.attachments = &file;
	in.attachments_n = 1;
	intake_rig_give(&rig, &in);
	intake_rig_text(&rig, "SELECT attachments FROM interaction", text);
	cr_expect_str_eq(text, "[{\"sha256\":\"ab\",\"name\":\"a \\\"b\\\".png\",\"type\":\"image/png\",\"size\":7}]");
}

Test(intake, a_store_that_cannot_write_is_said)
{
	struct inbound in = intake_rig_sms("+4915112345678", "x");
	struct intake_outcome o;

	cr_assert_eq(db_exec(rig.s.db, "ALTER TABLE interaction RENAME TO gone", NULL), 0);
	o = intake_rig_give(&rig, &in);
	cr_expect_eq(o.kind, INTAKE_UNAVAILABLE);
	cr_assert_eq(db_exec(rig.s.db, "ALTER TABLE gone RENAME TO interaction", NULL), 0);
	cr_expect_eq(number("SELECT COUNT(*) FROM customer"), 0, "all or nothing");
	cr_expect_eq(intake_rig_give(&rig, &in).kind, INTAKE_STORED);
}

Test(intake, one_that_cannot_be_stored_does_not_keep_the_others_out)
{
	struct inbound in[3] = {intake_rig_sms("+4915112345678", "a"), intake_rig_sms("+4915112345679", "poison"),
				intake_rig_sms("+4915112345670", "c")};

	static const char trigger[] = "CREATE TRIGGER t BEFORE INSERT ON interaction WHEN NEW.content = 'poison'"
				      " BEGIN SELECT RAISE(ABORT, 'no'); END",
			  check[] = "ALTER TABLE interaction ADD CHECK (content <> 'poison')";

	cr_assert_eq(db_exec(rig.s.db, store_rig_postgres() ? check : trigger, NULL), 0);
	intake_rig_give_batch(&rig, in, 3);
	cr_expect_eq(number("SELECT COUNT(*) FROM interaction"), 2);
}

static struct inbound call(const char *from, const char *text, bool quiet)
{
	struct inbound in = intake_rig_sms(from, text);

	in.channel = CHANNEL_IVR;
	in.kind = KIND_CALL;
	in.quiet = quiet;
	return in;
}

Test(intake, a_call_that_asks_for_nothing_joins_and_opens_nothing)
{
	struct inbound in = call("+4915112345678", "stop", true);

	cr_assert_eq(intake_rig_give(&rig, &in).kind, INTAKE_STORED);
	cr_expect_eq(number("SELECT COUNT(*) FROM interaction WHERE kind = 2 AND conversation_id IS NULL"), 1);
	cr_expect_eq(number("SELECT COUNT(*) FROM conversation"), 0);
	cr_expect_eq(number("SELECT COUNT(*) FROM consent"), 0, "what is in it is no keyword");
	cr_expect_eq(number("SELECT COUNT(*) FROM event WHERE type = 'interaction.added'"), 1);
	cr_assert_eq(give("+4915112345678", "my order?"), INTAKE_STORED);
	in = call("+4915112345678", "called again", true);
	cr_assert_eq(intake_rig_give(&rig, &in).kind, INTAKE_STORED);
	cr_expect_eq(number("SELECT COUNT(*) FROM conversation"), 1);
	cr_expect_eq(number("SELECT COUNT(*) FROM interaction WHERE conversation_id IS NOT NULL"), 2);
}

Test(intake, a_wish_becomes_work_of_a_queue_unless_somebody_has_it)
{
	struct inbound in = call("+4915112345678", "wants to be called back", false);
	char text[256];

	in.queue = STR("care");
	cr_assert_eq(intake_rig_give(&rig, &in).kind, INTAKE_STORED);
	intake_rig_text(&rig, "SELECT assignee FROM conversation", text);
	cr_expect_str_eq(text, "queue:care");
	in = call("+4915112345678", "calls again", false);
	in.queue = STR("sales");
	cr_assert_eq(intake_rig_give(&rig, &in).kind, INTAKE_STORED);
	intake_rig_text(&rig, "SELECT assignee FROM conversation", text);
	cr_expect_str_eq(text, "queue:care", "it keeps it");
	cr_expect_eq(number("SELECT COUNT(*) FROM conversation"), 1);
}
