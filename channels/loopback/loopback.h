/* The loopback adapter: what goes out comes back in. Its one export. */
#pragma once
#include "channel/channel.h"

extern const struct channel_ops loopback_channel;
