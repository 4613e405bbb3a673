/* See transport.h. All socket calls are here. */
#include "sms/transport.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void transport_init(struct transport *t, struct loop *loop, const struct transport_events *events, void *arg)
{
	*t = (struct transport){.loop = loop, .events = events, .arg = arg, .fd = -1};
	buf_init(&t->out, TRANSPORT_OUT);
	buf_init(&t->sealed, 2 * TRANSPORT_OUT);
}

void transport_free(struct transport *t)
{
	transport_close(t);
	buf_free(&t->out);
	buf_free(&t->sealed);
	free(t->in);
	t->in = NULL;
}

static void lost(struct transport *t, const char *why)
{
	if (t->fd < 0 || t->dead)
		return;
	t->dead = true;
	t->events->lost(t->arg, why);
}

static void rewatch(struct transport *t)
{
	bool out = t->connecting || t->sealed.n || (!t->tls && t->out.n);
	uint32_t want = (t->paused || t->connecting ? 0u : (uint32_t)EPOLLIN) | (out ? (uint32_t)EPOLLOUT : 0u);

	if (t->fd < 0 || !t->watch || want == t->want)
		return;
	t->want = want;
	if (loop_rewatch(t->loop, t->watch, want))
		lost(t, strerror(errno));
}

/* Writes as much of b as the socket takes. */
static int push(struct transport *t, struct buf *b)
{
	while (t->sent < b->n) {
		ssize_t n = send(t->fd, b->p + t->sent, b->n - t->sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			lost(t, strerror(errno));
			return -1;
		}
		if (n < 0)
			break;
		t->sent += (size_t)n;
		t->moved_at = loop_now(t->loop);
	}
	if (t->sent == b->n) {
		buf_reset(b);
		t->sent = 0;
	} else if (t->sent > TRANSPORT_READ) {
		buf_consume(b, t->sent);
		t->sent = 0;
	}
	return 0;
}

static int seal(struct transport *t)
{
	if (!t->shaking && t->out.n) {
		if (tls_write(t->tls, t->out.p, t->out.n)) {
			lost(t, tls_error(t->tls));
			return -1;
		}
		buf_reset(&t->out);
	}
	if (tls_drain(t->tls, &t->sealed)) {
		lost(t, "out of memory");
		return -1;
	}
	return 0;
}

void transport_flush(struct transport *t)
{
	if (t->fd < 0 || t->connecting || t->dead)
		return;
	if (t->out.failed) {
		lost(t, "the peer does not read");
		return;
	}
	if (t->tls) {
		if (t->sealed.n && push(t, &t->sealed))
			return;
		if (!t->sealed.n && (seal(t) || push(t, &t->sealed)))
			return;
	} else if (t->out.n && push(t, &t->out))
		return;
	rewatch(t);
}

static void give(struct transport *t)
{
	if (t->in_n && !t->shaking)
		t->events->data(t->arg);
}

/* Makes room at the end of the input; an owner that bounds its PDUs always leaves some. */
static size_t room(struct transport *t)
{
	if (t->in_at) {
		if (t->in_n)
			memmove(t->in, t->in + t->in_at, t->in_n);
		t->in_at = 0;
	}
	return TRANSPORT_IN - t->in_n;
}

static void shake(struct transport *t)
{
	enum tls_result r = tls_handshake(t->tls);

	if (r == TLS_ERROR || r == TLS_CLOSED) {
		transport_flush(t); /* the alert that says why */
		lost(t, r == TLS_ERROR ? tls_error(t->tls) : "closed during the TLS handshake");
		return;
	}
	if (r == TLS_OK) {
		t->shaking = false;
		t->events->up(t->arg);
	}
	transport_flush(t);
}

/* Takes plain bytes out of TLS until it is dry, handing them on as they come. */
static void unseal(struct transport *t)
{
	while (t->fd >= 0 && !t->dead && !t->paused) {
		size_t max = room(t), got = 0;
		enum tls_result r = max ? tls_read(t->tls, t->in + t->in_n, max, &got) : TLS_MORE;
		if (r == TLS_OK) {
			t->in_n += got;
			give(t);
			continue;
		}
		if (r == TLS_MORE)
			transport_flush(t); /* key updates and the like */
		else
			lost(t, r == TLS_CLOSED ? "connection closed" : tls_error(t->tls));
		return;
	}
}

static void sealed_data(struct transport *t, const char *p, size_t n)
{
	if (tls_feed(t->tls, p, n)) {
		lost(t, "out of memory");
		return;
	}
	if (t->shaking)
		shake(t);
	if (t->fd >= 0 && !t->dead && !t->shaking)
		unseal(t);
}

