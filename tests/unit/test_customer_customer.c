#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "store/fulltext.h"
#include "unit/customer_rig.h"

static struct store_rig rig;
static struct arena *arena;

static void setup(void)
{
	store_rig_open(&rig);
	store_rig_begin(&rig);
	arena = arena_new(1 << 20);
	cr_assert(arena);
}

static void teardown(void)
{
	store_rig_commit(&rig);
	store_rig_close(&rig);
	arena_free(&arena);
}

TestSuite(customer_customer, .init = setup, .fini = teardown);

static struct customer get(const struct uuid *id)
{
	struct customer c = {0};
	struct err e = {0};

	cr_assert_eq(customer_get(rig.db, id, arena, &c, &e), 0, "%s", e.msg);
	return c;
}

Test(customer_customer, is_kept_as_given)
{
	struct customer in = {.name = STR("Anna Weber"),
			      .external_id = STR("crm-1"),
			      .locale = STR("de-DE"),
			      .time_zone = STR("Europe/Berlin"),
			      .tier = STR("gold"),
			      .stage = STAGE_LEAD,
			      .attributes = STR("{\"plan\":\"flat\",\"sims\":2}")};
	struct uuid id, by_ref;
	struct customer c;

	cr_assert_eq(customer_create(rig.db, rig.events, &in, T0, &id, NULL), 0);
	c = get(&id);
	cr_expect(str_is(c.name, "Anna Weber") && str_is(c.locale, "de-DE") && str_is(c.time_zone, "Europe/Berlin"));
	cr_expect(str_is(c.tier, "gold") && c.stage == STAGE_LEAD &&
		  str_is(c.attributes, "{\"plan\":\"flat\",\"sims\":2}"));
	cr_expect(c.version == 1 && c.created_at == T0 && c.updated_at == T0 && uuid_is_nil(&c.merged_into));
	cr_expect_eq(customer_by_external_id(rig.db, STR("crm-1"), &by_ref, NULL), 0);
	cr_expect(uuid_eq(&by_ref, &id));
	cr_expect_eq(rig_events(&rig, "customer.created"), 1);
}

Test(customer_customer, external_ids_are_unique_and_can_change)
{
	struct uuid a = rig_customer(&rig, "A", "one"), b = rig_customer(&rig, "B", ""), found;
	struct customer again = {.external_id = STR("one")};
	struct customer_patch p = {.set_external_id = true, .v.external_id = STR("one")};
	struct err e = {0};

	cr_expect_eq(customer_create(rig.db, rig.events, &again, T0, &found, &e), -1);
	cr_expect(e.kind == ERR_CONFLICT && strcmp(e.code, "external_id_taken") == 0);
	cr_expect_eq(customer_update(rig.db, rig.events, &b, &p, T0, &e), -1);
	cr_expect_eq(e.kind, ERR_CONFLICT);
	cr_expect_eq(customer_update(rig.db, rig.events, &a, &p, T0, &e), 0, "its own is no conflict");
	p.v.external_id = STR("two");
	cr_expect_eq(customer_update(rig.db, rig.events, &a, &p, T0, &e), 0);
	cr_expect_eq(customer_by_external_id(rig.db, STR("one"), &found, &e), -1);
	cr_expect_eq(e.kind, ERR_NOT_FOUND);
	cr_expect(customer_by_external_id(rig.db, STR("two"), &found, &e) == 0 && uuid_eq(&found, &a));
	p.v.external_id = STR("");
	cr_expect_eq(customer_update(rig.db, rig.events, &a, &p, T0, &e), 0);
	cr_expect(get(&a).external_id.n == 0 && customer_by_external_id(rig.db, STR("two"), &found, &e) == -1);
}

Test(customer_customer, patch_changes_what_it_names)
{
	struct uuid id = rig_customer(&rig, "Anna", "");
	struct customer_patch p = {.set_name = true, .v.name = STR("Anna W"), .if_version = 1};
	struct err e = {0};

	cr_assert_eq(customer_update(rig.db, rig.events, &id, &p, T0 + 5, &e), 0, "%s", e.msg);
	cr_expect(str_is(get(&id).name, "Anna W") && get(&id).version == 2 && get(&id).stage == STAGE_ACTIVE);
	cr_expect_eq(get(&id).updated_at, T0 + 5);
	cr_expect_eq(customer_update(rig.db, rig.events, &id, &p, T0, &e), -1, "somebody else was faster");
	cr_expect_eq(e.kind, ERR_PRECONDITION);
	cr_expect_eq(store_rig_number(&rig, "SELECT COUNT(*) FROM event WHERE type = 'customer.updated'"
					    " AND data = '{\"fields\":[\"name\"]}'"),
		     1);
}

