/*
 * A message is inserted; later it gets the SMSC's id and a status; later it is found by that id, gets its final status,
 * and an event is kept. One transaction does all three for three batches of messages, as a gateway under load would.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "floor.h"

enum { BEHIND = 10 }; /* receipts come so many batches after the message */

static const char schema[] =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-131072; PRAGMA wal_autocheckpoint=10000;"
	"CREATE TABLE message (id INTEGER PRIMARY KEY, uid BLOB NOT NULL UNIQUE, customer BIGINT NOT NULL, at BIGINT "
	"NOT NULL,"
	" status INTEGER NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL, ref TEXT, content TEXT NOT NULL);"
	"CREATE INDEX message_customer ON message (customer, at);"
	"CREATE INDEX message_ref ON message (ref) WHERE ref IS NOT NULL;"
	"CREATE TABLE event (seq INTEGER PRIMARY KEY, message BIGINT NOT NULL, at BIGINT NOT NULL, status INTEGER NOT "
	"NULL)";

enum { INSERT, SENT, FIND, DONE, EVENT, STATEMENTS };
static const char *const statements[STATEMENTS] = {
	"INSERT INTO message (id, uid, customer, at, status, sender, recipient, content) VALUES "
	"(?1,?2,?3,?4,0,'40404',?5,?6)",
	"UPDATE message SET ref = ?2, status = 1 WHERE id = ?1",
	"SELECT id FROM message WHERE ref = ?1",
	"UPDATE message SET status = 2 WHERE id = ?1",
	"INSERT INTO event (message, at, status) VALUES (?1, ?2, 2)",
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *q[STATEMENTS];
	uint64_t seed;
};

static void run(struct store *s, const char *sql)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "floor: %s\n", sqlite3_errmsg(s->db));
		exit(1);
	}
}

static void step(struct store *s, int which, int expect)
{
	if (sqlite3_step(s->q[which]) != expect) {
		fprintf(stderr, "floor: %s\n", sqlite3_errmsg(s->db));
		exit(1);
	}
}

static void insert(struct store *s, long i)
{
	static const char text[] =
		"Dear customer, your parcel is out for delivery today between nine and eleven. Track it "
		"at https://t.example.com/p/8f7d6c5b4a and reply STOP to opt out.";
	uint64_t uid[2] = {(uint64_t)i << 8, kit_random(&s->seed)}, customer = kit_random(&s->seed) % 100000;
	char to[32];
	int n = snprintf(to, sizeof to, "+49151%08llu", (unsigned long long)customer);
	sqlite3_stmt *q = s->q[INSERT];

	sqlite3_bind_int64(q, 1, i + 1);
	sqlite3_bind_blob(q, 2, uid, sizeof uid, SQLITE_STATIC);
	sqlite3_bind_int64(q, 3, (sqlite3_int64)customer);
	sqlite3_bind_int64(q, 4, 1700000000000000 + i);
	sqlite3_bind_text(q, 5, to, n, SQLITE_STATIC);
	sqlite3_bind_text(q, 6, text, sizeof text - 1, SQLITE_STATIC);
	step(s, INSERT, SQLITE_DONE);
	sqlite3_reset(q);
}

static void sent(struct store *s, long i)
{
	char ref[32];
	int n = snprintf(ref, sizeof ref, "%010ld", i);

	sqlite3_bind_int64(s->q[SENT], 1, i + 1);
	sqlite3_bind_text(s->q[SENT], 2, ref, n, SQLITE_STATIC);
	step(s, SENT, SQLITE_DONE);
	sqlite3_reset(s->q[SENT]);
}

static void receipt(struct store *s, long i)
{
	char ref[32];
	int n = snprintf(ref, sizeof ref, "%010ld", i);
	sqlite3_int64 id;

	sqlite3_bind_text(s->q[FIND], 1, ref, n, SQLITE_STATIC);
	step(s, FIND, SQLITE_ROW);
	id = sqlite3_column_int64(s->q[FIND], 0);
	sqlite3_reset(s->q[FIND]);
	sqlite3_bind_int64(s->q[DONE], 1, id);
	step(s, DONE, SQLITE_DONE);
	sqlite3_reset(s->q[DONE]);
	sqlite3_bind_int64(s->q[EVENT], 1, id);
	sqlite3_bind_int64(s->q[EVENT], 2, 1700000000000000 + i);
	step(s, EVENT, SQLITE_DONE);
	sqlite3_reset(s->q[EVENT]);
}

static void batch_of(struct store *s, long from, long batch, long count, void (*life)(struct store *, long))
{
	for (long i = from < 0 ? 0 : from; i < from + batch && i < count; i++)
		life(s, i);
}

void floor_store(const char *path, long count, long batch)
{
	struct store s = {.seed = 1};
	char wal[4096];
	uint64_t start;
	double cpu;

	snprintf(wal, sizeof wal, "%s-wal", path);
	unlink(path);
	unlink(wal);
	if (sqlite3_open(path, &s.db) != SQLITE_OK)
		kit_die(path);
	run(&s, schema);
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_prepare_v3(s.db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &s.q[i], NULL);
	start = kit_now();
	cpu = kit_cpu();
	for (long i = 0; i < count + (BEHIND + 1) * batch; i += batch) {
		run(&s, "BEGIN IMMEDIATE");
		batch_of(&s, i, batch, count, insert);
		batch_of(&s, i - batch, batch, count, sent);
		batch_of(&s, i - BEHIND * batch, batch, count, receipt);
		run(&s, "COMMIT");
	}
	floor_tell("store", count, kit_cpu() - cpu, kit_now() - start);
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(s.q[i]);
	sqlite3_close(s.db);
	unlink(path);
	unlink(wal);
}
