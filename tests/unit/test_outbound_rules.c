/* The rules of outbound/ that are functions of their arguments: forms of ids, parts, outcomes, back-off, the heap. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "outbound/outcome.h"
#include "outbound/private.h"
#include "outbound/receipt_match.h"

/* Whether a receipt's id finds what was stored for the id of the answer, and by which rule. */
static const struct match_case {
	const char *label, *stored, *receipt;
	bool found;
	enum receipt_rule rule;
} match_cases[] = {
	{"the same", "4f2a9c", "4f2a9c", true, RULE_EXACT},
	{"decimal", "1234567890", "1234567890", true, RULE_EXACT},
	{"not ours", "4f2a9c", "4f2a9d", false, RULE_EXACT},
	{"upper case in the receipt", "4f2a9c", "4F2A9C", true, RULE_CASE},
	{"upper case in the answer", "4F2A9C", "4f2a9c", true, RULE_CASE},
	{"mixed both ways", "4F2a9c", "4f2A9C", true, RULE_CASE},
	{"no hexadecimal at all", "Msg-77X", "MSG-77x", true, RULE_CASE},
	{"zeros before the receipt's", "123456", "0000123456", true, RULE_ZEROS},
	{"zeros before the answer's", "0000123456", "123456", true, RULE_ZEROS},
	{"other zeros on both sides", "00123456", "0000123456", true, RULE_ZEROS},
	{"zeros and case", "00AB12", "ab12", true, RULE_ZEROS},
	{"answer hex, receipt decimal", "499602d2", "1234567890", true, RULE_BASE},
	{"answer HEX with zeros, receipt decimal", "00499602D2", "1234567890", true, RULE_BASE},
	{"answer decimal, receipt hex", "1234567890", "499602D2", true, RULE_BASE},
	{"answer decimal with zeros, receipt hex", "0001234567890", "499602d2", true, RULE_BASE},
	{"sixteen hexadecimal digits", "ffffffffffffffff", "18446744073709551615", true, RULE_BASE},
	{"more than 128 bits is no number", "1234567890123456789012345678901234567890123", "deadbeef", false,
	 RULE_BASE},
	{"only zeros", "0", "0000", true, RULE_ZEROS},
};

static bool lookup(const char *stored, const char *receipt, bool *base)
{
	char room[RECEIPT_ID_MAX + 2];
	struct receipt_forms f;
	struct str alias = {0};
	bool has_alias = receipt_alias(str_of(stored), room, &alias);

	receipt_forms(str_of(receipt), &f);
	for (size_t k = 0; k < f.n; k++)
		if (str_is(f.v[k].ref, stored) || (has_alias && str_eq(f.v[k].ref, alias))) {
			*base = f.v[k].base;
			return true;
		}
	return false;
}

Test(outbound_rules, forms_of_receipt_ids)
{
	for (size_t k = 0; k < sizeof match_cases / sizeof *match_cases; k++) {
		const struct match_case *c = &match_cases[k];
		bool base = false, found = lookup(c->stored, c->receipt, &base);
		cr_expect_eq(found, c->found, "%s", c->label);
		if (found && c->found)
			cr_expect_eq(receipt_rule(str_of(c->receipt), str_of(c->stored), base), c->rule, "%s: %s",
				     c->label,
				     receipt_rule_word(receipt_rule(str_of(c->receipt), str_of(c->stored), base)));
	}
}

Test(outbound_rules, ids_of_any_length_are_harmless)
{
	char id[300];
	struct receipt_forms f;
	char room[RECEIPT_ID_MAX + 2];
	struct str alias;

	for (size_t n = 0; n < sizeof id; n++) {
		memset(id, n % 2 ? '9' : 'F', n);
		receipt_forms(str_n(id, n), &f);
		cr_expect(f.n >= 1 && f.n <= RECEIPT_FORMS);
		cr_expect(str_eq(f.v[0].ref, str_n(id, n)));
		receipt_alias(str_n(id, n), room, &alias);
	}
}

static const struct roll_case {
	const char *label;
	enum status parts[3]; /* receipts in order, for parts 1.. */
	enum status whole;
} roll_cases[] = {
	{"none yet", {STATUS_NONE}, STATUS_SENT},
	{"one of three", {STATUS_DELIVERED}, STATUS_PARTIAL},
	{"two of three", {STATUS_DELIVERED, STATUS_DELIVERED}, STATUS_PARTIAL},
	{"all", {STATUS_DELIVERED, STATUS_DELIVERED, STATUS_DELIVERED}, STATUS_DELIVERED},
	{"one is lost", {STATUS_DELIVERED, STATUS_UNDELIVERED}, STATUS_UNDELIVERED},
	{"one expired", {STATUS_EXPIRED, STATUS_DELIVERED, STATUS_DELIVERED}, STATUS_EXPIRED},
	{"one rejected", {STATUS_REJECTED}, STATUS_REJECTED},
};

