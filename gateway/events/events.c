/*
 * The feed. Three places an event passes:
 *
 *   staged   appended in a transaction that is not committed yet; the writer's thread alone sees them
 *   ring     committed and recent; behind `lock`, held for a memcpy of a batch at a time
 *   table    all of them, until they are trimmed
 *
 * Numbers are given here and not by the store: one writes at a time, and a rolled-back number is used again, so the
 * sequence has no gaps. The last event is never trimmed, so a restart knows where it was.
 *
 * Where several gateways share the store, each asks at the beginning of its turn which number was the last. What others
 * wrote is not taken into the ring, which begins anew behind it: followers read that from the table.
 */
#include "events/events.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "events/ring.h"

/* Rows that one events_read takes from the table before it lets the caller breathe; what one trim removes. */
enum { TABLE_ROWS = 20000, TRIM_ROWS = 20000, TOUCHED = 8192, COLUMNS = 8, ROWS = 8 };

struct staged {
	struct event ev;
	size_t data_at;
};

struct events {
	struct readers *readers;
	pthread_mutex_t lock;
	struct ring ring;
	pthread_mutex_t follow_lock; /* held while followers are called, so that unfollow waits for them */
	struct events_follower *followers;
	/* the writer's thread only */
	struct staged *staged;
	size_t staged_n, staged_cap, written;
	struct buf staged_data;
	int64_t committed;
	bool numbered;		   /* committed is known */
	bool shared;		   /* other gateways may write as well */
	_Atomic bool news;	   /* they did: events_poll has not told yet */
	uint32_t touched[TOUCHED]; /* by customer, and */
	uint32_t upset;		   /* for all of them: see events_touched */
};

static int newest(struct db *db, int64_t *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT COALESCE(MAX(seq), 0) FROM event");
	int r = db_step(q, err);

	if (r == DB_ROW)
		*out = db_col_i64(q, 0);
	db_done(q);
	return r == DB_ROW ? 0 : -1;
}

int events_new(struct readers *readers, size_t ring, struct events **out, struct err *err)
{
	struct events *e = calloc(1, sizeof *e);

	if (!e)
		return err_nomem(err);
	e->readers = readers;
	buf_init(&e->staged_data, SIZE_MAX / 2);
	if (readers) {
		struct db *db = readers_get(readers, err);
		if (!db || newest(db, &e->committed, err)) {
			free(e);
			return -1;
		}
		e->numbered = true;
		e->shared = db_dialect(db) == DB_POSTGRES;
	}
	if (ring_init(&e->ring, ring ? ring : 1, e->committed, err)) {
		free(e);
		return -1;
	}
	pthread_mutex_init(&e->lock, NULL);
	pthread_mutex_init(&e->follow_lock, NULL);
	*out = e;
	return 0;
}

void events_free(struct events **ep)
{
	struct events *e = *ep;

	if (!e)
		return;
	ring_release(&e->ring);
	pthread_mutex_destroy(&e->lock);
	pthread_mutex_destroy(&e->follow_lock);
	free(e->staged);
	buf_free(&e->staged_data);
	free(e);
	*ep = NULL;
}

static void unstage(struct events *e)
{
	e->staged_n = e->written = 0;
	buf_reset(&e->staged_data);
}

/* What others have written since our last turn may concern anybody. */
static int begin_turn(void *arg, struct db *db, struct err *err)
{
	struct events *e = arg;
	int64_t last;

	unstage(e);
	if (!e->shared)
		return 0;
	if (newest(db, &last, err))
		return -1;
	if (last != e->committed) {
		e->committed = last;
		e->upset++;
		atomic_store(&e->news, true);
	}
	return 0;
}

/* What was remembered of the batch may not be true. */
static void roll_back(void *arg)
{
	struct events *e = arg;

	e->upset++;
	unstage(e);
}

static void wake_followers(struct events *e)
{
	pthread_mutex_lock(&e->follow_lock);
	for (struct events_follower *f = e->followers; f; f = f->next)
		f->wake(f->arg);
	pthread_mutex_unlock(&e->follow_lock);
}

static void publish(void *arg)
{
	struct events *e = arg;

	if (e->staged_n == 0)
		return;
	pthread_mutex_lock(&e->lock);
	for (size_t i = 0; i < e->staged_n; i++) {
		struct event ev = e->staged[i].ev;
		ev.data.p = e->staged_data.p + e->staged[i].data_at;
		if (ev.seq > e->ring.last) /* else events_poll was quicker, and the table has it */
			ring_put(&e->ring, &ev);
	}
	pthread_mutex_unlock(&e->lock);
	e->committed += (int64_t)e->staged_n;
	unstage(e);
	wake_followers(e);
}

