/* What comes in by mail, as the account sees it: opened, started and stopped with it, on the same loop. */
#pragma once
#include "channel/channel.h"
#include "email/settings.h"

struct email_inbound;

/* *out NULL: nothing comes in to this account. No I/O. set, host and domain (that of our Message-IDs, for
 * message_id_read) live as long as the account. rested: see stop. */
int email_inbound_open(const struct email_settings *set, const char *domain, const struct channel_host *host,
		       void (*rested)(void *arg), void *arg, struct email_inbound **out, struct err *err);
void email_inbound_start(struct email_inbound *i);
void email_inbound_pause(struct email_inbound *i, bool paused);
void email_inbound_status(const struct email_inbound *i, struct buf *json); /* one JSON object */
/* Takes nothing more; `rested` is called, later from the loop, when it has come to rest: at the deadline at the latest. */
void email_inbound_stop(struct email_inbound *i, int64_t deadline);
bool email_inbound_stopped(const struct email_inbound *i);
void email_inbound_free(struct email_inbound **i);
