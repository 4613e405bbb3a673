/* The description of a session (SDP, RFC 3264; keys by RFC 4568) and what it makes of the sound. */
#include <errno.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "ivr/sip/door_private.h"
#include "ivr/sip/keys.h"

enum { SRTP_KEY = 30 /* master key and salt of AES_CM_128 */ };

static int new_key(struct leg *g, const char *tag, const char *suite)
{
	uint8_t key[SRTP_KEY];

	crypto_random(key, sizeof key);
	crypto_b64(g->tx_key, key, sizeof key);
	g->tx = mem_deref(g->tx);
	int rc = srtp_alloc(&g->tx,
			    strcmp(suite, "AES_CM_128_HMAC_SHA1_32") == 0 ? SRTP_AES_CM_128_HMAC_SHA1_32
									  : SRTP_AES_CM_128_HMAC_SHA1_80,
			    key, sizeof key, 0);

	return rc ? rc : sdp_media_set_lattr(g->audio, true, "crypto", "%s %s inline:%s", tag, suite, g->tx_key);
}

int leg_open(struct leg *g, struct line *l, const struct media_events *ev, bool offers, struct err *err)
{
	bool secure = offers && l->door->set->sip_srtp == IVR_SRTP_YES;
	struct sa at;
	int rc;

	g->line = l;
	g->media = media_open(l->door->wheel, ev, l, err);
	if (!g->media)
		return -1;
	rc = sa_set_str(&at, l->door->set->sip_address, 0);
	if (!rc)
		rc = sdp_session_alloc(&g->sdp, &at);
	if (!rc)
		rc = sdp_media_add(&g->audio, g->sdp, "audio", media_port(g->media),
				   secure ? sdp_proto_rtpsavp : sdp_proto_rtpavp);
	if (!rc)
		rc = sdp_media_set_alt_protos(g->audio, 2, sdp_proto_rtpavp, sdp_proto_rtpsavp);
	if (!rc)
		rc = sdp_format_add(NULL, g->audio, false, "0", "PCMU", 8000, 1, NULL, NULL, NULL, false, NULL);
	if (!rc)
		rc = sdp_format_add(NULL, g->audio, false, "8", "PCMA", 8000, 1, NULL, NULL, NULL, false, NULL);
	if (!rc)
		rc = sdp_format_add(NULL, g->audio, false, "101", "telephone-event", 8000, 1, NULL, NULL, NULL, false,
				    "0-15");
	if (!rc)
		rc = sdp_media_set_lattr(g->audio, true, "ptime", "20");
	if (!rc && secure)
		rc = new_key(g, "1", "AES_CM_128_HMAC_SHA1_80");
	g->secure = secure;
	return rc ? err_set(err, ERR_INTERNAL, "sdp", NULL, "no session description") : 0;
}

void leg_close(struct leg *g)
{
	media_close(&g->media);
	g->sess = mem_deref(g->sess); /* sends BYE, CANCEL or a refusal, whatever is due */
	g->sdp = mem_deref(g->sdp);
	g->audio = NULL;
	g->tx = mem_deref(g->tx);
	g->rx = mem_deref(g->rx);
}

/* "1 AES_CM_128_HMAC_SHA1_80 inline:<base64>|2^20|1:4" (RFC 4568 section 9.2). true: taken. */
static bool on_crypto(const char *name, const char *value, void *arg)
{
	struct leg *g = arg;
	struct pl tag, suite, key;
	uint8_t raw[64];
	size_t n = sizeof raw;
	char t[12], s[32];

	(void)name;
	if (re_regex(value, strlen(value), "[0-9]+[ ]+[^ ]+[ ]+inline:[^| ]+", &tag, NULL, &suite, NULL, &key) ||
	    tag.l >= sizeof t || suite.l >= sizeof s)
		return false;
	(void)pl_strcpy(&tag, t, sizeof t);
	(void)pl_strcpy(&suite, s, sizeof s);
	bool short_tag = strcmp(s, "AES_CM_128_HMAC_SHA1_32") == 0;

	if ((!short_tag && strcmp(s, "AES_CM_128_HMAC_SHA1_80") != 0) || key.l > 44 ||
	    base64_decode(key.p, key.l, raw, &n) || n != SRTP_KEY)
		return false;
	g->rx = mem_deref(g->rx);
	if (srtp_alloc(&g->rx, short_tag ? SRTP_AES_CM_128_HMAC_SHA1_32 : SRTP_AES_CM_128_HMAC_SHA1_80, raw, n, 0))
		return false;
	return g->offered || new_key(g, t, s) == 0;
}

