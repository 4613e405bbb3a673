#include "email/inbound.h"

int email_inbound_open(const struct email_settings *set, const char *domain, const struct channel_host *host,
		       void (*rested)(void *arg), void *arg, struct email_inbound **out, struct err *err)
{
	(void)set, (void)domain, (void)host, (void)rested, (void)arg, (void)err;
	*out = NULL;
	return 0;
}

void email_inbound_start(struct email_inbound *i) { (void)i; }

void email_inbound_pause(struct email_inbound *i, bool paused) { (void)i, (void)paused; }

void email_inbound_status(const struct email_inbound *i, struct buf *json)
{
	(void)i;
	buf_adds(json, "{}");
}

void email_inbound_stop(struct email_inbound *i, int64_t deadline) { (void)i, (void)deadline; }

bool email_inbound_stopped(const struct email_inbound *i)
{
	(void)i;
	return true;
}

void email_inbound_free(struct email_inbound **i) { *i = NULL; }
