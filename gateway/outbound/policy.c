/*
 * The one gate before every send, asked when a message is submitted and again when it is claimed, because an opt-out may
 * have come between. It says no with a reason; the refusal is recorded by the caller, never dropped.
 */
#include "customer/consent.h"
#include "outbound/private.h"

int policy_ask(const struct outbound *o, struct db *db, const struct policy_question *q, int64_t now,
	       enum status *status, const char **reason, struct err *err)
{
	struct consent c;

	if (q->expires_at && q->expires_at <= now) {
		*status = STATUS_EXPIRED;
		*reason = "expired";
		return 1;
	}
	if (q->exempt)
		return 0;
	if (consent_get(db, q->to, q->purpose, &c, err))
		return -1;
	*status = STATUS_SUPPRESSED;
	if (c.state == CONSENT_OUT) {
		*reason = "opted_out";
		return 1;
	}
	if (c.state == CONSENT_UNKNOWN && q->purpose == PURPOSE_MARKETING && o->c.marketing_needs_opt_in) {
		*reason = "no_consent";
		return 1;
	}
	return 0;
}
