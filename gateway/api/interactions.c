/* Interactions: notes of agents, events of other systems, and the search in texts. */
#include "api/api.h"
#include "store/fulltext.h"
#include "timeline/cursor.h"
#include "timeline/event_value.h"

int interaction_one(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	struct uuid id;

	if (!db || path_uuid(r, 0, &id, err))
		return -1;
	return answer_interaction(r, db, &id, 200, err);
}

static int append_event(struct request *r, struct db *db, const struct interaction *i, int64_t now, struct err *err)
{
	struct event e = {.at = now,
			  .type = "interaction.added",
			  .customer = i->customer,
			  .conversation = i->conversation,
			  .interaction = i->id,
			  .channel = i->channel};
	struct buf b;
	int k;

	buf_init(&b, 64);
	buf_addf(&b, "{\"kind\":\"%s\"}", kind_word(i->kind));
	e.data = buf_str(&b);
	k = event_append(app_of(r)->events, db, &e, err);
	buf_free(&b);
	return k;
}

struct posting {
	struct interaction i;
	struct str name; /* of an event; empty: it has none */
	const json_t *data;
};

static int post_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct posting *p = r->state;
	struct interaction *i = &p->i, copy = *i;
	struct conversation c;

	if (identity_survivor(db, &i->customer, &copy.customer, err))
		return -1;
	if (!uuid_is_nil(&i->conversation)) {
		struct uuid owner;
		if (conversation_get(db, &i->conversation, r->arena, &c, err) ||
		    identity_survivor(db, &c.customer, &owner, err))
			return -1;
		if (!uuid_eq(&owner, &copy.customer))
			return err_set(err, ERR_SEMANTIC, "conversation_mismatch", "/conversation_id",
				       "this conversation is another customer's");
	}
	copy.id = (struct uuid){{0}};
	if (copy.at == 0)
		copy.at = now;
	if (interaction_append(db, &copy, err) || (p->name.n && event_values_add(db, &copy, p->name, p->data, err)) ||
	    append_event(r, db, &copy, now, err))
		return -1;
	i->id = copy.id;
	return 0;
}

static int post_finish(struct request *r, struct db *db, struct err *err)
{
	struct posting *p = r->state;
	return answer_interaction(r, db, &p->i.id, 201, err);
}

/* An event with a name can be asked for by segments; the name stands for a subject, and for a text. */
static int read_event(struct posting *p, const json_t *o, struct err *err)
{
	int k = input_str(o, "", "name", EVENT_NAME_MAX, &p->name, err);

	if (k <= 0)
		return k;
	if (p->i.kind != KIND_EVENT)
		return err_set(err, ERR_SEMANTIC, "name_without_event", "/name", "only an event has a name");
	p->data = json_object_get(o, "metadata");
	p->i.subject = p->i.content = p->name;
	return event_name_check(p->name, err);
}

int interaction_post(struct request *r, struct err *err)
{
	static const char *const names[] = {"kind", "name", "text", "subject", "metadata", "conversation_id",
					    "at",   NULL};
	struct posting *p = state_new(r, sizeof *p, err);
	struct interaction *i = p ? &p->i : NULL;
	struct str kind, text, subject;
	json_t *o;
	int k;

	if (!i || path_uuid(r, 0, &i->customer, err) || input_object(r, names, &o, err))
		return -1;
	if (input_str(o, "", "kind", 16, &kind, err) != 1)
		return err->kind ? -1 : input_missing("", "kind", err);
	if (!kind_parse(kind, &i->kind) || (i->kind != KIND_NOTE && i->kind != KIND_EVENT))
		return input_word("", "kind", kind, err);
	if (i->kind == KIND_NOTE && r->who.role == ROLE_INTEGRATION)
		return err_set(err, ERR_DENIED, "role_insufficient", "/kind", "notes are written by people");
	if (read_event(p, o, err) || (k = input_str(o, "", "text", 100000, &text, err)) < 0)
		return -1;
	if (k)
		i->content = text;
	else if (!p->name.n)
		return input_missing("", "text", err);
	if ((k = input_str(o, "", "subject", 998, &subject, err)) == 1)
		i->subject = subject;
	if (k < 0 || input_json(r, o, "", "metadata", &i->metadata, err) < 0 ||
	    input_uuid(o, "", "conversation_id", &i->conversation, err) < 0 || input_time(o, "", "at", &i->at, err) < 0)
		return -1;
	i->author = str_of(r->who.author);
	r->run = post_run;
	r->finish = post_finish;
	return request_write(r, err);
}

struct found {
	struct request *r;
	struct fulltext_hit v[200];
	int n;
};

static void keep_hit(void *arg, const struct fulltext_hit *h)
{
	struct found *f = arg;
	if (f->n < 200)
		f->v[f->n++] = *h;
}

/* The index may name what has changed since: a hit whose row is gone is passed over. */
static int hit_json(struct request *r, struct db *db, const struct fulltext_hit *h, struct err *err)
{
	struct err e = {0};
	struct interaction i;
	struct customer c;
	struct uuid survivor;

	if (h->kind == FULLTEXT_INTERACTION) {
		if (interaction_get(db, &h->ref, r->arena, &i, &e))
			return e.kind == ERR_NOT_FOUND ? 0 : (*err = e, -1);
		json_obj(&r->json, NULL);
		json_cstr(&r->json, "type", "interaction");
		if (interaction_json(db, &r->json, "interaction", &i, err))
			return -1;
	} else {
		if (identity_survivor(db, &h->customer, &survivor, &e) || customer_get(db, &survivor, r->arena, &c, &e))
			return e.kind == ERR_NOT_FOUND ? 0 : (*err = e, -1);
		json_obj(&r->json, NULL);
		json_cstr(&r->json, "type", "customer");
		if (customer_json(db, &r->json, "customer", &c, err))
			return -1;
	}
	json_end(&r->json);
	return 0;
}

int search_get(struct request *r, struct err *err)
{
	struct str q = request_query(r, "q"), at = request_query(r, "cursor");
	struct found *f = state_new(r, sizeof *f, err);
	struct db *db = request_db(r, err);
	struct cursor c = {0};
	char next[CURSOR_TEXT];
	int limit;

	if (!f || !db || query_limit(r, &limit, err))
		return -1;
	if (!str_trim(q).n || q.n > 200)
		return err_set(err, ERR_INVALID, "missing", "q", "q is the words to search for");
	if (at.p && !cursor_parse(at, &c))
		return err_set(err, ERR_INVALID, "cursor_invalid", "cursor", "this is not a cursor of this list");
	if (fulltext_query(db, 1u << FULLTEXT_INTERACTION | 1u << FULLTEXT_CUSTOMER, q, c.at, limit, keep_hit, f, err))
		return -1;
	list_begin(r);
	for (int i = 0; i < f->n; i++)
		if (hit_json(r, db, &f->v[i], err))
			return -1;
	if (f->n == limit)
		cursor_text(&(struct cursor){.at = f->v[f->n - 1].doc, .id = f->v[f->n - 1].ref}, next);
	list_end(r, f->n == limit ? next : NULL);
	return 0;
}