int events_poll(struct events *e, struct err *err)
{
	struct db *db = e->shared ? readers_get(e->readers, err) : NULL;
	int64_t last;
	bool more;

	if (!db)
		return e->shared ? -1 : 0;
	if (newest(db, &last, err))
		return -1;
	pthread_mutex_lock(&e->lock);
	more = last > e->ring.last;
	if (more)
		ring_skip(&e->ring, last);
	pthread_mutex_unlock(&e->lock);
	if (more)
		wake_followers(e);
	return atomic_exchange(&e->news, false) || more;
}

/* ---- to the table, at the end of the batch: many rows of one statement cost half of as many statements */

static void bind_row(struct stmt *q, int at, const struct events *e, size_t k)
{
	const struct event *ev = &e->staged[k].ev;

	db_bind_i64(q, at, ev->seq);
	db_bind_i64(q, at + 1, ev->at);
	db_bind_text(q, at + 2, ev->type);
	db_bind_uuid(q, at + 3, &ev->customer);
	db_bind_uuid(q, at + 4, &ev->conversation);
	db_bind_uuid(q, at + 5, &ev->interaction);
	db_bind_i64(q, at + 6, ev->channel);
	db_bind_str(q, at + 7, str_n(e->staged_data.p + e->staged[k].data_at, ev->data.n));
}

#define INSERT "INSERT INTO event (seq, at, type, customer_id, conversation_id, interaction_id, channel, data) VALUES "

static int insert_one(struct events *e, struct db *db, size_t k, struct err *err)
{
	struct stmt *q = db_query(db, INSERT "($1, $2, $3, $4, $5, $6, $7, $8)");

	bind_row(q, 1, e, k);
	return db_run(q, err);
}

/* ROWS of them, from k on. */
static int insert_many(struct events *e, struct db *db, size_t k, struct err *err)
{
	struct stmt *q = db_query(db, INSERT "($1, $2, $3, $4, $5, $6, $7, $8), "
					     "($9, $10, $11, $12, $13, $14, $15, $16), "
					     "($17, $18, $19, $20, $21, $22, $23, $24), "
					     "($25, $26, $27, $28, $29, $30, $31, $32), "
					     "($33, $34, $35, $36, $37, $38, $39, $40), "
					     "($41, $42, $43, $44, $45, $46, $47, $48), "
					     "($49, $50, $51, $52, $53, $54, $55, $56), "
					     "($57, $58, $59, $60, $61, $62, $63, $64)");

	for (int i = 0; i < ROWS; i++)
		bind_row(q, 1 + i * COLUMNS, e, k + (size_t)i);
	return db_run(q, err);
}

#undef INSERT

static int write_staged(void *arg, struct db *db, struct err *err)
{
	struct events *e = arg;

	for (; e->staged_n - e->written >= ROWS; e->written += ROWS)
		if (insert_many(e, db, e->written, err))
			return -1;
	for (; e->written < e->staged_n; e->written++)
		if (insert_one(e, db, e->written, err))
			return -1;
	return 0;
}

struct writer_hooks events_hooks(struct events *e)
{
	return (struct writer_hooks){.began = begin_turn,
				     .committing = write_staged,
				     .committed = publish,
				     .rolled_back = roll_back,
				     .arg = e};
}

static int stage(struct events *e, const struct event *ev, struct err *err)
{
	if (e->staged_n == e->staged_cap) {
		size_t cap = e->staged_cap ? 2 * e->staged_cap : 256;
		struct staged *more = realloc(e->staged, cap * sizeof *more);
		if (!more)
			return err_nomem(err);
		e->staged = more;
		e->staged_cap = cap;
	}
	e->staged[e->staged_n] = (struct staged){*ev, e->staged_data.n};
	buf_addstr(&e->staged_data, ev->data);
	if (e->staged_data.failed)
		return err_nomem(err);
	e->staged_n++;
	return 0;
}

static size_t customer_slot(const struct uuid *customer)
{
	uint32_t w;

	memcpy(&w, customer->b + 8, sizeof w);
	return (w ^ customer->b[7]) % TOUCHED;
}

/* A merge or a contact point taken away concerns more than the customer it names. */
static void touch(struct events *e, const struct event *ev)
{
	static const char *const all[] = {"customer.merged", "customer.unmerged", "identity.removed"};

	if (strncmp(ev->type, "message.", 8) == 0 || strncmp(ev->type, "channel.", 8) == 0)
		return;
	e->touched[customer_slot(&ev->customer)]++;
	for (size_t k = 0; k < sizeof all / sizeof *all; k++)
		e->upset += strcmp(ev->type, all[k]) == 0;
	e->upset += uuid_is_nil(&ev->customer);
}

