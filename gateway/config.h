/*
 * The configuration of one gateway: its own sections, and one section for each channel account. All of it is read and
 * checked before anything is opened. Each part of the gateway gets its own struct; none sees the file.
 *
 * Threads: read-only after config_load.
 */
#pragma once
#include "adapters.h"
#include "outbound/rules.h"

struct config_http {
	char *listen, *tls_cert, *tls_key, *public_url, *trusted_proxies;
	int64_t max_body, requests_per_second, connections, connections_per_ip, threads, idle_timeout, stream_clients;
};

struct config_store {
	char *dsn, *blobs, *node;
	int64_t queue, lease, poll;
};

struct config_log {
	int level, format; /* enum log_level; 0 logfmt, 1 json */
};

struct config_identity {
	char *region;
	char *never_merge;
};

struct config_conversation {
	int64_t reply_window, reopen_window;
};

struct config_inbound {
	char *languages;
	int64_t part_timeout, dedupe_window;
};

struct config_outbound {
	int64_t expiry, retry_first, retry_max, max_attempts, repeat_limit, memory, drain, campaign_queue;
	bool marketing_needs_opt_in, learning;
};

struct config_policy { /* outbound/rules.h */
	char *quiet_hours, *quiet_days, *holidays, *time_zone, *frequency_cap, *topics, *double_opt_in;
	bool track_links;
};

struct config_retention {
	int64_t events, idempotency, event_ring;
};

struct config_account {
	const char *name;
	const struct channel_ops *ops;
	void *set; /* filled by ops->settings */
	int line;
};

struct config {
	struct config_http http;
	struct config_store store;
	struct config_log log;
	struct config_identity identity;
	struct config_conversation conversation;
	struct config_inbound inbound;
	struct config_outbound outbound;
	struct config_policy policy;
	struct config_retention retention;
	struct config_account *accounts; /* in the order of the file */
	size_t accounts_n;
	struct settings *file;
};

/* Called for each thing that is wrong; err.msg begins with "file:line: ". */
typedef void config_report(void *arg, const struct err *what);

/* path NULL: all defaults, no accounts. report may be NULL. On -1 err is the first thing that was wrong. */
int config_load(const char *path, config_report *report, void *arg, struct config **out, struct err *err);
void config_free(struct config **c);
/* For policy_rules_parse; strings are the configuration's. */
struct policy_settings config_policy_settings(const struct config *c);

/* The folder of the attachments, and how long one may be (bytes). */
enum { CONFIG_BLOB_MAX = 16 << 20 };
void config_blobs(const struct config *c, struct buf *out);

/* The whole configuration as a commented sample: what etc/threadline.conf is. */
void config_sample(struct buf *out);

/* "127.0.0.1:8080", "[::1]:8080", ":8080" or "8080" → host ("" means all addresses) and port. */
int config_listen(const char *listen, char host[64], int *port, struct err *err);
