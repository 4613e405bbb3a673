/*
 * TLS for one connection, between memory buffers: the transport feeds what the socket gave and sends what comes out, so
 * the socket is read and written in one place whether or not there is TLS. OpenSSL's headers stay in tls.c.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct tls_context; /* of an account: trust, own certificate */
struct tls;	    /* of a connection */

struct tls_options {
	const char *ca, *cert, *key; /* files or NULL */
	bool verify;
};

int tls_context_new(const struct tls_options *o, struct tls_context **out, struct err *err);
void tls_context_free(struct tls_context **c);

/* name: what the peer's certificate must carry, a host name or an address. NULL: out of memory. */
struct tls *tls_new(struct tls_context *c, const char *name);
void tls_free(struct tls **t);

enum tls_result { TLS_OK, TLS_MORE, TLS_CLOSED, TLS_ERROR };

int tls_feed(struct tls *t, const void *p, size_t n); /* from the socket; -1: out of memory */
enum tls_result tls_handshake(struct tls *t);	      /* OK: done; MORE: needs more from the peer */
/* Plain bytes into p; OK: *got > 0; MORE: nothing there yet; CLOSED: the peer said good-bye. */
enum tls_result tls_read(struct tls *t, void *p, size_t max, size_t *got);
int tls_write(struct tls *t, const void *p, size_t n); /* all of it */
int tls_drain(struct tls *t, struct buf *out);	       /* what must go to the socket */
void tls_bye(struct tls *t);			       /* close_notify into the output */
/* Why the last call failed, for people. */
const char *tls_error(const struct tls *t);
