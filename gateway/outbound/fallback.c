/*
 * A message goes on over another channel, as its next delivery, and the answer to it finds the same conversation:
 *
 *   The visitor has gone. A chat message for somebody who is not there any more waits in the chat; if the visitor has left
 *   a number or mailbox, it goes there as well.
 *   The request named several channels, and a delivery has failed, or expired: the next of them that the customer has an
 *   address on is tried (`further` of the row).
 *
 * Runs in the job that writes what happened, so there is never one without the other; the dispatcher is told to look into
 * the store after the commit (fallback_look).
 */
#include "outbound/private.h"

enum { CONTACTS = 32 };

/* What the next delivery is made of. */
struct next {
	struct facts f; /* of the delivery that ended */
	enum purpose purpose;
	enum priority priority;
	int64_t expires_at;
	struct str text, correlation, further;
	const char *cause, *after;
};

/* The best contact point of the customer on this channel (NONE: number or mailbox) that an account can serve and policy
 * permits. 0 found, 1 none, -1 err. */
static int best_contact(struct outbound *o, struct db *db, const struct next *x, enum channel channel, int64_t now,
			struct contact *out, struct account_info *account, struct err *err)
{
	struct uuid members[MEMBERS_MAX];
	struct contact list[CONTACTS];
	int n = identity_members(db, &x->f.customer, members, err), k;

	k = n < 0 ? -1 : contact_list(db, members, (size_t)n, now, list, CONTACTS, err);
	for (int c = 0; c < k; c++) {
		struct policy_question q = {.to = &list[c].address, .purpose = x->purpose, .expires_at = x->expires_at};
		enum scheme s = list[c].address.scheme;
		enum channel on = channel ? channel : channel_of_scheme(s);
		enum status status;
		const char *reason;
		int64_t later;
		int no;

		if ((!channel && s != SCHEME_TEL && s != SCHEME_MAIL) || scheme_of_channel(on) != s ||
		    !accounts_pick(o->accounts, on, STR(""), account))
			continue;
		no = policy_ask(o, db, &q, now, &status, &reason, &later, err);
		if (no < 0)
			return -1;
		if (no == 0) {
			*out = list[c];
			return 0;
		}
	}
	return k < 0 ? -1 : 1;
}

static int write_row(struct db *db, const struct next *x, const struct contact *to, const struct account_info *a,
		     int64_t now, struct err *err)
{
	struct stmt *q = db_query(
		db, "INSERT INTO delivery (bucket, message_id, n, customer_id, channel, account, scheme, address, "
		    "purpose, priority,"
		    " status, outbox, due_at, expires_at, encoding, segments, units, correlation, trail, updated_at,"
		    " further)"
		    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12, $13, $14, $15, $16, $17, $18, $19,"
		    " $20) ON CONFLICT DO NOTHING");
	struct channel_estimate size = a->ops->estimate(a->account, x->text, STR("{}"));
	char room[200];
	struct buf trail = {.p = room, .cap = sizeof room, .max = sizeof room - 1};

	trail_line(&trail, now, STATUS_QUEUED, x->cause, str_of(x->after));
	db_bind_i64(q, 1, bucket_of(&x->f.id.message));
	db_bind_uuid(q, 2, &x->f.id.message);
	db_bind_i64(q, 3, x->f.id.n + 1);
	db_bind_uuid(q, 4, &x->f.customer);
	db_bind_i64(q, 5, a->channel);
	db_bind_text(q, 6, a->name);
	db_bind_i64(q, 7, to->address.scheme);
	db_bind_text(q, 8, to->address.value);
	db_bind_i64(q, 9, x->purpose);
	db_bind_i64(q, 10, x->priority);
	db_bind_i64(q, 11, STATUS_QUEUED);
	db_bind_i64(q, 12, now);
	db_bind_i64(q, 13, x->expires_at);
	db_bind_text(q, 14, size.encoding);
	db_bind_i64(q, 15, size.segments);
	db_bind_i64(q, 16, size.units);
	db_bind_str(q, 17, x->correlation);
	db_bind_str(q, 18, buf_str(&trail));
	db_bind_i64(q, 19, now);
	if (x->further.n)
		db_bind_str(q, 20, x->further);
	return db_run(q, err);
}

/* Nothing is done if the next delivery is there already: what ended this one is told a second time. */
static int go_on(struct outbound *o, struct db *db, const struct next *x, const struct contact *to,
		 const struct account_info *a, int64_t now, struct err *err)
{
	struct facts f = x->f;

	if (write_row(db, x, to, a, now, err))
		return -1;
	if (db_changes(db) == 0)
		return 0;
	f.channel = a->channel;
	f.account = str_of(a->name);
	f.id.n++;
	f.fresh = true;
	for (size_t k = 0; k < atomic_load(&o->lanes_n); k++)
		if (str_is(f.account, o->lane[k]->name))
			o->look_after[k] |= 1u << x->priority;
	o->look_any = true;
	return status_event(o, db, &f, STATUS_QUEUED, STR(""), STR(""), now, NULL, err);
}

