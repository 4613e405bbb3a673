/* The email adapter: mail out by SMTP to smart hosts. Its one export. */
#pragma once
#include "channel/channel.h"

extern const struct channel_ops email_channel;
