/* What a campaign has learned, and the switch. */
#include "api/api.h"
#include "campaign/engine.h"

struct switching {
	struct uuid id;
	bool on;
};

static int answer(struct request *r, struct db *db, const struct uuid *id, struct err *err)
{
	struct campaign c;

	if (campaign_get(db, id, r->arena, &c, err))
		return -1;
	request_json(r, 200);
	return learning_json(db, &c, engine_learns(app_of(r)->engine), r->arena, &r->json, NULL, err);
}

int campaign_learning_(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	struct uuid id;

	return !db || path_uuid(r, 0, &id, err) ? -1 : answer(r, db, &id, err);
}

static int switch_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct switching *s = r->state;
	return learning_switch(db, &s->id, s->on, r->arena, now, err);
}

static int switch_finish(struct request *r, struct db *db, struct err *err)
{
	return answer(r, db, &((struct switching *)r->state)->id, err);
}

int campaign_learning_put(struct request *r, struct err *err)
{
	static const char *const names[] = {"on", NULL};
	struct switching *s = state_new(r, sizeof *s, err);
	json_t *o;

	if (!s || path_uuid(r, 0, &s->id, err) || input_object(r, names, &o, err))
		return -1;
	if (input_bool(o, "", "on", &s->on, err) != 1)
		return err->kind ? -1 : input_missing("", "on", err);
	r->run = switch_run;
	r->finish = switch_finish;
	return request_write(r, err);
}
