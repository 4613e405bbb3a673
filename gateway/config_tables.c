/* What each section of the gateway's own may say. Adapters bring the tables of their accounts. */
#include "config_tables.h"

#include "base/clock.h"

static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const formats[] = {"logfmt", "json", NULL};

/* The macros only spare the repetition of the struct's name. */
#define AT(section, field) .name = #field, .offset = offsetof(struct config_##section, field)

static const struct setting http[] = {
	{AT(http, listen), .type = SET_STRING, .def = "127.0.0.1:8080",
	 .help = "Address and port of the API, the console and the web chat; a port alone means every address."},
	{AT(http, tls_cert), .type = SET_STRING, .reload = true,
	 .help = "Certificate chain (PEM). With tls_key the gateway speaks HTTPS."},
	{AT(http, tls_key), .type = SET_STRING, .reload = true, .help = "Private key of tls_cert (PEM)."},
	{AT(http, public_url), .type = SET_STRING,
	 .help = "Where the world reaches this gateway (https://care.example.com), for links to the preference page."},
	{AT(http, trusted_proxies), .type = SET_LIST,
	 .help = "Addresses or networks (10.0.0.0/8) of the proxies whose forwarded headers are believed."},
	{AT(http, max_body), .type = SET_SIZE, .def = "1m", .min = 1024, .max = 1 << 30,
	 .help = "Largest request body; attachments have a limit of their own in their channel's section."},
	{AT(http, requests_per_second), .type = SET_INT, .def = "0", .min = 0, .max = 10000000,
	 .help = "Requests a second of one API key; more are answered 429. 0 sets no limit."},
	{AT(http, connections), .type = SET_INT, .def = "20000", .min = 16, .max = 1000000,
	 .help = "Most connections at once, event streams included."},
	{AT(http, connections_per_ip), .type = SET_INT, .def = "0", .min = 0, .max = 1000000,
	 .help = "Most connections of one client address; 0 sets no limit. Behind a proxy all clients are one "
		 "address."},
	{AT(http, threads), .type = SET_INT, .def = "0", .min = 0, .max = 256,
	 .help = "Threads that serve requests; 0 means one for each processor."},
	{AT(http, idle_timeout), .type = SET_DURATION, .def = "30s", .min = US_SEC, .max = US_HOUR,
	 .help = "A client that sends nothing for so long is disconnected."},
	{AT(http, stream_clients), .type = SET_INT, .def = "15000", .min = 1, .max = 1000000,
	 .help = "Most followers of the event stream at once."},
	SETTING_END,
};

static const struct setting store[] = {
	{AT(store, dsn), .type = SET_STRING, .def = "/var/lib/threadline/threadline.db",
	 .help = "File of the SQLite store, on a local disk: every accepted message is synced to it. Or "
		 "postgresql://..., "
		 "as libpq has it, with several hosts, target_session_attrs, TLS and passfile; prepare=off (or on) if "
		 "a "
		 "pooler before it is not recognised."},
	{AT(store, blobs), .type = SET_STRING,
	 .help = "Folder of the attachments; by default \"blobs\" beside the SQLite file, or in /var/lib/threadline."},
	{AT(store, queue), .type = SET_INT, .def = "20000", .min = 100, .max = 10000000,
	 .help = "How many writes may wait; more are refused with 503 or a temporary SMPP error."},
	{AT(store, node), .type = SET_STRING,
	 .help = "Name of this gateway among those that share a PostgreSQL, for people; by default that of the host."},
	{AT(store, lease), .type = SET_DURATION, .def = "10s", .min = 2 * US_SEC, .max = 10 * US_MIN,
	 .help = "On a shared PostgreSQL: after this silence of a gateway another one takes over its channel "
		 "accounts."},
	{AT(store, poll), .type = SET_DURATION, .def = "100ms", .min = 10 * US_MS, .max = 10 * US_SEC,
	 .help = "On a shared PostgreSQL: how often to look for what the other gateways have written."},
	SETTING_END,
};

static const struct setting logs[] = {
	{AT(log, level), .type = SET_ENUM, .def = "info", .words = levels, .reload = true,
	 .help = "Least level written. Message texts and secrets are written at none."},
	{AT(log, format), .type = SET_ENUM, .def = "logfmt", .words = formats, .reload = true,
	 .help = "Form of a line on standard error."},
	SETTING_END,
};

static const struct setting identity[] = {
	{AT(identity, region), .type = SET_STRING, .def = "DE",
	 .help = "Home region (ISO 3166) by which national telephone numbers are read."},
	{AT(identity, never_merge), .type = SET_LIST,
	 .help = "Numbers and mailboxes that never join two customers: the call centre's own, no-reply senders."},
	SETTING_END,
};

static const struct setting conversation[] = {
	{AT(conversation, reply_window), .type = SET_DURATION, .def = "72h", .min = US_MIN, .max = 365 * US_DAY,
	 .help = "What a customer says within this time after our message, on any channel, answers that message."},
	{AT(conversation, reopen_window), .type = SET_DURATION, .def = "72h", .min = 0, .max = 365 * US_DAY,
	 .help = "A conversation closed less than this ago is reopened by what the customer says next."},
	SETTING_END,
};

