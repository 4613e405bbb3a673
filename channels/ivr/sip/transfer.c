/* Handing a caller on: blind by REFER (RFC 3515), or a second call of ours and the two bridged. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "ivr/sip/door_private.h"

/* The trunk's address with the number as its user: "sip:trunk.example;transport=tcp" → "sip:+49…@trunk.example;…". */
void address_uri(const struct door *d, struct str to, char *out, size_t size)
{
	struct str trunk = str_of(d->set->sip_trunk ? d->set->sip_trunk : d->set->sip_registrar);
	const char *at;

	if (to.n > 4 && (memcmp(to.p, "sip:", 4) == 0 || (to.n > 5 && memcmp(to.p, "sips:", 5) == 0))) {
		snprintf(out, size, "%.*s", (int)to.n, to.p);
		return;
	}
	if (to.n > 4 && memcmp(to.p, "tel:", 4) == 0)
		to = str_n(to.p + 4, to.n - 4);
	if (trunk.n > 4 && memcmp(trunk.p, "sip:", 4) == 0)
		trunk = str_n(trunk.p + 4, trunk.n - 4);
	at = memchr(trunk.p, '@', trunk.n);
	if (at)
		trunk = str_n(at + 1, trunk.n - (size_t)(at + 1 - trunk.p));
	snprintf(out, size, "sip:%.*s@%.*s", (int)to.n, to.p, (int)trunk.n, trunk.p);
}

static enum transfer_end end_of(int sip)
{
	switch (sip) {
	case 486:
	case 600: return TRANSFER_BUSY;
	case 408:
	case 480:
	case 487: return TRANSFER_NO_ANSWER;
	case 404:
	case 484:
	case 604: return TRANSFER_NO_ROUTE;
	case 500:
	case 502:
	case 503:
	case 504: return TRANSFER_NETWORK;
	default: return TRANSFER_REFUSED;
	}
}

static void finish(struct line *l, enum transfer_end how)
{
	int ms = l->bridged ? (int)((clock_mono() - l->talk_from) / US_MS) : 0;

	if (!l->transferring)
		return;
	l->transferring = l->bridging = l->bridged = false;
	tmr_cancel(&l->talk);
	leg_close(&l->far);
	say_transferred(l, how, ms);
}

void transfer_call_left(struct line *l) { finish(l, l->bridging ? TRANSFER_CALLER_LEFT : TRANSFER_UNKNOWN); }

void dialog_stop_transfer(struct order *o)
{
	if (!o->line->ended)
		finish(o->line, o->line->bridged ? TRANSFER_CUT : TRANSFER_NO_ANSWER);
}

/* ---- blind */

static void on_refer(int rc, const struct sip_msg *msg, void *arg)
{
	struct line *l = arg;

	if (!rc && msg && msg->scode < 200)
		return;
	l->refer = NULL;
	if (rc || !msg)
		finish(l, TRANSFER_NETWORK);
	else if (msg->scode >= 300)
		finish(l, msg->scode == 405 || msg->scode == 501 || msg->scode == 420 ? TRANSFER_UNSUPPORTED
										      : end_of(msg->scode));
	/* 202: what becomes of it comes by NOTIFY */
}

static void on_refer_late(void *arg) { finish(arg, TRANSFER_UNKNOWN); }

static int send_refer(struct line *l, const char *uri)
{
	struct door *d = l->door;
	struct sip_auth *auth = NULL;
	struct sip_dialog *dlg = sipsess_dialog(l->leg.sess);
	struct sa at;
	int rc = sip_auth_alloc(&auth, stack_auth, d, false);

	if (!rc)
		rc = sip_transp_laddr(d->sip, &at, SIP_TRANSP_UDP, NULL);
	if (!rc)
		rc = sip_drequestf(
			&l->refer, d->sip, true, "REFER", dlg, 0, auth, NULL, on_refer, l,
			"Contact: <sip:%s@%J>\r\nRefer-To: <%s>\r\nReferred-By: <%s>\r\nContent-Length: 0\r\n\r\n",
			d->user, &at, uri, d->own_uri);
	mem_deref(auth);
	return rc;
}

