/*
 * The schema, as numbered steps. Never edit a step that has shipped: append one.
 *
 * A step is written once, in SQLite's words; for PostgreSQL migrate.c puts BYTEA for BLOB, an identity for INTEGER PRIMARY
 * KEY, the order of bytes (COLLATE "C") for each TEXT, and leaves out WITHOUT ROWID. What only one of them has, the
 * full-text index for example, is in a part of its own.
 *
 * What belongs to a customer carries its bucket in the key; the bucket is the last byte of the customer's id and of every id
 * made for it, so an id alone finds its row. A merge rewrites none of these rows: it points one customer at another
 * (merged_into), and readers look through the pointer; so an unmerge restores exactly what was there.
 *
 * The bucket comes first in the keys of what is read by customer (interaction, conversation). It comes last where rows are
 * reached by the id of a message (delivery) or not at all (index interaction_id): ids grow with time, so a batch of new
 * messages then dirties a few neighbouring pages instead of one in each of 256 places, which halves what the writer
 * spends on a message. A distributed store asks only that the bucket is part of the key.
 *
 * interaction holds content and is written once. delivery holds what changes: the life of a message on one channel, and
 * is the outbox as well (the partial index names what waits). trail keeps each status change with its time and cause, as
 * lines, in the row that is being updated anyway.
 */
#include "store/migrations.h"

