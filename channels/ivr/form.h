/* Fields as forms write them: application/x-www-form-urlencoded (WHATWG URL Standard, section 5). */
#pragma once
#include "base/str.h"

/* The first field of that name, decoded, put into out (which is emptied first); false: there is none. */
bool form_get(struct str form, const char *name, struct buf *out);
void form_put(struct buf *out, const char *name, struct str value); /* with & where one is due */
