/*
 * The carrier's later word. Receipts come in batches, each batch is one write job. An id is looked for in the forms of
 * receipt_match.h; one that is not known yet is kept (early.c) until the answer to its submit names it.
 *
 * Applying one is idempotent and only moves forward: what the present status does not admit is counted and changes
 * nothing. Most receipts say "delivered" of a text of one part that was sent a moment ago: that is one look-up, one
 * conditional update and one event; everything else takes the road that reads the row first.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "outbound/private.h"
#include "outbound/receipt_match.h"

struct receipts {
	struct write_job job;
	struct outbound *o;
	size_t n;
	struct entry {
		struct receipt r;
		struct lane *lane;
		struct tally tally;
		receipt_fn *done;
		void *arg;
	} v[];
};

/* ---- applying one ---- */

static bool success(enum status s)
{
	return s == STATUS_DELIVERED || s == STATUS_READ || s == STATUS_PARTIAL || s == STATUS_SENT;
}

static void describe(struct outbound *o, const struct receipt *r, enum status s, int64_t now)
{
	buf_reset(&o->trail);
	trail_line(&o->trail, r->at > 0 && r->at < now ? r->at : now, s, "receipt", r->raw_state);
}

static int event_of(struct outbound *o, struct db *db, const struct facts *f, enum status s, const struct receipt *r,
		    int64_t now, struct err *err)
{
	bool ok = success(s);
	return status_event(o, db, f, s, ok ? STR("") : r->raw_state, ok ? STR("") : r->error_code, now, NULL, err);
}

static void bind_key(struct stmt *q, int at, const struct delivery_id *id)
{
	db_bind_uuid(q, at, &id->message);
	db_bind_i64(q, at + 1, id->n);
	db_bind_i64(q, at + 2, bucket_of(&id->message));
}

static void bind_why(struct stmt *q, int at, enum status s, const struct receipt *r)
{
	if (success(s))
		return;
	db_bind_str(q, at, r->error_code);
	db_bind_str(q, at + 1, r->raw_state);
}

/* Of what was sent lately: one part, and not changed since. 1: it was not so. */
static int apply_fast(struct outbound *o, struct db *db, struct lane *l, const struct receipt *r, int64_t now,
		      struct tally *tally, struct err *err)
{
	struct facts f;
	struct stmt *q;
	int hit;

	if (r->status == STATUS_SENT || !recent_find(o->recent, l, r->external_id, &f))
		return 1;
	q = db_query(db, "UPDATE delivery SET status = $1, code = $2, reason = $3, trail = trail || $4, updated_at = $5"
			 " WHERE message_id = $6 AND n = $7 AND bucket = $8 AND status = 5");
	describe(o, r, r->status, now);
	db_bind_i64(q, 1, r->status);
	bind_why(q, 2, r->status, r);
	db_bind_str(q, 4, buf_str(&o->trail));
	db_bind_i64(q, 5, now);
	bind_key(q, 6, &f.id);
	hit = db_run_hit(q, err);
	if (hit <= 0)
		return hit < 0 ? -1 : 1;
	tally->rule = RULE_EXACT;
	return event_of(o, db, &f, r->status, r, now, err);
}
_Static_assert(STATUS_SENT == 5, "named in the SQL of apply_fast");

struct row {
	enum status status;
	int outbox;
	struct facts f;
	bool several;
};

/* 0 read (o->parts holds its parts), 1 gone, -1 err. */
static int read_row(struct outbound *o, struct db *db, struct lane *l, const struct delivery_id *id, struct row *out,
		    struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT d.status, d.outbox, d.parts, d.customer_id, i.conversation_id FROM delivery d"
			     " LEFT JOIN interaction i ON i.bucket = d.bucket AND i.customer_id = d.customer_id"
			     " AND i.id = d.message_id WHERE d.message_id = $1 AND d.n = $2 AND d.bucket = $3");
	int r;

	bind_key(q, 1, id);
	r = db_step(q, err);
	if (r == DB_ROW) {
		*out = (struct row){.status = (enum status)db_col_i64(q, 0),
				    .outbox = (int)db_col_i64(q, 1),
				    .f = {.channel = l->channel, .account = str_of(l->name), .id = *id}};
		buf_reset(&o->parts);
		buf_addstr(&o->parts, db_col_str(q, 2));
		out->several = parts_id(buf_str(&o->parts), 2).n > 0;
		db_col_uuid(q, 3, &out->f.customer);
		db_col_uuid(q, 4, &out->f.conversation);
	}
	db_done(q);
	return r == DB_ROW ? 0 : r == DB_END ? 1 : -1;
}

