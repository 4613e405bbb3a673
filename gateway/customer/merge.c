#include <stdlib.h>

#include "customer/private.h"

enum { CONTACTS_LOOKED_AT = 32 };

static int pair_event(struct db *db, struct events *ev, const char *type, const struct uuid *preserved,
		      const struct uuid *merged, const struct uuid *record, const char *reason, const char *author,
		      int64_t now, struct err *err)
{
	struct json_out j;
	struct buf b;
	int r;

	buf_init(&b, 2048);
	json_begin(&j, &b);
	json_obj(&j, NULL);
	json_uuid(&j, "preserved", preserved);
	json_uuid(&j, "merged", merged);
	json_uuid(&j, "merge_id", record);
	json_cstr(&j, "reason", reason);
	json_end(&j);
	r = b.failed || customer_event(db, ev, type, preserved, buf_str(&b), now, err) ||
	    audit(db, author, type, preserved, buf_str(&b), now, err);
	if (b.failed)
		err_nomem(err);
	buf_free(&b);
	return r ? -1 : 0;
}

int audit(struct db *db, const char *author, const char *action, const struct uuid *subject, struct str detail,
	  int64_t now, struct err *err)
{
	struct stmt *q = db_query(
		db, "INSERT INTO audit (id, at, author, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)");
	struct uuid id = uuid7(now);
	char text[UUID_TEXT];

	db_bind_uuid(q, 1, &id);
	db_bind_i64(q, 2, now);
	db_bind_text(q, 3, author ? author : "");
	db_bind_text(q, 4, action);
	db_bind_text(q, 5, uuid_format(subject, text));
	db_bind_str(q, 6, detail);
	return db_run(q, err);
}

static int point(struct db *db, const struct uuid *id, const struct uuid *at, int64_t now, struct err *err)
{
	struct stmt *q = db_query(db, "UPDATE customer SET merged_into = $1, version = version + 1, updated_at = $2"
				      " WHERE bucket = $3 AND id = $4");
	db_bind_uuid(q, 1, at);
	db_bind_i64(q, 2, now);
	db_bind_i64(q, 3, bucket_of(id));
	db_bind_uuid(q, 4, id);
	return db_run(q, err);
}

/* A customer known by nothing but addresses that name nobody (a sender's name, a short code, the call centre's own number):
 * it is a collection of strangers, and merging it with a person would give that person all their messages. */
static int shared_only(struct db *db, const struct uuid *members, int n, int64_t now, bool *out, struct err *err)
{
	struct contact *list = calloc(CONTACTS_LOOKED_AT, sizeof *list);
	int k = list ? contact_list(db, members, (size_t)n, now, list, CONTACTS_LOOKED_AT, err) : err_nomem(err), r = 0;
	bool never = k > 0;

	for (int i = 0; r == 0 && never && i < k; i++)
		r = never_merge_has(db, &list[i].address, &never, err);
	free(list);
	*out = never;
	return k < 0 || r ? -1 : 0;
}

static int refuse_shared(struct db *db, const struct uuid *members, int n, int64_t now, struct err *err)
{
	bool shared;

	if (shared_only(db, members, n, now, &shared, err))
		return -1;
	return shared ? err_set(err, ERR_SEMANTIC, "never_merge", "/merge_id",
				"all that is known of one of them is an address that many people share")
		      : 0;
}

/* Both ends as they stand today, and whether the two may be one, and are few enough to be read through. */
static int ends(struct db *db, const struct uuid *a, const struct uuid *b, int64_t now, struct uuid *keep,
		struct err *err)
{
	struct uuid ours[MEMBERS_MAX], theirs[MEMBERS_MAX];
	int n = identity_members(db, a, ours, err), m = n < 0 ? -1 : identity_members(db, b, theirs, err);
	char text[UUID_TEXT];

	if (m < 0)
		return -1;
	if (uuid_eq(a, b))
		return err_set(err, ERR_CONFLICT, "merge_with_itself", "/merge_id",
			       "a customer is not merged into itself");
	if (uuid_eq(&ours[0], &theirs[0]))
		return err_set(err, ERR_CONFLICT, "already_merged", "/merge_id", "these are one customer already");
	if (!uuid_eq(&theirs[0], b))
		return err_set(err, ERR_CONFLICT, "already_merged", "/merge_id", "it has been merged before, into %s",
			       uuid_format(&theirs[0], text));
	if (n + m > MEMBERS_MAX)
		return err_set(err, ERR_SEMANTIC, "merge_too_large", "/merge_id",
			       "more than %d customers cannot be one", MEMBERS_MAX);
	*keep = ours[0];
	return refuse_shared(db, ours, n, now, err) || refuse_shared(db, theirs, m, now, err) ? -1 : 0;
}

