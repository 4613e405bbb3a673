/*
 * The GSM 7 bit alphabet (3GPP TS 23.038, section 6.2.1) with its extension table and the national language tables of
 * Turkish, Spanish and Portuguese. A septet is kept as one byte; an extended character is two, the first being 0x1B.
 * Pure; any thread.
 */
#pragma once
#include "base/str.h"

enum { GSM7_ESC = 0x1B, GSM7_NONE = -1 };

/* National language identifiers (TS 23.038 section 6.2.1.2.4). */
enum gsm7_language { GSM7_DEFAULT = 0, GSM7_TURKISH = 1, GSM7_SPANISH = 2, GSM7_PORTUGUESE = 3 };

/* The tables in force: locking replaces the alphabet, single the extension. Spanish has no locking table. */
struct gsm7 {
	uint8_t locking, single;
};

/* The septet of a code point: 0..0x7F, or GSM7_ESC << 8 | second septet; GSM7_NONE if there is none. */
int gsm7_septets(struct gsm7 g, uint32_t cp);
/* Septets (one a byte; the high bit is ignored) to UTF-8. An unknown extension shows as its second septet, as section
 * 6.2.1.1 asks; a lone escape at the end as a space. */
void gsm7_decode(struct gsm7 g, struct str septets, struct buf *out);
/* Packs septets (TS 23.038 section 6.1.2.1) behind `fill` zero bits; returns the number of octets, (7n + fill + 7) / 8. */
size_t gsm7_pack(struct str septets, unsigned fill, struct buf *out);
/* Unpacks as many septets as fit. */
void gsm7_unpack(struct str octets, unsigned fill, struct buf *out);
/* "tr", "es", "pt": GSM7_DEFAULT if it is none of them. */
enum gsm7_language gsm7_language(struct str word);

/* ASCII that is the same in GSM: the fast path. */
static inline bool gsm7_is_plain(uint8_t c)
{
	return (c >= ' ' && c <= 'Z' && c != '$' && c != '@') || (c >= 'a' && c <= 'z') || c == '\n' || c == '\r';
}
