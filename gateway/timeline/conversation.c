/*
 * The rule of conversation.h, in its order. What an inbound costs where the customer is known and has written before: one
 * range read of his newest interactions, one read of the conversation, one update of it.
 */
#include "timeline/conversation.h"

#include "base/clock.h"
#include "store/bucket.h"
#include "timeline/conversation_row.h"
#include "timeline/interaction_row.h"
#include "timeline/subject.h"

/* How far back rule 3 looks for our message. Whoever writes more often in a row without an answer is in the conversation
 * that his first text joined, by rule 4. Rule 2 looks further, but only for mails that say they are answers. */
enum { LOOK_BACK = 16, MAILS_BACK = 100 };
#define SUBJECT_WINDOW (14 * US_DAY)

struct threading {
	struct db *db;
	struct events *ev;
	const struct conversation_rules *rules;
	struct uuid members[MEMBERS_MAX];
	size_t members_n;
	struct uuid survivor;
	bool quiet; /* opens and reopens nothing */
	struct interaction *i;
	struct arena *arena;
	int64_t now;
	struct err *err;
};

enum verdict { FAILED = -1, PASSED = 0, JOINED = 1 };

/* A message of ours that an inbound may answer. */
struct answered {
	struct uuid id, conversation;
	enum channel channel;
	/* the latest conversation that an inbound joined after it */
	struct uuid later;
};

static const char *channel_label(enum channel c)
{
	switch (c) {
	case CHANNEL_SMS: return "SMS";
	case CHANNEL_WEB: return "web chat";
	case CHANNEL_IVR: return "telephone";
	default: return channel_word(c);
	}
}

static const char *window_text(struct threading *t, int64_t us)
{
	if (us % US_HOUR == 0)
		return arena_printf(t->arena, "%lld h", (long long)(us / US_HOUR));
	return arena_printf(t->arena, "%lld min", (long long)(us / US_MIN));
}

static int reason(struct threading *t, const char *text)
{
	if (!text)
		return err_nomem(t->err);
	t->i->thread_reason = str_of(text);
	return 0;
}

/* "reply to message 0192… by SMS within 72 h", "… named by its token" */
static int reason_reply(struct threading *t, const struct answered *m, const char *how)
{
	char id[UUID_TEXT];

	return reason(t, how ? arena_printf(t->arena, "reply to message %s by %s %s", uuid_format(&m->id, id),
					    channel_label(m->channel), how)
			     : NULL);
}

/* ---- what a decision does */

static int opened(struct threading *t)
{
	struct conversation c = {.customer = t->i->customer,
				 .state = CONVERSATION_OPEN,
				 .channel = t->i->channel,
				 .subject = t->i->subject,
				 .last_text = conversation_preview(t->i->content),
				 .opened_at = t->now,
				 .updated_at = t->now,
				 .last_in_at = t->i->at};

	if (t->quiet)
		return JOINED;
	c.id = uuid7_in(t->now, (uint8_t)bucket_of(&c.customer));
	t->i->conversation = c.id;
	if (conversation_insert(t->db, &c, t->err))
		return FAILED;
	return conversation_event(t->db, t->ev, "conversation.opened", &c.id, &t->survivor, c.channel, STR(""), t->now,
				  t->err)
		       ? FAILED
		       : JOINED;
}

/* An inbound makes any state open: what waited for the customer or for its time need not wait any longer. */
static int joined(struct threading *t, const struct conversation *c)
{
	bool was_closed = c->state == CONVERSATION_CLOSED;
	struct stmt *q =
		db_query(t->db, "UPDATE conversation SET state = 0, updated_at = $1, last_in_at = $2, last_text = $3,"
				" channel = $4, reopened = reopened + $5, version = version + $6, closed_at = NULL,"
				" snoozed_until = NULL WHERE bucket = $7 AND id = $8");

	t->i->conversation = c->id;
	db_bind_i64(q, 1, t->now);
	db_bind_i64(q, 2, t->i->at > c->last_in_at ? t->i->at : c->last_in_at);
	db_bind_str(q, 3, conversation_preview(t->i->content));
	db_bind_i64(q, 4, t->i->channel);
	db_bind_i64(q, 5, was_closed);
	db_bind_i64(q, 6, c->state != CONVERSATION_OPEN);
	db_bind_i64(q, 7, bucket_of(&c->id));
	db_bind_uuid(q, 8, &c->id);
	if (db_run(q, t->err))
		return FAILED;
	if (c->state == CONVERSATION_OPEN)
		return JOINED;
	return conversation_event(t->db, t->ev, was_closed ? "conversation.reopened" : "conversation.updated", &c->id,
				  &t->survivor, t->i->channel, STR("{\"state\":\"open\"}"), t->now, t->err)
		       ? FAILED
		       : JOINED;
}

