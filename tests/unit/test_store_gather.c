/* Rows that are inserted one after the other in a transaction, which PostgreSQL gets many at a time: nothing shows it. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "unit/store_rig.h"

static struct store_rig rig;

static void setup(void) { store_rig_open(&rig); }
static void teardown(void) { store_rig_close(&rig); }

TestSuite(store_gather, .init = setup, .fini = teardown);

static int add(int number, int64_t seq)
{
	struct stmt *q = db_query(rig.db, "INSERT INTO cursor (name, seq) VALUES ($1, $2)");
	char name[32];

	snprintf(name, sizeof name, "row %d", number);
	db_bind_text(q, 1, name);
	db_bind_i64(q, 2, seq);
	return db_run(q, NULL);
}

static int put(const char *name, int64_t seq)
{
	struct stmt *q = db_query(rig.db, "INSERT INTO cursor (name, seq) VALUES ($1, $2)"
					  " ON CONFLICT (name) DO UPDATE SET seq = excluded.seq");

	db_bind_text(q, 1, name);
	db_bind_i64(q, 2, seq);
	return db_run(q, NULL);
}

static int64_t sum(void)
{
	return store_rig_number(&rig,
				"SELECT CAST(COALESCE(SUM(seq), 0) AS BIGINT) FROM cursor WHERE name LIKE 'row %'");
}

Test(store_gather, all_rows_come_whatever_their_number)
{
	int64_t want = 0;

	for (int n = 0; n < 40; n++) {
		db_begin(rig.db, NULL);
		for (int i = 0; i < n; i++) {
			cr_assert_eq(add(n * 100 + i, n + i), 0);
			want += n + i;
		}
		cr_assert_eq(db_commit(rig.db, NULL), 0);
		cr_expect_eq(sum(), want, "after %d rows", n);
	}
}

Test(store_gather, seen_within_the_transaction_by_whatever_asks)
{
	struct stmt *q;

	db_begin(rig.db, NULL);
	for (int i = 0; i < 21; i++)
		add(i, 1);
	cr_expect_eq(sum(), 21, "by a query");
	add(21, 1);
	q = db_query(rig.db, "UPDATE cursor SET seq = 5 WHERE name = 'row 21'");
	cr_expect_eq(db_run(q, NULL), 0);
	cr_expect_eq(db_changes(rig.db), 1, "by an update");
	add(22, 1);
	cr_expect_eq(put("row 22", 7), 0);
	cr_expect_eq(db_changes(rig.db), 1, "by another insert");
	cr_assert_eq(db_commit(rig.db, NULL), 0);
	cr_expect_eq(sum(), 21 + 5 + 7);
}

Test(store_gather, one_key_twice_takes_the_later_value)
{
	db_begin(rig.db, NULL);
	for (int i = 0; i < 20; i++) {
		cr_assert_eq(put("row 1", i), 0);
		cr_assert_eq(put(i % 3 ? "row 2" : "row 3", i), 0);
	}
	cr_assert_eq(db_commit(rig.db, NULL), 0);
	cr_expect_eq(sum(), 19 + 19 + 18);
}

Test(store_gather, rolled_back_rows_are_gone)
{
	db_begin(rig.db, NULL);
	for (int i = 0; i < 19; i++)
		add(i, 1);
	db_rollback(rig.db);
	cr_expect_eq(sum(), 0);
	db_begin(rig.db, NULL);
	add(3, 1);
	cr_assert_eq(db_commit(rig.db, NULL), 0);
	cr_expect_eq(sum(), 1);
}

Test(store_gather, one_that_is_there_fails_the_transaction)
{
	db_begin(rig.db, NULL);
	add(1, 1);
	cr_assert_eq(db_commit(rig.db, NULL), 0);
	db_begin(rig.db, NULL);
	cr_expect(add(2, 1) || add(1, 1) || add(3, 1) || db_commit(rig.db, NULL));
	cr_expect_eq(db_fault(rig.db), DB_FAULT_CONFLICT);
	db_rollback(rig.db);
	cr_expect_eq(sum(), 1);
}

Test(store_gather, absent_values_and_their_types)
{
	static const char sql[] =
		"INSERT INTO conversation (bucket, id, customer_id, state, channel, assignee, opened_at,"
		" updated_at, closed_at) VALUES ($1, $2, $3, 1, 1, $4, $5, $5, $6)";

	db_begin(rig.db, NULL);
	for (int i = 0; i < 40; i++) {
		struct uuid id = uuid7(1700000000000000 + i);
		struct stmt *q = db_query(rig.db, sql);
		db_bind_i64(q, 1, i);
		db_bind_uuid(q, 2, &id);
		db_bind_uuid(q, 3, &id);
		if (i % 20 >= 10)
			db_bind_text(q, 4, "someone");
		db_bind_i64(q, 5, i);
		if (i >= 30)
			db_bind_i64(q, 6, i);
		else
			db_bind_null(q, 6);
		cr_assert_eq(db_run(q, NULL), 0);
	}
	cr_assert_eq(db_commit(rig.db, NULL), 0);
	cr_expect_eq(store_rig_number(&rig, "SELECT COUNT(assignee) FROM conversation"), 20);
	cr_expect_eq(store_rig_number(&rig, "SELECT CAST(SUM(closed_at) AS BIGINT) FROM conversation"), 345);
	cr_expect_eq(store_rig_number(&rig, "SELECT CAST(SUM(bucket) - SUM(updated_at) AS BIGINT) FROM conversation"),
		     0);
}
