/* Conversations as they are kept: reading, listing, and the changes that agents make. */
#include <stdlib.h>

#include "store/bucket.h"
#include "timeline/conversation_row.h"

enum { LIST_MAX = 200, STATES = 4, WAKE_MAX = 500 };

void conversation_row(struct stmt *q, struct conversation *out)
{
	*out = (struct conversation){.state = (enum conversation_state)db_col_i64(q, 2),
				     .channel = (enum channel)db_col_i64(q, 3),
				     .subject = db_col_str(q, 4),
				     .assignee = db_col_str(q, 5),
				     .last_text = db_col_str(q, 6),
				     .opened_at = db_col_i64(q, 7),
				     .updated_at = db_col_i64(q, 8),
				     .closed_at = db_col_i64(q, 9),
				     .snoozed_until = db_col_i64(q, 10),
				     .last_in_at = db_col_i64(q, 11),
				     .last_out_at = db_col_i64(q, 12),
				     .reopened = (int)db_col_i64(q, 13),
				     .version = db_col_i64(q, 14),
				     .topic = db_col_str(q, 15)};
	db_col_uuid(q, 0, &out->id);
	db_col_uuid(q, 1, &out->customer);
}

int conversation_keep(struct conversation *c, struct arena *a, struct err *err)
{
	c->subject = arena_str(a, c->subject);
	c->assignee = arena_str(a, c->assignee);
	c->last_text = arena_str(a, c->last_text);
	c->topic = arena_str(a, c->topic);
	return c->subject.p && c->assignee.p && c->last_text.p && c->topic.p ? 0 : err_nomem(err);
}

struct str conversation_preview(struct str text) { return str_utf8_head(text, PREVIEW_BYTES); }

static void bind_time(struct stmt *q, int n, int64_t at)
{
	if (at)
		db_bind_i64(q, n, at);
	else
		db_bind_null(q, n);
}

int conversation_insert(struct db *db, const struct conversation *c, struct err *err)
{
	struct stmt *q = db_query(
		db, "INSERT INTO conversation (bucket, id, customer_id, state, channel, subject, assignee, last_text,"
		    " opened_at, updated_at, closed_at, snoozed_until, last_in_at, last_out_at)"
		    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)");
	db_bind_i64(q, 1, bucket_of(&c->id));
	db_bind_uuid(q, 2, &c->id);
	db_bind_uuid(q, 3, &c->customer);
	db_bind_i64(q, 4, c->state);
	db_bind_i64(q, 5, c->channel);
	db_bind_str(q, 6, c->subject);
	if (c->assignee.n)
		db_bind_str(q, 7, c->assignee);
	db_bind_str(q, 8, c->last_text);
	db_bind_i64(q, 9, c->opened_at);
	db_bind_i64(q, 10, c->updated_at);
	bind_time(q, 11, c->closed_at);
	bind_time(q, 12, c->snoozed_until);
	bind_time(q, 13, c->last_in_at);
	bind_time(q, 14, c->last_out_at);
	return db_run(q, err);
}

int conversation_event(struct db *db, struct events *ev, const char *type, const struct uuid *id,
		       const struct uuid *customer, enum channel channel, struct str data, int64_t now, struct err *err)
{
	struct event e = {
		.at = now, .type = type, .customer = *customer, .conversation = *id, .channel = channel, .data = data};
	return event_append(ev, db, &e, err);
}

int conversation_get(struct db *db, const struct uuid *id, struct arena *a, struct conversation *out, struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT " CONVERSATION_COLUMNS " FROM conversation c WHERE c.bucket = $1 AND c.id = $2");
	int r;

	db_bind_i64(q, 1, bucket_of(id));
	db_bind_uuid(q, 2, id);
	r = db_step(q, err);
	if (r == DB_ROW) {
		conversation_row(q, out);
		r = conversation_keep(out, a, err) ? DB_ERROR : DB_ROW;
	} else if (r == DB_END) {
		err_set(err, ERR_NOT_FOUND, "conversation_unknown", NULL, "there is no such conversation");
	}
	db_done(q);
	return r == DB_ROW ? 0 : -1;
}

