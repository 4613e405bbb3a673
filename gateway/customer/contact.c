#include "customer/contact.h"

#include "base/clock.h"
#include "customer/private.h"

#define COLUMNS                                                                                                       \
	"id, customer_id, scheme, address, valid_from, valid_to, verified_by, verified_at, last_in_at, last_out_at, " \
	"label, preferred"

/* Cut, if need be, between two characters. */
static void copy(char *out, size_t cap, struct str s)
{
	s = str_utf8_head(s, cap - 1);
	memcpy(out, s.p, s.n);
	out[s.n] = 0;
}

static void read_row(struct stmt *q, struct contact *c)
{
	*c = (struct contact){.address.scheme = (enum scheme)db_col_i64(q, 2),
			      .valid_from = db_col_i64(q, 4),
			      .valid_to = db_col_i64(q, 5),
			      .verified_at = db_col_i64(q, 7),
			      .last_in_at = db_col_i64(q, 8),
			      .last_out_at = db_col_i64(q, 9),
			      .preferred = db_col_i64(q, 11) != 0};
	db_col_uuid(q, 0, &c->id);
	db_col_uuid(q, 1, &c->customer);
	copy(c->address.value, sizeof c->address.value, db_col_str(q, 3));
	copy(c->verified_by, sizeof c->verified_by, db_col_str(q, 6));
	copy(c->label, sizeof c->label, db_col_str(q, 10));
}

/* 0 read, 1 none, -1 error. */
static int read_one(struct stmt *q, struct contact *out, struct err *err)
{
	int r = db_step(q, err);

	if (r == DB_ROW)
		read_row(q, out);
	db_done(q);
	return r == DB_ROW ? 0 : r == DB_END ? 1 : -1;
}

int contact_find(struct db *db, const struct address *a, int64_t at, struct contact *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT " COLUMNS
				      " FROM contact_point WHERE address = $1 AND scheme = $2 AND valid_from <= $3"
				      " ORDER BY valid_from DESC LIMIT 1");
	struct contact c;
	int r;

	db_bind_text(q, 1, a->value);
	db_bind_i64(q, 2, a->scheme);
	db_bind_i64(q, 3, at ? at : INT64_MAX);
	r = read_one(q, &c, err);
	if (r == 0 && c.valid_to && (at == 0 || c.valid_to <= at))
		return 1;
	if (r == 0)
		*out = c;
	return r;
}

int contact_get(struct db *db, const struct uuid *id, struct contact *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT " COLUMNS " FROM contact_point WHERE id = $1");
	int r;

	db_bind_uuid(q, 1, id);
	r = read_one(q, out, err);
	if (r == 1)
		return err_set(err, ERR_NOT_FOUND, "contact_point_not_found", NULL, "there is no such contact point");
	return r;
}

static int contact_event(struct db *db, struct events *ev, const char *type, const struct contact *c, int64_t now,
			 struct err *err)
{
	struct event e = {
		.at = now, .type = type, .customer = c->customer, .channel = channel_of_scheme(c->address.scheme)};
	struct json_out j;
	struct buf b;
	int r;

	buf_init(&b, 1024);
	json_begin(&j, &b);
	json_obj(&j, NULL);
	json_uuid(&j, "contact_point_id", &c->id);
	json_cstr(&j, "scheme", scheme_word(c->address.scheme));
	json_end(&j);
	e.data = buf_str(&b);
	r = b.failed ? err_nomem(err) : event_append(ev, db, &e, err);
	buf_free(&b);
	return r;
}

/* When the next owner's time begins: an interval added before it ends there. */
static int next_owner(struct db *db, const struct address *a, int64_t after, int64_t *out, struct err *err)
{
	struct stmt *q = db_query(
		db, "SELECT MIN(valid_from) FROM contact_point WHERE address = $1 AND scheme = $2 AND valid_from > $3");
	int r;

	db_bind_text(q, 1, a->value);
	db_bind_i64(q, 2, a->scheme);
	db_bind_i64(q, 3, after);
	r = db_step(q, err);
	*out = r == DB_ROW ? db_col_i64(q, 0) : 0;
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

static int insert(struct db *db, const struct contact *c, int64_t now, struct err *err)
{
	struct stmt *q = db_query(
		db,
		"INSERT INTO contact_point (address, scheme, valid_from, valid_to, id, customer_id, verified_by,"
		" verified_at, label, preferred, created_at, consents) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
		" $11, (SELECT COALESCE(SUM(t.state * CASE t.purpose WHEN 0 THEN 1 WHEN 1 THEN 4 ELSE 16 END), 0)"
		" FROM consent t WHERE t.address = $1 AND t.scheme = $2))");

	db_bind_text(q, 1, c->address.value);
	db_bind_i64(q, 2, c->address.scheme);
	db_bind_i64(q, 3, c->valid_from);
	if (c->valid_to)
		db_bind_i64(q, 4, c->valid_to);
	else
		db_bind_null(q, 4);
	db_bind_uuid(q, 5, &c->id);
	db_bind_uuid(q, 6, &c->customer);
	db_bind_text(q, 7, c->verified_by[0] ? c->verified_by : NULL);
	db_bind_i64(q, 8, c->verified_at);
	db_bind_text(q, 9, c->label);
	db_bind_i64(q, 10, c->preferred);
	db_bind_i64(q, 11, now);
	return db_run(q, err);
}

int contact_released(struct db *db, const struct address *a, int64_t at, int64_t *out, struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT COALESCE(MAX(valid_to), 0) FROM contact_point WHERE address = $1 AND scheme = $2"
			     " AND valid_to <= $3");
	int r;

	db_bind_text(q, 1, a->value);
	db_bind_i64(q, 2, a->scheme);
	db_bind_i64(q, 3, at);
	r = db_step(q, err);
	*out = r == DB_ROW ? db_col_i64(q, 0) : 0;
	db_done(q);
	return r == DB_ROW ? 0 : -1;
}

