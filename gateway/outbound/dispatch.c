/*
 * The dispatcher: one thread, one loop. It owns every item that is committed, keeps each account's window full, and is
 * told by tasks what has happened: messages were committed, an offer was taken, an outcome is on disk, an account went
 * up or down. Whatever is told ends in dispatch_run of a lane.
 *
 * What keeps an item from being sent twice: it is in the index from the moment it is known until its outcome is on disk,
 * and whatever comes from the store or from a batch is dropped if the index has it.
 */
#include "base/clock.h"
#include "base/log.h"
#include "outbound/private.h"

enum { FAIR = 16 };

#define OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* ---- items ---- */

void dispatch_forget(struct item *i)
{
	struct outbound *o = i->lane->o;

	pthread_mutex_lock(&o->lock);
	items_remove(o->items, i);
	pthread_mutex_unlock(&o->lock);
	i->next = NULL;
	items_free(&i);
}

static bool marked(struct item *i)
{
	bool is;

	pthread_mutex_lock(&i->lane->o->lock);
	is = i->state == ITEM_CANCELLED;
	pthread_mutex_unlock(&i->lane->o->lock);
	return is;
}

/* To the store; what is marked cancelled stays known until the store has confirmed it (cancel.c). */
static void give_back(struct item *i)
{
	for (struct item *next; i; i = next) {
		next = i->next;
		i->boxed = false;
		if (!marked(i))
			dispatch_forget(i);
	}
}

static void wake_at(struct outbound *o, int64_t due)
{
	int64_t wait = due - clock_now(), at = loop_now(o->loop) + (wait > 0 ? wait : 0);

	if (!o->wake.slot || at < o->wake.at)
		loop_timer(o->loop, &o->wake, at, o->wake.fire);
}

/* The box does not have all that its horizon covers: it is read from the store anew. */
static void unread(struct lane *l, int priority)
{
	struct delivery_id none = {0};
	outbox_horizon(&l->box[priority], INT64_MIN, &none);
}

void dispatch_put(struct item *i)
{
	struct lane *l = i->lane;
	struct outbox *x = &l->box[i->d.priority];
	bool covered = l->mine && outbox_covers(x, i->due, &i->d.id);

	if (covered && !outbox_push(x, i)) { /* out of memory */
		unread(l, i->d.priority);
		covered = false;
	}
	if (!covered) {
		dispatch_forget(i); /* the store has it */
		return;
	}
	i->boxed = true;
	if (x->n > l->o->c.memory)
		give_back(outbox_shrink(x, l->o->c.memory / 2));
}

/* Under o->lock: takes what has been committed into the index; what is there already is dropped, and so is what there is no
 * memory for: the store has it. */
static struct item *index_chain(struct outbound *o, struct item *chain)
{
	struct item *kept = NULL, **tail = &kept, *spare = NULL;

	for (struct item *i = chain, *next; i; i = next) {
		bool known = items_find(o->items, &i->d.id) != NULL;
		next = i->next;
		i->next = NULL;
		if (known || !items_put(o->items, i)) {
			if (!known)
				unread(i->lane, i->d.priority);
			i->next = spare;
			spare = i;
		} else {
			*tail = i;
			tail = &i->next;
		}
	}
	items_free(&spare);
	return kept;
}

static void put_chain(struct item *chain)
{
	for (struct item *i = chain, *next; i; i = next) {
		next = i->next;
		i->next = NULL;
		dispatch_put(i);
	}
}

static void run_all(struct outbound *o)
{
	size_t n = atomic_load(&o->lanes_n);

	for (size_t k = 0; k < n; k++)
		dispatch_run(o->lane[k]);
}

static void on_fresh(struct task *t)
{
	struct outbound *o = OF(t, struct outbound, fresh_task);
	struct item *chain;

	pthread_mutex_lock(&o->lock);
	chain = index_chain(o, o->fresh);
	o->fresh = NULL;
	o->fresh_tail = &o->fresh;
	pthread_mutex_unlock(&o->lock);
	put_chain(chain);
	run_all(o);
}

/* ---- choosing ---- */

/* Consents change rarely: an item is asked about again only if one has changed since policy said yes to it. */
static void note_event(void *arg, const struct event *e)
{
	struct outbound *o = arg;
	o->consent_changed = e->seq;
}

