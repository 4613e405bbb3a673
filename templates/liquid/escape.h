/* Text made harmless for where it goes. */
#pragma once
#include "base/str.h"
#include "liquid/liquid.h"

void escape_html(struct buf *out, struct str s); /* & < > " ' */
void escape_for(enum liquid_escape how, struct buf *out, struct str s);