static const char step_1[] =
	"CREATE TABLE customer (bucket INTEGER NOT NULL, id BLOB NOT NULL, external_id TEXT, name TEXT NOT NULL "
	"DEFAULT '',"
	" locale TEXT NOT NULL DEFAULT '', time_zone TEXT NOT NULL DEFAULT '', tier TEXT NOT NULL DEFAULT '',"
	" stage INTEGER NOT NULL DEFAULT 0, attributes TEXT NOT NULL DEFAULT '{}', merged_into BLOB,"
	" version BIGINT NOT NULL DEFAULT 1, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,"
	" PRIMARY KEY (bucket, id)) WITHOUT ROWID;"
	"CREATE INDEX customer_merged ON customer (merged_into) WHERE merged_into IS NOT NULL;"
	"CREATE INDEX customer_newest ON customer (id) WHERE merged_into IS NULL;"
	/* External ids are looked up without knowing the customer, so they have a table of their own. */
	"CREATE TABLE customer_ref (external_id TEXT NOT NULL PRIMARY KEY, customer_id BLOB NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE customer_attribute (key TEXT NOT NULL, value TEXT NOT NULL, customer_id BLOB NOT NULL,"
	" PRIMARY KEY (key, value, customer_id)) WITHOUT ROWID;"
	"CREATE INDEX customer_attribute_customer ON customer_attribute (customer_id);"
	"CREATE TABLE contact_point (address TEXT NOT NULL, scheme INTEGER NOT NULL, valid_from BIGINT NOT NULL,"
	" valid_to BIGINT, id BLOB NOT NULL, customer_id BLOB NOT NULL, verified_by TEXT, verified_at BIGINT,"
	" label TEXT NOT NULL DEFAULT '', display TEXT NOT NULL DEFAULT '', preferred INTEGER NOT NULL DEFAULT 0,"
	" last_in_at BIGINT, last_out_at BIGINT, created_at BIGINT NOT NULL,"
	" PRIMARY KEY (address, scheme, valid_from)) WITHOUT ROWID;"
	"CREATE INDEX contact_point_customer ON contact_point (customer_id);"
	"CREATE INDEX contact_point_id ON contact_point (id);"
	/* Consent holds for an address whoever owns it today; it outlives merges and erasure. */
	"CREATE TABLE consent (address TEXT NOT NULL, scheme INTEGER NOT NULL, purpose INTEGER NOT NULL,"
	" state INTEGER NOT NULL, source TEXT NOT NULL, proof TEXT NOT NULL DEFAULT '', at BIGINT NOT NULL,"
	" PRIMARY KEY (address, scheme, purpose)) WITHOUT ROWID;"
	"CREATE TABLE consent_change (address TEXT NOT NULL, scheme INTEGER NOT NULL, purpose INTEGER NOT NULL, id "
	"BLOB NOT NULL,"
	" state INTEGER NOT NULL, source TEXT NOT NULL, proof TEXT NOT NULL DEFAULT '', at BIGINT NOT NULL,"
	" PRIMARY KEY (address, scheme, purpose, id)) WITHOUT ROWID;"
	"CREATE TABLE customer_merge (id BLOB NOT NULL PRIMARY KEY, survivor BLOB NOT NULL, merged BLOB NOT NULL,"
	" reason TEXT NOT NULL, author TEXT NOT NULL, at BIGINT NOT NULL, undone_at BIGINT, undone_by TEXT,"
	" snapshot TEXT NOT NULL DEFAULT '{}') WITHOUT ROWID;"
	"CREATE INDEX customer_merge_survivor ON customer_merge (survivor);"
	"CREATE INDEX customer_merge_merged ON customer_merge (merged);"
	"CREATE TABLE merge_suggestion (id BLOB NOT NULL PRIMARY KEY, customer_a BLOB NOT NULL, customer_b BLOB NOT "
	"NULL,"
	" reason TEXT NOT NULL, state INTEGER NOT NULL DEFAULT 0, at BIGINT NOT NULL, decided_at BIGINT, decided_by "
	"TEXT,"
	" UNIQUE (customer_a, customer_b)) WITHOUT ROWID;"
	/* Values that never merge people: the call centre's own numbers, no-reply mailboxes, anonymous callers. */
	"CREATE TABLE never_merge (address TEXT NOT NULL, scheme INTEGER NOT NULL, note TEXT NOT NULL DEFAULT '',"
	" created_at BIGINT NOT NULL, PRIMARY KEY (address, scheme)) WITHOUT ROWID;"
	"CREATE TABLE conversation (bucket INTEGER NOT NULL, id BLOB NOT NULL, customer_id BLOB NOT NULL,"
	" state INTEGER NOT NULL, subject TEXT NOT NULL DEFAULT '', channel INTEGER NOT NULL, assignee TEXT,"
	" opened_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, closed_at BIGINT, snoozed_until BIGINT,"
	" last_in_at BIGINT, last_out_at BIGINT, last_text TEXT NOT NULL DEFAULT '', reopened INTEGER NOT NULL DEFAULT "
	"0,"
	" version BIGINT NOT NULL DEFAULT 1, PRIMARY KEY (bucket, id)) WITHOUT ROWID;"
	"CREATE INDEX conversation_customer ON conversation (bucket, customer_id, state);"
	"CREATE INDEX conversation_list ON conversation (state, updated_at);"
	"CREATE TABLE interaction (bucket INTEGER NOT NULL, customer_id BLOB NOT NULL, id BLOB NOT NULL, "
	"conversation_id BLOB,"
	" contact_scheme INTEGER, contact_address TEXT, at BIGINT NOT NULL, channel INTEGER NOT NULL, direction "
	"INTEGER NOT NULL,"
	" kind INTEGER NOT NULL, account TEXT, author TEXT NOT NULL DEFAULT '', subject TEXT NOT NULL DEFAULT '',"
	" content TEXT NOT NULL DEFAULT '', attachments TEXT, metadata TEXT, thread_reason TEXT NOT NULL DEFAULT '',"
	" PRIMARY KEY (bucket, customer_id, id)) WITHOUT ROWID;"
	"CREATE INDEX interaction_id ON interaction (id);"
	"CREATE INDEX interaction_conversation ON interaction (bucket, conversation_id, id) WHERE conversation_id IS "
	"NOT NULL;"
	"CREATE TABLE delivery (bucket INTEGER NOT NULL, message_id BLOB NOT NULL, n INTEGER NOT NULL, customer_id "
	"BLOB NOT NULL,"
	" channel INTEGER NOT NULL, account TEXT NOT NULL, scheme INTEGER NOT NULL, address TEXT NOT NULL,"
	" sender TEXT NOT NULL DEFAULT '', purpose INTEGER NOT NULL, priority INTEGER NOT NULL, status INTEGER NOT "
	"NULL,"
	" outbox INTEGER NOT NULL, due_at BIGINT NOT NULL, expires_at BIGINT, attempts INTEGER NOT NULL DEFAULT 0,"
	" token BIGINT NOT NULL DEFAULT 0, encoding TEXT NOT NULL DEFAULT '', segments INTEGER NOT NULL DEFAULT 1,"
	" units INTEGER NOT NULL DEFAULT 0, parts TEXT, code TEXT, reason TEXT, options TEXT, correlation TEXT NOT "
	"NULL DEFAULT '',"
	" trail TEXT NOT NULL DEFAULT '', updated_at BIGINT NOT NULL,"
	" PRIMARY KEY (message_id, n, bucket)) WITHOUT ROWID;"
	/* outbox: 1 waits or is in flight, 2 waits for its receipt (uncertain), 0 is done with. A statement that names a
	 * delivery by its key says `outbox + 0 = 1`, or PostgreSQL may find it by walking the whole of this index. */
	"CREATE INDEX delivery_outbox ON delivery (account, priority, due_at, message_id, n) WHERE outbox = 1;"
	"CREATE INDEX delivery_uncertain ON delivery (account, message_id) WHERE outbox = 2;"
	/* How a reply or receipt finds what it belongs to: the ids other systems gave to our things. */
	"CREATE TABLE external_ref (account TEXT NOT NULL, ref TEXT NOT NULL, message_id BLOB NOT NULL, n INTEGER NOT "
	"NULL,"
	" part INTEGER NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (account, ref)) WITHOUT ROWID;"
	/* Receipts that came before the answer that tells us the id. */
	"CREATE TABLE early_receipt (account TEXT NOT NULL, ref TEXT NOT NULL, at BIGINT NOT NULL, body TEXT NOT NULL,"
	" PRIMARY KEY (account, ref, at)) WITHOUT ROWID;"
	"CREATE TABLE inbound_seen (account TEXT NOT NULL, sender TEXT NOT NULL, ref TEXT NOT NULL, interaction_id "
	"BLOB,"
	" at BIGINT NOT NULL, PRIMARY KEY (account, sender, ref)) WITHOUT ROWID;"
	"CREATE TABLE inbound_part (account TEXT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL, ref BIGINT "
	"NOT NULL,"
	" width INTEGER NOT NULL, total INTEGER NOT NULL, seq INTEGER NOT NULL, channel INTEGER NOT NULL, at BIGINT "
	"NOT NULL,"
	" external_id TEXT NOT NULL, content BLOB NOT NULL, metadata TEXT,"
	" PRIMARY KEY (account, sender, recipient, ref, width, total, seq)) WITHOUT ROWID;"
	"CREATE INDEX inbound_part_at ON inbound_part (at);"
	"CREATE TABLE event (seq INTEGER PRIMARY KEY, at BIGINT NOT NULL, type TEXT NOT NULL, customer_id BLOB,"
	" conversation_id BLOB, interaction_id BLOB, channel INTEGER NOT NULL, data TEXT NOT NULL);"
	"CREATE TABLE idempotency (key_id TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL, status INTEGER "
	"NOT NULL,"
	" body TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (key_id, key)) WITHOUT ROWID;"
	"CREATE INDEX idempotency_at ON idempotency (at);"
	"CREATE TABLE api_key (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, role INTEGER NOT NULL, hash BLOB NOT "
	"NULL,"
	" created_at BIGINT NOT NULL, revoked_at BIGINT, UNIQUE (hash)) WITHOUT ROWID;"
	"CREATE TABLE audit (id BLOB NOT NULL PRIMARY KEY, at BIGINT NOT NULL, author TEXT NOT NULL, action TEXT NOT "
	"NULL,"
	" subject TEXT NOT NULL, detail TEXT NOT NULL DEFAULT '{}') WITHOUT ROWID;"
	"CREATE TABLE cursor (name TEXT NOT NULL PRIMARY KEY, seq BIGINT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE secret (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
	/* Full text: contentless, so the index holds no second copy; search_doc says what a row is. */
	"CREATE TABLE search_doc (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, customer_id BLOB NOT NULL, ref BLOB "
	"NOT NULL,"
	" at BIGINT NOT NULL);"
	"CREATE UNIQUE INDEX search_doc_interaction ON search_doc (ref) WHERE kind = 2;"
	"CREATE INDEX search_doc_customer ON search_doc (ref, id) WHERE kind = 1;";

