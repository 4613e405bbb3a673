#include "adapters.h"

#include "email/email.h"
#include "ivr/ivr.h"
#include "loopback/loopback.h"
#include "sms/sms.h"
#include "web/web.h"

const struct channel_ops *const adapters[] = {
	&sms_channel, &web_channel, &email_channel, &ivr_channel, &loopback_channel, NULL,
};

const struct channel_ops *adapter_find(const char *kind)
{
	for (const struct channel_ops *const *a = adapters; *a; a++)
		if (strcmp((*a)->name, kind) == 0)
			return *a;
	return NULL;
}
