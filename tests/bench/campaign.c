/*
 * campaign: a campaign to everybody, rendered, policy-checked and queued durably by the gateway's own engine; and the floor,
 * the bare insert of the same rows in transactions of the same size.
 *
 *     campaign fill DSN CUSTOMERS     customers with a number, a name, a plan and an opt-in; a template, an offer, a campaign
 *     campaign run DSN                starts the engine and waits for the end; nothing is sent meanwhile: the account is down
 *     campaign floor FROM DSN         reads what run has written out of FROM, in memory; inserts it into a new store at DSN
 */
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/kit.h"
#include "campaign/engine.h"
#include "channel/accounts.h"
#include "customer/consent.h"
#include "outbound/template.h"
#include "store/migrate.h"

enum { TRANSACTION = 10000, STEP = 400, WAIT_US = 20000, MEMORY = 20000 };

static const char usage[] = "usage: campaign fill DSN CUSTOMERS | run DSN | floor FROM DSN\n";
static const char text[] =
	"Hi {{ customer.first_name | default: 'there' }}, as a {{ customer.plan }} customer you get {{ "
	"offer.name }} for {{ offer.amount }} {{ offer.currency }} until Sunday. Reply YES. No more "
	"offers: STOP";

static void check(int r, const struct err *err)
{
	if (r) {
		fprintf(stderr, "campaign: %s\n", err->msg);
		exit(1);
	}
}

static struct db *open_new(const char *dsn)
{
	struct err err = {0};
	struct db *db;
	int from, to;

	check(db_open(dsn, DB_WRITE, &db, &err), &err);
	check(migrate_run(db, &from, &to, &err), &err);
	return db;
}

/* ---- fill ---- */

static void add_customer(struct db *db, long i, int64_t at)
{
	static const char *const plans[] = {"Flex S", "Flex M", "Flex L"};
	struct err err = {0};
	struct uuid id = uuid7(at), contact = uuid7_in(at, uuid_bucket(&id));
	char name[40], number[40], attributes[80];
	struct stmt *q = db_query(db, "INSERT INTO customer (bucket, id, name, attributes, created_at, updated_at)"
				      " VALUES ($1, $2, $3, $4, $5, $5)");

	snprintf(name, sizeof name, "Customer%ld Bench", i);
	snprintf(number, sizeof number, "+49151%08ld", i);
	snprintf(attributes, sizeof attributes, "{\"plan\":\"%s\",\"since\":%ld}", plans[i % 3], 2000 + i % 25);
	db_bind_i64(q, 1, bucket_of(&id));
	db_bind_uuid(q, 2, &id);
	db_bind_text(q, 3, name);
	db_bind_text(q, 4, attributes);
	db_bind_i64(q, 5, at);
	check(db_run(q, &err), &err);
	q = db_query(db, "INSERT INTO contact_point (address, scheme, valid_from, id, customer_id, created_at)"
			 " VALUES ($1, $2, $3, $4, $5, $3)");
	db_bind_text(q, 1, number);
	db_bind_i64(q, 2, SCHEME_TEL);
	db_bind_i64(q, 3, at);
	db_bind_uuid(q, 4, &contact);
	db_bind_uuid(q, 5, &id);
	check(db_run(q, &err), &err);
	q = db_query(db, "INSERT INTO consent (address, scheme, purpose, state, source, at)"
			 " VALUES ($1, $2, $3, $4, 'import', $5)");
	db_bind_text(q, 1, number);
	db_bind_i64(q, 2, SCHEME_TEL);
	db_bind_i64(q, 3, PURPOSE_MARKETING);
	db_bind_i64(q, 4, CONSENT_IN);
	db_bind_i64(q, 5, at);
	check(db_run(q, &err), &err);
}

static void add_campaign(struct db *db, int64_t now)
{
	struct template_text t = {.channel = CHANNEL_SMS, .text = STR(text)};
	struct offer offer = {.name = STR("10 GB"), .amount = STR("4.99"), .currency = STR("EUR"), .per_customer = 1};
	struct arena *a = arena_new(1 << 20);
	json_t *definition = NULL;
	struct err err = {0};
	struct uuid id;
	struct plan plan;
	char json[200], of[UUID_TEXT];
	int version;

	check(template_write(db, STR("bench"), &(struct template_about){.purpose = PURPOSE_MARKETING}, &t, 1, "bench",
			     now, &version, &err),
	      &err);
	check(template_publish(db, STR("bench"), "bench", now, &version, &err), &err);
	check(offer_create(db, &offer, "bench", now, &id, &err), &err);
	snprintf(json, sizeof json, "{\"template\":{\"name\":\"bench\"},\"everybody\":true,\"offer_id\":\"%s\"}",
		 uuid_format(&id, of));
	check(json_read(str_of(json), 8, &definition, &err), &err);
	check(plan_read(definition, a, &plan, &err), &err);
	check(campaign_create(db, STR("bench"), str_of(json), &plan, NULL, 0, "bench", now, &id, &err), &err);
	json_decref(definition);
	arena_free(&a);
}

