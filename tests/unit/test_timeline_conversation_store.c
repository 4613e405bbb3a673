#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "timeline/conversation_row.h"
#include "unit/timeline_rig.h"

static struct timeline_rig rig;

static void open_rig(void) { timeline_rig_open(&rig); }
static void close_rig(void) { timeline_rig_close(&rig); }

TestSuite(conversation, .init = open_rig, .fini = close_rig);

static int update(const struct uuid *id, struct conversation_patch p, struct err *e)
{
	return conversation_update(rig.s.db, rig.s.events, id, &p, "agent:7", LINE_NOW, e);
}

static struct conversation get(const struct uuid *id)
{
	struct conversation c;

	cr_assert_eq(conversation_get(rig.s.db, id, rig.arena, &c, NULL), 0);
	return c;
}

Test(conversation, claim_is_compare_and_set)
{
	struct identity who = line_who(&rig, SCHEME_TEL, "+49151");
	struct uuid id = line_conversation(&rig, &who.survivor, CONVERSATION_OPEN, 1), unknown = uuid7(1);
	struct err e = {0};

	cr_expect_eq(update(&id,
			    (struct conversation_patch){.set_assignee = true, .assignee = STR("a"), .if_version = 1},
			    &e),
		     0);
	cr_expect_eq(update(&id,
			    (struct conversation_patch){.set_assignee = true, .assignee = STR("b"), .if_version = 1},
			    &e),
		     -1);
	cr_expect_eq(e.kind, ERR_PRECONDITION);
	cr_expect(str_is(get(&id).assignee, "a"));
	cr_expect_eq(get(&id).version, 2);
	cr_expect_eq(update(&id, (struct conversation_patch){.set_assignee = true, .assignee = STR("a")}, &e), 0,
		     "nothing new");
	cr_expect_eq(get(&id).version, 2);
	cr_expect_eq(update(&id, (struct conversation_patch){.set_assignee = true, .assignee = STR("")}, &e), 0);
	cr_expect_eq(get(&id).assignee.n, 0);
	cr_expect_eq(line_events(&rig, "conversation.assigned"), 2);
	cr_expect_eq(update(&unknown, (struct conversation_patch){.set_subject = true}, &e), -1);
	cr_expect_eq(e.kind, ERR_NOT_FOUND);
}

Test(conversation, states)
{
	struct identity who = line_who(&rig, SCHEME_TEL, "+49151");
	struct uuid id = line_conversation(&rig, &who.survivor, CONVERSATION_OPEN, 1);
	struct err e = {0};

	cr_expect_eq(update(&id, (struct conversation_patch){.set_state = true, .state = CONVERSATION_SNOOZED}, &e),
		     -1);
	cr_expect_str_eq(e.code, "snoozed_until_invalid");
	cr_expect_eq(update(&id,
			    (struct conversation_patch){.set_state = true,
							.state = CONVERSATION_SNOOZED,
							.set_snoozed_until = true,
							.snoozed_until = LINE_NOW + US_HOUR},
			    &e),
		     0);
	cr_expect_eq(conversation_wake(rig.s.db, rig.s.events, LINE_NOW + US_MIN, &e), 0);
	cr_expect_eq(get(&id).state, CONVERSATION_SNOOZED);
	cr_expect_eq(conversation_wake(rig.s.db, rig.s.events, LINE_NOW + US_HOUR, &e), 1);
	cr_expect_eq(get(&id).state, CONVERSATION_OPEN);
	cr_expect_eq(get(&id).snoozed_until, 0);
	cr_expect_eq(update(&id, (struct conversation_patch){.set_state = true, .state = CONVERSATION_CLOSED}, &e), 0);
	cr_expect_eq(get(&id).closed_at, LINE_NOW);
	cr_expect_eq(update(&id, (struct conversation_patch){.set_state = true, .state = CONVERSATION_OPEN}, &e), 0);
	cr_expect_eq(get(&id).closed_at, 0);
	cr_expect_eq(get(&id).reopened, 1);
	cr_expect_eq(line_events(&rig, "conversation.snoozed"), 1);
	cr_expect_eq(line_events(&rig, "conversation.closed"), 1);
	cr_expect_eq(line_events(&rig, "conversation.reopened"), 1);
}

