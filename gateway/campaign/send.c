#include "campaign/send.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "campaign/sender.h"
#include "outbound/template.h"

#define LEASE (3 * US_SEC)
enum { STEP_ROOM = 8 << 20, DATA_ROOM = 256 << 10 };

struct sender *sender_new(struct outbound *o, struct events *ev, bool learning)
{
	struct sender *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->o = o;
	s->ev = ev;
	s->may_learn = learning;
	s->calendars = calendars_new();
	s->arena = arena_new(STEP_ROOM);
	buf_init(&s->data, DATA_ROOM);
	buf_init(&s->metadata, 8192);
	if (!s->calendars || !s->arena)
		sender_free(&s);
	return s;
}

void sender_free(struct sender **sp)
{
	struct sender *s = *sp;

	if (!s)
		return;
	calendars_free(&s->calendars);
	learner_free(&s->learner);
	arena_free(&s->arena);
	buf_free(&s->data);
	buf_free(&s->metadata);
	free(s);
	*sp = NULL;
}

/* ---- figures ---- */

static int flush(struct sender *s, struct err *err)
{
	for (int k = 0; k < s->tallies; k++) {
		const struct tally *t = &s->tally[k];
		struct str variant = t->variant >= 0 ? s->p.v[t->variant].name : STR("");
		if (share_count(s->db, &s->c.id, variant, t->share, str_of(t->reason), t->n, err))
			return -1;
	}
	for (int k = 0; k < s->presented_n; k++)
		if (uptake_count(s->db, &s->offer.id, s->presented[k].variant, s->presented[k].channel,
				 UPTAKE_PRESENTED, s->presented[k].n, err))
			return -1;
	s->tallies = s->presented_n = 0;
	return learning_flush(s, err);
}

static int count(struct sender *s, int variant, enum share share, const char *reason, int64_t n, struct err *err)
{
	char word[40];
	int k = 0;

	snprintf(word, sizeof word, "%s", reason ? reason : "");
	while (k < s->tallies &&
	       (s->tally[k].variant != variant || s->tally[k].share != share || strcmp(s->tally[k].reason, word) != 0))
		k++;
	if (k == TALLIES && flush(s, err))
		return -1;
	if (k >= s->tallies) {
		k = s->tallies++;
		s->tally[k] = (struct tally){.variant = variant, .share = share};
		memcpy(s->tally[k].reason, word, sizeof word);
	}
	s->tally[k].n += n;
	return 0;
}

static int count_presented(struct sender *s, struct str variant, enum channel channel, struct err *err)
{
	int k = 0;

	while (k < s->presented_n && (s->presented[k].channel != channel || !str_eq(s->presented[k].variant, variant)))
		k++;
	if (k == TALLIES && flush(s, err))
		return -1;
	if (k >= s->presented_n) {
		k = s->presented_n++;
		s->presented[k].variant = variant;
		s->presented[k].channel = channel;
		s->presented[k].n = 0;
	}
	s->presented[k].n++;
	return 0;
}

/* ---- the row ---- */

static int write_row(struct sender *s, const struct audience_row *r, const struct judged *j, const struct uuid *message,
		     struct err *err)
{
	struct stmt *q =
		db_query(s->db, "INSERT INTO campaign_customer (campaign_id, customer_id, bucket, variant, state,"
				" reason, message_id, due_at, at, arm) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
				" ON CONFLICT (campaign_id, customer_id, bucket) DO UPDATE SET state = excluded.state,"
				" variant = excluded.variant, arm = excluded.arm, reason = excluded.reason, message_id "
				"= excluded.message_id,"
				" due_at = excluded.due_at, at = excluded.at WHERE campaign_customer.state = 1");

	db_bind_uuid(q, 1, &s->c.id);
	db_bind_uuid(q, 2, &r->customer);
	db_bind_i64(q, 3, bucket_of(&r->customer));
	db_bind_str(q, 4, j->variant >= 0 ? s->p.v[j->variant].name : STR(""));
	db_bind_i64(q, 5, j->share);
	db_bind_text(q, 6, j->reason ? j->reason : "");
	db_bind_uuid(q, 7, message);
	db_bind_i64(q, 8, j->due);
	db_bind_i64(q, 9, s->now);
	db_bind_i64(q, 10, j->share == SHARE_QUEUED || j->share == SHARE_DEFERRED ? j->arm : 0);
	if (db_run(q, err))
		return -1;
	if (r->variant != -2 && count(s, r->variant, SHARE_DEFERRED, NULL, -1, err))
		return -1;
	return count(s, j->variant, j->share, j->reason, 1, err);
}

