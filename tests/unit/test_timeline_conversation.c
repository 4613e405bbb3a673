/* The rule by which an inbound finds its conversation: every branch, with its reason. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "unit/timeline_rig.h"

static struct timeline_rig rig;

static void open_rig(void) { timeline_rig_open(&rig); }
static void close_rig(void) { timeline_rig_close(&rig); }

TestSuite(thread, .init = open_rig, .fini = close_rig);

static const struct conversation_rules rules = {.reply_window = 72 * US_HOUR, .reopen_window = 48 * US_HOUR};

enum { NONE = -1 };

struct scene {
	const char *label;
	int a_state, a_hours; /* conversation A of the customer: state or NONE, hours since */
	int b_state, b_hours;
	int out_hours; /* our last message so many hours ago; 0: none */
	char out_in;   /* 'A', 'B' or 0 */
	int out_status;
	enum channel out_channel;
	char answers; /* what it names: 'o' our message, 'A', 'x' something unknown */
	char expect;  /* 'A', 'B', 'n' for a new one */
	const char *reason;
};

static const struct scene scenes[] = {
	{"first contact", NONE, 0, NONE, 0, 0, 0, 0, 0, 0, 'n', "a new matter"},
	{"names our message", CONVERSATION_OPEN, 100, CONVERSATION_OPEN, 1, 200, 'A', STATUS_SENT, CHANNEL_SMS, 'o',
	 'A', "named by its token"},
	{"names a message without conversation", NONE, 0, CONVERSATION_OPEN, 1, 200, 0, STATUS_SENT, CHANNEL_SMS, 'o',
	 'n', "named by its token"},
	{"names a closed conversation, however old", CONVERSATION_CLOSED, 400, CONVERSATION_OPEN, 1, 0, 0, 0, 0, 'A',
	 'A', "the conversation that it names"},
	{"names nothing we know", CONVERSATION_OPEN, 5, NONE, 0, 0, 0, 0, 0, 'x', 'A', "latest open conversation"},
	{"answers the message in an older conversation", CONVERSATION_OPEN, 60, CONVERSATION_OPEN, 1, 50, 'A',
	 STATUS_DELIVERED, CHANNEL_SMS, 0, 'A', "by SMS within 72 h"},
	{"answers a mail by whatever channel", CONVERSATION_OPEN, 60, NONE, 0, 50, 'A', STATUS_SENT, CHANNEL_EMAIL, 0,
	 'A', "by email within 72 h"},
	{"the message is too long ago", CONVERSATION_OPEN, 60, CONVERSATION_OPEN, 1, 73, 'A', STATUS_DELIVERED,
	 CHANNEL_SMS, 0, 'B', "latest open conversation"},
	{"a message that never went out is not answered", CONVERSATION_OPEN, 60, CONVERSATION_OPEN, 1, 50, 'A',
	 STATUS_SUPPRESSED, CHANNEL_SMS, 0, 'B', "latest open conversation"},
	{"nor one that is still to come", CONVERSATION_OPEN, 60, CONVERSATION_OPEN, 1, 50, 'A', STATUS_SCHEDULED,
	 CHANNEL_SMS, 0, 'B', "latest open conversation"},
	{"a message in the outbox may have gone", CONVERSATION_OPEN, 60, CONVERSATION_OPEN, 1, 50, 'A', STATUS_QUEUED,
	 CHANNEL_SMS, 0, 'A', "within 72 h"},
	{"answers a message without conversation", NONE, 0, CONVERSATION_OPEN, 1, 50, 0, STATUS_SENT, CHANNEL_SMS, 0,
	 'n', "by SMS within 72 h"},
	{"its conversation was closed lately", CONVERSATION_CLOSED, 10, NONE, 0, 50, 'A', STATUS_SENT, CHANNEL_SMS, 0,
	 'A', "by SMS within 72 h"},
	{"its conversation was closed too long ago", CONVERSATION_CLOSED, 49, NONE, 0, 50, 'A', STATUS_SENT,
	 CHANNEL_SMS, 0, 'n', "by SMS within 72 h"},
	{"open", CONVERSATION_OPEN, 500, NONE, 0, 0, 0, 0, 0, 0, 'A', "latest open conversation"},
	{"pending", CONVERSATION_PENDING, 5, NONE, 0, 0, 0, 0, 0, 0, 'A', "latest pending conversation"},
	{"snoozed", CONVERSATION_SNOOZED, 5, NONE, 0, 0, 0, 0, 0, 0, 'A', "latest snoozed conversation"},
	{"the most recent of two", CONVERSATION_OPEN, 9, CONVERSATION_PENDING, 2, 0, 0, 0, 0, 0, 'B',
	 "latest pending conversation"},
	{"open before closed", CONVERSATION_OPEN, 90, CONVERSATION_CLOSED, 1, 0, 0, 0, 0, 0, 'A',
	 "latest open conversation"},
	{"closed lately", CONVERSATION_CLOSED, 47, NONE, 0, 0, 0, 0, 0, 0, 'A',
	 "reopened, closed less than 48 h before"},
	{"the last closed", CONVERSATION_CLOSED, 20, CONVERSATION_CLOSED, 10, 0, 0, 0, 0, 0, 'B', "reopened"},
	{"closed long ago", CONVERSATION_CLOSED, 49, NONE, 0, 0, 0, 0, 0, 0, 'n', "a new matter"},
};

