#include "campaign/campaign.h"

#include <stdio.h>

#include "campaign/eligible.h"
#include "campaign/private.h"
#include "outbound/template.h"

#define COLUMNS                                                                                                \
	"id, name, definition, state, reason, author, start_at, started_at, finished_at, version, created_at," \
	" updated_at, exhausted, position, taking_back, learning_off"

const char *campaign_state_word(enum campaign_state s)
{
	static const char *const words[] = {"draft", "scheduled", "running", "paused", "done", "cancelled"};
	return (unsigned)s < CAMPAIGN_STATES ? words[s] : "unknown";
}

const char *share_word(enum share s)
{
	static const char *const words[] = {"queued",	   "deferred",	"held_out", "refused",
					    "unreachable", "withdrawn", "cancelled"};
	return (unsigned)s < SHARE_COUNT ? words[s] : "unknown";
}

/* ---- checking against the store ---- */

static int template_there(struct db *db, struct str name, int version, const char *field, struct err *err)
{
	int published;

	if (version == 0 && template_published(db, name, &published, err)) {
		snprintf(err->field, sizeof err->field, "%s", field);
		return -1;
	}
	return 0;
}

static int offer_there(struct db *db, const struct uuid *id, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT 1 FROM offer WHERE id = $1");
	int r;

	db_bind_uuid(q, 1, id);
	r = db_step(q, err);
	db_done(q);
	if (r == DB_END)
		return err_set(err, ERR_SEMANTIC, "offer_unknown", "/offer_id", "there is no such offer");
	return r == DB_ROW ? 0 : -1;
}

static int check(struct db *db, const struct plan *p, struct err *err)
{
	if (template_there(db, p->template, p->version, "/template/name", err) ||
	    (!uuid_is_nil(&p->offer) && offer_there(db, &p->offer, err)) || eligible_check(db, p->segment, err))
		return -1;
	for (int k = 0; k < p->learning.segments_n; k++)
		if (eligible_check(db, p->learning.segments[k], err))
			return -1;
	for (int k = 0; k < p->n; k++)
		if (p->v[k].template.n && template_there(db, p->v[k].template, 0, "/variants", err))
			return -1;
	return 0;
}

/* ---- the list ---- */

static int put_members(struct db *db, const struct uuid *id, const struct uuid *customers, size_t n, struct err *err)
{
	struct uuid survivor;
	struct stmt *q = db_query(db, "DELETE FROM campaign_member WHERE campaign_id = $1");

	db_bind_uuid(q, 1, id);
	if (db_run(q, err))
		return -1;
	for (size_t k = 0; k < n; k++) {
		if (identity_survivor(db, &customers[k], &survivor, err))
			return -1;
		q = db_query(db, "INSERT INTO campaign_member (campaign_id, customer_id, bucket) VALUES ($1, $2, $3)"
				 " ON CONFLICT (campaign_id, customer_id, bucket) DO NOTHING");
		db_bind_uuid(q, 1, id);
		db_bind_uuid(q, 2, &survivor);
		db_bind_i64(q, 3, bucket_of(&survivor));
		if (db_run(q, err))
			return -1;
	}
	return 0;
}

/* ---- writing ---- */

int campaign_create(struct db *db, struct str name, struct str definition, const struct plan *p,
		    const struct uuid *customers, size_t n, const char *author, int64_t now, struct uuid *id,
		    struct err *err)
{
	struct stmt *q;

	if (name.n == 0 || name.n > CAMPAIGN_NAME_MAX)
		return err_set(err, ERR_SEMANTIC, "name_invalid", "/name", "a name of 1 to %d bytes",
			       CAMPAIGN_NAME_MAX);
	if (check(db, p, err))
		return -1;
	*id = uuid7(now);
	q = db_query(db, "INSERT INTO campaign (id, name, definition, state, author, start_at, created_at, updated_at)"
			 " VALUES ($1, $2, $3, 0, $4, $5, $6, $6) ON CONFLICT (name) DO NOTHING");
	db_bind_uuid(q, 1, id);
	db_bind_str(q, 2, name);
	db_bind_str(q, 3, definition);
	db_bind_text(q, 4, author);
	db_bind_i64(q, 5, p->start_at);
	db_bind_i64(q, 6, now);
	if (db_run(q, err))
		return -1;
	if (!db_changes(db))
		return err_set(err, ERR_CONFLICT, "name_taken", "/name", "another campaign has this name");
	return put_members(db, id, customers, n, err);
}

static int begun(struct err *err)
{
	return err_set(err, ERR_CONFLICT, "campaign_begun", NULL, "the campaign is no draft any more");
}

