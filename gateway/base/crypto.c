#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdlib.h>

void crypto_random(void *out, size_t n)
{
	static _Thread_local uint8_t pool[512];
	static _Thread_local size_t left;

	if (n > sizeof pool) {
		if (RAND_bytes(out, (int)n) != 1)
			abort(); /* no randomness, no safe ids or tokens: nothing sensible can go on */
		return;
	}
	if (left < n) {
		if (RAND_bytes(pool, sizeof pool) != 1)
			abort();
		left = sizeof pool;
	}
	left -= n;
	memcpy(out, pool + left, n);
	OPENSSL_cleanse(pool + left, n);
}

void crypto_sha256(struct str data, uint8_t out[SHA256_LEN]) { SHA256((const uint8_t *)data.p, data.n, out); }

void crypto_hmac_sha256(struct str key, struct str data, uint8_t out[SHA256_LEN])
{
	unsigned n = SHA256_LEN;
	HMAC(EVP_sha256(), key.p, (int)key.n, (const uint8_t *)data.p, data.n, out, &n);
}

bool crypto_equal(const void *a, const void *b, size_t n) { return CRYPTO_memcmp(a, b, n) == 0; }

void crypto_hex(const void *p, size_t n, char *out)
{
	static const char digit[] = "0123456789abcdef";
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++) {
		*out++ = digit[b[i] >> 4];
		*out++ = digit[b[i] & 15];
	}
	*out = 0;
}

static int nibble(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

bool crypto_unhex(struct str s, void *out, size_t n)
{
	uint8_t *b = out;

	if (s.n != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int hi = nibble(s.p[2 * i]), lo = nibble(s.p[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return false;
		b[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

static const char b64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void crypto_b64url(struct buf *out, const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v =
			(uint32_t)b[i] << 16 | (i + 1 < n ? (uint32_t)b[i + 1] << 8 : 0) | (i + 2 < n ? b[i + 2] : 0u);
		size_t chars = n - i >= 3 ? 4 : n - i + 1;
		for (size_t k = 0; k < chars; k++)
			buf_addc(out, b64[v >> (18 - 6 * k) & 63]);
	}
}

bool crypto_unb64url(struct str s, struct buf *out)
{
	uint32_t v = 0;
	int bits = 0;

	for (size_t i = 0; i < s.n; i++) {
		const char *at = s.p[i] ? strchr(b64, s.p[i]) : NULL;
		if (!at)
			return false;
		v = v << 6 | (uint32_t)(at - b64);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_addc(out, (char)(v >> bits));
		}
	}
	/* Left-over bits must be zero, or two texts would decode to one value. */
	return s.n % 4 != 1 && (v & ((1u << bits) - 1)) == 0;
}

size_t crypto_b64(char *out, const void *p, size_t n)
{
	return (size_t)EVP_EncodeBlock((unsigned char *)out, p, (int)n);
}

enum { NONCE = 12, TAG = 16, SEAL_MAX = 1 << 20 };
_Static_assert(NONCE + TAG == CRYPTO_SEAL, "what sealing adds");

bool crypto_seal(const uint8_t key[CRYPTO_KEY], const void *plain, size_t n, void *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t *to = out;
	int k = 0, end = 0;
	bool ok;

	crypto_random(to, NONCE);
	ok = c && n <= SEAL_MAX && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, to) == 1 &&
	     EVP_EncryptUpdate(c, to + NONCE, &k, plain, (int)n) == 1 && (size_t)k == n &&
	     EVP_EncryptFinal_ex(c, to + NONCE + n, &end) == 1 &&
	     EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, to + NONCE + n) == 1;
	EVP_CIPHER_CTX_free(c);
	return ok;
}

bool crypto_unseal(const uint8_t key[CRYPTO_KEY], const void *sealed, size_t n, void *out)
{
	const uint8_t *from = sealed;
	uint8_t tag[TAG], *to = out;
	EVP_CIPHER_CTX *c;
	int k = 0, end = 0;
	bool ok;

	if (n < CRYPTO_SEAL || n > SEAL_MAX)
		return false;
	n -= CRYPTO_SEAL;
	memcpy(tag, from + NONCE + n, TAG);
	c = EVP_CIPHER_CTX_new();
	ok = c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, from) == 1 &&
	     EVP_DecryptUpdate(c, to, &k, from + NONCE, (int)n) == 1 && (size_t)k == n &&
	     EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1 && EVP_DecryptFinal_ex(c, to + n, &end) == 1;
	EVP_CIPHER_CTX_free(c);
	return ok;
}
