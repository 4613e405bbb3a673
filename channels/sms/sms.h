/* SMS over SMPP 3.4: the adapter. One `[sms NAME]` section is one account with one or more binds at one SMSC. */
#pragma once
#include "channel/channel.h"

extern const struct channel_ops sms_channel;
