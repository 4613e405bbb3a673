/*
 * What a visitor carries: "<visitor id and time of issue, base64url>.<HMAC-SHA256 over it, base64url>".
 * Nothing is stored: whoever can show a token signed with the account's secret is that visitor. Pure; any thread.
 */
#pragma once
#include "base/crypto.h"
#include "base/uuid.h"

enum { FILE_SIGN = 32 }; /* hex characters of a shortened HMAC: 128 bits */

void token_make(struct buf *out, struct str secret, const struct uuid *visitor, int64_t now);
/* False: not ours, or older than life (0: any age). */
bool token_read(struct str secret, struct str token, int64_t now, int64_t life, struct uuid *out);
/* What the site's own back end proves: hex HMAC-SHA256(identity_secret, external_id). */
bool token_identity_ok(struct str identity_secret, struct str external_id, struct str hex);
void token_sign_file(struct str secret, const struct uuid *visitor, struct str sha256, char out[FILE_SIGN + 1]);
bool token_file_ok(struct str secret, const struct uuid *visitor, struct str sha256, struct str sign);
