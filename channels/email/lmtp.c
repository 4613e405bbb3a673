#include "email/lmtp.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "email/lmtp_session.h"
#include "email/token.h"

enum { DOORS = 8, READ = 64 << 10, HELD_MAX = 256 << 20, BACKLOG = 128 };
#define AGAIN (5 * US_SEC)

struct door {
	struct lmtp *l;
	char where[256];
	int fd;
	struct watch *watch;
	char reason[160]; /* why it does not listen; empty: it does */
};

struct peer {
	LIST_ENTRY(peer) list;
	struct lmtp *l;
	int fd;
	struct watch *watch;
	struct timer idle;
	struct lmtp_rules rules;
	struct lmtp_session *session;
	char *rest; /* read, and not taken by the session yet */
	size_t rest_n, rest_at;
	uint32_t events;
	bool feeding;  /* within lmtp_feed */
	bool arriving; /* a mail of it is with the gateway */
	bool gone;     /* closed while it was: freed when it comes back */
};

struct lmtp {
	const struct arrival_to *where;
	const char *hello;
	struct door doors[DOORS];
	size_t doors_n, peers_n;
	LIST_HEAD(, peer) peers;
	struct timer again, deadline;
	size_t held;	 /* bytes of mails on their way */
	size_t arriving; /* mails */
	bool paused, stopping;
	int64_t mails, refused;
	void (*rested)(void *arg);
	void *arg;
};

#define OWNER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* ---- addresses ---- */

static int split(const char *where, char host[256], char port[16])
{
	const char *colon = strrchr(where, ':');
	size_t n = colon ? (size_t)(colon - where) : 0;

	if (!colon || !colon[1] || strlen(colon + 1) > 5 || n >= 256)
		return -1;
	if (n >= 2 && where[0] == '[' && where[n - 1] == ']') {
		where++;
		n -= 2;
	}
	memcpy(host, where, n);
	host[n] = 0;
	snprintf(port, 16, "%s", colon + 1);
	return strspn(port, "0123456789") == strlen(port) ? 0 : -1;
}

int lmtp_open(const struct arrival_to *where, const char *hello, void (*rested)(void *arg), void *arg,
	      struct lmtp **out, struct err *err)
{
	struct lmtp *l;
	struct str item;
	size_t pos = 0;

	*out = NULL;
	if (!where->set->lmtp || !where->set->lmtp[0])
		return 0;
	l = calloc(1, sizeof *l);
	if (!l)
		return err_nomem(err);
	l->where = where;
	l->hello = hello;
	l->rested = rested;
	l->arg = arg;
	LIST_INIT(&l->peers);
	while (settings_list_next(where->set->lmtp, &pos, &item)) {
		struct door *d = &l->doors[l->doors_n];
		char host[256], port[16];
		if (l->doors_n == DOORS || item.n >= sizeof d->where) {
			free(l);
			return err_set(err, ERR_SEMANTIC, "too_many", "lmtp", "at most %d addresses", DOORS);
		}
		*d = (struct door){.l = l, .fd = -1};
		memcpy(d->where, item.p, item.n);
		if (d->where[0] == '/' ? item.n >= sizeof((struct sockaddr_un *)0)->sun_path
				       : split(d->where, host, port)) {
			free(l);
			return err_set(err, ERR_SEMANTIC, "address_invalid", "lmtp",
				       "127.0.0.1:2424, [::1]:2424 or the path of a socket expected");
		}
		l->doors_n++;
	}
	*out = l;
	return 0;
}

/* ---- a peer ---- */

static void serve(struct peer *p);

static void peer_free(struct peer *p)
{
	lmtp_free(&p->session);
	free(p->rest);
	free(p);
}

static void hang_up(struct peer *p)
{
	struct lmtp *l = p->l;

	loop_timer_stop(l->where->host->loop, &p->idle);
	loop_unwatch(l->where->host->loop, &p->watch);
	close(p->fd);
	LIST_REMOVE(p, list);
	l->peers_n--;
	p->gone = true;
	if (!p->arriving)
		peer_free(p);
	if (lmtp_stopped(l))
		l->rested(l->arg);
}

static void on_idle(struct timer *t)
{
	struct peer *p = OWNER(t, struct peer, idle);

	lmtp_say_bye(p->session, "421 4.4.2 silent for too long");
	serve(p);
}

