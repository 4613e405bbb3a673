/*
 * Blocks of numbers that are known to be in their one form already, so that the hot path need not ask libphonenumber
 * (some 15 µs) for each message.
 *
 * A block is the first seven digits and the length. Whether a clean international number is possible, and whether it is
 * the canonical one, is decided by just these in every numbering plan the library has: lengths go by country code, and
 * what is rewritten (trunk prefixes, mobile tokens) stands right behind it. So one number that came through unchanged
 * vouches for its block. A network has some thousands of blocks; each thread remembers as many in 16 KiB, and forgets by
 * overwriting.
 */
#pragma once
#include "base/str.h"

/* Is it "+" and digits, nothing else, of a block that is known on this thread? */
bool phone_seen(struct str e164);
void phone_seen_add(struct str e164); /* it came through unchanged */
