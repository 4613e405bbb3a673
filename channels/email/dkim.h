/*
 * DKIM signatures (RFC 6376), relaxed/relaxed, rsa-sha256 and ed25519-sha256 (RFC 8463); one signature for each key. From
 * and the other fields that readers go by are signed once more than they occur, so that nobody can put a second one on top
 * (RFC 6376 section 8.15). An RSA key has 1024 bits or more (RFC 8301 section 3.2). Used on one thread at a time.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct dkim;

/* keys: "selector:file, selector:file", PEM private keys. Reads the files. -1: ERR_SEMANTIC "dkim_invalid". */
int dkim_new(const char *keys, const char *domain, struct dkim **out, struct err *err);
void dkim_free(struct dkim **d);

/* Appends one DKIM-Signature field, CRLF at its end, for each key: they go before `header`. header: fields each ending in
 * CRLF, without the empty line; body: lines ending in CRLF. now: for the t= tag, microseconds. */
int dkim_sign(struct dkim *d, struct str header, struct str body, int64_t now, struct buf *out, struct err *err);