/* RFC 7396, its own examples where they apply to an object. */
Test(customer_customer, attributes_are_patched)
{
	static const char *const steps[][2] = {
		{"{\"a\":\"b\"}", "{\"a\":\"b\"}"},
		{"{\"a\":\"c\"}", "{\"a\":\"c\"}"},
		{"{\"b\":{\"c\":\"d\",\"e\":null}}", "{\"a\":\"c\",\"b\":{\"c\":\"d\"}}"},
		{"{\"b\":{\"c\":null,\"f\":[1,null]}}", "{\"a\":\"c\",\"b\":{\"f\":[1,null]}}"},
		{"{\"b\":1,\"a\":null}", "{\"b\":1}"},
	};
	struct uuid id = rig_customer(&rig, "Anna", "");
	struct err e = {0};

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct customer_patch p = {.set_attributes = true, .v.attributes = str_of(steps[i][0])};
		cr_assert_eq(customer_update(rig.db, rig.events, &id, &p, T0, &e), 0, "%s", e.msg);
		cr_expect_str_eq(get(&id).attributes.p, steps[i][1]);
	}
	cr_expect_eq(store_rig_number(&rig, "SELECT COUNT(*) FROM customer_attribute"), 1, "the index follows");
	struct customer_patch bad = {.set_attributes = true, .v.attributes = STR("[1]")};
	cr_expect_eq(customer_update(rig.db, rig.events, &id, &bad, T0, &e), -1);
	cr_expect_str_eq(e.code, "attributes_invalid");
}

Test(customer_customer, attributes_have_a_limit)
{
	struct uuid id = rig_customer(&rig, "Anna", "");
	struct err e = {0};
	struct buf b;

	buf_init(&b, 1 << 20);
	for (int i = 0; i < 2; i++) {
		buf_reset(&b);
		buf_addf(&b, "{\"k%d\":\"", i);
		for (int k = 0; k < 40000; k++)
			buf_addc(&b, 'x');
		buf_adds(&b, "\"}");
		struct customer_patch p = {.set_attributes = true, .v.attributes = buf_str(&b)};
		cr_expect_eq(customer_update(rig.db, rig.events, &id, &p, T0, &e), i ? -1 : 0);
	}
	cr_expect_str_eq(e.code, "attributes_too_large");
	buf_free(&b);
}

Test(customer_customer, unknown_is_not_found)
{
	struct uuid nobody = uuid7(T0), out;
	struct customer c;
	struct customer_patch p = {0};
	struct err e = {0};

	cr_expect(customer_get(rig.db, &nobody, arena, &c, &e) == -1 && e.kind == ERR_NOT_FOUND);
	cr_expect(customer_update(rig.db, rig.events, &nobody, &p, T0, &e) == -1 && e.kind == ERR_NOT_FOUND);
	cr_expect(identity_survivor(rig.db, &nobody, &out, &e) == -1 && e.kind == ERR_NOT_FOUND);
}

/* ---- search ---- */

struct found {
	struct uuid id[64];
	int n;
};

static void collect(void *arg, const struct customer *c)
{
	struct found *f = arg;

	if (f->n < 64)
		f->id[f->n++] = c->id;
}

static struct found search(struct customer_query q)
{
	struct found f = {.n = 0};
	struct err e = {0};

	if (!q.limit)
		q.limit = 50;
	q.region = "DE";
	cr_assert_eq(customer_search(rig.db, &q, collect, &f, &e), 0, "%s", e.msg);
	return f;
}

static bool only(struct customer_query q, const struct uuid *id)
{
	struct found f = search(q);
	return f.n == 1 && uuid_eq(&f.id[0], id);
}

static void index_text(const struct uuid *id, const char *text)
{
	cr_assert_eq(fulltext_add(rig.db, FULLTEXT_CUSTOMER, id, id, T0, str_of(text), NULL), 0);
}

