/* Calls over a door that the test plays: what the adapter asks for, what it tells the host. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "contract/fake_host.h"
#include "ivr/call.h"
#include "ivr/ivr.h"

struct door {
	char log[4096], said[2048];
	struct call *placed;
	bool refuse, bargein;
	struct account *stopped;
};

static struct {
	struct fake_host f;
	struct settings *file;
	struct ivr_settings set;
	struct account *a;
	struct door d;
	char folder[64];
} t;

static void note(const char *what)
{
	size_t n = strlen(t.d.log);
	snprintf(t.d.log + n, sizeof t.d.log - n, "%s ", what);
}

/* ---- the door ---- */

static struct line *const LINE = (struct line *)(void *)&t.d;

static void d_answer(struct line *l) { (void)l, note("answer"); }
static void d_reject(struct line *l, int sip) { (void)l, (void)sip, note("reject"); }
static void d_play(struct line *l, const struct piece *v, size_t n)
{
	(void)l;
	note("play");
	t.d.said[0] = 0;
	t.d.bargein = n && v[0].bargein;
	for (size_t k = 0; k < n; k++) {
		size_t at = strlen(t.d.said);
		snprintf(t.d.said + at, sizeof t.d.said - at, "%.*s", (int)v[k].text.n, v[k].text.p ? v[k].text.p : "");
	}
}
static void d_nothing(struct line *l) { (void)l; }
static void d_stop_play(struct line *l) { (void)l, note("stop_play"); }
static void d_record(struct line *l, const struct record_wish *w) { (void)l, (void)w, note("record"); }
static void d_stop_record(struct line *l) { (void)l, note("stop_record"); }
static void d_transfer(struct line *l, const struct transfer_wish *w) { (void)l, note(w->bridge ? w->to : "blind"); }
static void d_hang_up(struct line *l, const char *reason) { (void)l, (void)reason, note("hang_up"); }
static struct line *d_place(struct door *d, struct call *c, const struct place_wish *w, struct err *err)
{
	(void)w;
	note("place");
	if (d->refuse) {
		err_set(err, ERR_UNAVAILABLE, "no_trunk", NULL, "the trunk is down");
		return NULL;
	}
	d->placed = c;
	return LINE;
}
static void d_stop(struct door *d, int64_t deadline) { (void)deadline, d->stopped = t.a; }
static void d_close(struct door **d) { *d = NULL; }

static const struct door_ops ops = {.name = "test",
				    .stop = d_stop,
				    .close = d_close,
				    .answer = d_answer,
				    .reject = d_reject,
				    .play = d_play,
				    .stop_play = d_stop_play,
				    .record = d_record,
				    .stop_record = d_stop_record,
				    .transfer = d_transfer,
				    .stop_transfer = d_nothing,
				    .hang_up = d_hang_up,
				    .place = d_place};

/* ---- */

static void menu(const char *name, const char *body)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", t.folder, name);
	f = fopen(path, "we");
	cr_assert(f);
	fprintf(f, "<?xml version=\"1.0\"?><vxml version=\"2.1\" xmlns=\"http://www.w3.org/2001/vxml\">%s</vxml>",
		body);
	fclose(f);
}