static void fill(const char *dsn, long customers)
{
	struct db *db = open_new(dsn);
	int64_t now = clock_now();
	struct err err = {0};

	check(db_exec(db, db_dialect(db) == DB_SQLITE ? "PRAGMA synchronous = OFF" : "SELECT 1", &err), &err);
	for (long i = 0; i < customers; i++) {
		if (i % TRANSACTION == 0)
			check(db_begin(db, &err), &err);
		add_customer(db, i, now - (customers - i) * US_MS);
		if (i % TRANSACTION == TRANSACTION - 1 || i == customers - 1)
			check(db_commit(db, &err), &err);
	}
	check(db_begin(db, &err), &err);
	add_campaign(db, now);
	check(db_commit(db, &err), &err);
	db_checkpoint(db);
	db_close(&db);
}

/* ---- run ---- */

static struct channel_caps caps(const struct account *a)
{
	(void)a;
	return (struct channel_caps){.receipts = true, .two_way = true, .max_text = 1000, .window = 100};
}

static struct channel_estimate estimate(const struct account *a, struct str s, struct str options)
{
	(void)a, (void)options;
	return (struct channel_estimate){"gsm7", s.n > 160 ? 2 : 1, (int)s.n};
}

static int64_t number(struct db *db, const char *sql)
{
	struct err err = {0};
	struct stmt *q = db_query(db, sql);
	int64_t n = db_step(q, &err) == DB_ROW ? db_col_i64(q, 0) : -1;

	db_done(q);
	if (n < 0)
		check(-1, &err);
	return n;
}

static long resident_kb(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	char line[80];
	const char *second;

	if (!f || !fgets(line, sizeof line, f))
		kit_die("/proc/self/statm");
	fclose(f);
	second = strchr(line, ' ');
	return second ? strtol(second, NULL, 10) * (sysconf(_SC_PAGESIZE) / 1024) : 0;
}

struct start {
	struct write_job job;
	struct events *ev;
	struct outbound *o;
	int64_t customers;
};

static int start_run(struct write_job *j, struct db *db, int64_t now, struct err *err)
{
	struct start *s = (struct start *)j;
	struct arena *a = arena_new(1 << 20);
	struct stmt *q = db_query(db, "SELECT id FROM campaign");
	struct uuid id = {{0}};
	int r = db_step(q, err) == DB_ROW && db_col_uuid(q, 0, &id) ? 0 : -1;

	db_done(q);
	if (r == 0)
		r = campaign_act(db, s->ev, s->o, &id, CAMPAIGN_START, a, now, err);
	arena_free(&a);
	return r;
}

/* Watches the campaign to its end: the rate over all of it, and what memory grew in the second half of it. */
static void watch(struct db *db, int64_t customers, uint64_t began, double cpu)
{
	long early = 0, late = 0;
	struct buf b;
	double seconds;

	while (number(db, "SELECT COUNT(*) FROM campaign WHERE state = 4") == 0) {
		int64_t n = number(db, "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM campaign_figure");
		late = resident_kb();
		if (!early && n >= customers / 2)
			early = late;
		usleep(WAIT_US);
	}
	seconds = (double)(kit_now() - began) / 1e9;
	kit_line(&b, "run");
	kit_count(&b, "customers", (uint64_t)customers);
	kit_count(&b, "queued",
		  (uint64_t)number(db, "SELECT CAST(SUM(n) AS BIGINT) FROM campaign_figure WHERE state = 0"));
	kit_number(&b, "rate", (double)customers / seconds);
	kit_number(&b, "cpu_us", (kit_cpu() - cpu) * 1e6 / (double)customers);
	kit_count(&b, "resident_kb_early", (uint64_t)early);
	kit_count(&b, "resident_kb_late", (uint64_t)late);
	kit_say(&b);
}

