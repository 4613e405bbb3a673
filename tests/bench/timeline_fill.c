/*
 * The big timeline: two years of interactions, written in the order of their time as they would have come, each of a
 * random customer. So the pages of the tables lie as scattered as in a store that grew. Half are outbound messages with
 * their delivered delivery, four in ten are inbound, the rest are notes. It is a fixture: nothing is synced while it grows.
 * Into PostgreSQL each transaction is one pipeline.
 */
#include "base/clock.h"
#include "bench/timeline.h"
#include "model/address.h"
#include "store/bucket.h"
#include "store/migrate.h"
#include "timeline/interaction.h"

enum { TRANSACTION = 100000, SPAN_DAYS = 730, CONVERSATIONS = 4 };

struct fill {
	struct db *db;
	struct err err;
	uint64_t seed;
	long customers, interactions;
	struct uuid *ids;
	int64_t start, now;
};

static const char *const texts[] = {
	"Dear customer, your parcel is out for delivery today between nine and eleven. Track it at "
	"https://t.example.com/p/8f7d6c5b4a and reply STOP to opt out.",
	"Your invoice for this month is ready. The amount of 39.90 EUR will be collected on the 15th.",
	"When will the technician come? I have been waiting since eight o'clock and nobody called.",
	"Thank you, that works again.",
	"Customer asks for a copy of the contract by post; address checked.",
};

static void check(struct fill *f, int r)
{
	if (r)
		timeline_die(&f->err);
}

static void phone(long i, struct address *a)
{
	a->scheme = SCHEME_TEL;
	snprintf(a->value, sizeof a->value, "+49151%08ld", i);
}

static void add_customer(struct fill *f, long i)
{
	struct uuid id = uuid7(f->start), contact = uuid7_in(f->start, uuid_bucket(&id));
	struct address a;
	char name[40], ref[40];
	struct stmt *q = db_query(f->db, "INSERT INTO customer (bucket, id, external_id, name, created_at, updated_at)"
					 " VALUES ($1, $2, $3, $4, $5, $5)");

	snprintf(ref, sizeof ref, "C%08ld", i);
	snprintf(name, sizeof name, "Customer %ld", i);
	db_bind_i64(q, 1, bucket_of(&id));
	db_bind_uuid(q, 2, &id);
	db_bind_text(q, 3, ref);
	db_bind_text(q, 4, name);
	db_bind_i64(q, 5, f->start);
	check(f, db_run(q, &f->err));
	q = db_query(f->db, "INSERT INTO customer_ref (external_id, customer_id) VALUES ($1, $2)");
	db_bind_text(q, 1, ref);
	db_bind_uuid(q, 2, &id);
	check(f, db_run(q, &f->err));
	phone(i, &a);
	q = db_query(f->db, "INSERT INTO contact_point (address, scheme, valid_from, id, customer_id, created_at)"
			    " VALUES ($1, $2, $3, $4, $5, $3)");
	db_bind_text(q, 1, a.value);
	db_bind_i64(q, 2, a.scheme);
	db_bind_i64(q, 3, f->start);
	db_bind_uuid(q, 4, &contact);
	db_bind_uuid(q, 5, &id);
	check(f, db_run(q, &f->err));
	f->ids[i] = id;
}

static void add_delivery(struct fill *f, const struct interaction *i, long number)
{
	char parts[80], trail[160];
	struct stmt *q = db_query(
		f->db,
		"INSERT INTO delivery (bucket, message_id, n, customer_id, channel, account, scheme, address, sender,"
		" purpose, priority, status, outbox, due_at, attempts, encoding, units, parts, trail, updated_at)"
		" VALUES ($1, $2, 1, $3, $4, 'main', $5, $6, '40404', $7, $8, $9, 0, $10, 1, 'gsm7', 140, $11, $12, "
		"$13)");
	long long at = i->at;

	snprintf(parts, sizeof parts, "[{\"id\":\"%010ld\",\"status\":\"delivered\"}]", number);
	snprintf(trail, sizeof trail, "%lld queued \n%lld sending \n%lld sent \n%lld delivered DELIVRD\n", at,
		 at + 2000, at + 40000, at + 3000000);
	db_bind_i64(q, 1, bucket_of(&i->customer));
	db_bind_uuid(q, 2, &i->id);
	db_bind_uuid(q, 3, &i->customer);
	db_bind_i64(q, 4, CHANNEL_SMS);
	db_bind_i64(q, 5, i->contact.scheme);
	db_bind_text(q, 6, i->contact.value);
	db_bind_i64(q, 7, PURPOSE_SERVICE);
	db_bind_i64(q, 8, PRIORITY_NORMAL);
	db_bind_i64(q, 9, STATUS_DELIVERED);
	db_bind_i64(q, 10, at);
	db_bind_text(q, 11, parts);
	db_bind_text(q, 12, trail);
	db_bind_i64(q, 13, at + 3000000);
	check(f, db_run(q, &f->err));
}

