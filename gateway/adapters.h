/* The one list of adapters. A new one is a folder under channels/ and a line in adapters.c. */
#pragma once
#include "channel/channel.h"

extern const struct channel_ops *const adapters[]; /* ended by NULL */

/* The adapter whose configuration sections are of this kind ("sms"); NULL if there is none. */
const struct channel_ops *adapter_find(const char *kind);