/* A NOTIFY of event refer has a status line as its body (message/sipfrag, RFC 3420): "SIP/2.0 200 OK". */
bool transfer_notify(struct door *d, const struct sip_msg *msg)
{
	struct pl status;
	struct line *l = d->lines;

	while (l && pl_strcmp(&msg->callid, l->callid) != 0)
		l = l->next;
	if (!l)
		return false;
	(void)sip_reply(d->sip, msg, 200, "OK");
	if (!l->transferring || l->bridging ||
	    re_regex((const char *)mbuf_buf(msg->mb), mbuf_get_left(msg->mb), "SIP/2.0 [0-9]3", &status))
		return true;
	uint32_t code = pl_u32(&status);

	if (code >= 200)
		finish(l, code < 300 ? TRANSFER_DONE : end_of((int)code));
	return true;
}

/* ---- bridge */

static void far_key(void *arg, char key, bool barged)
{
	(void)arg;
	(void)key;
	(void)barged;
}

static void far_played(void *arg) { (void)arg; }

static void far_recorded(void *arg, struct door_recording *r, const int16_t *pcm, size_t n)
{
	(void)arg;
	(void)r;
	(void)pcm;
	(void)n;
}

static void far_lost(void *arg) { finish(arg, TRANSFER_CUT); }

const struct media_events far_media_events = {far_key, far_played, far_recorded, far_lost};

static void on_talk_over(void *arg)
{
	struct line *l = arg;

	finish(l, l->bridged ? TRANSFER_MAX_TIME : TRANSFER_NO_ANSWER);
}

static void on_far_up(const struct sip_msg *msg, void *arg)
{
	struct leg *g = arg;
	struct line *l = g->line;

	(void)msg;
	l->bridged = true;
	l->talk_from = clock_mono();
	tmr_cancel(&l->talk);
	if (l->talk_ms > 0)
		tmr_start(&l->talk, (uint64_t)l->talk_ms, on_talk_over, l);
	media_bridge(l->leg.media, g->media);
}

static void on_far_closed(int rc, const struct sip_msg *msg, void *arg)
{
	struct leg *g = arg;
	struct line *l = g->line;

	(void)rc;
	if (l->bridged)
		finish(l, rc && rc != ECONNRESET ? TRANSFER_CUT : TRANSFER_FAR_LEFT);
	else
		finish(l, msg && msg->scode ? end_of(msg->scode) : TRANSFER_NETWORK);
}

static void on_far_progress(const struct sip_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
}

static int call_far(struct line *l, const char *uri, const char *from)
{
	struct door *d = l->door;
	struct mbuf *desc = NULL;
	char own[300];
	struct err err;

	(void)re_snprintf(own, sizeof own, "sip:%s@%s", *from && !strpbrk(from, "@:;<> ") ? from : d->user,
			  d->host_port);
	if (leg_open(&l->far, l, &far_media_events, true, &err))
		return ENOMEM;
	int rc = leg_describe(&l->far, &desc, true);

	if (!rc)
		rc = sipsess_connect(&l->far.sess, d->sessions, uri, NULL, own, d->user, NULL, 0, "application/sdp",
				     desc, stack_auth, d, false, leg_session_offer, leg_session_answer, on_far_progress,
				     on_far_up, leg_session_info, NULL, on_far_closed, &l->far, NULL);
	mem_deref(desc);
	return rc;
}

void dialog_transfer(struct order *o)
{
	struct line *l = o->line;
	const char *from = o->text + strlen(o->text) + 1;
	char uri[300];

	if (l->ended)
		return;
	if (strpbrk(o->text, "<>\r\n ") ||
	    (o->text[0] != 's' && !l->door->set->sip_trunk && !l->door->set->sip_registrar)) {
		say_transferred(l, TRANSFER_NO_ROUTE, 0);
		return;
	}
	address_uri(l->door, str_of(o->text), uri, sizeof uri);
	l->transferring = true;
	l->bridging = o->transfer.bridge;
	l->talk_ms = o->transfer.max_ms;
	tmr_start(&l->talk, (uint64_t)(o->transfer.connect_ms > 0 ? o->transfer.connect_ms : 30000),
		  l->bridging ? on_talk_over : on_refer_late, l);
	if (l->bridging ? call_far(l, uri, from) : send_refer(l, uri))
		finish(l, TRANSFER_NETWORK);
}
