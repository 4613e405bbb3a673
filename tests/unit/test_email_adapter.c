/* The adapter against a smart host of the test's own. What other people's servers make of it is in tests/e2e. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "contract/fake_host.h"
#include "email/email.h"
#include "email/token.h"
#include "unit/email_smarthost.h"

bool oom_failed(void) __attribute__((weak));

enum { PATIENCE = 4000, IN_VAIN = 300 };

static struct fake_host fake;
static struct smarthost smart, other;
static struct settings *file;
static struct account *account;
static void *set;

static void step(void)
{
	smarthost_step(&smart);
	if (other.port)
		smarthost_step(&other);
	fake_clock_add(2 * US_MS);
	loop_step(fake.host.loop, 1);
}

#define UNTIL(condition)                                                    \
	do {                                                                \
		int left = oom_failed && oom_failed() ? IN_VAIN : PATIENCE; \
		while (!(condition) && left-- > 0)                          \
			step();                                             \
		cr_assert(condition, "never " #condition);                  \
	} while (0)

static int open_with(const char *more, struct err *e)
{
	char text[2048];
	const struct section *section = NULL;

	snprintf(text, sizeof text,
		 "[email test]\nfrom = Care <care@example.com>\nhosts = 127.0.0.1:%d%s\ntls = none\n"
		 "retry_min = 20ms\nretry_max = 40ms\n%s",
		 smart.port, other.port ? ", 127.0.0.1:65001" : "", more);
	if (other.port) {
		char *at = strstr(text, "65001");
		snprintf(at, 6, "%05d", other.port);
		at[5] = '\n';
	}
	set = calloc(1, email_channel.settings_size);
	cr_assert(set);
	cr_assert_eq(settings_parse("test", str_of(text), &file, e), 0, "%s", e->msg);
	cr_assert(settings_next(file, &section));
	cr_assert_eq(settings_fill(file, section, email_channel.settings, set, e), 0, "%s", e->msg);
	return email_channel.open(set, &fake.host, &account, e);
}

static void begin(const char *more)
{
	struct err e = {0};

	fake_host_init(&fake, "test");
	if (!smart.port)
		smarthost_open(&smart);
	cr_assert_eq(open_with(more, &e), 0, "%s", e.msg);
	email_channel.start(account);
}

static void end(void)
{
	if (account)
		email_channel.close(&account);
	settings_release(email_channel.settings, set);
	free(set);
	settings_free(&file);
	fake_host_free(&fake);
	smarthost_close(&smart);
	if (other.port)
		smarthost_close(&other);
	smart.port = other.port = 0;
}

static void up(void) { UNTIL(fake_state(&fake) == ACCOUNT_UP); }

static struct delivery a_delivery(const char *to)
{
	struct delivery d = {.id = {uuid7(clock_now()), 1},
			     .token = 7,
			     .to = {.scheme = SCHEME_MAIL},
			     .subject = STR("Hello"),
			     .text = STR("a text"),
			     .options = STR("{}")};

	snprintf(d.to.value, sizeof d.to.value, "%s", to);
	return d;
}

/* Sends one and waits for what comes of it. */
static const struct fake_outcome *send_one(const struct delivery *d)
{
	size_t before = fake.outcomes_n;

	cr_assert_eq(email_channel.submit(account, d, 1), 1);
	UNTIL(fake.outcomes_n > before);
	return &fake.outcomes[before];
}

Test(email_adapter, asks_a_host_before_it_says_that_it_is_up)
{
	begin("");
	cr_expect_eq(fake_state(&fake), ACCOUNT_CONNECTING);
	up();
	cr_expect_eq(smart.connections, 1);
	cr_expect_eq(smart.mails, 0);
	end();
}

Test(email_adapter, sends_and_names_the_message)
{
	struct delivery d = a_delivery("anna@example.org");
	const struct fake_outcome *o;
	struct delivery_id id;

	begin("bounce_address = bounce+*@example.com\nreply_address = reply+*@example.com\n");
	up();
	o = send_one(&d);
	cr_expect_eq(o->kind, OUTCOME_SENT);
	cr_expect_eq(o->token, 7);
	cr_assert_eq(o->ids_n, 1);
	cr_expect(message_id_read(str_of(o->ids[0]), "example.com", &id));
	cr_expect(uuid_eq(&id.message, &d.id.message));
	cr_expect(strstr(smart.last, o->ids[0]));
	cr_expect_str_eq(smart.to, "anna@example.org");
	cr_expect(
		mail_token_in_mailbox(fake.host.secret, TOKEN_BOUNCE, "bounce+*@example.com", str_of(smart.from), &id));
	cr_expect(uuid_eq(&id.message, &d.id.message));
	cr_expect(strstr(smart.last, "<reply+"));
	end();
}