/* ---- finding */

/* 1 found, 0 not, -1 error. Only what a decision needs: no strings. */
static int find(struct threading *t, struct stmt *q, struct conversation *out)
{
	int r = db_step(q, t->err);

	if (r == DB_ROW)
		conversation_row(q, out);
	db_done(q);
	out->subject = out->assignee = out->last_text = out->topic = (struct str){0};
	return r;
}

static int by_id(struct threading *t, const struct uuid *id, struct conversation *out)
{
	struct stmt *q = db_query(t->db, "SELECT " CONVERSATION_COLUMNS
					 " FROM conversation c WHERE c.bucket = $1 AND c.id = $2");
	int r;

	db_bind_i64(q, 1, bucket_of(id));
	db_bind_uuid(q, 2, id);
	r = find(t, q, out);
	return r == 1 && !member_of(&out->customer, t->members, t->members_n) ? 0 : r;
}

/* The most recently active one of q's rows. They are few; an index in that order would have to be kept up at each message.
 * found: *out holds one already, and only a later one takes its place (1). */
static int latest_row(struct threading *t, struct stmt *q, bool found, struct conversation *out)
{
	struct conversation c;
	int r, n = 0;

	while ((r = db_step(q, t->err)) == DB_ROW) {
		conversation_row(q, &c);
		if (found && c.updated_at <= out->updated_at)
			continue;
		*out = c;
		out->subject = out->assignee = out->last_text = out->topic = (struct str){0};
		found = true;
		n = 1;
	}
	db_done(q);
	return r == DB_ERROR ? FAILED : n;
}

/* The most recently active one that is not closed, over the merge set. */
static int latest_active(struct threading *t, struct conversation *out)
{
	bool found = false;

	for (size_t m = 0; m < t->members_n; m++) {
		struct stmt *q =
			db_query(t->db, "SELECT " CONVERSATION_COLUMNS " FROM conversation c WHERE c.bucket = $1"
					" AND c.customer_id = $2 AND c.state < 3");
		int r;
		db_bind_i64(q, 1, bucket_of(&t->members[m]));
		db_bind_uuid(q, 2, &t->members[m]);
		r = latest_row(t, q, found, out);
		if (r < 0)
			return r;
		found = found || r == 1;
	}
	return found;
}

static bool reopens(const struct threading *t, const struct conversation *c)
{
	return c->closed_at > t->now - t->rules->reopen_window;
}

/* The last one that was closed lately enough. */
static int latest_closed(struct threading *t, struct conversation *out)
{
	bool found = false;

	for (size_t m = 0; m < t->members_n; m++) {
		struct stmt *q =
			db_query(t->db, "SELECT " CONVERSATION_COLUMNS " FROM conversation c WHERE c.bucket = $1"
					" AND c.customer_id = $2 AND c.state = 3 AND c.closed_at > $3");
		int r;
		db_bind_i64(q, 1, bucket_of(&t->members[m]));
		db_bind_uuid(q, 2, &t->members[m]);
		db_bind_i64(q, 3, t->now - t->rules->reopen_window);
		r = latest_row(t, q, found, out);
		if (r < 0)
			return r;
		found = found || r == 1;
	}
	return found;
}

