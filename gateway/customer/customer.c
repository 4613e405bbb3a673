#include "customer/customer.h"

#include <stdlib.h>

#include "customer/private.h"

enum { ATTRIBUTES_MAX = 65536 };

int customer_event(struct db *db, struct events *ev, const char *type, const struct uuid *id, struct str data,
		   int64_t now, struct err *err)
{
	struct event e = {.at = now, .type = type, .customer = *id, .data = data};
	return event_append(ev, db, &e, err);
}

int customer_by_external_id(struct db *db, struct str external_id, struct uuid *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT customer_id FROM customer_ref WHERE external_id = $1");
	int r;

	db_bind_str(q, 1, external_id);
	r = db_step(q, err);
	if (r == DB_ROW)
		db_col_uuid(q, 0, out);
	db_done(q);
	if (r == DB_END)
		return err_set(err, ERR_NOT_FOUND, "customer_not_found", NULL, "no customer has this external id");
	return r == DB_ROW ? 0 : -1;
}

/* Refuses before anything is written. */
static int external_id_free(struct db *db, struct str external_id, struct err *err)
{
	struct err e = {0};
	struct uuid other;

	if (external_id.n == 0)
		return 0;
	if (external_id.n > 128)
		return err_set(err, ERR_SEMANTIC, "external_id_too_long", "/external_id",
			       "an external id has at most 128 bytes");
	if (customer_by_external_id(db, external_id, &other, &e) == 0)
		return err_set(err, ERR_CONFLICT, "external_id_taken", "/external_id",
			       "another customer has this external id");
	if (e.kind == ERR_NOT_FOUND)
		return 0;
	if (err)
		*err = e;
	return -1;
}

static int ref_add(struct db *db, struct str external_id, const struct uuid *id, struct err *err)
{
	struct stmt *q;

	if (external_id.n == 0)
		return 0;
	q = db_query(db, "INSERT INTO customer_ref (external_id, customer_id) VALUES ($1, $2)");
	db_bind_str(q, 1, external_id);
	db_bind_uuid(q, 2, id);
	return db_run(q, err);
}

static int attributes_read(struct str text, json_t **out, struct err *err)
{
	if (text.n > ATTRIBUTES_MAX)
		return err_set(err, ERR_SEMANTIC, "attributes_too_large", "/attributes",
			       "attributes have at most %d bytes", ATTRIBUTES_MAX);
	if (json_read(text.n ? text : STR("{}"), 8, out, err))
		return -1;
	if (json_is_object(*out))
		return 0;
	json_decref(*out);
	return err_set(err, ERR_SEMANTIC, "attributes_invalid", "/attributes", "attributes are a JSON object");
}

static void bind_facts(struct stmt *q, const struct customer *c)
{
	if (c->external_id.n)
		db_bind_str(q, 1, c->external_id);
	else
		db_bind_null(q, 1);
	db_bind_str(q, 2, c->name);
	db_bind_str(q, 3, c->locale);
	db_bind_str(q, 4, c->time_zone);
	db_bind_str(q, 5, c->tier);
	db_bind_i64(q, 6, c->stage);
	db_bind_str(q, 7, c->attributes.n ? c->attributes : STR("{}"));
}

int customer_create(struct db *db, struct events *ev, const struct customer *c, int64_t now, struct uuid *out_id,
		    struct err *err)
{
	struct uuid id = uuid7(now);
	json_t *attributes = NULL;
	struct stmt *q;
	int r = -1;

	if (attributes_read(c->attributes, &attributes, err))
		return -1;
	if (external_id_free(db, c->external_id, err))
		goto out;
	q = db_query(db, "INSERT INTO customer (external_id, name, locale, time_zone, tier, stage, attributes, bucket, "
			 "id, created_at,"
			 " updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)");
	bind_facts(q, c);
	db_bind_i64(q, 8, bucket_of(&id));
	db_bind_uuid(q, 9, &id);
	db_bind_i64(q, 10, now);
	if (db_run(q, err) || ref_add(db, c->external_id, &id, err) ||
	    attributes_index(db, &id, NULL, attributes, err) ||
	    customer_event(db, ev, "customer.created", &id, STR(""), now, err))
		goto out;
	*out_id = id;
	r = 0;
out:
	json_decref(attributes);
	return r;
}

