/* One call: what SIP tells of it, and the orders for it. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "ivr/sip/door_private.h"

struct line *dialog_new(struct door *d)
{
	struct line *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->door = d;
	tmr_init(&l->ring);
	tmr_init(&l->talk);
	return l;
}

static void dialog_link(struct line *l)
{
	l->next = l->door->lines;
	if (l->next)
		l->next->prev = l;
	l->door->lines = l;
}

static void dialog_unlink(struct line *l)
{
	if (l->prev)
		l->prev->next = l->next;
	else
		l->door->lines = l->next;
	if (l->next)
		l->next->prev = l->prev;
	l->prev = l->next = NULL;
}

void dialog_end(struct line *l, enum end_by by, int sip, const char *reason)
{
	if (l->ended)
		return;
	l->ended = true;
	tmr_cancel(&l->ring);
	tmr_cancel(&l->talk);
	if (l->leg.media)
		media_stop_record(l->leg.media, true);
	transfer_call_left(l);
	leg_close(&l->far);
	leg_close(&l->leg);
	l->refer = mem_deref(l->refer);
	dialog_unlink(l);
	say_ended(l, by, sip, reason);
}

void dialog_free(struct order *o)
{
	struct line *l = o->line;

	atomic_fetch_sub(&l->door->lines_n, 1);
	free(l);
}

/* ---- the sound says */

static void on_key(void *arg, char key, bool barged) { say_digit(arg, key, barged); }

static void on_played(void *arg) { say_played(arg, false); }

static void on_recorded(void *arg, struct door_recording *r, const int16_t *pcm, size_t n)
{
	say_recorded(arg, r, pcm, n);
}

static void on_lost(void *arg)
{
	struct line *l = arg;

	dialog_end(l, END_NETWORK, 0, "RTP stayed away");
}

const struct media_events dialog_media_events = {on_key, on_played, on_recorded, on_lost};

/* ---- SIP says */

static void on_established(const struct sip_msg *msg, void *arg)
{
	struct leg *g = arg;
	struct line *l = g->line;

	(void)msg;
	tmr_cancel(&l->ring);
	if (l->answered_said)
		return;
	l->answered_said = true;
	say_simple(l, say_answered);
}

static void on_progress(const struct sip_msg *msg, void *arg)
{
	struct leg *g = arg;

	if (msg->scode == 180 || msg->scode == 183)
		say_simple(g->line, say_ringing);
}

static void on_closed(int rc, const struct sip_msg *msg, void *arg)
{
	struct leg *g = arg;
	char why[160];

	if (msg && msg->scode) {
		(void)re_snprintf(why, sizeof why, "%u %r", msg->scode, &msg->reason);
		dialog_end(g->line, END_CALLER, msg->scode, why);
		return;
	}
	/* libre tells BYE and CANCEL as a reset of the connection. */
	if (rc == ECONNRESET || !rc) {
		dialog_end(g->line, END_CALLER, g->line->answered_said ? 0 : 487,
			   g->line->answered_said ? "BYE" : "CANCEL");
		return;
	}
	(void)re_snprintf(why, sizeof why, "%m", rc);
	dialog_end(g->line, END_NETWORK, rc == ETIMEDOUT ? 408 : 503, why);
}

static void pl_text(const struct pl *pl, char *out, size_t size)
{
	size_t n = pl->l < size - 1 ? pl->l : size - 1;

	if (pl->p)
		memcpy(out, pl->p, n);
	out[pl->p ? n : 0] = 0;
}

static bool trusted(const struct door *d, const struct sa *src)
{
	size_t pos = 0;
	struct str item;

	while (d->set->sip_trusted && settings_list_next(d->set->sip_trusted, &pos, &item)) {
		struct pl pl = {.p = item.p, .l = item.n};
		struct sa sa;

		if (sa_set(&sa, &pl, 0) == 0 && sa_cmp(&sa, src, SA_ADDR))
			return true;
	}
	return false;
}

/* RFC 3325: who is asserted counts from trusted peers only; RFC 3323: "id" or "user" of Privacy withholds it from others. */
static void read_caller(struct line *l, const struct sip_msg *msg)
{
	const struct sip_hdr *pai = sip_msg_hdr(msg, SIP_HDR_P_ASSERTED_IDENTITY);
	const struct pl name = msg->from.dname;
	struct sip_addr who;

	pl_text(&msg->callid, l->callid, sizeof l->callid);
	pl_text(&msg->from.auri, l->from, sizeof l->from);
	pl_text(&msg->ruri, l->to, sizeof l->to);
	pl_text(&name, l->name, sizeof l->name);
	l->trusted = trusted(l->door, &msg->src);
	if (l->trusted && pai && sip_addr_decode(&who, &pai->val) == 0)
		pl_text(&who.auri, l->asserted, sizeof l->asserted);
	l->anonymous = sip_msg_hdr_has_value(msg, SIP_HDR_PRIVACY, "id") ||
		       sip_msg_hdr_has_value(msg, SIP_HDR_PRIVACY, "user") ||
		       !pl_strcasecmp(&msg->from.uri.user, "anonymous") ||
		       !pl_strcasecmp(&msg->from.uri.host, "anonymous.invalid");
}

static int take_call(struct line *l, const struct sip_msg *msg, struct err *err)
{
	struct door *d = l->door;
	int rc;

	if (leg_open(&l->leg, l, &dialog_media_events, false, err))
		return 503;
	l->leg.offered = mbuf_get_left(msg->mb) > 0;
	rc = l->leg.offered ? leg_heard(&l->leg, msg, true) : 0;
	if (rc)
		return 488;
	leg_reach(&l->leg, msg);
	rc = sipsess_accept(&l->leg.sess, d->sessions, msg, 180, "Ringing", d->user, "application/sdp", NULL,
			    stack_auth, d, false, leg_session_offer, leg_session_answer, on_established,
			    leg_session_info, NULL, on_closed, &l->leg, NULL);
	return rc ? 500 : 0;
}

