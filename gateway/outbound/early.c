/*
 * Receipts for ids that we do not know. Most are only early: the carrier reports a delivery before it has answered the
 * submit. They are kept under the canonical form of their id and applied when an answer brings that id. What nobody asks
 * for is looked at again after a while (another base, an uncertain delivery) and forgotten after days.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "outbound/private.h"
#include "outbound/receipt_match.h"

enum { SWEEP_ROWS = 200, BODY_MAX = 2048 };
#define GRACE (3 * US_SEC)
#define FORGET (3 * US_DAY)

/* Without the mark: these live in a table of their own. */
static struct str key_of(struct str id, char room[RECEIPT_ID_MAX + 2])
{
	struct str alias;

	if (!receipt_alias(id, room, &alias))
		return id.n > RECEIPT_ID_MAX ? str_n(id.p, RECEIPT_ID_MAX) : id;
	return str_n(alias.p + 1, alias.n - 1);
}

static void write_body(struct buf *b, const struct receipt *r)
{
	struct json_out j;

	buf_reset(b);
	json_begin(&j, b);
	json_obj(&j, NULL);
	json_str(&j, "id", r->external_id);
	json_cstr(&j, "status", status_word(r->status));
	json_str(&j, "state", r->raw_state);
	json_str(&j, "code", r->error_code);
	json_int(&j, "at", r->at);
	json_cstr(&j, "from", r->from.value);
	json_end(&j);
}

static struct str member(json_t *v, const char *key)
{
	json_t *s = json_object_get(v, key);
	return json_is_string(s) ? str_n(json_string_value(s), json_string_length(s)) : STR("");
}

/* Strings live in the tree, which the caller releases. */
static bool read_body(struct str body, struct lane *l, json_t **tree, struct receipt *out)
{
	struct str from;

	if (json_read(body, 2, tree, NULL))
		return false;
	*out = (struct receipt){.account = str_of(l->name),
				.external_id = member(*tree, "id"),
				.raw_state = member(*tree, "state"),
				.error_code = member(*tree, "code"),
				.at = json_integer_value(json_object_get(*tree, "at"))};
	from = member(*tree, "from");
	if (from.n <= ADDRESS_MAX)
		memcpy(out->from.value, from.p, from.n);
	return status_parse(member(*tree, "status"), &out->status);
}

static int count_all(struct outbound *o, struct db *db, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT COUNT(*) FROM early_receipt");
	int r = db_step(q, err);

	if (r == DB_ROW)
		o->early = db_col_i64(q, 0);
	db_done(q);
	return r == DB_ROW ? 0 : -1;
}

/* A transaction that was rolled back has counted as well. */
bool early_any(struct outbound *o)
{
	int64_t undone = writer_undone(o->w);

	if (undone != o->early_undone)
		o->early = -1;
	o->early_undone = undone;
	return o->early != 0;
}

int early_keep(struct outbound *o, struct db *db, struct lane *l, const struct receipt *r, int64_t now, struct err *err)
{
	struct stmt *q = db_query(db, "INSERT INTO early_receipt (account, ref, at, body) VALUES ($1, $2, $3, $4)"
				      " ON CONFLICT (account, ref, at) DO NOTHING");
	char room[RECEIPT_ID_MAX + 2];

	o->early_tick = now > o->early_tick ? now : o->early_tick + 1;
	write_body(&o->scratch, r);
	db_bind_text(q, 1, l->name);
	db_bind_str(q, 2, key_of(r->external_id, room));
	db_bind_i64(q, 3, o->early_tick);
	db_bind_str(q, 4, buf_str(&o->scratch));
	if (db_run(q, err))
		return -1;
	if (o->early >= 0)
		o->early++;
	return 0;
}

static int forget(struct outbound *o, struct db *db, const char *account, struct str ref, int64_t at, struct err *err)
{
	struct stmt *q = db_query(db, "DELETE FROM early_receipt WHERE account = $1 AND ref = $2 AND at = $3");

	db_bind_text(q, 1, account);
	db_bind_str(q, 2, ref);
	db_bind_i64(q, 3, at);
	if (db_run(q, err))
		return -1;
	if (o->early > 0)
		o->early--;
	return 0;
}

/* The oldest one kept for the key, copied into body. 0 found, 1 none, -1 err. */
static int oldest(struct db *db, struct lane *l, struct str key, struct buf *body, int64_t *at, struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT body, at FROM early_receipt WHERE account = $1 AND ref = $2 ORDER BY at LIMIT 1");
	int r;

	db_bind_text(q, 1, l->name);
	db_bind_str(q, 2, key);
	r = db_step(q, err);
	if (r == DB_ROW) {
		buf_addstr(body, db_col_str(q, 0));
		*at = db_col_i64(q, 1);
	}
	db_done(q);
	return r == DB_ROW ? 0 : r == DB_END ? 1 : -1;
}