Test(outbound_rules, parts_roll_up)
{
	struct str ids[] = {STR("a\"1"), STR("a2"), STR("a3")};
	struct buf one, two;

	buf_init(&one, 4096);
	buf_init(&two, 4096);
	for (size_t k = 0; k < sizeof roll_cases / sizeof *roll_cases; k++) {
		enum status whole = STATUS_SENT;
		buf_reset(&one);
		parts_write(&one, ids, 3, STATUS_SENT);
		for (int p = 0; p < 3 && roll_cases[k].parts[p]; p++) {
			buf_reset(&two);
			cr_assert(parts_change(buf_str(&one), p + 1, roll_cases[k].parts[p], &two, &whole));
			buf_reset(&one);
			buf_addstr(&one, buf_str(&two));
		}
		cr_expect_eq(whole, roll_cases[k].whole, "%s: %s", roll_cases[k].label, status_word(whole));
		cr_expect_eq(parts_id(buf_str(&one), 3).n, 2);
		cr_expect(str_is(parts_id(buf_str(&one), 1), "a\\\"1"));
	}
	buf_reset(&two);
	cr_expect_not(parts_change(buf_str(&one), 4, STATUS_DELIVERED, &two, &(enum status){STATUS_NONE}));
	cr_expect_not(parts_change(STR("nonsense"), 1, STATUS_DELIVERED, &two, &(enum status){STATUS_NONE}));
	cr_expect_not(parts_change(STR("[{\"id\":\"x"), 1, STATUS_DELIVERED, &two, &(enum status){STATUS_NONE}));
	buf_free(&one);
	buf_free(&two);
}

static const struct decide_case {
	const char *label;
	enum outcome_kind kind;
	enum purpose purpose;
	bool claimed;
	int attempts;
	int64_t retry_after;
	enum status status;
	int outbox, counted;
} decide_cases[] = {
	{"sent", OUTCOME_SENT, PURPOSE_SERVICE, false, 0, 0, STATUS_SENT, 0, 1},
	{"sent, claimed", OUTCOME_SENT, PURPOSE_MARKETING, true, 1, 0, STATUS_SENT, 0, 1},
	{"retry", OUTCOME_RETRY, PURPOSE_SERVICE, false, 0, 0, STATUS_QUEUED, 1, 1},
	{"retry, the last", OUTCOME_RETRY, PURPOSE_SERVICE, false, 3, 0, STATUS_FAILED, 0, 4},
	{"retry, claimed", OUTCOME_RETRY, PURPOSE_MARKETING, true, 2, 0, STATUS_QUEUED, 1, 2},
	{"throttled does not count", OUTCOME_THROTTLED, PURPOSE_SERVICE, false, 3, 0, STATUS_QUEUED, 1, 3},
	{"throttled, claimed", OUTCOME_THROTTLED, PURPOSE_MARKETING, true, 1, 0, STATUS_QUEUED, 1, 0},
	{"failed", OUTCOME_FAILED, PURPOSE_SERVICE, false, 0, 0, STATUS_FAILED, 0, 1},
	{"uncertain service goes again", OUTCOME_UNCERTAIN, PURPOSE_SERVICE, false, 0, 0, STATUS_QUEUED, 1, 1},
	{"uncertain survey goes again", OUTCOME_UNCERTAIN, PURPOSE_SURVEY, false, 0, 0, STATUS_QUEUED, 1, 1},
	{"uncertain service, told to wait", OUTCOME_UNCERTAIN, PURPOSE_SERVICE, false, 0, OUTCOME_WAITS,
	 STATUS_UNCERTAIN, 2, 1},
	{"uncertain service, the last", OUTCOME_UNCERTAIN, PURPOSE_SERVICE, false, 3, 0, STATUS_UNCERTAIN, 2, 4},
	{"uncertain marketing waits", OUTCOME_UNCERTAIN, PURPOSE_MARKETING, true, 1, 0, STATUS_UNCERTAIN, 2, 1},
	{"expired", OUTCOME_EXPIRED, PURPOSE_SERVICE, false, 0, 0, STATUS_EXPIRED, 0, 1},
	{"cancelled", OUTCOME_CANCELLED, PURPOSE_SERVICE, false, 0, 0, STATUS_CANCELLED, 0, 0},
	{"released", OUTCOME_RELEASED, PURPOSE_SERVICE, false, 2, 0, STATUS_QUEUED, 1, 2},
	{"released, claimed", OUTCOME_RELEASED, PURPOSE_MARKETING, true, 1, 0, STATUS_QUEUED, 1, 0},
};