static void run(const char *dsn)
{
	static const struct channel_ops ops = {
		.name = "sms", .channel = CHANNEL_SMS, .caps = caps, .estimate = estimate};
	struct account_info account = {
		.name = "main", .channel = CHANNEL_SMS, .ops = &ops, .caps = caps(NULL), .state = ACCOUNT_DOWN};
	struct outbound_config oc = {.default_expiry = 72 * US_HOUR,
				     .retry_first = US_SEC,
				     .retry_max = US_MIN,
				     .max_attempts = 5,
				     .marketing_needs_opt_in = true,
				     .repeat_limit = 20,
				     .memory = MEMORY};
	struct readers *readers;
	struct writer *writer;
	struct accounts *accounts;
	struct engine *engine;
	struct writer_hooks hooks;
	struct start s = {.job = {.run = start_run}};
	struct engine_config ec = {.queue = 0, .learning = true};
	struct err err = {0};
	uint64_t began;
	double cpu;

	check(readers_open(dsn, &readers, &err), &err);
	check(events_new(readers, 65536, &s.ev, &err), &err);
	hooks = events_hooks(s.ev);
	check(writer_start(dsn, 10000, &hooks, &writer, &err), &err);
	check(accounts_new(&accounts, &err), &err);
	check(accounts_add(accounts, &account, &err), &err);
	check(outbound_new(&oc, writer, readers, s.ev, accounts, &s.o, &err), &err);
	check(outbound_start(s.o, &err), &err);
	ec.writer = writer;
	ec.readers = readers;
	ec.events = s.ev;
	ec.outbound = s.o;
	s.customers = number(readers_get(readers, &err), "SELECT COUNT(*) FROM customer");
	check(writer_call(writer, &s.job, &err), &err);
	began = kit_now();
	cpu = kit_cpu();
	check(engine_start(&ec, &engine, &err), &err);
	watch(readers_get(readers, &err), s.customers, began, cpu);
	engine_stop(&engine);
	outbound_stop(s.o);
	writer_stop(&writer);
	outbound_free(&s.o);
	accounts_free(&accounts);
	events_free(&s.ev);
	readers_close(&readers);
}

/* ---- floor ---- */

enum { COLUMNS_MAX = 32 };

/* All rows of a table, as they would be bound: the kind of a column is that of its first value. */
struct table {
	const char *read, *insert;
	int columns;
	bool blob[COLUMNS_MAX], text[COLUMNS_MAX];
	char **cell; /* NULL, or the bytes after their length */
	size_t rows, cap;
};

#define CUSTOMER_ROWS                                                                                              \
	"bucket, customer_id, id, conversation_id, contact_scheme, contact_address, at, channel, direction, kind," \
	" account, author, content, metadata, thread_reason"
#define DELIVERY_ROWS                                                                                               \
	"bucket, message_id, n, customer_id, channel, account, scheme, address, sender, purpose, priority, status," \
	" outbox, due_at, expires_at, encoding, segments, units, correlation, trail, updated_at"
#define EVENT_ROWS "seq, at, type, customer_id, conversation_id, interaction_id, channel, data"
#define SHARE_ROWS "campaign_id, customer_id, bucket, variant, state, reason, message_id, due_at, at"
#define OFFER_ROWS "bucket, customer_id, offer_id, variant, state, open, channel, message_id, presented_at, updated_at"
#define P8 "$1, $2, $3, $4, $5, $6, $7, $8"
#define P15 P8 ", $9, $10, $11, $12, $13, $14, $15"

static struct table tables[] = {
	{.read = "SELECT " CUSTOMER_ROWS " FROM interaction ORDER BY id",
	 .insert = "INSERT INTO interaction (" CUSTOMER_ROWS ") VALUES (" P15 ")",
	 .columns = 15,
	 .blob = {[1] = true, [2] = true, [3] = true},
	 .text = {[5] = true, [10] = true, [11] = true, [12] = true, [13] = true, [14] = true}},
	{.read = "SELECT " DELIVERY_ROWS " FROM delivery ORDER BY message_id",
	 .insert = "INSERT INTO delivery (" DELIVERY_ROWS ") VALUES (" P15 ", $16, $17, $18, $19, $20, $21)",
	 .columns = 21,
	 .blob = {[1] = true, [3] = true},
	 .text = {[5] = true, [7] = true, [8] = true, [15] = true, [18] = true, [19] = true}},
	{.read = "SELECT " EVENT_ROWS " FROM event WHERE interaction_id IS NOT NULL ORDER BY seq",
	 .insert = "INSERT INTO event (" EVENT_ROWS ") VALUES (" P8 ")",
	 .columns = 8,
	 .blob = {[3] = true, [4] = true, [5] = true},
	 .text = {[2] = true, [7] = true}},
	{.read = "SELECT " SHARE_ROWS " FROM campaign_customer ORDER BY customer_id",
	 .insert = "INSERT INTO campaign_customer (" SHARE_ROWS ") VALUES (" P8 ", $9)",
	 .columns = 9,
	 .blob = {[0] = true, [1] = true, [6] = true},
	 .text = {[3] = true, [5] = true}},
	{.read = "SELECT " OFFER_ROWS " FROM offer_customer ORDER BY customer_id",
	 .insert = "INSERT INTO offer_customer (" OFFER_ROWS ") VALUES (" P8 ", $9, $10)",
	 .columns = 10,
	 .blob = {[1] = true, [2] = true, [7] = true},
	 .text = {[3] = true}},
};
enum { TABLES = sizeof tables / sizeof *tables };

