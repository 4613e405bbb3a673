#include "timeline/search_index.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "customer/contact.h"
#include "customer/identity.h"
#include "store/fulltext.h"

enum { EVENTS_AT_ONCE = 2000, TEXTS_AT_ONCE = 500, CONTACTS_MAX = 16 };
#define LOOK_EVERY (500 * US_MS)
#define AFTER_FAILURE (5 * US_SEC)
#define PATIENCE (20 * US_SEC) /* under a load that never pauses the index lags, but never stands still */

struct search_index {
	struct write_job job;
	struct writer *writer;
	struct events *events;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool stopping, under_way, failed, more;
	int64_t seen; /* events_last when the last complete step began */
};

/* ---- one step */

enum subject { NOTHING, CUSTOMER, INTERACTION };

/* The first event of an interaction tells that it is there; later ones tell of its status only. Which of these comes first
 * depends on the message, and the index takes none twice. */
static enum subject subject_of(struct str type)
{
	static const struct {
		const char *type;
		enum subject s;
	} table[] = {{"message.received", INTERACTION},	 {"message.queued", INTERACTION},
		     {"message.accepted", INTERACTION},	 {"message.suppressed", INTERACTION},
		     {"interaction.added", INTERACTION}, {"customer.created", CUSTOMER},
		     {"customer.updated", CUSTOMER},	 {"identity.added", CUSTOMER}};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (str_is(type, table[i].type))
			return table[i].s;
	return NOTHING;
}

struct todo {
	struct uuid id;
	enum subject s;
};

struct step {
	struct db *db;
	struct todo *v;
	size_t n;
	int64_t from, to;
	int rows;
	struct arena *arena;
	struct buf text;
	struct err *err;
};