/* Whether the customer can have got it. */
static int went_out(struct threading *t, const struct uuid *message)
{
	struct stmt *q = db_query(t->db, "SELECT status FROM delivery WHERE message_id = $1 ORDER BY n DESC LIMIT 1");
	enum status s = STATUS_NONE;
	int r;

	db_bind_uuid(q, 1, message);
	r = db_step(q, t->err);
	if (r == DB_ROW)
		s = (enum status)db_col_i64(q, 0);
	db_done(q);
	if (r == DB_ERROR)
		return FAILED;
	return s != STATUS_NONE && s != STATUS_SCHEDULED && (s < STATUS_SUPPRESSED || s > STATUS_FAILED);
}

/* Newest first through the last few interactions of one member, down to our latest message. 1: *out is newer than what it
 * was and is ours. */
static int latest_of(struct threading *t, const struct uuid *member, struct answered *out)
{
	struct stmt *q = db_query(
		t->db, "SELECT id, conversation_id, channel, direction, kind FROM interaction WHERE bucket = $1"
		       " AND customer_id = $2 AND id > $3 ORDER BY id DESC LIMIT $4");
	struct uuid since = uuid7_floor(t->now - t->rules->reply_window), id;
	struct answered m = {0};
	int r;

	if (!uuid_is_nil(&out->id) && memcmp(&out->id, &since, sizeof since) > 0)
		since = out->id;
	db_bind_i64(q, 1, bucket_of(member));
	db_bind_uuid(q, 2, member);
	db_bind_blob(q, 3, since.b, sizeof since.b);
	db_bind_i64(q, 4, LOOK_BACK);
	while ((r = db_step(q, t->err)) == DB_ROW) {
		enum direction d = (enum direction)db_col_i64(q, 3);
		if (d == DIRECTION_INBOUND && uuid_is_nil(&m.later))
			db_col_uuid(q, 1, &m.later);
		if (d != DIRECTION_OUTBOUND || db_col_i64(q, 4) != KIND_MESSAGE)
			continue;
		db_col_uuid(q, 0, &id);
		r = went_out(t, &id);
		if (r == 0)
			continue;
		m.id = id;
		m.channel = (enum channel)db_col_i64(q, 2);
		db_col_uuid(q, 1, &m.conversation);
		break;
	}
	db_done(q);
	if (r < 0)
		return FAILED;
	/* What another member said after our message counts too, if it was the later one. */
	if (!uuid_is_nil(&m.later) && memcmp(&m.later, &out->later, sizeof m.later) > 0)
		out->later = m.later;
	if (uuid_is_nil(&m.id))
		return 0;
	m.later = out->later;
	*out = m;
	return 1;
}

/* ---- the rule */

/* Joins the conversation of a message, or the one that a former answer to it began, or begins one. */
static int answer(struct threading *t, const struct answered *m, bool named)
{
	struct conversation c;
	int r = 0;

	if (!uuid_is_nil(&m->conversation)) {
		r = by_id(t, &m->conversation, &c);
		if (r == 1 && !named && c.state == CONVERSATION_CLOSED && !reopens(t, &c))
			r = 0;
	} else if (!uuid_is_nil(&m->later)) {
		r = by_id(t, &m->later, &c);
		if (r == 1 && (c.opened_at < uuid_time(&m->id) || (c.state == CONVERSATION_CLOSED && !reopens(t, &c))))
			r = 0;
	}
	if (r < 0)
		return FAILED;
	return r == 1 && !(t->quiet && c.state == CONVERSATION_CLOSED) ? joined(t, &c) : opened(t);
}

/* 1: there is such a message, and it is the customer's; 0: none, or somebody else's (*other). */
static int message_of(struct threading *t, const struct uuid *id, struct answered *m, bool *other)
{
	struct stmt *q = db_query(t->db, "SELECT customer_id, conversation_id, channel FROM interaction WHERE id = $1");
	struct uuid customer;
	int r;

	m->id = *id;
	db_bind_uuid(q, 1, id);
	r = db_step(q, t->err);
	if (r == DB_ROW) {
		db_col_uuid(q, 0, &customer);
		db_col_uuid(q, 1, &m->conversation);
		m->channel = (enum channel)db_col_i64(q, 2);
	}
	db_done(q);
	*other = r == DB_ROW && !member_of(&customer, t->members, t->members_n);
	return *other ? 0 : r;
}