static const struct setting inbound[] = {
	{AT(inbound, languages), .type = SET_LIST, .def = "en,de",
	 .help = "Languages whose STOP, START and HELP words are understood, in order; the first one answers."},
	{AT(inbound, part_timeout), .type = SET_DURATION, .def = "10m", .min = US_SEC, .max = 7 * US_DAY,
	 .help = "A long text whose missing parts do not come within this time is taken as it is, marked partial."},
	{AT(inbound, dedupe_window), .type = SET_DURATION, .def = "0s", .min = 0, .max = US_DAY,
	 .help = "Where the carrier gives no message id: the same text from the same sender within this time is the "
		 "same "
		 "message; 0s takes all."},
	SETTING_END,
};

static const struct setting outbound[] = {
	{AT(outbound, expiry), .type = SET_DURATION, .def = "48h", .min = US_MIN, .max = 60 * US_DAY,
	 .help = "Life of a message that names no expires_at."},
	{AT(outbound, retry_first), .type = SET_DURATION, .def = "5s", .min = 100 * US_MS, .max = US_HOUR,
	 .help = "Wait before the second attempt; it doubles from there."},
	{AT(outbound, retry_max), .type = SET_DURATION, .def = "15m", .min = US_SEC, .max = US_DAY,
	 .help = "Longest wait between two attempts."},
	{AT(outbound, max_attempts), .type = SET_INT, .def = "20", .min = 1, .max = 1000,
	 .help = "After so many attempts a message has failed."},
	{AT(outbound, repeat_limit), .type = SET_INT, .def = "10", .min = 0, .max = 100000,
	 .help = "The same text to the same address more often than this an hour is held to be a loop and suppressed; "
		 "0 sets "
		 "no limit."},
	{AT(outbound, memory), .type = SET_INT, .def = "20000", .min = 100, .max = 10000000,
	 .help = "Waiting messages kept in memory for each account; the rest stays in the store."},
	{AT(outbound, campaign_queue), .type = SET_INT, .def = "5000", .min = 10, .max = 1000000,
	 .help = "Marketing messages that may wait to be sent before campaigns pause: they fill the outbox no faster "
		 "than it drains."},
	{AT(outbound, drain), .type = SET_DURATION, .def = "20s", .min = 0, .max = 10 * US_MIN,
	 .help = "How long SIGTERM waits for answers to what is on the wire."},
	{AT(outbound, marketing_needs_opt_in), .type = SET_BOOL, .def = "yes",
	 .help = "Whether a customer who never said anything gets no marketing messages."},
	{AT(outbound, learning), .type = SET_BOOL, .def = "yes",
	 .help = "Whether campaigns that ask for it choose variant, channel and hour by what they have learned; no "
		 "sends "
		 "them as if they had not asked."},
	SETTING_END,
};

static const struct setting policy[] = {
	{AT(policy, quiet_hours), .type = SET_LIST, .def = "21:00-08:00",
	 .help = "When marketing and surveys wait, by the customer's own clock; for a country with hours of its own: "
		 "21:00-08:00, FR 20:00-10:00; off for never."},
	{AT(policy, quiet_days), .type = SET_LIST, .help = "Days on which they wait: sunday, FR saturday."},
	{AT(policy, holidays), .type = SET_LIST,
	 .help = "Dates on which they wait, of every year or of one, of a country or of all: 01-01, DE 10-03, DE "
		 "2027-03-26."},
	{AT(policy, time_zone), .type = SET_STRING, .def = "UTC",
	 .help = "Clock of a customer whose time zone and country are not known."},
	{AT(policy, frequency_cap), .type = SET_LIST,
	 .help = "At most so many marketing messages to a customer in so long, over all channels: 1/1d, 4/30d."},
	{AT(policy, track_links), .type = SET_BOOL, .def = "no",
	 .help = "Whether the links of marketing go over public_url, to see that they are followed, and mails have a "
		 "pixel: for customers who have consented to tracking, nobody else."},
	{AT(policy, topics), .type = SET_LIST, .def = "complaint, fault",
	 .help = "No marketing to a customer with an open conversation of these topics."},
	{AT(policy, double_opt_in), .type = SET_LIST,
	 .help = "Purposes (marketing, survey, tracking) whose opt-ins by the API wait until the customer has "
		 "confirmed them."},
	SETTING_END,
};

static const struct setting retention[] = {
	{AT(retention, events), .type = SET_DURATION, .def = "7d", .min = US_HOUR, .max = 3650 * US_DAY,
	 .help = "How far back the event stream can be resumed."},
	{AT(retention, idempotency), .type = SET_DURATION, .def = "24h", .min = US_MIN, .max = 30 * US_DAY,
	 .help = "How long an Idempotency-Key is remembered."},
	{AT(retention, event_ring), .type = SET_INT, .def = "65536", .min = 1024, .max = 16777216,
	 .help = "Recent events kept in memory, so that followers of the stream need not read the store."},
	SETTING_END,
};

const struct config_table config_tables[] = {
	{"http", "The server: API, console, web chat, health and metrics.", http, offsetof(struct config, http)},
	{"store", "Where everything is kept.", store, offsetof(struct config, store)},
	{"log", "What is written about the work.", logs, offsetof(struct config, log)},
	{"identity", "Who is who.", identity, offsetof(struct config, identity)},
	{"conversation", "How an inbound message finds its conversation.", conversation,
	 offsetof(struct config, conversation)},
	{"inbound", "What comes in.", inbound, offsetof(struct config, inbound)},
	{"outbound", "What goes out.", outbound, offsetof(struct config, outbound)},
	{"policy", "When marketing may disturb a customer.", policy, offsetof(struct config, policy)},
	{"retention", "How long things are kept.", retention, offsetof(struct config, retention)},
	{0},
};