static void follow_consents(struct outbound *o)
{
	static const char *const types[] = {"consent.", NULL};
	struct event_filter f = {.types = types};
	int64_t last = events_last(o->ev), at;

	while (o->consent_cursor < last) {
		at = events_read(o->ev, o->consent_cursor, &f, 1000, note_event, o, NULL);
		if (at <= o->consent_cursor) { /* too far behind to know: ask about everything */
			o->consent_changed = last;
			at = last;
		}
		o->consent_cursor = at;
	}
}

/* Whether the writer must have a word before it goes on the wire. A reader that fails leaves it to the writer as well. */
static bool needs_claim(struct outbound *o, const struct item *i, int64_t now)
{
	struct policy_question q = {
		.to = &i->d.to, .purpose = i->d.purpose, .expires_at = i->d.expires_at, .exempt = i->exempt};
	enum status status;
	const char *reason;
	struct db *db;
	int64_t later;

	if (i->d.purpose != PURPOSE_SERVICE || i->status == STATUS_SENDING)
		return true;
	if (i->d.expires_at && i->d.expires_at <= now)
		return true;
	if (i->attempts >= o->c.max_attempts)
		return true;
	if (o->consent_changed <= i->checked)
		return false;
	db = readers_get(o->r, NULL);
	return !db || policy_ask(o, db, &q, now, &status, &reason, &later, NULL) != 0;
}

/* The box to take from: high before normal before bulk, and now and then the last that has something. */
static struct outbox *choose(struct lane *l, int64_t now)
{
	struct outbox *first = NULL, *last = NULL;

	for (int p = 0; p < PRIORITIES; p++) {
		const struct item *i;
		load_box(l, p, now);
		i = outbox_first(&l->box[p]);
		if (!i || i->due > now)
			continue;
		if (!first)
			first = &l->box[p];
		last = &l->box[p];
	}
	return ++l->turn % FAIR == 0 ? last : first;
}

/* The next item that may go, taken out of its box. Cancelled ones are left in the index until the store is sure. */
static struct item *next_item(struct lane *l, int64_t now)
{
	struct outbound *o = l->o;
	struct outbox *x;

	while ((x = choose(l, now))) {
		struct item *i = outbox_pop(x);
		bool cancelled, settled;
		i->boxed = false;
		pthread_mutex_lock(&o->lock);
		cancelled = i->state == ITEM_CANCELLED;
		settled = i->marked_at == 0;
		if (!cancelled)
			i->state = ITEM_CLAIMING;
		pthread_mutex_unlock(&o->lock);
		if (!cancelled)
			return i;
		if (settled)
			dispatch_forget(i);
	}
	return NULL;
}

void dispatch_claimed(struct item *i)
{
	struct lane *l = i->lane;

	i->next = NULL;
	*l->claimed_tail = i;
	l->claimed_tail = &i->next;
	l->claimed_n++;
}

static struct item *pop_claimed(struct lane *l)
{
	struct item *i = l->claimed;

	if (!i)
		return NULL;
	l->claimed = i->next;
	if (!l->claimed)
		l->claimed_tail = &l->claimed;
	l->claimed_n--;
	return i;
}

/* ---- offering ---- */

static void offer(struct lane *l, struct item *chain, size_t n)
{
	struct outbound *o = l->o;
	size_t k = 0;

	pthread_mutex_lock(&o->lock);
	for (struct item *i = chain, *next; i; i = next) {
		next = i->next;
		i->next = NULL;
		i->state = ITEM_FLYING;
		if (i->stored_token == 0)
			i->d.token = o->next_token++;
		i->d.attempt = (uint16_t)(i->attempts + (i->stored_token ? 0 : 1));
		l->offer[k++] = i->d;
	}
	pthread_mutex_unlock(&o->lock);
	l->offering = true;
	atomic_store(&l->ready, false);
	atomic_fetch_add(&l->counts.flying, (int64_t)n);
	o->carrier.offer(o->carrier.arg, str_of(l->name), l->offer, n);
}

