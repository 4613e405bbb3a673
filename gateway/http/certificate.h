/*
 * The server's certificate chain and key, from two PEM files, and their renewal while connections are open: each handshake
 * takes what is current at its beginning. An exchanged certificate is kept until the end, since a handshake may still be
 * using it; that costs some kilobytes a renewal.
 *
 * Threads: certificates_current may run anywhere, beside one certificates_renew.
 */
#pragma once
#include <gnutls/abstract.h>

#include "base/err.h"

struct certificate {
	gnutls_pcert_st chain[8]; /* the server's own first */
	unsigned n;
	gnutls_privkey_t key;
	struct certificate *older;
};

/* err.field is "tls_cert" or "tls_key": the file that is at fault. */
int certificate_load(const char *cert_file, const char *key_file, struct certificate **out, struct err *err);
void certificate_free(struct certificate **c); /* and those that it replaced */

struct certificates;

int certificates_new(const char *cert_file, const char *key_file, struct certificates **out, struct err *err);
int certificates_renew(struct certificates *c, const char *cert_file, const char *key_file, struct err *err);
const struct certificate *certificates_current(struct certificates *c);
void certificates_free(struct certificates **c);
