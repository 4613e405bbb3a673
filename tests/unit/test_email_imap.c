#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "email/imap_session.h"

struct desk { /* both ends of a session: what it asked for, and what it told */
	struct imap_rules rules;
	struct imap_session *s;
	size_t piece; /* bytes fed at once */
	int mails, big, marks, refusals;
	uint32_t uid[64];
	char raw[2048];
	imap_mark mark;
	bool hold, keeps;
	enum imap_taken answer;
	char asked[4096], refused[200];
};

static void on_mail(void *arg, uint32_t uid, struct str raw)
{
	struct desk *d = arg;

	d->uid[d->mails++ % 64] = uid;
	snprintf(d->raw, sizeof d->raw, "%.*s", (int)raw.n, raw.p);
	if (!d->hold)
		imap_answer(d->s, uid, d->answer);
}

static void on_big(void *arg, uint32_t uid)
{
	(void)uid;
	((struct desk *)arg)->big++;
}

static void on_moved(void *arg, imap_mark mark)
{
	struct desk *d = arg;

	d->mark = mark;
	d->marks++;
	imap_kept(d->s, d->keeps);
}

static void on_refused(void *arg, const char *text)
{
	struct desk *d = arg;

	d->refusals++;
	snprintf(d->refused, sizeof d->refused, "%s", text);
}

static void open_desk(struct desk *d)
{
	d->rules.mailbox = "INBOX";
	d->rules.since = "1-Feb-2024";
	d->rules.size = 1000;
	d->rules.mail = on_mail;
	d->rules.too_big = on_big;
	d->rules.moved = on_moved;
	d->rules.refused = on_refused;
	d->rules.arg = d;
	d->keeps = true;
	if (!d->piece)
		d->piece = 100000;
	d->s = imap_session_new(&d->rules);
	cr_assert(d->s);
}

static void say(struct desk *d, const char *text)
{
	size_t n = strlen(text);

	for (size_t k = 0; k < n; k += d->piece)
		imap_feed(d->s, text + k, n - k < d->piece ? n - k : d->piece);
}

/* What the session says now; "" if nothing. */
static const char *asked(struct desk *d)
{
	struct str out = imap_out(d->s);

	snprintf(d->asked, sizeof d->asked, "%.*s", (int)out.n, out.p);
	imap_written(d->s, out.n);
	return d->asked;
}

#define ASKS(d, text) cr_expect_str_eq(asked(d), text "\r\n")

static void select_mailbox(struct desk *d, const char *abilities, const char *codes)
{
	char line[300];

	ASKS(d, "T1 CAPABILITY");
	snprintf(line, sizeof line, "* CAPABILITY IMAP4rev1 %s\r\nT1 OK done\r\n", abilities);
	say(d, line);
	ASKS(d, "T2 SELECT \"INBOX\"");
	say(d, "* FLAGS (\\Seen)\r\n* 3 EXISTS\r\n");
	say(d, codes);
	say(d, "T2 OK [READ-WRITE] selected\r\n");
}

#define KNOWN "* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 20] next\r\n"
#define MARK(uid) ((imap_mark)7 << 32 | (uid))

static void give(struct desk *d, unsigned tag, unsigned uid, const char *text)
{
	char line[2048];

	snprintf(line, sizeof line, "* 1 FETCH (UID %u BODY[]<0> {%zu}\r\n%s)\r\nT%u OK fetched\r\n", uid, strlen(text),
		 text, tag);
	say(d, line);
}

TestSuite(email_imap, .timeout = 20);

