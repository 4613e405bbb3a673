#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "store/fulltext.h"
#include "store/migrate.h"
#include "unit/store_rig.h"

static struct store_rig rig;

static void setup(void) { store_rig_open(&rig); }
static void teardown(void) { store_rig_close(&rig); }

TestSuite(store_db, .init = setup, .fini = teardown);

Test(store_db, parameters_are_bound_by_their_number)
{
	struct stmt *q = db_query(rig.db, "SELECT $2, $1, $3, $1");

	db_bind_i64(q, 1, 1);
	db_bind_i64(q, 2, 2);
	db_bind_text(q, 3, "three");
	cr_assert_eq(db_step(q, NULL), DB_ROW);
	cr_expect(db_col_i64(q, 0) == 2 && db_col_i64(q, 1) == 1 && str_is(db_col_str(q, 2), "three") &&
		  db_col_i64(q, 3) == 1);
	cr_expect_eq(db_step(q, NULL), DB_END);
	db_done(q);
}

Test(store_db, values_come_back_as_they_went_in)
{
	static const char zeros[] = "a\0b";
	struct stmt *q = db_query(rig.db, "SELECT $1, $2, $3, $4, $5, $6, $7");
	struct uuid id = uuid7(1700000000000000), nil = {{0}}, back;

	db_bind_i64(q, 1, INT64_MIN);
	db_bind_str(q, 2, str_n(zeros, 3));
	db_bind_str(q, 3, str_n(NULL, 0));
	db_bind_text(q, 4, NULL);
	db_bind_uuid(q, 5, &id);
	db_bind_uuid(q, 6, &nil);
	db_bind_blob(q, 7, zeros, 3);
	cr_assert_eq(db_step(q, NULL), DB_ROW);
	cr_expect_eq(db_col_i64(q, 0), INT64_MIN);
	cr_expect(str_eq(db_col_str(q, 1), store_rig_postgres() ? STR("a\xef\xbf\xbd"
								      "b")
								: str_n(zeros, 3)));
	cr_expect(!db_col_null(q, 2) && db_col_str(q, 2).n == 0);
	cr_expect(db_col_null(q, 3) && db_col_str(q, 3).n == 0 && db_col_i64(q, 3) == 0);
	cr_expect(db_col_uuid(q, 4, &back) && uuid_eq(&back, &id));
	cr_expect(db_col_null(q, 5) && !db_col_uuid(q, 5, &back) && uuid_is_nil(&back));
	cr_expect(str_eq(db_col_str(q, 6), str_n(zeros, 3)));
	db_done(q);
}

Test(store_db, statement_starts_anew_after_done)
{
	static const char sql[] = "SELECT $1";

	for (int i = 0; i < 3; i++) {
		struct stmt *q = db_query(rig.db, sql);
		if (i != 1)
			db_bind_i64(q, 1, i + 1);
		cr_assert_eq(db_step(q, NULL), DB_ROW);
		cr_expect_eq(db_col_i64(q, 0), i == 1 ? 0 : i + 1, "nothing is left of the last bindings");
		db_done(q);
	}
}

Test(store_db, faults_are_told_apart)
{
	struct err e = {0};

	cr_expect_eq(db_run(db_query(rig.db, "SELECT nonsense FROM nowhere"), &e), -1);
	cr_expect(e.kind == ERR_INTERNAL && db_fault(rig.db) == DB_FAULT_BUG);
	for (int i = 0; i < 2; i++) {
		struct stmt *q = db_query(rig.db, "INSERT INTO cursor (name, seq) VALUES ('x', 1)");
		e = (struct err){0};
		cr_expect_eq(db_run(q, &e), i ? -1 : 0);
	}
	cr_expect(e.kind == ERR_CONFLICT && db_fault(rig.db) == DB_FAULT_CONFLICT);
	cr_assert_eq(db_exec(rig.db,
			     store_rig_postgres() ? "SET default_transaction_read_only = on" : "PRAGMA query_only=ON",
			     NULL),
		     0);
	cr_expect_eq(db_run(db_query(rig.db, "DELETE FROM cursor"), &e), -1);
	cr_expect(e.kind == ERR_UNAVAILABLE && db_fault(rig.db) == DB_FAULT_UNAVAILABLE && e.retry_after_s > 0);
}

Test(store_db, statement_prepared_too_early_works_later)
{
	static const char sql[] = "SELECT COUNT(*) FROM later";

	cr_expect_eq(db_run(db_query(rig.db, sql), NULL), -1);
	cr_assert_eq(db_exec(rig.db, "CREATE TABLE later (x INTEGER)", NULL), 0);
	cr_expect_eq(db_run(db_query(rig.db, sql), NULL), 0);
}

Test(store_db, file_that_is_no_store)
{
	char path[128];
	struct db *db = NULL;
	struct err e = {0};
	FILE *f;

	cr_expect_eq(db_open("/nowhere/at/all.db", DB_WRITE, &db, &e), -1);
	cr_expect(e.kind == ERR_UNAVAILABLE && !db);
	snprintf(path, sizeof path, "%s/not.db", rig.dir);
	f = fopen(path, "w");
	cr_assert(f);
	for (int i = 0; i < 500; i++)
		fputs("this is a letter, not a database\n", f);
	fclose(f);
	cr_expect_eq(db_open(path, DB_WRITE, &db, &e), -1);
	cr_expect_eq(e.kind, ERR_UNAVAILABLE);
	remove(path);
}