/* The offer is presented by the message: on the timeline it is the message's own entry. */
static int present(struct sender *s, const struct uuid *customer, struct str variant, const struct send_result *res,
		   struct err *err)
{
	struct stmt *q = db_query(
		s->db, "INSERT INTO offer_customer (bucket, customer_id, offer_id, variant, channel, message_id, state,"
		       " open, presented_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 0, 1, $7, $7)"
		       " ON CONFLICT (customer_id, offer_id, bucket) DO UPDATE SET state = 0, open = 1,"
		       " channel = excluded.channel, message_id = excluded.message_id,"
		       " presented_at = excluded.presented_at, updated_at = excluded.updated_at");

	db_bind_i64(q, 1, bucket_of(customer));
	db_bind_uuid(q, 2, customer);
	db_bind_uuid(q, 3, &s->offer.id);
	db_bind_str(q, 4, variant);
	db_bind_i64(q, 5, res->delivery.channel);
	db_bind_uuid(q, 6, &res->message);
	db_bind_i64(q, 7, s->now);
	return db_run(q, err) || count_presented(s, variant, res->delivery.channel, err) ? -1 : 0;
}

/* ---- the message ---- */

static int write_to(struct sender *s, struct sending_step *x, const struct audience_row *r, struct judged *j,
		    struct err *said, struct err *err)
{
	struct str offer_variant_ = s->has_offer ? offer_variant(&s->offer, &r->customer, s->arena) : STR("");
	struct uuid none = {{0}};
	struct send_request q;
	struct send_result res;
	struct made m;

	if (make(s, j->variant, offer_variant_, &m, err))
		return -1;
	make_request(s, j, &r->customer, &m, &q);
	if (outbound_batch_write(x->batch, s->db, &q, s->now, &res, said)) {
		if (said->kind == ERR_UNAVAILABLE || said->kind == ERR_INTERNAL) {
			*err = *said;
			return -1;
		}
		j->share = SHARE_UNREACHABLE;
		j->reason = said->code;
		return write_row(s, r, j, &none, err);
	}
	j->share = res.status == STATUS_SUPPRESSED || res.status == STATUS_EXPIRED ? SHARE_REFUSED : SHARE_QUEUED;
	j->reason = res.reason;
	if ((j->share == SHARE_QUEUED && learning_sent(s, r, &res, j, err)) || write_row(s, r, j, &res.message, err))
		return -1;
	if (j->share != SHARE_QUEUED)
		return 0;
	x->queued++;
	return s->has_offer ? present(s, &r->customer, offer_variant_, &res, err) : 0;
}

static int one(struct sender *s, struct sending_step *x, const struct audience_row *r, struct err *err)
{
	struct uuid none = {{0}};
	struct err said = {0}; /* j.reason may point into it */
	struct judged j;

	if (campaign_judge(s->calendars, &s->c, &s->p, s->has_offer ? &s->offer : NULL, s->db, r, s->now, &j, err) ||
	    learning_judge(s, r, &j, err))
		return -1;
	if (j.share == SHARE_DEFERRED && j.arm)
		x->queued++; /* waiting has its pace, too, so that there is something to learn from */
	return j.share == SHARE_QUEUED ? write_to(s, x, r, &j, &said, err) : write_row(s, r, &j, &none, err);
}

/* ---- the step ---- */

/* One gateway at a time walks a campaign: who holds the lease, or whoever finds that it has run out. */
static int take_lease(struct sender *s, struct sending_step *x, struct err *err)
{
	struct stmt *q = db_query(s->db, "UPDATE campaign SET runner = $1, lease_until = $2 WHERE id = $3"
					 " AND ((state IN (1, 2) AND start_at <= $4) OR taking_back = 1)"
					 " AND (runner IS NULL OR runner = $1 OR lease_until < $4)");

	db_bind_uuid(q, 1, &x->runner);
	db_bind_i64(q, 2, s->now + LEASE);
	db_bind_uuid(q, 3, &x->campaign);
	db_bind_i64(q, 4, s->now);
	if (db_run(q, err))
		return -1;
	x->mine = db_changes(s->db) > 0;
	return 0;
}

/* Looked up once a step. What is not published is found out with each message, and is each message's reason. */
static void find_versions(struct sender *s)
{
	int version;

	if (!s->p.version && template_published(s->db, s->p.template, &version, NULL) == 0)
		s->p.version = version;
	for (int k = 0; k < s->p.n; k++)
		if (s->p.v[k].template.n && template_published(s->db, s->p.v[k].template, &version, NULL) == 0)
			s->p.v[k].version = version;
}

