#include "ivr/agi.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "ivr/agi_private.h"

#define OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define AGAIN (5 * US_SEC) /* a port that is taken is tried again */

static struct loop *loop_of(const struct door *d) { return d->host->host->loop; }

/* ---- lines ---- */

static void tell_stopped(struct door *d)
{
	if (!d->stopping || d->stopped || d->lines_n)
		return;
	d->stopped = true;
	loop_timer_stop(loop_of(d), &d->deadline);
	d->host->stopped(d->host->account);
}

void line_end(struct line *l, enum end_by by, const char *reason)
{
	struct door *d = l->d;
	struct door_end e = {.by = by, .answered = l->up, .q850 = 16, .reason = reason};

	loop_timer_stop(loop_of(d), &l->soon);
	loop_unwatch(loop_of(d), &l->watch);
	close(l->fd);
	TAILQ_REMOVE(&d->lines, l, list);
	d->lines_n--;
	if (l->call)
		d->host->ended(l->call, &e);
	buf_free(&l->in);
	buf_free(&l->out);
	free(l->pieces);
	free(l);
	tell_stopped(d);
}

/* What the socket does not take at once waits for it. */
int line_write(struct line *l)
{
	while (l->out.n) {
		ssize_t n = send(l->fd, l->out.p, l->out.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return loop_rewatch(loop_of(l->d), l->watch, EPOLLIN | EPOLLOUT);
		if (n < 0)
			return -1;
		buf_consume(&l->out, (size_t)n);
	}
	return loop_rewatch(loop_of(l->d), l->watch, EPOLLIN);
}

static void on_soon(struct timer *t) { agi_pump(OF(t, struct line, soon)); }

static void soon(struct line *l) { loop_timer(loop_of(l->d), &l->soon, loop_now(loop_of(l->d)), on_soon); }

static void keep(char *to, size_t max, struct str v)
{
	size_t n = v.n < max ? v.n : max - 1;

	memcpy(to, v.p, n);
	to[n] = 0;
}

static void take_env(struct line *l, struct str name, struct str v)
{
	if (str_is(name, "uniqueid"))
		keep(l->id, sizeof l->id, v);
	else if (str_is(name, "callerid") && !str_is(v, "unknown"))
		keep(l->from, sizeof l->from, v);
	else if (str_is(name, "calleridname") && !str_is(v, "unknown"))
		keep(l->name, sizeof l->name, v);
	else if (str_is(name, "dnid") && !str_is(v, "unknown"))
		keep(l->to, sizeof l->to, v);
	else if (str_is(name, "extension") && !l->to[0])
		keep(l->to, sizeof l->to, v);
	else if (str_is(name, "network_script"))
		keep(l->menu, sizeof l->menu, v);
	else if (str_is(name, "language"))
		keep(l->language, sizeof l->language, v);
	else if (str_is(name, "callingpres")) {
		int64_t pres; /* Q.931: bits 6 and 7; 32 restricted, 64 not available */
		l->withheld = str_i64(v, &pres) && (pres & 0x60);
	}
}

/* The environment has ended. false: the line is gone. */
static bool begin(struct line *l)
{
	const struct door_caller who = {.id = str_of(l->id),
					.from = str_of(l->from),
					.to = str_of(l->to),
					.name = str_of(l->name),
					.menu = str_of(l->menu),
					.anonymous = l->withheld || !l->from[0],
					.trusted = true};

	l->call = l->id[0] ? l->d->host->incoming(l->d->host->account, l, &who) : NULL;
	if (l->call)
		return true;
	line_end(l, END_GATEWAY, "refused");
	return false;
}

/* false: the line is gone. */
static bool take_line(struct line *l, struct str text)
{
	struct str name, v;

	if (text.n && text.p[text.n - 1] == '\r')
		text.n--;
	if (l->call) {
		agi_answer(l, text);
		return true;
	}
	if (text.n == 0)
		return begin(l);
	if (++l->env_n > AGI_ENV_MAX) {
		line_end(l, END_GATEWAY, "too many variables");
		return false;
	}
	if (agi_env(text, &name, &v))
		take_env(l, name, v);
	return true;
}

static void on_lines(struct line *l)
{
	const char *end;

	while (l->in.n && (end = memchr(l->in.p, '\n', l->in.n))) {
		size_t n = (size_t)(end - l->in.p);
		if (!take_line(l, str_n(l->in.p, n)))
			return;
		buf_consume(&l->in, n + 1);
	}
	if (l->in.n >= AGI_LINE_MAX) {
		line_end(l, END_NETWORK, "a line without end");
		return;
	}
	agi_pump(l);
}

static void on_line(void *arg, uint32_t events)
{
	struct line *l = arg;
	char part[AGI_LINE_MAX];
	ssize_t n;

	if (events & EPOLLOUT && line_write(l)) {
		line_end(l, END_NETWORK, "the connection broke");
		return;
	}
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = recv(l->fd, part, sizeof part, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		line_end(l, l->gone ? END_CALLER : l->op == OP_HANG_UP ? END_GATEWAY : END_CALLER, "hung up");
		return;
	}
	buf_add(&l->in, part, (size_t)n);
	if (l->in.failed) {
		line_end(l, END_NETWORK, "out of memory");
		return;
	}
	on_lines(l);
}

/* ---- the listener ---- */

static bool may_connect(const struct door *d, const struct sockaddr_storage *a)
{
	char host[64];
	struct str item, mine;
	size_t pos = 0;

	if (getnameinfo((const struct sockaddr *)a, sizeof *a, host, sizeof host, NULL, 0, NI_NUMERICHOST))
		return false;
	mine = str_of(host);
	if (mine.n > 7 && strncmp(host, "::ffff:", 7) == 0)
		mine = str_of(host + 7);
	while (settings_list_next(d->set->agi_peers, &pos, &item))
		if (str_eq(item, mine))
			return true;
	return false;
}

static void accepted(struct door *d, int fd)
{
	struct line *l = calloc(1, sizeof *l);

	if (!l) {
		close(fd);
		return;
	}
	l->d = d;
	l->fd = fd;
	l->by = END_CALLER;
	l->soon.fire = on_soon;
	buf_init(&l->in, 4 * AGI_LINE_MAX);
	buf_init(&l->out, AGI_OUT_MAX);
	l->watch = loop_watch(loop_of(d), fd, EPOLLIN, on_line, l);
	if (!l->watch) {
		close(fd);
		free(l);
		return;
	}
	TAILQ_INSERT_TAIL(&d->lines, l, list);
	d->lines_n++;
}

static void on_accept(void *arg, uint32_t events)
{
	struct door *d = arg;
	struct sockaddr_storage from = {0};
	socklen_t n = sizeof from;
	int fd = accept4(d->fd, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	if (!may_connect(d, &from) || d->lines_n >= 2 * (size_t)d->set->calls) {
		log_warn("agi.turned_away", "account", d->host->host->name, LOG_END);
		close(fd);
		return;
	}
	accepted(d, fd);
}

static void listen_now(struct door *d);

static void on_again(struct timer *t) { listen_now(OF(t, struct door, again)); }

static void listen_now(struct door *d)
{
	int yes = 1, fd = socket(d->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	char reason[160];

	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
		if (bind(fd, (const struct sockaddr *)&d->address, d->address_n) == 0 && listen(fd, 128) == 0)
			d->watch = loop_watch(loop_of(d), fd, EPOLLIN, on_accept, d);
	}
	if (d->watch) {
		d->fd = fd;
		snprintf(reason, sizeof reason, "listening on %.120s", d->set->agi_listen);
		d->host->state(d->host->account, ACCOUNT_UP, reason);
		return;
	}
	snprintf(reason, sizeof reason, "%.80s: %s", d->set->agi_listen, strerrordesc_np(errno));
	if (fd >= 0)
		close(fd);
	d->host->state(d->host->account, ACCOUNT_DOWN, reason);
	loop_timer(loop_of(d), &d->again, loop_now(loop_of(d)) + AGAIN, on_again);
}

/* ---- what the adapter asks for ---- */

static int parse_listen(struct door *d, struct err *err)
{
	const char *text = d->set->agi_listen, *colon = strrchr(text, ':');
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM},
			*found = NULL;
	char host[64];
	size_t n = colon ? (size_t)(colon - text) : 0;

	if (n > 1 && text[0] == '[' && text[n - 1] == ']')
		snprintf(host, sizeof host, "%.*s", (int)(n - 2), text + 1);
	else
		snprintf(host, sizeof host, "%.*s", (int)n, text);
	if (!colon || getaddrinfo(host, colon + 1, &hints, &found))
		return err_set(err, ERR_SEMANTIC, "address_invalid", "agi_listen", "an address and a port expected");
	memcpy(&d->address, found->ai_addr, found->ai_addrlen);
	d->address_n = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

static void agi_close(struct door **dp)
{
	struct door *d = *dp;

	if (!d)
		return;
	loop_timer_stop(loop_of(d), &d->again);
	loop_timer_stop(loop_of(d), &d->deadline);
	loop_unwatch(loop_of(d), &d->watch);
	if (d->fd >= 0)
		close(d->fd);
	free(d);
	*dp = NULL;
}

static int agi_open(const struct ivr_settings *set, const struct door_host *host, struct door **out, struct err *err)
{
	struct door *d = calloc(1, sizeof *d);

	if (!d)
		return err_nomem(err);
	d->set = set;
	d->host = host;
	d->fd = -1;
	TAILQ_INIT(&d->lines);
	if (!strchr(set->agi_dial, '*') || strpbrk(set->agi_dial, ",\"\\&"))
		err_set(err, ERR_SEMANTIC, "dial_invalid", "agi_dial", "a channel with * for the number expected");
	else if (parse_listen(d, err) == 0) {
		*out = d;
		return 0;
	}
	agi_close(&d);
	return -1;
}

static void agi_start(struct door *d) { listen_now(d); }

static void agi_pause(struct door *d, bool paused)
{
	if (d->watch)
		loop_rewatch(loop_of(d), d->watch, paused ? 0 : EPOLLIN);
}

static void on_deadline(struct timer *t)
{
	struct door *d = OF(t, struct door, deadline);
	struct line *l, *next;

	for (l = TAILQ_FIRST(&d->lines); l; l = next) {
		next = TAILQ_NEXT(l, list);
		line_end(l, END_GATEWAY, "the gateway stops");
	}
	tell_stopped(d);
}

static void agi_stop(struct door *d, int64_t deadline)
{
	d->stopping = true;
	loop_timer_stop(loop_of(d), &d->again);
	loop_unwatch(loop_of(d), &d->watch);
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
	loop_timer(loop_of(d), &d->deadline, d->lines_n ? deadline : loop_now(loop_of(d)), on_deadline);
}

static void agi_status(const struct door *d, struct json_out *j) { json_int(j, "lines", (int64_t)d->lines_n); }

/* A hang-up that waits for an answer of Asterisk's is not taken back by what the menu does meanwhile. */
static void ask(struct line *l, enum agi_op op)
{
	if (l->op == OP_HANG_UP)
		return;
	l->op = op;
	soon(l);
}

static void agi_do_answer(struct line *l) { ask(l, OP_ANSWER); }

static void agi_reject(struct line *l, int sip)
{
	l->cause = sip == 486 || sip == 600 ? 17 : sip == 603 || sip == 403 ? 21 : 16;
	l->by = END_GATEWAY;
	ask(l, OP_REJECT);
}

/* Pieces and their strings in one block. */
static struct piece *copy(const struct piece *v, size_t n)
{
	size_t room = n * sizeof *v + 1;
	struct piece *to;
	char *at;

	for (size_t k = 0; k < n; k++)
		room += v[k].text.n + strlen(v[k].as) + strlen(v[k].format) + strlen(v[k].lang) + 4;
	to = malloc(room);
	if (!to)
		return NULL;
	at = (char *)(to + n);
	for (size_t k = 0; k < n; k++) {
		const struct str from[] = {v[k].text, str_of(v[k].as), str_of(v[k].format), str_of(v[k].lang)};
		const char *put[4];
		for (size_t i = 0; i < 4; i++) {
			if (from[i].n)
				memcpy(at, from[i].p, from[i].n);
			at[from[i].n] = 0;
			put[i] = at;
			at += from[i].n + 1;
		}
		to[k] = v[k];
		to[k].text.p = put[0];
		to[k].as = put[1];
		to[k].format = put[2];
		to[k].lang = put[3];
	}
	return to;
}

static void agi_play(struct line *l, const struct piece *v, size_t n)
{
	free(l->pieces);
	l->pieces = copy(v, n);
	l->pieces_n = l->pieces ? n : 0;
	l->piece = 0;
	l->stop = false;
	l->key = 0;
	ask(l, OP_PLAY);
}

static void agi_stop_play(struct line *l) { l->stop = true; }

static void agi_record(struct line *l, const struct record_wish *w)
{
	l->wish = *w;
	ask(l, OP_RECORD);
}

static void agi_stop_record(struct line *l) { (void)l; }

/* The user part or number of "sip:agents@host" or "tel:+49…", nothing that a dialplan takes for more than that. */
static bool dial_string(struct line *l, const char *to)
{
	const char *at, *star = strchr(l->d->set->agi_dial, '*');
	size_t n;

	at = strchr(to, ':') ? strchr(to, ':') + 1 : to;
	n = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+._-#*");
	if (n == 0 || n > 100 || !star || (at[n] && at[n] != '@' && at[n] != ';'))
		return false;
	snprintf(l->to_dial, sizeof l->to_dial, "%.*s%.*s%.60s",
		 (int)(star - l->d->set->agi_dial < 60 ? star - l->d->set->agi_dial : 60), l->d->set->agi_dial, (int)n,
		 at, star + 1);
	return true;
}

static void on_no_route(struct timer *t)
{
	struct line *l = OF(t, struct line, soon);

	l->op = OP_NONE;
	l->soon.fire = on_soon;
	l->d->host->transferred(l->call, TRANSFER_NO_ROUTE, 0);
	if (l->op == OP_NONE)
		soon(l);
}

static void agi_transfer(struct line *l, const struct transfer_wish *w)
{
	l->bridge = w->bridge;
	l->connect_ms = w->connect_ms > 0 ? w->connect_ms : 30000;
	l->max_ms = w->max_ms;
	l->talked_ms = 0;
	if (l->op == OP_HANG_UP || dial_string(l, w->to)) {
		ask(l, OP_TRANSFER);
		return;
	}
	l->op = OP_TRANSFER;
	loop_timer(loop_of(l->d), &l->soon, loop_now(loop_of(l->d)), on_no_route);
}

static void agi_stop_transfer(struct line *l) { (void)l; }

static void agi_hang_up(struct line *l, const char *reason)
{
	(void)reason;
	l->by = END_GATEWAY;
	l->stop = true;
	ask(l, OP_HANG_UP);
}

const struct door_ops agi_door = {
	.name = "fastagi",
	.open = agi_open,
	.start = agi_start,
	.pause = agi_pause,
	.stop = agi_stop,
	.close = agi_close,
	.status = agi_status,
	.answer = agi_do_answer,
	.reject = agi_reject,
	.play = agi_play,
	.stop_play = agi_stop_play,
	.record = agi_record,
	.stop_record = agi_stop_record,
	.transfer = agi_transfer,
	.stop_transfer = agi_stop_transfer,
	.hang_up = agi_hang_up,
};
