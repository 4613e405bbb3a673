/* Whether a message would go, for those who plan many: the questions of submit.c, with nothing written. */
#include "outbound/private.h"

/* Holds, topics, caps; quiet hours refuse nothing. Needs nothing that is the writer's own. */
static int stands_against(struct outbound *o, struct db *db, const struct send_request *r, const struct route *route,
			  int64_t now, struct send_forecast *out, struct err *err)
{
	const struct may_question q = {.rules = o->c.rules,
				       .db = db,
				       .to = &route->to,
				       .members = route->members,
				       .members_n = route->members_n,
				       .purpose = r->purpose,
				       .at = now};
	enum may m;

	if (!q.rules || r->purpose == PURPOSE_SERVICE)
		return 0;
	m = may_held(&q, &out->reason, err);
	if (m == MAY && q.rules->topics[0])
		m = may_topic(&q, &out->reason, err);
	if (m == MAY)
		m = may_often(&q, &out->reason, err);
	if (m == MAY)
		out->reason = NULL;
	else
		out->status = STATUS_SUPPRESSED;
	return m == MAY_FAILED ? -1 : m == MAY_NOT;
}

int outbound_would(struct outbound *o, struct db *db, const struct send_request *r, int64_t now,
		   struct send_forecast *out, struct err *err)
{
	struct route route;
	struct policy_question q = {.purpose = r->purpose, .exempt = r->exempt};
	int64_t later;
	int no;

	*out = (struct send_forecast){.status = STATUS_QUEUED};
	if (r->has_address)
		return err_set(err, ERR_INTERNAL, "customer_expected", NULL, "only customers can be asked about");
	if (route_find(o, db, r, now, &route, err))
		return -1;
	out->channel = route.channel;
	q.to = &route.to;
	q.expires_at = r->expires_at;
	no = policy_ask(o, db, &q, now, &out->status, &out->reason, &later, err);
	if (no == 0)
		no = stands_against(o, db, r, &route, now, out, err);
	if (no == 0)
		out->status = STATUS_QUEUED;
	return no < 0 ? -1 : 0;
}
