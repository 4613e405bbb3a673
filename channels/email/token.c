#include "email/token.h"

#include <stdio.h>

#include "base/crypto.h"
#include "model/mailbox.h"

enum { ID_BYTES = 18, MAC_BYTES = 9, TOKEN_BYTES = ID_BYTES + MAC_BYTES, LOCAL_MAX = 64 };
_Static_assert((TOKEN_BYTES * 8 + 4) / 5 == TOKEN_TEXT - 1, "the length of a token");

static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char *const kinds[] = {"email reply", "email bounce", "email unsubscribe"};

/* ---- base32 ---- */

static void to_base32(const uint8_t *p, size_t n, char *out)
{
	uint32_t bits = 0;
	int have = 0;

	for (size_t i = 0; i < n; i++) {
		bits = bits << 8 | p[i];
		for (have += 8; have >= 5; have -= 5)
			*out++ = base32[bits >> (have - 5) & 31];
	}
	if (have)
		*out++ = base32[bits << (5 - have) & 31];
	*out = 0;
}

static int digit(char c)
{
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

/* Exactly n bytes; the bits left over must be zero, so that a token has one form only. */
static bool from_base32(struct str s, uint8_t *out, size_t n)
{
	uint32_t bits = 0;
	int have = 0;
	size_t k = 0;

	for (size_t i = 0; i < s.n; i++) {
		int d = digit(s.p[i]);
		if (d < 0)
			return false;
		bits = bits << 5 | (uint32_t)d;
		have += 5;
		if (have < 8)
			continue;
		have -= 8;
		if (k == n)
			return false;
		out[k++] = (uint8_t)(bits >> have);
	}
	return k == n && have < 5 && (bits & ((1u << have) - 1)) == 0;
}

/* ---- tokens ---- */

static void mac_of(struct str secret, enum token_kind kind, const uint8_t id[ID_BYTES], uint8_t out[SHA256_LEN])
{
	char text[40 + ID_BYTES];
	size_t n = strlen(kinds[kind]) + 1;

	memcpy(text, kinds[kind], n);
	memcpy(text + n, id, ID_BYTES);
	crypto_hmac_sha256(secret, str_n(text, n + ID_BYTES), out);
}

void mail_token_write(struct str secret, enum token_kind kind, const struct delivery_id *id, char out[TOKEN_TEXT])
{
	uint8_t mac[SHA256_LEN], all[TOKEN_BYTES];

	memcpy(all, id->message.b, 16);
	all[16] = (uint8_t)(id->n >> 8);
	all[17] = (uint8_t)id->n;
	mac_of(secret, kind, all, mac);
	memcpy(all + ID_BYTES, mac, MAC_BYTES);
	to_base32(all, TOKEN_BYTES, out);
}

bool mail_token_read(struct str secret, enum token_kind kind, struct str text, struct delivery_id *out)
{
	uint8_t mac[SHA256_LEN], all[TOKEN_BYTES];

	if (text.n != TOKEN_TEXT - 1 || !from_base32(text, all, TOKEN_BYTES))
		return false;
	mac_of(secret, kind, all, mac);
	if (!crypto_equal(mac, all + ID_BYTES, MAC_BYTES))
		return false;
	memcpy(out->message.b, all, 16);
	out->n = (uint16_t)(all[16] << 8 | all[17]);
	return true;
}

/* ---- patterns ---- */

int mail_token_pattern_check(const char *pattern, struct err *err)
{
	const char *star = strchr(pattern, '*'), *at = strrchr(pattern, '@');
	struct buf probe;
	int r;

	if (star && (strchr(star + 1, '*') || !at || star > at))
		return err_set(err, ERR_SEMANTIC, "pattern_invalid", NULL,
			       "\"%.100s\": one * before the @ stands for the token", pattern);
	if (at && (size_t)(at - pattern) + (star ? TOKEN_TEXT - 2 : 0) > LOCAL_MAX)
		return err_set(err, ERR_SEMANTIC, "pattern_invalid", NULL,
			       "\"%.100s\" leaves no room for a token of %d letters", pattern, TOKEN_TEXT - 1);
	buf_init(&probe, 1024);
	buf_add(&probe, pattern, star ? (size_t)(star - pattern) : strlen(pattern));
	if (star) {
		buf_addc(&probe, 'a');
		buf_adds(&probe, star + 1);
	}
	if (probe.failed) {
		r = err_nomem(err);
	} else {
		char room[ADDRESS_MAX + 1];
		struct buf b = {.p = room, .cap = sizeof room, .max = sizeof room - 1};
		r = mailbox_normalise(buf_str(&probe), &b, err);
	}
	buf_free(&probe);
	return r;
}

void mail_token_address(struct str secret, enum token_kind kind, const char *pattern, const struct delivery_id *id,
			struct buf *out)
{
	const char *star = strchr(pattern, '*');
	char token[TOKEN_TEXT];

	if (!star) {
		buf_adds(out, pattern);
		return;
	}
	mail_token_write(secret, kind, id, token);
	buf_add(out, pattern, (size_t)(star - pattern));
	buf_adds(out, token);
	buf_adds(out, star + 1);
}

bool mail_token_in_mailbox(struct str secret, enum token_kind kind, const char *pattern, struct str mailbox,
			   struct delivery_id *out)
{
	const char *star = pattern ? strchr(pattern, '*') : NULL;
	struct str before, after;

	if (!star)
		return false;
	before = str_n(pattern, (size_t)(star - pattern));
	after = str_of(star + 1);
	return mailbox.n == before.n + TOKEN_TEXT - 1 + after.n && str_ieq(str_n(mailbox.p, before.n), before) &&
	       str_ieq(str_n(mailbox.p + mailbox.n - after.n, after.n), after) &&
	       mail_token_read(secret, kind, str_n(mailbox.p + before.n, TOKEN_TEXT - 1), out);
}

/* ---- what an unsubscribe link says ---- */

enum { WISH_HEAD = ID_BYTES + 1, SEALED_MAX = WISH_HEAD + ADDRESS_MAX + CRYPTO_SEAL };

static void key_of(struct str secret, uint8_t key[SHA256_LEN])
{
	crypto_hmac_sha256(secret, str_of(kinds[TOKEN_UNSUBSCRIBE]), key);
}

int mail_token_seal(struct str secret, const struct unsubscribe_wish *w, struct buf *out)
{
	uint8_t key[SHA256_LEN], plain[WISH_HEAD + ADDRESS_MAX], sealed[SEALED_MAX];
	size_t n = strnlen(w->mailbox, ADDRESS_MAX + 1);

	if (n > ADDRESS_MAX)
		return -1;
	memcpy(plain, w->id.message.b, 16);
	plain[16] = (uint8_t)(w->id.n >> 8);
	plain[17] = (uint8_t)w->id.n;
	plain[18] = (uint8_t)w->purpose;
	memcpy(plain + WISH_HEAD, w->mailbox, n);
	key_of(secret, key);
	if (!crypto_seal(key, plain, WISH_HEAD + n, sealed))
		return -1;
	crypto_b64url(out, sealed, WISH_HEAD + n + CRYPTO_SEAL);
	return out->failed ? -1 : 0;
}

bool mail_token_open(struct str secret, struct str text, struct unsubscribe_wish *out)
{
	uint8_t key[SHA256_LEN], plain[WISH_HEAD + ADDRESS_MAX], room[SEALED_MAX + 4];
	struct buf b = {.p = (char *)room, .cap = sizeof room, .max = sizeof room - 1};
	size_t n;

	if (text.n > (SEALED_MAX + 2) / 3 * 4 || !crypto_unb64url(text, &b) || b.failed ||
	    b.n <= WISH_HEAD + CRYPTO_SEAL || b.n > SEALED_MAX)
		return false;
	n = b.n - CRYPTO_SEAL;
	key_of(secret, key);
	if (!crypto_unseal(key, room, b.n, plain) || plain[18] > PURPOSE_SURVEY)
		return false;
	memcpy(out->id.message.b, plain, 16);
	out->id.n = (uint16_t)(plain[16] << 8 | plain[17]);
	out->purpose = (enum purpose)plain[18];
	memcpy(out->mailbox, plain + WISH_HEAD, n - WISH_HEAD);
	out->mailbox[n - WISH_HEAD] = 0;
	return true;
}

/* ---- Message-ID ---- */

size_t message_id_write(const struct delivery_id *id, const char *domain, char out[MESSAGE_ID_MAX])
{
	char text[UUID_TEXT];
	int n = snprintf(out, MESSAGE_ID_MAX, "%s.%u@%s", uuid_format(&id->message, text), id->n, domain);

	return n < MESSAGE_ID_MAX ? (size_t)n : MESSAGE_ID_MAX - 1;
}

size_t conversation_id_write(const struct uuid *conversation, const char *domain, char out[MESSAGE_ID_MAX])
{
	char text[UUID_TEXT];
	int n = snprintf(out, MESSAGE_ID_MAX, "%s.c@%s", uuid_format(conversation, text), domain);

	return n < MESSAGE_ID_MAX ? (size_t)n : MESSAGE_ID_MAX - 1;
}

/* The UUID and what stands between it and our "@domain". */
static bool split(struct str text, const char *domain, struct uuid *id, struct str *detail)
{
	size_t d = strlen(domain);

	text = str_trim(text);
	if (text.n > 2 && text.p[0] == '<' && text.p[text.n - 1] == '>')
		text = str_n(text.p + 1, text.n - 2);
	if (text.n < UUID_TEXT - 1 + 3 + d || text.p[UUID_TEXT - 1] != '.' || text.p[text.n - d - 1] != '@' ||
	    !str_ieq(str_n(text.p + text.n - d, d), str_of(domain)) || !uuid_parse(str_n(text.p, UUID_TEXT - 1), id))
		return false;
	*detail = str_n(text.p + UUID_TEXT, text.n - d - 1 - UUID_TEXT);
	return true;
}

bool message_id_read(struct str text, const char *domain, struct delivery_id *out)
{
	struct str detail;
	int64_t n;

	if (!split(text, domain, &out->message, &detail) || !str_i64(detail, &n) || n < 0 || n > UINT16_MAX)
		return false;
	out->n = (uint16_t)n;
	return true;
}

bool conversation_id_read(struct str text, const char *domain, struct uuid *out)
{
	struct str detail;

	return split(text, domain, out, &detail) && (str_is(detail, "c") || str_is(detail, "C"));
}