static const char step_1_sqlite[] = "CREATE VIRTUAL TABLE search_text USING fts5(body, content='', columnsize=0,"
				    " tokenize=\"unicode61 remove_diacritics 2\");";

/* Rows of deliveries are updated in place some times soon after they were written: with room on their page, and without
 * a key changing, PostgreSQL touches no index for that. */
static const char step_1_postgres[] =
	"ALTER TABLE search_doc ADD COLUMN body TSVECTOR NOT NULL;"
	"CREATE INDEX search_doc_body ON search_doc USING gin (body);"
	"ALTER TABLE delivery SET (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);"
	"ALTER TABLE conversation SET (fillfactor = 70);"
	"ALTER TABLE contact_point SET (fillfactor = 80);";

/* The channels that a message goes on to, in order, when this delivery fails. */
static const char step_2[] = "ALTER TABLE delivery ADD COLUMN further TEXT";

static const char step_3[] =
	"CREATE TABLE template (name TEXT NOT NULL, version INTEGER NOT NULL, state INTEGER NOT NULL,"
	" description TEXT NOT NULL DEFAULT '', author TEXT NOT NULL DEFAULT '', created_at BIGINT NOT NULL,"
	" updated_at BIGINT NOT NULL, PRIMARY KEY (name, version)) WITHOUT ROWID;"
	"CREATE TABLE template_text (name TEXT NOT NULL, version INTEGER NOT NULL, channel INTEGER NOT NULL,"
	" locale TEXT NOT NULL, subject TEXT NOT NULL DEFAULT '', body TEXT NOT NULL DEFAULT '',"
	" html TEXT NOT NULL DEFAULT '', PRIMARY KEY (name, version, channel, locale)) WITHOUT ROWID;";