Test(email_adapter, one_connection_serves_many)
{
	struct delivery d;

	begin("");
	up();
	for (int i = 0; i < 5; i++) {
		d = a_delivery("anna@example.org");
		cr_expect_eq(send_one(&d)->kind, OUTCOME_SENT);
	}
	cr_expect_eq(smart.connections, 1);
	cr_expect_eq(smart.mails, 5);
	end();
}

static struct str second_text = STR("a text");

/* Three that were there at once, over one connection; what comes of each, in the order of the mailboxes. */
static void send_three(const char *second, enum outcome_kind kinds[3])
{
	struct delivery d[3] = {a_delivery("a@example.org"), a_delivery(second), a_delivery("c@example.org")};

	d[1].text = second_text;
	cr_assert_eq(email_channel.submit(account, d, 3), 3);
	UNTIL(fake.outcomes_n == 3);
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < 3; k++)
			if (uuid_eq(&fake.outcomes[k].id.message, &d[i].id.message))
				kinds[i] = fake.outcomes[k].kind;
}

Test(email_adapter, an_envelope_follows_the_dot_of_the_mail_before)
{
	enum outcome_kind is[3];
	int before;

	begin("connections = 1\n");
	up();
	before = smart.reads;
	send_three("b@example.org", is);
	cr_expect(is[0] == OUTCOME_SENT && is[1] == OUTCOME_SENT && is[2] == OUTCOME_SENT);
	cr_expect(smart.mails == 3 && smart.connections == 1);
	cr_expect_eq(smart.reads - before, 4, "%d", smart.reads - before);
	end();
}

Test(email_adapter, who_does_not_exist_does_not_hold_up_who_follows)
{
	enum outcome_kind is[3];

	begin("connections = 1\n");
	up();
	smart.nobody = "b@example.org";
	send_three("b@example.org", is);
	smart.nobody = NULL;
	cr_expect(is[0] == OUTCOME_SENT && is[1] == OUTCOME_FAILED && is[2] == OUTCOME_SENT);
	cr_expect_eq(smart.mails, 2);
	cr_expect_eq(smart.connections, 1);
	end();
}

Test(email_adapter, a_mail_refused_at_its_end_does_not_touch_the_next)
{
	enum outcome_kind is[3];

	begin("connections = 1\n");
	up();
	smart.end_once = "550 5.7.1 no";
	send_three("b@example.org", is);
	cr_expect(is[0] == OUTCOME_FAILED && is[1] == OUTCOME_SENT && is[2] == OUTCOME_SENT);
	cr_expect_eq(smart.mails, 2);
	cr_expect_eq(smart.resets, 0);
	end();
}

Test(email_adapter, only_the_mail_that_was_whole_is_uncertain)
{
	enum outcome_kind is[3];

	begin("connections = 1\n");
	up();
	smart.end_once = "";
	send_three("b@example.org", is);
	cr_expect(is[0] == OUTCOME_UNCERTAIN && is[1] == OUTCOME_SENT && is[2] == OUTCOME_SENT);
	cr_expect_eq(smart.mails, 2);
	cr_expect_eq(smart.connections, 2);
	end();
}

Test(email_adapter, a_host_that_closes_after_a_mail_gives_the_next_back)
{
	enum outcome_kind is[3];

	begin("connections = 1\n");
	up();
	smart.end_once = "421 4.3.2 closing";
	send_three("b@example.org", is);
	cr_expect(is[0] == OUTCOME_RELEASED && is[1] == OUTCOME_RELEASED && is[2] == OUTCOME_RELEASED);
	cr_expect_eq(smart.mails, 0);
	end();
}

Test(email_adapter, what_a_host_will_not_take_does_not_follow)
{
	static char text[1100000]; /* it says SIZE 1000000 */
	enum outcome_kind is[3];

	begin("connections = 1\n");
	up();
	memset(text, 'x', sizeof text);
	second_text = str_n(text, sizeof text);
	send_three("b@example.org", is);
	second_text = STR("a text");
	cr_expect(is[0] == OUTCOME_SENT && is[1] == OUTCOME_FAILED && is[2] == OUTCOME_SENT);
	cr_expect_eq(smart.mails, 2);
	end();
}

