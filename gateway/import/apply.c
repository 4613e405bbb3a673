#include "import/apply.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "timeline/event_value.h"

/* Who owns the addresses of the row today, as the survivors. */
struct owners {
	struct uuid of[ROW_CONTACTS]; /* nil: nobody */
};

static int find_owners(struct apply *x, const struct row *r, struct owners *out, struct err *err)
{
	for (size_t k = 0; k < r->contacts; k++) {
		struct contact c;
		int f = contact_find(x->db, &r->contact[k], x->now, &c, err);
		out->of[k] = (struct uuid){{0}};
		if (f < 0 || (f == 0 && identity_survivor(x->db, &c.customer, &out->of[k], err)))
			return -1;
	}
	return 0;
}

/* 0 found, 1 nobody, -1 error. */
static int by_external_id(struct apply *x, struct str external_id, struct uuid *out, struct err *err)
{
	struct err e = {0};
	struct uuid id;

	if (external_id.n == 0)
		return 1;
	if (customer_by_external_id(x->db, external_id, &id, &e) == 0)
		return identity_survivor(x->db, &id, out, err);
	if (e.kind == ERR_NOT_FOUND)
		return 1;
	if (err)
		*err = e;
	return -1;
}

/* By an address: the first owner that the external id does not contradict. */
static int by_contact(struct apply *x, const struct row *r, const struct owners *o, struct uuid *out, struct err *err)
{
	struct customer c;

	for (size_t k = 0; k < r->contacts; k++) {
		if (uuid_is_nil(&o->of[k]))
			continue;
		if (r->external_id.n) {
			if (customer_get(x->db, &o->of[k], x->arena, &c, err))
				return -1;
			if (c.external_id.n)
				continue;
		}
		*out = o->of[k];
		return 0;
	}
	return 1;
}

static int find(struct apply *x, const struct row *r, const struct owners *o, struct uuid *out, struct err *err)
{
	int f = by_external_id(x, r->external_id, out, err);
	return f == 1 ? by_contact(x, r, o, out, err) : f;
}

/* ---- the customer */

static int create(struct apply *x, const struct row *r, struct uuid *out, struct err *err)
{
	struct customer c = {.external_id = r->external_id,
			     .name = r->name,
			     .locale = r->locale,
			     .time_zone = r->time_zone,
			     .tier = r->tier,
			     .stage = r->has_stage ? r->stage : STAGE_ACTIVE};
	char *attributes = r->attributes ? json_dumps(r->attributes, JSON_COMPACT) : NULL;
	int k;

	if (r->attributes && !attributes)
		return err_nomem(err);
	c.attributes = str_of(attributes);
	k = customer_create(x->db, x->ev, &c, x->now, out, err);
	free(attributes);
	return k;
}

/* Would a merge patch with it change the attributes? */
static bool says_new(const json_t *present, const json_t *said)
{
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)said, key, v) {
		const json_t *was = json_object_get(present, key);
		if (json_is_null(v) ? was != NULL : json_is_object(v) || !was || !json_equal(was, v))
			return true;
	}
	return false;
}

static bool differs(struct str said, struct str present) { return said.n && !str_eq(said, present); }

static int update(struct apply *x, const struct row *r, const struct uuid *id, bool *changed, struct err *err)
{
	struct customer_patch p = {.v = {.external_id = r->external_id,
					 .name = r->name,
					 .locale = r->locale,
					 .time_zone = r->time_zone,
					 .tier = r->tier,
					 .stage = r->stage}};
	json_t *present = NULL;
	struct customer c;
	char *text = NULL;
	int k;

	if (customer_get(x->db, id, x->arena, &c, err))
		return -1;
	/* Found by another's external id that was merged into this one: it keeps its own. */
	p.set_external_id = r->external_id.n && !c.external_id.n;
	p.set_name = differs(r->name, c.name);
	p.set_locale = differs(r->locale, c.locale);
	p.set_time_zone = differs(r->time_zone, c.time_zone);
	p.set_tier = differs(r->tier, c.tier);
	p.set_stage = r->has_stage && r->stage != c.stage;
	if (r->attributes && json_read(c.attributes.n ? c.attributes : STR("{}"), 16, &present, err))
		return -1;
	p.set_attributes = r->attributes && says_new(present, r->attributes);
	json_decref(present);
	if (p.set_attributes && !(text = json_dumps(r->attributes, JSON_COMPACT)))
		return err_nomem(err);
	p.v.attributes = str_of(text);
	*changed = p.set_external_id || p.set_name || p.set_locale || p.set_time_zone || p.set_tier || p.set_stage ||
		   p.set_attributes;
	k = *changed ? customer_update(x->db, x->ev, id, &p, x->now, err) : 0;
	free(text);
	return k;
}

/* ---- what it has */

static int note(struct apply *x, const char *field, const char *code, const char *what, struct err *err)
{
	struct err why = {0};

	err_set(&why, ERR_CONFLICT, code, field, "%s", what);
	return x->note(x->arg, &why, err);
}

static int add_contact(struct apply *x, const struct uuid *id, const struct address *a, bool *changed, struct err *err)
{
	const char *field = a->scheme == SCHEME_MAIL ? "email" : "phone";
	struct err e = {0};

	if (contact_add(x->db, x->ev, id, a, x->verified ? "import" : NULL, NULL, 0, false, x->now, NULL, &e) == 0) {
		*changed = true;
		return 0;
	}
	if (e.kind == ERR_CONFLICT && strcmp(e.code, "address_taken") == 0)
		return note(x, field, e.code, "the address belongs to another customer", err);
	if (err)
		*err = e;
	return -1;
}

