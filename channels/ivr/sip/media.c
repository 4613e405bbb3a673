#include "ivr/sip/media.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "ivr/sip/keys.h"
#include "ivr/sip/media_private.h"
#include "ivr/sip/rtp.h"

static void send_frame(struct media *m, const int16_t *pcm)
{
	uint8_t out[64 + RTP_HEAD + FRAME + 64];
	size_t n = RTP_HEAD + FRAME, at = 0;
	struct rtp_packet k = {.type = (uint8_t)m->peer.type, .seq = m->seq, .ts = m->ts, .ssrc = m->ssrc};
	struct mbuf mb = {.buf = out, .size = sizeof out, .pos = 0, .end = n};

	k.marker = m->fresh;
	m->fresh = false;
	rtp_head(out, &k);
	for (int i = 0; i < FRAME; i++)
		out[RTP_HEAD + i] = m->peer.type == 8 ? g711_pcm2alaw(pcm[i]) : g711_pcm2ulaw(pcm[i]);
	if (m->peer.tx) {
		if (srtp_encrypt(m->peer.tx, &mb))
			return;
		n = mb.end;
		at = 0;
	}
	(void)sendto(m->fd, out + at, n, MSG_DONTWAIT, &m->peer.to.u.sa, m->peer.to.len);
}

/* Fills the frame from the list that plays; true when the list has come to its end with it. */
static bool take_played(struct media *m, int16_t *pcm)
{
	size_t fill = 0;

	while (fill < FRAME && m->list_at < m->list_n) {
		struct sound *s = m->list[m->list_at];
		size_t n = s->n - m->list_pos < FRAME - fill ? s->n - m->list_pos : FRAME - fill;

		memcpy(pcm + fill, s->pcm + m->list_pos, n * sizeof *pcm);
		fill += n;
		m->list_pos += n;
		if (m->list_pos == s->n) {
			m->list_at++;
			m->list_pos = 0;
		}
	}
	return m->list_at == m->list_n;
}

static void drop_list(struct media *m)
{
	for (size_t i = 0; i < m->list_n; i++)
		sound_drop(&m->list[i]);
	free(m->list);
	m->list = NULL;
	m->list_n = m->list_at = m->list_pos = 0;
	m->playing = false;
}

static void tick(struct media *m, int64_t now)
{
	int16_t pcm[FRAME] = {0};
	bool end = false;

	if (!m->on)
		return;
	if (m->playing && m->peer.send)
		end = take_played(m, pcm);
	else if (m->bridge_n >= FRAME) {
		memcpy(pcm, m->bridged, sizeof pcm);
		m->bridge_n -= FRAME;
		memmove(m->bridged, m->bridged + FRAME, m->bridge_n * sizeof *pcm);
	}
	if (m->peer.send)
		send_frame(m, pcm);
	m->seq++;
	m->ts += FRAME;
	if (end) {
		drop_list(m);
		if (m->beeping)
			media_record_now(m);
		else
			m->ev->played(m->arg);
	}
	if (!m->closed)
		media_tick_record(m, now);
	if (!m->closed && m->peer.hear && !m->told_lost && m->wheel->lost_us && now - m->heard_at > m->wheel->lost_us) {
		m->told_lost = true;
		m->ev->lost(m->arg);
	}
}

static void media_release(struct media *m)
{
	drop_list(m);
	buf_free(&m->rec);
	mem_deref(m->peer.tx);
	mem_deref(m->peer.rx);
	free(m);
}

/* One slot of the wheel; what was closed since is freed here, where nobody holds it. */
static void turn_slot(struct wheel *w, int slot, int64_t now)
{
	for (struct media **at = &w->slots[slot]; *at;) {
		struct media *m = *at;

		if (!m->closed)
			tick(m, now);
		if (m->closed) {
			*at = m->next;
			w->load[slot]--;
			media_release(m);
			continue;
		}
		at = &m->next;
	}
}

static void on_wheel(void *arg)
{
	struct wheel *w = arg;
	int64_t now = clock_mono();

	if (now - w->due > US_SEC) /* the machine slept: what is missed is missed */
		w->due = now;
	while (w->due <= now) {
		if (now - w->due > w->late)
			w->late = now - w->due;
		turn_slot(w, w->slot, now);
		w->slot = (w->slot + 1) % WHEEL_SLOTS;
		w->due += WHEEL_STEP;
		now = clock_mono();
	}
	if (now - w->late_at > US_SEC) {
		w->late_shown = w->late;
		w->late = 0;
		w->late_at = now;
	}
	tmr_start(&w->tmr, (uint64_t)((w->due - now + 999) / 1000), on_wheel, w);
}

