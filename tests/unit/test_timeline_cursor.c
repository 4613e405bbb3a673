#include <criterion/criterion.h>

#include "base/clock.h"
#include "model/words.h"
#include "timeline/cursor.h"

Test(cursor, there_and_back)
{
	struct cursor c = {.id = uuid7(US_SEC)}, d;
	char t[CURSOR_TEXT];

	cr_expect_eq(cursor_text(&c, t), 22);
	cr_expect(cursor_parse(str_of(t), &d));
	cr_expect(uuid_eq(&c.id, &d.id) && d.at == 0);
	c.at = INT64_C(1790000000123456);
	cr_expect_eq(cursor_text(&c, t), 32);
	cr_expect(cursor_parse(str_of(t), &d));
	cr_expect(uuid_eq(&c.id, &d.id) && d.at == c.at);
}

Test(cursor, what_is_none)
{
	static const char *const bad[] = {"",
					  "A",
					  "AAAAAAAAAAAAAAAAAAAAA",
					  "AAAAAAAAAAAAAAAAAAAAAB",
					  "AAAAAAAAAAAAAAAAAAAAAAA",
					  "AAAAAAAAAAAAAAAAAAAAA=",
					  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
					  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
					  "../../../etc/passwd.."};
	struct cursor c;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_expect_not(cursor_parse(str_of(bad[i]), &c), "%s", bad[i]);
}

/* What a late or doubtful receipt may do to a delivery's state. */
Test(status, never_moves_back)
{
	static const struct {
		enum status from, to;
		bool may;
	} cases[] = {
		{STATUS_QUEUED, STATUS_SENDING, true},	      {STATUS_SENDING, STATUS_QUEUED, true},
		{STATUS_DELIVERED, STATUS_SENT, false},	      {STATUS_DELIVERED, STATUS_UNDELIVERED, false},
		{STATUS_UNDELIVERED, STATUS_DELIVERED, true}, {STATUS_EXPIRED, STATUS_DELIVERED, true},
		{STATUS_DELIVERED, STATUS_READ, true},	      {STATUS_READ, STATUS_DELIVERED, false},
		{STATUS_CANCELLED, STATUS_DELIVERED, false},  {STATUS_SUPPRESSED, STATUS_SENT, false},
		{STATUS_SENT, STATUS_PARTIAL, true},	      {STATUS_PARTIAL, STATUS_SENT, false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_eq(status_may_follow(cases[i].from, cases[i].to), cases[i].may, "%s to %s",
			     status_word(cases[i].from), status_word(cases[i].to));
}