static const char step_4[] = "CREATE TABLE translation (locale TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,"
			     " PRIMARY KEY (locale, key)) WITHOUT ROWID;"
			     "ALTER TABLE template ADD COLUMN purpose INTEGER NOT NULL DEFAULT 0;"
			     "ALTER TABLE template ADD COLUMN sample TEXT NOT NULL DEFAULT '{}';";
/* What customers make of offers. `open` rows are those that can still expire, by offer. */
static const char step_offers[] =
	"CREATE TABLE offer (id BLOB NOT NULL PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL DEFAULT '',"
	" amount TEXT NOT NULL DEFAULT '', currency TEXT NOT NULL DEFAULT '', valid_from BIGINT NOT NULL,"
	" valid_until BIGINT NOT NULL DEFAULT 0, segment TEXT NOT NULL DEFAULT '', variants TEXT NOT NULL DEFAULT '',"
	" yes_words TEXT NOT NULL DEFAULT '', no_words TEXT NOT NULL DEFAULT '', quantity BIGINT NOT NULL DEFAULT 0,"
	" per_customer INTEGER NOT NULL DEFAULT 1, accepted_template TEXT NOT NULL DEFAULT '',"
	" declined_template TEXT NOT NULL DEFAULT '', closed_template TEXT NOT NULL DEFAULT '',"
	" taken BIGINT NOT NULL DEFAULT 0, withdrawn_at BIGINT NOT NULL DEFAULT 0, settled INTEGER NOT NULL DEFAULT 0,"
	" author TEXT NOT NULL DEFAULT '', version BIGINT NOT NULL DEFAULT 1, created_at BIGINT NOT NULL,"
	" updated_at BIGINT NOT NULL, UNIQUE (name)) WITHOUT ROWID;"
	"CREATE TABLE offer_customer (bucket INTEGER NOT NULL, customer_id BLOB NOT NULL, offer_id BLOB NOT NULL,"
	" variant TEXT NOT NULL DEFAULT '', state INTEGER NOT NULL, open INTEGER NOT NULL,"
	" taken INTEGER NOT NULL DEFAULT 0, channel INTEGER NOT NULL DEFAULT 0, message_id BLOB,"
	" presented_at BIGINT NOT NULL DEFAULT 0, opened_at BIGINT NOT NULL DEFAULT 0,"
	" clicked_at BIGINT NOT NULL DEFAULT 0, answered_at BIGINT NOT NULL DEFAULT 0, updated_at BIGINT NOT NULL,"
	" PRIMARY KEY (customer_id, offer_id, bucket)) WITHOUT ROWID;"
	"CREATE INDEX offer_customer_open ON offer_customer (offer_id, customer_id) WHERE open = 1;"
	"CREATE TABLE offer_figure (offer_id BLOB NOT NULL, outcome INTEGER NOT NULL, variant TEXT NOT NULL,"
	" channel INTEGER NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (offer_id, outcome, variant, channel)) WITHOUT "
	"ROWID;";