Test(customer_customer, is_found_by_what_is_known)
{
	struct uuid anna = rig_customer(&rig, "Anna Weber", "crm-77"), bert = rig_customer(&rig, "Bert Weber", "");
	struct customer_patch p = {.set_attributes = true, .v.attributes = STR("{\"plan\":\"flat\",\"sims\":2}")};

	rig_contact(&rig, &anna, rig_address(SCHEME_TEL, "+4915123456789"), NULL, T0);
	rig_contact(&rig, &bert, rig_address(SCHEME_MAIL, "bert@example.com"), NULL, T0);
	cr_assert_eq(customer_update(rig.db, rig.events, &bert, &p, T0, NULL), 0);
	index_text(&anna, "Anna Wéber");
	index_text(&bert, "Bert Weber");
	cr_expect(only((struct customer_query){.q = STR("anna web")}, &anna),
		  "words, the last one begun, accents folded");
	cr_expect(only((struct customer_query){.q = STR("crm-77")}, &anna));
	cr_expect(only((struct customer_query){.q = STR("0151 23456789")}, &anna));
	cr_expect(only((struct customer_query){.q = STR("+49 151 234")}, &anna));
	cr_expect(only((struct customer_query){.number = STR("+49151")}, &anna));
	cr_expect(only((struct customer_query){.number = STR("0151 23456789")}, &anna));
	cr_expect(only((struct customer_query){.q = STR("bert@exa")}, &bert));
	cr_expect(only((struct customer_query){.attribute_key = STR("plan"), .attribute_value = STR("flat")}, &bert));
	cr_expect(only((struct customer_query){.attribute_key = STR("sims"), .attribute_value = STR("2")}, &bert));
	cr_expect_eq(search((struct customer_query){.q = STR("weber")}).n, 2);
	cr_expect_eq(search((struct customer_query){.q = STR("nobody")}).n, 0);
	cr_expect_eq(search((struct customer_query){.q = STR("\" OR * ( NEAR")}).n, 0, "no input is an operator");
	cr_expect_eq(search((struct customer_query){.number = STR("%")}).n, 0);
}

Test(customer_customer, pages_are_newest_first_and_complete)
{
	struct uuid ids[10];
	struct customer_query q = {.limit = 3};
	int seen = 0;

	for (int i = 0; i < 10; i++) {
		struct customer c = {.stage = i % 2 ? STAGE_ACTIVE : STAGE_PROSPECT,
				     .attributes = STR("{\"k\":\"v\"}")};
		cr_assert_eq(customer_create(rig.db, rig.events, &c, T0 + i * US_SEC, &ids[i], NULL), 0);
	}
	for (int pass = 0; pass < 2; pass++, seen = 0, q.after = (struct uuid){{0}}) {
		if (pass)
			q.attribute_key = STR("k"), q.attribute_value = STR("v");
		for (struct found f; (f = search(q)).n > 0; q.after = f.id[f.n - 1])
			for (int i = 0; i < f.n; i++)
				cr_expect(uuid_eq(&f.id[i], &ids[9 - seen++]));
		cr_expect_eq(seen, 10);
	}
	cr_expect_eq(search((struct customer_query){.by_stage = true, .stage = STAGE_PROSPECT}).n, 5);
}

Test(customer_customer, the_merged_are_found_as_their_survivor)
{
	struct uuid a = rig_customer(&rig, "Anna", ""), b = rig_customer(&rig, "Anni", "");

	rig_contact(&rig, &a, rig_address(SCHEME_TEL, "+4915123456789"), NULL, T0);
	rig_contact(&rig, &b, rig_address(SCHEME_TEL, "+4915123456780"), NULL, T0);
	index_text(&a, "Anna");
	index_text(&b, "Anni");
	rig_merge(&rig, &a, &b);
	cr_expect(only((struct customer_query){.q = STR("anni")}, &a));
	cr_expect(only((struct customer_query){.number = STR("+49151234")}, &a), "once, though two of its numbers fit");
	cr_expect(only((struct customer_query){.limit = 10}, &a));
}

Test(customer_customer, json_shows_all_who_are_one)
{
	struct uuid a = rig_customer(&rig, "Anna", "crm-1"), b = rig_customer(&rig, "", "");
	struct customer c;
	struct json_out j;
	struct buf out;
	json_t *v;

	rig_contact(&rig, &a, rig_address(SCHEME_TEL, "+4915123456789"), "otp", T0);
	rig_contact(&rig, &b, rig_address(SCHEME_MAIL, "anna@example.com"), NULL, T0);
	rig_merge(&rig, &a, &b);
	buf_init(&out, 1 << 16);
	for (int i = 0; i < 2; i++) {
		buf_reset(&out);
		c = get(i ? &b : &a);
		json_begin(&j, &out);
		cr_assert_eq(customer_json(rig.db, &j, NULL, &c, NULL), 0);
		cr_assert_eq(json_read(buf_str(&out), 8, &v, NULL), 0, "%s", buf_cstr(&out));
		cr_expect_eq(json_array_size(json_object_get(v, "contact_points")), i ? 1 : 2);
		cr_expect_eq(json_array_size(json_object_get(v, "members")), i ? 1 : 2);
		cr_expect_eq(json_is_null(json_object_get(v, "merged_into")), !i);
		cr_expect_eq(json_is_null(json_object_get(v, "external_id")), i);
		json_decref(v);
	}
	buf_free(&out);
}
