#include <criterion/criterion.h>

#include "base/crypto.h"
#include "base/json.h"

Test(uuid, sorts_by_time_and_carries_its_bucket)
{
	struct uuid before = {{0}};

	for (int64_t at = 1700000000000000; at < 1700000000010000; at += 7) {
		struct uuid u = uuid7_in(at, 0xab);
		cr_expect_eq(uuid_bucket(&u), 0xab);
		cr_expect_eq(u.b[6] >> 4, 7, "version");
		cr_expect_eq(u.b[8] >> 6, 2, "variant");
		cr_expect_leq(llabs(uuid_time(&u) - at), 1);
		cr_expect_gt(memcmp(&u, &before, 16), 0);
		struct uuid floor = uuid7_floor(at);
		cr_expect_leq(memcmp(&floor, &u, 16), 0);
		before = u;
	}
}

Test(uuid, text_form)
{
	struct uuid u = uuid7(1700000000000000), v;
	char t[UUID_TEXT];

	cr_expect(uuid_parse(str_of(uuid_format(&u, t)), &v));
	cr_expect(uuid_eq(&u, &v));
	t[14] = 'g';
	cr_expect_not(uuid_parse(str_of(t), &v));
	cr_expect_not(uuid_parse(STR("0192"), &v));
}

Test(crypto, base64url_is_one_to_one)
{
	struct buf a, b;

	for (size_t n = 0; n < 40; n++) {
		uint8_t raw[40];
		crypto_random(raw, sizeof raw);
		buf_init(&a, 100);
		buf_init(&b, 100);
		crypto_b64url(&a, raw, n);
		cr_expect(crypto_unb64url(buf_str(&a), &b));
		cr_expect_eq(b.n, n);
		cr_expect_eq(n ? memcmp(b.p, raw, n) : 0, 0);
		buf_free(&a);
		buf_free(&b);
	}
	buf_init(&b, 100);
	cr_expect_not(crypto_unb64url(STR("AB=="), &b));
	cr_expect_not(crypto_unb64url(STR("AB"), &b), "left-over bits that are not zero");
	buf_free(&b);
}

Test(json, writer_is_always_valid)
{
	struct json_out j;
	struct buf b;
	json_t *v = NULL;

	buf_init(&b, 4096);
	json_begin(&j, &b);
	json_obj(&j, NULL);
	json_str(&j, "s", STR("a\"\\\n\x01\xff\xc3\xa4\xed\xa0\x80z"));
	json_arr(&j, "a");
	json_int(&j, NULL, -5);
	json_obj(&j, NULL);
	json_end(&j);
	json_bool(&j, NULL, true);
	json_end(&j);
	json_time(&j, "t", 1);
	json_null_(&j, "n");
	json_end(&j);
	cr_assert_eq(json_read(buf_str(&b), 8, &v, NULL), 0, "%s", buf_cstr(&b));
	cr_expect_str_eq(json_string_value(json_object_get(v, "s")),
			 "a\"\\\n\x01\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
	cr_expect_eq(json_array_size(json_object_get(v, "a")), 3);
	json_decref(v);
	buf_free(&b);
}

Test(json, reader_keeps_its_limits)
{
	struct err e = {0};
	json_t *v = NULL;

	cr_expect_eq(json_read(STR("[[[[1]]]]"), 3, &v, &e), -1);
	cr_expect_str_eq(e.code, "json_too_deep");
	cr_expect_eq(json_read(STR("{\"a\":1,\"a\":2}"), 3, &v, &e), -1);
	cr_expect_eq(json_read(STR("{\"a\":\"[[[[[[\"}"), 3, &v, &e), 0);
	json_decref(v);
	cr_expect_eq(json_read(STR("{"), 3, &v, &e), -1);
	cr_expect_eq(e.kind, ERR_INVALID);
}
