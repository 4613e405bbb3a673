#include "campaign/uptake.h"

#include <stdio.h>

#include "campaign/eligible.h"
#include "campaign/learning.h"
#include "campaign/private.h"
#include "customer/identity.h"
#include "timeline/interaction.h"

static const struct {
	const char *word, *event;
	enum direction direction;
} words[UPTAKE_COUNT] = {
	[UPTAKE_PRESENTED] = {"presented", "offer.presented", DIRECTION_OUTBOUND},
	[UPTAKE_OPENED] = {"opened", "offer.opened", DIRECTION_INBOUND},
	[UPTAKE_CLICKED] = {"clicked", "offer.clicked", DIRECTION_INBOUND},
	[UPTAKE_ACCEPTED] = {"accepted", "offer.accepted", DIRECTION_INBOUND},
	[UPTAKE_DECLINED] = {"declined", "offer.declined", DIRECTION_INBOUND},
	[UPTAKE_EXPIRED] = {"expired", "offer.expired", DIRECTION_INTERNAL},
};

const char *uptake_word(enum uptake_state s) { return (unsigned)s < UPTAKE_COUNT ? words[s].word : "unknown"; }

bool uptake_parse(struct str s, enum uptake_state *out)
{
	for (int k = 0; k < UPTAKE_COUNT; k++)
		if (str_is(s, words[k].word)) {
			*out = (enum uptake_state)k;
			return true;
		}
	return false;
}

static int refuse(struct err *err, const char *code)
{
	static const struct {
		const char *code, *says;
	} why[] = {{"offer_not_begun", "the offer does not hold yet"},
		   {"offer_over", "the offer is over"},
		   {"offer_withdrawn", "the offer is withdrawn"},
		   {"offer_sold_out", "nothing is left of the offer"},
		   {"already_accepted", "the customer has accepted it as often as one may"},
		   {"not_eligible", "the customer is not one of those whom the offer is for"},
		   {"not_presented", "the offer was not presented to the customer"}};

	for (size_t k = 0; k < sizeof why / sizeof *why; k++)
		if (strcmp(why[k].code, code) == 0)
			return err_set(err, ERR_CONFLICT, why[k].code, NULL, "%s", why[k].says);
	return err_set(err, ERR_CONFLICT, code, NULL, "the offer cannot be had");
}

/* ---- where the customer stands ---- */

static int read_row(struct step *s, const struct uuid *member, struct err *err)
{
	struct stmt *q =
		db_query(s->db, "SELECT variant, state, taken, updated_at, opened_at, clicked_at, message_id"
				" FROM offer_customer WHERE customer_id = $1 AND offer_id = $2 AND bucket = $3");
	int r;

	db_bind_uuid(q, 1, member);
	db_bind_uuid(q, 2, &s->offer.id);
	db_bind_i64(q, 3, bucket_of(member));
	r = db_step(q, err);
	if (r == DB_ROW) {
		s->taken += db_col_i64(q, 2);
		if (!s->known || db_col_i64(q, 3) > s->updated_at) {
			s->known = true;
			s->owner = *member;
			s->state = (enum uptake_state)db_col_i64(q, 1);
			s->owner_taken = db_col_i64(q, 2);
			s->updated_at = db_col_i64(q, 3);
			s->opened = db_col_i64(q, 4) > 0;
			s->clicked = db_col_i64(q, 5) > 0;
			db_col_uuid(q, 6, &s->message);
			s->variant = arena_str(s->arena, db_col_str(q, 0));
			if (!s->variant.p)
				r = err_nomem(err);
		}
	}
	db_done(q);
	return r == DB_ERROR ? -1 : 0;
}

int step_stand(struct step *s, struct err *err)
{
	s->known = false;
	s->message = (struct uuid){{0}};
	s->taken = 0;
	for (int k = 0; k < s->members_n; k++)
		if (read_row(s, &s->members[k], err))
			return -1;
	if (!s->known) {
		s->owner = s->members[0];
		s->owner_taken = 0;
		s->opened = s->clicked = false;
		s->variant = s->u->variant.p ? s->u->variant : offer_variant(&s->offer, &s->owner, s->arena);
	}
	return 0;
}

