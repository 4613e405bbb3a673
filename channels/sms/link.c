/*
 * One link: a connection to the SMSC and its bind, as a state machine.
 *
 *   idle → waiting → connecting → binding → bound → unbinding → closed
 *             ↑___________|__________|________|         (any failure; pause doubles, with jitter)
 *
 * Every address of a host is tried, then the next host (standby), and once round all of them the pause grows. A link that
 * was bound for a while starts again with the shortest pause. After a failure on the standby it is the first one's turn
 * again; a working link on the standby stays there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "sms/account.h"
#include "sms/status.h"

#define SETTLED (10 * US_SEC) /* a bind that lasted so long was a good one */

static void fire_waiting(struct link *l);
static void fire_connecting(struct link *l) { link_lost(l, "connection timed out"); }
static void fire_binding(struct link *l) { link_lost(l, "no answer to the bind"); }
static void fire_bound(struct link *l);
static void fire_unbinding(struct link *l) { link_unbound(l); }

#define BIT(s) (1u << LINK_##s)

static const struct {
	const char *word;
	unsigned next; /* permitted */
	void (*fire)(struct link *l);
} states[] = {
	[LINK_IDLE] = {"idle", BIT(WAITING) | BIT(CLOSED), NULL},
	[LINK_WAITING] = {"waiting", BIT(CONNECTING) | BIT(CLOSED), fire_waiting},
	[LINK_CONNECTING] = {"connecting", BIT(CONNECTING) | BIT(BINDING) | BIT(WAITING) | BIT(CLOSED),
			     fire_connecting},
	[LINK_BINDING] = {"binding", BIT(BOUND) | BIT(WAITING) | BIT(CLOSED), fire_binding},
	[LINK_BOUND] = {"bound", BIT(UNBINDING) | BIT(WAITING) | BIT(CLOSED), fire_bound},
	[LINK_UNBINDING] = {"unbinding", BIT(CLOSED), fire_unbinding},
	[LINK_CLOSED] = {"closed", 0, NULL},
};

const char *link_state_word(enum link_state s) { return states[s].word; }

static const struct smsc_host *host_of(const struct link *l) { return &l->a->hosts[l->host_at]; }
static int64_t now_of(const struct link *l) { return loop_now(l->a->host->loop); }

static void on_timer(struct timer *t)
{
	struct link *l = OWNER(t, struct link, timer);

	if (states[l->state].fire)
		states[l->state].fire(l);
}

/* at 0: no timer. False: not permitted, which is our own fault; nothing changes. */
static bool enter(struct link *l, enum link_state s, int64_t at)
{
	if (!(states[l->state].next & (1u << s))) {
		log_error("smpp.state_not_permitted", "account", l->a->host->name, "link", l->name, "from",
			  states[l->state].word, "to", states[s].word, LOG_END);
		return false;
	}
	log_debug("smpp.link", "account", l->a->host->name, "link", l->name, "from", states[l->state].word, "to",
		  states[s].word, LOG_END);
	l->state = s;
	l->since = now_of(l);
	loop_timer_stop(l->a->host->loop, &l->timer);
	if (at)
		loop_timer(l->a->host->loop, &l->timer, at, on_timer);
	return true;
}

static void on_answers(struct timer *t)
{
	struct link *l = OWNER(t, struct link, answers);

	submit_timed_out(l);
}

/* ---- connecting ---- */

static void try_address(struct link *l)
{
	struct account *a = l->a;
	const char *name = a->set->tls_name ? a->set->tls_name : host_of(l)->name;
	char why[128];

	if (!enter(l, LINK_CONNECTING, now_of(l) + a->set->connect_timeout))
		return;
	if (transport_open(&l->t, (const struct sockaddr *)&l->found.v[l->found_at].addr, l->found.v[l->found_at].len,
			   a->tls, name, why, sizeof why))
		link_lost(l, why);
}

static void on_resolved(void *arg, const struct resolved *r, const char *error)
{
	struct link *l = arg;

	l->resolving = NULL;
	if (error) {
		link_lost(l, error);
		return;
	}
	l->found = *r;
	l->found_at = 0;
	try_address(l);
}

static void fire_waiting(struct link *l)
{
	if (l->found_at < l->found.n) {
		try_address(l);
		return;
	}
	if (enter(l, LINK_CONNECTING, now_of(l) + l->a->set->connect_timeout)) {
		struct resolve *r;
		resolve_begin(l->a->host->loop, host_of(l)->name, host_of(l)->port, on_resolved, l, &r);
		l->resolving = r;
	}
}

