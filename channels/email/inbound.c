#include "email/inbound.h"

#include <stdlib.h>

#include "email/imap.h"
#include "email/lmtp.h"

struct email_inbound {
	struct arrival_to where;
	struct lmtp *lmtp; /* either may be NULL */
	struct imap *imap;
};

int email_inbound_open(const struct email_settings *set, const char *domain, const struct channel_host *host,
		       void (*rested)(void *arg), void *arg, struct email_inbound **out, struct err *err)
{
	const char *hello = set->hello && set->hello[0] ? set->hello : domain;
	struct email_inbound *i = calloc(1, sizeof *i);

	*out = NULL;
	if (!i)
		return err_nomem(err);
	i->where = (struct arrival_to){set, host, domain};
	if (lmtp_open(&i->where, hello, rested, arg, &i->lmtp, err) ||
	    imap_open(&i->where, rested, arg, &i->imap, err)) {
		email_inbound_free(&i);
		return -1;
	}
	if (i->lmtp || i->imap)
		*out = i;
	else
		email_inbound_free(&i);
	return 0;
}

void email_inbound_start(struct email_inbound *i)
{
	if (i->lmtp)
		lmtp_start(i->lmtp);
	if (i->imap)
		imap_start(i->imap);
}

void email_inbound_pause(struct email_inbound *i, bool paused)
{
	if (i->lmtp)
		lmtp_pause(i->lmtp, paused);
	if (i->imap)
		imap_pause(i->imap, paused);
}

void email_inbound_status(const struct email_inbound *i, struct buf *json)
{
	struct json_out j;

	json_begin(&j, json);
	json_obj(&j, NULL);
	if (i->lmtp)
		lmtp_status(i->lmtp, &j);
	if (i->imap)
		imap_status(i->imap, &j);
	json_end(&j);
}

void email_inbound_stop(struct email_inbound *i, int64_t deadline)
{
	if (i->lmtp)
		lmtp_stop(i->lmtp, deadline);
	if (i->imap)
		imap_stop(i->imap, deadline);
}

bool email_inbound_stopped(const struct email_inbound *i)
{
	return (!i->lmtp || lmtp_stopped(i->lmtp)) && (!i->imap || imap_stopped(i->imap));
}

void email_inbound_free(struct email_inbound **ip)
{
	if (!*ip)
		return;
	lmtp_close(&(*ip)->lmtp);
	imap_close(&(*ip)->imap);
	free(*ip);
	*ip = NULL;
}