Test(email_imap, new_mails_are_fetched_flagged_and_marked)
{
	for (size_t piece = 1; piece < 40; piece += 6) {
		struct desk d = {.rules = {.mark = MARK(10)}, .piece = piece};
		open_desk(&d);
		select_mailbox(&d, "", KNOWN);
		ASKS(&d, "T3 UID SEARCH UID 11:*");
		say(&d, "* SEARCH 12 11 10\r\nT3 OK found\r\n"); /* 10: what "*" names in a mailbox without news */
		ASKS(&d, "T4 UID FETCH 11 (UID BODY.PEEK[]<0.1001>)");
		give(&d, 4, 11, "Subject: a\r\n\r\n{3}\r\nT4 OK )\r\n");
		cr_expect_str_eq(d.raw, "Subject: a\r\n\r\n{3}\r\nT4 OK )\r\n");
		ASKS(&d, "T5 UID FETCH 12 (UID BODY.PEEK[]<0.1001>)");
		say(&d, "* 2 FETCH (BODY[]<0> \"short \\\"one\\\"\" UID 12)\r\n* 5 EXPUNGE\r\nT5 OK\r\n");
		cr_expect_str_eq(d.raw, "short \"one\"");
		cr_expect_eq(d.marks, 0);
		ASKS(&d, "T6 UID STORE 11,12 +FLAGS.SILENT (\\Seen)");
		say(&d, "T6 OK stored\r\n");
		cr_expect_eq(d.mark, MARK(12));
		ASKS(&d, "T7 LOGOUT");
		say(&d, "* BYE so long\r\nT7 OK\r\n");
		cr_expect(imap_over(d.s));
		cr_expect_null(imap_problem(d.s));
		cr_expect_eq(d.mails, 2);
		imap_session_free(&d.s);
	}
}

Test(email_imap, the_first_visit_counts_what_is_unseen_and_marks_at_its_end)
{
	struct desk d = {.hold = true};

	open_desk(&d);
	select_mailbox(&d, "", KNOWN);
	ASKS(&d, "T3 UID SEARCH UID 1:* UNSEEN");
	say(&d, "* SEARCH 4\r\nT3 OK\r\n");
	ASKS(&d, "T4 UID FETCH 4 (UID BODY.PEEK[]<0.1001>)");
	give(&d, 4, 4, "x");
	cr_expect_str_eq(asked(&d), ""); /* it waits for the commit */
	cr_expect_not(imap_settled(d.s));
	imap_answer(d.s, 4, IMAP_TAKEN);
	ASKS(&d, "T5 UID STORE 4 +FLAGS.SILENT (\\Seen)");
	cr_expect_eq(d.marks, 0);
	say(&d, "T5 OK\r\n");
	cr_expect_eq(d.mark, MARK(19)); /* all below UIDNEXT: what was read before does not count later */
	ASKS(&d, "T6 LOGOUT");
	imap_session_free(&d.s);
}

Test(email_imap, a_first_visit_that_breaks_off_moves_no_mark)
{
	struct desk d = {.answer = IMAP_LATER};

	open_desk(&d);
	select_mailbox(&d, "", KNOWN);
	ASKS(&d, "T3 UID SEARCH UID 1:* UNSEEN");
	say(&d, "* SEARCH 4 5\r\nT3 OK\r\n");
	asked(&d);
	give(&d, 4, 4, "x");
	ASKS(&d, "T5 LOGOUT");
	cr_expect_eq(d.marks, 0);
	imap_session_free(&d.s);
}

Test(email_imap, the_first_visit_may_count_all_or_nothing)
{
	struct desk none = {.rules = {.first = IMAP_NONE}}, all = {.rules = {.first = IMAP_ALL}};

	open_desk(&none);
	select_mailbox(&none, "", KNOWN);
	cr_expect_eq(none.mark, MARK(19));
	ASKS(&none, "T3 LOGOUT");
	imap_session_free(&none.s);
	open_desk(&none);
	select_mailbox(&none, "", "* OK [UIDVALIDITY 7]\r\n* OK [UIDNEXT 1]\r\n");
	cr_expect_eq(none.mark, MARK(0)); /* empty: the next one counts */
	imap_session_free(&none.s);
	open_desk(&all);
	select_mailbox(&all, "", KNOWN);
	ASKS(&all, "T3 UID SEARCH UID 1:*");
	imap_session_free(&all.s);
}

Test(email_imap, a_mailbox_made_anew_is_searched_for_what_is_of_late)
{
	struct desk d = {.rules = {.mark = MARK(10)}};

	open_desk(&d);
	select_mailbox(&d, "", "* OK [UIDVALIDITY 8]\r\n* OK [UIDNEXT 3]\r\n");
	ASKS(&d, "T3 UID SEARCH UID 1:* OR UNSEEN SINCE 1-Feb-2024");
	say(&d, "* SEARCH\r\nT3 OK\r\n");
	cr_expect_eq(d.mark, (imap_mark)8 << 32 | 2);
	imap_session_free(&d.s);
}

