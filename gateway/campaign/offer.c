#include "campaign/offer.h"

#include <stdio.h>

#include "campaign/eligible.h"
#include "outbound/template.h"

#define COLUMNS                                                                                                     \
	"id, name, description, amount, currency, valid_from, valid_until, segment, variants, yes_words, no_words," \
	" quantity, per_customer, accepted_template, declined_template, closed_template, taken, withdrawn_at,"      \
	" author, version, created_at, updated_at"

/* ---- checking ---- */

static int wrong(struct err *err, const char *code, const char *field, const char *what)
{
	return err_set(err, ERR_SEMANTIC, code, field, "%s", what);
}

/* Digits, and a point with at most six more: what a decimal is, no float ever was. */
static bool decimal(struct str s)
{
	size_t k = s.n && s.p[0] == '-', whole = 0, part = 0;
	bool point = false;

	for (; k < s.n; k++) {
		if (s.p[k] == '.' && !point && whole) {
			point = true;
			continue;
		}
		if (s.p[k] < '0' || s.p[k] > '9')
			return false;
		*(point ? &part : &whole) += 1;
	}
	return whole >= 1 && whole <= 15 && part <= 6 && (!point || part);
}

static int check_value(const struct offer *o, struct err *err)
{
	bool letters = o->currency.n == 3;

	for (size_t k = 0; letters && k < 3; k++)
		letters = o->currency.p[k] >= 'A' && o->currency.p[k] <= 'Z';
	if (o->amount.n == 0 && o->currency.n == 0)
		return 0;
	if (!decimal(o->amount))
		return wrong(err, "amount_invalid", "/value/amount",
			     "a decimal as a string: \"12.50\", at most 15 digits and 6 decimals");
	return letters ? 0 : wrong(err, "currency_invalid", "/value/currency", "three capital letters (ISO 4217)");
}

static int check_variants(struct str text, struct err *err)
{
	json_t *list = NULL;
	int64_t total = 0;
	bool ok = true;

	if (text.n == 0)
		return 0;
	if (json_read(text, 12, &list, err))
		return -1;
	ok = json_is_array(list) && json_array_size(list) <= OFFER_VARIANTS_MAX;
	for (size_t k = 0; ok && k < json_array_size(list); k++) {
		const json_t *v = json_array_get(list, k), *name = json_object_get(v, "name"),
			     *weight = json_object_get(v, "weight"), *amount = json_object_get(v, "amount");
		int64_t w = json_integer_value(weight);
		ok = json_is_string(name) && json_string_length(name) >= 1 &&
		     json_string_length(name) <= OFFER_VARIANT_MAX && json_is_integer(weight) && w >= 0 && w <= 10000 &&
		     (!amount || (json_is_string(amount) &&
				  decimal(str_n(json_string_value(amount), json_string_length(amount)))));
		for (size_t i = 0; ok && i < k; i++)
			ok = !json_equal(name, json_object_get(json_array_get(list, i), "name"));
		total += w;
	}
	ok = ok && (total > 0 || json_array_size(list) == 0);
	json_decref(list);
	return ok ? 0
		  : wrong(err, "variants_invalid", "/variants",
			  "up to 16, each with a name of its own and a weight from 0 to 10000, not all 0");
}

int offer_check(const struct offer *o, struct err *err)
{
	if (o->name.n == 0 || o->name.n > OFFER_NAME_MAX)
		return wrong(err, "name_invalid", "/name", "a name of 1 to 120 bytes");
	if (o->valid_until && o->valid_until <= o->valid_from)
		return wrong(err, "times_invalid", "/valid_until", "it ends before it begins");
	if (o->quantity < 0)
		return wrong(err, "quantity_invalid", "/quantity", "a number from 1 on, or null for no limit");
	if (o->per_customer < 1 || o->per_customer > 1000)
		return wrong(err, "quantity_invalid", "/per_customer", "a number from 1 to 1000");
	return check_value(o, err) || check_variants(o->variants, err) ? -1 : 0;
}

static int check_templates(struct db *db, const struct offer *o, struct err *err)
{
	const struct {
		struct str name;
		const char *field;
	} v[] = {{o->accepted_template, "/answers/accepted"},
		 {o->declined_template, "/answers/declined"},
		 {o->closed_template, "/answers/closed"}};
	int version;

	for (size_t k = 0; k < sizeof v / sizeof *v; k++)
		if (v[k].name.n && template_published(db, v[k].name, &version, err)) {
			snprintf(err->field, sizeof err->field, "%s", v[k].field);
			return -1;
		}
	return 0;
}

