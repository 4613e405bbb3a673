/*
 * What goes on: begun, not ended. A row for each, in the transaction that wrote its interaction. At start-up nothing goes on,
 * so what is still there was cut off by a crash: it is closed, and says so.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "events/events.h"
#include "intake/intake.h"
#include "intake/stages.h"

enum { CLOSED_AT_ONCE = 500, MEMORY = 16 << 20 };

static const char reason[] = "the gateway stopped";

int ongoing_begin(struct pass *p, const struct uuid *id)
{
	struct stmt *q = db_query(p->db, "INSERT INTO interaction_ongoing (interaction_id, at) VALUES ($1, $2)");

	db_bind_uuid(q, 1, id);
	db_bind_i64(q, 2, p->now);
	return db_run(q, p->err);
}

int ongoing_is(struct pass *p, const struct uuid *id)
{
	struct stmt *q = db_query(p->db, "SELECT at FROM interaction_ongoing WHERE interaction_id = $1");
	int r;

	db_bind_uuid(q, 1, id);
	r = db_step(q, p->err);
	db_done(q);
	return r == DB_ERROR ? -1 : r == DB_ROW;
}

int ongoing_end(struct pass *p, const struct uuid *id)
{
	struct stmt *q = db_query(p->db, "DELETE FROM interaction_ongoing WHERE interaction_id = $1");

	db_bind_uuid(q, 1, id);
	return db_run(q, p->err);
}

/* ---- after a crash */

struct recovery {
	struct write_job w;
	char account[80]; /* of which; empty: of all */
	struct intake *k;
	struct arena *arena;
	int64_t before; /* what begins meanwhile goes on */
	size_t closed;
	bool more;
};

/* "Call, in progress" and what was told of it so far. */
static struct str cut_text(struct arena *a, struct str text)
{
	static const char going[] = ", in progress";
	const char *nl = memchr(text.p, '\n', text.n);
	size_t line = nl ? (size_t)(nl - text.p) : text.n, n = sizeof going - 1;
	size_t keep = line >= n && memcmp(text.p + line - n, going, n) == 0 ? line - n : line;

	return str_of(arena_printf(a, "%.*s, cut off: %s%.*s", (int)keep, text.p, reason, (int)(text.n - line),
				   text.p + line));
}

static struct str cut_metadata(struct arena *a, struct str metadata)
{
	json_t *all = NULL, *call;
	struct str out = metadata;
	char *text;

	if (json_read(metadata, 16, &all, NULL))
		return out;
	call = json_object_get(all, "call");
	if (json_is_object(call) && json_object_set_new(call, "state", json_string("ended")) == 0 &&
	    json_object_set_new(call, "ended_by", json_string("gateway")) == 0 &&
	    json_object_set_new(call, "reason", json_string(reason)) == 0 && (text = json_dumps(all, JSON_COMPACT))) {
		out = arena_str(a, str_of(text));
		free(text);
	}
	json_decref(all);
	return out;
}

static int tell(struct pass *p, const struct interaction *i)
{
	struct event ev = {.at = p->now,
			   .type = "interaction.added",
			   .conversation = i->conversation,
			   .interaction = i->id,
			   .channel = i->channel,
			   .data = STR("{\"kind\":\"call\"}")};

	return identity_survivor(p->db, &i->customer, &ev.customer, p->err) ||
			       event_append(p->k->events, p->db, &ev, p->err)
		       ? -1
		       : 0;
}

static int close_one(struct pass *p, const struct uuid *id)
{
	struct interaction i;

	if (interaction_get(p->db, id, p->arena, &i, p->err)) {
		if (p->err->kind != ERR_NOT_FOUND)
			return -1;
		*p->err = (struct err){0}; /* erased meanwhile */
		return ongoing_end(p, id);
	}
	i.content = cut_text(p->arena, i.content);
	i.metadata = cut_metadata(p->arena, i.metadata);
	if (!i.content.n || !i.metadata.p)
		return err_nomem(p->err);
	return interaction_complete(p->db, &i, p->err) || ongoing_end(p, id) || tell(p, &i) ? -1 : 0;
}

static int recovery_run(struct write_job *w, struct db *db, int64_t now, struct err *err)
{
	struct recovery *r = (struct recovery *)w;
	struct pass p = {.k = r->k, .db = db, .arena = r->arena, .now = now, .err = err};
	struct uuid id[CLOSED_AT_ONCE];
	struct stmt *q = db_query(db, "SELECT o.interaction_id FROM interaction_ongoing o WHERE o.at < $2 AND"
				      " ($3 = '' OR EXISTS (SELECT 1 FROM interaction i WHERE i.id = o.interaction_id"
				      " AND i.account = $3)) ORDER BY o.interaction_id LIMIT $1");
	size_t n = 0;
	int step;

	db_bind_i64(q, 1, CLOSED_AT_ONCE);
	db_bind_i64(q, 2, r->before);
	db_bind_text(q, 3, r->account);
	while ((step = db_step(q, err)) == DB_ROW && n < CLOSED_AT_ONCE)
		db_col_uuid(q, 0, &id[n++]);
	db_done(q);
	if (step == DB_ERROR)
		return -1;
	for (size_t k = 0; k < n; k++) {
		arena_reset(r->arena);
		if (close_one(&p, &id[k]))
			return -1;
	}
	r->closed = n;
	r->more = n == CLOSED_AT_ONCE;
	return 0;
}

static void recovery_done(struct write_job *w, const struct err *err)
{
	struct recovery *r = (struct recovery *)w;

	if (err)
		log_error("intake.recovery_failed", "reason", err->msg, LOG_END);
	else if (r->closed)
		log_warn("intake.cut_off", "reason", reason, "closed", r->more ? "500 and more" : "all", LOG_END);
	if (!err && r->more && writer_submit(r->k->writer, &r->w, NULL) == 0)
		return;
	arena_free(&r->arena);
	free(r);
}

int intake_recover(struct intake *i, const char *account, struct err *err)
{
	struct recovery *r = calloc(1, sizeof *r);

	if (!r)
		return err_nomem(err);
	*r = (struct recovery){.w = {.run = recovery_run, .done = recovery_done},
			       .k = i,
			       .before = clock_now(),
			       .arena = arena_new(MEMORY)};
	snprintf(r->account, sizeof r->account, "%s", account ? account : "");
	if (r->arena && writer_submit(i->writer, &r->w, err) == 0)
		return 0;
	if (!r->arena)
		err_nomem(err);
	arena_free(&r->arena);
	free(r);
	return -1;
}