static char *keep(struct stmt *q, int c, const struct table *t)
{
	struct str s;
	int64_t v;
	char *p;

	if (db_col_null(q, c))
		return NULL;
	if (t->blob[c] || t->text[c]) {
		s = db_col_str(q, c);
	} else {
		v = db_col_i64(q, c);
		s = str_n((const char *)&v, sizeof v);
	}
	p = kit_alloc(sizeof s.n + s.n + 1);
	memcpy(p, &s.n, sizeof s.n);
	memcpy(p + sizeof s.n, s.p, s.n);
	return p;
}

static void read_table(struct db *db, struct table *t)
{
	struct stmt *q = db_query(db, t->read);
	struct err err = {0};
	int r;

	while ((r = db_step(q, &err)) == DB_ROW) {
		if (t->rows == t->cap) {
			t->cap = t->cap ? 2 * t->cap : 4096;
			t->cell = reallocarray(t->cell, t->cap * (size_t)t->columns, sizeof *t->cell);
			if (!t->cell)
				kit_die("reallocarray");
		}
		for (int c = 0; c < t->columns; c++)
			t->cell[t->rows * (size_t)t->columns + (size_t)c] = keep(q, c, t);
		t->rows++;
	}
	db_done(q);
	check(r == DB_ERROR ? -1 : 0, &err);
}

static void insert_row(struct db *db, const struct table *t, size_t row)
{
	struct stmt *q = db_query(db, t->insert);
	struct err err = {0};

	for (int c = 0; c < t->columns; c++) {
		const char *p = t->cell[row * (size_t)t->columns + (size_t)c];
		size_t n;
		int64_t v;
		if (!p) {
			db_bind_null(q, c + 1);
			continue;
		}
		memcpy(&n, p, sizeof n);
		if (t->blob[c]) {
			db_bind_blob(q, c + 1, p + sizeof n, n);
		} else if (t->text[c]) {
			db_bind_str(q, c + 1, str_n(p + sizeof n, n));
		} else {
			memcpy(&v, p + sizeof n, sizeof v);
			db_bind_i64(q, c + 1, v);
		}
	}
	check(db_run(q, &err), &err);
}

static void bare(const char *from, const char *dsn)
{
	struct err err = {0};
	struct db *db;
	struct buf b;
	uint64_t began;
	size_t n;

	check(db_open(from, DB_READ, &db, &err), &err);
	for (int k = 0; k < TABLES; k++)
		read_table(db, &tables[k]);
	db_close(&db);
	db = open_new(dsn);
	n = tables[0].rows;
	for (int k = 1; k < TABLES; k++)
		if (tables[k].rows != n)
			kit_die("the tables do not have as many rows as there were messages");
	began = kit_now();
	for (size_t i = 0; i < n; i += STEP) {
		check(db_begin(db, &err), &err);
		for (size_t row = i; row < i + STEP && row < n; row++)
			for (int k = 0; k < TABLES; k++)
				insert_row(db, &tables[k], row);
		check(db_commit(db, &err), &err);
		if (db_log_pages(db) > 10000)
			db_checkpoint(db);
	}
	kit_line(&b, "floor");
	kit_count(&b, "rows", n * TABLES);
	kit_number(&b, "rate", (double)n / ((double)(kit_now() - began) / 1e9));
	kit_say(&b);
	db_close(&db);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 4 && strcmp(what, "fill") == 0)
		fill(argv[2], kit_long("customers", argv[3], 1, 100000000));
	else if (argc == 3 && strcmp(what, "run") == 0)
		run(argv[2]);
	else if (argc == 4 && strcmp(what, "floor") == 0)
		bare(argv[2], argv[3]);
	else
		kit_usage(usage);
	return 0;
}
