/*
 * What takes a disk or the store to answer: histories, attachments, and whose an address is. One thread for all accounts;
 * each question is a task on its loop, and its answer a task on the adapter's.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "channel/host_private.h"
#include "store/blob_row.h"

enum { MEMORY = 16 << 20, FILES_MAX = 32, BLOB_MAX = 256 << 20 };

#define OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

struct question {
	struct task task;
	void (*read)(struct question *q); /* on the reader's thread */
	void (*tell)(struct question *q); /* on the adapter's loop; NULL: nobody waits */
	struct host_account *a;
	struct arena *mem;
	struct err err;
	bool failed;
	union {
		struct {
			struct address who;
			struct uuid after;
			int limit;
			history_done *done;
			struct history_entry *v;
			size_t n;
			bool more;
		} history;
		struct {
			struct str bytes;
			struct attachment file;
			blob_done *done;
		} put;
		struct {
			char sha256[BLOB_NAME];
			struct buf bytes;
			blob_read_done *done;
		} get;
		struct {
			struct address who;
			enum signal_kind kind;
		} flash;
	} u;
	void *arg;
};

static void finish(struct question *q)
{
	struct host *h = q->a->h;

	arena_free(&q->mem);
	free(q);
	host_pending(h, -1);
}

static void on_tell(struct task *t)
{
	struct question *q = OF(t, struct question, task);

	q->tell(q);
	finish(q);
}

static void on_read(struct task *t)
{
	struct question *q = OF(t, struct question, task);

	if (!q->failed)
		q->read(q);
	if (!q->tell) {
		finish(q);
		return;
	}
	q->task.run = on_tell;
	loop_post(q->a->thread->loop, &q->task);
}

static struct question *question_new(struct host_account *a, void (*read)(struct question *),
				     void (*tell)(struct question *))
{
	struct question *q = calloc(1, sizeof *q);

	if (!q)
		return NULL;
	q->mem = arena_new(MEMORY);
	if (!q->mem) {
		free(q);
		return NULL;
	}
	q->task.run = on_read;
	q->read = read;
	q->tell = tell;
	q->a = a;
	return q;
}

static void ask(struct question *q)
{
	host_pending(q->a->h, 1);
	loop_post(q->a->h->reader.loop, &q->task);
}

static void fail(struct question *q, const char *what)
{
	q->failed = true;
	log_warn(what, "account", q->a->name, "reason", q->err.msg, LOG_END);
}

static const char *error_of(const struct question *q)
{
	return q->failed ? q->err.code[0] ? q->err.code : "error" : NULL;
}

/* ---- history ---- */

static struct str member(struct arena *mem, json_t *v, const char *key)
{
	json_t *s = json_object_get(v, key);
	return json_is_string(s) ? arena_str(mem, str_n(json_string_value(s), json_string_length(s))) : STR("");
}

static void read_files(struct question *q, struct history_entry *to, struct str json)
{
	struct attachment *v;
	json_t *tree, *f;
	size_t k, n;

	if (!json.n || json_read(json, 4, &tree, NULL))
		return;
	n = json_array_size(tree);
	v = arena_array(q->mem, struct attachment, n < FILES_MAX ? n : FILES_MAX);
	json_array_foreach (tree, k, f) {
		struct str sha = member(q->mem, f, "sha256");
		if (!v || k == FILES_MAX || sha.n != 64)
			break;
		memcpy(v[k].sha256, sha.p, 64);
		v[k].name = member(q->mem, f, "name");
		v[k].type = member(q->mem, f, "type");
		v[k].size = json_integer_value(json_object_get(f, "size"));
		to->attachments_n = k + 1;
	}
	to->attachments = v;
	json_decref(tree);
}

static void on_entry(void *arg, const struct interaction *i, enum status status)
{
	struct question *q = arg;
	struct history_entry *e;

	if (q->u.history.n >= (size_t)q->u.history.limit)
		return;
	e = &q->u.history.v[q->u.history.n];
	*e = (struct history_entry){.id = i->id, .direction = i->direction, .status = status, .at = i->at};
	e->text = arena_str(q->mem, i->content);
	e->author = arena_str(q->mem, i->author);
	if (!e->text.p || !e->author.p)
		return; /* out of memory: a shorter history */
	read_files(q, e, i->attachments);
	q->u.history.n++;
}

static void read_history(struct question *q)
{
	struct db *db = readers_get(q->a->h->c.readers, &q->err);

	q->u.history.v = arena_array(q->mem, struct history_entry, (size_t)q->u.history.limit);
	if (!q->u.history.v) {
		err_nomem(&q->err);
		fail(q, "channel.history_failed");
		return;
	}
	if (!db || timeline_contact(db, &q->u.history.who, &q->u.history.after, q->u.history.limit, on_entry, q,
				    &q->u.history.more, &q->err))
		fail(q, "channel.history_failed");
}

static void tell_history(struct question *q)
{
	q->u.history.done(q->arg, q->u.history.v, q->failed ? 0 : q->u.history.n, q->u.history.more, error_of(q));
}