static void read_row(struct stmt *q, struct arena *a, struct customer *c)
{
	*c = (struct customer){.external_id = arena_str(a, db_col_str(q, 1)),
			       .name = arena_str(a, db_col_str(q, 2)),
			       .locale = arena_str(a, db_col_str(q, 3)),
			       .time_zone = arena_str(a, db_col_str(q, 4)),
			       .tier = arena_str(a, db_col_str(q, 5)),
			       .stage = (enum stage)db_col_i64(q, 6),
			       .attributes = arena_str(a, db_col_str(q, 7)),
			       .version = db_col_i64(q, 9),
			       .created_at = db_col_i64(q, 10),
			       .updated_at = db_col_i64(q, 11)};
	db_col_uuid(q, 0, &c->id);
	db_col_uuid(q, 8, &c->merged_into);
}

int customer_get(struct db *db, const struct uuid *id, struct arena *a, struct customer *out, struct err *err)
{
	struct stmt *q = db_query(
		db, "SELECT id, external_id, name, locale, time_zone, tier, stage, attributes, merged_into, version,"
		    " created_at, updated_at FROM customer WHERE bucket = $1 AND id = $2");
	int r;

	db_bind_i64(q, 1, bucket_of(id));
	db_bind_uuid(q, 2, id);
	r = db_step(q, err);
	if (r == DB_ROW)
		read_row(q, a, out);
	db_done(q);
	if (r == DB_END)
		return err_set(err, ERR_NOT_FOUND, "customer_not_found", NULL, "there is no such customer");
	if (r == DB_ROW && !(out->external_id.p && out->name.p && out->locale.p && out->time_zone.p && out->tier.p &&
			     out->attributes.p))
		return err_nomem(err);
	return r == DB_ROW ? 0 : -1;
}

/* JSON merge patch (RFC 7396): null removes, objects merge, everything else replaces. */
static int merge_patch(json_t *target, const json_t *patch, int depth)
{
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)patch, key, v) {
		json_t *at = json_object_get(target, key);
		if (json_is_null(v)) {
			json_object_del(target, key);
		} else if (json_is_object(v) && depth > 0) {
			if (!json_is_object(at) && json_object_set_new(target, key, at = json_object()))
				return -1;
			if (merge_patch(at, v, depth - 1))
				return -1;
		} else if (json_object_set(target, key, v)) {
			return -1;
		}
	}
	return 0;
}

/* New attributes as text (free()) and tree. */
static int patched(struct str present, struct str patch, char **text, json_t **tree, struct err *err)
{
	json_t *p = NULL;
	int r;

	if (attributes_read(present, tree, err))
		return -1;
	if (attributes_read(patch, &p, err)) {
		json_decref(*tree);
		return -1;
	}
	r = merge_patch(*tree, p, 8);
	json_decref(p);
	*text = r ? NULL : json_dumps(*tree, JSON_COMPACT);
	if (*text && strlen(*text) <= ATTRIBUTES_MAX)
		return 0;
	r = *text ? err_set(err, ERR_SEMANTIC, "attributes_too_large", "/attributes",
			    "attributes have at most %d bytes", ATTRIBUTES_MAX)
		  : err_nomem(err);
	json_decref(*tree);
	free(*text);
	*text = NULL;
	*tree = NULL;
	return r;
}