static int cursor_get(struct db *db, int64_t *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT seq FROM cursor WHERE name = 'search'");
	int r = db_step(q, err);

	*out = r == DB_ROW ? db_col_i64(q, 0) : 0;
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

static int cursor_set(struct db *db, int64_t seq, struct err *err)
{
	struct stmt *q = db_query(db, "INSERT INTO cursor (name, seq) VALUES ('search', $1)"
				      " ON CONFLICT (name) DO UPDATE SET seq = excluded.seq");
	db_bind_i64(q, 1, seq);
	return db_run(q, err);
}

static void remember(struct step *s, enum subject subject, const struct uuid *id)
{
	if (uuid_is_nil(id))
		return;
	/* A customer made and given its addresses at once is read once, at the end. */
	for (size_t i = s->n; subject == CUSTOMER && i > 0; i--)
		if (s->v[i - 1].s == CUSTOMER && uuid_eq(&s->v[i - 1].id, id))
			return;
	s->v[s->n++] = (struct todo){*id, subject};
}

static int read_events(struct step *s)
{
	struct stmt *q = db_query(
		s->db, "SELECT seq, type, customer_id, interaction_id FROM event WHERE seq > $1 ORDER BY seq LIMIT $2");
	struct uuid id;
	int r = DB_END;

	db_bind_i64(q, 1, s->from);
	db_bind_i64(q, 2, EVENTS_AT_ONCE);
	while (s->n < TEXTS_AT_ONCE && (r = db_step(q, s->err)) == DB_ROW) {
		enum subject subject = subject_of(db_col_str(q, 1));
		s->to = db_col_i64(q, 0);
		s->rows++;
		if (subject == NOTHING)
			continue;
		db_col_uuid(q, subject == CUSTOMER ? 2 : 3, &id);
		remember(s, subject, &id);
	}
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

static void add_text(struct step *s, struct str t)
{
	if (t.n == 0)
		return;
	if (s->text.n)
		buf_addc(&s->text, '\n');
	buf_addstr(&s->text, t);
}

/* 1 added, 0 nothing to add, -1 error. */
static int add_interaction(struct step *s, const struct uuid *id)
{
	struct stmt *q = db_query(s->db, "SELECT customer_id, at, subject, content FROM interaction WHERE id = $1");
	struct uuid customer;
	int64_t at = 0;
	int r;

	db_bind_uuid(q, 1, id);
	r = db_step(q, s->err);
	if (r == DB_ROW) {
		db_col_uuid(q, 0, &customer);
		at = db_col_i64(q, 1);
		add_text(s, db_col_str(q, 2));
		add_text(s, db_col_str(q, 3));
	}
	db_done(q);
	if (r != DB_ROW || s->text.n == 0)
		return r == DB_ERROR ? -1 : 0;
	return fulltext_add(s->db, FULLTEXT_INTERACTION, &customer, id, at, buf_str(&s->text), s->err) ? -1 : 1;
}

static void add_values(struct step *s, const json_t *v)
{
	const char *key;
	json_t *inner;
	size_t i;

	if (json_is_string(v))
		add_text(s, str_n(json_string_value(v), json_string_length(v)));
	json_object_foreach ((json_t *)v, key, inner) {
		add_values(s, inner);
	}
	json_array_foreach (v, i, inner) {
		add_values(s, inner);
	}
}

/* Who has no name yet is found by the address alone, which needs no index of words. */
static int add_customer(struct step *s, const struct uuid *id)
{
	struct contact contacts[CONTACTS_MAX];
	struct err e = {0};
	struct customer c;
	json_t *attributes = NULL;
	int n;

	if (customer_get(s->db, id, s->arena, &c, &e)) {
		if (e.kind == ERR_NOT_FOUND)
			return 0;
		*s->err = e;
		return -1;
	}
	add_text(s, c.name);
	add_text(s, c.external_id);
	if (json_read(c.attributes, 32, &attributes, NULL) == 0) {
		add_values(s, attributes);
		json_decref(attributes);
	}
	if (s->text.n == 0)
		return 0;
	n = contact_list(s->db, id, 1, INT64_MAX - 1, contacts, CONTACTS_MAX, s->err);
	for (int i = 0; i < n; i++)
		if (contacts[i].address.scheme != SCHEME_VISITOR)
			add_text(s, str_of(contacts[i].address.value));
	if (n < 0)
		return -1;
	return fulltext_add(s->db, FULLTEXT_CUSTOMER, id, id, c.updated_at, buf_str(&s->text), s->err) ? -1 : 1;
}

static int add_all(struct step *s)
{
	int added = 0;

	for (size_t i = 0; i < s->n; i++) {
		int r;
		arena_reset(s->arena);
		buf_reset(&s->text);
		r = s->v[i].s == CUSTOMER ? add_customer(s, &s->v[i].id) : add_interaction(s, &s->v[i].id);
		if (r < 0)
			return -1;
		if (s->text.failed)
			return err_nomem(s->err);
		added += r;
	}
	return added;
}

int search_index_step(struct db *db, bool *more, struct err *err)
{
	struct err own = {0};
	struct step s = {.db = db, .err = err ? err : &own};
	int added = -1;

	*more = false;
	buf_init(&s.text, 16 << 20);
	s.arena = arena_new(16 << 20);
	s.v = calloc(TEXTS_AT_ONCE, sizeof *s.v);
	if (!s.arena || !s.v)
		err_nomem(s.err);
	else if (cursor_get(db, &s.from, s.err) == 0 && read_events(&s) == 0)
		added = s.rows == 0 ? 0 : add_all(&s);
	if (added >= 0 && s.rows && cursor_set(db, s.to, s.err))
		added = -1;
	*more = s.rows == EVENTS_AT_ONCE || s.n == TEXTS_AT_ONCE;
	buf_free(&s.text);
	arena_free(&s.arena);
	free(s.v);
	return added;
}

int search_index_one(struct db *db, bool interaction, const struct uuid *id, struct err *err)
{
	struct todo todo = {*id, interaction ? INTERACTION : CUSTOMER};
	struct err own = {0};
	struct step s = {.db = db, .err = err ? err : &own, .v = &todo, .n = 1};
	int r;

	buf_init(&s.text, 16 << 20);
	s.arena = arena_new(16 << 20);
	r = s.arena ? add_all(&s) : err_nomem(s.err);
	buf_free(&s.text);
	arena_free(&s.arena);
	return r < 0 ? -1 : 0;
}

/* ---- the thread */

static struct search_index *of(struct write_job *j)
{
	return (struct search_index *)((char *)j - offsetof(struct search_index, job));
}

static int run(struct write_job *j, struct db *db, int64_t now, struct err *err)
{
	(void)now;
	return search_index_step(db, &of(j)->more, err) < 0 ? -1 : 0;
}

static void done(struct write_job *j, const struct err *err)
{
	struct search_index *s = of(j);

	pthread_mutex_lock(&s->lock);
	s->under_way = false;
	s->failed = err != NULL;
	pthread_cond_signal(&s->cond);
	pthread_mutex_unlock(&s->lock);
}

/* Called with the lock held. Returns how long to wait before the next look. */
static int64_t step_and_wait(struct search_index *s)
{
	int64_t last = events_last(s->events);

	if (last == s->seen)
		return LOOK_EVERY;
	s->under_way = true;
	if (writer_submit_idle(s->writer, &s->job, PATIENCE, NULL)) {
		s->under_way = false;
		return AFTER_FAILURE;
	}
	while (s->under_way)
		pthread_cond_wait(&s->cond, &s->lock);
	if (s->failed) {
		log_warn("search.index_failed", "reason", s->job.err.msg, LOG_END);
		return AFTER_FAILURE;
	}
	if (s->more)
		return 0;
	s->seen = last;
	return LOOK_EVERY;
}

static void pause_for(struct search_index *s, int64_t us)
{
	int64_t until = clock_mono() + us;
	struct timespec ts = {.tv_sec = until / US_SEC, .tv_nsec = until % US_SEC * 1000};

	while (us && !s->stopping && pthread_cond_timedwait(&s->cond, &s->lock, &ts) == 0)
		;
}

static void *main_(void *arg)
{
	struct search_index *s = arg;

	pthread_setname_np(pthread_self(), "search");
	pthread_mutex_lock(&s->lock);
	while (!s->stopping)
		pause_for(s, step_and_wait(s));
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static void release(struct search_index *s)
{
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->cond);
	free(s);
}

int search_index_start(struct writer *w, struct events *ev, struct search_index **out, struct err *err)
{
	struct search_index *s = calloc(1, sizeof *s);
	pthread_condattr_t attr;

	if (!s)
		return err_nomem(err);
	s->job = (struct write_job){.run = run, .done = done};
	s->writer = w;
	s->events = ev;
	s->seen = -1; /* what the last run left */
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->cond, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&s->thread, NULL, main_, s)) {
		release(s);
		return err_set(err, ERR_INTERNAL, "thread", NULL, "cannot start the search index's thread");
	}
	*out = s;
	return 0;
}

void search_index_stop(struct search_index **sp)
{
	struct search_index *s = *sp;

	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_signal(&s->cond);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	release(s);
	*sp = NULL;
}
