/*
 * Visitors' tokens and signatures, ids, times and the small encodings: from any bytes; what is taken is what we would have
 * written.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "web/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct str secret = {"0123456789abcdef0123456789abcdef", 32};

/* An altered token of ours is nobody's, an unaltered one its visitor's. */
static void altered(const uint8_t *data, size_t size)
{
	struct uuid visitor = {{1, 2, 3}}, out;
	struct buf token;
	bool same = true;

	buf_init(&token, 256);
	token_make(&token, secret, &visitor, 1000 * US_SEC);
	for (size_t i = 0; i + 1 < size; i += 2) {
		char *at = &token.p[data[i] % token.n];
		same &= (uint8_t)*at == data[i + 1];
		*at = (char)data[i + 1];
	}
	if (token_read(secret, buf_str(&token), 1001 * US_SEC, US_DAY, &out) && !uuid_eq(&out, &visitor))
		abort();
	if (same && !token_read(secret, buf_str(&token), 1001 * US_SEC, US_DAY, &out))
		abort();
	if (token_read(secret, buf_str(&token), 1000 * US_SEC + US_DAY, US_DAY, &out))
		abort();
	buf_free(&token);
}

static void ids(struct str in)
{
	char t[UUID_TEXT];
	struct uuid u;
	uint8_t raw[16];

	if (uuid_parse(in, &u) && !str_ieq(in, str_of(uuid_format(&u, t))))
		abort();
	if (crypto_unhex(in, raw, 16) && in.n != 32)
		abort();
}

static void times(struct str in)
{
	char t[TIME_TEXT];
	int64_t at, again, wait;

	if (time_parse(in, &at) && at >= 0 && at < INT64_C(253402300800) * US_SEC &&
	    (time_format(at, t) == 0 || !time_parse(str_of(t), &again) || again != at - at % US_MS))
		abort();
	if (duration_parse(in, &wait) && wait < 0)
		abort();
}

static void encodings(struct str in)
{
	struct buf raw, text;

	buf_init(&raw, 65536);
	buf_init(&text, 65536);
	if (crypto_unb64url(in, &raw) && !raw.failed) {
		crypto_b64url(&text, raw.p, raw.n);
		if (!str_eq(buf_str(&text), in))
			abort();
	}
	buf_free(&raw);
	buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_n((const char *)data, size);
	struct uuid out;

	if (size > 8192)
		return 0;
	if (token_read(secret, in, 0, 0, &out)) /* it would have guessed an HMAC */
		abort();
	token_identity_ok(secret, STR("someone"), in);
	token_file_ok(secret, &(struct uuid){{7}}, in, in);
	altered(data, size);
	ids(in);
	times(in);
	encodings(in);
	return 0;
}
