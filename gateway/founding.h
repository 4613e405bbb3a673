/* What the store must hold before anyone works on it: the gateway's secret, and the values that never merge people. */
#pragma once
#include "config.h"
#include "store/writer.h"

enum { GATEWAY_SECRET = 32 };

/* Makes the secret once and reads it ever after; takes the never_merge list of the configuration over. */
int founding(struct writer *w, const struct config *c, uint8_t secret[GATEWAY_SECRET], struct err *err);
