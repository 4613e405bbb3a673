/*
 * Bytes in the charset a mail says they are in, as valid UTF-8 without NUL. Charsets are known by a table of the names
 * of the field (IANA's, WHATWG's and old programs'); only those are ever handed to iconv, since the rarer converters of
 * C libraries have had holes. Labels lie: ASCII with the eighth bit, UTF-8 called Latin-1, nothing at all. Then the
 * bytes decide: what is valid UTF-8 is UTF-8, and the rest is read as windows-1252. Pure; thread-safe.
 */
#pragma once
#include "base/arena.h"
#include "base/str.h"

/*
 * The result is `in` itself where nothing had to be changed. *wrong is set when the label was unknown or not true; it
 * may be NULL. .p NULL: out of memory. At most 3 bytes come of each.
 */
struct str charset_utf8(struct str in, struct str label, struct arena *a, bool *wrong);
bool charset_known(struct str label);