static int reason_named(struct threading *t, const struct answered *m, const struct carried *x)
{
	return reason_reply(t, m, arena_printf(t->arena, "named by %s", x->by ? x->by : "its token"));
}

static int rule_named(struct threading *t, const struct carried *x)
{
	struct answered m = {0};
	struct conversation c;
	bool other;
	int r;

	if (uuid_is_nil(&x->answers))
		return PASSED;
	r = message_of(t, &x->answers, &m, &other);
	if (r < 0 || other)
		return r < 0 ? FAILED : PASSED;
	if (r == 1)
		return reason_named(t, &m, x) ? FAILED : answer(t, &m, true);
	r = by_id(t, &x->answers, &c);
	if (r != 1)
		return r < 0 ? FAILED : PASSED;
	return reason(t, "the conversation that it names") ? FAILED : joined(t, &c);
}

/* Beside the message that it answers, if that is the customer's; nobody has to work on it. */
static int rule_automatic(struct threading *t, const struct carried *x)
{
	struct answered m = {0};
	bool other;
	int r = uuid_is_nil(&x->answers) ? 0 : message_of(t, &x->answers, &m, &other);

	if (r < 0)
		return FAILED;
	if (r == 0)
		return reason(t, "an automatic message, opens nothing") ? FAILED : JOINED;
	t->i->conversation = m.conversation;
	return reason_named(t, &m, x) ? FAILED : JOINED;
}

/* The newest mail with this subject, to or from one member. 1: *out is newer than what it was. */
static int mail_about(struct threading *t, const struct uuid *member, struct str subject, struct answered *out)
{
	struct stmt *q =
		db_query(t->db, "SELECT id, conversation_id, channel, subject FROM interaction"
				" WHERE bucket = $1 AND customer_id = $2 AND id > $3 ORDER BY id DESC LIMIT $4");
	struct uuid since = uuid7_floor(t->now - SUBJECT_WINDOW);
	int r, found = 0;

	if (!uuid_is_nil(&out->id) && memcmp(&out->id, &since, sizeof since) > 0)
		since = out->id;
	db_bind_i64(q, 1, bucket_of(member));
	db_bind_uuid(q, 2, member);
	db_bind_blob(q, 3, since.b, sizeof since.b);
	db_bind_i64(q, 4, MAILS_BACK);
	while (!found && (r = db_step(q, t->err)) == DB_ROW) {
		if (db_col_i64(q, 2) != CHANNEL_EMAIL || !subject_same(db_col_str(q, 3), subject))
			continue;
		db_col_uuid(q, 0, &out->id);
		db_col_uuid(q, 1, &out->conversation);
		out->channel = CHANNEL_EMAIL;
		found = 1;
	}
	db_done(q);
	return !found && r < 0 ? FAILED : found;
}

static int rule_subject(struct threading *t)
{
	struct answered m = {0};
	bool found = false;
	struct str rest;
	char id[UUID_TEXT];

	if (t->i->channel != CHANNEL_EMAIL || !subject_answers(t->i->subject, &rest))
		return PASSED;
	for (size_t k = 0; k < t->members_n; k++) {
		int r = mail_about(t, &t->members[k], rest, &m);
		if (r < 0)
			return FAILED;
		found = found || r == 1;
	}
	if (!found || uuid_is_nil(&m.conversation))
		return PASSED;
	if (reason(t, arena_printf(t->arena, "has the subject of mail %s within %lld days", uuid_format(&m.id, id),
				   (long long)(SUBJECT_WINDOW / US_DAY))))
		return FAILED;
	return answer(t, &m, false);
}

static int rule_answer(struct threading *t)
{
	struct answered m = {0};
	const char *window;
	bool found = false;

	if (t->rules->reply_window <= 0)
		return PASSED;
	for (size_t k = 0; k < t->members_n; k++) {
		int r = latest_of(t, &t->members[k], &m);
		if (r < 0)
			return FAILED;
		found = found || r == 1;
	}
	if (!found)
		return PASSED;
	window = window_text(t, t->rules->reply_window);
	if (reason_reply(t, &m, window ? arena_printf(t->arena, "within %s", window) : NULL))
		return FAILED;
	return answer(t, &m, false);
}