static void apply(struct customer *c, const struct customer_patch *p)
{
	if (p->set_external_id)
		c->external_id = p->v.external_id;
	if (p->set_name)
		c->name = p->v.name;
	if (p->set_locale)
		c->locale = p->v.locale;
	if (p->set_time_zone)
		c->time_zone = p->v.time_zone;
	if (p->set_tier)
		c->tier = p->v.tier;
	if (p->set_stage)
		c->stage = p->v.stage;
}

static int ref_change(struct db *db, struct str from, struct str to, const struct uuid *id, struct err *err)
{
	struct stmt *q;

	if (str_eq(from, to))
		return 0;
	if (external_id_free(db, to, err))
		return -1;
	q = db_query(db, "DELETE FROM customer_ref WHERE external_id = $1 AND customer_id = $2");
	db_bind_str(q, 1, from);
	db_bind_uuid(q, 2, id);
	return db_run(q, err) ? -1 : ref_add(db, to, id, err);
}

static int write_row(struct db *db, const struct customer *c, int64_t now, struct err *err)
{
	struct stmt *q = db_query(
		db,
		"UPDATE customer SET external_id = $1, name = $2, locale = $3, time_zone = $4, tier = $5, stage = $6,"
		" attributes = $7, version = version + 1, updated_at = $10 WHERE bucket = $8 AND id = $9");
	bind_facts(q, c);
	db_bind_i64(q, 8, bucket_of(&c->id));
	db_bind_uuid(q, 9, &c->id);
	db_bind_i64(q, 10, now);
	return db_run(q, err);
}

/* Which facts changed, never their values: {"fields":["name","stage"]}. */
static int updated(struct db *db, struct events *ev, const struct uuid *id, const struct customer_patch *p, int64_t now,
		   struct err *err)
{
	const struct {
		const char *name;
		bool set;
	} facts[] = {{"external_id", p->set_external_id}, {"name", p->set_name}, {"locale", p->set_locale},
		     {"time_zone", p->set_time_zone},	  {"tier", p->set_tier}, {"stage", p->set_stage},
		     {"attributes", p->set_attributes}};
	struct json_out j;
	struct buf b;
	int r;

	buf_init(&b, 512);
	json_begin(&j, &b);
	json_obj(&j, NULL);
	json_arr(&j, "fields");
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
		if (facts[i].set)
			json_cstr(&j, NULL, facts[i].name);
	json_end(&j);
	json_end(&j);
	r = b.failed ? err_nomem(err) : customer_event(db, ev, "customer.updated", id, buf_str(&b), now, err);
	buf_free(&b);
	return r;
}

static int update(struct db *db, struct events *ev, struct arena *a, const struct uuid *id,
		  const struct customer_patch *p, int64_t now, struct err *err)
{
	struct customer c;
	json_t *tree = NULL, *old = NULL;
	char *text = NULL;
	struct str before;
	int r;

	if (customer_get(db, id, a, &c, err))
		return -1;
	if (p->if_version && p->if_version != c.version)
		return err_set(err, ERR_PRECONDITION, "version_changed", NULL,
			       "the customer has changed since: version %lld", (long long)c.version);
	if (p->set_attributes &&
	    (attributes_read(c.attributes, &old, err) || patched(c.attributes, p->v.attributes, &text, &tree, err))) {
		json_decref(old);
		return -1;
	}
	before = c.external_id;
	apply(&c, p);
	if (text)
		c.attributes = str_of(text);
	r = ref_change(db, before, c.external_id, id, err) || write_row(db, &c, now, err) ||
	    (tree && attributes_index(db, id, old, tree, err)) || updated(db, ev, id, p, now, err);
	free(text);
	json_decref(old);
	json_decref(tree);
	return r ? -1 : 0;
}

int customer_update(struct db *db, struct events *ev, const struct uuid *id, const struct customer_patch *p,
		    int64_t now, struct err *err)
{
	struct arena *a = arena_new(1 << 20);
	int r = a ? update(db, ev, a, id, p, now, err) : err_nomem(err);

	arena_free(&a);
	return r;
}
