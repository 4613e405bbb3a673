/*
 * What needs what: the store carries all; events are published by the writer; intake and outbound write; the host binds
 * the channels to them; the server comes last, so that nobody is answered by half a gateway. Stopping goes the other way
 * round: first nobody new is let in, then the channels drain, then what they said last is committed.
 *
 * A new part is a pair of functions and a line in parts[].
 */
#include "gateway.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/settings.h"
#include "campaign/engine.h"
#include "campaign/reply.h"
#include "channel/accounts.h"
#include "channel/host.h"
#include "chores.h"
#include "events/events.h"
#include "founding.h"
#include "http/http.h"
#include "intake/intake.h"
#include "nodes/nodes.h"
#include "outbound/outbound.h"
#include "store/blob.h"
#include "store/copy.h"
#include "store/migrate.h"
#include "store/readers.h"
#include "store/writer.h"
#include "timeline/search_index.h"

/* A job that does nothing, sent through the writer, the one thread that everything waits for. A disk may stall for a while;
 * a writer that has not come round for HUNG never will. */
#define HUNG (5 * US_MIN)
struct heartbeat {
	struct write_job job;
	_Atomic bool under_way;
	int64_t since;
};

struct gateway {
	struct heartbeat beat;
	const struct config *c;
	struct readers *readers;
	struct events *events;
	struct nodes *nodes; /* NULL: the store is ours alone */
	bool answered;	     /* what was sent has its outcome on disk */
	struct writer *writer;
	uint8_t secret[GATEWAY_SECRET];
	struct accounts *accounts;
	struct blobs *blobs;
	struct outbound *outbound;
	struct policy_rules *policy;
	struct confirmer *confirmer;
	struct replies *replies;
	struct engine *engine;
	struct intake *intake;
	struct host *host;
	struct app app;
	struct http *http;
	struct chores chores;
	struct scheduler *scheduler;
	struct search_index *search;
	size_t started;
};

static int schema_start(struct gateway *g, struct err *err)
{
	struct db *db = NULL;
	int from, to, r;

	if (db_open(g->c->store.dsn, DB_WRITE, &db, err))
		return -1;
	r = migrate_run(db, &from, &to, err) || copy_finished(db, err) ? -1 : 0;
	db_close(&db);
	if (r == 0 && from != to)
		log_info("store.migrated", "from", LOG_INT(from), "to", LOG_INT(to), LOG_END);
	return r;
}

static int readers_start(struct gateway *g, struct err *err) { return readers_open(g->c->store.dsn, &g->readers, err); }
static void readers_stop(struct gateway *g) { readers_close(&g->readers); }

static int events_start(struct gateway *g, struct err *err)
{
	return events_new(g->readers, (size_t)g->c->retention.event_ring, &g->events, err);
}
static void events_stop(struct gateway *g) { events_free(&g->events); }

static int nodes_begin(struct gateway *g, struct err *err)
{
	return nodes_share(g->c->store.dsn) ? nodes_new(g->c->store.node, &g->nodes, err) : 0;
}
static void nodes_end(struct gateway *g) { nodes_free(&g->nodes); }

/* What the events do, and before it whether we may write at all. */
static int began(void *arg, struct db *db, struct err *err)
{
	struct gateway *g = arg;
	struct writer_hooks h = events_hooks(g->events);

	return nodes_began(g->nodes, db, err) || h.began(h.arg, db, err) ? -1 : 0;
}

static int committing(void *arg, struct db *db, struct err *err)
{
	struct writer_hooks h = events_hooks(((struct gateway *)arg)->events);
	return h.committing(h.arg, db, err);
}

static void committed(void *arg)
{
	struct writer_hooks h = events_hooks(((struct gateway *)arg)->events);
	h.committed(h.arg);
}

static void rolled_back(void *arg)
{
	struct writer_hooks h = events_hooks(((struct gateway *)arg)->events);
	h.rolled_back(h.arg);
}

static int writing_start(struct gateway *g, struct err *err)
{
	struct writer_hooks hooks = {began, committing, committed, rolled_back, g};

	return writer_start(g->c->store.dsn, (size_t)g->c->store.queue, &hooks, &g->writer, err);
}
static void writing_stop(struct gateway *g) { writer_stop(&g->writer); }

