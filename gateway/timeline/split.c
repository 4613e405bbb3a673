/*
 * After an unmerge. While two customers were one, what one of them said may have joined a conversation of the other. A
 * conversation never reaches across customers, so each such one is split: what belongs to the side that does not own it
 * moves to a new conversation of its own. That is the one place where an interaction's conversation is written again.
 */
#include <stdlib.h>

#include "store/bucket.h"
#include "timeline/conversation_row.h"
#include "timeline/interaction_row.h"

enum { SHARED_MAX = 4096 };

struct side {
	struct uuid root, members[MEMBERS_MAX];
	size_t n;
};

struct split {
	struct db *db;
	struct events *ev;
	struct uuid *shared; /* conversations that members of one side take part in */
	size_t shared_n;
	struct arena *arena;
	int64_t now;
	struct err *err;
};

static int load(struct split *s, const struct uuid *root, struct side *out)
{
	int n = identity_members(s->db, root, out->members, s->err);

	out->root = *root;
	out->n = n < 0 ? 0 : (size_t)n;
	return n < 0 ? -1 : 0;
}

/* The conversations of a member's interactions. */
static int collect(struct split *s, const struct uuid *member)
{
	struct stmt *q = db_query(
		s->db, "SELECT DISTINCT conversation_id FROM interaction WHERE bucket = $1 AND customer_id = $2"
		       " AND conversation_id IS NOT NULL LIMIT $3");
	int r;

	s->shared_n = 0;
	db_bind_i64(q, 1, bucket_of(member));
	db_bind_uuid(q, 2, member);
	db_bind_i64(q, 3, SHARED_MAX);
	while ((r = db_step(q, s->err)) == DB_ROW && s->shared_n < SHARED_MAX)
		db_col_uuid(q, 0, &s->shared[s->shared_n++]);
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

/* The facts of a conversation from what is in it: times and the last text. Counts into *n. */
static int facts(struct split *s, const struct uuid *conversation, const struct uuid *owners, size_t owners_n,
		 struct conversation *c, int *n)
{
	int r = DB_END;

	*n = 0;
	c->last_in_at = c->last_out_at = 0;
	for (size_t m = 0; m < owners_n; m++) {
		struct stmt *q =
			db_query(s->db, "SELECT at, direction, content, channel FROM interaction i WHERE i.bucket = $1"
					" AND i.conversation_id = $2 AND i.customer_id = $3 ORDER BY i.id");
		db_bind_i64(q, 1, bucket_of(&owners[m]));
		db_bind_uuid(q, 2, conversation);
		db_bind_uuid(q, 3, &owners[m]);
		while ((r = db_step(q, s->err)) == DB_ROW) {
			int64_t at = db_col_i64(q, 0);
			enum direction d = (enum direction)db_col_i64(q, 1);
			if (++*n == 1 || at < c->opened_at)
				c->opened_at = at;
			if (d == DIRECTION_INBOUND && at > c->last_in_at) {
				c->last_in_at = at;
				c->channel = (enum channel)db_col_i64(q, 3);
			}
			if (d == DIRECTION_OUTBOUND && at > c->last_out_at)
				c->last_out_at = at;
			if (at >= c->last_in_at && at >= c->last_out_at)
				c->last_text = arena_str(s->arena, conversation_preview(db_col_str(q, 2)));
		}
		db_done(q);
		if (r == DB_ERROR)
			return -1;
	}
	return 0;
}

static int move(struct split *s, const struct side *guests, const struct uuid *from, const struct uuid *to)
{
	for (size_t m = 0; m < guests->n; m++) {
		struct stmt *q = db_query(
			s->db, "UPDATE interaction SET conversation_id = $1 WHERE bucket = $2 AND conversation_id = $3"
			       " AND customer_id = $4");
		db_bind_uuid(q, 1, to);
		db_bind_i64(q, 2, bucket_of(&guests->members[m]));
		db_bind_uuid(q, 3, from);
		db_bind_uuid(q, 4, &guests->members[m]);
		if (db_run(q, s->err))
			return -1;
	}
	return 0;
}

/* What stays behind tells of what is left in it; with nothing left it is closed. */
static int settle(struct split *s, const struct side *hosts, struct conversation *c)
{
	int64_t opened = c->opened_at;
	struct stmt *q;
	int left;

	if (facts(s, &c->id, hosts->members, hosts->n, c, &left))
		return -1;
	c->opened_at = opened;
	q = db_query(
		s->db,
		"UPDATE conversation SET state = $1, closed_at = $2, last_in_at = $3, last_out_at = $4, last_text = $5,"
		" version = version + 1 WHERE bucket = $6 AND id = $7");
	if (left == 0 && c->state != CONVERSATION_CLOSED) {
		c->state = CONVERSATION_CLOSED;
		c->closed_at = s->now;
	}
	db_bind_i64(q, 1, c->state);
	if (c->closed_at)
		db_bind_i64(q, 2, c->closed_at);
	if (c->last_in_at)
		db_bind_i64(q, 3, c->last_in_at);
	if (c->last_out_at)
		db_bind_i64(q, 4, c->last_out_at);
	db_bind_str(q, 5, left ? c->last_text : STR(""));
	db_bind_i64(q, 6, bucket_of(&c->id));
	db_bind_uuid(q, 7, &c->id);
	if (db_run(q, s->err))
		return -1;
	return conversation_event(s->db, s->ev, left ? "conversation.updated" : "conversation.closed", &c->id,
				  &hosts->root, c->channel, STR("{\"cause\":\"unmerge\"}"), s->now, s->err);
}

static int split_one(struct split *s, const struct side *guests, const struct side *hosts, struct conversation *old)
{
	struct conversation fresh = *old;
	char id[UUID_TEXT], *data;
	int n;

	fresh.customer = guests->root;
	fresh.id = uuid7_in(s->now, (uint8_t)bucket_of(&guests->root));
	if (facts(s, &old->id, guests->members, guests->n, &fresh, &n))
		return -1;
	if (n == 0)
		return 0;
	fresh.updated_at = fresh.last_in_at > fresh.last_out_at ? fresh.last_in_at : fresh.last_out_at;
	if (fresh.updated_at == 0)
		fresh.updated_at = fresh.opened_at;
	data = arena_printf(s->arena, "{\"split_from\":\"%s\"}", uuid_format(&old->id, id));
	if (!data)
		return err_nomem(s->err);
	if (conversation_insert(s->db, &fresh, s->err) || move(s, guests, &old->id, &fresh.id) ||
	    conversation_event(s->db, s->ev, "conversation.opened", &fresh.id, &guests->root, fresh.channel,
			       str_of(data), s->now, s->err))
		return -1;
	return settle(s, hosts, old);
}

/* Whatever guests have said in conversations that hosts own. */
static int split_side(struct split *s, const struct side *guests, const struct side *hosts)
{
	for (size_t m = 0; m < guests->n; m++) {
		if (collect(s, &guests->members[m]))
			return -1;
		for (size_t k = 0; k < s->shared_n; k++) {
			struct conversation c;
			if (conversation_get(s->db, &s->shared[k], s->arena, &c, s->err))
				return -1;
			if (member_of(&c.customer, hosts->members, hosts->n) && split_one(s, guests, hosts, &c))
				return -1;
		}
	}
	return 0;
}

int conversation_split(struct db *db, struct events *ev, const struct uuid *survivor, const struct uuid *restored,
		       int64_t now, struct err *err)
{
	struct split s = {.db = db, .ev = ev, .now = now, .err = err};
	struct side *a = malloc(sizeof *a), *b = malloc(sizeof *b);
	int r = -1;

	s.arena = arena_new(64 << 20);
	s.shared = malloc(sizeof *s.shared * SHARED_MAX);
	if (!a || !b || !s.arena || !s.shared)
		err_nomem(err);
	else if (load(&s, survivor, a) == 0 && load(&s, restored, b) == 0)
		r = split_side(&s, b, a) || split_side(&s, a, b) ? -1 : 0;
	free(a);
	free(b);
	free(s.shared);
	arena_free(&s.arena);
	return r;
}
