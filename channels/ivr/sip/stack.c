/* The SIP thread: libre's loop, its sockets, registration, and the orders that come in. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "ivr/sip/door_private.h"

enum { STOP_STEP = 50 /* ms */, STOP_GRACE = 1000000 /* us for the last BYEs to be answered */ };

struct order *order_new(struct door *d, struct line *l, void (*run)(struct order *), size_t text)
{
	struct order *o = calloc(1, sizeof *o + text + 1);

	if (!o)
		return NULL;
	o->run = run;
	o->door = d;
	o->line = l;
	return o;
}

void order_send(struct order *o)
{
	struct door *d = o->door;
	uint64_t one = 1;

	o->next = NULL;
	pthread_mutex_lock(&d->lock);
	bool wake = !d->first;

	*d->last = o;
	d->last = &o->next;
	/* Under the lock: who takes the last order may end the thread, and the descriptor with it. */
	if (wake && write(d->wake, &one, sizeof one) < 0)
		log_error("ivr.wake", "reason", "eventfd", LOG_END);
	pthread_mutex_unlock(&d->lock);
}

static void order_free(struct order *o)
{
	for (size_t i = 0; i < o->sounds_n; i++)
		sound_drop(&o->sounds[i]);
	free(o->sounds);
	free(o);
}

static void on_orders(int flags, void *arg)
{
	struct door *d = arg;
	struct order *o;
	uint64_t n;

	(void)flags;
	pthread_mutex_lock(&d->lock);
	if (read(d->wake, &n, sizeof n) < 0 && errno != EAGAIN)
		log_error("ivr.wake", "reason", "eventfd", LOG_END);
	o = d->first;
	d->first = NULL;
	d->last = &d->first;
	pthread_mutex_unlock(&d->lock);
	while (o) {
		struct order *next = o->next;
		bool embedded = o->embedded; /* what it is part of may be gone after it has run */

		o->run(o);
		if (!embedded)
			order_free(o);
		o = next;
	}
}

int stack_auth(char **user, char **password, const char *realm, void *arg)
{
	struct door *d = arg;

	(void)realm;
	if (!d->set->sip_password)
		return EAUTH;
	int rc = str_dup(user, d->user);

	return rc ? rc : str_dup(password, d->set->sip_password);
}

static void on_register(int rc, const struct sip_msg *msg, void *arg)
{
	struct door *d = arg;
	char why[200];

	if (!rc && msg && msg->scode < 200)
		return;
	if (!rc && msg && msg->scode < 300) {
		say_state(d, ACCOUNT_UP, "registered");
		return;
	}
	if (msg)
		(void)re_snprintf(why, sizeof why, "%u %r from %s", msg->scode, &msg->reason, d->set->sip_registrar);
	else
		(void)re_snprintf(why, sizeof why, "no answer from %s: %m", d->set->sip_registrar, rc);
	say_state(d,
		  msg && (msg->scode == 401 || msg->scode == 403 || msg->scode == 407) ? ACCOUNT_REFUSED : ACCOUNT_DOWN,
		  why);
}

/* Requests outside of calls, and NOTIFY of a transfer within one. */
static bool on_request(const struct sip_msg *msg, void *arg)
{
	struct door *d = arg;

	if (!pl_strcmp(&msg->met, "OPTIONS")) {
		(void)sip_replyf(d->sip, msg, 200, "OK",
				 "Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,INFO,NOTIFY\r\n"
				 "Accept: application/sdp\r\nContent-Length: 0\r\n\r\n");
		return true;
	}
	if (!pl_strcmp(&msg->met, "NOTIFY") && transfer_notify(d, msg))
		return true;
	if (!pl_strcmp(&msg->met, "ACK"))
		return true;
	(void)sip_replyf(d->sip, msg, 405, "Method Not Allowed",
			 "Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,INFO,NOTIFY\r\nContent-Length: 0\r\n\r\n");
	return true;
}

static int listen_all(struct door *d)
{
	struct sa at;
	int rc = sa_set_str(&at, d->set->sip_address, (uint16_t)d->set->sip_port);

	if (!rc)
		rc = sip_transp_add(d->sip, SIP_TRANSP_UDP, &at);
	if (!rc)
		rc = sip_transp_add(d->sip, SIP_TRANSP_TCP, &at);
	if (rc)
		return rc;
	rc = tls_context(&d->tls, d->set);
	if (rc)
		return rc;
	sa_set_port(&at, (uint16_t)d->set->sip_tls_port);
	return sip_transp_add(d->sip, SIP_TRANSP_TLS, &at, d->tls);
}

static void name_servers(struct door *d)
{
	struct sa servers[8];
	uint32_t n = 8;
	char domain[64];

	/* Without a name server addresses still work. */
	if (dns_srv_get(domain, sizeof domain, servers, &n) == 0 && n)
		(void)dnsc_alloc(&d->dns, NULL, servers, n);
}

