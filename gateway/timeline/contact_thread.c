/*
 * The thread of one contact point, as its owner may see it: the messages that went over that very address, while it
 * belonged to its present owner. No notes, and nothing of the customer's other channels.
 */
#include <stdlib.h>

#include "store/bucket.h"
#include "timeline/interaction_row.h"

#define THREAD_SELECT                                                                                                  \
	"SELECT " INTERACTION_COLUMNS                                                                                  \
	", (SELECT d.status FROM delivery d WHERE d.message_id = i.id ORDER BY d.n DESC LIMIT 1)"                      \
	" FROM interaction i WHERE i.bucket = $1 AND i.customer_id = $2 AND i.id > $3 AND i.kind = 0 AND i.direction " \
	"<> 0"                                                                                                         \
	" AND i.contact_scheme = $4 AND i.contact_address = $5"

enum { THREAD_MAX = 200 };

struct kept {
	struct interaction i;
	enum status status;
};

static struct stmt *ask(struct db *db, const struct contact *c, const struct uuid *after, int limit)
{
	bool newest = uuid_is_nil(after);
	struct stmt *q = newest ? db_query(db, THREAD_SELECT " ORDER BY i.id DESC LIMIT $6")
				: db_query(db, THREAD_SELECT " ORDER BY i.id LIMIT $6");
	struct uuid from = uuid7_floor(c->valid_from > 1 ? c->valid_from : 0);

	if (newest || memcmp(after, &from, sizeof from) < 0)
		after = &from;
	db_bind_i64(q, 1, bucket_of(&c->customer));
	db_bind_uuid(q, 2, &c->customer);
	db_bind_blob(q, 3, after->b, sizeof after->b);
	db_bind_i64(q, 4, c->address.scheme);
	db_bind_text(q, 5, c->address.value);
	db_bind_i64(q, 6, limit + 1);
	return q;
}

static int read_rows(struct stmt *q, struct kept *v, int limit, struct arena *a, bool *more, struct err *err)
{
	int n = 0, r;

	while ((r = db_step(q, err)) == DB_ROW && n < limit) {
		interaction_row(q, &v[n].i);
		v[n].status = v[n].i.direction == DIRECTION_INBOUND ? STATUS_RECEIVED
								    : (enum status)db_col_i64(q, INTERACTION_COLUMNS_N);
		if (interaction_keep(&v[n].i, a, err)) {
			r = DB_ERROR;
			break;
		}
		n++;
	}
	db_done(q);
	*more = r == DB_ROW;
	return r == DB_ERROR ? -1 : n;
}

int timeline_contact(struct db *db, const struct address *a, const struct uuid *after, int limit,
		     void (*fn)(void *arg, const struct interaction *i, enum status status), void *arg, bool *more,
		     struct err *err)
{
	bool newest = !after || uuid_is_nil(after);
	static const struct uuid nil;
	struct contact c;
	struct kept *v;
	struct arena *arena;
	int r = contact_find(db, a, 0, &c, err), n = -1;

	*more = false;
	if (r)
		return r < 0 ? -1 : 0;
	limit = limit < 1 ? 1 : limit > THREAD_MAX ? THREAD_MAX : limit;
	arena = arena_new(64 << 20);
	v = malloc(sizeof *v * (size_t)limit);
	if (arena && v)
		n = read_rows(ask(db, &c, newest ? &nil : after, limit), v, limit, arena, more, err);
	else
		err_nomem(err);
	for (int k = 0; k < n; k++) {
		const struct kept *it = &v[newest ? n - 1 - k : k];
		fn(arg, &it->i, it->status);
	}
	free(v);
	arena_free(&arena);
	return n < 0 ? -1 : 0;
}
