/*
 * A page of the timeline.
 *
 * One statement reads the interactions of one source, newest first, each joined with its deliveries; a source is a customer
 * or, for the thread of a conversation, a bucket. A customer without merges has one source, and its rows go straight into
 * the answer. With several sources each is read only down to the oldest entry that can still be on the page, its entries
 * are written aside, and the newest of all are put together.
 *
 * The order is the order of ids, which is the order of time; `before` and the bounds in time are all bounds on the id.
 */
#include <stdlib.h>

#include "store/bucket.h"
#include "timeline/conversation.h"
#include "timeline/delivery_json.h"
#include "timeline/interaction_row.h"

enum { LIMIT_MAX = 200, DELIVERIES_MAX = 4, PAGE_BYTES = 64 << 20 };

#define PAGE_SELECT                                                                                                         \
	"SELECT " INTERACTION_COLUMNS ", " DELIVERY_COLUMNS                                                                 \
	" FROM interaction i" /* An id that is NULL is not looked for: only outbound messages cost a look into delivery. */ \
	" LEFT JOIN delivery d ON d.message_id = CASE WHEN i.direction = 2 THEN i.id END"
/* Not by d.n as well: it would cost a sorter, and the few deliveries of a message come by its key anyway. */
#define PAGE_ORDER " ORDER BY i.id DESC LIMIT $4"
#define PAGE_FILTER                                                                                                   \
	" AND i.id >= $5 AND (($6 >> i.channel) & 1) = 1 AND (($7 >> i.kind) & 1) = 1 AND (($8 >> i.direction) & 1) " \
	"= 1"

static const char plain_sql[] = PAGE_SELECT " WHERE i.bucket = $1 AND i.customer_id = $2 AND i.id < $3" PAGE_ORDER;
static const char filtered_sql[] =
	PAGE_SELECT " WHERE i.bucket = $1 AND i.customer_id = $2 AND i.id < $3" PAGE_FILTER PAGE_ORDER;
static const char thread_sql[] =
	PAGE_SELECT " WHERE i.bucket = $1 AND i.conversation_id = $2 AND i.id < $3" PAGE_FILTER PAGE_ORDER;

const char *timeline_page_sql(void) { return plain_sql; }

struct entry {
	struct uuid id;
	size_t at, n; /* its JSON in page.aside */
};

struct page {
	struct db *db;
	const struct timeline_query *q;
	struct json_out *out;
	struct uuid members[MEMBERS_MAX];
	size_t members_n;
	struct uuid before, since; /* id < before, id >= since */
	bool filtered;
	int limit;
	/* several sources only */
	struct buf aside;
	struct entry *entries;
	size_t entries_n;
};

static struct uuid highest(void)
{
	struct uuid u;
	memset(u.b, 0xff, sizeof u.b);
	return u;
}

static bool older(const struct uuid *a, const struct uuid *b) { return memcmp(a, b, sizeof *a) < 0; }

static void bounds(struct page *p)
{
	const struct timeline_query *q = p->q;

	p->before = uuid_is_nil(&q->before) ? highest() : q->before;
	if (q->until) {
		struct uuid until = uuid7_floor(q->until);
		if (older(&until, &p->before))
			p->before = until;
	}
	p->since = q->since ? uuid7_floor(q->since) : (struct uuid){{0}};
	p->filtered = q->channels || q->kinds || q->directions || q->since;
	p->limit = q->limit < 1 ? 1 : q->limit > LIMIT_MAX ? LIMIT_MAX : q->limit;
}

static struct stmt *open_source(struct page *p, int bucket, const struct uuid *owner)
{
	bool thread = !uuid_is_nil(&p->q->conversation);
	struct stmt *s = db_query(p->db, thread ? thread_sql : p->filtered ? filtered_sql : plain_sql);

	db_bind_i64(s, 1, bucket);
	db_bind_uuid(s, 2, thread ? &p->q->conversation : owner);
	db_bind_blob(s, 3, p->before.b, sizeof p->before.b);
	db_bind_i64(s, 4, (int64_t)(p->limit + 1) * DELIVERIES_MAX);
	if (thread || p->filtered) {
		db_bind_blob(s, 5, p->since.b, sizeof p->since.b);
		db_bind_i64(s, 6, p->q->channels ? p->q->channels : UINT32_MAX);
		db_bind_i64(s, 7, p->q->kinds ? p->q->kinds : UINT32_MAX);
		db_bind_i64(s, 8, p->q->directions ? p->q->directions : UINT32_MAX);
	}
	return s;
}

