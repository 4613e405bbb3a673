/* Leases are of PostgreSQL only: on SQLite there is nobody to share with, and these tests have nothing to say. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "nodes/lease.h"
#include "unit/store_rig.h"

#define SEC INT64_C(1000000)

static struct store_rig rig;

static void setup(void) { store_rig_open(&rig); }
static void teardown(void) { store_rig_close(&rig); }

TestSuite(nodes_lease, .init = setup, .fini = teardown);

static bool shared(void) { return db_dialect(rig.db) == DB_POSTGRES; }

static struct node a_node(const char *name)
{
	struct node n = {.id = uuid7(clock_now()), .pid = getppid()};

	snprintf(n.name, sizeof n.name, "%s", name);
	snprintf(n.host, sizeof n.host, "%s.example", name);
	return n;
}

static void wishes(struct lease v[3])
{
	memset(v, 0, 3 * sizeof *v);
	for (int k = 0; k < 3; k++)
		snprintf(v[k].name, sizeof v[k].name, "account %d", k);
}

static int round_of(const struct node *n, struct lease v[3], int *alive)
{
	struct err e = {0};
	int held = 0;

	cr_assert_eq(lease_round(rig.db, n, 5 * SEC, v, 3, alive, &e), 0, "%s", e.msg);
	for (int k = 0; k < 3; k++)
		held += v[k].held;
	cr_expect_eq(lease_count(rig.db, &n->id, &e), held);
	return held;
}

/* The leases have just ended; nobody was seen for a minute. */
static void silence(void)
{
	static const char sql[] =
		"UPDATE lease SET until = CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) - 1;"
		"UPDATE node SET seen_at = seen_at - 60000000";

	cr_assert_eq(db_exec(rig.db, sql, NULL), 0);
}

Test(nodes_lease, one_alone_takes_all_and_keeps_it)
{
	struct node a = a_node("a");
	struct lease v[3];
	int alive = 0;

	if (!shared())
		return;
	wishes(v);
	cr_expect_eq(round_of(&a, v, &alive), 3);
	cr_expect_eq(alive, 1);
	cr_expect(v[0].gained && v[0].clean, "nobody had it before");
	cr_expect_eq(round_of(&a, v, &alive), 3);
	cr_expect_not(v[0].gained);
}

Test(nodes_lease, who_comes_takes_nothing_that_is_held)
{
	struct node a = a_node("a"), b = a_node("b");
	struct lease v[3], w[3];
	int alive = 0;

	if (!shared())
		return;
	wishes(v);
	wishes(w);
	round_of(&a, v, &alive);
	cr_expect_eq(round_of(&b, w, &alive), 0);
	cr_expect_eq(alive, 2);
	cr_expect_eq(round_of(&a, v, &alive), 3);
}

Test(nodes_lease, what_ended_by_itself_is_in_doubt)
{
	struct node a = a_node("a"), b = a_node("b");
	struct lease v[3], w[3];
	struct err e = {0};
	int alive = 0;

	if (!shared())
		return;
	wishes(v);
	wishes(w);
	round_of(&a, v, &alive);
	silence();
	cr_expect_eq(round_of(&b, w, &alive), 3);
	cr_expect(w[0].gained && !w[0].clean);
	cr_expect_eq(lease_count(rig.db, &a.id, &e), 0, "its holder can tell");
}

Test(nodes_lease, what_is_given_back_is_free_and_in_order)
{
	struct node a = a_node("a"), b = a_node("b");
	struct lease v[3], w[3];
	struct err e = {0};
	int alive = 0;

	if (!shared())
		return;
	wishes(v);
	wishes(w);
	round_of(&a, v, &alive);
	cr_assert_eq(lease_give_back(rig.db, &a, true, &e), 0);
	cr_expect_eq(round_of(&b, w, &alive), 3);
	cr_expect(w[0].clean);
	cr_expect_eq(alive, 1, "who left is not counted");
	cr_assert_eq(lease_give_back(rig.db, &b, false, &e), 0);
	wishes(v);
	round_of(&a, v, &alive);
	cr_expect_not(v[0].clean);
}

Test(nodes_lease, each_has_a_share_and_what_nobody_wants_goes_to_who_does)
{
	struct node a = a_node("a"), b = a_node("b");
	struct lease v[3], w[3] = {{.name = "of no account"}};
	struct err e = {0};
	int alive = 0, held;

	if (!shared())
		return;
	wishes(v);
	cr_assert_eq(lease_round(rig.db, &b, 5 * SEC, w, 1, &alive, &e), 0);
	held = round_of(&a, v, &alive);
	cr_expect_eq(held, 2, "three accounts, two gateways: %d", held);
	for (int k = 0; k < 5; k++)
		held = round_of(&a, v, &alive);
	cr_expect_eq(held, 3);
}

Test(nodes_lease, the_dead_of_our_own_machine_are_buried_at_once)
{
	struct node a = a_node("a"), b = a_node("a"), c = a_node("a");
	struct lease v[3], w[3];
	struct err e = {0};
	int alive = 0;

	if (!shared())
		return;
	a.pid = 0x7ffffffe; /* there is no such process */
	wishes(v);
	wishes(w);
	round_of(&a, v, &alive);
	cr_assert_eq(lease_bury(rig.db, &b, &e), 0);
	cr_expect_eq(round_of(&b, w, &alive), 3);
	cr_expect_not(w[0].clean);
	cr_assert_eq(lease_bury(rig.db, &c, &e), 0);
	cr_expect_eq(lease_count(rig.db, &b.id, &e), 3, "the living are not");
}

Test(nodes_lease, what_ended_while_the_server_was_away_waits_for_its_holder)
{
	struct node a = a_node("a"), b = a_node("b");
	struct lease v[3], w[3];
	struct err e = {0};
	int alive = 0;

	if (!shared())
		return;
	wishes(v);
	wishes(w);
	round_of(&a, v, &alive);
	cr_assert_eq(db_exec(rig.db, "UPDATE lease SET until = 1", NULL), 0); /* long before the server was started */
	cr_assert_eq(lease_round(rig.db, &b, INT64_C(1) << 50, w, 3, &alive, &e), 0);
	cr_expect_eq(lease_count(rig.db, &b.id, &e), 0);
	cr_assert_eq(lease_round(rig.db, &b, 1, w, 3, &alive, &e), 0);
	cr_expect_eq(lease_count(rig.db, &b.id, &e), 3, "a lease's time after its start");
}