/* Attachments that are small enough to be rows (blob_row.h). What they hold lies in the order in which it came; only the
 * names are in an index. */
static const char step_small_blobs[] =
	"CREATE TABLE small_blob (id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, at BIGINT NOT NULL,"
	" bytes BLOB NOT NULL, UNIQUE (sha256))";
/*
 * Segments ask over all customers in order of their ids, so what they ask about is kept in that order below each key: a
 * count then walks the indexes side by side and never looks at a customer's row. type: 1 text, 2 number, 3 true or false,
 * 4 time (num in microseconds).
 *
 * event_value: what other systems tell (a bill, a purchase, usage), one row for each event with key '', and one for each
 * simple member of its data.
 */
static const char step_who[] =
	"ALTER TABLE customer_attribute ADD COLUMN type INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE customer_attribute ADD COLUMN num DOUBLE PRECISION;"
	"DROP INDEX customer_attribute_customer;"
	"CREATE INDEX customer_attribute_key ON customer_attribute (key, customer_id, type, num);"
	"DROP INDEX customer_newest;"
	"CREATE INDEX customer_newest ON customer (id, stage, tier, locale, time_zone, created_at) WHERE merged_into "
	"IS NULL;"
	"DROP INDEX contact_point_customer;"
	"CREATE INDEX contact_point_customer ON contact_point (customer_id, scheme, valid_to, verified_by);"
	"CREATE TABLE event_value (name TEXT NOT NULL, key TEXT NOT NULL, customer_id BLOB NOT NULL, at BIGINT NOT "
	"NULL,"
	" id BLOB NOT NULL, type INTEGER NOT NULL, num DOUBLE PRECISION, value TEXT,"
	" PRIMARY KEY (name, key, customer_id, at, id)) WITHOUT ROWID;"
	"CREATE TABLE segment (name TEXT NOT NULL PRIMARY KEY, id BLOB NOT NULL, description TEXT NOT NULL DEFAULT '',"
	" conditions TEXT NOT NULL, author TEXT NOT NULL, version BIGINT NOT NULL DEFAULT 1, created_at BIGINT NOT "
	"NULL,"
	" updated_at BIGINT NOT NULL, UNIQUE (id)) WITHOUT ROWID;";

