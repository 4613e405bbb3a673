/*
 * Whom a TLS connection of ours may lead to. libre 1.1 encrypts, but asks nobody who they are: the context does it here, for
 * every connection that we open. Who connects to us need not show a certificate.
 */
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "ivr/sip/door_private.h"

/* The host of "sip:user@host:port;parameters". */
static bool host_in(const char *uri, char *out, size_t size)
{
	struct pl pl;
	struct uri u;

	pl_set_str(&pl, uri);
	if (uri_decode(&u, &pl) || pl_strcpy(&u.host, out, size))
		return false;
	return *out != 0;
}

/* The certificate must be of the trunk or of the registrar. OpenSSL takes a list of names or one address, not both. */
static int expect_names(SSL_CTX *ctx, const struct ivr_settings *set)
{
	const char *const peers[] = {set->sip_trunk, set->sip_registrar};
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);
	bool named = false;
	char host[256];

	for (size_t i = 0; i < 2; i++) {
		struct sa ip;

		if (!peers[i] || !host_in(peers[i], host, sizeof host) || sa_set_str(&ip, host, 0) == 0)
			continue;
		if (X509_VERIFY_PARAM_add1_host(param, host, 0) != 1)
			return ENOMEM;
		named = true;
	}
	for (size_t i = 0; i < 2 && !named; i++)
		if (peers[i] && host_in(peers[i], host, sizeof host))
			return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1 ? 0 : ENOMEM;
	return 0;
}

/* The context is for both directions. A telephone that calls us may show any certificate, or none. */
static int on_verify(int fine, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());

	return fine || (ssl && SSL_is_server(ssl));
}

int tls_context(struct tls **out, const struct ivr_settings *set)
{
	/* Without a certificate of ours TLS still serves to connect to peers. */
	int rc = tls_alloc(out, TLS_METHOD_SSLV23, set->sip_tls_certificate, NULL);
	SSL_CTX *ctx;

	if (rc)
		return rc;
	ctx = tls_openssl_context(*out);
	if (set->sip_tls_ca ? tls_add_ca(*out, set->sip_tls_ca) : SSL_CTX_set_default_verify_paths(ctx) != 1)
		return EINVAL;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
	(void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	return expect_names(ctx, set);
}
