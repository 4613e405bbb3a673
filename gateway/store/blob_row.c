#include "store/blob_row.h"

#include "base/crypto.h"

void blob_name(struct str bytes, char sha256[BLOB_NAME])
{
	uint8_t hash[SHA256_LEN];

	crypto_sha256(bytes, hash);
	crypto_hex(hash, sizeof hash, sha256);
}

int blob_row_put(struct db *db, const char *sha256, struct str bytes, int64_t now, struct err *err)
{
	struct stmt *q = db_query(db, "INSERT INTO small_blob (sha256, at, bytes) VALUES ($1, $2, $3)"
				      " ON CONFLICT (sha256) DO NOTHING");

	db_bind_text(q, 1, sha256);
	db_bind_i64(q, 2, now);
	db_bind_blob(q, 3, bytes.p, bytes.n);
	return db_run(q, err);
}

static int row_get(struct db *db, const char *sha256, struct buf *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT bytes FROM small_blob WHERE sha256 = $1");
	int r;

	db_bind_text(q, 1, sha256);
	r = db_step(q, err);
	if (r == DB_ROW)
		buf_addstr(out, db_col_str(q, 0));
	db_done(q);
	if (r == DB_ROW && out->failed)
		return err_nomem(err);
	return r;
}

int blob_load(struct blobs *files, struct db *db, const char *sha256, struct buf *out, struct err *err)
{
	struct err why = {0};
	int r;

	if (blob_get(files, sha256, out, &why) == 0)
		return 0;
	r = db && why.kind == ERR_NOT_FOUND ? row_get(db, sha256, out, err) : DB_END;
	if (r == DB_END && err)
		*err = why;
	return r == DB_ROW ? 0 : -1;
}