static const char step_who_sqlite[] =
	"UPDATE customer_attribute SET type = 2, num = CAST(value AS REAL) WHERE (key, customer_id) IN"
	" (SELECT j.key, c.id FROM customer c, json_each(c.attributes) j WHERE j.type IN ('integer', 'real'));"
	"UPDATE customer_attribute SET type = 3 WHERE (key, customer_id) IN"
	" (SELECT j.key, c.id FROM customer c, json_each(c.attributes) j WHERE j.type IN ('true', 'false'));"
	"UPDATE customer_attribute SET type = 4, num = unixepoch(value) * 1000000.0 WHERE type = 1"
	" AND value GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' AND unixepoch(value) IS NOT NULL;";

static const char step_who_postgres[] =
	"UPDATE customer_attribute a SET type = CASE jsonb_typeof(j.value) WHEN 'number' THEN 2 ELSE 3 END,"
	" num = CASE jsonb_typeof(j.value) WHEN 'number' THEN CAST(j.value AS DOUBLE PRECISION) END"
	" FROM customer c, jsonb_each(c.attributes::jsonb) j WHERE a.key = j.key AND a.customer_id = c.id"
	" AND jsonb_typeof(j.value) IN ('number', 'boolean');";
/* Campaigns. A customer's row is written in the transaction that writes the message and moves the campaign's position. */
static const char step_campaigns[] =
	"CREATE TABLE campaign (id BLOB NOT NULL PRIMARY KEY, name TEXT NOT NULL, definition TEXT NOT NULL,"
	" state INTEGER NOT NULL, reason TEXT NOT NULL DEFAULT '', author TEXT NOT NULL DEFAULT '',"
	" start_at BIGINT NOT NULL DEFAULT 0, started_at BIGINT NOT NULL DEFAULT 0, finished_at BIGINT NOT NULL "
	"DEFAULT 0,"
	" exhausted INTEGER NOT NULL DEFAULT 0, position BLOB, runner BLOB, lease_until BIGINT NOT NULL DEFAULT 0,"
	" version BIGINT NOT NULL DEFAULT 1, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, UNIQUE (name))"
	" WITHOUT ROWID;"
	"CREATE TABLE campaign_member (campaign_id BLOB NOT NULL, customer_id BLOB NOT NULL, bucket INTEGER NOT NULL,"
	" PRIMARY KEY (campaign_id, customer_id, bucket)) WITHOUT ROWID;"
	"CREATE TABLE campaign_customer (campaign_id BLOB NOT NULL, customer_id BLOB NOT NULL, bucket INTEGER NOT NULL,"
	" variant TEXT NOT NULL DEFAULT '', state INTEGER NOT NULL, reason TEXT NOT NULL DEFAULT '', message_id BLOB,"
	" due_at BIGINT NOT NULL DEFAULT 0, at BIGINT NOT NULL, PRIMARY KEY (campaign_id, customer_id, bucket))"
	" WITHOUT ROWID;"
	"CREATE INDEX campaign_customer_due ON campaign_customer (campaign_id, due_at) WHERE state = 1;"
	"CREATE TABLE campaign_figure (campaign_id BLOB NOT NULL, variant TEXT NOT NULL, state INTEGER NOT NULL,"
	" reason TEXT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (campaign_id, variant, state, reason)) WITHOUT ROWID;";