int contact_put(struct db *db, struct events *ev, struct contact *c, int64_t now, struct err *err)
{
	if (next_owner(db, &c->address, c->valid_from, &c->valid_to, err))
		return -1;
	c->id = uuid7_in(now, uuid_bucket(&c->customer));
	return insert(db, c, now, err) ? -1 : contact_event(db, ev, "identity.added", c, now, err);
}

/* Somebody else has it and does not give it up: a person decides whether the two are one. */
static int taken(struct db *db, struct events *ev, const struct address *a, const struct uuid *ours,
		 const struct uuid *theirs, int64_t now, struct err *err)
{
	bool never;

	if (never_merge_has(db, a, &never, err) ||
	    (!never && suggest(db, ev, ours, theirs, "the same address was given to both", now, err)))
		return -1;
	return err_set(err, ERR_CONFLICT, "address_taken", "/address", "this address belongs to another customer");
}

/* The address has an owner at `from`: the same person (nothing to add), a recycled number (take), or a conflict. */
static int settle_owner(struct db *db, struct events *ev, const struct contact *present, const struct uuid *customer,
			int64_t from, bool take, int64_t now, bool *same, struct err *err)
{
	struct uuid theirs, ours;

	if (identity_survivor(db, &present->customer, &theirs, err) || identity_survivor(db, customer, &ours, err))
		return -1;
	*same = uuid_eq(&theirs, &ours);
	if (*same)
		return 0;
	if (!take)
		return taken(db, ev, &present->address, &ours, &theirs, now, err);
	if (present->valid_from >= from)
		return err_set(err, ERR_SEMANTIC, "valid_from_too_early", "/valid_from",
			       "the present owner has it from a later time on");
	return contact_end(db, ev, &present->id, from, err);
}

/* Without a former owner an address has been its owner's since ever, so that late messages find it. */
static int since(struct db *db, const struct address *a, bool had_owner, int64_t now, int64_t *out, struct err *err)
{
	int64_t released;

	if (contact_released(db, a, INT64_MAX, &released, err))
		return -1;
	*out = !had_owner && released == 0 ? 0 : released > now ? released : now;
	return 0;
}

int contact_add(struct db *db, struct events *ev, const struct uuid *customer, const struct address *a,
		const char *verified_by, const char *label, int64_t from, bool take, int64_t now, struct contact *out,
		struct err *err)
{
	struct contact c = {.customer = *customer, .address = *a, .valid_from = from}, present;
	int r = contact_find(db, a, from ? from : now, &present, err);
	bool same = false;

	if (r < 0 || (r == 0 && settle_owner(db, ev, &present, customer, from ? from : now, take, now, &same, err)))
		return -1;
	if (same) {
		if (verified_by && verified_by[0] && !present.verified_by[0] &&
		    contact_verify(db, ev, &present.id, verified_by, now, err))
			return -1;
		return contact_get(db, &present.id, out ? out : &c, err);
	}
	if (!from && since(db, a, r == 0, now, &c.valid_from, err))
		return -1;
	if (verified_by && verified_by[0]) {
		copy(c.verified_by, sizeof c.verified_by, str_of(verified_by));
		c.verified_at = now;
	}
	copy(c.label, sizeof c.label, str_of(label));
	if (contact_put(db, ev, &c, now, err))
		return -1;
	if (out)
		*out = c;
	return 0;
}

int contact_verify(struct db *db, struct events *ev, const struct uuid *id, const char *by, int64_t now,
		   struct err *err)
{
	struct contact c;
	struct stmt *q;

	if (contact_get(db, id, &c, err))
		return -1;
	q = db_query(db, "UPDATE contact_point SET verified_by = $1, verified_at = $2 WHERE address = $3 AND scheme = "
			 "$4 AND valid_from = $5");
	db_bind_text(q, 1, by);
	db_bind_i64(q, 2, now);
	db_bind_text(q, 3, c.address.value);
	db_bind_i64(q, 4, c.address.scheme);
	db_bind_i64(q, 5, c.valid_from);
	return db_run(q, err) ? -1 : contact_event(db, ev, "identity.verified", &c, now, err);
}

