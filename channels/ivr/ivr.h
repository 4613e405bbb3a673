/* The adapter of telephone calls: menus in VoiceXML over SIP, FastAGI or a carrier's platform. */
#pragma once
#include "channel/channel.h"

extern const struct channel_ops ivr_channel;