/* One of a few conversations of the customer, the same for the same customer and quarter of the time. */
static struct uuid conversation(const struct fill *f, const struct uuid *customer, long number)
{
	struct uuid u = *customer;

	u.b[8] = (uint8_t)(0x80 + number * CONVERSATIONS / f->interactions);
	return u;
}

static void add_interaction(struct fill *f, long number)
{
	long who = (long)(kit_random(&f->seed) % (uint64_t)f->customers), kind = (long)(kit_random(&f->seed) % 10);
	struct interaction i = {.customer = f->ids[who], .channel = CHANNEL_SMS, .kind = KIND_MESSAGE};

	i.at = f->start + (f->now - f->start) / f->interactions * number;
	i.conversation = conversation(f, &i.customer, number);
	i.has_contact = true;
	phone(who, &i.contact);
	i.account = STR("main");
	if (kind < 5) {
		i.direction = DIRECTION_OUTBOUND;
		i.author = STR("key:bench");
		i.content = str_of(texts[kind & 1]);
	} else if (kind < 9) {
		i.direction = DIRECTION_INBOUND;
		i.content = str_of(texts[2 + (kind & 1)]);
		i.thread_reason = STR("reply by SMS within 72 h");
	} else {
		i.direction = DIRECTION_INTERNAL;
		i.kind = KIND_NOTE;
		i.channel = CHANNEL_NONE;
		i.has_contact = false;
		i.account = STR("");
		i.author = STR("key:agent");
		i.content = str_of(texts[4]);
	}
	check(f, interaction_append(f->db, &i, &f->err));
	if (i.direction == DIRECTION_OUTBOUND)
		add_delivery(f, &i, number);
}

static void in_transactions(struct fill *f, long count, void (*add)(struct fill *, long))
{
	for (long i = 0; i < count; i++) {
		if (i % TRANSACTION == 0)
			check(f, db_begin(f->db, &f->err));
		add(f, i);
		if (i % TRANSACTION == TRANSACTION - 1 || i == count - 1)
			check(f, db_commit(f->db, &f->err));
		if (i % 1000000 == 999999)
			fprintf(stderr, "timeline: %ld\n", i + 1);
	}
}

static void write_ids(const struct fill *f, const char *path)
{
	FILE *out = fopen(path, "w");
	char text[UUID_TEXT];

	if (!out)
		kit_die(path);
	for (long i = 0; i < f->customers; i++)
		fprintf(out, "%s\n", uuid_format(&f->ids[i], text));
	if (fclose(out))
		kit_die(path);
}

static void hurry(struct fill *f)
{
	check(f, db_exec(f->db,
			 db_dialect(f->db) == DB_POSTGRES
				 ? "SET synchronous_commit = off"
				 : "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
				   "PRAGMA cache_size=-6000000",
			 &f->err));
}

static void settle(struct fill *f)
{
	if (db_dialect(f->db) == DB_SQLITE) {
		check(f, db_exec(f->db, "ANALYZE; PRAGMA locking_mode=NORMAL; PRAGMA journal_mode=WAL", &f->err));
		return;
	}
	check(f, db_exec(f->db, "VACUUM ANALYZE", &f->err));
	check(f, db_exec(f->db, "CHECKPOINT", &f->err));
}

void timeline_fill(const char *dsn, const char *ids, long interactions, long customers)
{
	struct fill f = {.seed = 1, .customers = customers, .interactions = interactions, .now = clock_now()};
	int from, to;

	f.start = f.now - SPAN_DAYS * US_DAY;
	f.ids = kit_alloc((size_t)customers * sizeof *f.ids);
	check(&f, db_open(dsn, DB_WRITE, &f.db, &f.err));
	check(&f, migrate_run(f.db, &from, &to, &f.err));
	hurry(&f);
	in_transactions(&f, customers, add_customer);
	in_transactions(&f, interactions, add_interaction);
	settle(&f);
	db_close(&f.db);
	write_ids(&f, ids);
}
