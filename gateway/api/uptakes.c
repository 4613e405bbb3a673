/* What a customer makes of an offer, as programs and agents say it; and the offers of a customer. */
#include "api/api.h"
#include "campaign/uptake.h"

struct taking {
	struct uptake u;
	struct str external_id;
	struct outbound_batch *batch;
	struct uptake_result out;
	struct err refused; /* kind set: by the state of things, with nothing written */
};

static int take_run(struct request *r, struct db *db, int64_t now, struct err *err)
{
	struct taking *t = r->state;
	struct err e = {0};

	t->refused = e;
	outbound_batch_reset(t->batch);
	if (t->external_id.n && customer_by_external_id(db, t->external_id, &t->u.customer, err))
		return -1;
	if (uptake_write(db, app_of(r)->events, t->batch, r->arena, &t->u, now, &t->out, &e) == 0)
		return 0;
	/* A refusal has written nothing: those who are in the same transaction need not suffer. */
	if (e.kind == ERR_CONFLICT && !t->out.lost) {
		t->refused = e;
		return 0;
	}
	*err = e;
	return -1;
}

static int take_finish(struct request *r, struct db *db, struct err *err)
{
	struct taking *t = r->state;

	(void)db;
	if (t->refused.kind) {
		*err = t->refused;
		return -1;
	}
	request_json(r, 200);
	json_obj(&r->json, NULL);
	json_uuid(&r->json, "offer_id", &t->u.offer);
	json_uuid(&r->json, "customer_id", &t->out.customer);
	json_cstr(&r->json, "state", uptake_word(t->out.state));
	json_bool(&r->json, "repeated", t->out.repeated);
	json_uuid(&r->json, "interaction_id", &t->out.interaction);
	json_uuid(&r->json, "answer_id", &t->out.answer.message);
	json_end(&r->json);
	return 0;
}

static void take_committed(struct request *r) { outbound_batch_committed(((struct taking *)r->state)->batch); }
static void take_cleanup(struct request *r) { outbound_batch_free(&((struct taking *)r->state)->batch); }

static int read_who(const json_t *o, struct taking *t, struct err *err)
{
	int k = input_uuid(o, "", "customer_id", &t->u.customer, err);
	int n = k < 0 ? -1 : input_str(o, "", "external_id", 128, &t->external_id, err);

	if (k < 0 || n < 0)
		return -1;
	return k + n == 1 ? 0
			  : err_set(err, ERR_SEMANTIC, "customer_unclear", "/customer_id",
				    "exactly one of customer_id and external_id names the customer");
}

static int take(struct request *r, enum uptake_state to, struct err *err)
{
	static const char *const names[] = {"customer_id", "external_id", "channel", "conversation_id", "quiet", NULL};
	struct taking *t = state_new(r, sizeof *t, err);
	struct str word;
	json_t *o;
	int k;

	if (!t)
		return -1;
	t->u.to = to;
	t->u.source = r->who.role == ROLE_AGENT ? "agent" : "api";
	t->u.author = r->who.author;
	if (path_uuid(r, 0, &t->u.offer, err) || input_object(r, names, &o, err) || read_who(o, t, err) ||
	    (k = input_str(o, "", "channel", 16, &word, err)) < 0)
		return -1;
	if (k && !channel_parse(word, &t->u.channel))
		return input_word("", "channel", word, err);
	if (input_uuid(o, "", "conversation_id", &t->u.conversation, err) < 0 ||
	    input_bool(o, "", "quiet", &t->u.quiet, err) < 0)
		return -1;
	t->batch = outbound_batch_new(app_of(r)->outbound);
	if (!t->batch)
		return err_nomem(err);
	r->run = take_run;
	r->finish = take_finish;
	r->committed = take_committed;
	r->cleanup = take_cleanup;
	return request_write(r, err);
}

int offer_present(struct request *r, struct err *err) { return take(r, UPTAKE_PRESENTED, err); }
int offer_open(struct request *r, struct err *err) { return take(r, UPTAKE_OPENED, err); }
int offer_click(struct request *r, struct err *err) { return take(r, UPTAKE_CLICKED, err); }
int offer_accept(struct request *r, struct err *err) { return take(r, UPTAKE_ACCEPTED, err); }
int offer_decline(struct request *r, struct err *err) { return take(r, UPTAKE_DECLINED, err); }

int customer_offers(struct request *r, struct err *err)
{
	struct db *db = request_db(r, err);
	struct uuid id, survivor;

	if (!db || path_uuid(r, 0, &id, err) || identity_survivor(db, &id, &survivor, err))
		return -1;
	request_json(r, 200);
	json_obj(&r->json, NULL);
	if (uptake_customer_json(db, &survivor, &r->json, "data", err))
		return -1;
	json_cstr(&r->json, "next", NULL);
	json_end(&r->json);
	return 0;
}
