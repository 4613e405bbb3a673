#include <criterion/criterion.h>
#include <stdio.h>

#include "unit/intake_rig.h"

static struct intake_rig rig;

static void open_rig(void) { intake_rig_open(&rig, 0); }
static void close_rig(void) { intake_rig_close(&rig); }

TestSuite(intake_ongoing, .init = open_rig, .fini = close_rig);

static int64_t number(const char *sql) { return store_rig_number(&rig.s, sql); }

static struct intake_outcome call(enum inbound_stage stage, const char *id, const char *text, const char *metadata)
{
	struct inbound in = intake_rig_sms("+4915112345678", text);

	in.channel = CHANNEL_IVR;
	in.kind = KIND_CALL;
	in.stage = stage;
	in.external_id = str_of(id);
	in.metadata = str_of(metadata);
	in.quiet = stage != INBOUND_ENDED;
	return intake_rig_give(&rig, &in);
}

Test(intake_ongoing, a_call_is_one_entry_from_its_beginning_to_its_end)
{
	char text[256];
	struct intake_outcome begun = call(INBOUND_BEGUN, "c-1", "Call, in progress\n", "{\"call\":{}}");

	cr_assert_eq(begun.kind, INTAKE_STORED, "%s", begun.err.msg);
	cr_expect_eq(number("SELECT COUNT(*) FROM interaction_ongoing"), 1);
	cr_expect_eq(number("SELECT COUNT(*) FROM conversation"), 0, "it asks for nothing yet");
	cr_expect_eq(number("SELECT COUNT(*) FROM event WHERE type = 'interaction.begun'"), 1);
	cr_expect_eq(call(INBOUND_GOES_ON, "c-1", "Call, in progress\n1", "{\"call\":{}}").kind, INTAKE_STORED);
	cr_expect_eq(number("SELECT COUNT(*) FROM event WHERE type = 'interaction.added'"), 0);
	cr_expect_eq(call(INBOUND_ENDED, "c-1", "Call, 1 min", "{\"call\":{\"ended_by\":\"caller\"}}").kind,
		     INTAKE_STORED);
	cr_expect_eq(number("SELECT COUNT(*) FROM interaction"), 1);
	cr_expect_eq(number("SELECT COUNT(*) FROM interaction_ongoing"), 0);
	intake_rig_text(&rig, "SELECT content FROM interaction", text);
	cr_expect_str_eq(text, "Call, 1 min");
	cr_expect_eq(number("SELECT COUNT(*) FROM interaction WHERE conversation_id IS NOT NULL"), 1,
		     "it wished for something");
	cr_expect_eq(number("SELECT COUNT(*) FROM event WHERE type = 'interaction.added'"), 1);
	cr_expect_eq(call(INBOUND_ENDED, "c-1", "again", "{}").kind, INTAKE_SEEN, "it stays as it is");
	cr_expect_eq(call(INBOUND_GOES_ON, "c-1", "again", "{}").kind, INTAKE_SEEN);
	cr_expect_eq(call(INBOUND_BEGUN, "c-1", "again", "{}").kind, INTAKE_SEEN);
	intake_rig_text(&rig, "SELECT content FROM interaction", text);
	cr_expect_str_eq(text, "Call, 1 min");
}

Test(intake_ongoing, what_was_never_begun_may_end)
{
	cr_expect_eq(call(INBOUND_GOES_ON, "c-2", "news", "{}").kind, INTAKE_SEEN);
	cr_expect_eq(number("SELECT COUNT(*) FROM interaction"), 0);
	cr_expect_eq(call(INBOUND_ENDED, "c-2", "Call", "{}").kind, INTAKE_STORED);
	cr_expect_eq(number("SELECT COUNT(*) FROM interaction"), 1);
	cr_expect_eq(number("SELECT COUNT(*) FROM interaction_ongoing"), 0);
}

Test(intake_ongoing, what_a_crash_cut_off_is_closed_and_says_so)
{
	char text[256], metadata[256];

	call(INBOUND_BEGUN, "c-3", "Call, in progress\npressed: 1",
	     "{\"call\":{\"state\":\"in progress\",\"id\":\"x\"}}");
	call(INBOUND_BEGUN, "c-4", "something else", "no JSON");
	intake_rig_restart(&rig, 0);
	cr_assert_eq(intake_recover(rig.intake, NULL, NULL), 0);
	cr_expect_eq(call(INBOUND_BEGUN, "c-5", "Call, in progress", "{}").kind, INTAKE_STORED, "comes after it");
	cr_expect_eq(number("SELECT COUNT(*) FROM interaction_ongoing"), 1, "what began since goes on");
	intake_rig_text(&rig, "SELECT content FROM interaction ORDER BY id LIMIT 1", text);
	cr_expect_str_eq(text, "Call, cut off: the gateway stopped\npressed: 1");
	intake_rig_text(&rig, "SELECT metadata FROM interaction ORDER BY id LIMIT 1", metadata);
	cr_expect(strstr(metadata, "\"state\":\"ended\"") && strstr(metadata, "\"reason\":\"the gateway stopped\"") &&
			  strstr(metadata, "\"id\":\"x\""),
		  "%s", metadata);
	intake_rig_text(&rig, "SELECT content FROM interaction ORDER BY id LIMIT 1 OFFSET 1", text);
	cr_expect_str_eq(text, "something else, cut off: the gateway stopped");
	cr_expect_eq(call(INBOUND_ENDED, "c-3", "late", "{}").kind, INTAKE_SEEN, "it is over");
}