static void watch_for(struct peer *p, uint32_t events)
{
	if (events != p->events && p->watch)
		loop_rewatch(p->l->where->host->loop, p->watch, events);
	p->events = events;
}

/* false: the peer is gone. */
static bool write_out(struct peer *p)
{
	struct str out;

	while ((out = lmtp_out(p->session)).n) {
		ssize_t n = send(p->fd, out.p, out.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		lmtp_written(p->session, (size_t)n);
	}
	return true;
}

/* What was read goes through the session as far as it takes it. */
static void take_rest(struct peer *p)
{
	p->feeding = true;
	while (p->rest_at < p->rest_n) {
		size_t n = lmtp_feed(p->session, p->rest + p->rest_at, p->rest_n - p->rest_at);
		if (n == 0)
			break;
		p->rest_at += n;
	}
	p->feeding = false;
	if (p->rest_at == p->rest_n)
		p->rest_at = p->rest_n = 0;
}

static void serve(struct peer *p)
{
	bool full;

	take_rest(p);
	if (!write_out(p) || (lmtp_over(p->session) && !lmtp_out(p->session).n && !p->arriving)) {
		hang_up(p);
		return;
	}
	full = p->rest_n > 0 || lmtp_waits(p->session) || lmtp_over(p->session);
	watch_for(p, (full ? 0 : EPOLLIN) | (lmtp_out(p->session).n ? EPOLLOUT : 0));
	if (lmtp_waits(p->session))
		loop_timer_stop(p->l->where->host->loop, &p->idle);
	else
		loop_timer(p->l->where->host->loop, &p->idle,
			   loop_now(p->l->where->host->loop) + p->l->where->set->lmtp_idle, on_idle);
}

static void on_peer(void *arg, uint32_t events)
{
	struct peer *p = arg;

	if (events & EPOLLIN && p->rest_n == 0) {
		ssize_t n = recv(p->fd, p->rest, READ, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			hang_up(p);
			return;
		}
		p->rest_n = n > 0 ? (size_t)n : 0;
	} else if (events & (EPOLLERR | EPOLLHUP)) {
		hang_up(p);
		return;
	}
	serve(p);
}

/* ---- mails ---- */

static bool names(struct str item, struct str mailbox)
{
	size_t skip = item.n && item.p[0] == '@' ? 0 : 1;
	const char *at = mailbox.n ? memrchr(mailbox.p, '@', mailbox.n) : NULL;

	if (!memchr(item.p, '@', item.n)) /* a domain */
		return at && str_ieq(item, str_n(at + 1, (size_t)(mailbox.p + mailbox.n - at - 1)));
	if (skip == 0)
		return at && str_ieq(item, str_n(at, (size_t)(mailbox.p + mailbox.n - at)));
	return str_ieq(item, mailbox);
}

/* "Care <care@example.com>" or the mailbox alone. */
static struct str mailbox_of(const char *from)
{
	const char *open = strrchr(from, '<'), *close = open ? strchr(open, '>') : NULL;
	return close ? str_n(open + 1, (size_t)(close - open - 1)) : str_trim(str_of(from));
}

static bool pattern_fits(const char *pattern, struct str mailbox)
{
	const char *star = pattern ? strchr(pattern, '*') : NULL;
	size_t before, after;

	if (!pattern || !pattern[0])
		return false;
	if (!star)
		return str_ieq(str_of(pattern), mailbox);
	before = (size_t)(star - pattern);
	after = strlen(star + 1);
	return mailbox.n > before + after && str_ieq(str_n(mailbox.p, before), str_n(pattern, before)) &&
	       str_ieq(str_n(mailbox.p + mailbox.n - after, after), str_of(star + 1));
}

static enum lmtp_taken on_recipient(void *arg, struct str mailbox)
{
	struct peer *p = arg;
	struct lmtp *l = p->l;
	const struct email_settings *s = l->where->set;
	struct str item;
	size_t pos = 0;

	if (l->stopping || l->paused || l->held > HELD_MAX)
		return LMTP_LATER;
	if (pattern_fits(s->reply_address, mailbox) || pattern_fits(s->bounce_address, mailbox))
		return LMTP_OK;
	if (!s->recipients || !s->recipients[0])
		return str_ieq(mailbox_of(s->from), mailbox) ? LMTP_OK : LMTP_UNKNOWN;
	while (settings_list_next(s->recipients, &pos, &item))
		if (names(item, mailbox))
			return LMTP_OK;
	return LMTP_UNKNOWN;
}

static void on_arrived(void *arg, enum intake_answer answer, const char *why)
{
	struct peer *p = arg;
	struct lmtp *l = p->l;
	char said[220];

	l->held -= lmtp_held(p->session);
	l->arriving--;
	p->arriving = false;
	l->mails += answer == INTAKE_ACCEPTED;
	l->refused += answer != INTAKE_ACCEPTED;
	if (p->gone) {
		peer_free(p);
		if (lmtp_stopped(l))
			l->rested(l->arg);
		return;
	}
	if (answer == INTAKE_ACCEPTED)
		snprintf(said, sizeof said, "kept");
	else
		snprintf(said, sizeof said, "%s", why);
	lmtp_answer(p->session,
		    answer == INTAKE_ACCEPTED	? LMTP_OK
		    : answer == INTAKE_REJECTED ? LMTP_UNKNOWN
						: LMTP_LATER,
		    said);
	if (l->stopping)
		lmtp_say_bye(p->session, "421 4.3.2 going down");
	if (!p->feeding) /* else whoever feeds goes on */
		serve(p);
}

static void on_mail(void *arg, struct str from, const struct str *to, size_t n, struct str raw)
{
	struct peer *p = arg;

	p->arriving = true;
	p->l->arriving++;
	p->l->held += raw.n;
	if (arrival_start(p->l->where, from, to, n, raw, on_arrived, p)) {
		p->l->held -= raw.n;
		p->l->arriving--;
		p->arriving = false;
		lmtp_answer(p->session, LMTP_LATER, "out of memory");
	}
}

/* ---- doors ---- */

static struct peer *peer_new(struct lmtp *l, int fd)
{
	struct peer *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->l = l;
	p->fd = fd;
	p->rules = (struct lmtp_rules){l->hello, (size_t)l->where->set->max_size, on_recipient, on_mail, p};
	p->session = lmtp_new(&p->rules);
	p->rest = malloc(READ);
	p->events = EPOLLIN;
	p->watch = p->session && p->rest ? loop_watch(l->where->host->loop, fd, EPOLLIN, on_peer, p) : NULL;
	if (!p->watch) {
		peer_free(p);
		return NULL;
	}
	LIST_INSERT_HEAD(&l->peers, p, list);
	l->peers_n++;
	return p;
}

static void on_door(void *arg, uint32_t events)
{
	struct door *d = arg;
	struct lmtp *l = d->l;
	struct peer *p;
	int fd, one = 1;

	(void)events;
	while ((fd = accept4(d->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		static const char full[] = "421 4.3.2 too many connections\r\n";
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		p = l->peers_n < (size_t)l->where->set->lmtp_connections ? peer_new(l, fd) : NULL;
		if (p) {
			serve(p);
			continue;
		}
		if (send(fd, full, sizeof full - 1, MSG_NOSIGNAL) < 0)
			log_debug("email.lmtp_full", "account", l->where->host->name, LOG_END);
		close(fd);
	}
}

static int listen_path(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct stat st;

	memcpy(a.sun_path, path, strlen(path) + 1);
	if (fd >= 0 && stat(path, &st) == 0 && S_ISSOCK(st.st_mode)) {
		/* Left over from another life, unless somebody answers. */
		if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0 || errno != ECONNREFUSED) {
			close(fd);
			errno = EADDRINUSE;
			return -1;
		}
		unlink(path);
		close(fd);
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	}
	if (fd >= 0 && (bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, BACKLOG))) {
		int saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static int listen_port(const char *where, const char **why)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *a = NULL;
	char host[256], port[16];
	int fd, one = 1, r;

	split(where, host, port);
	r = getaddrinfo(host[0] ? host : NULL, port, &hints, &a);
	if (r) {
		*why = gai_strerror(r);
		return -1;
	}
	fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
		if (bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, BACKLOG)) {
			int saved = errno;
			close(fd);
			errno = saved;
			fd = -1;
		}
	}
	freeaddrinfo(a);
	return fd;
}