static int rule_active(struct threading *t)
{
	struct conversation c;
	int r = latest_active(t, &c);

	if (r != 1)
		return r;
	if (reason(t,
		   arena_printf(t->arena, "the customer's latest %s conversation", conversation_state_word(c.state))))
		return FAILED;
	return joined(t, &c);
}

static int rule_reopen(struct threading *t)
{
	struct conversation c;
	const char *window;
	int r = t->rules->reopen_window > 0 && !t->quiet ? latest_closed(t, &c) : 0;

	if (r != 1)
		return r;
	window = window_text(t, t->rules->reopen_window);
	if (reason(t, window ? arena_printf(t->arena, "reopened, closed less than %s before", window) : NULL))
		return FAILED;
	return joined(t, &c);
}

static int set_members(struct threading *t, const struct uuid *of)
{
	int n = identity_members(t->db, of, t->members, t->err);

	t->members_n = n < 0 ? 0 : (size_t)n;
	return n < 0 ? -1 : 0;
}

int conversation_thread_inbound(struct db *db, struct events *ev, const struct conversation_rules *rules,
				const struct identity *who, const struct carried *carried, struct interaction *i,
				struct arena *a, int64_t now, struct err *err)
{
	struct threading t = {.db = db,
			      .ev = ev,
			      .rules = rules,
			      .survivor = who->survivor,
			      .quiet = carried->quiet,
			      .i = i,
			      .arena = a,
			      .now = now,
			      .err = err};
	int r;

	/* Who was made a moment ago has no history. */
	if (who->created)
		r = carried->automatic ? rule_automatic(&t, &(struct carried){.automatic = true}) : PASSED;
	else if (set_members(&t, &who->survivor))
		r = FAILED;
	else if (carried->automatic)
		r = rule_automatic(&t, carried);
	else if ((r = rule_named(&t, carried)) == PASSED && (r = rule_subject(&t)) == PASSED &&
		 (r = rule_answer(&t)) == PASSED && (r = rule_active(&t)) == PASSED)
		r = rule_reopen(&t);
	if (r == PASSED)
		r = reason(&t, t.quiet ? "asks for nothing, opens nothing" : "a new matter") ? FAILED : opened(&t);
	return r == FAILED ? -1 : 0;
}

static int sent_in(struct threading *t, const struct conversation *c)
{
	struct stmt *q = db_query(t->db, "UPDATE conversation SET updated_at = $1, last_out_at = $2, last_text = $3"
					 " WHERE bucket = $4 AND id = $5");
	t->i->conversation = c->id;
	db_bind_i64(q, 1, t->now);
	db_bind_i64(q, 2, t->i->at);
	db_bind_str(q, 3, conversation_preview(t->i->content));
	db_bind_i64(q, 4, bucket_of(&c->id));
	db_bind_uuid(q, 5, &c->id);
	return db_run(q, t->err);
}

int conversation_thread_outbound(struct db *db, struct events *ev, const struct uuid *members, size_t members_n,
				 const struct uuid *wanted, enum purpose purpose, struct interaction *i,
				 struct arena *a, int64_t now, struct err *err)
{
	struct threading t = {.db = db, .ev = ev, .members_n = members_n, .i = i, .arena = a, .now = now, .err = err};
	struct conversation c = {0};
	int r;

	memcpy(t.members, members, members_n * sizeof *members);
	if (wanted && !uuid_is_nil(wanted)) {
		r = by_id(&t, wanted, &c);
		if (r == 0)
			return err_set(err, ERR_SEMANTIC, "conversation_mismatch", "/conversation_id",
				       "this customer has no such conversation");
		i->thread_reason = STR("the conversation that the request names");
	} else {
		r = purpose == PURPOSE_SERVICE ? latest_active(&t, &c) : 0;
		if (r == 0)
			return 0;
		i->thread_reason = STR("the customer's latest conversation");
	}
	return r < 0 ? -1 : sent_in(&t, &c);
}
