/* Offers: made and changed by marketing, withdrawn, and what came of them. */
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "campaign/uptake.h"
#include "intake/keyword.h"
#include "timeline/cursor.h"

static const char *const names[] = {"name",	"description", "value",	   "valid_from",   "valid_until", "segment",
				    "variants", "words",       "quantity", "per_customer", "answers",	  NULL};

static bool has(const json_t *o, const char *name) { return json_object_get(o, name) != NULL; }

static int not_object(const char *field, struct err *err)
{
	return err_set(err, ERR_SEMANTIC, "object_expected", field, "an object is expected");
}

static int read_value(const json_t *o, struct offer_patch *p, struct err *err)
{
	static const char *const members[] = {"amount", "currency", NULL};
	const json_t *v = json_object_get(o, "value");

	p->set_value = v != NULL;
	if (!v || json_is_null(v))
		return 0;
	if (!json_is_object(v))
		return not_object("/value", err);
	if (input_known(v, members, "/value", err) ||
	    input_str(v, "/value", "amount", OFFER_AMOUNT_MAX, &p->v.amount, err) < 0 ||
	    input_str(v, "/value", "currency", 3, &p->v.currency, err) < 0)
		return -1;
	return p->v.amount.n ? 0 : input_missing("/value", "amount", err);
}

/* As a reply is compared: folded, one a line. */
static int read_words(struct request *r, const json_t *o, const char *name, struct str *out, struct err *err)
{
	const json_t *list = json_object_get(o, name);
	char folded[KEYWORD_MAX], field[40], *text;
	struct str lines = STR("");

	snprintf(field, sizeof field, "/words/%s", name);
	if (!list)
		return 0;
	if (!json_is_array(list) || json_array_size(list) > OFFER_WORDS_MAX)
		return err_set(err, ERR_SEMANTIC, "words_invalid", field, "a list of at most %d words",
			       OFFER_WORDS_MAX);
	for (size_t k = 0; k < json_array_size(list); k++) {
		const json_t *v = json_array_get(list, k);
		size_t n = json_is_string(v) ? keyword_fold(str_n(json_string_value(v), json_string_length(v)), folded)
					     : 0;
		if (n == 0)
			return err_set(err, ERR_SEMANTIC, "words_invalid", field,
				       "a word has letters or digits, and less than %d of them", KEYWORD_MAX);
		text = arena_printf(r->arena, "%.*s%s%.*s", (int)lines.n, lines.p, k ? "\n" : "", (int)n, folded);
		if (!text)
			return err_nomem(err);
		lines = str_of(text);
	}
	*out = lines;
	return 0;
}

/* What STOP and its like say belongs to consent. */
static int no_keywords(struct request *r, struct str lines, struct err *err)
{
	for (size_t at = 0; at < lines.n;) {
		const char *end = memchr(lines.p + at, '\n', lines.n - at);
		size_t n = end ? (size_t)(end - lines.p) - at : lines.n - at;
		if (intake_keyword(app_of(r)->intake, str_n(lines.p + at, n), NULL) != KEYWORD_NONE)
			return err_set(err, ERR_SEMANTIC, "word_reserved", "/words",
				       "\"%.*s\" is a keyword of consent or help", (int)n, lines.p + at);
		at += n + 1;
	}
	return 0;
}

static int read_all_words(struct request *r, const json_t *o, struct offer_patch *p, struct err *err)
{
	static const char *const members[] = {"accept", "decline", NULL};
	const json_t *v = json_object_get(o, "words");

	p->set_words = v != NULL;
	if (!v || json_is_null(v))
		return 0;
	if (!json_is_object(v))
		return not_object("/words", err);
	return input_known(v, members, "/words", err) || read_words(r, v, "accept", &p->v.yes, err) ||
			       read_words(r, v, "decline", &p->v.no, err) || no_keywords(r, p->v.yes, err) ||
			       no_keywords(r, p->v.no, err)
		       ? -1
		       : 0;
}

static int read_answers(const json_t *o, struct offer_patch *p, struct err *err)
{
	static const char *const members[] = {"accepted", "declined", "closed", NULL};
	const json_t *v = json_object_get(o, "answers");

	p->set_templates = v != NULL;
	if (!v || json_is_null(v))
		return 0;
	if (!json_is_object(v))
		return not_object("/answers", err);
	return input_known(v, members, "/answers", err) ||
			       input_str(v, "/answers", "accepted", 64, &p->v.accepted_template, err) < 0 ||
			       input_str(v, "/answers", "declined", 64, &p->v.declined_template, err) < 0 ||
			       input_str(v, "/answers", "closed", 64, &p->v.closed_template, err) < 0
		       ? -1
		       : 0;
}

static int read_variants(struct request *r, const json_t *o, struct offer_patch *p, struct err *err)
{
	const json_t *v = json_object_get(o, "variants");
	char *text;

	p->set_variants = v != NULL;
	if (!v || json_is_null(v))
		return 0;
	if (!json_is_array(v))
		return err_set(err, ERR_SEMANTIC, "variants_invalid", "/variants", "a list is expected");
	if (json_array_size(v) == 0)
		return 0;
	text = json_dumps(v, JSON_COMPACT);
	p->v.variants = text ? arena_str(r->arena, str_of(text)) : (struct str){0};
	free(text);
	if (!p->v.variants.p)
		return err_nomem(err);
	return p->v.variants.n <= 65536 ? 0 : err_set(err, ERR_SEMANTIC, "too_long", "/variants", "more than 64 KiB");
}

