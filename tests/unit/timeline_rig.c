#include "unit/timeline_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "timeline/conversation_row.h"

void timeline_rig_open(struct timeline_rig *r)
{
	*r = (struct timeline_rig){0};
	store_rig_open(&r->s);
	r->arena = arena_new(16 << 20);
	cr_assert(r->arena);
	store_rig_begin(&r->s);
}

void timeline_rig_close(struct timeline_rig *r)
{
	store_rig_commit(&r->s);
	arena_free(&r->arena);
	store_rig_close(&r->s);
}

struct address line_address(enum scheme s, const char *value)
{
	struct address a = {.scheme = s};
	snprintf(a.value, sizeof a.value, "%s", value);
	return a;
}

struct identity line_who(struct timeline_rig *r, enum scheme s, const char *value)
{
	struct address a = line_address(s, value);
	struct identity who;
	struct err e = {0};
	int64_t then = LINE_NOW - 30 * US_DAY;

	cr_assert_eq(identity_resolve(r->s.db, r->s.events, &a, STR(""), then, then, &who, &e), 0, "%s", e.msg);
	who.created = false;
	return who;
}

struct uuid line_conversation(struct timeline_rig *r, const struct uuid *customer, enum conversation_state state,
			      int hours)
{
	int64_t at = LINE_NOW - hours * US_HOUR;
	struct conversation c = {.customer = *customer,
				 .state = state,
				 .channel = CHANNEL_SMS,
				 .opened_at = LINE_NOW - 20 * US_DAY,
				 .updated_at = at,
				 .last_in_at = at};

	c.id = uuid7_in(c.opened_at, uuid_bucket(customer));
	if (state == CONVERSATION_CLOSED)
		c.closed_at = at;
	if (state == CONVERSATION_SNOOZED)
		c.snoozed_until = LINE_NOW + US_DAY;
	cr_assert_eq(conversation_insert(r->s.db, &c, NULL), 0);
	return c.id;
}

struct uuid line_interaction(struct timeline_rig *r, const struct uuid *customer, enum direction d, enum channel c,
			     int64_t at, const struct uuid *conversation, const char *text)
{
	struct interaction i = {.customer = *customer,
				.at = at,
				.channel = c,
				.direction = d,
				.kind = KIND_MESSAGE,
				.content = str_of(text),
				.account = STR("main")};

	if (d == DIRECTION_INTERNAL)
		i.kind = KIND_NOTE;
	if (conversation)
		i.conversation = *conversation;
	cr_assert_eq(interaction_append(r->s.db, &i, NULL), 0);
	return i.id;
}

void line_delivery(struct timeline_rig *r, const struct uuid *message, int n, enum status s)
{
	struct stmt *q = db_query(
		r->s.db,
		"INSERT INTO delivery (bucket, message_id, n, customer_id, channel, account, scheme, address,"
		" purpose, priority, status, outbox, due_at, parts, trail, updated_at) VALUES ($1, $2, $3, $4, 1,"
		" 'main', 0, '+491511', 0, 0, $5, 0, 1, $6, $7, 1)");
	struct uuid customer = *message;

	db_bind_i64(q, 1, uuid_bucket(message));
	db_bind_uuid(q, 2, message);
	db_bind_i64(q, 3, n);
	db_bind_uuid(q, 4, &customer);
	db_bind_i64(q, 5, s);
	db_bind_text(q, 6, "[{\"id\":\"7f\\\"3a\",\"status\":\"delivered\"},{\"id\":\"b2\",\"status\":\"sent\"}]");
	db_bind_text(q, 7, "1000000 queued accepted\n2000000 sent\n3000000 delivered DELIVRD err 000\n");
	cr_assert_eq(db_run(q, NULL), 0);
}

int64_t line_events(struct timeline_rig *r, const char *type)
{
	struct stmt *q = db_query(r->s.db, "SELECT COUNT(*) FROM event WHERE type = $1");
	int64_t n;

	store_rig_events(&r->s);
	db_bind_text(q, 1, type);
	cr_assert_eq(db_step(q, NULL), DB_ROW);
	n = db_col_i64(q, 0);
	db_done(q);
	return n;
}