/* May we: what stands against marketing, and what was sent of it lately (counted by frequency caps). */
static const char step_policy[] =
	"ALTER TABLE conversation ADD COLUMN topic TEXT NOT NULL DEFAULT '';"
	"CREATE TABLE customer_hold (bucket INTEGER NOT NULL, customer_id BLOB NOT NULL, id BLOB NOT NULL,"
	" reason TEXT NOT NULL, note TEXT NOT NULL DEFAULT '', author TEXT NOT NULL, created_at BIGINT NOT NULL,"
	" until BIGINT, ended_at BIGINT, ended_by TEXT, PRIMARY KEY (bucket, customer_id, id)) WITHOUT ROWID;"
	"CREATE TABLE marketing_sent (bucket INTEGER NOT NULL, customer_id BLOB NOT NULL, at BIGINT NOT NULL,"
	" message_id BLOB NOT NULL, PRIMARY KEY (bucket, customer_id, at, message_id)) WITHOUT ROWID;";

/*
 * contact_point.consents: what `consent` says of the address, two bits for each purpose, so that segments need not look
 * each address up. customer_newest covers merged_into, which is always NULL in it: SQLite looks at the row otherwise.
 * import.position: bytes of the file that are done with, moved in the transaction that wrote their rows.
 */
static const char step_import[] =
	"ALTER TABLE contact_point ADD COLUMN consents INTEGER NOT NULL DEFAULT 0;"
	"UPDATE contact_point SET consents = (SELECT SUM(t.state * CASE t.purpose WHEN 0 THEN 1 WHEN 1 THEN 4 ELSE 16 "
	"END)"
	" FROM consent t WHERE t.address = contact_point.address AND t.scheme = contact_point.scheme)"
	" WHERE EXISTS (SELECT 1 FROM consent t WHERE t.address = contact_point.address AND t.scheme = "
	"contact_point.scheme);"
	"DROP INDEX contact_point_customer;"
	"CREATE INDEX contact_point_customer ON contact_point (customer_id, scheme, valid_to, verified_by, consents);"
	"DROP INDEX customer_newest;"
	"CREATE INDEX customer_newest ON customer (id, stage, tier, locale, time_zone, created_at, merged_into)"
	" WHERE merged_into IS NULL;"
	"CREATE TABLE import (id BLOB NOT NULL PRIMARY KEY, name TEXT NOT NULL DEFAULT '', format INTEGER NOT NULL,"
	" state INTEGER NOT NULL DEFAULT 0, settings TEXT NOT NULL DEFAULT '{}', header TEXT NOT NULL DEFAULT '',"
	" position BIGINT NOT NULL DEFAULT 0, line BIGINT NOT NULL DEFAULT 1, skipping INTEGER NOT NULL DEFAULT 0,"
	" size BIGINT, created BIGINT NOT NULL DEFAULT 0, updated BIGINT NOT NULL DEFAULT 0,"
	" unchanged BIGINT NOT NULL DEFAULT 0, events BIGINT NOT NULL DEFAULT 0, rejected BIGINT NOT NULL DEFAULT 0,"
	" noted BIGINT NOT NULL DEFAULT 0, author TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT "
	"NULL,"
	" finished_at BIGINT) WITHOUT ROWID;"
	"CREATE TABLE import_reject (import_id BLOB NOT NULL, line BIGINT NOT NULL, n INTEGER NOT NULL, body TEXT NOT "
	"NULL,"
	" PRIMARY KEY (import_id, line, n)) WITHOUT ROWID;";
/* Links of marketing messages that go over us: whose, to where, and what came of it. */
static const char step_links[] =
	"CREATE TABLE tracked_link (code TEXT NOT NULL PRIMARY KEY, message_id BLOB NOT NULL, customer_id BLOB NOT "
	"NULL,"
	" channel INTEGER NOT NULL, url TEXT NOT NULL, at BIGINT NOT NULL, people INTEGER NOT NULL DEFAULT 0,"
	" robots INTEGER NOT NULL DEFAULT 0, first_at BIGINT) WITHOUT ROWID;"
	"CREATE INDEX tracked_link_message ON tracked_link (message_id);";

/* It has ended, and some of its messages still wait to be taken back. */
static const char step_taking_back[] = "ALTER TABLE campaign ADD COLUMN taking_back INTEGER NOT NULL DEFAULT 0";

