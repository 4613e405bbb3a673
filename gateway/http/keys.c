#include "http/keys.h"

#include <stdio.h>

#include "base/crypto.h"

enum { RANDOM = 32 };

static const char prefix[] = "tl_";

static bool name_ok(struct str name)
{
	struct api_key k;

	if (name.n == 0 || name.n >= sizeof k.name || !str_utf8_ok(name))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] < ' ')
			return false;
	return true;
}

static int new_text(char text[KEY_TEXT], struct err *err)
{
	uint8_t random[RANDOM];
	struct buf b;
	int r = 0;

	crypto_random(random, sizeof random);
	buf_init(&b, KEY_TEXT);
	buf_adds(&b, prefix);
	crypto_b64url(&b, random, sizeof random);
	if (b.failed || b.n != KEY_TEXT - 1)
		r = err_nomem(err);
	else
		memcpy(text, buf_cstr(&b), KEY_TEXT);
	explicit_bzero(random, sizeof random);
	if (b.p)
		explicit_bzero(b.p, b.n);
	buf_free(&b);
	return r;
}

int key_create(struct db *db, struct str name, enum role role, int64_t now, char text[KEY_TEXT], struct api_key *out,
	       struct err *err)
{
	struct uuid id = uuid7(now);
	uint8_t hash[SHA256_LEN];
	struct stmt *q;
	int r;

	if (!name_ok(name))
		return err_set(err, ERR_SEMANTIC, "name_invalid", "/name",
			       "a key's name has 1 to %zu bytes of plain text", sizeof out->name - 1);
	if (new_text(text, err))
		return -1;
	*out = (struct api_key){.role = role, .created_at = now};
	uuid_format(&id, out->id);
	memcpy(out->name, name.p, name.n);
	crypto_sha256(str_n(text, KEY_TEXT - 1), hash);
	q = db_query(db, "INSERT INTO api_key (id, name, role, hash, created_at) VALUES ($1, $2, $3, $4, $5)");
	db_bind_text(q, 1, out->id);
	db_bind_str(q, 2, name);
	db_bind_i64(q, 3, role);
	db_bind_blob(q, 4, hash, sizeof hash);
	db_bind_i64(q, 5, now);
	r = db_run(q, err);
	return r;
}

static void read_row(struct stmt *q, struct api_key *k)
{
	struct str id = db_col_str(q, 0), name = db_col_str(q, 1);

	*k = (struct api_key){
		.role = (enum role)db_col_i64(q, 2), .created_at = db_col_i64(q, 3), .revoked_at = db_col_i64(q, 4)};
	snprintf(k->id, sizeof k->id, "%.*s", (int)id.n, id.p);
	snprintf(k->name, sizeof k->name, "%.*s", (int)name.n, name.p);
}

int key_list(struct db *db, void (*fn)(void *arg, const struct api_key *k), void *arg, struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT id, name, role, created_at, revoked_at FROM api_key ORDER BY created_at, id");
	struct api_key k;
	int r;

	while ((r = db_step(q, err)) == DB_ROW) {
		read_row(q, &k);
		fn(arg, &k);
	}
	db_done(q);
	return r == DB_END ? 0 : -1;
}

int key_revoke(struct db *db, struct str id, int64_t now, struct err *err)
{
	struct stmt *q = db_query(db, "UPDATE api_key SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1");

	db_bind_str(q, 1, id);
	db_bind_i64(q, 2, now);
	if (db_run(q, err))
		return -1;
	if (db_changes(db) == 0)
		return err_set(err, ERR_NOT_FOUND, "key_not_found", NULL, "there is no key %.*s",
			       (int)(id.n < 60 ? id.n : 60), id.p);
	return 0;
}

int key_by_id(struct db *db, struct str id, struct api_key *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT id, name, role, created_at, revoked_at FROM api_key WHERE id = $1");
	int r;

	db_bind_str(q, 1, id);
	r = db_step(q, err);
	if (r == DB_ROW)
		read_row(q, out);
	db_done(q);
	if (r == DB_ERROR)
		return -1;
	if (r == DB_END || out->revoked_at)
		return err_set(err, ERR_UNAUTHORIZED, "key_revoked", NULL, "this key is no longer valid");
	return 0;
}

int key_verify(struct db *db, struct str text, struct api_key *out, struct err *err)
{
	uint8_t hash[SHA256_LEN];
	struct stmt *q;
	int r;

	if (text.n != KEY_TEXT - 1 || memcmp(text.p, prefix, sizeof prefix - 1) != 0)
		return err_set(err, ERR_UNAUTHORIZED, "key_invalid", NULL, "this is not a key of this gateway");
	crypto_sha256(text, hash);
	q = db_query(db, "SELECT id, name, role, created_at, revoked_at FROM api_key WHERE hash = $1");
	db_bind_blob(q, 1, hash, sizeof hash);
	r = db_step(q, err);
	if (r == DB_ROW)
		read_row(q, out);
	db_done(q);
	if (r == DB_ERROR)
		return -1;
	if (r == DB_END)
		return err_set(err, ERR_UNAUTHORIZED, "key_invalid", NULL, "this is not a key of this gateway");
	if (out->revoked_at)
		return err_set(err, ERR_UNAUTHORIZED, "key_revoked", NULL, "this key was revoked");
	return 0;
}
