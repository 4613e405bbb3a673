/*
 * The one gate before every send, asked when a message is submitted and again when it is claimed, because an opt-out may
 * have come between. It says no with a reason; the refusal is recorded by the caller, never dropped.
 */
#include "customer/consent.h"
#include "customer/suppression.h"
#include "outbound/private.h"

bool outbound_consents(const struct outbound *o, enum purpose purpose, enum consent_state said)
{
	if (said == CONSENT_PENDING)
		return purpose == PURPOSE_SERVICE;
	if (said != CONSENT_UNKNOWN)
		return said != CONSENT_OUT;
	switch (purpose) {
	case PURPOSE_MARKETING: return !o->c.marketing_needs_opt_in;
	case PURPOSE_TRACKING: return false;
	case PURPOSE_SERVICE:
	case PURPOSE_SURVEY: break;
	}
	return true;
}

static int said_of(struct db *db, const struct policy_question *q, enum consent_state *out, bool *listed,
		   struct err *err)
{
	struct consent c;
	uint8_t bit = (uint8_t)(1u << q->purpose);
	int on;

	if (q->known && q->known->consents & bit) {
		*out = (enum consent_state)q->known->consent[q->purpose];
		*listed = q->known->listed & bit;
		return 0;
	}
	if (consent_get(db, q->to, q->purpose, &c, err) || (on = suppression_is(db, q->to, q->purpose, err)) < 0)
		return -1;
	*out = c.state;
	*listed = on == 1;
	if (q->known) {
		q->known->consent[q->purpose] = (uint8_t)c.state;
		q->known->listed = (uint8_t)(on ? q->known->listed | bit : q->known->listed & ~bit);
		q->known->consents |= bit;
	}
	return 0;
}

static int disturb(const struct outbound *o, struct db *db, const struct policy_question *q, const char **reason,
		   int64_t *later, struct err *err)
{
	const struct may_question m = {.rules = o->c.rules,
				       .calendars = o->calendars,
				       .db = db,
				       .to = q->to,
				       .members = q->members,
				       .members_n = q->members_n,
				       .purpose = q->purpose,
				       .at = q->at,
				       .counted = q->counted,
				       .arena = o->may};

	if (!m.rules || q->purpose == PURPOSE_SERVICE || !q->members_n)
		return 0;
	arena_reset(o->may);
	switch (may_disturb(&m, later, reason, err)) {
	case MAY: return 0;
	case MAY_NOT: return 1;
	case MAY_LATER: return q->expires_at && q->expires_at <= *later ? 1 : 2;
	case MAY_FAILED: break;
	}
	return -1;
}

int policy_give_back(const struct outbound *o, struct db *db, enum purpose purpose, const struct uuid *customer,
		     const struct uuid *message, struct err *err)
{
	if (purpose != PURPOSE_MARKETING || !o->c.rules || !o->c.rules->caps_n)
		return 0;
	return may_uncount(db, customer, message, err);
}

int policy_ask(const struct outbound *o, struct db *db, const struct policy_question *q, int64_t now,
	       enum status *status, const char **reason, int64_t *later, struct err *err)
{
	enum consent_state state;
	bool listed;

	*later = 0;
	if (q->expires_at && q->expires_at <= now) {
		*status = STATUS_EXPIRED;
		*reason = "expired";
		return 1;
	}
	if (q->exempt)
		return 0;
	if (said_of(db, q, &state, &listed, err))
		return -1;
	*status = STATUS_SUPPRESSED;
	if (listed) {
		*reason = "on_suppression_list";
		return 1;
	}
	if (!outbound_consents(o, q->purpose, state)) {
		*reason = state == CONSENT_OUT	     ? "opted_out"
			  : state == CONSENT_PENDING ? "confirmation_pending"
						     : "no_consent";
		return 1;
	}
	return disturb(o, db, q, reason, later, err);
}