static void on_late(void *arg)
{
	struct door *d = arg;

	atomic_store(&d->late_us, wheel_late(d->wheel));
	tmr_start(&d->late_tmr, 1000, on_late, d);
}

void stack_start(struct order *o)
{
	struct door *d = o->door;
	char why[200];
	int rc;

	name_servers(d);
	d->wheel = wheel_new(d->set);
	rc = d->wheel ? sip_alloc(&d->sip, d->dns, 4096, 4096, 512, "threadline", NULL, d) : ENOMEM;
	if (!rc)
		rc = listen_all(d);
	if (!rc)
		rc = sipsess_listen(&d->sessions, d->sip, 4096, dialog_incoming, d);
	if (!rc)
		rc = sip_listen(&d->requests, d->sip, true, on_request, d);
	if (rc) {
		(void)re_snprintf(why, sizeof why, "%s port %d: %m", d->set->sip_address, (int)d->set->sip_port, rc);
		say_state(d, ACCOUNT_DOWN, why);
		return;
	}
	on_late(d);
	if (!d->set->sip_registrar) {
		say_state(d, ACCOUNT_UP, "listening");
		return;
	}
	rc = sipreg_register(&d->reg, d->sip, d->set->sip_registrar, d->own_uri, NULL, d->own_uri,
			     (uint32_t)(d->set->sip_expires / US_SEC), d->user, NULL, 0, 0, stack_auth, d, false,
			     on_register, d, NULL, NULL);
	if (rc)
		say_state(d, ACCOUNT_DOWN, "the registrar's address cannot be used");
}

/* Calls may go on until the deadline; then they are ended, and their BYEs have a moment. The thread ends when the adapter
 * has heard of the end of each of them. */
static void on_stop(void *arg)
{
	struct door *d = arg;
	int64_t now = clock_mono();

	if (d->lines && !d->cut && now >= d->deadline) {
		d->cut = true;
		for (struct line *l = d->lines, *next; l; l = next) {
			next = l->next;
			dialog_end(l, END_GATEWAY, 0, "the gateway stops");
		}
	}
	if (!d->lines && !d->closed) {
		d->closed = true;
		d->deadline = now + STOP_GRACE;
		d->reg = mem_deref(d->reg);
		if (d->sip)
			sip_close(d->sip, false);
	}
	if (d->closed && now >= d->deadline && atomic_load(&d->lines_n) == 0) {
		re_cancel();
		return;
	}
	tmr_start(&d->stop_tmr, STOP_STEP, on_stop, d);
}

void stack_stop(struct order *o)
{
	/* The grace is for BYEs and the end of the registration; where there are neither there is nothing to wait for. */
	on_stop(o->door);
}

static void stack_close(struct door *d)
{
	tmr_cancel(&d->stop_tmr);
	tmr_cancel(&d->late_tmr);
	wheel_free(&d->wheel);
	d->reg = mem_deref(d->reg);
	if (d->sessions)
		sipsess_close_all(d->sessions);
	d->sessions = mem_deref(d->sessions);
	d->requests = mem_deref(d->requests);
	if (d->sip)
		sip_close(d->sip, true);
	d->sip = mem_deref(d->sip);
	d->tls = mem_deref(d->tls);
	d->dns = mem_deref(d->dns);
	fd_close(d->wake);
}

/* Sound that leaves late is heard as a gap, so this thread goes before all others, where the system lets it (CAP_SYS_NICE, or
 * LimitRTPRIO= and LimitNICE= of systemd); elsewhere it stays one of many. What it starts, if anything, does not inherit it. */
static void go_first(void)
{
	const struct sched_param first = {.sched_priority = 1};

	if (pthread_setschedparam(pthread_self(), SCHED_RR | SCHED_RESET_ON_FORK, &first) != 0)
		(void)setpriority(PRIO_PROCESS, (id_t)gettid(), -10);
}

void *stack_main(void *arg)
{
	struct door *d = arg;

	go_first();
	if (re_thread_init()) {
		say_state(d, ACCOUNT_DOWN, "libre has no loop for its thread");
		say_stopped(d);
		return NULL;
	}
	tmr_init(&d->stop_tmr);
	tmr_init(&d->late_tmr);
	(void)fd_setsize(65536);
	(void)poll_method_set(METHOD_EPOLL);
	if (fd_listen(d->wake, FD_READ, on_orders, d) == 0)
		(void)re_main(NULL);
	else
		say_state(d, ACCOUNT_DOWN, "no descriptor for orders");
	stack_close(d);
	re_thread_close();
	say_stopped(d);
	return NULL;
}
