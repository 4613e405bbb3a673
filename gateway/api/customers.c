/* Customers and their timeline. */
#include "api/api.h"
#include "timeline/cursor.h"

static const char *const names[] = {"external_id", "name", "locale", "time_zone", "tier", "stage", "attributes", NULL};

struct change {
	struct uuid id;
	struct customer_patch patch;
};

static int read_facts(struct request *r, const json_t *o, struct customer_patch *p, struct err *err)
{
	struct str stage;
	int k;

	if ((k = input_str(o, "", "external_id", 128, &p->v.external_id, err)) < 0)
		return -1;
	p->set_external_id = k;
	if ((k = input_str(o, "", "name", 200, &p->v.name, err)) < 0)
		return -1;
	p->set_name = k;
	if ((k = input_str(o, "", "locale", 35, &p->v.locale, err)) < 0)
		return -1;
	p->set_locale = k;
	if ((k = input_str(o, "", "time_zone", 64, &p->v.time_zone, err)) < 0)
		return -1;
	p->set_time_zone = k;
	if ((k = input_str(o, "", "tier", 64, &p->v.tier, err)) < 0)
		return -1;
	p->set_tier = k;
	if ((k = input_str(o, "", "stage", 16, &stage, err)) < 0)
		return -1;
	if (k && !stage_parse(stage, &p->v.stage))
		return input_word("", "stage", stage, err);
	p->set_stage = k;
	if ((k = input_json(r, o, "", "attributes", &p->v.attributes, err)) < 0)
		return -1;
	p->set_attributes = k;
	return 0;
}

static int create_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;
	return customer_create(db, app_of(r)->events, &c->patch.v, now, &c->id, err);
}

static int create_finish(struct request *r, struct db *db, struct err *err)
{
	struct change *c = r->state;
	return answer_customer(r, db, &c->id, 201, err);
}

int customer_post(struct request *r, struct err *err)
{
	struct change *c = state_new(r, sizeof *c, err);
	json_t *o;

	if (!c || input_object(r, names, &o, err) || read_facts(r, o, &c->patch, err))
		return -1;
	r->run = create_run;
	r->finish = create_finish;
	return request_write(r, err);
}

int customer_one(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	struct uuid id;

	if (!db || path_uuid(r, 0, &id, err))
		return -1;
	return answer_customer(r, db, &id, 200, err);
}

static int patch_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;
	struct uuid id;

	if (identity_survivor(db, &c->id, &id, err))
		return -1;
	/* The version that was read is the old row's and says nothing about the survivor. */
	if (c->patch.if_version && !uuid_eq(&id, &c->id))
		return err_set(err, ERR_PRECONDITION, "customer_merged", NULL,
			       "the customer has been merged: read the one it was merged into");
	c->id = id;
	return customer_update(db, app_of(r)->events, &id, &c->patch, now, err);
}

static int patch_finish(struct request *r, struct db *db, struct err *err)
{
	struct change *c = r->state;
	return answer_customer(r, db, &c->id, 200, err);
}

int customer_patch_(struct request *r, struct err *err)
{
	struct change *c = state_new(r, sizeof *c, err);
	json_t *o;

	if (!c || path_uuid(r, 0, &c->id, err) || request_if_match(r, &c->patch.if_version, err) ||
	    input_object(r, names, &o, err) || read_facts(r, o, &c->patch, err))
		return -1;
	r->run = patch_run;
	r->finish = patch_finish;
	return request_write(r, err);
}

struct listing {
	struct request *r;
	struct db *db;
	struct uuid last;
	int n, failed;
	struct err *err;
};

static void list_one(void *arg, const struct customer *c)
{
	struct listing *l = arg;

	l->n++;
	l->last = c->id;
	if (!l->failed && customer_json(l->db, &l->r->json, NULL, c, l->err))
		l->failed = 1;
}