/* ---- the rows ---- */

static int insert_row(struct step *s, int64_t presented_at, struct err *err)
{
	struct stmt *q = db_query(
		s->db, "INSERT INTO offer_customer (bucket, customer_id, offer_id, variant, channel, message_id, state,"
		       " open, presented_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 0, 1, $7, $8)"
		       " ON CONFLICT (customer_id, offer_id, bucket) DO UPDATE SET state = 0, open = 1,"
		       " channel = excluded.channel, message_id = excluded.message_id,"
		       " presented_at = CASE WHEN excluded.presented_at > 0 THEN excluded.presented_at"
		       " ELSE offer_customer.presented_at END, updated_at = excluded.updated_at");

	db_bind_i64(q, 1, bucket_of(&s->owner));
	db_bind_uuid(q, 2, &s->owner);
	db_bind_uuid(q, 3, &s->offer.id);
	db_bind_str(q, 4, s->variant);
	db_bind_i64(q, 5, s->u->channel);
	db_bind_uuid(q, 6, &s->u->message);
	db_bind_i64(q, 7, presented_at);
	db_bind_i64(q, 8, s->now);
	return db_run(q, err);
}

static int update_row(struct step *s, const char *sql, int64_t limit, struct err *err)
{
	struct stmt *q = db_query(s->db, sql);

	db_bind_i64(q, 1, s->now);
	db_bind_uuid(q, 2, &s->owner);
	db_bind_uuid(q, 3, &s->offer.id);
	db_bind_i64(q, 4, bucket_of(&s->owner));
	db_bind_i64(q, 5, limit);
	return db_run(q, err);
}

/* One of the quantity is taken, if one is left: the row of the offer is ours until the commit. */
static int take_one(struct step *s, bool *taken, struct err *err)
{
	struct stmt *q = db_query(s->db, "UPDATE offer SET taken = taken + 1 WHERE id = $1 AND withdrawn_at = 0"
					 " AND valid_from <= $2 AND (valid_until = 0 OR valid_until > $2)"
					 " AND (quantity = 0 OR taken < quantity)");

	db_bind_uuid(q, 1, &s->offer.id);
	db_bind_i64(q, 2, s->now);
	if (db_run(q, err))
		return -1;
	*taken = db_changes(s->db) > 0;
	return 0;
}

static int present(struct step *s, struct err *err)
{
	const char *shut = offer_shut(&s->offer, s->now);
	bool may;

	if (s->taken >= s->offer.per_customer)
		return refuse(err, "already_accepted");
	if (shut)
		return refuse(err, shut);
	if (s->known && s->state <= UPTAKE_CLICKED) {
		s->out->repeated = true;
		s->out->state = s->state;
		return 0;
	}
	if (eligible(s->db, s->offer.segment, &s->members[0], s->now, &may, err))
		return -1;
	if (!may)
		return refuse(err, "not_eligible");
	return insert_row(s, s->now, err);
}

/* Between our look and our claim another gateway may have taken one for the same customer: we look again while the offer's
 * row is ours, and if so fail the job, which takes back what we took. */
static int accept(struct step *s, struct err *err)
{
	const char *shut = offer_shut(&s->offer, s->now);
	bool taken, may = true;

	if (s->taken >= s->offer.per_customer)
		return refuse(err, "already_accepted");
	if (shut)
		return refuse(err, shut);
	if (!s->known && eligible(s->db, s->offer.segment, &s->members[0], s->now, &may, err))
		return -1;
	if (!may)
		return refuse(err, "not_eligible");
	if (take_one(s, &taken, err))
		return -1;
	if (!taken)
		return refuse(err, "offer_sold_out");
	s->out->lost = true; /* until all is written */
	if (step_stand(s, err))
		return -1;
	if (s->taken >= s->offer.per_customer)
		return refuse(err, "already_accepted");
	if (!s->known && insert_row(s, 0, err))
		return -1;
	if (update_row(s,
		       "UPDATE offer_customer SET state = 3, open = 0, taken = taken + 1, answered_at = $1,"
		       " updated_at = $1 WHERE customer_id = $2 AND offer_id = $3 AND bucket = $4 AND taken < $5",
		       s->offer.per_customer - (s->taken - s->owner_taken), err))
		return -1;
	if (db_changes(s->db) == 0)
		return refuse(err, "already_accepted");
	s->out->lost = false;
	return 0;
}

