/* Asking: how many, which, and is this one. */
#include "segment/segment.h"

#include <stdlib.h>

#include "customer/identity.h"
#include "segment/private.h"

static int run(struct db *db, const struct segment *seg, enum sql_shape shape, const struct uuid *id, size_t limit,
	       int64_t now, int (*row)(void *arg, struct stmt *q), void *arg, struct err *err)
{
	struct sql *s = malloc(sizeof *s);
	struct err e = {0};
	int r = -1;

	if (!s)
		return err_nomem(err);
	if (sql_make(s, db, seg, shape, id, limit, now, err ? err : &e) == 0) {
		struct stmt *q = sql_query(s);
		while ((r = db_step(q, err)) == DB_ROW && row(arg, q))
			;
		db_done(q);
	}
	sql_free(s);
	free(s);
	return r == DB_ERROR ? -1 : 0;
}

static int number(void *arg, struct stmt *q)
{
	*(uint64_t *)arg = (uint64_t)db_col_i64(q, 0);
	return 1;
}

int segment_count(struct db *db, const struct segment *s, int64_t now, uint64_t *n, struct err *err)
{
	*n = 0;
	return run(db, s, SQL_COUNT, NULL, 0, now, number, n, err);
}

struct ids {
	struct uuid *v;
	size_t n, max;
};

static int keep(void *arg, struct stmt *q)
{
	struct ids *ids = arg;

	if (ids->n < ids->max && db_col_uuid(q, 0, &ids->v[ids->n]))
		ids->n++;
	return ids->n < ids->max;
}

int segment_page(struct db *db, const struct segment *s, int64_t now, const struct uuid *after, struct uuid *ids,
		 size_t limit, size_t *n, struct err *err)
{
	struct ids out = {ids, 0, limit};
	int r = run(db, s, SQL_PAGE, after, limit, now, keep, &out, err);

	*n = r ? 0 : out.n;
	return r;
}

int segment_sample(struct db *db, const struct segment *s, int64_t now, struct uuid *ids, size_t limit, size_t *n,
		   struct err *err)
{
	struct ids out = {ids, 0, limit};
	int r = run(db, s, SQL_NEWEST, NULL, limit, now, keep, &out, err);

	*n = r ? 0 : out.n;
	return r;
}

int segment_has(struct db *db, const struct segment *s, int64_t now, const struct uuid *customer, bool *out,
		struct err *err)
{
	struct err e = {0};
	struct uuid survivor, found;
	struct ids ids = {&found, 0, 1};

	*out = false;
	if (identity_survivor(db, customer, &survivor, &e)) {
		if (e.kind == ERR_NOT_FOUND)
			return 0;
		if (err)
			*err = e;
		return -1;
	}
	if (run(db, s, SQL_ONE, &survivor, 0, now, keep, &ids, err))
		return -1;
	*out = ids.n == 1;
	return 0;
}
