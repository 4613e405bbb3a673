/* The signatures themselves are verified by other people's code in tests/e2e/email.out.test.mjs; here: keys and forms. */
#include <criterion/criterion.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <unistd.h>

#include "email/dkim.h"

static const char header[] = "From: a@example.com\r\nTo: b@example.org\r\nSubject: hello\r\n  world\r\n"
			     "Message-ID: <1@example.com>\r\nReceived: by nobody\r\n";

/* Writes a new private key into a file of its own, named in `path`. */
static void write_key(EVP_PKEY *k, char path[64])
{
	FILE *f;
	int fd;

	snprintf(path, 64, "/tmp/threadline-dkim-XXXXXX");
	fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	f = fdopen(fd, "w");
	cr_assert(f);
	cr_assert_eq(PEM_write_PrivateKey(f, k, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
	EVP_PKEY_free(k);
}

static struct dkim *open_key(EVP_PKEY *k, struct err *e)
{
	char path[64], list[96];
	struct dkim *d = NULL;

	write_key(k, path);
	snprintf(list, sizeof list, "s1:%s", path);
	dkim_new(list, "example.com", &d, e);
	unlink(path);
	return d;
}

Test(email_dkim, signs_the_fields_that_readers_go_by)
{
	struct err e = {0};
	struct dkim *d = open_key(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), &e);
	struct buf b;

	if (!d)
		return;
	buf_init(&b, 1 << 16);
	if (dkim_sign(d, str_of(header), STR("hello\r\n"), 1700000000 * INT64_C(1000000), &b, &e) == 0) {
		const char *s = buf_cstr(&b);
		cr_expect(strncmp(s, "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.com;\r\n",
				  74) == 0,
			  "%s", s);
		cr_expect(strstr(s, "s=s1; t=1700000000; h=from:from:reply-to:subject:subject:"), "%s", s);
		cr_expect_null(strstr(s, "received"));
		cr_expect_str_eq(s + b.n - 2, "\r\n");
		cr_expect_null(strstr(s, "\r\n\r\n"));
	}
	buf_free(&b);
	dkim_free(&d);
}

/* NULL only without memory. */
static const char *signature_of(struct dkim *d, const char *head, struct str body, struct buf *b)
{
	struct err e;

	buf_reset(b);
	if (dkim_sign(d, str_of(head), body, 1700000000 * INT64_C(1000000), b, &e) == 0)
		return buf_cstr(b);
	cr_expect_str_eq(e.code, "out_of_memory", "%s", e.msg);
	return NULL;
}

/* Ed25519 signatures of the same are the same: what the relaxed forms leave out cannot be told by them. */
Test(email_dkim, relaxed_forms_forgive_spaces_and_nothing_else)
{
	struct err e = {0};
	struct dkim *d = open_key(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), &e);
	static const char folded[] = "FROM:  a@example.com \r\nTo:\r\n\tb@example.org\r\nsubject: hello world\r\n"
				     "message-id: <1@example.com>\r\nX-Other: 1\r\n";
	static const char other[] = "From: c@example.com\r\nTo: b@example.org\r\nSubject: hello world\r\n"
				    "Message-ID: <1@example.com>\r\n";
	struct buf a, b;

	if (!d)
		return;
	buf_init(&a, 1 << 16);
	buf_init(&b, 1 << 16);
	if (signature_of(d, header, STR("one  two \r\n\r\nthree\r\n\r\n\r\n"), &a) &&
	    signature_of(d, folded, STR("one \ttwo\r\n\r\nthree\r\n"), &b))
		cr_expect_str_eq(a.p, b.p);
	if (signature_of(d, header, STR("one two\r\nthree\r\n"), &b) && !a.failed && a.n)
		cr_expect_str_neq(a.p, b.p);
	if (signature_of(d, header, STR("x\r\n"), &a) && signature_of(d, other, STR("x\r\n"), &b))
		cr_expect_str_neq(a.p, b.p);
	buf_free(&a);
	buf_free(&b);
	dkim_free(&d);
}

Test(email_dkim, an_empty_body_has_the_hash_of_nothing)
{
	struct err e = {0};
	struct dkim *d = open_key(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), &e);
	struct buf a;

	if (!d)
		return;
	buf_init(&a, 1 << 16);
	if (signature_of(d, header, STR("\r\n\r\n"), &a)) /* RFC 6376 section 3.4.4 gives the value */
		cr_expect(strstr(a.p, "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), "%s", a.p);
	buf_free(&a);
	dkim_free(&d);
}

Test(email_dkim, weak_and_strange_keys_are_refused)
{
	struct err e = {0};
	struct dkim *d;

	cr_expect_null(open_key(EVP_RSA_gen(512), &e));
	cr_expect_null(open_key(EVP_EC_gen("P-256"), &e));
	d = open_key(EVP_RSA_gen(1024), &e);
	dkim_free(&d);
	cr_expect_eq(dkim_new("s1:/no/such/file", "example.com", &d, &e), -1);
	cr_expect_eq(dkim_new("/no/such/file", "example.com", &d, &e), -1);
	cr_expect_eq(dkim_new("s 1:/no/such/file", "example.com", &d, &e), -1);
	cr_expect_eq(dkim_new("s1:/no/such/file", "exa mple.com", &d, &e), -1);
}
