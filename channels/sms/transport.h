/*
 * One TCP connection, with or without TLS: bytes in, bytes out, never blocking.
 *
 * Output is collected in a buffer and written once by transport_flush, because a write for each PDU costs more than the
 * PDU. Input is read 64 KiB at a time; the owner eats whole PDUs from it and leaves the rest, so a PDU may arrive byte by
 * byte. A peer that does not read fills the output buffer: transport_clogged tells, and the owner stops giving.
 *
 * The owner embeds it. Every callback may call transport_close; nothing is called after that.
 */
#pragma once
#include "base/loop.h"
#include "sms/resolve.h"
#include "sms/tls.h"

enum { TRANSPORT_IN = 160 << 10, TRANSPORT_READ = 64 << 10, TRANSPORT_CLOGGED = 256 << 10, TRANSPORT_OUT = 4 << 20 };

struct transport_events {
	void (*up)(void *arg);			  /* connected, TLS done */
	void (*data)(void *arg);		  /* transport_input has more */
	void (*lost)(void *arg, const char *why); /* not after transport_close; the owner closes */
};

struct transport {
	struct loop *loop;
	const struct transport_events *events;
	void *arg;
	int fd; /* -1: closed */
	struct watch *watch;
	uint32_t want; /* epoll events now watched */
	bool connecting, shaking, paused, dead;
	struct tls *tls;
	char *in;	     /* TRANSPORT_IN bytes, from the first connection on */
	size_t in_at, in_n;  /* what is unread lies at in + in_at */
	struct buf out;	     /* plain */
	struct buf sealed;   /* TLS records on their way */
	size_t sent;	     /* of out (or sealed) already written */
	int64_t moved_at;    /* last time that the socket took bytes */
	struct timer resume; /* hands over what came in before a pause */
};

void transport_init(struct transport *t, struct loop *loop, const struct transport_events *events, void *arg);
void transport_free(struct transport *t);
/* tls NULL: plain. -1: nothing began, why filled. */
int transport_open(struct transport *t, const struct sockaddr *addr, socklen_t len, struct tls_context *tls,
		   const char *name, char *why, size_t why_n);
void transport_close(struct transport *t); /* at once; unsent output is dropped after one last try */
static inline bool transport_is_open(const struct transport *t) { return t->fd >= 0; }

static inline struct str transport_input(const struct transport *t) { return str_n(t->in + t->in_at, t->in_n); }
static inline void transport_eat(struct transport *t, size_t n)
{
	t->in_at += n;
	t->in_n -= n;
}
/* Stops reading, or goes on; what lies in the input is then handed over in the loop's next round, not within this call.
 * While paused, the owner leaves the rest of the input alone. */
void transport_pause(struct transport *t, bool paused);

static inline struct buf *transport_output(struct transport *t) { return &t->out; }
static inline bool transport_clogged(const struct transport *t) { return t->out.n + t->sealed.n > TRANSPORT_CLOGGED; }
static inline bool transport_unsent(const struct transport *t) { return t->out.n || t->sealed.n; }
void transport_flush(struct transport *t); /* may call lost */