void dialog_incoming(const struct sip_msg *msg, void *arg)
{
	struct door *d = arg;
	struct err err;
	struct line *l;
	int code;

	if (atomic_load(&d->stopping) || atomic_load(&d->paused)) {
		(void)sip_replyf(d->sip, msg, 503, "Service Unavailable",
				 "Retry-After: 60\r\nContent-Length: 0\r\n\r\n");
		return;
	}
	l = dialog_new(d);
	if (!l) {
		(void)sip_treply(NULL, d->sip, msg, 503, "Service Unavailable");
		return;
	}
	l->incoming = true;
	read_caller(l, msg);
	code = take_call(l, msg, &err);
	if (code) {
		leg_close(&l->leg);
		free(l);
		(void)sip_treply(NULL, d->sip, msg, (uint16_t)code,
				 code == 488 ? "Not Acceptable Here" : "Service Unavailable");
		return;
	}
	atomic_fetch_add(&d->lines_n, 1);
	dialog_link(l);
	say_incoming(l);
}

/* ---- the adapter asks */

void dialog_answer(struct order *o)
{
	struct line *l = o->line;
	struct mbuf *desc = NULL;

	if (l->ended)
		return;
	int rc = leg_describe(&l->leg, &desc, !l->leg.offered);

	if (!rc)
		rc = sipsess_answer(l->leg.sess, 200, "OK", desc, NULL);
	mem_deref(desc);
	if (rc)
		dialog_end(l, END_NETWORK, 500, "it could not be answered");
}

static const char *reason_of(int code)
{
	switch (code) {
	case 404: return "Not Found";
	case 480: return "Temporarily Unavailable";
	case 486: return "Busy Here";
	case 503: return "Service Unavailable";
	case 603: return "Decline";
	default: return "Rejected";
	}
}

void dialog_reject(struct order *o)
{
	struct line *l = o->line;
	int code = o->number >= 400 && o->number <= 699 ? o->number : 603;

	if (l->ended)
		return;
	(void)sipsess_reject(l->leg.sess, (uint16_t)code, reason_of(code), code == 503 ? "Retry-After: 30\r\n%s" : "%s",
			     "Content-Length: 0\r\n\r\n");
	dialog_end(l, END_GATEWAY, code, reason_of(code));
}

void dialog_play(struct order *o)
{
	struct line *l = o->line;

	if (l->ended)
		return;
	if (o->number <= l->stopped_no || !o->sounds_n) {
		say_played(l, false);
		return;
	}
	media_play(l->leg.media, o->sounds, o->sounds_n, o->flag);
	l->play_now = o->number;
	o->sounds = NULL; /* the media's now */
	o->sounds_n = 0;
}

void dialog_stop_play(struct order *o)
{
	struct line *l = o->line;

	if (l->ended)
		return;
	l->stopped_no = o->number;
	if (media_stop_play(l->leg.media))
		say_played(l, false);
}

void dialog_record(struct order *o)
{
	struct line *l = o->line;

	if (!l->ended)
		media_record(l->leg.media, &o->record, (size_t)l->door->set->max_recording);
}

void dialog_stop_record(struct order *o)
{
	if (!o->line->ended)
		media_stop_record(o->line->leg.media, false);
}

void dialog_hang_up(struct order *o)
{
	struct line *l = o->line;

	if (l->ended)
		return;
	if (l->leg.sess && *o->text && !o->embedded && !strpbrk(o->text, "\"\\\r\n"))
		(void)sipsess_set_close_headers(l->leg.sess, "Reason: SIP;text=\"%s\"\r\n", o->text);
	dialog_end(l, END_GATEWAY, 0, *o->text && !o->embedded ? o->text : "hung up");
}

static void on_ring_out(void *arg) { dialog_end(arg, END_GATEWAY, 408, "no answer"); }

void dialog_place(struct order *o)
{
	struct line *l = o->line;
	struct door *d = l->door;
	const char *from = o->text + strlen(o->text) + 1;
	char uri[300], own[300];
	struct mbuf *desc = NULL;
	struct err err;

	dialog_link(l);
	l->placing = true;
	address_uri(d, str_of(o->text), uri, sizeof uri);
	(void)re_snprintf(own, sizeof own, "sip:%s@%s", *from && !strpbrk(from, "@:;<> ") ? from : d->user,
			  d->host_port);
	if (!d->sessions || leg_open(&l->leg, l, &dialog_media_events, true, &err)) {
		dialog_end(l, END_GATEWAY, 503, "no line is free");
		return;
	}
	int rc = leg_describe(&l->leg, &desc, true);

	if (!rc)
		rc = sipsess_connect(&l->leg.sess, d->sessions, uri, NULL, own, d->user, NULL, 0, "application/sdp",
				     desc, stack_auth, d, false, leg_session_offer, leg_session_answer, on_progress,
				     on_established, leg_session_info, NULL, on_closed, &l->leg, NULL);
	mem_deref(desc);
	if (rc) {
		dialog_end(l, END_NETWORK, rc == EINVAL ? 404 : 503, "the call could not be sent");
		return;
	}
	tmr_start(&l->ring, (uint64_t)(o->number > 0 ? o->number : 60000), on_ring_out, l);
}
