/* Holds: why a customer gets no marketing for a while. */
#include "api/api.h"
#include "customer/hold.h"

int hold_list(struct request *r, struct err *err)
{
	struct uuid id, members[MEMBERS_MAX];
	struct db *db = request_db(r, err);
	int n;

	if (!db || path_uuid(r, 0, &id, err) || (n = identity_members(db, &id, members, err)) < 0)
		return -1;
	list_begin(r);
	if (hold_list_json(db, &r->json, members, (size_t)n, now_of(r), err))
		return -1;
	list_end(r, NULL);
	return 0;
}

struct change {
	struct uuid customer, id;
	struct hold hold;
};

static int finish(struct request *r, struct db *db, struct err *err)
{
	struct change *c = r->state;
	struct uuid members[MEMBERS_MAX];
	int n = identity_members(db, &c->customer, members, err);

	if (n < 0)
		return -1;
	request_json(r, 200);
	json_obj(&r->json, NULL);
	json_arr(&r->json, "data");
	if (hold_list_json(db, &r->json, members, (size_t)n, now_of(r), err))
		return -1;
	json_end(&r->json);
	json_null_(&r->json, "next");
	json_end(&r->json);
	return 0;
}

static int post_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;

	c->hold.created_at = now;
	if (c->hold.until && c->hold.until <= now)
		return err_set(err, ERR_SEMANTIC, "until_invalid", "/until", "a time to come");
	return identity_survivor(db, &c->customer, &c->hold.customer, err) ||
			       hold_begin(db, app_of(r)->events, &c->hold, &c->id, err)
		       ? -1
		       : 0;
}

int hold_post(struct request *r, struct err *err)
{
	static const char *const names[] = {"reason", "note", "until", NULL};
	struct change *c = state_new(r, sizeof *c, err);
	json_t *o;

	if (!c || path_uuid(r, 0, &c->customer, err) || input_object(r, names, &o, err))
		return -1;
	if (input_str(o, "", "reason", HOLD_REASON_MAX, &c->hold.reason, err) != 1)
		return err->kind ? -1 : input_missing("", "reason", err);
	if (input_str(o, "", "note", HOLD_NOTE_MAX, &c->hold.note, err) < 0 ||
	    input_time(o, "", "until", &c->hold.until, err) < 0)
		return -1;
	if (!c->hold.note.p)
		c->hold.note = STR("");
	c->hold.author = str_of(r->who.author);
	r->run = post_run;
	r->finish = finish;
	return request_write(r, err);
}

static int delete_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct change *c = r->state;
	struct uuid members[MEMBERS_MAX];
	int n = identity_members(db, &c->customer, members, err);

	for (int k = 0; k < n; k++) {
		struct err e = {0};
		if (hold_end(db, app_of(r)->events, &members[k], &c->id, r->who.author, now, &e) == 0)
			return 0;
		*err = e;
		if (e.kind != ERR_NOT_FOUND)
			return -1;
	}
	return -1;
}

int hold_delete(struct request *r, struct err *err)
{
	struct change *c = state_new(r, sizeof *c, err);

	if (!c || path_uuid(r, 0, &c->customer, err) || path_uuid(r, 1, &c->id, err))
		return -1;
	r->run = delete_run;
	r->finish = finish;
	return request_write(r, err);
}