static void open_account(void)
{
	const struct section *s = NULL;
	struct err e = {0};
	char text[256];

	memset(&t, 0, sizeof t);
	snprintf(t.folder, sizeof t.folder, "/tmp/ivr-unit-%d", (int)getpid());
	mkdir(t.folder, 0700);
	menu("main.vxml",
	     "<menu><prompt>Hello {{ customer.name }}</prompt><choice dtmf=\"1\" next=\"#sms\">a</choice>"
	     "<choice dtmf=\"2\" next=\"#rec\">b</choice><choice dtmf=\"3\" next=\"#mute\">c</choice></menu>"
	     "<form id=\"sms\"><block><var name=\"text\" expr=\"'hi'\"/>"
	     "<data src=\"threadline:sms\" namelist=\"text\"/><prompt>sent</prompt><exit/></block></form>"
	     "<form id=\"rec\"><record name=\"r\" dtmfterm=\"true\"><prompt>speak</prompt></record>"
	     "<block><submit next=\"threadline:callback\" namelist=\"r\"/></block></form>"
	     "<form id=\"mute\"><field name=\"f\" type=\"digits?length=1\"><prompt bargein=\"false\">wait</prompt>"
	     "</field><block><prompt>got <value expr=\"f\"/></prompt><exit/></block></form>");
	fake_host_init(&t.f, "phone");
	snprintf(text, sizeof text, "[ivr phone]\nnumber = +49304000\nmenus = %s\ncalls = 3\ncalls_out = 2\n",
		 t.folder);
	cr_assert_eq(settings_parse("test", str_of(text), &t.file, &e), 0, "%s", e.msg);
	cr_assert(settings_next(t.file, &s));
	cr_assert_eq(settings_fill(t.file, s, ivr_settings_table, &t.set, &e), 0, "%s", e.msg);
	cr_assert_eq(ivr_channel.open(&t.set, &t.f.host, &t.a, &e), 0, "%s", e.msg);
	t.a->ops->close(&t.a->door);
	t.a->ops = &ops;
	t.a->door = &t.d;
}

static void turn(void)
{
	for (int k = 0; k < 4; k++)
		loop_step(t.f.host.loop, 0);
}

static void close_account(void)
{
	char path[128];

	ivr_channel.stop(t.a, 0);
	t.a->door_host.stopped(t.a);
	turn();
	cr_expect_eq(fake_state(&t.f), ACCOUNT_CLOSED, "everything was given back");
	ivr_channel.close(&t.a);
	settings_release(ivr_settings_table, &t.set);
	settings_free(&t.file);
	fake_host_free(&t.f);
	snprintf(path, sizeof path, "%s/main.vxml", t.folder);
	unlink(path);
	rmdir(t.folder);
}

TestSuite(ivr_call, .init = open_account, .fini = close_account);

static struct call *ring(const char *from)
{
	struct door_caller who = {.id = STR("call-1"), .from = str_of(from), .to = STR("4000"), .trusted = true};
	struct call *c = call_incoming(t.a, LINE, &who);

	turn();
	return c;
}

static void end(struct call *c, enum end_by by, int sip)
{
	call_ended(c, &(struct door_end){.by = by, .answered = true, .sip = sip});
	turn();
}

static void keys(struct call *c, const char *k)
{
	call_played(c, true);
	for (; *k; k++)
		call_digit(c, *k);
}

static bool log_is(const char *expect)
{
	bool same = strcmp(t.d.log, expect) == 0;

	if (!same)
		fprintf(stderr, "log: %s\nnot: %s\n", t.d.log, expect);
	return same;
}

/* What was told of calls that are over, and receipts; not that one has begun. */
static size_t told_n(void)
{
	size_t n = 0;

	for (size_t k = 0; k < t.f.inbound_n; k++)
		n += t.f.inbound[k].stage == INBOUND_WHOLE || t.f.inbound[k].stage == INBOUND_ENDED;
	return n;
}

static const struct fake_inbound *told(size_t n)
{
	static const struct fake_inbound none;

	for (size_t k = 0; k < t.f.inbound_n; k++)
		if ((t.f.inbound[k].stage == INBOUND_WHOLE || t.f.inbound[k].stage == INBOUND_ENDED) && n-- == 0)
			return &t.f.inbound[k];
	return &none;
}

Test(ivr_call, an_inbound_call_from_ring_to_end)
{
	struct call *c;

	t.f.known = "{\"customer\":{\"name\":\"Ada & Co\"},\"conversations\":[]}";
	c = ring("+4915112345678");
	cr_assert(c);
	cr_assert(log_is("answer "));
	call_answered(c);
	cr_expect_str_eq(t.d.said, "Hello Ada & Co");
	keys(c, "1");
	cr_expect_str_eq(t.f.errand, "hi");
	cr_expect_str_eq(t.d.said, "sent");
	call_played(c, false);
	cr_assert(log_is("answer play play hang_up "));
	end(c, END_GATEWAY, 0);
	cr_assert_eq(told_n(), 1);
	cr_expect_str_eq(told(0)->from.value, "+4915112345678");
	cr_expect(strstr(told(0)->text, "pressed: 1"), "%s", told(0)->text);
	cr_expect_str_eq(told(0)->external_id, "call-1");
	cr_expect(strstr(told(0)->metadata, "\"state\":\"ended\""), "%s", told(0)->metadata);
}