void host_history(struct host_account *a, const struct address *who, const struct uuid *after, int limit,
		  history_done *done, void *arg)
{
	struct question *q = question_new(a, read_history, tell_history);

	if (!q) {
		done(arg, NULL, 0, false, "out_of_memory");
		return;
	}
	q->u.history.who = *who;
	if (after)
		q->u.history.after = *after;
	q->u.history.limit = limit < 1 ? 1 : limit > 1000 ? 1000 : limit;
	q->u.history.done = done;
	q->arg = arg;
	ask(q);
}

/* ---- attachments ---- */

static void put(struct question *q)
{
	if (blob_put(q->a->h->c.blobs, q->u.put.bytes, q->u.put.file.sha256, &q->err))
		fail(q, "channel.attachment_failed");
}

static void tell_put(struct question *q)
{
	q->u.put.done(q->arg, q->failed ? NULL : &q->u.put.file, error_of(q));
	free((char *)q->u.put.bytes.p);
}

void host_blob_put(struct host_account *a, struct str bytes, struct str name, struct str type, blob_done *done,
		   void *arg)
{
	struct host_config *c = &a->h->c;
	struct question *q;
	char *copy;

	if (c->blobs && bytes.n && bytes.n <= BLOB_ROW_MAX && bytes.n <= blobs_max(c->blobs) &&
	    host_small_put(a, bytes, name, type, done, arg) == 0)
		return;
	q = c->blobs ? question_new(a, put, tell_put) : NULL;
	copy = q ? malloc(bytes.n + 1) : NULL;
	if (!copy) {
		if (q)
			arena_free(&q->mem);
		free(q);
		done(arg, NULL, a->h->c.blobs ? "out_of_memory" : "attachments_off");
		return;
	}
	memcpy(copy, bytes.p, bytes.n);
	q->u.put.bytes = str_n(copy, bytes.n);
	q->u.put.file = (struct attachment){
		.name = arena_str(q->mem, name), .type = arena_str(q->mem, type), .size = (int64_t)bytes.n};
	q->u.put.done = done;
	q->arg = arg;
	ask(q);
}

static void get(struct question *q)
{
	buf_init(&q->u.get.bytes, BLOB_MAX);
	if (blob_load(q->a->h->c.blobs, readers_get(q->a->h->c.readers, NULL), q->u.get.sha256, &q->u.get.bytes,
		      &q->err))
		q->failed = true; /* a name from outside may be of nothing: not worth a line in the log */
}

static void tell_get(struct question *q)
{
	q->u.get.done(q->arg, buf_str(&q->u.get.bytes), error_of(q));
	buf_free(&q->u.get.bytes);
}

void host_blob_get(struct host_account *a, const char *sha256, blob_read_done *done, void *arg)
{
	struct question *q = a->h->c.blobs ? question_new(a, get, tell_get) : NULL;

	if (!q) {
		done(arg, STR(""), a->h->c.blobs ? "out_of_memory" : "attachment_not_found");
		return;
	}
	memcpy(q->u.get.sha256, sha256, strnlen(sha256, BLOB_NAME - 1));
	q->u.get.done = done;
	q->arg = arg;
	ask(q);
}

/* ---- typing, coming and going ---- */

static int latest_conversation(struct db *db, const struct uuid *customer, struct uuid *out)
{
	struct stmt *q =
		db_query(db, "SELECT id FROM conversation WHERE bucket = $1 AND customer_id = $2 AND state <> $3"
			     " ORDER BY updated_at DESC LIMIT 1");
	int r;

	db_bind_i64(q, 1, bucket_of(customer));
	db_bind_uuid(q, 2, customer);
	db_bind_i64(q, 3, CONVERSATION_CLOSED);
	r = db_step(q, NULL);
	if (r == DB_ROW)
		db_col_uuid(q, 0, out);
	db_done(q);
	return r;
}

static const char *flash_type(enum signal_kind k)
{
	switch (k) {
	case SIGNAL_ONLINE: return "chat.session_started";
	case SIGNAL_OFFLINE: return "chat.session_ended";
	default: return "chat.typing";
	}
}

static void flash(struct question *q)
{
	struct host *h = q->a->h;
	enum signal_kind k = q->u.flash.kind;
	struct event e = {.at = clock_now(), .type = flash_type(k), .channel = q->a->ops->channel};
	struct db *db = readers_get(h->c.readers, NULL);
	struct contact c;

	if (!db || contact_find(db, &q->u.flash.who, 0, &c, NULL) ||
	    identity_survivor(db, &c.customer, &e.customer, NULL))
		return;
	latest_conversation(db, &c.customer, &e.conversation);
	if (uuid_is_nil(&e.conversation))
		latest_conversation(db, &e.customer, &e.conversation);
	e.data = k == SIGNAL_TYPING ? STR("{\"from\":\"customer\",\"typing\":true}")
				    : STR("{\"from\":\"customer\",\"typing\":false}");
	event_flash(h->c.events, &e);
}

void host_flash(struct host_account *a, const struct address *who, enum signal_kind k)
{
	struct question *q = question_new(a, flash, NULL);

	if (!q)
		return; /* ephemeral */
	q->u.flash.who = *who;
	q->u.flash.kind = k;
	ask(q);
}