int early_apply(struct outbound *o, struct db *db, struct lane *l, struct str ref, const struct external_hit *hit,
		int64_t now, struct err *err)
{
	char room[RECEIPT_ID_MAX + 2];
	struct str key = key_of(ref, room);
	struct tally tally;
	int r;

	if (o->early < 0 && count_all(o, db, err))
		return -1;
	if (o->early == 0)
		return 0;
	for (;;) {
		struct receipt rc;
		json_t *tree = NULL;
		struct buf body;
		int64_t at;
		buf_init(&body, BODY_MAX);
		r = oldest(db, l, key, &body, &at, err);
		if (r == 0 && read_body(buf_str(&body), l, &tree, &rc)) {
			tally = (struct tally){.rule = receipt_rule(rc.external_id, ref, false)};
			r = receipt_apply(o, db, l, hit, &rc, now, &tally, err);
			if (r == 0)
				tally_count(l, &tally);
		}
		json_decref(tree);
		buf_free(&body);
		if (r)
			return r < 0 ? -1 : 0;
		atomic_fetch_add(&l->counts.early, 1);
		if (forget(o, db, l->name, key, at, err))
			return -1;
	}
}

/* ---- the sweep ---- */

struct sweep {
	struct write_job job;
	struct outbound *o;
	struct late {
		struct tally tally;
		struct lane *lane; /* whose it was, if anybody's */
		char account[64], ref[160];
		int64_t at;
		struct buf body;
	} v[SWEEP_ROWS];
	size_t n;
};

static void keep(char *to, size_t cap, struct str s)
{
	size_t n = s.n < cap ? s.n : cap - 1;

	memcpy(to, s.p, n);
	to[n] = 0;
}

static int read_some(struct sweep *s, struct db *db, struct err *err)
{
	struct outbound *o = s->o;
	struct stmt *q =
		db_query(db, "SELECT account, ref, at, body FROM early_receipt WHERE (account, ref, at) > ($1, $2, $3)"
			     " ORDER BY account, ref, at LIMIT $4");
	int r;

	db_bind_text(q, 1, o->early_at.account);
	db_bind_text(q, 2, o->early_at.ref);
	db_bind_i64(q, 3, o->early_at.at);
	db_bind_i64(q, 4, SWEEP_ROWS);
	for (s->n = 0; s->n < SWEEP_ROWS && (r = db_step(q, err)) == DB_ROW; s->n++) {
		struct late *x = &s->v[s->n];
		keep(x->account, sizeof x->account, db_col_str(q, 0));
		keep(x->ref, sizeof x->ref, db_col_str(q, 1));
		x->at = db_col_i64(q, 2);
		buf_reset(&x->body);
		buf_addstr(&x->body, db_col_str(q, 3));
	}
	db_done(q);
	return s->n < SWEEP_ROWS && r == DB_ERROR ? -1 : 0;
}

static int look_again(struct sweep *s, struct db *db, struct late *x, int64_t now, struct err *err)
{
	struct lane *l = lane_find(s->o, str_of(x->account));
	struct receipt rc;
	json_t *tree = NULL;
	int r = 1;

	x->lane = NULL;
	if (x->at > now - GRACE)
		return 0;
	if (l && read_body(buf_str(&x->body), l, &tree, &rc))
		r = receipt_match(s->o, db, l, &rc, true, now, &x->tally, err);
	x->lane = r == 0 ? l : NULL;
	json_decref(tree);
	if (r < 0)
		return -1;
	if (r == 0 || x->at < now - FORGET)
		return forget(s->o, db, x->account, str_of(x->ref), x->at, err);
	return 0;
}

static int run(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct sweep *s = (struct sweep *)(void *)job;
	struct outbound *o = s->o;

	if (early_any(o) && o->early < 0 && count_all(o, db, err))
		return -1;
	if (o->early == 0)
		return 0;
	if (read_some(s, db, err))
		return -1;
	for (size_t k = 0; k < s->n; k++)
		if (look_again(s, db, &s->v[k], now, err))
			return -1;
	if (s->n < SWEEP_ROWS) { /* around: and count anew */
		memset(&o->early_at, 0, sizeof o->early_at);
		o->early = -1;
	} else {
		const struct late *last = &s->v[s->n - 1];
		keep(o->early_at.account, sizeof o->early_at.account, str_of(last->account));
		keep(o->early_at.ref, sizeof o->early_at.ref, str_of(last->ref));
		o->early_at.at = last->at;
	}
	return 0;
}

static void done(struct write_job *job, const struct err *err)
{
	struct sweep *s = (struct sweep *)(void *)job;
	struct outbound *o = s->o;

	if (!err) /* with one, the next sweep comes; and this may be another thread */
		fallback_look(o);
	for (size_t k = 0; !err && k < s->n; k++)
		if (s->v[k].lane)
			tally_count(s->v[k].lane, &s->v[k].tally);
	for (size_t k = 0; k < SWEEP_ROWS; k++)
		buf_free(&s->v[k].body);
	free(s);
	atomic_store(&o->early_sweeping, false);
	atomic_fetch_sub(&o->jobs, 1);
}

void early_sweep(struct outbound *o)
{
	struct sweep *s;
	struct err e;

	if (atomic_exchange(&o->early_sweeping, true))
		return;
	s = calloc(1, sizeof *s);
	if (!s) {
		atomic_store(&o->early_sweeping, false);
		return;
	}
	s->job = (struct write_job){.run = run, .done = done};
	s->o = o;
	for (size_t k = 0; k < SWEEP_ROWS; k++)
		buf_init(&s->v[k].body, BODY_MAX);
	atomic_fetch_add(&o->jobs, 1);
	if (writer_submit(o->w, &s->job, &e))
		done(&s->job, &e);
}