static int read_query(struct request *r, struct customer_query *q, struct err *err)
{
	struct str at = request_query(r, "cursor"), attribute = request_query(r, "attribute"),
		   stage = request_query(r, "stage");
	struct cursor c = {0};

	q->q = request_query(r, "q");
	q->number = request_query(r, "number");
	q->region = app_of(r)->region;
	if (query_limit(r, &q->limit, err))
		return -1;
	if (at.p && !cursor_parse(at, &c))
		return err_set(err, ERR_INVALID, "cursor_invalid", "cursor", "this is not a cursor of this list");
	q->after = c.id;
	if (stage.p && !stage_parse(stage, &q->stage))
		return err_set(err, ERR_INVALID, "word_unknown", "stage", "not a stage of the lifecycle");
	q->by_stage = stage.p != NULL;
	if (attribute.p) {
		const char *colon = memchr(attribute.p, ':', attribute.n);
		if (!colon)
			return err_set(err, ERR_INVALID, "attribute_invalid", "attribute",
				       "attribute is written key:value");
		q->attribute_key = str_n(attribute.p, (size_t)(colon - attribute.p));
		q->attribute_value = str_n(colon + 1, attribute.n - q->attribute_key.n - 1);
	}
	return 0;
}

/* A whole number in any form finds its owner; a part of one finds who begins so. */
static struct str number_of(struct request *r, struct str s)
{
	struct address a;

	if (s.n &&
	    address_parse(memchr(s.p, '@', s.n) ? CHANNEL_EMAIL : CHANNEL_SMS, s, app_of(r)->region, &a, NULL) == 0)
		return arena_str(r->arena, str_of(a.value));
	return s;
}

static int by_external_id(struct request *r, struct db *db, struct str external_id, struct err *err)
{
	struct err e = {0};
	struct customer c;
	struct uuid id;

	list_begin(r);
	if (customer_by_external_id(db, external_id, &id, &e) == 0) {
		if (customer_get(db, &id, r->arena, &c, err) || customer_json(db, &r->json, NULL, &c, err))
			return -1;
	} else if (e.kind != ERR_NOT_FOUND) {
		*err = e;
		return -1;
	}
	list_end(r, NULL);
	return 0;
}

int customer_list(struct request *r, struct err *err)
{
	struct str external_id = request_query(r, "external_id");
	struct customer_query q = {0};
	struct db *db = request_db(r, err);
	struct listing l = {.r = r, .db = db, .err = err};
	char next[CURSOR_TEXT];

	if (!db || read_query(r, &q, err))
		return -1;
	if (external_id.p)
		return by_external_id(r, db, external_id, err);
	q.number = number_of(r, q.number);
	list_begin(r);
	if (customer_search(db, &q, list_one, &l, err) || l.failed)
		return -1;
	cursor_text(&(struct cursor){.id = l.last}, next);
	list_end(r, l.n == q.limit ? next : NULL);
	return 0;
}

static bool channel_bits(struct str s, unsigned *v) { return channel_parse(s, (enum channel *)v); }
static bool kind_bits(struct str s, unsigned *v) { return kind_parse(s, (enum kind *)v); }
static bool direction_bits(struct str s, unsigned *v) { return direction_parse(s, (enum direction *)v); }

int read_timeline(struct request *r, struct timeline_query *q, struct err *err)
{
	struct str at = request_query(r, "cursor");
	struct cursor c = {0};

	if (query_limit(r, &q->limit, err) || query_words(r, "channel", channel_bits, &q->channels, err) ||
	    query_words(r, "kind", kind_bits, &q->kinds, err) ||
	    query_words(r, "direction", direction_bits, &q->directions, err) ||
	    query_time(r, "since", &q->since, err) || query_time(r, "until", &q->until, err))
		return -1;
	if (at.p && !cursor_parse(at, &c))
		return err_set(err, ERR_INVALID, "cursor_invalid", "cursor", "this is not a cursor of this list");
	q->before = c.id;
	return 0;
}

int answer_timeline(struct request *r, struct db *db, const struct timeline_query *q, struct err *err)
{
	struct uuid next = {{0}};
	char text[CURSOR_TEXT];

	list_begin(r);
	if (timeline_page(db, q, &r->json, &next, err))
		return -1;
	cursor_text(&(struct cursor){.id = next}, text);
	list_end(r, uuid_is_nil(&next) ? NULL : text);
	return 0;
}

int customer_timeline(struct request *r, struct err *err)
{
	struct timeline_query q = {0};
	struct db *db = request_db(r, err);

	if (!db || path_uuid(r, 0, &q.customer, err) || read_timeline(r, &q, err) ||
	    query_uuid(r, "conversation_id", &q.conversation, err))
		return -1;
	return answer_timeline(r, db, &q, err);
}
