/* What the operator and his machines ask: alive, ready, figures, the contract. */
#include "api/api.h"
#include "base/asset.h"

int health_live(struct request *r, struct err *err)
{
	(void)err;
	request_json(r, 200);
	json_obj(&r->json, NULL);
	json_cstr(&r->json, "status", "live");
	json_end(&r->json);
	return 0;
}

static bool some_account_up(struct accounts *a)
{
	struct account_info v[64];
	size_t n = accounts_list(a, v, 64);

	for (size_t i = 0; i < n; i++)
		if (v[i].state == ACCOUNT_UP || v[i].state == ACCOUNT_STANDBY)
			return true; /* on standby: another gateway sends what we take */
	return n == 0;
}

static void nodes_json(struct nodes *n, struct json_out *j)
{
	struct nodes_state s;

	nodes_state(n, &s);
	json_obj(j, "nodes");
	json_cstr(j, "name", s.name);
	json_int(j, "alive", s.alive);
	json_int(j, "accounts_held", (int64_t)s.held);
	json_end(j);
}

/* Ready: what is accepted can be stored, and there is a way out of the house. While every account is down messages are
 * taken all the same and wait safely; but a balancer with another gateway to choose may prefer that one. */
int health_ready(struct request *r, struct err *err)
{
	struct app *a = app_of(r);
	struct writer_stats s;
	bool ready;

	(void)err;
	writer_stats(a->writer, &s);
	ready = s.healthy && some_account_up(a->accounts);
	request_json(r, ready ? 200 : 503);
	json_obj(&r->json, NULL);
	json_cstr(&r->json, "status", ready ? "ready" : "unavailable");
	json_obj(&r->json, "store");
	json_bool(&r->json, "healthy", s.healthy);
	json_cstr(&r->json, "reason", s.reason[0] ? s.reason : NULL);
	json_int(&r->json, "queued", s.queued);
	json_end(&r->json);
	if (a->nodes)
		nodes_json(a->nodes, &r->json);
	host_health(a->host, &r->json, "accounts");
	json_end(&r->json);
	if (!ready)
		request_header(r, "Retry-After", "5");
	return 0;
}

static void counter(struct buf *b, const char *name, const char *type, int64_t v)
{
	buf_addf(b, "# TYPE threadline_%s %s\nthreadline_%s %lld\n", name, type, name, (long long)v);
}

int metrics_get(struct request *r, struct err *err)
{
	struct app *a = app_of(r);
	struct writer_stats s;

	(void)err;
	writer_stats(a->writer, &s);
	r->status = 200;
	r->content_type = "text/plain; version=0.0.4; charset=utf-8";
	buf_reset(&r->out);
	counter(&r->out, "store_batches_total", "counter", s.batches);
	counter(&r->out, "store_jobs_total", "counter", s.jobs);
	counter(&r->out, "store_failures_total", "counter", s.failures);
	counter(&r->out, "store_refused_total", "counter", s.refused);
	counter(&r->out, "store_busy_microseconds_total", "counter", s.busy_us);
	counter(&r->out, "store_queued", "gauge", s.queued);
	counter(&r->out, "store_healthy", "gauge", s.healthy);
	counter(&r->out, "events_last_seq", "gauge", events_last(a->events));
	if (a->nodes) {
		struct nodes_state n;
		nodes_state(a->nodes, &n);
		counter(&r->out, "nodes_alive", "gauge", n.alive);
		counter(&r->out, "nodes_accounts_held", "gauge", (int64_t)n.held);
	}
	http_metrics(r->http, &r->out);
	outbound_metrics(a->outbound, &r->out);
	host_metrics(a->host, &r->out);
	return 0;
}

int openapi_get(struct request *r, struct err *err)
{
	struct str doc = asset_find(STR("api/openapi.json"));

	if (!doc.p)
		return err_set(err, ERR_NOT_FOUND, "not_built_in", NULL, "this build has no OpenAPI document");
	buf_reset(&r->out);
	buf_addstr(&r->out, doc);
	r->status = 200;
	request_header(r, "Access-Control-Allow-Origin", "*");
	return 0;
}