static struct interaction inbound(const struct identity *who, const struct uuid *answers, const char *text)
{
	struct carried carried = {.answers = answers ? *answers : (struct uuid){{0}}};
	struct interaction i = {.customer = who->contact.customer,
				.at = LINE_NOW,
				.channel = CHANNEL_WEB,
				.direction = DIRECTION_INBOUND,
				.kind = KIND_MESSAGE,
				.content = str_of(text)};
	struct err e = {0};

	cr_assert_eq(
		conversation_thread_inbound(rig.s.db, rig.s.events, &rules, who, &carried, &i, rig.arena, LINE_NOW, &e),
		0, "%s", e.msg);
	cr_assert_eq(interaction_append(rig.s.db, &i, &e), 0, "%s", e.msg);
	return i;
}

static struct conversation get(const struct uuid *id)
{
	struct conversation c;
	struct err e = {0};

	cr_assert_eq(conversation_get(rig.s.db, id, rig.arena, &c, &e), 0, "%s", e.msg);
	return c;
}

static void play(const struct scene *s, const char *number)
{
	struct identity who = line_who(&rig, SCHEME_TEL, number);
	struct uuid *owner = &who.contact.customer, a = {{0}}, b = {{0}}, out = {{0}}, answers = {{0}};
	struct interaction i;
	struct conversation c;

	if (s->a_state != NONE)
		a = line_conversation(&rig, owner, (enum conversation_state)s->a_state, s->a_hours);
	if (s->b_state != NONE)
		b = line_conversation(&rig, owner, (enum conversation_state)s->b_state, s->b_hours);
	if (s->out_hours) {
		out = line_interaction(&rig, owner, DIRECTION_OUTBOUND, s->out_channel,
				       LINE_NOW - s->out_hours * US_HOUR,
				       s->out_in == 'A'	  ? &a
				       : s->out_in == 'B' ? &b
							  : NULL,
				       "ours");
		line_delivery(&rig, &out, 1, (enum status)s->out_status);
	}
	if (s->answers)
		answers = s->answers == 'o' ? out : s->answers == 'A' ? a : uuid7(1);
	i = inbound(&who, &answers, "theirs");
	cr_expect(strstr(i.thread_reason.p, s->reason), "%s: %s", s->label, i.thread_reason.p);
	if (s->expect == 'n')
		cr_expect(!uuid_eq(&i.conversation, &a) && !uuid_eq(&i.conversation, &b) &&
				  !uuid_is_nil(&i.conversation),
			  "%s", s->label);
	else
		cr_expect(uuid_eq(&i.conversation, s->expect == 'A' ? &a : &b), "%s", s->label);
	c = get(&i.conversation);
	cr_expect_eq(c.state, CONVERSATION_OPEN, "%s", s->label);
	cr_expect_eq(c.closed_at, 0, "%s", s->label);
	cr_expect_eq(c.last_in_at, LINE_NOW, "%s", s->label);
	cr_expect_eq(c.channel, CHANNEL_WEB, "%s", s->label);
	cr_expect(str_is(c.last_text, "theirs"), "%s", s->label);
	if (s->expect == 'A' && s->a_state == CONVERSATION_CLOSED)
		cr_expect_eq(c.reopened, 1, "%s", s->label);
	if (strstr(s->reason, "within 72 h")) {
		char id[UUID_TEXT];
		cr_expect(strstr(i.thread_reason.p, uuid_format(&out, id)), "%s: it names the message", s->label);
	}
}

