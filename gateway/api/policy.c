/* "Would this customer get it, and why not": every rule with its verdict, nothing sent. */
#include "api/api.h"
#include "customer/suppression.h"
#include "outbound/may.h"

struct asked {
	struct uuid customer, members[MEMBERS_MAX];
	struct contact contact;
	enum purpose purpose;
	enum channel channel; /* NONE: any */
	int64_t at;
	int n;
	bool allowed;
};

static void verdict(struct json_out *j, const char *rule, const char *word, const char *detail, int64_t until)
{
	json_obj(j, NULL);
	json_cstr(j, "rule", rule);
	json_cstr(j, "verdict", word);
	json_cstr(j, "detail", detail);
	json_time(j, "until", until);
	json_end(j);
}

static int consent(struct request *r, struct db *db, struct asked *q, struct err *err)
{
	struct consent c;
	bool no;

	if (consent_get(db, &q->contact.address, q->purpose, &c, err))
		return -1;
	no = !outbound_consents(app_of(r)->outbound, q->purpose, c.state);
	q->allowed = q->allowed && !no;
	verdict(&r->json, "consent", no ? "no" : "yes", consent_word(c.state), 0);
	return 0;
}

static int listed(struct request *r, struct db *db, struct asked *q, struct err *err)
{
	int on = suppression_is(db, &q->contact.address, q->purpose, err);

	if (on < 0)
		return -1;
	q->allowed = q->allowed && !on;
	verdict(&r->json, "suppression", on ? "no" : "yes", on ? "on_suppression_list" : NULL, 0);
	return 0;
}

static int ask(struct request *r, const char *rule, struct asked *q, enum may m, const char *const *reason,
	       const int64_t *until)
{
	if (m == MAY_FAILED)
		return -1;
	q->allowed = q->allowed && m != MAY_NOT;
	verdict(&r->json, rule,
		m == MAY       ? "yes"
		: m == MAY_NOT ? "no"
			       : "later",
		m == MAY ? NULL : *reason, until ? *until : 0);
	return 0;
}

static int rules(struct request *r, struct db *db, struct asked *q, struct err *err)
{
	struct may_question m = {.rules = outbound_rules(app_of(r)->outbound),
				 .db = db,
				 .to = &q->contact.address,
				 .members = q->members,
				 .members_n = (size_t)q->n,
				 .purpose = q->purpose,
				 .at = q->at,
				 .calendars = calendars_new(),
				 .arena = r->arena};
	const char *why = NULL;
	int64_t until = 0;
	int rc = -1;

	if (!m.calendars)
		return err_nomem(err);
	if (listed(r, db, q, err) == 0 && consent(r, db, q, err) == 0 &&
	    (!m.rules || q->purpose == PURPOSE_SERVICE ||
	     (ask(r, "hold", q, may_held(&m, &why, err), &why, NULL) == 0 &&
	      ask(r, "topic", q, may_topic(&m, &why, err), &why, NULL) == 0 &&
	      ask(r, "frequency_cap", q, may_often(&m, &why, err), &why, NULL) == 0 &&
	      ask(r, "quiet_hours", q, may_hour(&m, &until, &why, err), &why, &until) == 0)))
		rc = 0;
	calendars_free(&m.calendars);
	return rc;
}

/* The contact point that a message without a channel would go to first, or the one of that channel. */
static int pick(struct request *r, struct db *db, struct asked *q, struct err *err)
{
	struct contact v[64];
	int k = contact_list(db, q->members, (size_t)q->n, now_of(r), v, 64, err);

	if (k < 0)
		return -1;
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < k; i++)
			if ((!q->channel || channel_of_scheme(v[i].address.scheme) == q->channel) &&
			    (pass || v[i].preferred)) {
				q->contact = v[i];
				return 0;
			}
	return err_set(err, ERR_SEMANTIC, "no_contact_point", "/customer_id",
		       "the customer has no contact point for that channel");
}

static int read_question(const json_t *o, struct asked *q, int64_t now, struct err *err)
{
	struct str w;
	int k;

	if (input_uuid(o, "", "customer_id", &q->customer, err) != 1)
		return err->kind ? -1 : input_missing("", "customer_id", err);
	if ((k = input_str(o, "", "purpose", 16, &w, err)) < 0)
		return -1;
	q->purpose = PURPOSE_MARKETING;
	if (k && !purpose_parse(w, &q->purpose))
		return input_word("", "purpose", w, err);
	if ((k = input_str(o, "", "channel", 16, &w, err)) < 0)
		return -1;
	if (k && (!channel_parse(w, &q->channel) || q->channel == CHANNEL_NONE))
		return input_word("", "channel", w, err);
	q->at = now;
	return input_time(o, "", "at", &q->at, err) < 0 ? -1 : 0;
}

int policy_explain(struct request *r, struct err *err)
{
	static const char *const names[] = {"customer_id", "purpose", "channel", "at", NULL};
	struct asked *q = state_new(r, sizeof *q, err);
	struct db *db = request_db(r, err);
	json_t *o;

	if (!q || !db || input_object(r, names, &o, err) || read_question(o, q, now_of(r), err) ||
	    (q->n = identity_members(db, &q->customer, q->members, err)) < 0 || pick(r, db, q, err))
		return -1;
	q->allowed = true;
	request_json(r, 200);
	json_obj(&r->json, NULL);
	json_uuid(&r->json, "customer_id", &q->members[0]);
	json_cstr(&r->json, "address", q->contact.address.value);
	json_cstr(&r->json, "purpose", purpose_word(q->purpose));
	json_time(&r->json, "at", q->at);
	json_arr(&r->json, "rules");
	if (rules(r, db, q, err))
		return -1;
	json_end(&r->json);
	json_bool(&r->json, "allowed", q->allowed);
	json_end(&r->json);
	return 0;
}