/* ---- migrations ---- */

Test(store_db, migrations_run_once)
{
	int from = -1, to = -1;

	cr_assert_eq(migrate_run(rig.db, &from, &to, NULL), 0);
	cr_expect(from == migrate_latest() && to == migrate_latest());
	cr_expect_eq(store_rig_number(&rig, "SELECT COUNT(*) FROM migration"), migrate_latest());
}

Test(store_db, store_of_a_newer_release_is_refused)
{
	struct err e = {0};
	int from, to;

	cr_assert_eq(db_exec(rig.db, "INSERT INTO migration (number, at) VALUES (9999, 0)", NULL), 0);
	cr_expect_eq(migrate_run(rig.db, &from, &to, &e), -1);
	cr_expect_str_eq(e.code, "store_too_new");
}

/* ---- readers ---- */

static void *reader(void *arg)
{
	struct db *db = readers_get(rig.readers, NULL), *again = readers_get(rig.readers, NULL);

	(void)arg;
	return db == again ? db : NULL;
}

Test(store_db, each_thread_reads_over_its_own_connection)
{
	struct db *mine = readers_get(rig.readers, NULL);
	pthread_t t[2];
	void *theirs[2];

	for (int i = 0; i < 2; i++)
		cr_assert_eq(pthread_create(&t[i], NULL, reader, NULL), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], &theirs[i]);
	cr_expect(mine && theirs[0] && theirs[1] && theirs[0] != theirs[1] && theirs[0] != mine && theirs[1] != mine);
}

static int64_t cursors(struct db *db)
{
	struct stmt *q = db_query(db, "SELECT COUNT(*) FROM cursor");
	int64_t n = -1;

	if (db_step(q, NULL) == DB_ROW)
		n = db_col_i64(q, 0);
	db_done(q);
	return n;
}

Test(store_db, readers_see_what_is_committed_and_write_nothing)
{
	struct db *r = readers_get(rig.readers, NULL);

	cr_assert(r);
	cr_assert_eq(db_begin(rig.db, NULL), 0);
	cr_assert_eq(db_exec(rig.db, "INSERT INTO cursor (name, seq) VALUES ('x', 1)", NULL), 0);
	cr_expect_eq(cursors(r), 0);
	cr_assert_eq(db_commit(rig.db, NULL), 0);
	cr_expect_eq(cursors(r), 1);
	cr_expect_eq(db_exec(r, "DELETE FROM cursor", NULL), -1);
	cr_assert_eq(db_begin(rig.db, NULL), 0);
	cr_assert_eq(db_exec(rig.db, "DELETE FROM cursor", NULL), 0);
	db_rollback(rig.db);
	cr_expect_eq(cursors(r), 1);
}

/* ---- full text ---- */

struct hits {
	int n;
	int64_t doc[16];
};

static void hit(void *arg, const struct fulltext_hit *h)
{
	struct hits *v = arg;
	if (v->n < 16)
		v->doc[v->n++] = h->doc;
}

static int found(const char *words, unsigned kinds, int64_t before, int limit, struct hits *v)
{
	*v = (struct hits){0};
	cr_assert_eq(fulltext_query(rig.db, kinds, str_of(words), before, limit, hit, v, NULL), 0, "%s", words);
	return v->n;
}

Test(store_db, texts_are_found_by_their_words)
{
	static const char *const texts[] = {"Grüße aus Köln", "the bill of May", "the bill of March", "Счёт за май"};
	unsigned all = 1u << FULLTEXT_CUSTOMER | 1u << FULLTEXT_INTERACTION;
	struct uuid c = uuid7(1);
	struct hits v;

	for (int i = 0; i < 4; i++) {
		struct uuid ref = uuid7(2);
		cr_assert_eq(fulltext_add(rig.db, i ? FULLTEXT_INTERACTION : FULLTEXT_CUSTOMER, &c, &ref, i,
					  str_of(texts[i]), NULL),
			     0);
	}
	cr_expect_eq(found("koln", all, 0, 10, &v), 1);
	cr_expect_eq(found("GRÜSSE", all, 0, 10, &v), 0, "sharp s is a letter of its own");
	cr_expect_eq(found("grüße", all, 0, 10, &v), 1);
	cr_expect_eq(found("bill ma", all, 0, 10, &v), 2);
	cr_expect(v.doc[0] > v.doc[1], "newest first");
	cr_expect_eq(found("ma bill", all, 0, 10, &v), 0, "only the last word may be a beginning");
	cr_expect_eq(found("bill", all, v.n ? v.doc[0] : 3, 10, &v), 1);
	cr_expect_eq(found("bill", all, 0, 1, &v), 1);
	cr_expect_eq(found("bill", 1u << FULLTEXT_CUSTOMER, 0, 10, &v), 0);
	cr_expect_eq(found("счёт", all, 0, 10, &v), 1);
}

Test(store_db, no_words_are_an_error_or_an_operator)
{
	static const char *const odd[] = {"",	  "   ",       "\"",	"\"\"",	     "*",	    "(",
					  "a\"b", "bill OR x", "NOT",	"NEAR(a b)", "body:x",	    "-x",
					  "^x",	  "\xff\xfe",  "a\xff", "{}",	     "x' OR '1'='1"};
	struct hits v;

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		cr_expect_eq(found(odd[i], ~0u, 0, 10, &v), 0, "%s", odd[i]);
}
