#include "email/inbound.h"

#include <stdlib.h>

#include "email/lmtp.h"

struct email_inbound {
	struct arrival_to where;
	struct lmtp *lmtp;
};

int email_inbound_open(const struct email_settings *set, const char *domain, const struct channel_host *host,
		       void (*rested)(void *arg), void *arg, struct email_inbound **out, struct err *err)
{
	struct email_inbound *i;

	*out = NULL;
	if (!set->lmtp || !set->lmtp[0])
		return 0;
	i = calloc(1, sizeof *i);
	if (!i)
		return err_nomem(err);
	i->where = (struct arrival_to){set, host, domain};
	if (lmtp_open(&i->where, set->hello && set->hello[0] ? set->hello : domain, rested, arg, &i->lmtp, err)) {
		free(i);
		return -1;
	}
	*out = i;
	return 0;
}

void email_inbound_start(struct email_inbound *i) { lmtp_start(i->lmtp); }
void email_inbound_pause(struct email_inbound *i, bool paused) { lmtp_pause(i->lmtp, paused); }
void email_inbound_status(const struct email_inbound *i, struct buf *json) { lmtp_status(i->lmtp, json); }
void email_inbound_stop(struct email_inbound *i, int64_t deadline) { lmtp_stop(i->lmtp, deadline); }
bool email_inbound_stopped(const struct email_inbound *i) { return lmtp_stopped(i->lmtp); }

void email_inbound_free(struct email_inbound **ip)
{
	if (!*ip)
		return;
	lmtp_close(&(*ip)->lmtp);
	free(*ip);
	*ip = NULL;
}