static int load(struct sender *s, struct db *db, const struct uuid *id, int64_t now, struct err *err)
{
	s->db = db;
	s->now = now;
	s->test = false;
	s->tallies = s->presented_n = s->made_n = 0;
	arena_reset(s->arena);
	if (campaign_get(db, id, s->arena, &s->c, err) || plan_of(&s->c, s->arena, &s->p, err))
		return -1;
	s->has_offer = !uuid_is_nil(&s->p.offer);
	if (s->has_offer && offer_get(db, &s->p.offer, s->arena, &s->offer, err))
		return -1;
	find_versions(s);
	return learning_begin(s, err);
}

static int begin(struct sender *s, struct sending_step *x, struct err *err)
{
	if (load(s, s->db, &x->campaign, s->now, err))
		return -1;
	if (s->c.state != CAMPAIGN_SCHEDULED)
		return 0;
	if (campaign_move(s->db, &s->c, CAMPAIGN_RUNNING, STR(""), s->now, err) ||
	    campaign_tell(s->db, s->ev, &s->c, "campaign.running", CAMPAIGN_RUNNING, NULL, s->now, err))
		return -1;
	s->c.state = CAMPAIGN_RUNNING;
	return 0;
}

static int finish(struct sender *s, struct sending_step *x, const char *reason, struct err *err)
{
	int64_t counts[SHARE_COUNT];

	x->over = true;
	return flush(s, err) || shares_total(s->db, &s->c.id, counts, err) ||
			       campaign_move(s->db, &s->c, CAMPAIGN_DONE, str_of(reason), s->now, err) ||
			       campaign_tell(s->db, s->ev, &s->c, "campaign.done", CAMPAIGN_DONE, counts, s->now, err)
		       ? -1
		       : 0;
}

/* What an end has left to do. */
static int take_back(struct sender *s, struct sending_step *x, struct err *err)
{
	bool cancelled = s->c.state == CAMPAIGN_CANCELLED;
	struct str reason = cancelled ? STR(CAMPAIGN_CANCELLED_REASON) : s->c.reason;

	x->looked_at = campaign_take_back(s->db, s->o, &s->c, cancelled, reason, s->now, err);
	return x->looked_at < 0 ? -1 : 0;
}

/* The offer has ended: what waits is taken back, and who is deferred gets nothing. */
static int withdraw(struct sender *s, struct sending_step *x, const char *reason, struct err *err)
{
	struct stmt *q;

	if (shares_withdraw(s->db, &s->c.id, str_of(reason), s->now, err) ||
	    campaign_take_back(s->db, s->o, &s->c, false, str_of(reason), s->now, err) < 0)
		return -1;
	q = db_query(s->db, "UPDATE campaign SET exhausted = 1 WHERE id = $1");
	db_bind_uuid(q, 1, &s->c.id);
	return db_run(q, err) || finish(s, x, reason, err) ? -1 : 0;
}

static int variant_named(const struct plan *p, struct str name)
{
	for (int k = 0; k < p->n; k++)
		if (str_eq(p->v[k].name, name))
			return k;
	return -1;
}

static int deferred_due(struct sender *s, int most, struct audience_row *out, struct err *err)
{
	struct stmt *q = db_query(s->db, "SELECT x.customer_id, x.variant, c.time_zone, x.arm FROM campaign_customer x"
					 " LEFT JOIN customer c ON c.bucket = x.bucket AND c.id = x.customer_id"
					 " WHERE x.campaign_id = $1 AND x.state = 1 AND x.due_at <= $2"
					 " ORDER BY x.due_at, x.customer_id LIMIT $3");
	int n = 0, r;

	db_bind_uuid(q, 1, &s->c.id);
	db_bind_i64(q, 2, s->now);
	db_bind_i64(q, 3, most);
	while ((r = db_step(q, err)) == DB_ROW) {
		out[n] = (struct audience_row){.variant = variant_named(&s->p, db_col_str(q, 1)),
					       .time_zone = arena_str(s->arena, db_col_str(q, 2)),
					       .arm = db_col_i64(q, 3)};
		db_col_uuid(q, 0, &out[n].customer);
		if (!out[n++].time_zone.p) {
			r = err_nomem(err);
			break;
		}
	}
	db_done(q);
	return r == DB_END ? n : -1;
}

static int move_on(struct sender *s, const struct uuid *last, bool end, struct err *err)
{
	struct stmt *q = db_query(s->db, "UPDATE campaign SET position = $1, exhausted = $2 WHERE id = $3");

	db_bind_blob(q, 1, last->b, sizeof last->b);
	db_bind_i64(q, 2, end);
	db_bind_uuid(q, 3, &s->c.id);
	if (db_run(q, err))
		return -1;
	s->c.exhausted = end;
	return 0;
}

