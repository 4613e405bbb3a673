/* Small things that several resources share. */
#include "api/api.h"
#include "base/clock.h"

int64_t now_of(struct request *r)
{
	(void)r;
	return clock_now();
}

void *state_new(struct request *r, size_t n, struct err *err)
{
	r->state = arena_alloc(r->arena, n);
	if (!r->state)
		err_nomem(err);
	return r->state;
}

int path_uuid(struct request *r, int i, struct uuid *out, struct err *err)
{
	if (uuid_parse(r->param[i], out))
		return 0;
	return err_set(err, ERR_NOT_FOUND, "id_invalid", NULL, "the id in the path is not a UUID");
}

void list_begin(struct request *r)
{
	request_json(r, 200);
	json_obj(&r->json, NULL);
	json_arr(&r->json, "data");
}

void list_end(struct request *r, const char *next)
{
	json_end(&r->json);
	json_cstr(&r->json, "next", next);
	json_end(&r->json);
}

int answer_customer(struct request *r, struct db *db, const struct uuid *id, int status, struct err *err)
{
	struct customer c;

	if (customer_get(db, id, r->arena, &c, err))
		return -1;
	request_json(r, status);
	request_etag(r, c.version);
	return customer_json(db, &r->json, NULL, &c, err);
}

int answer_interaction(struct request *r, struct db *db, const struct uuid *id, int status, struct err *err)
{
	struct interaction i;

	if (interaction_get(db, id, r->arena, &i, err))
		return -1;
	request_json(r, status);
	return interaction_json(db, &r->json, NULL, &i, err);
}

int answer_conversation(struct request *r, struct db *db, const struct uuid *id, int status, struct err *err)
{
	struct conversation c;

	if (conversation_get(db, id, r->arena, &c, err))
		return -1;
	request_json(r, status);
	request_etag(r, c.version);
	conversation_json(&r->json, NULL, &c);
	return 0;
}