Test(email_imap, what_cannot_be_taken_now_ends_the_visit_below_it)
{
	struct desk d = {.rules = {.mark = MARK(10)}, .hold = true};

	open_desk(&d);
	select_mailbox(&d, "", KNOWN);
	asked(&d);
	say(&d, "* SEARCH 11 12 13\r\nT3 OK\r\n");
	for (unsigned k = 0; k < 3; k++) {
		asked(&d);
		give(&d, 4 + k, 11 + k, "x");
	}
	cr_expect_eq(d.mails, 3);
	imap_answer(d.s, 13, IMAP_TAKEN);
	imap_answer(d.s, 12, IMAP_LATER);
	imap_answer(d.s, 11, IMAP_LEFT);
	imap_answer(d.s, 11, IMAP_LATER); /* a second answer is none */
	ASKS(&d, "T7 UID STORE 13 +FLAGS.SILENT (\\Seen)");
	say(&d, "T7 OK\r\n");
	cr_expect_eq(d.mark, MARK(11));
	ASKS(&d, "T8 LOGOUT");
	imap_session_free(&d.s);
}

Test(email_imap, mails_are_moved_in_one_step_or_by_copy)
{
	struct desk d = {.rules = {.mark = MARK(10), .move_to = "Done \"x\""}}, e = d, f = d;

	open_desk(&d);
	select_mailbox(&d, "MOVE UIDPLUS", KNOWN);
	asked(&d);
	say(&d, "* SEARCH 11\r\nT3 OK\r\n");
	asked(&d);
	give(&d, 4, 11, "x");
	ASKS(&d, "T5 UID MOVE 11 \"Done \\\"x\\\"\"");
	say(&d, "T5 NO [TRYCREATE] no such folder\r\n");
	cr_expect_eq(d.refusals, 1);
	cr_expect_str_eq(d.refused, "[TRYCREATE] no such folder");
	cr_expect_eq(d.mark, MARK(11)); /* it is in, wherever it lies */
	imap_session_free(&d.s);

	open_desk(&e);
	select_mailbox(&e, "UIDPLUS", KNOWN);
	asked(&e);
	say(&e, "* SEARCH 11\r\nT3 OK\r\n");
	asked(&e);
	give(&e, 4, 11, "x");
	ASKS(&e, "T5 UID COPY 11 \"Done \\\"x\\\"\"");
	say(&e, "T5 OK\r\n");
	ASKS(&e, "T6 UID STORE 11 +FLAGS.SILENT (\\Deleted)");
	say(&e, "T6 OK\r\n");
	ASKS(&e, "T7 UID EXPUNGE 11");
	say(&e, "T7 OK\r\n");
	cr_expect_eq(e.mark, MARK(11));
	imap_session_free(&e.s);

	open_desk(&f);
	select_mailbox(&f, "", KNOWN);
	asked(&f);
	say(&f, "* SEARCH 11\r\nT3 OK\r\n");
	asked(&f);
	give(&f, 4, 11, "x");
	asked(&f);
	say(&f, "T5 NO over quota\r\n"); /* not copied: not deleted either */
	ASKS(&f, "T6 LOGOUT");
	imap_session_free(&f.s);
}

Test(email_imap, what_is_too_big_gone_or_unreadable_stands_in_nobodys_way)
{
	struct desk d = {.rules = {.mark = MARK(10)}};
	char big[1100];

	memset(big, 'x', 1001);
	big[1001] = 0;
	open_desk(&d);
	select_mailbox(&d, "", KNOWN);
	asked(&d);
	say(&d, "* SEARCH 11 12 13 14\r\nT3 OK\r\n");
	asked(&d);
	give(&d, 4, 11, big);
	cr_expect_eq(d.big, 1);
	asked(&d);
	say(&d, "T5 OK nothing\r\n");
	asked(&d);
	say(&d, "T6 NO cannot read it\r\n");
	cr_expect_eq(d.refusals, 1);
	asked(&d);
	say(&d, "T7 NO [UNAVAILABLE] disk away\r\n");
	cr_expect_eq(d.mails, 0);
	cr_expect_eq(d.mark, MARK(13));
	ASKS(&d, "T8 LOGOUT");
	imap_session_free(&d.s);
}

