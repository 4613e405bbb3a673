/* Whether a message would go, for those who plan many: the questions of submit.c, with nothing written. */
#include "outbound/private.h"

int outbound_would(struct outbound *o, struct db *db, const struct send_request *r, int64_t now,
		   struct send_forecast *out, struct err *err)
{
	struct route route;
	struct policy_question q = {.purpose = r->purpose, .exempt = r->exempt};
	int no;

	*out = (struct send_forecast){.status = STATUS_QUEUED};
	if (r->has_address)
		return err_set(err, ERR_INTERNAL, "customer_expected", NULL, "only customers can be asked about");
	if (route_find(o, db, r, now, &route, err))
		return -1;
	out->channel = route.channel;
	q.to = &route.to;
	q.expires_at = r->expires_at;
	no = policy_ask(o, db, &q, now, &out->status, &out->reason, err);
	if (no == 0)
		out->status = STATUS_QUEUED;
	return no < 0 ? -1 : 0;
}