void dispatch_run(struct lane *l)
{
	struct outbound *o = l->o;
	struct item *go = NULL, **go_tail = &go, *claim = NULL, **claim_tail = &claim, *i;
	size_t go_n = 0, claim_n = 0;
	int64_t now = clock_now();

	if (atomic_load(&o->stopping)) {
		outcome_release(l, l->claimed, l->claimed_n);
		l->claimed = NULL;
		l->claimed_tail = &l->claimed;
		l->claimed_n = 0;
		return;
	}
	if (!l->up || !l->mine || l->blocked || l->offering || !o->carrier.offer ||
	    clock_mono() >= atomic_load(&o->until))
		return;
	follow_consents(o);
	while (go_n < OFFER_MAX && (i = pop_claimed(l))) {
		*go_tail = i;
		go_tail = &i->next;
		go_n++;
	}
	while (l->held < l->window && go_n < OFFER_MAX && claim_n < CLAIM_MAX && (i = next_item(l, now))) {
		l->held++;
		if (needs_claim(o, i, now)) {
			*claim_tail = i;
			claim_tail = &i->next;
			claim_n++;
		} else {
			*go_tail = i;
			go_tail = &i->next;
			go_n++;
		}
	}
	*claim_tail = *go_tail = NULL;
	if (claim_n)
		claim_submit(l, claim, claim_n);
	if (go_n)
		offer(l, go, go_n);
	for (int p = 0; p < PRIORITIES; p++) {
		const struct item *first = outbox_first(&l->box[p]);
		if (first && first->due > now)
			wake_at(o, first->due);
	}
}

/* What the adapter did not take was never touched: it goes back to its place. */
static void not_taken(struct lane *l, const struct delivery *d)
{
	struct outbound *o = l->o;
	bool claimed = false;
	struct item *i;

	pthread_mutex_lock(&o->lock);
	i = items_find(o->items, &d->id);
	if (i && i->state == ITEM_FLYING && i->d.token == d->token) {
		claimed = i->stored_token != 0;
		i->state = claimed ? ITEM_CLAIMED : ITEM_WAITING;
	} else {
		i = NULL;
	}
	pthread_mutex_unlock(&o->lock);
	if (!i)
		return;
	atomic_fetch_sub(&l->counts.flying, 1);
	if (!claimed) {
		l->held--;
		dispatch_put(i);
		return;
	}
	i->next = l->claimed; /* claimed and first in line */
	if (!l->claimed)
		l->claimed_tail = &i->next;
	l->claimed = i;
	l->claimed_n++;
}

static void on_taken(struct task *t)
{
	struct lane *l = OF(t, struct lane, taken_task);
	size_t taken = atomic_load(&l->taken), offered = atomic_load(&l->offered);

	l->offering = false;
	if (taken < offered)
		l->blocked = !atomic_exchange(&l->ready, false);
	for (size_t k = offered; k-- > taken;)
		not_taken(l, &l->offer[k]);
	dispatch_run(l);
}

void outbound_taken(struct outbound *o, struct str account, size_t taken, size_t offered)
{
	struct lane *l = lane_find(o, account);

	if (!l)
		return;
	atomic_store(&l->taken, taken < offered ? taken : offered);
	atomic_store(&l->offered, offered);
	loop_post_once(o->loop, &l->taken_task);
}

/* ---- the account ---- */

static void on_ready(struct task *t)
{
	struct lane *l = OF(t, struct lane, ready_task);

	if (!l->offering)
		l->blocked = false;
	dispatch_run(l);
}

static void on_state(struct task *t)
{
	struct lane *l = OF(t, struct lane, state_task);
	bool up = atomic_load(&l->state) == ACCOUNT_UP;

	if (up && !l->up)
		l->blocked = false;
	l->up = up;
	dispatch_run(l);
}

/* Something is in the store that was not handed over: forget how far we have read. */
static void on_look(struct task *t)
{
	struct lane *l = OF(t, struct lane, look_task);
	unsigned look = atomic_exchange(&l->look, 0);

	for (int p = 0; p < PRIORITIES; p++)
		if (look >> p & 1)
			unread(l, p);
	dispatch_run(l);
}

static void on_mine(struct task *t)
{
	struct lane *l = OF(t, struct lane, mine_task);

	l->mine = true;
	for (int p = 0; p < PRIORITIES; p++)
		unread(l, p);
	dispatch_run(l);
}

void dispatch_tasks(struct lane *l)
{
	l->mine_task.run = on_mine;
	l->taken_task.run = on_taken;
	l->ready_task.run = on_ready;
	l->state_task.run = on_state;
	l->look_task.run = on_look;
}