int identity_merge(struct db *db, struct events *ev, const struct uuid *survivor, const struct uuid *merged,
		   const char *reason, const char *author, int64_t now, struct uuid *out_merge, struct err *err)
{
	struct uuid keep, join = *merged, record = uuid7(now);
	struct stmt *q;

	if (ends(db, survivor, merged, now, &keep, err))
		return -1;
	if (point(db, &join, &keep, now, err))
		return -1;
	q = db_query(db, "INSERT INTO customer_merge (id, survivor, merged, reason, author, at) VALUES ($1, $2, $3, "
			 "$4, $5, $6)");
	db_bind_uuid(q, 1, &record);
	db_bind_uuid(q, 2, &keep);
	db_bind_uuid(q, 3, &join);
	db_bind_text(q, 4, reason ? reason : "");
	db_bind_text(q, 5, author ? author : "");
	db_bind_i64(q, 6, now);
	if (db_run(q, err) || pair_event(db, ev, "customer.merged", &keep, &join, &record, reason, author, now, err))
		return -1;
	*out_merge = record;
	return 0;
}

int identity_unmerge(struct db *db, struct events *ev, const struct uuid *merge, const char *author, int64_t now,
		     struct uuid *out_survivor, struct uuid *out_restored, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT survivor, merged, undone_at FROM customer_merge WHERE id = $1");
	struct uuid keep = {{0}}, join = {{0}};
	bool undone = false;
	int r;

	db_bind_uuid(q, 1, merge);
	r = db_step(q, err);
	if (r == DB_ROW) {
		db_col_uuid(q, 0, &keep);
		db_col_uuid(q, 1, &join);
		undone = !db_col_null(q, 2);
	}
	db_done(q);
	if (r == DB_ERROR)
		return -1;
	if (r == DB_END)
		return err_set(err, ERR_NOT_FOUND, "merge_not_found", "/merge_id", "there is no such merge");
	if (undone)
		return err_set(err, ERR_CONFLICT, "already_unmerged", "/merge_id", "this merge has been undone before");
	q = db_query(db, "UPDATE customer_merge SET undone_at = $1, undone_by = $2 WHERE id = $3");
	db_bind_i64(q, 1, now);
	db_bind_text(q, 2, author);
	db_bind_uuid(q, 3, merge);
	if (db_run(q, err) || point(db, &join, NULL, now, err) ||
	    pair_event(db, ev, "customer.unmerged", &keep, &join, merge, "undone", author, now, err))
		return -1;
	/* The survivor may itself have been merged since: what stays together stands under its root. */
	if (identity_survivor(db, &keep, out_survivor, err))
		return -1;
	*out_restored = join;
	return 0;
}

static void record_json(struct stmt *q, const struct uuid *survivor, struct json_out *j)
{
	struct uuid u;

	json_obj(j, NULL);
	db_col_uuid(q, 0, &u);
	json_uuid(j, "id", &u);
	json_uuid(j, "preserved", survivor);
	db_col_uuid(q, 2, &u);
	json_uuid(j, "merged", &u);
	json_str(j, "reason", db_col_str(q, 3));
	json_str(j, "author", db_col_str(q, 4));
	json_time(j, "at", db_col_i64(q, 5));
	json_time(j, "undone_at", db_col_i64(q, 6));
	if (db_col_null(q, 7))
		json_null_(j, "undone_by");
	else
		json_str(j, "undone_by", db_col_str(q, 7));
	json_end(j);
}

static bool among(const struct uuid *u, const struct uuid *v, int n)
{
	for (int i = 0; i < n; i++)
		if (uuid_eq(u, &v[i]))
			return true;
	return false;
}

int merge_was_undone(struct db *db, const struct uuid *a, int a_n, const struct uuid *b, int b_n, bool *out,
		     struct err *err)
{
	struct stmt *q = db_query(db, "SELECT survivor, merged FROM customer_merge WHERE (survivor = $1 OR merged = $1)"
				      " AND undone_at IS NOT NULL");
	struct uuid survivor, merged;
	int r = DB_END;

	*out = false;
	for (int i = 0; i < a_n && !*out && r != DB_ERROR; i++) {
		db_bind_uuid(q, 1, &a[i]);
		while (!*out && (r = db_step(q, err)) == DB_ROW) {
			db_col_uuid(q, 0, &survivor);
			db_col_uuid(q, 1, &merged);
			*out = among(uuid_eq(&survivor, &a[i]) ? &merged : &survivor, b, b_n);
		}
		db_done(q);
	}
	return r == DB_ERROR ? -1 : 0;
}

int identity_merges_json(struct db *db, const struct uuid *customer, struct json_out *j, const char *key,
			 struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT id, survivor, merged, reason, author, at, undone_at, undone_by FROM customer_merge"
			     " WHERE survivor = $1 OR merged = $1 ORDER BY id DESC LIMIT 200");
	struct uuid members[MEMBERS_MAX], survivor;
	int n = identity_members(db, customer, members, err), r = DB_END;

	if (n < 0)
		return -1;
	json_arr(j, key);
	for (int i = 0; i < n && r != DB_ERROR; i++) {
		db_bind_uuid(q, 1, &members[i]);
		while ((r = db_step(q, err)) == DB_ROW) {
			db_col_uuid(q, 1, &survivor);
			/* A record between two of them comes up twice; it is shown with its survivor. */
			if (uuid_eq(&survivor, &members[i]) || !among(&survivor, members, n))
				record_json(q, &survivor, j);
		}
		db_done(q);
	}
	json_end(j);
	return r == DB_ERROR ? -1 : 0;
}