static int write_row(struct outbound *o, struct db *db, const struct row *row, enum status s, const struct receipt *r,
		     bool changed, int64_t now, struct err *err)
{
	struct stmt *q =
		db_query(db, "UPDATE delivery SET status = $1, outbox = $2, code = COALESCE($3, code), reason ="
			     " COALESCE($4, reason), parts = $5, trail = trail || $6, updated_at = $7"
			     " WHERE message_id = $8 AND n = $9 AND bucket = $10");
	buf_reset(&o->trail);
	if (changed)
		describe(o, r, s, now);
	db_bind_i64(q, 1, s);
	db_bind_i64(q, 2, changed ? 0 : row->outbox);
	bind_why(q, 3, s, r);
	if (o->parts.n)
		db_bind_str(q, 5, buf_str(&o->parts));
	db_bind_str(q, 6, buf_str(&o->trail));
	db_bind_i64(q, 7, now);
	bind_key(q, 8, &row->f.id);
	if (db_run(q, err))
		return -1;
	return changed ? event_of(o, db, &row->f, s, r, now, err) : 0;
}

int receipt_apply(struct outbound *o, struct db *db, struct lane *l, const struct external_hit *hit,
		  const struct receipt *r, int64_t now, struct tally *tally, struct err *err)
{
	enum status whole = r->status;
	struct row row;
	bool part_changed = false;
	int got = read_row(o, db, l, &hit->id, &row, err);

	if (got)
		return got < 0 ? -1 : 0;
	if (row.several) {
		buf_reset(&o->scratch);
		if (parts_change(buf_str(&o->parts), hit->part, r->status, &o->scratch, &whole)) {
			part_changed = !str_eq(buf_str(&o->scratch), buf_str(&o->parts));
			buf_reset(&o->parts);
			buf_addstr(&o->parts, buf_str(&o->scratch));
		}
	}
	if (r->status == STATUS_SENT) /* en route: worth an event, no change */
		return status_is_final(row.status) ? 0 : event_of(o, db, &row.f, STATUS_SENT, r, now, err);
	if (status_may_follow(row.status, whole)) {
		if (row.outbox == 1) /* its answer was lost and it was to be sent again: no need any more */
			cancel_mark(o, &hit->id, now);
		return write_row(o, db, &row, whole, r, true, now, err);
	}
	if (part_changed)
		return write_row(o, db, &row, row.status, r, false, now, err);
	tally->repeated = row.status == whole;
	tally->ignored = !tally->repeated;
	return 0;
}

/* ---- finding what it is for ---- */

/* Numbers as different hands write them: the last nine digits. */
static bool same_number(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), k = 0;

	while (k < 9 && k < n && k < m && a[n - 1 - k] == b[m - 1 - k])
		k++;
	return k == 9 || (k == n && k == m) || (k >= 5 && (k == n || k == m));
}

/* Answered ones do not count: what their answers named is written before this receipt is looked at. */
static bool on_its_way_to(struct outbound *o, const struct lane *l, const char *address)
{
	size_t at = 0;
	struct item *i;

	pthread_mutex_lock(&o->lock);
	while ((i = items_any(o->items, &at)))
		if (i->lane == l && i->state == ITEM_FLYING && same_number(i->d.to.value, address))
			break;
	pthread_mutex_unlock(&o->lock);
	return i != NULL;
}

struct found {
	struct external_hit hit;
	enum receipt_rule rule;
};

/* A number in the other base may as well be another message's: believed only if the handset is the same, the message
 * still waits for its receipt, and nothing is on its way to that handset whose answer has not come yet. */
