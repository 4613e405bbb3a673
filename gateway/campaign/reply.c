/*
 * The answer that the customer gets is written to the outbox inside intake's job, and the dispatcher is told to look there
 * after the commit, as with confirmations of STOP (channel/confirm.c): nothing has to be taken back when the job is run
 * again.
 */
#include "campaign/reply.h"

#include <stdlib.h>

#include "campaign/private.h"
#include "intake/keyword.h"

enum { TOUCHED_MAX = 16, LOOKED_AT = 16 };

struct replies {
	struct outbound *o;
	struct events *ev;
	struct outbound_batch *batch;
	char touched[TOUCHED_MAX][64]; /* accounts; the writer's thread */
	size_t n;
};

int replies_new(struct outbound *o, struct events *ev, struct replies **out, struct err *err)
{
	struct replies *r = calloc(1, sizeof *r);

	if (!r)
		return err_nomem(err);
	r->o = o;
	r->ev = ev;
	r->batch = outbound_batch_new(o);
	if (!r->batch) {
		free(r);
		return err_nomem(err);
	}
	*out = r;
	return 0;
}

void replies_free(struct replies **rp)
{
	struct replies *r = rp ? *rp : NULL;

	if (!r)
		return;
	outbound_batch_free(&r->batch);
	free(r);
	*rp = NULL;
}

/* ---- which offer is meant ---- */

struct meant {
	bool found, open, yes, answers_late;
	struct uuid offer;
	int64_t presented_at;
};

static bool has_line(struct str lines, struct str word)
{
	for (size_t at = 0; at < lines.n;) {
		const char *end = memchr(lines.p + at, '\n', lines.n - at);
		size_t n = end ? (size_t)(end - lines.p) - at : lines.n - at;
		if (str_eq(str_n(lines.p + at, n), word))
			return true;
		at += n + 1;
	}
	return false;
}

/* What is open comes before what is not; then the latest. */
static void consider(struct stmt *q, struct str word, struct meant *m)
{
	bool open = db_col_i64(q, 1) == 1, yes = has_line(db_col_str(q, 3), word);
	int64_t at = db_col_i64(q, 2);

	if (!yes && !has_line(db_col_str(q, 4), word))
		return;
	if (m->found && (m->open > open || (m->open == open && m->presented_at >= at)))
		return;
	*m = (struct meant){
		.found = true, .open = open, .yes = yes, .answers_late = db_col_i64(q, 5) == 1, .presented_at = at};
	db_col_uuid(q, 0, &m->offer);
}

static int look(struct db *db, const struct uuid *member, struct str word, struct meant *m, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT c.offer_id, c.open, c.presented_at, o.yes_words, o.no_words,"
				      " CASE WHEN o.closed_template <> '' THEN 1 ELSE 0 END FROM offer_customer c"
				      " JOIN offer o ON o.id = c.offer_id WHERE c.customer_id = $1 AND c.bucket = $2"
				      " AND c.presented_at > 0 AND (o.yes_words <> '' OR o.no_words <> '')"
				      " ORDER BY c.open DESC, c.presented_at DESC LIMIT $3");
	int r;

	db_bind_uuid(q, 1, member);
	db_bind_i64(q, 2, bucket_of(member));
	db_bind_i64(q, 3, LOOKED_AT);
	while ((r = db_step(q, err)) == DB_ROW)
		consider(q, word, m);
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

/* 1: somebody wrote in a conversation that is not closed after the offer was presented. */
static int asked_since(struct db *db, const struct uuid *member, int64_t at, struct err *err)
{
	struct stmt *q = db_query(db, "SELECT 1 FROM conversation WHERE bucket = $1 AND customer_id = $2"
				      " AND state IN (0, 1, 2) AND last_out_at > $3 LIMIT 1");
	int r;

	db_bind_i64(q, 1, bucket_of(member));
	db_bind_uuid(q, 2, member);
	db_bind_i64(q, 3, at);
	r = db_step(q, err);
	db_done(q);
	return r == DB_ERROR ? -1 : r == DB_ROW;
}