static int founding_start(struct gateway *g, struct err *err) { return founding(g->writer, g->c, g->secret, err); }
static void founding_stop(struct gateway *g) { explicit_bzero(g->secret, sizeof g->secret); }

static int accounts_start(struct gateway *g, struct err *err) { return accounts_new(&g->accounts, err); }
static void accounts_stop(struct gateway *g) { accounts_free(&g->accounts); }

static int blobs_start(struct gateway *g, struct err *err)
{
	struct buf folder;
	int r;

	buf_init(&folder, 4096);
	config_blobs(g->c, &folder);
	r = folder.failed ? err_nomem(err) : blobs_open(buf_cstr(&folder), CONFIG_BLOB_MAX, &g->blobs, err);
	buf_free(&folder);
	return r;
}
static void blobs_stop(struct gateway *g) { blobs_close(&g->blobs); }

static int check_double_opt_in(const char *list, struct err *err)
{
	enum purpose p;
	struct str item;
	size_t pos = 0;

	while (list && settings_list_next(list, &pos, &item))
		if (!consent_purpose_parse(item, &p) || p == PURPOSE_SERVICE)
			return err_set(err, ERR_INVALID, "purpose_unknown", "policy.double_opt_in",
				       "\"%.*s\" is none of marketing, survey and tracking",
				       (int)(item.n < 40 ? item.n : 40), item.p);
	return 0;
}

static int outbound_begin(struct gateway *g, struct err *err)
{
	const struct config_outbound *c = &g->c->outbound;
	struct outbound_config o = {.default_expiry = c->expiry,
				    .region = g->c->identity.region,
				    .retry_first = c->retry_first,
				    .retry_max = c->retry_max,
				    .max_attempts = (int)c->max_attempts,
				    .marketing_needs_opt_in = c->marketing_needs_opt_in,
				    .repeat_limit = (int)c->repeat_limit,
				    .memory = (size_t)c->memory};
	struct policy_settings policy = config_policy_settings(g->c);

	if (policy_rules_parse(&policy, &g->policy, err) || check_double_opt_in(g->c->policy.double_opt_in, err))
		return -1;
	o.rules = g->policy;
	o.public_url = g->c->http.public_url;
	o.track_links = g->c->policy.track_links;
	o.shared = g->nodes != NULL;
	o.secret = str_n((const char *)g->secret, sizeof g->secret);
	if (outbound_new(&o, g->writer, g->readers, g->events, g->accounts, &g->outbound, err))
		return -1;
	return confirmer_new(g->outbound, &g->confirmer, err) || replies_new(g->outbound, g->events, &g->replies, err)
		       ? -1
		       : 0;
}
static void outbound_end(struct gateway *g)
{
	replies_free(&g->replies);
	confirmer_free(&g->confirmer);
	g->answered = outbound_free(&g->outbound);
	policy_rules_free(&g->policy);
}

static struct conversation_rules rules(const struct gateway *g)
{
	return (struct conversation_rules){.reply_window = g->c->conversation.reply_window,
					   .reopen_window = g->c->conversation.reopen_window};
}

static int intake_start(struct gateway *g, struct err *err)
{
	struct intake_config i = {.rules = rules(g),
				  .region = g->c->identity.region,
				  .languages = g->c->inbound.languages,
				  .part_timeout = g->c->inbound.part_timeout,
				  .dedupe_window = g->c->inbound.dedupe_window};

	confirmer_bind(g->confirmer, &i);
	replies_bind(g->replies, &i);
	if (intake_new(&i, g->writer, g->events, &g->intake, err))
		return -1;
	return g->nodes ? 0 : intake_recover(g->intake, NULL, err); /* shared: take_up does it */
}
static void intake_stop(struct gateway *g) { intake_free(&g->intake); }