Test(ivr_call, a_call_is_told_from_its_beginning)
{
	struct call *c = ring("+4915112345678");

	cr_assert(c);
	cr_expect_eq(t.f.inbound_n, 0, "it only rings");
	call_answered(c);
	turn();
	cr_assert_eq(t.f.inbound_n, 1);
	cr_expect_eq(t.f.inbound[0].stage, INBOUND_BEGUN);
	cr_expect_str_eq(t.f.inbound[0].external_id, "call-1");
	cr_expect_str_eq(t.f.inbound[0].text, "Call, in progress\n");
	cr_expect(strstr(t.f.inbound[0].metadata, "\"state\":\"in progress\""), "%s", t.f.inbound[0].metadata);
	keys(c, "1");
	fake_clock_add(GOES_ON_MS * US_MS);
	turn();
	cr_assert_eq(t.f.inbound_n, 2, "not with each key");
	cr_expect_eq(t.f.inbound[1].stage, INBOUND_GOES_ON);
	cr_expect(strstr(t.f.inbound[1].text, "pressed: 1"), "%s", t.f.inbound[1].text);
	fake_clock_add(10 * GOES_ON_MS * US_MS);
	turn();
	cr_expect_eq(t.f.inbound_n, 2, "no news");
	end(c, END_CALLER, 0);
	cr_assert_eq(t.f.inbound_n, 3);
	cr_expect_eq(t.f.inbound[2].stage, INBOUND_ENDED);
}

Test(ivr_call, who_is_believed)
{
	static const struct {
		const char *label, *from, *asserted;
		bool anonymous, trusted;
		const char *who; /* NULL: nobody */
	} cases[] = {
		{"the number shown", "0151 12345678", "", false, true, "+4915112345678"},
		{"a SIP address", "sip:+4915112345678@trunk.example", "", false, true, "+4915112345678"},
		{"asserted by a trusted peer", "sip:anonymous@x.example", "sip:+4915199999999@t", false, true,
		 "+4915199999999"},
		{"asserted by nobody we trust", "+4915112345678", "+4915199999999", false, false, "+4915112345678"},
		{"withheld", "+4915112345678", "+4915112345678", true, true, NULL},
		{"nothing at all", "", "", false, true, NULL},
		{"anonymous", "sip:anonymous@anonymous.invalid", "", false, true, NULL},
	};

	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		struct door_caller who = {.id = STR("x"),
					  .from = str_of(cases[k].from),
					  .asserted = str_of(cases[k].asserted),
					  .anonymous = cases[k].anonymous,
					  .trusted = cases[k].trusted};
		struct call *c = call_incoming(t.a, LINE, &who);
		cr_assert(c);
		if (cases[k].who)
			cr_expect_str_eq(c->story->who.value, cases[k].who, "%s", cases[k].label);
		else
			cr_expect(strstr(c->story->who.value, "@anonymous.invalid") && !c->story->known, "%s",
				  cases[k].label);
		turn();
		end(c, END_CALLER, 0);
	}
}

Test(ivr_call, the_caller_goes_at_any_time)
{
	struct call *c = ring("+4915112345678");

	cr_assert(c);
	end(c, END_CALLER, 0); /* while it rings */
	cr_expect_eq(told_n(), 1);
	c = ring("+4915112345678");
	cr_assert(c);
	call_answered(c);
	end(c, END_CALLER, 0); /* in a prompt */
	cr_expect_eq(told_n(), 2);
	t.f.hold_send = true;
	c = ring("+4915112345678");
	cr_assert(c);
	call_answered(c);
	keys(c, "1");
	end(c, END_CALLER, 0); /* while something is being done for it */
	cr_expect_eq(told_n(), 2, "not told before that is done");
	fake_sent(&t.f, NULL);
	turn();
	cr_expect_eq(told_n(), 3);
	cr_expect_eq(t.a->calls_n, 0);
}

