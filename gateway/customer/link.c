#include "customer/link.h"

#include <string.h>

#include "base/crypto.h"

enum { ID = 16, UNTIL = 8, MAC = 16, WHOLE = ID + UNTIL + MAC };

static void mac_of(struct str secret, enum link_kind kind, const uint8_t head[ID + UNTIL], uint8_t mac[SHA256_LEN])
{
	char signed_part[5 + ID + UNTIL] = "link";

	signed_part[4] = (char)kind;
	memcpy(signed_part + 5, head, ID + UNTIL);
	crypto_hmac_sha256(secret, str_n(signed_part, sizeof signed_part), mac);
}

void link_sign(struct str secret, enum link_kind kind, const struct uuid *customer, int64_t until, char out[LINK_TEXT])
{
	uint8_t whole[ID + UNTIL + SHA256_LEN];
	struct buf b = {.p = out, .cap = LINK_TEXT, .max = LINK_TEXT - 1};

	memcpy(whole, customer->b, ID);
	for (int k = 0; k < UNTIL; k++)
		whole[ID + k] = (uint8_t)((uint64_t)until >> (56 - 8 * k));
	mac_of(secret, kind, whole, whole + ID + UNTIL);
	crypto_b64url(&b, whole, WHOLE);
	out[b.n] = 0;
}

enum link_state link_read(struct str secret, enum link_kind kind, struct str text, int64_t now, struct uuid *customer)
{
	uint8_t mac[SHA256_LEN];
	char room[WHOLE + 4];
	struct buf b = {.p = room, .cap = sizeof room, .max = sizeof room - 1};
	uint64_t until = 0;

	if (text.n >= LINK_TEXT || !crypto_unb64url(text, &b) || b.n != WHOLE)
		return LINK_FORGED;
	mac_of(secret, kind, (const uint8_t *)room, mac);
	if (!crypto_equal(mac, room + ID + UNTIL, MAC))
		return LINK_FORGED;
	for (int k = 0; k < UNTIL; k++)
		until = until << 8 | (uint8_t)room[ID + k];
	if (until && (int64_t)until <= now)
		return LINK_OVER;
	memcpy(customer->b, room, ID);
	return LINK_GOOD;
}