Test(email_adapter, refusals_are_told_apart)
{
	static const struct {
		const char *rcpt, *end, *code;
		enum outcome_kind kind;
	} v[] = {
		{"550 5.1.1 unknown", NULL, "5.1.1", OUTCOME_FAILED},
		{"450 4.2.1 busy", NULL, "4.2.1", OUTCOME_RETRY},
		{"553 no", NULL, "553", OUTCOME_FAILED},
		{NULL, "554 5.7.1 spam", "5.7.1", OUTCOME_FAILED},
		{NULL, "451 4.3.0 later", "4.3.0", OUTCOME_RETRY},
	};

	begin("");
	up();
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct delivery d = a_delivery("anna@example.org");
		const struct fake_outcome *o;
		smart.rcpt = v[i].rcpt;
		smart.end = v[i].end;
		o = send_one(&d);
		cr_expect_eq(o->kind, v[i].kind, "%zu: %d %s", i, o->kind, o->reason);
		cr_expect_str_eq(o->code, v[i].code);
		cr_expect_eq(fake_state(&fake), ACCOUNT_UP, "a refused mail is not the host's failure");
	}
	cr_expect_eq(smart.connections, 1, "nor does it cost a connection");
	end();
}

Test(email_adapter, an_address_that_takes_no_mail_gets_no_more)
{
	static const struct {
		const char *rcpt, *end;
		bool hard;
	} v[] = {
		{"550 5.1.1 <anna@example.org>: User unknown", NULL, true},
		{"550 no such user here", NULL, true},
		{"550 5.7.1 relaying denied", NULL, false},
		{"550 rejected", NULL, false},
		{"552 5.2.2 mailbox full", NULL, false},
		{"450 4.1.1 user unknown", NULL, false},
		{NULL, "550 5.1.1 user unknown", false},
	};

	begin("");
	up();
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct delivery d = a_delivery("anna@example.org");
		size_t before = fake.inbound_n;
		smart.rcpt = v[i].rcpt;
		smart.end = v[i].end;
		send_one(&d);
		cr_assert_eq(fake.inbound_n - before, v[i].hard, "%zu", i);
		if (!v[i].hard)
			continue;
		cr_expect_str_eq(fake.inbound[before].from.value, "anna@example.org");
		cr_expect_eq(fake.inbound[before].consent, CONSENT_OUT);
		cr_expect_eq(fake.inbound[before].consent_purposes, 7);
		cr_expect_eq(fake.inbound[before].text_n, 0);
	}
	end();
}

Test(email_adapter, a_host_without_pipelining_is_asked_step_by_step)
{
	struct delivery d = a_delivery("anna@example.org");

	smarthost_open(&smart);
	smart.plain = true;
	begin("");
	up();
	smart.rcpt_once = "550 5.1.1 unknown";
	cr_expect_eq(send_one(&d)->kind, OUTCOME_FAILED);
	cr_expect_eq(send_one(&d)->kind, OUTCOME_SENT);
	cr_expect_eq(smart.resets, 1);
	cr_expect_eq(smart.connections, 1);
	d = a_delivery("\xc3\xa4nna@example.org");
	cr_expect_eq(send_one(&d)->kind, OUTCOME_FAILED);
	cr_expect_str_eq(fake.outcomes[2].code, "5.6.7", "it has no SMTPUTF8");
	end();
}

Test(email_adapter, other_letters_in_a_mailbox_need_smtputf8)
{
	struct delivery d = a_delivery("\xc3\xa4nna@example.org");

	begin("");
	up();
	cr_expect_eq(send_one(&d)->kind, OUTCOME_SENT);
	cr_expect_str_eq(smart.to, "\xc3\xa4nna@example.org");
	cr_expect(strstr(smart.last, "To: \xc3\xa4nna@example.org\r\n"));
	end();
}

Test(email_adapter, a_long_mail_goes_in_stretches)
{
	struct delivery d = a_delivery("anna@example.org");
	size_t n = 300 << 10;
	char *text = malloc(n);

	cr_assert(text);
	for (size_t i = 0; i < n; i++)
		text[i] = i % 61 == 60 ? '\n' : '.';
	d.text = str_n(text, n);
	begin("");
	up();
	smart.rcpt_once = "552 5.3.4 too large for you";
	cr_expect_eq(send_one(&d)->kind, OUTCOME_FAILED);
	d.text = str_n(text, 30 << 10);
	cr_expect_eq(send_one(&d)->kind, OUTCOME_SENT);
	cr_expect(strstr(smart.last, "\r\n............................................................."),
		  "dots are doubled");
	end();
	free(text);
}