uint64_t events_touched(const struct events *e, const struct uuid *customer)
{
	return (uint64_t)e->upset << 32 | e->touched[customer_slot(customer)];
}

int event_append(struct events *e, struct db *db, struct event *ev, struct err *err)
{
	if (ev->data.n > EVENT_DATA_MAX)
		return err_set(err, ERR_INTERNAL, "event_too_large", NULL, "%s carries %zu bytes", ev->type,
			       ev->data.n);
	if (!e->numbered) {
		if (newest(db, &e->committed, err))
			return -1;
		e->numbered = true;
	}
	touch(e, ev);
	ev->seq = e->committed + (int64_t)e->staged_n + 1;
	return stage(e, ev, err);
}

void event_flash(struct events *e, const struct event *ev)
{
	struct event flash = *ev;

	flash.seq = 0;
	pthread_mutex_lock(&e->follow_lock);
	for (struct events_follower *f = e->followers; f; f = f->next)
		if (f->flash)
			f->flash(f->arg, &flash);
	pthread_mutex_unlock(&e->follow_lock);
}

void events_follow(struct events *e, struct events_follower *f)
{
	pthread_mutex_lock(&e->follow_lock);
	f->next = e->followers;
	e->followers = f;
	pthread_mutex_unlock(&e->follow_lock);
}

void events_unfollow(struct events *e, struct events_follower *f)
{
	pthread_mutex_lock(&e->follow_lock);
	for (struct events_follower **at = &e->followers; *at; at = &(*at)->next)
		if (*at == f) {
			*at = f->next;
			break;
		}
	pthread_mutex_unlock(&e->follow_lock);
}

static bool type_matches(const char *const *types, const char *type)
{
	if (!types)
		return true;
	for (; *types; types++)
		if (strncmp(type, *types, strlen(*types)) == 0)
			return true;
	return false;
}

static bool customer_matches(const struct event_filter *f, const struct uuid *customer)
{
	for (size_t i = 0; i < f->customers_n; i++)
		if (uuid_eq(&f->customers[i], customer))
			return true;
	return f->customers_n == 0;
}

bool event_matches(const struct event_filter *f, const struct event *ev)
{
	if (!f)
		return true;
	return (f->channel == CHANNEL_NONE || f->channel == ev->channel) &&
	       (uuid_is_nil(&f->conversation) || uuid_eq(&f->conversation, &ev->conversation)) &&
	       customer_matches(f, &ev->customer) && type_matches(f->types, ev->type) &&
	       (!f->about[0] ||
		(ev->data.n >= strlen(f->about) && memcmp(ev->data.p, f->about, strlen(f->about)) == 0));
}

int64_t events_last(struct events *e)
{
	int64_t last;

	pthread_mutex_lock(&e->lock);
	last = e->ring.last;
	pthread_mutex_unlock(&e->lock);
	return last;
}

static int expired(int64_t after, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "cursor_expired", NULL, "the events after %lld are not kept any more",
		       (long long)after);
}

/* `after` is the last event its reader knows; the next one must still be there. */
static int check_kept(struct db *db, int64_t after, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT MIN(seq) FROM event");
	int r = db_step(q, err);
	bool gone = r == DB_ROW && (db_col_null(q, 0) || db_col_i64(q, 0) > after + 1);

	db_done(q);
	if (r != DB_ROW)
		return -1;
	return gone ? expired(after, err) : 0;
}

static void row(struct stmt *q, struct event *ev, char type[64])
{
	struct str t = db_col_str(q, 2);
	size_t n = t.n < 63 ? t.n : 63;

	memcpy(type, t.p, n);
	type[n] = 0;
	*ev = (struct event){.seq = db_col_i64(q, 0), .at = db_col_i64(q, 1), .type = type};
	db_col_uuid(q, 3, &ev->customer);
	db_col_uuid(q, 4, &ev->conversation);
	db_col_uuid(q, 5, &ev->interaction);
	ev->channel = (enum channel)db_col_i64(q, 6);
	ev->data = db_col_str(q, 7);
}

static int64_t table_read(struct db *db, int64_t after, const struct event_filter *f, size_t most, int *rows,
			  struct chunk *out, struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT seq, at, type, customer_id, conversation_id, interaction_id, channel, data"
			     " FROM event WHERE seq > $1 ORDER BY seq LIMIT $2");
	struct event ev;
	char type[64];
	int r = DB_END;

	db_bind_i64(q, 1, after);
	db_bind_i64(q, 2, *rows);
	while (out->n < most && (r = db_step(q, err)) == DB_ROW) {
		row(q, &ev, type);
		if (event_matches(f, &ev) && !chunk_add(out, &ev, false))
			break;
		after = ev.seq;
		--*rows;
	}
	db_done(q);
	return r == DB_ERROR ? -1 : after;
}

