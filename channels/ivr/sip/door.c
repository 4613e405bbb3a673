/* The adapter's side: each operation becomes an order to the SIP thread. */
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "channel/channel.h"
#include "ivr/sip/door_private.h"
#include "ivr/sip/speak_http.h"

#define DEBUG_MODULE "threadline"
#define DEBUG_LEVEL 0
#include <re_dbg.h>

static int check(const struct ivr_settings *set, struct err *err)
{
	struct sa sa;

	if (sa_set_str(&sa, set->sip_address, 0))
		return err_set(err, ERR_SEMANTIC, "address_invalid", "sip_address",
			       "sip_address: an IP address is expected");
	if (set->sip_rtp_last <= set->sip_rtp_first)
		return err_set(err, ERR_SEMANTIC, "range_invalid", "sip_rtp_last", "sip_rtp_last: above sip_rtp_first");
	if (set->sip_tls_port && !set->sip_tls_certificate)
		return err_set(err, ERR_SEMANTIC, "required", "sip_tls_certificate",
			       "sip_tls_certificate: needed for TLS");
	return set->sip_speech_url ? speak_http_check(set->sip_speech_url, err) : 0;
}

/* "sip:user@host:port;parameters" → host:port */
static struct str host_of(const char *uri)
{
	struct str s = str_of(uri);
	const char *at = memchr(s.p, '@', s.n), *colon = memchr(s.p, ':', s.n);
	const char *from = at ? at + 1 : colon ? colon + 1 : s.p;

	s = str_n(from, s.n - (size_t)(from - s.p));
	for (size_t i = 0; i < s.n; i++)
		if (strchr(";?>", s.p[i]))
			s.n = i;
	return s;
}

static void own_names(struct door *d)
{
	const struct ivr_settings *set = d->set;
	struct str host = set->sip_domain      ? str_of(set->sip_domain)
			  : set->sip_registrar ? host_of(set->sip_registrar)
					       : str_of(set->sip_address);

	snprintf(d->user, sizeof d->user, "%s", set->sip_user ? set->sip_user : set->number);
	snprintf(d->host_port, sizeof d->host_port, "%.*s", (int)host.n, host.p);
	snprintf(d->own_uri, sizeof d->own_uri, "sip:%s@%s", d->user, d->host_port);
}

static void sip_close_door(struct door **at)
{
	struct door *d = *at;

	if (!d)
		return;
	if (d->started)
		pthread_join(d->thread, NULL);
	voice_free(&d->voice);
	if (d->wake >= 0)
		close(d->wake);
	pthread_mutex_destroy(&d->lock);
	free(d);
	*at = NULL;
}

/* What the library says for people goes the way of the log, without its colours. */
static void on_said(int level, const char *p, size_t n, void *arg)
{
	char text[200];
	size_t k = 0;

	(void)level;
	(void)arg;
	for (size_t i = 0; i < n && k < sizeof text - 1; i++)
		if ((unsigned char)p[i] >= ' ')
			text[k++] = p[i];
	text[k] = 0;
	if (k && p[0] != '\033')
		log_info("ivr.sip_library", "text", text, LOG_END);
}

static int sip_open(const struct ivr_settings *set, const struct door_host *host, struct door **out, struct err *err)
{
	pthread_mutexattr_t inherit;
	struct door *d;

	*out = NULL;
	if (check(set, err))
		return -1;
	d = calloc(1, sizeof *d);
	if (!d)
		return err_nomem(err);
	d->set = set;
	d->host = *host;
	d->last = &d->first;
	pthread_mutexattr_init(
		&inherit); /* who holds it must not be kept waiting by others while the SIP thread wants it */
	(void)pthread_mutexattr_setprotocol(&inherit, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&d->lock, &inherit);
	pthread_mutexattr_destroy(&inherit);
	own_names(d);
	dbg_init(DBG_WARNING, DBG_NONE);
	dbg_handler_set(on_said, NULL);
	d->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->wake < 0 || libre_init()) {
		sip_close_door(&d);
		return err_set(err, ERR_INTERNAL, "sip_library", NULL, "libre does not start");
	}
	*out = d;
	return 0;
}

/* A thread that cannot be had leaves the door down; it can still be stopped and closed. */
static void sip_start(struct door *d)
{
	struct err err;

	d->voice = voice_new(d->set, &err);
	d->started = d->voice && pthread_create(&d->thread, NULL, stack_main, d) == 0;
	if (!d->started) {
		say_state(d, ACCOUNT_DOWN, "no thread for SIP");
		return;
	}
	d->start_order = (struct order){.run = stack_start, .door = d, .embedded = true};
	order_send(&d->start_order);
}

static void sip_pause(struct door *d, bool paused) { atomic_store(&d->paused, paused); }

static void sip_stop(struct door *d, int64_t deadline)
{
	atomic_store(&d->stopping, true);
	if (!d->started) {
		say_stopped(d);
		return;
	}
	d->deadline = deadline;
	d->stop_order = (struct order){.run = stack_stop, .door = d, .embedded = true};
	order_send(&d->stop_order);
}