/* What was begun and has not ended (calls): at start-up they are what a crash has cut off. */
static const char step_ongoing[] = "CREATE TABLE interaction_ongoing (interaction_id BLOB NOT NULL PRIMARY KEY, at "
				   "BIGINT NOT NULL) WITHOUT ROWID;";

/* Campaigns that learn. campaign_customer.arm: what was tried with the customer (campaign/learning.h), 0 for nothing, below 0
 * once it has succeeded. */
static const char step_learning[] =
	"ALTER TABLE campaign ADD COLUMN learning_off INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE campaign_customer ADD COLUMN arm BIGINT NOT NULL DEFAULT 0;"
	"CREATE INDEX campaign_customer_arm ON campaign_customer (message_id) WHERE arm <> 0;"
	"CREATE TABLE learning_arm (campaign_id BLOB NOT NULL, arm BIGINT NOT NULL, tried BIGINT NOT NULL DEFAULT 0,"
	" succeeded BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (campaign_id, arm)) WITHOUT ROWID;";

/* Addresses that get nothing, whoever owns them; purpose -1 is all. */
static const char step_suppressions[] =
	"CREATE TABLE suppression (address TEXT NOT NULL, scheme INTEGER NOT NULL, purpose INTEGER NOT NULL,"
	" id BLOB NOT NULL, reason TEXT NOT NULL, source TEXT NOT NULL, proof TEXT NOT NULL DEFAULT '', at BIGINT NOT "
	"NULL,"
	" PRIMARY KEY (address, scheme, purpose)) WITHOUT ROWID;"
	"CREATE UNIQUE INDEX suppression_id ON suppression (id);";

/* Gateways that share a store, and what only one of them may do at a time (nodes/lease.h). */
static const char step_nodes[] =
	"CREATE TABLE node (id BLOB NOT NULL PRIMARY KEY, name TEXT NOT NULL, host TEXT NOT NULL, pid BIGINT NOT NULL,"
	" started_at BIGINT NOT NULL, seen_at BIGINT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE lease (name TEXT NOT NULL PRIMARY KEY, node BLOB, epoch BIGINT NOT NULL, until BIGINT NOT NULL,"
	" clean INTEGER NOT NULL) WITHOUT ROWID;";

/* Opt-ins that wait for a word of who has the address. */
static const char step_confirmations[] =
	"CREATE TABLE consent_request (id BLOB NOT NULL PRIMARY KEY, message_id BLOB NOT NULL, address TEXT NOT NULL,"
	" scheme INTEGER NOT NULL, purpose INTEGER NOT NULL, text TEXT NOT NULL, at BIGINT NOT NULL, expires_at BIGINT "
	"NOT NULL,"
	" confirmed_at BIGINT) WITHOUT ROWID;"
	"CREATE INDEX consent_request_address ON consent_request (address, scheme);";

const struct migration migrations[] = {
	{.number = 1, .sql = step_1, .sqlite = step_1_sqlite, .postgres = step_1_postgres},
	{.number = 2, .sql = step_2},
	{.number = 3, .sql = step_3},
	{.number = 4, .sql = step_4},
	{.number = 5, .sql = step_offers},
	{.number = 6, .sql = step_small_blobs},
	{.number = 7, .sql = step_who, .sqlite = step_who_sqlite, .postgres = step_who_postgres},
	{.number = 8, .sql = step_campaigns},
	{.number = 9, .sql = step_policy},
	{.number = 10, .sql = step_import},
	{.number = 11, .sql = step_links},
	{.number = 12, .sql = step_taking_back},
	{.number = 13, .sql = step_ongoing},
	{.number = 14, .sql = step_learning},
	{.number = 15, .sql = step_suppressions},
	{.number = 16, .sql = step_nodes},
	{.number = 17, .sql = step_confirmations},
};
const int migrations_n = sizeof migrations / sizeof *migrations;
