#include "outbound/may.h"

#include <stdio.h>

#include "base/settings.h"
#include "customer/customer.h"
#include "customer/hold.h"
#include "model/phone.h"
#include "store/bucket.h"
#include "timeline/conversation.h"

enum may may_held(const struct may_question *q, const char **reason, struct err *err)
{
	char word[HOLD_REASON_MAX + 1];
	int r = hold_of(q->db, q->members, q->members_n, q->at, word, err);

	*reason = "held";
	return r < 0 ? MAY_FAILED : r ? MAY_NOT : MAY;
}

static bool listed(const char *list, struct str word)
{
	struct str item;
	size_t pos = 0;

	while (word.n && settings_list_next(list, &pos, &item))
		if (str_ieq(item, word))
			return true;
	return false;
}

enum may may_topic(const struct may_question *q, const char **reason, struct err *err)
{
	int r = DB_END;
	bool open = false;

	*reason = "topic_open";
	for (size_t k = 0; k < q->members_n && !open && r != DB_ERROR; k++) {
		struct stmt *s = db_query(q->db, "SELECT topic FROM conversation WHERE bucket = $1 AND customer_id = $2"
						 " AND state <> $3 AND topic <> ''");
		db_bind_i64(s, 1, bucket_of(&q->members[k]));
		db_bind_uuid(s, 2, &q->members[k]);
		db_bind_i64(s, 3, CONVERSATION_CLOSED);
		while (!open && (r = db_step(s, err)) == DB_ROW)
			open = listed(q->rules->topics, db_col_str(s, 0));
		db_done(s);
	}
	return r == DB_ERROR ? MAY_FAILED : open ? MAY_NOT : MAY;
}

/* How many there were since `since`, up to `most`; -1: err. */
static int count_since(const struct may_question *q, int64_t since, int most, struct err *err)
{
	int n = 0, r = DB_END;

	for (size_t k = 0; k < q->members_n && n < most && r != DB_ERROR; k++) {
		struct stmt *s = db_query(q->db, "SELECT COUNT(*) FROM (SELECT 1 FROM marketing_sent WHERE bucket = $1"
						 " AND customer_id = $2 AND at > $3 LIMIT $4) x");
		db_bind_i64(s, 1, bucket_of(&q->members[k]));
		db_bind_uuid(s, 2, &q->members[k]);
		db_bind_i64(s, 3, since);
		db_bind_i64(s, 4, most);
		r = db_step(s, err);
		n += r == DB_ROW ? (int)db_col_i64(s, 0) : 0;
		db_done(s);
	}
	return r == DB_ERROR ? -1 : n;
}

enum may may_often(const struct may_question *q, const char **reason, struct err *err)
{
	*reason = "frequency_cap";
	if (q->purpose != PURPOSE_MARKETING || q->counted)
		return MAY;
	for (size_t k = 0; k < q->rules->caps_n; k++) {
		const struct cap *c = &q->rules->cap[k];
		int n = count_since(q, q->at - c->span, c->n, err);
		if (n < 0)
			return MAY_FAILED;
		if (n >= c->n)
			return MAY_NOT;
	}
	return MAY;
}

static int zone_of(const struct may_question *q, struct str *out, struct err *err)
{
	struct customer c;

	*out = q->zone;
	if (out->p)
		return 0;
	if (customer_get(q->db, &q->members[0], q->arena, &c, err))
		return -1;
	*out = c.time_zone;
	return 0;
}

enum may may_hour(const struct may_question *q, int64_t *until, const char **reason, struct err *err)
{
	struct quiet_who who = {.region = q->rules->region, .fallback = q->rules->time_zone};
	struct phone p = {.region = ""};

	if (zone_of(q, &who.zone, err))
		return MAY_FAILED;
	if (q->to->scheme == SCHEME_TEL && phone_parse(str_of(q->to->value), NULL, &p, NULL) == 0 && p.region[0])
		who.region = p.region;
	*until = quiet_until(q->rules->quiet, q->calendars, &who, q->at, reason);
	return *until ? MAY_LATER : MAY;
}

enum may may_disturb(const struct may_question *q, int64_t *until, const char **reason, struct err *err)
{
	enum may m;

	if (!q->rules || q->purpose == PURPOSE_SERVICE || !q->members_n)
		return MAY;
	m = may_held(q, reason, err);
	if (m == MAY && q->rules->topics[0])
		m = may_topic(q, reason, err);
	if (m == MAY)
		m = may_often(q, reason, err);
	return m == MAY ? may_hour(q, until, reason, err) : m;
}

int may_count(struct db *db, const struct uuid *customer, int64_t at, const struct uuid *message, struct err *err)
{
	struct stmt *s = db_query(db, "INSERT INTO marketing_sent (bucket, customer_id, at, message_id)"
				      " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING");

	db_bind_i64(s, 1, bucket_of(customer));
	db_bind_uuid(s, 2, customer);
	db_bind_i64(s, 3, at);
	db_bind_uuid(s, 4, message);
	return db_run(s, err);
}

int may_uncount(struct db *db, const struct uuid *customer, const struct uuid *message, struct err *err)
{
	struct stmt *s = db_query(db, "DELETE FROM marketing_sent WHERE bucket = $1 AND customer_id = $2"
				      " AND message_id = $3");

	db_bind_i64(s, 1, bucket_of(customer));
	db_bind_uuid(s, 2, customer);
	db_bind_uuid(s, 3, message);
	return db_run(s, err);
}