void conversation_json(struct json_out *j, const char *key, const struct conversation *c)
{
	json_obj(j, key);
	json_uuid(j, "id", &c->id);
	json_uuid(j, "customer_id", &c->customer);
	json_cstr(j, "state", conversation_state_word(c->state));
	json_cstr(j, "channel", c->channel == CHANNEL_NONE ? NULL : channel_word(c->channel));
	json_str(j, "subject", c->subject);
	json_str(j, "topic", c->topic);
	if (c->assignee.n)
		json_str(j, "assignee", c->assignee);
	else
		json_null_(j, "assignee");
	json_str(j, "last_text", c->last_text);
	json_time(j, "opened_at", c->opened_at);
	json_time(j, "updated_at", c->updated_at);
	json_time(j, "closed_at", c->closed_at);
	json_time(j, "snoozed_until", c->snoozed_until);
	json_time(j, "last_in_at", c->last_in_at);
	json_time(j, "last_out_at", c->last_out_at);
	json_int(j, "reopened", c->reopened);
	json_int(j, "version", c->version);
	json_end(j);
}

/* ---- changes */

struct change {
	struct conversation to;
	bool state, assignee, subject, topic, snooze; /* what is different */
};

static int apply(const struct conversation_patch *p, int64_t now, struct change *c, struct err *err)
{
	struct conversation was = c->to, *to = &c->to;

	if (p->set_state)
		to->state = p->state;
	if (p->set_assignee)
		to->assignee = p->assignee;
	if (p->set_subject)
		to->subject = p->subject;
	if (p->set_topic)
		to->topic = p->topic;
	if (p->set_snoozed_until)
		to->snoozed_until = p->snoozed_until;
	if (to->state != CONVERSATION_SNOOZED)
		to->snoozed_until = 0;
	else if (to->snoozed_until <= now && (p->set_state || p->set_snoozed_until))
		return err_set(err, ERR_SEMANTIC, "snoozed_until_invalid", "/snoozed_until",
			       "a snoozed conversation names the future time at which it opens again");
	c->state = to->state != was.state;
	c->assignee = !str_eq(to->assignee, was.assignee);
	c->subject = !str_eq(to->subject, was.subject);
	c->topic = !str_eq(to->topic, was.topic);
	c->snooze = to->snoozed_until != was.snoozed_until;
	if (c->state) {
		to->closed_at = to->state == CONVERSATION_CLOSED ? now : 0;
		to->reopened += was.state == CONVERSATION_CLOSED;
	}
	return 0;
}

static int write_change(struct db *db, const struct conversation *c, int64_t now, struct err *err)
{
	struct stmt *q =
		db_query(db, "UPDATE conversation SET state = $1, assignee = $2, subject = $3, snoozed_until = $4,"
			     " closed_at = $5, reopened = $6, updated_at = $7, topic = $8, version = version + 1"
			     " WHERE bucket = $9 AND id = $10");
	db_bind_i64(q, 1, c->state);
	if (c->assignee.n)
		db_bind_str(q, 2, c->assignee);
	db_bind_str(q, 3, c->subject);
	bind_time(q, 4, c->snoozed_until);
	bind_time(q, 5, c->closed_at);
	db_bind_i64(q, 6, c->reopened);
	db_bind_i64(q, 7, now);
	db_bind_str(q, 8, c->topic);
	db_bind_i64(q, 9, bucket_of(&c->id));
	db_bind_uuid(q, 10, &c->id);
	return db_run(q, err);
}

static const char *state_event(const struct conversation *was, const struct conversation *to)
{
	switch (to->state) {
	case CONVERSATION_CLOSED: return "conversation.closed";
	case CONVERSATION_SNOOZED: return "conversation.snoozed";
	default: return was->state == CONVERSATION_CLOSED ? "conversation.reopened" : "conversation.updated";
	}
}

