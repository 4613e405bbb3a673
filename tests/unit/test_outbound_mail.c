#include <criterion/criterion.h>

#include "outbound/private.h"
#include "store/bucket.h"
#include "unit/store_rig.h"

static struct store_rig rig;
static struct arena *mem;

static void begin(void)
{
	store_rig_open(&rig);
	store_rig_begin(&rig);
	mem = arena_new(1 << 20);
	cr_assert(mem);
}

static void end(void)
{
	arena_free(&mem);
	store_rig_rollback(&rig);
	store_rig_close(&rig);
}

static struct interaction in_conversation(enum channel c, enum direction d, const char *subject, const char *metadata)
{
	static struct uuid customer, conversation;

	if (uuid_is_nil(&customer)) {
		customer = uuid7(1);
		conversation = uuid7_in(2, (uint8_t)bucket_of(&customer));
	}
	return (struct interaction){.customer = customer,
				    .conversation = conversation,
				    .at = 1000,
				    .channel = c,
				    .direction = d,
				    .kind = KIND_MESSAGE,
				    .subject = str_of(subject),
				    .metadata = str_of(metadata)};
}

static void append(int64_t at, enum channel c, enum direction d, const char *subject, const char *metadata)
{
	struct interaction i = in_conversation(c, d, subject, metadata);

	i.at = at;
	cr_assert_eq(interaction_append(rig.db, &i, NULL), 0);
}

static void answer(struct str *subject, struct str *options)
{
	struct interaction i = in_conversation(CHANNEL_EMAIL, DIRECTION_OUTBOUND, "", "");

	cr_assert_eq(mail_answers(rig.db, &i, mem, subject, options, NULL), 0);
}

Test(outbound_mail, answers_the_latest_mail, .init = begin, .fini = end)
{
	struct str subject = {0}, options = {0};

	append(1000, CHANNEL_EMAIL, DIRECTION_INBOUND, "Old", "{\"email\":{\"message_id\":\"old@x.example\"}}");
	append(2000, CHANNEL_EMAIL, DIRECTION_INBOUND, "My bill", "{\"email\":{\"message_id\":\"<a.b@x.example>\"}}");
	append(3000, CHANNEL_SMS, DIRECTION_INBOUND, "", "");
	append(4000, CHANNEL_EMAIL, DIRECTION_OUTBOUND, "Re: My bill", "");
	answer(&subject, &options);
	cr_expect(str_is(subject, "Re: My bill"));
	cr_expect(str_is(options, "{\"in_reply_to\":\"<a.b@x.example>\"}"), "%.*s", (int)options.n, options.p);
}

Test(outbound_mail, what_the_sender_says_stands, .init = begin, .fini = end)
{
	struct str subject = STR("Another matter"), options = STR("{\"in_reply_to\":\"<x@y>\"}");

	append(1000, CHANNEL_EMAIL, DIRECTION_INBOUND, "My bill", "{\"email\":{\"message_id\":\"a@x.example\"}}");
	answer(&subject, &options);
	cr_expect(str_is(subject, "Another matter"));
	cr_expect(str_is(options, "{\"in_reply_to\":\"<x@y>\"}"));
	options = STR("{\"html\":\"<p>\"}");
	answer(&subject, &options);
	cr_expect(str_is(options, "{\"in_reply_to\":\"<a@x.example>\",\"html\":\"<p>\"}"), "%.*s", (int)options.n,
		  options.p);
}

Test(outbound_mail, nothing_to_answer_changes_nothing, .init = begin, .fini = end)
{
	struct str subject = {0}, options = STR("{}");

	answer(&subject, &options);
	cr_expect_eq(subject.n, 0);
	cr_expect(str_is(options, "{}"));
	append(1000, CHANNEL_EMAIL, DIRECTION_INBOUND, "re: x", "{\"email\":{\"message_id\":\"a b\\r\\n@x\"}}");
	answer(&subject, &options);
	cr_expect(str_is(subject, "re: x"));
	cr_expect(str_is(options, "{}"));
}