/* The segment is gone, or holds no more: people have to look at it. */
static int no_audience(struct sender *s, struct sending_step *x, const struct err *why, struct err *err)
{
	if (why->kind != ERR_NOT_FOUND && why->kind != ERR_SEMANTIC) {
		*err = *why;
		return -1;
	}
	x->over = true;
	return campaign_move(s->db, &s->c, CAMPAIGN_PAUSED, str_of(why->code), s->now, err) ||
			       campaign_tell(s->db, s->ev, &s->c, "campaign.paused", CAMPAIGN_PAUSED, NULL, s->now, err)
		       ? -1
		       : 0;
}

/* First those who had to wait, then the walk goes on. */
static int walk(struct sender *s, struct sending_step *x, struct err *err)
{
	struct audience_row *v = arena_array(s->arena, struct audience_row, (size_t)x->most + 1);
	int n = v ? deferred_due(s, x->most, v, err) : err_nomem(err), m;
	struct err e = {0};
	struct uuid last;
	bool end;

	if (n < 0)
		return -1;
	for (int k = 0; k < n; k++)
		if (one(s, x, &v[k], err))
			return -1;
	x->looked_at = n;
	if (n == x->most || s->c.exhausted)
		return 0;
	m = audience_next(s->db, &s->c, &s->p, &s->c.position, x->most - n, s->now, s->arena, v, &last, &end, &e);
	if (m < 0)
		return no_audience(s, x, &e, err);
	for (int k = 0; k < m; k++)
		if (one(s, x, &v[k], err))
			return -1;
	x->looked_at += m;
	return move_on(s, &last, end, err);
}

static int progress(struct sender *s, struct err *err)
{
	int64_t counts[SHARE_COUNT];

	return flush(s, err) || shares_total(s->db, &s->c.id, counts, err) ||
			       campaign_tell(s->db, s->ev, &s->c, "campaign.progress", s->c.state, counts, s->now, err)
		       ? -1
		       : 0;
}

int sender_step(struct sender *s, struct db *db, struct sending_step *x, int64_t now, struct err *err)
{
	const char *shut;
	int left;

	s->db = db;
	s->now = now;
	x->looked_at = x->queued = 0;
	x->mine = x->over = false;
	outbound_batch_reset(x->batch);
	if (take_lease(s, x, err))
		return -1;
	if (!x->mine)
		return 0;
	if (begin(s, x, err))
		return -1;
	if (s->c.taking_back)
		return take_back(s, x, err);
	shut = s->has_offer ? offer_shut(&s->offer, now) : NULL;
	if (shut && strcmp(shut, "offer_not_begun") == 0)
		return 0;
	if (shut)
		return withdraw(s, x, shut, err);
	if (walk(s, x, err) || flush(s, err))
		return -1;
	if (x->over)
		return 0;
	left = s->c.exhausted ? shares_deferred(db, &s->c.id, err) : 1;
	if (left < 0)
		return -1;
	if (left == 0)
		return finish(s, x, "", err);
	return x->tell ? progress(s, err) : 0;
}

/* ---- trying it out ---- */

static int try_one(struct sender *s, struct outbound_batch *b, struct trial *t, int variant, struct err *err)
{
	struct str word = s->has_offer ? offer_variant(&s->offer, &t->customer, s->arena) : STR("");
	struct judged j = {.variant = variant, .channel = -1};
	struct send_request q;
	struct made m;

	if (make(s, variant, word, &m, err))
		return -1;
	make_request(s, &j, &t->customer, &m, &q);
	q.has_address = t->has_address;
	q.address = t->address;
	t->variant = variant >= 0 ? s->p.v[variant].name : STR("");
	t->err = (struct err){0};
	if (outbound_batch_write(b, s->db, &q, s->now, &t->result, &t->err) == 0)
		return 0;
	if (t->err.kind != ERR_UNAVAILABLE && t->err.kind != ERR_INTERNAL)
		return 0;
	*err = t->err;
	return -1;
}

int sender_try(struct sender *s, struct db *db, struct outbound_batch *b, const struct uuid *campaign,
	       const struct trial *who, int n, struct trial *out, int *out_n, struct arena *a, int64_t now,
	       struct err *err)
{
	*out_n = 0;
	outbound_batch_reset(b);
	if (load(s, db, campaign, now, err))
		return -1;
	s->test = true;
	for (int k = 0; k < n; k++)
		for (int v = s->p.n ? 0 : -1; v < (s->p.n ? s->p.n : 0); v++) {
			struct trial *t = &out[(*out_n)++];
			*t = who[k];
			if (try_one(s, b, t, v, err))
				return -1;
			t->variant = arena_str(a, t->variant);
			if (!t->variant.p)
				return err_nomem(err);
		}
	return 0;
}