Test(ivr_call, a_key_that_comes_before_its_prompt_counts)
{
	struct call *c = ring("+4915112345678");

	cr_assert(c);
	call_answered(c);
	call_digit(c, '1'); /* the door has not begun to play, so it has nothing to end */
	cr_expect(log_is("answer play stop_play "));
	call_played(c, false);
	cr_expect_str_eq(t.d.said, "sent");
	call_played(c, false);
	end(c, END_GATEWAY, 0);
	cr_expect(strstr(told(0)->text, "pressed: 1"), "%s", told(0)->text);
}

Test(ivr_call, a_prompt_that_no_key_ends_takes_no_keys)
{
	struct call *c = ring("+4915112345678");

	cr_assert(c);
	call_answered(c);
	keys(c, "3");
	cr_expect_str_eq(t.d.said, "wait");
	call_digit(c, '7');
	cr_expect_str_eq(t.d.said, "wait");
	call_played(c, false);
	call_digit(c, '8');
	cr_expect_str_eq(t.d.said, "got 8");
	call_played(c, false);
	end(c, END_GATEWAY, 0);
}

Test(ivr_call, a_recording_is_kept_and_becomes_a_wish)
{
	struct call *c = ring("+4915112345678");

	cr_assert(c);
	call_answered(c);
	keys(c, "2");
	call_played(c, false);
	cr_assert(log_is("answer play play record "));
	call_recorded(c, &(struct door_recording){.bytes = STR("RIFF"), .type = "audio/wav", .ms = 4000, .size = 4});
	cr_expect_eq(t.f.blobs, 1);
	cr_assert(log_is("answer play play record hang_up "));
	end(c, END_GATEWAY, 0);
	cr_expect(strstr(told(0)->metadata, "\"wish\":\"callback\""), "%s", told(0)->metadata);
}

Test(ivr_call, silence_is_no_input)
{
	struct call *c = ring("+4915112345678");

	cr_assert(c);
	call_answered(c);
	call_played(c, false);
	fake_clock_add(20 * US_SEC);
	turn();
	cr_expect(log_is("answer play play "), "asked again");
	end(c, END_CALLER, 0);
	cr_expect(strstr(told(0)->metadata, "no input"));
}

Test(ivr_call, no_more_than_calls_at_once_and_none_longer_than_allowed)
{
	struct call *v[3];

	for (int k = 0; k < 3; k++) {
		v[k] = ring("+4915112345678");
		cr_assert(v[k]);
	}
	cr_expect_null(ring("+4915112345678"));
	call_answered(v[0]);
	t.d.log[0] = 0;
	fake_clock_add(t.set.max_call + US_SEC);
	turn();
	cr_expect(strstr(t.d.log, "hang_up"), "%s", t.d.log);
	for (int k = 0; k < 3; k++)
		end(v[k], END_GATEWAY, 0);
	cr_expect_eq(t.a->calls_n, 0);
}

/* ---- calls that we make ---- */

static struct delivery message(uint16_t n)
{
	return (struct delivery){.id = {.message = {{1, 2, 3}}, .n = n},
				 .token = 7,
				 .to = {.scheme = SCHEME_TEL, .value = "+4915112345678"},
				 .text = STR("Your line is repaired & fine"),
				 .attempt = 1};
}

Test(ivr_call, a_message_is_spoken_and_delivered)
{
	struct delivery d = message(1);
	struct call *c;

	cr_assert_eq(ivr_channel.submit(t.a, &d, 1), 1);
	c = t.d.placed;
	cr_assert(c);
	cr_expect_eq(fake_outcomes_of(&t.f, OUTCOME_SENT), 0);
	call_answered(c);
	cr_expect_eq(fake_outcomes_of(&t.f, OUTCOME_SENT), 1);
	cr_expect_str_eq(t.d.said, "Your line is repaired & fine");
	keys(c, "1");
	cr_expect(log_is("place play play "), "said again");
	call_played(c, false);
	fake_clock_add(5 * US_SEC);
	turn();
	cr_expect(log_is("place play play hang_up "));
	end(c, END_GATEWAY, 0);
	cr_assert_eq(told_n(), 2, "the receipt, and what was pressed");
	cr_expect(told(0)->receipt);
	cr_expect_eq(told(0)->status, STATUS_DELIVERED);
	cr_expect_str_eq(told(0)->external_id, t.f.outcomes[0].ids[0]);
	cr_expect(strstr(told(1)->metadata, "\"direction\":\"outbound\""));
}