Test(outbound_rules, what_follows_from_an_outcome)
{
	struct outbound_config c = {.retry_first = US_SEC, .retry_max = US_MIN, .max_attempts = 4};
	struct uuid id = {{0}};
	int64_t now = 1000 * US_SEC;

	for (size_t k = 0; k < sizeof decide_cases / sizeof *decide_cases; k++) {
		const struct decide_case *d = &decide_cases[k];
		struct attempt a = {&id,	 d->purpose, d->kind,	    d->claimed,
				    d->attempts, now - 5,    now + US_HOUR, d->retry_after};
		struct next n = outcome_decide(&c, &a, now);
		cr_expect_eq(n.status, d->status, "%s: %s", d->label, status_word(n.status));
		cr_expect_eq(n.outbox, d->outbox, "%s", d->label);
		cr_expect_eq(n.attempts, d->counted, "%s: %d attempts", d->label, n.attempts);
		if (d->kind == OUTCOME_RELEASED)
			cr_expect_eq(n.due, now - 5, "%s: keeps its place", d->label);
		else if (d->outbox == 1)
			cr_expect_gt(n.due, now, "%s", d->label);
	}
}

Test(outbound_rules, a_retry_after_its_life_waits_for_its_end)
{
	struct outbound_config c = {.retry_first = US_MIN, .retry_max = US_HOUR, .max_attempts = 9};
	struct uuid id = {{0}};
	struct attempt a = {&id, PURPOSE_SERVICE, OUTCOME_RETRY, false, 0, 1, 30 * US_SEC, 0};

	cr_expect_eq(outcome_decide(&c, &a, US_SEC).due, 30 * US_SEC);
}

Test(outbound_rules, back_off_doubles_to_its_limit)
{
	struct outbound_config c = {.retry_first = 5 * US_SEC, .retry_max = US_MIN};
	struct uuid id = {{0}};
	static const int64_t expect[] = {5, 5, 10, 20, 40, 60, 60, 60};

	for (int k = 0; k < 8; k++)
		cr_expect_eq(retry_wait(&c, k, &id), expect[k] * US_SEC);
	id.b[14] = 255;
	for (int k = 0; k < 8; k++) {
		cr_expect_gt(retry_wait(&c, k, &id), expect[k] * US_SEC);
		cr_expect_leq(retry_wait(&c, k, &id), expect[k] * US_SEC * 5 / 4);
	}
}

static struct item *item_at(int64_t due)
{
	struct delivery d = {.id = {uuid7(US_SEC), 1}};
	struct item *i = item_new(NULL, &d);

	cr_assert(i);
	i->due = due;
	return i;
}

Test(outbound_rules, the_heap_gives_them_back_in_order)
{
	struct outbox x;
	int64_t last = -1;
	struct item *chain;
	size_t given = 0;

	outbox_init(&x);
	outbox_horizon(&x, INT64_MAX, &(struct delivery_id){.n = 0});
	for (int k = 0; k < 1000; k++)
		cr_assert(outbox_push(&x, item_at(k * 7919 % 1000)));
	chain = outbox_shrink(&x, 600);
	for (struct item *i = chain; i; i = i->next) {
		given++;
		cr_expect_geq(i->due, 600);
		cr_expect_not(outbox_covers(&x, i->due, &i->d.id), "what was given back lies beyond the horizon");
	}
	cr_expect_eq(given, 400);
	items_free(&chain);
	for (int k = 0; k < 600; k++) {
		struct item *i = outbox_pop(&x);
		cr_assert(i);
		cr_expect_gt(i->due, last);
		last = i->due;
		items_free(&i);
	}
	cr_expect_null(outbox_pop(&x));
	outbox_release(&x);
}

Test(outbound_rules, the_index_finds_what_is_in_it)
{
	enum { N = 5000 };
	struct items *t = items_new();
	struct item **v = malloc(N * sizeof *v);

	cr_assert(t && v);
	for (int k = 0; k < N; k++) {
		v[k] = item_at(k);
		cr_assert(items_put(t, v[k]));
	}
	for (int k = 0; k < N; k += 2) {
		items_remove(t, v[k]);
		items_free(&v[k]);
	}
	cr_expect_eq(items_count(t), N / 2);
	for (int k = 1; k < N; k += 2)
		cr_expect_eq(items_find(t, &v[k]->d.id), v[k]);
	cr_expect_null(items_find(t, &(struct delivery_id){uuid7(US_SEC), 1}));
	items_delete(&t);
	free(v);
}