static void on_again(struct timer *t);

static void open_doors(struct lmtp *l)
{
	bool missing = false;

	for (size_t k = 0; k < l->doors_n; k++) {
		struct door *d = &l->doors[k];
		const char *why = NULL;
		if (d->fd >= 0)
			continue;
		d->fd = d->where[0] == '/' ? listen_path(d->where) : listen_port(d->where, &why);
		if (d->fd >= 0)
			d->watch = loop_watch(l->where->host->loop, d->fd, EPOLLIN, on_door, d);
		if (d->watch) {
			d->reason[0] = 0;
			log_info("email.lmtp_listens", "account", l->where->host->name, "address", d->where, LOG_END);
			continue;
		}
		if (!d->reason[0])
			log_warn("email.lmtp_failed", "account", l->where->host->name, "address", d->where, "reason",
				 why ? why : strerror(errno), LOG_END);
		snprintf(d->reason, sizeof d->reason, "%s", why ? why : strerror(errno));
		if (d->fd >= 0)
			close(d->fd);
		d->fd = -1;
		missing = true;
	}
	if (missing)
		loop_timer(l->where->host->loop, &l->again, loop_now(l->where->host->loop) + AGAIN, on_again);
}

static void on_again(struct timer *t) { open_doors(OWNER(t, struct lmtp, again)); }