static int which(struct db *db, const struct identity *who, struct str word, struct meant *m, struct err *err)
{
	struct uuid members[MEMBERS_MAX];
	int n = identity_members(db, &who->survivor, members, err), r = 0;

	if (n < 0)
		return -1;
	for (int k = 0; k < n; k++)
		if (look(db, &members[k], word, m, err))
			return -1;
	for (int k = 0; m->found && k < n && r == 0; k++)
		r = asked_since(db, &members[k], m->presented_at, err);
	if (r == 1)
		m->found = false;
	return r < 0 ? -1 : 0;
}

/* ---- obeying ---- */

static void touch(struct replies *r, const char *account)
{
	for (size_t k = 0; k < r->n; k++)
		if (strcmp(r->touched[k], account) == 0)
			return;
	if (!account[0] || r->n == TOUCHED_MAX)
		return; /* it is found when the store is read anyway */
	memcpy(r->touched[r->n++], account, sizeof r->touched[0]);
}

/* Who comes too late is told so, if the offer has words for it; else a person should see what was written. */
static int too_late(struct replies *r, struct step *s, const struct meant *m, const struct err *why, struct err *err)
{
	if (strcmp(why->code, "already_accepted") == 0)
		return m->yes; /* said twice */
	if (!m->yes || !m->answers_late)
		return 0;
	if (uptake_closed(s, err))
		return -1;
	touch(r, s->out->answer.delivery.account);
	return 1;
}

static int obey(struct replies *r, struct db *db, const struct identity *who, const struct interaction *i,
		struct arena *arena, const struct meant *m, int64_t now, struct uptake_result *out, struct err *err)
{
	struct uptake u = {.customer = who->survivor,
			   .offer = m->offer,
			   .to = m->yes ? UPTAKE_ACCEPTED : UPTAKE_DECLINED,
			   .channel = i->channel,
			   .source = "keyword",
			   .author = "customer",
			   .at = i->at + 1,
			   .has_reply = i->channel != CHANNEL_IVR, /* nobody is called back for it */
			   .reply_to = who->contact.address,
			   .reply_account = i->account};
	struct step s = {.db = db, .ev = r->ev, .b = r->batch, .arena = arena, .u = &u, .now = now, .out = out};
	struct err e = {0};
	int rc = uptake_write(db, r->ev, r->batch, arena, &u, now, out, &e);

	if (rc == 0) {
		touch(r, out->answer.delivery.account);
		rc = 1;
	} else if (e.kind == ERR_CONFLICT && !out->lost) {
		rc = too_late(r, &s, m, &e, err);
	} else {
		*err = e;
	}
	outbound_batch_reset(r->batch); /* the store has it */
	return rc;
}

static int answer(void *arg, struct db *db, const struct identity *who, const struct interaction *i,
		  struct arena *arena, int64_t now, struct answered_by_us *out, struct err *err)
{
	struct replies *r = arg;
	struct uptake_result result = {0};
	struct meant m = {0};
	char folded[KEYWORD_MAX], id[UUID_TEXT], *member;
	size_t n = keyword_fold(i->content, folded);
	int rc;

	if (n == 0)
		return 0;
	if (which(db, who, str_n(folded, n), &m, err))
		return -1;
	if (!m.found)
		return 0;
	rc = obey(r, db, who, i, arena, &m, now, &result, err);
	if (rc != 1)
		return rc;
	member = arena_printf(arena, "\"offer\":{\"offer_id\":\"%s\",\"answer\":\"%s\"}", uuid_format(&m.offer, id),
			      m.yes ? "accept" : "decline");
	out->reason = "the answer to an offer";
	out->member = member ? str_of(member) : (struct str){0};
	return member ? 1 : err_nomem(err);
}

static void answered(void *arg)
{
	struct replies *r = arg;

	for (size_t k = 0; k < r->n; k++)
		outbound_look(r->o, str_of(r->touched[k]), PRIORITY_HIGH);
	r->n = 0;
}

void replies_bind(struct replies *r, struct intake_config *into)
{
	into->answer = answer;
	into->answered = answered;
	into->answer_arg = r;
}