static int tell(struct db *db, struct events *ev, const struct conversation *was, const struct change *c,
		const char *author, int64_t now, struct err *err)
{
	struct uuid survivor;
	struct json_out j;
	struct buf b;
	int r = 0;

	if (identity_survivor(db, &c->to.customer, &survivor, err))
		return -1;
	buf_init(&b, 4096);
	json_begin(&j, &b);
	json_obj(&j, NULL);
	json_cstr(&j, "state", conversation_state_word(c->to.state));
	json_str(&j, "assignee", c->to.assignee);
	json_str(&j, "topic", c->to.topic);
	json_time(&j, "snoozed_until", c->to.snoozed_until);
	json_cstr(&j, "by", author);
	json_end(&j);
	if (b.failed)
		r = err_nomem(err);
	if (r == 0 && (c->state || c->snooze))
		r = conversation_event(db, ev, state_event(was, &c->to), &c->to.id, &survivor, c->to.channel,
				       buf_str(&b), now, err);
	if (r == 0 && c->assignee)
		r = conversation_event(db, ev, "conversation.assigned", &c->to.id, &survivor, c->to.channel,
				       buf_str(&b), now, err);
	if (r == 0 && (c->subject || c->topic) && !c->state && !c->assignee && !c->snooze)
		r = conversation_event(db, ev, "conversation.updated", &c->to.id, &survivor, c->to.channel, buf_str(&b),
				       now, err);
	buf_free(&b);
	return r;
}

static int update(struct db *db, struct events *ev, const struct conversation *was, const struct conversation_patch *p,
		  const char *author, int64_t now, struct err *err)
{
	struct change c = {.to = *was};

	if (p->if_version && p->if_version != was->version)
		return err_set(err, ERR_PRECONDITION, "version_mismatch", NULL,
			       "the conversation has changed since: version %lld", (long long)was->version);
	if (apply(p, now, &c, err))
		return -1;
	if (!c.state && !c.assignee && !c.subject && !c.topic && !c.snooze)
		return 0;
	return write_change(db, &c.to, now, err) || tell(db, ev, was, &c, author, now, err) ? -1 : 0;
}

int conversation_update(struct db *db, struct events *ev, const struct uuid *id, const struct conversation_patch *p,
			const char *author, int64_t now, struct err *err)
{
	struct arena *a = arena_new(1 << 20);
	struct conversation was;
	int r = a ? conversation_get(db, id, a, &was, err) : err_nomem(err);

	if (r == 0)
		r = update(db, ev, &was, p, author, now, err);
	arena_free(&a);
	return r;
}

int conversation_wake(struct db *db, struct events *ev, int64_t now, struct err *err)
{
	static const struct conversation_patch open = {.set_state = true, .state = CONVERSATION_OPEN};
	struct stmt *q = db_query(db, "SELECT id FROM conversation WHERE state = 2 AND snoozed_until <= $1 LIMIT $2");
	struct uuid *due = malloc(sizeof *due * WAKE_MAX);
	int n = 0, r;

	if (!due)
		return err_nomem(err);
	db_bind_i64(q, 1, now);
	db_bind_i64(q, 2, WAKE_MAX);
	while ((r = db_step(q, err)) == DB_ROW && n < WAKE_MAX)
		db_col_uuid(q, 0, &due[n++]);
	db_done(q);
	for (int k = 0; r != DB_ERROR && k < n; k++)
		if (conversation_update(db, ev, &due[k], &open, "system", now, err))
			r = DB_ERROR;
	free(due);
	return r == DB_ERROR ? -1 : n;
}

/* ---- lists */

struct list {
	struct db *db;
	const struct conversation_query *q;
	struct arena *arena;
	struct conversation *v; /* the newest `limit` so far */
	size_t n, limit;
	struct err *err;
};

static bool newer(const struct conversation *a, const struct conversation *b)
{
	return a->updated_at != b->updated_at ? a->updated_at > b->updated_at
					      : memcmp(&a->id, &b->id, sizeof a->id) > 0;
}