static void sip_status(const struct door *d, struct json_out *j)
{
	json_str(j, "sip_address", str_of(d->own_uri));
	json_int(j, "lines", atomic_load(&((struct door *)(uintptr_t)d)->lines_n));
	json_int(j, "refused", atomic_load(&((struct door *)(uintptr_t)d)->refused));
	json_int(j, "rtp_late_us", atomic_load(&((struct door *)(uintptr_t)d)->late_us));
}

/* ---- operations on a line: without memory for one of them the call cannot go on */

static void cut(struct line *l)
{
	if (l->over || l->end_order.run)
		return;
	l->end_order = (struct order){.run = dialog_hang_up, .line = l, .door = l->door, .embedded = true};
	order_send(&l->end_order);
}

static struct order *ask(struct line *l, void (*run)(struct order *), size_t text)
{
	struct order *o = l->over ? NULL : order_new(l->door, l, run, text);

	if (!o)
		cut(l);
	return o;
}

static void sip_answer(struct line *l)
{
	struct order *o = ask(l, dialog_answer, 0);

	if (o)
		order_send(o);
}

static void sip_reject(struct line *l, int code)
{
	struct order *o = ask(l, dialog_reject, 0);

	if (!o)
		return;
	o->number = code;
	order_send(o);
}

static void sip_play(struct line *l, const struct piece *v, size_t n)
{
	struct order *o = ask(l, dialog_play, 0);

	if (!o)
		return;
	o->number = ++l->play_no;
	o->flag = n > 0 && v[0].bargein;
	voice_ask(l->door->voice, o, v, n);
}

static void sip_stop_play(struct line *l)
{
	struct order *o = ask(l, dialog_stop_play, 0);

	if (!o)
		return;
	o->number = l->play_no;
	order_send(o);
}

static void sip_record(struct line *l, const struct record_wish *w)
{
	struct order *o = ask(l, dialog_record, 0);

	if (!o)
		return;
	o->record = *w;
	order_send(o);
}

static void sip_stop_record(struct line *l)
{
	struct order *o = ask(l, dialog_stop_record, 0);

	if (o)
		order_send(o);
}

static void sip_transfer(struct line *l, const struct transfer_wish *w)
{
	size_t to = strlen(w->to);
	struct order *o = ask(l, dialog_transfer, to + 1 + w->from.n);

	if (!o)
		return;
	o->transfer = *w;
	memcpy(o->text, w->to, to);
	if (w->from.n)
		memcpy(o->text + to + 1, w->from.p, w->from.n);
	order_send(o);
}

static void sip_stop_transfer(struct line *l)
{
	struct order *o = ask(l, dialog_stop_transfer, 0);

	if (o)
		order_send(o);
}

static void sip_hang_up(struct line *l, const char *reason)
{
	struct order *o = ask(l, dialog_hang_up, strlen(reason));

	if (!o)
		return;
	memcpy(o->text, reason, strlen(reason));
	order_send(o);
}

static struct line *sip_place(struct door *d, struct call *c, const struct place_wish *w, struct err *err)
{
	struct line *l;
	struct order *o;

	if (!d->started || atomic_load(&d->paused) || atomic_load(&d->stopping))
		return err_set(err, ERR_UNAVAILABLE, "paused", NULL, "no calls are placed now"), NULL;
	if (!w->to.n || w->to.n > 200 || memchr(w->to.p, '>', w->to.n) || memchr(w->to.p, '\n', w->to.n))
		return err_set(err, ERR_SEMANTIC, "address_invalid", NULL, "no number and no SIP address"), NULL;
	if (w->to.p[0] != 's' && !d->set->sip_trunk && !d->set->sip_registrar)
		return err_set(err, ERR_SEMANTIC, "no_trunk", NULL, "no sip_trunk is set to call numbers by"), NULL;
	l = dialog_new(d);
	o = l ? order_new(d, l, dialog_place, w->to.n + 1 + w->from.n) : NULL;
	if (!o) {
		free(l);
		return err_nomem(err), NULL;
	}
	l->call = c;
	o->number = w->ring_ms;
	memcpy(o->text, w->to.p, w->to.n);
	if (w->from.n)
		memcpy(o->text + w->to.n + 1, w->from.p, w->from.n);
	atomic_fetch_add(&d->lines_n, 1);
	order_send(o);
	return l;
}

const struct door_ops sip_door = {
	.name = "sip",
	.open = sip_open,
	.start = sip_start,
	.pause = sip_pause,
	.stop = sip_stop,
	.close = sip_close_door,
	.status = sip_status,
	.answer = sip_answer,
	.reject = sip_reject,
	.play = sip_play,
	.stop_play = sip_stop_play,
	.record = sip_record,
	.stop_record = sip_stop_record,
	.transfer = sip_transfer,
	.stop_transfer = sip_stop_transfer,
	.hang_up = sip_hang_up,
	.place = sip_place,
};