static int hosting_start(struct gateway *g, struct err *err)
{
	struct host_config h = {.accounts = g->accounts,
				.outbound = g->outbound,
				.intake = g->intake,
				.events = g->events,
				.readers = g->readers,
				.writer = g->writer,
				.blobs = g->blobs,
				.region = g->c->identity.region,
				.secret = str_n((const char *)g->secret, sizeof g->secret),
				.shared = g->nodes != NULL};

	if (host_new(&h, &g->host, err))
		return -1;
	for (size_t i = 0; i < g->c->accounts_n; i++) {
		const struct config_account *a = &g->c->accounts[i];
		if (host_add(g->host, a->name, a->ops, a->set, err))
			return err_context(err, "account %s", a->name);
	}
	return host_start(g->host, err);
}
static void hosting_stop(struct gateway *g)
{
	if (g->host)
		host_stop(g->host, g->c->outbound.drain);
	host_free(&g->host);
}

static int dispatching_start(struct gateway *g, struct err *err) { return outbound_start(g->outbound, err); }
static void dispatching_stop(struct gateway *g) { outbound_stop(g->outbound); }

static int take_up(void *arg, const char *account, bool clean, struct err *err)
{
	struct gateway *g = arg;

	if (!clean && intake_recover(g->intake, account, err))
		return -1;
	return outbound_adopt(g->outbound, account, clean, err) || host_run(g->host, account, err) ? -1 : 0;
}

static void standby(void *arg, const char *account) { host_standby(((struct gateway *)arg)->host, account); }
static void ours_until(void *arg, int64_t mono) { outbound_until(((struct gateway *)arg)->outbound, mono); }
static void news(void *arg) { outbound_news(((struct gateway *)arg)->outbound); }

static int leasing_start(struct gateway *g, struct err *err)
{
	struct nodes_config c = {g->writer, g->events, g->c->store.lease, g->c->store.poll};
	struct nodes_calls calls = {take_up, standby, ours_until, news, g};
	const char *names[LEASES_MAX];

	for (size_t i = 0; i < g->c->accounts_n && i < LEASES_MAX; i++)
		names[i] = g->c->accounts[i].name;
	return g->nodes ? nodes_start(g->nodes, &c, &calls, names, g->c->accounts_n, err) : 0;
}
static void leasing_stop(struct gateway *g)
{
	if (g->nodes)
		nodes_rest(g->nodes);
}

static int nothing(struct gateway *g, struct err *err)
{
	(void)g;
	(void)err;
	return 0;
}

static void leaving_stop(struct gateway *g)
{
	if (g->nodes)
		nodes_leave(g->nodes, g->answered);
}

static int serving_start(struct gateway *g, struct err *err)
{
	const struct config_http *c = &g->c->http;
	char host[64];
	struct http_config h = {.host = host,
				.tls_cert = c->tls_cert,
				.tls_key = c->tls_key,
				.trusted_proxies = c->trusted_proxies ? c->trusted_proxies : "",
				.connections = (int)c->connections,
				.connections_per_ip = (int)c->connections_per_ip,
				.threads = (int)c->threads,
				.idle_timeout_s = (int)(c->idle_timeout / US_SEC),
				.stream_clients = (int)c->stream_clients,
				.max_body = (size_t)c->max_body,
				.requests_per_second = c->requests_per_second,
				.secret = str_n((const char *)g->secret, sizeof g->secret)};

	g->app = (struct app){.engine = g->engine,
			      .readers = g->readers,
			      .writer = g->writer,
			      .events = g->events,
			      .nodes = g->nodes,
			      .outbound = g->outbound,
			      .intake = g->intake,
			      .host = g->host,
			      .accounts = g->accounts,
			      .blobs = g->blobs,
			      .region = g->c->identity.region,
			      .public_url = c->public_url,
			      .secret = h.secret,
			      .double_opt_in = g->c->policy.double_opt_in,
			      .rules = rules(g)};
	if (config_listen(c->listen, host, &h.port, err))
		return -1;
	return http_start(&h, api_routes, &g->app, g->readers, g->writer, g->events, g->host, &g->http, err);
}
static void serving_stop(struct gateway *g) { http_stop(&g->http); }

static int campaigns_start(struct gateway *g, struct err *err)
{
	struct engine_config c = {.writer = g->writer,
				  .readers = g->readers,
				  .events = g->events,
				  .outbound = g->outbound,
				  .learning = g->c->outbound.learning,
				  .queue = (int)g->c->outbound.campaign_queue};

	return engine_start(&c, &g->engine, err);
}
static void campaigns_stop(struct gateway *g) { engine_stop(&g->engine); }

