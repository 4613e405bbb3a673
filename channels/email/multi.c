#include "email/multi.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

struct socket_ {
	struct multi *m;
	struct watch *watch;
	int fd;
	uint32_t events;
};

struct multi {
	struct loop *loop;
	CURLM *curl;
	struct socket_ **by_fd;
	size_t fds;
	struct timer timer;
	bool closing;
};

static void read_ends(struct multi *m)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(m->curl, &left))) {
		struct transfer *t = NULL;
		CURLcode code = msg->data.result;
		if (msg->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&t) != CURLE_OK || !t)
			continue;
		t->ended(t, code);
	}
}

static void act(struct multi *m, curl_socket_t fd, int what)
{
	int running;

	curl_multi_socket_action(m->curl, fd, what, &running);
	read_ends(m);
}

/* ---- sockets ---- */

static void forget(struct multi *m, int fd)
{
	struct socket_ *s = fd >= 0 && (size_t)fd < m->fds ? m->by_fd[fd] : NULL;

	if (!s)
		return;
	loop_unwatch(m->loop, &s->watch);
	free(s);
	m->by_fd[fd] = NULL;
}

static void on_ready(void *arg, uint32_t events)
{
	struct socket_ *s = arg;
	struct multi *m = s->m;
	int what = 0;

	if (events & EPOLLIN)
		what |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (events & (EPOLLERR | EPOLLHUP))
		what |= CURL_CSELECT_ERR;
	act(m, s->fd, what);
}

static bool make_room(struct multi *m, size_t fd)
{
	size_t n = m->fds ? m->fds : 64;
	struct socket_ **v;

	if (fd < m->fds)
		return true;
	while (n <= fd)
		n *= 2;
	v = realloc(m->by_fd, n * sizeof(struct socket_ *));
	if (!v)
		return false;
	for (size_t i = m->fds; i < n; i++)
		v[i] = NULL;
	m->by_fd = v;
	m->fds = n;
	return true;
}

static int watch(struct multi *m, int fd, uint32_t events)
{
	struct socket_ *s;

	if (fd < 0 || !make_room(m, (size_t)fd))
		return -1;
	s = m->by_fd[fd];
	if (s) {
		if (s->events == events)
			return 0;
		s->events = events;
		return loop_rewatch(m->loop, s->watch, events);
	}
	s = calloc(1, sizeof *s);
	if (!s)
		return -1;
	*s = (struct socket_){.m = m, .fd = fd, .events = events};
	s->watch = loop_watch(m->loop, fd, events, on_ready, s);
	if (!s->watch) {
		free(s);
		return -1;
	}
	m->by_fd[fd] = s;
	return 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
	struct multi *m = arg;

	(void)easy, (void)unused;
	if (what == CURL_POLL_REMOVE) {
		forget(m, fd);
		return 0;
	}
	return watch(m, fd,
		     (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) | (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0));
}

static int on_close(void *arg, curl_socket_t fd)
{
	forget(arg, fd);
	return close(fd);
}

/* ---- time ---- */

static void on_timer(struct timer *t)
{
	act((struct multi *)(void *)((char *)t - offsetof(struct multi, timer)), CURL_SOCKET_TIMEOUT, 0);
}

static int on_timeout(CURLM *curl, long ms, void *arg)
{
	struct multi *m = arg;

	(void)curl;
	if (ms < 0 || m->closing)
		loop_timer_stop(m->loop, &m->timer);
	else
		loop_timer(m->loop, &m->timer, loop_now(m->loop) + ms * US_MS, on_timer);
	return 0;
}

/* ---- beginning and end ---- */

struct multi *multi_new(struct loop *loop, size_t connections)
{
	struct multi *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->loop = loop;
	m->curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_multi_init() : NULL;
	if (!m->curl) {
		free(m);
		return NULL;
	}
	curl_multi_setopt(m->curl, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
	curl_multi_setopt(m->curl, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(m->curl, CURLMOPT_TIMERDATA, m);
	curl_multi_setopt(m->curl, CURLMOPT_MAXCONNECTS, (long)connections + 8);
	return m;
}

void multi_free(struct multi **mp)
{
	struct multi *m = *mp;

	if (!m)
		return;
	m->closing = true;
	curl_multi_cleanup(m->curl);
	for (size_t i = 0; i < m->fds; i++)
		forget(m, (int)i);
	loop_timer_stop(m->loop, &m->timer);
	free(m->by_fd);
	free(m);
	*mp = NULL;
}

int transfer_init(struct transfer *t, struct multi *m, void (*ended)(struct transfer *t, CURLcode code))
{
	CURLcode r;

	*t = (struct transfer){.m = m, .ended = ended, .easy = curl_easy_init()};
	if (!t->easy)
		return -1;
	r = curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	r |= curl_easy_setopt(t->easy, CURLOPT_CONNECT_ONLY, 1L);
	r |= curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L);
	r |= curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	r |= curl_easy_setopt(t->easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	r |= curl_easy_setopt(t->easy, CURLOPT_CLOSESOCKETDATA, m);
	return r == CURLE_OK ? 0 : -1;
}

void transfer_free(struct transfer *t)
{
	transfer_stop(t);
	if (t->easy)
		curl_easy_cleanup(t->easy);
	t->easy = NULL;
}

int transfer_start(struct transfer *t)
{
	if (curl_multi_add_handle(t->m->curl, t->easy) != CURLM_OK)
		return -1;
	t->added = true;
	return 0;
}

void transfer_stop(struct transfer *t)
{
	if (t->added)
		curl_multi_remove_handle(t->m->curl, t->easy); /* its connection is nobody else's, and closed with it */
	t->added = false;
}

int transfer_fd(const struct transfer *t)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	return curl_easy_getinfo(t->easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK ? fd : -1;
}

static enum transfer_result result_of(CURLcode code, size_t done)
{
	if (code == CURLE_AGAIN)
		return TRANSFER_AGAIN;
	return code == CURLE_OK && done > 0 ? TRANSFER_OK : TRANSFER_CLOSED;
}

enum transfer_result transfer_send(struct transfer *t, const void *p, size_t n, size_t *done)
{
	CURLcode code;

	*done = 0;
	code = curl_easy_send(t->easy, p, n, done);
	return result_of(code, *done);
}

enum transfer_result transfer_receive(struct transfer *t, void *p, size_t n, size_t *done)
{
	CURLcode code;

	*done = 0;
	code = curl_easy_recv(t->easy, p, n, done);
	return result_of(code, *done);
}