struct listed {
	int n;
	struct uuid ids[64], last_id;
	int64_t last_at;
};

static void listed(void *arg, const struct conversation *c)
{
	struct listed *l = arg;

	cr_expect(l->n == 0 || c->updated_at <= l->last_at, "newest first");
	l->ids[l->n++] = c->id;
	l->last_at = c->updated_at;
	l->last_id = c->id;
}

Test(conversation, list_pages_over_all_states)
{
	struct identity who = line_who(&rig, SCHEME_TEL, "+49151"), other = line_who(&rig, SCHEME_TEL, "+49152");
	struct conversation_query q = {.limit = 4};
	struct listed l = {0};
	struct uuid first = {{0}};
	struct err e = {0};

	for (int k = 0; k < 20; k++)
		first = line_conversation(&rig, k % 2 ? &who.survivor : &other.survivor,
					  (enum conversation_state)(k % 4), 40 - k / 3);
	for (int page = 0; page < 5; page++) {
		cr_assert_eq(conversation_list(rig.s.db, &q, listed, &l, &e), 0, "%s", e.msg);
		cr_expect_eq(l.n, 4 * (page + 1));
		q.before_at = l.last_at;
		q.before_id = l.last_id;
		/* what becomes newer meanwhile is not on a later page, and moves nothing */
		cr_assert_eq(update(&first,
				    (struct conversation_patch){.set_subject = true,
								.subject = page % 2 ? STR("x") : STR("y")},
				    &e),
			     0);
	}
	cr_expect_eq(conversation_list(rig.s.db, &q, listed, &l, &e), 0);
	cr_expect_eq(l.n, 20);
	for (int a = 0; a < 20; a++)
		for (int b = 0; b < a; b++)
			cr_expect(!uuid_eq(&l.ids[a], &l.ids[b]), "none twice");
}

Test(conversation, list_filters)
{
	struct identity who = line_who(&rig, SCHEME_TEL, "+49151"), other = line_who(&rig, SCHEME_TEL, "+49152");
	struct uuid mine = line_conversation(&rig, &who.survivor, CONVERSATION_OPEN, 3);
	const struct {
		const char *label;
		struct conversation_query q;
		int n;
	} cases[] = {
		{"all", {.limit = 50}, 4},
		{"open", {.limit = 50, .states = 1u << CONVERSATION_OPEN}, 3},
		{"open or closed", {.limit = 50, .states = 1u << CONVERSATION_OPEN | 1u << CONVERSATION_CLOSED}, 4},
		{"assigned", {.limit = 50, .assignee = STR("a")}, 1},
		{"nobody's", {.limit = 50, .assignee = STR("")}, 3},
		{"by channel", {.limit = 50, .channel = CHANNEL_WEB}, 0},
		{"of a customer", {.limit = 50, .customer = who.survivor}, 2},
		{"of a customer, closed",
		 {.limit = 50, .customer = who.survivor, .states = 1u << CONVERSATION_CLOSED},
		 1},
		{"one of many", {.limit = 1}, 1},
	};

	line_conversation(&rig, &who.survivor, CONVERSATION_CLOSED, 2);
	line_conversation(&rig, &other.survivor, CONVERSATION_OPEN, 1);
	line_conversation(&rig, &other.survivor, CONVERSATION_OPEN, 5);
	cr_assert_eq(update(&mine, (struct conversation_patch){.set_assignee = true, .assignee = STR("a")}, NULL), 0);
	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		struct listed l = {0};
		cr_assert_eq(conversation_list(rig.s.db, &cases[k].q, listed, &l, NULL), 0);
		cr_expect_eq(l.n, cases[k].n, "%s: %d", cases[k].label, l.n);
	}
}

Test(conversation, preview_ends_at_a_character)
{
	char text[400];
	struct str p;

	for (size_t i = 0; i < sizeof text - 1; i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	text[0] = 'x';
	memmove(text + 1, text + 2, sizeof text - 2);
	p = conversation_preview(str_n(text, 398));
	cr_expect_eq(p.n, 159);
	cr_expect(str_utf8_ok(p));
	cr_expect_eq(conversation_preview(STR("short")).n, 5);
}
