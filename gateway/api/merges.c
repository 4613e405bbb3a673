/* Merge, unmerge, suggestions, and what never merges. */
#include "api/api.h"

struct merging {
	struct uuid customer, other, record;
	char reason[200];
	bool accept;
};

static int merge_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct merging *m = r->state;
	return identity_merge(db, app_of(r)->events, &m->customer, &m->other, m->reason, r->who.author, now, &m->record,
			      err);
}

static int survivor_finish(struct request *r, struct db *db, struct err *err)
{
	struct merging *m = r->state;
	struct uuid survivor;

	if (identity_survivor(db, &m->customer, &survivor, err))
		return -1;
	return answer_customer(r, db, &survivor, 200, err);
}

static int read_merge(struct request *r, struct merging *m, struct err *err)
{
	static const char *const names[] = {"merge_id", "reason", NULL};
	struct str reason = {0};
	json_t *o;

	if (path_uuid(r, 0, &m->customer, err) || input_object(r, names, &o, err))
		return -1;
	if (input_uuid(o, "", "merge_id", &m->other, err) != 1)
		return err->kind ? -1 : input_missing("", "merge_id", err);
	if (input_str(o, "", "reason", sizeof m->reason - 1, &reason, err) < 0)
		return -1;
	if (reason.n)
		memcpy(m->reason, reason.p, reason.n);
	return 0;
}

int merge_post(struct request *r, struct err *err)
{
	struct merging *m = state_new(r, sizeof *m, err);

	if (!m || read_merge(r, m, err))
		return -1;
	if (uuid_eq(&m->customer, &m->other))
		return err_set(err, ERR_SEMANTIC, "merge_with_itself", "/merge_id",
			       "a customer is not merged with itself");
	r->run = merge_run;
	r->finish = survivor_finish;
	return request_write(r, err);
}

static int unmerge_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct merging *m = r->state;
	struct uuid survivor, restored;

	if (identity_unmerge(db, app_of(r)->events, &m->other, r->who.author, now, &survivor, &restored, err))
		return -1;
	return conversation_split(db, app_of(r)->events, &survivor, &restored, now, err);
}

int unmerge_post(struct request *r, struct err *err)
{
	struct merging *m = state_new(r, sizeof *m, err);

	if (!m || read_merge(r, m, err))
		return -1;
	r->run = unmerge_run;
	r->finish = survivor_finish;
	return request_write(r, err);
}

int merge_list(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	struct uuid id;

	if (!db || path_uuid(r, 0, &id, err))
		return -1;
	request_json(r, 200);
	json_obj(&r->json, NULL);
	if (identity_merges_json(db, &id, &r->json, "data", err))
		return -1;
	json_null_(&r->json, "next");
	json_end(&r->json);
	return 0;
}

int suggestion_list(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	int limit;

	if (!db || query_limit(r, &limit, err))
		return -1;
	request_json(r, 200);
	json_obj(&r->json, NULL);
	if (suggestions_json(db, limit, &r->json, "data", err))
		return -1;
	json_null_(&r->json, "next");
	json_end(&r->json);
	return 0;
}

static int decide_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct merging *m = r->state;
	return suggestion_decide(db, app_of(r)->events, &m->other, m->accept, r->who.author, now, err);
}

static int decide_finish(struct request *r, struct db *db, struct err *err)
{
	struct merging *m = r->state;

	(void)db;
	(void)err;
	request_json(r, 200);
	json_obj(&r->json, NULL);
	json_uuid(&r->json, "id", &m->other);
	json_cstr(&r->json, "state", m->accept ? "accepted" : "rejected");
	json_end(&r->json);
	return 0;
}

static int decide(struct request *r, bool accept, struct err *err)
{
	struct merging *m = state_new(r, sizeof *m, err);

	if (!m || path_uuid(r, 0, &m->other, err))
		return -1;
	m->accept = accept;
	r->run = decide_run;
	r->finish = decide_finish;
	return request_write(r, err);
}

int suggestion_accept(struct request *r, struct err *err) { return decide(r, true, err); }
int suggestion_reject(struct request *r, struct err *err) { return decide(r, false, err); }

/* ---- never merge ---- */

struct listed {
	struct address address;
	char note[200];
};

int never_merge_list(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);

	if (!db)
		return -1;
	request_json(r, 200);
	json_obj(&r->json, NULL);
	if (never_merge_json(db, &r->json, "data", err))
		return -1;
	json_null_(&r->json, "next");
	json_end(&r->json);
	return 0;
}

static int address_of(struct request *r, struct str channel, struct str text, struct address *out, struct err *err)
{
	enum channel c = memchr(text.p, '@', text.n) ? CHANNEL_EMAIL : CHANNEL_SMS;

	if (channel.n && (!channel_parse(channel, &c) || c == CHANNEL_NONE))
		return input_word("", "channel", channel, err);
	if (address_parse(c, text, app_of(r)->region, out, err)) {
		memcpy(err->field, "/address", 9);
		return -1;
	}
	return 0;
}

static int listed_finish(struct request *r, struct db *db, struct err *err)
{
	struct listed *l = r->state;

	(void)db;
	(void)err;
	request_json(r, strcmp(r->method, "POST") == 0 ? 201 : 200);
	json_obj(&r->json, NULL);
	json_cstr(&r->json, "address", l->address.value);
	json_cstr(&r->json, "scheme", scheme_word(l->address.scheme));
	json_cstr(&r->json, "channel", channel_word(channel_of_scheme(l->address.scheme)));
	json_cstr(&r->json, "note", l->note);
	json_end(&r->json);
	return 0;
}

static int list_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct listed *l = r->state;
	return never_merge_add(db, &l->address, l->note, now, err);
}

int never_merge_post(struct request *r, struct err *err)
{
	static const char *const names[] = {"address", "channel", "note", NULL};
	struct listed *l = state_new(r, sizeof *l, err);
	struct str channel = {0}, text, note = {0};
	json_t *o;

	if (!l || input_object(r, names, &o, err) || input_str(o, "", "channel", 16, &channel, err) < 0 ||
	    input_str(o, "", "note", sizeof l->note - 1, &note, err) < 0)
		return -1;
	if (input_str(o, "", "address", ADDRESS_MAX, &text, err) != 1)
		return err->kind ? -1 : input_missing("", "address", err);
	if (address_of(r, channel, text, &l->address, err))
		return -1;
	if (note.n)
		memcpy(l->note, note.p, note.n);
	r->run = list_run;
	r->finish = listed_finish;
	return request_write(r, err);
}

static int unlist_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct listed *l = r->state;

	(void)now;
	return never_merge_remove(db, &l->address, err);
}

int never_merge_delete(struct request *r, struct err *err)
{
	struct listed *l = state_new(r, sizeof *l, err);
	struct str text = request_query(r, "address");

	if (!l)
		return -1;
	if (!text.n)
		return err_set(err, ERR_INVALID, "missing", "address", "address names the value");
	if (address_of(r, request_query(r, "channel"), text, &l->address, err))
		return -1;
	r->run = unlist_run;
	r->finish = listed_finish;
	return request_write(r, err);
}
