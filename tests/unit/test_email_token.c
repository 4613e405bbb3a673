#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "email/token.h"

static const struct str key = {"0123456789abcdef0123456789abcdef", 32};

static struct delivery_id an_id(void) { return (struct delivery_id){uuid7(1700000000 * US_SEC), 3}; }

static bool same(const struct delivery_id *a, const struct delivery_id *b)
{
	return uuid_eq(&a->message, &b->message) && a->n == b->n;
}

Test(email_token, comes_back_whatever_the_case)
{
	struct delivery_id id = an_id(), got = {0};
	char text[TOKEN_TEXT];

	mail_token_write(key, TOKEN_REPLY, &id, text);
	cr_expect_eq(strlen(text), TOKEN_TEXT - 1);
	cr_expect(mail_token_read(key, TOKEN_REPLY, str_of(text), &got));
	cr_expect(same(&id, &got));
	for (char *c = text; *c; c++)
		if (*c >= 'a')
			*c = (char)(*c - 32);
	cr_expect(mail_token_read(key, TOKEN_REPLY, str_of(text), &got));
	cr_expect(same(&id, &got));
}

Test(email_token, each_changed_letter_is_noticed)
{
	struct delivery_id id = an_id(), got;
	char text[TOKEN_TEXT];

	mail_token_write(key, TOKEN_BOUNCE, &id, text);
	for (int i = 0; i < TOKEN_TEXT - 1; i++) {
		char was = text[i];
		text[i] = was == 'a' ? 'b' : 'a';
		cr_expect_not(mail_token_read(key, TOKEN_BOUNCE, str_of(text), &got), "letter %d", i);
		text[i] = '-';
		cr_expect_not(mail_token_read(key, TOKEN_BOUNCE, str_of(text), &got), "letter %d", i);
		text[i] = was;
	}
	cr_expect_not(mail_token_read(key, TOKEN_BOUNCE, str_n(text, TOKEN_TEXT - 2), &got));
	cr_expect_not(mail_token_read(key, TOKEN_REPLY, str_of(text), &got), "of another kind");
	cr_expect_not(mail_token_read(STR("another key, another key, another"), TOKEN_BOUNCE, str_of(text), &got));
	cr_expect(mail_token_read(key, TOKEN_BOUNCE, str_of(text), &got));
}

Test(email_token, stands_in_addresses_of_both_forms)
{
	static const char *const patterns[] = {"reply+*@example.com", "*@reply.example.com", "r-*-x@example.com"};
	struct delivery_id id = an_id(), got;
	struct buf b;

	buf_init(&b, 1024);
	for (size_t i = 0; i < 3; i++) {
		buf_reset(&b);
		cr_expect_eq(mail_token_pattern_check(patterns[i], NULL), 0);
		mail_token_address(key, TOKEN_REPLY, patterns[i], &id, &b);
		if (b.failed)
			continue;
		cr_expect(mail_token_in_mailbox(key, TOKEN_REPLY, patterns[i], buf_str(&b), &got), "%s", patterns[i]);
		cr_expect(same(&id, &got));
		cr_expect_not(mail_token_in_mailbox(key, TOKEN_REPLY, patterns[(i + 1) % 3], buf_str(&b), &got));
		cr_expect_not(mail_token_in_mailbox(key, TOKEN_BOUNCE, patterns[i], buf_str(&b), &got));
	}
	buf_free(&b);
	cr_expect_not(mail_token_in_mailbox(key, TOKEN_REPLY, "reply@example.com", STR("reply@example.com"), &got));
	cr_expect_not(mail_token_in_mailbox(key, TOKEN_REPLY, NULL, STR("reply@example.com"), &got));
}

Test(email_token, wrong_patterns_are_refused)
{
	cr_expect_eq(mail_token_pattern_check("reply@example.com", NULL), 0);
	cr_expect_eq(mail_token_pattern_check("reply+*@*.example.com", NULL), -1);
	cr_expect_eq(mail_token_pattern_check("reply@*.example.com", NULL), -1);
	cr_expect_eq(mail_token_pattern_check("*", NULL), -1);
	cr_expect_eq(mail_token_pattern_check("a b+*@example.com", NULL), -1);
	cr_expect_eq(mail_token_pattern_check("longer-than-twenty-letters+*@example.com", NULL), -1);
}

Test(email_token, unsubscribe_says_who_and_hides_it)
{
	struct unsubscribe_wish w = {an_id(), PURPOSE_MARKETING, "anna@example.com"}, got;
	struct buf b;

	buf_init(&b, 4096);
	if (mail_token_seal(key, &w, &b) == 0) {
		cr_expect_null(memmem(b.p, b.n, "anna", 4));
		cr_expect(mail_token_open(key, buf_str(&b), &got));
		cr_expect_str_eq(got.mailbox, "anna@example.com");
		cr_expect_eq(got.purpose, PURPOSE_MARKETING);
		cr_expect(same(&w.id, &got.id));
		for (size_t i = 0; i < b.n; i++) {
			b.p[i] ^= 1;
			cr_expect_not(mail_token_open(key, buf_str(&b), &got), "letter %zu", i);
			b.p[i] ^= 1;
		}
		cr_expect_not(mail_token_open(key, str_n(b.p, b.n - 1), &got));
	}
	cr_expect_not(mail_token_open(key, STR(""), &got));
	cr_expect_not(mail_token_open(key, STR("AAAA"), &got));
	buf_free(&b);
}

Test(email_token, the_longest_mailbox_fits)
{
	struct unsubscribe_wish w = {an_id(), PURPOSE_SURVEY, ""}, got;
	struct buf b;

	memset(w.mailbox, 'x', ADDRESS_MAX);
	buf_init(&b, 4096);
	if (mail_token_seal(key, &w, &b) == 0) {
		cr_expect(mail_token_open(key, buf_str(&b), &got));
		cr_expect_str_eq(got.mailbox, w.mailbox);
		buf_addc(&b, 'A');
		cr_expect_not(mail_token_open(key, buf_str(&b), &got));
	}
	buf_free(&b);
}

Test(email_token, message_id_is_read_back)
{
	struct delivery_id id = an_id(), got;
	char text[MESSAGE_ID_MAX], pointed[MESSAGE_ID_MAX + 8];
	struct uuid c;

	message_id_write(&id, "example.com", text);
	cr_expect(message_id_read(str_of(text), "example.com", &got));
	cr_expect(same(&id, &got));
	snprintf(pointed, sizeof pointed, " <%s> ", text);
	cr_expect(message_id_read(str_of(pointed), "Example.COM", &got));
	cr_expect_not(message_id_read(str_of(text), "example.org", &got));
	cr_expect_not(message_id_read(STR("<>"), "example.com", &got));
	cr_expect_not(conversation_id_read(str_of(text), "example.com", &c));
	conversation_id_write(&id.message, "example.com", text);
	cr_expect(conversation_id_read(str_of(text), "example.com", &c));
	cr_expect(uuid_eq(&c, &id.message));
	cr_expect_not(message_id_read(str_of(text), "example.com", &got));
}