/* ---- writing ---- */

static void bind_offer(struct stmt *q, const struct offer *o)
{
	db_bind_str(q, 1, o->description);
	db_bind_str(q, 2, o->amount);
	db_bind_str(q, 3, o->currency);
	db_bind_i64(q, 4, o->valid_from);
	db_bind_i64(q, 5, o->valid_until);
	db_bind_str(q, 6, o->segment);
	db_bind_str(q, 7, o->variants);
	db_bind_str(q, 8, o->yes);
	db_bind_str(q, 9, o->no);
	db_bind_i64(q, 10, o->quantity);
	db_bind_i64(q, 11, o->per_customer);
	db_bind_str(q, 12, o->accepted_template);
	db_bind_str(q, 13, o->declined_template);
	db_bind_str(q, 14, o->closed_template);
}

int offer_create(struct db *db, const struct offer *o, const char *author, int64_t now, struct uuid *id,
		 struct err *err)
{
	struct offer copy = *o;
	struct stmt *q;

	if (!copy.valid_from)
		copy.valid_from = now;
	if (offer_check(&copy, err) || check_templates(db, &copy, err) || eligible_check(db, copy.segment, err))
		return -1;
	*id = uuid7(now);
	q = db_query(db,
		     "INSERT INTO offer (description, amount, currency, valid_from, valid_until, segment, variants,"
		     " yes_words, no_words, quantity, per_customer, accepted_template, declined_template,"
		     " closed_template, id, name, author, created_at, updated_at)"
		     " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18)"
		     " ON CONFLICT (name) DO NOTHING");
	bind_offer(q, &copy);
	db_bind_uuid(q, 15, id);
	db_bind_str(q, 16, copy.name);
	db_bind_text(q, 17, author);
	db_bind_i64(q, 18, now);
	if (db_run(q, err))
		return -1;
	return db_changes(db) ? 0 : err_set(err, ERR_CONFLICT, "name_taken", "/name", "another offer has this name");
}

static void patch(struct offer *o, const struct offer_patch *p)
{
	if (p->set_description)
		o->description = p->v.description;
	if (p->set_value) {
		o->amount = p->v.amount;
		o->currency = p->v.currency;
	}
	if (p->set_valid_from)
		o->valid_from = p->v.valid_from;
	if (p->set_valid_until)
		o->valid_until = p->v.valid_until;
	if (p->set_segment)
		o->segment = p->v.segment;
	if (p->set_variants)
		o->variants = p->v.variants;
	if (p->set_words) {
		o->yes = p->v.yes;
		o->no = p->v.no;
	}
	if (p->set_quantity)
		o->quantity = p->v.quantity;
	if (p->set_per_customer)
		o->per_customer = p->v.per_customer;
	if (p->set_templates) {
		o->accepted_template = p->v.accepted_template;
		o->declined_template = p->v.declined_template;
		o->closed_template = p->v.closed_template;
	}
}

static int changed_meanwhile(struct err *err)
{
	return err_set(err, ERR_PRECONDITION, "version_mismatch", NULL, "the offer has changed meanwhile");
}

int offer_update(struct db *db, const struct uuid *id, const struct offer_patch *p, int64_t now, struct arena *a,
		 struct err *err)
{
	struct offer o;
	struct stmt *q;

	if (offer_get(db, id, a, &o, err))
		return -1;
	if (p->if_version && p->if_version != o.version)
		return changed_meanwhile(err);
	if (o.withdrawn_at)
		return err_set(err, ERR_CONFLICT, "offer_withdrawn", NULL, "the offer is withdrawn");
	patch(&o, p);
	if (!o.valid_from)
		o.valid_from = now;
	if (offer_check(&o, err) || check_templates(db, &o, err) || eligible_check(db, o.segment, err))
		return -1;
	q = db_query(db, "UPDATE offer SET description = $1, amount = $2, currency = $3, valid_from = $4,"
			 " valid_until = $5, segment = $6, variants = $7, yes_words = $8, no_words = $9,"
			 " quantity = $10, per_customer = $11, accepted_template = $12, declined_template = $13,"
			 " closed_template = $14, settled = 0, version = version + 1, updated_at = $15"
			 " WHERE id = $16 AND version = $17");
	bind_offer(q, &o);
	db_bind_i64(q, 15, now);
	db_bind_uuid(q, 16, id);
	db_bind_i64(q, 17, o.version);
	if (db_run(q, err))
		return -1;
	return db_changes(db) ? 0 : changed_meanwhile(err);
}