static void readable(struct transport *t)
{
	char cipher[16 << 10];
	size_t max = room(t);
	ssize_t n;

	if (!max)
		return;
	if (t->tls)
		n = recv(t->fd, cipher, sizeof cipher, 0);
	else
		n = recv(t->fd, t->in + t->in_n, max < TRANSPORT_READ ? max : TRANSPORT_READ, 0);
	if (n > 0 && t->tls)
		sealed_data(t, cipher, (size_t)n);
	else if (n > 0) {
		t->in_n += (size_t)n;
		give(t);
	} else if (n == 0)
		lost(t, "connection closed");
	else if (errno != EAGAIN && errno != EINTR)
		lost(t, strerror(errno));
}

static void resume(struct timer *timer)
{
	struct transport *t = (struct transport *)((char *)timer - offsetof(struct transport, resume));

	if (t->fd < 0 || t->dead || t->paused)
		return;
	give(t);
	if (t->tls && !t->shaking)
		unseal(t);
}

void transport_pause(struct transport *t, bool paused)
{
	if (t->fd < 0 || t->paused == paused)
		return;
	t->paused = paused;
	rewatch(t);
	if (paused)
		loop_timer_stop(t->loop, &t->resume);
	else
		loop_timer(t->loop, &t->resume, loop_now(t->loop), resume);
}

static void connected(struct transport *t)
{
	int e = 0, one = 1;
	socklen_t len = sizeof e;

	if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &e, &len) || e) {
		lost(t, strerror(e ? e : errno));
		return;
	}
	(void)setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	t->connecting = false;
	t->moved_at = loop_now(t->loop);
	if (t->tls)
		shake(t);
	else
		t->events->up(t->arg);
	if (t->fd >= 0 && !t->dead)
		rewatch(t);
}

static void on_event(void *arg, uint32_t events)
{
	struct transport *t = arg;

	if (t->fd < 0 || t->dead)
		return;
	if (t->connecting) {
		if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
			connected(t);
		return;
	}
	if (events & EPOLLOUT)
		transport_flush(t);
	if (t->fd < 0 || t->dead)
		return;
	if (events & EPOLLIN)
		readable(t);
	else if (events & (EPOLLERR | EPOLLHUP)) { /* these come even while paused */
		int e = 0;
		socklen_t len = sizeof e;
		(void)getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &e, &len);
		lost(t, e ? strerror(e) : "connection closed");
	}
}

static int open_fail(struct transport *t, const char *what, char *why, size_t why_n)
{
	(void)snprintf(why, why_n, "%s", what);
	transport_close(t);
	return -1;
}

int transport_open(struct transport *t, const struct sockaddr *addr, socklen_t len, struct tls_context *tls,
		   const char *name, char *why, size_t why_n)
{
	transport_close(t);
	if (!t->in && !(t->in = malloc(TRANSPORT_IN)))
		return open_fail(t, "out of memory", why, why_n);
	t->fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd < 0)
		return open_fail(t, strerror(errno), why, why_n);
	if (tls && !(t->tls = tls_new(tls, name)))
		return open_fail(t, "out of memory", why, why_n);
	t->connecting = true;
	t->shaking = tls != NULL;
	if (connect(t->fd, addr, len) && errno != EINPROGRESS)
		return open_fail(t, strerror(errno), why, why_n);
	t->want = EPOLLOUT;
	t->watch = loop_watch(t->loop, t->fd, t->want, on_event, t);
	if (!t->watch)
		return open_fail(t, strerror(errno), why, why_n);
	return 0;
}

void transport_close(struct transport *t)
{
	if (t->fd < 0)
		return;
	t->dead = true;
	if (t->tls && !t->connecting && !t->shaking) {
		tls_bye(t->tls);
		(void)tls_drain(t->tls, &t->sealed);
	}
	if (!t->connecting && t->tls && t->sealed.n)
		(void)push(t, &t->sealed);
	else if (!t->connecting && !t->tls && t->out.n)
		(void)push(t, &t->out);
	loop_timer_stop(t->loop, &t->resume);
	loop_unwatch(t->loop, &t->watch);
	close(t->fd);
	t->fd = -1;
	tls_free(&t->tls);
	t->dead = t->connecting = t->shaking = t->paused = false;
	t->in_at = t->in_n = t->sent = 0;
	buf_reset(&t->out);
	buf_reset(&t->sealed);
}