static void bind_list(struct stmt *s, const struct list *l)
{
	const struct conversation_query *q = l->q;

	db_bind_i64(s, 1, q->before_at ? q->before_at : INT64_MAX);
	db_bind_blob(s, 2, q->before_id.b, sizeof q->before_id.b);
	db_bind_i64(s, 3, q->channel);
	db_bind_i64(s, 4, q->assignee.p ? 1 : 0);
	db_bind_str(s, 5, q->assignee);
	db_bind_i64(s, 6, (int64_t)l->limit);
}

#define LIST_SELECT                                                                           \
	"SELECT " CONVERSATION_COLUMNS                                                        \
	" FROM conversation c WHERE (c.updated_at < $1 OR (c.updated_at = $1 AND c.id < $2))" \
	" AND c.updated_at <= $1 AND ($3 = 0 OR c.channel = $3) AND ($4 = 0 OR COALESCE(c.assignee, '') = $5)"

/* Takes the rows into place; they come newest first, so the first one that is too old ends it. */
static int take(struct list *l, struct stmt *s)
{
	int r;

	while ((r = db_step(s, l->err)) == DB_ROW) {
		struct conversation c;
		size_t at;
		conversation_row(s, &c);
		if (l->n == l->limit && !newer(&c, &l->v[l->n - 1]))
			break;
		if (conversation_keep(&c, l->arena, l->err)) {
			r = DB_ERROR;
			break;
		}
		for (at = l->n < l->limit ? l->n++ : l->n - 1; at > 0 && newer(&c, &l->v[at - 1]); at--)
			l->v[at] = l->v[at - 1];
		l->v[at] = c;
	}
	db_done(s);
	return r == DB_ERROR ? -1 : 0;
}

static int list_all(struct list *l)
{
	for (int state = 0; state < STATES; state++) {
		struct stmt *s;
		if (l->q->states && !(l->q->states >> state & 1))
			continue;
		s = db_query(l->db, LIST_SELECT " AND c.state = $7 ORDER BY c.updated_at DESC, c.id DESC LIMIT $6");
		bind_list(s, l);
		db_bind_i64(s, 7, state);
		if (take(l, s))
			return -1;
	}
	return 0;
}

static int list_customer(struct list *l)
{
	struct uuid members[MEMBERS_MAX];
	int n = identity_members(l->db, &l->q->customer, members, l->err);

	for (int m = 0; m < n; m++) {
		struct stmt *s = db_query(l->db, LIST_SELECT
					  " AND c.bucket = $7 AND c.customer_id = $8 AND (($9 >> c.state) & 1) = 1"
					  " ORDER BY c.updated_at DESC, c.id DESC LIMIT $6");
		bind_list(s, l);
		db_bind_i64(s, 7, bucket_of(&members[m]));
		db_bind_uuid(s, 8, &members[m]);
		db_bind_i64(s, 9, l->q->states ? l->q->states : UINT32_MAX);
		if (take(l, s))
			return -1;
	}
	return n < 0 ? -1 : 0;
}

int conversation_list(struct db *db, const struct conversation_query *q,
		      void (*fn)(void *arg, const struct conversation *c), void *arg, struct err *err)
{
	struct list l = {.db = db, .q = q, .err = err};
	int r;

	l.limit = q->limit < 1 ? 1 : q->limit > LIST_MAX + 1 ? LIST_MAX + 1 : (size_t)q->limit;
	l.arena = arena_new(16 << 20);
	l.v = malloc(sizeof *l.v * l.limit);
	if (!l.arena || !l.v)
		r = err_nomem(err);
	else
		r = uuid_is_nil(&q->customer) ? list_all(&l) : list_customer(&l);
	for (size_t k = 0; r == 0 && k < l.n; k++) {
		if (identity_survivor(db, &l.v[k].customer, &l.v[k].customer, err))
			r = -1;
		else
			fn(arg, &l.v[k]);
	}
	free(l.v);
	arena_free(&l.arena);
	return r;
}
