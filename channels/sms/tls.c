/* See tls.h. Verification and host name check are on unless the account says otherwise. */
#include "sms/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

struct tls_context {
	SSL_CTX *ctx;
};

struct tls {
	SSL *ssl;
	BIO *in, *out; /* the SSL's */
	char error[160];
};

static const char *openssl_reason(void)
{
	unsigned long e = ERR_peek_last_error();
	const char *why = e ? ERR_reason_error_string(e) : NULL;

	return why ? why : "unknown error";
}

static int file_error(struct err *err, const char *key, const char *file)
{
	err_set(err, ERR_SEMANTIC, "tls_file", key, "%s: cannot use %s: %s", key, file, openssl_reason());
	ERR_clear_error();
	return -1;
}

static int load_files(SSL_CTX *ctx, const struct tls_options *o, struct err *err)
{
	if (o->ca ? SSL_CTX_load_verify_locations(ctx, o->ca, NULL) != 1 : SSL_CTX_set_default_verify_paths(ctx) != 1)
		return file_error(err, "tls_ca", o->ca ? o->ca : "the system's certificates");
	if (o->cert && SSL_CTX_use_certificate_chain_file(ctx, o->cert) != 1)
		return file_error(err, "tls_cert", o->cert);
	if (o->key && SSL_CTX_use_PrivateKey_file(ctx, o->key, SSL_FILETYPE_PEM) != 1)
		return file_error(err, "tls_key", o->key);
	return 0;
}

int tls_context_new(const struct tls_options *o, struct tls_context **out, struct err *err)
{
	struct tls_context *c = calloc(1, sizeof *c);

	if (!c)
		return err_nomem(err);
	ERR_clear_error();
	c->ctx = SSL_CTX_new(TLS_client_method());
	if (!c->ctx) {
		tls_context_free(&c);
		return err_nomem(err);
	}
	SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(c->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(c->ctx, o->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	if (load_files(c->ctx, o, err)) {
		tls_context_free(&c);
		return -1;
	}
	*out = c;
	return 0;
}

void tls_context_free(struct tls_context **c)
{
	if (!c || !*c)
		return;
	SSL_CTX_free((*c)->ctx);
	free(*c);
	*c = NULL;
}

static int set_name(SSL *ssl, const char *name)
{
	struct in6_addr any;

	if (inet_pton(AF_INET, name, &any) == 1 || inet_pton(AF_INET6, name, &any) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1 ? 0 : -1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1 ? 0 : -1;
}

struct tls *tls_new(struct tls_context *c, const char *name)
{
	struct tls *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->ssl = SSL_new(c->ctx);
	t->in = BIO_new(BIO_s_mem());
	t->out = BIO_new(BIO_s_mem());
	if (!t->ssl || !t->in || !t->out || set_name(t->ssl, name)) {
		BIO_free(t->in);
		BIO_free(t->out);
		SSL_free(t->ssl);
		free(t);
		return NULL;
	}
	BIO_set_mem_eof_return(t->in, -1);
	SSL_set_bio(t->ssl, t->in, t->out);
	SSL_set_connect_state(t->ssl);
	return t;
}

void tls_free(struct tls **t)
{
	if (!t || !*t)
		return;
	SSL_free((*t)->ssl); /* with both BIOs */
	free(*t);
	*t = NULL;
}

int tls_feed(struct tls *t, const void *p, size_t n) { return BIO_write(t->in, p, (int)n) == (int)n ? 0 : -1; }

static enum tls_result result_of(struct tls *t, int rc)
{
	long verify = SSL_get_verify_result(t->ssl);

	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE: return TLS_MORE;
	case SSL_ERROR_ZERO_RETURN: return TLS_CLOSED;
	default:
		if (verify != X509_V_OK && SSL_get_verify_mode(t->ssl) != SSL_VERIFY_NONE)
			(void)snprintf(t->error, sizeof t->error, "certificate refused: %s",
				       X509_verify_cert_error_string(verify));
		else
			(void)snprintf(t->error, sizeof t->error, "TLS: %s", openssl_reason());
		ERR_clear_error();
		return TLS_ERROR;
	}
}

enum tls_result tls_handshake(struct tls *t)
{
	int rc;

	ERR_clear_error();
	rc = SSL_do_handshake(t->ssl);
	return rc == 1 ? TLS_OK : result_of(t, rc);
}

enum tls_result tls_read(struct tls *t, void *p, size_t max, size_t *got)
{
	int rc;

	ERR_clear_error();
	rc = SSL_read_ex(t->ssl, p, max, got);
	return rc == 1 ? TLS_OK : result_of(t, rc);
}

int tls_write(struct tls *t, const void *p, size_t n)
{
	for (size_t done = 0, some; done < n; done += some) {
		ERR_clear_error();
		int rc = SSL_write_ex(t->ssl, (const char *)p + done, n - done, &some);
		if (rc != 1) {
			result_of(t, rc);
			return -1;
		}
	}
	return 0;
}

int tls_drain(struct tls *t, struct buf *out)
{
	char *p;
	long n = BIO_get_mem_data(t->out, &p);

	if (n > 0) {
		buf_add(out, p, (size_t)n);
		(void)BIO_reset(t->out);
	}
	return out->failed ? -1 : 0;
}

void tls_bye(struct tls *t)
{
	ERR_clear_error();
	(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}

const char *tls_error(const struct tls *t) { return t->error[0] ? t->error : "TLS failed"; }