static int other_base_ok(struct outbound *o, struct db *db, struct lane *l, const struct external_hit *hit,
			 const struct receipt *r, bool *ok, struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT address, status FROM delivery WHERE message_id = $1 AND n = $2 AND bucket = $3");
	bool usual = atomic_load(&l->counts.matched[RULE_BASE]) > 8 * atomic_load(&l->counts.matched[RULE_EXACT]) + 8;
	char address[ADDRESS_MAX + 1] = "";
	enum status s = STATUS_NONE;
	int got;

	bind_key(q, 1, &hit->id);
	got = db_step(q, err);
	if (got == DB_ROW) {
		struct str a = db_col_str(q, 0);
		memcpy(address, a.p, a.n < ADDRESS_MAX ? a.n : ADDRESS_MAX);
		address[a.n < ADDRESS_MAX ? a.n : ADDRESS_MAX] = 0;
		s = (enum status)db_col_i64(q, 1);
	}
	db_done(q);
	*ok = got == DB_ROW && !status_is_final(s) && (!r->from.value[0] || same_number(address, r->from.value)) &&
	      (usual || !on_its_way_to(o, l, address));
	return got == DB_ERROR ? -1 : 0;
}

/* What was the id that we know it by: tells the rules apart. */
static int stored_id(struct outbound *o, struct db *db, struct lane *l, const struct external_hit *hit, struct err *err)
{
	struct row row;
	int got = read_row(o, db, l, &hit->id, &row, err);
	struct str id = got ? STR("") : parts_id(buf_str(&o->parts), hit->part);

	buf_reset(&o->scratch);
	buf_addstr(&o->scratch, id);
	return got < 0 ? -1 : 0;
}

/* 0 found, 1 not, -1 err. */
static int find(struct outbound *o, struct db *db, struct lane *l, const struct receipt *r, struct found *out,
		struct err *err)
{
	struct receipt_forms f;

	receipt_forms(r->external_id, &f);
	for (size_t k = 0; k < f.n; k++) {
		int got = external_find(db, str_of(l->name), f.v[k].ref, &out->hit, err);
		bool ok = true;
		if (got < 0)
			return -1;
		if (got)
			continue;
		out->rule = RULE_EXACT;
		if (k == 0)
			return 0;
		if (f.v[k].base && other_base_ok(o, db, l, &out->hit, r, &ok, err))
			return -1;
		if (!ok)
			continue;
		if (stored_id(o, db, l, &out->hit, err))
			return -1;
		out->rule = receipt_rule(r->external_id, buf_str(&o->scratch), f.v[k].base);
		return 0;
	}
	return 1;
}

/* The one delivery to this address whose answer was lost. 0 found, 1 none or several, -1 err. */
static int find_uncertain(struct db *db, struct lane *l, const struct receipt *r, struct found *out, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT message_id, n, address FROM delivery WHERE account = $1 AND outbox = 2"
				      " ORDER BY message_id LIMIT 10000");
	int n = 0, step;

	db_bind_text(q, 1, l->name);
	while ((step = db_step(q, err)) == DB_ROW) {
		char address[ADDRESS_MAX + 1];
		struct str a = db_col_str(q, 2);
		if (a.n > ADDRESS_MAX)
			continue;
		memcpy(address, a.p, a.n);
		address[a.n] = 0;
		if (!r->from.value[0] || !same_number(address, r->from.value))
			continue;
		out->hit = (struct external_hit){.id.n = (uint16_t)db_col_i64(q, 1), .part = 1};
		db_col_uuid(q, 0, &out->hit.id.message);
		n++;
	}
	db_done(q);
	out->rule = RULE_UNCERTAIN;
	return step == DB_ERROR ? -1 : n == 1 ? 0 : 1;
}

int receipt_match(struct outbound *o, struct db *db, struct lane *l, const struct receipt *r, bool late, int64_t now,
		  struct tally *tally, struct err *err)
{
	struct found f;
	int got;

