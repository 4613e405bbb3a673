/*
 * A migrated store of the test's own, with a feed of events: what most tests above store/ need. A SQLite file in a folder,
 * or, when THREADLINE_TEST_STORE is a DSN of PostgreSQL (tests/peer/postgres.sh run ...), a schema in that database.
 */
#pragma once
#include "events/events.h"

struct store_rig {
	char dir[64], dsn[512];
	struct db *db; /* a write connection of the test's own thread; not used together with a writer */
	struct readers *readers;
	struct events *events;
	bool open; /* in a transaction of its own */
};

/* Whether the tests run on PostgreSQL. */
bool store_rig_postgres(void);
void store_rig_open(struct store_rig *r);
void store_rig_close(struct store_rig *r);
/* A transaction as the writer would run it, on r->db. */
void store_rig_begin(struct store_rig *r);
/* Writes the events of the open transaction so far, as its end will, so that they can be looked at. */
void store_rig_events(struct store_rig *r);
void store_rig_commit(struct store_rig *r);
void store_rig_rollback(struct store_rig *r);
/* One number of a query without parameters; INT64_MIN if it gives no row. */
int64_t store_rig_number(struct store_rig *r, const char *sql);