static int decline(struct step *s, struct err *err)
{
	const char *shut = offer_shut(&s->offer, s->now);

	if (s->taken > 0 && (!s->known || s->state == UPTAKE_ACCEPTED))
		return refuse(err, "already_accepted");
	if (s->known && s->state == UPTAKE_DECLINED) {
		s->out->repeated = true;
		return 0;
	}
	if (shut && strcmp(shut, "offer_sold_out") != 0)
		return refuse(err, shut);
	if (!s->known && insert_row(s, 0, err))
		return -1;
	if (update_row(s,
		       "UPDATE offer_customer SET state = 4, open = 0, answered_at = $1, updated_at = $1"
		       " WHERE customer_id = $2 AND offer_id = $3 AND bucket = $4 AND taken <= $5 AND state <> 3",
		       s->owner_taken, err))
		return -1;
	return db_changes(s->db) ? 0 : refuse(err, "already_accepted");
}

/* Opened and clicked are told once each; what came of it already is no step back. */
static int notice(struct step *s, struct err *err)
{
	bool clicked = s->u->to == UPTAKE_CLICKED;

	if (!s->known)
		return refuse(err, "not_presented");
	s->out->repeated = clicked ? s->clicked : s->opened;
	if (s->out->repeated || s->state > s->u->to)
		s->out->state = s->state;
	if (s->out->repeated)
		return 0;
	return clicked ? update_row(s,
				    "UPDATE offer_customer SET clicked_at = $1, updated_at = $1,"
				    " state = CASE WHEN state < 2 THEN 2 ELSE state END"
				    " WHERE customer_id = $2 AND offer_id = $3 AND bucket = $4 AND clicked_at <= $5",
				    0, err)
		       : update_row(s,
				    "UPDATE offer_customer SET opened_at = $1, updated_at = $1,"
				    " state = CASE WHEN state < 1 THEN 1 ELSE state END"
				    " WHERE customer_id = $2 AND offer_id = $3 AND bucket = $4 AND opened_at <= $5",
				    0, err);
}

/* ---- what is told of it ---- */

/* {"offer":{…}} for the interaction, and the inner object for the event. */
static int facts(struct step *s, struct buf *metadata, struct buf *data, struct err *err)
{
	struct json_out j;

	json_begin(&j, data);
	json_obj(&j, NULL);
	json_uuid(&j, "offer_id", &s->offer.id);
	json_str(&j, "name", s->offer.name);
	json_cstr(&j, "outcome", words[s->u->to].word);
	if (s->variant.n)
		json_str(&j, "variant", s->variant);
	if (s->offer.amount.n) {
		json_str(&j, "amount", s->offer.amount);
		json_str(&j, "currency", s->offer.currency);
	}
	json_cstr(&j, "source", s->u->source);
	json_end(&j);
	buf_adds(metadata, "{\"offer\":");
	buf_addstr(metadata, buf_str(data));
	buf_addc(metadata, '}');
	return data->failed || metadata->failed ? err_nomem(err) : 0;
}

static int append(struct step *s, struct str metadata, struct err *err)
{
	char *content = arena_printf(s->arena, "Offer \"%.*s\" %s", (int)s->offer.name.n, s->offer.name.p,
				     words[s->u->to].word);
	struct interaction i = {.customer = s->members[0],
				.conversation = s->u->conversation,
				.at = s->u->at > s->now ? s->u->at : s->now,
				.channel = s->u->channel,
				.direction = words[s->u->to].direction,
				.kind = KIND_OFFER,
				.author = str_of(s->u->author),
				.metadata = metadata};

	if (!content)
		return err_nomem(err);
	i.content = str_of(content);
	if (interaction_append(s->db, &i, err))
		return -1;
	s->out->interaction = i.id;
	return 0;
}