Test(thread, scenes)
{
	for (size_t k = 0; k < sizeof scenes / sizeof *scenes; k++) {
		char number[32];
		snprintf(number, sizeof number, "+4915110000%02zu", k);
		play(&scenes[k], number);
	}
}

Test(thread, second_answer_joins_what_the_first_began)
{
	struct identity who = line_who(&rig, SCHEME_TEL, "+491512");
	struct uuid out = line_interaction(&rig, &who.contact.customer, DIRECTION_OUTBOUND, CHANNEL_SMS,
					   LINE_NOW - US_HOUR, NULL, "offer");
	struct uuid before = line_conversation(&rig, &who.contact.customer, CONVERSATION_OPEN, 2);
	struct interaction first, second;

	line_delivery(&rig, &out, 1, STATUS_SENT);
	first = inbound(&who, NULL, "yes");
	second = inbound(&who, NULL, "please");
	cr_expect(!uuid_eq(&first.conversation, &before));
	cr_expect(uuid_eq(&first.conversation, &second.conversation));
	cr_expect_eq(line_events(&rig, "conversation.opened"), 1);
}

Test(thread, never_across_customers)
{
	struct identity a = line_who(&rig, SCHEME_TEL, "+491513"), b = line_who(&rig, SCHEME_TEL, "+491514");
	struct uuid theirs = line_conversation(&rig, &a.contact.customer, CONVERSATION_OPEN, 1);
	struct uuid out = line_interaction(&rig, &a.contact.customer, DIRECTION_OUTBOUND, CHANNEL_SMS,
					   LINE_NOW - US_HOUR, &theirs, "x");
	struct interaction i;

	line_delivery(&rig, &out, 1, STATUS_SENT);
	i = inbound(&b, &out, "a token of somebody else");
	cr_expect(!uuid_eq(&i.conversation, &theirs));
	i = inbound(&b, &theirs, "a conversation of somebody else");
	cr_expect(!uuid_eq(&i.conversation, &theirs));
}

/* A mail to or from the customer, then one with that subject: the sentence of why it is where it is. */
static struct interaction mail(const struct identity *who, const char *subject, const struct carried *carried)
{
	struct interaction i = {.customer = who->contact.customer,
				.at = LINE_NOW,
				.channel = CHANNEL_EMAIL,
				.direction = DIRECTION_INBOUND,
				.kind = KIND_MESSAGE,
				.subject = str_of(subject),
				.content = STR("text")};
	struct err e = {0};

	cr_assert_eq(
		conversation_thread_inbound(rig.s.db, rig.s.events, &rules, who, carried, &i, rig.arena, LINE_NOW, &e),
		0, "%s", e.msg);
	cr_assert_eq(interaction_append(rig.s.db, &i, &e), 0, "%s", e.msg);
	return i;
}

static void subject_of(const struct uuid *id, const char *subject)
{
	struct stmt *q = db_query(rig.s.db, "UPDATE interaction SET subject = $1 WHERE id = $2");
	struct err e = {0};

	db_bind_text(q, 1, subject);
	db_bind_uuid(q, 2, id);
	cr_assert_eq(db_run(q, &e), 0, "%s", e.msg);
}