/* Writes the entry whose first row s stands on, with all its deliveries; leaves s on the next entry's first row. */
static int write_entry(struct page *p, struct stmt *s, struct json_out *j, struct uuid *id, struct err *err)
{
	struct interaction i;
	enum status last = STATUS_NONE;
	struct uuid next;
	int r;

	interaction_row(s, &i);
	*id = i.id;
	interaction_open(j, NULL, &i, &p->members[0]);
	if (i.direction != DIRECTION_OUTBOUND) {
		interaction_status(j, &i, last);
		json_end(j);
		return db_step(s, err);
	}
	json_arr(j, "deliveries");
	do {
		if (!db_col_null(s, INTERACTION_COLUMNS_N))
			last = delivery_json(j, NULL, s, INTERACTION_COLUMNS_N);
		r = db_step(s, err);
	} while (r == DB_ROW && db_col_uuid(s, 0, &next) && uuid_eq(&next, id));
	json_end(j);
	interaction_status(j, &i, last);
	json_end(j);
	return r;
}

static int one_source(struct page *p, int bucket, const struct uuid *owner, struct uuid *next, struct err *err)
{
	struct stmt *s = open_source(p, bucket, owner);
	struct uuid id = {{0}};
	int n = 0, r = db_step(s, err);

	while (r == DB_ROW && n < p->limit) {
		r = write_entry(p, s, p->out, &id, err);
		n++;
	}
	*next = r == DB_ROW ? id : (struct uuid){{0}};
	db_done(s);
	return r == DB_ERROR ? -1 : 0;
}

static int newest_first(const void *a, const void *b)
{
	return memcmp(&((const struct entry *)b)->id, &((const struct entry *)a)->id, sizeof(struct uuid));
}

/* Keeps limit + 1 entries, the last one only to know that there is more; what is older than it need not be read. */
static void prune(struct page *p)
{
	qsort(p->entries, p->entries_n, sizeof *p->entries, newest_first);
	if (p->entries_n <= (size_t)p->limit)
		return;
	p->entries_n = (size_t)p->limit + 1;
	p->since = p->entries[p->limit].id;
	p->filtered = true;
}

static int read_aside(struct page *p, int bucket, const struct uuid *owner, struct err *err)
{
	struct stmt *s = open_source(p, bucket, owner);
	struct uuid customer;
	int n = 0, r = db_step(s, err);

	while (r == DB_ROW && n <= p->limit) {
		struct entry *e = &p->entries[p->entries_n];
		struct json_out j;
		db_col_uuid(s, 1, &customer);
		json_begin(&j, &p->aside);
		e->at = p->aside.n;
		r = write_entry(p, s, &j, &e->id, err);
		e->n = p->aside.n - e->at;
		/* A conversation's bucket may hold what another customer's filter must not show. */
		if (member_of(&customer, p->members, p->members_n)) {
			p->entries_n++;
			n++;
		}
	}
	db_done(s);
	if (p->aside.failed)
		return err_nomem(err);
	prune(p);
	return r == DB_ERROR ? -1 : 0;
}

static void put_together(struct page *p, struct uuid *next)
{
	size_t n = p->entries_n < (size_t)p->limit ? p->entries_n : (size_t)p->limit;

	for (size_t i = 0; i < n; i++)
		json_raw(p->out, NULL, str_n(p->aside.p + p->entries[i].at, p->entries[i].n));
	*next = p->entries_n > n ? p->entries[n - 1].id : (struct uuid){{0}};
}

/* Members of one bucket share the index of conversations: each bucket is read once. */
static bool bucket_seen(const struct page *p, size_t m)
{
	for (size_t k = 0; k < m; k++)
		if (bucket_of(&p->members[k]) == bucket_of(&p->members[m]))
			return true;
	return false;
}

static int several_sources(struct page *p, struct uuid *next, struct err *err)
{
	bool thread = !uuid_is_nil(&p->q->conversation);
	int r = 0;

	buf_init(&p->aside, PAGE_BYTES);
	p->entries = calloc(2 * (LIMIT_MAX + 2), sizeof *p->entries);
	if (!p->entries)
		return err_nomem(err);
	for (size_t m = 0; r == 0 && m < p->members_n; m++)
		if (!thread || !bucket_seen(p, m))
			r = read_aside(p, bucket_of(&p->members[m]), &p->members[m], err);
	if (r == 0)
		put_together(p, next);
	buf_free(&p->aside);
	free(p->entries);
	return r;
}

static int whose(struct page *p, struct err *err)
{
	struct uuid customer = p->q->customer;
	int n;

	if (uuid_is_nil(&customer)) {
		struct arena *a = arena_new(1 << 20);
		struct conversation c;
		int r = a ? conversation_get(p->db, &p->q->conversation, a, &c, err) : err_nomem(err);
		if (r == 0)
			customer = c.customer;
		arena_free(&a);
		if (r)
			return -1;
	}
	n = identity_members(p->db, &customer, p->members, err);
	if (n < 0)
		return -1;
	p->members_n = (size_t)n;
	return 0;
}

int timeline_page(struct db *db, const struct timeline_query *q, struct json_out *j, struct uuid *next, struct err *err)
{
	struct page p = {.db = db, .q = q, .out = j};

	bounds(&p);
	if (whose(&p, err))
		return -1;
	if (p.members_n == 1 && uuid_is_nil(&q->conversation))
		return one_source(&p, bucket_of(&p.members[0]), &p.members[0], next, err);
	return several_sources(&p, next, err);
}