Test(email_imap, more_than_a_group_and_more_than_a_list)
{
	struct desk d = {.rules = {.mark = MARK(10)}};
	struct buf b;
	unsigned tag = 3;

	buf_init(&b, 1 << 20);
	open_desk(&d);
	select_mailbox(&d, "", KNOWN);
	asked(&d);
	buf_adds(&b, "* SEARCH");
	for (int uid = 1010; uid > 10; uid--)
		buf_addf(&b, " %d", uid);
	buf_adds(&b, "\r\nT3 OK\r\n");
	say(&d, buf_cstr(&b));
	while (!imap_over(d.s) && tag < 5000) {
		const char *fetch, *search;
		unsigned uid;
		asked(&d);
		tag++;
		fetch = strstr(d.asked, "UID FETCH ");
		search = strstr(d.asked, "UID SEARCH UID ");
		uid = (unsigned)strtoul(fetch ? fetch + 10 : search ? search + 15 : "", NULL, 10);
		if (fetch) {
			give(&d, tag, uid, "x");
			continue;
		}
		if (search) {
			buf_reset(&b);
			buf_adds(&b, "* SEARCH");
			for (unsigned k = uid; k <= 1010; k++)
				buf_addf(&b, " %u", k);
			buf_adds(&b, "\r\n");
			say(&d, buf_cstr(&b));
		}
		snprintf(d.raw, sizeof d.raw, "T%u OK\r\n", tag);
		say(&d, d.raw);
	}
	cr_expect_null(imap_problem(d.s));
	cr_expect_eq(d.mails, 1000);
	cr_expect_eq(d.mark, MARK(1010));
	buf_free(&b);
	imap_session_free(&d.s);
}

Test(email_imap, a_mark_that_is_not_kept_ends_the_visit)
{
	struct desk d = {.rules = {.mark = MARK(10)}};

	open_desk(&d);
	d.keeps = false;
	select_mailbox(&d, "", KNOWN);
	asked(&d);
	say(&d, "* SEARCH 11 12\r\nT3 OK\r\n");
	asked(&d);
	imap_end(d.s); /* and the owner may end it at any time */
	give(&d, 4, 11, "x");
	asked(&d);
	say(&d, "T5 OK\r\n");
	ASKS(&d, "T6 LOGOUT");
	imap_session_free(&d.s);
}

Test(email_imap, servers_that_speak_out_of_turn_are_left)
{
	static const struct {
		const char *said, *problem;
	} cases[] = {
		{"* BYE overloaded\r\n", "the server closes: overloaded"},
		{"T9 OK\r\n", "the server speaks out of turn: T9"},
		{"T1 OK\r\nT2 NO no mailbox\r\n", "the mailbox cannot be opened: no mailbox"},
		{"T1 OK\r\nT2 OK\r\n", "the server gives no UIDVALIDITY"},
		{"T1 OK\r\n* OK [UIDVALIDITY 7] x\r\nT2 OK\r\nT3 BAD what\r\n", "the server refuses: what"},
		{"T1 OK\r\n* OK [UIDVALIDITY 4294967296]\r\nT2 OK\r\n", "the server gives no UIDVALIDITY"},
	};

	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		struct desk d = {.hold = false};
		open_desk(&d);
		say(&d, cases[k].said);
		cr_expect(imap_over(d.s));
		cr_assert_not_null(imap_problem(d.s));
		cr_expect_str_eq(imap_problem(d.s), cases[k].problem);
		imap_session_free(&d.s);
	}
}

Test(email_imap, mailboxes_are_named_in_modified_utf7)
{
	static const char *const cases[][2] = {{"INBOX", "INBOX"},
					       {"Entw\xc3\xbcrfe", "Entw&APw-rfe"},
					       {"A&B", "A&-B"},
					       {"\xe5\x8f\xb0\xe5\x8c\x97/x", "&U,BTFw-/x"},
					       {"\xf0\x9f\x93\xa7", "&2D3c5w-"},
					       {"\xc3\xbc\xc3\xbc\xc3\xbc", "&APwA,AD8-"}};
	struct buf b;

	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		buf_init(&b, 200);
		imap_name_write(str_of(cases[k][0]), &b);
		cr_expect_str_eq(buf_cstr(&b), cases[k][1]);
		buf_free(&b);
	}
}
