/*
 * Who stands for whom. merged_into makes a forest: the root of a tree is the survivor, and a merge hangs one tree under
 * the root of another without flattening, so that cutting any one edge again gives back both sides as they were.
 */
#include "customer/identity.h"

#include "customer/private.h"

static int parent(struct db *db, const struct uuid *id, struct uuid *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT merged_into FROM customer WHERE bucket = $1 AND id = $2");
	int r;

	db_bind_i64(q, 1, bucket_of(id));
	db_bind_uuid(q, 2, id);
	r = db_step(q, err);
	if (r == DB_ROW)
		db_col_uuid(q, 0, out);
	db_done(q);
	if (r == DB_END)
		return err_set(err, ERR_NOT_FOUND, "customer_not_found", NULL, "there is no such customer");
	return r == DB_ROW ? 0 : -1;
}

int identity_survivor(struct db *db, const struct uuid *id, struct uuid *out, struct err *err)
{
	struct uuid at = *id, up;

	for (int depth = 0; depth <= MEMBERS_MAX; depth++) {
		if (parent(db, &at, &up, err))
			return -1;
		if (uuid_is_nil(&up)) {
			*out = at;
			return 0;
		}
		at = up;
	}
	return err_set(err, ERR_INTERNAL, "merge_cycle", NULL, "the merges of this customer lead in a circle");
}

int identity_members(struct db *db, const struct uuid *id, struct uuid out[MEMBERS_MAX], struct err *err)
{
	struct stmt *q = db_query(db, "SELECT id FROM customer WHERE merged_into = $1 ORDER BY id");
	int n = 1, r;

	if (identity_survivor(db, id, &out[0], err))
		return -1;
	for (int i = 0; i < n; i++) {
		db_bind_uuid(q, 1, &out[i]);
		while ((r = db_step(q, err)) == DB_ROW && n < MEMBERS_MAX)
			db_col_uuid(q, 0, &out[n++]);
		db_done(q);
		if (r == DB_ERROR)
			return -1;
	}
	return n;
}

/* Nobody has the address at `at`: its new owner's time begins where the last one's ended, or has always been. */
static int prospect(struct db *db, struct events *ev, const struct address *a, struct str display_name, int64_t at,
		    int64_t now, struct identity *out, struct err *err)
{
	struct customer c = {.stage = STAGE_PROSPECT};
	struct contact *p = &out->contact;

	if (display_name.n && display_name.n <= 200 && str_utf8_ok(display_name))
		c.name = display_name;
	if (customer_create(db, ev, &c, now, &out->survivor, err))
		return -1;
	*p = (struct contact){.customer = out->survivor, .address = *a};
	out->created = true;
	return contact_released(db, a, at, &p->valid_from, err) || contact_put(db, ev, p, now, err) ? -1 : 0;
}

int identity_resolve(struct db *db, struct events *ev, const struct address *a, struct str display_name, int64_t at,
		     int64_t now, struct identity *out, struct err *err)
{
	int r = contact_find(db, a, at ? at : now, &out->contact, err);

	out->created = false;
	if (r < 0)
		return -1;
	if (r == 1)
		return prospect(db, ev, a, display_name, at ? at : now, now, out, err);
	return identity_survivor(db, &out->contact.customer, &out->survivor, err);
}