int campaign_update(struct db *db, const struct uuid *id, struct str definition, const struct plan *p,
		    const struct uuid *customers, size_t n, int64_t if_version, int64_t now, struct err *err)
{
	struct stmt *q;

	if (check(db, p, err))
		return -1;
	q = db_query(db, "UPDATE campaign SET definition = $1, start_at = $2, version = version + 1, updated_at = $3"
			 " WHERE id = $4 AND state = 0 AND ($5 = 0 OR version = $5)");
	db_bind_str(q, 1, definition);
	db_bind_i64(q, 2, p->start_at);
	db_bind_i64(q, 3, now);
	db_bind_uuid(q, 4, id);
	db_bind_i64(q, 5, if_version);
	if (db_run(q, err))
		return -1;
	if (!db_changes(db))
		return if_version ? err_set(err, ERR_PRECONDITION, "version_mismatch", NULL,
					    "the campaign has changed meanwhile")
				  : begun(err);
	return customers || !p->listed ? put_members(db, id, customers, n, err) : 0;
}

int campaign_delete(struct db *db, const struct uuid *id, struct err *err)
{
	struct stmt *q = db_query(db, "DELETE FROM campaign WHERE id = $1 AND state = 0");

	db_bind_uuid(q, 1, id);
	if (db_run(q, err))
		return -1;
	return db_changes(db) ? put_members(db, id, NULL, 0, err) : begun(err);
}

/* ---- reading ---- */

static int row(struct stmt *q, struct arena *a, struct campaign *c, struct err *err)
{
	*c = (struct campaign){.name = arena_str(a, db_col_str(q, 1)),
			       .definition = arena_str(a, db_col_str(q, 2)),
			       .state = (enum campaign_state)db_col_i64(q, 3),
			       .reason = arena_str(a, db_col_str(q, 4)),
			       .author = arena_str(a, db_col_str(q, 5)),
			       .start_at = db_col_i64(q, 6),
			       .started_at = db_col_i64(q, 7),
			       .finished_at = db_col_i64(q, 8),
			       .version = db_col_i64(q, 9),
			       .created_at = db_col_i64(q, 10),
			       .updated_at = db_col_i64(q, 11),
			       .exhausted = db_col_i64(q, 12) != 0,
			       .taking_back = db_col_i64(q, 14) != 0,
			       .learning_off = db_col_i64(q, 15) != 0};
	db_col_uuid(q, 0, &c->id);
	db_col_uuid(q, 13, &c->position);
	return c->name.p && c->definition.p && c->reason.p && c->author.p ? 0 : err_nomem(err);
}

int campaign_get(struct db *db, const struct uuid *id, struct arena *a, struct campaign *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT " COLUMNS " FROM campaign WHERE id = $1");
	int r;

	db_bind_uuid(q, 1, id);
	r = db_step(q, err);
	if (r == DB_ROW && row(q, a, out, err))
		r = DB_ERROR;
	db_done(q);
	if (r == DB_END)
		return err_set(err, ERR_NOT_FOUND, "campaign_not_found", NULL, "there is no such campaign");
	return r == DB_ROW ? 0 : -1;
}

/* The definition's members as they were given, among our own. */
void campaign_json(struct json_out *j, const char *key, const struct campaign *c)
{
	json_t *d = NULL, *v;
	const char *name;

	json_obj(j, key);
	json_uuid(j, "id", &c->id);
	json_str(j, "name", c->name);
	json_cstr(j, "state", campaign_state_word(c->state));
	if (c->reason.n)
		json_str(j, "reason", c->reason);
	if (json_read(c->definition, 14, &d, NULL))
		d = NULL;
	json_object_foreach (d, name, v) {
		json_value(j, name, v);
	}
	json_decref(d);
	json_str(j, "author", c->author);
	json_time(j, "started_at", c->started_at);
	json_time(j, "finished_at", c->finished_at);
	json_int(j, "version", c->version);
	json_time(j, "created_at", c->created_at);
	json_time(j, "updated_at", c->updated_at);
	json_end(j);
}

int campaign_list_json(struct db *db, struct json_out *j, const struct uuid *before, int limit, struct arena *a,
		       struct uuid *last, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT " COLUMNS " FROM campaign WHERE id < $1 ORDER BY id DESC LIMIT $2");
	struct campaign c;
	struct uuid top;
	int r, n = 0;

	memset(top.b, 0xff, sizeof top.b);
	db_bind_uuid(q, 1, uuid_is_nil(before) ? &top : before);
	db_bind_i64(q, 2, limit);
	while ((r = db_step(q, err)) == DB_ROW) {
		if (row(q, a, &c, err)) {
			r = DB_ERROR;
			break;
		}
		campaign_json(j, NULL, &c);
		*last = c.id;
		n++;
	}
	db_done(q);
	return r == DB_END ? n : -1;
}
