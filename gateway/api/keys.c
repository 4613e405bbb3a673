/* API keys, and the console's session that names one. */
#include "api/api.h"

static void key_json(struct json_out *j, const char *name, const struct api_key *k, const char *text)
{
	json_obj(j, name);
	json_cstr(j, "id", k->id);
	json_cstr(j, "name", k->name);
	json_cstr(j, "role", role_word(k->role));
	json_time(j, "created_at", k->created_at);
	json_time(j, "revoked_at", k->revoked_at);
	if (text)
		json_cstr(j, "key", text);
	json_end(j);
}

static void list_one(void *arg, const struct api_key *k) { key_json(&((struct request *)arg)->json, NULL, k, NULL); }

int key_list_(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);

	if (!db)
		return -1;
	list_begin(r);
	if (key_list(db, list_one, r, err))
		return -1;
	list_end(r, NULL);
	return 0;
}

struct making {
	struct str name, id;
	enum role role;
	struct api_key key;
	char text[KEY_TEXT];
};

static int make_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct making *m = r->state;
	return key_create(db, m->name, m->role, now, m->text, &m->key, err);
}

static int make_finish(struct request *r, struct db *db, struct err *err)
{
	struct making *m = r->state;

	(void)db;
	(void)err;
	request_json(r, 201);
	key_json(&r->json, NULL, &m->key, m->text);
	return 0;
}

int key_post(struct request *r, struct err *err)
{
	static const char *const names[] = {"name", "role", NULL};
	struct making *m = state_new(r, sizeof *m, err);
	struct str role;
	json_t *o;

	if (!m || input_object(r, names, &o, err))
		return -1;
	if (input_str(o, "", "name", 79, &m->name, err) != 1)
		return err->kind ? -1 : input_missing("", "name", err);
	if (input_str(o, "", "role", 16, &role, err) != 1)
		return err->kind ? -1 : input_missing("", "role", err);
	if (!role_parse(role, &m->role))
		return input_word("", "role", role, err);
	r->run = make_run;
	r->finish = make_finish;
	return request_write(r, err);
}

static int revoke_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct making *m = r->state;
	return key_revoke(db, m->id, now, err);
}

static int revoke_finish(struct request *r, struct db *db, struct err *err)
{
	(void)db;
	(void)err;
	request_json(r, 200);
	json_obj(&r->json, NULL);
	json_str(&r->json, "id", ((struct making *)r->state)->id);
	json_bool(&r->json, "revoked", true);
	json_end(&r->json);
	return 0;
}

int key_delete(struct request *r, struct err *err)
{
	struct making *m = state_new(r, sizeof *m, err);

	if (!m)
		return -1;
	m->id = r->param[0];
	r->run = revoke_run;
	r->finish = revoke_finish;
	r->committed = keys_changed;
	return request_write(r, err);
}

/* ---- who am I ---- */

static void me_json(struct request *r, const char *id, const char *name, enum role role, const char *author)
{
	request_json(r, 200);
	json_obj(&r->json, NULL);
	json_cstr(&r->json, "id", id);
	json_cstr(&r->json, "name", name);
	json_cstr(&r->json, "role", role_word(role));
	json_cstr(&r->json, "author", author);
	json_end(&r->json);
}

int me_get(struct request *r, struct err *err)
{
	(void)err;
	me_json(r, r->who.id, r->who.name, r->who.role, r->who.author);
	return 0;
}

int session_post(struct request *r, struct err *err)
{
	static const char *const names[] = {"key", NULL};
	struct db *db = request_db(r, err);
	struct str key = {0};
	struct api_key k;
	json_t *o;

	if (!db || input_object(r, names, &o, err))
		return -1;
	if (input_str(o, "", "key", 200, &key, err) != 1)
		return err->kind ? -1 : input_missing("", "key", err);
	if (key_verify(db, str_trim(key), &k, err))
		return -1;
	session_begin(r, &k);
	me_json(r, k.id, k.name, k.role, k.name);
	return 0;
}

int session_delete(struct request *r, struct err *err)
{
	(void)err;
	session_end(r);
	request_json(r, 200);
	json_obj(&r->json, NULL);
	json_end(&r->json);
	return 0;
}
