/* Starting, pausing, resuming, cancelling: what people do to a campaign. */
#include "campaign/private.h"
#include "campaign/send.h"

enum { TAKEN_BACK_MAX = 2000 };

static const struct {
	const char *event;
	unsigned from; /* bit set of states */
} actions[] = {
	[CAMPAIGN_START] = {"campaign.started", 1u << CAMPAIGN_DRAFT},
	[CAMPAIGN_PAUSE] = {"campaign.paused", 1u << CAMPAIGN_SCHEDULED | 1u << CAMPAIGN_RUNNING},
	[CAMPAIGN_RESUME] = {"campaign.resumed", 1u << CAMPAIGN_PAUSED},
	[CAMPAIGN_CANCEL] = {"campaign.cancelled", 1u << CAMPAIGN_DRAFT | 1u << CAMPAIGN_SCHEDULED |
							   1u << CAMPAIGN_RUNNING | 1u << CAMPAIGN_PAUSED |
							   1u << CAMPAIGN_DONE},
};

static enum campaign_state becomes(const struct campaign *c, enum campaign_action what, int64_t now)
{
	if (what == CAMPAIGN_PAUSE)
		return CAMPAIGN_PAUSED;
	if (what == CAMPAIGN_CANCEL)
		return CAMPAIGN_CANCELLED;
	return c->start_at > now ? CAMPAIGN_SCHEDULED : CAMPAIGN_RUNNING;
}

int campaign_move(struct db *db, const struct campaign *c, enum campaign_state to, struct str reason, int64_t now,
		  struct err *err)
{
	bool over = to == CAMPAIGN_DONE || to == CAMPAIGN_CANCELLED;
	struct stmt *q =
		db_query(db, "UPDATE campaign SET state = $1, reason = $2, updated_at = $3, version = version + 1,"
			     " started_at = CASE WHEN started_at = 0 AND $4 = 2 THEN $3 ELSE started_at END,"
			     " finished_at = $5 WHERE id = $6 AND state = $7");

	db_bind_i64(q, 1, to);
	db_bind_str(q, 2, reason);
	db_bind_i64(q, 3, now);
	db_bind_i64(q, 4, to);
	db_bind_i64(q, 5, over ? now : 0);
	db_bind_uuid(q, 6, &c->id);
	db_bind_i64(q, 7, c->state);
	if (db_run(q, err))
		return -1;
	return db_changes(db)
		       ? 0
		       : err_set(err, ERR_CONFLICT, "state_conflict", NULL, "the campaign has changed meanwhile");
}

int campaign_tell(struct db *db, struct events *ev, const struct campaign *c, const char *type, enum campaign_state s,
		  const int64_t counts[SHARE_COUNT], int64_t now, struct err *err)
{
	struct event e = {.at = now, .type = type};
	char room[1024];
	struct buf b = {.p = room, .cap = sizeof room, .max = sizeof room - 1};
	struct json_out j;

	json_begin(&j, &b);
	json_obj(&j, NULL);
	json_uuid(&j, "campaign_id", &c->id); /* first: who follows one campaign compares the beginning */
	json_str(&j, "name", c->name);
	json_cstr(&j, "state", campaign_state_word(s));
	for (int k = 0; counts && k < SHARE_COUNT; k++)
		json_int(&j, share_word((enum share)k), counts[k]);
	json_end(&j);
	if (!b.failed)
		e.data = buf_str(&b);
	return event_append(ev, db, &e, err);
}

/* ---- taking back what waits ---- */

struct waiting {
	struct uuid message, customer;
	char variant[OFFER_VARIANT_MAX + 1];
};

/* So many at a time: quiet hours may keep more of them waiting than the bound of the outbox. */
static int find_waiting(struct db *db, const struct uuid *id, struct waiting **out, struct arena *a, struct err *err)
{
	struct stmt *q =
		db_query(db, "SELECT d.message_id, c.customer_id, c.variant FROM delivery d JOIN campaign_customer c"
			     " ON c.campaign_id = $1 AND c.customer_id = d.customer_id AND c.bucket = d.bucket"
			     " WHERE d.outbox = 1 AND d.priority = 2 AND c.message_id = d.message_id"
			     " AND d.status IN (1, 2) LIMIT $2");
	int n = 0, r;

	*out = arena_array(a, struct waiting, TAKEN_BACK_MAX);
	if (!*out)
		return err_nomem(err);
	db_bind_uuid(q, 1, id);
	db_bind_i64(q, 2, TAKEN_BACK_MAX);
	while ((r = db_step(q, err)) == DB_ROW) {
		struct waiting *w = &(*out)[n++];
		struct str variant = db_col_str(q, 2);
		db_col_uuid(q, 0, &w->message);
		db_col_uuid(q, 1, &w->customer);
		memcpy(w->variant, variant.p, variant.n <= OFFER_VARIANT_MAX ? variant.n : 0);
	}
	db_done(q);
	return r == DB_ERROR ? -1 : n;
}