Test(email_adapter, an_answer_that_does_not_come_is_not_waited_for_for_ever)
{
	struct delivery d = a_delivery("anna@example.org");

	begin("response_timeout = 200ms\n");
	up();
	smart.end = "-";
	cr_expect_eq(send_one(&d)->kind, OUTCOME_UNCERTAIN);
	smart.end = NULL;
	smart.mail = "-";
	cr_expect_eq(send_one(&d)->kind, OUTCOME_RETRY);
	end();
}

Test(email_adapter, an_answer_lost_after_the_whole_mail_is_uncertain)
{
	struct delivery d = a_delivery("anna@example.org");
	const struct fake_outcome *o;

	begin("");
	up();
	smart.end = "";
	o = send_one(&d);
	cr_expect_eq(o->kind, OUTCOME_UNCERTAIN);
	cr_expect_eq(o->ids_n, 1, "a bounce may still tell");
	end();
}

Test(email_adapter, a_connection_lost_before_that_is_tried_again)
{
	struct delivery d = a_delivery("anna@example.org");

	begin("");
	up();
	smart.rcpt_once = "";
	cr_expect_eq(send_one(&d)->kind, OUTCOME_SENT);
	smart.rcpt = "";
	d = a_delivery("anna@example.org");
	cr_expect_eq(send_one(&d)->kind, OUTCOME_RETRY);
	end();
}

Test(email_adapter, a_stale_connection_is_replaced)
{
	struct delivery d = a_delivery("anna@example.org");

	begin("");
	up();
	smarthost_cut(&smart);
	cr_expect_eq(send_one(&d)->kind, OUTCOME_SENT);
	cr_expect_eq(smart.connections, 2);
	cr_expect_eq(fake_state(&fake), ACCOUNT_UP);
	end();
}

Test(email_adapter, a_host_that_closes_is_left_alone)
{
	struct delivery d = a_delivery("anna@example.org");

	begin("");
	up();
	smart.rcpt_once = "421 4.3.2 closing";
	cr_expect_eq(send_one(&d)->kind, OUTCOME_RELEASED);
	UNTIL(fake_state(&fake) == ACCOUNT_DOWN);
	cr_expect(strstr(fake_reason(&fake), "closing"), "%s", fake_reason(&fake));
	up();
	cr_expect_eq(send_one(&d)->kind, OUTCOME_SENT);
	end();
}

Test(email_adapter, the_second_host_takes_over)
{
	struct delivery d = a_delivery("anna@example.org");

	smarthost_open(&smart);
	smarthost_open(&other);
	begin("");
	up();
	smarthost_close(&smart);
	cr_expect_eq(send_one(&d)->kind, OUTCOME_SENT);
	cr_expect_eq(other.mails, 1);
	UNTIL(strstr(fake_reason(&fake), "1 of 2 hosts"));
	cr_expect_eq(fake_state(&fake), ACCOUNT_UP);
	end();
}

Test(email_adapter, with_no_host_mails_go_back_to_the_outbox)
{
	struct delivery d = a_delivery("anna@example.org");

	begin("");
	up();
	smarthost_close(&smart);
	cr_expect_eq(send_one(&d)->kind, OUTCOME_RELEASED);
	UNTIL(fake_state(&fake) == ACCOUNT_DOWN);
	cr_expect(strstr(fake_reason(&fake), "127.0.0.1"), "%s", fake_reason(&fake));
	end();
}

Test(email_adapter, a_host_that_refuses_us_is_named)
{
	smarthost_open(&smart);
	smart.greeting = "554 5.3.2 not you";
	begin("");
	UNTIL(fake_state(&fake) == ACCOUNT_REFUSED);
	cr_expect(strstr(fake_reason(&fake), "554 5.3.2 not you"), "%s", fake_reason(&fake));
	smart.greeting = NULL;
	up();
	end();
}

Test(email_adapter, what_cannot_be_sent_fails_at_once)
{
	struct delivery d = a_delivery("anna@example.org");

	begin("domains = example.net\n");
	up();
	d.subject = STR("a\r\nBcc: x@example.org");
	cr_expect_eq(send_one(&d)->kind, OUTCOME_FAILED);
	d = a_delivery("anna@example.org");
	d.from = STR("eve@evil.example");
	cr_expect_eq(send_one(&d)->kind, OUTCOME_FAILED);
	cr_expect_eq(smart.mails, 0);
	d = a_delivery("anna@example.org");
	d.from = STR("News <news@example.net>");
	cr_expect_eq(send_one(&d)->kind, OUTCOME_SENT);
	cr_expect_str_eq(smart.from, "news@example.net");
	d = a_delivery("anna@example.org");
	d.expires_at = clock_now() - US_SEC;
	cr_expect_eq(send_one(&d)->kind, OUTCOME_EXPIRED);
	end();
}

