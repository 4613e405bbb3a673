/*
 * Signed links: what a customer may do with a link alone, without an account. The token in it names the customer and what it
 * is for, and cannot be made by anybody else; it says nothing in clear but an id. Pure, any thread.
 */
#pragma once
#include "base/str.h"
#include "base/uuid.h"

enum link_kind { LINK_PREFERENCES = 1, LINK_CONFIRM = 2 }; /* CONFIRM: the id is of a confirmation */
enum { LINK_TEXT = 64 };				   /* with NUL; base64url, RFC 4648 section 5 */

/* until: microseconds, 0 for ever. */
void link_sign(struct str secret, enum link_kind kind, const struct uuid *customer, int64_t until, char out[LINK_TEXT]);
enum link_state { LINK_GOOD, LINK_FORGED, LINK_OVER };
/* Time does not depend on how much of a forged one is right. */
enum link_state link_read(struct str secret, enum link_kind kind, struct str text, int64_t now, struct uuid *customer);