Test(ivr_call, a_message_may_name_its_menu)
{
	struct delivery d = message(1);
	char path[128];

	menu("offer.vxml", "<menu><prompt>{{ message.text }}. Press 2 to speak to us.</prompt>"
			   "<choice dtmf=\"2\" next=\"#agent\">a</choice></menu><form id=\"agent\"><block>"
			   "<data src=\"threadline:agent?queue=sales\"/><exit/></block></form>");
	d.options = STR("{\"menu\":\"offer.vxml\"}");
	cr_assert_eq(ivr_channel.submit(t.a, &d, 1), 1);
	call_answered(t.d.placed);
	cr_expect_str_eq(t.d.said, "Your line is repaired & fine. Press 2 to speak to us.");
	keys(t.d.placed, "2");
	end(t.d.placed, END_GATEWAY, 0);
	cr_assert_eq(told_n(), 2);
	cr_expect(strstr(told(1)->metadata, "\"queue\":\"sales\""), "%s", told(1)->metadata);
	snprintf(path, sizeof path, "%s/offer.vxml", t.folder);
	unlink(path);
}

Test(ivr_call, what_becomes_of_a_call_that_nobody_takes)
{
	static const struct {
		int sip, q850;
		enum outcome_kind kind;
		const char *code;
	} cases[] = {{486, 0, OUTCOME_RETRY, "busy"},	  {600, 0, OUTCOME_RETRY, "busy"},
		     {0, 17, OUTCOME_RETRY, "busy"},	  {408, 0, OUTCOME_RETRY, "no_answer"},
		     {0, 19, OUTCOME_RETRY, "no_answer"}, {404, 0, OUTCOME_FAILED, "404"},
		     {0, 1, OUTCOME_FAILED, "1"},	  {503, 0, OUTCOME_RETRY, "503"}};

	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		struct delivery d = message((uint16_t)(k + 1));
		t.d.placed = NULL;
		cr_assert_eq(ivr_channel.submit(t.a, &d, 1), 1);
		cr_assert(t.d.placed);
		call_ended(t.d.placed,
			   &(struct door_end){.by = END_NETWORK, .sip = cases[k].sip, .q850 = cases[k].q850});
		cr_assert_eq(t.f.outcomes_n, k + 1);
		cr_expect_eq(t.f.outcomes[k].kind, cases[k].kind, "%d", cases[k].sip);
		cr_expect_str_eq(t.f.outcomes[k].code, cases[k].code);
	}
	turn();
	cr_expect_eq(told_n(), 0, "nothing to tell");
}

Test(ivr_call, placed_calls_are_bounded_cancelled_and_refused)
{
	struct delivery d[3] = {message(1), message(2), message(3)};
	struct call *first;

	cr_expect_eq(ivr_channel.submit(t.a, d, 3), 2, "calls_out");
	first = t.d.placed;
	cr_assert(first);
	ivr_channel.cancel(t.a, &d[1].id);
	cr_expect_eq(fake_outcomes_of(&t.f, OUTCOME_CANCELLED), 1);
	end(first, END_GATEWAY, 487);
	cr_expect_eq(t.f.ready, 1);
	cr_expect_eq(t.f.outcomes_n, 1, "one outcome, whatever happens");
	t.d.refuse = true;
	cr_expect_eq(ivr_channel.submit(t.a, d + 2, 1), 1);
	cr_expect_eq(fake_outcomes_of(&t.f, OUTCOME_RETRY), 1);
	cr_assert(!TAILQ_EMPTY(&t.a->calls));
	end(TAILQ_FIRST(&t.a->calls), END_NETWORK, 480);
	cr_expect_eq(t.a->out_n, 0);
}