Test(thread, a_mail_with_the_subject_of_a_mail)
{
	struct identity who = line_who(&rig, SCHEME_MAIL, "subject@people.example"),
			other = line_who(&rig, SCHEME_MAIL, "other@people.example");
	struct uuid about = line_conversation(&rig, &who.contact.customer, CONVERSATION_OPEN, 100);
	struct uuid newer = line_conversation(&rig, &who.contact.customer, CONVERSATION_OPEN, 1);
	struct uuid sent = line_interaction(&rig, &who.contact.customer, DIRECTION_OUTBOUND, CHANNEL_EMAIL,
					    LINE_NOW - 100 * US_HOUR, &about, "ours");
	struct uuid foreign = line_conversation(&rig, &other.contact.customer, CONVERSATION_OPEN, 1);
	const struct carried none = {.by = NULL};
	struct interaction i;

	subject_of(&sent, "Your bill of November");
	i = mail(&who, "AW: Re: your bill of  november", &none);
	cr_expect(uuid_eq(&i.conversation, &about), "%s", i.thread_reason.p);
	cr_expect(strstr(i.thread_reason.p, "has the subject of mail"), "%s", i.thread_reason.p);
	i = mail(&who, "Your bill of November", &none);
	cr_expect(!strstr(i.thread_reason.p, "subject"), "no answer by its subject: %s", i.thread_reason.p);
	i = mail(&who, "Re: Your bill of December", &none);
	cr_expect(!strstr(i.thread_reason.p, "subject"), "another subject: %s", i.thread_reason.p);
	i = mail(&other, "Re: Your bill of November", &none);
	cr_expect(uuid_eq(&i.conversation, &foreign), "somebody else's subject: %s", i.thread_reason.p);
	cr_expect(!uuid_eq(&about, &newer));
}

Test(thread, a_mail_of_a_robot_opens_nothing)
{
	struct identity who = line_who(&rig, SCHEME_MAIL, "robot@people.example");
	struct uuid c = line_conversation(&rig, &who.contact.customer, CONVERSATION_CLOSED, 2);
	struct uuid sent = line_interaction(&rig, &who.contact.customer, DIRECTION_OUTBOUND, CHANNEL_EMAIL,
					    LINE_NOW - US_HOUR, &c, "ours");
	struct interaction i = mail(&who, "Out of office", &(struct carried){.automatic = true});

	cr_expect(uuid_is_nil(&i.conversation), "%s", i.thread_reason.p);
	i = mail(&who, "Out of office", &(struct carried){.answers = sent, .by = "In-Reply-To", .automatic = true});
	cr_expect(uuid_eq(&i.conversation, &c), "beside what it answers");
	cr_expect(strstr(i.thread_reason.p, "named by In-Reply-To"), "%s", i.thread_reason.p);
	cr_expect_eq(get(&c).state, CONVERSATION_CLOSED, "and nobody has to work on it");
	cr_expect_eq(line_events(&rig, "conversation.opened") + line_events(&rig, "conversation.reopened"), 0);
}

static struct uuid merge(const struct uuid *survivor, const struct uuid *merged)
{
	struct uuid record;
	struct err e = {0};

	cr_assert_eq(identity_merge(rig.s.db, rig.s.events, survivor, merged, "test", "test", LINE_NOW - US_HOUR,
				    &record, &e),
		     0, "%s", e.msg);
	return record;
}

Test(thread, reply_on_another_channel_of_a_merged_customer)
{
	struct identity phone = line_who(&rig, SCHEME_TEL, "+491515"),
			web = line_who(&rig, SCHEME_VISITOR, "0192-visitor");
	struct uuid c = line_conversation(&rig, &phone.contact.customer, CONVERSATION_OPEN, 60);
	struct uuid out = line_interaction(&rig, &phone.contact.customer, DIRECTION_OUTBOUND, CHANNEL_SMS,
					   LINE_NOW - 2 * US_HOUR, &c, "x");
	struct interaction i;

	line_delivery(&rig, &out, 1, STATUS_DELIVERED);
	merge(&phone.survivor, &web.survivor);
	web.survivor = phone.survivor;
	i = inbound(&web, NULL, "from the browser");
	cr_expect(uuid_eq(&i.conversation, &c));
	cr_expect(strstr(i.thread_reason.p, "by SMS within 72 h"));
	cr_expect(uuid_eq(&i.customer, &web.contact.customer), "stored under the one whose contact point it came by");
}

