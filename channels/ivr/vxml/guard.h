/*
 * A script made harmless for time: loops and functions count ticks (`__t()`), `eval` and names beginning with `__` are
 * refused, and so are regular expressions that can take forever. Reads tokens as MuJS does, so that nothing hides from
 * it in what one takes for a string and the other does not. Pure; thread-safe.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

int guard_script(struct str code, struct buf *out, struct err *err);
bool guard_pattern(struct str pattern); /* of a regular expression */