/* A follower that comes from another gateway may know more than we do. */
static int check_future(struct events *e, struct db *db, int64_t after, int64_t last, struct err *err)
{
	if (after > last && e->shared && newest(db, &last, err))
		return -1;
	return after > last ? expired(after, err) : 0;
}

/* One chunk from wherever it is. Returns the seq reached, or -1. */
static int64_t read_chunk(struct events *e, int64_t after, const struct event_filter *f, size_t most, int *rows,
			  struct chunk *out, struct err *err)
{
	struct db *db;
	int64_t last;

	pthread_mutex_lock(&e->lock);
	last = e->ring.last;
	if (after <= last && after + 1 >= e->ring.first) {
		after = ring_read(&e->ring, after, f, most, out);
		pthread_mutex_unlock(&e->lock);
		return after;
	}
	pthread_mutex_unlock(&e->lock);
	db = e->readers ? readers_get(e->readers, err) : NULL;
	if (!db)
		return e->readers ? -1 : expired(after, err);
	if (check_future(e, db, after, last, err) || (*rows == TABLE_ROWS && check_kept(db, after, err)))
		return -1;
	return table_read(db, after, f, most, rows, out, err);
}

int64_t events_read(struct events *e, int64_t after, const struct event_filter *f, int most,
		    void (*fn)(void *arg, const struct event *ev), void *arg, struct err *err)
{
	struct chunk *c = malloc(sizeof *c);
	int64_t begin = after;
	int rows = TABLE_ROWS;

	if (!c)
		return err_nomem(err);
	while (most > 0 && rows > 0) {
		int64_t from = after;
		size_t want = most < CHUNK_EVENTS ? (size_t)most : CHUNK_EVENTS;
		c->n = c->used = 0;
		after = read_chunk(e, from, f, want, &rows, c, err);
		if (after < 0) {
			after = from > begin ? from : -1; /* what was given is given: the error comes with the next call */
			break;
		}
		for (size_t i = 0; i < c->n; i++)
			fn(arg, &c->ev[i]);
		most -= (int)c->n;
		if (after == from)
			break;
	}
	free(c);
	return after;
}

void event_json(struct json_out *j, const struct event *ev)
{
	json_obj(j, NULL);
	json_int(j, "seq", ev->seq);
	json_time(j, "at", ev->at);
	json_cstr(j, "type", ev->type);
	json_uuid(j, "customer_id", &ev->customer);
	json_uuid(j, "conversation_id", &ev->conversation);
	json_uuid(j, "interaction_id", &ev->interaction);
	json_cstr(j, "channel", ev->channel == CHANNEL_NONE ? NULL : channel_word(ev->channel));
	json_raw(j, "data", ev->data.n ? ev->data : STR("{}"));
	json_end(j);
}

/* The first event at or after seq. */
static int event_at(struct db *db, int64_t seq, int64_t *found, int64_t *at, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT seq, at FROM event WHERE seq >= $1 ORDER BY seq LIMIT 1");
	int r;

	db_bind_i64(q, 1, seq);
	r = db_step(q, err);
	if (r == DB_ROW) {
		*found = db_col_i64(q, 0);
		*at = db_col_i64(q, 1);
	}
	db_done(q);
	return r;
}

/* Time grows with seq, so what is too old ends at a seq that bisection finds without an index on time. */
int events_trim(struct db *db, int64_t before, struct err *err)
{
	int64_t low, high, at, found;
	struct stmt *q;
	int r = event_at(db, 0, &low, &at, err);

	if (r != DB_ROW || at >= before)
		return r == DB_ERROR ? -1 : 0;
	if (newest(db, &high, err))
		return -1;
	if (high - low > TRIM_ROWS)
		high = low + TRIM_ROWS;
	while (low < high) {
		int64_t middle = low + (high - low) / 2;
		if (event_at(db, middle, &found, &at, err) == DB_ERROR)
			return -1;
		if (at < before)
			low = middle + 1;
		else
			high = middle;
	}
	q = db_query(db, "DELETE FROM event WHERE seq < $1 AND at < $2");
	db_bind_i64(q, 1, low);
	db_bind_i64(q, 2, before);
	return db_run(q, err) ? -1 : (int)db_changes(db);
}
