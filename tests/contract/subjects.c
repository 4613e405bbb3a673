#include "contract/subjects.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "email/email.h"
#include "ivr/ivr.h"
#include "loopback/loopback.h"
#include "sms/sms.h"
#include "unit/email_smarthost.h"
#include "unit/sms_smsc.h"

enum { DELIVER_SM = 5 };

static void *smsc_peer_open(int *port)
{
	struct smsc *s = calloc(1, sizeof *s);

	cr_assert(s);
	smsc_open(s);
	*port = s->port;
	return s;
}

static void smsc_peer_step(void *peer) { smsc_step(peer); }

static void smsc_peer_close(void *peer)
{
	smsc_close(peer);
	free(peer);
}

static bool smsc_peer_brings(void *peer)
{
	smsc_deliver(peer, 0, 1, "4915112345678", "40404", 0, 0, "hello", 5);
	return true;
}

static void *smarthost_peer_open(int *port)
{
	struct smarthost *h = calloc(1, sizeof *h);

	cr_assert(h);
	smarthost_open(h);
	*port = h->port;
	return h;
}

static void smarthost_peer_step(void *peer) { smarthost_step(peer); }

static void smarthost_peer_close(void *peer)
{
	smarthost_close(peer);
	free(peer);
}

const struct subject subjects[] = {
	{.name = "loopback", .ops = &loopback_channel, .settings = "window = 8\n", .to = "+4915112345678"},
	{.name = "loopback with a delay",
	 .ops = &loopback_channel,
	 .settings = "window = 8\ndelay = 50ms\n",
	 .to = "+4915112345678"},
	{.name = "sms",
	 .ops = &sms_channel,
	 .to = "+4915112345678",
	 .settings = "host = 127.0.0.1\nport = %d\nsystem_id = test\npassword = secret\nwindow = 4\nqueue = 8\n",
	 .peer_open = smsc_peer_open,
	 .peer_step = smsc_peer_step,
	 .peer_close = smsc_peer_close,
	 .peer_brings = smsc_peer_brings},
	{.name = "email",
	 .ops = &email_channel,
	 .to = "anna@example.org",
	 .scheme = SCHEME_MAIL,
	 .settings = "from = care@example.com\nhosts = 127.0.0.1:%d\ntls = none\nconnections = 4\n",
	 .peer_open = smarthost_peer_open,
	 .peer_step = smarthost_peer_step,
	 .peer_close = smarthost_peer_close,
	 .silent = true},
	{.name = "ivr without a way to call",
	 .ops = &ivr_channel,
	 .to = "+4915112345678",
	 .settings = "number = +49304000\nmenus = etc/ivr\nagi_listen = 127.0.0.1:0\n",
	 .silent = true,
	 .refuses = true},
	{0},
};