static int add_consent(struct apply *x, const struct uuid *id, const struct address *a, const struct row_consent *said,
		       bool *changed, struct err *err)
{
	char import[UUID_TEXT], proof[100];
	struct consent present;
	bool set;

	if (consent_get(x->db, a, said->purpose, &present, err))
		return -1;
	if (present.state == CONSENT_OUT && said->state == CONSENT_IN)
		return note(x, "consent", "consent_withdrawn", "consent was withdrawn before: it stays so", err);
	if (present.state == said->state)
		return 0;
	snprintf(proof, sizeof proof, "{\"import\":\"%s\",\"line\":%lld}", uuid_format(x->import, import),
		 (long long)x->line);
	if (consent_set(x->db, x->ev, a, id, said->purpose, said->state, "import", str_of(proof), x->now, &set, err))
		return -1;
	*changed = true;
	return 0;
}

/* Only of addresses that are the customer's: another's consent is not this row's to give. */
static int add_what_it_has(struct apply *x, const struct row *r, const struct owners *o, const struct uuid *id,
			   bool *changed, struct err *err)
{
	for (size_t k = 0; k < r->contacts; k++) {
		const struct address *a = &r->contact[k];
		bool ours = uuid_eq(&o->of[k], id), theirs = !ours && !uuid_is_nil(&o->of[k]);
		if (!ours && add_contact(x, id, a, changed, err))
			return -1;
		for (size_t i = 0; !theirs && i < r->consents; i++)
			if (scheme_of_channel(r->consent[i].channel) == a->scheme &&
			    add_consent(x, id, a, &r->consent[i], changed, err))
				return -1;
	}
	return 0;
}

/* ---- what happened */

/* The same event has the same id, so that it is taken once. */
static struct uuid event_identity(const struct row *r, const struct uuid *customer, int64_t at)
{
	struct uuid id = uuid7_in(at, uuid_bucket(customer));
	uint8_t hash[SHA256_LEN];
	struct buf b;

	if (!r->event_id.n)
		return id;
	buf_init(&b, 4096);
	buf_addstr(&b, r->event);
	buf_addc(&b, 0);
	buf_addstr(&b, r->event_id);
	crypto_sha256(buf_str(&b), hash);
	buf_free(&b);
	id.b[8] = (uint8_t)(0x80 | (hash[0] & 0x3f));
	memcpy(id.b + 9, hash + 1, 6);
	return id;
}

static int is_there(struct apply *x, const struct interaction *i, bool *out, struct err *err)
{
	struct stmt *q =
		db_query(x->db, "SELECT 1 FROM interaction WHERE bucket = $1 AND customer_id = $2 AND id = $3");
	int r;

	db_bind_i64(q, 1, uuid_bucket(&i->customer));
	db_bind_uuid(q, 2, &i->customer);
	db_bind_uuid(q, 3, &i->id);
	r = db_step(q, err);
	db_done(q);
	*out = r == DB_ROW;
	return r == DB_ERROR ? -1 : 0;
}

/* As the API's own events are: followers hear of it, the search finds it. */
static int publish(struct apply *x, const struct interaction *i, struct err *err)
{
	struct event e = {.at = x->now,
			  .type = "interaction.added",
			  .customer = i->customer,
			  .interaction = i->id,
			  .data = STR("{\"kind\":\"event\"}")};

	return event_append(x->ev, x->db, &e, err);
}

static int happened(struct apply *x, const struct row *r, const struct uuid *id, enum row_outcome *out, struct err *err)
{
	struct interaction i = {.customer = *id,
				.at = r->at ? r->at : x->now,
				.kind = KIND_EVENT,
				.author = STR("import"),
				.subject = r->event,
				.content = r->text.n ? r->text : r->event};
	char *data = NULL;
	bool there = false;
	int k;

	if (event_name_check(r->event, err))
		return -1;
	if (r->event_id.n && !r->at)
		return err_set(err, ERR_SEMANTIC, "missing", "at", "an event with an id has a time");
	i.id = event_identity(r, id, i.at);
	if (r->event_id.n && is_there(x, &i, &there, err))
		return -1;
	*out = there ? ROW_UNCHANGED : ROW_EVENT;
	if (there)
		return 0;
	if (r->data && !(data = json_dumps(r->data, JSON_COMPACT)))
		return err_nomem(err);
	i.metadata = str_of(data);
	k = interaction_append(x->db, &i, err) || event_values_add(x->db, &i, r->event, r->data, err) ||
	    publish(x, &i, err);
	free(data);
	return k ? -1 : 0;
}

int row_apply(struct apply *x, const struct row *r, enum row_outcome *out, struct err *err)
{
	struct owners o;
	struct uuid id;
	bool changed = false;
	int f;

	if (x->kind == ROW_SUPPRESSIONS)
		return row_suppress(x, r, out, err);
	if (r->reason.n || r->source.n || r->purpose.n)
		return err_set(err, ERR_SEMANTIC, "member_unknown", NULL,
			       "reason, source and purpose have a meaning in a list of suppressions only");
	if (!r->external_id.n && !r->contacts)
		return err_set(err, ERR_SEMANTIC, "nobody", NULL,
			       "the row says not who is meant: external_id, phone or email");
	if (find_owners(x, r, &o, err) || (f = find(x, r, &o, &id, err)) < 0)
		return -1;
	if (r->event.n)
		return f == 0 ? happened(x, r, &id, out, err)
			      : err_set(err, ERR_NOT_FOUND, "customer_not_found", NULL, "there is no such customer");
	if (f == 0 ? update(x, r, &id, &changed, err) : create(x, r, &id, err))
		return -1;
	*out = f == 0 ? ROW_UPDATED : ROW_CREATED;
	if (add_what_it_has(x, r, &o, &id, &changed, err))
		return -1;
	if (f == 0 && !changed)
		*out = ROW_UNCHANGED;
	return 0;
}
