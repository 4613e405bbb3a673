#include <criterion/criterion.h>

#include "http/keys.h"
#include "unit/store_rig.h"

static struct store_rig rig;
static struct db *db;

static void open_store(void)
{
	store_rig_open(&rig);
	db = rig.db;
}
static void close_store(void) { store_rig_close(&rig); }

TestSuite(keys, .init = open_store, .fini = close_store);

static void count(void *arg, const struct api_key *k)
{
	(void)k;
	++*(int *)arg;
}

Test(keys, a_key_is_known_until_it_is_revoked)
{
	char text[KEY_TEXT], other[KEY_TEXT];
	struct api_key made, found;
	struct err e = {0};
	int n = 0;

	cr_assert_eq(key_create(db, STR("shop"), ROLE_AGENT, 1000, text, &made, &e), 0, "%s", e.msg);
	cr_assert_eq(key_create(db, STR("other"), ROLE_ADMIN, 1000, other, &found, &e), 0, "%s", e.msg);
	cr_expect_str_neq(text, other);
	cr_assert_eq(key_verify(db, str_of(text), &found, &e), 0, "%s", e.msg);
	cr_expect_str_eq(found.id, made.id);
	cr_expect_str_eq(found.name, "shop");
	cr_expect_eq(found.role, ROLE_AGENT);
	cr_assert_eq(key_revoke(db, str_of(made.id), 2000, &e), 0);
	cr_assert_eq(key_revoke(db, str_of(made.id), 3000, &e), 0, "twice is well");
	cr_expect_eq(key_verify(db, str_of(text), &found, &e), -1);
	cr_expect_str_eq(e.code, "key_revoked");
	cr_expect_eq(found.revoked_at, 2000);
	cr_expect_eq(key_verify(db, str_of(other), &found, &e), 0);
	cr_expect_eq(key_list(db, count, &n, &e), 0);
	cr_expect_eq(n, 2);
}

Test(keys, what_is_no_key_is_refused)
{
	static const char *const cases[] = {"", "tl_", "xx_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
					    "tl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
					    "tl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	struct api_key k;
	struct err e;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_expect_eq(key_verify(db, str_of(cases[i]), &k, &e), -1);
		cr_expect_eq(e.kind, ERR_UNAUTHORIZED);
	}
}

Test(keys, names_are_plain_text)
{
	char text[KEY_TEXT], longname[81];
	struct api_key k;
	struct err e;

	memset(longname, 'x', 80);
	longname[80] = 0;
	cr_expect_eq(key_create(db, STR(""), ROLE_AGENT, 1, text, &k, &e), -1);
	cr_expect_eq(key_create(db, STR("a\nb"), ROLE_AGENT, 1, text, &k, &e), -1);
	cr_expect_eq(key_create(db, STR("\xff"), ROLE_AGENT, 1, text, &k, &e), -1);
	cr_expect_eq(key_create(db, str_of(longname), ROLE_AGENT, 1, text, &k, &e), -1);
	cr_expect_eq(e.kind, ERR_SEMANTIC);
	cr_expect_eq(key_create(db, str_of(longname + 1), ROLE_AGENT, 1, text, &k, &e), 0);
	cr_expect_eq(key_revoke(db, STR("nope"), 1, &e), -1);
	cr_expect_eq(e.kind, ERR_NOT_FOUND);
}