static int mark(struct db *db, const struct uuid *campaign, const struct waiting *w, enum share to, struct str reason,
		int64_t now, struct err *err)
{
	struct stmt *q = db_query(db, "UPDATE campaign_customer SET state = $1, reason = $2, at = $3"
				      " WHERE campaign_id = $4 AND customer_id = $5 AND bucket = $6");

	db_bind_i64(q, 1, to);
	db_bind_str(q, 2, reason);
	db_bind_i64(q, 3, now);
	db_bind_uuid(q, 4, campaign);
	db_bind_uuid(q, 5, &w->customer);
	db_bind_i64(q, 6, bucket_of(&w->customer));
	return db_run(q, err) || share_count(db, campaign, str_of(w->variant), SHARE_QUEUED, STR(""), -1, err) ||
			       share_count(db, campaign, str_of(w->variant), to, reason, 1, err)
		       ? -1
		       : 0;
}

static int take_back_all(struct db *db, struct outbound *o, const struct campaign *c, const struct waiting *v, int n,
			 enum share to, struct str reason, int64_t now, struct err *err)
{
	int taken = 0;

	for (int k = 0; k < n; k++) {
		struct err e = {0};
		if (outbound_cancel(o, db, &v[k].message, "system:campaign", now, &e) == 0) {
			if (mark(db, &c->id, &v[k], to, reason, now, err))
				return -1;
			taken++;
		} else if (e.kind != ERR_CONFLICT && e.kind != ERR_NOT_FOUND) {
			*err = e;
			return -1;
		}
	}
	return taken;
}

static int set_taking_back(struct db *db, const struct campaign *c, bool more, struct err *err)
{
	struct stmt *q = db_query(db, "UPDATE campaign SET taking_back = $1 WHERE id = $2");

	db_bind_i64(q, 1, more);
	db_bind_uuid(q, 2, &c->id);
	return db_run(q, err);
}

int campaign_take_back(struct db *db, struct outbound *o, const struct campaign *c, bool cancelled, struct str reason,
		       int64_t now, struct err *err)
{
	struct arena *a = arena_new(1 << 20);
	struct waiting *v;
	int n, taken;

	if (!a)
		return err_nomem(err);
	n = find_waiting(db, &c->id, &v, a, err);
	taken = n < 0 ? -1
		      : take_back_all(db, o, c, v, n, cancelled ? SHARE_CANCELLED : SHARE_WITHDRAWN, reason, now, err);
	arena_free(&a);
	if (taken < 0 || ((n == TAKEN_BACK_MAX || c->taking_back) && set_taking_back(db, c, n == TAKEN_BACK_MAX, err)))
		return -1;
	return taken;
}

int campaign_act(struct db *db, struct events *ev, struct outbound *o, const struct uuid *id, enum campaign_action what,
		 struct arena *a, int64_t now, struct err *err)
{
	struct campaign c;
	enum campaign_state to;

	if (campaign_get(db, id, a, &c, err))
		return -1;
	if (!(actions[what].from >> c.state & 1))
		return err_set(err, ERR_CONFLICT, "state_conflict", NULL, "the campaign is %s",
			       campaign_state_word(c.state));
	to = becomes(&c, what, now);
	if (campaign_move(db, &c, to, STR(""), now, err))
		return -1;
	if (what == CAMPAIGN_CANCEL && c.state != CAMPAIGN_DRAFT &&
	    campaign_take_back(db, o, &c, true, STR(CAMPAIGN_CANCELLED_REASON), now, err) < 0)
		return -1;
	return campaign_tell(db, ev, &c, actions[what].event, to, NULL, now, err);
}