	*tally = (struct tally){.rule = RULES};
	got = apply_fast(o, db, l, r, now, tally, err);
	if (got != 1)
		return got;
	got = r->external_id.n ? find(o, db, l, r, &f, err) : 1;
	if (got == 1 && late)
		got = find_uncertain(db, l, r, &f, err);
	if (got)
		return got;
	tally->rule = f.rule;
	return receipt_apply(o, db, l, &f.hit, r, now, tally, err);
}

/* ---- the job ---- */

void tally_count(struct lane *l, const struct tally *h)
{
	if (h->rule < RULES)
		atomic_fetch_add(&l->counts.matched[h->rule], 1);
	if (h->unknown)
		atomic_fetch_add(&l->counts.receipts_unknown, 1);
	if (h->repeated)
		atomic_fetch_add(&l->counts.receipts_repeated, 1);
	if (h->ignored)
		atomic_fetch_add(&l->counts.receipts_ignored, 1);
}

static int run(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	struct receipts *rs = (struct receipts *)(void *)job;

	for (size_t k = 0; k < rs->n; k++) {
		struct entry *e = &rs->v[k];
		int got = 0;
		if (e->r.status != STATUS_NONE)
			got = receipt_match(rs->o, db, e->lane, &e->r, false, now, &e->tally, err);
		else
			e->tally = (struct tally){.rule = RULES, .ignored = true};
		e->tally.unknown = got == 1;
		if (got < 0 || (got == 1 && early_keep(rs->o, db, e->lane, &e->r, now, err)))
			return -1;
	}
	return 0;
}

static void done(struct write_job *job, const struct err *err)
{
	struct receipts *rs = (struct receipts *)(void *)job;
	struct outbound *o = rs->o;

	for (size_t k = 0; k < rs->n; k++) {
		if (!err) {
			atomic_fetch_add(&rs->v[k].lane->counts.receipts, 1);
			tally_count(rs->v[k].lane, &rs->v[k].tally);
		}
		if (rs->v[k].done)
			rs->v[k].done(rs->v[k].arg, err);
	}
	free(rs);
	if (!err) /* with an error this may be another thread */
		fallback_look(o);
	atomic_fetch_sub(&o->jobs, 1);
}

static struct str keep(char **at, struct str s)
{
	struct str copy = {*at, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}

static void refuse(const struct err *err, size_t n, receipt_fn *fn, void *const *args)
{
	for (size_t k = 0; fn && k < n; k++)
		fn(args[k], err);
}

void outbound_receipts(struct outbound *o, const struct receipt *v, size_t n, receipt_fn *fn, void *const *args)
{
	struct receipts *rs;
	struct err e;
	size_t room = 0;
	char *at;

	for (size_t k = 0; k < n; k++)
		room += v[k].external_id.n + v[k].raw_state.n + v[k].error_code.n;
	rs = malloc(sizeof *rs + n * sizeof *rs->v + room);
	if (!rs) {
		err_nomem(&e);
		refuse(&e, n, fn, args);
		return;
	}
	*rs = (struct receipts){.job = {.run = run, .done = done}, .o = o};
	at = (char *)&rs->v[n];
	for (size_t k = 0; k < n; k++) {
		struct entry *x = &rs->v[rs->n];
		struct lane *l = lane_find(o, v[k].account);
		if (!l) {
			if (fn)
				fn(args[k], NULL); /* of an account that is not open: nothing of ours */
			continue;
		}
		*x = (struct entry){.r = v[k], .lane = l, .done = fn, .arg = args ? args[k] : NULL};
		x->r.account = str_of(l->name);
		x->r.external_id = keep(&at, v[k].external_id);
		x->r.raw_state = keep(&at, v[k].raw_state);
		x->r.error_code = keep(&at, v[k].error_code);
		rs->n++;
	}
	atomic_fetch_add(&o->jobs, 1);
	if (writer_submit(o->w, &rs->job, &e))
		done(&rs->job, &e);
}

void outbound_receipt(struct outbound *o, const struct receipt *r, receipt_fn *fn, void *arg)
{
	outbound_receipts(o, r, 1, fn, &arg);
}
