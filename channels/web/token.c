#include "web/token.h"

enum { BODY = 24 };

/* One secret, two uses: the prefix keeps a signature made for one from serving as the other. */
static void sign(struct str secret, char use, const void *p, size_t n, uint8_t out[SHA256_LEN])
{
	struct buf b;

	buf_init(&b, 1024);
	buf_addc(&b, use);
	buf_add(&b, p, n);
	crypto_hmac_sha256(secret, buf_str(&b), out);
	buf_free(&b);
}

void token_make(struct buf *out, struct str secret, const struct uuid *visitor, int64_t now)
{
	uint8_t body[BODY], mac[SHA256_LEN];

	memcpy(body, visitor->b, 16);
	for (int i = 0; i < 8; i++)
		body[16 + i] = (uint8_t)((uint64_t)now >> (56 - 8 * i));
	sign(secret, 't', body, BODY, mac);
	crypto_b64url(out, body, BODY);
	buf_addc(out, '.');
	crypto_b64url(out, mac, SHA256_LEN);
}

bool token_read(struct str secret, struct str token, int64_t now, int64_t life, struct uuid *out)
{
	const char *dot = token.n ? memchr(token.p, '.', token.n) : NULL;
	uint8_t mac[SHA256_LEN];
	struct buf body, given;
	uint64_t issued = 0;
	bool ok;

	if (!dot || token.n > 128)
		return false;
	buf_init(&body, 64);
	buf_init(&given, 64);
	ok = crypto_unb64url(str_n(token.p, (size_t)(dot - token.p)), &body) &&
	     crypto_unb64url(str_n(dot + 1, token.n - (size_t)(dot - token.p) - 1), &given) && body.n == BODY &&
	     given.n == SHA256_LEN && !body.failed && !given.failed;
	if (ok) {
		sign(secret, 't', body.p, BODY, mac);
		ok = crypto_equal(mac, given.p, SHA256_LEN);
	}
	if (ok) {
		for (int i = 0; i < 8; i++)
			issued = issued << 8 | (uint8_t)body.p[16 + i];
		ok = life == 0 || (int64_t)issued + life > now;
	}
	if (ok)
		memcpy(out->b, body.p, 16);
	buf_free(&body);
	buf_free(&given);
	return ok;
}

bool token_identity_ok(struct str identity_secret, struct str external_id, struct str hex)
{
	uint8_t mac[SHA256_LEN], given[SHA256_LEN];

	if (identity_secret.n == 0 || external_id.n == 0 || !crypto_unhex(hex, given, SHA256_LEN))
		return false;
	crypto_hmac_sha256(identity_secret, external_id, mac);
	return crypto_equal(mac, given, SHA256_LEN);
}

void token_sign_file(struct str secret, const struct uuid *visitor, struct str sha256, char out[FILE_SIGN + 1])
{
	uint8_t mac[SHA256_LEN], body[16 + 64] = {0};

	memcpy(body, visitor->b, 16);
	memcpy(body + 16, sha256.p, sha256.n < 64 ? sha256.n : 64);
	sign(secret, 'f', body, sizeof body, mac);
	crypto_hex(mac, FILE_SIGN / 2, out);
}

bool token_file_ok(struct str secret, const struct uuid *visitor, struct str sha256, struct str given)
{
	char want[FILE_SIGN + 1];

	if (sha256.n != 64 || given.n != FILE_SIGN)
		return false;
	token_sign_file(secret, visitor, sha256, want);
	return crypto_equal(want, given.p, FILE_SIGN);
}