static int search_start(struct gateway *g, struct err *err)
{
	return search_index_start(g->writer, g->events, &g->search, err);
}
static void search_stop(struct gateway *g) { search_index_stop(&g->search); }

static int scheduling_start(struct gateway *g, struct err *err)
{
	g->chores = (struct chores){.c = g->c, .events = g->events, .intake = g->intake};
	return chores_start(&g->chores, g->writer, &g->scheduler, err);
}
static void scheduling_stop(struct gateway *g) { scheduler_stop(&g->scheduler); }

static const struct part {
	const char *name;
	int (*start)(struct gateway *g, struct err *err);
	void (*stop)(struct gateway *g); /* may be NULL */
} parts[] = {
	{"schema", schema_start, NULL},
	{"readers", readers_start, readers_stop},
	{"events", events_start, events_stop},
	{"nodes", nodes_begin, nodes_end},
	{"writer", writing_start, writing_stop},
	{"founding", founding_start, founding_stop},
	{"accounts", accounts_start, accounts_stop},
	{"blobs", blobs_start, blobs_stop},
	{"leaving", nothing, leaving_stop}, /* what is leased is given back when all that may send has stopped */
	{"outbound", outbound_begin, outbound_end},
	{"intake", intake_start, intake_stop},
	{"channels", hosting_start, hosting_stop},
	{"dispatch", dispatching_start, dispatching_stop},
	{"leases", leasing_start, leasing_stop},
	{"campaigns", campaigns_start, campaigns_stop},
	{"search", search_start, search_stop},
	{"scheduler", scheduling_start, scheduling_stop},
	{"http", serving_start, serving_stop},
};

int gateway_start(const struct config *c, struct gateway **out, struct err *err)
{
	struct gateway *g = calloc(1, sizeof *g);

	if (!g)
		return err_nomem(err);
	g->c = c;
	for (; g->started < sizeof parts / sizeof *parts; g->started++) {
		const struct part *p = &parts[g->started];
		if (p->start(g, err)) {
			err_context(err, "%s", p->name);
			gateway_stop(&g);
			return -1;
		}
	}
	*out = g;
	return 0;
}

void gateway_reload(struct gateway *g, const struct config *c)
{
	struct err e = {0};

	log_setup((enum log_level)c->log.level, c->log.format);
	if (http_renew(g->http, c->http.tls_cert, c->http.tls_key, &e))
		log_warn("config.certificate_kept", "reason", e.msg, LOG_END);
	for (size_t i = 0; i < c->accounts_n; i++) {
		const struct config_account *a = &c->accounts[i];

		if (a->ops->reload && host_reload(g->host, a->name, a->set, &e))
			log_warn("config.account_kept", "account", a->name, "reason", e.msg, LOG_END);
	}
}

static int beat_run(struct write_job *job, struct db *db, int64_t now, struct err *err)
{
	(void)job, (void)db, (void)now, (void)err;
	return 0;
}

static void beat_done(struct write_job *job, const struct err *err)
{
	struct heartbeat *h = (struct heartbeat *)job; /* its first member */

	(void)err; /* a store that refuses is alive: it is said by /health/ready */
	atomic_store(&h->under_way, false);
}

bool gateway_alive(struct gateway *g)
{
	int64_t now = clock_mono();

	if (atomic_load(&g->beat.under_way))
		return now - g->beat.since < HUNG;
	g->beat.since = now;
	g->beat.job = (struct write_job){.run = beat_run, .done = beat_done};
	atomic_store(&g->beat.under_way, true);
	if (writer_submit(g->writer, &g->beat.job, NULL))
		atomic_store(&g->beat.under_way, false);
	return true;
}

void gateway_stop(struct gateway **gp)
{
	struct gateway *g = *gp;

	if (!g)
		return;
	while (g->started > 0) {
		const struct part *p = &parts[--g->started];
		if (p->stop)
			p->stop(g);
	}
	free(g);
	*gp = NULL;
}