int step_tell(struct step *s, struct err *err)
{
	struct event ev = {.at = s->now,
			   .type = words[s->u->to].event,
			   .customer = s->members[0],
			   .conversation = s->u->conversation,
			   .channel = s->u->channel};
	struct buf metadata, data;
	int r;

	buf_init(&metadata, 8192);
	buf_init(&data, 4096);
	r = facts(s, &metadata, &data, err);
	if (r == 0 && uuid_is_nil(&s->u->message))
		r = append(s, buf_str(&metadata), err);
	ev.interaction = uuid_is_nil(&s->u->message) ? s->out->interaction : s->u->message;
	ev.data = buf_str(&data);
	if (r == 0)
		r = event_append(s->ev, s->db, &ev, err);
	if (r == 0)
		r = uptake_count(s->db, &s->offer.id, s->variant, s->u->channel, s->u->to, 1, err);
	buf_free(&metadata);
	buf_free(&data);
	return r;
}

/* A customer without an address on any channel, or a template without a text for it, is no reason to undo what was
 * accepted. */
static int answer(struct step *s, struct str name, struct err *err)
{
	struct send_request q = {.customer = s->members[0],
				 .template.name = name,
				 .purpose = PURPOSE_SERVICE,
				 .has_priority = true,
				 .priority = PRIORITY_HIGH,
				 .author = "system:offer",
				 .conversation = s->u->conversation};
	struct err e = {0};
	struct json_out j;
	struct buf data;
	int r;

	if (name.n == 0 || s->u->quiet || !s->b)
		return 0;
	if (s->u->has_reply) {
		q.has_address = true;
		q.address = s->u->reply_to;
		q.account = s->u->reply_account;
		q.customer = (struct uuid){{0}};
	}
	buf_init(&data, 64 << 10);
	json_begin(&j, &data);
	json_obj(&j, NULL);
	offer_view(&j, "offer", &s->offer, s->variant);
	json_end(&j);
	q.template.data = buf_str(&data);
	r = data.failed ? err_nomem(&e) : outbound_batch_write(s->b, s->db, &q, s->now, &s->out->answer, &e);
	buf_free(&data);
	if (r == 0 || (e.kind != ERR_UNAVAILABLE && e.kind != ERR_INTERNAL))
		return 0;
	*err = e;
	return -1;
}

/* ---- all together ---- */

int step_begin(struct step *s, struct err *err)
{
	*s->out = (struct uptake_result){.state = s->u->to};
	if (offer_get(s->db, &s->u->offer, s->arena, &s->offer, err))
		return -1;
	s->members_n = identity_members(s->db, &s->u->customer, s->members, err);
	if (s->members_n < 0)
		return -1;
	s->out->customer = s->members[0];
	return step_stand(s, err);
}

int uptake_write(struct db *db, struct events *ev, struct outbound_batch *b, struct arena *a, const struct uptake *u,
		 int64_t now, struct uptake_result *out, struct err *err)
{
	struct step s = {.db = db, .ev = ev, .b = b, .arena = a, .u = u, .now = now, .out = out};
	int r;

	if (step_begin(&s, err))
		return -1;
	switch (u->to) {
	case UPTAKE_PRESENTED: r = present(&s, err); break;
	case UPTAKE_ACCEPTED: r = accept(&s, err); break;
	case UPTAKE_DECLINED: r = decline(&s, err); break;
	case UPTAKE_OPENED:
	case UPTAKE_CLICKED: r = notice(&s, err); break;
	default: r = err_set(err, ERR_INTERNAL, "uptake_invalid", NULL, "no such step"); break;
	}
	if (r || out->repeated)
		return r;
	if (step_tell(&s, err))
		return -1;
	if ((u->to == UPTAKE_ACCEPTED || u->to == UPTAKE_CLICKED) &&
	    learning_outcome(db, &s.message, u->to == UPTAKE_ACCEPTED, a, now, err))
		return -1;
	if (u->to == UPTAKE_ACCEPTED)
		return answer(&s, s.offer.accepted_template, err);
	return u->to == UPTAKE_DECLINED ? answer(&s, s.offer.declined_template, err) : 0;
}

int uptake_closed(struct step *s, struct err *err)
{
	return step_begin(s, err) || answer(s, s->offer.closed_template, err) ? -1 : 0;
}