int contact_end(struct db *db, struct events *ev, const struct uuid *id, int64_t at, struct err *err)
{
	struct contact c;
	struct stmt *q;

	if (contact_get(db, id, &c, err))
		return -1;
	if (c.valid_to && c.valid_to <= at)
		return 0;
	q = db_query(db,
		     "UPDATE contact_point SET valid_to = $1 WHERE address = $2 AND scheme = $3 AND valid_from = $4");
	db_bind_i64(q, 1, at > c.valid_from ? at : c.valid_from + 1);
	db_bind_text(q, 2, c.address.value);
	db_bind_i64(q, 3, c.address.scheme);
	db_bind_i64(q, 4, c.valid_from);
	return db_run(q, err) ? -1 : contact_event(db, ev, "identity.removed", &c, at, err);
}

int contact_label(struct db *db, const struct uuid *id, const char *label, bool preferred, struct err *err)
{
	struct contact c;
	struct stmt *q;

	if (contact_get(db, id, &c, err))
		return -1;
	q = db_query(db, "UPDATE contact_point SET label = $1, preferred = $2 WHERE address = $3 AND scheme = $4 AND "
			 "valid_from = $5");
	db_bind_text(q, 1, label);
	db_bind_i64(q, 2, preferred);
	db_bind_text(q, 3, c.address.value);
	db_bind_i64(q, 4, c.address.scheme);
	db_bind_i64(q, 5, c.valid_from);
	return db_run(q, err);
}

int contact_touch(struct db *db, const struct contact *c, enum direction d, int64_t now, struct err *err)
{
	struct stmt *q;

	if (now - (d == DIRECTION_INBOUND ? c->last_in_at : c->last_out_at) < US_MIN)
		return 0;
	q = d == DIRECTION_INBOUND ? db_query(db, "UPDATE contact_point SET last_in_at = $1 WHERE address = $2 AND "
						  "scheme = $3 AND valid_from = $4")
				   : db_query(db, "UPDATE contact_point SET last_out_at = $1 WHERE address = $2 AND "
						  "scheme = $3 AND valid_from = $4");
	db_bind_i64(q, 1, now);
	db_bind_text(q, 2, c->address.value);
	db_bind_i64(q, 3, c->address.scheme);
	db_bind_i64(q, 4, c->valid_from);
	return db_run(q, err);
}

static int64_t last_used(const struct contact *c)
{
	return c->last_in_at > c->last_out_at ? c->last_in_at : c->last_out_at;
}

static bool before(const struct contact *a, const struct contact *b)
{
	if (a->preferred != b->preferred)
		return a->preferred;
	/* What came in counts before what went out: the customer chose it. */
	if (a->last_in_at != b->last_in_at)
		return a->last_in_at > b->last_in_at;
	return last_used(a) > last_used(b);
}

int contact_list(struct db *db, const struct uuid *members, size_t members_n, int64_t at, struct contact *out,
		 size_t max, struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT " COLUMNS
			     " FROM contact_point WHERE customer_id = $1 AND (valid_to IS NULL OR valid_to > $2)"
			     " AND valid_from <= $2");
	size_t n = 0;

	for (size_t m = 0; m < members_n; m++) {
		struct contact c;
		int r;

		db_bind_uuid(q, 1, &members[m]);
		db_bind_i64(q, 2, at);
		while ((r = db_step(q, err)) == DB_ROW && n < max) {
			size_t i = n++;
			read_row(q, &c);
			for (; i > 0 && before(&c, &out[i - 1]); i--)
				out[i] = out[i - 1];
			out[i] = c;
		}
		db_done(q);
		if (r == DB_ERROR)
			return -1;
	}
	return (int)n;
}

void contact_json(struct json_out *j, const char *key, const struct contact *c)
{
	json_obj(j, key);
	json_uuid(j, "id", &c->id);
	json_uuid(j, "customer_id", &c->customer);
	json_cstr(j, "scheme", scheme_word(c->address.scheme));
	json_cstr(j, "address", c->address.value);
	json_cstr(j, "channel", channel_word(channel_of_scheme(c->address.scheme)));
	json_bool(j, "verified", c->verified_by[0] != 0);
	json_cstr(j, "verified_by", c->verified_by[0] ? c->verified_by : NULL);
	json_time(j, "verified_at", c->verified_at);
	json_time(j, "valid_from", c->valid_from);
	json_time(j, "valid_to", c->valid_to);
	json_time(j, "last_in_at", c->last_in_at);
	json_time(j, "last_out_at", c->last_out_at);
	json_cstr(j, "label", c->label);
	json_bool(j, "preferred", c->preferred);
	json_end(j);
}