Test(email_adapter, html_alone_gets_a_text)
{
	struct delivery d = a_delivery("anna@example.org");

	begin("");
	up();
	d.text = STR("");
	d.options = STR("{\"html\":\"<h1>Hello</h1><p>Your <b>bill</b></p>\"}");
	cr_expect_eq(send_one(&d)->kind, OUTCOME_SENT);
	cr_expect(strstr(smart.last, "multipart/alternative"));
	cr_expect(strstr(smart.last, "Your bill"), "%s", smart.last);
	end();
}

Test(email_adapter, files_come_from_the_store)
{
	struct attachment files[2] = {{.name = STR("a.txt"), .type = STR("text/plain"), .size = 5},
				      {.name = STR("b.bin"), .type = STR("application/x-b"), .size = 5}};
	struct delivery d = a_delivery("anna@example.org");

	begin("max_size = 64k\n");
	up();
	memset(files[0].sha256, 'a', 64);
	memset(files[1].sha256, 'b', 64);
	d.attachments = files;
	d.attachments_n = 2;
	cr_expect_eq(send_one(&d)->kind, OUTCOME_SENT);
	cr_expect(strstr(smart.last, "filename=a.txt") || strstr(smart.last, "filename=\"a.txt\""), "%s", smart.last);
	d.id.n = 2;
	memset(files[1].sha256, '0', 64); /* the fake knows no such file */
	cr_expect_eq(send_one(&d)->kind, OUTCOME_FAILED);
	end();
}

Test(email_adapter, a_click_is_a_wish)
{
	struct delivery d = a_delivery("anna@example.org");
	const char *at, *path;
	char link[1024];

	begin("public_url = https://gateway.example.com\n");
	up();
	d.purpose = PURPOSE_MARKETING;
	cr_expect_eq(send_one(&d)->kind, OUTCOME_SENT);
	at = strstr(smart.last, "List-Unsubscribe: <https://gateway.example.com/email/test/unsubscribe/");
	cr_assert(at);
	path = strstr(at, "unsubscribe/") + strlen("unsubscribe/");
	snprintf(link, sizeof link, "%.*s", (int)strcspn(path, ">"), path);
	for (const struct channel_route *r = email_channel.routes; r->path; r++) {
		struct channel_request q = {.method = r->method, .param = str_of(link)};
		r->handle(account, &q);
		UNTIL(strcmp(r->method, "GET") == 0 || fake.replies == 2);
		cr_assert_eq(fake.inbound_n, strcmp(r->method, "GET") == 0 ? 0 : 1);
		cr_expect_eq(fake.reply_status, 200);
	}
	cr_expect_str_eq(fake.inbound[0].from.value, "anna@example.org");
	cr_expect_eq(fake.inbound[0].consent_purposes, 1u << PURPOSE_MARKETING);
	cr_expect_eq(fake.inbound[0].consent, CONSENT_OUT);
	link[10] ^= 1;
	for (const struct channel_route *r = email_channel.routes; r->path; r++) {
		struct channel_request q = {.method = r->method, .param = str_of(link)};
		r->handle(account, &q);
		cr_expect_eq(fake.reply_status, 404);
	}
	end();
}

Test(email_adapter, wrong_settings_are_named)
{
	static const char *const wrong[][2] = {
		{"reply_address = reply+*@*\n", "reply_address"},
		{"bounce_address = **@example.com\n", "bounce_address"},
		{"public_url = example.com\n", "public_url"},
		{"tls_ca = /no/such/file\n", "tls_ca"},
		{"hello = a b\n", "hello"},
		{"dkim = s1:/no/such/file\n", "dkim"},
		{"dkim = s1\n", "dkim"},
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct err e = {0};
		fake_host_init(&fake, "test");
		smarthost_open(&smart);
		cr_expect_eq(open_with(wrong[i][0], &e), -1, "%s", wrong[i][0]);
		cr_expect(strcmp(e.field, wrong[i][1]) == 0 || strcmp(e.code, "out_of_memory") == 0, "%s: %s", e.field,
			  e.msg);
		cr_expect_null(account);
		end();
	}
}
