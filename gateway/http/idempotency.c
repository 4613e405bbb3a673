/*
 * Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a request that is sent again is answered again, not done
 * again. The record is written in the same transaction as what it protects, so there is no moment at which one exists
 * without the other.
 *
 * An answer is kept with what it has changed, be it a success or a refusal that changed something (a merge suggestion). A
 * request that was refused and changed nothing leaves the key free: not well-formed, not valid, not allowed, too much at
 * once, or turned down by the state of things. Sent again it is judged again, so that a corrected body may use the key
 * that its client has noted for the order; nothing can be done twice, since nothing was done.
 */
#include "base/clock.h"
#include "base/crypto.h"
#include "http/private.h"

static int fingerprint(struct inflight *f, struct err *err)
{
	struct buf b;
	int r;

	buf_init(&b, f->r.body.n + f->r.path.n + 64);
	buf_addf(&b, "%s\n", f->r.method);
	buf_addstr(&b, f->r.path);
	buf_addc(&b, '\n');
	buf_addstr(&b, f->r.body);
	r = b.failed ? err_nomem(err) : 0;
	crypto_sha256(buf_str(&b), f->fingerprint);
	buf_free(&b);
	return r;
}

int idempotency_begin(struct inflight *f, struct err *err)
{
	struct str key = request_in_header(&f->r, "Idempotency-Key");
	struct buf full;
	bool nomem;

	if (key.n == 0 || !(f->r.route->flags & ROUTE_IDEMPOTENT))
		return 0;
	if (key.n > 255)
		return err_set(err, ERR_INVALID, "idempotency_key_invalid", NULL,
			       "an Idempotency-Key has at most 255 characters");
	if (fingerprint(f, err))
		return -1;
	f->idem_key = arena_str(f->r.arena, key);
	buf_init(&full, 512);
	buf_addf(&full, "%s:", f->r.who.id);
	buf_addstr(&full, key);
	f->idem = running_add(&f->r.http->running, buf_str(&full), &nomem);
	buf_free(&full);
	if (f->idem)
		return 0;
	if (nomem)
		return err_nomem(err);
	return err_set(err, ERR_CONFLICT, "idempotency_key_running", NULL,
		       "a request with this Idempotency-Key is under way");
}

int idempotency_replay(struct inflight *f, struct db *db, bool *replayed, struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT fingerprint, status, body FROM idempotency WHERE key_id = $1 AND key = $2");
	struct str mark;
	int r;

	*replayed = false;
	db_bind_text(q, 1, f->r.who.id);
	db_bind_str(q, 2, f->idem_key);
	r = db_step(q, err);
	if (r == DB_ROW) {
		mark = db_col_str(q, 0);
		*replayed = str_eq(mark, str_n((const char *)f->fingerprint, 32));
		if (*replayed) {
			buf_reset(&f->r.out);
			buf_addstr(&f->r.out, db_col_str(q, 2));
			f->r.status = (int)db_col_i64(q, 1);
			if (f->r.status >= 400)
				f->r.content_type = "application/problem+json";
			f->answered = true;
		}
	}
	db_done(q);
	if (r == DB_ROW && !*replayed)
		return err_set(err, ERR_SEMANTIC, "idempotency_key_reused", NULL,
			       "this Idempotency-Key was used for another request");
	return r == DB_ERROR ? -1 : 0;
}

int idempotency_keep(struct inflight *f, struct db *db, int64_t now, struct err *err)
{
	struct stmt *q = db_query(
		db,
		"INSERT INTO idempotency (key_id, key, fingerprint, status, body, at) VALUES ($1, $2, $3, $4, $5, $6)");

	db_bind_text(q, 1, f->r.who.id);
	db_bind_str(q, 2, f->idem_key);
	db_bind_blob(q, 3, f->fingerprint, 32);
	db_bind_i64(q, 4, f->r.status);
	db_bind_str(q, 5, buf_str(&f->r.out));
	db_bind_i64(q, 6, now);
	return db_run(q, err);
}

void idempotency_end(struct inflight *f) { running_remove(&f->r.http->running, &f->idem); }
