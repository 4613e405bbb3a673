#include "unit/customer_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>

struct uuid rig_customer(struct store_rig *r, const char *name, const char *external_id)
{
	struct customer c = {.name = str_of(name), .external_id = str_of(external_id), .stage = STAGE_ACTIVE};
	struct err e = {0};
	struct uuid id = {{0}};

	cr_assert_eq(customer_create(r->db, r->events, &c, T0, &id, &e), 0, "%s", e.msg);
	return id;
}

struct address rig_address(enum scheme s, const char *value)
{
	struct address a = {.scheme = s};

	snprintf(a.value, sizeof a.value, "%s", value);
	return a;
}

struct identity rig_resolve(struct store_rig *r, const char *number, int64_t at)
{
	struct address a = rig_address(SCHEME_TEL, number);
	struct identity who;
	struct err e = {0};

	cr_assert_eq(identity_resolve(r->db, r->events, &a, STR(""), at, at, &who, &e), 0, "%s", e.msg);
	return who;
}

struct contact rig_contact(struct store_rig *r, const struct uuid *customer, struct address a, const char *verified_by,
			   int64_t now)
{
	struct contact c = {0};
	struct err e = {0};

	cr_assert_eq(contact_add(r->db, r->events, customer, &a, verified_by, NULL, 0, false, now, &c, &e), 0, "%s",
		     e.msg);
	return c;
}

struct uuid rig_merge(struct store_rig *r, const struct uuid *keep, const struct uuid *join)
{
	struct uuid record = {{0}};
	struct err e = {0};

	cr_assert_eq(identity_merge(r->db, r->events, keep, join, "test", "tester", T0, &record, &e), 0, "%s", e.msg);
	return record;
}

struct uuid rig_survivor(struct store_rig *r, const struct uuid *id)
{
	struct uuid out = {{0}};
	struct err e = {0};

	cr_assert_eq(identity_survivor(r->db, id, &out, &e), 0, "%s", e.msg);
	return out;
}

int rig_events(struct store_rig *r, const char *type)
{
	struct stmt *q = db_query(r->db, "SELECT COUNT(*) FROM event WHERE type = $1");
	int n = -1;

	store_rig_events(r);
	db_bind_text(q, 1, type);
	if (db_step(q, NULL) == DB_ROW)
		n = (int)db_col_i64(q, 0);
	db_done(q);
	return n;
}