struct wheel *wheel_new(const struct ivr_settings *set)
{
	struct wheel *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->first = (uint16_t)set->sip_rtp_first;
	w->last = (uint16_t)set->sip_rtp_last;
	w->next_port = w->first;
	w->lost_us = set->sip_rtp_timeout;
	w->address = set->sip_address;
	w->due = w->late_at = clock_mono();
	tmr_init(&w->tmr);
	tmr_start(&w->tmr, 1, on_wheel, w);
	return w;
}

void wheel_free(struct wheel **w)
{
	if (!*w)
		return;
	tmr_cancel(&(*w)->tmr);
	for (int i = 0; i < WHEEL_SLOTS; i++)
		while ((*w)->slots[i]) {
			struct media *m = (*w)->slots[i];

			(*w)->slots[i] = m->next;
			media_release(m);
		}
	free(*w);
	*w = NULL;
}

int64_t wheel_late(const struct wheel *w) { return w->late_shown; }

static int bind_port(struct wheel *w, uint16_t *port)
{
	int span = w->last - w->first + 1;

	for (int i = 0; i < span; i += 2) {
		struct sa at;
		uint16_t p = w->next_port;

		w->next_port = (uint16_t)(p + 2 > w->last ? w->first : p + 2);
		if (sa_set_str(&at, w->address, p))
			return -1;
		int fd = socket(at.u.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (fd < 0)
			return -1;
		if (bind(fd, &at.u.sa, at.len) == 0) {
			*port = p;
			return fd;
		}
		close(fd);
	}
	errno = EADDRINUSE;
	return -1;
}

struct media *media_open(struct wheel *w, const struct media_events *ev, void *arg, struct err *err)
{
	struct media *m = calloc(1, sizeof *m);
	int slot = 0;

	if (!m)
		return err_nomem(err), NULL;
	m->fd = bind_port(w, &m->port);
	if (m->fd < 0 || fd_listen(m->fd, FD_READ, media_hear, m)) {
		err_set(err, ERR_BUSY, "no_port", NULL, "no port for RTP is free");
		if (m->fd >= 0)
			close(m->fd);
		free(m);
		return NULL;
	}
	for (int i = 1; i < WHEEL_SLOTS; i++)
		if (w->load[i] < w->load[slot])
			slot = i;
	m->wheel = w;
	m->ev = ev;
	m->arg = arg;
	crypto_random(&m->ssrc, sizeof m->ssrc);
	crypto_random(&m->seq, sizeof m->seq);
	crypto_random(&m->ts, sizeof m->ts);
	m->seq &= 0x7fff; /* far from where SRTP counts over */
	m->fresh = true;
	buf_init(&m->rec, 1);
	m->next = w->slots[slot];
	w->slots[slot] = m;
	w->load[slot]++;
	return m;
}

void media_close(struct media **m)
{
	if (!*m)
		return;
	media_bridge(*m, NULL);
	(*m)->closed = true;
	fd_close((*m)->fd);
	close((*m)->fd);
	*m = NULL;
}

uint16_t media_port(const struct media *m) { return m->port; }

void media_set_peer(struct media *m, const struct media_peer *p)
{
	struct srtp *tx = m->peer.tx, *rx = m->peer.rx;

	m->peer = *p;
	m->peer.tx = mem_ref(p->tx);
	m->peer.rx = mem_ref(p->rx);
	mem_deref(tx);
	mem_deref(rx);
	if (!m->on || !m->peer.hear)
		m->told_lost = false;
	m->heard_at = clock_mono();
	m->latched = false;
	m->on = true;
}

void media_play(struct media *m, struct sound **v, size_t n, bool bargein)
{
	drop_list(m);
	m->beeping = false;
	m->list = v;
	m->list_n = n;
	m->bargein = bargein;
	m->playing = true;
}

bool media_stop_play(struct media *m)
{
	bool was = m->playing;

	drop_list(m);
	return was;
}

void media_bridge(struct media *a, struct media *b)
{
	if (a->other)
		a->other->other = NULL;
	a->other = b;
	a->bridge_n = 0;
	if (b) {
		b->other = a;
		b->bridge_n = 0;
	}
}