/* Campaigns that are through with their audience may have messages waiting in the outbox; those that are not see for
 * themselves (send.c). */
static int take_back(struct db *db, const struct uuid *id, struct err *err)
{
	struct stmt *q = db_query(db, "UPDATE campaign SET taking_back = 1, reason = 'offer_withdrawn'"
				      " WHERE state = 4 AND definition LIKE $1");
	char text[UUID_TEXT], like[80];

	snprintf(like, sizeof like, "%%\"offer_id\":\"%s\"%%", uuid_format(id, text));
	db_bind_text(q, 1, like);
	return db_run(q, err);
}

int offer_withdraw(struct db *db, const struct uuid *id, int64_t now, struct err *err)
{
	struct stmt *q = db_query(db, "UPDATE offer SET withdrawn_at = $1, version = version + 1, updated_at = $1"
				      " WHERE id = $2 AND withdrawn_at = 0");

	db_bind_i64(q, 1, now);
	db_bind_uuid(q, 2, id);
	if (db_run(q, err))
		return -1;
	return db_changes(db) ? take_back(db, id, err) : 0;
}

/* ---- reading ---- */

static struct str column(struct stmt *q, int i, struct arena *a, bool *failed)
{
	struct str s = arena_str(a, db_col_str(q, i));

	*failed = *failed || !s.p;
	return s;
}

static int row(struct stmt *q, struct arena *a, struct offer *o, struct err *err)
{
	bool bad = false;

	*o = (struct offer){.name = column(q, 1, a, &bad),
			    .description = column(q, 2, a, &bad),
			    .amount = column(q, 3, a, &bad),
			    .currency = column(q, 4, a, &bad),
			    .valid_from = db_col_i64(q, 5),
			    .valid_until = db_col_i64(q, 6),
			    .segment = column(q, 7, a, &bad),
			    .variants = column(q, 8, a, &bad),
			    .yes = column(q, 9, a, &bad),
			    .no = column(q, 10, a, &bad),
			    .quantity = db_col_i64(q, 11),
			    .per_customer = (int)db_col_i64(q, 12),
			    .accepted_template = column(q, 13, a, &bad),
			    .declined_template = column(q, 14, a, &bad),
			    .closed_template = column(q, 15, a, &bad),
			    .taken = db_col_i64(q, 16),
			    .withdrawn_at = db_col_i64(q, 17),
			    .author = column(q, 18, a, &bad),
			    .version = db_col_i64(q, 19),
			    .created_at = db_col_i64(q, 20),
			    .updated_at = db_col_i64(q, 21)};
	db_col_uuid(q, 0, &o->id);
	return bad ? err_nomem(err) : 0;
}

int offer_get(struct db *db, const struct uuid *id, struct arena *a, struct offer *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT " COLUMNS " FROM offer WHERE id = $1");
	int r;

	db_bind_uuid(q, 1, id);
	r = db_step(q, err);
	if (r == DB_ROW && row(q, a, out, err))
		r = DB_ERROR;
	db_done(q);
	if (r == DB_END)
		return err_set(err, ERR_NOT_FOUND, "offer_not_found", NULL, "there is no such offer");
	return r == DB_ROW ? 0 : -1;
}

int offer_list_json(struct db *db, struct json_out *j, const struct uuid *before, int limit, int64_t now,
		    struct arena *a, struct uuid *last, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT " COLUMNS " FROM offer WHERE id < $1 ORDER BY id DESC LIMIT $2");
	struct uuid top;
	struct offer o;
	int r, n = 0;

	memset(top.b, 0xff, sizeof top.b);
	db_bind_uuid(q, 1, uuid_is_nil(before) ? &top : before);
	db_bind_i64(q, 2, limit);
	while ((r = db_step(q, err)) == DB_ROW) {
		if (row(q, a, &o, err)) {
			r = DB_ERROR;
			break;
		}
		offer_json(j, NULL, &o, now);
		*last = o.id;
		n++;
	}
	db_done(q);
	return r == DB_END ? n : -1;
}