static void close_doors(struct lmtp *l)
{
	loop_timer_stop(l->where->host->loop, &l->again);
	for (size_t k = 0; k < l->doors_n; k++) {
		struct door *d = &l->doors[k];
		loop_unwatch(l->where->host->loop, &d->watch);
		if (d->fd >= 0) {
			close(d->fd);
			if (d->where[0] == '/')
				unlink(d->where);
		}
		d->fd = -1;
	}
}

/* ---- the whole ---- */

void lmtp_start(struct lmtp *l) { open_doors(l); }
void lmtp_pause(struct lmtp *l, bool paused) { l->paused = paused; }

int lmtp_port(const struct lmtp *l, size_t k)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof a;

	if (k >= l->doors_n || l->doors[k].fd < 0 || getsockname(l->doors[k].fd, (struct sockaddr *)&a, &n))
		return 0;
	return a.ss_family == AF_INET	 ? ntohs(((struct sockaddr_in *)(void *)&a)->sin_port)
	       : a.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)(void *)&a)->sin6_port)
					 : 0;
}

void lmtp_status(const struct lmtp *l, struct json_out *j)
{
	json_arr(j, "lmtp");
	for (size_t k = 0; k < l->doors_n; k++) {
		json_obj(j, NULL);
		json_cstr(j, "address", l->doors[k].where);
		json_cstr(j, "state", l->doors[k].fd >= 0 ? "up" : "down");
		if (lmtp_port(l, k))
			json_int(j, "port", lmtp_port(l, k));
		if (l->doors[k].reason[0])
			json_cstr(j, "reason", l->doors[k].reason);
		json_end(j);
	}
	json_end(j);
	json_int(j, "connections", (int64_t)l->peers_n);
	json_int(j, "mails", l->mails);
	json_int(j, "refused", l->refused);
}

static void on_deadline(struct timer *t)
{
	struct lmtp *l = OWNER(t, struct lmtp, deadline);
	struct peer *p, *next;

	for (p = LIST_FIRST(&l->peers); p; p = next) {
		next = LIST_NEXT(p, list);
		hang_up(p);
	}
}

void lmtp_stop(struct lmtp *l, int64_t deadline)
{
	struct peer *p, *next;

	l->stopping = true;
	close_doors(l);
	for (p = LIST_FIRST(&l->peers); p; p = next) {
		next = LIST_NEXT(p, list);
		if (p->arriving)
			continue;
		lmtp_say_bye(p->session, "421 4.3.2 going down");
		serve(p);
	}
	if (l->peers_n)
		loop_timer(l->where->host->loop, &l->deadline, deadline, on_deadline);
}

bool lmtp_stopped(const struct lmtp *l) { return l->stopping && l->peers_n == 0 && l->arriving == 0; }

void lmtp_close(struct lmtp **lp)
{
	struct lmtp *l = *lp;
	struct peer *p, *next;

	if (!l)
		return;
	close_doors(l);
	loop_timer_stop(l->where->host->loop, &l->deadline);
	for (p = LIST_FIRST(&l->peers); p; p = next) {
		next = LIST_NEXT(p, list);
		l->stopping = false; /* nobody is told any more */
		hang_up(p);
	}
	free(l);
	*lp = NULL;
}
