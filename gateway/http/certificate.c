#include "http/certificate.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct certificates {
	struct certificate *_Atomic now;
};

static int wrong(struct err *err, const char *field, const char *file, const char *why)
{
	return err_set(err, ERR_INVALID, "tls_file", field, "%s: %s", file, why);
}

static int file_read(const char *path, const char *field, struct buf *b, struct err *err)
{
	FILE *f = fopen(path, "re");
	char part[4096];
	bool broken;
	size_t n;

	if (!f)
		return wrong(err, field, path, "cannot be read");
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_add(b, part, n);
	broken = ferror(f);
	fclose(f);
	explicit_bzero(part, sizeof part);
	return broken || b->failed ? wrong(err, field, path, "cannot be read") : 0;
}

static gnutls_datum_t datum(const struct buf *b)
{
	return (gnutls_datum_t){.data = (unsigned char *)b->p, .size = (unsigned)b->n};
}

static int read_chain(struct certificate *c, const char *file, struct err *err)
{
	unsigned n = sizeof c->chain / sizeof *c->chain;
	gnutls_datum_t pem;
	struct buf b;
	int r;

	buf_init(&b, 1 << 20);
	r = file_read(file, "tls_cert", &b, err);
	pem = datum(&b);
	if (r == 0) {
		r = gnutls_pcert_list_import_x509_raw(c->chain, &n, &pem, GNUTLS_X509_FMT_PEM, 0);
		if (r == GNUTLS_E_SUCCESS && n > 0)
			c->n = n;
		else
			r = wrong(err, "tls_cert", file,
				  r == GNUTLS_E_SHORT_MEMORY_BUFFER ? "holds more than 8 certificates"
								    : "holds no certificate chain in PEM");
	}
	buf_free(&b);
	return r ? -1 : 0;
}

static int read_key(struct certificate *c, const char *file, struct err *err)
{
	gnutls_datum_t pem;
	struct buf b;
	int r;

	buf_init(&b, 1 << 20);
	r = file_read(file, "tls_key", &b, err);
	pem = datum(&b);
	if (r == 0 && gnutls_privkey_init(&c->key) != GNUTLS_E_SUCCESS)
		r = err_nomem(err);
	if (r == 0 && gnutls_privkey_import_x509_raw(c->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0) != GNUTLS_E_SUCCESS)
		r = wrong(err, "tls_key", file, "holds no private key in PEM that can be read without a password");
	if (b.p)
		explicit_bzero(b.p, b.n);
	buf_free(&b);
	return r;
}

static bool key_id(gnutls_pubkey_t key, unsigned char id[64], size_t *n)
{
	*n = 64;
	return gnutls_pubkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, id, n) == GNUTLS_E_SUCCESS;
}

static bool belong_together(const struct certificate *c)
{
	unsigned char of_key[64], of_certificate[64];
	gnutls_pubkey_t public = NULL;
	size_t n = 0, m = 0;
	bool same;

	if (gnutls_pubkey_init(&public) != GNUTLS_E_SUCCESS)
		return false;
	same = gnutls_pubkey_import_privkey(public, c->key, 0, 0) == GNUTLS_E_SUCCESS && key_id(public, of_key, &n) &&
	       key_id(c->chain[0].pubkey, of_certificate, &m) && n == m && memcmp(of_key, of_certificate, n) == 0;
	gnutls_pubkey_deinit(public);
	return same;
}

int certificate_load(const char *cert_file, const char *key_file, struct certificate **out, struct err *err)
{
	struct certificate *c = calloc(1, sizeof *c);

	if (!c)
		return err_nomem(err);
	if (read_chain(c, cert_file, err) == 0 && read_key(c, key_file, err) == 0) {
		if (belong_together(c)) {
			*out = c;
			return 0;
		}
		wrong(err, "tls_key", key_file, "is not the key of the certificate in tls_cert");
	}
	certificate_free(&c);
	return -1;
}

void certificate_free(struct certificate **cp)
{
	struct certificate *c = *cp;

	while (c) {
		struct certificate *older = c->older;

		for (unsigned i = 0; i < c->n; i++)
			gnutls_pcert_deinit(&c->chain[i]);
		if (c->key)
			gnutls_privkey_deinit(c->key);
		free(c);
		c = older;
	}
	*cp = NULL;
}

int certificates_new(const char *cert_file, const char *key_file, struct certificates **out, struct err *err)
{
	struct certificates *cs = calloc(1, sizeof *cs);
	struct certificate *c = NULL;

	if (!cs)
		return err_nomem(err);
	if (certificate_load(cert_file, key_file, &c, err)) {
		free(cs);
		return -1;
	}
	atomic_init(&cs->now, c);
	*out = cs;
	return 0;
}

int certificates_renew(struct certificates *cs, const char *cert_file, const char *key_file, struct err *err)
{
	struct certificate *c;

	if (certificate_load(cert_file, key_file, &c, err))
		return -1;
	c->older = atomic_load(&cs->now);
	atomic_store(&cs->now, c);
	return 0;
}

const struct certificate *certificates_current(struct certificates *cs) { return atomic_load(&cs->now); }

void certificates_free(struct certificates **csp)
{
	struct certificates *cs = *csp;
	struct certificate *c;

	if (!cs)
		return;
	c = atomic_load(&cs->now);
	certificate_free(&c);
	free(cs);
	*csp = NULL;
}