static int read_number(const json_t *o, const char *name, int64_t def, int64_t max, bool *set, int64_t *out,
		       struct err *err)
{
	const json_t *v = json_object_get(o, name);

	*set = v != NULL;
	*out = def;
	if (!v || json_is_null(v))
		return 0;
	if (!json_is_integer(v) || json_integer_value(v) < 1 || json_integer_value(v) > max)
		return err_set(err, ERR_SEMANTIC, "quantity_invalid", name[0] == 'q' ? "/quantity" : "/per_customer",
			       "a number from 1 to %lld", (long long)max);
	*out = json_integer_value(v);
	return 0;
}

static int read_offer(struct request *r, const json_t *o, struct offer_patch *p, struct err *err)
{
	int64_t per = 1;

	p->v.per_customer = 1;
	p->set_description = has(o, "description");
	p->set_valid_from = has(o, "valid_from");
	p->set_valid_until = has(o, "valid_until");
	p->set_segment = has(o, "segment");
	if (input_str(o, "", "description", 2000, &p->v.description, err) < 0 || read_value(o, p, err) ||
	    input_time(o, "", "valid_from", &p->v.valid_from, err) < 0 ||
	    input_time(o, "", "valid_until", &p->v.valid_until, err) < 0 ||
	    input_str(o, "", "segment", 64, &p->v.segment, err) < 0 || read_variants(r, o, p, err) ||
	    read_all_words(r, o, p, err) || read_answers(o, p, err) ||
	    read_number(o, "quantity", 0, INT64_C(1000000000000), &p->set_quantity, &p->v.quantity, err) ||
	    read_number(o, "per_customer", 1, 1000, &p->set_per_customer, &per, err))
		return -1;
	p->v.per_customer = (int)per;
	return 0;
}

/* ---- the resource ---- */

struct change {
	struct offer_patch p;
	struct uuid id;
};

static int answer_offer(struct request *r, struct db *db, const struct uuid *id, int status, struct err *err)
{
	struct offer o;

	if (offer_get(db, id, r->arena, &o, err))
		return -1;
	request_json(r, status);
	request_etag(r, o.version);
	offer_json(&r->json, NULL, &o, now_of(r));
	return 0;
}

static int create_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;
	return offer_create(db, &c->p.v, r->who.author, now, &c->id, err);
}

static int create_finish(struct request *r, struct db *db, struct err *err)
{
	return answer_offer(r, db, &((struct change *)r->state)->id, 201, err);
}

int offer_post(struct request *r, struct err *err)
{
	struct change *c = state_new(r, sizeof *c, err);
	json_t *o;

	if (!c || input_object(r, names, &o, err))
		return -1;
	if (input_str(o, "", "name", OFFER_NAME_MAX, &c->p.v.name, err) != 1)
		return err->kind ? -1 : input_missing("", "name", err);
	if (read_offer(r, o, &c->p, err) || offer_check(&c->p.v, err))
		return -1;
	r->run = create_run;
	r->finish = create_finish;
	return request_write(r, err);
}

static int change_finish(struct request *r, struct db *db, struct err *err)
{
	return answer_offer(r, db, &((struct change *)r->state)->id, 200, err);
}

static int patch_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;
	return offer_update(db, &c->id, &c->p, now, r->arena, err);
}

int offer_patch_(struct request *r, struct err *err)
{
	struct change *c = state_new(r, sizeof *c, err);
	json_t *o;

	/* The first of the names is not for changing. */
	if (!c || path_uuid(r, 0, &c->id, err) || request_if_match(r, &c->p.if_version, err) ||
	    input_object(r, names + 1, &o, err) || read_offer(r, o, &c->p, err))
		return -1;
	r->run = patch_run;
	r->finish = change_finish;
	return request_write(r, err);
}

static int withdraw_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;
	struct offer o;

	return offer_get(db, &c->id, r->arena, &o, err) || offer_withdraw(db, &c->id, now, err) ? -1 : 0;
}

int offer_delete(struct request *r, struct err *err)
{
	struct change *c = state_new(r, sizeof *c, err);

	if (!c || path_uuid(r, 0, &c->id, err))
		return -1;
	r->run = withdraw_run;
	r->finish = change_finish;
	return request_write(r, err);
}

int offer_one(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	struct uuid id;

	return !db || path_uuid(r, 0, &id, err) ? -1 : answer_offer(r, db, &id, 200, err);
}

int offer_list_(struct request *r, struct err *err)
{
	struct str at = request_query(r, "cursor");
	struct db *db = request_db(r, err);
	char next[CURSOR_TEXT];
	struct cursor c = {0};
	struct uuid last;
	int limit, n;

	if (!db || query_limit(r, &limit, err))
		return -1;
	if (at.p && !cursor_parse(at, &c))
		return err_set(err, ERR_INVALID, "cursor_invalid", "cursor", "this is not a cursor of this list");
	list_begin(r);
	n = offer_list_json(db, &r->json, &c.id, limit, now_of(r), r->arena, &last, err);
	if (n < 0)
		return -1;
	if (n == limit)
		cursor_text(&(struct cursor){.id = last}, next);
	list_end(r, n == limit ? next : NULL);
	return 0;
}

int offer_figures(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	struct offer o;
	struct uuid id;

	if (!db || path_uuid(r, 0, &id, err) || offer_get(db, &id, r->arena, &o, err))
		return -1;
	request_json(r, 200);
	return uptake_figures_json(db, &o, &r->json, NULL, err);
}
