/*
 * The visitor has gone. A chat message for somebody who is not there any more waits in the chat; if the visitor has left a
 * number or mailbox, the same message goes there as well, as the next delivery of that message, and the answer to it finds
 * the same conversation. Runs in the job that writes the chat's outcome, so there is never one without the other.
 */
#include "outbound/private.h"

enum { CONTACTS = 32 };

/* The best contact point of the customer that an account can serve and policy permits. 0 found, 1 none, -1 err. */
static int best_contact(struct outbound *o, struct db *db, const struct item *i, int64_t now, struct contact *out,
			struct account_info *account, struct err *err)
{
	struct uuid members[MEMBERS_MAX];
	struct contact list[CONTACTS];
	int n = identity_members(db, &i->d.customer, members, err), k;

	k = n < 0 ? -1 : contact_list(db, members, (size_t)n, now, list, CONTACTS, err);
	for (int c = 0; c < k; c++) {
		struct policy_question q = {&list[c].address, i->d.purpose, i->d.expires_at, false, NULL};
		enum scheme s = list[c].address.scheme;
		enum status status;
		const char *reason;
		int no;

		if ((s != SCHEME_TEL && s != SCHEME_MAIL) ||
		    !accounts_pick(o->accounts, channel_of_scheme(s), STR(""), account))
			continue;
		no = policy_ask(o, db, &q, now, &status, &reason, err);
		if (no < 0)
			return -1;
		if (no == 0) {
			*out = list[c];
			return 0;
		}
	}
	return k < 0 ? -1 : 1;
}

static int write_row(struct db *db, const struct item *i, const struct contact *to, const struct account_info *a,
		     int64_t now, struct err *err)
{
	struct stmt *q = db_query(
		db, "INSERT INTO delivery (bucket, message_id, n, customer_id, channel, account, scheme, address, "
		    "purpose, priority,"
		    " status, outbox, due_at, expires_at, encoding, segments, units, correlation, trail, updated_at)"
		    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12, $13, $14, $15, $16, $17, $18, $12)"
		    " ON CONFLICT DO NOTHING");
	struct channel_estimate size = a->ops->estimate(a->account, i->d.text, STR("{}"));
	char room[200];
	struct buf trail = {.p = room, .cap = sizeof room, .max = sizeof room - 1};

	trail_line(&trail, now, STATUS_QUEUED, "the visitor was away", STR(""));
	db_bind_i64(q, 1, bucket_of(&i->d.id.message));
	db_bind_uuid(q, 2, &i->d.id.message);
	db_bind_i64(q, 3, i->d.id.n + 1);
	db_bind_uuid(q, 4, &i->d.customer);
	db_bind_i64(q, 5, a->channel);
	db_bind_text(q, 6, a->name);
	db_bind_i64(q, 7, to->address.scheme);
	db_bind_text(q, 8, to->address.value);
	db_bind_i64(q, 9, i->d.purpose);
	db_bind_i64(q, 10, i->d.priority);
	db_bind_i64(q, 11, STATUS_QUEUED);
	db_bind_i64(q, 12, now);
	db_bind_i64(q, 13, i->d.expires_at);
	db_bind_text(q, 14, size.encoding);
	db_bind_i64(q, 15, size.segments);
	db_bind_i64(q, 16, size.units);
	db_bind_str(q, 17, i->d.correlation);
	db_bind_str(q, 18, buf_str(&trail));
	return db_run(q, err);
}

int fallback_write(struct outbound *o, struct db *db, const struct item *i, int64_t now, char account[64],
		   struct err *err)
{
	struct account_info a;
	struct contact to;
	struct facts f;
	int r = i->d.text.n ? best_contact(o, db, i, now, &to, &a, err) : 1;

	account[0] = 0;
	if (r)
		return r < 0 ? -1 : 0;
	if (write_row(db, i, &to, &a, now, err))
		return -1;
	if (db_changes(db) == 0)
		return 0; /* written before: this outcome is told a second time */
	f = (struct facts){i->d.customer,
			   i->d.conversation,
			   a.channel,
			   str_of(a.name),
			   {i->d.id.message, (uint16_t)(i->d.id.n + 1)},
			   true};
	memcpy(account, a.name, 64);
	return status_event(o, db, &f, STATUS_QUEUED, STR(""), STR(""), now, NULL, err);
}