Test(thread, unmerge_splits_what_was_shared)
{
	struct identity phone = line_who(&rig, SCHEME_TEL, "+491516"),
			web = line_who(&rig, SCHEME_VISITOR, "0193-visitor");
	struct uuid c = line_conversation(&rig, &phone.contact.customer, CONVERSATION_OPEN, 60), record, survivor,
		    restored;
	struct interaction a, b, b2;
	struct conversation own, left;
	struct err e = {0};

	record = merge(&phone.survivor, &web.survivor);
	web.survivor = phone.survivor;
	a = inbound(&phone, NULL, "by phone");
	b = inbound(&web, NULL, "by browser");
	cr_assert(uuid_eq(&a.conversation, &c) && uuid_eq(&b.conversation, &c));
	cr_assert_eq(identity_unmerge(rig.s.db, rig.s.events, &record, "test", LINE_NOW, &survivor, &restored, &e), 0,
		     "%s", e.msg);
	cr_assert_eq(conversation_split(rig.s.db, rig.s.events, &survivor, &restored, LINE_NOW, &e), 0, "%s", e.msg);
	cr_assert_eq(interaction_get(rig.s.db, &a.id, rig.arena, &a, &e), 0);
	cr_assert_eq(interaction_get(rig.s.db, &b.id, rig.arena, &b, &e), 0);
	cr_expect(uuid_eq(&a.conversation, &c));
	cr_expect(!uuid_eq(&b.conversation, &c));
	own = get(&b.conversation);
	left = get(&c);
	cr_expect(uuid_eq(&own.customer, &web.contact.customer));
	cr_expect(str_is(own.last_text, "by browser"));
	cr_expect(str_is(left.last_text, "by phone"));
	cr_expect_eq(left.state, CONVERSATION_OPEN);
	cr_expect_eq(conversation_split(rig.s.db, rig.s.events, &survivor, &restored, LINE_NOW, &e), 0,
		     "again: nothing to do");
	web.survivor = web.contact.customer;
	b2 = inbound(&web, NULL, "again");
	cr_expect(uuid_eq(&b2.conversation, &own.id), "each goes on with its own");
}

Test(thread, outbound)
{
	struct identity who = line_who(&rig, SCHEME_TEL, "+491517"), other = line_who(&rig, SCHEME_TEL, "+491518");
	struct uuid c = line_conversation(&rig, &who.contact.customer, CONVERSATION_OPEN, 5);
	struct uuid foreign = line_conversation(&rig, &other.contact.customer, CONVERSATION_OPEN, 5), nil = {{0}};
	const struct {
		const char *label;
		const struct uuid *wanted;
		enum purpose purpose;
		const struct uuid *joins;
	} cases[] = {
		{"service joins the open one", &nil, PURPOSE_SERVICE, &c},
		{"marketing joins none", &nil, PURPOSE_MARKETING, &nil},
		{"marketing may name one", &c, PURPOSE_MARKETING, &c},
	};
	struct err e = {0};
	struct interaction i;

	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		i = (struct interaction){.customer = who.contact.customer,
					 .at = LINE_NOW,
					 .direction = DIRECTION_OUTBOUND,
					 .content = STR("ours")};
		cr_assert_eq(conversation_thread_outbound(rig.s.db, rig.s.events, &who.survivor, 1, cases[k].wanted,
							  cases[k].purpose, &i, rig.arena, LINE_NOW, &e),
			     0);
		cr_expect(uuid_eq(&i.conversation, cases[k].joins), "%s", cases[k].label);
	}
	cr_expect_eq(get(&c).last_out_at, LINE_NOW);
	cr_expect_eq(conversation_thread_outbound(rig.s.db, rig.s.events, &who.survivor, 1, &foreign, PURPOSE_SERVICE,
						  &i, rig.arena, LINE_NOW, &e),
		     -1);
	cr_expect_str_eq(e.code, "conversation_mismatch");
}