/* Sound can begin, or changes (a re-INVITE that holds, moves or takes another code). */
static int apply(struct leg *g)
{
	const struct sdp_format *f = sdp_media_rformat(g->audio, NULL);
	const struct sdp_format *ev = sdp_media_rformat(g->audio, "telephone-event");
	struct media_peer p = {0};
	enum sdp_dir dir = sdp_media_rdir(g->audio);

	if (f && !str_casecmp(f->name, "telephone-event"))
		f = sdp_media_rformat(g->audio, "PCMU") ? sdp_media_rformat(g->audio, "PCMU")
							: sdp_media_rformat(g->audio, "PCMA");
	if (!f || !sdp_media_rport(g->audio))
		return ENOTSUP;
	sa_cpy(&p.to, sdp_media_raddr(g->audio));
	p.type = f->pt;
	p.event_type = ev ? ev->pt : -1;
	p.send = (dir & SDP_RECVONLY) && !sa_is_any(&p.to); /* the old way to hold is the address 0.0.0.0 */
	p.hear = dir & SDP_SENDONLY && p.send;
	if (g->tx && g->rx) {
		p.tx = g->tx;
		p.rx = g->rx;
	}
	media_set_peer(g->media, &p);
	return 0;
}

int leg_heard(struct leg *g, const struct sip_msg *msg, bool offer)
{
	int rc;
	bool secure;

	if (!mbuf_get_left(msg->mb))
		return EBADMSG;
	rc = sdp_decode(g->sdp, msg->mb, offer);
	if (rc)
		return rc;
	secure = !strcmp(sdp_media_proto(g->audio) ? sdp_media_proto(g->audio) : "", sdp_proto_rtpsavp);
	if (secure || g->secure) {
		bool ours = g->offered;

		g->offered = !offer; /* our key stands already where we offered */
		bool found = sdp_media_rattr_apply(g->audio, "crypto", on_crypto, g) != NULL;

		g->offered = ours;
		if (!found)
			return ENOTSUP;
	}
	return apply(g);
}

/* A telephone calls over a TLS connection of its own making; where it says it can be reached, nobody may listen, and hardly ever
 * is there a certificate that we could verify. What we have to say goes over that connection (RFC 5923 section 4), unless
 * proxies are on the way, which are told by Record-Route. */
void leg_reach(struct leg *g, const struct sip_msg *msg)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_CONTACT);
	struct sip_addr who;

	if (msg->tp != SIP_TRANSP_TLS || !h || sip_msg_hdr(msg, SIP_HDR_RECORD_ROUTE) ||
	    sip_addr_decode(&who, &h->val) ||
	    re_snprintf(g->contact, sizeof g->contact, "<sip:%r%s%J;transport=tls>", &who.uri.user,
			who.uri.user.l ? "@" : "", &msg->src) < 0)
		return;
	/* The library reads it again when it makes the dialog of the message, and copies it. */
	pl_set_str(&((struct sip_hdr *)(uintptr_t)h)->val, g->contact);
}

int leg_describe(struct leg *g, struct mbuf **out, bool offer) { return sdp_encode(out, g->sdp, offer); }

/* A re-INVITE: with an offer, or without one, and then ours is wanted. */
int leg_session_offer(struct mbuf **desc, const struct sip_msg *msg, void *arg)
{
	struct leg *g = arg;
	bool theirs = mbuf_get_left(msg->mb) > 0;
	int rc = theirs ? leg_heard(g, msg, true) : 0;

	leg_reach(g, msg);
	return rc ? rc : leg_describe(g, desc, !theirs);
}

int leg_session_answer(const struct sip_msg *msg, void *arg) { return leg_heard(arg, msg, false); }

void leg_session_info(struct sip *sip, const struct sip_msg *msg, void *arg)
{
	struct leg *g = arg;
	char type[64];

	(void)re_snprintf(type, sizeof type, "%r/%r", &msg->ctyp.type, &msg->ctyp.subtype);
	char key = key_info(str_of(type), str_n((const char *)mbuf_buf(msg->mb), mbuf_get_left(msg->mb)));

	(void)sip_reply(sip, msg, key ? 200 : 415, key ? "OK" : "Unsupported Media Type");
	if (key && g->media && !g->line->ended)
		media_key(g->media, key);
}
