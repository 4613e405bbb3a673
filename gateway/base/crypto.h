/*
 * The few primitives the house uses, all from OpenSSL. Random bytes come from a per-thread pool refilled from the
 * CSPRNG, because an id for each message would otherwise cost a lock each.
 */
#pragma once
#include <stdbool.h>

#include "base/str.h"

enum { SHA256_LEN = 32 };

void crypto_random(void *out, size_t n);
void crypto_sha256(struct str data, uint8_t out[SHA256_LEN]);
void crypto_hmac_sha256(struct str key, struct str data, uint8_t out[SHA256_LEN]);
bool crypto_equal(const void *a, const void *b, size_t n); /* time does not depend on content */
void crypto_hex(const void *p, size_t n, char *out /* 2n+1 */);
bool crypto_unhex(struct str s, void *out /* s.n/2 */, size_t n); /* true if s is exactly 2n hex digits */
void crypto_b64url(struct buf *out, const void *p, size_t n);	  /* RFC 4648 section 5, no padding */
bool crypto_unb64url(struct str s, struct buf *out);
size_t crypto_b64(char *out /* 4 * ((n + 2) / 3) + 1 */, const void *p, size_t n); /* RFC 4648 section 4; its length */

/* Encrypts and authenticates (AES-256-GCM with a random nonce in front): nobody without the key can read or change it.
 * out: n + CRYPTO_SEAL bytes. */
enum { CRYPTO_KEY = 32, CRYPTO_SEAL = 12 + 16 };
bool crypto_seal(const uint8_t key[CRYPTO_KEY], const void *plain, size_t n, void *out);
/* out: n - CRYPTO_SEAL bytes. false: not sealed with this key. */
bool crypto_unseal(const uint8_t key[CRYPTO_KEY], const void *sealed, size_t n, void *out);