static void on_up(void *arg)
{
	struct link *l = arg;

	if (!enter(l, LINK_BINDING, now_of(l) + l->a->set->bind_timeout))
		return;
	l->last_in = now_of(l);
	session_bind(l);
	transport_flush(&l->t);
}

static void on_data(void *arg)
{
	struct link *l = arg;

	l->last_in = now_of(l);
	session_data(l);
	account_flush_soon(l->a);
}

static void on_lost(void *arg, const char *why) { link_lost(arg, why); }

static const struct transport_events events = {.up = on_up, .data = on_data, .lost = on_lost};

/* ---- losing ---- */

/* Half of the pause is certain, half is chance: links that fell together do not come back together. */
static int64_t back_off(struct link *l)
{
	int64_t pause = l->a->set->reconnect_min, max = l->a->set->reconnect_max;
	uint32_t dice;

	for (int i = 0; i < l->attempts / l->a->hosts_n && pause < max; i++)
		pause *= 2;
	if (pause > max)
		pause = max;
	crypto_random(&dice, sizeof dice);
	return pause / 2 + (int64_t)((uint64_t)dice * (uint64_t)(pause / 2 + 1) >> 32);
}

/* Everything that belongs to the connection goes. */
static void disconnect(struct link *l)
{
	struct account *a = l->a;

	resolve_cancel(&l->resolving);
	transport_close(&l->t);
	loop_timer_stop(a->host->loop, &l->answers);
	l->generation++;
	l->inbound = 0;
	l->bind_seq = l->enquire_seq = l->unbind_seq = 0;
	l->held_back = false;
	if (l->state == LINK_BOUND || l->state == LINK_UNBINDING) {
		a->bound_n--;
		a->bound_tx -= link_sends(l);
	}
	submit_link_lost(l);
}

static void closed(struct link *l)
{
	if (enter(l, LINK_CLOSED, 0))
		account_flush_soon(l->a);
}

static void wait_and_retry(struct link *l)
{
	bool more = l->state == LINK_CONNECTING && ++l->found_at < l->found.n;
	int64_t pause = 1;

	if (!more) {
		if (l->state == LINK_BOUND && now_of(l) - l->bound_at >= SETTLED)
			l->attempts = 0;
		pause = back_off(l);
		l->attempts++;
		l->found.n = l->found_at = 0;
		l->host_at = (l->host_at + 1) % l->a->hosts_n;
	}
	enter(l, LINK_WAITING, now_of(l) + pause);
}

static void fell(struct link *l, const char *why, bool refused)
{
	bool was_bound = l->state == LINK_BOUND;

	if (l->state == LINK_CLOSED || l->state == LINK_WAITING)
		return;
	(void)snprintf(l->reason, sizeof l->reason, "%.80s %s %.60s:%u", why, refused ? "from" : "at", host_of(l)->name,
		       host_of(l)->port);
	l->refused = refused;
	if (was_bound || l->attempts == 0)
		log_warn(refused ? "smpp.refused" : "smpp.lost", "account", l->a->host->name, "link", l->name, "reason",
			 l->reason, LOG_END);
	else
		log_info(refused ? "smpp.refused" : "smpp.lost", "account", l->a->host->name, "link", l->name, "reason",
			 l->reason, LOG_END);
	l->a->figures.lost += was_bound;
	disconnect(l);
	if (l->a->stopping || l->state == LINK_UNBINDING)
		closed(l);
	else
		wait_and_retry(l);
	account_state(l->a);
	account_flush_soon(l->a);
}

void link_lost(struct link *l, const char *why) { fell(l, why, false); }

/* The peer said no. It is asked again after the pause: a system_id may be cleared there, a stale session may end. */
void link_refused(struct link *l, uint32_t status) { fell(l, sms_status_name(status), true); }

/* ---- bound ---- */

/* When the link must be looked at again; 0: never. */
static int64_t alive_at(const struct link *l)
{
	const struct sms_settings *s = l->a->set;
	int64_t quiet = l->t.moved_at < l->last_in ? l->t.moved_at : l->last_in, at = 0;

	if (l->enquire_seq)
		at = l->enquired_at + s->response_timeout;
	else if (l->a->enquire_link)
		at = quiet + l->a->enquire_link;
	if (s->inactivity_timeout && (!at || l->last_in + s->inactivity_timeout < at))
		at = l->last_in + s->inactivity_timeout;
	return at;
}