void outbound_ready(struct outbound *o, struct str account)
{
	struct lane *l = lane_find(o, account);

	if (!l)
		return;
	atomic_store(&l->ready, true);
	loop_post_once(o->loop, &l->ready_task);
}

void outbound_account_state(struct outbound *o, struct str account, enum account_state s)
{
	struct lane *l = lane_find(o, account);

	if (!l)
		return;
	atomic_store(&l->state, s);
	loop_post_once(o->loop, &l->state_task);
}

void outbound_look(struct outbound *o, struct str account, enum priority p)
{
	struct lane *l = lane_find(o, account);

	if (!l)
		return;
	atomic_fetch_or(&l->look, 1u << p);
	loop_post_once(o->loop, &l->look_task);
}

/* ---- other gateways ---- */

/* The data begins with {"n":1, */
static void note_end(void *arg, const struct event *e)
{
	struct delivery_id id = {.message = e->interaction};

	for (size_t k = 5; k < e->data.n && e->data.p[k] >= '0' && e->data.p[k] <= '9'; k++)
		id.n = (uint16_t)(id.n * 10 + (e->data.p[k] - '0'));
	cancel_note(arg, &id, clock_now());
}

static void on_news(struct task *t)
{
	static const char *const ends[] = {"message.cancelled", "message.expired", NULL};
	struct outbound *o = OF(t, struct outbound, news_task);
	struct event_filter f = {.types = ends};
	int64_t last = events_last(o->ev), at;

	while (o->news_cursor < last) {
		at = events_read(o->ev, o->news_cursor, &f, 1000, note_end, o, NULL);
		o->news_cursor = at > o->news_cursor ? at : last;
	}
	for (size_t k = 0; k < atomic_load(&o->lanes_n); k++) {
		for (int p = 0; p < PRIORITIES; p++)
			unread(o->lane[k], p);
		dispatch_run(o->lane[k]);
	}
}

void outbound_news(struct outbound *o) { loop_post_once(o->loop, &o->news_task); }
void outbound_until(struct outbound *o, int64_t mono) { atomic_store(&o->until, mono); }

int outbound_adopt(struct outbound *o, const char *account, bool clean, struct err *err)
{
	struct lane *l = lane_find(o, str_of(account));

	if (!l)
		return err_set(err, ERR_NOT_FOUND, "account_unknown", NULL, "there is no channel account \"%s\"",
			       account);
	if (!clean && restore_lane(o, l, err))
		return -1;
	loop_post_once(o->loop, &l->mine_task);
	return 0;
}

/* ---- time ---- */

static void on_wake(struct timer *t) { run_all(OF(t, struct outbound, wake)); }

static void on_chores(struct timer *t)
{
	struct outbound *o = OF(t, struct outbound, chores);
	int64_t now = clock_now();

	again_retry(o);
	if (!atomic_load(&o->stopping)) {
		cancel_settle(o, now);
		sweep_expired(o, now);
		sweep_store(o, now);
		early_sweep(o);
		run_all(o);
	}
	loop_timer(o->loop, t, loop_now(o->loop) + US_SEC, on_chores);
}

/* ---- start and stop ---- */

static void *dispatch_main(void *arg)
{
	struct outbound *o = arg;

	pthread_setname_np(pthread_self(), "dispatcher");
	readers_follow(o->r, NULL); /* if the store cannot be opened now, each reading tries again and says so */
	loop_run(o->loop);
	return NULL;
}

int dispatch_start(struct outbound *o, struct err *err)
{
	o->fresh_task.run = on_fresh;
	o->news_task.run = on_news;
	o->news_cursor = events_last(o->ev);
	o->wake.fire = on_wake;
	o->next_token = clock_now();
	o->consent_cursor = o->consent_changed = events_last(o->ev);
	if (o->consent_changed == 0)
		o->consent_changed = 1; /* what is loaded has `checked` 0 and is asked about */
	loop_timer(o->loop, &o->chores, loop_now(o->loop) + US_SEC, on_chores);
	loop_timer(o->loop, &o->wake, loop_now(o->loop), on_wake);
	if (pthread_create(&o->thread, NULL, dispatch_main, o))
		return err_set(err, ERR_INTERNAL, "thread", NULL, "cannot start the dispatcher's thread");
	o->running = true;
	return 0;
}
