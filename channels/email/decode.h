/*
 * Content-Transfer-Encodings (RFC 2045 section 6) and uuencode, as the field writes them: base64 with foreign bytes, cut
 * or joined; quoted-printable with lone "="; lines of any length. The result is never longer than the input. Pure.
 * .p NULL: out of memory. *bad (may be NULL) is set when something was not as it should be.
 */
#pragma once
#include "base/arena.h"
#include "base/str.h"

struct str decode_base64(struct str in, struct arena *a, bool *bad);
/* header: "_" is a space (RFC 2047 section 4.2) and a line end is nothing special. */
struct str decode_quoted(struct str in, bool header, struct arena *a, bool *bad);
struct str decode_uu(struct str in, struct arena *a, bool *bad); /* from after the line "begin" to "end" */
bool decode_is_base64(struct str in); /* far more of its alphabet than of others; no words with spaces */

/* The next "begin MODE NAME" … "end" block in a text, from *at: its lines, its name, where it starts and ends. */
struct decode_block {
	struct str name, lines;
	size_t start, end;
};
bool decode_find_uu(struct str text, size_t at, struct decode_block *out);