/* Looks after an idle link: is the peer there, does it take what we write? Traffic answers the question for free. */
static void fire_bound(struct link *l)
{
	const struct sms_settings *s = l->a->set;
	int64_t now = now_of(l), at;

	if (l->held_back && !transport_clogged(&l->t)) {
		l->last_in = now; /* it is we who do not listen */
		if (l->enquire_seq)
			l->enquired_at = now;
	}
	if (l->enquire_seq && now - l->enquired_at >= s->response_timeout) {
		link_lost(l, "no answer to enquire_link");
		return;
	}
	if (s->inactivity_timeout && now - l->last_in >= s->inactivity_timeout) {
		link_lost(l, "nothing received for too long");
		return;
	}
	if (!l->enquire_seq && l->a->enquire_link &&
	    (now - l->last_in >= l->a->enquire_link || now - l->t.moved_at >= l->a->enquire_link)) {
		session_enquire(l);
		account_flush_soon(l->a);
	}
	at = alive_at(l);
	if (at)
		loop_timer(l->a->host->loop, &l->timer, at > now ? at : now + US_MS, on_timer);
}

void link_bound(struct link *l)
{
	struct account *a = l->a;

	l->bound_at = l->t.moved_at = now_of(l);
	l->refused = false;
	l->unanswered = 0;
	l->reason[0] = 0;
	if (!enter(l, LINK_BOUND, alive_at(l)))
		return;
	a->bound_n++;
	a->bound_tx += link_sends(l);
	log_info("smpp.bound", "account", a->host->name, "link", l->name, "host", host_of(l)->name, "port",
		 LOG_INT(host_of(l)->port), "system_id", a->set->system_id, "smsc", l->peer, "version",
		 LOG_INT(l->peer_version), LOG_END);
	account_state(a);
	account_flush_soon(a);
}

void link_reloaded(struct link *l)
{
	int64_t at = alive_at(l);

	if (l->state == LINK_BOUND && at)
		loop_timer(l->a->host->loop, &l->timer, at, on_timer);
}

/* Reading stops while the store owes too many answers or the peer does not take ours; it goes on at half of that. */
void link_hold_back(struct link *l)
{
	uint32_t most = (uint32_t)l->a->set->inbound_window;
	bool full = l->inbound >= most || transport_clogged(&l->t);

	if (l->held_back ? l->inbound > most / 2 || transport_clogged(&l->t) : !full)
		return;
	l->held_back = !l->held_back;
	transport_pause(&l->t, l->held_back);
}

/* ---- ending ---- */

void link_unbind(struct link *l)
{
	if (l->state != LINK_BOUND) {
		if (l->state != LINK_UNBINDING)
			link_close(l);
		return;
	}
	session_unbind(l);
	if (l->held_back) {
		l->held_back = false;
		transport_pause(&l->t, false);
	}
	enter(l, LINK_UNBINDING, now_of(l) + l->a->set->bind_timeout);
	account_flush_soon(l->a);
}

void link_unbound(struct link *l)
{
	if (l->state == LINK_UNBINDING)
		link_close(l);
	else
		link_lost(l, "unbound");
}

void link_close(struct link *l)
{
	if (l->state == LINK_CLOSED)
		return;
	disconnect(l);
	closed(l);
}

void link_start(struct link *l) { enter(l, LINK_WAITING, now_of(l)); }

int link_init(struct link *l, struct account *a, int number, enum link_bind bind)
{
	static const char *const suffix[] = {"", "/tx", "/rx"};

	*l = (struct link){.a = a, .bind = bind};
	(void)snprintf(l->name, sizeof l->name, "%d%s", number, a->set->bind == SMS_BIND_SPLIT ? suffix[bind] : "");
	transport_init(&l->t, a->host->loop, &events, l);
	l->answers.fire = on_answers;
	return window_init(&l->window, (uint32_t)a->window);
}

void link_free(struct link *l)
{
	loop_timer_stop(l->a->host->loop, &l->timer);
	loop_timer_stop(l->a->host->loop, &l->answers);
	resolve_cancel(&l->resolving);
	transport_free(&l->t);
	window_free(&l->window);
}