void fallback_look(struct outbound *o)
{
	if (!o->look_any)
		return;
	o->look_any = false;
	for (size_t k = 0; k < atomic_load(&o->lanes_n); k++)
		for (int p = 0; p < PRIORITIES; p++)
			if (o->look_after[k] >> p & 1)
				outbound_look(o, str_of(o->lane[k]->name), (enum priority)p);
	memset(o->look_after, 0, sizeof o->look_after);
}

/* ---- the visitor has gone ---- */

int fallback_away(struct outbound *o, struct db *db, const struct item *i, int64_t now, struct err *err)
{
	struct next x = {.f = {i->d.customer, i->d.conversation, CHANNEL_WEB, STR(""), i->d.id, false},
			 .purpose = i->d.purpose,
			 .priority = i->d.priority,
			 .expires_at = i->d.expires_at,
			 .text = i->d.text,
			 .correlation = i->d.correlation,
			 .cause = "the visitor was away",
			 .after = ""};
	struct account_info a;
	struct contact to;
	int r = i->d.text.n ? best_contact(o, db, &x, CHANNEL_NONE, now, &to, &a, err) : 1;

	return r ? (r < 0 ? -1 : 0) : go_on(o, db, &x, &to, &a, now, err);
}

/* ---- the next channel ---- */

/* 0 read, its strings in o->arena; 1 it goes no further; -1 err. */
static int read_further(struct outbound *o, struct db *db, const struct delivery_id *id, struct next *x,
			struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT d.further, d.purpose, d.priority, d.expires_at, d.correlation, i.content"
			     " FROM delivery d JOIN interaction i ON i.bucket = d.bucket"
			     " AND i.customer_id = d.customer_id AND i.id = d.message_id"
			     " WHERE d.message_id = $1 AND d.n = $2 AND d.bucket = $3 AND d.further IS NOT NULL");
	struct str further, correlation, text;
	char *at;
	int r;

	db_bind_uuid(q, 1, &id->message);
	db_bind_i64(q, 2, id->n);
	db_bind_i64(q, 3, bucket_of(&id->message));
	r = db_step(q, err);
	if (r == DB_ROW) {
		further = db_col_str(q, 0);
		correlation = db_col_str(q, 4);
		text = db_col_str(q, 5);
		x->purpose = (enum purpose)db_col_i64(q, 1);
		x->priority = (enum priority)db_col_i64(q, 2);
		x->expires_at = db_col_i64(q, 3);
		arena_reset(o->arena);
		at = arena_alloc(o->arena, further.n + correlation.n + text.n + 1);
		if (!at) {
			db_done(q);
			return err_nomem(err);
		}
		x->further = str_n(memcpy(at, further.p, further.n), further.n);
		at += further.n;
		x->correlation = str_n(memcpy(at, correlation.p, correlation.n), correlation.n);
		at += correlation.n;
		x->text = str_n(memcpy(at, text.p, text.n), text.n);
	}
	db_done(q);
	return r == DB_ROW ? 0 : r == DB_END ? 1 : -1;
}

static bool next_word(struct str *list, struct str *word)
{
	const char *comma = list->n ? memchr(list->p, ',', list->n) : NULL;
	size_t n = comma ? (size_t)(comma - list->p) : list->n;

	*word = str_n(list->p, n);
	*list = comma ? str_n(list->p + n + 1, list->n - n - 1) : str_n(list->p + n, 0);
	return word->n > 0;
}

/* An offer that has ended is not sent late over another channel. What was to reach the customer gets a new life. */
static bool may_live(struct outbound *o, struct next *x, int64_t now)
{
	if (!x->expires_at || x->expires_at > now)
		return true;
	x->expires_at = now + o->c.default_expiry;
	return x->purpose == PURPOSE_SERVICE;
}

int fallback_further(struct outbound *o, struct db *db, const struct facts *f, enum status s, int64_t now,
		     struct err *err)
{
	struct next x = {.f = *f, .cause = "the delivery before", .after = status_word(s)};
	int r = read_further(o, db, &f->id, &x, err);
	struct str word;

	if (r)
		return r < 0 ? -1 : 0;
	while (may_live(o, &x, now) && next_word(&x.further, &word)) {
		struct account_info a;
		struct contact to;
		enum channel channel;
		if (!channel_parse(word, &channel) || channel == CHANNEL_NONE)
			continue;
		r = best_contact(o, db, &x, channel, now, &to, &a, err);
		if (r <= 0)
			return r < 0 ? -1 : go_on(o, db, &x, &to, &a, now, err);
	}
	return 0;
}
